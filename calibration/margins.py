"""The calibration report as one table: every margin published, modelled, and what is left between them (E1-E6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from calibration.physical_margins import physical_margins
from calibration.provincial_facts import STRATA, SUB_INDUSTRIES, provincial_facts, stratum_sectors
from calibration.regional_margins import regional_margins
from io_tables.base_year import VALUE_ADDED
from io_tables.classification import NATION, provinces, sectors

if TYPE_CHECKING:
    from calibration.calibrate import Calibration

COLUMNS = ("item", "place", "published", "modelled", "residual", "unit", "scale factor", "note")
MONEY = "10^8 yuan"
#: Four totals of 2020 GDP exist; the input-output table sets the level, the others give structure or growth.
OTHER_GDP = (
    ("sum of provincial bureaus", 1_011_677.0, "provinces add up to more or less than the nation"),
    ("NBS annual series", 1_009_937.0, "national accounts after the revision, NBS"),
    ("SSP database", 1_008_782.0, "provincial SSP series of 2020; only its growth is used"),
)

_NOTES = {"GDP by province, production against expenditure": "two sides of one account: production, then expenditure"}


def row(item, place, published, modelled, unit, note="", factor=np.nan) -> tuple:
    """One row of the table; the residual is modelled less published, NaN where nothing is published."""
    published, modelled = float(published), float(modelled)
    return (item, place, published, modelled, modelled - published, unit, factor, note)


def margins(found: Calibration) -> pd.DataFrame:
    """item, place, published, modelled, residual, unit, scale factor, note; NaN where nothing is published.

    `published` is filled only where a figure of 2020 exists; `scale factor` is what a published figure was multiplied
    by to reach the national table's scope or level. National totals, provinces, sectors, energy, CO2, products and
    capacity, in this order.
    """
    rows = _national(found) + _provinces(found)
    by_sector = regional_margins(found.national, found.regional)
    rows += [row(m.margin, m.item, m.published, m.modelled, m.unit, _NOTES.get(m.margin, "official table 2020"))
             for m in by_sector.itertuples()]
    rows += [row(*margin) for margin in physical_margins(found)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _national(found: Calibration) -> list[tuple]:
    national, regional = found.national, found.regional
    gdp, table = regional.value_added.sum(), "official table 2020"
    rows = [row("national value added", NATION, national.value_added.sum(), gdp, MONEY,
                "official table 2020, producers' prices, 31 provinces; the level of everything")]
    rows += [row(f"GDP, {name}", NATION, value, gdp, MONEY, note, gdp / value) for name, value, note in OTHER_GDP]
    for component, label in enumerate(VALUE_ADDED):
        rows.append(row(f"value added: {label}", NATION, national.value_added[component].sum(),
                        regional.value_added[component].sum(), MONEY, table))
    for label, ours, theirs in (
        ("gross output", regional.output.sum(), national.output.sum()),
        ("domestic intermediate use", np.einsum("sij,sj->", regional.domestic_coefficients, regional.output),
         national.Zd.sum()),
        ("imported intermediate use", np.einsum("sij,sj->", regional.import_coefficients, regional.output),
         national.Zm.sum()),
        ("final use, domestic", regional.final_use.sum(), national.final.sum()),
        ("final use, imported", regional.final_imports.sum(), national.final_imports.sum()),
        ("exports", regional.exports.sum(), national.exports.sum()),
        ("inventories", regional.inventories.sum(), national.inventories.sum()),
        ("imports, re-exports left out", regional.imports.sum(), national.imports.sum()),
    ):
        rows.append(row(label, NATION, theirs, ours, MONEY, table))
    return rows


def _provinces(found: Calibration) -> list[tuple]:
    """GDP, strata and published sub-industries: the bureau's figure, the table's, and the factor between them."""
    facts, accounts = provincial_facts(), found.accounts
    member = (np.array(found.national.industry_sector)[:, None] == np.array(sectors().keys)).astype(float)
    by_sector = accounts.value_added.sum(axis=0) @ member
    strata = np.stack([by_sector[:, stratum_sectors(k)].sum(axis=1) for k in range(len(STRATA))], axis=1)
    rows = []
    for k, stratum in enumerate(STRATA):
        rows.append(_scaled(f"value added, {stratum}", "sum of provinces", facts.strata[:, k].sum(),
                            strata[:, k].sum(), "scope of the table over scope of the bureaus"))
    rows += [_scaled(f"value added, {factor.item}", "sum of provinces", factor.provinces, factor.national_table,
                     "bureau figures after the factor of their stratum, estimates included")
             for factor in accounts.scale_factors if factor.item not in STRATA]
    for r, province in enumerate(provinces().keys):
        rows.append(_scaled("GDP", province, facts.gdp[r], found.regional.value_added[:, r].sum(),
                            "provincial bureau; scaled to the national table"))
    for k, stratum in enumerate(STRATA):
        rows += [_scaled(f"value added, {stratum}", p, facts.strata[r, k], strata[r, k], "provincial bureau")
                 for r, p in enumerate(provinces().keys)]
    for c, name in enumerate(SUB_INDUSTRIES):
        rows += [_scaled(f"value added, {name}", p, facts.published[r, c], accounts.sub_industries[r, c],
                         "provincial bureau" if np.isfinite(facts.published[r, c]) else "not published, estimated")
                 for r, p in enumerate(provinces().keys)]
    return rows


def _scaled(item, place, published, modelled, note) -> tuple:
    return row(item, place, published, modelled, MONEY, note, float(modelled) / float(published))
