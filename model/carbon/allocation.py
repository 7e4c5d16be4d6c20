"""Rules that divide a national cap of CO2 among provinces, one year at a time.

Arrays (R,) in Mt CO2 and Mt CO2 a year unless said otherwise. Every rule returns quotas that sum to the
cap; with `lower` and `upper` it stays within them by water-filling. A quota may be negative: it then says
that the rule asks the province for more than all its emissions, and is shown as it is. No rule is clipped
silently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.arrays import numbers
from io_tables.errors import Infeasible, InputError, Problem
from model.carbon.water_filling import ROUNDING, closed, named, share_out, vector, water_fill

#: Exponent of income in the ability-to-pay rule (van den Berg et al. 2020; Hoehne et al. 2014).
ABILITY_EXPONENT = 1.0 / 3.0


def grandfathering(cap: float, emissions, *, lower=None, upper=None) -> np.ndarray:
    """Quotas in proportion to emissions (R,) >= 0: q_r = cap E_r / sum E.

    Raises InputError if nobody emits, Infeasible if bounds leave no room.
    """
    return _bounded(share_out(cap, vector("emissions", emissions, sign=True), "emissions"), cap, lower, upper)


def per_capita(cap: float, population, *, lower=None, upper=None) -> np.ndarray:
    """The same quota for every head: q_r = cap P_r / sum P; population (R,) in any unit.

    Raises InputError if there is nobody, Infeasible if bounds leave no room.
    """
    return _bounded(share_out(cap, vector("population", population, sign=True), "population"), cap, lower, upper)


def contraction_and_convergence(cap: float, emissions, population, weight: float, *, lower=None,
                                upper=None) -> np.ndarray:
    """Between grandfathering (weight 0) and equal per head (weight 1): q = cap ((1-w) E/sum E + w P/sum P).

    `weight` rises to 1 in the convergence year (`allocation_paths.convergence_weights`); Meyer (2000).
    Raises InputError for a weight outside 0...1.
    """
    if not 0.0 <= weight <= 1.0:
        raise InputError(Problem("weight", f"{weight} is outside 0 ... 1", "0 is grandfathering, 1 per capita"))
    emissions = vector("emissions", emissions, sign=True)
    population = vector("population", population, emissions.size, sign=True)
    quota = np.zeros(emissions.size)
    if weight < 1.0:
        quota += (1.0 - weight) * share_out(cap, emissions, "emissions")
    if weight > 0.0:
        quota += weight * share_out(cap, population, "population")
    return _bounded(quota, cap, lower, upper)


def ability_to_pay(cap: float, baseline, gdp, population, *, exponent: float = ABILITY_EXPONENT, lower=None,
                   upper=None) -> np.ndarray:
    """Reductions that rise with income: d_r ~ B_r (g_r / g)^(1/3), g = GDP per head; q = B - d.

    baseline (R,) emissions without the cap; gdp (R,) money; population (R,) persons; g of the nation is
    total GDP over total population. The d_r are rescaled so that the quotas sum to the cap. A cap above the
    baseline asks nobody for anything: the surplus is then shared in proportion to the baseline. If no province
    that emits has an income, all cut at the same rate. Source: van den Berg et al. (2020), Climatic Change 162.

    Raises InputError for GDP where nobody lives.
    """
    baseline = vector("baseline", baseline, sign=True)
    gdp = vector("gdp", gdp, baseline.size, sign=True)
    return _by_burden(cap, baseline, _relative_per_head("gdp", gdp, population), exponent, lower, upper)


def historical_burden(cap: float, baseline, history, population, *, exponent: float = 1.0, lower=None,
                      upper=None) -> np.ndarray:
    """Reductions that rise with past emissions per head: d_r ~ B_r (h_r / h)^exponent; q = B - d.

    history (R,) cumulative emissions (`cumulative`); otherwise as `ability_to_pay`. Unlike
    `responsibility` it asks no province for more than its part of the reduction, so quotas turn negative
    only where the rescaled burden exceeds the baseline.
    """
    baseline = vector("baseline", baseline, sign=True)
    history = vector("history", history, baseline.size, sign=True)
    return _by_burden(cap, baseline, _relative_per_head("history", history, population), exponent, lower, upper)


def responsibility(cap: float, history, population, *, lower=None, upper=None) -> np.ndarray:
    """Equal cumulative emissions per head: q_r = (cap + sum H) P_r / sum P - H_r.

    history (R,) emissions already made (`cumulative`: production- or consumption-based, discounted, gaps
    filled); with a cap for the rest of the horizon the division is exactly equal per head over the whole
    time. Quotas turn negative where a province has used up more than its part; with a single year's cap,
    divide the history by the number of years left so that the debt is paid off over them.
    Source: Neumayer (2000), Ecological Economics 33; Ding et al. (2009), Science in China D 52.
    """
    history = vector("history", history)
    population = vector("population", population, history.size, sign=True)
    right = share_out(cap + history.sum(), population, "population")
    return _bounded(closed(right - history, cap), cap, lower, upper)


def net_of_sink(cap: float, emissions, sinks, *, lower=None, upper=None) -> np.ndarray:
    """Each province may emit its own sink; the rest of a gross cap is shared by emissions.

    q_r = S_r + (cap - sum S) E_r / sum E, sinks (R,) >= 0. Where sinks exceed the cap the second part is
    negative. Only sinks that the registry (`sinks.Registry`) books for the province may enter here.
    """
    emissions = vector("emissions", emissions, sign=True)
    sinks = vector("sinks", sinks, emissions.size, sign=True)
    return _bounded(closed(sinks + share_out(cap - sinks.sum(), emissions, "emissions"), cap), cap, lower, upper)


def intensity_based(cap: float, emissions, growth, cut=0.0, *, lower=None, upper=None) -> np.ndarray:
    """As in the five-year plans: emissions at grown GDP and an intensity lower by the target, scaled to the cap.

    q_r ~ E_r growth_r (1 - cut_r): emissions (R,) of the first year, growth (R,) real GDP relative to it,
    cut (R,) or one share, the fall of CO2 per GDP asked of the province.
    Raises InputError for a cut of 1 or more.
    """
    emissions = vector("emissions", emissions, sign=True)
    growth = vector("growth", growth, emissions.size, sign=True)
    cut = vector("cut", cut, emissions.size)
    if (cut >= 1.0).any():
        raise InputError(Problem("cut", f"value no. {int(np.argmax(cut))} is {cut.max():.6g}", "shares below 1"))
    return _bounded(share_out(cap, emissions * growth * (1.0 - cut), "emissions x growth"), cap, lower, upper)


def blend(quotas, weights, *, lower=None, upper=None) -> np.ndarray:
    """Weighted mean of quotas (K, R) of K rules; weights (K,) >= 0 are normalised to 1.

    Raises InputError if the rules divide different caps.
    """
    quotas = numbers("quotas", quotas)
    if quotas.ndim != 2 or not np.isfinite(quotas).all():
        raise InputError(Problem("quotas", f"shape {quotas.shape}, or a value is missing", "expected (rules, R)"))
    weights = share_out(1.0, vector("weights", weights, len(quotas), sign=True), "weights")
    caps = quotas.sum(axis=1)
    if np.ptp(caps) > 1e-6 * max(1.0, np.abs(quotas).sum(axis=1).max()):
        raise InputError(Problem("quotas", f"the rules sum to {caps.min():.6g} ... {caps.max():.6g}",
                                 "blend rules that divide the same cap"))
    cap = float(caps[0])
    return _bounded(closed(weights @ quotas, cap), cap, lower, upper)


def entropy_weights(indicators) -> np.ndarray:
    """Weights of K indicators (K, R) >= 0 by how unevenly they fall on the provinces (Shannon 1948).

    p = share of a province, e_k = -sum p ln p / ln R, w_k = (1 - e_k) / sum (1 - e); 0 ln 0 = 0. An
    indicator that is the same everywhere gets nothing; if all are, all weigh the same.
    """
    indicators = numbers("indicators", indicators)
    if indicators.ndim != 2 or not indicators.size or not np.isfinite(indicators).all() or (indicators < 0).any():
        raise InputError(Problem("indicators", "negative or missing values", "expected (K, R) values >= 0"))
    if indicators.shape[1] < 2:
        return np.full(len(indicators), 1.0 / len(indicators))
    p = np.array([share_out(1.0, row, "indicators") for row in indicators])
    entropy = -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=1) / np.log(indicators.shape[1])
    spread = np.where(1.0 - entropy > ROUNDING, 1.0 - entropy, 0.0)
    return spread / spread.sum() if spread.any() else np.full(len(spread), 1.0 / len(spread))


def cumulative(history, years, population=None, *, reference: int | None = None, discount: float = 0.0):
    """Cumulative emissions (R,) of a history (H, R) with gaps (NaN), older years discounted.

    years (H,) of the rows; weight of a year (1 + discount)^-(reference - year), reference by default the
    last one. A province with gaps takes its own mean per head of the years it reports (or its mean, without
    population (H, R)); one that never reports takes the mean per head of the others. Production or
    consumption accounting is the caller's choice of `history`.

    Returns (R,) Mt and the tuple of positions that were filled, wholly or in part.
    """
    history, years = numbers("history", history), numbers("years", years)
    if history.ndim != 2 or years.shape != history.shape[:1]:
        raise InputError(Problem("history", f"shape {history.shape} with {years.size} years", "expected (years, R)"))
    heads = np.ones_like(history) if population is None else numbers("population", population)
    if heads.shape != history.shape or not np.isfinite(heads).all() or (heads < 0).any():
        raise InputError(Problem("population", f"shape {heads.shape}, or a missing or negative value",
                                 f"expected {history.shape}, one for every entry of the history"))
    weight = (1.0 + discount) ** (years - (years.max() if reference is None else reference))
    known = np.isfinite(history)
    made = np.where(known, history, 0.0)
    lived = (weight[:, None] * heads * known).sum(axis=0)
    summed = (weight[:, None] * made).sum(axis=0)
    if not lived.sum() > 0:
        raise InputError(Problem("history", "no province reports any year"))
    mean = np.divide(summed, lived, out=np.full(lived.shape, summed.sum() / lived.sum()), where=lived > 0)
    gaps = (weight[:, None] * heads * ~known).sum(axis=0)
    return summed + mean * gaps, tuple(np.flatnonzero(~known.all(axis=0)).tolist())


@dataclass(frozen=True)
class Efficient:
    """The division at which the last tonne costs the same everywhere."""

    quota: np.ndarray      # (R,) Mt, sums to the cap
    abatement: np.ndarray  # (R,) Mt
    price: float           # money per Mt
    cost: np.ndarray       # (R,) money, area under each marginal cost curve


def equal_marginal_cost(cap: float, baseline, slopes, *, limit=None, labels=None) -> Efficient:
    """Least cost with linear marginal cost slope_r x abatement: price p = slope_r a_r where a_r < limit_r.

    baseline (R,) Mt; slopes (R,) > 0 money per Mt per Mt; limit (R,) largest abatement or None. Cost is
    slope a^2 / 2. A cap above the baseline costs nothing and its surplus is shared in proportion to the
    baseline. For curves of any shape see `cost_curves`.

    Raises Infeasible, naming the provinces' limits, when the cap lies below what is technically possible.
    """
    baseline = vector("baseline", baseline)
    slopes = vector("slopes", slopes, baseline.size)
    if (slopes <= 0).any():
        raise InputError(Problem("slopes", f"value no. {int(np.argmin(slopes))} is {slopes.min():.6g}",
                                 "marginal costs must rise"))
    needed = float(baseline.sum() - cap)
    if needed <= 0.0:
        free = np.zeros_like(baseline)
        return Efficient(_surplus(cap, baseline), free, 0.0, free.copy())
    if limit is None:
        abatement = share_out(needed, 1.0 / slopes, "slopes")
        price = needed / float((1.0 / slopes).sum())
    else:
        limit = vector("limit", limit, baseline.size, sign=True)
        if limit.sum() < needed * (1.0 - ROUNDING):
            raise Infeasible(f"the cap {cap:.6g} is below what is technically possible: {needed:.6g} must go, "
                             f"{limit.sum():.6g} can ({named(labels, np.arange(limit.size), limit)})",
                             ("cap", "abatement limits"))
        abatement = water_fill(np.zeros_like(baseline), needed, None, limit, spread=1.0 / slopes, labels=labels)
        price = float((slopes * abatement).max())
    return Efficient(closed(baseline - abatement, cap), abatement, price, 0.5 * slopes * abatement**2)


def _bounded(quota, cap, lower, upper):
    return quota if lower is None and upper is None else water_fill(quota, cap, lower, upper)


def _surplus(cap, baseline):
    """Quotas at or above the baseline, the surplus in proportion to it (equally where nobody emits)."""
    weights = np.maximum(baseline, 0.0)
    if not weights.any():
        weights = np.ones_like(baseline)
    return closed(baseline + share_out(cap - baseline.sum(), weights, "baseline"), cap)


def _relative_per_head(where, values, population):
    """values per head relative to the nation's; 0 where nobody lives and there is nothing."""
    population = vector("population", population, values.size, sign=True)
    empty = population == 0
    if (empty & (values > 0)).any():
        raise InputError(Problem("population", f"no. {int(np.argmax(empty & (values > 0)))} has {where} but no people"))
    if not population.sum() > 0 or not values.sum() > 0:
        raise InputError(Problem(where, "nothing to compare: the total (or the population) is zero"))
    per_head = np.divide(values, population, out=np.zeros_like(values), where=~empty)
    return per_head / (values.sum() / population.sum())


def _by_burden(cap, baseline, relative, exponent, lower, upper):
    needed = baseline.sum() - cap
    if needed <= 0.0:
        return _bounded(_surplus(cap, baseline), cap, lower, upper)
    burden = baseline * relative**exponent
    if not burden.any():
        burden = baseline  # none of those who emit can be told apart: the same rate for all
    quota = closed(baseline - share_out(needed, burden, "baseline x income"), cap)
    if lower is None and upper is None:
        return quota
    return water_fill(quota, cap, lower, upper, spread=burden)
