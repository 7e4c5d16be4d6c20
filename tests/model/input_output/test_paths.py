"""Path search: every path an exhaustive search finds, the tail that closes, and what pruning wrongly would lose."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import random_flows, random_mrio

from io_tables.errors import InputError
from model.input_output import path_bounds
from model.input_output.leontief import Leontief
from model.input_output.paths import downstream_paths, structural_paths
from model.input_output.trace import FINAL_DEMAND, final_users, grouped, sankey, sector_labels, table_paths, trace

Z = np.array([[40, 30, 10, 5], [20, 25, 5, 15], [8, 6, 60, 20], [4, 10, 15, 30]], dtype=float)
Y = np.array([[80, 15], [50, 25], [20, 96], [10, 81]], dtype=float)
F = np.array([90, 20, 200, 30], dtype=float)
X = np.array([180, 140, 210, 150], dtype=float)


def exhaustive(A, s, y, depth):
    """Every path up to a number of links, by multiplying out the definition."""
    paths = {}
    for links in range(depth + 1):
        for path in itertools.product(range(len(s)), repeat=links + 1):
            value = s[path[0]] * y[path[-1]]
            for i, j in itertools.pairwise(path):
                value *= A[i, j]
            if value != 0:
                paths[path] = value
    return paths


def as_dict(found):
    return dict(zip(found.paths, found.values.tolist(), strict=True))


def assert_same(found, expected):
    assert set(found) == set(expected)
    np.testing.assert_allclose([found[p] for p in expected], list(expected.values()), rtol=1e-12)


def random_system(seed, n=5):
    rng = np.random.default_rng(seed)
    A = rng.random((n, n)) ** 3 * (rng.random((n, n)) > 0.3)
    A *= rng.uniform(0.1, 0.7, n) / np.maximum(A.sum(axis=0), 1e-9)
    return A, rng.random(n) * (rng.random(n) > 0.3), rng.random(n) * (rng.random(n) > 0.2)


def test_largest_paths_of_the_worked_table():
    found = structural_paths(Z / X, F / X, Y.sum(axis=1), threshold=5.0)
    # Sector 2 emits 200/210 per unit: 116 of its own final demand, then its purchases from itself.
    s2 = 200 / 210
    assert found.paths[0] == (2,) and found.paths[2] == (2, 2)
    np.testing.assert_allclose(found.values[[0, 1, 2]], [s2 * 116, 0.5 * 95, s2 * 60 / 210 * 116])
    assert found.total == pytest.approx(340, rel=1e-13)
    assert (found.values >= 5).all() and (np.diff(found.values) <= 0).all()
    assert (2, 3) in found.paths, "minerals bought by sector 3: 200/210 x 20/150 x 91 = 11.6"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-3, 0.2))
def test_every_path_of_an_exhaustive_search_is_found_and_the_tail_closes(seed, level):
    A, s, y = random_system(seed)
    found = structural_paths(A, s, y, threshold=level)
    longest = int(found.links.max(initial=0)) + 1
    expected = exhaustive(A, s, y, min(longest, 5))
    assert_same({p: v for p, v in as_dict(found).items() if len(p) <= 6},
                {p: v for p, v in expected.items() if v >= level})
    total = s @ np.linalg.solve(np.eye(5) - A, y)
    assert found.covered + found.tail == pytest.approx(total, rel=1e-12, abs=1e-14)
    assert found.total == pytest.approx(total, rel=1e-12, abs=1e-14)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 3), st.integers(1, 60))
def test_depth_limit_and_top_agree_with_the_exhaustive_list(seed, depth, top):
    A, s, y = random_system(seed, 4)
    expected = exhaustive(A, s, y, depth)
    assert_same(as_dict(structural_paths(A, s, y, max_depth=depth)), expected)
    assert_same(as_dict(structural_paths(A, s, y, threshold=0, max_depth=depth)), expected)
    largest = structural_paths(A, s, y, top=top, max_depth=depth)
    np.testing.assert_allclose(largest.values, sorted(expected.values(), reverse=True)[:top], rtol=1e-12)
    assert all(expected[p] == pytest.approx(v) for p, v in as_dict(largest).items())


def test_top_paths_without_a_depth_limit_are_the_largest_of_all():
    A, s, y = random_system(7, 4)
    all_paths = structural_paths(A, s, y, threshold=1e-7)
    np.testing.assert_allclose(structural_paths(A, s, y, top=50).values, all_paths.values[:50])
    both = structural_paths(A, s, y, threshold=all_paths.values[9], top=50)
    assert both.paths == all_paths.paths[:10]
    # A chain that ends has few paths: asking for more returns them all.
    chain = np.diag([0.5, 0.4], k=1)
    found = structural_paths(chain, [1, 1, 1], [0, 0, 1], top=10)
    assert found.paths == [(2,), (1, 2), (0, 1, 2)] and found.tail == pytest.approx(0, abs=1e-15)


def test_pruning_on_a_node_s_own_value_loses_most_of_the_total():
    """Sectors that emit little themselves stand between the emitter and final demand, as construction does."""
    rng = np.random.default_rng(1)
    n = 40
    A = rng.random((n, n)) ** 4
    A *= 0.6 / A.sum(axis=0)
    s, y = np.full(n, 1e-6), np.zeros(n)
    s[:4], y[20:] = 1.0, rng.random(20)
    threshold = 1e-4
    kept, frontier = {}, [((j,), y[j]) for j in range(n) if y[j]]
    while frontier:
        path, weight = frontier.pop()
        if s[path[0]] * weight >= threshold:
            kept[path] = s[path[0]] * weight
            frontier += [((i, *path), A[i, path[0]] * weight) for i in range(n)]
    ours = structural_paths(A, s, y, threshold=threshold)
    assert ours.covered > 0.6 * ours.total
    assert sum(kept.values()) < 0.01 * ours.total
    full = exhaustive(A[:, :], s, y, 1)
    assert {p for p, v in full.items() if v >= threshold} <= set(ours.paths)


def test_a_large_table_is_bounded_without_its_factor_and_finds_the_same_paths():
    Zs, Ys, Fs, _ = random_flows(8, 50, 3)
    y = Ys.sum(axis=1)
    x = Zs.sum(axis=1) + y
    A, s = Zs / np.where(x > 0, x, 1), Fs[0] / np.where(x > 0, x, 1)
    assert len(A) >= path_bounds.ITERATE_FROM
    kept = Leontief(A)
    (m,), (lifted,), totals = path_bounds.bounds(A, [s], [y])
    exact = kept.multipliers(s), kept.output(y)
    assert (m >= exact[0] * (1 - 1e-14)).all() and (lifted >= exact[1] * (1 - 1e-14)).all()
    np.testing.assert_allclose(m, exact[0], rtol=1e-6)
    assert totals[0, 0] == pytest.approx(s @ exact[1], rel=1e-13)
    ours, factored = (structural_paths(a, s, y, threshold=2e-5 * totals[0, 0]) for a in (A, kept))
    assert ours.paths == factored.paths and len(ours.paths) > 1000
    np.testing.assert_array_equal(ours.values, factored.values)


def test_negative_demand_counts_in_the_tail_and_is_listed_on_request():
    A = np.array([[0.1, 0.2], [0.3, 0.0]])
    s, y = np.array([1.0, 2.0]), np.array([10.0, -3.0])
    found = structural_paths(A, s, y, threshold=0.5)
    total = s @ np.linalg.solve(np.eye(2) - A, y)
    assert found.total == pytest.approx(total) and (found.values > 0).all()
    assert found.covered + found.tail == pytest.approx(total)
    assert_same(as_dict(structural_paths(A, s, y, max_depth=3)), exhaustive(A, s, y, 3))
    assert_same(as_dict(structural_paths(A, -s, y, max_depth=2)), exhaustive(A, -s, y, 2))


def test_downstream_paths_run_from_the_income_to_the_emitter():
    B, v = Z / X[:, None], X - Z.sum(axis=0)
    found = downstream_paths(B, v, F / X, threshold=0.5)
    assert found.total == pytest.approx(340, rel=1e-13)
    for path, value in as_dict(found).items():
        expected = v[path[0]] * F[path[-1]] / X[path[-1]] * np.prod([B[i, j] for i, j in itertools.pairwise(path)])
        assert value == pytest.approx(expected, rel=1e-13)
    assert (0, 2) in found.paths and (2, 0) in found.paths


@pytest.mark.parametrize(("change", "message"), [
    ({"A": np.array([[0.2, np.nan], [0.1, 0.1]])}, "A[0, 1] is nan"),
    ({"A": np.array([[0.2, -0.1], [0.1, 0.1]])}, "A[0, 1] is -0.1"),
    ({"A": np.ones((2, 3))}, "expected a square matrix"),
    ({"A": np.array([[0.9, 0.6], [0.5, 0.9]])}, "not productive"),
    ({"A": np.eye(2)}, "singular"),
    ({"s": [1.0]}, "s: shape (1,)"),
    ({"y": [1.0, np.inf]}, "y: not a finite number at 1"),
    ({"threshold": -1.0}, "threshold: -1.0"),
    ({"threshold": 0.0}, "or 0 with a max_depth"),
    ({"threshold": None}, "infinitely many paths"),
    ({"top": 0}, "top: 0"),
    ({"max_depth": -1}, "max_depth: -1"),
])
def test_what_cannot_be_searched_is_named(change, message):
    given_ = {"A": np.full((2, 2), 0.2), "s": [1.0, 1.0], "y": [1.0, 1.0], "threshold": 0.1, **change}
    with pytest.raises(InputError) as caught:
        structural_paths(given_.pop("A"), given_.pop("s"), given_.pop("y"), **given_)
    assert message in str(caught.value)


def test_nothing_to_trace_gives_no_paths():
    found = structural_paths(np.full((2, 2), 0.2), [0.0, 0.0], [1.0, 1.0], threshold=0.1)
    assert found.paths == [] and found.covered == found.tail == found.total == 0


def test_trace_of_a_labelled_table_closes_for_any_source_and_destination():
    table = random_mrio(3, 4, 5)
    everything = trace(table, "CO2", threshold=0.05)
    assert everything.attrs["total"] == pytest.approx(table.extensions["CO2"].sum())
    parts = [trace(table, "CO2", (r, None), d, top=3).attrs["total"]
             for r in table.regions for d in [*((q, None) for q in table.regions), (None, "exports")]]
    assert sum(parts) == pytest.approx(everything.attrs["total"])
    users = final_users(table, "CO2", ("region 1", "sector 2"))
    one = trace(table, "CO2", ("region 1", "sector 2"), ("region 0", "investment"), top=5)
    assert one.attrs["total"] == pytest.approx(users.loc["region 0", "investment"])
    assert one.attrs["covered"] + one.attrs["tail"] == pytest.approx(one.attrs["total"])
    assert set(one["from_region"]) == {"region 1"} and set(one["from_sector"]) == {"sector 2"}
    assert users.to_numpy().sum() == pytest.approx(table.extensions["CO2"][table.position("region 1", "sector 2")])
    assert list(users.index) == [*table.regions, "abroad"]
    rows = [trace(table, "energy", row=k, top=1).attrs["total"] for k in range(2)]
    assert sum(rows) == pytest.approx(trace(table, "energy", top=1).attrs["total"])
    incomes = trace(table, "CO2", ("region 2", None), downstream=True, top=5)
    assert set(incomes["from_region"]) == {"region 2"}
    with pytest.raises(InputError, match="did you mean 'region 1'"):
        trace(table, "CO2", ("regoin 1", None))
    with pytest.raises(InputError, match="did you mean 'investment'"):
        trace(table, "CO2", destination=("region 1", "investmnt"))
    with pytest.raises(InputError, match="unknown extension 'CO'"):
        trace(table, "CO")


def test_groups_and_flow_diagram_keep_every_tonne():
    table = random_mrio(3, 4, 9)
    found = table_paths(table, "CO2", threshold=0.02)
    by_region = grouped(found, np.array(table.regions)[table.region_index])
    assert by_region["value"].sum() == pytest.approx(found.covered)
    assert by_region["paths"].sum() == len(found.paths)
    assert all(a != b for path in by_region["path"] for a, b in itertools.pairwise(path))
    drawn = sankey(found, sector_labels(table))
    arriving = drawn.links[drawn.links["to_label"] == FINAL_DEMAND]["value"].sum()
    assert arriving == pytest.approx(found.covered) == drawn.nodes["own"].sum()
    inflow = drawn.links.groupby(["to_stage", "to_label"])["value"].sum()
    for _, node in drawn.nodes.iterrows():
        came = inflow.get((node["stage"], node["label"]), 0.0)
        assert came + node["own"] == pytest.approx(node["through"])
