"""Electricity between provinces: balancing and tracing (E3)."""

import numpy as np
import pytest

from calibration.electricity_trade import (
    ElectricityFacts,
    balance_nodes,
    electricity_trade,
    net_imports,
    read_facts,
    without_transit,
)
from io_tables.errors import Infeasible, InputError


def test_a_balanced_exchange_is_left_alone():
    exchange = np.array([[0.0, 5.0, 1.0], [2.0, 0.0, 3.0], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(balance_nodes(exchange, net_imports(exchange)), exchange, rtol=1e-9)


def test_balancing_meets_the_nodes_keeps_absent_lines_and_solves_a_chain_exactly():
    chain = np.array([[0.0, 5.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    balanced = balance_nodes(chain, np.array([-8.0, 2.0, 6.0]))
    np.testing.assert_allclose(balanced, [[0, 8, 0], [0, 0, 6], [0, 0, 0]], atol=1e-8)


def test_concentrated_change_moves_less_than_least_entropy():
    rng = np.random.default_rng(1)
    exchange = rng.lognormal(0, 1, (12, 12)) * (rng.random((12, 12)) < 0.4) * (1 - np.eye(12))
    required = net_imports(exchange) + 2 * (lambda v: v - v.mean())(rng.normal(size=12))
    moved = []
    for concentration in (0.1, 100.0):
        balanced = balance_nodes(exchange, required, concentration=concentration)
        np.testing.assert_allclose(net_imports(balanced), required, atol=1e-8 * exchange.sum())
        assert ((balanced > 0) == (exchange > 0)).all()
        moved.append(np.abs(balanced - exchange).sum())
    assert moved[0] < moved[1]


def test_what_lines_cannot_carry_is_named():
    one_way = np.array([[0.0, 5.0], [0.0, 0.0]])
    with pytest.raises(Infeasible, match="cannot carry"):
        balance_nodes(one_way, np.array([3.0, -3.0]))
    with pytest.raises(InputError, match="sum to zero"):
        balance_nodes(one_way, np.array([3.0, 3.0]))


def test_tracing_mixes_proportionally_at_each_node():
    # A makes 10, uses 4, sends 6 to B; B makes 2 and has 8, sends 3 to C. B's mix is three quarters from A.
    exchange = np.array([[0.0, 6.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    origin = without_transit(exchange, np.array([10.0, 2.0, 0.0]))
    np.testing.assert_allclose(origin, [[4.0, 3.75, 2.25], [0.0, 1.25, 0.75], [0.0, 0.0, 0.0]], atol=1e-12)


def test_sending_more_than_there_is_is_refused():
    with pytest.raises(InputError, match="province 0"):
        without_transit(np.array([[0.0, 6.0], [0.0, 0.0]]), np.array([5.0, 1.0]))


def test_the_embedded_exchange_closes_every_province():
    facts = read_facts()
    trade = electricity_trade(facts)
    assert trade.node_residual < 1e-8
    assert trade.pair_change < 0.32
    np.testing.assert_allclose(trade.origin.sum(axis=0), facts.consumption, rtol=1e-9)
    assert trade.generation.sum() == pytest.approx(facts.consumption.sum() + facts.abroad.sum())
    assert 7000 < facts.consumption.sum() < 8000  # TWh


def test_electricity_for_abroad_leaves_the_origin_table():
    facts = ElectricityFacts(np.array([[0.0, 4.0], [0.0, 0.0]]), np.array([0.0, 3.0]), np.array([10.0, 2.0]),
                             np.array([6.0, 3.0]))
    trade = electricity_trade(facts)
    assert trade.generation_scale == pytest.approx(1.0)
    np.testing.assert_allclose(trade.origin, [[6.0, 2.0], [0.0, 1.0]], atol=1e-9)
