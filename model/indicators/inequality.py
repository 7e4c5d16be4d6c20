"""How unequal values are: Gini, concentration and Theil indices, weighted, also where values are negative.

Values are per head (or per unit of any weight) and weights are heads: groups of people that share a value.
The Gini index of values with a negative mean or negative members is not bounded by 1 and may mislead
(reductions, transfers, net costs): `gini` refuses them; `absolute_gini`, `normalised_gini` and the
concentration indices are made for them. All population formulas: no small-sample factor n/(n-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from io_tables.arrays import numbers
from io_tables.errors import InputError, Problem


def gini(values, weights=None) -> float:
    """Gini index 0...1 of values (n,) >= 0 with weights (n,): half the mean difference over the mean.

    G = sum_ij w_i w_j |y_i - y_j| / (2 mean), w summing to 1 (Gini 1912). Raises InputError for negative
    values (which index to take instead is said) or an all-zero set.
    """
    values, weights = _checked(values, weights)
    if (values < 0).any():
        raise InputError(Problem("values", f"{(values < 0).sum()} are negative: the Gini index has no upper bound",
                                 "take absolute_gini, normalised_gini or concentration"))
    mean = weights @ values
    if not mean > 0:
        raise InputError(Problem("values", "all are zero: the Gini index is not defined"))
    return absolute_gini(values, weights) / mean


def absolute_gini(values, weights=None) -> float:
    """Half the mean absolute difference, in the unit of the values; any sign. 0 means all alike.

    A = sum_ij w_i w_j |y_i - y_j| / 2 = 2 cov(y, F(y)); a uniform addition leaves it, unlike the Gini index.
    """
    values, weights = _checked(values, weights)
    order = np.argsort(values, kind="stable")
    return _covariance_with_rank(values[order], weights[order])


def normalised_gini(values, weights=None) -> float:
    """Gini index that stays in 0...1 with negative values: mean difference over twice the mean of |y|.

    Raffinetti, Siletti and Vernizzi (2015), Statistical Methods & Applications 24; equals `gini` when no
    value is negative. Raises InputError if all are zero.
    """
    values, weights = _checked(values, weights)
    size = weights @ np.abs(values)
    if not size > 0:
        raise InputError(Problem("values", "all are zero: the index is not defined"))
    return absolute_gini(values, weights) / size


def concentration(values, rank_by, weights=None, *, absolute: bool = False) -> float:
    """Concentration index: how values (n,) of any sign fall along a ranking (n,), say by income per head.

    C = 2 cov(y, F(rank)) / mean: positive when the well-off have more; C = `gini` when ranked by the values.
    Members with equal rank share their mean. `absolute` leaves the division by the mean away (Kakwani 1977;
    Wagstaff et al. 1991). Raises InputError for a relative index at mean zero.
    """
    values, weights = _checked(values, weights)
    rank_by = numbers("rank_by", rank_by)
    if rank_by.shape != values.shape or not np.isfinite(rank_by).all():
        raise InputError(Problem("rank_by", f"shape {rank_by.shape}, or missing values", f"expected {values.shape}"))
    _, tied = np.unique(rank_by, return_inverse=True)
    weight = np.bincount(tied, weights)
    mass = np.bincount(tied, weights * values)
    value = _covariance_with_rank(np.divide(mass, weight, out=np.zeros_like(mass), where=weight > 0), weight)
    if absolute:
        return value
    mean = weights @ values
    if not abs(mean) > 1e-12 * max(np.abs(values).max(), 1e-300):
        raise InputError(Problem("values", "the mean is zero: the relative index is not defined", "absolute=True"))
    return value / mean


def lorenz(values, weights=None) -> tuple[np.ndarray, np.ndarray]:
    """Points of the Lorenz curve: cumulative share of weight and of value (n+1,), from 0 to 1, poorest first."""
    values, weights = _checked(values, weights)
    order = np.argsort(values, kind="stable")
    mass = (weights * values)[order]
    if mass.sum() == 0:
        raise InputError(Problem("values", "the total is zero: there are no shares"))
    return np.append(0.0, np.cumsum(weights[order])), np.append(0.0, np.cumsum(mass) / mass.sum())


def theil(values, weights=None, *, index: str = "T") -> float:
    """Theil's T = sum w y/m ln(y/m), or L = sum w ln(m/y); 0 when all alike. Theil (1967).

    values (n,) >= 0 (T, with 0 ln 0 = 0) or > 0 (L); m the weighted mean. Raises InputError otherwise.
    """
    values, weights = _checked(values, weights)
    _theil_defined(values, weights, index)
    return float(_theil(values, weights, weights @ values, index == "L"))


@dataclass(frozen=True)
class Decomposition:
    """Theil index split by groups; total = within + between, exactly."""

    total: float
    between: float
    within: float
    groups: tuple[str, ...]
    index_of_group: np.ndarray   # (g,) the index inside each group
    contribution: np.ndarray     # (g,) share of value (T) or of weight (L) times it; sums to `within`


def theil_decomposition(values, groups: Sequence[str], weights=None, *, index: str = "T") -> Decomposition:
    """Theil's T or L within and between groups (n,) of labels (Shorrocks 1980).

    T = sum_g s_g T_g + sum_g s_g ln(m_g / m), s_g share of value; L likewise with shares of weight. A group
    whose values are all zero counts nothing inside and 0 ln 0 = 0 between.
    """
    values, weights = _checked(values, weights)
    _theil_defined(values, weights, index)
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if member.size != values.size:
        raise InputError(Problem("groups", f"{member.size} labels", f"expected {values.size}"))
    logarithmic = index == "L"
    mean = weights @ values
    inside, contribution, between = np.zeros(names.size), np.zeros(names.size), 0.0
    for g in range(names.size):
        own = member == g
        weight = weights[own].sum()
        value = weights[own] @ values[own]
        if weight == 0 or value == 0:
            continue
        inside[g] = _theil(values[own], weights[own] / weight, value / weight, logarithmic)
        share = weight if logarithmic else value / mean
        contribution[g] = share * inside[g]
        between += share * np.log(value / weight / mean) * (-1.0 if logarithmic else 1.0)
    total = float(_theil(values, weights, mean, logarithmic))
    return Decomposition(total, float(between), float(contribution.sum()), tuple(names.tolist()), inside, contribution)


def many(values, weights=None) -> tuple[np.ndarray, np.ndarray]:
    """Gini and Theil T of every row of values (k, n) >= 0 at once: years, rules or draws.

    One compiled pass a row. Raises InputError for negative values or a row without a positive one.
    """
    values = np.ascontiguousarray(np.atleast_2d(numbers("values", values)))
    _, weights = _checked(values[0], weights)
    if not np.isfinite(values).all() or (values < 0).any() or not (values @ weights > 0).all():
        raise InputError(Problem("values", "a row has negative or missing values, or only zeros"))
    return _many(values, weights)


@njit(cache=True)
def _theil(values, weights, mean, logarithmic):
    """sum w r ln r (T), or -sum w ln r (L), with r = value / mean; members without weight are passed over."""
    total = 0.0
    for i in range(values.size):
        if weights[i] == 0.0 or values[i] == 0.0:
            continue
        ratio = values[i] / mean
        total += -weights[i] * np.log(ratio) if logarithmic else weights[i] * ratio * np.log(ratio)
    return total


@njit(cache=True)
def _many(values, weights):
    """Gini and Theil T of each row (k, n): sort once, sum w y (2 F - w - 1) with F the cumulative weight."""
    k, n = values.shape
    ginis, theils = np.zeros(k), np.zeros(k)
    for row in range(k):
        y = values[row]
        order = np.argsort(y)
        mean, below, covariance = 0.0, 0.0, 0.0
        for i in range(n):
            mean += weights[i] * y[i]
        for i in order:
            covariance += weights[i] * y[i] * (2.0 * below + weights[i] - 1.0)
            below += weights[i]
        ginis[row] = covariance / mean
        theils[row] = _theil(y, weights, mean, False)
    return ginis, theils


def _covariance_with_rank(values, weights):
    """2 cov(y, F) for values in rank order: sum w y (2 F_before + w - 1)."""
    before = np.cumsum(weights) - weights
    return float(np.sum(weights * values * (2.0 * before + weights - 1.0)))


def _checked(values, weights):
    values = numbers("values", values)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise InputError(Problem("values", f"shape {values.shape}, or missing values", "expected (n,) numbers"))
    weights = np.ones(values.size) if weights is None else numbers("weights", weights)
    if weights.shape != values.shape or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise InputError(Problem("weights", f"shape {weights.shape}, negative, missing or all zero",
                                 f"expected {values.shape} values >= 0"))
    return values, weights / weights.sum()


def _theil_defined(values, weights, index):
    if index not in ("T", "L"):
        raise InputError(Problem("index", f"'{index}'", "allowed: 'T', 'L'"))
    counted = values[weights > 0]
    if (values < 0).any() or (index == "L" and not (counted > 0).all()) or not counted.any():
        raise InputError(Problem("values", "Theil's index needs values "
                                 + ("above zero" if index == "L" else ">= 0, one of them positive"),
                                 "take absolute_gini where values are negative"))
