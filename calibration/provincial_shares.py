"""Shares of sub-industries in a province's strata where none are published (E1).

The recipes are fixed; choosing them on the provinces that are scored made them worse. Every function can be run
without a province, so that validation scores exactly what calibration uses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.provincial_facts import (
    STRATA,
    SUB_INDUSTRIES,
    ProvincialFacts,
    stratum_of,
    stratum_sectors,
    sub_industry_sectors,
)
from io_tables.balancing import ras

#: Weight of the squared coefficients in the ridge regressions, in standardised variables.
RIDGE_PENALTY = 0.3
_SERVICES = tuple(k for k in SUB_INDUSTRIES if stratum_of(k) == 2)
_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Priors:
    """Value added (R, S) fitted to strata and national sectors, from the structure of 2017 (2007 where 2017 is silent)
    and from that of 2007 alone; national share of each sub-industry in its stratum (8,)."""

    recent: np.ndarray
    old: np.ndarray
    national: np.ndarray


def fit_strata(prior: np.ndarray, strata: np.ndarray, national: np.ndarray) -> np.ndarray:
    """RAS of (R, S) value added to provincial strata (R, 3) and national sectors (S,), stratum by stratum.

    Strata must sum to the nation's. 10^8 yuan. Raises NotConverged.
    """
    out = np.zeros_like(prior)
    for s in range(len(STRATA)):
        k = stratum_sectors(s)
        out[:, k] = ras(prior[:, k], strata[:, s], national[k], tolerance=_TOLERANCE, max_iterations=20000).require(
            f"value added of the {STRATA[s]} stratum", _TOLERANCE)
    return out


def scaled_strata(facts: ProvincialFacts, national: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Provincial strata (R, 3) scaled to the national table's, and the factors (3,)."""
    totals = np.array([national[stratum_sectors(s)].sum() for s in range(len(STRATA))])
    factors = totals / facts.strata.sum(0)
    return facts.strata * factors, factors


def priors(facts: ProvincialFacts, national: np.ndarray) -> Priors:
    """Structures of 2017 and 2007 brought to 2020 (no published sub-industry of 2020 enters).

    A cell reported in 2017 has its share of the sector's reported total; the provinces that do not report keep
    their share of 2007 (brought to the strata of 2020), the reported ones share the rest.
    """
    strata, _ = scaled_strata(facts, national)
    old = np.zeros_like(facts.structure_2007)
    for s in range(len(STRATA)):
        k = stratum_sectors(s)
        old[:, k] = facts.structure_2007[:, k] * (strata[:, s] / facts.structure_2007[:, k].sum(1))[:, None]
    old_share = old / old.sum(0)
    known = np.isfinite(facts.shares_2017)
    silent = np.where(known, 0.0, old_share).sum(0)
    reported = np.where(known, facts.shares_2017, 0.0)
    total = reported.sum(0)
    reported = reported * np.divide(1.0 - silent, total, out=np.zeros_like(total), where=total > 0)
    share = np.where(known, reported, old_share)
    old = np.maximum(old_share * national, 1e-6)
    share_of = [national[sub_industry_sectors(k)].sum() / national[stratum_sectors(stratum_of(k))].sum()
                for k in SUB_INDUSTRIES]
    return Priors(fit_strata(np.maximum(share * national, 1e-6), strata, national), fit_strata(old, strata, national),
                  np.array(share_of))


def sub_industry_shares(value_added: np.ndarray) -> np.ndarray:
    """Share of each sub-industry in its stratum (R, 8) of a table (R, S)."""
    return np.stack([
        value_added[:, sub_industry_sectors(k)].sum(1) / value_added[:, stratum_sectors(stratum_of(k))].sum(1)
        for k in SUB_INDUSTRIES], axis=1)


def ridge(features: np.ndarray, target: np.ndarray, penalty: float = RIDGE_PENALTY) -> np.ndarray:
    """Predictions (R,) of a ridge regression fitted where `target` is finite; features (R, K) are standardised.

    The intercept is the mean of the known targets and is not shrunk.
    """
    known = np.isfinite(target)
    centre, spread = features[known].mean(0), features[known].std(0)
    z = (features - centre) / spread
    y = target[known] - target[known].mean()
    slope = np.linalg.solve(z[known].T @ z[known] + penalty * np.eye(z.shape[1]), z[known].T @ y)
    return target[known].mean() + z @ slope


def estimated_shares(facts: ProvincialFacts, prior: Priors, published: np.ndarray) -> np.ndarray:
    """Share of each sub-industry in its stratum (R, 8) in the accounts' scope, for every province.

    published (R, 8) : shares that may be used as observations (NaN = unknown or held out); only the intercepts
    and slopes of transport and finance learn from them. The six services of a province sum to one.
    """
    recent, old = sub_industry_shares(prior.recent), sub_industry_shares(prior.old)
    income = np.log(facts.gdp / facts.population)
    column = {k: SUB_INDUSTRIES.index(k) for k in SUB_INDUSTRIES}
    out = recent.copy()
    for k in ("trade", "other services"):
        out[:, column[k]] = np.sqrt(recent[:, column[k]] * prior.national[column[k]])
    c = column["real estate"]
    out[:, c] = recent[:, c] ** 0.25 * prior.national[c] ** 0.75
    c = column["transport"]
    out[:, c] = np.exp(ridge(np.stack([np.log(old[:, c]), income], 1), np.log(published[:, c])))
    c = column["finance"]
    features = np.stack([np.log(recent[:, c]), np.log(old[:, c]), income], 1)
    out[:, c] = np.exp(0.5 * ridge(features, np.log(published[:, c])) + 0.25 * np.log(recent[:, c])
                       + 0.25 * np.log(prior.national[c]))
    services = [column[k] for k in _SERVICES]
    out[:, services] /= out[:, services].sum(1, keepdims=True)
    return out


def construction_by_difference(industry: np.ndarray) -> np.ndarray:
    """Share of construction in the secondary stratum where that of industry is published."""
    return 1.0 - industry
