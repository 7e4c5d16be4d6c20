"""What technologies pay beside goods: labour, capital and rents (nominal primary cost, E12)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.pathway.timing import annuity
from model.study import Study
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


class UnitCosts:
    """Primary costs of the technologies of a study; what does not move is found once."""

    def __init__(self, study: Study):
        """capacity (K,) of the nation in the base year; full (K,) yearly activity per unit of capacity: of the base
        year's fleets where they run, else the catalogue's."""
        self.study, value = study, study.catalogue.value
        stock = study.base.technology_stock.groupby("technology")["capacity"].sum()
        self.capacity = stock.reindex(list(study.keys)).fillna(0.0).to_numpy(dtype=float)
        self.full = np.array([value(k, "activity_per_capacity") * value(k, "availability") for k in study.keys])
        made = study.activity.sum(axis=0)
        running = (self.capacity > 0) & (made > IDLE * self.capacity * self.full)
        np.divide(made, self.capacity, out=self.full, where=running)
        self._labour: dict[float, np.ndarray] = {}
        self._capital: dict[float, np.ndarray] = {}

    def capital(self, year: float) -> np.ndarray:
        """(K,) annuity of a unit of capacity bought in a year, 10^8 yuan."""
        if year not in self._capital:
            study, economics = self.study, self.study.scenario.economics
            rate = {k: economics.technology_rates.get(k, economics.discount_rate) for k in study.keys}
            self._capital[year] = np.array([study.catalogue.value(k, "capex", year=year)
                                            * annuity(rate[k], study.catalogue.lifetime(k)) for k in study.keys])
        return self._capital[year]

    def labour(self, year: float) -> np.ndarray:
        """(K,) labour per unit of activity, 10^8 yuan."""
        if year not in self._labour:
            catalogue, found = self.study.catalogue, []
            for key in self.study.keys:
                recipe = catalogue.recipes[catalogue.technology(key).operation_recipe, "operation"]
                output = catalogue.value(key, "activity_per_capacity") * catalogue.value(key, "availability", year=year)
                found.append(recipe.get(LABOUR, 0.0) * (catalogue.value(key, "variable_om", year=year)
                                                        + catalogue.value(key, "fixed_om", year=year) / output))
            self._labour[year] = np.array(found)
        return self._labour[year]

    @property
    def base_fleets(self) -> Fleets:
        """The fleets of the base year at its prices."""
        return Fleets(self.capacity, self.capacity * self.capital(self.study.base.year))

    def primary(self, year: float, activity: np.ndarray, production: np.ndarray, fleets: Fleets | None,
                rent: np.ndarray | float = 0.0) -> PrimaryCost:
        """Primary cost of a year.

        activity (R, K); production (R, P) of products; fleets : what stands and is paid for, None where it is not
        known: then capital is the year's annuity at full use. rent (R, K) paid for scarce resources per unit of
        activity.
        """
        study, base = self.study, self.study.base
        spread = np.zeros(len(base.products))
        if fleets is None:
            per_unit = self.capital(year) / self.full
        else:
            made = activity.sum(axis=0)
            charged = np.maximum(made, IDLE * self.full * fleets.capacity)
            per_unit = np.divide(fleets.capital, charged, out=np.zeros_like(made), where=charged > 0)
            idle = fleets.capital - per_unit * made
            for p, product in enumerate(base.products):
                own = list(study.of_product.get(product, ()))
                spread[p] = idle[own].sum() / (production[:, p].sum() * base.product_price[p])
        own = np.broadcast_to(self.labour(year) + per_unit, study.activity.shape) + rent
        return PrimaryCost(own, spread)

    def base_primary(self, capacities_known: bool) -> PrimaryCost:
        """Primary cost of the base year, with or without its fleets: as the year it is compared with."""
        base = self.study.base
        fleets = self.base_fleets if capacities_known else None
        return self.primary(base.year, self.study.activity, base.product_output, fleets)


def nominal_cost(study: Study, shares: np.ndarray, now: PrimaryCost, then: PrimaryCost) -> np.ndarray:
    """(R, J) nominal primary cost per unit of output: the base year's, moved by what technologies pay (E12).

    shares (R, K in industries). Labour, taxes and surplus the catalogue does not know stay as they were.
    """
    base = study.base
    cost = 1.0 - (base.domestic_coefficients + base.import_coefficients).sum(axis=1)
    k = study.in_industry
    paid = shares * now.own[:, k] - study.base_shares[:, k] * then.own[:, k]
    product_of = study.columns.product_of
    for p, j in enumerate(study.industries):
        of_product = product_of == p
        cost[:, j] += paid[:, of_product].sum(axis=1) / base.product_price[p] + now.spread[p] - then.spread[p]
    return cost
