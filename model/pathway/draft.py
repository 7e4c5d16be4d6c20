"""The programme being written: what every part of it needs to know, and its main columns (E10)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from model.pathway.choice import STORAGE
from model.pathway.places import Places
from model.pathway.product_trade import band_of, goods_of, links_of
from model.pathway.refits import refits_of
from model.pathway.requirements_of_year import PLACED, Requirements
from model.pathway.timing import Timing
from model.programme import INFINITY, Programme
from model.study import Study

#: The programme counts money in 10^10 yuan, so that its numbers stay near one.
MONEY = 1e-2
#: 10^8 yuan per TWh of load not met (3 yuan per kWh). assumed
UNSERVED = 30.0
#: 10^8 yuan per GW and year of firm capacity missing. assumed
UNSERVED_FIRM = 20.0
#: Least net CO2 a place may reach, Mt: a bound that never binds, for the certificate.
LEAST_CO2 = -1e4


@dataclass
class Draft:
    """Columns over G places, K technologies, T model years after the first, S slices.

    activity (G, K, T) of annual technologies, generation (G, K, T, S) of power plants, capacity (G, K, T) of power
    plants and storage, building (G, K, T) of all, -1 where a technology has no such column; refit (G, P) of `refits`;
    moved (N, 2, T) Mt that `links` carry more, and less, than by the base pattern of product trade; no links where it
    does not move.
    """

    study: Study
    places: Places
    timing: Timing
    requirements: list[Requirements]
    programme: Programme = field(default_factory=Programme)
    names: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    statistics: dict[str, dict[str, dict[int, tuple[float, str]]]] | None = None

    def __post_init__(self):
        study, catalogue = self.study, self.study.catalogue
        self.keys = study.keys
        self.G, self.K = self.places.standing.shape[:2]
        self.years = self.timing.years[1:]
        self.T, self.S = len(self.years), len(self.places.hours)
        self.weight = self.timing.operation[1:] * MONEY
        power = study.of_product["electricity"]
        self.stores = np.array([k for k in power if self.keys[k] in STORAGE], dtype=int)
        self.plants = np.array([k for k in power if self.keys[k] not in STORAGE], dtype=int)
        self.annual = np.array([k for k in range(self.K) if k not in power], dtype=int)
        self.product = [catalogue.product(k) for k in self.keys]
        self.cost = np.stack([r.cost for r in self.requirements])            # (T, G, 2K + 1)
        self.life = np.array([catalogue.lifetime(k) for k in self.keys])
        self.limit = study.scenario.technology.limits

    def value(self, key: str, parameter: str, year: float | None = None) -> float:
        """A catalogue value."""
        return self.study.catalogue.value(key, parameter, year=year)

    def add_columns(self) -> None:
        """Activity, generation, capacity, additions and CHP heat."""
        G, K, T, S, p = self.G, self.K, self.T, self.S, self.programme
        running = np.einsum("tgk,t->gkt", self.cost[:, :, :K], self.weight)
        self.activity = np.full((G, K, T), -1)
        self.activity[:, self.annual] = p.add_columns("activity", (G, len(self.annual), T), running[:, self.annual])
        self.generation = np.full((G, K, T, S), -1)
        cost = np.repeat(running[:, self.plants, :, None], S, axis=3)
        self.generation[:, self.plants] = p.add_columns("generation", cost.shape, cost)
        fixed = np.array([[self.value(k, "fixed_om", y) for y in self.years] for k in self.keys]) * self.weight
        standing = np.concatenate([self.plants, self.stores])
        self.capacity = np.full((G, K, T), -1)
        bound = np.repeat(self.places.potential[:, standing, None], T, axis=2)
        bound = np.maximum(bound, self.places.standing[:, standing, 1:])
        self.capacity[:, standing] = p.add_columns("capacity", (G, len(standing), T),
                                                   np.broadcast_to(fixed[standing], bound.shape), upper=bound)
        self.discharge = np.full((G, K, T, S), -1)
        self.charge = np.full((G, K, T, S), -1)
        stored = np.repeat(running[:, self.stores, :, None], S, axis=3)
        self.discharge[:, self.stores] = p.add_columns("discharge", stored.shape, stored)
        self.charge[:, self.stores] = p.add_columns("charge", stored.shape)
        buildable = self._buildable()
        self.building = p.add_columns("building", (G, K, T), self._building_cost(), upper=buildable)
        self.refits = refits_of(self.study.catalogue, self.keys, self.timing, buildable[0] > 0)
        self.refit = p.add_columns("refit", (G, len(self.refits.target)), self._refit_cost())
        self.chp_heat = p.add_columns("chp_heat", (G, T), np.einsum("tg,t->gt", self.cost[:, :, K], self.weight))
        self.use = p.add_columns("electricity_use", (G, T))
        self.co2 = p.add_columns("net_co2", (G, T), self._carbon_price(), lower=LEAST_CO2)
        self.primary = p.add_columns("primary_energy", (3, T))
        self._add_trade()

    def _add_trade(self) -> None:
        """Product trade beyond the base pattern, within its band: what each place buys in all stays (E10)."""
        self.links, self.moved = None, np.zeros((0, 2, self.T), dtype=int)
        if self.G == 1 or any(r.flows is None for r in self.requirements):
            return
        self.links, p = links_of(self.study.base), self.programme
        most = self.most_moved(self.requirements)
        haulage = self.links.haulage[:, None] * self.weight
        self.moved = p.add_columns("moved_trade", most.shape, np.stack([haulage, 0.0 * haulage], axis=1),
                                   upper=most)
        rows = p.add_rows("bought", (len(goods_of(self.study.base)), self.G, self.T), lower=0.0, upper=0.0)
        for way, sign in ((0, 1.0), (1, -1.0)):
            p.add(rows[self.links.good, self.links.destination], self.moved[:, way], sign)

    def most_moved(self, found: list[Requirements]) -> np.ndarray:
        """(N, 2, T) Mt by which each link may leave the base pattern of years' requirements, up and down."""
        most = self.links.most(band_of(self.study, self.years, self.lived), [r.flows for r in found])
        return np.stack([most, most], axis=1)

    def _building_cost(self) -> np.ndarray:
        rates = self.study.scenario.economics.technology_rates
        cost = np.empty((self.G, self.K, self.T))
        for k, key in enumerate(self.keys):
            weight = self.timing.build_cost(self.life[k], rates.get(key))[1:] * MONEY
            cost[:, k] = self.cost[:, :, self.K + 1 + k].T * weight
        return cost

    def _refit_cost(self) -> np.ndarray:
        """(G, P) of a new plant's money spent on a refit, which serves for the rest of the plant's life."""
        rates, refits = self.study.scenario.economics.technology_rates, self.refits
        cost = np.empty((self.G, len(refits.target)))
        for i, (k, t) in enumerate(zip(refits.target, refits.year, strict=True)):
            weight = self.timing.build_cost(refits.life[i], rates.get(self.keys[k]))[t + 1] * MONEY
            cost[:, i] = self.cost[t, :, self.K + 1 + k] * weight
        return cost

    def _buildable(self) -> np.ndarray:
        upper = np.full((self.G, self.K, self.T), INFINITY)
        for k, key in enumerate(self.keys):
            limit = self.limit.get(key)
            first = self.value(key, "first_year")
            last = None
            if limit is not None:
                first, last = limit.first_year or first, limit.last_build_year or limit.phase_out_year
            for t, year in enumerate(self.years):
                if year < first or (last is not None and year > last):
                    upper[:, k, t] = 0.0
        return upper

    def _carbon_price(self) -> np.ndarray:
        price = self.study.scenario.carbon.price
        if price is None:
            return np.zeros((self.G, self.T))
        first = 0 if price.is_constant else min(price)
        # yuan per tonne = 10^-2 x 10^8 yuan per Mt
        path = np.array([price.at(y) * 1e-2 if y >= first else 0.0 for y in self.years])
        return np.broadcast_to(path * self.weight, (self.G, self.T))

    def add_products(self) -> None:
        """Rows of the condensed requirements: what is made less what is asked for; their slopes are in `matrix`."""
        G, T, p = self.G, self.T, self.programme
        rest = np.stack([r.rest for r in self.requirements])                 # (T, Q)
        Q = len(PLACED) * G
        self.product_rows = p.add_rows("product", rest.shape, lower=rest)
        placed = self.product_rows[:, :Q].reshape(T, len(PLACED), G)
        for q, row in enumerate(PLACED):
            rows = placed[:, q].T                                            # (G, T)
            if row == "electricity":
                p.add(rows, self.use, 1.0)
            elif row == "co2":
                p.add(rows, self.co2, 1.0)
            else:
                for k in self.study.of_product[row]:
                    p.add(rows, self.activity[:, k], 1.0)
                if row == "heat":
                    p.add(rows, self.chp_heat, 1.0)
        p.add(self.product_rows[:, Q:].T, self.primary, 1.0)
        if self.links is not None:
            row_of = np.array([PLACED.index(good) for good in goods_of(self.study.base)])
            rows = placed[:, row_of[self.links.good], self.links.origin].T
            for way, sign in ((0, -1.0), (1, 1.0)):
                p.add(rows, self.moved[:, way], sign)

    def of_nation(self, name: str, columns: np.ndarray, weight=1.0) -> np.ndarray:
        """Positions (...,) of columns that sum others (..., n) with weights; the columns themselves where n is one.

        National rows that tie years together would otherwise have an entry for every place and slice.
        """
        if columns.shape[-1] == 1 and np.ndim(weight) == 0:
            return columns[..., 0]
        total = self.programme.add_columns(name, columns.shape[:-1])
        rows = self.programme.add_rows(name, columns.shape[:-1], lower=0.0, upper=0.0)
        self.programme.add(rows, total, -1.0)
        self.programme.add(rows[..., None], columns, weight)
        return total

    def requirement_columns(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each year, the columns the requirement matrix speaks of: (columns, places in its last two axes)."""
        # in the first year's columns; those of a technology in later years lie a step further each
        columns, places, steps = [], [], []
        place = np.arange(self.G) * (2 * self.K + 1)
        for k in range(self.K):
            sliced = k in self.plants or k in self.stores
            own = (self.generation if k in self.plants else self.discharge)[:, k, 0] if sliced else (
                self.activity[:, k, 0][:, None])
            columns.append(own)
            places.append(np.repeat(place + k, own.shape[1]))
            steps.append(np.full(own.size, self.S if sliced else 1))
        columns += [self.chp_heat[:, 0], self.building[:, :, 0]]
        places += [place + self.K, (place[:, None] + self.K + 1 + np.arange(self.K)).ravel()]
        columns, places = np.concatenate([c.ravel() for c in columns]), np.concatenate(places)
        steps = np.concatenate([*steps, np.ones(len(columns) - sum(map(len, steps)), dtype=int)])
        result = []
        for t in range(self.T):
            refit = np.flatnonzero(self.refits.year == t)
            target = place[:, None] + self.K + 1 + self.refits.target[refit]
            result.append((np.concatenate([columns + t * steps, self.refit[:, refit].ravel()]),
                           np.concatenate([places, target.ravel()])))
        return result
