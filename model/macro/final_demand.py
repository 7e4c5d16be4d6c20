"""Final demand of a future year before closure (E7): government, investment from capital, consumption mix, exports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.base_year import FINAL_CATEGORIES, BaseYear
from model.macro.closure import Demand

_RURAL, _URBAN, _GOVERNMENT, _FIXED = range(len(FINAL_CATEGORIES))


@dataclass(frozen=True)
class DemandRules:
    """How final demand follows the economy.

    depreciation : of the capital stock, per year. base_growth (R,) : growth that base-year investment served.
    investment : 'capital' (I = (depreciation + growth) K, E7) or 'share' (constant share of GDP).
    investment_factor, government_factor : multiplier on the resulting base-year shares.
    trade_balance_share : trade balance over GDP.
    income_elasticity (J,) : of consumption of each commodity; only the mix moves, the volume is closed by E7.
    """

    depreciation: float
    base_growth: np.ndarray
    investment: str
    investment_factor: float
    government_factor: float
    trade_balance_share: float
    income_elasticity: np.ndarray


def base_trade_balance(base_year: BaseYear) -> float:
    """Exports less all imports of the base year, 10^8 yuan."""
    imports = np.einsum("sij,sj->", base_year.import_coefficients, base_year.output)
    return float(
        base_year.exports.sum() - imports - base_year.final_imports.sum() - base_year.inventory_imports.sum()
    )


def final_demand(
    base_year: BaseYear,
    rules: DemandRules,
    gdp: np.ndarray,
    growth: np.ndarray,
    population: np.ndarray,
    urban_population: np.ndarray,
    household_factors: np.ndarray | None = None,
) -> Demand:
    """Final demand at GDP `gdp` (R,), growing at `growth` (R,) per year, before chi, xi and kappa are found.

    population, urban_population (R,) million persons. Government and inventories (with a user's table's error column) keep their share of provincial
    GDP; investment follows the capital stock; rural and urban consumption follow their people, and within each
    the mix follows income elasticities. household_factors (R, 2, J): what households' own energy paths do to the
    commodities they buy (1 = as in the base year), rural and urban.
    """
    index = gdp / base_year.gdp
    domestic, imported = base_year.final_use, base_year.final_imports
    government = (index * rules.government_factor)[:, None]
    investment = index * rules.investment_factor
    if rules.investment == "capital":
        investment = investment * (rules.depreciation + growth) / (rules.depreciation + rules.base_growth)
    investment = np.maximum(investment, 0.0)[:, None]

    income = index / (population / base_year.population)
    people = np.stack([
        (population - urban_population) / (base_year.population - base_year.urban_population),
        urban_population / base_year.urban_population,
    ])
    # Mix by income elasticity, renormalised so that each column keeps its total.
    tilt = income[:, None] ** (rules.income_elasticity[None, :] - 1.0)
    consumption = np.zeros_like(domestic[:, :, 0])
    consumption_imports = np.zeros_like(consumption)
    for column, persons in ((_RURAL, people[0]), (_URBAN, people[1])):
        own = tilt if household_factors is None else tilt * household_factors[:, column]
        both = (domestic[:, :, column] + imported[:, :, column]).sum(axis=1)
        tilted = ((domestic[:, :, column] + imported[:, :, column]) * own).sum(axis=1)
        scale = np.divide(both, tilted, out=np.ones_like(both), where=tilted > 0) * persons * income
        consumption += domestic[:, :, column] * own * scale[:, None]
        consumption_imports += imported[:, :, column] * own * scale[:, None]
    # Migration between village and town moves the mix; the province's total keeps its share of GDP.
    base_total = (domestic + imported)[:, :, :_GOVERNMENT].sum(axis=(1, 2)) * index
    total = (consumption + consumption_imports).sum(axis=1)
    consumption *= (base_total / total)[:, None]
    consumption_imports *= (base_total / total)[:, None]
    return Demand(
        fixed=domestic[:, :, _GOVERNMENT] * government + domestic[:, :, _FIXED] * investment,
        fixed_imports=imported[:, :, _GOVERNMENT] * government + imported[:, :, _FIXED] * investment,
        consumption=consumption,
        consumption_imports=consumption_imports,
        inventories=(base_year.inventories + base_year.error) * index[:, None],
        inventory_imports=base_year.inventory_imports * index[:, None],
        exports=base_year.exports,
        trade_balance=rules.trade_balance_share * float(gdp.sum()),
        gdp=gdp,
    )
