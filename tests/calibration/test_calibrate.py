"""The embedded base year: rebuilt to the same bytes from its facts, and true to the official table."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration.calibrate import base_year, calibrate, run_steps
from calibration.generated_text import MARKER
from calibration.national_table import official_table
from calibration.provenance import STATUSES, provenance
from calibration.report import write_report
from io_tables.base_year import FINAL_CATEGORIES, BaseYear
from io_tables.base_year_file import library_path
from io_tables.errors import InputError
from model.technology.catalogue import catalogue


@pytest.fixture(scope="module")
def found():
    return run_steps(catalogue())


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    return calibrate(catalogue(), out=folder / "first.npz", report=folder / "report.md")


@pytest.fixture(scope="module")
def embedded() -> BaseYear:
    return BaseYear.load("china_2020")


@pytest.fixture(scope="module")
def mrio(embedded):
    return embedded.mrio


def test_calibrating_twice_gives_the_same_bytes(outcome, found):
    second = outcome.path.with_name("second.npz")
    base_year(found).save(second)
    assert second.read_bytes() == outcome.path.read_bytes()


def test_embedded_file_equals_a_fresh_calibration(outcome, embedded):
    fresh = BaseYear.load(outcome.path)
    for field in fields(BaseYear):
        if field.name == "sha256":
            continue
        ours, theirs = getattr(embedded, field.name), getattr(fresh, field.name)
        if isinstance(ours, np.ndarray):
            scale = max(float(np.abs(theirs).max(initial=0.0)), 1e-300)
            assert ours.shape == theirs.shape, field.name
            assert float(np.abs(ours - theirs).max(initial=0.0)) <= 1e-9 * scale, field.name
        elif isinstance(ours, pd.DataFrame):
            _same_table(ours, theirs, field.name)
        elif isinstance(ours, dict):
            assert set(ours) == set(theirs)
            for name in ours:
                _same_table(ours[name], theirs[name], name)
        else:
            assert ours == theirs, field.name


def _same_table(ours: pd.DataFrame, theirs: pd.DataFrame, name: str) -> None:
    columns = sorted(theirs.columns)
    if name == "margins":
        # Residuals of a margin that is met are rounding errors.
        columns.remove("residual")
    pd.testing.assert_frame_equal(ours[columns], theirs[columns], rtol=1e-9, atol=1e-9, obj=name)


def test_the_page_of_the_base_year_is_that_of_a_fresh_calibration(outcome):
    """Up to rounding errors: figures with an exponent are differences of sums."""
    page = Path(__file__).parents[2] / "docs" / "base_year.md"
    fresh = outcome.path.with_name("report.md")
    ours, theirs = (re.sub(r"-?\d\.\de-\d\d", "~0", path.read_text(encoding="utf-8").split(MARKER)[1])
                    for path in (page, fresh))
    assert ours == theirs, "the facts changed: run_model.py calibrate --report docs/base_year.md"


def test_embedded_file_is_below_five_megabytes():
    assert library_path("china_2020").stat().st_size < 5_000_000


def test_every_identity_holds_and_is_reported(outcome):
    assert outcome.passed
    checks = outcome.base_year.check()
    assert max(checks.values()) <= 1e-6
    assert all(any(line.startswith(name) for line in outcome.lines) for name in checks)


def test_national_value_added_is_the_official_total(embedded, mrio):
    assert embedded.gdp.sum() == pytest.approx(1_016_422, rel=1e-6)
    assert mrio.gdp().sum() == pytest.approx(1_016_422, rel=1e-6)


def test_rows_and_columns_of_the_table_balance(embedded, mrio):
    output = (embedded.output @ embedded.membership).ravel()
    columns = mrio.Z.sum(axis=0) + mrio.foreign_inputs + mrio.primary_inputs
    assert np.abs(mrio.x - output).max() <= 1e-6 * output.max()
    assert np.abs(columns - output).max() <= 1e-6 * output.max()
    assert all(value <= 1e-6 for name, value in mrio.check().items() if not name.startswith("negative"))


def test_domestic_use_and_imports_by_commodity_equal_the_national_table(embedded, mrio):
    official, R, S = official_table(), len(embedded.regions), len(embedded.sectors)
    used = mrio.Z.reshape(R, S, R, S).sum(axis=(0, 2))
    imported = mrio.imports.reshape(S, R, S).sum(axis=1)
    for ours, theirs in ((used, official.Zd), (imported, official.Zm)):
        assert np.abs(ours - theirs).max() <= 1e-6 * theirs.max()
    final = {c: mrio.Y[:, [k for k, (_, name) in enumerate(mrio.final_demand) if name == c]].sum(axis=1)
             for c in (*FINAL_CATEGORIES, "inventories", "exports")}
    final = {c: v.reshape(R, S).sum(axis=0) for c, v in final.items()}
    consumption = sum(final[c] for c in FINAL_CATEGORIES[:3])
    for ours, theirs in ((consumption, official.final[:, 0]), (final["fixed capital"], official.final[:, 1]),
                         (final["inventories"], official.inventories), (final["exports"], official.exports)):
        assert np.abs(ours - theirs).max() <= 1e-6 * np.abs(theirs).max()
    imports = official.Zm.sum(axis=1) + official.final_imports.sum(axis=1) + official.inventory_imports
    ours = mrio.imports.sum(axis=1) + mrio.final_imports.sum(axis=1)
    assert np.abs(ours - imports).max() <= 1e-6 * imports.max()


def test_provinces_sum_to_the_nation_by_sector(embedded, mrio):
    official, S = official_table(), len(embedded.sectors)
    value_added = mrio.value_added.reshape(4, -1, S).sum(axis=1)
    assert np.abs(value_added - official.value_added).max() <= 1e-6 * official.value_added.max()
    assert np.abs(mrio.x.reshape(-1, S).sum(axis=0) - official.output).max() <= 1e-6 * official.output.max()


def test_table_by_sector_is_the_table_by_industry_added_up(embedded, mrio):
    split, M = embedded.industry_mrio, embedded.membership
    R, (J, S) = len(embedded.regions), M.shape
    Z = split.Z.reshape(R, J, R, J)
    added = np.zeros((R, S, R, S))
    for r in range(R):
        for s in range(R):
            added[r, :, s] = M.T @ Z[r, :, s] @ M
    assert np.abs(added.reshape(mrio.Z.shape) - mrio.Z).max() <= 1e-9 * mrio.Z.max()
    Y = np.einsum("rjk,js->rsk", split.Y.reshape(R, J, -1), M).reshape(mrio.Y.shape)
    assert np.abs(Y - mrio.Y).max() <= 1e-9 * mrio.Y.max()
    assert np.abs((split.value_added.reshape(4, R, J) @ M).reshape(4, -1) - mrio.value_added).max() <= 1e-6
    imports = np.einsum("irj,ia,jb->arb", split.imports.reshape(J, R, J), M, M).reshape(mrio.imports.shape)
    assert np.abs(imports - mrio.imports).max() <= 1e-9 * mrio.imports.max()


def test_extensions_hold_the_energy_and_co2_of_the_sectors(embedded, mrio):
    S = len(embedded.sectors)
    assert mrio.extensions["co2"].sum() == pytest.approx(embedded.co2[:, :S].sum(), rel=1e-12)
    place = mrio.position("Shanxi", "Electricity and heat")
    r, s = embedded.regions.index("Shanxi"), embedded.sectors.index("Electricity and heat")
    assert mrio.extensions["co2"][:, place] == pytest.approx(embedded.co2[r, s])
    assert mrio.extensions["energy"][:, place] == pytest.approx(embedded.energy_use[r, s].sum(axis=1))


def test_no_quantity_is_negative_where_it_cannot_be(embedded):
    for name in ("output", "domestic_coefficients", "import_coefficients", "final_use", "final_imports", "exports",
                 "trade_shares", "energy_use", "co2", "technology_energy", "residual_energy", "population"):
        assert getattr(embedded, name).min() >= -1e-9, name


def test_every_input_has_unit_source_and_a_known_status(embedded):
    sources = embedded.sources
    for column in ("item", "year", "unit", "source"):
        assert (sources[column].str.len() > 0).all(), column
    assert set(sources["status"]) <= set(STATUSES)
    listed = set(sources["item"].str.extract(r"^(\w+)", expand=False))
    facts = {path.stem for path in library_path("china_2020").parent.glob("*.csv")} - {"sources"}
    assert listed == facts


def test_a_fact_table_without_a_source_is_refused(tmp_path):
    (tmp_path / "sources.csv").write_text("file,item,year,unit,source,status\n", encoding="utf-8")
    (tmp_path / "nameless.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="nameless"):
        provenance(tmp_path)


def test_an_input_without_a_known_status_is_refused(tmp_path):
    (tmp_path / "sources.csv").write_text("file,item,year,unit,source,status\n", encoding="utf-8")
    text = "item,value,unit,year,source,status\nx,1,Mt,2020,somebody,sure\n"
    (tmp_path / "facts.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="sure"):
        provenance(tmp_path)


def test_places_are_added_up_only_where_that_means_something(tmp_path):
    (tmp_path / "sources.csv").write_text("file,item,year,unit,source,status\n", encoding="utf-8")
    rows = [f"{item},{p},{v},{u},2020,somebody,official" for item, u, values in (
        ("steel", "Mt", (1, 3)), ("heat rate", "gce/kWh", (300, 310)), ("share of nation", "share", (0.25, 0.75)),
    ) for p, v in zip(("Hebei", "Shanxi"), values)]
    text = "item,province,value,unit,year,source,status\n" + "\n".join(rows) + "\n"
    (tmp_path / "facts.csv").write_text(text, encoding="utf-8")
    found = provenance(tmp_path).set_index("item")["value"]
    assert found["facts: steel (sum of 2)"] == 4
    assert found["facts: heat rate (mean of 2)"] == 305
    assert found["facts: share of nation (sum of 2)"] == 1


def test_margins_show_published_modelled_and_residual_only_where_published(embedded):
    margins = embedded.margins
    published = np.isfinite(margins["published"].astype(float))
    gap = margins["modelled"].astype(float) - margins["published"].astype(float)
    assert np.allclose(margins["residual"].astype(float)[published], gap[published], atol=1e-6)
    assert not published[margins["item"].str.startswith("CO2")].any()
    for item in ("GDP", "value added, secondary", "electricity use", "capacity: wind"):
        assert margins.loc[margins["item"] == item, "place"].isin(embedded.regions).sum() >= 28, item


def test_report_keeps_a_head_written_by_hand(outcome, found):
    path = outcome.path.with_name("report.md")
    text = path.read_text(encoding="utf-8")
    for heading in ("## Identities", "## National totals", "## Margins by sector", "## Trade between provinces",
                    "## Energy and CO2 by province", "## Inputs by status"):
        assert heading in text
    path.write_text("# Written by hand\n\nkept\n\n" + MARKER + "\nreplaced", encoding="utf-8")
    write_report(outcome.base_year, found, path)
    again = path.read_text(encoding="utf-8")
    assert again.startswith("# Written by hand\n\nkept\n\n" + MARKER) and "replaced" not in again
    assert again.split(MARKER)[1] == text.split(MARKER)[1]


def test_another_year_is_refused_with_a_way_out(tmp_path):
    with pytest.raises(InputError, match="2019"):
        calibrate(catalogue(), year=2019, out=tmp_path / "x.npz")
    assert not (tmp_path / "x.npz").exists()
