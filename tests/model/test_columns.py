"""Technology columns (E8): the base mix gives the base table, and inputs follow the mix."""

import numpy as np
import pytest

from model.technology.columns import base_columns, columns_at


@pytest.fixture
def case():
    rng = np.random.default_rng(3)
    R, J, P, K = 4, 6, 2, 5
    domestic, imported = rng.random((R, J, P)) / J, rng.random((R, J, P)) / (4 * J)
    product_of = np.array([0, 0, 0, 1, 1])
    shares = np.zeros((R, K))
    for p in range(P):
        own = product_of == p
        draw = rng.random((R, own.sum()))
        shares[:, own] = draw / draw.sum(axis=1, keepdims=True)
    recipes = rng.random((K, J)) / (1.5 * J)
    return domestic, imported, recipes, product_of, shares


def test_base_mix_gives_the_base_table(case):
    domestic, imported, recipes, product_of, shares = case
    columns = base_columns(domestic, imported, np.full((4, 6), 0.1), recipes, product_of, shares)
    assert (columns.scaling < 1).any() and (columns.scaling == 1).any()
    assert (columns.residual >= 0).all()
    got_domestic, got_imported = columns_at(columns, recipes, shares)
    np.testing.assert_allclose(got_domestic, domestic, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(got_imported, imported, rtol=1e-13, atol=1e-16)


def test_moving_a_share_moves_exactly_the_difference_of_two_recipes(case):
    domestic, imported, recipes, product_of, shares = case
    columns = base_columns(domestic, imported, np.full((4, 6), 0.1), recipes, product_of, shares)
    moved = shares.copy()
    moved[:, 0] -= 0.01
    moved[:, 1] += 0.01
    before, after = sum(columns_at(columns, recipes, shares)), sum(columns_at(columns, recipes, moved))
    expected = 0.01 * (recipes[1] - recipes[0]) * columns.scaling[:, :, 0]
    np.testing.assert_allclose(after[:, :, 0] - before[:, :, 0], expected, atol=1e-15)
    np.testing.assert_array_equal(after[:, :, 1], before[:, :, 1])


def test_an_input_the_base_column_lacks_takes_the_commoditys_import_share():
    domestic = imported = np.zeros((1, 1, 1))
    columns = base_columns(domestic, imported, np.array([[0.3]]), np.array([[0.5]]), np.array([0]), np.array([[0.0]]))
    got_domestic, got_imported = columns_at(columns, np.array([[0.5]]), np.array([[1.0]]))
    assert got_domestic.item() == pytest.approx(0.35) and got_imported.item() == pytest.approx(0.15)
