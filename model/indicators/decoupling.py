"""Decoupling of emissions from growth: Tapio's eight classes, elasticities by factor, and Kaya's identity.

Sources: Tapio (2005): e = (change of emissions / emissions) / (change of activity / activity), coupling within
0.8..1.2; Kaya (1990): C = P x (G / P) x (E / G) x (C / E), decomposed by LMDI (Ang 2015).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.errors import InputError, Problem
from model.indicators.lmdi import ADDITIVE, LMDI_I, chained

#: Elasticities within these bounds count as coupling (Tapio 2005).
COUPLING = (0.8, 1.2)
#: An elasticity counts as on a bound when it is there up to rounding.
_ROUNDING = 1e-12
STRONG, WEAK, EXPANSIVE_COUPLING = "strong decoupling", "weak decoupling", "expansive coupling"
EXPANSIVE_NEGATIVE, STRONG_NEGATIVE = "expansive negative decoupling", "strong negative decoupling"
WEAK_NEGATIVE, RECESSIVE_COUPLING = "weak negative decoupling", "recessive coupling"
RECESSIVE = "recessive decoupling"
UNDEFINED = "undefined"
#: The factors of Kaya's identity, in the order of their effects.
KAYA = ("population", "GDP per head", "energy intensity", "carbon intensity of energy")


@dataclass(frozen=True)
class Decoupling:
    """Arrays of one shape: elasticity (nan where activity does not change) and the class of each cell."""

    elasticity: np.ndarray
    kind: np.ndarray  #: one of Tapio's eight classes, or 'undefined' where activity does not change


def tapio(emissions0, emissions1, activity0, activity1) -> Decoupling:
    """Tapio's elasticity and class of each cell; four arrays of one shape, first and second year, any units.

    First-year values must be positive, second-year activity not negative; emissions may turn negative.
    Raises InputError naming the first cell that is not.
    """
    values = [np.asarray(v, dtype=float) for v in (emissions0, emissions1, activity0, activity1)]
    names = ("emissions0", "emissions1", "activity0", "activity1")
    _same_shape(names, values)
    e0, e1, g0, g1 = values
    _positive([("emissions0", e0), ("activity0", g0)])
    if (g1 < 0).any():
        raise InputError(Problem(_spot("activity1", g1 < 0), "negative", "activity such as GDP is not"))
    emissions, activity = (e1 - e0) / e0, (g1 - g0) / g0
    elasticity = np.divide(emissions, activity, out=np.full(e0.shape, np.nan), where=activity != 0)
    low, high = COUPLING[0] - _ROUNDING, COUPLING[1] + _ROUNDING
    grows, shrinks = activity > 0, activity < 0
    kind = np.select(
        [grows & (emissions < 0), grows & (elasticity < low), grows & (elasticity <= high), grows,
         shrinks & (emissions > 0), shrinks & (elasticity < low), shrinks & (elasticity <= high), shrinks],
        [STRONG, WEAK, EXPANSIVE_COUPLING, EXPANSIVE_NEGATIVE,
         STRONG_NEGATIVE, WEAK_NEGATIVE, RECESSIVE_COUPLING, RECESSIVE],
        UNDEFINED,
    )
    return Decoupling(elasticity, kind)


def elasticity_by_factor(effects, emissions0: float, activity0: float, activity1: float) -> np.ndarray:
    """Tapio's elasticity split by the effects (n,) of a decomposition of the emissions; they add up to it.

    effects : additive, in the unit of `emissions0`. Raises InputError when activity does not change.
    """
    if activity1 == activity0 or not emissions0 or not activity0:
        raise InputError(f"activity {activity0:g} -> {activity1:g} at emissions of {emissions0:g} has no elasticity")
    return np.asarray(effects, dtype=float) / emissions0 / ((activity1 - activity0) / activity0)


def kaya(population, gdp, energy, emissions, *, method: str = LMDI_I, form: str = ADDITIVE) -> np.ndarray:
    """Effects of population, GDP per head, energy intensity and carbon intensity of energy by step (T - 1, 4).

    Four arrays (T,) or (T, R) over the same years (and regions, summed): million persons, 10^8 yuan in constant
    prices, PJ, Mt CO2. Additive effects add up over steps to the change of emissions, ratios multiply.
    Raises InputError for shapes, fewer than two years, or population, GDP or energy that is not positive;
    emissions that change sign have no logarithmic mean (`lmdi.shapley` takes them).
    """
    values = [np.asarray(v, dtype=float) for v in (population, gdp, energy, emissions)]
    names = ("population", "gdp", "energy", "emissions")
    _same_shape(names, values)
    _positive(list(zip(names, values, strict=True))[:3])
    people, income, use, carbon = values
    return chained([people, income / people, use / income, carbon / use], method=method, form=form)


def _same_shape(names, values):
    wrong = [Problem(name, f"shape {v.shape}", f"{names[0]} has {values[0].shape}")
             for name, v in zip(names, values, strict=True) if v.shape != values[0].shape]
    wrong += [Problem(_spot(name, ~np.isfinite(v)), "not a finite number")
              for name, v in zip(names, values, strict=True) if not np.isfinite(v).all()]
    if wrong:
        raise InputError(wrong)


def _positive(named):
    wrong = [Problem(_spot(name, v <= 0), "not positive") for name, v in named if (v <= 0).any()]
    if wrong:
        raise InputError(wrong)


def _spot(name, wrong):
    return f"{name}{[int(i) for i in np.argwhere(np.atleast_1d(wrong))[0]]}"
