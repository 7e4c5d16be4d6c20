"""Scenario settings change the pathway programme as they say (E10)."""

from __future__ import annotations

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from io_tables.errors import InputError
from model.coupling import CoupledStudy
from model.pathway.assembled import assembled
from model.pathway.budget import budget_weights
from model.pathway.choice import first_choice
from model.pathway.closing import Economy, no_pins
from model.pathway.national_loop import NationalLoop
from model.pathway.places import line_losses, provincial
from model.pathway.requirements_of_year import PLACED, requirements
from model.pathway.timing import Timing
from model.technology.catalogue import catalogue
from model.technology.progress import scenario_catalogue
from scenarios.load import load_scenario

PINS = ("technology.choice=optimise", "technology.history=free", "years=[2020, 2030, 2060]", "power.slices=1",
        "targets=[]")


class Written:
    """The national programme at the scenario's shares, written and not solved."""

    def __init__(self, *overrides: str):
        base, scenario = BaseYear.load(), load_scenario("assumed_mixes", (*PINS, *overrides))
        self.study = study = CoupledStudy(base, scenario, scenario_catalogue(catalogue(), scenario, base.year))
        years = []
        for t in range(len(scenario.years)):
            years.append(study.solve(t, years[-1] if years else None))
        choice, economy, pins = first_choice(study, years), Economy(study, lines=False), no_pins(study)
        places = provincial(base, scenario, study.catalogue, economy.base_use)
        self.timing = Timing.of(scenario.years, rate=scenario.economics.discount_rate)
        loop = NationalLoop(study, places, self.timing, years, choice)
        self.years = [economy.year(t, choice, y, pins) for t, y in enumerate(years)]
        self.found = [requirements(economy, y, t, choice, pins, loop.places.member, loop.pattern[t])
                      for t, y in enumerate(self.years) if t]
        self.whole = assembled(loop.draft(self.years, self.found), 3e-2)

    def row(self, label: str):
        """Coefficients and upper side of a named policy row."""
        d, c = self.whole.draft, self.whole.complete
        at = int(self.whole.kept(d.programme.rows[label].index)[0])
        return c.K[[at]].toarray()[0], c.k_upper[at]


@pytest.fixture(scope="module")
def plain():
    return Written("carbon.budget=200000")


@pytest.fixture(scope="module")
def changed():
    """Every setting moved at once; each test looks at its own."""
    return Written(
        "carbon.budget=200000", "carbon.scope=energy", "economics.budget_rule=sum",
        "economics.import_prices={crude_oil: {2030: 1.5}, natural_gas: {2030: 1.5}}", "technology.progress=frozen",
        "technology.costs={nuclear: {investment: {2060: 2}}}", "power.accounting=calorific",
        "targets=[{indicator: non_fossil_share, year: 2060, value: 0.5, sense: at_least}]",
    )


def test_budget_rules_weigh_years_as_they_say():
    timing = Timing.of((2020, 2025, 2035), rate=0.05)
    np.testing.assert_allclose(budget_weights(timing, "trapezium"), [2.5, 7.5, 5.0])
    emitted = np.array([9.0, 10.0, 4.0])
    assert budget_weights(timing, "trapezium") @ emitted == pytest.approx(np.trapezoid(emitted, timing.years))
    np.testing.assert_allclose(budget_weights(timing, "sum"), [1.0, 5.0, 10.0])
    assert budget_weights(timing, "mean").sum() == pytest.approx(1.0)


def test_budget_rule_reaches_the_budget_row(plain, changed):
    for written, weights in ((plain, None), (changed, np.array([10.0, 30.0]))):
        coefficients, side = written.row("policy carbon.budget 2060")
        d = written.whole.draft
        expected = budget_weights(d.timing, "trapezium")[1:] if weights is None else weights
        np.testing.assert_allclose(coefficients[d.co2].ravel(), expected)
    emitted = changed.study.base.co2[:, :, :-1].sum() - changed.study.assumed.sinks[0].sum()
    sinks = np.array([10.0, 30.0]) @ changed.study.assumed.sinks[1:].sum(axis=1)
    assert side == pytest.approx(200000.0 - emitted + sinks, rel=1e-9)


def test_scope_energy_leaves_process_emissions_out_of_carbon_rows(plain, changed):
    q = PLACED.index("co2")
    for written in (plain, changed):
        for year, found in zip(written.years[1:], written.found, strict=True):
            net = year.energy.co2.sum() - year.energy.captured.sum()
            process = year.energy.co2[:, :, -1].sum()
            if written is plain:
                assert found.total[q] == pytest.approx(net, rel=1e-9)
            else:
                # captured process CO2 leaves both sides, so less than all of it is missing
                assert net - process - 1e-6 <= found.total[q] < net - 0.3 * process
    kiln = plain.study.keys.index("cement_kiln")
    gross = [written.found[0].matrix[q, 0, kiln] for written in (plain, changed)]
    process = plain.study.accounts.process[0][:, kiln].max()
    assert 0.5 * process < gross[0] - gross[1] < 1.5 * process


def test_dearer_imports_raise_costs_of_who_uses_oil(plain, changed):
    k = [plain.study.keys.index(key) for key in ("refining", "cement_kiln")]
    # running costs: oil bought from abroad through the whole chain
    rise = changed.found[0].cost[0, k] / plain.found[0].cost[0, k]
    assert rise[0] > 1.2 and rise[1] < 1.1


def test_frozen_progress_and_cost_factors_reach_the_cost_of_building(plain, changed):
    base, K = plain.study.base, len(plain.study.keys)
    wind, nuclear = (plain.study.keys.index(key) for key in ("wind_onshore", "nuclear"))
    price = catalogue().value
    for written, year, key in ((plain, 2060, wind), (changed, base.year, wind)):
        per_yuan = written.found[1].cost[0, K + 1 + key] / price("wind_onshore", "capex", year=year)
        assert 0.5 < per_yuan <= 1.1, "primary cost of a yuan of investment"
    paid = [w.found[1].cost[0, K + 1 + nuclear] for w in (plain, changed)]
    factor = 2.0 * price("nuclear", "capex", year=2020) / price("nuclear", "capex", year=2060)
    assert paid[1] / paid[0] == pytest.approx(factor, rel=0.1)


def test_accounting_of_electricity_reaches_the_target_row(changed):
    coefficients, _ = changed.row("policy targets.non_fossil_share 2060")
    d, t = changed.whole.draft, 1
    k = changed.study.keys.index("nuclear")
    from model.primary_energy import gross_generation

    expected = 0.5 * gross_generation(changed.study) * 3.6
    np.testing.assert_allclose(coefficients[d.generation[:, k, t].ravel()], -expected, rtol=1e-9)


def test_line_losses_follow_the_length_where_the_scenario_says_so():
    base = BaseYear.load()
    lines = base.tables["transmission_lines"]
    own = line_losses(lines, load_scenario("zero_shock"))
    np.testing.assert_array_equal(own, lines["loss"].to_numpy(float))
    said = line_losses(lines, load_scenario("zero_shock", ("power.line_losses=0.05",)))
    np.testing.assert_allclose(said, 0.05 * lines["length"].to_numpy(float) / 1000.0)


def test_a_price_and_a_target_on_the_same_tonne_are_refused():
    with pytest.raises(InputError, match="same tonne"):
        load_scenario("current_trend", (
            "carbon.price={2030: 100}", "targets=[{indicator: net_co2, year: 2060, value: 0, sense: at_most}]"))
    load_scenario("current_trend", (
        "carbon.price={2030: 100}", "targets=[{indicator: net_co2, year: 2060, value: 0, sense: at_most, binding: "
        "false}]"))
