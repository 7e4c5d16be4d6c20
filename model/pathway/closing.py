"""A year of the economy at a given choice of technologies (E7, E8): the economic half of the outer loop (E12)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from io_tables.base_year import FINAL_CATEGORIES
from io_tables.units import PJ_PER_TWH
from model import history
from model.economy import YearEconomy, solve_year
from model.energy_accounts import YearEnergy
from model.energy_purchases import household_factors, input_factors
from model.macro.closure import Demand
from model.macro.final_demand import final_demand
from model.pathway.choice import STORAGE, Choice, base_building
from model.pathway.prices import Mix
from model.pathway.product_trade import industries_of
from model.physical_year import ENERGY_PRODUCTS, HOUSEHOLD_PRODUCTS, Year, residual_index
from model.study import Study

_FIXED = FINAL_CATEGORIES.index("fixed capital")
POWER = "Electricity and heat"


@dataclass(frozen=True)
class GivenShares:
    """Technology shares (R, K) that do not depend on outputs."""

    given: np.ndarray

    def shares(self, output: np.ndarray) -> np.ndarray:
        """The given shares, whatever the outputs (R, P)."""
        return self.given


@dataclass(frozen=True)
class Pins:
    """Multipliers by which years already lived meet statistics: material (T, J), electricity (T,)."""

    material: np.ndarray
    electricity: np.ndarray
    miss: float = 0.0


def no_pins(study: Study) -> Pins:
    """All ones."""
    T = len(study.scenario.years)
    return Pins(np.ones((T, len(study.base.industries))), np.ones(T))


class Economy:
    """The economy of every model year as a function of the choice of technologies."""

    def __init__(self, study: Study, *, lines: bool):
        """lines : whether losses between provinces are explicit (they then leave the residual of the power sector)."""
        self.study, base = study, study.base
        self._read: dict[int, tuple[dict[str, float], float | None]] = {}
        #: What a unit of each technology pays in a year, found once (`requirements_of_year`).
        self.paid_by_units: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.power = base.energy_sectors.index(POWER) if POWER in base.energy_sectors else 0
        self.electricity = base.fuels.index("electricity")
        use = study.accounts.use[:, :, self.electricity].sum(axis=1) / PJ_PER_TWH
        self.base_use = use
        # Generation and use of the base year differ by what its statistics leave; the ratio is kept.
        self.supply_ratio = float(generated(study, study.activity).sum() / use.sum())
        self.line_loss_kept = np.ones(len(base.regions))
        if lines:
            residual = study.accounts.residual[:, self.power, self.electricity] / PJ_PER_TWH
            lost = base_line_losses(study, use)
            self.line_loss_kept = 1.0 - np.divide(np.minimum(lost, residual), residual, out=np.zeros_like(lost),
                                                  where=residual > 0)
        self.base_investment = self.technology_investment(base_building(study), base.year)

    def technology_investment(self, building: np.ndarray, year: float) -> np.ndarray:
        """(R, J) what industries' additions (R, K) a year buy, 10^8 yuan."""
        study = self.study
        return building @ study.once(investment_recipes, year)

    def year(self, t: int, choice: Choice, guess: Year | None, pins: Pins, tolerance: float = 1e-10,
             mix: Mix | None = None) -> Year:
        """The year at a choice, started from a guess of the same or the year before it.

        mix : by what prices move household purchases (E12), and with them the fuel that households burn outside
        cars and buildings; None is no response.
        """
        study, base, assumed = self.study, self.study.base, self.study.assumed
        year = assumed.years[t]
        income = (assumed.gdp[t] / assumed.population[t]) / (base.gdp / base.population)
        people = assumed.population[t] / base.population
        even = np.ones((len(base.regions), len(base.energy_sectors)))
        per_unit = study.accounts.residual_use(even, assumed.efficiency[t], assumed.non_electric_kept[t])
        per_unit[:, :, self.electricity] *= pins.electricity[t]
        if t:
            per_unit[:, self.power, self.electricity] *= self.line_loss_kept
        if mix is not None:
            per_unit[:, len(base.sectors):] *= mix.of_fuels(study, t)[:, None]
        household = self._households(t, choice, people, income)
        demand = final_demand(
            base, assumed.rules[t], assumed.gdp[t], assumed.growth[t], assumed.population[t],
            assumed.urban_population[t], household_factors(study, t, per_unit, household, people, income),
            None if mix is None else mix.factors[t],
        )
        demand = self._invested(t, demand, choice.building[t])
        start = guess.economy.closed.output if guess else base.output
        if guess and guess.year != year:
            start = start * (assumed.gdp[t].sum() / assumed.gdp[assumed.years.index(guess.year)].sum())
        table, shares = base, base.trade_shares.copy()
        if choice.electricity_shares is not None and t:
            shares[base.industries.index("electricity")] = choice.electricity_shares[t]
            table = replace(base, trade_shares=shares)
        if choice.product_shares is not None and t:
            shares[industries_of(base)] = choice.product_shares[t]
            table = replace(base, trade_shares=shares)
        economy = solve_year(
            table, year, study.columns, study.industries, GivenShares(self.shares(t, choice)),
            study.recipes(year)[study.in_industry],
            input_factors(study, per_unit), assumed.material_use[t] * pins.material[t], study.traded, demand, start,
            guess.economy.closed.kappa if guess else None, tolerance,
        )
        return self._physical(t, economy, per_unit, household, choice)

    def _households(self, t: int, choice: Choice, people, income) -> np.ndarray:
        """(R, K) activity of cars and buildings: demand by people and income, mix as chosen."""
        study = self.study
        activity = np.zeros_like(study.activity)
        for product in HOUSEHOLD_PRODUCTS:
            own = list(study.of_product.get(product, ()))
            if own:
                demand = household_demand(study, product, own, people, income)
                chosen = choice.activity[t][:, own]
                activity[:, own] = _parts(chosen, study.activity[:, own]) * demand[:, None]
        return activity

    def shares(self, t: int, choice: Choice) -> np.ndarray:
        """(R, K in industries) share of each technology in its industry's output."""
        study, base = self.study, self.study.base
        if t == 0:
            return study.base_shares[:, study.in_industry]
        result = np.zeros_like(study.activity)
        for p, product in enumerate(base.products):
            own = list(study.of_product.get(product, ()))
            chosen = choice.activity[t][:, own]
            parts = _parts(chosen, study.activity[:, own])
            covered = study.covered[:, p]
            if product == "heat":
                made = chosen.sum(axis=1)
                total = made + choice.chp_heat[t]
                covered = np.divide(made, total, out=covered.copy(), where=total > 0)
            result[:, own] = parts * covered[:, None]
        return result[:, study.in_industry]

    def _invested(self, t: int, demand: Demand, building: np.ndarray) -> Demand:
        """Technology investment takes its place inside total investment, which keeps its total (E7)."""
        study, base, assumed = self.study, self.study.base, self.study.assumed
        if t == 0:
            return demand
        rules = assumed.rules[t]
        scale = assumed.gdp[t] / base.gdp * rules.investment_factor
        if rules.investment == "capital":
            scale = scale * (rules.depreciation + assumed.growth[t]) / (rules.depreciation + rules.base_growth)
        both = base.final_use[:, :, _FIXED] + base.final_imports[:, :, _FIXED]
        other = np.maximum(both - self.base_investment, 0.0)
        mix = other / other.sum(axis=1, keepdims=True)
        technology = self.technology_investment(building, study.assumed.years[t])
        total = both.sum(axis=1) * np.maximum(scale, 0.0)
        left = np.maximum(total - technology.sum(axis=1), 0.0)
        abroad = self.investment_import_share
        goods = left[:, None] * mix + technology
        before = base.final_use[:, :, _FIXED] * np.maximum(scale, 0.0)[:, None]
        before_imports = base.final_imports[:, :, _FIXED] * np.maximum(scale, 0.0)[:, None]
        return replace(demand, fixed=demand.fixed - before + goods * (1 - abroad),
                       fixed_imports=demand.fixed_imports - before_imports + goods * abroad)

    @property
    def investment_import_share(self) -> np.ndarray:
        """(R, J) part of each investment good that comes from abroad."""
        base = self.study.base
        home, abroad = base.final_use[:, :, _FIXED], base.final_imports[:, :, _FIXED]
        both = home + abroad
        return np.divide(abroad, both, out=np.zeros_like(both), where=both > 0)

    def _physical(self, t: int, economy: YearEconomy, per_unit, household, choice: Choice) -> Year:
        """Activity, energy and CO2. Power and heat run as chosen, other products follow the economy's output."""
        study, base, year = self.study, self.study.base, self.study.assumed.years[t]
        x = economy.closed.output
        index = self._index(t, x)
        residual = per_unit * index[:, :, None]
        if t:
            residual[:, self.power, self.electricity] += choice.net_losses[t] / self.supply_ratio * PJ_PER_TWH
        money = x[:, study.industries] / base.product_price
        activity, production = household.copy(), money.copy()
        shares = np.zeros_like(household)
        shares[:, study.in_industry] = economy.shares
        for p, product in enumerate(base.products):
            own = list(study.of_product.get(product, ()))
            if product in ("electricity", "heat") and t:
                activity[:, own] = choice.activity[t][:, own]
                extra = choice.chp_heat[t] if product == "heat" else 0.0
                made = generated(study, activity) if product == "electricity" else activity[:, own].sum(axis=1)
                production[:, p] = made + extra
            elif product not in ENERGY_PRODUCTS or t == 0:
                activity[:, own] = shares[:, own] * money[:, p, None]
        free = [k for product in ("hydrogen", "co2_removal") for k in study.of_product.get(product, ())]
        activity[:, free] = choice.activity[t][:, free] if t else 0.0
        if t:
            self._fuels(year, activity, production, shares, money, residual)
        else:
            activity = np.where(study.activity > 0, study.activity, activity)
        energy = study.accounts.year(year, activity, residual, index * study.process_intensity[t])
        price = np.divide(money, production, out=np.ones_like(money), where=production > 0)
        return Year(year, economy, self._stored(energy, activity, year), activity, production, price)

    def _fuels(self, year, activity, production, shares, money, residual) -> None:
        """Refined fuel and coke are made as they are used (national ratio of the base year); they use fuel too."""
        study, base = self.study, self.study.base
        start = study.accounts.use.sum(axis=(0, 1))
        anchored = [(p, [base.fuels.index(f) for f in ENERGY_PRODUCTS[product]])
                    for p, product in enumerate(base.products) if product in ("refined_fuel", "coke_product")]
        for _ in range(60):
            change = 0.0
            used = residual.sum(axis=(0, 1)) + study.accounts.technology_energy(activity, year).sum(axis=(0, 1))
            for p, fuels in anchored:
                own = list(study.of_product[base.products[p]])
                goal = used[fuels].sum() / start[fuels].sum() * base.product_output[:, p].sum()
                new = money[:, p] * (goal / money[:, p].sum())
                change = max(change, float(np.abs(new - production[:, p]).max()) / goal)
                production[:, p] = new
                activity[:, own] = shares[:, own] * new[:, None]
            if change <= 1e-14:
                break

    def _stored(self, energy: YearEnergy, activity: np.ndarray, year: float) -> YearEnergy:
        """Captured CO2 counts when it is stored: air capture adds, what is used again does not count."""
        study = self.study
        added = removal(study, activity, year)
        sector = study.base.energy_sectors.index("Chemicals")
        captured = energy.captured.copy()
        captured[:, sector] += added
        return replace(energy, captured=captured)

    def _index(self, t: int, x: np.ndarray) -> np.ndarray:
        study, base = self.study, self.study.base
        income = (study.assumed.gdp[t] / study.assumed.population[t]) / (base.gdp / base.population)
        return residual_index(study, x, study.assumed.population[t] / base.population, income)

    def _statistics(self, year: int) -> tuple[dict[str, float], float | None]:
        """Growth of products and of electricity use since the base year, read once."""
        if year not in self._read:
            base = self.study.base
            self._read[year] = history.product_growth(base, year), history.electricity_growth(base, year)
        return self._read[year]

    def pinned(self, years: list[Year], pins: Pins) -> Pins:
        """Move the use of materials and electricity of lived years towards statistics; later years keep the last."""
        study, base = self.study, self.study.base
        material, electricity, worst = pins.material.copy(), pins.electricity.copy(), 0.0
        if study.scenario.technology.history != "pinned":
            return pins
        for t, year in enumerate(years):
            if t == 0:
                continue
            wanted, growth = self._statistics(year.year)
            if not wanted and growth is None:
                material[t], electricity[t] = material[t - 1], electricity[t - 1]
                continue
            for product, ratio in wanted.items():
                p = base.products.index(product)
                miss = ratio * base.product_output[:, p].sum() / year.production[:, p].sum()
                material[t, study.industries[p]] *= miss
                worst = max(worst, abs(miss - 1.0))
            if growth is not None:
                e = self.electricity
                goal = growth * study.accounts.use[:, :, e].sum()
                miss = goal - year.energy.use[:, :, e].sum()
                electricity[t] *= 1.0 + miss / year.energy.residual[:, :, e].sum()
                worst = max(worst, abs(miss) / goal)
        return Pins(material, electricity, worst)


def household_demand(study: Study, product: str, own, people, income) -> np.ndarray:
    """(R,) demand for a household product: base demand by people and income."""
    elasticity = study.scenario.elasticity(product, "households")
    return study.activity[:, own].sum(axis=1) * people * income**elasticity


def generated(study: Study, activity: np.ndarray) -> np.ndarray:
    """(...,) TWh made, storage apart."""
    own = [k for k in study.of_product["electricity"] if study.keys[k] not in STORAGE]
    return activity[..., own].sum(axis=-1)


def removal(study: Study, activity: np.ndarray, year: float) -> np.ndarray:
    """(R,) Mt CO2 taken from the air less what captured CO2 is used again."""
    return activity @ study.once(_removed_by_unit, year)


def _removed_by_unit(study: Study, year: float) -> np.ndarray:
    """(K,) Mt CO2 that a unit of activity takes from the air less what captured CO2 it uses."""
    catalogue = study.catalogue
    return np.array([float(catalogue.product(key) == "co2_removal")
                     - catalogue.inputs(key, year).get("captured_co2", 0.0) for key in study.keys])


def base_line_losses(study: Study, use: np.ndarray) -> np.ndarray:
    """(R,) TWh lost on lines into each province in the base year: its inflow at the mean loss of all lines."""
    from model.pathway.places import line_losses

    base = study.base
    lines = base.tables["transmission_lines"]
    mean = float(np.average(line_losses(lines, study.scenario), weights=lines["capacity"].to_numpy(float)))
    shares = base.trade_shares[base.industries.index("electricity")]
    return (1.0 - np.diag(shares)) * use * mean


def investment_recipes(study: Study, year: float) -> np.ndarray:
    """(K, J) purchases per unit of capacity built by industries, 10^8 yuan; households' purchases are consumption."""
    base = study.base
    table = np.zeros((len(study.keys), len(base.industries)))
    for k, key in enumerate(study.keys):
        if study.catalogue.technology(key).investor == "industry":
            for industry, money in study.catalogue.investment_inputs(key, year).items():
                if industry in base.industries:
                    table[k, base.industries.index(industry)] += money
    return table


def _parts(chosen: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Rows summing to one: the chosen mix, the base mix where nothing is chosen, zero where there is neither."""
    chosen = np.maximum(chosen, 0.0)
    rows = np.where(chosen.sum(axis=1, keepdims=True) > 0, chosen, fallback)
    total = rows.sum(axis=1, keepdims=True)
    nation = chosen.sum(axis=0)
    even = nation / nation.sum() if nation.sum() > 0 else np.zeros(len(nation))
    return np.where(total > 0, rows / np.where(total > 0, total, 1.0), even)

