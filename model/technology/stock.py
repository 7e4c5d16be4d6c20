"""Vintaged stocks: survival, the stock that follows a target, early retirement and its stranded value, retrofit (E6).

Notation of dynamic stock models (Mueller 2006; Pauliuk & Heeren 2020): s(t, c) the part of cohort c in use at the end
of year t, i(t) what is added in year t. Everything added in a year stands at its end: survival at age 0 is one.
Arrays only: N series (province x technology) of T years and V vintages; capacity in the technology's own unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gamma

import numpy as np
from numba import njit

from io_tables.arrays import numbers
from io_tables.errors import InputError

#: Shape of the Weibull lifetime: most retire near the mean, few in the first third. Usual range 3-5; assumed.
WEIBULL_SHAPE = 4.0


def survival(age, lifetime, *, shape: float | None = None) -> np.ndarray:
    """Share of a cohort still in use at an age (years >= 0; negative ages give 0).

    shape None: everything retires at age `lifetime` (fixed); otherwise Weibull with mean `lifetime`, so that
    S(a) = exp(-(a / scale)^shape), scale = lifetime / gamma(1 + 1/shape). `age` and `lifetime` broadcast.
    """
    age, lifetime = numbers("age", age), numbers("lifetime", lifetime)
    if not (lifetime > 0).all() or np.isnan(age).any():
        raise InputError("ages must be numbers and lifetimes positive; correct the lifetime rows of the catalogue")
    if shape is None:
        return ((age >= 0) & (age < lifetime)).astype(float)
    scale = lifetime / gamma(1.0 + 1.0 / shape)
    return np.where(age >= 0, np.exp(-((np.maximum(age, 0.0) / scale) ** shape)), 0.0)


def cohort_survival(vintages, years, lifetime, *, width: int = 1, shape: float | None = None) -> np.ndarray:
    """Share of each vintage in use in each year, (..., V, Y), for `lifetime` of shape (...).

    A vintage of `width` years that ends in the year v was built evenly in v - width + 1 ... v. Until the vintage
    year itself nothing has retired: the vintage is observed then.
    """
    vintages, years = numbers("vintages", vintages), numbers("years", years)
    lifetime = numbers("lifetime", lifetime)[..., None, None]
    share = np.zeros(np.broadcast_shapes(lifetime.shape, (len(vintages), len(years))))
    for back in range(width):
        share += survival(years[None, :] - (vintages[:, None] - back), lifetime, shape=shape)
    return np.where(years[None, :] < vintages[:, None], 0.0, share / width)


def surviving(capacity, vintages, years, lifetime, *, base_year: int, width: int = 5,
              shape: float | None = None) -> np.ndarray:
    """What is left of a stock observed in `base_year`, (N, V) -> (N, V, Y), if nothing retires early.

    Capacity in use in the base year has survived so far: the share is relative to that of the base year. What the
    lifetime says should already be gone (share 0 in the base year) retires evenly over the `width` years after it.
    """
    capacity = numbers("capacity", capacity)
    years = numbers("years", years)
    then = cohort_survival(vintages, years, lifetime, width=width, shape=shape)
    now = cohort_survival(vintages, [base_year], lifetime, width=width, shape=shape)
    overdue = np.clip(1.0 - (years - base_year) / width, 0.0, 1.0)
    ratio = np.divide(then, now, out=np.broadcast_to(overdue, then.shape).copy(), where=now > 1e-9)
    return capacity[..., None] * np.minimum(ratio, 1.0)


@dataclass(frozen=True)
class StockPath:
    """A stock that follows a target. N series, T years, cohorts C = T + 1 (cohort 0 is the stock before year 0).

    initial (N,) : in use before year 0. stock (N, T) : in use at the end of each year.
    additions (N, T), natural (N, T), early (N, T) : added, retired at the end of life, retired before it.
    cohorts (N, C, T) : stock by cohort.
    early_by_cohort (N, C, T) : early retirement by cohort.
    """

    initial: np.ndarray
    stock: np.ndarray
    additions: np.ndarray
    natural: np.ndarray
    early: np.ndarray
    cohorts: np.ndarray
    early_by_cohort: np.ndarray

    def identity(self) -> float:
        """Largest |s(t) - s(t-1) - added + natural + early| over the largest stock: zero up to rounding."""
        before = np.hstack([self.initial[:, None], self.stock[:, :-1]])
        gap = self.stock - before - self.additions + self.natural + self.early
        return float(np.abs(gap).max() / max(np.abs(self.stock).max(), 1e-12))


@njit(cache=True)
def _follow(target, initial, share, cohorts, additions, natural, early, early_by_cohort):
    """Stock-driven cohorts (Mueller 2006): i(t) = max(0, target - survivors); a surplus retires oldest first.

    target (N, T); initial (N, T) what is left of the first stock without early retirement, initial[:, 0] in year 0;
    share (N, T) survival at age 0 ... T-1; the rest is written in place, see StockPath.
    """
    N, T = target.shape
    for n in range(N):
        for t in range(T):
            total = 0.0
            for c in range(t + 1):
                if c == 0:
                    previous = cohorts[n, 0, t - 1] if t > 0 else initial[n, T]
                    was, now = (initial[n, t - 1] if t > 0 else initial[n, T]), initial[n, t]
                else:
                    previous = cohorts[n, c, t - 1]
                    was, now = share[n, t - c], share[n, t - c + 1]
                kept = previous * min(now / was, 1.0) if was > 0.0 else 0.0
                natural[n, t] += previous - kept
                cohorts[n, c, t] = kept
                total += kept
            gap = target[n, t] - total
            if gap >= 0.0:
                additions[n, t] = gap
                cohorts[n, t + 1, t] = gap
            else:
                surplus = -gap
                for c in range(t + 1):
                    retired = min(surplus, cohorts[n, c, t])
                    cohorts[n, c, t] -= retired
                    early_by_cohort[n, c, t] = retired
                    early[n, t] += retired
                    surplus -= retired


def follow_target(target, lifetime, *, initial=None, shape: float | None = None) -> StockPath:
    """The additions that make a stock follow `target` (N, T), one year a step (E6).

    lifetime (N,) : years; shape : None for a fixed lifetime, else Weibull.
    initial (N, T + 1) : the stock before year 0, then what is left of it at the end of each year on its own;
        None for no stock. Use `surviving` to make it from vintages.
    Where survivors exceed the target the oldest cohorts retire early.
    """
    target = np.atleast_2d(numbers("target", target))
    if target.ndim != 2:
        raise InputError(f"a stock target has shape {target.shape}; expected (N, T)")
    N, T = target.shape
    if np.any(target < 0) or not np.isfinite(target).all():
        raise InputError("a stock target is negative or not a number; give capacities >= 0")
    left = np.zeros((N, T + 1)) if initial is None else np.atleast_2d(numbers("initial", initial))
    if left.shape != (N, T + 1) or np.any(np.diff(left, axis=1) > 1e-12 * max(left.max(), 1.0)):
        raise InputError(f"initial stock must be ({N}, {T + 1}) and never rise; make it with `surviving`")
    share = np.array([survival(np.arange(T + 1), life, shape=shape) for life in np.broadcast_to(lifetime, (N,))])
    cohorts = np.zeros((N, T + 1, T))
    additions, natural, early = np.zeros((N, T)), np.zeros((N, T)), np.zeros((N, T))
    early_by_cohort = np.zeros((N, T + 1, T))
    # The kernel reads year t in column t and the stock before year 0 in the last column.
    _follow(target, np.hstack([left[:, 1:], left[:, :1]]), share, cohorts, additions, natural, early, early_by_cohort)
    return StockPath(left[:, 0], cohorts.sum(axis=1), additions, natural, early, cohorts, early_by_cohort)


def book_value(age, lifetime) -> np.ndarray:
    """Straight-line share of the investment not yet written off: max(0, 1 - age / lifetime).

    Raises InputError for an age that is no number or a lifetime that is not positive.
    """
    age, lifetime = numbers("age", age), numbers("lifetime", lifetime)
    if not (lifetime > 0).all() or np.isnan(age).any():
        raise InputError("the book value needs ages and positive lifetimes")
    return np.clip(1.0 - age / lifetime, 0.0, 1.0)


def stranded_value(retired, vintages, years, lifetime, capex) -> np.ndarray:
    """Remaining book value of what retires early, (N, V, Y) -> (N, Y), 10^8 yuan.

    retired (N, V, Y) capacity retired early; capex (N, V) 10^8 yuan per unit when built; lifetime (N,).
    """
    age = numbers("years", years)[None, :] - numbers("vintages", vintages)[:, None]
    value = book_value(np.maximum(age, 0.0), numbers("lifetime", lifetime)[:, None, None])
    return np.einsum("nvy,nvy,nv->ny", retired, value, capex)


def retire_early(capacity, target) -> np.ndarray:
    """Capacity (N, V) retired, oldest vintage first, so that at most `target` (N,) remains; (N, V).

    Vintages must be in rising order. Raises InputError for other shapes, or what is negative or no number.
    """
    capacity, target = numbers("capacity", capacity), numbers("target", target)
    if capacity.ndim != 2 or target.shape not in ((), capacity.shape[:1]):
        raise InputError(f"capacity has shape {capacity.shape}, target {target.shape}; expected (N, V) and (N,)")
    if not ((capacity >= 0).all() and np.isfinite(capacity).all()) or np.isnan(target).any():
        raise InputError("retiring early needs capacities >= 0 and a target")
    surplus = np.maximum(capacity.sum(axis=1) - target, 0.0)
    older = np.cumsum(capacity, axis=1) - capacity
    return np.clip(surplus[:, None] - older, 0.0, capacity)


def retrofit(capacity, source: int, target: int, amount, *, youngest_first: bool = True) -> np.ndarray:
    """Move `amount` of technology `source` to `target` with its vintages; (K, V) -> (K, V).

    The youngest units are refitted first (they have longest to run). Total capacity of every vintage is unchanged.
    Raises InputError when more is asked than stands.
    """
    capacity = np.array(capacity, float)
    available = capacity[source].sum()
    if not 0 <= amount <= available * (1 + 1e-12):
        raise InputError(f"retrofit of {amount:g} asked, {available:g} stands; ask for no more than stands")
    order = np.arange(capacity.shape[1])
    order = order[::-1] if youngest_first else order
    standing = capacity[source, order]
    before = np.cumsum(standing) - standing
    moved = np.clip(amount - before, 0.0, standing)
    capacity[source, order] -= moved
    capacity[target, order] += moved
    return capacity
