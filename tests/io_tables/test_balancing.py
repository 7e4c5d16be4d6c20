"""Balancing: published results, what defines the solution, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from io_tables.balancing import gras, ras, ras_blocks
from io_tables.errors import InputError, NotConverged

LENZEN = [[7, 3, 5, -3], [2, 9, 8, 1], [-2, 0, 2, 1]]


def _biproportional(table, prior):
    """Cross ratios t_ij t_00 / (t_i0 t_0j) against the prior's: equal exactly when t = r_i z_ij s_j."""
    ratio = table / prior
    return np.abs(ratio * ratio[0, 0] / (ratio[:, :1] * ratio[:1]) - 1).max()


def test_gras_reproduces_the_published_signed_table():
    """Junius and Oosterhaven's table with the margins of Lenzen, Wood and Gallego (2007)."""
    found = gras(LENZEN, [15, 26, -1], [9, 16, 17, -2])
    expected = [[8.97644, 3.74316, 5.721728, -3.441329], [2.799335, 12.25684, 9.992314, 0.951511],
                [-2.775776, 0, 1.285958, 0.489818]]
    np.testing.assert_allclose(found.table, expected, atol=2e-6)
    assert found.converged and found.residual <= 1e-9


def test_ras_solves_the_miller_blair_update():
    """Miller and Blair (2009) section 7.4: margins met and the prior's cross ratios kept, which no other table does."""
    A0 = np.array([[0.120, 0.100, 0.049], [0.210, 0.247, 0.265], [0.026, 0.249, 0.145]])
    flows = np.array([[98, 72, 75], [65, 8, 63], [88, 27, 44]], dtype=float)
    prior = A0 * [421, 284, 283]
    found = ras(prior, flows.sum(1), flows.sum(0), tolerance=1e-12)
    np.testing.assert_allclose(found.table.sum(1), [245, 136, 159], rtol=1e-11)
    np.testing.assert_allclose(found.table.sum(0), [251, 107, 182], rtol=1e-11)
    assert _biproportional(found.table, prior) < 1e-12


def test_ras_equals_repeated_rescaling_of_the_table():
    rng = np.random.default_rng(3)
    prior = rng.random((23, 17)) * (rng.random((23, 17)) < 0.7) + np.eye(23, 17) * 0.1
    target = prior * rng.uniform(0.5, 2, (23, 1)) * rng.uniform(0.5, 2, 17)
    target *= np.where(prior > 0, rng.uniform(0.9, 1.1, prior.shape), 0)
    u, v = target.sum(1), target.sum(0)
    table = prior.copy()
    for _ in range(3000):
        table *= (u / table.sum(1))[:, None]
        table *= v / table.sum(0)
    np.testing.assert_allclose(ras(prior, u, v, tolerance=1e-12).table, table, rtol=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**31))
def test_ras_meets_margins_keeps_zeros_and_cross_ratios(n, m, seed):
    rng = np.random.default_rng(seed)
    prior = rng.uniform(0.1, 10, (n, m))
    u = rng.uniform(0.1, 100, n)
    v = rng.uniform(0.1, 100, m)
    v *= u.sum() / v.sum()
    found = ras(prior, u, v)
    assert found.converged
    np.testing.assert_allclose(found.table.sum(1), u, rtol=2e-9)
    np.testing.assert_allclose(found.table.sum(0), v, rtol=2e-9)
    assert _biproportional(found.table, prior) < 1e-9
    np.testing.assert_allclose(gras(prior, u, v).table, found.table, rtol=1e-7)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 7), st.integers(2, 7), st.integers(0, 2**31))
def test_gras_moves_positive_and_negative_cells_in_opposite_ratio(n, m, seed):
    """The optimum has log|x/z| = a_i + b_j for positive and -(a_i + b_j) for negative cells."""
    rng = np.random.default_rng(seed)
    prior = rng.uniform(0.5, 5, (n, m)) * np.where(rng.random((n, m)) < 0.2, -1, 1)
    target = prior * rng.uniform(0.7, 1.4, (n, m))
    found = gras(prior, target.sum(1), target.sum(0), tolerance=1e-10)
    assert found.converged
    slope = np.sign(prior) * np.log(found.table / prior)
    np.testing.assert_allclose(slope - slope[:, :1] - slope[:1] + slope[0, 0], 0, atol=1e-8)
    np.testing.assert_array_equal(np.sign(found.table), np.sign(prior))


def test_balancing_a_balanced_table_returns_it():
    table = np.array([[3.0, -1.0], [2.0, 5.0]])
    np.testing.assert_allclose(gras(table, table.sum(1), table.sum(0)).table, table, rtol=1e-12)
    np.testing.assert_allclose(ras(np.abs(table), [4, 7], [5, 6]).table, np.abs(table), rtol=1e-12)


def test_zero_totals_empty_their_row_and_column():
    found = ras([[1, 2, 0], [3, 4, 5], [0, 0, 0]], [0, 6, 0], [2, 4, 0])
    np.testing.assert_allclose(found.table, [[0, 0, 0], [2, 4, 0], [0, 0, 0]])
    signed = gras([[1, 2], [-3, -4], [5, 6]], [0, 0, 11], [4, 7])
    np.testing.assert_allclose(signed.table[:2], 0, atol=1e-12)
    assert signed.converged and ras(np.zeros((2, 2)), [0, 0], [0, 0]).converged


def test_a_row_of_both_signs_may_net_out_to_zero():
    found = gras([[4.0, -2.0, -1.0], [1.0, 5.0, 6.0]], [0.0, 10.0], [3.0, 4.0, 3.0])
    assert found.converged
    assert abs(found.table[0].sum()) < 1e-13
    np.testing.assert_allclose(found.table.sum(0), [3, 4, 3], rtol=1e-8)


def test_a_pattern_without_solution_comes_back_as_not_converged():
    """Row 0 and row 1 together need 3 from column 0, which has 1."""
    found = ras([[1, 0], [1, 0], [1, 1]], [1, 2, 1], [1, 3])
    assert not found.converged and found.residual > 0.1 and np.isfinite(found.table).all()
    with pytest.raises(NotConverged, match="trade of Coal"):
        found.require("trade of Coal", 1e-9)
    few = ras([[1, 2], [3, 4]], [5, 1], [2, 4], max_iterations=1)
    assert few.iterations == 1 and not few.converged and few.residual > 1e-9


@pytest.mark.parametrize(("prior", "u", "v", "said"), [
    ([[1, 2], [0, 0]], [3, 1], [2, 2], "row 1"),
    ([[1, 0], [1, 0]], [1, 2], [1, 2], "column 1"),
    ([[1, 0], [1, 1]], [1, 2], [0, 3], "row 0"),
    ([[1, 2], [3, 4]], [3, 4], [3, 5], "sum to 7"),
    ([[1, -2], [3, 4]], [3, 4], [3, 4], "(0, 1)"),
    ([[1, np.nan], [3, 4]], [3, 4], [3, 4], "(0, 1)"),
    ([[1, 2], [3, 4]], [3, np.inf], [3, 4], "row_totals"),
    ([[1, 2], [3, 4]], [3, 4, 5], [3, 4], "shape (3,)"),
    ([[1, 2], [3, 4]], [8, -1], [3, 4], "row_totals"),
])
def test_ras_refuses_and_names_the_place(prior, u, v, said):
    with pytest.raises(InputError) as caught:
        ras(prior, u, v)
    assert said in str(caught.value)


def test_gras_refuses_a_total_whose_sign_no_cell_has():
    with pytest.raises(InputError, match=r"row 0.*negative"):
        gras([[1, 2], [3, 4]], [-1, 11], [4, 6])
    with pytest.raises(InputError, match=r"column 1.*positive"):
        gras([[1, -2], [3, -4]], [1, 3], [1, 3])


def test_block_margins_hold_beside_rows_and_columns():
    rng = np.random.default_rng(5)
    prior = rng.random((8, 9)) + 0.1
    truth = prior * rng.uniform(0.5, 2, prior.shape)
    groups = np.full((8, 9), -1)
    groups[:4, :3], groups[4:, 6:], groups[0, 8] = 0, 1, 2
    totals = [truth[groups == g].sum() for g in range(3)]
    found = ras_blocks(prior, truth.sum(1), truth.sum(0), groups, totals)
    assert found.converged
    np.testing.assert_allclose([found.table[groups == g].sum() for g in range(3)], totals, rtol=1e-8)
    np.testing.assert_allclose(found.table.sum(1), truth.sum(1), rtol=1e-8)
    # Within one group (and outside all) the prior's cross ratios are kept.
    assert _biproportional(found.table[:4, :3], prior[:4, :3]) < 1e-9
    assert _biproportional(found.table[1:4, 3:], prior[1:4, 3:]) < 1e-9


def test_block_margins_already_met_change_nothing():
    signed = np.array(LENZEN, dtype=float)
    plain = gras(signed, [15, 26, -1], [9, 16, 17, -2], tolerance=1e-12).table
    groups = [[0, 0, -1, -1], [0, 0, -1, -1], [-1, -1, -1, -1]]
    found = ras_blocks(signed, [15, 26, -1], [9, 16, 17, -2], groups, [plain[:2, :2].sum()], tolerance=1e-11)
    np.testing.assert_allclose(found.table, plain, atol=1e-8)


def test_block_margins_refuse_bad_labels_and_conflicts():
    with pytest.raises(InputError, match="labels"):
        ras_blocks(np.ones((2, 2)), [2, 2], [2, 2], [[0, 1], [2, -2]], [1, 1])
    with pytest.raises(InputError, match="group 1"):
        ras_blocks(np.ones((2, 2)), [2, 2], [2, 2], [[0, -1], [-1, -1]], [1, 1])
    conflict = ras_blocks(np.ones((2, 2)), [2, 2], [2, 2], [[0, 0], [-1, -1]], [3.0], max_iterations=50)
    assert not conflict.converged and conflict.residual > 0.1
