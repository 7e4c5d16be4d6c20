"""Final demand of a future year before closure (E7): government, investment from capital, consumption, exports."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from io_tables.base_year import FINAL_CATEGORIES, BaseYear
from io_tables.errors import Infeasible
from model.macro.closure import Demand, common_consumption

_GOVERNMENT, _FIXED = FINAL_CATEGORIES.index("government"), FINAL_CATEGORIES.index("fixed capital")


@dataclass(frozen=True)
class DemandRules:
    """How final demand follows the economy.

    depreciation : of the capital stock, per year. base_growth (R,) : growth that base-year investment served.
    investment : 'capital' (I = (depreciation + growth) K, E7) or 'share' (constant share of GDP).
    investment_factor, government_factor : multiplier on the resulting base-year shares.
    trade_balance_share : trade balance over GDP.
    income_elasticity (J,) : of consumption of each commodity; only the mix moves, the volume is closed by E7.
    closure : what moves so that provincial GDP is met, 'trade', 'demand' or 'exports'.
    """

    depreciation: float
    base_growth: np.ndarray
    investment: str
    investment_factor: float
    government_factor: float
    trade_balance_share: float
    income_elasticity: np.ndarray
    closure: str


def base_trade_balance(base_year: BaseYear) -> float:
    """Exports less all imports of the base year, 10^8 yuan."""
    imports = np.einsum("sij,sj->", base_year.import_coefficients, base_year.output)
    return float(base_year.exports.sum() - imports - base_year.final_imports.sum() - base_year.inventory_imports.sum())


def final_demand(
    base_year: BaseYear,
    rules: DemandRules,
    gdp: np.ndarray,
    growth: np.ndarray,
    population: np.ndarray,
    urban_population: np.ndarray,
    household_factors: np.ndarray | None = None,
    mix: np.ndarray | None = None,
) -> Demand:
    """Final demand at GDP `gdp` (R,), growing at `growth` (R,) per year, before kappa (or its like) and xi are found.

    population, urban_population (R,) million persons. Government, inventories and a user's table's error column keep
    their share of provincial GDP; investment follows the capital stock; rural and urban consumption follow their
    people, and within each the mix follows income elasticities. household_factors (R, 2, J): what rural and urban
    households buy of energy goods, base year 1, NaN for all other goods; at constant prices this money follows
    energy, so it is left out of what chi scales. mix (R, J) : by what prices multiply purchases of all other goods
    (E12), their sum stays. Raises Infeasible when nothing is left for consumption.
    """
    index = gdp / base_year.gdp
    domestic, imported = base_year.final_use, base_year.final_imports
    government = (index * rules.government_factor)[:, None]
    investment = index * rules.investment_factor
    if rules.investment == "capital":
        investment = investment * (rules.depreciation + growth) / (rules.depreciation + rules.base_growth)
    investment = np.maximum(investment, 0.0)[:, None]
    # Private consumption keeps its share of provincial GDP at chi = 1; in the base-year mix so far.
    demand = Demand(
        fixed=domestic[:, :, _GOVERNMENT] * government + domestic[:, :, _FIXED] * investment,
        fixed_imports=imported[:, :, _GOVERNMENT] * government + imported[:, :, _FIXED] * investment,
        consumption=domestic[:, :, :_GOVERNMENT].sum(axis=2) * index[:, None],
        consumption_imports=imported[:, :, :_GOVERNMENT].sum(axis=2) * index[:, None],
        inventories=(base_year.inventories + base_year.error) * index[:, None],
        inventory_imports=base_year.inventory_imports * index[:, None],
        exports=base_year.exports,
        trade_balance=rules.trade_balance_share * float(gdp.sum()),
        gdp=gdp,
        closure=rules.closure,
    )
    # chi depends on totals alone, so it is known before the mix.
    chi = common_consumption(demand)
    income = index / (population / base_year.population)
    people = np.stack(
        [
            _relative(population - urban_population, base_year.population - base_year.urban_population),
            _relative(urban_population, base_year.urban_population),
        ],
        axis=1,
    )
    both = (domestic + imported)[:, :, :_GOVERNMENT].transpose(0, 2, 1)
    tilt = income[:, None] ** (rules.income_elasticity[None, :] - 1.0)
    if mix is not None:
        tilt = tilt * mix
    held = np.full(both.shape, np.nan) if household_factors is None else household_factors / chi
    factors = _consumption_factors(both, people, index, tilt, held, base_year.regions)
    return replace(
        demand,
        consumption=np.einsum("scj,sjc->sj", factors, domestic[:, :, :_GOVERNMENT]),
        consumption_imports=np.einsum("scj,sjc->sj", factors, imported[:, :, :_GOVERNMENT]),
        government=np.stack([origin[:, :, _GOVERNMENT] * government for origin in (domestic, imported)]),
        rural=np.stack([origin[:, :, 0] * factors[:, 0] for origin in (domestic, imported)]),
    )


def _relative(now: np.ndarray, then: np.ndarray) -> np.ndarray:
    return np.divide(now, then, out=np.zeros_like(then), where=then > 0)


def _consumption_factors(both, people, index, tilt, held, regions) -> np.ndarray:
    """(R, 2, J) by what rural and urban purchases `both` (R, 2, J) are multiplied at chi = 1.

    Migration (people (R, 2), base year 1) moves money between village and town, the province's total follows index
    (R,). What is held stays, the rest takes the mix tilt (R, J) and what is left of its column's total.
    """
    spent = both.sum(axis=2)
    moved = spent * people
    total = moved * _relative(spent.sum(axis=1) * index, moved.sum(axis=1))[:, None]
    energy = np.where(np.isnan(held), 0.0, held)
    left = total - (both * energy).sum(axis=2)
    if (left < 0).any():
        worst = regions[int(np.argmin(left.min(axis=1)))]
        raise Infeasible(f"households of {worst} would spend more on energy than on all consumption", ("efficiency",))
    rest = np.where(np.isnan(held), tilt[:, None, :], 0.0)
    scale = _relative(left, (both * rest).sum(axis=2))
    return energy + rest * scale[:, :, None]
