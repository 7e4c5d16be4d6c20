"""The national balance 2020 and energy by province against what is published (E4)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from calibration.energy_accounts import energy_by_province
from calibration.energy_facts import control, electricity_by_sector, energy_sectors, load_drivers, normal
from calibration.national_energy_balance import GROUP_FUELS, national_energy_balance, published
from calibration.validation.emissions import FUEL_OF, mape, national_inventory, value_added
from calibration.validation.score import Score
from io_tables.units import PJ_PER_MTCE

#: t CO2 per GJ behind the inventory's emissions (its own carbon contents), to turn them back into energy.
IMPLIED = {
    "coal": 0.0820, "coke": 0.1016, "derived_gas": 0.0725, "crude_oil": 0.0722, "gasoline": 0.0680,
    "kerosene": 0.0705, "diesel": 0.0725, "fuel_oil": 0.0758, "lpg": 0.0637, "other_petroleum": 0.0725,
    "natural_gas": 0.0564,
}


def scores(data: Path) -> list[Score]:
    """Closure, residual before scaling, electricity gap, and provincial consumption without its control."""
    national = national_energy_balance()
    totals, primary = published(), national.primary()
    closure = np.abs(national.residual()).max() / national.supply.sum()
    shares = max(abs(primary[g] / totals[g] - 1) for g in totals)
    use, gap = electricity_by_sector()
    industry = [*range(1, 26), energy_sectors().index("Machinery repair")]
    factories = use[sorted(set(industry))].sum()
    heading = _heading(data, "Industry")
    drivers = load_drivers()
    free = energy_by_province(national, value_added(), drivers, control_weight=0.0)
    known = np.isfinite(drivers["energy_growth_2020"])
    level = drivers["energy_consumption_2019"] * (1 + drivers["energy_growth_2020"] / 100)
    modelled = normal(free.consumption()[known]) * level[known].sum()
    by_gdp = normal(drivers["gdp"][known]) * level[known].sum()
    exact = "exact by construction after scaling"
    return [
        Score("energy", "national balance, supply + output - use", float(closure), "share of supply", 1e-6,
              independent=False, note=exact),
        Score("energy", "shares of coal, oil, gas, non-fossil against published", shares, "relative", 1e-6,
              independent=False, note=exact),
        Score("energy", "fossil energy the 2019 pattern leaves over, before scaling", residual_before_scaling(data),
              "% of fossil", 16.0, trial=14.3, note="feedstock, refining and coking losses, gas the inventory misses"),
        Score("energy", "electricity of 42 sectors and households against the total", 100 * abs(gap), "%", 0.3,
              trial=0.27, note="rows as published, before scaling"),
        Score("energy", "electricity of industry, rows against their heading",
              100 * abs(factories / heading - 1), "%", 0.01, note="nothing counted twice among nested headings"),
        Score("energy", "provincial energy consumption 2020, control left out", mape(modelled, level[known]), "% MAPE",
              naive=mape(by_gdp, level[known]),
              note="against recalled 2019 levels x official growth; electricity by province is a published margin"),
    ]


def residual_before_scaling(data: Path) -> float:
    """Part of published fossil consumption 2020 that the inventory of 2019, turned into energy, does not burn, in %.

    Furnace gas is left out, because it comes from coke that is counted.
    """
    inventory = national_inventory(data).drop(columns="Other Gas")
    burned = sum(inventory[c].sum() / IMPLIED[f] for c, f in FUEL_OF.items() if c in inventory)
    share = sum(control("share of energy consumption", g) for g in GROUP_FUELS) / 100
    return float(100 * (1 - burned / (control("energy consumption") * PJ_PER_MTCE * share)))


def _heading(data: Path, name: str) -> float:
    """Published electricity use 2020 of a heading, TWh."""
    frame = pd.read_csv(data / "economy/power/national_electricity_consumption_by_sector_2010_2023_GWh.csv")
    row = frame[(frame["year"] == 2020) & (frame["name"] == name)]
    return float(row.value_GWh.iloc[0]) * 1e-3
