"""The Leontief quantity model x = Ax + y with a kept factor (Leontief 1936; Miller and Blair 2009, ch. 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import get_lapack_funcs

from io_tables.arrays import numbers
from io_tables.errors import InputError, Problem

#: From this size on the factor is kept in single precision and solutions are refined in double: the factor
#: costs half as much, each solution two more passes over A and the factor, which only pays for large tables ...
SINGLE_PRECISION_FROM = 2500
#: ... and for fewer right-hand sides than n over this number (measured on one thread: some eighty at n = 2500).
SECTORS_PER_SIDE = 30
#: Refinement stops when the error left after the last correction is expected below this share of the solution ...
REFINED = 2e-16
#: ... and counts as failed when the last correction is still above this share: then the double factor is taken.
NOT_REFINED = 1e-9
_REFINEMENTS = 8


class Leontief:
    """The inter-industry system of a coefficient matrix, factored once and solved for any demand.

    A (n, n) : inputs of row sector i per unit of output of column sector j (money per money, any unit).
    labels : names of the n sectors, used in messages.
    sides : how many right-hand sides are expected at once; only the choice of precision of the factor uses it.

    (I - A) is kept as an LU factor; the inverse is formed only by :meth:`inverse`.
    Raises InputError when A is not square or finite, I - A is singular, or a non-negative A is not productive
    (Hawkins and Simon 1949): some positive demand would need an infinite or negative output.
    """

    def __init__(self, A, *, labels: Sequence[object] | None = None, sides: int = 1):
        self._start(numbers("A", A), None, labels, sides)

    @classmethod
    def from_flows(cls, Z, x, *, labels: Sequence[object] | None = None, sides: int = 1) -> Leontief:
        """The system of a table with flows Z (n, n) and gross output x (n,), without forming A.

        A sector without output must not buy anything, and nothing may be negative in x; else InputError.
        """
        Z, x = numbers("Z", Z), numbers("x", x)
        if Z.ndim != 2 or x.shape != Z.shape[1:]:
            raise InputError(f"x has shape {x.shape}, Z {Z.shape}; expected (n,) and (n, n)")
        problems = [
            Problem(_name(labels, j), f"output {x[j]:g} is {'negative' if x[j] < 0 else 'not a finite number'}")
            for j in np.flatnonzero(~(x >= 0) | np.isinf(x))
        ]
        idle = np.flatnonzero(x == 0)
        problems += [Problem(_name(labels, j), "buys inputs but has no output") for j in idle if Z[:, j].any()]
        if problems:
            raise InputError(problems)
        self = cls.__new__(cls)
        self._start(Z, np.divide(1.0, x, out=np.zeros_like(x), where=x > 0), labels, sides)
        return self

    def _start(self, Z, scale, labels, sides):
        """Keep A = Z diag(scale) as given and factor I - A."""
        if Z.ndim != 2 or Z.shape[0] != Z.shape[1] or not Z.size:
            raise InputError(f"A has shape {Z.shape}; expected a square matrix of at least one sector")
        self._Z, self._scale, self._labels = Z, scale, labels
        self.n = Z.shape[0]
        column_sums = Z.sum(axis=0) if scale is None else Z.sum(axis=0) * scale
        if not np.isfinite(column_sums).all():
            spot = np.argwhere(~np.isfinite(Z))[0] if not np.isfinite(Z).all() else [0, 0]
            raise InputError(Problem(f"A[{_name(labels, spot[0])}, {_name(labels, spot[1])}]", "not a finite number"))
        # The factor is taken of I - A or of its transpose, whichever lies in memory the way LAPACK reads it.
        self._transposed = not (Z.flags.f_contiguous and not Z.flags.c_contiguous)
        self._inverse: np.ndarray | None = None
        single = self.n >= SINGLE_PRECISION_FROM and sides * SECTORS_PER_SIDE <= self.n
        self._factor(np.float32 if single else np.float64)
        self._require_productive(column_sums)

    def _factor(self, precision):
        Z, scale = self._Z, self._scale
        M = np.empty((self.n, self.n), precision)
        if self._transposed:
            np.multiply(Z, -1.0 if scale is None else -scale, out=M, casting="same_kind")
        else:
            np.multiply(Z.T, -1.0 if scale is None else -scale[:, None], out=M, casting="same_kind")
        M.flat[:: self.n + 1] += 1.0
        getrf, self._getrs, self._getri, self._getri_lwork = get_lapack_funcs(
            ("getrf", "getrs", "getri", "getri_lwork"), (M,)
        )
        self._precision = precision
        self._lu, self._pivots, info = getrf(M.T, overwrite_a=True)
        if info > 0:
            if precision is np.float32:
                self._factor(np.float64)
                return
            raise InputError(f"I - A is singular: '{_name(self._labels, info - 1)}' depends on other sectors alone")

    def _require_productive(self, column_sums):
        """Column sums below one suffice; otherwise the output that one unit of every product needs decides."""
        if column_sums.max() < 1.0 and self._Z.min() >= 0.0:
            return
        worst = np.argsort(column_sums)[::-1][:3]
        hint = "largest inputs per unit of output: " + ", ".join(
            f"{_name(self._labels, j)} {column_sums[j]:.4g}" for j in worst
        )
        ones = self._solve(np.ones((self.n, 1)), adjoint=False)
        if not np.isfinite(ones).all() or np.abs(ones).max() > 1e13:
            raise InputError(Problem("A", "I - A is singular", hint))
        if self._Z.min() >= 0.0 and ones.min() < 1.0 - 1e-9:
            # x = 1 + Ax with x > 0 holds exactly when the spectral radius of a non-negative A is below one.
            raise InputError(Problem("A", "the table is not productive: a sector uses up more than it makes", hint))

    @property
    def A(self) -> np.ndarray:
        """Coefficients (n, n); formed on each call when the system was made from flows."""
        return self._Z if self._scale is None else self._Z * self._scale

    def columns(self, positions) -> np.ndarray:
        """Columns of A at the given positions (n, k), without forming the rest."""
        return self._Z[:, positions] if self._scale is None else self._Z[:, positions] * self._scale[positions]

    def output(self, Y) -> np.ndarray:
        """Gross output needed for final demand: (I - A)^-1 Y for Y (n,) or (n, k), same unit."""
        Y = self._demand(Y, "Y", 0)
        return self._solve(Y[:, None], adjoint=False)[:, 0] if Y.ndim == 1 else self._solve(Y, adjoint=False)

    def multipliers(self, S) -> np.ndarray:
        """Total effect per unit of final demand, S (I - A)^-1, for S (m, n) or (n,) per unit of output.

        Solved on the transposed system: m solutions, whatever the number of demands.
        """
        S = self._demand(S, "S", -1)
        return self._solve(S[:, None], adjoint=True)[:, 0] if S.ndim == 1 else self._solve(S.T, adjoint=True).T

    def inverse(self) -> np.ndarray:
        """The Leontief inverse (n, n); formed from the factor when first asked for, then kept (8 n^2 bytes)."""
        if self._inverse is None:
            if self._precision is np.float32:
                self._factor(np.float64)
            lwork = int(self._getri_lwork(self.n)[0].real)
            inverse, info = self._getri(self._lu, self._pivots, lwork=max(lwork, 1))
            if info > 0:
                raise InputError("I - A is singular")
            self._inverse = inverse.T if self._transposed else inverse
            self._inverse.flags.writeable = False
        return self._inverse

    def apply(self, X) -> np.ndarray:
        """A X for X (n,) or (n, k), without forming A."""
        if self._scale is None:
            return self._Z @ X
        return self._Z @ (self._scale[:, None] * X if X.ndim == 2 else self._scale * X)

    def apply_transposed(self, X) -> np.ndarray:
        """A' X for X (n,) or (n, k), without forming A."""
        product = self._Z.T @ X
        if self._scale is None:
            return product
        return self._scale[:, None] * product if X.ndim == 2 else self._scale * product

    def _demand(self, values, name, axis):
        values = numbers("values", values)
        if values.ndim not in (1, 2) or values.shape[axis] != self.n:
            raise InputError(f"{name} has shape {values.shape}; expected {self.n} sectors along axis {axis}")
        if not np.isfinite(values).all():
            raise InputError(f"{name} holds a number that is not finite at {np.argwhere(~np.isfinite(values))[0]}")
        return values

    def _solve(self, right, *, adjoint):
        """Solution (n, k) of (I - A) X = right, or of the transposed system."""
        trans = int(adjoint != self._transposed)
        X, _ = self._getrs(self._lu, self._pivots, right.astype(self._precision, order="F"), trans=trans,
                           overwrite_b=True)
        if self._precision is np.float64:
            return X
        X = X.astype(float)
        apply = self.apply_transposed if adjoint else self.apply
        before = None
        for _ in range(_REFINEMENTS):
            residual = right - X + apply(X)
            # Scaled to one, so that small right-hand sides keep their digits in single precision.
            scale = np.abs(residual).max(axis=0)
            scale[scale == 0] = 1.0
            step, _ = self._getrs(self._lu, self._pivots, (residual / scale).astype(np.float32, order="F"),
                                  trans=trans, overwrite_b=True)
            step = step * scale
            X += step
            change = float((np.abs(step).max(axis=0) / np.maximum(np.abs(X).max(axis=0), 1e-300)).max())
            # Corrections shrink by a constant factor, which foretells the error that is left.
            if change * (change if before is None else change / before) <= REFINED:
                break
            before = max(change, 1e-300)
        if not change <= NOT_REFINED:
            self._factor(np.float64)
            return self._solve(right, adjoint=adjoint)
        return X


class Ghosh:
    """The supply-side system x' = x'B + v' of allocation coefficients (Ghosh 1958; Miller and Blair 2009, ch. 12).

    B (n, n) : share of row sector i's output sold to column sector j. Read it as attribution of output to primary
    inputs (or as a price model, Dietzenbacher 1997), not as the causal effect of a supply shock.
    Errors as :class:`Leontief`.
    """

    def __init__(self, B, *, labels: Sequence[object] | None = None):
        self._system = Leontief(numbers("B", B).T, labels=labels)

    @classmethod
    def from_flows(cls, Z, x, *, labels: Sequence[object] | None = None) -> Ghosh:
        """The system of B = diag(x)^-1 Z, without forming B."""
        self = cls.__new__(cls)
        self._system = Leontief.from_flows(numbers("Z", Z).T, x, labels=labels)
        return self

    def output(self, V) -> np.ndarray:
        """Output enabled by primary inputs: v' (I - B)^-1 for v (n,), or each row of V (m, n)."""
        V = numbers("V", V)
        return self._system.output(V) if V.ndim == 1 else self._system.output(V.T).T

    def multipliers(self, S) -> np.ndarray:
        """Effect downstream per unit of primary input: (I - B)^-1 s for s (n,), or each row of S (m, n)."""
        return self._system.multipliers(S)

    def inverse(self) -> np.ndarray:
        """The Ghosh inverse (n, n)."""
        return self._system.inverse().T


def _name(labels, position):
    return f"sector {position}" if labels is None else str(labels[position])
