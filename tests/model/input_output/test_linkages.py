"""Linkages against textbook numbers, their definitions and the chain they measure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import random_flows, random_mrio

from io_tables.errors import InputError
from model.input_output.leontief import Leontief
from model.input_output.linkages import (
    change_of_inverse,
    field_of_influence,
    linkage_split,
    linkages,
    table_linkages,
)


def matrices(Z, x):
    eye = np.eye(x.size)
    return np.linalg.inv(eye - Z / x), np.linalg.inv(eye - Z / x[:, None])


def test_miller_blair_two_sector_multipliers():
    """Z = [[150, 500], [200, 100]], x = (1000, 2000): output multipliers 1.518 and 1.452 (section 6.2)."""
    found = linkages([[150, 500], [200, 100]], [1000, 2000])
    np.testing.assert_allclose(found.backward, [1.518, 1.452], atol=5e-4)
    np.testing.assert_allclose(found.backward_direct, [0.35, 0.30])
    np.testing.assert_allclose(found.forward_direct, [0.65, 0.15])


#: Germany 1995 in six groups, million euro (Eurostat Manual of Supply, Use and Input-Output Tables 2008, table 15.4).
GERMANY = np.array([
    [1131, 25480, 1, 607, 710, 762], [7930, 304584, 64167, 41082, 11981, 30360], [426, 7334, 3875, 5296, 23457, 9155],
    [3559, 72717, 14190, 74399, 10835, 21008], [3637, 96115, 31027, 65755, 193176, 34223],
    [1552, 14986, 1747, 11225, 15058, 22070]], dtype=float)
GERMAN_OUTPUT = np.array([43910, 1079446, 245606, 540063, 692487, 508918], dtype=float)


def test_eurostat_manual_linkages_of_germany():
    """Backward and forward linkages and the inverse's diagonal as the Manual prints them (tables 15.10 to 15.13).

    Manufacturing's forward linkage is left out: the printed 1.6691 does not follow from the printed flows (1.6910).
    """
    found = linkages(GERMANY, GERMAN_OUTPUT)
    np.testing.assert_allclose(found.backward, [1.7048, 1.8413, 1.8136, 1.6035, 1.5951, 1.3782], atol=2e-4)
    np.testing.assert_allclose(np.delete(found.forward, 1), [2.1126, 1.3558, 1.5848, 2.1037, 1.2106], atol=1e-4)
    inverse = Leontief.from_flows(GERMANY, GERMAN_OUTPUT).inverse()
    np.testing.assert_allclose(np.diag(inverse)[:3], [1.0339, 1.4292, 1.0289], atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(2, 5), st.integers(0, 2**31))
def test_all_measures_equal_their_definitions(regions, sectors, seed):
    Z, Y, _, index = random_flows(regions, sectors, seed, sparse=0)
    x = Z.sum(1) + Y.sum(1)
    L, G = matrices(Z, x)
    found = linkages(Z, x)
    np.testing.assert_allclose(found.backward, L.sum(0), rtol=1e-10)
    np.testing.assert_allclose(found.forward, G.sum(1), rtol=1e-9)
    np.testing.assert_allclose(found.backward_index.mean(), 1)
    np.testing.assert_allclose(found.backward_spread, L.std(0, ddof=1) / L.mean(0), rtol=1e-7)
    np.testing.assert_allclose(found.forward_spread, G.std(1, ddof=1) / G.mean(1), rtol=1e-7)
    # Distance to final use: one more than the distance of the buyers (and of the suppliers, upstream).
    np.testing.assert_allclose(found.upstreamness, 1 + Z / x[:, None] @ found.upstreamness, rtol=1e-9)
    np.testing.assert_allclose(found.downstreamness, 1 + found.downstreamness @ (Z / x), rtol=1e-9)
    own = index[:, None] == index
    imports, exports = x * 0.1, Y[:, -1]
    split = linkage_split(Z, x, index, foreign_inputs=imports, exports=exports)
    np.testing.assert_allclose(split.backward_own, (L * own).sum(0), rtol=1e-9)
    np.testing.assert_allclose(split.backward_other, (L * ~own).sum(0), atol=1e-9)
    np.testing.assert_allclose(split.backward_abroad, 0.1 * L.sum(0), rtol=1e-9)
    np.testing.assert_allclose(split.forward_own, (G * own).sum(1), rtol=1e-9)
    np.testing.assert_allclose(split.forward_other, (G * ~own).sum(1), atol=1e-9)
    np.testing.assert_allclose(split.forward_abroad, G @ (exports / x), rtol=1e-9, atol=1e-12)


def test_a_chain_counts_its_stages():
    """Mine -> smelter -> car: 3, 2, 1 stages to final use and 1, 2, 3 from primary inputs."""
    Z = np.zeros((3, 3))
    Z[0, 1], Z[1, 2] = 10, 10
    x = np.array([10.0, 10.0, 10.0])
    found = linkages(Z, x)
    np.testing.assert_allclose(found.upstreamness, [3, 2, 1])
    np.testing.assert_allclose(found.downstreamness, [1, 2, 3])
    assert list(found.kind) == ["forward", "weak", "backward"]


def test_field_of_influence_is_the_norm_of_the_rank_one_change():
    Z, Y, _, _ = random_flows(2, 3, 5, sparse=0)
    x = Z.sum(1) + Y.sum(1)
    A = Z / x
    L = np.linalg.inv(np.eye(6) - A)
    field = field_of_influence(L)
    for i, j in ((0, 0), (2, 5), (4, 1)):
        np.testing.assert_allclose(field[i, j], np.linalg.norm(np.outer(L[:, i], L[j])))
        changed = A.copy()
        changed[i, j] += 0.05
        np.testing.assert_allclose(L + change_of_inverse(L, i, j, 0.05), np.linalg.inv(np.eye(6) - changed))
    with pytest.raises(InputError, match="singular"):
        change_of_inverse(L, 0, 0, 1 / L[0, 0])


def test_idle_sectors_have_only_themselves():
    Z = np.zeros((3, 3))
    Z[0, 1] = 5
    x = np.array([10.0, 10.0, 0.0])
    found = linkages(Z, x)
    assert found.backward[2] == found.forward[2] == 1 and found.backward_direct[2] == found.forward_direct[2] == 0
    split = linkage_split(Z, x, np.array([0, 1, 1]))
    assert split.forward_own[2] == 1 and split.forward_other[2] == 0
    np.testing.assert_allclose(split.forward_own + split.forward_other, found.forward)


def test_table_linkages_are_labelled_and_add_up():
    table = random_mrio(3, 4, seed=9)
    frame = table_linkages(table)
    assert len(frame) == table.n and frame["region"].iloc[5] == "region 1"
    np.testing.assert_allclose(frame["backward_own"] + frame["backward_other"], frame["backward"])
    # Every unit of final demand is paid to value added at home and to imports.
    va = (table.primary_inputs / table.x) @ np.linalg.inv(np.eye(table.n) - table.A)
    np.testing.assert_allclose(va + frame["backward_abroad"], 1)
