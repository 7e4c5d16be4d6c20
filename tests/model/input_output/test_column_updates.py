"""New columns by block elimination, Woodbury, share mixes and the frozen inverse equal a new factor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_leontief import random_coefficients

from io_tables.errors import InputError, NotConverged
from model.input_output.column_updates import FixedBlock, ShareMix, frozen_inverse, new_columns
from model.input_output.leontief import Leontief


def changed_table(n, k, seed):
    rng = np.random.default_rng(seed)
    A = random_coefficients(n, seed)
    J = rng.permutation(n)[:k]
    new = A[:, J] * rng.uniform(0.6, 1.2, (n, k))
    after = A.copy()
    after[:, J] = new
    return A, J, new, after, rng.random((n, 2))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.data())
def test_all_four_ways_equal_a_new_factor(n, data):
    k = data.draw(st.integers(0, n))
    A, J, new, after, y = changed_table(n, k, data.draw(st.integers(0, 2**31)))
    expected = np.linalg.solve(np.eye(n) - after, y)
    for system in (Leontief(A), Leontief.from_flows(A * 3, np.full(n, 3.0))):
        np.testing.assert_allclose(new_columns(system, J, new, y), expected, rtol=1e-10)
        # The iteration contracts by the spectral radius of L D: a hundred passes reach 1e-13 below 0.7.
        contraction = np.abs(np.linalg.eigvals(np.linalg.solve(np.eye(n) - A, after - A))).max()
        if contraction < 0.7:
            iterated = frozen_inverse(system, J, new, y, tolerance=1e-13)
            np.testing.assert_allclose(iterated.output, expected, rtol=1e-10)
    if k < n:
        np.testing.assert_allclose(FixedBlock(A, J).output(new, y), expected, rtol=1e-10)
        np.testing.assert_allclose(FixedBlock(A, J).output(new, y[:, 0]), expected[:, 0], rtol=1e-10)


def test_share_mix_moves_only_the_mix():
    """Two sectors with three and two recipes; at the base shares nothing changes, at others the table is rebuilt."""
    rng = np.random.default_rng(4)
    n, sector = 8, np.array([2, 2, 2, 5, 5])
    recipes = rng.random((n, 5)) * 0.08
    A = random_coefficients(n, 4) * 0.7
    base = np.array([0.5, 0.3, 0.0, 0.6, 0.2])
    A[:, 2] += recipes[:, :3] @ base[:3]
    A[:, 5] += recipes[:, 3:] @ base[3:]
    y = rng.random(n)
    mix = ShareMix(Leontief(A), recipes, sector, base)
    np.testing.assert_array_equal(mix.output(base, y), Leontief(A).output(y))
    shares = np.array([0.1, 0.2, 0.5, 0.3, 0.5])
    after = A.copy()
    after[:, 2] += recipes[:, :3] @ (shares - base)[:3]
    after[:, 5] += recipes[:, 3:] @ (shares - base)[3:]
    np.testing.assert_allclose(mix.output(shares, y), np.linalg.solve(np.eye(n) - after, y), rtol=1e-12)
    np.testing.assert_allclose(mix.output(shares, 2 * y), np.linalg.solve(np.eye(n) - after, 2 * y), rtol=1e-12)


def test_frozen_inverse_says_when_the_change_is_too_large():
    A = np.full((3, 3), 0.1)
    new = np.full((3, 1), 0.1)
    new[1] = 30.0
    with pytest.raises(NotConverged, match="frozen inverse"):
        frozen_inverse(Leontief(A), [1], new, np.ones(3))
    unchanged = frozen_inverse(Leontief(A), [1], A[:, [1]], np.ones(3))
    assert unchanged.iterations == 0 and unchanged.residual == 0


def test_bad_columns_are_refused():
    A = np.full((3, 3), 0.1)
    for columns, new in (([0, 0], np.zeros((3, 2))), ([3], np.zeros((3, 1))), ([0], np.zeros((2, 1))),
                         ([0], np.full((3, 1), np.nan))):
        with pytest.raises(InputError):
            new_columns(Leontief(A), columns, new, np.ones(3))
    singular = np.array([[1.0], [0.0], [0.0]])
    with pytest.raises(InputError, match="singular"):
        new_columns(Leontief(np.zeros((3, 3))), [0], singular, np.ones(3))
    with pytest.raises(InputError):
        FixedBlock(A, [0]).output(np.zeros((3, 2)), np.ones(3))
    with pytest.raises(InputError):
        ShareMix(Leontief(A), np.zeros((3, 2)), [0, 7], [0.1, 0.1])
