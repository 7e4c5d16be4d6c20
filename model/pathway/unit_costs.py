"""What technologies pay beside goods: labour, capital and rents (nominal primary cost, E12)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.pathway.timing import annuity
from model.run import Study
from model.technology.catalogue import LABOUR

#: What a fleet costs while it runs below this part of full use is spread over all output of its product.
IDLE = 0.2


@dataclass(frozen=True)
class Fleets:
    """National fleets (K,): capacity, and what it is paid in the year, 10^8 yuan (annuities, or what duals pay)."""

    capacity: np.ndarray
    capital: np.ndarray


@dataclass(frozen=True)
class PrimaryCost:
    """Per unit of activity in each province (R, K), and per 10^8 yuan of product (P,) what is spread evenly."""

    own: np.ndarray
    spread: np.ndarray


def full_use(study: Study) -> np.ndarray:
    """(K,) yearly activity per unit of capacity: of the base year's fleets where they run, else the catalogue's."""
    value = study.catalogue.value
    result = np.array([value(k, "activity_per_capacity") * value(k, "availability") for k in study.keys])
    capacity, made = base_capacity(study), study.activity.sum(axis=0)
    np.divide(made, capacity, out=result, where=(capacity > 0) & (made > IDLE * capacity * result))
    return result


def base_capacity(study: Study) -> np.ndarray:
    """(K,) national capacity of the base year."""
    stock = study.base.technology_stock
    total = stock.groupby("technology")["capacity"].sum()
    return total.reindex(list(study.keys)).fillna(0.0).to_numpy(dtype=float)


def yearly_capital(study: Study, year: float) -> np.ndarray:
    """(K,) annuity of a unit of capacity bought in a year, 10^8 yuan."""
    economics, value = study.scenario.economics, study.catalogue.value
    rate = economics.technology_rates
    return np.array([value(k, "capex", year=year) * annuity(rate.get(k, economics.discount_rate),
                                                             study.catalogue.lifetime(k)) for k in study.keys])


def labour(study: Study, year: float) -> np.ndarray:
    """(K,) labour per unit of activity, 10^8 yuan."""
    catalogue, result = study.catalogue, np.zeros(len(study.keys))
    for k, key in enumerate(study.keys):
        share = catalogue.recipes[catalogue.technology(key).operation_recipe, "operation"].get(LABOUR, 0.0)
        per_capacity = catalogue.value(key, "activity_per_capacity") * catalogue.value(key, "availability", year=year)
        result[k] = share * (catalogue.value(key, "variable_om", year=year)
                             + catalogue.value(key, "fixed_om", year=year) / per_capacity)
    return result


def base_fleets(study: Study) -> Fleets:
    """The fleets of the base year at its prices."""
    capacity = base_capacity(study)
    return Fleets(capacity, capacity * yearly_capital(study, study.base.year))


def primary_cost(study: Study, year: float, activity: np.ndarray, production: np.ndarray, fleets: Fleets | None,
                 rent: np.ndarray | float = 0.0) -> PrimaryCost:
    """Primary cost of the technologies of a year.

    activity (R, K); production (R, P) of products; fleets : what stands and is paid for, None where it is not known:
    then capital is the year's annuity at full use. rent (R, K) paid for scarce resources per unit of activity.
    """
    base, full = study.base, full_use(study)
    spread = np.zeros(len(base.products))
    if fleets is None:
        per_unit = yearly_capital(study, year) / full
    else:
        made = activity.sum(axis=0)
        charged = np.maximum(made, IDLE * full * fleets.capacity)
        per_unit = np.divide(fleets.capital, charged, out=np.zeros_like(made), where=charged > 0)
        idle = fleets.capital - per_unit * made
        for p, product in enumerate(base.products):
            own = list(study.of_product.get(product, ()))
            spread[p] = idle[own].sum() / (production[:, p].sum() * base.product_price[p])
    own = np.broadcast_to(labour(study, year) + per_unit, study.activity.shape) + rent
    return PrimaryCost(own, spread)


def nominal_cost(study: Study, shares: np.ndarray, now: PrimaryCost, base_shares: np.ndarray,
                 then: PrimaryCost) -> np.ndarray:
    """(R, J) nominal primary cost per unit of output: the base year's, moved by what technologies pay (E12).

    shares, base_shares (R, K in industries). Labour, taxes and surplus the catalogue does not know stay as they were.
    """
    base = study.base
    cost = 1.0 - (base.domestic_coefficients + base.import_coefficients).sum(axis=1)
    k = study.in_industry
    paid = shares * now.own[:, k] - base_shares * then.own[:, k]
    product_of = study.columns.product_of
    for p, j in enumerate(study.industries):
        of_product = product_of == p
        cost[:, j] += paid[:, of_product].sum(axis=1) / base.product_price[p] + now.spread[p] - then.spread[p]
    return cost
