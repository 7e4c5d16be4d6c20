"""Scale one lever per province so that provincial GDP is met: a bounded quadratic programme with named slack (E7).

Shared by the closures on the demand side (private consumption) and on the export side. Output is linear in the
levers, so one solve per province gives the response of every province's value added.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lu_factor, lu_solve

from io_tables.errors import NotConverged
from model.macro.closure import Closed, Demand

#: Price of slack, in weighted squared deviations of the levers per unit of national GDP standing in the wrong
#: province. Far above any shadow price, so slack appears only where no lever within bounds can do without it.
SLACK_PENALTY = 1e4
#: Tolerance on bounds and on the sign of duals.
ACTIVE = 1e-7
#: Slack of this share of the nation's money is rounding.
ROUNDING = 1e-12
#: Proximal weight on the duals of the interior point's rows (scaled to 1); it vanishes as the duals settle.
PROXIMAL = 1e-12
#: Smallest weight of a lever before weights are scaled to one.
WEIGHT_FLOOR = 1e-6
#: Rounds of the interior point, the mean product of distance and dual and the miss at which its set is read; rounds of
#: correcting that set.
POINT_ROUNDS, POINT_GAP, POINT_MISS, POLISH_ROUNDS = 100, 1e-15, 1e-9, 20


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
    so a solution always exists. G is the sum of |wanted|. An interior point finds which bounds bind; the answer is
    then solved for directly on that set and its optimality conditions are checked. Raises NotConverged if they fail.
    """
    scale = float(np.abs(wanted).sum())
    target, matrix = wanted / scale, response / scale
    sets = _solve(target, matrix, weights, lower, upper)
    factor, slack = _polish(target, matrix, weights, lower, upper, *sets)
    return Levers(factor, slack * scale)


def _solve(target, matrix, weights, lower, upper) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which levers stand low, which high, and the sign of each slack (0: none), by Mehrotra's interior point.

    Variables are u - 1 (R), shortfall (R) and surplus (R); strictly convex in u and bounded, so it has one optimum.
    The set is read from which of a bound's distance and its dual is the smaller in its own unit.
    """
    R = len(target)
    curvature = np.concatenate([2.0 * weights, np.zeros(2 * R)])
    cost = np.concatenate([np.zeros(R), np.full(2 * R, SLACK_PENALTY)])
    rows = np.block([[matrix, np.eye(R), -np.eye(R)], [matrix.sum(axis=0)[None], np.zeros((1, 2 * R))]])
    right = np.append(target - matrix.sum(axis=1), 0.0)
    norm = np.maximum(np.abs(rows[:, :R]).max(axis=1), 1e-12)
    rows, right = rows / norm[:, None], right / norm
    low = np.concatenate([np.full(R, lower - 1.0), np.zeros(2 * R)])
    above, below = _interior_point(curvature, cost, rows, right, low, upper - 1.0)
    unit = np.concatenate([2.0 * weights, np.full(2 * R, SLACK_PENALTY)])
    at_low = above[0] < above[1] / unit
    at_high = below[0] < below[1] / unit[:R]
    used = ~at_low[R:]
    return at_low[:R] & ~at_high, at_high, used[:R].astype(float) - used[R:]


def _interior_point(curvature, cost, rows, right, low, high):
    """min curvature x^2 / 2 + cost x, rows x = right, x >= low, first R entries of x <= high (a number, maybe inf).

    Returns (distance, dual) of the lower bounds (N,) and of the upper ones (R,). Raises NotConverged.
    """
    R = len(right) - 1
    bounded = np.isfinite(high)
    x = np.maximum(low + 1.0, 0.0)
    if bounded:
        x[:R] = (low[:R] + high) / 2.0
    y, z, v = np.zeros(R + 1), np.full(len(x), SLACK_PENALTY), np.full(R, 1.0 if bounded else 0.0)
    # Distances are carried along: near a bound their difference from x would be lost to rounding.
    s, t = x - low, (high - x[:R] if bounded else np.ones(R))
    for _ in range(POINT_ROUNDS):
        gap = (s @ z + t @ v) / (len(x) + R * bounded)
        dual_miss = -(curvature * x + cost - rows.T @ y - z)
        dual_miss[:R] -= v
        miss = right - rows @ x
        if gap <= POINT_GAP and np.abs(miss).max() <= POINT_MISS:
            return (s, z), (t if bounded else np.full(R, np.inf), v)
        diagonal = curvature + z / s
        diagonal[:R] += v / t
        # The augmented system, not the normal equations: those lose the rows to rounding near the optimum.
        # Without slack the last row is the sum of the others; a proximal term on y keeps the system regular.
        factors = lu_factor(np.block([[np.diag(diagonal), -rows.T], [rows, PROXIMAL * np.eye(R + 1)]]))

        def step(goal_z, goal_v, x=x, s=s, t=t, z=z, v=v, factors=factors, d=dual_miss, miss=miss):
            g = d + goal_z / s
            g[:R] -= goal_v / t
            found = lu_solve(factors, np.concatenate([g, miss]))
            dx = found[: len(x)]
            return dx, found[len(x) :], (goal_z - z * dx) / s, (goal_v + v * dx[:R]) / t

        dx, dy, dz, dv = step(-s * z, -t * v)
        length = _longest((s, dx), (t, -dx[:R] * bounded), (z, dz), (v, dv))
        after = ((s + length * dx) @ (z + length * dz) + (t - length * dx[:R] * bounded) @ (v + length * dv)) / (
            len(x) + R * bounded
        )
        centre = gap * (after / gap) ** 3
        dx, dy, dz, dv = step(centre - s * z - dx * dz, bounded * (centre - t * v + dx[:R] * dv))
        length = min(1.0, 0.995 * _longest((s, dx), (t, -dx[:R] * bounded), (z, dz), (v, dv)))
        x, y, z, v = x + length * dx, y + length * dy, z + length * dz, v + length * dv
        s, t = s + length * dx, t - length * dx[:R] * bounded
    raise NotConverged("levers of the macro closure (E7), interior point", float(gap), POINT_GAP, POINT_ROUNDS)


def _longest(*pairs) -> float:
    """The longest step up to 1 that keeps every value positive."""
    longest = 1.0
    for value, change in pairs:
        falling = change < 0
        if falling.any():
            longest = min(longest, float((-value[falling] / change[falling]).min()))
    return longest


def _polish(target, matrix, weights, lower, upper, low, high, sign) -> tuple[np.ndarray, np.ndarray]:
    """The optimum to rounding: stationarity and binding rows as one linear system, sets corrected until signs agree.

    Stationarity is 2 w (u - 1) = A'y for levers within bounds, y_r + nu = P sign(slack_r) where slack is used and
    |y_r + nu| <= P where it is not; nu belongs to sum slack = 0.
    """
    for _ in range(POLISH_ROUNDS):
        factor, y, nu = _stationary(target, matrix, weights, np.where(low, lower, np.where(high, upper, np.nan)), sign)
        slack = target - matrix @ factor
        pull = 2.0 * weights * (factor - 1.0) - matrix.T @ y
        below, above = factor < lower - ACTIVE, factor > upper + ACTIVE
        free_low, free_high = low & (pull < -ACTIVE), high & (pull > ACTIVE)
        turned = slack * sign < -ROUNDING
        unmet = (sign == 0) & (np.abs(slack) > ROUNDING)
        pressed = np.where(sign == 0, np.abs(y + nu) > SLACK_PENALTY * (1.0 + ACTIVE), False)
        if not (below | above | free_low | free_high | turned | unmet | pressed).any():
            return np.clip(factor, lower, upper), np.where(sign == 0, 0.0, slack)
        if unmet.any():
            # More rows than free levers: the row under most pressure gives way, alone.
            row = int(np.argmax(np.where(unmet, np.abs(y + nu), -1.0)))
            sign[row] = np.sign(slack[row])
            continue
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
