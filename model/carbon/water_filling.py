"""Bounds on quotas: what one province may not have goes to those with room, and the sum stays (E14).

    quota_r = min(upper_r, max(lower_r, start_r + t spread_r)),   t such that sum quota = total

The sum is piecewise linear and does not fall in t, so t is found exactly from the sorted breakpoints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from io_tables.arrays import numbers
from io_tables.errors import Infeasible, InputError, Problem

#: Relative rounding left when a total is divided.
ROUNDING = 1e-12
_NAMED = 5  # provinces named in a message


def named(labels: Sequence[str] | None, chosen, values) -> str:
    """``Hebei 12.3, Shanxi 4.5, ...`` for the largest of the chosen positions; index numbers without labels."""
    chosen = sorted(np.atleast_1d(chosen).tolist(), key=lambda r: -abs(values[r]))
    text = ", ".join(f"{labels[r] if labels is not None else f'no. {r}'} {values[r]:.6g}" for r in chosen[:_NAMED])
    return text + (f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else "")


def vector(where: str, values, size: int | None = None, *, sign: bool = False, finite: bool = True) -> np.ndarray:
    """A float array (R,); InputError naming `where` for a wrong size, a missing or (with `sign`) negative value."""
    found = numbers(where, values)
    if found.ndim == 0 and size is not None:
        found = np.full(size, float(found))
    problems = []
    if found.ndim != 1 or (size is not None and found.size != size):
        problems.append(Problem(where, f"shape {found.shape}", f"expected ({'R' if size is None else size},)"))
    elif finite and not np.isfinite(found).all():
        problems.append(Problem(where, f"value no. {np.flatnonzero(~np.isfinite(found))[0]} is missing",
                                "give a number for every province"))
    elif sign and (found < 0).any():
        r = int(np.argmin(found))
        problems.append(Problem(where, f"value no. {r} is {found[r]:.6g}", "it must not be negative"))
    if problems:
        raise InputError(problems)
    return found


def share_out(total: float, weights: np.ndarray, where: str) -> np.ndarray:
    """Divide a total in proportion to weights (R,) >= 0, with the rounding put on the largest.

    Raises InputError if nobody has a weight and there is something to divide.
    """
    whole = weights.sum()
    if not whole > 0.0:
        if total == 0.0:
            return np.zeros_like(weights)
        raise InputError(Problem(where, "all values are zero", "one province at least needs a positive value"))
    return closed(weights / whole * total, total)


def closed(quota: np.ndarray, total: float) -> np.ndarray:
    """The quota with its rounding (not more) put on the largest member, so that it sums to the total."""
    quota[np.argmax(np.abs(quota))] += total - quota.sum()
    return quota


def water_fill(start, total: float, lower=None, upper=None, *, spread=None, labels=None) -> np.ndarray:
    """Quotas within bounds that sum to `total`, moved from `start` along `spread`.

    start (R,) any sign; lower, upper (R,) or None; spread (R,) >= 0 says in which proportion the others take
    what a bounded province leaves (default: in proportion to positive starts). When all with a spread stand
    at a bound, the rest goes in equal steps to those left. Without bounds and with sum(start) = total the
    start comes back.

    Raises Infeasible, naming the largest bounds, when the bounds leave no room for the total.
    """
    start = vector("quota", start)
    low = np.full(start.size, -np.inf) if lower is None else vector("lower", lower, start.size, finite=False)
    high = np.full(start.size, np.inf) if upper is None else vector("upper", upper, start.size, finite=False)
    spread = np.maximum(start, 0.0) if spread is None else vector("spread", spread, start.size, sign=True)
    spread = np.where(spread > ROUNDING * spread.max(initial=0.0), spread, 0.0)
    if not (low <= high).all():
        r = int(np.argmax(low - high))
        raise InputError(Problem("bounds", f"lower bound above upper bound at {named(labels, r, low)}"))
    slack = ROUNDING * max(1.0, abs(total), np.abs(start).sum())
    if low.sum() > total + slack:
        at = np.flatnonzero(low > 0) if (low > 0).any() else np.arange(low.size)
        raise Infeasible(f"the cap {total:.6g} lies {low.sum() - total:.6g} below the sum of the lower bounds "
                         f"{low.sum():.6g} ({named(labels, at, low)})", ("cap", "lower bounds"))
    if high.sum() < total - slack:
        raise Infeasible(f"the cap {total:.6g} lies {total - high.sum():.6g} above the sum of the upper bounds "
                         f"{high.sum():.6g} ({named(labels, np.arange(high.size), high)})", ("cap", "upper bounds"))
    quota = _move(start, total, low, high, spread)
    if abs(quota.sum() - total) > slack:
        quota = _move(quota, total, low, high, np.ones_like(quota))
    free = (quota > low) & (quota < high)
    if free.any():
        quota[np.flatnonzero(free)[np.argmax(np.abs(quota[free]))]] += total - quota.sum()
    return quota


def _move(start, total, low, high, spread):
    """clip(start + t spread) with the sum nearest to the total; t between the two breakpoints around it."""
    moving = spread > 0
    breaks = np.concatenate([(low[moving] - start[moving]) / spread[moving],
                             (high[moving] - start[moving]) / spread[moving], [0.0]])
    breaks = np.unique(breaks[np.isfinite(breaks)])
    if not moving.any():
        return np.clip(start, low, high)

    def at(t):
        return np.clip(start + t * spread, low, high)

    sums = np.array([at(t).sum() for t in breaks])
    i = int(np.searchsorted(sums, total))
    if i == 0 or i == breaks.size:
        # beyond the outermost breakpoint only unbounded provinces still move
        edge, step = (breaks[0], -1.0) if i == 0 else (breaks[-1], 1.0)
        pace = (at(edge + step) - at(edge)).sum()
        return at(edge + step * (total - at(edge).sum()) / pace) if pace != 0.0 else at(edge)
    left, right = sums[i - 1], sums[i]
    return at(breaks[i - 1] + (breaks[i] - breaks[i - 1]) * (total - left) / (right - left))
