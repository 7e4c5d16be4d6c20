"""Draws keep what is known, spread as asked, and repeat with their seed."""

import numpy as np
import pytest
from random_tables import random_flows, random_mrio

from io_tables.errors import InputError
from model.input_output.accounts import accounts
from model.input_output.leontief import Leontief
from model.input_output.uncertainty import account_draws, demand_draws, draw_tables, total_draws


def test_every_drawn_table_balances_like_the_original():
    table = random_mrio(2, 4, seed=3)
    primary = np.vstack([table.value_added, table.imports.sum(axis=0)])
    primary[1, 2] *= -1  # a subsidy: signs are kept
    seen = []
    for drawn in draw_tables(table.Z, table.Y, primary, (0.3, 0.1, 0.2), 5, seed=1):
        np.testing.assert_allclose(drawn.Z.sum(1) + drawn.Y.sum(1), table.x, rtol=1e-8)
        np.testing.assert_allclose(drawn.Z.sum(0) + drawn.primary.sum(0), table.Z.sum(0) + primary.sum(0), rtol=1e-8)
        np.testing.assert_allclose(drawn.Y.sum(0), table.Y.sum(0), rtol=1e-8)
        np.testing.assert_array_equal(np.sign(drawn.primary), np.sign(primary))
        np.testing.assert_array_equal(drawn.Z == 0, table.Z == 0)
        seen.append(drawn.Z)
    assert np.std([Z[Z > 0] / table.Z[Z > 0] for Z in seen]) > 0.1
    again = next(draw_tables(table.Z, table.Y, primary, (0.3, 0.1, 0.2), 1, seed=1))
    np.testing.assert_array_equal(again.Z, seen[0])
    for still in draw_tables(table.Z, table.Y, primary, 0.0, 1, seed=1):
        np.testing.assert_allclose(still.Z, table.Z)


def test_a_thousand_demands_are_one_product():
    Z, Y, F, _ = random_flows(2, 5, 4, sparse=0)
    y = Y.sum(1)
    x = Z.sum(1) + y
    A, S = Z / x, F / x
    demands = demand_draws(y, 0.2, 1000, seed=7)
    np.testing.assert_allclose(demands.sum(0), y.sum())
    totals = total_draws(A, S, demands)
    assert totals.shape == (2, 1000)
    system = Leontief(A)
    for draw in (0, 500, 999):
        np.testing.assert_allclose(totals[:, draw], S @ system.output(demands[:, draw]), rtol=1e-10)


def test_free_demand_draws_have_the_mean_and_deviation_asked_for():
    """Mean y and standard deviation 0.3 y; the bounds are five standard errors of 20,000 draws."""
    y = np.array([10.0, 200.0, -5.0])
    drawn = demand_draws(y, [0.3, 0.3, 0.3], 20_000, seed=2, keep_total=False)
    np.testing.assert_allclose(drawn.mean(1) / y, 1, atol=5 * 0.3 / np.sqrt(20_000))
    np.testing.assert_allclose(drawn.std(1) / np.abs(y), 0.3, rtol=0.06)


def test_account_draws_keep_extension_totals_and_frame_the_central_account():
    Z, Y, F, regions = random_flows(2, 4, 6, sparse=0)
    drawn = account_draws(Z, Y, F, regions, table_sd=0.2, extension_sd=0.1, draws=60, seed=5)
    np.testing.assert_allclose(drawn.production.sum(2), np.tile(F.sum(1), (60, 1)))
    central = accounts(Z, Y, F, regions)
    np.testing.assert_array_equal(drawn.central.consumption, central.consumption)
    low, high = drawn.interval("consumption", 0.99)
    assert ((low < central.consumption) & (central.consumption < high)).all()
    exact = account_draws(Z, Y, F, regions, table_sd=0.0, extension_sd=0.0, draws=2, seed=5)
    np.testing.assert_allclose(exact.income[1], central.income, rtol=1e-8)
    with pytest.raises(InputError, match="unknown account"):
        drawn.interval("exports")


def test_mistakes_are_refused():
    Z, Y, F, _ = random_flows(1, 3, 0)
    for sd in (-0.1, np.nan, (0.1, 0.1, np.ones(2))):
        with pytest.raises(InputError):
            draw_tables(Z, Y, np.ones(3), sd, 1, seed=0)
    with pytest.raises(InputError, match="shapes"):
        draw_tables(Z, Y[:2], np.ones(3), 0.1, 1, seed=0)
    with pytest.raises(InputError, match="cancel"):
        demand_draws([1.0, -1.0], 0.1, 3, seed=0)
