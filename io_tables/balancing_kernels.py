"""Numba kernels of RAS, GRAS and balancing with groups of cells (E1, E2): arrays in, multipliers out."""

from __future__ import annotations

import numpy as np
from numba import njit

#: A margin whose cells of both signs cancel cannot be met closer than this share of their gross sum.
ROUNDING = 1e-14
#: Multipliers beyond this mean that the margins pull a cell pattern apart without end.
RUNAWAY = 1e150
#: Sums may be reordered (vector registers); NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, fastmath=FAST)
def ras_pass(Z, row_totals, r, s, column_sums):
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
def ras_multipliers(Z, row_totals, column_totals, smallest, tolerance, max_iterations):
    """Passes of RAS until the columns, read off the same pass that set the rows, fit.

    Returns r (n,), s (m,), passes. Rows are met by construction after each pass, so the columns decide.
    """
    n, m = Z.shape
    r, s, column_sums = np.ones(n), np.ones(m), np.zeros(m)
    passes = 0
    while passes < max_iterations:
        ras_pass(Z, row_totals, r, s, column_sums)
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
def gras_multiplier(target, positive, negative):
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


@njit(cache=True, fastmath=FAST)
def gras_pass(Z, row_totals, r, r_inverse, s, s_inverse, positive, negative):
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
        ri, inverse = gras_multiplier(row_totals[i], p, q)
        r[i], r_inverse[i] = ri, inverse
        for j in range(m):
            positive[j] += ri * max(z[j], 0.0)
            negative[j] += inverse * max(-z[j], 0.0)


@njit(cache=True)
def gras_multipliers(Z, row_totals, column_totals, smallest, tolerance, max_iterations):
    """As `ras_multipliers` for a signed table; returns r, 1/r, s, 1/s, passes."""
    n, m = Z.shape
    r, r_inverse, s, s_inverse = np.ones(n), np.ones(n), np.ones(m), np.ones(m)
    positive, negative = np.zeros(m), np.zeros(m)
    passes = 0
    while passes < max_iterations:
        gras_pass(Z, row_totals, r, r_inverse, s, s_inverse, positive, negative)
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
            s[j], s_inverse[j] = gras_multiplier(column_totals[j], positive[j], negative[j])
    return r, r_inverse, s, s_inverse, passes


@njit(cache=True)
def margins_met(target, plus, minus, smallest, tolerance):
    """Whether every margin plus - minus is within tolerance of its target, or as near as rounding allows."""
    for i in range(target.size):
        gap = abs(plus[i] - minus[i] - target[i])
        if gap > tolerance * max(abs(target[i]), smallest) and gap > ROUNDING * (plus[i] + minus[i]):
            return False
    return True


@njit(cache=True)
def balance_blocks(Z, row_totals, column_totals, groups, group_totals, smallest, tolerance, max_iterations):
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
        met = (margins_met(row_totals, row_plus, row_minus, smallest, tolerance)
               and margins_met(column_totals, column_plus, column_minus, smallest, tolerance)
               and margins_met(group_totals, group_plus[:k], group_minus[:k], smallest, tolerance))
        if met or passes == max_iterations or max(r.max(), s.max(), t.max(), r_inverse.max()) > RUNAWAY:
            break
        passes += 1
        for g in range(k):
            factor, inverse = gras_multiplier(group_totals[g], group_plus[g], group_minus[g])
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
            r[i], r_inverse[i] = gras_multiplier(row_totals[i], p, q)
            for j in range(m):
                g = groups[i, j]
                if Z[i, j] > 0.0:
                    column_plus[j] += Z[i, j] * r[i] * t[g]
                elif Z[i, j] < 0.0:
                    column_minus[j] -= Z[i, j] * r_inverse[i] * t_inverse[g]
        for j in range(m):
            s[j], s_inverse[j] = gras_multiplier(column_totals[j], column_plus[j], column_minus[j])
    table = np.empty((n, m))
    for i in range(n):
        for j in range(m):
            g = groups[i, j]
            if Z[i, j] > 0.0:
                table[i, j] = Z[i, j] * r[i] * s[j] * t[g]
            else:
                table[i, j] = Z[i, j] * r_inverse[i] * s_inverse[j] * t_inverse[g]
    return table, passes


@njit(cache=True, fastmath=FAST)
def survey(Z, rows, columns):
    """What balancing must know beforehand, in one read of Z (n, m).

    Returns the first row with a number that is not finite (-1 when there is none); sums of positive cells by row,
    weighted by `columns` (m,), and by column, weighted by `rows` (n,); sums of negative cells by row and column.
    """
    n, m = Z.shape
    row_plus, row_minus, column_plus, column_minus = np.zeros(n), np.zeros(n), np.zeros(m), np.zeros(m)
    bad = -1
    for i in range(n):
        z, weight = Z[i], rows[i]
        p = q = nothing = 0.0
        for j in range(m):
            plus, minus = max(z[j], 0.0), max(-z[j], 0.0)
            p += plus * columns[j]
            q += minus
            nothing += z[j] * 0.0
            column_plus[j] += weight * plus
            column_minus[j] += minus
        row_plus[i], row_minus[i] = p, q
        if bad < 0 and not nothing == 0.0:
            bad = i
    return bad, row_plus, row_minus, column_plus, column_minus


@njit(cache=True, fastmath=FAST)
def write_table(Z, r, r_inverse, s, s_inverse, table):
    """Write the balanced table (n, m) in one pass; returns its row and column sums, each with its gross sum."""
    n, m = Z.shape
    row_sums, row_gross, column_sums, column_gross = np.zeros(n), np.zeros(n), np.zeros(m), np.zeros(m)
    for i in range(n):
        z, out = Z[i], table[i]
        total = gross = 0.0
        for j in range(m):
            plus = (max(z[j], 0.0) * s[j]) * r[i]
            minus = (max(-z[j], 0.0) * s_inverse[j]) * r_inverse[i]
            out[j] = plus - minus
            total += plus - minus
            gross += plus + minus
            column_sums[j] += plus - minus
            column_gross[j] += plus + minus
        row_sums[i], row_gross[i] = total, gross
    return row_sums, row_gross, column_sums, column_gross
