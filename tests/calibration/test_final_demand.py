"""Final use by province (E2)."""

import numpy as np
import pytest

from calibration.final_demand import final_demand, local_final_use
from calibration.trade_facts import read_trade_facts, relative_propensity
from io_tables.errors import Infeasible, InputError


def test_final_use_sums_to_the_nation_by_commodity_and_category():
    rng = np.random.default_rng(0)
    R, J, C = 4, 5, 2
    national, imports = rng.uniform(5, 10, (J, C)), rng.uniform(0, 2, (J, C))
    shares = rng.dirichlet(np.ones(R) * 5, C).T
    local = np.array([False, True, False, False, False])
    residual = (rng.dirichlet(np.ones(R) * 5) * national[1].sum())[:, None]
    kept, _, _ = local_final_use(residual, national[local], shares)
    tilt = rng.uniform(0.8, 1.2, (R, J))
    found = final_demand(national, imports, shares, tilt, np.ones((R, J)), local, kept)
    np.testing.assert_allclose(found.domestic.sum(axis=0), national, rtol=1e-9)
    np.testing.assert_allclose(found.imported.sum(axis=0), imports, rtol=1e-9)
    np.testing.assert_allclose(found.domestic[:, 1].sum(axis=1), residual[:, 0], rtol=1e-9)
    assert (found.domestic >= 0).all()
    # Spending meets the estimate wherever the local good leaves room within the bound.
    np.testing.assert_allclose(found.spending_ratio, 1.0, rtol=0.25)


def test_without_local_goods_each_province_spends_its_share():
    national = np.array([[6.0], [4.0]])
    shares = np.array([[0.25], [0.75]])
    found = final_demand(national, np.zeros((2, 1)), shares, np.array([[1.0, 2.0], [1.0, 1.0]]), np.ones((2, 2)),
                         np.zeros(2, dtype=bool), np.zeros((2, 0, 1)))
    np.testing.assert_allclose(found.domestic.sum(axis=(1, 2)), [2.5, 7.5])
    # The province that supplies more of the second good takes more of it.
    assert found.domestic[0, 1, 0] / found.domestic[0, 0, 0] > found.domestic[1, 1, 0] / found.domestic[1, 0, 0]


def test_local_goods_that_industries_overuse_are_named():
    with pytest.raises(Infeasible) as caught:
        local_final_use(np.array([[5.0], [-1.0]]), np.array([[4.0]]), np.array([[0.5], [0.5]]))
    assert any("province 1" in text for text in caught.value.clashing)


def test_relative_propensity_by_hand():
    # Province 0 has 80 % of exports with half the supply; the third does not report and takes 1.0 from no evidence.
    shares = np.array([[0.8], [0.2], [np.nan]])
    reference = np.array([[10.0], [10.0], [5.0]])
    np.testing.assert_allclose(relative_propensity(shares, reference, 20.0, np.array([1.0])), [[1.6], [0.4], [1.0]])
    two = np.array([[0.8, np.nan], [0.2, np.nan], [np.nan, np.nan]])
    found = relative_propensity(two, np.repeat(reference, 2, axis=1), 20.0, np.array([1.0, 3.0]))
    np.testing.assert_allclose(found[:, 1], [1.6, 0.4, 1.0])


def test_embedded_facts_are_shares_and_products_take_their_sector():
    sectors = ("Metal smelting", "Metal smelting", "Electricity and heat")
    facts = read_trade_facts(("Metal smelting", "steel", "heat"), sectors)
    np.testing.assert_allclose(facts.final_shares.sum(axis=0), 1.0)
    assert facts.self_use_share[0] == facts.self_use_share[1]
    assert facts.local.tolist() == [False, False, True]
    assert np.nansum(facts.export_shares, axis=0)[0] == pytest.approx(1.0, abs=0.005)


def test_an_unknown_sector_is_named():
    with pytest.raises(InputError, match="Moonbeams"):
        read_trade_facts(("Moonbeams",), ("Moonbeams",))
