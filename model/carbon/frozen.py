"""The pathway programme at a frozen economy: the same provinces, demand and requirements under other carbon limits.

Cost curves, quotas and divisions of cost are about one programme; here only its carbon rows and prices move, so that
solves differ in nothing else (E14 keeps demand frozen).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from io_tables.errors import InputError, Problem
from model.carbon.pipelines import with_pipelines
from model.deferred import Bounds
from model.pathway.assembled import assembled, draft_of, plan_of
from model.pathway.draft import MONEY
from model.pathway.joining import Joining
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from model.coupling import Coupled


def at_economy_of(coupled: Coupled, *, gap: float | None = None, passes: int | None = None,
                  ) -> Callable[[Scenario], Coupled]:
    """A `solve` for scenarios that differ from a run's in `carbon` and `targets` only, at the run's last economy.

    gap, passes : when a solve stops (default: the scenario's own). What comes back is the run with another programme,
    plan and duals; `bounds` say how close it is. `kilometres` (G,) : lengths of CO2 pipelines by province.
    Raises InputError for a scenario that differs elsewhere.
    """
    from model.coupling import dual_table, policy_table

    iterate, old = coupled.outer.iterate, coupled.outer.iterate.assembled.draft
    own = coupled.study.scenario

    def solve(scenario: Scenario, *, kilometres: np.ndarray | None = None) -> Coupled:
        other = scenario.model_copy(update={"carbon": own.carbon, "targets": own.targets, "name": own.name})
        if other != own:
            different = [name for name in type(own).model_fields if getattr(other, name) != getattr(own, name)]
            raise InputError([Problem(f"scenario.{name}", "differs from the run whose economy is kept",
                                      "only carbon and targets may") for name in different])
        study = copy.copy(coupled.study)
        object.__setattr__(study, "scenario", scenario)
        whole = assembled(draft_of(study, coupled.places, old.timing, iterate.requirements, old.base_co2,
                                   old.residual_biomass), own.coupling.keep)
        if kilometres is not None:
            whole = with_pipelines(whole, kilometres)
        reached = Joining(whole.complete, coupled.z, coupled.prices, derived=whole.draft.derived).passes(
            own.coupling.gap if gap is None else gap, own.coupling.max_passes if passes is None else passes)
        plan, b = plan_of(whole.draft, reached.z), reached.bounds
        bounds = Bounds(b.objective / MONEY, b.lower_bound / MONEY, b.gap, b.violation)
        return replace(
            coupled, study=study, plan=plan, objective=bounds.objective, bounds=bounds,
            outer=replace(coupled.outer, iterate=replace(iterate, assembled=whole, plan=plan)),
            duals=dual_table(whole, reached.prices, reached.multipliers),
            policies=policy_table(whole, reached.multipliers, reached.z), z=reached.z, prices=reached.prices,
            multipliers=reached.multipliers, joining=None)

    return solve
