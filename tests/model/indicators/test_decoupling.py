"""Decoupling: the eight classes at their borders, elasticities by factor, and Kaya's identity."""

import numpy as np
import pytest

from io_tables.errors import InputError
from model.indicators.decoupling import elasticity_by_factor, kaya, tapio


@pytest.mark.parametrize(("emissions", "activity", "kind"), [
    (-5, 10, "strong decoupling"), (0, 10, "weak decoupling"), (7.9, 10, "weak decoupling"),
    (8, 10, "expansive coupling"), (12, 10, "expansive coupling"), (12.1, 10, "expansive negative decoupling"),
    (5, -10, "strong negative decoupling"), (0, -10, "weak negative decoupling"),
    (-7.9, -10, "weak negative decoupling"), (-8, -10, "recessive coupling"), (-12, -10, "recessive coupling"),
    (-12.1, -10, "recessive decoupling"), (3, 0, "undefined"),
])
def test_eight_classes_and_their_borders(emissions, activity, kind):
    found = tapio(200.0, 200.0 + 2 * emissions, 1000.0, 1000.0 + 10 * activity)
    assert found.kind == kind
    if activity:
        assert found.elasticity == pytest.approx(emissions / activity)
    else:
        assert np.isnan(found.elasticity)


def test_regions_are_classed_at_once_and_mistakes_named():
    found = tapio([10, 10], [11, 9], [100, 100], [110, 120])
    assert found.kind.tolist() == ["expansive coupling", "strong decoupling"]
    with pytest.raises(InputError, match=r"emissions0\[1\]: not positive"):
        tapio([1, 0], [1, 1], [1, 1], [1, 1])
    with pytest.raises(InputError, match=r"activity1: shape \(1,\)"):
        tapio([1, 1], [1, 1], [1, 1], [1])
    with pytest.raises(InputError, match=r"emissions1\[0\]: not a finite number"):
        tapio([1], [np.nan], [1], [1])


def test_elasticity_by_factor_adds_up_to_tapio_s():
    effects = kaya([10, 11], [100, 130], [50, 55], [4, 4.2])[0]
    parts = elasticity_by_factor(effects, 4.0, 100.0, 130.0)
    assert parts.sum() == pytest.approx(tapio(4.0, 4.2, 100.0, 130.0).elasticity)
    with pytest.raises(InputError, match="no elasticity"):
        elasticity_by_factor(effects, 4.0, 100.0, 100.0)


def test_kaya_explains_the_change_step_by_step_and_by_region():
    rng = np.random.default_rng(3)
    people, income, energy, carbon = rng.uniform(1, 2, (4, 5, 3))
    effects = kaya(people, income, energy, carbon)
    assert effects.shape == (4, 4)
    np.testing.assert_allclose(effects.sum(axis=1), np.diff(carbon.sum(axis=1)))
    ratios = kaya(people, income, energy, carbon, form="multiplicative")
    assert ratios.prod() == pytest.approx(carbon[4].sum() / carbon[0].sum())
    # One region: each factor's ratio is that of the factor itself.
    np.testing.assert_allclose(
        kaya(people[:, 0], income[:, 0], energy[:, 0], carbon[:, 0], form="multiplicative")[:, 0],
        people[1:, 0] / people[:-1, 0])
    with pytest.raises(InputError, match=r"energy\[1\]: not positive"):
        kaya([1, 1], [1, 1], [1, 0], [1, 1])
