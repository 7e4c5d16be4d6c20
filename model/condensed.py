"""Product requirements of technologies through the whole inter-industry structure (E9).

Products P are resolved by technologies; every other industry N is a Leontief sector. What a technology buys
from N makes N buy products, energy and emit: all of that is condensed onto the technology's column,

    M_k = u_Pk + A_PN R a_Nk,   f = f_P + A_PN R f_N,   R = (I - A_NN)^-1,

and likewise for cost and emissions. R is never formed: the few rows wanted (products, cost, emissions) are
carried backwards through one factorisation (adjoint), then spread by trade shares commodity by commodity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lu_factor, lu_solve


@dataclass(frozen=True)
class Condensed:
    """Rows of total requirement on purchases from N industries; Q rows, R regions, N industries.

    by_place (Q, R, N) : requirement per 10^8 yuan of industry i made in province r.
    by_use (Q, R, N) : the same per 10^8 yuan of commodity i used in province s (after trade).
    """

    by_place: np.ndarray
    by_use: np.ndarray

    def of_purchases(self, purchases: np.ndarray) -> np.ndarray:
        """Total requirement (Q, R, K) of purchases (R, K, N) of domestic N commodities used in each province."""
        R, K, N = purchases.shape
        result = np.empty((len(self.by_use), R, K))
        for s in range(R):
            result[:, s] = self.by_use[:, s] @ purchases[s].T
        return result

    def of_use(self, use: np.ndarray) -> np.ndarray:
        """Total requirement (Q,) of final use (R, N) by place of use."""
        return self.by_use.reshape(len(self.by_use), -1) @ use.ravel()

    def of_supply(self, supply: np.ndarray) -> np.ndarray:
        """Total requirement (Q,) of final deliveries (R, N) by place of production (exports, inventories)."""
        return self.by_place.reshape(len(self.by_place), -1) @ supply.ravel()


#: So few rows are carried backwards round by round, more of them through one factorisation.
FEW, ROUNDS = 64, 200
#: Largest change of the last round, relative to the largest entry of its row.
SETTLED = 1e-14


def condense(coefficients: np.ndarray, trade_shares: np.ndarray, rows: np.ndarray) -> Condensed:
    """Carry `rows` backwards through the N industries.

    coefficients (R, N, N) : domestic inputs among N industries, [s, i, j].
    trade_shares (N, R, R) : tau_i[r, s]. rows (Q, R, N) : direct requirement per unit output (products per
    10^8 yuan, value added and imports, emissions, energy).
    Returns rows' = rows (I - A_NN)^-1 by place of production, and by place of use.
    """
    N, R = trade_shares.shape[0], trade_shares.shape[1]
    if len(rows) <= FEW:
        by_place, by_use = _carried(coefficients, trade_shares, rows)
        if by_place is not None:
            return Condensed(by_place, by_use)
    dense = np.einsum("irs,sij->risj", trade_shares, coefficients, optimize=True).reshape(R * N, R * N)
    system = np.eye(R * N) - dense
    factor = lu_factor(system, overwrite_a=True, check_finite=False)
    flat = rows.reshape(len(rows), R * N)
    by_place = lu_solve(factor, flat.T, trans=1, check_finite=False).T.reshape(rows.shape)
    by_use = np.einsum("qri,irs->qsi", by_place, trade_shares, optimize=True)
    return Condensed(np.ascontiguousarray(by_place), np.ascontiguousarray(by_use))


def _carried(coefficients: np.ndarray, trade_shares: np.ndarray, rows: np.ndarray):
    """rows (I + A + A A + ...) by place and by use (Q, R, N), in factored form; None where the rounds do not settle."""
    direct = np.ascontiguousarray(rows.transpose(1, 0, 2))                              # (R, Q, N)
    size = np.maximum(np.abs(rows).max(axis=(1, 2)), 1e-300)[None, :, None]
    place = direct
    for _ in range(ROUNDS):
        use = np.matmul(np.ascontiguousarray(place.transpose(2, 1, 0)), trade_shares)   # (N, Q, R places of use)
        new = direct + np.matmul(np.ascontiguousarray(use.transpose(2, 1, 0)), coefficients)
        change = float((np.abs(new - place) / size).max(initial=0.0))
        place = new
        if change <= SETTLED:
            by_use = np.matmul(np.ascontiguousarray(place.transpose(2, 1, 0)), trade_shares)
            return np.ascontiguousarray(place.transpose(1, 0, 2)), np.ascontiguousarray(by_use.transpose(1, 2, 0))
    return None, None
