"""Broken input-output files: each mistake is an InputError with file!sheet!cell, what it is and the nearest name."""

import numpy as np
import pytest
from tables_made import balanced, ceads_rows, nbs_rows, save

from io_tables.errors import InputError
from io_tables.readers import read_mrio
from io_tables.readers.ceads import read_ceads
from io_tables.readers.nbs import read_nbs
from io_tables.readers.write_long import write_long_csv

OLE = bytes.fromhex("D0CF11E0A1B11AE1")


def problems_of(path, read=read_mrio, **options):
    """Every problem as (where, what, remedy); nothing is written."""
    before = sorted(p.name for p in path.parent.iterdir())
    with pytest.raises(InputError) as raised:
        read(path, **options)
    assert sorted(p.name for p in path.parent.iterdir()) == before
    return [(p.where, p.what, p.remedy) for p in raised.value.problems]


def broken(tmp_path, change, *, error=True, **options):
    """A 3 x 4 CEADs-style workbook with a change applied to its rows; cells from D6, rows 6 to 17 are industries."""
    rows = ceads_rows(balanced(3, 4, error=error), **options)
    rows = change(rows) or rows
    save(rows, tmp_path / "t.xlsx")
    return tmp_path / "t.xlsx"


def put(row, column, value):
    """A change of one cell, zero-based."""
    def change(rows):
        rows[row][column] = value
    return change


def scaled(row, column, by):
    """A change of one number."""
    def change(rows):
        rows[row][column] *= by
    return change


def without_columns(first, count):
    """A change that deletes columns."""
    return lambda rows: [[c for k, c in enumerate(row) if not first <= k < first + count] for row in rows]


@pytest.mark.parametrize("change, where, key, suggestion", [
    (put(8, 6, "1O5.3"), "t.xlsx!Sheet1!G9", "1O5.3", "105.3"),
    (put(8, 6, "见附表"), "t.xlsx!Sheet1!G9", "见附表", ""),
    (put(9, 1, "农林牧渔产品合服务"), "t.xlsx!Sheet1!C10", "农林牧渔产品合服务", "Agriculture"),
    (put(9, 1, "煤炭采选产品"), "t.xlsx!Sheet1!C11", "Tianjin Coal mining: row occurs twice", "t.xlsx!Sheet1!C10"),
    (put(3, 4, "农林牧渔产品和服务"), "t.xlsx!Sheet1!E5", "disagree", "correct"),  # the code below still says 02
    (put(11, 1, "合计"), "t.xlsx!Sheet1!C12", "subtotal", "delete"),
    (lambda rows: rows[:11] + rows[12:], "t.xlsx!Sheet1!J5", "Tianjin Oil and gas extraction: column", ""),
    (without_columns(7, 4), "t.xlsx!Sheet1!C10", "Tianjin: region is missing among the columns", "add its columns"),
    (lambda rows: [rows[k] for k in range(len(rows)) if not 9 <= k < 13], "t.xlsx!Sheet1!H5",
     "Tianjin: region is missing among the rows", "add"),
    (scaled(8, 15, 1.01), "t.xlsx!Sheet1!P9", "Beijing Metal ore mining: intermediate use", ""),
    (scaled(8, 33, 1e3), "t.xlsx!Sheet1!AH9", "output", "1000"),
    (scaled(24, 5, 10.0), "t.xlsx!Sheet1!F25", "Beijing Oil and gas extraction: input", "10"),
    (scaled(23, 5, 1.1), "t.xlsx!Sheet1!F24", "Beijing Oil and gas extraction: value added", ""),
    (put(1, 0, ""), "t.xlsx!Sheet1", "no unit", "unit="),
    (put(1, 0, "单位：万圆"), "t.xlsx!Sheet1!A2", "万圆", "'万元'"),
    (put(1, 0, "单位：万吨"), "t.xlsx!Sheet1!A2", "mass", "money"),
    (lambda rows: rows[:19] + rows[24:], "t.xlsx!Sheet1", "value added", "VA001"),
    (without_columns(16, 16), "t.xlsx!Sheet1", "final use", "FU101"),
    (put(2, 21, "天律"), "t.xlsx!Sheet1!V5", "天律", "Tianjin"),
])
def test_mistake_in_a_workbook_is_placed_and_named(tmp_path, change, where, key, suggestion):
    found = problems_of(broken(tmp_path, change))
    assert any(w == where and key in what and suggestion in remedy for w, what, remedy in found), found


def test_all_mistakes_of_a_workbook_come_together(tmp_path):
    def change(rows):
        rows[1][0] = "单位：万圆"
        rows[8][6], rows[9][7] = "1O5.3", "abc"
        rows[11][0] = "天经"
    found = problems_of(broken(tmp_path, change))
    assert [w.split("!")[-1] for w, _, _ in found] == ["A2", "C12", "G9", "H10"]
    assert "天津" in found[1][2] and "105.3" in found[2][2]


def test_column_that_does_not_balance_is_named_when_no_totals_are_printed(tmp_path):
    rows = ceads_rows(balanced(3, 4))
    rows = [row for row in rows if not {"TII", "TVA", "TI"} & set(row)]
    bare = [[c for k, c in enumerate(row) if k not in (15, 33)] for row in rows]
    save(bare, tmp_path / "ok.xlsx")
    read_mrio(tmp_path / "ok.xlsx")
    bare[8][7] += 5000.0
    save(bare, tmp_path / "bad.xlsx")
    found = problems_of(tmp_path / "bad.xlsx")
    # One cell too large: the buyer's inputs exceed its output, the seller's output exceeds its inputs.
    assert [(w, what.split(":")[0]) for w, what, _ in found] == [
        ("bad.xlsx!Sheet1!G5", "Beijing Metal ore mining"), ("bad.xlsx!Sheet1!H5", "Tianjin Agriculture"),
    ]
    bare[8][7] = ""
    save(bare, tmp_path / "bad.xlsx")
    assert any("1 cells of the column are blank" in remedy for _, _, remedy in problems_of(tmp_path / "bad.xlsx"))


def test_subtotal_row_of_every_province_is_named(tmp_path):
    rows = ceads_rows(balanced(2, 3))
    rows.insert(8, ["北京", "小计", "", *[sum(r[k] for r in rows[5:8]) for k in range(3, len(rows[5]))]])
    save(rows, tmp_path / "t.xlsx")
    [(where, what, _)] = problems_of(tmp_path / "t.xlsx")
    assert where == "t.xlsx!Sheet1!B9" and "北京" in what and "小计" in what


def test_transposed_table_is_recognised(tmp_path):
    rows = ceads_rows(balanced(3, 4))
    width = max(len(r) for r in rows)
    body = [r + [""] * (width - len(r)) for r in rows[2:-1]]
    save([*rows[:2], *map(list, zip(*body, strict=True))], tmp_path / "t.xlsx")
    [(where, what, remedy)] = problems_of(tmp_path / "t.xlsx")
    assert where.startswith("t.xlsx!Sheet1!") and "transposed" in what and "sellers in the rows" in remedy


def test_province_missing_from_a_nationwide_table(tmp_path):
    rows = ceads_rows(balanced(30, 2, error=False))
    save(rows, tmp_path / "t.xlsx")
    [(where, what, remedy)] = problems_of(tmp_path / "t.xlsx")
    assert where == "t.xlsx!Sheet1" and "Xinjiang (新疆)" in what and "all_provinces=False" in remedy
    assert len(read_mrio(tmp_path / "t.xlsx", all_provinces=False).regions) == 30


def test_wrong_sheet_names_the_sheets_there_are(tmp_path):
    cover = [["说明", "年份"], ["编制单位", 2020.0], ["部门数", 42.0]]
    save(ceads_rows(balanced(2, 3)), tmp_path / "t.xlsx", sheet="MRIO2020", before=(("说明", cover),))
    [(where, what, remedy)] = problems_of(tmp_path / "t.xlsx", sheet="MRIO2012")
    assert where == "t.xlsx" and "MRIO2012" in what and "'MRIO2020'" in remedy
    [(where, what, _)] = problems_of(tmp_path / "t.xlsx", sheet="说明")
    assert where.startswith("t.xlsx") and "no" in what and "table" in what


def test_workbook_without_a_table(tmp_path):
    gdp = [["单位：亿元"], ["地区", "2019", "2020"], ["北京", 35445.1, 36102.6], ["天津", 14055.5, 14083.7]]
    save(gdp, tmp_path / "t.xlsx", before=(("人口", gdp),))
    [(where, what, remedy)] = problems_of(tmp_path / "t.xlsx")
    assert where == "t.xlsx" and "人口" in what and "value added" in remedy


@pytest.mark.parametrize("name, data, key", [
    ("e.xlsx", b"", "empty"), ("t.xlsx", b"Z,Y,x", "not a workbook"),
    ("t.xlsx", b"PK\x03\x04" + b"\0" * 300, "damaged"),
    ("p.xlsx", OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "password"),
    ("e.csv", b" \n ", "empty"), ("b.csv", b"\xff\x81\x20", "UTF-8"),
])
def test_file_that_is_no_table(tmp_path, name, data, key):
    (tmp_path / name).write_bytes(data)
    [(where, what, _)] = problems_of(tmp_path / name)
    assert where == name and key in what


def test_missing_file_names_its_neighbour(tmp_path):
    save(ceads_rows(balanced(2, 3)), tmp_path / "mrio2020.xlsx")
    [(_, what, remedy)] = problems_of(tmp_path / "mrio202.xlsx")
    assert "no such file" in what and "'mrio2020.xlsx'" in remedy


def test_number_of_regions_is_what_the_reader_expects(tmp_path):
    save(ceads_rows(balanced(2, 3)), tmp_path / "m.xlsx")
    save(nbs_rows(balanced(1, 3, error=False)), tmp_path / "n.xlsx")
    assert "2 regions" in problems_of(tmp_path / "m.xlsx", read_nbs)[0][1]
    assert "one region" in problems_of(tmp_path / "n.xlsx", read_ceads)[0][1]


def test_national_sheet_with_a_wrong_subtotal(tmp_path):
    rows = nbs_rows(balanced(1, 5, error=False))
    rows[6][10] *= 1.5
    save(rows, tmp_path / "n.xlsx")
    [(where, what, _)] = problems_of(tmp_path / "n.xlsx", read_nbs)
    assert where == "n.xlsx!Sheet1!K7" and "households" in what


def lines_of(tmp_path, change):
    """The lines of a long csv of 2 x 2 industries, changed; header first."""
    write_long_csv(balanced(2, 2, error=False), tmp_path / "l.csv")
    lines = (tmp_path / "l.csv").read_text(encoding="utf-8").splitlines()
    change(lines)
    (tmp_path / "l.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "l.csv"


def edit(line, old, new):
    """A change of one line (0 = header)."""
    def change(lines):
        assert old in lines[line], lines[line]
        lines[line] = lines[line].replace(old, new)
    return change


def final_line(old, new):
    """A change of the first line of rural consumption."""
    def change(lines):
        k = next(k for k, line in enumerate(lines) if ",rural," in line)
        lines[k] = lines[k].replace(old, new)
    return change


@pytest.mark.parametrize("change, where, key, suggestion", [
    (edit(0, "column_sector", "column_sectr"), "l.csv!l!A1", "column_sector", "column_sectr"),
    (edit(0, "value", "values"), "l.csv!l!A1", "'value'", "'values'"),
    (lambda lines: lines.insert(2, lines[1]), "l.csv!l!A3", "occurs twice", "delete"),
    (edit(1, ",Agriculture,Beijing,", ",Agriculture,Bejing,"), "l.csv!l!C2", "Bejing", "'Beijing'"),
    (edit(1, "Beijing,Agriculture,Beijing,Agriculture", "Beijing,Agriculture,Beijing,Agricultur"), "l.csv!l!D2",
     "Agricultur", "'Agriculture'"),
    (edit(1, "Beijing,Agriculture,Beijing", "Bejing,Agriculture,Beijing"), "l.csv!l!A2", "Bejing", "Beijing"),
    (edit(1, "Beijing,Agriculture,Beijing", "Beijing,Agricultre,Beijing"), "l.csv!l!B2", "Agricultre", "Agriculture"),
    (edit(1, "Beijing,Agriculture,Beijing", "Beijing,合计,Beijing"), "l.csv!l!B2", "subtotal", "delete"),
    (edit(1, "Agriculture,1.", "Agriculture,l."), "l.csv!l!E2", "is not a number", ""),
    (final_line("Beijing,rural", "Bejing,rural"), "", "Bejing", "'Beijing'"),
])
def test_mistake_in_a_long_csv_is_placed_and_named(tmp_path, change, where, key, suggestion):
    found = problems_of(lines_of(tmp_path, change))
    assert any(
        (w == where or (not where and w.startswith("l.csv!l!C"))) and key in what and suggestion in remedy
        for w, what, remedy in found
    ), found


def test_long_csv_with_a_unit_that_is_no_money(tmp_path):
    def change(lines):
        lines[0] += ",unit"
        lines[1:] = [line + ",亿元" for line in lines[1:]]
        lines[3] = lines[3].removesuffix("亿元") + "亿圆"
        lines[4] = lines[4].removesuffix("亿元") + "万吨"
    found = problems_of(lines_of(tmp_path, change))
    assert [w for w, _, _ in found] == ["l.csv!l!F4", "l.csv!l!F5"]
    assert "亿圆" in found[0][1] and "万吨" in found[1][1]
    assert "'亿元'" in found[0][2]


def test_long_csv_that_does_not_balance(tmp_path):
    def change(lines):
        del lines[3]
    found = problems_of(lines_of(tmp_path, change))
    assert len(found) == 2 and all("inputs add up to" in what for _, what, _ in found)


def test_rounded_tables_are_not_refused_for_their_rounding(tmp_path):
    rows = ceads_rows(balanced(8, 6, error=False, seed=5))
    rows = [[round(c) if isinstance(c, float) else c for c in row] for row in rows]
    save(rows, tmp_path / "r.xlsx")
    table = read_mrio(tmp_path / "r.xlsx")
    residual = table.check()["columns"]
    assert 0 < residual < 1e-3  # reported as it is, not repaired
    assert np.isfinite(table.Z).all()
