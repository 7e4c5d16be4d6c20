"""Balancing a table to given margins: RAS, GRAS for signed tables, and RAS with margins over groups of cells (E1, E2).

All three keep one multiplier per margin and read the prior once per pass (twice with groups); the table
itself is written once, at the end. Not converging comes back as data; who needs a balanced table raises
`NotConverged` with :meth:`Balanced.require`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.arrays import numbers
from io_tables.balancing_kernels import (
    ROUNDING,
    balance_blocks,
    gras_multipliers,
    ras_multipliers,
    survey,
    write_table,
)
from io_tables.errors import InputError, NotConverged, Problem

#: A margin is scaled by at least this share of the table's total when its residual is taken.
SMALLEST_MARGIN = 1e-12


@dataclass(frozen=True)
class Balanced:
    """A balanced table and how it was reached."""

    table: np.ndarray  #: (n, m), same unit as the prior
    iterations: int
    residual: float  #: largest |margin - target| / max(|target|, 1e-12 x total)
    converged: bool  #: residual <= tolerance; margins that cancel to rounding count as met

    def require(self, what: str, tolerance: float) -> np.ndarray:
        """The table, or NotConverged naming `what` (e.g. 'trade of Coal')."""
        if not self.converged:
            raise NotConverged(what, self.residual, tolerance, self.iterations)
        return self.table


def ras(prior, row_totals, column_totals, *, tolerance=1e-9, max_iterations=2000) -> Balanced:
    """Scale a non-negative prior (n, m) to row totals (n,) and column totals (m,) (Stone; Bacharach 1970; E2).

    All three in one unit. Zero cells stay zero; a zero total empties its row or column.
    Raises InputError for a number that is negative or not finite, totals whose sums disagree by more than
    `tolerance`, or a positive total that meets only zero cells (the message names the row or column).
    """
    Z, u, v = _arrays(prior, row_totals, column_totals)
    row_plus, row_minus, column_plus, _ = _surveyed(Z, (u > 0).astype(float), (v > 0).astype(float))
    problems = []
    if row_minus.any():
        i = int(np.argmax(row_minus > 0))
        j = int(np.argmax(Z[i] < 0))
        problems.append(Problem("prior", f"{Z[i, j]:g} at {(i, j)} is negative", "use gras for signed tables"))
    for name, total in (("row_totals", u), ("column_totals", v)):
        if (total < 0).any():
            i = int(np.argmax(total < 0))
            problems.append(Problem(name, f"{total[i]:g} at {i} is negative", "use gras for signed tables"))
    problems += _disagreement(u, v, tolerance)
    if not problems:
        problems += _empty("row", u, row_plus) + _empty("column", v, column_plus)
    if problems:
        raise InputError(problems)
    smallest = SMALLEST_MARGIN * u.sum()
    r, s, passes = ras_multipliers(Z, u, v, max(smallest, 1e-300), float(tolerance), int(max_iterations))
    table = np.empty_like(Z)  # by numpy, which asks the system for large pages
    margins = write_table(Z, r, r, s, s, table)
    return _balanced(table, passes, [(u, *margins[:2]), (v, *margins[2:])], smallest, tolerance)


def gras(prior, row_totals, column_totals, *, tolerance=1e-9, max_iterations=2000) -> Balanced:
    """Scale a signed prior (n, m) to margins of either sign (Junius and Oosterhaven 2003; Lenzen et al. 2007).

    Positive cells become r_i z_ij s_j, negative ones z_ij / (r_i s_j), so that signs are kept; on a non-negative
    prior this is RAS. Raises InputError as :func:`ras`, except that signs are free: a positive total needs a
    positive cell, a negative total a negative one.
    """
    Z, u, v = _arrays(prior, row_totals, column_totals)
    problems = _disagreement(u, v, tolerance)
    row_plus, row_minus, column_plus, column_minus = _surveyed(Z, np.ones(u.size), np.ones(v.size))
    for name, target, plus, minus in (("row", u, row_plus, row_minus), ("column", v, column_plus, column_minus)):
        problems += _empty(name, np.maximum(target, 0.0), plus, "positive")
        problems += _empty(name, np.maximum(-target, 0.0), minus, "negative")
    if problems:
        raise InputError(problems)
    smallest = SMALLEST_MARGIN * np.abs(u).sum()
    limits = max(smallest, 1e-300), float(tolerance), int(max_iterations)
    r, r_inverse, s, s_inverse, passes = gras_multipliers(Z, u, v, *limits)
    table = np.empty_like(Z)
    margins = write_table(Z, r, r_inverse, s, s_inverse, table)
    return _balanced(table, passes, [(u, *margins[:2]), (v, *margins[2:])], smallest, tolerance)


def ras_blocks(
    prior, row_totals, column_totals, groups, group_totals, *, tolerance=1e-9, max_iterations=2000
) -> Balanced:
    """As :func:`gras`, with the sums of given groups of cells as further margins (cyclic iterative fitting).

    groups (n, m) : integer label 0..k-1 of each cell's group, -1 for cells in no group; group_totals (k,).
    The groups are disjoint but of any shape: sub-blocks of provinces and sectors, scattered published cells.
    Converges where a table with all margins and the prior's zeros exists; conflicting groups come back with
    ``converged=False``. Raises InputError as :func:`gras`, and for labels outside -1..k-1 or a group without cells
    of its total's sign.
    """
    Z, u, v = _arrays(prior, row_totals, column_totals)
    groups = np.ascontiguousarray(groups, dtype=np.int64)
    g = np.ascontiguousarray(numbers("group_totals", group_totals))
    problems = _disagreement(u, v, tolerance)
    if groups.shape != Z.shape:
        problems.append(Problem("groups", f"shape {groups.shape}", f"expected {Z.shape}"))
    elif groups.size and (groups.min() < -1 or groups.max() >= g.size):
        problems.append(Problem("groups", f"labels {groups.min()}..{groups.max()}", f"allowed: -1..{g.size - 1}"))
    if not np.isfinite(g).all():
        problems.append(Problem("group_totals", f"not a finite number at {_first(~np.isfinite(g))}"))
    if problems:
        raise InputError(problems)
    _surveyed(Z, np.ones(u.size), np.ones(v.size))
    plus, minus = np.maximum(Z, 0.0), np.maximum(-Z, 0.0)
    place = groups.ravel() + 1
    margins = (
        ("row", u, plus.sum(1), minus.sum(1)),
        ("column", v, plus.sum(0), minus.sum(0)),
        ("group", g, *(np.bincount(place, side.ravel(), g.size + 1)[1:] for side in (plus, minus))),
    )
    for name, target, positive, negative in margins:
        problems += _empty(name, np.maximum(target, 0.0), positive, "positive")
        problems += _empty(name, np.maximum(-target, 0.0), negative, "negative")
    if problems:
        raise InputError(problems)
    smallest = SMALLEST_MARGIN * np.abs(u).sum()
    table, passes = balance_blocks(Z, u, v, groups, g, max(smallest, 1e-300), float(tolerance), int(max_iterations))
    size = np.abs(table)
    reached = [
        (u, table.sum(1), size.sum(1)),
        (v, table.sum(0), size.sum(0)),
        (g, *(np.bincount(place, side.ravel(), g.size + 1)[1:] for side in (table, size))),
    ]
    return _balanced(table, passes, reached, smallest, tolerance)


def _arrays(prior, row_totals, column_totals):
    Z = np.ascontiguousarray(numbers("prior", prior))
    u = np.ascontiguousarray(numbers("row_totals", row_totals))
    v = np.ascontiguousarray(numbers("column_totals", column_totals))
    problems = []
    if Z.ndim != 2:
        raise InputError(Problem("prior", f"shape {Z.shape}", "expected a matrix"))
    for name, total, size in (("row_totals", u, Z.shape[0]), ("column_totals", v, Z.shape[1])):
        if total.shape != (size,):
            problems.append(Problem(name, f"shape {total.shape}", f"expected ({size},)"))
    problems += [Problem(name, f"not a finite number at {_first(~np.isfinite(total))}")
                 for name, total in (("row_totals", u), ("column_totals", v)) if not np.isfinite(total).all()]
    if problems:
        raise InputError(problems)
    return Z, u, v


def _surveyed(Z, rows, columns):
    bad, *sums = survey(Z, rows, columns)
    if bad >= 0:
        j = int(np.argmax(~np.isfinite(Z[bad])))
        raise InputError(Problem("prior", f"not a finite number at {(bad, j)}"))
    return sums


def _first(mask):
    """Position of the first True of a vector."""
    return int(np.argmax(mask))


def _disagreement(u, v, tolerance):
    gap, scale = abs(u.sum() - v.sum()), max(np.abs(u).sum(), np.abs(v).sum())
    if gap > max(tolerance, SMALLEST_MARGIN) * scale:
        return [Problem("margins", f"row totals sum to {u.sum():.12g}, column totals to {v.sum():.12g}",
                        "both must have the same sum")]
    return []


def _empty(name, target, cells, sign=""):
    """Totals that no cell can carry, each named."""
    kind = f"no {sign} cell" if sign else "only zero cells"
    return [Problem(f"{name} {i}", f"total {target[i]:g} meets {kind}", "give it a prior or a zero total")
            for i in np.flatnonzero((target > 0) & (cells == 0))]


def _balanced(table, passes, margins, smallest, tolerance):
    """Residual of the table as written; margins are (target, reached, gross sum of cells)."""
    worst, met = 0.0, True
    for target, reached, gross in margins:
        if target.size:
            gap = np.abs(reached - target)
            relative = gap / np.maximum(np.abs(target), max(smallest, 1e-300))
            worst = max(worst, float(relative.max()))
            met = met and bool(((relative <= tolerance) | (gap <= ROUNDING * gross)).all())
    return Balanced(table, int(passes), worst, met)
