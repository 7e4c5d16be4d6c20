"""Structural path analysis: which chains of suppliers carry a total such as emissions to final demand.

s'Ly = sum over all chains  s_i a_ij a_jk ... a_pq y_q  (Defourny and Thorbecke 1984; Treloar 1997; Lenzen 2003).
The tree is searched from final demand upstream. A node reached with weight w = a_ij a_jk ... y_q carries at most
w m_i in itself and all its suppliers, with m = s'L the total multipliers: a branch is left only when this bound
falls below the threshold, so no path above it is lost. (Leaving a branch when the node's *own* contribution s_i w
is small loses every path that passes a sector which itself emits little, such as construction.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numba import njit

from io_tables.arrays import numbers
from io_tables.errors import InputError, Problem
from model.input_output.leontief import Leontief
from model.input_output.path_bounds import bounds, checked_coefficients

#: A search that would keep more paths than this is refused.
MOST_PATHS = 10_000_000
#: Relative slack of the pruning bound, so that rounding never cuts a path at the threshold.
_SLACK = 1e-9
#: Least worth of a link: zero is none.
_SMALLEST = float(np.finfo(float).tiny)
#: The threshold of a search for the largest paths is lowered by this factor until there are enough.
_LOWER = 6.0


@dataclass(frozen=True)
class Paths:
    """Paths in falling order of value; p paths, unit of s'x."""

    nodes: np.ndarray  #: sectors of all paths, one path after the other
    offsets: np.ndarray  #: (p + 1,) path k is nodes[offsets[k]:offsets[k + 1]]
    values: np.ndarray  #: (p,)
    total: float  #: s'Ly, what all paths together carry

    @cached_property
    def paths(self) -> list[tuple[int, ...]]:
        """Tuples of sector positions from the emitting sector to the final product (downstream: from the input)."""
        flat, edges = self.nodes.tolist(), self.offsets.tolist()
        return [tuple(flat[a:b]) for a, b in pairwise(edges)]

    @property
    def links(self) -> np.ndarray:
        """(p,) number of links of each path, 0 = the producing sector itself."""
        return np.diff(self.offsets) - 1

    @cached_property
    def covered(self) -> float:
        """Sum of the paths found."""
        return float(self.values.sum())

    @property
    def tail(self) -> float:
        """What the paths found leave out: covered + tail = total."""
        return self.total - self.covered


def structural_paths(A, s, y, *, threshold=None, top=None, max_depth=None) -> Paths:
    """All supply-chain paths of s'Ly that are worth at least `threshold`, or the `top` largest ones.

    A (n, n) coefficients >= 0 (or a kept :class:`Leontief`); s (n,) per unit of output; y (n,) final demand. For one
    source leave only its entry in s, for one demand take its column as y.
    threshold : absolute, in the unit of s'x; a path is kept when value >= threshold (> 0, or 0 with a `max_depth`).
    top : number of paths, largest first; together with `threshold` both hold.
    max_depth : number of links, 0 = the producing sector itself. Alone it asks for every path up to that length.
    Paths through a zero (s, coefficient or y) are no paths. Entries of s and y may be negative: negative paths are
    only listed when neither `threshold` nor `top` is given, and count in the tail otherwise.
    Raises InputError for shapes, numbers that are not finite, negative coefficients, a table that is not
    productive, a search without any limit, or one of more than ten million paths.
    """
    coefficients = checked_coefficients(A.A if isinstance(A, Leontief) else A)
    s, y, threshold, top, depth = _checked(len(coefficients), s, y, threshold, top, max_depth)
    trees, total = _trees(A if isinstance(A, Leontief) else coefficients, s, y, threshold is None and top is None)
    if top is None:
        found, _ = _search_trees(coefficients, trees, threshold or 0.0, depth)
    else:
        found = _largest(coefficients, trees, threshold or 0.0, top, depth)
    values = np.concatenate([sign * part[2] for (*_, sign), part in zip(trees, found, strict=True)] or [np.zeros(0)])
    order = np.argsort(-values, kind="stable")[:top]
    nodes = np.concatenate([part[0] for part in found] or [np.zeros(0, np.int32)])
    lengths = np.concatenate([np.diff(part[1]) for part in found] or [np.zeros(0, np.int64)])
    return Paths(*_arranged(nodes, lengths, order), values[order], total)


def downstream_paths(B, v, f, *, threshold=None, top=None, max_depth=None) -> Paths:
    """Paths of v'(I - B)^-1 f: from primary inputs along the chain of buyers to where it is emitted.

    B (n, n) allocation coefficients (share of the row's output sold to the column, :class:`Ghosh`); v (n,) primary
    inputs; f (n,) emissions per unit of output. Tuples run from the sector of the primary input to the emitting
    sector. It attributes emissions to the incomes they enable and is no supply shock. Limits and errors as
    :func:`structural_paths`.
    """
    B = numbers("B", B)
    if B.ndim != 2:
        raise InputError(f"B has shape {B.shape}; expected a square matrix")
    found = structural_paths(B.T, f, v, threshold=threshold, top=top, max_depth=max_depth)
    nodes, offsets = _arranged(found.nodes, np.diff(found.offsets), np.arange(found.values.size), backwards=True)
    return Paths(nodes, offsets, found.values, found.total)


def _checked(n, s, y, threshold, top, max_depth):
    s, y = numbers("s", s), numbers("y", y)
    problems = []
    for name, array in (("s", s), ("y", y)):
        if array.shape != (n,):
            problems.append(Problem(name, f"shape {array.shape}", f"expected ({n},)"))
        elif not np.isfinite(array).all():
            problems.append(Problem(name, f"not a finite number at {int(np.flatnonzero(~np.isfinite(array))[0])}"))
    if threshold is not None and not (threshold > 0 or (threshold == 0 and max_depth is not None)):
        problems.append(Problem("threshold", f"{threshold}", "expected a positive number, or 0 with a max_depth"))
    if top is not None and (top != int(top) or top < 1):
        problems.append(Problem("top", f"{top}", "expected a number of paths from 1"))
    if max_depth is not None and (max_depth != int(max_depth) or max_depth < 0):
        problems.append(Problem("max_depth", f"{max_depth}", "expected a number of links from 0"))
    if threshold is None and top is None and max_depth is None:
        problems.append(Problem("", "there are infinitely many paths", "give a threshold, top or max_depth"))
    if problems:
        raise InputError(problems)
    depth = np.iinfo(np.int64).max if max_depth is None else int(max_depth)
    return s, y, threshold, None if top is None else int(top), depth


def _trees(A, s, y, signed):
    """(s, y, multipliers, output, sign) of the searches whose paths have one sign, arrays >= 0; and s'Ly."""
    sources = [(sign, part) for sign in (1.0, -1.0) if (part := np.maximum(sign * s, 0.0)).any()]
    demands = [(sign, part) for sign in (1.0, -1.0) if (part := np.maximum(sign * y, 0.0)).any()]
    if not sources or not demands:
        return [], 0.0
    # Demand of the other sign than all sources is not searched, so its output needs no bound.
    searched = 1 if not signed and len(sources) == 1 and sources[0][0] == demands[0][0] else None
    multipliers, outputs, totals = bounds(A, [s for _, s in sources], [y for _, y in demands], searched)
    total, trees = 0.0, []
    for a, (sign_s, part_s) in enumerate(sources):
        for b, (sign_y, part_y) in enumerate(demands):
            total += sign_s * sign_y * float(totals[a, b])
            if signed or sign_s == sign_y:
                trees.append((part_s, part_y, multipliers[a], outputs[b], sign_s * sign_y))
    return trees, total


def _search_trees(A, trees, threshold, depth, links_there_are=None):
    """Found (nodes, offsets, values) of each tree, and whether the threshold left out paths.

    links_there_are : number of links of each tree at no threshold; when not given, only nodes reached are told.
    """
    found, cut = [], False
    floor = threshold * (1.0 - _SLACK)
    for k, (s, y, multipliers, output, _) in enumerate(trees):
        links = _suppliers(A, multipliers, output, floor if depth else np.inf)
        *part, pruned, full = _search(*links, multipliers, s, y, threshold, floor, depth, MOST_PATHS)
        if full:
            raise InputError(Problem("", f"there are more than {MOST_PATHS:,} such paths",
                                     "raise the threshold or lower max_depth"))
        found.append(part)
        cut = cut or pruned or (links_there_are is not None and depth > 0 and links[1].size < links_there_are[k])
    return found, cut


def _largest(A, trees, threshold, top, depth):
    """As :func:`_search_trees` at a threshold low enough for `top` paths, and never below the one given."""
    level = max((float((m * y).max()) for _, y, m, *_ in trees), default=0.0)
    smallest = max(threshold, _SMALLEST)
    links = [np.count_nonzero(A[np.ix_(m > 0, x > 0)]) for _, _, m, x, _ in trees]
    found, cut = [], bool(trees)
    while cut and sum(part[2].size for part in found) < top and (level > smallest or not found):
        level = max(level / _LOWER, smallest)
        found, cut = _search_trees(A, trees, level, depth, links)
    return found


def _arranged(nodes, lengths, order, *, backwards=False):
    """Nodes and offsets of the paths in the given order; each path turned round when `backwards`."""
    starts = np.concatenate([[0], np.cumsum(lengths)])[:-1][order]
    lengths = lengths[order]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    step = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    if backwards:
        step = np.repeat(lengths, lengths) - 1 - step
    return nodes[np.repeat(starts, lengths) + step], offsets


def _suppliers(A, multipliers, output, floor):
    """Per buyer the suppliers worth following, by falling bound a_ij m_i: first (n + 1,), supplier, coefficient, bound.

    A (n, n), multipliers (n,), output (n,) >= 0. No node of sector j can have more weight than the sector's whole
    output, so a link with a_ij m_i x_j below the floor carries no path. A is read once.
    """
    rows, columns, worth, count = _links(A, multipliers, output, floor)
    return _dealt(A, rows, columns, worth, count, np.argsort(-worth))


@njit(cache=True)
def _links(A, multipliers, output, floor):
    """Links worth at least the floor: rows, columns and a_ij m_i of each, and their number per column."""
    n = A.shape[0]
    needed = np.empty(n)
    for j in range(n):
        needed[j] = max(floor / output[j], _SMALLEST) if output[j] > 0.0 else np.inf
    rows, columns, worth, used = np.empty(16 * n, np.int32), np.empty(16 * n, np.int32), np.empty(16 * n), 0
    count = np.zeros(n, np.int64)
    for i in range(n):
        m = multipliers[i]
        if used + n > rows.size:
            rows = np.concatenate((rows, np.empty(rows.size, np.int32)))
            columns = np.concatenate((columns, np.empty(columns.size, np.int32)))
            worth = np.concatenate((worth, np.empty(worth.size)))
        # Counting a block is fast; only those that hold something are looked through.
        for start in range(0, n, 32):
            stop = min(start + 32, n)
            worthy = 0
            for j in range(start, stop):
                worthy += 1 if A[i, j] * m >= needed[j] else 0
            if worthy == 0:
                continue
            for j in range(start, stop):
                bound = A[i, j] * m
                if bound >= needed[j]:
                    rows[used], columns[used], worth[used] = i, j, bound
                    used += 1
                    count[j] += 1
    return rows[:used], columns[:used], worth[:used], count


@njit(cache=True)
def _dealt(A, rows, columns, worth, count, order):
    """Links dealt out to their buyers in falling order, so that each buyer's list comes out sorted."""
    first = np.zeros(count.size + 1, np.int64)
    first[1:] = np.cumsum(count)
    place = first[:-1].copy()
    supplier, bound, coefficient = np.empty(worth.size, np.int32), np.empty(worth.size), np.empty(worth.size)
    for k in order:
        i, j = rows[k], columns[k]
        supplier[place[j]], bound[place[j]], coefficient[place[j]] = i, worth[k], A[i, j]
        place[j] += 1
    return first, supplier, coefficient, bound


@njit(cache=True)
def _search(first, supplier, coefficient, bound, multipliers, s, y, threshold, floor, max_depth, most):
    """Depth-first over all roots: (nodes, offsets, values, pruned, full); s, y, multipliers (n,) >= 0.

    nodes : int32, paths one after the other, the emitting sector first. `pruned` : the threshold left out paths.
    `full` : more than `most` paths, the search stopped.
    """
    nodes, used = np.empty(4096, np.int32), 0
    offsets, values, kept = np.zeros(1025, np.int64), np.empty(1024), 0
    stack, weights, cursor = np.empty(64, np.int32), np.empty(64), np.empty(64, np.int64)
    pruned = False
    for root in range(s.size):
        if y[root] * multipliers[root] <= 0.0:
            continue
        if y[root] * multipliers[root] < floor:
            pruned = True
            continue
        depth, entering = 0, True
        stack[0], weights[0] = root, y[root]
        while depth >= 0:
            j, w = stack[depth], weights[depth]
            if entering:
                value = s[j] * w
                if 0.0 < value < threshold:
                    pruned = True
                elif value > 0.0:
                    if kept == most:
                        return nodes[:used], offsets[: kept + 1], values[:kept], pruned, True
                    if kept == values.size:
                        values = np.concatenate((values, np.empty(kept)))
                        offsets = np.concatenate((offsets, np.empty(kept, np.int64)))
                    if used + depth + 1 > nodes.size:
                        nodes = np.concatenate((nodes, np.empty(max(nodes.size, depth + 1), np.int32)))
                    for back in range(depth, -1, -1):
                        nodes[used] = stack[back]
                        used += 1
                    values[kept] = value
                    kept += 1
                    offsets[kept] = used
                cursor[depth] = first[j]
                if depth == max_depth:
                    cursor[depth] = first[j + 1]
            k = cursor[depth]
            if k < first[j + 1] and bound[k] * w >= floor and bound[k] * w > 0.0:
                cursor[depth] = k + 1
                depth += 1
                if depth == stack.size:
                    stack = np.concatenate((stack, np.empty(depth, np.int32)))
                    weights = np.concatenate((weights, np.empty(depth)))
                    cursor = np.concatenate((cursor, np.empty(depth, np.int64)))
                stack[depth], weights[depth] = supplier[k], coefficient[k] * w
                entering = True
            else:
                pruned = pruned or k < first[j + 1]
                depth -= 1
                entering = False
    return nodes[:used], offsets[: kept + 1], values[:kept], pruned, False
