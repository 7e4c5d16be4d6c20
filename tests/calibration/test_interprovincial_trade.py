"""Exports by origin, own use and flows between provinces (E3)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.interprovincial_trade import (
    LARGEST_SHARE,
    distances,
    exports_by_origin,
    room_for_trade,
    self_use,
    spread_by_gravity,
    trade_shares,
)
from io_tables.errors import InputError


def margins(seed, R=6, J=3):
    rng = np.random.default_rng(seed)
    supply, demand = rng.lognormal(0, 1.5, (R, J)), rng.lognormal(0, 1.5, (R, J))
    return supply, demand * (supply.sum(axis=0) / demand.sum(axis=0))


def test_distance_of_a_quarter_meridian_and_of_beijing_to_shanghai():
    d = distances(np.array([0.0, 0.0]), np.array([0.0, 90.0]))
    assert d[0, 1] == pytest.approx(10_007.5, abs=1.0)
    cities = distances(np.array([116.41, 121.47]), np.array([39.90, 31.23]))
    assert cities[0, 1] == pytest.approx(1068, abs=5)


def test_exports_never_exceed_supply_and_sum_to_the_nation():
    supply, _ = margins(1)
    propensity = np.random.default_rng(2).lognormal(0, 2, supply.shape)
    national = supply.sum(axis=0) * np.array([0.0, 0.3, 0.95])
    exports = exports_by_origin(supply, national, propensity)
    np.testing.assert_allclose(exports.sum(axis=0), national, rtol=1e-12)
    assert (exports >= 0).all() and (exports <= supply).all()
    # The odds of exporting are proportional to the propensity.
    odds = exports[:, 1] / (supply - exports)[:, 1] / propensity[:, 1]
    np.testing.assert_allclose(odds, odds[0], rtol=1e-6)


def test_exports_above_national_supply_are_refused():
    with pytest.raises(InputError, match="commodity 0"):
        exports_by_origin(np.ones((3, 1)), np.array([3.5]), np.ones((3, 1)))


def test_own_use_by_hauling_is_kronenbergs_charm():
    supply, demand = margins(4)
    h = np.array([0.02, 0.05, 0.1])
    own = self_use(supply, demand, np.ones(3), h, weight=0.0)
    # Kronenberg (2009): volume v = |b| + h (S + D), outflow (v + b) / 2, inflow (v - b) / 2.
    balance = supply - demand
    volume = np.abs(balance) + h * (supply + demand)
    inside = (volume + balance) / 2 <= supply
    inside &= (volume - balance) / 2 <= demand
    np.testing.assert_allclose((supply - own)[inside], ((volume + balance) / 2)[inside])
    np.testing.assert_allclose((demand - own)[inside], ((volume - balance) / 2)[inside])
    assert (own[~inside] == 0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_net_trade_is_exact_and_flows_meet_both_margins(seed):
    supply, demand = margins(seed)
    own = self_use(supply, demand, np.array([0.3, 0.7, 1.0]), np.array([0.5, 0.1, 0.0]))
    own = room_for_trade(own, supply, demand)
    assert (own <= np.minimum(supply, demand) * (1 + 1e-12)).all() and (own >= 0).all()
    sent, received = supply - own, demand - own
    net_only = np.maximum(supply - demand, 0).sum(axis=0)
    room = LARGEST_SHARE * sent.sum(axis=0)
    crossing = np.minimum(sent, received) > 1e-9 * supply.sum(axis=0)
    assert ((sent + received <= room * (1 + 1e-6)) | ~crossing).all()
    assert (sent.sum(axis=0) >= net_only * (1 - 1e-9)).all()
    where = np.random.default_rng(seed).uniform(0, 30, (2, 6))
    flows = spread_by_gravity(own, supply, demand, np.array([0.5, 1.5, 3.0]), distances(80 + where[0], 20 + where[1]))
    np.testing.assert_allclose(flows.table.sum(axis=2).T, supply, rtol=1e-9)
    np.testing.assert_allclose(flows.table.sum(axis=1).T, demand, rtol=1e-9)
    assert (flows.table >= 0).all()


def test_flows_between_provinces_follow_distance_as_gravity_says():
    supply, demand = margins(7, R=5, J=1)
    own = room_for_trade(0.2 * np.minimum(supply, demand), supply, demand)
    rng = np.random.default_rng(0)
    distance = distances(rng.uniform(80, 120, 5), rng.uniform(20, 45, 5))
    T = spread_by_gravity(own, supply, demand, np.array([1.7]), distance).table[0]
    # Margins cancel in the cross ratio of four different provinces.
    measured = T[0, 1] * T[2, 3] / (T[0, 3] * T[2, 1])
    friction = (distance[0, 1] * distance[2, 3] / (distance[0, 3] * distance[2, 1])) ** -1.7
    assert measured == pytest.approx(friction, rel=1e-8)
    np.testing.assert_allclose(np.diag(T), own[:, 0])


def test_trade_shares_sum_to_one_and_an_unused_good_stays_at_home():
    flows = np.array([[[3.0, 0.0], [1.0, 0.0]]])
    np.testing.assert_allclose(trade_shares(flows), [[[0.75, 0.0], [0.25, 1.0]]])
