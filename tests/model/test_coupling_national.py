"""The national pathway programme at a frozen economy: exact rows, prices that are derivatives, monotone costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from model.coupling import ASSUMED, CoupledStudy, dual_table, policy_table
from model.deferred import solve_deferred
from model.pathway.assembled import assembled, plan_of
from model.pathway.choice import first_choice
from model.pathway.closing import Economy, generated, no_pins
from model.pathway.conflict import clash_of
from model.pathway.national_loop import NationalLoop
from model.pathway.places import provincial
from model.pathway.requirements_of_year import PLACED, requirements
from model.pathway.timing import Timing
from model.technology.catalogue import catalogue
from scenarios.load import load_scenario

PINS = ("technology.choice=optimise", "technology.history=free", "years=[2020, 2030, 2040, 2050, 2060]",
        "power.slices=1", "carbon.national_cap={2050: 6000}", "targets=[]")


class Frozen:
    """The economy at the scenario's shares and the national programme on it."""

    def __init__(self, *overrides: str):
        base = BaseYear.load()
        scenario = load_scenario("assumed_mixes", overrides=(*PINS, *overrides))
        self.study = CoupledStudy(base, scenario, catalogue())
        self.years = []
        for t in range(len(scenario.years)):
            self.years.append(self.study.solve(t, self.years[-1] if self.years else None))
        self.choice = first_choice(self.study, self.years)
        economy = Economy(self.study, lines=False)
        places = provincial(base, scenario, self.study.catalogue, economy.base_use)
        timing = Timing.of(scenario.years, rate=scenario.economics.discount_rate)
        self.loop = NationalLoop(self.study, places, timing, self.years, self.choice)
        pins = no_pins(self.study)
        self.closed = [economy.year(t, self.choice, y, pins) for t, y in enumerate(self.years)]
        self.found = [requirements(economy, y, t, self.choice, pins, self.loop.places.member, self.loop.pattern[t])
                      for t, y in enumerate(self.closed) if t]
        self.whole = assembled(self.loop.draft(self.closed, self.found), 3e-2)
        self.optimum = self.solve()

    def solve(self, **changes):
        start = (self.optimum.z, self.optimum.prices, self.optimum.rents) if hasattr(self, "optimum") else None
        return solve_deferred(replace(self.whole.complete, **changes), threshold=3e-2, start=start, tolerance=1e-9,
                              max_passes=60, tie_break=0.0)

    def row(self, label: str) -> int:
        return int(self.whole.kept(self.whole.draft.programme.rows[label].index)[0])


@pytest.fixture(scope="module")
def frozen():
    return Frozen()


def test_what_everything_else_asks_equals_final_demand_carried_through_the_economy(frozen):
    """rest = f_P + A_PN R f_N (E9), computed from demand alone, for products whose columns technologies cover whole."""
    from model.condensed import condense

    base, year, found = frozen.study.base, frozen.closed[2], frozen.found[1]
    e, N = year.economy, len(base.sectors)
    d, chi = e.demand, e.closed.chi
    use, supply = d.fixed + chi * d.consumption, d.inventories + e.closed.exports
    investment = frozen.loop.economy.technology_investment(frozen.choice.building[2], year.year)
    use = use - investment * (1 - frozen.loop.economy.investment_import_share)
    for product in ("cement", "ammonia", "paper", "freight"):
        p, i = base.products.index(product), base.industries.index(product)
        row = e.domestic[None, :, i, :N] / base.product_price[p]
        through = condense(e.domestic[:, :N, :N], e.closed.trade_shares[:N], row)
        direct = (use[:, i].sum() + supply[:, i].sum()) / base.product_price[p]
        expected = direct + through.of_use(use[:, :N])[0] + through.of_supply(supply[:, :N])[0]
        assert found.rest[PLACED.index(product)] == pytest.approx(expected, rel=1e-6)


def test_programme_reaches_its_lower_bound_and_every_row_holds(frozen):
    bounds = frozen.optimum.bounds
    assert abs(bounds.gap) < 1e-6 and bounds.violation < 1e-6
    plan = plan_of(frozen.whole.draft, frozen.optimum.z)
    use, made = plan.electricity_use[0], generated(frozen.study, plan.activity.transpose(0, 2, 1))[0]
    np.testing.assert_allclose(made + plan.unserved.sum(axis=(0, 2)), use + plan.net_losses[0], rtol=1e-6)


def test_price_of_the_cap_of_2050_is_what_a_tonne_costs(frozen):
    row = frozen.row("policy carbon.national_cap 2050")
    sides = []
    for change in (-2.0, 2.0):
        upper = frozen.whole.complete.k_upper.copy()
        upper[row] += change
        sides.append(frozen.solve(k_upper=upper).bounds.objective)
    assert frozen.optimum.multipliers[row] < 0
    assert (sides[1] - sides[0]) / 4.0 == pytest.approx(frozen.optimum.multipliers[row], rel=1e-2)


def test_tightening_any_cap_never_lowers_cost(frozen):
    for label in frozen.whole.draft.names:
        upper = frozen.whole.complete.k_upper.copy()
        upper[frozen.row(label)] -= 20.0
        assert frozen.solve(k_upper=upper).bounds.objective >= frozen.optimum.bounds.objective * (1 - 1e-8)


@pytest.mark.parametrize("key", ["wind_onshore", "nuclear", "dac", "freight_bev"])
def test_removing_a_technology_never_lowers_cost(frozen, key):
    d, upper = frozen.whole.draft, frozen.whole.complete.upper.copy()
    upper[d.building[:, frozen.study.keys.index(key)].ravel()] = 0.0
    solved = frozen.solve(upper=upper)
    assert solved.bounds.objective >= frozen.optimum.bounds.objective * (1 - 1e-8)


def test_prices_are_named_by_row_place_and_year(frozen):
    table = dual_table(frozen.whole, frozen.optimum.prices, frozen.optimum.multipliers)
    steel = table[(table["row"] == "price steel") & (table["year"] == 2030)]["value"].iloc[0]
    assert 10.0 < steel < 100.0, "10^8 yuan per Mt: 1,000 to 10,000 yuan a tonne"
    policies = policy_table(frozen.whole, frozen.optimum.multipliers, frozen.optimum.z)
    assert (policies["slack"] > -1e-5).all() and (policies["shadow_price"] >= -1e-9).all()
    assert ASSUMED


def test_targets_that_clash_are_named_with_their_least_relaxation(frozen):
    assert clash_of(frozen.whole) is None
    row = frozen.row("policy carbon.neutral_year 2060")
    upper = frozen.whole.complete.k_upper.copy()
    upper[row] = -20000.0
    clash = clash_of(replace(frozen.whole, complete=replace(frozen.whole.complete, k_upper=upper)))
    assert clash.clashing == ("carbon.neutral_year",)
    relaxation = clash.relaxations["carbon.neutral_year"]
    assert 0 < relaxation < 20000
    upper[row] += relaxation * (1 + 1e-4) + 1e-3
    for label in frozen.whole.draft.names:
        if label.startswith("policy carbon.neutral_year"):
            upper[frozen.row(label)] = max(upper[frozen.row(label)], upper[row])
    assert clash_of(replace(frozen.whole, complete=replace(frozen.whole.complete, k_upper=upper))) is None
