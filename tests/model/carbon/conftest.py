"""The programme of all 31 provinces at three model years after a few passes, which the tests of the deal share."""


from __future__ import annotations

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from model.carbon.deal import divided
from model.coupling import Coupled, CoupledStudy, dual_table, policy_table
from model.deferred import Bounds, solve_deferred
from model.pathway.assembled import assembled, draft_of, plan_of
from model.pathway.choice import first_choice
from model.pathway.closing import Economy, no_pins
from model.pathway.draft import MONEY
from model.pathway.national_loop import Iterate, Loop, biomass_outside, net_co2
from model.pathway.places import provincial
from model.pathway.requirements_of_year import requirements
from model.pathway.timing import Timing
from model.technology.catalogue import catalogue
from scenarios.load import load_scenario

SETTINGS = ("technology.choice=optimise", "technology.history=free", "years=[2020, 2040, 2060]", "power.slices=1",
            "targets=[]")
PASSES = 3


class Frozen:
    """The programme of all provinces at the economy of the scenario's technology shares."""

    def __init__(self):
        self.base, self.scenario = BaseYear.load(), load_scenario("assumed_mixes", overrides=SETTINGS)
        self.study = CoupledStudy(self.base, self.scenario, catalogue())
        years = []
        for t in range(len(self.scenario.years)):
            years.append(self.study.solve(t, years[-1] if years else None))
        self.choice, self.economy = first_choice(self.study, years), Economy(self.study, lines=True)
        use = Economy(self.study, lines=False).base_use
        self.places = provincial(self.base, self.scenario, self.study.catalogue, use)
        self.timing = Timing.of(self.scenario.years, rate=self.scenario.economics.discount_rate)
        self.pins = no_pins(self.study)
        self.years = [self.economy.year(t, self.choice, y, self.pins) for t, y in enumerate(years)]
        even = np.ones_like(self.choice.activity[0])
        self.found = [requirements(self.economy, y, t, self.choice, self.pins, self.places.member, even)
                      for t, y in enumerate(self.years) if t]

    def coupled(self, scenario, passes=PASSES) -> Coupled:
        """A few passes on the programme of a scenario that differs in its carbon section only."""
        study = CoupledStudy(self.base, scenario, self.study.catalogue)
        whole = assembled(draft_of(study, self.places, self.timing, self.found, net_co2(self.years[0]),
                                   biomass_outside(self.years)), 3e-2)
        joined = solve_deferred(whole.complete, threshold=3e-2, max_passes=passes, tie_break=0.0)
        plan = plan_of(whole.draft, joined.z)
        loop = Loop(Iterate(self.choice, self.pins, self.years, self.found, whole, None, plan), 1.0, None, None, 1,
                    (1.0,), False)
        b = joined.bounds
        return Coupled(
            study=study, years=tuple(self.years), choice=self.choice, plan=plan, places=self.places,
            resolution="provincial", objective=b.objective / MONEY,
            bounds=Bounds(b.objective / MONEY, b.lower_bound / MONEY, b.gap, b.violation), outer=loop,
            passes=len(joined.passes), duals=dual_table(whole, joined.prices, joined.multipliers),
            policies=policy_table(whole, joined.multipliers, joined.z), unmet={}, seconds={}, not_enforced=(),
            z=joined.z, prices=joined.prices, multipliers=joined.multipliers)


@pytest.fixture(scope="session")
def frozen():
    return Frozen()


@pytest.fixture(scope="session")
def coupled(frozen):
    return frozen.coupled(frozen.scenario)


@pytest.fixture(scope="session")
def division(coupled):
    return divided(coupled, {"per_capita": 0.5, "grandfathering": 0.5})
