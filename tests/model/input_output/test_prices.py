"""Cost-push prices and the carbon price: a textbook table, one where nothing changes, and every yuan has a payer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import random_flows, random_mrio

from io_tables.errors import InputError
from io_tables.mrio import Mrio
from model.input_output.leontief import Leontief
from model.input_output.prices import carbon_price, cost_push, price_change

#: Miller and Blair (2009), chapter 2: flows 150, 500; 200, 100 of outputs 1000 and 2000.
MILLER_BLAIR = np.array([[0.15, 0.25], [0.20, 0.05]])


def test_a_rise_of_wages_in_the_textbook_table():
    """Section 2.6: labour 0.30 of sector 1's output becomes 30 % dearer, so value added 0.65, 0.70 -> 0.74, 0.70."""
    prices = cost_push(MILLER_BLAIR, [0.09, 0.0])
    np.testing.assert_allclose(prices, [1.113, 1.030], atol=5e-4)
    np.testing.assert_allclose(prices, [0.74, 0.70] @ np.linalg.inv(np.eye(2) - MILLER_BLAIR), rtol=1e-14)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_prices_are_exactly_one_when_nothing_is_added_and_solve_their_equation_otherwise(seed):
    Z, Y, _, _ = random_flows(2, 4, seed)
    x = Z.sum(axis=1) + Y.sum(axis=1)
    A = Z * np.divide(1, x, out=np.zeros_like(x), where=x > 0)
    np.testing.assert_array_equal(cost_push(A, np.zeros(8)), np.ones(8))
    added = np.random.default_rng(seed).random(8) * 0.1
    prices = cost_push(A, added)
    np.testing.assert_allclose(prices, prices @ A + (1 - A.sum(axis=0)) + added, rtol=1e-12)
    both = cost_push(Leontief(A), np.vstack([added, 2 * added]))
    np.testing.assert_allclose(both - 1, np.vstack([prices - 1, 2 * (prices - 1)]), rtol=1e-10, atol=1e-15)


def test_partial_pass_through_splits_the_cost_between_buyers_and_owners():
    added, phi = np.array([0.10, 0.05]), np.array([0.5, 0.8])
    change, absorbed = price_change(MILLER_BLAIR, added, phi)
    higher = added + change @ MILLER_BLAIR
    np.testing.assert_allclose(change, phi * higher)
    np.testing.assert_allclose(absorbed, (1 - phi) * higher)
    np.testing.assert_allclose(price_change(MILLER_BLAIR, added)[0], cost_push(MILLER_BLAIR, added) - 1)
    fixed, borne = price_change(MILLER_BLAIR, added, [0.0, 1.0])
    assert fixed[0] == 0 and fixed[1] == pytest.approx(0.05 / 0.95) and borne[1] == 0
    with pytest.raises(InputError, match=r"pass_through\[1\]: 1.2"):
        price_change(MILLER_BLAIR, added, [0.5, 1.2])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([None, "imports", "imports and exports"]), st.floats(0, 1))
def test_every_yuan_of_carbon_revenue_has_a_payer(seed, border, share):
    table = random_mrio(3, 4, seed % 1000)
    rng = np.random.default_rng(seed)
    own = rng.random(7)
    found = carbon_price(table, 80.0, "energy", border=border, pass_through=rng.uniform(share, 1, 12),
                         covered=rng.random(12), final_demand_emissions=own)
    paid = found.burden["burden"].sum() + found.absorbed.sum()
    assert found.revenue + found.border_revenue - found.rebate == pytest.approx(paid, rel=1e-10)
    assert found.revenue <= 0.8 * (table.extensions["energy"].sum() + own.sum())
    assert (found.burden["burden"] >= 0).all()


def test_no_price_changes_nothing_and_border_adjustment_shifts_the_burden():
    table = random_mrio(3, 4, 2)
    assert not carbon_price(table, 0.0, "CO2").price_change.any()
    plain = carbon_price(table, 100.0, "CO2")
    adjusted = carbon_price(table, 100.0, "CO2", border="imports")
    both = carbon_price(table, 100.0, "CO2", border="imports and exports")
    assert plain.border_revenue == 0 and not plain.import_price_change.any()
    assert (adjusted.price_change > plain.price_change).all() and adjusted.border_revenue > 0
    exports = both.burden["region"].isna()
    assert both.burden.loc[exports, "burden"].item() == 0
    assert both.rebate == pytest.approx(adjusted.burden.loc[exports, "burden"].item())
    # Revenue of a full price is emissions times the price: 100 yuan/t x Mt = 10^8 yuan.
    assert plain.revenue == pytest.approx(table.extensions["CO2"].sum())
    supplied = carbon_price(table, 100.0, "CO2", border="imports", import_factors=np.full(4, 0.5))
    np.testing.assert_allclose(supplied.import_price_change, 0.5)


def test_households_of_the_worked_table_pay_what_their_purchases_embody():
    Z = np.array([[40, 30, 10, 5], [20, 25, 5, 15], [8, 6, 60, 20], [4, 10, 15, 30]], dtype=float)
    Y = np.array([[80, 15], [50, 25], [20, 96], [10, 81]], dtype=float)
    x = np.array([180, 140, 210, 150], dtype=float)
    table = Mrio(("north", "south"), ("goods", "services"), Z, Y, x - Z.sum(axis=0),
                 final_demand=[("north", "rural"), ("south", "urban")], extensions={"co2": [90, 20, 200, 30]})
    households = carbon_price(table, 1.0).households()
    np.testing.assert_allclose(households["burden"], [1.26318189, 2.13681811])
    np.testing.assert_allclose(households["share"], np.array([1.26318189, 2.13681811]) / [160, 217])


@pytest.mark.parametrize(("arguments", "message"), [
    ({"extension": "CO"}, "did you mean 'CO2'"),
    ({"border": "import"}, "did you mean 'imports'"),
    ({"covered": np.full(12, 2.0)}, "shares in 0..1"),
    ({"final_demand_emissions": [1.0]}, r"expected (7,)"),
    ({"border": "imports", "import_factors": [1.0]}, "import_factors: shape (1,)"),
    ({"price": np.nan}, "price nan"),
])
def test_mistakes_are_named(arguments, message):
    arguments = {"price": 50.0, "extension": "CO2", **arguments}
    with pytest.raises(InputError) as caught:
        carbon_price(random_mrio(3, 4, 2), **arguments)
    assert message in str(caught.value)


def test_singular_and_unbounded_tables_are_refused():
    with pytest.raises(InputError, match="singular"):
        cost_push(np.eye(2), [0.1, 0.1])
    with pytest.raises(InputError, match="not productive"):
        cost_push([[0.9, 0.6], [0.5, 0.9]], [0.1, 0.1])
    with pytest.raises(InputError, match="added_cost: not a finite"):
        cost_push(MILLER_BLAIR, [np.nan, 0.1])
    with pytest.raises(InputError, match=r"added_cost: shape \(3,\)"):
        cost_push(MILLER_BLAIR, [0.1, 0.1, 0.1])
