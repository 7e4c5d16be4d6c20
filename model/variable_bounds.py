"""Finite upper bounds that the constraints imply for variables which have none (for E13)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

ROUNDS = 6  # bounds travel this many rows far: existing capacity -> capacity -> activity -> ...


def implied_bounds(K, k_lower, k_upper, lower, upper) -> np.ndarray:
    """Tighten `upper` (n,) by k_lower <= K z <= k_upper and z >= lower; what stays inf has no bound.

    From a_j z_j <= side - sum over the others of their least contribution, row by row, repeated.
    """
    K = sparse.csr_matrix(K)
    rows = sparse.vstack([K, -K]).tocoo()
    sides = np.concatenate([k_upper, -np.asarray(k_lower)])
    lower, upper = np.asarray(lower, dtype=float), np.array(upper, dtype=float)
    i, j, a = rows.row, rows.col, rows.data
    positive = a > 0
    usable = positive & np.isfinite(sides[i])
    if not usable.any():
        return upper
    for _ in range(ROUNDS):
        with np.errstate(invalid="ignore"):
            least = np.where(positive, a * lower[j], a * upper[j])  # -inf where an offsetting variable is unbounded
        endless = np.bincount(i[~np.isfinite(least)], minlength=len(sides))
        total = np.bincount(i, weights=np.where(np.isfinite(least), least, 0.0), minlength=len(sides))
        good = usable & (endless[i] == 0)
        if not good.any():
            break
        room = (sides[i[good]] - total[i[good]] + least[good]) / a[good]
        tighter = upper.copy()
        np.minimum.at(tighter, j[good], room)
        tighter = np.maximum(tighter, lower)
        if np.array_equal(tighter, upper):
            break
        upper = tighter
    return upper
