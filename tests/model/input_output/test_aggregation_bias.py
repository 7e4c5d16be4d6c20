"""Aggregation bias: nothing where theory says so, shown where it is not."""

import numpy as np
from random_tables import random_mrio

from io_tables.aggregation import aggregate
from io_tables.splitting import split
from model.input_output.aggregation_bias import aggregation_bias

TO_TWO = {"sector 0": "goods", "sector 1": "services", "sector 2": "goods", "sector 3": "services"}


def test_merging_unlike_sectors_moves_emissions_between_regions_but_not_the_total():
    table = random_mrio(3, 4, seed=12)
    found = aggregation_bias(table, "CO2", sectors=TO_TWO)
    fine, coarse = found.consumption
    assert found.largest > 1e-4
    np.testing.assert_allclose(found.transfers[0].sum(), fine.sum())
    exported = table.extensions["CO2"].sum() - np.array([fine.sum(), coarse.sum()])
    assert (exported > 0).all()
    assert found.frame()["bias"].abs().max() > 0


def test_merging_like_sectors_has_no_bias():
    """Parts of one sector with equal coefficients: Morimoto's condition."""
    table = random_mrio(2, 3, seed=4)
    twins = split(table, "sector 1", ("left", "right"), [0.3, 0.7])
    back = {"sector 0": "sector 0", "left": "sector 1", "right": "sector 1", "sector 2": "sector 2"}
    found = aggregation_bias(twins, "CO2", sectors=back)
    np.testing.assert_allclose(found.multipliers["bias"], 0, atol=1e-12)
    assert found.largest < 1e-12


def test_multiplier_bias_is_the_coarse_multiplier_minus_the_fine():
    table = random_mrio(2, 4, seed=3)
    found = aggregation_bias(table, "CO2", sectors=TO_TWO, regions={"region 0": "all", "region 1": "all"})
    coarse = aggregate(table, sectors=TO_TWO, regions={"region 0": "all", "region 1": "all"})
    for one, column in ((table, "fine"), (coarse, "coarse")):
        f = one.extensions["CO2"] / one.x @ np.linalg.inv(np.eye(one.n) - one.A)
        expected = f if column == "fine" else f[[0, 1, 0, 1] * 2]
        np.testing.assert_allclose(found.multipliers[column], expected)
    np.testing.assert_allclose(found.consumption[0].sum() - found.consumption[1].sum(),
                               (found.multipliers["fine"] - found.multipliers["coarse"]) @ table.Y[:, :4].sum(1))
