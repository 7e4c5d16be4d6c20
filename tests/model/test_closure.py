"""The trade-side macro closure (E7) on random economies: targets met, kappa positive, no shock gives no change."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from io_tables.errors import Infeasible
from model.macro.closure import Demand, close, output_from_demand


def economy(seed, R=5, J=7):
    rng = np.random.default_rng(seed)
    domestic = rng.random((R, J, J)) ** 4
    domestic *= 0.5 * rng.uniform(0.7, 1.1, (R, 1, J)) / domestic.sum(axis=1, keepdims=True)
    imported = 0.1 * domestic
    tau = rng.random((J, R, R)) + 8 * np.eye(R)
    tau /= tau.sum(axis=1, keepdims=True)
    traded = np.ones(J, bool)
    traded[-2:] = False
    tau[-2:] = np.eye(R)
    use, exports = 100 * rng.random((R, J)), 10 * rng.random((R, J))
    x = output_from_demand(domestic, tau, use, exports, use)
    gdp = ((1 - (domestic + imported).sum(axis=1)) * x).sum(axis=1)
    balance = exports.sum() - (imported.sum(axis=1) * x).sum()
    zero = np.zeros_like(use)
    demand = Demand(use / 2, zero, use / 2, zero, zero, zero, exports, balance, gdp)
    return domestic, imported, tau, traded, demand, x


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_no_shock_gives_the_baseline(seed):
    *table, demand, x = economy(seed)
    closed = close(*table, demand, x)
    np.testing.assert_allclose(closed.output, x, rtol=1e-9)
    np.testing.assert_allclose(closed.kappa, 1.0, rtol=1e-9)
    assert closed.chi == pytest.approx(1.0) and closed.xi == pytest.approx(1.0)


@given(st.integers(0, 10_000), st.floats(1.0, 3.0), st.floats(0.0, 0.1))
@settings(max_examples=15, deadline=None)
def test_provincial_gdp_and_trade_balance_are_met_with_positive_kappa(seed, growth, spread):
    domestic, imported, tau, traded, demand, x = economy(seed)
    rng = np.random.default_rng(seed + 1)
    target = demand.gdp * growth * rng.uniform(1 - spread, 1 + spread, len(demand.gdp))
    shocked = dataclasses.replace(
        demand, gdp=target, fixed=demand.fixed * growth, trade_balance=demand.trade_balance * growth
    )
    closed = close(domestic, imported, tau, traded, shocked, x)
    value_added = ((1 - (domestic + imported).sum(axis=1)) * closed.output).sum(axis=1)
    np.testing.assert_allclose(value_added, target, rtol=1e-9)
    imports = (imported.sum(axis=1) * closed.output).sum()
    assert closed.exports.sum() - imports == pytest.approx(shocked.trade_balance, abs=1e-8 * target.sum())
    assert (closed.kappa > 0).all() and closed.kappa.mean() == pytest.approx(1.0)
    np.testing.assert_allclose(closed.trade_shares.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(closed.trade_shares[~traded], tau[~traded])


def test_output_from_demand_agrees_with_the_dense_leontief_system():
    domestic, _, tau, _, demand, _ = economy(11)
    R, J = demand.fixed.shape
    dense = np.einsum("irs,sij->risj", tau, domestic).reshape(R * J, R * J)
    final = np.einsum("irs,si->ri", tau, demand.fixed) + demand.exports
    expected = np.linalg.solve(np.eye(R * J) - dense, final.ravel())
    got = output_from_demand(domestic, tau, demand.fixed, demand.exports, demand.fixed)
    np.testing.assert_allclose(got.ravel(), expected, rtol=1e-11)


def test_nothing_left_for_consumption_is_named():
    *table, demand, x = economy(2)
    with pytest.raises(Infeasible, match="nothing is left"):
        close(*table, dataclasses.replace(demand, fixed=demand.fixed * 50), x)
