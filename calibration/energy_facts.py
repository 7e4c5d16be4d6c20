"""The compact fact tables behind the energy accounts: national controls, sector patterns, provincial drivers (E4).

Every row names unit, year, source and status; this module only reads and looks up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calibration import fact_tables
from io_tables.classification import HOUSEHOLDS, products, provinces, sectors
from io_tables.errors import InputError, Problem, did_you_mean

USES = ("combustion", "feedstock", "transformation")


def energy_sectors() -> tuple[str, ...]:
    """The 42 sectors followed by rural and urban households."""
    return sectors().keys + HOUSEHOLDS


def table(name: str) -> list[dict[str, str]]:
    """Rows of a fact table of `io_tables/china_2020`."""
    return fact_tables.rows(name)


@fact_tables.remembered
def controls() -> dict[tuple[str, str], dict[int, float]]:
    """National figures by (item, fuel) and year, from energy_controls.csv (source and status stand there)."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row in table("energy_controls.csv"):
        found.setdefault((row["item"], row["fuel"]), {})[int(row["year"])] = float(row["value"])
    return found


def control(item: str, fuel: str = "", year: int | None = None) -> float:
    """One national figure: of `year`, else of 2020, else of the only year there is; InputError when missing."""
    years = controls().get((item, fuel), {})
    if year is None and years:
        year = 2020 if 2020 in years else max(years)
    if year not in years:
        raise InputError(f"energy_controls.csv: no row '{item}', fuel '{fuel}', year {year}")
    return years[year]


def sector_shares(fuel: str) -> tuple[np.ndarray, float]:
    """Shares of a fuel's final use over sectors and the ferrous part of what metal smelting uses.

    fuel : a row key of energy_sector_shares.csv. Returns ((44,) summing to one, share in [0, 1]). The four-digit
    shares are renormalised; coal and natural gas leave power and heat out (they are built from generation).
    """
    share = np.zeros(len(energy_sectors()))
    ferrous = metals = 0.0
    for row in table("energy_sector_shares.csv"):
        if row["fuel"] != fuel:
            continue
        value = float(row["share"])
        share[energy_sectors().index(row["sector"])] += value
        metals += value * (row["sector"] == "Metal smelting")
        ferrous += value * (row["part"] == "ferrous")
    return share / share.sum(), ferrous / metals if metals else 0.0


def electricity_by_sector() -> tuple[np.ndarray, float]:
    """Published electricity use 2020 by (44,) TWh as printed, and the part of consumption it leaves out (share).

    Network losses, pumping and own use of plants stand in "Electricity and heat". Headings of the source nest; only
    lowest rows that make up the 42 sectors enter, and the heading of households, which exceeds its two rows.
    """
    use = np.zeros(len(energy_sectors()))
    households = {"rural": HOUSEHOLDS[0], "urban": HOUSEHOLDS[1]}
    for row in table("national_electricity_use.csv"):
        user = households.get(row["user"], row["user"])
        if user not in energy_sectors():
            user = products().rows[products().key(user, "national_electricity_use.csv")]["sector"]
        use[energy_sectors().index(user)] += float(row["value"])
    homes = [energy_sectors().index(h) for h in HOUSEHOLDS]
    use[homes] *= control("electricity of households") / use[homes].sum()
    return use, 1 - use.sum() / control("electricity consumption")


@dataclass(frozen=True)
class Drivers:
    """What provincial shares are built from: item -> (31,) in the order of `provinces()`.

    values : thermal_generation TWh, pig_iron Mt, ... (items and units stand in energy_province_drivers.csv).
    """

    values: Mapping[str, np.ndarray]

    def __getitem__(self, item: str) -> np.ndarray:
        """The driver; InputError names an unknown one."""
        if item not in self.values:
            raise InputError(f"unknown provincial driver '{item}'; {did_you_mean(item, self.values)}")
        return self.values[item]

    def share(self, item: str) -> np.ndarray:
        """The driver as (31,) shares of the nation."""
        return normal(self[item])

    def replaced(self, **changed: np.ndarray) -> Drivers:
        """The same drivers with some items of another year."""
        for item in changed:
            self[item]
        return Drivers({**self.values, **{k: np.asarray(v, float) for k, v in changed.items()}})


def normal(values: np.ndarray) -> np.ndarray:
    """Values over their sum; InputError when they have none."""
    total = values.sum()
    if not total > 0:
        raise InputError("a provincial driver sums to zero")
    return values / total


def load_drivers() -> Drivers:
    """Drivers of 2020 from energy_province_drivers.csv. NaN where nothing is published (Tibet's energy total).

    Raises InputError when an item lacks a province: nothing is dropped.
    """
    found: dict[str, dict[str, float]] = {}
    for row in table("energy_province_drivers.csv"):
        found.setdefault(row["item"], {})[provinces().key(row["province"], row["item"])] = float(row["value"])
    may_lack = {"energy_consumption_2019", "energy_growth_2020"}
    problems = [
        Problem("energy_province_drivers.csv", f"{item}: {province} is missing")
        for item, values in found.items() if item not in may_lack
        for province in provinces().keys if province not in values
    ]
    if problems:
        raise InputError(problems)
    return Drivers({k: np.array([v.get(p, np.nan) for p in provinces().keys]) for k, v in found.items()})


def energy_sources() -> list[dict[str, str]]:
    """What the energy and CO2 accounts stood on: rows (item, year, value, unit, source, status).

    National figures and factors one by one; sector patterns and provincial drivers one row per fuel or item.
    """
    rows = [
        {"item": f"{r['item']}: {r['fuel']}".rstrip(": "), **_provenance(r, r["value"], r["unit"])}
        for r in table("energy_controls.csv")
    ]
    for r in table("emission_factors.csv"):
        rows.append({"item": f"carbon content: {r['fuel']}", **_provenance(r, r["carbon_content"], r["unit"])})
        rows.append({"item": f"oxidation: {r['fuel']}", **_provenance(r, r["oxidation"], "share")})
    for r in table("emission_feedstock.csv"):
        item = f"stored carbon: {r['fuel']} in {r['sector']}"
        rows.append({"item": item, **_provenance(r, r["stored_share"], "share")})
    for r in table("emission_process.csv"):
        rows.append({"item": f"process activity: {r['process']}", **_provenance(r, r["activity"], r["activity_unit"])})
        rows.append({"item": f"process factor: {r['process']}", **_provenance(r, r["factor"], r["factor_unit"])})
    for name, label, column in (
        ("energy_sector_shares.csv", "sector pattern", "fuel"), ("energy_province_drivers.csv", "by province", "item"),
    ):
        whole = {r[column]: r for r in table(name)}
        rows += [{"item": f"{label}: {k}", **_provenance(r, "", r["unit"])} for k, r in whole.items()]
    return rows


def _provenance(row: dict[str, str], value: str, unit: str) -> dict[str, str]:
    return {"year": row["year"], "value": value, "unit": unit, "source": row["source"], "status": row["status"]}
