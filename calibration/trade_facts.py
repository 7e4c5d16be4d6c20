"""The embedded facts behind trade: cross-hauling, distance, local goods, foreign trade and spending by province.

Sources and status of each column stand in ``io_tables/china_2020/sources.csv``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration import fact_tables
from io_tables.base_year import FINAL_CATEGORIES
from io_tables.classification import provinces, sectors
from io_tables.errors import InputError, Problem


@dataclass(frozen=True)
class TradeFacts:
    """R provinces, J industries, C final categories (rural, urban, government, fixed capital)."""

    self_use_share: np.ndarray  #: (J,) theta_i, share of min(supply, demand) a province supplies to itself
    cross_hauling: np.ndarray  #: (J,) h_i, balanced trade over supply plus use
    distance_exponent: np.ndarray  #: (J,) delta_i
    local: np.ndarray  #: (J,) bool, used where produced
    export_shares: np.ndarray  #: (R, J) of the nation's exports of the sector; NaN where not reported
    import_shares: np.ndarray  #: (R, J)
    final_shares: np.ndarray  #: (R, C) of the nation's spending by category


def read_trade_facts(
    industries: Sequence[str], industry_sector: Sequence[str]
) -> TradeFacts:
    """Facts for these industries: an industry with its own row keeps it, others take their sector's.

    Raises InputError naming a sector or province that is missing.
    """
    rows = {row["industry"]: row for row in fact_tables.rows("trade_parameters.csv")}
    missing = [s for i, s in zip(industries, industry_sector) if i not in rows and s not in rows]
    if missing:
        raise InputError([Problem("trade_parameters.csv", f"{s}: sector is missing") for s in dict.fromkeys(missing)])
    chosen = [rows.get(i) or rows[s] for i, s in zip(industries, industry_sector)]

    def column(name: str) -> np.ndarray:
        return np.array([float(row[name]) for row in chosen])

    index = [sectors().index(s) for s in industry_sector]
    final = fact_tables.rows("final_use_shares.csv")
    order = provinces().order([row["province"] for row in final], "final_use_shares.csv")
    shares = np.array([[float(final[k][c]) for c in FINAL_CATEGORIES] for k in order])
    return TradeFacts(
        column("self_use_share"), column("cross_hauling"), column("distance_exponent"), column("local") > 0,
        _by_sector("trade_export_shares.csv")[:, index],
        _by_sector("trade_import_shares.csv")[:, index],
        # Four digits do not sum to one.
        shares / shares.sum(axis=0),
    )


def relative_propensity(shares: np.ndarray, reference: np.ndarray, bound: float, weight: np.ndarray) -> np.ndarray:
    """(R, J) how much more of commodity i a province trades abroad than its share in `reference` explains.

    shares (R, J) observed, NaN where not reported; reference (R, J) 10^8 yuan (supply for exports, expected use for
    imports); weight (J,) national trade. Observed cells are compared among the provinces that report the commodity;
    unreported cells take the province's ratio over all commodities it reports. Cut at `bound` both ways.
    """
    seen = np.isfinite(shares) & (reference > 0)
    observed = np.where(seen, shares, 0.0)
    expected = np.where(seen, reference, 0.0)
    observed = observed / np.maximum(observed.sum(axis=0), 1e-12)
    expected = expected / np.maximum(expected.sum(axis=0), 1e-12)
    above, below = (observed * weight).sum(axis=1), (expected * weight).sum(axis=1)
    province = np.divide(above, below, out=np.ones_like(above), where=below > 0)
    ratio = np.divide(observed, expected, out=np.zeros_like(observed), where=expected > 0)
    ratio = np.where(seen & (observed.sum(axis=0) > 0), ratio, province[:, None])
    return np.clip(ratio, 1.0 / bound, bound)


def _by_sector(name: str) -> np.ndarray:
    """(R, S) of a wide table sector x province; blank is NaN."""
    rows = fact_tables.rows(name)
    order = sectors().order([row["sector"] for row in rows], name)
    labels = [label for label in rows[0] if label != "sector"]
    columns = [labels[k] for k in provinces().order(labels, name)]
    return np.array([[float(rows[k][p]) if rows[k][p] else np.nan for k in order] for p in columns])
