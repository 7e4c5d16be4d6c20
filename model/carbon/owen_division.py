"""The Owen point of a complete programme with deferred requirements: what each province bears in one solve (E14).

    y_r = lambda'f_r - mu'g_r + sides of K of r + sum over columns of r of min(0, reduced cost) x upper bound

with the full matrices, exactly as the certificate (E13) adds them up: the y_r sum to the proved lower bound, and to
the cost to within the gap. `owen` does the same for a programme whose matrix is written out, with intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.carbon.owners import Owners
from model.deferred import UNBOUNDED_FACTOR, Complete
from model.requirements import Split
from model.variable_bounds import implied_bounds


@dataclass(frozen=True)
class Division:
    """Values of every side and bound, and what they add up to by province; money as in the programme's costs."""

    provinces: tuple[str, ...]
    product_value: np.ndarray   # (m,) price x demand
    row_value: np.ndarray       # (k,) dual x binding side
    column_value: np.ndarray    # (n,) reduced cost x bound
    bears: np.ndarray           # (R,) y_r, sums to the lower bound of the certificate
    own_cost: np.ndarray        # (R,) cost of the columns of each province at the point; sums to c'z
    closed: np.ndarray          # (R,) y_r with the gap shared by own cost: sums to c'z

    @property
    def lower_bound(self) -> float:
        """Sum of y_r."""
        return float(self.bears.sum())

    @property
    def gap(self) -> float:
        """c'z less the lower bound: what the point and its duals leave open."""
        return float(self.own_cost.sum() - self.bears.sum())

    @property
    def transfer(self) -> np.ndarray:
        """(R,) receipts, cost_r - y_r of E14 (positive receives); sums to zero."""
        return zero_sum(self.own_cost - self.closed)


def divide(complete: Complete, owners: Owners, z: np.ndarray, prices: np.ndarray, multipliers: np.ndarray,
           rents: np.ndarray | None = None, *, rent_share: np.ndarray | None = None) -> Division:
    """Divide the cost of a complete programme among the owners of its sides and bounds.

    z (n,) the point; prices (m,) >= 0, rents (p,) >= 0, multipliers (k,) of the rows K: any of them give a division
    that no coalition can improve on beyond the gap. rent_share (p, R) owners of the rows G, where there are any.
    """
    M = Split(complete.M, np.inf, complete.row_weight, complete.column_weight)
    G = Split(complete.G, np.inf, complete.rent_weight, complete.column_weight)
    rents = np.zeros(len(complete.g)) if rents is None else rents
    reduced = complete.cost - complete.B.T @ prices + M.adjoint(prices) + G.adjoint(rents)
    lower_side, upper_side = complete.k_lower, complete.k_upper
    y = np.where(np.isfinite(np.where(multipliers > 0, lower_side, upper_side)), multipliers, 0.0)
    reduced = reduced - complete.K.T @ y
    side = np.where(y > 0, lower_side, upper_side)
    upper = implied_bounds(complete.K, lower_side, upper_side, complete.lower, complete.upper)
    upper = np.where(np.isfinite(upper), upper, UNBOUNDED_FACTOR * z.max(initial=0.0))
    product_value = prices * complete.f
    row_value = np.where(y != 0, y * np.where(y != 0, side, 0.0), 0.0)
    column_value = np.where(reduced < 0, reduced * upper, reduced * complete.lower)
    bears = owners.products.T @ product_value + owners.rows.T @ row_value + owners.columns.T @ column_value
    if rents.size:
        bears = bears - rent_share.T @ (rents * complete.g)
    own_cost = owners.columns.T @ (complete.cost * z)
    closed = bears + _share(own_cost) * (own_cost.sum() - bears.sum())
    return Division(owners.provinces, product_value, row_value, column_value, bears, own_cost, closed)


def trade_contracts(complete: Complete, owners: Owners, z: np.ndarray) -> np.ndarray:
    """(m, R) demand on product rows that provinces take over when trade stays as at a point z (n,): what a province
    delivers to others adds to its demand, what it draws from their rows is theirs to meet; sums to zero. Only rows with
    one owner are traded.
    """
    M = Split(complete.M, np.inf, complete.row_weight, complete.column_weight)
    drawn = np.stack([M.product(z * owners.columns[:, r]) for r in range(owners.columns.shape[1])], axis=1)
    single = owners.products.max(axis=1) >= 1.0 - 1e-9
    return np.where(single[:, None], owners.products * drawn.sum(axis=1)[:, None] - drawn, 0.0)


def zero_sum(received: np.ndarray) -> np.ndarray:
    """The rounding of a sum of zero put on the largest payment."""
    received = received.copy()
    received[np.abs(received).argmax()] -= received.sum()
    return received


def _share(values: np.ndarray) -> np.ndarray:
    size = np.abs(values)
    return size / size.sum() if size.sum() > 0 else np.full(len(values), 1.0 / len(values))
