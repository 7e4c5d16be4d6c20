"""What the negotiation desk needs of a run, read from its long table: the same for a run in memory and its files.

The rules divide emissions net of capture and before the sinks of the land: net CO2 of the nation (the cap) plus its
land sinks. A sink thus counts once for the nation, and the rule `net_of_sink` alone gives it to the province that has
it. Without an optimised price the price is the scenario's, or zero: quotas are then worth nothing until a reader
writes a price on the desk.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from io_tables.errors import InputError, Problem
from model.carbon.consumption_based import counted, on_basis
from model.carbon.emission_history import emission_history
from model.carbon.negotiation import Run
from model.results import NATION, TOTAL
from scenarios.schema import Scenario

GDP, PEOPLE, NET, LAND, GROSS, CAPTURED, USED, PRICE = (
    "GDP|Real", "Population", "Emissions|CO2|Net", "Carbon Removal|Land", "Emissions|CO2|Gross",
    "Emissions|CO2|Captured", "Emissions|CO2|Consumption-Based", "Price|Carbon",
)
#: yuan per tonne -> 10^8 yuan per Mt.
PER_TONNE = 1e-2
#: Where the scenario names no convergence year, and no first year of responsibility.
CONVERGENCE_YEAR, RESPONSIBLE_FROM = 2050, 1997


def grid(table: pd.DataFrame, variable: str, regions: Sequence[str], years: Sequence[int], sector: str = TOTAL):
    """(T, R) of a variable; cells left out are zero. Raises InputError when the table has no such variable."""
    rows = table[(table["variable"] == variable) & (table["sector"] == sector)]
    if rows.empty:
        raise InputError(Problem(variable, "is not in the results", "run the scenario with this version"))
    wide = rows.astype({"region": str}).pivot(index="year", columns="region", values="value")
    return wide.reindex(index=list(years), columns=list(regions), fill_value=0.0).fillna(0.0).to_numpy(dtype=float)


def by_sector(table: pd.DataFrame, variable: str, regions, sectors, years) -> np.ndarray:
    """(T, R, S) of a variable by sector; cells left out are zero."""
    found = np.zeros((len(years), len(regions), len(sectors)))
    rows = table[(table["variable"] == variable) & table["region"].isin(regions) & table["sector"].isin(sectors)]
    at = [pd.Index(labels).get_indexer(rows[key].astype(object))
          for key, labels in (("year", years), ("region", regions), ("sector", sectors))]
    found[tuple(at)] = rows["value"].to_numpy(dtype=float)
    return found


def own_prices(table: pd.DataFrame, regions: Sequence[str], years: Sequence[int]) -> np.ndarray | None:
    """(T, R) 10^8 yuan per Mt that provinces have where they kept caps without trade; None where one price holds."""
    rows = table[(table["variable"] == PRICE) & table["region"].isin(regions)]
    return None if rows.empty else PER_TONNE * grid(table, PRICE, regions, years)


def mean_price(own: np.ndarray, emissions: np.ndarray) -> np.ndarray:
    """(T,) what permits are valued at where no market was solved: provinces' own prices (T, R), weighted by emissions.

    assumed
    """
    weight = np.maximum(emissions, 0.0) + 1e-9
    return (own * weight).sum(axis=1) / weight.sum(axis=1)


def prices(table: pd.DataFrame, scenario: Scenario, years: Sequence[int], *, own: np.ndarray | None = None,
           emissions: np.ndarray | None = None) -> np.ndarray:
    """(T,) 10^8 yuan per Mt: the programme's shadow price, else the scenario's price, else zero.

    own, emissions (T, R) : where provinces had prices of their own, see `mean_price`.
    """
    if own is not None:
        return mean_price(own, emissions)
    if (table["variable"] == PRICE).any():
        return PER_TONNE * grid(table, PRICE, (NATION,), years)[:, 0]
    path = scenario.carbon.price
    if path is None:
        return np.zeros(len(years))
    first = years[0] if path.is_constant else min(path)
    return PER_TONNE * np.array([path.at(year) if year >= first else 0.0 for year in years])


def desk_run(table: pd.DataFrame, scenario: Scenario, regions: Sequence[str], *, baseline: np.ndarray | None = None,
             price: np.ndarray | None = None, cost: np.ndarray | None = None) -> Run:
    """What the rules need of a run.

    table : long table with GDP, population, net CO2 and land sinks by province. baseline (T, R) Mt without a cap, from
    another run; by default every province keeps the CO2 per GDP of the base year. price (T,) 10^8 yuan per Mt (default:
    `prices`); cost (T, R) 10^8 yuan a year of abatement at home, zero where the run does not know it.
    Raises InputError naming every variable that is missing.
    """
    years, missing = scenario.years, []
    known = set(table["variable"].unique())
    missing = [Problem(v, "is not in the results") for v in (GDP, PEOPLE, NET, LAND) if v not in known]
    absent = [] if missing else sorted(set(regions) - set(table.loc[table["variable"] == NET, "region"]))
    missing += [Problem(region, "has no emissions in the results") for region in absent]
    if missing:
        raise InputError(missing)
    gdp, sinks = grid(table, GDP, regions, years), grid(table, LAND, regions, years)
    emissions = grid(table, NET, regions, years) + sinks
    territory = np.maximum(emissions[0], 0.0)
    growth = np.divide(gdp, gdp[0], out=np.ones_like(gdp), where=np.broadcast_to(gdp[0] > 0, gdp.shape))
    allocation = scenario.carbon.allocation
    by_use = allocation is not None and allocation.accounting == "consumption"
    first = counted(territory, grid(table, USED, regions, years[:1])[0] if by_use else None, allocation)
    since = allocation.responsibility_from if allocation else RESPONSIBLE_FROM
    own = own_prices(table, regions, years)
    history_years, history = emission_history(regions, first, since, territory=territory)
    return Run(
        years=tuple(years), regions=tuple(regions), base_year=years[0], emissions=first,
        baseline=first * growth if baseline is None else on_basis(baseline, first, territory),
        optimum=emissions, gdp=gdp, population=grid(table, PEOPLE, regions, years),
        price=prices(table, scenario, years, own=own, emissions=emissions) if price is None else price, own_price=own,
        cost=np.zeros_like(gdp) if cost is None else cost,
        convergence_year=allocation.convergence_year if allocation else CONVERGENCE_YEAR,
        sinks=sinks, history=history, history_years=history_years, base_gdp=gdp[0],
        history_discount=allocation.responsibility_discount if allocation else 0.0,
        rate=scenario.economics.discount_rate,
    )
