"""Final demand of a future year (E7): base year kept, shares of GDP, mix by income, people and energy."""

from types import SimpleNamespace

import numpy as np
import pytest

from io_tables.errors import Infeasible
from model.macro.closure import common_consumption
from model.macro.final_demand import DemandRules, final_demand

R, J, ENERGY = 3, 5, 4


def base_year(seed=0):
    rng = np.random.default_rng(seed)
    final_use, final_imports = 100 * rng.random((R, J, 4)), 10 * rng.random((R, J, 4))
    population = rng.uniform(10, 50, R)
    return SimpleNamespace(
        regions=("A", "B", "C"),
        final_use=final_use,
        final_imports=final_imports,
        inventories=rng.uniform(-2, 2, (R, J)),
        inventory_imports=rng.random((R, J)),
        error=np.zeros((R, J)),
        exports=20 * rng.random((R, J)),
        gdp=(final_use + final_imports).sum(axis=(1, 2)) * rng.uniform(0.95, 1.1, R),
        population=population,
        urban_population=population * rng.uniform(0.3, 0.8, R),
    )


def rules(base, **changes):
    spending = (base.final_use + base.final_imports).sum() + (base.inventories + base.inventory_imports).sum()
    usual = {
        "depreciation": 0.05,
        "base_growth": np.full(R, 0.06),
        "investment": "share",
        "investment_factor": 1.0,
        "government_factor": 1.0,
        "trade_balance_share": 1.0 - spending / base.gdp.sum(),
        "income_elasticity": np.ones(J),
        "closure": "trade",
    }
    return DemandRules(**(usual | changes))


def asked(base, rules, growth=1.0, urban=1.0, **more):
    """Final demand with GDP and urban population multiplied, the number of people kept."""
    return final_demand(
        base, rules, base.gdp * growth, np.full(R, 0.02), base.population, base.urban_population * urban, **more
    )


def bought(demand):
    return common_consumption(demand) * (demand.consumption + demand.consumption_imports)


def test_the_base_year_asks_for_what_it_asked():
    base = base_year()
    demand = asked(base, rules(base, income_elasticity=np.linspace(0.5, 1.5, J)))
    np.testing.assert_allclose(demand.consumption, base.final_use[:, :, :2].sum(axis=2), rtol=1e-12)
    np.testing.assert_allclose(demand.fixed_imports, base.final_imports[:, :, 2:].sum(axis=2), rtol=1e-12)
    assert common_consumption(demand) == pytest.approx(1.0)


def test_capital_rule_scales_investment_by_depreciation_plus_growth():
    base = base_year()
    demand = asked(base, rules(base, investment="capital"), growth=2.0)
    expected = 2 * (base.final_use[:, :, 2] + base.final_use[:, :, 3] * (0.05 + 0.02) / (0.05 + 0.06))
    np.testing.assert_allclose(demand.fixed, expected, rtol=1e-12)


def test_mix_follows_income_and_people_while_each_province_keeps_its_share_of_gdp():
    base = base_year()
    elasticity = np.array([0.5, 1.0, 1.2, 1.5, 1.0])
    demand = asked(base, rules(base, income_elasticity=elasticity), growth=3.0)
    both = demand.consumption + demand.consumption_imports
    start = (base.final_use + base.final_imports)[:, :, :2]
    np.testing.assert_allclose(both.sum(axis=1), 3 * start.sum(axis=(1, 2)), rtol=1e-12)
    # Without migration both columns tilt alike relative to the good of elasticity one, up to their own scale.
    one = np.divide(demand.consumption_imports, base.final_imports[:, :, :2].sum(axis=2))
    assert (one[:, 0] < one[:, 1]).all() and (one[:, 1] < one[:, 3]).all()
    moved = asked(base, rules(base), urban=1.2)
    rural, urban = start[:, :, 0], start[:, :, 1]
    people = (base.population - 1.2 * base.urban_population) / (base.population - base.urban_population)
    mix = rural * people[:, None] + urban * 1.2
    mix *= (start.sum(axis=(1, 2)) / mix.sum(axis=1))[:, None]
    np.testing.assert_allclose(moved.consumption + moved.consumption_imports, mix, rtol=1e-12)


def test_money_spent_on_energy_follows_energy_whatever_chi_is():
    base = base_year()
    factors = np.full((R, 2, J), np.nan)
    factors[:, 0, ENERGY], factors[:, 1, ENERGY] = 0.4, 1.3
    own = rules(base, investment_factor=0.6, income_elasticity=np.linspace(0.5, 1.5, J))
    demand = asked(base, own, growth=1.5, urban=1.1, household_factors=factors)
    assert common_consumption(demand) > 1.1
    start = (base.final_use + base.final_imports)[:, ENERGY]
    np.testing.assert_allclose(bought(demand)[:, ENERGY], 0.4 * start[:, 0] + 1.3 * start[:, 1], rtol=1e-12)
    total = (demand.consumption + demand.consumption_imports).sum(axis=1)
    np.testing.assert_allclose(total, 1.5 * (base.final_use + base.final_imports)[:, :, :2].sum(axis=(1, 2)))
    with pytest.raises(Infeasible, match="more on energy"):
        asked(base, own, household_factors=factors * 100)


def test_a_province_without_villages_is_no_division_by_zero():
    base = base_year()
    base.urban_population[1] = base.population[1]
    base.final_use[1, :, 0] = base.final_imports[1, :, 0] = 0.0
    demand = asked(base, rules(base), growth=1.3)
    np.testing.assert_allclose(demand.consumption[1], 1.3 * base.final_use[1, :, 1], rtol=1e-12)
