"""Provincial caps of `carbon.allocation`: the nation's cap path divided by the scenario's blend of quota rules (E10).

The path has a value in years with a stated national cap and from the year of neutrality on, when net CO2 is zero.
Between the last stated cap and neutrality it runs straight to zero; where no cap is stated before neutrality the line
starts in the peak year (else the base year) from the base year's level. Earlier years have no cap to divide. What is
divided is the cap plus the nation's land sinks, as on the negotiation desk: a province's cap is on its CO2 net of
capture and before land sinks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from io_tables.errors import InputError, Problem
from model.carbon.consumption_based import counted
from model.carbon.emission_history import emission_history
from model.carbon.negotiation import Run, blended
from scenarios.schema import Scenario

#: The rule whose quotas are the pathway itself: known only when it is solved.
OF_THE_PATHWAY = "equal_marginal_cost"


def cap_path(scenario: Scenario, years: Sequence[int], base: float) -> np.ndarray:
    """(T,) Mt of national net CO2 that may be emitted, nan where nothing is stated. base : the first year's level."""
    carbon, path = scenario.carbon, scenario.carbon.national_cap
    neutral = carbon.neutral_year
    first = None if path is None else (years[0] if path.is_constant else min(path))
    stated = [] if path is None or path.is_constant else [y for y in path if neutral is None or y < neutral]
    if first is not None and (neutral is None or first < neutral):
        start = (max(stated, default=first), path.at(max(stated, default=first)))
    else:
        start = (carbon.peak_year or years[0], base)
    found = np.full(len(years), np.nan)
    for t, year in enumerate(years):
        if neutral is not None and year >= neutral:
            found[t] = 0.0 if path is None else min(0.0, path.at(year))
        elif neutral is not None and year > start[0]:
            found[t] = start[1] * (neutral - year) / (neutral - start[0])
        elif first is not None and year >= first:
            found[t] = path.at(year)
    return found


def quota_caps(scenario: Scenario, years: Sequence[int], regions: Sequence[str], emissions, gdp, population,
               sinks, used=None) -> np.ndarray:
    """(T, R) Mt before land sinks that each province may emit, nan in years without a cap; years begin at the base.

    emissions (R,) of the base year net of capture and before sinks, Mt; gdp, population, sinks (T, R); used (R,) Mt by
    whose final use they serve, which the rules take with `accounting: consumption` (what binds is emitted on the
    territory in both). Raises InputError where a rule has no data, or without trade needs the pathway's own answer.
    """
    allocation = scenario.carbon.allocation
    weights = {name: weight for name, weight in allocation.weights.items() if weight > 0}
    if weights.get(OF_THE_PATHWAY) and not scenario.carbon.permit_trade:
        raise InputError(Problem(
            f"carbon.allocation.weights.{OF_THE_PATHWAY}", "its quotas are the answer of the pathway and cannot bind "
            "it", "give the weight to other rules, or set carbon.permit_trade to true"))
    emissions, sinks = np.maximum(np.asarray(emissions, dtype=float), 0.0), np.asarray(sinks, dtype=float)
    path = cap_path(scenario, years, float(emissions.sum() - sinks[0].sum()))
    caps = path + sinks.sum(axis=1)
    has = np.isfinite(caps)
    found = np.full(sinks.shape, np.nan)
    if not has.any():
        return found
    territory, emissions = emissions, counted(emissions, used, allocation)
    # Rules ask for the total of each year only; years without a cap are divided too, and thrown away.
    total = np.where(has, caps, emissions.sum())
    growth = np.divide(gdp, gdp[0], out=np.ones_like(gdp), where=np.broadcast_to(gdp[0] > 0, gdp.shape))
    share = emissions / emissions.sum()
    history_years, history = emission_history(regions, emissions, allocation.responsibility_from,
                                              territory=territory)
    run = Run(years=tuple(years), regions=tuple(regions), base_year=years[0], emissions=emissions,
              baseline=emissions * growth, optimum=total[:, None] * share, gdp=gdp, population=population,
              price=np.zeros(len(years)), cost=np.zeros_like(gdp), convergence_year=allocation.convergence_year,
              sinks=sinks, history=history, history_years=history_years, base_gdp=gdp[0],
              history_discount=allocation.responsibility_discount)
    found[has] = blended(run, weights)[has]
    return found
