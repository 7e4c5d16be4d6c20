"""Structural paths against the same search in plain Python, and against MARIO at n = 310.

The search in Python keeps the exact bound and finds the same paths. MARIO leaves a branch when the node's own
contribution is small, so at the same threshold it finds fewer: the share it misses is printed.
"""

import logging

import numpy as np

from io_tables.base_year import BaseYear
from model.input_output.paths import structural_paths
from tests.benchmarks.linkages import _mario_database
from tests.benchmarks.race import Race, cpu_medians, present, report
from tests.benchmarks.tables import dense_table

#: Paths worth this share of the total are asked for.
SHARE = 1e-5
#: MARIO takes minutes at 1e-5; its search needs a depth, and no path of this race is longer.
MARIO_SHARE, DEPTH = 1e-4, 5


def search_in_python(A, s, y, threshold):
    """Every path of at least the threshold, {path: value}: weight x total multiplier bounds each branch."""
    multipliers = np.linalg.solve(np.eye(len(s)) - A.T, s).tolist()
    purchases, s, y = A.T.tolist(), s.tolist(), y.tolist()
    found, stack = {}, [((j,), w) for j, w in enumerate(y) if w * multipliers[j] >= threshold]
    while stack:
        path, weight = stack.pop()
        if s[path[0]] * weight >= threshold:
            found[path] = s[path[0]] * weight
        for i, a in enumerate(purchases[path[0]]):
            if a * weight * multipliers[i] >= threshold:
                stack.append(((i, *path), a * weight))
    return found


def sorted_search_in_python(A, s, y, threshold):
    """The same with the suppliers of every sector reached sorted once, so that the rest of a list is skipped."""
    multipliers = np.linalg.solve(np.eye(len(s)) - A.T, s)
    known, s, y = {}, s.tolist(), y.tolist()
    found, stack = {}, [((j,), w) for j, w in enumerate(y) if w * multipliers[j] >= threshold]
    while stack:
        path, weight = stack.pop()
        j = path[0]
        if s[j] * weight >= threshold:
            found[path] = s[j] * weight
        if j not in known:
            bound = A[:, j] * multipliers
            order = np.argsort(-bound)
            known[j] = list(zip(order.tolist(), A[order, j].tolist(), bound[order].tolist(), strict=True))
        for i, a, bound in known[j]:
            if bound * weight < threshold:
                break
            stack.append(((i, *path), a * weight))
    return found


def _against_python(name, A, s, y, target):
    total = float(s @ np.linalg.solve(np.eye(len(s)) - A, y))
    threshold = SHARE * total
    found = structural_paths(A, s, y, threshold=threshold)
    note = f"{len(found.paths)} paths, {found.covered / total:.0%} of the total"
    races = []
    for search, title, aim in ((search_in_python, "the same search in Python", target),
                               (sorted_search_in_python, "in Python with sorted suppliers (numpy)", None)):
        theirs = search(A, s, y, threshold)
        assert set(found.paths) == set(theirs)
        np.testing.assert_allclose(found.values, sorted(theirs.values(), reverse=True), rtol=1e-12)
        del theirs
        taken = cpu_medians({"ours": lambda: structural_paths(A, s, y, threshold=threshold).paths,
                             "theirs": lambda search=search: search(A, s, y, threshold)}, repeats=5)
        races.append(Race(f"structural paths, n=1302, {name}, {title}", taken["ours"], taken["theirs"], aim, note=note))
    return races


def _against_mario():
    Z, Y, _, _, x = dense_table(31, 10)
    regions, sectors = tuple(f"r{r:02d}" for r in range(31)), tuple(f"s{s}" for s in range(10))
    value_added = x - Z.sum(axis=0)
    A, s, y = Z / x, value_added / x, Y.sum(axis=1)
    threshold = MARIO_SHARE * float(value_added.sum())
    ours = cpu_medians({"ours": lambda: structural_paths(A, s, y, threshold=threshold).paths})["ours"]
    theirs = None
    if present("mario"):
        logging.disable(logging.WARNING)
        demand = np.zeros((310, 31))
        demand[:, 0] = y
        database = _mario_database(Z, demand, value_added, regions, sectors)
        found = []
        job = {"mario": lambda: found.append(
            database.calc_spa("Value added", max_depth=DEPTH, cutoff=threshold, top_n=None))}
        theirs = cpu_medians(job, repeats=1, warm=0)["mario"]
        expected, here = found[0], structural_paths(A, s, y, threshold=threshold)
        print(f"  at {MARIO_SHARE:g} of the total MARIO finds {len(expected)} paths worth "
              f"{expected['contribution'].sum() / value_added.sum():.2%}, ours {len(here.paths)} worth "
              f"{here.covered / value_added.sum():.2%}")
        assert len(expected) <= len(here.paths)
        np.testing.assert_allclose(expected["contribution"].max(), here.values[0], rtol=1e-9)
    return Race("structural paths, n=310, MARIO", ours, theirs, 100.0, note="MARIO once")


def main() -> list[Race]:
    table = BaseYear.load("china_2020").mrio
    embedded = table.A, table.extensions["co2"].sum(axis=0) / table.x, np.maximum(table.Y.sum(axis=1), 0.0)
    Z, Y, F, _, x = dense_table(31, 42)
    return [
        *_against_python("embedded table", *embedded, 80.0),
        *_against_python("random table", Z / x, F[0] / x, Y.sum(axis=1), None),
        _against_mario(),
    ]


if __name__ == "__main__":
    report(main())
