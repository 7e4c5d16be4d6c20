"""What the programme chose, and how a national choice is laid out over provinces."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from model.physical_year import HOUSEHOLD_PRODUCTS, Year
from model.study import Study

CHP, CHP_HEAT = "coal_chp", "heat"
STORAGE = ("pumped_hydro", "battery")


@dataclass(frozen=True)
class Choice:
    """T years, R provinces, K technologies; the first year is the base year.

    activity (T, R, K) product units a year (storage: discharge); chp_heat (T, R) PJ recovered from CHP;
    building (T, R, K) capacity added a year, a refit as the part of a new plant that it costs;
    net_losses (T, R) TWh lost on lines between provinces and in storage;
    electricity_shares (T, R, R) from where each province's electricity comes, or None: as in the base year.
    product_shares (T, P, R, R) base trade pattern of goods (`product_trade.GOODS`) after what was moved, [good, from,
    to], or None: the base year's.
    """

    activity: np.ndarray
    chp_heat: np.ndarray
    building: np.ndarray
    net_losses: np.ndarray
    electricity_shares: np.ndarray | None = None
    product_shares: np.ndarray | None = None

    def moved(self, activity: np.ndarray, building: np.ndarray, chp_heat: np.ndarray, net_losses: np.ndarray) -> Choice:
        """The same with other figures."""
        return replace(self, activity=activity, building=building, chp_heat=chp_heat, net_losses=net_losses)


def base_building(study: Study) -> np.ndarray:
    """(R, K) yearly additions that served the base year: the youngest vintage over its width."""
    from model.pathway.places import VINTAGE_WIDTH

    stock = study.base.technology_stock
    result = np.zeros((len(study.base.regions), len(study.keys)))
    youngest = stock[stock["vintage"] == stock["vintage"].max()]
    at = {r: i for i, r in enumerate(study.base.regions)}
    number = {k: i for i, k in enumerate(study.keys)}
    rows = youngest[youngest["technology"].isin(number)]
    np.add.at(result, (rows["region"].map(at).to_numpy(int), rows["technology"].map(number).to_numpy(int)),
              rows["capacity"].to_numpy(float) / VINTAGE_WIDTH)
    return result


def first_choice(study: Study, years: list[Year]) -> Choice:
    """The mixes of solved years as a choice; additions stay at the base year's."""
    activity = np.stack([y.activity for y in years])
    made = np.stack([heat_by_product(study, y.activity) for y in years])
    need = np.stack([y.production[:, study.base.products.index("heat")] for y in years])
    building = np.repeat(base_building(study)[None], len(years), axis=0)
    return Choice(activity, np.minimum(made, need), building, np.zeros(activity.shape[:2]))


def heat_by_product(study: Study, activity: np.ndarray) -> np.ndarray:
    """(...,) PJ of heat that CHP can give at an activity (..., K)."""
    if CHP not in study.keys:
        return np.zeros(activity.shape[:-1])
    rate = study.catalogue.outputs(CHP, study.base.year).get(CHP_HEAT, 0.0)
    return rate * activity[..., study.keys.index(CHP)]


def patterns(study: Study, years: list[Year]) -> np.ndarray:
    """(T, R, K) part of each technology's national activity in each province, summing to 1 over R.

    Where a technology runs it keeps its pattern; elsewhere it follows its product's output.
    """
    result = np.zeros((len(years), *study.activity.shape))
    R = len(study.base.regions)
    for t, year in enumerate(years):
        for own in map(list, study.of_product.values()):
            total = year.activity[:, own].sum(axis=1)
            even = total / total.sum() if total.sum() > 0 else np.full(R, 1.0 / R)
            national = year.activity[:, own].sum(axis=0)
            result[t][:, own] = np.where(national > 1e-9 * max(national.sum(), 1e-12),
                                         year.activity[:, own] / np.maximum(national, 1e-300), even[:, None])
            result[t][:, own] /= result[t][:, own].sum(axis=0)
    return result


#: Sweeps after which a layout is left as it is; a sweep that moves no row by more than this ends it.
SWEEPS, SETTLED = 5000, 1e-13


def laid_out(pattern: np.ndarray, national: np.ndarray, output: np.ndarray, groups) -> np.ndarray:
    """Provincial activity (R, K) from national totals (K,) and the outputs of products (R, K groups).

    pattern (R, K); output : product -> (R,) what its technologies make in each province; groups : product ->
    positions. RAS on the pattern; what it leaves is met by scaling the national totals exactly.
    """
    result = pattern * national
    for product, own in groups.items():
        own = list(own)
        if product not in output:
            continue
        rows = output[product]
        wanted = national[own]
        scale = wanted.sum() / rows.sum() if rows.sum() > 0 else 0.0
        table = (pattern[:, own] + 1e-4 * (rows / max(rows.sum(), 1e-300))[:, None]) * wanted
        for _ in range(SWEEPS):
            sums = table.sum(axis=1)
            factor = np.divide(rows * scale, sums, out=np.ones_like(sums), where=sums > 0)
            if np.abs(factor - 1.0).max() <= SETTLED:
                break
            table *= factor[:, None]
            sums = table.sum(axis=0)
            table *= np.divide(wanted, sums, out=np.zeros_like(sums), where=sums > 0)
        result[:, own] = table
    return result


def household_groups(study: Study) -> dict[str, tuple[int, ...]]:
    """Household products of the catalogue and their technologies."""
    return {p: study.of_product[p] for p in HOUSEHOLD_PRODUCTS if p in study.of_product}
