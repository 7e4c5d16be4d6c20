"""Efficiency and electrification of energy outside the technologies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.energy_paths import coefficient_factors, electrify, residual_energy

MOVABLE = np.array([True, True, False, False])
ELECTRICITY = 3


FINAL = np.array([0.7, 1.0, 1.0, 1.0])


@given(st.floats(0.0, 1.0), st.floats(0.3, 1.0), st.lists(st.floats(0.1, 50), min_size=4, max_size=4))
def test_the_non_electric_share_falls_as_asked_or_runs_out_of_fuel(kept, ratio, energy):
    energy = np.array(energy)
    result = electrify(energy, ELECTRICITY, FINAL, MOVABLE, np.array(kept), ratio)
    # feedstock stays: 30 % of the first fuel; what is not movable stays
    feedstock = energy * (1 - FINAL)
    counted, start = result - feedstock, energy * FINAL
    assert (counted >= -1e-12).all() and result[2] == energy[2]
    if counted[MOVABLE].sum() > 1e-9:
        share, before = counted[ELECTRICITY] / counted.sum(), start[ELECTRICITY] / start.sum()
        assert 1 - share == pytest.approx((1 - before) * kept, rel=1e-9)
    useful = result[ELECTRICITY] / ratio + result[MOVABLE].sum()
    assert useful == pytest.approx(energy[ELECTRICITY] / ratio + energy[MOVABLE].sum())


def test_energy_and_money_move_together():
    base = np.array([[[10.0, 5.0, 0.0, 5.0]]])
    activity, efficiency = np.array([[2.0]]), np.full((1, 4), 0.9)
    energy = residual_energy(base, activity, efficiency, np.ones(1), ELECTRICITY, FINAL[None], MOVABLE, 0.5)
    np.testing.assert_allclose(energy, base * 1.8)
    factors = coefficient_factors(base, energy / 2.0, base, (np.array([0, 1]), np.array([3]), np.array([2])))
    np.testing.assert_allclose(factors, [[[0.9, 0.9, 1.0]]])


def test_a_nearly_empty_residual_does_not_explode():
    before, account = np.array([[[1e-9, 0.0]]]), np.array([[[100.0, 0.0]]])
    after = before + np.array([[[5.0, 0.0]]])
    factors = coefficient_factors(before, after, account, (np.array([0]), np.array([1])))
    np.testing.assert_allclose(factors, [[[1.5, 1.0]]])
