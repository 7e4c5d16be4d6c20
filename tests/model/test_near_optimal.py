"""Near-optimal alternatives: a triangle whose corners and edges are known (MGA)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from io_tables.errors import InputError
from model.near_optimal import NearOptimal, distance
from model.programme import Engine, Programme


@pytest.fixture(scope="module")
def three_ways():
    """Ten units from ways that cost 1, 1.1 and 1.5 each; at most 8 of the second."""
    p = Programme()
    x = p.add_columns("x", 3, cost=[1.0, 1.1, 1.5], upper=[np.inf, 8.0, np.inf])
    row = p.add_rows("demand", 1, lower=10.0, upper=10.0)
    p.add(np.broadcast_to(row, 3), x, 1.0)
    compiled = p.compiled()
    return compiled, Engine(compiled).solve("simplex").z


def test_ranges_are_what_the_slack_buys(three_ways):
    compiled, z = three_ways
    found = NearOptimal(compiled, z, 0.05).ranges(sparse.csr_matrix(np.eye(3)))
    # half a unit of money above 10: five units of the second way at 0.1 more each, or one of the third at 0.5 more
    np.testing.assert_allclose(found, [[5.0, 10.0], [0.0, 5.0], [0.0, 1.0]], atol=1e-9)


def test_a_range_ends_where_the_way_itself_ends(three_ways):
    compiled, z = three_ways
    found = NearOptimal(compiled, z, 0.5).ranges(sparse.csr_matrix(np.eye(3)))
    # 8 of the second way cost 0.8 more than the first and 2 of the third 1 more: together less than 5
    np.testing.assert_allclose(found[:, 0], 0.0, atol=1e-9)
    assert found[1, 1] == pytest.approx(8.0) and found[2, 1] == pytest.approx(10.0)


def test_furthest_alternative_comes_first_and_none_costs_more_than_allowed(three_ways):
    compiled, z = three_ways
    found = NearOptimal(compiled, z, 0.05).alternatives(sparse.csr_matrix(np.eye(3)), 3)
    assert found[0].distance == pytest.approx(0.5), "five of ten units change hands"
    assert [a.distance for a in found] == sorted((a.distance for a in found), reverse=True)
    assert all(a.dearer <= 0.05 + 1e-9 for a in found)
    assert all(compiled.cost @ a.solution.z == pytest.approx(10.0 * (1 + a.dearer)) for a in found)


def test_no_slack_leaves_the_optimum_alone(three_ways):
    compiled, z = three_ways
    assert NearOptimal(compiled, z, 0.0).alternatives(sparse.csr_matrix(np.eye(3)), 2) == []


def test_distance_is_the_part_that_differs():
    assert distance(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    assert distance(np.array([3.0, 1.0]), np.array([2.0, 2.0])) == pytest.approx(0.25)


def test_mistakes_are_named(three_ways):
    compiled, z = three_ways
    with pytest.raises(InputError, match="slack"):
        NearOptimal(compiled, z, -0.1)
    with pytest.raises(InputError, match="does not belong"):
        NearOptimal(compiled, z[:2], 0.1)
    with pytest.raises(InputError, match="at least 1"):
        NearOptimal(compiled, z, 0.1).alternatives(sparse.csr_matrix(np.eye(3)), 0)
