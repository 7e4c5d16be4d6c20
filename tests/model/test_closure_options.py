"""The closures on the demand and the export side (E7): baseline, identities, bounds, optimality, the real table."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from io_tables.base_year import BaseYear
from io_tables.errors import Infeasible
from model.economy import BOUNDED_CLOSURES
from model.macro.closure import Demand, output_from_demand
from model.macro.closure_demand import CONSUMPTION_RANGE
from model.macro.closure_programme import SLACK_PENALTY, meet_gdp, output_responses
from model.run import run
from scenarios.load import load_scenario

CLOSURES = tuple(BOUNDED_CLOSURES)


def economy(seed, R=5, J=7):
    """A random economy with all parts of final demand, its output and the demand that gives it."""
    rng = np.random.default_rng(seed)
    domestic = rng.random((R, J, J)) ** 4
    domestic *= 0.5 * rng.uniform(0.7, 1.1, (R, 1, J)) / domestic.sum(axis=1, keepdims=True)
    imported = 0.1 * domestic
    tau = rng.random((J, R, R)) + 8 * np.eye(R)
    tau /= tau.sum(axis=1, keepdims=True)
    fixed, consumption = 60 * rng.random((R, J)), 40 * rng.random((R, J))
    inventories, exports = rng.uniform(-1, 1, (R, J)), 10 * rng.random((R, J))
    x = output_from_demand(domestic, tau, fixed + consumption, exports + inventories, fixed)
    final = (0.1 * fixed, 0.05 * consumption, np.abs(0.1 * inventories))
    gdp = ((1 - (domestic + imported).sum(axis=1)) * x).sum(axis=1)
    balance = exports.sum() - (imported.sum(axis=1) * x).sum() - sum(f.sum() for f in final)
    demand = Demand(fixed, final[0], consumption, final[1], inventories, final[2], exports, balance, gdp)
    return domestic, imported, tau, demand, x


def shocked(demand, seed, growth, spread):
    rng = np.random.default_rng(seed)
    target = demand.gdp * growth * rng.uniform(1 - spread, 1 + spread, len(demand.gdp))
    return dataclasses.replace(
        demand,
        gdp=target,
        fixed=demand.fixed * growth,
        fixed_imports=demand.fixed_imports * growth,
        trade_balance=demand.trade_balance * growth,
    )


def reached(domestic, imported, tau, demand, closed):
    """Value added (R,), imports and the worst row balance, recomputed from the closed economy alone."""
    factor = closed.chi * closed.consumption_scale[:, None]
    use = np.matmul(domestic, closed.output[:, :, None])[:, :, 0] + demand.fixed + factor * demand.consumption
    sales = np.einsum("irs,si->ri", tau, use) + closed.exports + demand.inventories
    final = demand.fixed_imports + factor * demand.consumption_imports + demand.inventory_imports
    imports = (imported.sum(axis=1) * closed.output).sum() + final.sum()
    value_added = ((1 - (domestic + imported).sum(axis=1)) * closed.output).sum(axis=1)
    return value_added, imports, np.abs(sales - closed.output).max() / closed.output.max()


@pytest.mark.parametrize("closure", CLOSURES)
@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_no_shock_gives_the_baseline(closure, seed):
    *table, demand, x = economy(seed)
    closed = BOUNDED_CLOSURES[closure](*table, demand)
    np.testing.assert_allclose(closed.output, x, rtol=1e-9)
    for ones in (closed.consumption_scale, closed.export_scale, closed.chi, closed.xi):
        np.testing.assert_allclose(ones, 1.0, rtol=1e-9)
    assert not closed.slack.any()


@pytest.mark.parametrize("closure", CLOSURES)
@given(st.integers(0, 10_000), st.floats(0.8, 2.5), st.floats(0.0, 0.4))
@settings(max_examples=25, deadline=None)
def test_identities_hold_within_bounds_and_slack_is_named(closure, seed, growth, spread):
    domestic, imported, tau, base, _ = economy(seed)
    demand = shocked(base, seed + 1, growth, spread)
    closed = BOUNDED_CLOSURES[closure](domestic, imported, tau, demand)
    value_added, imports, row = reached(domestic, imported, tau, demand, closed)
    total = demand.gdp.sum()
    assert row < 1e-12
    np.testing.assert_allclose(value_added + closed.slack, demand.gdp, rtol=1e-9)
    assert value_added.sum() == pytest.approx(total, rel=1e-10)
    assert closed.exports.sum() - imports == pytest.approx(demand.trade_balance, abs=1e-10 * total)
    consumption = (demand.consumption + demand.consumption_imports).sum(axis=1)
    low, high = CONSUMPTION_RANGE
    assert (closed.consumption_scale >= low).all() and (closed.consumption_scale <= high).all()
    assert closed.consumption_scale @ consumption == pytest.approx(consumption.sum())
    assert (closed.exports >= 0).all()
    exports = closed.xi * closed.export_scale[:, None] * demand.exports
    np.testing.assert_allclose(closed.exports, exports, rtol=1e-12)
    assert closed.export_scale @ demand.exports.sum(axis=1) == pytest.approx(demand.exports.sum())


@given(st.integers(0, 10_000), st.floats(0.0, 0.5), st.sampled_from([(0.5, 2.0), (0.0, np.inf), (0.9, 1.1)]))
@settings(max_examples=40, deadline=None)
def test_levers_are_optimal_and_slack_is_the_least_possible(seed, spread, bounds):
    rng = np.random.default_rng(seed)
    R = 8
    response = 0.1 * rng.random((R, R)) + np.diag(rng.uniform(0.2, 3.0, R))
    wanted = response.sum(axis=1) * rng.uniform(1 - spread, 1 + spread, R)
    wanted *= response.sum() / wanted.sum()
    weights = rng.uniform(0.1, 1.0, R)
    weights /= weights.sum()
    levers = meet_gdp(wanted, response, weights, *bounds)
    np.testing.assert_allclose(response @ levers.factor + levers.slack, wanted, rtol=1e-10)
    assert levers.slack.sum() == pytest.approx(0.0, abs=1e-11 * wanted.sum())

    def cost(factor, slack):
        return weights @ (factor - 1) ** 2 + SLACK_PENALTY * np.abs(slack).sum() / wanted.sum()

    # The least total slack is a linear programme of its own.
    identity = np.eye(R)
    rows = np.vstack([np.hstack([response, identity, -identity]), np.r_[np.zeros(R), np.ones(R), -np.ones(R)]])
    least = linprog(
        np.r_[np.zeros(R), np.ones(2 * R)],
        A_eq=rows,
        b_eq=np.r_[wanted, 0.0],
        bounds=[bounds] * R + [(0, np.inf)] * (2 * R),
    )
    assert np.abs(levers.slack).sum() == pytest.approx(least.fun, abs=1e-7 * wanted.sum())
    # A convex problem: a step towards any other mix that keeps the national total must not be cheaper.
    best = cost(levers.factor, levers.slack)
    corners = [
        linprog(rng.normal(size=R), A_eq=response.sum(axis=0)[None], b_eq=[wanted.sum()], bounds=[bounds] * R).x
        for _ in range(10)
        if np.isfinite(bounds[1])
    ]
    for other in [least.x[:R], np.ones(R), *corners]:
        step = 0.999 * levers.factor + 0.001 * other
        assert cost(step, wanted - response @ step) >= best - 1e-9


def test_responses_add_up_to_the_economy():
    domestic, _, tau, demand, x = economy(3)
    local = np.stack(
        [
            np.einsum("irs,si->ri", tau, demand.fixed + demand.consumption),
            demand.exports + demand.inventories,
        ],
        axis=2,
    )
    np.testing.assert_allclose(output_responses(domestic, tau, local).sum(axis=2), x, rtol=1e-11)


@pytest.mark.parametrize("closure", CLOSURES)
def test_what_cannot_be_is_named(closure):
    *table, demand, _ = economy(2)
    with pytest.raises(Infeasible, match="nothing is left"):
        BOUNDED_CLOSURES[closure](*table, dataclasses.replace(demand, fixed=demand.fixed * 50))
    with pytest.raises(Infeasible, match="no room for exports"):
        BOUNDED_CLOSURES[closure](*table, dataclasses.replace(demand, trade_balance=-0.5 * demand.gdp.sum()))


@pytest.fixture(scope="module")
def base():
    return BaseYear.load("china_2020")


@pytest.fixture(scope="module", params=CLOSURES)
def future(request, base):
    """The reference at three years under a closure."""
    settings_ = ("years=[2020, 2030, 2060]", f"macro.structure.closure={request.param}")
    return request.param, run(base, load_scenario("assumed_mixes", settings_))


@pytest.mark.parametrize("closure", CLOSURES)
def test_zero_shock_of_the_real_table_is_the_baseline(base, closure):
    found = run(base, load_scenario("zero_shock", (f"macro.structure.closure={closure}", "years=[2020, 2060]")))
    np.testing.assert_allclose(found.arrays["output"][0][-1], base.output, rtol=1e-8, atol=1e-8)
    assert not any("GDP misses" in w for w in found.warnings)


def test_reference_of_the_real_table_closes_and_says_what_it_misses(base, future):
    closure, found = future
    assert found.certificate.passed
    table = found.table[found.table["region"] != "China"]
    wide = table[table["sector"] == "Total"].pivot_table(index=["region", "year"], columns="variable", values="value")
    slack, gdp = wide["GDP Slack"], wide["GDP|Real"]
    worst = max(found.certificate.ledgers, key=lambda entry: entry.name.startswith("slack of the closure"))
    misplaced = slack.abs().groupby("year").sum() / 2 / gdp.groupby("year").sum()
    assert worst.residual == pytest.approx(misplaced.max(), rel=1e-6)
    for (region, year), value in slack[slack.abs() >= 1e-3 * gdp].items():
        told = [w for w in found.warnings if w.startswith(f"{year}: GDP misses its path")]
        assert told and region in told[0], (region, year, value)
    low, high = CONSUMPTION_RANGE
    assert wide["Consumption Scale"].between(low - 1e-12, high + 1e-12).all()
    assert (wide["Exports"] >= 0).all()
    moved = {"demand": "Consumption Scale", "exports": "Exports Scale"}[closure]
    assert wide[moved].xs(2030, level="year").std() > 0.01
    assert wide["Competitiveness"].eq(1.0).all()
    # Slack stands only where bounds bind: each bound leaves one miss, and one more makes the nation's sum nought.
    bound = (wide["Consumption Scale"] <= low) | (wide["Consumption Scale"] >= high) | (wide["Exports Scale"] <= 0)
    used = slack.abs() > 1e-9 * gdp
    for year in found.years:
        at_bound = bound.xs(year, level="year").sum()
        assert used.xs(year, level="year").sum() <= (at_bound + 1 if at_bound else 0)
