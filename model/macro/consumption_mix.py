"""How prices move the mix of household consumption at a given real volume (E12): a linear expenditure system."""

from __future__ import annotations

import numpy as np

from io_tables.errors import InputError, Problem


def les_factors(prices: np.ndarray, spending: np.ndarray, elasticity: np.ndarray, free: float) -> np.ndarray:
    """(R, J) by what purchases are multiplied at prices (R, J), base 1; base-price totals stay (p0'c = C_r).

    spending (R, J) : purchases at base prices without price response, >= 0. elasticity (J,) : income elasticity; what
    falls with income does not react. free : part of consumption above what is needed whatever the prices, 0..1; at
    unit elasticities 1 is Cobb-Douglas, 0 a fixed mix.

    Of each good b_j = free eta_j / mean(eta) (at most 1) of its purchases is free, the rest committed (Stone 1954):

        c_j = (1 - b_j) c0_j + b_j c0_j S / p_j,    S = sum_j b_j c0_j / sum_j (b_j c0_j / p_j)

    so equal price changes move nothing and the sum at base prices is that of c0. Raises InputError for prices that
    are not positive or a share outside 0..1.
    """
    prices, spending = np.asarray(prices, dtype=float), np.asarray(spending, dtype=float)
    if not 0.0 <= free <= 1.0:
        raise InputError(Problem("free", f"{free:g}", "expected a share in 0..1"))
    if not (prices > 0).all():
        r, j = np.argwhere(~(prices > 0))[0]
        raise InputError(Problem(f"prices[{r}, {j}]", f"{prices[r, j]:g}", "prices are positive"))
    eta = np.maximum(elasticity, 0.0)[None]
    total = spending.sum(axis=1, keepdims=True)
    mean = (spending * eta).sum(axis=1, keepdims=True)
    scaled = np.divide(total, mean, out=np.zeros_like(total), where=mean > 0)
    part = np.minimum(free * eta * scaled, 1.0)
    reacting = (spending * part).sum(axis=1, keepdims=True)
    bought = (spending * part / prices).sum(axis=1, keepdims=True)
    level = np.divide(reacting, bought, out=np.ones_like(bought), where=bought > 0)
    return 1.0 - part + part * level / prices
