"""Upper bounds for a path search: total multipliers s'L and outputs Ly, without factoring a large table.

A search needs bounds that are never too low, and one exact total. Both come from a few products with A: an
approximate solution is lifted until it is a supersolution, which proves it an upper bound, and the errors of the
two sides multiply in the total, so that it is exact to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from scipy.linalg import solve_triangular

from io_tables.arrays import numbers
from io_tables.errors import InputError
from model.input_output.leontief import Leontief

#: From this size on products with A are cheaper than its factor (measured on one thread).
ITERATE_FROM = 300
#: Relative residual asked of an iteration, within reach of single precision, and of the second one for multipliers;
#: the error of the total is about the product of all three.
_RESIDUAL, _REFINED = 1e-6, 1e-3
#: Demand added to every sector, as a share of the mean, so that output is a supersolution with room to spare.
_LIFT = 1e-4
#: A lift of the multipliers by more than this share of the largest would prune badly: the factor is taken then.
_WIDEST_LIFT = 1e-4
_PRODUCTS = 60


def bounds(
    A: np.ndarray | Leontief, sources: Sequence[np.ndarray], demands: Sequence[np.ndarray], searched: int | None = None
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Multipliers >= s'L per source, outputs >= Ly per demand, and the totals s'Ly [source, demand].

    A (n, n) >= 0 or a kept factor of it, which is then used; sources and demands (n,) >= 0. Outputs are only
    bounds for the first `searched` demands (all); the others count in the totals.
    Raises InputError as :class:`Leontief`.
    """
    if not isinstance(A, Leontief):
        if len(A) >= ITERATE_FROM:
            found = _iterated(A, sources, demands, len(demands) if searched is None else searched)
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


def _iterated(A, sources, demands, searched):
    """As :func:`bounds` by products with A; None where the iteration does not get there."""
    multipliers, outputs, approximate, left = [], [], [], []
    # Half the memory to read; what single precision misses is in the residuals, which are taken in double.
    single, column_sums = _single(A)
    # Column sums below one prove a non-negative table productive; otherwise the factor must tell.
    if not column_sums.max() < 1.0:
        return None
    for s in sources:
        m = _solved(single.T, s, _RESIDUAL)
        residual = s - m + A.T @ m
        step = _solved(single.T, residual, _REFINED)
        # The step is so small that its product is exact enough in single precision.
        m, residual = m + step, residual - step + single.T @ step.astype(np.float32)
        # With m + d: (m + d) - A'(m + d) - s = d (1 - column sums) - residual >= 0.
        lift = np.max(residual / (1.0 - column_sums), initial=0.0)
        if not lift <= _WIDEST_LIFT * m.max():
            return None
        approximate.append(m)
        left.append(residual)
        multipliers.append(np.maximum(m + lift, s))
    for k, y in enumerate(demands):
        if k >= searched:
            outputs.append(y + A @ y)
            continue
        more = _LIFT * y.mean()
        x = _solved(single, y + more, _RESIDUAL)
        # x - A x - y = more - residual >= 0.
        if not np.max(y + more - x + A @ x) <= more:
            return None
        outputs.append(np.maximum(x, y))
    totals = np.array([[m @ y + r @ x for y, x in zip(demands, outputs, strict=True)]
                       for m, r in zip(approximate, left, strict=True)])
    return multipliers, outputs, totals.reshape(len(sources), len(demands))


@njit(cache=True)
def _single(A):
    """A in single precision and its column sums (n,), reading it once."""
    n = A.shape[0]
    single, sums = np.empty(A.shape, np.float32), np.zeros(n)
    for i in range(n):
        for j in range(n):
            single[i, j] = A[i, j]
            sums[j] += A[i, j]
    return single, sums


def _solved(M, right, tolerance):
    """Solution of (I - M) z = right by GMRES (Saad and Schultz 1986), to a relative residual or the products allowed.

    M (n, n) in single precision; right (n,).
    """
    size = float(np.linalg.norm(right))
    if size == 0.0:
        return np.zeros_like(right)
    basis = np.empty((_PRODUCTS + 1, right.size))
    basis[0] = right / size
    triangle, target = np.zeros((_PRODUCTS, _PRODUCTS)), np.zeros(_PRODUCTS + 1)
    turns = np.zeros((_PRODUCTS, 2))
    target[0], k = size, 0
    while k < _PRODUCTS and abs(target[k]) > tolerance * size:
        known = basis[: k + 1]
        new = known[k] - M @ known[k].astype(np.float32)
        column = known @ new
        new -= column @ known
        length = float(np.linalg.norm(new))
        # Turn the new column so that the least-squares system stays triangular.
        for j in range(k):
            (cosine, sine), (above, below) = turns[j], column[j : j + 2]
            column[j : j + 2] = cosine * above + sine * below, cosine * below - sine * above
        radius = np.hypot(column[k], length)
        turns[k] = column[k] / radius, length / radius
        column[k] = radius
        triangle[: k + 1, k] = column
        target[k + 1] = -turns[k, 1] * target[k]
        target[k] *= turns[k, 0]
        k += 1
        if length > 0.0:
            basis[k] = new / length
    return solve_triangular(triangle[:k, :k], target[:k]) @ basis[:k]


def checked_coefficients(A) -> np.ndarray:
    """A (n, n) as contiguous floats >= 0; InputError names the first cell that is not."""
    A = np.ascontiguousarray(numbers("A", A))
    if A.ndim != 2 or A.shape[0] != A.shape[1] or not A.size:
        raise InputError(f"A has shape {A.shape}; expected a square matrix of at least one sector")
    if not A.min() >= 0:
        i, j = np.argwhere(~(A >= 0))[0]
        raise InputError(f"A[{i}, {j}] is {A[i, j]:g}: a chain of suppliers needs coefficients >= 0")
    return A
