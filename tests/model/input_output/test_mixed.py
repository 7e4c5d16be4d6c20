"""Given and limited outputs against the partitioned equations and a linear programme."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from test_leontief import X, Z, random_coefficients

from io_tables.errors import InputError
from model.input_output.mixed import capacity_limited, mixed_model, supply_shock


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 10), st.data())
def test_mixed_model_solves_the_partitioned_equations(n, data):
    """Miller and Blair (13.8): (I - A_NN) x_N = y_N + A_NK x_K, y_K = x_K - A_KN x_N - A_KK x_K."""
    seed = data.draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    A, y = random_coefficients(n, seed), rng.random(n)
    K = np.sort(rng.permutation(n)[: data.draw(st.integers(0, n - 1))])
    N = np.setdiff1d(np.arange(n), K)
    given_output = rng.random(K.size) * 3
    found = mixed_model(A, y, K, given_output)
    x_N = np.linalg.solve(np.eye(N.size) - A[np.ix_(N, N)], y[N] + A[np.ix_(N, K)] @ given_output)
    np.testing.assert_allclose(found.output[N], x_N, rtol=1e-9)
    np.testing.assert_allclose(found.output[K], given_output)
    np.testing.assert_allclose(found.output - A @ found.output, found.final_demand, atol=1e-10)
    np.testing.assert_allclose(found.final_demand[N], y[N])


def test_fixing_what_the_model_gives_anyway_changes_nothing():
    A = random_coefficients(6, 3)
    y = np.ones(6)
    x = np.linalg.solve(np.eye(6) - A, y)
    found = mixed_model(A, y, [1, 4], x[[1, 4]])
    np.testing.assert_allclose(found.output, x)
    np.testing.assert_allclose(found.lost, 0, atol=1e-12)
    unlimited = capacity_limited(A, y, np.full(6, np.inf))
    np.testing.assert_allclose(unlimited.output, x)
    assert unlimited.constrained.size == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 8), st.integers(0, 2**31))
def test_capacity_limits_reach_the_largest_feasible_output(n, seed):
    """x = min(c, Ax + y), which is what maximising total output under the limits gives (unique largest element)."""
    rng = np.random.default_rng(seed)
    A, y = random_coefficients(n, seed), rng.uniform(0.1, 1, n)
    free = np.linalg.solve(np.eye(n) - A, y)
    capacity = np.where(rng.random(n) < 0.5, free * rng.uniform(0.5, 1.1, n), np.inf)
    found = capacity_limited(A, y, capacity)
    np.testing.assert_allclose(found.output, np.minimum(capacity, A @ found.output + y), rtol=1e-9)
    largest = linprog(-np.ones(n), np.eye(n) - A, y, bounds=[(None, c if np.isfinite(c) else None) for c in capacity])
    np.testing.assert_allclose(found.output, largest.x, rtol=1e-6)
    assert (found.lost >= -1e-9).all()


def test_a_bottleneck_that_cannot_serve_its_buyers_is_named():
    A = np.array([[0.0, 0.5], [0.0, 0.0]])
    found = capacity_limited(A, [1.0, 10.0], [2.0, np.inf])
    assert list(found.short) == [0]
    np.testing.assert_allclose(found.output, [2, 10])


def test_supply_shock_passes_value_on_downstream():
    """All primary inputs halved halve all output; a change keeps the sum of its parts."""
    v = X - Z.sum(axis=0)
    np.testing.assert_allclose(supply_shock(Z, X, -0.5 * v), -0.5 * X)
    parts = supply_shock(Z, X, [-65, 0]) + supply_shock(Z, X, [0, -140])
    np.testing.assert_allclose(parts, supply_shock(Z, X, [-65, -140]))


def test_mistakes_are_refused():
    A = random_coefficients(3, 0)
    for K, x in (([0, 0], [1, 1]), ([5], [1]), ([0], [-1]), ([0], [1, 2]), ([0], [np.nan])):
        with pytest.raises(InputError):
            mixed_model(A, np.ones(3), K, x)
    for capacity in ([1, 2], [1, -1, 1], [1, np.nan, 1]):
        with pytest.raises(InputError):
            capacity_limited(A, np.ones(3), capacity)
    with pytest.raises(InputError, match="negative"):
        capacity_limited(A, [-1, 1, 1], np.ones(3))
