"""From the tables of a pathway problem to its programme (E10).

Columns: activity of a process (region, technology, mode) per year and slice, new capacity, standing
capacity where something depends on it, store levels, emissions. Technologies without slices whose
capacity costs nothing to keep are bounded by their surviving vintages directly (the lean form).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from model.programme import Compiled
from model.technology.balances import add_balances
from model.technology.capacity import add_capacity, number_pairs
from model.technology.conventions import Timeline, capital_weight
from model.technology.draft import Draft, Flows
from model.technology.limits import add_emissions, add_growth, add_limits, add_reserves
from model.technology.policies import add_policies
from model.technology.problem import Problem
from model.technology.processes import add_activity_columns, number_processes
from model.technology.store_levels import add_stores


@dataclass(frozen=True)
class Assembly:
    """A problem's programme with the positions of its parts."""

    problem: Problem
    draft: Draft
    compiled: Compiled
    policies: pd.DataFrame   # label, policy, kind, region, year, sense, row, limit, weight
    flows: Flows

    def horizon(self, until: int) -> Timeline:
        """The timeline that ends with period `until`."""
        t = self.draft.times
        cut = slice(0, until + 1)
        return replace(t, years=t.years[cut], start=t.start[cut], duration=t.duration[cut],
                       operation_weight=t.operation_weight[cut], investment_weight=t.investment_weight[cut],
                       capacity_per_new=t.capacity_per_new[cut])

    def investment_costs(self, times: Timeline) -> np.ndarray:
        """Costs of the new-capacity columns (Q, Y) if the horizon were that of `times`."""
        d, count = self.draft, len(times.years)
        cut = slice(0, count)
        return d.capital[:, cut] * capital_weight(d.life[:, cut], d.hurdle, d.salvage[:, cut], times)


def assemble(problem: Problem) -> Assembly:
    """Build the programme of a problem. Raises InputError for rows that overlap or contradict."""
    draft = Draft(problem, problem.sets, problem.timeline)
    draft.share = problem.slices["share"].to_numpy(dtype=float)
    flows = number_processes(draft)
    number_pairs(draft)
    draft.settle()
    add_activity_columns(draft, flows)
    add_capacity(draft)
    add_balances(draft, flows)
    add_stores(draft, flows)
    add_emissions(draft)
    add_limits(draft)
    add_growth(draft)
    add_reserves(draft, flows)
    policies = add_policies(draft, flows)
    draft.settle()
    return Assembly(problem, draft, draft.programme.compiled(), policies, flows)
