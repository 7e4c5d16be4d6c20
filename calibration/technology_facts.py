"""The fact tables behind the technology stocks of the base year (E6): capacity, plants, routes, ages, utilisation."""

from __future__ import annotations

import numpy as np

from calibration.fact_tables import remembered, rows
from io_tables.classification import NATION, provinces
from io_tables.errors import InputError, did_you_mean

#: Vintages are five years long and named by their last year; everything up to 1980 is one.
VINTAGES = (1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015, 2020)
#: Order of the source axis of `generation`.
GENERATION_SOURCES = ("thermal", "hydro", "nuclear", "wind", "solar")


@remembered
def _capacity() -> dict[tuple[str, int, str], float]:
    return {(r["item"], int(r["year"]), r["region"]): float(r["value"]) for r in rows("technology_capacity.csv")}


def capacity(item: str, year: int = 2020) -> np.ndarray:
    """Capacity by province at the end of a year, (R,) GW; provinces without a row have none."""
    table = _capacity()
    if not any(i == item and y == year for i, y, _ in table):
        known = sorted({f"{i} {y}" for i, y, _ in table})
        raise InputError(f"technology_capacity.csv: no '{item} {year}'; {did_you_mean(f'{item} {year}', known)}")
    return np.array([table.get((item, year, r), 0.0) for r in provinces().keys])


def national_capacity(item: str, year: int = 2020) -> float:
    """Published national capacity, GW."""
    return _capacity()[item, year, NATION]


@remembered
def plants(technology: str) -> np.ndarray:
    """Plant-list capacity by province and vintage, (R, V) GW."""
    found = np.zeros((len(provinces()), len(VINTAGES)))
    for r in rows("technology_plants.csv"):
        if r["technology"] == technology:
            found[provinces().index(r["region"]), VINTAGES.index(int(r["vintage"]))] += float(r["capacity"])
    return found


@remembered
def route_shares(product: str) -> dict[str, np.ndarray]:
    """Technology -> share of a product's output of 2020 by province, (R,); shares of a province add to one."""
    found: dict[str, np.ndarray] = {}
    for r in rows("technology_shares.csv"):
        if r["product"] == product:
            share = found.setdefault(r["technology"], np.zeros(len(provinces())))
            share[provinces().index(r["region"])] = float(r["share"])
    if not found:
        raise InputError(f"technology_shares.csv: no routes of '{product}'; add its shares by province")
    return found


@remembered
def vintage_shares(*items: str) -> np.ndarray:
    """Shares by vintage (V,) of the first of `items` that has any, adding to one."""
    table: dict[str, np.ndarray] = {}
    for r in rows("technology_vintages.csv"):
        table.setdefault(r["item"], np.zeros(len(VINTAGES)))[VINTAGES.index(int(r["vintage"]))] = float(r["share"])
    for item in items:
        if item in table:
            return table[item] / table[item].sum()
    raise InputError(f"technology_vintages.csv: no ages of '{items[-1]}'; add its shares by vintage")


@remembered
def utilisation(item: str) -> float:
    """Share of the year capacity ran in 2020 (or a weight between technologies, as the table says)."""
    table = {r["item"]: float(r["value"]) for r in rows("technology_utilisation.csv")}
    if item not in table:
        raise InputError(f"technology_utilisation.csv: no '{item}'; {did_you_mean(item, table)}")
    return table[item]


def household_facts(item: str) -> np.ndarray:
    """Private vehicles (million) or floor space per person (m2), by province (R,)."""
    table = {(r["item"], r["region"]): float(r["value"]) for r in rows("technology_households.csv")}
    return np.array([table[item, r] for r in provinces().keys])
