"""Upper bounds for a path search: total multipliers s'L and outputs Ly, without factoring a large table.

A search needs bounds that are never too low, and one exact total. Both come from a few products with A: an
approximate solution is lifted until it is a supersolution, which proves it an upper bound, and the errors of the
two sides multiply in the total, so that it is exact to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse.linalg import LinearOperator, gmres

from io_tables.errors import InputError
from model.input_output.leontief import Leontief

#: From this size on products with A are cheaper than its factor (measured on one thread).
ITERATE_FROM = 300
#: Residual asked of the iteration, relative; the error of the total is about their product.
_MULTIPLIER_RESIDUAL, _OUTPUT_RESIDUAL = 1e-10, 1e-6
#: Demand added to every sector, as a share of the mean, so that output is a supersolution with room to spare.
_LIFT = 1e-4
_PRODUCTS = 60


def bounds(
    A: np.ndarray | Leontief, sources: Sequence[np.ndarray], demands: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Multipliers >= s'L per source, outputs >= Ly per demand, and the totals s'Ly [source, demand].

    A (n, n) >= 0 or a kept factor of it, which is then used; sources and demands (n,) >= 0.
    Raises InputError as :class:`Leontief`.
    """
    if not isinstance(A, Leontief):
        column_sums = A.sum(axis=0)
        # Column sums below one prove a non-negative table productive; otherwise the factor must tell.
        if len(A) >= ITERATE_FROM and column_sums.max() < 1.0:
            found = _iterated(A, column_sums, sources, demands)
            if found is not None:
                return found
        A = Leontief(A)
    n = A.n
    multipliers = A.multipliers(np.reshape(sources, (-1, n)))
    outputs = A.output(np.reshape(demands, (-1, n)).T).T
    totals = np.reshape(sources, (-1, n)) @ outputs.T
    # Rounding may leave less than the direct effect where nothing else is bought.
    return ([np.maximum(m, s) for m, s in zip(multipliers, sources, strict=True)],
            [np.maximum(x, y) for x, y in zip(outputs, demands, strict=True)], totals)


def _iterated(A, column_sums, sources, demands):
    """As :func:`bounds` by products with A; None where the iteration does not get there."""
    multipliers, outputs, approximate, left = [], [], [], []
    for s in sources:
        m, residual = _solved(A.T, s, _MULTIPLIER_RESIDUAL)
        # With m + d: (m + d) - A'(m + d) - s = d (1 - column sums) - residual >= 0.
        lift = np.max(residual / (1.0 - column_sums), initial=0.0)
        if not lift <= 1e-6 * m.max():
            return None
        approximate.append(m)
        left.append(residual)
        multipliers.append(np.maximum(m + lift, s))
    for y in demands:
        more = _LIFT * y.mean()
        x, residual = _solved(A, y + more, _OUTPUT_RESIDUAL)
        if not residual.max() <= more:
            return None
        outputs.append(np.maximum(x, y))
    totals = np.array([[m @ y + r @ x for y, x in zip(demands, outputs, strict=True)]
                       for m, r in zip(approximate, left, strict=True)])
    return multipliers, outputs, totals.reshape(len(sources), len(demands))


def _solved(M, right, tolerance):
    """Solution of (I - M) z = right and its residual right - z + M z."""
    n = right.size
    operator = LinearOperator((n, n), matvec=lambda z: z - M @ z, dtype=float)
    z, _ = gmres(operator, right, rtol=tolerance, restart=_PRODUCTS, maxiter=1)
    return z, right - z + M @ z


def checked_coefficients(A) -> np.ndarray:
    """A (n, n) as finite, non-negative floats; InputError names the first cell that is not."""
    A = np.ascontiguousarray(A, dtype=float)
    if A.ndim != 2 or A.shape[0] != A.shape[1] or not A.size:
        raise InputError(f"A has shape {A.shape}; expected a square matrix of at least one sector")
    smallest = A.min()
    if not (smallest >= 0 and A.max() < np.inf):
        i, j = np.argwhere(~((A >= 0) & (A < np.inf)))[0]
        raise InputError(f"A[{i}, {j}] is {A[i, j]:g}: a chain of suppliers needs finite coefficients >= 0")
    return A
