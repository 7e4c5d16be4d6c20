"""A base year from a user's figures says what was replaced, by which file, and is used like the embedded one."""

from dataclasses import replace

import numpy as np
import pytest
from yearbooks_made import all_provinces, province_table, save

from calibration import fact_tables
from calibration.calibrate import calibrate
from io_tables.base_year import BaseYear
from io_tables.base_year_file import library_path
from io_tables.classification import provinces
from io_tables.readers.write_long import write_long_csv
from model import ledgers
from model.technology.catalogue import catalogue


@pytest.fixture(scope="module")
def embedded():
    return BaseYear.load("china_2020")


@pytest.fixture(scope="module")
def from_yearbook(tmp_path_factory):
    """Calibration with one figure of one yearbook raised by a tenth: steel of Hebei."""
    folder = tmp_path_factory.mktemp("yearbooks")
    facts = fact_tables.frame("provincial_products.csv").query("product == 'steel' and year == 2020")
    steel = dict(zip(facts["province"], 100.0 * facts["value"].astype(float), strict=True))
    steel["Hebei"] *= 1.1
    rows = {zh: [round(steel[provinces().key(zh)], 6)] if provinces().key(zh) in steel else ["…"]
            for zh in all_provinces()}
    (folder / "books").mkdir()
    sheet = province_table("13-12　工业产品产量(2020年)", "单位：万吨", ["粗 钢"], rows)
    save(folder / "books" / "年鉴2021.xlsx", {"13-12": sheet})
    before = library_path("china_2020").read_bytes()
    outcome = calibrate(
        catalogue(), yearbooks=folder / "books", out=folder / "own.npz", report=folder / "report.md"
    )
    assert library_path("china_2020").read_bytes() == before
    return outcome, (folder / "report.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def from_table(tmp_path_factory, embedded):
    """Calibration with a user's table of another level: four fifths of ours."""
    folder = tmp_path_factory.mktemp("table")
    m = embedded.mrio
    table = replace(m, Z=0.8 * m.Z, Y=0.8 * m.Y, value_added=0.8 * m.value_added, imports=0.8 * m.imports,
                    final_imports=0.8 * m.final_imports)
    write_long_csv(table, folder / "mine.csv")
    outcome = calibrate(catalogue(), mrio=folder / "mine.csv", out=folder / "own.npz", report=folder / "report.md")
    return outcome, (folder / "report.md").read_text(encoding="utf-8")


def test_one_yearbook_figure_moves_its_province_and_is_named(from_yearbook, embedded):
    outcome, report = from_yearbook
    own = outcome.base_year
    steel, hebei = embedded.products.index("steel"), embedded.regions.index("Hebei")
    ratio = own.product_output[:, steel] / np.where(embedded.product_output[:, steel] > 0,
                                                    embedded.product_output[:, steel], np.nan)
    others = np.delete(ratio, hebei)
    # The nation's output stays; Hebei gains a tenth against every other province that publishes.
    assert own.product_output[:, steel].sum() == pytest.approx(embedded.product_output[:, steel].sum(), rel=1e-9)
    assert ratio[hebei] / np.nanmedian(others) == pytest.approx(1.1, rel=1e-3)
    assert own.co2[hebei].sum() > embedded.co2[hebei].sum()
    cells = own.sources[own.sources["source"].str.startswith("年鉴2021.xlsx!13-12!")]
    assert len(cells) and set(cells["status"]) <= {"official", "derived"}
    text = "\n".join(outcome.lines)
    assert "steel Hebei 2020" in text and "年鉴2021.xlsx!13-12!" in text
    assert "Figures replaced by yearbooks" in report and "steel Hebei 2020" in report


def test_a_users_table_is_named_as_source_and_sets_the_level(from_table, embedded):
    outcome, report = from_table
    own = BaseYear.load(outcome.path)
    assert own.gdp.sum() == pytest.approx(0.8 * embedded.gdp.sum(), rel=1e-9)
    assert (own.sources["source"] == "mine.csv").sum() == 1 and "mine.csv" in report
    output = own.margins[own.margins["item"] == "output"].set_index("place")
    np.testing.assert_allclose(output["modelled"], 0.8 * output["published"], rtol=1e-6, atol=1e-4)
    names = [x.name for x in ledgers._base_ledgers(type("Study", (), {"base": own}))]
    assert not any("national value added" in name for name in names)  # the official total is not its control


def test_tables_of_a_loaded_base_year_have_their_columns_in_order(embedded):
    assert list(embedded.sources.columns) == ["item", "year", "value", "unit", "source", "status"]
    assert list(embedded.technology_stock.columns)[:5] == ["region", "technology", "vintage", "capacity", "unit"]
