"""The coupled model: macro closure, input-output core, technology pathway and their fixed point (E7-E13).

The national programme is iterated with the economy of all provinces to the scenario's tolerance; on request its
economy and prices start the programme over all provinces, which is then polished with the economy.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from io_tables.base_year import BaseYear
from io_tables.errors import Infeasible, ModelError
from model.deferred import Bounds
from model.pathway.assembled import Assembled, Plan
from model.pathway.choice import Choice, first_choice
from model.pathway.closing import Economy, generated
from model.pathway.conflict import clash_of
from model.pathway.draft import MONEY
from model.pathway.frozen_loop import FrozenLoop
from model.pathway.joining import Joining
from model.pathway.national_loop import Loop, NationalLoop
from model.pathway.places import Places, provincial
from model.pathway.provincial_loop import ProvincialLoop
from model.pathway.requirements_of_year import PLACED
from model.pathway.timing import Timing
from model.study import Study, Year
from model.technology.catalogue import Catalogue
from model.technology.catalogue import catalogue as shipped_catalogue
from model.technology.progress import scenario_catalogue
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from model.rolling import Sight

#: What the programme takes for granted beside the scenario; printed with every result.
ASSUMED = (
    "captured CO2 not stored in its own province goes to a national pool at the cost of a 500 km pipeline",
    "grid regions peak at 0.93 of the sum of their provinces; half of the lines into a region count as firm",
    "growth limits bind the nation's yearly additions, not each province's",
    "household purchases of cars and heating are costs, not columns of the requirement matrix",
    "hydrogen is made in the province that uses it; scrap is one national market",
    "wind and solar output is scaled to published generation of 2021-2024 over mean capacity",
    "capacities of 2025 lie between those of 2024 and one more year of the growth of 2024",
    "cars and heating of households do not follow prices, other consumption does (capital goods at prices of 2020)",
    "use of a technology falls by retirement and 5 % a year at most; idling faster costs the product's price",
    "a plant refitted with capture is at a third of its life and costs the difference of both investments",
    "what is not resolved by technologies follows the scenario's efficiency and electrification paths",
)


#: How close the national loop comes before the programme over all provinces goes on from it.
START = 1.0


@dataclass(frozen=True)
class Coupled:
    """The pathway, the economy it was proved on, and how close both are.

    years : the economy of every model year at the chosen technologies; choice : activity, additions by province;
    plan : the programme's solution by place (`places.names`), years after the first. resolution : 'provincial' or
    'national' (the choice is then laid out over provinces by today's pattern). objective 10^8 yuan, discounted.
    gap, violation : to the lower bound of the complete programme (E13). outer : the fixed point's residual,
    contraction and bound. duals : row, place, year, value (10^8 yuan of the year per unit), unit. policies : name,
    year, dual, slack. unmet : what was bought off, by name. seconds : CPU by step.
    z (n,), prices (m,), multipliers (k,) : the programme's point and the duals of its product rows and rows K, in
    10^10 yuan discounted (`outer.iterate.assembled.complete`). other_start : relative difference of the objective of
    the same run begun elsewhere, None where there was none. joining : the solver object of the programme over all
    provinces, None where none is at hand.
    """

    study: Study
    years: tuple[Year, ...]
    choice: Choice
    plan: Plan
    places: Places
    resolution: str
    objective: float
    bounds: Bounds
    outer: Loop
    passes: int
    duals: pd.DataFrame
    policies: pd.DataFrame
    unmet: dict[str, float]
    seconds: dict[str, float]
    not_enforced: tuple[str, ...]
    z: np.ndarray
    prices: np.ndarray
    multipliers: np.ndarray
    assumed: tuple[str, ...] = field(default=ASSUMED)
    other_start: float | None = None
    joining: Joining | None = field(default=None, repr=False, compare=False)

    @property
    def gap(self) -> float:
        """Relative gap to the lower bound of the complete programme."""
        return self.bounds.gap

    @property
    def violation(self) -> float:
        """Worst relative violation of a product row."""
        return self.bounds.violation

    @property
    def converged(self) -> bool:
        """Whether gap, violation and outer residual are within the scenario's tolerances."""
        coupling = self.study.scenario.coupling
        inside = max(abs(self.gap), self.violation) <= coupling.gap
        return bool(inside and self.outer.residual <= coupling.tolerance)


def solve(base_year: BaseYear, scenario: Scenario, *, start: Choice | None = None, catalogue: Catalogue | None = None,
          resolution: str | None = None, progress=None, sight: Sight | None = None) -> Coupled:
    """Find the least-cost pathway of all provinces and the economy that goes with it.

    start : a choice to start from (default: the scenario's technology shares); resolution : by default the scenario's,
    'national' (the programme of the nation as one place, its choice laid out over provinces by today's pattern) or
    'provincial' (the programme over all provinces, started from it); ask `.converged` how far it came.
    progress(step, number, residual, reached) is called on the way (`reached` only by the provincial step).
    sight : what a step of a rolling horizon is part of.
    Raises Infeasible naming a minimal set of targets that cannot hold together.
    """
    if sight is None and scenario.technology.foresight.mode == "rolling":
        # Imported here: a rolling horizon is a row of such solves.
        from model.rolling import solve_rolling

        return solve_rolling(base_year, scenario, catalogue=catalogue, progress=progress)
    # a step of a rolling horizon sees the nation as one place
    resolution = "national" if sight is not None else resolution or scenario.coupling.resolution
    adjusted = catalogue or scenario_catalogue(shipped_catalogue(), scenario, base_year.year)
    study = (CoupledStudy if sight is None else sight.study)(base_year, scenario, adjusted)
    seconds, began = {}, time.process_time()

    def lap(name):
        nonlocal began
        seconds[name] = time.process_time() - began
        began = time.process_time()

    years: list[Year] = []
    for t in range(len(scenario.years)):
        years.append(study.solve(t, years[-1] if years else None))
    lap("first economy")
    economics = scenario.economics
    timing = Timing.of(scenario.years, rate=economics.discount_rate, middle=economics.discounting == "mid",
                       salvage=economics.salvage == "straight_line", weights=economics.period_weights)
    use = Economy(study, lines=False).base_use
    places = provincial(base_year, scenario, study.catalogue, use)
    choice = start or first_choice(study, years)
    loop = (NationalLoop(study, places, timing, years, choice) if sight is None
            else FrozenLoop(study, places, timing, years, choice, sight.additions, sight.refits))
    goal = None if resolution == "national" else START
    national = _checked(lambda: loop.run(_told(progress, "national"), goal), loop, choice, years)
    lap("national loop")
    joined = national.iterate.joined
    if resolution == "national":
        return _coupled(study, national, loop.places, "national", joined.bounds, joined.prices, joined.multipliers,
                        joined.z, len(joined.passes), seconds)
    full, joining, reached = ProvincialLoop(study, places, timing).run(national, _told(progress, "provincial"))
    lap("provincial loop")
    found = _coupled(study, full, places, "provincial", reached.bounds, reached.prices, reached.multipliers, reached.z,
                     len(joining.history), seconds)
    return replace(found, joining=joining)


class CoupledStudy(Study):
    """A study whose generation leaves out what storage gives back; losses of lines and storage count as use."""

    def generation(self, activity: np.ndarray) -> np.ndarray:
        """(R,) TWh generated."""
        return generated(self, activity)

    def own_mixes(self, t: int) -> None:
        """None: shares are only where the loop starts, the programme keeps what provinces have of their own."""


def _told(progress, step: str):
    return (lambda number, residual, *rest: progress(step, number, residual, *rest)) if progress else None


def _checked(run, loop: NationalLoop, choice: Choice, years: list[Year]) -> Loop:
    """Run, and when the programme has no solution say which targets clash."""
    try:
        return run()
    except ModelError as error:
        if isinstance(error, Infeasible) or "infeasible" not in str(error):
            raise
        whole = loop.programme(choice, years)
        clash = clash_of(whole)
        raise (clash or error) from None


def _coupled(study, outer: Loop, places, resolution, bounds, prices, multipliers, z, passes, seconds) -> Coupled:
    whole, plan = outer.iterate.assembled, outer.iterate.plan
    unmet = {name: amount for name, amount in (
        ("electricity TWh", float(plan.unserved.sum())), ("firm capacity GW", float(plan.unserved_firm.sum())),
    ) if amount > 1e-6} | {f"statistic: {n}": v for n, v in plan.missed.items()}
    scaled = Bounds(bounds.objective / MONEY, bounds.lower_bound / MONEY, bounds.gap, bounds.violation)
    return Coupled(study, tuple(outer.iterate.years), outer.iterate.choice, plan, places, resolution,
                   scaled.objective, scaled, outer, passes, dual_table(whole, prices, multipliers),
                   policy_table(whole, multipliers, z), unmet, seconds, tuple(whole.draft.not_enforced), z,
                   prices, multipliers)


UNITS = {"electricity": "TWh", "heat": "PJ", "co2": "Mt CO2", "freight": "1e9 tkm"}


def dual_table(whole: Assembled, prices: np.ndarray, multipliers: np.ndarray) -> pd.DataFrame:
    """Prices of products, firm capacity, biomass, scrap and lines, 10^8 yuan of the year per unit."""
    d, names = whole.draft, whole.draft.places.names
    rows = []
    laid = prices.reshape(d.T, -1)[:, : len(PLACED) * d.G].reshape(d.T, len(PLACED), d.G) / d.weight[:, None, None]
    for q, row in enumerate(PLACED):
        for g, place in enumerate(names):
            rows += [(f"price {row}", place, year, laid[t, q, g], UNITS.get(row, "Mt"))
                     for t, year in enumerate(d.years)]

    def add(name, positions, labels, unit):
        found = -multipliers[whole.kept(positions)].reshape(len(labels), d.T) / d.weight
        for label, values in zip(labels, found, strict=True):
            rows.extend((name, label, year, value, unit) for year, value in zip(d.years, values, strict=True))

    add("scarcity biomass", d.biomass_rows, names, "PJ")
    for item, positions in d.scrap_rows.items():
        add(f"scarcity {item}", positions[None], ("China",), "Mt")
    if len(d.places.line_ends):
        hours = d.places.hours / 1000.0
        value = -(multipliers[whole.kept(d.line_rows)] * hours).sum(axis=2) / d.weight
        for (a, b), path in zip(d.places.line_ends, value, strict=True):
            line = f"{names[a]}-{names[b]}"
            rows += [("value of line", line, year, v, "GW") for year, v in zip(d.years, path, strict=True)]
    return pd.DataFrame(rows, columns=["row", "place", "year", "value", "unit"])


def policy_table(whole: Assembled, multipliers: np.ndarray, z: np.ndarray) -> pd.DataFrame:
    """Caps and targets: slack in the row's own unit, and the shadow price of one unit, 10^8 yuan of the year."""
    d, c = whole.draft, whole.complete
    rows, z = [], z.copy()
    # columns of primary energy cost nothing: where no target binds they may stand above what the rows ask
    z[d.primary] = (c.f + c.M.product(z)).reshape(d.T, -1)[:, -len(d.primary):].T
    for label, (name, year) in d.names.items():
        at = int(whole.kept(d.programme.rows[label].index)[0])
        slack = c.k_upper[at] - float((c.K[[at]] @ z)[0])
        rows.append((name, year, slack, -multipliers[at] / d.weight[d.years.index(year)]))
    return pd.DataFrame(rows, columns=["policy", "year", "slack", "shadow_price"])
