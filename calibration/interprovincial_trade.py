"""Who sends what to whom: exports by origin, self-use, and flows between provinces (E3).

Gravity alone misses the level of trade by a factor, because half of what provinces trade is cross-hauled: they
send and receive the same kind of good. So the part a province supplies to itself is fixed first, from two
independent views of cross-hauling, and gravity only spreads what crosses a border.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.balancing import ras
from io_tables.errors import InputError, Problem

EARTH_RADIUS = 6371.0  # km
#: Weight of the self-use share; the rest is cross-hauling as in foreign trade. Even, not fitted.
SELF_USE_WEIGHT = 0.5
#: A province sends and receives at most this share of all trade in a good, so that gravity has a solution inside.
LARGEST_SHARE = 0.98
TOLERANCE = 1e-11
MAX_ITERATIONS = 50_000


@dataclass(frozen=True)
class Flows:
    """Flows of each commodity between provinces."""

    table: np.ndarray  #: (J, R, R) 10^8 yuan, [i, origin, destination], own use on the diagonal
    iterations: int  #: passes, largest over commodities
    residual: float  #: largest relative residual of supply or demand


def distances(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """(R, R) great-circle distance in km between centroids in degrees (haversine)."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    across = np.sin((lon[:, None] - lon) / 2) ** 2
    along = np.sin((lat[:, None] - lat) / 2) ** 2
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(along + np.cos(lat)[:, None] * np.cos(lat) * across))


def exports_by_origin(supply: np.ndarray, national: np.ndarray, propensity: np.ndarray) -> np.ndarray:
    """(R, J) exports with 0 <= e <= supply that sum to the nation: e / (supply - e) = k propensity (E3).

    supply (R, J) 10^8 yuan: output less inventory change; national (J,); propensity (R, J) > 0 relative odds of
    selling abroad. One k per commodity, by bisection on its logarithm (the sum rises with k).
    Raises InputError where the nation exports as much as it supplies.
    """
    total = supply.sum(axis=0)
    bad = np.flatnonzero((national > 0) & (national >= total))
    if bad.size:
        raise InputError([Problem(f"commodity {i}", f"exports {national[i]:g} of a supply of {total[i]:g}",
                                  "exports must stay below output less inventory change") for i in bad])
    low, high = np.full(national.shape, -60.0), np.full(national.shape, 60.0)
    for _ in range(100):
        middle = (low + high) / 2
        odds = np.exp(middle) * propensity
        short = (supply * odds / (1 + odds)).sum(axis=0) < national
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    odds = np.exp(high) * propensity
    exports = supply * odds / (1 + odds)
    reached = exports.sum(axis=0)
    # The last digits by proportion: the bisection is at rounding error already.
    return exports * np.divide(national, reached, out=np.zeros_like(reached), where=reached > 0)


def self_use(
    supply: np.ndarray, demand: np.ndarray, share: np.ndarray, cross_hauling: np.ndarray,
    weight: float = SELF_USE_WEIGHT,
) -> np.ndarray:
    """(R, J) what a province supplies to itself: T_rr between 0 and min(S, D); net trade stays exact (E3).

    Mean of two views: a share theta_i of min(S, D), and min(S, D) less half of h_i (S + D), Kronenberg's
    cross-hauling (2009) with h_i from foreign trade. supply, demand (R, J) 10^8 yuan; share, cross_hauling (J,).
    """
    smaller = np.minimum(supply, demand)
    by_hauling = np.maximum(smaller - 0.5 * cross_hauling * (supply + demand), 0.0)
    return weight * share * smaller + (1 - weight) * by_hauling


def room_for_trade(own: np.ndarray, supply: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Raise own use where a province would send and receive more than all others can take and give.

    own, supply, demand (R, J). Off the diagonal a flow pattern exists only if out_r + in_r <= total trade;
    without cross-hauling it always does, so own use is raised at most to min(supply, demand).
    """
    own = own.copy()
    smaller = np.minimum(supply, demand)
    for _ in range(200):
        sent, received = supply - own, demand - own
        excess = sent + received - LARGEST_SHARE * sent.sum(axis=0)
        # Each unit kept at home lowers the left side by two and the right by less than one.
        step = np.clip(excess, 0.0, None)
        step = np.minimum(step, smaller - own)
        if (step <= 1e-12 * supply.sum(axis=0)).all():
            return own
        own += step
    return own


def spread_by_gravity(
    own: np.ndarray, supply: np.ndarray, demand: np.ndarray, exponent: np.ndarray, distance: np.ndarray,
    *, tolerance: float = TOLERANCE,
) -> Flows:
    """Doubly constrained gravity off the diagonal, own use on it (Wilson 1967; E3).

    T_rs = a_r b_s out_r in_s d_rs^(-delta_i), rows S - own, columns D - own. own, supply, demand (R, J) 10^8
    yuan with equal sums of supply and demand; exponent (J,); distance (R, R) km. Raises InputError, NotConverged.
    """
    R, J = own.shape
    table = np.zeros((J, R, R))
    iterations, residual = 0, 0.0
    between = ~np.eye(R, dtype=bool)
    for i in range(J):
        sent, received = (_clean(total - own[:, i], supply[:, i].sum()) for total in (supply[:, i], demand[:, i]))
        if sent.sum() > 0:
            # Rounding may have left a few units in the last place between both sums.
            received *= sent.sum() / received.sum()
            friction = np.zeros((R, R))
            friction[between] = (distance[between] / 1000.0) ** -exponent[i]
            prior = friction * np.outer(sent, received) / sent.sum()
            balanced = ras(prior, sent, received, tolerance=tolerance, max_iterations=MAX_ITERATIONS)
            table[i] = balanced.require(f"trade of commodity {i} between provinces", tolerance)
            iterations, residual = max(iterations, balanced.iterations), max(residual, balanced.residual)
        table[i][np.diag_indices(R)] = own[:, i]
    return Flows(table, iterations, residual)


def trade_shares(flows: np.ndarray) -> np.ndarray:
    """tau (J, R, R): each column of the flows over its sum; a province that uses nothing would supply itself."""
    used = flows.sum(axis=1, keepdims=True)
    own = np.broadcast_to(np.eye(flows.shape[1]), flows.shape)
    return np.where(used > 0, flows / np.where(used > 0, used, 1.0), own)


def _clean(values: np.ndarray, scale: float) -> np.ndarray:
    """Remove differences of equal numbers, which are zero up to rounding."""
    return np.where(values > 1e-13 * scale, values, 0.0)
