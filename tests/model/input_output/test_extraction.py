"""Extraction by one inverse equals striking rows and columns out of the table and solving again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import random_flows, random_mrio

from io_tables.errors import InputError
from model.input_output.extraction import extract, extract_all, extract_groups, table_extraction


def struck_out(A, y, s, members, kind="whole"):
    """The definition: zero the block and solve the whole system again."""
    A, y = A.copy(), y.copy()
    n = y.size
    before = s @ np.linalg.solve(np.eye(n) - A, y)
    if kind in ("whole", "purchases"):
        A[:, members] = 0
    if kind in ("whole", "sales"):
        A[members] = 0
    if kind == "whole":
        y[members] = 0
    return before - s @ np.linalg.solve(np.eye(n) - A, y)


def system_of(seed, regions=3, sectors=4):
    Z, Y, F, index = random_flows(regions, sectors, seed, sparse=0.2)
    y = Y.sum(axis=1)
    x = Z.sum(axis=1) + y
    inverse = np.divide(1, x, out=np.zeros_like(x), where=x > 0)
    return Z * inverse, y, F * inverse, index


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["whole", "purchases", "sales"]))
def test_every_extraction_equals_striking_the_block_out(seed, kind):
    A, y, S, index = system_of(seed)
    s = S[0]
    singles = [struck_out(A, y, s, [k], kind) for k in range(y.size)]
    np.testing.assert_allclose(extract_all(A, y, s, kind=kind), singles, rtol=1e-9, atol=1e-9)
    regions = [struck_out(A, y, s, np.flatnonzero(index == r), kind) for r in range(3)]
    np.testing.assert_allclose(extract_groups(A, y, s, index, kind=kind), regions, rtol=1e-9, atol=1e-9)
    block = np.array([1, 4, 9])
    np.testing.assert_allclose(extract(A, y, s, block, kind=kind), struck_out(A, y, s, block, kind), atol=1e-9)


def test_many_rows_at_once_and_everything_out_leaves_nothing():
    A, y, S, index = system_of(3)
    both = extract_all(A, y, S)
    assert both.shape == (2, y.size)
    np.testing.assert_allclose(both[1], extract_all(A, y, S[1]))
    total = S @ np.linalg.solve(np.eye(y.size) - A, y)
    np.testing.assert_allclose(extract(A, y, S, np.arange(y.size)), total)
    np.testing.assert_allclose(extract_groups(A, y, S, np.zeros(y.size, dtype=int))[:, 0], total)


def test_extracting_an_idle_sector_changes_nothing():
    A, y, S, _ = system_of(11)
    A[2], A[:, 2], y[2] = 0, 0, 0
    assert extract_all(A, y, S[0])[2] == 0
    assert extract(A, y, S[0], [2]) == 0 and extract(A, y, S[0], []) == 0


def test_a_two_sector_table_by_hand():
    """a = .5 between two sectors, y = (1, 0), s = 1: x = (4/3, 2/3); without sector 1 only y_0 is left."""
    A = np.array([[0, 0.5], [0.5, 0]])
    np.testing.assert_allclose(extract_all(A, [1, 0], [1, 1]), [2.0, 1.0])


def test_table_extraction_is_labelled_and_checked():
    table = random_mrio(2, 3, seed=6)
    by_sector = table_extraction(table, "CO2")
    assert list(by_sector["sector"]) == list(table.sectors)
    by_both = table_extraction(table, "CO2", by="region sector", kind="purchases")
    assert list(by_both.columns[:2]) == ["region", "sector"] and len(by_both) == table.n
    everything = table_extraction(table, "CO2", by="region")
    # What a region emits itself goes with it, and more.
    assert (everything["fall"] >= everything["own"] - 1e-9).all()
    rows = table_extraction(table, "energy")["own"].sum()
    np.testing.assert_allclose(rows, table.extensions["energy"].sum())
    for wrong in ({"extension": "CO"}, {"extension": "CO2", "by": "sectors"},
                  {"extension": "CO2", "kind": "hole"}):
        with pytest.raises(InputError):
            table_extraction(table, **wrong)


def test_bad_blocks_are_refused():
    A, y, S, _ = system_of(0)
    for members in ([0, 0], [99], [-1]):
        with pytest.raises(InputError):
            extract(A, y, S[0], members)
    with pytest.raises(InputError):
        extract_groups(A, y, S[0], np.zeros(3, dtype=int))


def test_vectors_that_do_not_fit_are_named():
    A, y, S, _ = system_of(0)
    size = rf"shape \({len(A) - 1},\)"
    for wrong_y, wrong_s, message in ((y[1:], S[0], f"^y: {size}"), (y, S[0, 1:], f"^s: {size}"),
                                      (y * np.nan, S[0], "^y: not a finite"), (y, S * np.inf, "^s: not a finite")):
        with pytest.raises(InputError, match=message):
            extract_all(A, wrong_y, wrong_s)
