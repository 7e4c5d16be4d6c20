"""Broken yearbook files: each mistake is named with its cell, what it is and the nearest valid name, all together."""

import pytest
from yearbooks_made import accounts_sheet, all_provinces, balance_sheet, province_table, save, save_xls

from calibration.yearbooks import read_yearbooks
from io_tables.errors import InputError

OLE = bytes.fromhex("D0CF11E0A1B11AE1")


def problems_of(folder):
    """Every problem, as (where, what, remedy); nothing is written beside the files."""
    before = sorted(p.name for p in folder.rglob("*"))
    with pytest.raises(InputError) as raised:
        read_yearbooks(folder)
    assert sorted(p.name for p in folder.rglob("*")) == before
    return [(p.where, p.what, p.remedy) for p in raised.value.problems]


def accounts(folder, change, **options):
    """The accounts sheet with a change applied to its rows."""
    rows = accounts_sheet(**options)
    change(rows)
    save(folder / "a.xlsx", {"3-9": rows}, {"3-9": ["F4:G4"]})
    return folder


def put(row, column, value):
    """A change of one cell, zero-based."""
    def change(rows):
        rows[row][column] = value
    return change


@pytest.mark.parametrize("change, where, key, suggestion", [
    (put(6, 2, "21O.2"), "a.xlsx!3-9!C7", "21O.2", "210.2"),
    (put(6, 2, "4 8O4,1"), "a.xlsx!3-9!C7", "4 8O4,1", ""),
    (put(7, 3, "见表3-10"), "a.xlsx!3-9!D8", "见表3-10", ""),
    (put(8, 0, "内蒙古自治曲"), "a.xlsx!3-9!A9", "内蒙古自治曲", "Inner Mongolia"),
    (put(9, 0, "Shaanxy"), "a.xlsx!3-9!A10", "Shaanxy", "Shaanxi"),
    (put(2, 6, "单位：亿圆"), "a.xlsx!3-9!B6", "亿圆", "亿元"),
    (put(2, 6, "单位：bilion yuan"), "a.xlsx!3-9!B6", "bilion yuan", "billion yuan"),
    (put(2, 6, ""), "a.xlsx!3-9!B6", "no unit", "单位"),
    (put(9, 0, "河北"), "a.xlsx!3-9!B10", "gdp Hebei 2020", "keep one"),
])
def test_mistake_in_accounts_is_placed_and_named(tmp_path, change, where, key, suggestion):
    def both(rows):
        rows[2][5] = ""
        rows[2][6] = "单位：亿元"
        change(rows)

    found = [p for p in problems_of(accounts(tmp_path, both)) if p[0] == where]
    assert found, problems_of(tmp_path)
    assert any(key in what and suggestion in remedy for _, what, remedy in found), found


def test_all_mistakes_of_all_files_come_together(tmp_path):
    accounts(tmp_path, put(6, 2, "21O.2"))
    rows = balance_sheet()
    rows[5][2] = "二百"
    rows[6][1] = "7O.0"
    save(tmp_path / "b.xlsx", {"6-4": rows})
    (tmp_path / "c.xlsx").write_bytes(b"")
    (tmp_path / "d.xls").write_text("<html>not a workbook</html>")
    places = [where for where, _, _ in problems_of(tmp_path)]
    assert places == ["a.xlsx!3-9!C7", "b.xlsx!6-4!C6", "b.xlsx!6-4!B7", "c.xlsx", "d.xls"]


@pytest.mark.parametrize("name, data, key", [
    ("empty.xlsx", b"", "empty"),
    ("text.xlsx", "地区,生产总值".encode(), "not a workbook"),
    ("torn.xlsx", b"PK\x03\x04" + b"\0" * 400, "damaged"),
    ("torn.xls", OLE + b"\0" * 600, "damaged"),
    ("locked.xlsx", OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "password"),
    ("bytes.csv", b"\x81\x20\xff\xfe\x00\xff", "UTF-8"),
])
def test_file_that_is_no_workbook_is_named(tmp_path, name, data, key):
    (tmp_path / name).write_bytes(data)
    [(where, what, _)] = problems_of(tmp_path)
    assert where == name and key in what


def test_cut_workbooks_are_damaged_not_empty(tmp_path):
    accounts(tmp_path, lambda rows: None)
    whole = (tmp_path / "a.xlsx").read_bytes()
    (tmp_path / "a.xlsx").write_bytes(whole[: len(whole) // 2])
    [(where, what, remedy)] = problems_of(tmp_path)
    assert where == "a.xlsx" and "damaged" in what and "save it again" in remedy


def test_folder_without_workbooks_and_folder_that_is_missing(tmp_path):
    (tmp_path / "yearbooks").mkdir()
    (tmp_path / "yearbooks" / "readme.txt").write_text("none")
    [(where, what, remedy)] = problems_of(tmp_path / "yearbooks")
    assert "no workbook" in what and ".xlsx" in remedy and where.endswith("yearbooks")
    with pytest.raises(InputError) as raised:
        read_yearbooks(tmp_path / "yearbok")
    assert "'yearbooks'" in raised.value.problems[0].remedy


def test_workbook_of_empty_sheets(tmp_path):
    save(tmp_path / "a.xlsx", {"1": [], "2": [[" ", "　"]]})
    assert problems_of(tmp_path) == [("a.xlsx", "every sheet is empty", "")]


def test_unknown_unit_in_a_unit_column(tmp_path):
    rows = [["工业产品产量 河南 2020"], ["产品名称", "计量单位", "产量"], ["水泥", "万顿", 1.0], ["粗钢", "万吨", 2.0]]
    save(tmp_path / "a.xlsx", {"s": rows})
    [(where, what, remedy)] = problems_of(tmp_path)
    assert where == "a.xlsx!s!C3" and "万顿" in what and "'万吨'" in remedy


def test_unknown_unit_in_a_header(tmp_path):
    names = all_provinces()
    rows = province_table("各地区发电量 2020", "", ["火电(亿千瓦时)", "水电(亿千瓦石)"], {n: [1.0, 2.0] for n in names})
    save(tmp_path / "a.xlsx", {"s": rows})
    found = problems_of(tmp_path)
    assert any(where == "a.xlsx!s!C3" and "亿千瓦石" in what for where, what, _ in found), found


def test_two_values_of_one_fact_in_one_edition(tmp_path):
    names = all_provinces()[:5]
    first = province_table("各地区水泥产量 2020", "单位：万吨", ["水泥"], {n: [100.0] for n in names})
    second = province_table("水泥产量 2020", "单位：万吨", ["水泥"], {n: [100.0 + 7 * (n == "河北")] for n in names})
    save(tmp_path / "a.xlsx", {"1": first, "2": second})
    [(where, what, remedy)] = problems_of(tmp_path)
    assert where == "a.xlsx!2!B6" and "cement Hebei 2020" in what and "a.xlsx!1!B6" in what and remedy


def test_old_xls_with_text_in_numbers(tmp_path):
    rows = accounts_sheet()
    rows[4][6], rows[7][4] = "建筑业", "18729.6亿元"
    save_xls(tmp_path / "a.xls", "s", rows, [(3, 3, 5, 6)])
    [(where, what, _)] = problems_of(tmp_path)
    assert where == "a.xls!s!E8" and "18729.6亿元" in what
