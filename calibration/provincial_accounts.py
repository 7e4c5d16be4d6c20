"""Value added and gross output by province and industry in the national table's scope (E1).

Strata of the provincial bureaus are scaled to the national table; published sub-industries enter as margins, the
others by the recipes of `provincial_shares`; inside industry, products with a physical series follow it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.national_table import NationalTable
from calibration.product_outputs import ProductShares, product_shares
from calibration.provincial_facts import (
    STRATA,
    SUB_INDUSTRIES,
    ProvincialFacts,
    provincial_facts,
    stratum_of,
    stratum_sectors,
    sub_industry_sectors,
)
from calibration.provincial_shares import Priors, construction_by_difference, estimated_shares, priors, scaled_strata
from io_tables.balancing import gras, ras
from io_tables.base_year import VALUE_ADDED
from io_tables.classification import provinces

#: The five or six services fill their stratum within this much where all of them are published.
LARGEST_SERVICE_GAP = 0.03
#: A provincial ratio or composition counts with this exponent against the national one ...
TILT_EXPONENT = 0.5
#: ... and stays within these bounds.
RATIO_BOUND, INCOME_BOUND = 1.25, 1.5
#: The remainder of power and heat is the network, which sells where electricity is consumed.
NETWORK = "Electricity and heat"
#: What is left of a sector beside its products keeps at least this share of its national weight.
SMALLEST_REMAINDER = 0.2
#: Value-added ratios of a province stay between these multiples of the national ratio, and below LARGEST_RATIO.
RATIO_RANGE = (0.5, 1.6)
LARGEST_RATIO = 0.95
_TOLERANCE = 1e-11


@dataclass(frozen=True)
class ScaleFactor:
    """A provincial total and the national table's total it was scaled to (10^8 yuan)."""

    item: str
    provinces: float
    national_table: float

    @property
    def factor(self) -> float:
        return self.national_table / self.provinces


@dataclass(frozen=True)
class ProvincialAccounts:
    """R provinces, J industries. 10^8 yuan of 2020.

    value_added (4, R, J) : labour, net production tax, depreciation, surplus; output (R, J). An industry that a
    province does not have is zero in both.
    product_output (R, P) physical, product_status (P,) 'official' | 'derived' | 'estimated' | 'assumed'.
    sub_industries (R, 8) : value added by published sub-industry, in the table's scope.
    closing (R, 2) : factor of the secondary and tertiary stratum that closes sub-industries on the province's stratum.
    scale_factors : strata, then sub-industries (scope of the table over scope of the provincial accounts):
        published value x factor of its stratum x factor of its sub-industry x closing = value in the table.
    """

    regions: tuple[str, ...]
    industries: tuple[str, ...]
    value_added: np.ndarray
    output: np.ndarray
    product_output: np.ndarray
    product_status: tuple[str, ...]
    sub_industries: np.ndarray
    closing: np.ndarray
    scale_factors: tuple[ScaleFactor, ...]

    @property
    def gdp(self) -> np.ndarray:
        """GDP in the national table's scope, (R,) 10^8 yuan."""
        return self.value_added.sum((0, 2))


def provincial_accounts(national: NationalTable, facts: ProvincialFacts | None = None) -> ProvincialAccounts:
    """Provincial value added (four components) and output of every industry (E1).

    Raises NotConverged where margins cannot be met together.
    """
    facts = facts or provincial_facts()
    by_sector = national.by_sector(national.value_added.sum(0))
    prior = priors(facts, by_sector)
    strata, stratum_factors = scaled_strata(facts, by_sector)
    shares = known_shares(facts, prior)
    sub, closing, scope = _sub_industries(shares, strata, by_sector)
    sectors_va = _sectors(prior, sub, strata, by_sector)
    physical = product_shares(national, sectors_va)
    total = _industries(national, sectors_va, sub, physical)
    output = _output(national, facts, total, physical)
    components = _components(national, facts, total)
    factors = [ScaleFactor(s, float(facts.strata[:, k].sum()), float(strata[:, k].sum()))
               for k, s in enumerate(STRATA)]
    factors += [ScaleFactor(k, float(sub[:, c].sum() / scope[c]), float(sub[:, c].sum()))
                for c, k in enumerate(SUB_INDUSTRIES)]
    columns = [national.industries.index(p) for p in national.products]
    return ProvincialAccounts(
        provinces().keys, national.industries, components, output, output[:, columns] / national.price,
        physical.status, sub, closing, tuple(factors))


def known_shares(facts: ProvincialFacts, prior: Priors) -> np.ndarray:
    """Share of each sub-industry in its stratum (R, 8): published, by difference, neighbour year, else estimated."""
    published = facts.published_share.copy()
    column = {k: c for c, k in enumerate(SUB_INDUSTRIES)}
    services = [c for k, c in column.items() if stratum_of(k) == 2]
    total = published[:, services].sum(1)
    # A set of services that misses its stratum has a doubtful remainder item, not six doubtful ones.
    doubtful = np.abs(total - 1.0) > LARGEST_SERVICE_GAP
    published[doubtful, column["other services"]] = np.nan
    shares = np.where(np.isnan(published), facts.neighbour_share * facts.year_change, published)
    one_missing = np.isnan(shares[:, services]).sum(1) == 1
    for r in np.flatnonzero(one_missing):
        gap = [c for c in services if np.isnan(shares[r, c])]
        shares[r, gap] = 1.0 - np.nansum(shares[r, services])
    by_difference = construction_by_difference(shares[:, column["industry"]])
    shares[:, column["construction"]] = np.where(
        np.isnan(shares[:, column["construction"]]), by_difference, shares[:, column["construction"]])
    # Heilongjiang publishes construction alone.
    shares[:, column["industry"]] = np.where(
        np.isnan(shares[:, column["industry"]]), 1.0 - shares[:, column["construction"]], shares[:, column["industry"]])
    return np.where(np.isnan(shares), _fill(estimated_shares(facts, prior, facts.published_share), shares, services),
                    shares)


def _fill(estimate, shares, services):
    """Estimated shares scaled to what the known services of a province leave."""
    estimate = estimate.copy()
    unknown = np.isnan(shares[:, services])
    left = 1.0 - np.where(unknown, 0.0, shares[:, services]).sum(1)
    guess = np.where(unknown, estimate[:, services], 0.0).sum(1)
    estimate[:, services] *= np.divide(left, guess, out=np.ones_like(left), where=guess > 0)[:, None]
    return estimate


def _sub_industries(shares, strata, by_sector):
    """Sub-industries (R, 8) that sum to the strata and to the nation; closing (R, 2) and scope (8,) factors."""
    table = np.zeros_like(shares)
    closing, scope = np.ones((len(shares), 2)), np.ones(len(SUB_INDUSTRIES))
    for s in (1, 2):
        columns = [c for c, k in enumerate(SUB_INDUSTRIES) if stratum_of(k) == s]
        totals = np.array([by_sector[sub_industry_sectors(SUB_INDUSTRIES[c])].sum() for c in columns])
        start = shares[:, columns] * strata[:, [s]]
        fitted = ras(start, strata[:, s], totals, tolerance=_TOLERANCE, max_iterations=20000).require(
            f"sub-industries of the {STRATA[s]} stratum", _TOLERANCE)
        table[:, columns] = fitted
        # RAS multiplies rows by closing and columns by scope; closing has a geometric mean of one.
        multiplier = np.log(fitted / start)
        scope[columns] = np.exp(multiplier.mean(0))
        closing[:, s - 1] = np.exp(multiplier.mean(1) - multiplier.mean())
    return table, closing, scope


def _sectors(prior: Priors, sub, strata, by_sector):
    """Value added (R, S): inside a sub-industry the structure of 2017, for other services halfway to the nation's."""
    out = np.zeros_like(prior.recent)
    agriculture = stratum_sectors(0)
    out[:, agriculture] = strata[:, [0]]
    for c, k in enumerate(SUB_INDUSTRIES):
        columns = sub_industry_sectors(k)
        start = prior.recent[:, columns]
        if k == "other services":
            start = np.sqrt(start / start.sum(1, keepdims=True) * by_sector[columns] / by_sector[columns].sum())
        out[:, columns] = ras(start, sub[:, c], by_sector[columns], tolerance=_TOLERANCE, max_iterations=20000).require(
            f"value added inside {k}", _TOLERANCE)
    return out


def _industries(national: NationalTable, sectors_va, sub, physical: ProductShares):
    """Value added (R, J). Products start from their physical shares, remainders from what these leave of the sector
    (the electricity network from consumption); the manufacturing block is fitted to industry by province, other
    split sectors to the sector."""
    index, total = national.sector_index, national.value_added.sum(0)
    S, J = sectors_va.shape[1], len(index)
    start = np.zeros((len(sectors_va), J))
    start[:, S:] = physical.shares * total[S:]
    for s in range(S):
        own = [j for j in range(S, J) if index[j] == s]
        weight = total[s] / (total[s] + total[own].sum())
        left = sectors_va[:, s] - start[:, own].sum(1)
        start[:, s] = np.maximum(left, SMALLEST_REMAINDER * weight * sectors_va[:, s]) if own else sectors_va[:, s]
    network = national.industries.index(NETWORK)
    start[:, network] = physical.network * total[network]
    out = start.copy()
    block = np.flatnonzero(np.isin(index, sub_industry_sectors("industry")))
    out[:, block] = ras(start[:, block], sub[:, SUB_INDUSTRIES.index("industry")], total[block], tolerance=_TOLERANCE,
                        max_iterations=20000).require("value added of industries", _TOLERANCE)
    for s in sorted({int(i) for i in index[S:]} - set(index[block])):
        members = np.flatnonzero(index == s)
        out[:, members] = ras(start[:, members], sectors_va[:, s], total[members], tolerance=_TOLERANCE,
                              max_iterations=20000).require("value added of split services", _TOLERANCE)
    return out


def _output(national: NationalTable, facts: ProvincialFacts, value_added, physical):
    """Gross output (R, J), sums to the nation's, above value added.

    Physical series fix a product's output; elsewhere the value-added ratio of 2017, shrunk to the national one.
    """
    S = len(national.industries) - len(national.products)
    ratio = facts.shares_2017 / facts.output_shares_2017
    tilt = np.clip(np.where(np.isfinite(ratio), ratio, 1.0) ** TILT_EXPONENT, 1 / RATIO_BOUND, RATIO_BOUND)
    tilt = tilt[:, national.sector_index]
    nu = national.value_added.sum(0) / national.output
    wish = value_added / (nu * tilt)
    for k, fixed in enumerate(physical.follows_series):
        if fixed:
            wish[:, S + k] = physical.shares[:, k] * national.output[S + k]
    network = national.industries.index(NETWORK)
    wish[:, network] = physical.network * national.output[network]
    low = value_added / np.minimum(nu * RATIO_RANGE[1], LARGEST_RATIO)
    high = value_added / (nu * RATIO_RANGE[0])
    return _scale_between(wish, low, high, national.output)


def _scale_between(wish, low, high, totals):
    """Columns of `wish` scaled to totals inside [low, high]; a cell at its bound stays there."""
    out = np.zeros_like(wish)
    for j in range(wish.shape[1]):
        a, b = 0.0, 1.0
        while np.clip(b * wish[:, j], low[:, j], high[:, j]).sum() < totals[j]:
            b *= 2.0
        for _ in range(200):
            middle = 0.5 * (a + b)
            if np.clip(middle * wish[:, j], low[:, j], high[:, j]).sum() < totals[j]:
                a = middle
            else:
                b = middle
        column = np.clip(b * wish[:, j], low[:, j], high[:, j])
        out[:, j] = column * (totals[j] / column.sum())
    return out


def _components(national: NationalTable, facts: ProvincialFacts, total):
    """Four components (4, R, J): national rows, provincial columns, tilted by the composition of 2007; GRAS."""
    index = national.sector_index
    stratum = np.array([next(s for s in range(3) if i in stratum_sectors(s)) for i in index])
    weight = facts.strata / facts.strata.sum(0)
    mean = np.einsum("rs,rsc->sc", weight, facts.income_2007)
    positive = (facts.income_2007 > 0) & (mean > 0)
    ratio = np.where(positive, facts.income_2007, 1.0) / np.where(positive, mean, 1.0)
    tilt = np.clip(ratio ** TILT_EXPONENT, 1 / INCOME_BOUND, INCOME_BOUND)
    out = np.zeros((len(VALUE_ADDED), *total.shape))
    for j, name in enumerate(national.industries):
        rows = national.value_added[:, j]
        start = rows[:, None] * tilt[:, stratum[j], :].T * (total[:, j] / total[:, j].sum())
        fitted = gras(start, rows, total[:, j], tolerance=_TOLERANCE, max_iterations=20000)
        out[:, :, j] = fitted.require(f"components of value added of {name}", _TOLERANCE)
    return out
