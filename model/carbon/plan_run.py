"""From a coupled run of all provinces to the arrays of the negotiation desk.

Years are the model years after the first; CO2 is net of capture and before land sinks, which a rule may count; cost is
the programme's resource cost of each province's own columns, charged in the year of the column (investment less its
salvage in the year of building).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from io_tables.errors import InputError, Problem
from model.carbon.consumption_based import counted, on_basis, used_co2
from model.carbon.desk_run import PER_TONNE, mean_price
from model.carbon.emission_history import emission_history
from model.carbon.negotiation import Run
from model.carbon.owen_years import column_years
from model.carbon.owners import Owners
from model.coupled_results import own_carbon_price
from model.pathway.draft import MONEY
from model.pathway.requirements_of_year import PLACED
from scenarios.carbon_section import Allocation

if TYPE_CHECKING:
    from model.coupling import Coupled


def base_emissions(coupled: Coupled) -> np.ndarray:
    """(R,) Mt CO2 of the base year that reach the air, before land sinks."""
    energy = coupled.years[0].energy
    return energy.co2.sum(axis=(1, 2)) - energy.captured.sum(axis=1)


def co2_price(coupled: Coupled) -> np.ndarray:
    """(T,) 10^8 yuan per Mt: the median over provinces of the price of the row on their net CO2.

    With national limits all provinces have it; where caps are not traded `run_of` takes the mean of their own prices.
    """
    d = coupled.outer.iterate.assembled.draft
    laid = coupled.prices.reshape(d.T, -1)[:, : len(PLACED) * d.G].reshape(d.T, len(PLACED), d.G)
    return np.median(laid[:, PLACED.index("co2")], axis=1) / d.weight


def cost_by_year(coupled: Coupled, owners: Owners) -> np.ndarray:
    """(T, R) resource cost of each province's columns, 10^8 yuan a year; weighted over years it is the objective.

    Carbon prices paid are a transfer within the nation and left out; what was bought off of statistics counts in the
    last lived year.
    """
    whole = coupled.outer.iterate.assembled
    d, cost = whole.draft, whole.complete.cost.copy()
    cost[d.co2.ravel()] = 0.0
    spent = cost * coupled.z
    year = column_years(d, len(spent))
    return np.stack([owners.columns[year == t].T @ spent[year == t] for t in range(d.T)]) / d.weight[:, None]


def run_of(coupled: Coupled, cost: np.ndarray, *, reference: Coupled | None = None, reference_cost=None) -> Run:
    """The desk's arrays of a coupled run over all provinces.

    cost (T, R) from `cost_by_year`; reference : a run without the caps, whose emissions are the baseline and whose
    reference_cost (T, R) is taken off; without it the baseline is the base year's CO2 per GDP times GDP, and cost is
    all resource cost. Emissions and baseline are those that the scenario's `accounting` counts. Raises InputError for a
    national programme or other years in the reference.
    """
    if coupled.resolution != "provincial":
        raise InputError(Problem("resolution", "a run of the nation as one place has no provinces to deal with",
                                 "solve with resolution 'provincial'"))
    study, d = coupled.study, coupled.outer.iterate.assembled.draft
    assumed, carbon = study.assumed, study.scenario.carbon
    emissions, optimum = base_emissions(coupled), coupled.plan.net_co2.T
    by_use = carbon.allocation is not None and carbon.allocation.accounting == "consumption"
    territory = np.maximum(emissions, 0.0)
    emissions = counted(territory, used_co2(study.base) if by_use else None, carbon.allocation)
    if reference is None:
        baseline = emissions * assumed.gdp[1:] / assumed.gdp[0]
    else:
        if reference.study.scenario.years != study.scenario.years:
            raise InputError(Problem("reference", f"model years {reference.study.scenario.years}",
                                     f"the run has {study.scenario.years}"))
        baseline, cost = on_basis(reference.plan.net_co2.T, emissions, territory), cost - reference_cost
    own = own_carbon_price(coupled)
    own = None if own is None else PER_TONNE * own
    since = Allocation().responsibility_from if carbon.allocation is None else carbon.allocation.responsibility_from
    history_years, history = emission_history(study.base.regions, emissions, since, territory=territory)
    return Run(
        years=tuple(d.years), regions=tuple(study.base.regions), base_year=study.base.year, emissions=emissions,
        baseline=baseline, optimum=optimum, gdp=assumed.gdp[1:], population=assumed.population[1:],
        price=co2_price(coupled) if own is None else mean_price(own, optimum), own_price=own, cost=cost,
        convergence_year=2050 if carbon.allocation is None else carbon.allocation.convergence_year,
        sinks=assumed.sinks[1:], history=history, history_years=history_years, base_gdp=study.base.gdp,
        rate=study.scenario.economics.discount_rate,
        weights=d.weight / MONEY,
        history_discount=0.0 if carbon.allocation is None else carbon.allocation.responsibility_discount,
    )
