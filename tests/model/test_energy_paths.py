"""Efficiency and electrification of energy outside the technologies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.energy_paths import coefficient_factors, electrify, residual_energy

MOVABLE = np.array([True, True, False, False])
ELECTRICITY = 3


@given(st.floats(0.0, 1.0), st.floats(0.3, 1.0), st.lists(st.floats(0.1, 50), min_size=4, max_size=4))
def test_the_electricity_share_reaches_its_target_or_runs_out_of_fuel(target, ratio, energy):
    energy = np.array(energy)
    result = electrify(energy, ELECTRICITY, MOVABLE, np.array(target), ratio)
    share, start = result[ELECTRICITY] / result.sum(), energy[ELECTRICITY] / energy.sum()
    assert (result >= 0).all() and result[2] == energy[2]
    if target <= start:
        np.testing.assert_array_equal(result, energy)
    elif result[MOVABLE].sum() > 1e-9:
        assert share == pytest.approx(target, rel=1e-9)
    # useful energy is conserved
    assert result[ELECTRICITY] / ratio + result[MOVABLE].sum() == pytest.approx(
        energy[ELECTRICITY] / ratio + energy[MOVABLE].sum()
    )


def test_energy_and_money_move_together():
    base = np.array([[[10.0, 5.0, 0.0, 5.0]]])
    activity, efficiency = np.array([[2.0]]), np.full((1, 4), 0.9)
    energy = residual_energy(base, activity, efficiency, np.array([np.nan]), ELECTRICITY, MOVABLE, 0.5)
    np.testing.assert_allclose(energy, base * 1.8)
    factors = coefficient_factors(base, energy, activity, np.array([0, 0, -1, 1]), 3)
    np.testing.assert_allclose(factors, [[[0.9, 0.9, 1.0]]])
