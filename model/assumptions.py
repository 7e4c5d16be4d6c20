"""What a scenario says, as arrays by model year: growth, structure, efficiency, electrification, shares, sinks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables import classification
from io_tables.base_year import FINAL_CATEGORIES, BaseYear
from io_tables.errors import InputError
from model.macro.final_demand import DemandRules, base_trade_balance
from scenarios import growth
from scenarios.schema import Scenario

#: Growth of the capital stock that base-year investment served: average real growth 2016-2019. assumed
BASE_GROWTH = 0.065
_GOVERNMENT, _FIXED = FINAL_CATEGORIES.index("government"), FINAL_CATEGORIES.index("fixed capital")


@dataclass(frozen=True)
class Assumptions:
    """Arrays over T model years, R regions, E energy sectors (S + households), F fuels, J industries, K technologies.

    gdp, population, urban_population (T, R); growth (T, R) yearly rate around each year; rules : one per year;
    efficiency (T, E, F) index, base year 1; non_electric_kept (T, E), 1 where nothing is electrified;
    material_use (T, J);
    national_shares (T, K), NaN where a product keeps its base mix; sinks (T, R) Mt CO2. provincial_shares (T, R, K),
    NaN where a province has no mix of its own; None where none has.
    """

    years: tuple[int, ...]
    gdp: np.ndarray
    growth: np.ndarray
    population: np.ndarray
    urban_population: np.ndarray
    rules: tuple[DemandRules, ...]
    efficiency: np.ndarray
    non_electric_kept: np.ndarray
    material_use: np.ndarray
    national_shares: np.ndarray
    sinks: np.ndarray
    provincial_shares: np.ndarray | None = None


def assumptions(
    base: BaseYear,
    scenario: Scenario,
    technologies: tuple[str, ...],
    products: dict[str, tuple[int, ...]],
    base_shares: np.ndarray,
    base_mixes: np.ndarray | None = None,
) -> Assumptions:
    """Read the scenario against the base year.

    technologies (K,) keys; products : product -> positions of its technologies; base_shares (K,) national mix of the
    base year, base_mixes (R, K) of each province. Raises InputError when the scenario's first year is not the base
    year.
    """
    years = scenario.years
    if years[0] != base.year:
        raise InputError(f"the first model year {years[0]} is not the base year {base.year}; start 'years' with it")
    index = np.array(growth.gdp_index(scenario, base.regions, years, list(base.gdp)))
    gdp = index * base.gdp
    population = np.array(growth.population(scenario, list(base.population), years, base.regions))
    return Assumptions(
        years,
        gdp,
        _growth(years, index),
        population,
        _urban(base, scenario, population),
        _rules(base, scenario),
        _efficiency(base, scenario),
        _non_electric_kept(base, scenario),
        _material_use(base, scenario),
        _shares(scenario.technology.shares, years, technologies, products, base_shares),
        _sinks(base, scenario),
        _provincial_shares(base, scenario, technologies, products, base_mixes),
    )


def _growth(years: tuple[int, ...], index: np.ndarray) -> np.ndarray:
    """Yearly growth around each model year: the mean of the periods before and after (one of them at the ends)."""
    spans = np.diff(years)[:, None]
    between = (index[1:] / index[:-1]) ** (1.0 / spans) - 1.0
    return np.concatenate([between[:1], (between[:-1] + between[1:]) / 2, between[-1:]])


def _urban(base: BaseYear, scenario: Scenario, population: np.ndarray) -> np.ndarray:
    share = base.urban_population / base.population
    path = scenario.macro.urban_share
    if path is None:
        return population * share
    national = base.urban_population.sum() / base.population.sum()
    targets = np.array(path.over(scenario.years, (base.year, national)))
    # Rural shares move in proportion, so every province stays between nought and one.
    result = np.empty_like(population)
    for t, target in enumerate(targets):
        rural = population[t] * (1.0 - share)
        wanted = (1.0 - target) * population[t].sum()
        result[t] = population[t] - np.minimum(rural * wanted / rural.sum(), population[t])
    return result


def _rules(base: BaseYear, scenario: Scenario) -> tuple[DemandRules, ...]:
    structure, years = scenario.macro.structure, scenario.years
    gdp = float(base.gdp.sum())
    spending = base.final_use + base.final_imports
    shares = {
        "investment": float(spending[:, :, _FIXED].sum()) / gdp,
        "government": float(spending[:, :, _GOVERNMENT].sum()) / gdp,
    }
    balance = base_trade_balance(base) / gdp

    def factors(path, base_share):
        if path is None:
            return [1.0] * len(years)
        return [value / base_share for value in path.over(years, (base.year, base_share))]

    investment = factors(structure.investment_share, shares["investment"])
    government = factors(structure.government_share, shares["government"])
    trade = (
        [balance] * len(years)
        if structure.trade_balance is None
        else structure.trade_balance.over(years, (base.year, balance))
    )
    table = classification.sectors()
    elasticity = np.array(
        [
            scenario.elasticity(sector, table.rows[sector]["group"]) if sector in table.rows else 1.0
            for sector in base.industry_sector
        ]
    )
    growth_0 = np.full(len(base.regions), BASE_GROWTH)
    return tuple(
        # The base year is itself: its investment is what it was, whatever it served.
        DemandRules(
            structure.depreciation,
            growth_0,
            "share" if t == 0 else structure.investment,
            investment[t],
            government[t],
            trade[t],
            elasticity,
            structure.closure,
        )
        for t in range(len(years))
    )


def _groups(base: BaseYear) -> list[tuple[str, str]]:
    """(name, group) of every energy sector."""
    rows = classification.sectors().rows
    return [(s, rows[s]["group"] if s in rows else "other") for s in base.sectors] + [
        (household, "households") for household in classification.HOUSEHOLDS
    ]


def fossil(base: BaseYear) -> np.ndarray:
    """(F,) bool: fuels that carry fossil carbon."""
    return np.array([f in base.co2_sources for f in base.fuels])


def _efficiency(base: BaseYear, scenario: Scenario) -> np.ndarray:
    groups, is_fossil = _groups(base), fossil(base)
    index = np.ones((len(scenario.years), len(groups), len(base.fuels)))
    for e, (name, group) in enumerate(groups):
        for f, fuel in enumerate(base.fuels):
            rate = scenario.efficiency_rate(name, group, fuel, bool(is_fossil[f]))
            level = 1.0
            for year in range(base.year + 1, scenario.years[-1] + 1):
                level *= 1.0 - rate.at(year)
                if year in scenario.years:
                    index[scenario.years.index(year), e, f] = level
    return index


def _non_electric_kept(base: BaseYear, scenario: Scenario) -> np.ndarray:
    """(T, E) by what the non-electric share of each sector's final energy is multiplied.

    A path states the electricity share of its sector or group; members of a group move alike from where they stand,
    and a path below the share already reached moves nothing.
    """
    groups = _groups(base)
    kept = np.ones((len(scenario.years), len(groups)))
    electricity = base.fuels.index("electricity")
    final = base.energy_use[..., 0].sum(axis=0)
    for path in scenario.electrification.values():
        members = [e for e, (name, group) in enumerate(groups) if scenario.electrification_path(name, group) is path]
        total = final[members].sum()
        if total <= 0:
            continue
        start = final[members, electricity].sum() / total
        wanted = np.array(path.over(scenario.years, (base.year, start)))
        kept[1:, members] = np.minimum((1.0 - wanted[1:]) / (1.0 - start), 1.0)[:, None]
    return kept


def _material_use(base: BaseYear, scenario: Scenario) -> np.ndarray:
    use = np.ones((len(scenario.years), len(base.industries)))
    for product, path in scenario.demand.dematerialisation.items():
        if product not in base.industries:
            raise InputError(f"demand.dematerialisation.{product}: the base year has no industry for this product")
        j = base.industries.index(product)
        level = 1.0
        for year in range(base.year + 1, scenario.years[-1] + 1):
            level *= 1.0 - path.at(year)
            if year in scenario.years:
                use[scenario.years.index(year), j] = level
    return use


def _provincial_shares(base: BaseYear, scenario: Scenario, technologies, products, base_mixes) -> np.ndarray | None:
    own = scenario.technology.provincial_shares
    if not own or base_mixes is None:
        return None
    result = np.full((len(scenario.years), len(base.regions), len(technologies)), np.nan)
    for province, mixes in own.items():
        if province in base.regions:
            r = base.regions.index(province)
            result[:, r] = _shares(mixes, scenario.years, technologies, products, base_mixes[r])
    return result


def _shares(mixes, years, technologies, products, base_shares) -> np.ndarray:
    """(T, K) shares along the paths of `mixes` (product -> technology -> path), NaN for products not named."""
    shares = np.full((len(years), len(technologies)), np.nan)
    for product, mix in mixes.items():
        if product not in products:
            continue
        for k in products[product]:
            path = mix.get(technologies[k])
            first = min((min(p) for p in mix.values() if not p.is_constant), default=years[1])
            if path is None:
                # Not named: leaves linearly by the first given year.
                span = first - years[0]
                values = [base_shares[k] * max(0.0, (first - y) / span) for y in years]
            else:
                values = path.over(years, (years[0], base_shares[k]))
            shares[1:, k] = values[1:]
        own = list(products[product])
        shares[1:, own] /= shares[1:, own].sum(axis=1, keepdims=True)
    return shares


def _sinks(base: BaseYear, scenario: Scenario) -> np.ndarray:
    T, R = len(scenario.years), len(base.regions)
    table = base.tables.get("land_sinks")
    sinks = np.zeros((T, R))
    if table is not None:
        rows = table[(table["definition"] == scenario.sinks.definition) & (table["level"] == scenario.sinks.level)]
        found = dict(zip(rows["region"], rows["value"], strict=True))
        sinks[:] = [float(found.get(region, 0.0)) for region in base.regions]
    if scenario.sinks.path is not None:
        national = np.array(scenario.sinks.path.over(scenario.years))
        share = sinks[0] / sinks[0].sum() if sinks[0].sum() > 0 else np.full(R, 1.0 / R)
        sinks = national[:, None] * share
    for province, path in scenario.sinks.provinces.items():
        sinks[:, base.regions.index(province)] = path.over(scenario.years)
    if scenario.sinks.counted_from is not None:
        sinks[[y < scenario.sinks.counted_from for y in scenario.years]] = 0.0
    return sinks
