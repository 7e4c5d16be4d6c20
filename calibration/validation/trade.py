"""What provinces send and receive, against the tables of 2007, each province held out in turn (E3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calibration.interprovincial_trade import distances, self_use
from calibration.validation.score import Score
from calibration.validation.tables_2007 import Tables2007, read_tables_2007
from io_tables.balancing import ras
from io_tables.classification import provinces

TOPIC = "interprovincial trade 2007"
#: Exponents of the gravity-only rule shown for comparison.
GRAVITY_EXPONENTS = (1.0, 2.0, 3.0)


def scores(data: Path) -> list[Score]:
    """Outflow and inflow by sector of the 17 provinces whose tables keep domestic trade apart.

    WAPE over province x sector, correlation, level (sum estimated over sum true) and WAPE of province totals.
    """
    tables = read_tables_2007(data)
    clean = tables.clean
    supply, demand = tables.supply, tables.demand
    own = held_out_self_use(tables)
    net = np.minimum(supply, demand)
    gravity = {e: gravity_self_use(tables, e) for e in GRAVITY_EXPONENTS}
    result = []
    trials = {"outflow": (36.9, 0.924, 0.88), "inflow": (37.2, 0.878, 0.88)}
    floors = {"outflow": (40.5, 0.90), "inflow": (41.0, 0.85)}
    for side, total, true in (("outflow", supply, tables.outflow), ("inflow", demand, tables.inflow)):
        ours = compare((total - own)[clean], true[clean])
        naive = compare((total - net)[clean], true[clean])
        by_gravity = {e: compare((total - t)[clean], true[clean])["wape"] for e, t in gravity.items()}
        note = (
            "supply, demand and foreign trade are those of the tables, in 2020 they are estimates; "
            "naive: net trade only; gravity alone: " + ", ".join(f"d^-{e:g} {w:.0f} %" for e, w in by_gravity.items())
        )
        trial, floor = trials[side], floors[side]
        lead = ours["wape"] - min(by_gravity.values())
        result += [
            Score(TOPIC, f"{side} by sector, error", ours["wape"], "% WAPE", floor[0], "<=", naive["wape"], trial[0],
                  note=note),
            Score(TOPIC, f"{side} by sector, lead over gravity alone", lead, "points of WAPE", 0.0, "<=",
                  note="against the best of the exponents shown"),
            Score(TOPIC, f"{side} by sector, correlation", ours["r"], "r", floor[1], ">=", naive["r"], trial[1]),
            Score(TOPIC, f"level of {side}", ours["level"], "ratio", (0.80, 1.10), "in", naive["level"], trial[2]),
            Score(TOPIC, f"{side} of a province", ours["totals"], "% WAPE", 25.0, "<=", naive["totals"]),
        ]
    return result


def compare(estimate: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """WAPE %, correlation, level and WAPE % of row sums."""
    return {
        "wape": float(100 * np.abs(estimate - true).sum() / true.sum()),
        "r": float(np.corrcoef(estimate.ravel(), true.ravel())[0, 1]),
        "level": float(estimate.sum() / true.sum()),
        "totals": float(100 * np.abs(estimate.sum(axis=1) - true.sum(axis=1)).sum() / true.sum()),
    }


def held_out_self_use(tables: Tables2007) -> np.ndarray:
    """(R, 42) own use of each clean province by the recipe, its parameters from the other provinces only."""
    supply, demand = tables.supply, tables.demand
    own = np.zeros_like(supply)
    for r in np.flatnonzero(tables.clean):
        others = np.arange(len(own)) != r
        share = self_use_shares(tables, tables.clean & others)
        hauling = foreign_cross_hauling(tables, tables.splits_foreign & others)
        own[r] = self_use(supply[[r]], demand[[r]], share, hauling)[0]
    return own


def self_use_shares(tables: Tables2007, among: np.ndarray) -> np.ndarray:
    """(42,) theta_i: own use over min(supply, demand), pooled over the provinces `among` (bool)."""
    smaller = np.minimum(tables.supply, tables.demand)[among]
    own = np.clip(tables.supply[among] - tables.outflow[among], 0.0, smaller)
    total = smaller.sum(axis=0)
    return np.divide(own.sum(axis=0), total, out=np.ones_like(total), where=total > 0)


def foreign_cross_hauling(tables: Tables2007, among: np.ndarray) -> np.ndarray:
    """(42,) h_i: the balanced part of foreign trade over output plus use (Kronenberg 2009)."""
    exports, imports = tables.exports[among].sum(axis=0), tables.imports[among].sum(axis=0)
    turnover = tables.output[among].sum(axis=0)
    turnover = turnover + tables.use[among].sum(axis=(0, 2)) + tables.final[among].sum(axis=(0, 2))
    return (exports + imports - np.abs(exports - imports)) / turnover


def gravity_self_use(tables: Tables2007, exponent: float) -> np.ndarray:
    """(R, 42) own use when gravity with one exponent fills the whole matrix, the diagonal included.

    A province's own distance is half of that to its nearest neighbour.
    """
    known = provinces()
    at = [known.index(p) for p in tables.provinces]
    longitude, latitude = (np.array([float(v) for v in known.attribute(n)])[at] for n in ("longitude", "latitude"))
    distance = distances(longitude, latitude)
    np.fill_diagonal(distance, np.inf)
    np.fill_diagonal(distance, distance.min(axis=1) / 2)
    friction = (distance / 1000.0) ** -exponent
    supply, demand = tables.supply, tables.demand
    own = np.zeros_like(supply)
    for i in range(supply.shape[1]):
        received = demand[:, i] * (supply[:, i].sum() / demand[:, i].sum())
        prior = friction * np.outer(supply[:, i], received)
        own[:, i] = np.diag(ras(prior, supply[:, i], received, tolerance=1e-6).require(f"gravity of sector {i}", 1e-6))
    return np.minimum(own, np.minimum(supply, demand))
