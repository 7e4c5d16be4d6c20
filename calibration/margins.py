"""The calibration report: every margin published, modelled, and what is left between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from calibration.provincial_facts import STRATA, provincial_facts, stratum_sectors
from io_tables.classification import provinces
from io_tables.units import PJ_PER_MTCE

if TYPE_CHECKING:
    from calibration.calibrate import Calibration

COLUMNS = ("item", "place", "published", "modelled", "residual", "unit", "scale factor", "note")
#: Four totals of 2020 GDP exist; the input-output table sets the level, the others give structure or growth.
OTHER_GDP = (("sum of provincial bureaus", 1_011_677.0), ("NBS annual series", 1_009_937.0), ("SSP database", 1_008_782.0))


def _row(item, place, published, modelled, unit, note="", factor=np.nan):
    residual = modelled - published if np.isfinite(published) else np.nan
    return (item, place, published, modelled, residual, unit, factor, note)


def margins(found: Calibration) -> pd.DataFrame:
    """item, place, published, modelled, residual, unit, scale factor, note; NaN where nothing is published."""
    national, accounts, regional = found.national, found.accounts, found.regional
    money = "10^8 yuan"
    gdp = regional.value_added.sum()
    rows = [_row("national value added", "China", float(national.value_added.sum()), gdp, money, "official table 2020")]
    rows += [_row(f"GDP, {name}", "China", value, gdp, money, "another total of the same year", gdp / value)
             for name, value in OTHER_GDP]
    for component, label in enumerate(("labour", "net production tax", "depreciation", "surplus")):
        rows.append(_row(f"value added: {label}", "China", float(national.value_added[component].sum()),
                         regional.value_added[component].sum(), money))
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
    ):
        rows.append(_row(label, "China", float(theirs), float(ours), money, "official table 2020"))
    facts = provincial_facts()
    by_stratum = np.stack([
        _sector_value_added(accounts, national)[:, stratum_sectors(k)].sum(axis=1) for k in range(len(STRATA))
    ], axis=1)
    for r, province in enumerate(provinces().keys):
        ours = regional.value_added[:, r].sum()
        rows.append(_row("GDP", province, float(facts.gdp[r]), float(ours), money,
                         "provincial bureau; scaled to the national table", ours / facts.gdp[r]))
    for k, stratum in enumerate(STRATA):
        published, modelled = facts.strata[:, k].sum(), by_stratum[:, k].sum()
        rows.append(_row(f"value added, {stratum}", "sum of provinces", float(published), float(modelled), money,
                         "scale factor table / provinces", modelled / published))
    energy = found.national_energy
    for row in energy.ledger.itertuples(index=False):
        values = row._asdict()
        rows.append(_row(f"energy: {values['item']} {values.get('group', '')}".strip(), "China", np.nan,
                         float(values["value"]), str(values["unit"]), str(values.get("note", ""))))
    primary = energy.primary()
    rows.append(_row("primary energy, coal-equivalent", "China", 4980.0, sum(primary.values()) / PJ_PER_MTCE, "Mtce",
                     "NBS communique 2020: 49.8 x 10^8 tce"))
    for row in found.emissions.ledger.itertuples(index=False):
        rows.append(_row(f"CO2: {row.item}", "China", np.nan, float(row.value), "Mt", str(row.note)))
    for r, province in enumerate(provinces().keys):
        rows.append(_row("CO2, energy and process", province, np.nan, float(found.emissions.co2[r].sum()), "Mt",
                         "no official figure by province"))
    for row in found.stocks.factors.itertuples(index=False):
        rows.append(_row(f"capacity: {row.item}", "China", float(row.official), float(row.listed * row.factor),
                         str(row.unit), "plant list scaled to the official total", float(row.factor)))
    for row in found.energy.scale.itertuples(index=False):
        rows.append(_row(f"energy scale: {row.item}", str(row.province), np.nan, float(row.value), str(row.unit),
                         str(row.note)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _sector_value_added(accounts, national) -> np.ndarray:
    from io_tables.classification import sectors

    member = (np.array(national.industry_sector)[:, None] == np.array(sectors().keys)).astype(float)
    return accounts.value_added.sum(axis=0) @ member
