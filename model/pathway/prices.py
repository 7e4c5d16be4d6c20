"""Prices of a year and how they move the mix of household consumption (E12).

    p' = p'A^d + p_m'A^m + w' + eps' tau_C

w is nominal primary cost: industries without technologies keep the base year's, technologies pay labour, capital and
scarce resources. Quantities stay those of the year: its real value added is another vector. Prices are relative to
the primary cost of industries without technologies, base year 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from model.energy_purchases import SELLERS
from model.macro.consumption_mix import les_factors
from model.macro.price_system import prices_from_cost, prices_of_use
from model.pathway.carbon_payers import payers, per_output
from model.pathway.unit_costs import Fleets, UnitCosts, nominal_cost
from model.study import Study, Year

#: No step of the outer loop moves purchases of a good by more than this factor.
WIDEST = 20.0
#: A place that buys less than this part of a good counts as one that buys it.
LEAST_PART = 1e-9


#: Consumer prices, base year 1, that the mix follows no lower: on the way, what is paid for removals can turn the
#: price of a small good negative. assumed
LEAST_PRICE = 0.05


@dataclass(frozen=True)
class Mix:
    """(T, R, J) by what prices multiply households' purchases of each good; the volume stays (E7)."""

    factors: np.ndarray

    @staticmethod
    def unmoved(study: Study) -> Mix:
        """All ones."""
        base = study.base
        return Mix(np.ones((len(study.scenario.years), len(base.regions), len(base.industries))))

    def state(self) -> np.ndarray:
        """Years after the first as one vector."""
        return self.factors[1:].ravel()

    def at(self, state: np.ndarray) -> Mix:
        """The same with other later years, within WIDEST of no response: accelerated steps may overshoot."""
        later = np.clip(state, 1.0 / WIDEST, WIDEST).reshape(self.factors[1:].shape)
        return replace(self, factors=np.concatenate([self.factors[:1], later]))

    def of_fuels(self, study: Study, t: int) -> np.ndarray:
        """(R, F) the same for the fuels that households burn: as the good of whoever sells them."""
        base, catalogue = study.base, study.catalogue
        result = np.ones((len(base.regions), len(base.fuels)))
        sold = {fuel for fuels, _ in SELLERS for fuel in fuels}
        for f, fuel in enumerate(base.fuels):
            if fuel in sold and catalogue.commodities[fuel].industry in base.industries:
                result[:, f] = self.factors[t][:, base.industries.index(catalogue.commodities[fuel].industry)]
        return result


@dataclass(frozen=True)
class Market:
    """What a year is paid for beside goods. carbon (R,) 10^8 yuan per Mt; imports (J,) prices of imported goods;
    fleets : None where capacities are not known; rent (R, K) for scarce resources per unit of activity."""

    carbon: np.ndarray
    imports: np.ndarray
    fleets: Fleets | None
    rent: np.ndarray


def base_market(study: Study, fleets: Fleets | None) -> Market:
    """The base year: nothing is scarce."""
    base = study.base
    return Market(np.zeros(len(base.regions)), np.ones(len(base.industries)), fleets, np.zeros(study.activity.shape))


def import_prices(study: Study, year: float) -> np.ndarray:
    """(J,) prices of imported goods, base year 1: those of the fuels the scenario names, by what the nation uses."""
    return study.once(_import_prices, year)


def _import_prices(study: Study, year: float) -> np.ndarray:
    base, catalogue = study.base, study.catalogue
    paths = study.scenario.economics.import_prices
    result = np.ones(len(base.industries))
    for i, industry in enumerate(base.industries):
        sold = [f for f in base.fuels if f in catalogue.commodities and _seller(study, f) == industry]
        if any(f in paths for f in sold):
            value = np.array([study.accounts.use[:, :, base.fuels.index(f)].sum() * _unit_price(study, f)
                              for f in sold])
            index = np.array([paths[f].at(year) if f in paths else 1.0 for f in sold])
            result[i] = float(value @ index / value.sum()) if value.sum() > 0 else 1.0
    return result


def _seller(study: Study, fuel: str) -> str:
    """Industry in whose imports a fuel comes: natural gas with oil, all else as its seller in China."""
    if fuel == "natural_gas":
        return study.catalogue.commodities["crude_oil"].industry
    return study.catalogue.commodities[fuel].industry


def _unit_price(study: Study, fuel: str) -> float:
    """10^8 yuan per PJ at catalogue prices."""
    commodity = study.catalogue.commodities[fuel]
    return commodity.price / study.catalogue.energy_content(fuel)


@dataclass(frozen=True)
class Prices:
    """Prices of a year, base year 1; R provinces, J goods. Money 10^8 yuan.

    made (R, J) where a good is made; used (R, J) Chinese goods where they are used; consumer (R, J) what households
    pay, imports and carbon price on the fuel they burn included. cost (R, J) nominal primary cost per unit of output;
    carbon (R, J) carbon payments of industries per unit of output.
    living (R,) cost of living, consumer prices over the goods bought. tonne (R,) price of CO2, 10^8 yuan per Mt.
    charged (R, J), households (R,), removed (R,) : carbon payments of industries, of households, and to whoever takes
    CO2 from the air; rents (R,) paid for scarce resources.
    """

    made: np.ndarray
    used: np.ndarray
    consumer: np.ndarray
    imports: np.ndarray
    cost: np.ndarray
    carbon: np.ndarray
    living: np.ndarray
    tonne: np.ndarray
    charged: np.ndarray
    households: np.ndarray
    removed: np.ndarray
    rents: np.ndarray

    @property
    def revenue(self) -> np.ndarray:
        """(R,) carbon and scarcity revenue returned lump-sum to the households of the province that paid it.

        What is paid for taking CO2 from the air comes out of it.
        """
        return self.charged.sum(axis=1) + self.households - self.removed + self.rents


def prices_of(costs: UnitCosts, year: Year, market: Market, start: np.ndarray | None = None) -> Prices:
    """Prices of a solved year. Raises NotConverged."""
    study, e = costs.study, year.economy
    x = e.closed.output
    now = costs.primary(year.year, year.activity, year.production, market.fleets, market.rent)
    cost = nominal_cost(study, e.shares, now, costs.base_primary(market.fleets is not None))
    paying = payers(study, year, study.scenario.carbon.scope)
    tau = market.carbon[:, None]
    carbon = per_output(tau * paying.industries, x)
    made = prices_from_cost(e.domestic, e.imported, e.closed.trade_shares, cost + carbon, market.imports, start=start)
    used = prices_of_use(made, e.closed.trade_shares)
    fuel = tau * paying.households
    consumer, bought = _consumer(study, year, used, market.imports, fuel)
    spending = (consumer * bought).sum(axis=1)
    return Prices(
        made, used, consumer, market.imports, cost, carbon, spending / bought.sum(axis=1), market.carbon,
        charged=carbon * x, households=fuel.sum(axis=1), removed=market.carbon * paying.removed,
        rents=(market.rent * year.activity).sum(axis=1),
    )


def _consumer(study: Study, year: Year, used: np.ndarray, imports: np.ndarray, fuel: np.ndarray):
    """(R, J) prices households pay, and what they buy at base prices; fuel (R, F) their carbon payments."""
    base, d, chi = study.base, year.economy.demand, year.economy.closed.chi
    home, abroad = chi * d.consumption, chi * d.consumption_imports
    bought = home + abroad
    price = np.divide(home * used + abroad * imports, bought, out=used.copy(), where=bought > 0)
    paid = np.zeros_like(bought)
    for fuels, sellers in SELLERS:
        own = [base.industries.index(s) for s in sellers if s in base.industries]
        amount = sum(fuel[:, [base.fuels.index(f)]] * _part(study, bought, f, own) for f in fuels)
        total = bought[:, own].sum(axis=1, keepdims=True)
        paid[:, own] += np.divide(bought[:, own], total, out=np.zeros_like(bought[:, own]), where=total > 0) * amount
    return price + np.divide(paid, bought, out=np.zeros_like(paid), where=bought > 0), bought


def _part(study: Study, bought: np.ndarray, fuel: str, own: list[int]) -> np.ndarray:
    """(R, 1) part of a fuel that a group of sellers sells to households, by what they buy."""
    base = study.base
    all_sellers = [base.industries.index(s) for fuels, sellers in SELLERS if fuel in fuels
                   for s in sellers if s in base.industries]
    total = bought[:, all_sellers].sum(axis=1, keepdims=True)
    return np.divide(bought[:, own].sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)


def mix_scale(years: list[Year]) -> np.ndarray:
    """What a factor of the mix counts against, in the order of `Mix.state`: purchases of a good by the nation over the
    place's. Changes are then relative to the national total, as those of technologies are.
    """
    bought = np.stack([y.economy.demand.consumption + y.economy.demand.consumption_imports for y in years[1:]])
    part = np.divide(bought, bought.sum(axis=1, keepdims=True), out=np.zeros_like(bought), where=bought > 0)
    return (1.0 / np.maximum(part, LEAST_PART)).ravel()


def mix_of(study: Study, t: int, year: Year, prices: Prices, mix: Mix) -> np.ndarray:
    """(R, J) factors on household purchases that the prices of a year ask for; mix : what the year was solved with."""
    d, chi = year.economy.demand, year.economy.closed.chi
    bought = chi * (d.consumption + d.consumption_imports)
    followed = np.maximum(prices.consumer, LEAST_PRICE)
    return les_factors(followed, bought / mix.factors[t], study.assumed.rules[t].income_elasticity,
                       study.scenario.demand.free_share)


@dataclass(frozen=True)
class Response:
    """Prices of every year, the mix of consumption they ask for, and the costs they were found with."""

    prices: tuple[Prices, ...]
    mix: Mix
    costs: UnitCosts


def respond(study: Study, years: list[Year], markets: list[Market], mix: Mix,
            before: Response | None = None) -> Response:
    """Prices of solved years (the first is the base year) and the mapped mix: one half-step of the outer loop (E12).

    mix : what the years were solved with; before : where prices start from. With `demand.price_response: none` the
    mix stays.
    """
    costs = before.costs if before else UnitCosts(study)
    found, factors = [], mix.factors.copy()
    for t, year in enumerate(years):
        start = before.prices[t].made if before else None
        found.append(prices_of(costs, year, markets[t], start))
        if t and study.scenario.demand.price_response != "none":
            factors[t] = mix_of(study, t, year, found[t], mix)
    return Response(tuple(found), Mix(factors), costs)
