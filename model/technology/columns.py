"""Input columns of product industries from their technology mix (E8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Columns:
    """Residual columns which, with the technologies' recipes, add up to the base-year table at the base mix.

    residual (R, J, P) : inputs no technology accounts for, per unit output; >= 0.
    import_share (R, J, P) : part of each input that comes from abroad.
    scaling (R, J, P) : what recipe rows are multiplied by where they exceeded the base column (1 = untouched).
    product_of (K,) : position of each technology's product in P.
    """

    residual: np.ndarray
    import_share: np.ndarray
    scaling: np.ndarray
    product_of: np.ndarray


def base_columns(
    domestic: np.ndarray,
    imported: np.ndarray,
    commodity_import_share: np.ndarray,
    recipes: np.ndarray,
    product_of: np.ndarray,
    shares: np.ndarray,
) -> Columns:
    """Split base-year columns into technology recipes and a residual (E8).

    domestic, imported (R, J, P) : base-year coefficients of the product industries.
    commodity_import_share (R, J) : used where a base column has no such input.
    recipes (K, J) : money inputs per 10^8 yuan of product. product_of (K,). shares (R, K) : base mix omega_0,
        summing to at most 1 within each province and product.

    a_res = a_0 - sum_k omega_k0 alpha_k; where that would be negative the recipe row is scaled down for every
    technology of the product in that province, and `scaling` reports it.
    """
    total = domestic + imported
    owned = np.zeros_like(total)
    for k, p in enumerate(product_of):
        owned[:, :, p] += shares[:, k, None] * recipes[k]
    scaling = np.ones_like(total)
    over = owned > total
    scaling[over] = total[over] / owned[over]
    residual = np.maximum(total - owned * scaling, 0.0)
    import_share = np.broadcast_to(commodity_import_share[:, :, None], total.shape).copy()
    np.divide(imported, total, out=import_share, where=total > 0)
    return Columns(residual, import_share, scaling, np.asarray(product_of))


def columns_at(columns: Columns, recipes: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Domestic and imported coefficients (R, J, P) at technology shares (R, K) and the year's recipes (K, J) (E8).

    At the base recipes and shares these are the base-year columns exactly.
    """
    total = columns.residual.copy()
    for k, p in enumerate(columns.product_of):
        total[:, :, p] += shares[:, k, None] * recipes[k] * columns.scaling[:, :, p]
    return total * (1.0 - columns.import_share), total * columns.import_share
