"""Labels, numbers and units as they stand in statistical tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from io_tables.readers.cells import find_unit, find_year, number, parse_label
from io_tables.readers.sheets import column_letters, read_sheets
from io_tables.units import UNITS, factor


@pytest.mark.parametrize("raw, text, depth, of_which, unit", [
    ("一、可供本地区消费的能源量", "可供本地区消费的能源量", 0, False, None),
    ("（一）采掘业", "采掘业", 1, False, None),
    ("3.进 口 量", "进口量", 2, False, None),
    ("⑵原煤", "原煤", 3, False, None),
    ("②农业", "农业", 4, False, None),
    ("#用作原料、材料", "用作原料、材料", None, True, None),
    ("其中：城镇", "城镇", None, True, None),
    ("1.其中:火电", "火电", 2, True, None),
    ("　　北京市①", "北京市", None, False, None),
    ("陕　西注2", "陕西", None, False, None),
    ("河北*", "河北", None, False, None),
    ("一般公共服务", "一般公共服务", None, False, None),
    ("10 kV及以上", "10 kV及以上", None, False, None),
    ("煤炭 (万吨)  Coal (104 tn)", "煤炭", None, False, "万吨"),
    ("天然气（亿立方米）", "天然气", None, False, "亿立方米"),
    ("出口量（－）", "出口量(-)", None, False, None),
])
def test_label_loses_its_ornaments_and_keeps_its_words(raw, text, depth, of_which, unit):
    label = parse_label(raw)
    assert (label.text, label.depth, label.of_which, label.unit) == (text, depth, of_which, unit)


@pytest.mark.parametrize("cell, value, flag", [
    (1.5, 1.5, ""), ("1,234.5", 1234.5, ""), ("１２３．４", 123.4, ""), ("12.3①", 12.3, ""), ("-5", -5.0, ""),
    ("－5", -5.0, ""), (" 7 ", 7.0, ""), ("", None, "blank"), ("　", None, "blank"),
    (None, None, "blank"),
    ("-", None, "dash"), ("—", None, "dash"), ("－", None, "dash"), ("…", None, "ellipsis"), ("...", None, "ellipsis"),
    ("……", None, "ellipsis"), ("1O5", None, "text"), ("1,23", None, "text"), ("n.a.", None, "text"),
    (True, None, "text"),
    (float("nan"), None, "blank"), ("nan", None, "text"), ("1e400", None, "text"),
])
def test_numbers_and_unknown_marks(cell, value, flag):
    assert number(cell) == (value, flag)


@pytest.mark.parametrize("line, unit", [
    ("单位：亿元", "亿元"),
    ("计量单位： 万　人  (10 000 persons)", "万人"), ("单位:万吨标准煤  (10 000 tce)", "万吨标准煤"),
    ("单位：万吨（标准煤）", "万吨标准煤"), ("单位：亿千瓦小时", "亿千瓦小时"), ("Unit: 100 million kWh", "亿千瓦时"),
    ("本表按当年价格计算。单位：亿元", "亿元"), ("单位：亿元 100 million yuan", "亿元"), ("单位：万重量箱", "万重量箱"),
    ("单位：亿元、%", None), ("单位：元/人", None), ("单位：斤", None), ("各地区单位从业人员", None),
])
def test_unit_lines(line, unit):
    assert find_unit(line)[0] == unit
    assert unit is None or unit in UNITS


def test_ten_thousand_tonnes_are_a_hundredth_of_a_megatonne():
    assert factor("万吨", "Mt") == 0.01 and factor("亿千瓦时", "TWh") == 0.1
    assert factor("万吨标准煤", "PJ") == pytest.approx(0.293076)


@pytest.mark.parametrize("text, year", [
    ("2020年", 2020), (2020.0, 2020), ("4-2 中国能源平衡表 -2007", 2007), ("2018-2020", None),
    ("12020", None), ("", None),
])
def test_single_years_only(text, year):
    assert find_year(text) == year


@given(st.one_of(st.text(max_size=12), st.floats(), st.integers(), st.booleans(), st.none()))
def test_any_cell_is_a_finite_number_or_flagged(cell):
    value, flag = number(cell)
    assert (value is None) == (flag != "")
    assert value is None or abs(value) < float("inf")


@given(st.text(max_size=20))
def test_any_label_and_unit_line_is_read_without_failing(text):
    assert isinstance(parse_label(text).text, str)
    assert find_unit("单位：" + text)[0] in (None, *UNITS)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_printed_numbers_are_read_back(value):
    assert number(f"{value:,.3f}")[0] == pytest.approx(round(value, 3), abs=1e-3)
    assert number(repr(float(value)))[0] == float(value)


def test_columns_are_named_as_in_a_spreadsheet():
    assert [column_letters(k) for k in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_csv_keeps_codes_as_text_and_reads_gb18030(tmp_path):
    (tmp_path / "a.csv").write_bytes("代码,名称,值\n01,煤炭,0.5\n007,石油,-3\n".encode("gb18030"))
    [sheet] = read_sheets(tmp_path / "a.csv")
    assert sheet.rows == [["代码", "名称", "值"], ["01", "煤炭", 0.5], ["007", "石油", -3.0]]
    assert sheet.at(1, 2) == "a.csv!a!C2"
