"""Deferred correction (E11) against the dense programme, and the bound (E13) against its optimum.

The system: 3 provinces x 5 sectors, 3 techniques each, 4 periods; activity and investment columns,
both with dense requirements across all provinces, dense emission rows, capacity rows with vintages.
Every number is drawn, none describes a country.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from io_tables.errors import InputError
from model.deferred import Complete, certify, solve_deferred
from model.national_start import national
from model.programme import Engine, Programme
from model.requirements import Operator, Split
from model.variable_bounds import implied_bounds

PROVINCES, SECTORS, TECHNIQUES, PERIODS = 3, 5, 3, 4
LIFE = 3


def dense_system(seed=1, cap=0.72):
    """A complete programme whose M and G have no zeros inside a period."""
    rng = np.random.default_rng(seed)
    rows, columns = PROVINCES * SECTORS, PROVINCES * SECTORS * TECHNIQUES
    m, half = rows * PERIODS, columns * PERIODS
    own = np.kron(np.eye(rows), np.ones((1, TECHNIQUES)))
    base = rng.lognormal(-4.3, 1.0, (rows, 1, columns)).reshape(rows, columns)
    goods = rng.lognormal(-4.6, 1.0, (rows, columns))
    B, M = np.zeros((m, 2 * half)), np.zeros((m, 2 * half))
    G = np.zeros((PERIODS + PROVINCES, 2 * half))
    dirty = rng.uniform(0.05, 1.5, columns) * np.tile([1.0, 0.4, 0.05], rows)
    wide = rng.lognormal(-3.5, 0.7, columns)
    cost, f = np.zeros(2 * half), np.zeros(m)
    run = rng.uniform(0.5, 1.0, columns) * np.tile([1.0, 1.4, 2.1], rows)
    build = rng.uniform(1.0, 2.0, columns)
    for t in range(PERIODS):
        r, a = slice(t * rows, (t + 1) * rows), slice(t * columns, (t + 1) * columns)
        b = slice(half + a.start, half + a.stop)
        B[r, a] = own
        M[r, a] = base * rng.uniform(0.9, 1.1, base.shape)
        M[r, b] = goods
        G[t, a], G[t, b] = dirty + wide, 0.3 * wide
        for q in range(PROVINCES):
            local = np.repeat(np.arange(PROVINCES) == q, SECTORS * TECHNIQUES)
            if t == PERIODS - 1:
                G[PERIODS + q, a] = dirty * local + 0.2 * wide
                G[PERIODS + q, b] = 0.1 * wide
        cost[a], cost[b] = run * 0.9**t, build * 0.9**t
        f[r] = rng.uniform(0.5, 1.5, rows) * 1.1**t
    existing = np.tile(np.array([0.8, 0.2, 0.05]), rows) * np.repeat(rng.uniform(0.8, 1.6, rows), TECHNIQUES)
    K = np.zeros((half, 2 * half))
    k_upper = np.zeros(half)
    for t in range(PERIODS):
        for v in range(max(0, t - LIFE + 1), t + 1):
            K[t * columns + np.arange(columns), half + v * columns + np.arange(columns)] = -1.0
        K[t * columns + np.arange(columns), t * columns + np.arange(columns)] = 1.0
        k_upper[t * columns : (t + 1) * columns] = existing * max(0.0, 1 - 0.3 * t)
    system = Complete(cost, B, M, f, G, np.full(len(G), 1e9), K, k_upper=k_upper,
                      upper=np.concatenate([np.full(half, np.inf), np.full(half, 3.0)]))
    free = dense_optimum(system)
    emitted = G @ free.value("z")
    g = np.concatenate([emitted[:1] * 1.02, emitted[1:PERIODS] * cap, emitted[PERIODS:] * 0.95])
    return Complete(cost, B, M, f, G, g, K, k_upper=k_upper, upper=system.upper)


def dense_optimum(c):
    """The same programme with every entry, solved at once."""
    programme = Programme()
    z = programme.add_columns("z", len(c.cost), cost=c.cost, lower=c.lower, upper=c.upper)
    for name, matrix, lower, upper in (("product", c.B.toarray() - c.M, c.f, np.inf),
                                       ("inequality", np.asarray(c.G), -np.inf, c.g),
                                       ("kept", c.K.toarray(), c.k_lower, c.k_upper)):
        rows = programme.add_rows(name, len(matrix), lower=lower, upper=upper)
        programme.add(rows[:, None], z[None, :], matrix)
    solution = Engine(programme.compiled(), tolerance=1e-9).solve("simplex")
    assert solution.optimal
    return solution


SYSTEM = dense_system()
OPTIMUM = dense_optimum(SYSTEM)
EXACT = dict(tolerance=1e-8, max_passes=60, solver_tolerance=1e-9)


def random_start(seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 2, len(SYSTEM.cost)), rng.uniform(0, 5, len(SYSTEM.f)), rng.uniform(0, 5, len(SYSTEM.g))


def test_the_caps_and_the_investment_demand_are_at_work():
    assert (OPTIMUM.dual("inequality") < -1e-3).sum() >= 2
    half = len(SYSTEM.cost) // 2
    assert (SYSTEM.M[:, half:] @ OPTIMUM.value("z")[half:]).sum() > 0.02 * SYSTEM.f.sum()


@pytest.mark.parametrize("threshold", [1e-1, 3e-2, 1e-2])
@pytest.mark.parametrize("start", [None, 5, 6])
def test_both_corrections_reach_the_dense_optimum_from_any_threshold_and_start(threshold, start):
    joined = solve_deferred(SYSTEM, threshold=threshold, start=None if start is None else random_start(start), **EXACT)
    assert joined.converged
    assert joined.kept < 0.7 * (np.count_nonzero(SYSTEM.M) + np.count_nonzero(SYSTEM.G))
    assert joined.bounds.objective == pytest.approx(OPTIMUM.objective, rel=1e-8)
    np.testing.assert_allclose(joined.prices, OPTIMUM.dual("product"), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(joined.rents, -OPTIMUM.dual("inequality"), rtol=1e-6, atol=1e-8)


def test_primal_correction_alone_converges_to_another_point():
    both = solve_deferred(SYSTEM, threshold=3e-2, **EXACT)
    primal = solve_deferred(SYSTEM, threshold=3e-2, correction="primal", widen=0, **EXACT)
    assert primal.bounds.violation < 1e-8          # as feasible as the right answer ...
    assert not primal.converged
    costlier = primal.bounds.objective / OPTIMUM.objective - 1
    assert costlier > 1e-4                         # ... and measurably dearer
    assert abs(both.bounds.objective / OPTIMUM.objective - 1) < 1e-8
    assert primal.bounds.gap >= costlier           # the certificate sees it


def test_large_entries_only_and_all_entries_are_the_two_ends():
    everything = solve_deferred(SYSTEM, threshold=0.0, **EXACT)
    assert everything.bounds.objective == pytest.approx(OPTIMUM.objective, rel=1e-8)
    assert len(everything.passes) == 1
    nothing = solve_deferred(SYSTEM, threshold=np.inf, **EXACT)
    assert nothing.passes[0].bounds.gap > 1e-3
    assert nothing.bounds.objective == pytest.approx(OPTIMUM.objective, rel=1e-8)


def test_widening_moves_the_loudest_entries_and_keeps_the_answer():
    """With a threshold that leaves everything out and no patience the programme must widen."""
    joined = solve_deferred(SYSTEM, threshold=np.inf, stalled=1, widen=300, **EXACT)
    assert sum(p.widened for p in joined.passes) == joined.kept > 0
    assert joined.converged
    assert joined.bounds.objective == pytest.approx(OPTIMUM.objective, rel=1e-8)


def test_dense_sparse_and_operator_matrices_give_the_same_passes():
    def operator(matrix, threshold):
        large = sparse.csr_matrix(np.where(np.abs(matrix) > threshold, matrix, 0.0))
        return Operator(matrix.shape, lambda x: matrix @ x, lambda y: matrix.T @ y, large)

    c = SYSTEM
    common = dict(cost=c.cost, B=c.B, f=c.f, g=c.g, K=c.K, k_upper=c.k_upper, upper=c.upper)
    forms = [Complete(M=c.M, G=c.G, **common),
             Complete(M=sparse.csr_matrix(c.M), G=sparse.csc_matrix(c.G), **common),
             Complete(M=operator(c.M, 3e-2), G=operator(np.asarray(c.G), 3e-2), **common)]
    results = [solve_deferred(form, threshold=3e-2, **EXACT) for form in forms]
    for other in results[1:]:
        assert other.bounds.objective == pytest.approx(results[0].bounds.objective, rel=1e-9)
        assert other.kept == results[0].kept
        assert len(other.passes) == len(results[0].passes)


def test_operator_widens_too():
    c = SYSTEM
    M = Operator(c.M.shape, lambda x: c.M @ x, lambda y: c.M.T @ y, sparse.csr_matrix(c.M.shape))
    system = Complete(c.cost, c.B, M, c.f, c.G, c.g, c.K, k_upper=c.k_upper, upper=c.upper)
    joined = solve_deferred(system, threshold=3e-2, stalled=1, widen=200, **EXACT)
    assert sum(p.widened for p in joined.passes) > 0
    assert joined.bounds.objective == pytest.approx(OPTIMUM.objective, rel=1e-8)


def test_finite_change_of_a_cap_costs_its_dual_and_tightening_never_helps():
    base = solve_deferred(SYSTEM, **EXACT)
    step = 1e-3 * SYSTEM.g[2]
    tighter = SYSTEM.g.copy()
    tighter[2] -= step
    c = SYSTEM
    again = solve_deferred(Complete(c.cost, c.B, c.M, c.f, c.G, tighter, c.K, k_upper=c.k_upper, upper=c.upper),
                           start=(base.z, base.prices, base.rents), **EXACT)
    change = again.bounds.objective - base.bounds.objective
    assert change >= 0
    assert change == pytest.approx(base.rents[2] * step, rel=1e-2)


def test_a_good_start_saves_passes():
    cold = solve_deferred(SYSTEM, **EXACT)
    warm = solve_deferred(SYSTEM, start=(cold.z, cold.prices, cold.rents), **EXACT)
    assert len(warm.passes) <= 2 < len(cold.passes)


def groups_over_provinces():
    """Row, column and rent groups that add up the provinces of SYSTEM; shares of the optimum's output."""
    kind = np.arange(SECTORS * TECHNIQUES)
    half = np.concatenate([np.tile(kind, PROVINCES) + t * len(kind) for t in range(PERIODS)])
    rows = np.concatenate([np.tile(np.arange(SECTORS), PROVINCES) + t * SECTORS for t in range(PERIODS)])
    columns = np.concatenate([half, half.max() + 1 + half])
    return rows, columns, np.concatenate([np.arange(PERIODS), np.full(PROVINCES, -1)]), half


def test_national_programme_is_the_restriction_of_the_full_one_and_a_good_start():
    rows, columns, rents, kept = groups_over_provinces()
    small = national(SYSTEM, rows, columns, np.ones(len(columns)), rents, kept)
    solved = solve_deferred(small.complete, **EXACT)
    assert solved.converged
    assert solved.bounds.objective == pytest.approx(OPTIMUM.objective, rel=0.25)
    start = small.start(solved)
    # the restriction is exact: national rows are the sums of the provinces' rows at the spread point
    net = SYSTEM.B @ start[0] - SYSTEM.M @ start[0]
    np.testing.assert_allclose(np.bincount(rows, weights=net - SYSTEM.f) >= -1e-7, True)
    cold = solve_deferred(SYSTEM, **EXACT)
    warm = solve_deferred(SYSTEM, start=start, **EXACT)
    assert warm.bounds.objective == pytest.approx(OPTIMUM.objective, rel=1e-8)
    first = [abs(j.passes[0].bounds.objective - OPTIMUM.objective) for j in (warm, cold)]
    assert first[0] < 0.1 * first[1]
    assert warm.passes[0].bounds.violation < 0.5 * cold.passes[0].bounds.violation


def test_one_group_each_leaves_the_programme_as_it_was():
    c = SYSTEM
    same = national(c, np.arange(len(c.f)), np.arange(len(c.cost)), np.ones(len(c.cost)))
    np.testing.assert_allclose(same.complete.M, c.M)
    np.testing.assert_array_equal(same.complete.upper, c.upper)
    np.testing.assert_array_equal(same.complete.k_upper, c.k_upper)
    assert np.isneginf(same.complete.k_lower).all()


def test_doubled_money_doubles_cost_and_changes_no_activity():
    c = SYSTEM
    doubled = solve_deferred(Complete(2 * c.cost, c.B, c.M, c.f, c.G, c.g, c.K, k_upper=c.k_upper, upper=c.upper),
                             **EXACT)
    once = solve_deferred(c, **EXACT)
    assert doubled.bounds.objective == pytest.approx(2 * once.bounds.objective, rel=1e-9)
    np.testing.assert_allclose(doubled.z, once.z, atol=1e-6)


def test_demand_beyond_all_means_is_not_called_converged():
    """No capacity may be built: the shortfall is bought off and shows in the violation."""
    c = SYSTEM
    upper = c.upper.copy()
    upper[len(upper) // 2 :] = 0.0
    joined = solve_deferred(Complete(c.cost, c.B, c.M, c.f, c.G, c.g, c.K, k_upper=c.k_upper, upper=upper),
                            max_passes=12)
    assert not joined.converged
    assert joined.bounds.violation > 1e-2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_lower_bound_holds_for_any_prices(seed):
    """E13 is a theorem about every lambda, mu >= 0, not about the optimal ones."""
    rng = np.random.default_rng(seed)
    size = rng.choice([0.0, 0.3, 3.0, 30.0])
    bounds = certify(SYSTEM, OPTIMUM.value("z"), size * rng.random(len(SYSTEM.f)), size * rng.random(len(SYSTEM.g)),
                     size * rng.normal(size=len(SYSTEM.k_upper)))
    assert bounds.lower_bound <= OPTIMUM.objective * (1 + 1e-9)


def test_lower_bound_is_tight_at_the_optimal_prices():
    bounds = certify(SYSTEM, OPTIMUM.value("z"), OPTIMUM.dual("product"), -OPTIMUM.dual("inequality"),
                     OPTIMUM.dual("kept"))
    assert bounds.lower_bound == pytest.approx(OPTIMUM.objective, rel=1e-9)
    assert bounds.violation < 1e-9


def test_implied_bounds_follow_capacity_through_the_rows():
    """z0 <= 2 z1 + 1 and z1 + z2 <= 3, z >= 0: z1, z2 <= 3, z0 <= 7; z3 stays free."""
    K = np.array([[1.0, -2, 0, 0], [0, 1, 1, 0]])
    found = implied_bounds(K, np.full(2, -np.inf), np.array([1.0, 3]), np.zeros(4), np.full(4, np.inf))
    np.testing.assert_allclose(found, [7, 3, 3, np.inf])


def test_split_adds_up_to_the_matrix_before_and_after_moving_entries():
    rng = np.random.default_rng(2)
    matrix, x, y = rng.random((6, 9)), rng.random(9), rng.random(6)
    for form in (matrix.copy(), sparse.csr_matrix(matrix)):
        split = Split(form, 0.5, np.ones(6), np.ones(9))
        for _ in range(2):
            np.testing.assert_allclose(split.kept @ x + split.rest_product(x), matrix @ x)
            np.testing.assert_allclose(split.kept.T @ y + split.rest_adjoint(y), matrix.T @ y)
            rows, columns, values, loud = split.loudest(x, np.ones(6), 5)
            assert (np.diff(loud) <= 0).all() and len(loud) == 5
            split.move(rows, columns, values)


def test_threshold_compares_weighted_entries():
    matrix = np.array([[1e-3, 1e-3], [1.0, 1.0]])
    split = Split(matrix, 0.5, np.array([1e3, 1.0]), np.array([1.0, 4.0]))
    np.testing.assert_array_equal(split.kept.toarray(), [[1e-3, 0], [1.0, 0]])


def test_mistakes_are_named():
    with pytest.raises(InputError, match="unknown correction 'dual'"):
        solve_deferred(SYSTEM, correction="dual")
    with pytest.raises(InputError, match="M has shape"):
        Complete(np.ones(3), np.ones((2, 3)), np.ones((3, 3)), np.ones(2))
