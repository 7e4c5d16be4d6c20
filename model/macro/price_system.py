"""Prices of a table in factored form (E12): the dual of `output_from_demand`, never forming the n x n table."""

from __future__ import annotations

import numpy as np

from io_tables.errors import NotConverged


def prices_from_cost(
    domestic: np.ndarray,
    imported: np.ndarray,
    trade_shares: np.ndarray,
    cost: np.ndarray,
    import_prices: np.ndarray,
    *,
    start: np.ndarray | None = None,
    tolerance: float = 1e-14,
    max_iterations: int = 2000,
) -> np.ndarray:
    """Prices (R, J) that cover cost: p_j[s] = sum_i q_i[s] a^d_ij[s] + sum_i p_m,i a^m_ij[s] + c_j[s] (E12).

    q_i[s] = sum_r tau_i[r,s] p_i[r] is the price where a good is used.

    domestic, imported (R, J, J) coefficients; trade_shares (J, R, R); cost (R, J) everything paid beside goods, per
    unit of output at base prices; import_prices (J,). Raises NotConverged.
    """
    fixed = np.einsum("i,sij->sj", import_prices, imported) + cost
    p = np.ones_like(cost) if start is None else start
    change = np.inf
    for _ in range(max_iterations):
        new = np.matmul(prices_of_use(p, trade_shares)[:, None, :], domestic)[:, 0] + fixed
        change = float(np.abs(new - p).max()) / max(1.0, float(np.abs(new).max()))
        p = new
        if change <= tolerance:
            return p
    raise NotConverged("prices from cost (is every column's input sum below one?)", change, tolerance, max_iterations)


def prices_of_use(prices: np.ndarray, trade_shares: np.ndarray) -> np.ndarray:
    """(R, J) price of Chinese goods where they are used, from prices (R, J) where they are made."""
    return np.matmul(prices.T[:, None, :], trade_shares)[:, 0].T
