"""Every margin the provinces were balanced to: published, modelled, residual (E2, E3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from io_tables.base_year import FINAL_CATEGORIES
from io_tables.classification import provinces, sectors

if TYPE_CHECKING:
    from calibration.national_table import NationalTable
    from calibration.regionalisation import Regional

_MONEY = "10^8 yuan"


def regional_margins(national: NationalTable, regional: Regional) -> pd.DataFrame:
    """Long table: margin, item, published, modelled, residual (modelled - published), unit.

    By the 42 sectors: output, inputs taken from China and from abroad, exports, inventory change, imports; by category:
    final use; by province: GDP by production against expenditure. Recomputed from the factors, not from the balancing.
    """
    x = regional.output
    domestic = np.einsum("sij,sj->i", regional.domestic_coefficients, x)
    imported = np.einsum("sij,sj->i", regional.import_coefficients, x)
    delivered = np.einsum("irs,si->i", regional.trade_shares, regional.demand)
    by_sector = {
        "output": (national.output, delivered + (regional.exports + regional.inventories).sum(axis=0)),
        "domestic goods used by industries": (national.Zd.sum(axis=1), domestic),
        "imported goods used by industries": (national.Zm.sum(axis=1), imported),
        "exports": (national.exports, regional.exports.sum(axis=0)),
        "inventory change, domestic goods": (national.inventories, regional.inventories.sum(axis=0)),
        "imports": (national.imports, regional.imports.sum(axis=0)),
    }
    rows = []
    for margin, (published, modelled) in by_sector.items():
        rows += _rows(margin, sectors().keys, national.by_sector(published), national.by_sector(modelled))
    for name, published, modelled in (("domestic", national.final, regional.final_use),
                                      ("imported", national.final_imports, regional.final_imports)):
        rows += _rows(f"final use, {name} goods", FINAL_CATEGORIES, published.sum(axis=0), modelled.sum(axis=(0, 1)))
    rows += _rows("GDP by province, production against expenditure", provinces().keys,
                  regional.value_added.sum(axis=(0, 2)), _expenditure(regional))
    return pd.DataFrame(rows, columns=["margin", "item", "published", "modelled", "residual", "unit"])


def _rows(margin, items, published, modelled):
    return [(margin, i, float(p), float(m), float(m - p), _MONEY)
            for i, p, m in zip(items, published, modelled, strict=True)]


def _expenditure(regional: Regional) -> np.ndarray:
    """(R,) final use + inventories + exports + net outflow - imports."""
    spending = (regional.final_use + regional.final_imports).sum(axis=(1, 2))
    spending = spending + (regional.inventories + regional.inventory_imports + regional.exports).sum(axis=1)
    sent = np.einsum("irs,si->r", regional.trade_shares, regional.demand)
    return spending + sent - regional.demand.sum(axis=1) - regional.imports.sum(axis=1)
