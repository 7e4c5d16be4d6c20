"""Trade-side macro closure (E7): provincial GDP is met by moving trade, never by scaling a province's demand.

Scaling the suppliers' competitiveness kappa is positive by construction; the other closures need bounds and slack
(closure_demand, closure_exports). Total consumption follows in closed form from the national expenditure identity,
so only kappa (one per province) and the export scale xi are iterated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.errors import Infeasible, NotConverged
from model.anderson import Anderson

#: Exponent of the multiplicative kappa update; 1.2 over-relaxes, tried on the real table.
KAPPA_EXPONENT = 1.2
#: Sweeps of outputs between two updates of kappa and xi, and remembered steps of their acceleration.
SWEEPS, MEMORY = 4, 5
#: Accuracy of the outputs from which all three start.
FIRST_GUESS = 1e-2
#: kappa outside this range means the trade pattern is being bent hard: reported.
KAPPA_RANGE = (0.5, 2.0)


@dataclass(frozen=True)
class Demand:
    """Final demand of one year before closure; R regions, J commodities, 10^8 yuan.

    fixed, fixed_imports (R, J) : government and investment, domestic and imported goods.
    consumption, consumption_imports (R, J) : private consumption at chi = 1.
    inventories, inventory_imports (R, J) : stay with the producing (using) province.
    exports (R, J) : by origin, at xi = 1.
    trade_balance : exports minus all imports that must result.
    gdp (R,) : value added that must result.
    closure : what moves so that it does, 'trade', 'demand' or 'exports'.
    government, rural (2, R, J) : the part of `fixed` that is government's and of `consumption` that is rural, domestic
        and imported goods; None where nobody asks for categories.
    """

    fixed: np.ndarray
    fixed_imports: np.ndarray
    consumption: np.ndarray
    consumption_imports: np.ndarray
    inventories: np.ndarray
    inventory_imports: np.ndarray
    exports: np.ndarray
    trade_balance: float
    gdp: np.ndarray
    closure: str = "trade"
    government: np.ndarray | None = None
    rural: np.ndarray | None = None


@dataclass(frozen=True)
class Closed:
    """A closed economy of one year and how it was reached.

    output (R, J); trade_shares (J, R, R); exports (R, J) 10^8 yuan; kappa (R,); chi, xi scalars of the nation.
    residual : largest relative miss of a provincial GDP (slack apart) or, relative to national GDP, of the trade
        balance.
    consumption_scale, export_scale (R,) : factor of a province on its private consumption beside chi, on its
        exports beside xi; ones unless the closure on that side is chosen.
    slack (R,) : GDP wanted less GDP reached, 10^8 yuan, sum nought; noughts on the trade side.
    """

    output: np.ndarray
    trade_shares: np.ndarray
    exports: np.ndarray
    kappa: np.ndarray
    chi: float
    xi: float
    iterations: int
    residual: float
    consumption_scale: np.ndarray
    export_scale: np.ndarray
    slack: np.ndarray


def common_consumption(demand: Demand) -> float:
    """chi: what national GDP leaves for private consumption, over consumption at chi = 1 (E7).

    GDP = consumption + government and investment + inventories + trade balance, imported goods included everywhere.
    Raises Infeasible when nothing is left.
    """
    total_gdp = float(demand.gdp.sum())
    fixed_total = float((demand.fixed + demand.fixed_imports + demand.inventories + demand.inventory_imports).sum())
    left = total_gdp - fixed_total - demand.trade_balance
    if left <= 0:
        raise Infeasible(
            f"investment, government and the trade balance take {fixed_total + demand.trade_balance:.0f} of a GDP of "
            f"{total_gdp:.0f} (10^8 yuan); nothing is left for private consumption",
            ("macro.structure",),
        )
    return left / float((demand.consumption + demand.consumption_imports).sum())


def positive_exports(scale: float) -> float:
    """The export scale itself. Raises Infeasible when the trade balance asks for exports below nought."""
    if scale <= 0:
        raise Infeasible(
            f"the trade balance leaves no room for exports (their scale would be {scale:.3f}); "
            "a deficit cannot exceed imports",
            ("macro.structure.trade_balance",),
        )
    return scale


def shifted_trade_shares(trade_shares: np.ndarray, kappa: np.ndarray, traded: np.ndarray) -> np.ndarray:
    """tau_i[r,s] = tau0_i[r,s] kappa_r / sum_q tau0_i[q,s] kappa_q for traded i (E7); (J, R, R)."""
    weighted = trade_shares * kappa[None, :, None]
    weighted /= weighted.sum(axis=1, keepdims=True)
    return np.where(traded[:, None, None], weighted, trade_shares)


def shifted_exports(exports: np.ndarray, kappa: np.ndarray, traded: np.ndarray) -> np.ndarray:
    """Exports (R, J) with national totals kept and origins shifted by kappa (traded goods only)."""
    weighted = exports * np.where(traded, kappa[:, None], 1.0)
    total = weighted.sum(axis=0)
    scale = np.divide(exports.sum(axis=0), total, out=np.ones_like(total), where=total > 0)
    return weighted * scale


def output_from_demand(
    coefficients: np.ndarray,
    trade_shares: np.ndarray,
    use: np.ndarray,
    local: np.ndarray,
    start: np.ndarray,
    *,
    tolerance: float = 1e-13,
    max_iterations: int = 500,
) -> np.ndarray:
    """Solve x = tau (a x + use) + local by iteration in factored form; never forms the n x n table.

    coefficients (R, J, J) domestic; trade_shares (J, R, R); use (R, J) domestic final use by destination;
    local (R, J) exports and inventories by origin; start (R, J). Raises NotConverged.
    """
    x, change = start, np.inf
    for _ in range(max_iterations):
        x, change = _swept(coefficients, trade_shares, use, local, x)
        if change <= tolerance:
            return x
    raise NotConverged("output from demand (is every column's input sum below one?)", change, tolerance, max_iterations)


def _swept(coefficients, trade_shares, use, local, x) -> tuple[np.ndarray, float]:
    """tau (a x + use) + local and its largest change on x, relative to the largest output."""
    demand = np.matmul(coefficients, x[:, :, None])[:, :, 0] + use
    new = np.matmul(trade_shares, demand.T[:, :, None])[:, :, 0].T + local
    return new, float(np.abs(new - x).max()) / max(float(np.abs(x).max()), 1e-300)


def close(
    coefficients: np.ndarray,
    import_coefficients: np.ndarray,
    trade_shares: np.ndarray,
    traded: np.ndarray,
    demand: Demand,
    start: np.ndarray,
    *,
    kappa: np.ndarray | None = None,
    tolerance: float = 1e-10,
    max_iterations: int = 400,
) -> Closed:
    """Find kappa, chi, xi so that every province's value added and the trade balance are met (E7).

    coefficients, import_coefficients (R, J, J); value added per unit of output is 1 minus their column sums.
    traded (J,) bool: commodities whose origins may shift. start (R, J) first guess of output.
    Raises Infeasible when nothing is left for consumption, NotConverged when the targets are not met.
    """
    value_added_ratio = 1.0 - (coefficients + import_coefficients).sum(axis=1)
    import_ratio = import_coefficients.sum(axis=1)
    total_gdp = float(demand.gdp.sum())
    chi = common_consumption(demand)
    use = demand.fixed + chi * demand.consumption
    final_imports = demand.fixed_imports + chi * demand.consumption_imports + demand.inventory_imports
    kappa = np.ones(len(demand.gdp)) if kappa is None else kappa.copy()
    exports_total = float(demand.exports.sum())
    x = output_from_demand(coefficients, trade_shares, use, demand.exports + demand.inventories, start,
                           tolerance=FIRST_GUESS)
    # outputs in units of a province's mean GDP, logarithms of kappa and xi: one state, so that they settle together
    unit = total_gdp / len(demand.gdp)
    state = np.concatenate([x.ravel() / unit, np.log(kappa), [0.0]])
    mixer = Anderson(MEMORY, 1.0, np.ones_like(state))
    exact = min(1e-12, 1e-3 * tolerance)
    for iteration in range(1, max_iterations + 1):
        x, kappa, xi = state[: x.size].reshape(x.shape) * unit, np.exp(state[x.size : -1]), float(np.exp(state[-1]))
        shares = shifted_trade_shares(trade_shares, kappa, traded)
        exports = shifted_exports(demand.exports, kappa, traded)
        for _ in range(SWEEPS):
            x, change = _swept(coefficients, shares, use, xi * exports + demand.inventories, x)
        value_added = (value_added_ratio * x).sum(axis=1)
        imports = float((import_ratio * x).sum() + final_imports.sum())
        balance_miss = (xi * exports_total - imports - demand.trade_balance) / total_gdp
        miss = demand.gdp / value_added
        residual = max(float(np.abs(miss - 1.0).max()), abs(balance_miss))
        if residual <= tolerance and change <= exact:
            ones = np.ones_like(kappa)
            return Closed(
                x, shares, xi * exports, kappa, chi, xi, iteration, residual, ones, ones, np.zeros_like(kappa)
            )
        kappa = kappa * miss**KAPPA_EXPONENT
        xi = positive_exports((imports + demand.trade_balance) / exports_total)
        mapped = np.concatenate([x.ravel() / unit, np.log(kappa / kappa.mean()), [np.log(xi)]])
        state = mixer.advance(state, mapped, max(residual, change))
    raise NotConverged("macro closure (E7)", residual, tolerance, max_iterations)
