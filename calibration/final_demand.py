"""Where final goods are used: consumption and investment by province (E2).

Goods that are used where they are produced leave no choice: what industries of the province do not take is its
final use. All other goods follow the provinces' estimated spending, tilted to what a province supplies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.balancing import ras
from io_tables.errors import Infeasible

#: Spending on traded goods absorbs what local goods leave of a province's estimated spending, within this factor.
ABSORPTION_BOUND = 2.0
TOLERANCE = 1e-11
MAX_ITERATIONS = 20_000


@dataclass(frozen=True)
class FinalDemand:
    """Final use by province, commodity and category, and how far it is from the estimate it started from."""

    domestic: np.ndarray  #: (R, J, C) 10^8 yuan
    imported: np.ndarray  #: (R, J, C)
    spending_ratio: np.ndarray  #: (R, C) spending reached over estimated spending
    iterations: int
    residual: float


def local_final_use(
    residual: np.ndarray, national: np.ndarray, shares: np.ndarray, *, tolerance: float = TOLERANCE
) -> tuple[np.ndarray, int, float]:
    """(R, L, C) split of what remains of local goods over categories.

    residual (R, L) 10^8 yuan: supply less intermediate use; national (L, C); shares (R, C) of each category.
    Each good is balanced to the provinces' residual and the nation's categories.
    Raises Infeasible where a residual is negative: more is used by industries than is produced.
    """
    scale = np.maximum(residual.sum(axis=0), 1e-12)
    bad = np.argwhere(residual < -1e-9 * scale)
    if bad.size:
        raise Infeasible("local goods: industries use more than the province supplies",
                         [f"province {r}, local good {i}: {residual[r, i]:g}" for r, i in bad[:20]])
    out = np.zeros((*residual.shape, national.shape[1]))
    passes, worst = 0, 0.0
    for i in range(residual.shape[1]):
        left = np.maximum(residual[:, i], 0.0)
        total = national[i].sum()
        if total <= 0:
            continue
        left = left * (total / left.sum())
        prior = national[i] * shares
        balanced = ras(prior, left, national[i], tolerance=tolerance, max_iterations=MAX_ITERATIONS)
        out[:, i] = balanced.require(f"final use of local good {i}", tolerance)
        passes, worst = max(passes, balanced.iterations), max(worst, balanced.residual)
    return out, passes, worst


def final_demand(
    national: np.ndarray, national_imports: np.ndarray, shares: np.ndarray, domestic_tilt: np.ndarray,
    import_tilt: np.ndarray, local: np.ndarray, local_use: np.ndarray, *, tolerance: float = TOLERANCE,
) -> FinalDemand:
    """Spread the nation's final use over provinces.

    national, national_imports (J, C) 10^8 yuan; shares (R, C) estimated share of each province in a category,
    columns summing to one; domestic_tilt, import_tilt (R, J) factors on a commodity; local (J,) bool;
    local_use (R, L, C) final use of the local goods, already fixed.
    For each category one RAS over traded and imported goods x provinces: rows the nation, columns what local goods
    leave of the province's estimated spending, at most `ABSORPTION_BOUND` from its plain share. Raises NotConverged.
    """
    R, (J, C) = len(shares), national.shape
    domestic, imported = np.zeros((R, J, C)), np.zeros((R, J, C))
    domestic[:, local] = local_use
    ratio = np.ones((R, C))
    passes, worst = 0, 0.0
    for c in range(C):
        rows = np.concatenate([np.where(local, 0.0, national[:, c]), national_imports[:, c]])
        estimate = shares[:, c] * (national[:, c].sum() + national_imports[:, c].sum())
        total = rows.sum()
        if total > 0:
            plain = shares[:, c] * total
            left = estimate - local_use[:, :, c].sum(axis=1)
            wanted = np.clip(left, plain / ABSORPTION_BOUND, plain * ABSORPTION_BOUND)
            wanted *= total / wanted.sum()
            prior = rows[:, None] * np.concatenate([domestic_tilt.T, import_tilt.T]) * wanted
            balanced = ras(prior, rows, wanted, tolerance=tolerance, max_iterations=MAX_ITERATIONS)
            table = balanced.require(f"final use, category {c}", tolerance)
            domestic[:, ~local, c] = table[:J].T[:, ~local]
            imported[:, :, c] = table[J:].T
            passes, worst = max(passes, balanced.iterations), max(worst, balanced.residual)
        reached = domestic[:, :, c].sum(axis=1) + imported[:, :, c].sum(axis=1)
        ratio[:, c] = np.divide(reached, estimate, out=np.ones(R), where=estimate > 0)
    return FinalDemand(domestic, imported, ratio, passes, worst)
