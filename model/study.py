"""A base year and a scenario made ready, and each model year solved on them (E7-E9)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from io_tables.base_year import BaseYear
from io_tables.errors import NotConverged
from model import history
from model.assumptions import Assumptions, assumptions
from model.economy import TechnologyMix, solve_year
from model.energy_accounts import EnergyAccounts
from model.energy_purchases import household_factors, input_factors
from model.macro.final_demand import final_demand
from model.physical_year import Year, household_activity, physical
from model.technology.catalogue import Catalogue
from model.technology.columns import base_columns
from model.technology.recipes import buyer_price_factors, recipes
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from model.share_prices import SharePrices

T = TypeVar("T")

#: Technologies that stay in the provinces where they stand: rivers, coasts, licensed sites.
BOUND = ("hydro", "nuclear", "wind_offshore", "pumped_hydro")
#: Commodities whose origin does not shift with competitiveness: power follows lines.
NOT_SHIFTED = ("electricity",)
#: Discharge of stores is no generation of their own; official hydropower includes pumped storage's, so hydro does.
STORES = ("pumped_hydro", "battery")
#: Years already lived are met to this relative accuracy within this many rounds.
PIN_TOLERANCE, PIN_ROUNDS = 1e-7, 60


class Study:
    """A base year and a scenario made ready: what does not change between the years is computed once."""

    def __init__(self, base: BaseYear, scenario: Scenario, catalogue: Catalogue):
        self.base, self.scenario, self.catalogue, self.keys = base, scenario, catalogue, catalogue.keys
        self.products = tuple(dict.fromkeys(catalogue.product(k) for k in self.keys))
        self.of_product = {
            product: tuple(k for k, key in enumerate(self.keys) if catalogue.product(key) == product)
            for product in self.products
        }
        self.activity = _stock_activity(base, self.keys)
        self.activity[:, self.keys.index("hydro")] += self.activity[:, self.keys.index("pumped_hydro")]
        self.activity[:, [self.keys.index(store) for store in STORES]] = 0.0
        self.industries = np.array([base.industries.index(p) for p in base.products])
        self.base_shares, self.covered = self._base_shares()
        national = self._national_base_shares()
        self.assumed: Assumptions = assumptions(base, scenario, self.keys, self.of_product, national,
                                                self._base_mixes())
        self.national_base = national
        self.accounts = EnergyAccounts(base, catalogue, self.activity)
        self.process_intensity = self.accounts.process_intensity(self.assumed.efficiency)
        self.price_factors = buyer_price_factors(base, catalogue, self.activity)
        inputs = base.domestic_coefficients + base.import_coefficients
        bought = np.einsum("sij,sj->si", inputs, base.output)
        abroad = np.einsum("sij,sj->si", base.import_coefficients, base.output)
        position = {product: p for p, product in enumerate(base.products)}
        product_of = np.array([position.get(catalogue.product(k), -1) for k in self.keys])
        self.in_industry = np.flatnonzero(product_of >= 0)
        self._known: dict[Callable, dict[float, object]] = {}
        self.columns = base_columns(
            base.domestic_coefficients[:, :, self.industries],
            base.import_coefficients[:, :, self.industries],
            np.divide(abroad, bought, out=np.zeros_like(bought), where=bought > 0),
            self.recipes(base.year)[self.in_industry],
            product_of[self.in_industry],
            self.base_shares[:, self.in_industry],
        )
        #: What statistics of the years already lived did to the use of materials and of electricity.
        self.pinned_material, self.pinned_electricity = np.ones(len(base.industries)), 1.0
        home = np.eye(len(base.regions), dtype=bool)
        self.traded = np.array(
            [
                name not in NOT_SHIFTED and bool((base.trade_shares[j][~home] > 0).any())
                for j, name in enumerate(base.industries)
            ]
        )

    def once(self, find: Callable[[Study, float], T], year: float) -> T:
        """What `find(study, year)` gives, found once: constants of a year, not to be changed by who asks."""
        known = self._known.setdefault(find, {})
        if year not in known:
            known[year] = find(self, year)
        return known[year]

    def recipes(self, year: float) -> np.ndarray:
        """(K, J) money inputs per 10^8 yuan of product (E8)."""
        return self.once(_recipes, year)

    def _base_shares(self) -> tuple[np.ndarray, np.ndarray]:
        """(R, K) share of each technology in its industry's output, and (R, P) what they cover together."""
        shares = np.zeros_like(self.activity)
        covered = np.zeros((len(self.base.regions), len(self.base.products)))
        for p, product in enumerate(self.base.products):
            own = list(self.of_product.get(product, ()))
            output = self.base.product_output[:, p, None]
            found = np.divide(self.activity[:, own], output, out=np.zeros((len(output), len(own))), where=output > 0)
            total = found.sum(axis=1, keepdims=True)
            shares[:, own] = found / np.maximum(total, 1.0)
            covered[:, p] = shares[:, own].sum(axis=1)
        return shares, covered

    def _national_base_shares(self) -> np.ndarray:
        totals = self.activity.sum(axis=0)
        shares = np.zeros(len(self.keys))
        for own in self.of_product.values():
            total = totals[list(own)].sum()
            if total > 0:
                shares[list(own)] = totals[list(own)] / total
        return shares

    @cached_property
    def prices(self) -> SharePrices:
        """Prices and the mix of consumption where shares are given (E12)."""
        # Imported here: prices build on the studies of this module.
        from model.share_prices import SharePrices

        return SharePrices(self)

    def solve(self, t: int, before: Year | None) -> Year:
        """Solve model year number `t`, starting from the year before it; years already lived meet statistics."""
        if not self._reacting(t):
            return self._pinned(t, before)
        if t > 1:
            # the mix of the year before is near
            self.prices.mix.factors[t] = self.prices.mix.factors[t - 1]
        year = self._pinned(t, before)
        return self.prices.settled(t, year, lambda guess: self._pinned(t, guess))

    def _base_mixes(self) -> np.ndarray:
        """(R, K) mix of each product in each province, base year; the nation's where nothing is made."""
        mixes = np.zeros_like(self.activity)
        for own in self.of_product.values():
            made = self.activity[:, list(own)]
            total, nation = made.sum(axis=1, keepdims=True), made.sum()
            even = made.sum(axis=0) / nation if nation > 0 else np.full(len(own), 1.0 / len(own))
            mixes[:, list(own)] = np.where(total > 0, made / np.where(total > 0, total, 1.0), even)
        return mixes

    def own_mixes(self, t: int) -> np.ndarray | None:
        """(R, K) mixes provinces have of their own in a year."""
        found = self.assumed.provincial_shares
        return None if found is None or t == 0 else found[t]

    def _reacting(self, t: int) -> bool:
        """Whether consumption answers to prices here; with the programme its own loop sees to it."""
        return t > 0 and self.scenario.technology.choice != "optimise" and self.prices.reacting

    def _pinned(self, t: int, before: Year | None) -> Year:
        """The year, its use of materials and electricity moved until statistics of lived years are met."""
        year = self._solve(t, before)
        if t == 0 or self.scenario.technology.history != "pinned":
            return year
        wanted = history.product_growth(self.base, year.year)
        electricity = history.electricity_growth(self.base, year.year)
        if not wanted and electricity is None:
            return year
        for _ in range(PIN_ROUNDS):
            miss = self._pin(year, wanted, electricity)
            if miss <= PIN_TOLERANCE:
                break
            year = self._solve(t, year)
        else:
            raise NotConverged(f"meeting the statistics of {year.year}", miss, PIN_TOLERANCE, PIN_ROUNDS)
        return year

    def _pin(self, year: Year, wanted: dict[str, float], electricity: float | None) -> float:
        """Move the use of materials and of electricity towards statistics; returns the largest relative miss."""
        misses = []
        for product, growth in wanted.items():
            p = self.base.products.index(product)
            ratio = growth * self.base.product_output[:, p].sum() / year.production[:, p].sum()
            self.pinned_material[self.industries[p]] *= ratio
            misses.append(abs(ratio - 1.0))
        if electricity is not None:
            e = self.accounts.electricity
            goal = electricity * self.accounts.use[:, :, e].sum()
            miss = goal - year.energy.use[:, :, e].sum()
            self.pinned_electricity *= 1.0 + miss / year.energy.residual[:, :, e].sum()
            misses.append(abs(miss) / goal)
        return max(misses)

    def _solve(self, t: int, before: Year | None) -> Year:
        base, assumed = self.base, self.assumed
        year = assumed.years[t]
        income = (assumed.gdp[t] / assumed.population[t]) / (base.gdp / base.population)
        people = assumed.population[t] / base.population
        efficiency, kept = assumed.efficiency[t], assumed.non_electric_kept[t]
        even = np.ones((len(base.regions), len(base.energy_sectors)))
        per_unit = self.accounts.residual_use(even, efficiency, kept)
        per_unit[:, :, self.accounts.electricity] *= self.pinned_electricity if t else 1.0
        mix = None
        if self._reacting(t):
            mix = self.prices.mix.factors[t]
            per_unit[:, len(base.sectors) :] *= self.prices.mix.of_fuels(self, t)[:, None]
        household = household_activity(self, t, people, income)
        factors = input_factors(self, per_unit)
        demand = final_demand(
            base,
            assumed.rules[t],
            assumed.gdp[t],
            assumed.growth[t],
            assumed.population[t],
            assumed.urban_population[t],
            household_factors(self, t, per_unit, household, people, income),
            mix,
        )
        own = [
            np.array([i for i, k in enumerate(self.in_industry) if k in self.of_product.get(p, ())], dtype=int)
            for p in base.products
        ]
        mix = TechnologyMix(
            tuple(own),
            self.covered,
            self.base_shares[:, self.in_industry],
            np.array([self.keys[k] in BOUND for k in self.in_industry]),
            assumed.national_shares[t, self.in_industry],
            None if self.own_mixes(t) is None else self.own_mixes(t)[:, self.in_industry],
        )
        start = before.economy.closed.output if before else base.output
        growth = assumed.gdp[t].sum() / (before.economy.demand.gdp.sum() if before else base.gdp.sum())
        economy = solve_year(
            base,
            year,
            self.columns,
            self.industries,
            mix,
            self.recipes(year)[self.in_industry],
            factors,
            assumed.material_use[t] * (self.pinned_material if t else 1.0),
            self.traded,
            demand,
            start * growth,
            before.economy.closed.kappa if before else None,
            min(1e-10, self.scenario.coupling.tolerance),
        )
        return physical(self, t, economy, per_unit, household)

    def generation(self, activity: np.ndarray) -> np.ndarray:
        """(R,) TWh generated."""
        return activity[:, list(self.of_product["electricity"])].sum(axis=1)


def _recipes(study: Study, year: float) -> np.ndarray:
    return recipes(study.base, study.catalogue, study.price_factors, year)


def _stock_activity(base: BaseYear, keys: tuple[str, ...]) -> np.ndarray:
    """(R, K) base-year activity by technology from the stock."""
    activity = np.zeros((len(base.regions), len(keys)))
    stock = base.technology_stock
    regions = {r: i for i, r in enumerate(base.regions)}
    technologies = {k: i for i, k in enumerate(keys)}
    rows = stock[stock["technology"].isin(technologies)]
    np.add.at(activity, (rows["region"].map(regions), rows["technology"].map(technologies)), rows["activity"])
    return activity
