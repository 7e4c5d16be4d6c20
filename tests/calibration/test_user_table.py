"""A user's table in place of the estimated one: totals stay, identities hold, mistakes are named."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.user_table import with_user_table
from io_tables.base_year import BaseYear
from io_tables.errors import InputError


@pytest.fixture(scope="module")
def base():
    return BaseYear.load("china_2020")


def test_our_own_table_comes_back(base):
    again = with_user_table(base, base.mrio)
    assert max(again.check().values()) < 1e-8
    np.testing.assert_allclose(again.mrio.x, base.mrio.x, rtol=1e-9)
    assert np.abs(again.mrio.Z - base.mrio.Z).sum() < 5e-4 * base.mrio.Z.sum()
    np.testing.assert_allclose(again.product_price, base.product_price, rtol=1e-9)


def test_a_different_table_keeps_its_totals(base):
    rng = np.random.default_rng(4)
    table = base.mrio
    Z = table.Z * rng.uniform(0.97, 1.03, table.Z.shape)
    Y = np.where(table.Y > 0, table.Y * rng.uniform(0.97, 1.03, table.Y.shape), table.Y)
    x = Z.sum(axis=1) + Y.sum(axis=1)
    residual = x - Z.sum(axis=0) - table.imports.sum(axis=0)
    value_added = table.value_added * residual / table.value_added.sum(axis=0)
    other = replace(table, Z=Z, Y=Y, value_added=value_added)
    got = with_user_table(base, other)
    assert max(got.check().values()) < 1e-7
    np.testing.assert_allclose(got.mrio.x, other.x, rtol=1e-7)
    np.testing.assert_allclose(got.mrio.value_added.sum(axis=0), value_added.sum(axis=0), rtol=1e-9)
    R, S = len(base.regions), len(base.sectors)
    by_destination = other.Z.reshape(R, S, R, S).sum(axis=0)
    np.testing.assert_allclose(got.mrio.Z.reshape(R, S, R, S).sum(axis=0), by_destination, rtol=1e-6, atol=1e-4)


def test_an_error_column_stays_apart(base):
    table = base.mrio
    error = np.full(table.n, 0.01) * table.x
    shifted = replace(table, error=error, Y=table.Y.copy())
    va = shifted.value_added * ((shifted.x - table.Z.sum(axis=0) - table.imports.sum(axis=0))
                                / table.value_added.sum(axis=0))
    got = with_user_table(base, replace(shifted, value_added=va))
    np.testing.assert_allclose(got.mrio.error, error, rtol=1e-9)
    assert max(got.check().values()) < 1e-7


def test_unknown_category_and_missing_province_are_named(base):
    table = base.mrio
    labels = list(table.final_demand)
    labels[0] = (labels[0][0], "picnics")
    with pytest.raises(InputError, match="picnics"):
        with_user_table(base, replace(table, final_demand=tuple(labels)))
    smaller = replace(table, regions=("Atlantis", *table.regions[1:]), final_demand=None)
    with pytest.raises(InputError, match="Atlantis"):
        with_user_table(base, smaller)
