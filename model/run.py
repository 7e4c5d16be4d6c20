"""One run: a base year and a scenario become results with a certificate (E7-E9, E13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from io_tables.base_year import BaseYear
from io_tables.errors import InputError, NotConverged, Problem
from model import history, ledgers, tables
from model.assumptions import Assumptions, assumptions
from model.economy import TechnologyMix, YearEconomy, mixed, solve_year
from model.energy_accounts import HOUSEHOLD_ELASTICITY, REFINED, EnergyAccounts, YearEnergy
from model.energy_paths import coefficient_factors
from model.macro.final_demand import final_demand
from model.results import Results
from model.technology.catalogue import Catalogue
from model.technology.catalogue import catalogue as shipped_catalogue
from model.technology.columns import base_columns
from model.technology.progress import scenario_catalogue
from model.technology.recipes import buyer_price_factors, recipes
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from model.share_prices import SharePrices

#: Technologies that stay in the provinces where they stand: rivers, coasts, licensed sites.
BOUND = ("hydro", "nuclear", "wind_offshore", "pumped_hydro")
#: Commodities whose origin does not shift with competitiveness: power follows lines.
NOT_SHIFTED = ("electricity",)
#: Which industries sell which fuels: their rows follow the energy accounts.
SELLERS = (
    (("coal",), ("Coal mining",)),
    (("coke", "derived_gas"), ("coke_product",)),
    (("crude_oil", "natural_gas"), ("Oil and gas extraction",)),
    (REFINED, ("refined_fuel",)),
    (("natural_gas",), ("Gas supply",)),
    (("electricity",), ("electricity", "Electricity and heat")),
    (("heat",), ("heat",)),
)
#: Products whose physical output is anchored in the energy accounts, and the fuels whose use drives it.
ENERGY_PRODUCTS = {
    "electricity": ("electricity",),
    "heat": ("heat",),
    "refined_fuel": REFINED,
    "coke_product": ("coke",),
}
#: Discharge of stores is no generation of their own; official hydropower includes pumped storage's, so hydro does.
STORES = ("pumped_hydro", "battery")
#: Years already lived are met to this relative accuracy within this many rounds.
PIN_TOLERANCE, PIN_ROUNDS = 1e-7, 60
HOUSEHOLD_PRODUCTS = ("passenger", "floor_space")


@dataclass(frozen=True)
class Year:
    """One solved year: activity (R, K) and production (R, all products) in physical units, energy and economy."""

    year: int
    economy: YearEconomy
    energy: YearEnergy
    activity: np.ndarray
    production: np.ndarray
    physical_price: np.ndarray


def run(
    base_year: BaseYear,
    scenario: Scenario,
    *,
    progress: Callable[..., None] | None = None,
    catalogue: Catalogue | None = None,
    alternatives: int = 0,
    slack: float = 0.02,
    second_start: bool = False,
) -> Results:
    """Solve every model year and gather the results.

    progress : called after every year where shares are given, as progress(step, number, residual, ...) after every pass
    where technologies are chosen. alternatives : how many near-optimal pathways of the nation, at most `slack`
    (relative) dearer; second_start : solve once more from another start and certify that both agree. Both need a run
    that chooses technologies.
    Raises InputError (scenario does not fit the base year), Infeasible or NotConverged naming year and place.
    """
    if scenario.technology.choice == "optimise":
        # Imported here: the coupled model builds on the studies of this module.
        from model.coupling import solve
        from model.pathway.near_optimal import near_optimal
        from model.second_start import second_start as begun_elsewhere

        adjusted = scenario_catalogue(catalogue or shipped_catalogue(), scenario, base_year.year)
        coupled = solve(base_year, scenario, catalogue=adjusted, resolution=scenario.coupling.resolution,
                        progress=progress)
        if second_start:
            coupled = replace(coupled, other_start=begun_elsewhere(coupled))
        years = list(coupled.years)
        results = tables.gather(coupled.study, years, ledgers.certificate(coupled.study, years, coupled), coupled)
        return replace(results, alternatives=near_optimal(coupled, alternatives, slack)) if alternatives else results
    if alternatives or second_start:
        asked = "near-optimal alternatives" if alternatives else "a second start"
        raise InputError(Problem("technology.choice", f"{asked} need technologies that are chosen, not given by shares",
                                 "add --set technology.choice=optimise"))
    study = study_of(base_year, scenario, catalogue)
    years = solve_years(study, progress)
    return tables.gather(study, years, ledgers.certificate(study, years))


def study_of(base_year: BaseYear, scenario: Scenario, catalogue: Catalogue | None = None) -> Study:
    """The study of a scenario, with its technology progress and costs applied to the catalogue."""
    return Study(base_year, scenario, scenario_catalogue(catalogue or shipped_catalogue(), scenario, base_year.year))


def solve_years(study: Study, progress: Callable[[], None] | None = None) -> list[Year]:
    """All model years in order, technology mixes by the scenario's shares."""
    years: list[Year] = []
    for t in range(len(study.scenario.years)):
        years.append(study.solve(t, years[-1] if years else None))
        if progress:
            progress()
    return years


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
        self.recipes_base = recipes(base, catalogue, self.price_factors, base.year)
        self.columns = base_columns(
            base.domestic_coefficients[:, :, self.industries],
            base.import_coefficients[:, :, self.industries],
            np.divide(abroad, bought, out=np.zeros_like(bought), where=bought > 0),
            self.recipes_base[self.in_industry],
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

    def _own_mixes(self, t: int) -> np.ndarray | None:
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
        household_activity = self._household_activity(t, people, income)
        factors = self._input_factors(per_unit)
        demand = final_demand(
            base,
            assumed.rules[t],
            assumed.gdp[t],
            assumed.growth[t],
            assumed.population[t],
            assumed.urban_population[t],
            self._household_factors(t, per_unit, household_activity, people, income),
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
            None if self._own_mixes(t) is None else self._own_mixes(t)[:, self.in_industry],
        )
        start = before.economy.closed.output if before else base.output
        growth = assumed.gdp[t].sum() / (before.economy.demand.gdp.sum() if before else base.gdp.sum())
        economy = solve_year(
            base,
            year,
            self.columns,
            self.industries,
            mix,
            recipes(base, self.catalogue, self.price_factors, year)[self.in_industry],
            factors,
            assumed.material_use[t] * (self.pinned_material if t else 1.0),
            self.traded,
            demand,
            start * growth,
            before.economy.closed.kappa if before else None,
            min(1e-10, self.scenario.coupling.tolerance),
        )
        return self._physical(t, economy, per_unit, household_activity)

    def _household_activity(self, t: int, people: np.ndarray, income: np.ndarray) -> np.ndarray:
        """(R, K) activity of cars and buildings: people, income and its elasticity, national shares spread."""
        activity = np.zeros_like(self.activity)
        for product in HOUSEHOLD_PRODUCTS:
            own = list(self.of_product.get(product, ()))
            if not own:
                continue
            elasticity = self.scenario.elasticity(product, "households")
            demand = self.activity[:, own].sum(axis=1) * people * income**elasticity
            given = None if self._own_mixes(t) is None else self._own_mixes(t)[:, own]
            shares = mixed(
                self.activity[:, own], np.zeros(len(own), bool), self.assumed.national_shares[t, own], demand, given
            )
            activity[:, own] = shares * demand[:, None]
        return activity

    def _input_factors(self, per_unit: np.ndarray) -> np.ndarray:
        """(R, J, J) multipliers on the energy inputs of every industry that is not a product (E8)."""
        base = self.base
        R, J, S = len(base.regions), len(base.industries), len(base.sectors)
        factors = np.ones((R, J, J))
        change = self._seller_change(self.accounts.residual, per_unit, self.accounts.use)
        for j, sector in enumerate(base.industry_sector):
            e = base.sectors.index(sector)
            if j < S:
                for group, (_, sellers) in enumerate(SELLERS):
                    for seller in sellers:
                        if seller in base.industries:
                            factors[:, base.industries.index(seller), j] = change[:, e, group]
        return factors

    def _seller_change(self, before: np.ndarray, after: np.ndarray, account: np.ndarray) -> np.ndarray:
        """(R, E, groups) multiplier on what is bought from each group of SELLERS."""
        groups = tuple(np.array([self.base.fuels.index(f) for f in fuels]) for fuels, _ in SELLERS)
        return coefficient_factors(before, after, account, groups)

    def _household_factors(
        self, t: int, per_unit: np.ndarray, activity: np.ndarray, people: np.ndarray, income: np.ndarray
    ) -> np.ndarray:
        """(R, 2, J): energy goods that rural and urban households buy, base year 1; NaN for all other goods."""
        base = self.base
        S = len(base.sectors)
        index = (people * income**HOUSEHOLD_ELASTICITY)[:, None, None]
        owned = self.accounts.technology_energy(activity, self.assumed.years[t])
        energy = per_unit * index + self.accounts.by_sector(owned)
        change = self._seller_change(*(a[:, S:] for a in (self.accounts.use, energy, self.accounts.use)))
        factors = np.full((len(base.regions), 2, len(base.industries)), np.nan)
        for group, (_, sellers) in enumerate(SELLERS):
            for seller in sellers:
                if seller in base.industries:
                    factors[:, :, base.industries.index(seller)] = change[:, :, group]
        return factors

    def _physical(self, t: int, economy: YearEconomy, per_unit: np.ndarray, household: np.ndarray) -> Year:
        """Physical output, activity, energy and CO2 from a closed economy."""
        base, year = self.base, self.assumed.years[t]
        x = economy.closed.output
        income = (self.assumed.gdp[t] / self.assumed.population[t]) / (base.gdp / base.population)
        people = self.assumed.population[t] / base.population
        index = self._residual_index(x, people, income)
        own_hydrogen = list(self.of_product.get("hydrogen", ()))
        hydrogen = base.fuels.index("hydrogen")
        mix = self._hydrogen_mix(t, own_hydrogen)
        residual = per_unit * index[:, :, None]
        money = x[:, self.industries] / base.product_price
        activity = household.copy()
        scale = np.ones(len(base.products))
        shares = np.zeros_like(household)
        shares[:, self.in_industry] = economy.shares
        # Products that carry energy are anchored in the energy accounts: what is used must be made. Their own
        # technologies use energy too, so output and use are settled together.
        for _ in range(60):
            previous = scale.copy()
            for p, product in enumerate(base.products):
                own = list(self.of_product.get(product, ()))
                activity[:, own] = shares[:, own] * (money[:, p] * scale[p])[:, None]
            owned = self.accounts.technology_energy(activity, year)
            # Hydrogen is made where it is used.
            made = owned[:, :, hydrogen].sum(axis=1) / self.catalogue.energy_content("hydrogen")
            activity[:, own_hydrogen] = mix * made[:, None]
            owned = self.accounts.technology_energy(activity, year)
            national = residual.sum(axis=(0, 1)) + owned.sum(axis=(0, 1))
            start = self.accounts.use.sum(axis=(0, 1))
            for p, product in enumerate(base.products):
                if product in ENERGY_PRODUCTS:
                    fuels = [base.fuels.index(f) for f in ENERGY_PRODUCTS[product]]
                    use = national[fuels].sum() / start[fuels].sum()
                    made = money[:, p].sum() / base.product_output[:, p].sum()
                    scale[p] = use / made
            if np.abs(scale - previous).max() <= 1e-14:
                break
        energy = self.accounts.year(year, activity, residual, index * self.process_intensity[t])
        return Year(year, economy, energy, activity, money * scale, 1.0 / scale)

    def _hydrogen_mix(self, t: int, own: list[int]) -> np.ndarray:
        """(R, technologies) shares of hydrogen routes: a province's own, the nation's, else the base mix.

        Hydrogen is made where it is used, so mixes of provinces move the nation's.
        """
        target = self.assumed.national_shares[t, own]
        if np.isnan(target).any():
            base = self.national_base[own]
            target = base if base.sum() > 0 else np.eye(len(own))[0]
        mixes, given = np.repeat(target[None], len(self.base.regions), axis=0), self._own_mixes(t)
        return mixes if given is None else np.where(np.isnan(given[:, own]), mixes, given[:, own])

    def process_index_of(self, year: Year) -> np.ndarray:
        """(R, E) index of process CO2 outside the technologies in a solved year."""
        t = self.assumed.years.index(year.year)
        income = (self.assumed.gdp[t] / self.assumed.population[t]) / (self.base.gdp / self.base.population)
        people = self.assumed.population[t] / self.base.population
        return self._residual_index(year.economy.closed.output, people, income) * self.process_intensity[t]

    def _residual_index(self, x: np.ndarray, people: np.ndarray, income: np.ndarray) -> np.ndarray:
        """(R, E) what residual energy follows: the remainder's output, for households people and income."""
        base = self.base
        S = len(base.sectors)
        index = np.ones((len(base.regions), len(base.energy_sectors)))
        member = base.membership
        for e in range(S):
            j = e if base.industries[e] == base.sectors[e] and base.output[:, e].sum() > 0 else None
            now = x[:, j] if j is not None else x @ member[:, e]
            then = base.output[:, j] if j is not None else base.output @ member[:, e]
            nation = now.sum() / then.sum()
            index[:, e] = nation
            np.divide(now, then, out=index[:, e], where=then > 0)
        index[:, S:] = (people * income**HOUSEHOLD_ELASTICITY)[:, None]
        return index

    def generation(self, activity: np.ndarray) -> np.ndarray:
        """(R,) TWh generated."""
        return activity[:, list(self.of_product["electricity"])].sum(axis=1)


def _stock_activity(base: BaseYear, keys: tuple[str, ...]) -> np.ndarray:
    """(R, K) base-year activity by technology from the stock."""
    activity = np.zeros((len(base.regions), len(keys)))
    stock = base.technology_stock
    regions = {r: i for i, r in enumerate(base.regions)}
    technologies = {k: i for i, k in enumerate(keys)}
    rows = stock[stock["technology"].isin(technologies)]
    np.add.at(activity, (rows["region"].map(regions), rows["technology"].map(technologies)), rows["activity"])
    return activity
