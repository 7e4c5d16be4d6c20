"""What an earlier or later peak costs: one national programme re-solved for every allowed peak year (E10).

The economy stays frozen at a run's final state, and so do the requirements of every technology. All policy rows of all
peak years lie in one solver object; each peak year switches its own on and the simplex goes on from the last basis.
Between model years the peak is not resolved, so only model years are allowed.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from io_tables.errors import InputError, ModelError
from model.pathway.assembled import Assembled, assembled, draft_of
from model.pathway.budget import budget_weights
from model.pathway.carbon import base_co2
from model.pathway.draft import MONEY
from model.pathway.exact import exact, national_iterate
from model.pathway.national_loop import Iterate
from model.pathway.requirements_of_year import PLACED
from model.programme import INFINITY, Engine, Solution

if TYPE_CHECKING:
    from model.coupling import Coupled

#: Allowed peak years where none are named: model years in this range.
FIRST, LAST = 2025, 2035
#: Years whose carbon prices are shown, as far as they are model years; the last one always is.
PRICED = (2030, 2035, 2050)
#: 10^8 yuan per Mt is 100 yuan per tonne.
YUAN_PER_TONNE = 100.0
ALL, ALONE = "all targets", "peak and neutrality alone"


def peak_curve(coupled: Coupled, years: tuple[int, ...] | None = None) -> pd.DataFrame:
    """Cost and height of the peak for each allowed peak year, with all targets of the scenario and with none but
    peak and neutrality (no stated targets, no budget).

    years : allowed peak years, model years. Returns rows goals, allowed (year), status, peak_year, peak (Mt CO2 net),
    cost (10^8 yuan, discounted), difference (10^8 yuan, to the scenario's peak year), per cent, cumulative (Gt net
    from the first to the last year), price YEAR (yuan per tonne). Raises InputError where a year is no model year.
    """
    iterate = national_iterate(coupled)
    d = iterate.assembled.draft
    wanted = [y for y in d.years if FIRST <= y <= LAST] if years is None else list(years)
    wrong = [y for y in wanted if y not in d.years]
    if wrong or not wanted:
        raise InputError(f"peak years: {wrong or 'none'} among the model years {', '.join(map(str, d.years))}")
    own = d.study.scenario.carbon.peak_year
    known = [y for y in d.years if own is not None and y <= own]
    reference = known[-1] if known else None
    cases = {(goals, y): _case(iterate, y, goals == ALONE)
             for goals in (ALL, ALONE) for y in dict.fromkeys([*wanted, *([reference] if reference else [])])}
    switched = _Switched(list(cases.values()))
    rows = []
    for number, (goals, allowed) in enumerate(cases):
        solution, warm = switched.solve(number), number > 0
        rows.append({"goals": goals, "allowed": allowed, "status": solution.status,
                     **(_figures(d, solution) if solution.optimal else {}), "warm": warm,
                     "seconds": solution.seconds})
    table = pd.DataFrame(rows)
    for _, group in table.groupby("goals"):
        at = group[group["allowed"] == reference]["cost"] if reference else group["cost"].iloc[-1:]
        difference = table.loc[group.index, "cost"] - float(at.iloc[0])
        table.loc[group.index, "difference"] = difference
        table.loc[group.index, "per cent"] = 100.0 * difference / float(at.iloc[0])
    return table[table["allowed"].isin(wanted)].reset_index(drop=True)


def _case(iterate: Iterate, peak_year: int, alone: bool) -> Assembled:
    """The national programme with another peak year."""
    d = iterate.assembled.draft
    scenario = d.study.scenario
    carbon = scenario.carbon.model_copy(
        update={"peak_year": peak_year} | ({"budget": None} if alone else {}))
    study = copy(d.study)
    study.scenario = scenario.model_copy(update={"carbon": carbon} | ({"targets": []} if alone else {}))
    draft = draft_of(study, d.places, d.timing, d.requirements, d.base_co2, d.residual_biomass)
    return assembled(draft, scenario.coupling.keep)


class _Switched:
    """Programmes that differ by their policy rows, in one solver object."""

    def __init__(self, cases: list[Assembled]):
        base, found, self._sides = None, {}, []
        for whole in cases:
            compiled = exact(whole)
            matrix = compiled.matrix.tocsr()
            m = len(whole.complete.f)
            policy = np.array([m + int(whole.kept(whole.draft.programme.rows[label].index)[0])
                               for label in whole.draft.names], dtype=int)
            rest = np.setdiff1d(np.arange(matrix.shape[0]), policy)
            if base is None:
                base, common = compiled, matrix[rest]
                low, high = compiled.row_lower[rest], compiled.row_upper[rest]
            elif matrix[rest].shape != common.shape or abs(matrix[rest] - common).max() > 1e-9:
                raise ModelError("peak years: programmes differ by more than their policy rows")
            sides = {}
            for row in policy:
                entries = matrix[[row]]
                key = (entries.indices.tobytes(), entries.data.tobytes())
                place = found.setdefault(key, (len(found), entries))[0]
                sides[place] = min(sides.get(place, np.inf), compiled.row_upper[row])
            self._sides.append(sides)
        extra = [entries for _, entries in found.values()]
        self._first, self._count = common.shape[0], len(extra)
        whole = sparse.vstack([common, *extra]).tocsc()
        free = np.full(self._count, INFINITY)
        self._engine = Engine(replace(base, matrix=whole, row_lower=np.concatenate([low, -free]),
                                      row_upper=np.concatenate([high, free])))
        self._solved = False

    def solve(self, number: int) -> Solution:
        """Optimum with the policy rows of one case."""
        upper = np.full(self._count, INFINITY)
        for place, side in self._sides[number].items():
            upper[place] = side
        self._engine.set_row_bounds(self._first + np.arange(self._count), -INFINITY, upper)
        solution = self._engine.resolve() if self._solved else self._engine.solve("ipm")
        self._solved = True
        return solution


#: Mt CO2 by which the years of a plateau may differ.
PLATEAU = 1e-3


def _figures(d, solution: Solution) -> dict[str, float]:
    z = solution.value("z")
    sinks = d.study.assumed.sinks[1:].sum(axis=1)
    net = z[d.co2].sum(axis=0) - sinks
    first = base_co2(d) - d.study.assumed.sinks[0].sum()
    # a plateau peaks in its first year
    top = int(np.flatnonzero(net >= net.max() - PLATEAU)[0])
    price = solution.dual("product").reshape(d.T, -1)[:, PLACED.index("co2")] / d.weight * YUAN_PER_TONNE
    shown = [t for t, y in enumerate(d.years) if y in PRICED or t == d.T - 1]
    return {"peak_year": d.years[top], "peak": float(net[top]), "cost": solution.objective / MONEY,
            "cumulative": float(budget_weights(d.timing, "trapezium") @ np.append(first, net)) / 1000.0,
            **{f"price {d.years[t]}": float(price[t]) for t in shown}}
