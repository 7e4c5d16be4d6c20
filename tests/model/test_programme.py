"""The array layer over the solver: duals and their sign, changes and re-solves, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from io_tables.errors import InputError, ModelError
from model.programme import INFINITY, Engine, Programme, minimise


def diet() -> tuple[Programme, np.ndarray, np.ndarray]:
    """Two foods at 1 and 2; at least 3 together, at most 2 of the first."""
    programme = Programme()
    food = programme.add_columns("food", (2,), cost=[1.0, 2.0])
    need = programme.add_rows("need", 1, lower=3.0)
    limit = programme.add_rows("limit", 1, upper=2.0)
    programme.add(need, food, 1.0)
    programme.add(limit, food[:1], 1.0)
    return programme, need, limit


def test_duals_are_the_change_of_cost_by_the_right_hand_side():
    programme, need, limit = diet()
    engine = Engine(programme.compiled())
    base = engine.solve()
    assert base.objective == pytest.approx(4.0)
    assert base.dual("need")[0] == pytest.approx(2.0) and base.dual("limit")[0] == pytest.approx(-1.0)
    engine.set_row_bounds(need, 3.5, INFINITY)
    assert engine.resolve().objective - base.objective == pytest.approx(0.5 * base.dual("need")[0])
    engine.set_row_bounds(need, 3.0, INFINITY)
    engine.set_row_bounds(limit, -INFINITY, 2.5)
    assert engine.resolve().objective - base.objective == pytest.approx(0.5 * base.dual("limit")[0])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_optimum_duals_and_reduced_costs_agree_with_an_independent_solver(seed):
    rng = np.random.default_rng(seed)
    m, n = 5, 8
    A, c, b = rng.uniform(0, 1, (m, n)), rng.uniform(1, 3, n), rng.uniform(1, 2, m)
    programme = Programme()
    z = programme.add_columns("z", n, cost=c, upper=4.0)
    rows = programme.add_rows("rows", m, lower=b)
    programme.add(rows[:, None], z[None, :], A)
    ours = minimise(programme)
    other = linprog(c, A_ub=-A, b_ub=-b, bounds=[(0, 4)] * n)
    assert ours.optimal == (other.status == 0)
    if ours.optimal:
        assert ours.objective == pytest.approx(other.fun, rel=1e-9)
        np.testing.assert_allclose(ours.reduced_costs, c - A.T @ ours.row_duals, atol=1e-9)
        # strong duality with bounds
        bound = b @ ours.row_duals + np.minimum(ours.reduced_costs, 0.0) @ np.full(n, 4.0)
        assert bound == pytest.approx(ours.objective, rel=1e-9)


def test_changed_costs_bounds_and_coefficients_are_what_is_solved():
    programme, need, limit = diet()
    engine = Engine(programme.compiled())
    engine.solve()
    engine.set_costs([0], [5.0])
    assert engine.resolve().objective == pytest.approx(6.0)
    engine.set_column_bounds([1], 0.0, 1.5)
    assert engine.resolve().objective == pytest.approx(1.5 * 5 + 1.5 * 2)
    engine.change_coefficients(need, [1], [2.0])
    assert engine.resolve().objective == pytest.approx(3.0)
    assert engine.solve("simplex").objective == pytest.approx(3.0)


def test_equal_positions_add_up_and_zeros_are_dropped():
    programme = Programme()
    z = programme.add_columns("z", 2, cost=1.0)
    row = programme.add_rows("row", 1, lower=6.0)
    programme.add(row, z[0], 1.0)
    programme.add(row, z[0], 2.0)
    programme.add(row, z[1], 0.0)
    compiled = programme.compiled()
    assert compiled.matrix.nnz == 1
    assert minimise(programme).value("z").tolist() == [2.0, 0.0]


def test_blocks_keep_their_shape():
    programme = Programme()
    z = programme.add_columns("z", (2, 3), cost=np.arange(6.0).reshape(2, 3), lower=1.0)
    assert z.shape == (2, 3) and z[1, 2] == 5
    assert minimise(programme).value("z").shape == (2, 3)


@pytest.mark.parametrize("cost, lower, status", [(-1.0, 0.0, "unbounded"), (1.0, 5.0, "infeasible")])
def test_what_has_no_optimum_is_told_apart(cost, lower, status):
    programme = Programme()
    z = programme.add_columns("z", 1, cost=cost)
    row = programme.add_rows("row", 1, lower=lower, upper=INFINITY if cost < 0 else 4.0)
    programme.add(row, z, 1.0)
    if status == "infeasible":
        programme.add(programme.add_rows("other", 1, upper=1.0), z, 1.0)
    solution = minimise(programme)
    assert solution.status == status and solution.z.size == 0


def test_an_option_the_solver_does_not_know_is_an_error():
    engine = Engine(diet()[0].compiled())
    with pytest.raises(ModelError, match="option solvr"):
        engine.set_option("solvr", "ipm")
    with pytest.raises(InputError, match="unknown method 'barrier'"):
        engine.solve("barrier")


def test_a_block_is_named_once_and_numbers_are_finite():
    programme = Programme()
    z = programme.add_columns("z", 1)
    with pytest.raises(InputError, match="'z' is already there"):
        programme.add_columns("z", 1)
    programme.add(programme.add_rows("r", 1), z, np.nan)
    with pytest.raises(InputError, match="not a finite number"):
        programme.compiled()
