"""How the industries of each province produce: input coefficients, domestic and imported (E2).

The national coefficient of an input is tilted by how strongly the province supplies it, and each column is
then balanced to the province's own intermediate input and the nation's rows. The tilt is weak on purpose:
held out province by province, a full tilt is worse than none (``calibration.validation.coefficients``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.balancing import ras
from io_tables.errors import InputError, Problem

#: Weight and bound of the supplier's location quotient (tried out of sample on the tables of 2007).
QUOTIENT_EXPONENT, QUOTIENT_BOUND = 0.2, 3.0
#: Passes are stopped at this relative residual of the margins.
TOLERANCE = 1e-11
MAX_ITERATIONS = 20_000


@dataclass(frozen=True)
class Coefficients:
    """Input coefficients by using province and how they were reached."""

    domestic: np.ndarray  #: (R, J, J) [s, i, j] 10^8 yuan of Chinese i per 10^8 yuan of output of j in s
    imported: np.ndarray  #: (R, J, J)
    iterations: int  #: passes, largest over the columns
    residual: float  #: largest relative residual of a margin


def location_quotients(output: np.ndarray) -> np.ndarray:
    """(R, J) share of a province in an industry over its share in all output; 1 is the national mix.

    output (R, J) 10^8 yuan. An industry or a province without output has quotient 1.
    """
    by_industry, by_province = output.sum(axis=0), output.sum(axis=1)
    expected = np.outer(by_province, by_industry) / output.sum()
    return np.divide(output, expected, out=np.ones_like(output), where=expected > 0)


def supplier_tilt(output: np.ndarray, exponent: float = QUOTIENT_EXPONENT, bound: float = QUOTIENT_BOUND) -> np.ndarray:
    """(R, J) factor on the use of commodity i in province r: the bounded location quotient to a small power."""
    return np.clip(location_quotients(output), 1.0 / bound, bound) ** exponent


def provincial_coefficients(
    domestic: np.ndarray,
    imported: np.ndarray,
    output: np.ndarray,
    value_added: np.ndarray,
    domestic_tilt: np.ndarray,
    import_tilt: np.ndarray,
    *,
    tolerance: float = TOLERANCE,
) -> Coefficients:
    """Balance each column j over provinces: rows Z_ij of the nation, columns x_j[r] - va_j[r] (E2).

    domestic, imported (J, J) 10^8 yuan: national inputs i of industry j from China and from abroad.
    output, value_added (R, J) 10^8 yuan. domestic_tilt, import_tilt (R, J) or (R, J, J) factors on the
    national coefficient of commodity i (in industry j). A province without output of j has national coefficients.
    Raises InputError where value added is not below output or the columns do not sum to the national rows;
    NotConverged naming the column.
    """
    R, J = output.shape
    inputs = output - value_added
    bad = np.argwhere((inputs < 0) | ((output > 0) & (inputs <= 0)))
    if bad.size:
        raise InputError([Problem(f"province {r}, industry {j}", "value added is not below gross output",
                                  "revise provincial value added or output") for r, j in bad[:20]])
    national = np.vstack([domestic, imported])  # (2J, J)
    tilt = np.concatenate([_per_column(domestic_tilt, J), _per_column(import_tilt, J)], axis=1)  # (R, 2J, J)
    totals = output.sum(axis=0)
    coefficients = np.empty((R, 2 * J, J))
    iterations, residual = 0, 0.0
    for j in range(J):
        prior = (national[:, j] * tilt[:, :, j]).T * inputs[:, j]
        balanced = ras(prior, national[:, j], inputs[:, j], tolerance=tolerance, max_iterations=MAX_ITERATIONS)
        flows = balanced.require(f"inputs of industry {j} by province", tolerance)
        iterations, residual = max(iterations, balanced.iterations), max(residual, balanced.residual)
        mean = national[:, j] / totals[j] if totals[j] > 0 else np.zeros(2 * J)
        coefficients[:, :, j] = mean
        active = output[:, j] > 0
        coefficients[active, :, j] = flows.T[active] / output[active, j][:, None]
    return Coefficients(coefficients[:, :J].copy(), coefficients[:, J:].copy(), iterations, residual)


def _per_column(tilt: np.ndarray, J: int) -> np.ndarray:
    """(R, J, J) from a tilt by commodity (R, J) or by commodity and industry."""
    return tilt if tilt.ndim == 3 else np.repeat(tilt[:, :, None], J, axis=2)
