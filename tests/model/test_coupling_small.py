"""A small full model, 3 provinces x 5 sectors, 4 periods: deferred correction against the dense programme (E9-E11)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from model.condensed import condense
from model.deferred import Complete, solve_deferred
from model.pathway.joining import Joining, Shifts
from model.pathway.timing import Timing
from model.programme import INFINITY, Engine, Programme
from model.requirements import Operator

R, S, T, K = 3, 5, 4, 4
PRODUCTS = 2          # the last two sectors are products, each with two technologies
N = S - PRODUCTS
PRODUCT_OF = np.array([0, 0, 1, 1])
TOLERANCE = 1e-8


def _economy(seed: int, growth: float = 1.0):
    """Requirements (Q, R, 2K), final demand rows (Q,) and costs (R, 2K) of a year of a random economy."""
    rng = np.random.default_rng(seed)
    inputs = rng.uniform(0.01, 0.13, (R, S, S))
    trade = rng.uniform(0.1, 1.0, (S, R, R)) + 2 * np.eye(R)
    trade /= trade.sum(axis=1, keepdims=True)
    final = rng.uniform(1.0, 3.0, (R, S)) * growth
    rows = np.zeros((PRODUCTS * R + 1, R, N))
    for p in range(PRODUCTS):
        rows[p * R : (p + 1) * R] = trade[N + p][:, :, None] * inputs[None, :, N + p, :N]
    rows[-1] = 1.0 - inputs[:, :, :N].sum(axis=1)
    through = condense(inputs[:, :N, :N], trade[:N], rows)
    bought = rng.uniform(0.0, 0.25, (R, 2 * K, S))
    bought[:, K:] *= 3.0
    total = through.of_purchases(bought[:, :, :N])
    demand = through.of_use(final[:, :N])
    for p in range(PRODUCTS):
        total[p * R : (p + 1) * R] += trade[N + p][:, :, None] * bought[None, :, :, N + p]
        demand[p * R : (p + 1) * R] += trade[N + p] @ final[:, N + p]
    own = rng.uniform(0.05, 0.4, (R, 2 * K))
    return total[:-1], demand[:-1], total[-1] + own, rng.uniform(0.2, 1.5, K)


def _programme(seed: int = 1) -> Complete:
    """Activity and additions of K technologies in R provinces and T periods, with a cap on CO2 in the last."""
    years = (2020, 2030, 2040, 2050, 2060)
    timing = Timing.of(years, rate=0.05)
    n, Q = T * R * 2 * K, PRODUCTS * R
    cost, f = np.empty((T, R, 2 * K)), np.empty((T, Q))
    M, B = np.zeros((T * Q, n)), np.zeros((T * Q, n))
    column = np.arange(n).reshape(T, R, 2 * K)
    capacity = Programme()
    z = capacity.add_columns("z", n)
    rows = capacity.add_rows("capacity", (T, R, K), upper=1.5)
    standing = timing.standing(25.0)[1:, 1:]
    for t in range(T):
        need, f[t], cost[t], emission = _economy(seed * 100 + t, 1.03 ** (10 * t))
        cost[t] *= timing.operation[t + 1]
        M[t * Q : (t + 1) * Q, column[t].ravel()] = need.reshape(Q, -1)
        for k in range(K):
            for r in range(R):
                B[t * Q + PRODUCT_OF[k] * R + r, column[t, r, k]] = 1.0
        capacity.add(rows[t], z[column[t, :, :K]], 1.0)
        for v in range(t + 1):
            capacity.add(rows[t], z[column[v, :, K:]], -standing[v, t])
    cap = capacity.add_rows("cap", 1, upper=0.75 * (f[-1].sum() * emission.mean()) * 1.6)
    capacity.add(np.broadcast_to(cap, (R, K)), z[column[-1, :, :K]], np.broadcast_to(emission, (R, K)))
    c = capacity.compiled()
    return Complete(cost=cost.ravel(), B=sparse.csr_matrix(B), M=M, f=f.ravel(), K=c.matrix, k_lower=c.row_lower,
                    k_upper=c.row_upper, lower=0.0, upper=200.0)


def _dense(complete: Complete) -> float:
    p = Programme()
    z = p.add_columns("z", len(complete.cost), cost=complete.cost, lower=complete.lower, upper=complete.upper)
    for name, matrix, low, high in (("product", sparse.coo_matrix(complete.B - complete.M), complete.f, INFINITY),
                                    ("kept", sparse.coo_matrix(complete.K), complete.k_lower, complete.k_upper)):
        rows = p.add_rows(name, matrix.shape[0], lower=low, upper=high)
        p.add(rows[matrix.row], z[matrix.col], matrix.data)
    solution = Engine(p.compiled(), tolerance=1e-9).solve("simplex")
    assert solution.optimal
    return solution.objective


@pytest.fixture(scope="module")
def complete():
    return _programme()


@pytest.fixture(scope="module")
def optimum(complete):
    return _dense(complete)


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.15])
@pytest.mark.parametrize("start", ["zero", "random"])
def test_deferred_correction_reaches_the_dense_optimum_from_any_threshold_and_start(complete, optimum, threshold,
                                                                                     start):
    rng = np.random.default_rng(5)
    first = None if start == "zero" else (rng.uniform(0, 5, len(complete.cost)), rng.uniform(0, 5, len(complete.f)),
                                          np.zeros(0))
    joined = solve_deferred(complete, threshold=threshold, start=first, tolerance=1e-9, max_passes=60, tie_break=0.0,
                            widen=40, solver_tolerance=1e-9)
    assert joined.bounds.objective == pytest.approx(optimum, rel=TOLERANCE)
    assert joined.bounds.lower_bound == pytest.approx(optimum, rel=1e-7)


def test_correcting_quantities_only_ends_at_another_point(complete, optimum):
    joined = solve_deferred(complete, threshold=0.15, tolerance=1e-9, max_passes=60, correction="primal", widen=0)
    assert joined.bounds.violation < 1e-6
    assert joined.bounds.objective > optimum * (1 + 1e-5)


def _operator(complete: Complete, threshold: float) -> Complete:
    large = sparse.csr_matrix(np.where(complete.M > threshold, complete.M, 0.0))
    return replace(complete, M=Operator(complete.M.shape, lambda x: complete.M @ x, lambda y: complete.M.T @ y, large))


def test_one_solver_object_follows_an_economy_that_moves(complete, optimum):
    joining = Joining(_operator(complete, 0.1), np.zeros(len(complete.cost)), np.full(len(complete.f), 5.0), ties=0.0)
    first = joining.passes(1e-9, 60)
    assert first.bounds.objective == pytest.approx(optimum, rel=TOLERANCE)
    moved = replace(complete, M=complete.M * 1.02, f=complete.f * 1.01, cost=complete.cost * 0.99)
    joining.renew(_operator(moved, 0.1))
    second = joining.passes(1e-9, 60)
    assert second.bounds.objective == pytest.approx(_dense(moved), rel=TOLERANCE)
    assert second.short.max() < 1e-9


def test_a_held_mean_of_two_points_stays_until_the_next_prices(complete, optimum):
    joining = Joining(_operator(complete, 0.1), np.zeros(len(complete.cost)), np.full(len(complete.f), 5.0), ties=0.0)
    one = joining.passes(1e-9, 60)
    costs = joining.standing
    joining.renew(_operator(replace(complete, cost=complete.cost[::-1].copy()), 0.1))
    other = joining.passes(1e-9, 60)
    joining.renew(_operator(complete, 0.1))
    mean, shifts = joining.halfway(one, other, None)
    joining.stand(costs)
    joining.hold(shifts)
    joining.z = mean.z
    for _ in range(40):
        held = joining.follow()
    np.testing.assert_allclose(held.z, mean.z, atol=1e-6)
    assert np.abs(mean.z - one.z).max() > 1e-2
    contrary = Shifts(shifts.columns.copy(), shifts.rows.copy())
    contrary.columns[0] += 1e6
    joining.hold(contrary)
    joining.follow()
    assert joining.follow().z.max() < 1e5, "what cannot be held is let go"
    assert joining.passes(1e-9, 60).bounds.objective == pytest.approx(optimum, rel=TOLERANCE)


def test_doubling_money_doubles_cost_and_moves_nothing(complete, optimum):
    twice = replace(complete, cost=2.0 * complete.cost)
    joined = solve_deferred(twice, threshold=0.05, tolerance=1e-9, max_passes=60, tie_break=0.0)
    once = solve_deferred(complete, threshold=0.05, tolerance=1e-9, max_passes=60, tie_break=0.0)
    assert joined.bounds.objective == pytest.approx(2.0 * optimum, rel=TOLERANCE)
    np.testing.assert_allclose(joined.z, once.z, atol=1e-6)
