"""Limited foresight (E10): each step sees so many years ahead, builds its next year, and goes on from there.

A step solves the coupled national programme over the years it sees, with what was built before fixed. Goals beyond
what it sees do not count yet: a cumulative budget counts only in the step that sees its last year. Once the last
model year is in sight the rest is decided together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from io_tables.base_year import BaseYear
from io_tables.errors import InputError
from model.technology.catalogue import Catalogue
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from model.coupling import Coupled, CoupledStudy


@dataclass(frozen=True)
class Sight:
    """What a step is part of, and what was built before it: additions (years fixed, K) of the nation a year, and what
    was refitted, by target."""

    whole: Scenario
    additions: np.ndarray
    refits: np.ndarray

    def study(self, base_year: BaseYear, seen: Scenario, catalogue: Catalogue) -> CoupledStudy:
        """The study of a step. The economy of a year is that of the whole scenario, whoever looks at it."""
        from model.coupling import CoupledStudy

        study = CoupledStudy(base_year, seen, catalogue)
        whole = CoupledStudy(base_year, self.whole, catalogue).assumed
        count = len(seen.years)
        study.assumed = replace(whole, **{
            f.name: getattr(whole, f.name)[:count] for f in fields(whole) if getattr(whole, f.name) is not None})
        return study


def solve_rolling(base_year: BaseYear, scenario: Scenario, *, catalogue: Catalogue | None = None,
                  progress=None) -> Coupled:
    """The pathway under `technology.foresight.look_ahead`; on the national programme.

    progress(step, number, residual) as in `coupling.solve`, the step named after the years it sees.
    Raises InputError for another resolution, Infeasible when a step cannot meet what it sees with what stands.
    """
    from model.coupling import solve

    if scenario.coupling.resolution != "national":
        raise InputError("technology.foresight.mode rolling works on the national programme; set coupling.resolution "
                         "to national, or foresight to perfect")
    frozen, refits, coupled = np.zeros((0, 1)), np.zeros((0, 1)), None
    for built, end in enumerate(windows(scenario.years, scenario.technology.foresight.look_ahead)):
        seen = up_to(scenario, end)
        if coupled is not None:
            frozen, refits = (a[0, :, :built].T for a in (coupled.plan.building, coupled.plan.refit))
        told = (lambda _, *rest, end=end: progress(f"to {end}", *rest)) if progress else None
        coupled = solve(base_year, seen, catalogue=catalogue, progress=told, sight=Sight(scenario, frozen, refits))
    look = scenario.technology.foresight.look_ahead
    return replace(coupled, assumed=(*coupled.assumed, f"each step sees {look} years ahead and keeps what was built"))


def windows(years: tuple[int, ...], look_ahead: int) -> list[int]:
    """Last year that each step sees: at least the next model year, at most look_ahead years on."""
    ends = []
    for decided in years[:-1]:
        ends.append(max([y for y in years if y <= decided + look_ahead and y > decided], default=0)
                    or years[years.index(decided) + 1])
        if ends[-1] == years[-1]:
            break
    return ends


def up_to(scenario: Scenario, end: int) -> Scenario:
    """The scenario as seen to a year: later model years, goals and the budget are out of sight."""
    if end == scenario.years[-1]:
        return scenario
    carbon = scenario.carbon
    unseen = {name: None for name in ("peak_year", "neutral_year")
              if getattr(carbon, name) is not None and getattr(carbon, name) > end}
    return scenario.model_copy(update={
        "years": tuple(y for y in scenario.years if y <= end),
        "carbon": carbon.model_copy(update={**unseen, "budget": None}),
        "targets": tuple(t for t in scenario.targets if t.year <= end),
    })
