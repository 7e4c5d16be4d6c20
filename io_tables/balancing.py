"""Balancing a table to given margins: RAS, GRAS for signed tables, and RAS with margins over groups of cells (E1, E2).

All three keep one multiplier per margin and read the prior once per pass (twice with groups); the table
itself is written once, at the end. Not converging comes back as data; who needs a balanced table raises
`NotConverged` with :meth:`Balanced.require`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from io_tables.errors import InputError, NotConverged, Problem

#: A margin is scaled by at least this share of the table's total when its residual is taken.
SMALLEST_MARGIN = 1e-12
#: A margin whose cells of both signs cancel cannot be met closer than this share of their gross sum.
ROUNDING = 1e-14
#: Multipliers beyond this mean that the margins pull a cell pattern apart without end.
RUNAWAY = 1e150
#: Sums may be reordered (vector registers); NaN and infinity keep their meaning.
_FAST = {"reassoc", "contract", "nsz"}


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


@njit(cache=True, fastmath=_FAST)
def _ras_pass(Z, row_totals, r, s, column_sums):
    """One pass of RAS (E2): r_i = u_i / sum_j Z_ij s_j, accumulating sum_i r_i Z_ij.

    Z (n, m) 10^8 yuan; row_totals (n,); r (n,) and s (m,) multipliers, r updated in place;
    column_sums (m,) overwritten. Reads Z once and never rewrites it: while four rows are still in the
    cache and add to the columns, the next four stream in for their own sums, so memory never idles.
    """
    n, m = Z.shape
    column_sums[:] = 0.0
    full = n - n % 4
    a0 = a1 = a2 = a3 = Z[0]
    d0 = d1 = d2 = d3 = 0.0
    if full:
        a0, a1, a2, a3 = Z[0], Z[1], Z[2], Z[3]
        for j in range(m):
            d0 += a0[j] * s[j]
            d1 += a1[j] * s[j]
            d2 += a2[j] * s[j]
            d3 += a3[j] * s[j]
    for i in range(0, full, 4):
        z0, z1, z2, z3 = a0, a1, a2, a3
        r0 = row_totals[i] / d0 if d0 > 0.0 else 0.0
        r1 = row_totals[i + 1] / d1 if d1 > 0.0 else 0.0
        r2 = row_totals[i + 2] / d2 if d2 > 0.0 else 0.0
        r3 = row_totals[i + 3] / d3 if d3 > 0.0 else 0.0
        r[i], r[i + 1], r[i + 2], r[i + 3] = r0, r1, r2, r3
        ahead = min(i + 4, full - 4)
        a0, a1, a2, a3 = Z[ahead], Z[ahead + 1], Z[ahead + 2], Z[ahead + 3]
        d0 = d1 = d2 = d3 = 0.0
        for j in range(m):
            column_sums[j] += r0 * z0[j] + r1 * z1[j] + r2 * z2[j] + r3 * z3[j]
            d0 += a0[j] * s[j]
            d1 += a1[j] * s[j]
            d2 += a2[j] * s[j]
            d3 += a3[j] * s[j]
    for i in range(full, n):
        d = 0.0
        z = Z[i]
        for j in range(m):
            d += z[j] * s[j]
        r[i] = row_totals[i] / d if d > 0.0 else 0.0
        for j in range(m):
            column_sums[j] += r[i] * z[j]


@njit(cache=True)
def _ras(Z, row_totals, column_totals, smallest, tolerance, max_iterations):
    """Passes of RAS until the columns, read off the same pass that set the rows, fit.

    Returns r (n,), s (m,), passes. Rows are met by construction after each pass, so the columns decide.
    """
    n, m = Z.shape
    r, s, column_sums = np.ones(n), np.ones(m), np.zeros(m)
    passes = 0
    while passes < max_iterations:
        _ras_pass(Z, row_totals, r, s, column_sums)
        passes += 1
        worst, largest = 0.0, 0.0
        for j in range(m):
            gap = abs(s[j] * column_sums[j] - column_totals[j]) / max(column_totals[j], smallest)
            worst = max(worst, gap)
        for i in range(n):
            largest = max(largest, r[i])
        if worst <= tolerance or largest > RUNAWAY or passes == max_iterations:
            break
        for j in range(m):
            s[j] = column_totals[j] / column_sums[j] if column_sums[j] > 0.0 else 0.0
    return r, s, passes


@njit(cache=True)
def _gras_multiplier(target, positive, negative):
    """The root r > 0 of r p - q / r = u, and 1/r (Lenzen, Wood and Gallego 2007; Temurshoev et al. 2013).

    p, q >= 0 sums of positive and (absolute) negative cells. Written without cancellation for either sign of u.
    A side without cells gets multiplier 0, so that rows that must vanish do so without a division.
    """
    root = np.sqrt(target * target + 4.0 * positive * negative)
    if target >= 0.0:
        r = (target + root) / (2.0 * positive) if positive > 0.0 else 0.0
        inverse = 2.0 * positive / (target + root) if target + root > 0.0 else 0.0
    else:
        r = 2.0 * negative / (root - target)
        inverse = (root - target) / (2.0 * negative) if negative > 0.0 else 0.0
    return r, inverse


@njit(cache=True, fastmath=_FAST)
def _gras_pass(Z, row_totals, r, r_inverse, s, s_inverse, positive, negative):
    """One pass of GRAS: r from the rows, accumulating positive (m,) and negative (m,) column sums. Reads Z once."""
    n, m = Z.shape
    positive[:] = 0.0
    negative[:] = 0.0
    for i in range(n):
        z = Z[i]
        p = q = 0.0
        for j in range(m):
            p += max(z[j], 0.0) * s[j]
            q += max(-z[j], 0.0) * s_inverse[j]
        ri, inverse = _gras_multiplier(row_totals[i], p, q)
        r[i], r_inverse[i] = ri, inverse
        for j in range(m):
            positive[j] += ri * max(z[j], 0.0)
            negative[j] += inverse * max(-z[j], 0.0)


@njit(cache=True)
def _gras(Z, row_totals, column_totals, smallest, tolerance, max_iterations):
    """As `_ras` for a signed table; returns r, 1/r, s, 1/s, passes."""
    n, m = Z.shape
    r, r_inverse, s, s_inverse = np.ones(n), np.ones(n), np.ones(m), np.ones(m)
    positive, negative = np.zeros(m), np.zeros(m)
    passes = 0
    while passes < max_iterations:
        _gras_pass(Z, row_totals, r, r_inverse, s, s_inverse, positive, negative)
        passes += 1
        met, largest = True, 0.0
        for j in range(m):
            plus, minus = s[j] * positive[j], s_inverse[j] * negative[j]
            gap = abs(plus - minus - column_totals[j])
            met = met and (gap <= tolerance * max(abs(column_totals[j]), smallest) or gap <= ROUNDING * (plus + minus))
        for i in range(n):
            largest = max(largest, r[i], r_inverse[i])
        if met or largest > RUNAWAY or passes == max_iterations:
            break
        for j in range(m):
            s[j], s_inverse[j] = _gras_multiplier(column_totals[j], positive[j], negative[j])
    return r, r_inverse, s, s_inverse, passes


@njit(cache=True)
def _blocks(Z, row_totals, column_totals, groups, group_totals, smallest, tolerance, max_iterations):
    """Cyclic GRAS over rows, columns and groups of cells; two reads of Z per pass.

    groups (n, m) int, -1 where a cell belongs to none; returns the multiplied table and the passes.
    A cell is Z r s t when positive and Z / (r s t) when negative.
    """
    n, m = Z.shape
    k = group_totals.size
    r, r_inverse, s, s_inverse = np.ones(n), np.ones(n), np.ones(m), np.ones(m)
    # The last place serves the cells without a group: its multiplier stays one.
    t, t_inverse = np.ones(k + 1), np.ones(k + 1)
    column_plus, column_minus = np.zeros(m), np.zeros(m)
    group_plus, group_minus = np.zeros(k + 1), np.zeros(k + 1)
    row_plus, row_minus = np.zeros(n), np.zeros(n)
    passes = 0
    while True:
        # Margins of the present table, and the row multipliers that would be next.
        column_plus[:] = 0.0
        column_minus[:] = 0.0
        group_plus[:] = 0.0
        group_minus[:] = 0.0
        for i in range(n):
            p = q = 0.0
            for j in range(m):
                g = groups[i, j]
                z = Z[i, j]
                if z > 0.0:
                    value = z * r[i] * s[j] * t[g]
                    p += value
                    column_plus[j] += value
                    group_plus[g] += value
                elif z < 0.0:
                    value = -z * r_inverse[i] * s_inverse[j] * t_inverse[g]
                    q += value
                    column_minus[j] += value
                    group_minus[g] += value
            row_plus[i], row_minus[i] = p, q
        met = (_met(row_totals, row_plus, row_minus, smallest, tolerance)
               and _met(column_totals, column_plus, column_minus, smallest, tolerance)
               and _met(group_totals, group_plus[:k], group_minus[:k], smallest, tolerance))
        if met or passes == max_iterations or max(r.max(), s.max(), t.max(), r_inverse.max()) > RUNAWAY:
            break
        passes += 1
        for g in range(k):
            factor, inverse = _gras_multiplier(group_totals[g], group_plus[g], group_minus[g])
            t[g] *= factor
            t_inverse[g] *= inverse
        column_plus[:] = 0.0
        column_minus[:] = 0.0
        for i in range(n):
            p = q = 0.0
            for j in range(m):
                g = groups[i, j]
                if Z[i, j] > 0.0:
                    p += Z[i, j] * s[j] * t[g]
                elif Z[i, j] < 0.0:
                    q -= Z[i, j] * s_inverse[j] * t_inverse[g]
            r[i], r_inverse[i] = _gras_multiplier(row_totals[i], p, q)
            for j in range(m):
                g = groups[i, j]
                if Z[i, j] > 0.0:
                    column_plus[j] += Z[i, j] * r[i] * t[g]
                elif Z[i, j] < 0.0:
                    column_minus[j] -= Z[i, j] * r_inverse[i] * t_inverse[g]
        for j in range(m):
            s[j], s_inverse[j] = _gras_multiplier(column_totals[j], column_plus[j], column_minus[j])
    table = np.empty((n, m))
    for i in range(n):
        for j in range(m):
            g = groups[i, j]
            if Z[i, j] > 0.0:
                table[i, j] = Z[i, j] * r[i] * s[j] * t[g]
            else:
                table[i, j] = Z[i, j] * r_inverse[i] * s_inverse[j] * t_inverse[g]
    return table, passes


@njit(cache=True)
def _met(target, plus, minus, smallest, tolerance):
    for i in range(target.size):
        gap = abs(plus[i] - minus[i] - target[i])
        if gap > tolerance * max(abs(target[i]), smallest) and gap > ROUNDING * (plus[i] + minus[i]):
            return False
    return True


def ras(prior, row_totals, column_totals, *, tolerance=1e-9, max_iterations=2000) -> Balanced:
    """Scale a non-negative prior (n, m) to row totals (n,) and column totals (m,) (Stone; Bacharach 1970; E2).

    All three in one unit. Zero cells stay zero; a zero total empties its row or column.
    Raises InputError for a number that is negative or not finite, totals whose sums disagree by more than
    `tolerance`, or a positive total that meets only zero cells (the message names the row or column).
    """
    Z, u, v = _arrays(prior, row_totals, column_totals)
    problems = [Problem(name, f"{array[_first(array < 0)]:g} at {_first(array < 0)} is negative",
                        "use gras for signed tables")
                for name, array in (("prior", Z), ("row_totals", u), ("column_totals", v)) if (array < 0).any()]
    problems += _disagreement(u, v, tolerance)
    if not problems:
        problems += _empty("row", u, Z @ (v > 0).astype(float)) + _empty("column", v, (u > 0).astype(float) @ Z)
    if problems:
        raise InputError(problems)
    smallest = SMALLEST_MARGIN * u.sum()
    r, s, passes = _ras(Z, u, v, max(smallest, 1e-300), float(tolerance), int(max_iterations))
    table = Z * s
    table *= r[:, None]
    return _balanced(table, passes, [(u, table.sum(1), u), (v, table.sum(0), v)], smallest, tolerance)


def gras(prior, row_totals, column_totals, *, tolerance=1e-9, max_iterations=2000) -> Balanced:
    """Scale a signed prior (n, m) to margins of either sign (Junius and Oosterhaven 2003; Lenzen et al. 2007).

    Positive cells become r_i z_ij s_j, negative ones z_ij / (r_i s_j), so that signs are kept; on a non-negative
    prior this is RAS. Raises InputError as :func:`ras`, except that signs are free: a positive total needs a
    positive cell, a negative total a negative one.
    """
    Z, u, v = _arrays(prior, row_totals, column_totals)
    problems = _disagreement(u, v, tolerance)
    plus, minus = np.maximum(Z, 0.0), np.maximum(-Z, 0.0)
    for name, target, axis in (("row", u, 1), ("column", v, 0)):
        problems += _empty(name, np.maximum(target, 0.0), plus.sum(axis), "positive")
        problems += _empty(name, np.maximum(-target, 0.0), minus.sum(axis), "negative")
    if problems:
        raise InputError(problems)
    smallest = SMALLEST_MARGIN * np.abs(u).sum()
    r, r_inverse, s, s_inverse, passes = _gras(Z, u, v, max(smallest, 1e-300), float(tolerance), int(max_iterations))
    plus *= r[:, None] * s
    minus *= r_inverse[:, None] * s_inverse
    table = plus - minus
    margins = [(u, table.sum(1), plus.sum(1) + minus.sum(1)), (v, table.sum(0), plus.sum(0) + minus.sum(0))]
    return _balanced(table, passes, margins, smallest, tolerance)


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
    g = np.ascontiguousarray(group_totals, dtype=float)
    problems = _disagreement(u, v, tolerance)
    if groups.shape != Z.shape:
        problems.append(Problem("groups", f"shape {groups.shape}", f"expected {Z.shape}"))
    elif groups.size and (groups.min() < -1 or groups.max() >= g.size):
        problems.append(Problem("groups", f"labels {groups.min()}..{groups.max()}", f"allowed: -1..{g.size - 1}"))
    if not np.isfinite(g).all():
        problems.append(Problem("group_totals", f"not a finite number at {_first(~np.isfinite(g))}"))
    if problems:
        raise InputError(problems)
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
    table, passes = _blocks(Z, u, v, groups, g, max(smallest, 1e-300), float(tolerance), int(max_iterations))
    size = np.abs(table)
    reached = [
        (u, table.sum(1), size.sum(1)),
        (v, table.sum(0), size.sum(0)),
        (g, *(np.bincount(place, side.ravel(), g.size + 1)[1:] for side in (table, size))),
    ]
    return _balanced(table, passes, reached, smallest, tolerance)


def _arrays(prior, row_totals, column_totals):
    Z = np.ascontiguousarray(prior, dtype=float)
    u, v = (np.ascontiguousarray(total, dtype=float) for total in (row_totals, column_totals))
    problems = []
    if Z.ndim != 2:
        raise InputError(Problem("prior", f"shape {Z.shape}", "expected a matrix"))
    for name, total, size in (("row_totals", u, Z.shape[0]), ("column_totals", v, Z.shape[1])):
        if total.shape != (size,):
            problems.append(Problem(name, f"shape {total.shape}", f"expected ({size},)"))
    problems += [Problem(name, f"not a finite number at {_first(~np.isfinite(array))}")
                 for name, array in (("prior", Z), ("row_totals", u), ("column_totals", v))
                 if not np.isfinite(array).all()]
    if problems:
        raise InputError(problems)
    return Z, u, v


def _first(mask):
    """Position of the first True, as an index or a tuple."""
    spot = tuple(int(k) for k in np.argwhere(mask)[0])
    return spot if len(spot) > 1 else spot[0]


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
