"""The workbook a ministry opens: sheets, units, live totals with their value, no formula errors, same bytes."""

import hashlib
import os
import re
import shutil
import subprocess
import zipfile

import pytest
from openpyxl import load_workbook

from model.export import excel, national
from model.results import CODELIST, NATION, TOTAL

CELL = re.compile(r"=SUM\(([A-Z]+)(\d+):([A-Z]+)(\d+)\)")


@pytest.fixture(scope="module")
def path(small_run):
    return small_run / f"{small_run.name}.xlsx"


@pytest.fixture(scope="module")
def book(path):
    return load_workbook(path)


@pytest.fixture(scope="module")
def cached(path):
    return load_workbook(path, data_only=True)


def _head(sheet):
    """Row number of the head: the row above the row of units, or the one below the link to the contents."""
    for row in range(1, 12):
        if sheet.cell(row, 1).value == "单位 Unit":
            return row - 1
    return 5


def test_sheets_are_there_named_briefly_and_listed_with_links(book):
    names = book.sheetnames
    assert len(names) >= 18 and all(len(name) <= 31 for name in names)
    for part in ("Cover", "Notes", "Charts", "National", "Technologies", "Provinces", "Sectors", "Matrix", "Energy",
                 "Kappa", "Targets", "Calibration", "Sources", "Lock file"):
        assert any(part in name for name in names), part
    cover = book[names[0]]
    links = {link.location for row in cover.iter_rows() for cell in row if (link := cell.hyperlink)}
    assert links == {f"'{name}'!A1" for name in names[1:]}


#: The desk and the map of tiles are no plain tables; each has tests of its own.
NO_TABLES = ("Lock file", "Desk", "Tile map")


def test_every_table_has_a_head_units_and_frozen_panes(book):
    for sheet in book.worksheets[3:]:
        if sheet.title.endswith(NO_TABLES):
            continue
        assert sheet.freeze_panes is not None, sheet.title
        head = _head(sheet)
        heads = [cell.value for cell in sheet[head] if cell.value is not None]
        assert len(heads) >= 5, sheet.title
        if sheet.cell(head + 1, 1).value == "单位 Unit" and not any("变量" in str(h) for h in heads):
            units = [sheet.cell(head + 1, c).value for c in range(3, len(heads) + 1)]
            assert all(units), sheet.title
        else:
            assert any("单位" in str(h) for h in heads), sheet.title


def test_pages_are_landscape_and_one_page_wide(book):
    for sheet in book.worksheets:
        assert sheet.page_setup.orientation == "landscape" and sheet.sheet_properties.pageSetUpPr.fitToPage
        # One page wide is the default of the format and is not written; any number of pages high is.
        assert sheet.page_setup.fitToWidth in (1, None) and sheet.page_setup.fitToHeight == 0


def test_totals_are_live_and_carry_the_sum_of_the_cells_above(book, cached):
    count = 0
    for sheet in book.worksheets:
        values = cached[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                found = CELL.fullmatch(cell.value) if isinstance(cell.value, str) else None
                if found:
                    first, top, last, bottom = found.groups()
                    area = values[f"{first}{top}:{last}{bottom}"]
                    total = sum(c.value for line in area for c in line)
                    assert values[cell.coordinate].value == pytest.approx(total, rel=1e-9, abs=1e-6)
                    count += 1
    assert count > 500


def test_provincial_totals_are_the_nation(cached, small_results):
    sheet = cached["分省GDP Provinces"]
    last = next(row for row in sheet.iter_rows(values_only=True) if row[1] == NATION)
    gdp = small_results.series("GDP|Real")
    assert list(last[2 : 2 + len(gdp)]) == pytest.approx(list(gdp), rel=1e-9)


def test_four_charts_point_at_cells_of_other_sheets(path, book):
    charts = next(sheet for sheet in book.worksheets if "Charts" in sheet.title)
    assert len(charts._charts) == 4
    for chart in charts._charts:
        assert chart.series
        for series in chart.series:
            reference = (series.val or series.yVal).numRef.f
            assert reference.split("!")[0].strip("'") in book.sheetnames


def test_recalculated_by_an_office_program_the_formulas_give_the_cached_values(path, book, cached, tmp_path):
    """The cached values are taken out first, so that the program has to compute each formula."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("no LibreOffice here; formulas are not recalculated")
    bare = tmp_path / "bare.xlsx"
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(bare, "w") as out:
        for name in packed.namelist():
            out.writestr(name, re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", packed.read(name)))
    (tmp_path / "made").mkdir()
    done = subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path / 'profile'}", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "made"), str(bare)],
        capture_output=True, timeout=180, env={**os.environ, "HOME": str(tmp_path)},
    )
    made = tmp_path / "made" / bare.name
    if done.returncode or not made.exists():
        pytest.skip(f"LibreOffice did not convert here: {done.stderr.decode(errors='replace')[:200]}")
    again, count = load_workbook(made, data_only=True), 0
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    value = again[sheet.title][cell.coordinate].value
                    before = cached[sheet.title][cell.coordinate].value
                    if isinstance(before, str):
                        assert value == before, (sheet.title, cell.coordinate)
                        continue
                    assert isinstance(value, (int, float)), (sheet.title, cell.coordinate, value)
                    assert value == pytest.approx(before, rel=1e-9, abs=1e-6), (sheet.title, cell.coordinate)
                    count += 1
    assert count > 500


def test_same_results_give_the_same_bytes(path, small_results, tmp_path):
    excel.write(small_results, tmp_path / "again.xlsx")
    first, second = (hashlib.sha256(p.read_bytes()).hexdigest() for p in (path, tmp_path / "again.xlsx"))
    assert first == second


def test_units_and_language_follow_the_scenario(small_results, tmp_path):
    excel.write(small_results, tmp_path / "plain.xlsx", units="internal", language="en")
    sheet = load_workbook(tmp_path / "plain.xlsx", data_only=True)["分省能耗 Provinces"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][0].startswith("Energy use") and rows[5][2] == "PJ"
    total = next(row for row in rows if row[1] == NATION)
    assert total[2] == pytest.approx(small_results.series("Energy Use").iloc[0], rel=1e-9)


def test_every_variable_of_a_run_is_in_the_codelist_with_its_unit(small_results):
    import pandas as pd

    codelist = pd.read_csv(CODELIST)
    assert not codelist["variable"].duplicated().any()
    listed = dict(zip(codelist["variable"], codelist["unit"], strict=True))
    used = small_results.table.drop_duplicates("variable")
    assert not set(used["variable"]) - set(listed)
    assert all(listed[row.variable] == row.unit for row in used.itertuples())
    assert codelist[["en", "zh"]].notna().all(axis=None)


def test_coloured_range_of_kappa_is_the_model_s():
    from model.macro.closure import KAPPA_RANGE

    assert national.KAPPA_RANGE == KAPPA_RANGE


def test_targets_are_shown_in_per_cent_where_they_are_shares(book, small_results):
    sheet = book["目标 Targets"]
    head = [str(cell.value) for cell in sheet[5]]
    target, unit = (next(i for i, h in enumerate(head) if h.startswith(start)) for start in ("目标值", "单位"))
    shares = [row for row in sheet.iter_rows(min_row=6) if row[unit].value == "%"]
    assert shares and all(row[target].number_format == "0.0%" for row in shares)
    assert {TOTAL} == set(small_results.table.loc[small_results.table["variable"] == "Population", "sector"])
