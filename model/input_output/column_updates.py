"""New technology columns in an old table without a new factor (E8): only the space they span is solved.

With J the k columns that change, D = A_new[:, J] - A[:, J] and L the old inverse,

    x = L y + L D c,   c = (I - (L D)_J)^-1 (L y)_J

(Woodbury 1950). Four ways, by what is known beforehand:
:func:`new_columns`      any columns: k solutions with the kept factor, then a k x k system;
:class:`FixedBlock`      the same columns change again and again: eliminate the others once (bordered system);
:class:`ShareMix`        columns are mixes of known recipes: solve each recipe once, then only shares move;
:func:`frozen_inverse`   small changes: iterate with the old factor, no system at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.errors import InputError, NotConverged, Problem
from model.input_output.leontief import Leontief


def new_columns(system: Leontief, columns, new, y) -> np.ndarray:
    """Output (n,) or (n, m) for demand y when `columns` (k,) of A become `new` (n, k).

    Raises InputError for bad positions or shapes, or when the new table is singular.
    """
    J, new = _columns(system, columns, new)
    y = np.asarray(y, dtype=float)
    spread = system.output(new - system.columns(J))
    base = system.output(y)
    return base + spread @ _reduced(np.eye(J.size) - spread[J], base[J])


class FixedBlock:
    """The table with all columns but `columns` (k,) eliminated once; each set of new columns costs 2 n k^2.

    Builds one factor of the fixed part (n - k) and k adjoint solutions; keeps 8 k n bytes beside the factor.
    """

    def __init__(self, A, columns):
        A = np.asarray(A, dtype=float)
        if A.ndim != 2 or A.shape[0] != A.shape[1]:
            raise InputError(f"A has shape {A.shape}; expected a square matrix")
        self.n = len(A)
        self.J = _positions(columns, self.n)
        self.N = np.setdiff1d(np.arange(self.n), self.J)
        if not self.N.size:
            raise InputError("every column changes, so nothing can be kept; factor the new table")
        self.fixed = Leontief(A[np.ix_(self.N, self.N)], sides=self.J.size)
        #: (k, n - k) what a unit of each fixed sector's demand requires of the block, A_JN (I - A_NN)^-1.
        self.requirements = self.fixed.multipliers(A[np.ix_(self.J, self.N)])

    def output(self, new, y) -> np.ndarray:
        """Output (n,) or (n, m) for demand y when the block's columns are `new` (n, k); errors as `new_columns`."""
        new, y = np.asarray(new, dtype=float), np.asarray(y, dtype=float)
        if new.shape != (self.n, self.J.size) or y.shape[:1] != (self.n,):
            raise InputError(f"new has shape {new.shape}, y {y.shape}; expected ({self.n}, {self.J.size}), ({self.n},)")
        condensed = np.eye(self.J.size) - new[self.J] - self.requirements @ new[self.N]
        x = np.empty_like(y)
        x[self.J] = _reduced(condensed, y[self.J] + self.requirements @ y[self.N])
        x[self.N] = self.fixed.output(y[self.N] + new[self.N] @ x[self.J])
        return x


class ShareMix:
    """Columns that are mixes of recipes: a_j = a_j,0 + sum_k (w_k - w_k,0) alpha_k over the recipes of sector j (E8).

    recipes (n, q) : inputs per unit of output of the sector when the technology makes all of it.
    sector (q,) : column that each recipe belongs to. base_shares (q,) : shares w_k,0 in the base table.
    Solves the q recipes once; each set of shares then costs k^2 q + k^3, k the number of sectors with recipes.
    """

    def __init__(self, system: Leontief, recipes, sector, base_shares):
        recipes, base = np.asarray(recipes, dtype=float), np.asarray(base_shares, dtype=float)
        sector = np.asarray(sector, dtype=int)
        q = sector.size
        problems = []
        if recipes.shape != (system.n, q) or base.shape != (q,):
            problems.append(Problem("recipes", f"shapes {recipes.shape} and {base.shape}",
                                    f"expected ({system.n}, {q}) and ({q},)"))
        elif q and (sector.min() < 0 or sector.max() >= system.n):
            found = f"positions {sector.min()}..{sector.max()}"
            problems.append(Problem("sector", found, f"allowed 0..{system.n - 1}"))
        if problems:
            raise InputError(problems)
        self.system, self.base = system, base
        #: (k,) the sectors with recipes, and for each recipe its place among them.
        self.J, self.place = np.unique(sector, return_inverse=True)
        #: (n, q) what one unit of each recipe's inputs requires, L alpha_k.
        self.required = system.output(recipes)
        self._demand: np.ndarray | None = None

    def output(self, shares, y) -> np.ndarray:
        """Output (n,) for demand y (n,) at shares (q,); one solution with the kept factor when y is new."""
        shares, y = np.asarray(shares, dtype=float), np.asarray(y, dtype=float)
        if shares.shape != self.base.shape:
            raise InputError(f"shares has shape {shares.shape}; expected {self.base.shape}")
        if self._demand is None or not np.array_equal(self._demand, y):
            self._demand, self._base_output = y.copy(), self.system.output(y)
        moved = shares - self.base
        spread = np.zeros((self.J.size, self.J.size))
        np.add.at(spread.T, self.place, (self.required[self.J] * moved).T)
        c = _reduced(np.eye(self.J.size) - spread, self._base_output[self.J])
        return self._base_output + self.required @ (moved * c[self.place])


@dataclass(frozen=True)
class Iterated:
    """Output reached by iteration."""

    output: np.ndarray  #: (n,) or (n, m)
    iterations: int
    residual: float  #: largest |y + A x - x| over the largest |y|


def frozen_inverse(system: Leontief, columns, new, y, *, tolerance=1e-12, max_iterations=100) -> Iterated:
    """As :func:`new_columns` by x <- x + L (y - (I - A_new) x): one solution per pass, for small changes.

    Converges when the spectral radius of L D is below one; raises NotConverged otherwise.
    """
    J, new = _columns(system, columns, new)
    change = new - system.columns(J)
    y = np.asarray(y, dtype=float)
    x = system.output(y)
    scale = max(float(np.abs(y).max(initial=0.0)), 1e-300)
    # With x = L (y + D c), the residual of the new table is D (x_J - c): the old table need not be read.
    residual = change @ x[J]
    passes = 0
    while True:
        size = float(np.abs(residual).max(initial=0.0)) / scale
        if size <= tolerance or not size <= 1e12 or passes == max_iterations:
            break
        step = system.output(residual)
        x = x + step
        residual = change @ step[J]
        passes += 1
    if not size <= tolerance:
        raise NotConverged("output with the frozen inverse", size, tolerance, passes)
    return Iterated(x, passes, size)


def _positions(columns, n):
    J = np.asarray(columns, dtype=int)
    if J.ndim != 1 or J.size != np.unique(J).size or (J.size and (J.min() < 0 or J.max() >= n)):
        raise InputError(Problem("columns", f"{J.tolist()}", f"expected different positions in 0..{n - 1}"))
    return J


def _columns(system, columns, new):
    J, new = _positions(columns, system.n), np.asarray(new, dtype=float)
    if new.shape != (system.n, J.size) or not np.isfinite(new).all():
        raise InputError(f"new columns have shape {new.shape}; expected finite ({system.n}, {J.size})")
    return J, new


def _reduced(matrix, right):
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        raise InputError("the table with the new columns is singular") from None
