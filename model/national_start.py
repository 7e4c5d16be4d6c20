"""The programme summed over provinces: a small one whose answer starts the full one (E11).

Rows of a group add up, columns of a group move together in given base shares (a Galerkin
restriction of the same matrices): z = S Z with the shares in S, rows R (B - M) S Z >= R f. Prices
of the small programme hold for every row of the group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from io_tables.errors import InputError
from model.deferred import Complete, Joined
from model.requirements import Operator


@dataclass(frozen=True)
class National:
    """The small programme and the way back to the full one."""

    complete: Complete
    _spread: sparse.csr_matrix     # (n, N) shares
    _row_groups: np.ndarray
    _rent_groups: np.ndarray

    def start(self, joined: Joined) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(z, prices, rents) of the full programme from a solution of the small one.

        Rows left out of the small programme start with a zero rent.
        """
        rents = np.append(joined.rents, 0.0)[self._rent_groups]
        return self._spread @ joined.z, joined.prices[self._row_groups], rents


def national(complete: Complete, row_groups, column_groups, shares, rent_groups=None, kept_groups=None) -> National:
    """Sum a complete programme over groups (provinces) of rows and columns (E11).

    row_groups (m,), column_groups (n,): group number of every row and column, 0, 1, ...;
    shares (n,) >= 0: within its group, scaled to sum 1 (equal where all are zero);
    rent_groups (p,), kept_groups (k,): group numbers, -1 leaves a row out; default: one group each.
    Raises InputError where sizes or numbers do not fit.
    """
    m, n, p, k = len(complete.f), len(complete.cost), len(complete.g), complete.K.shape[0]
    groups = {"row_groups": (row_groups, m), "column_groups": (column_groups, n),
              "rent_groups": (np.arange(p) if rent_groups is None else rent_groups, p),
              "kept_groups": (np.arange(k) if kept_groups is None else kept_groups, k)}
    wrong = [f"national programme: {name} has {np.size(g)} entries, expected {size}"
             for name, (g, size) in groups.items() if np.size(g) != size]
    if wrong or np.size(shares) != n or np.min(shares, initial=0.0) < 0:
        raise InputError(wrong or ["national programme: shares must be one non-negative number per column"])
    rows, columns, rents, kept = (np.asarray(g, dtype=np.int64) for g, _ in groups.values())
    R, E, H = (_summing(g) for g in (rows, rents, kept))
    spread = _spreading(columns, np.asarray(shares, dtype=float))
    member = (spread != 0).astype(float)
    upper = np.full(spread.shape[1], np.inf)
    finite = np.isfinite(complete.upper)
    endless = np.bincount(columns, weights=~finite, minlength=len(upper)) > 0
    upper[~endless] = np.bincount(columns[finite], weights=complete.upper[finite], minlength=len(upper))[~endless]
    small = Complete(
        cost=spread.T @ complete.cost, B=R @ complete.B @ spread, M=_restricted(R, complete.M, spread),
        f=R @ complete.f, G=_restricted(E, complete.G, spread), g=_summed(E, complete.g),
        K=H @ complete.K @ spread, k_lower=_summed(H, complete.k_lower), k_upper=_summed(H, complete.k_upper),
        lower=member.T @ complete.lower, upper=upper,
        row_weight=_mean(R, complete.row_weight), rent_weight=_mean(E, complete.rent_weight),
        column_weight=spread.T @ complete.column_weight,
    )
    return National(small, spread, rows, rents)


def _summing(groups: np.ndarray) -> sparse.csr_matrix:
    members = np.flatnonzero(groups >= 0)
    count = int(groups.max(initial=-1)) + 1
    return sparse.csr_matrix((np.ones(len(members)), (groups[members], members)), shape=(count, len(groups)))


def _spreading(groups: np.ndarray, shares: np.ndarray) -> sparse.csr_matrix:
    count = int(groups.max(initial=-1)) + 1
    total = np.bincount(groups, weights=shares, minlength=count)
    members = np.bincount(groups, minlength=count)
    equal = np.where(total[groups] > 0, shares / np.where(total > 0, total, 1.0)[groups], 1.0 / members[groups])
    return sparse.csr_matrix((equal, (np.arange(len(groups)), groups)), shape=(len(groups), count))


def _restricted(rows: sparse.csr_matrix, matrix, spread: sparse.csr_matrix):
    if isinstance(matrix, Operator):
        columns = [rows @ matrix.product(spread[:, [j]].toarray().ravel()) for j in range(spread.shape[1])]
        return np.stack(columns, axis=1)
    small = rows @ (matrix @ spread if sparse.issparse(matrix) else (spread.T @ matrix.T).T)
    return sparse.csr_matrix(small) if sparse.issparse(small) else small


def _summed(rows: sparse.csr_matrix, sides: np.ndarray) -> np.ndarray:
    """Sums of sides; a side without limit makes the group's side unlimited (scipy would give nan)."""
    sides = np.asarray(sides, dtype=float)
    total = rows @ np.where(np.isfinite(sides), sides, 0.0)
    endless = rows @ (~np.isfinite(sides)).astype(float) > 0
    sign = np.sign(rows @ np.where(np.isfinite(sides), 0.0, np.sign(sides)))
    total[endless] = sign[endless] * np.inf
    return total


def _mean(rows: sparse.csr_matrix, values: np.ndarray) -> np.ndarray:
    return (rows @ values) / np.maximum(np.asarray(rows.sum(axis=1)).ravel(), 1.0)
