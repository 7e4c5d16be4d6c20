"""Scale one lever per province so that provincial GDP is met: a bounded quadratic programme with named slack (E7).

Shared by the closures on the demand side (private consumption) and on the export side. Output is linear in the
levers, so one solve per province gives the response of every province's value added.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np

from io_tables.errors import NotConverged
from model.macro.closure import Closed, Demand

#: Price of slack, in weighted squared deviations of the levers per unit of national GDP standing in the wrong
#: province. Far above any shadow price, so slack appears only where no lever within bounds can do without it.
SLACK_PENALTY = 1e4
#: A lever this near to a bound, or a slack this small (share of national GDP), counts as nought.
ACTIVE = 1e-7
#: Smallest weight of a lever before weights are scaled to one.
WEIGHT_FLOOR = 1e-6
#: Rounds of correcting the set of binding bounds that the solver handed over.
POLISH_ROUNDS = 20


@dataclass(frozen=True)
class Levers:
    """Levers u (R,) relative to the nation's, and slack (R,) in the unit of GDP: response @ u + slack = wanted."""

    factor: np.ndarray
    slack: np.ndarray


def output_responses(
    coefficients: np.ndarray,
    trade_shares: np.ndarray,
    local: np.ndarray,
    *,
    tolerance: float = 1e-14,
    max_iterations: int = 500,
) -> np.ndarray:
    """Solve x = tau a x + local for N right-hand sides at once in factored form.

    coefficients (R, J, J) domestic; trade_shares (J, R, R); local (R, J, N) demand by place of production.
    Returns (R, J, N). Raises NotConverged.
    """
    scale = np.maximum(np.abs(local).max(axis=(0, 1)), 1e-300)
    x, change = local, np.inf
    for _ in range(max_iterations):
        demand = np.matmul(coefficients, x).transpose(1, 0, 2)
        new = np.matmul(trade_shares, demand).transpose(1, 0, 2) + local
        change = float((np.abs(new - x).max(axis=(0, 1)) / scale).max())
        x = new
        if change <= tolerance:
            return x
    raise NotConverged(
        "responses of output (is every column's input sum below one?)", change, tolerance, max_iterations
    )


def lever_weights(money: np.ndarray) -> np.ndarray:
    """(R,) weights of the levers: their share of the nation's money, with a floor for provinces that have none."""
    share = np.maximum(money / money.sum(), WEIGHT_FLOOR)
    return share / share.sum()


def checked(closed: Closed, value_added: np.ndarray, imports: float, demand: Demand, tolerance: float) -> Closed:
    """`closed` with its residual: provincial GDP up to slack, and the trade balance. Raises NotConverged above it.

    value_added (R,) and imports reached, 10^8 yuan.
    """
    miss = np.abs(value_added + closed.slack - demand.gdp) / demand.gdp
    balance = float(closed.exports.sum()) - imports - demand.trade_balance
    residual = max(float(miss.max()), abs(balance) / float(demand.gdp.sum()))
    if not residual <= tolerance:
        raise NotConverged("macro closure (E7)", residual, tolerance, closed.iterations)
    return replace(closed, residual=residual)


def meet_gdp(wanted: np.ndarray, response: np.ndarray, weights: np.ndarray, lower: float, upper: float) -> Levers:
    """min sum_r w_r (u_r - 1)^2 + SLACK_PENALTY sum_r |slack_r| / G, response @ u + slack = wanted, sum slack = 0.

    wanted (R,) : value added the levers must bring, 10^8 yuan; response (R, R) [r, s] value added in r per unit of
    u_s; weights (R,) positive, sum 1; lower <= u <= upper (upper may be inf). u = 1 must bring the total of `wanted`,
    so a solution always exists. G is the sum of |wanted|. HiGHS finds which bounds bind; the answer is then solved
    for directly on that set and its optimality conditions are checked. Raises NotConverged when they do not hold.
    """
    scale = float(np.abs(wanted).sum())
    target, matrix = wanted / scale, response / scale
    factor, slack = _solve(target, matrix, weights, lower, upper)
    factor, slack = _polish(target, matrix, weights, lower, upper, factor, slack)
    return Levers(factor, slack * scale)


def _solve(target, matrix, weights, lower, upper) -> tuple[np.ndarray, np.ndarray]:
    """HiGHS on u (R), surplus (R) and shortfall (R); dense rows, diagonal Hessian."""
    R = len(target)
    inf = highspy.kHighsInf
    rows = np.block([[matrix, np.eye(R), -np.eye(R)], [np.zeros((1, R)), np.ones((1, R)), -np.ones((1, R))]])
    right = np.append(target, 0.0)
    model = highspy.HighsModel()
    lp = model.lp_
    lp.num_col_, lp.num_row_ = 3 * R, R + 1
    lp.col_cost_ = np.concatenate([-2.0 * weights, np.full(2 * R, SLACK_PENALTY)])
    lp.col_lower_ = np.concatenate([np.full(R, lower), np.zeros(2 * R)])
    lp.col_upper_ = np.concatenate([np.full(R, upper if np.isfinite(upper) else inf), np.full(2 * R, inf)])
    lp.row_lower_ = lp.row_upper_ = right
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.arange(3 * R + 1) * (R + 1)
    lp.a_matrix_.index_ = np.tile(np.arange(R + 1), 3 * R)
    lp.a_matrix_.value_ = rows.T.ravel()
    hessian = model.hessian_
    hessian.dim_ = 3 * R
    hessian.format_ = highspy.HessianFormat.kTriangular
    hessian.start_ = np.minimum(np.arange(3 * R + 1), R)
    hessian.index_ = np.arange(R)
    hessian.value_ = 2.0 * weights
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.passModel(model)
    highs.run()
    status = highs.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise NotConverged(f"levers of the macro closure (E7): {highs.modelStatusToString(status)}", np.inf, ACTIVE, 1)
    found = np.array(highs.getSolution().col_value)
    return found[:R], found[R : 2 * R] - found[2 * R :]


def _polish(target, matrix, weights, lower, upper, factor, slack) -> tuple[np.ndarray, np.ndarray]:
    """The optimum to rounding: stationarity and binding rows as one linear system, sets corrected until signs agree.

    Stationarity is 2 w (u - 1) = A'y for levers within bounds, y_r + nu = P sign(slack_r) where slack is used and
    |y_r + nu| <= P where it is not; nu belongs to sum slack = 0.
    """
    low, high = factor <= lower + ACTIVE, factor >= upper - ACTIVE
    sign = np.where(np.abs(slack) > ACTIVE, np.sign(slack), 0.0)
    for _ in range(POLISH_ROUNDS):
        factor, y, nu = _stationary(target, matrix, weights, np.where(low, lower, np.where(high, upper, np.nan)), sign)
        slack = target - matrix @ factor
        pull = 2.0 * weights * (factor - 1.0) - matrix.T @ y
        below, above = factor < lower - ACTIVE, factor > upper + ACTIVE
        free_low, free_high = low & (pull < -ACTIVE), high & (pull > ACTIVE)
        turned = slack * sign < -1e-14
        pressed = np.where(sign == 0, np.abs(y + nu) > SLACK_PENALTY * (1.0 + ACTIVE), False)
        if not (below | above | free_low | free_high | turned | pressed).any():
            return np.clip(factor, lower, upper), np.where(sign == 0, 0.0, slack)
        low, high = (low | below) & ~free_low, (high | above) & ~free_high
        sign = np.where(turned, 0.0, np.where(pressed, np.sign(y + nu), sign))
    raise NotConverged("which levers of the macro closure (E7) are at their bounds", np.inf, ACTIVE, POLISH_ROUNDS)


def _stationary(target, matrix, weights, fixed, sign) -> tuple[np.ndarray, np.ndarray, float]:
    """u, y and nu for given sets: `fixed` (R,) value of a lever at its bound or NaN; `sign` (R,) of used slack or 0."""
    free, exact = np.isnan(fixed), sign == 0.0
    rows = matrix[exact]
    right = target[exact]
    if not exact.all():
        rows = np.vstack([rows, matrix[~exact].sum(axis=0)])
        right = np.append(right, target[~exact].sum())
    factor = np.where(free, 1.0, fixed)
    # y of the rows with slack is P sign - nu, so nu is the multiplier of their sum.
    known = matrix[~exact].T @ (SLACK_PENALTY * sign[~exact])
    n, m = int(free.sum()), len(right)
    system = np.zeros((n + m, n + m))
    system[:n, :n] = np.diag(2.0 * weights[free])
    system[:n, n:] = -rows[:, free].T
    system[n:, :n] = rows[:, free]
    constant = np.concatenate([known[free], right - rows @ factor])
    step = np.linalg.lstsq(system, constant, rcond=1e-15)[0]
    step += np.linalg.lstsq(system, constant - system @ step, rcond=1e-15)[0]
    factor[free] += step[:n]
    multipliers = step[n:]
    nu = 0.0 if exact.all() else -float(multipliers[-1])
    y = SLACK_PENALTY * sign - nu
    y[exact] = multipliers[: int(exact.sum())]
    return factor, y, nu
