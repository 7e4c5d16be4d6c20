"""Prices and the mix of consumption they move (E12)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from io_tables.errors import InputError
from model.coupling import CoupledStudy
from model.input_output.prices import cost_push
from model.macro.closure import output_from_demand
from model.macro.consumption_mix import les_factors
from model.macro.price_system import prices_from_cost, prices_of_use
from model.pathway.carbon_payers import payers
from model.pathway.prices import Mix, base_market, import_prices, prices_of, respond
from model.pathway.unit_costs import UnitCosts
from model.price_results import paid_and_spent, price_ledgers
from model.run import solve_years, study_of
from model.technology.catalogue import catalogue
from model.technology.progress import scenario_catalogue
from scenarios.load import load_scenario

R, J = 3, 4


@pytest.fixture
def small():
    """Coefficients, trade shares and value added of a random table."""
    rng = np.random.default_rng(3)
    domestic, imported = rng.uniform(0, 0.2, (R, J, J)), rng.uniform(0, 0.03, (R, J, J))
    trade = rng.uniform(0.1, 1.0, (J, R, R))
    trade /= trade.sum(axis=1, keepdims=True)
    return domestic, imported, trade, 1.0 - (domestic + imported).sum(axis=1)


def test_prices_are_one_when_nothing_costs_more(small):
    domestic, imported, trade, value_added = small
    found = prices_from_cost(domestic, imported, trade, value_added, np.ones(J))
    np.testing.assert_allclose(found, 1.0, atol=1e-14)


def test_one_region_one_good_has_the_closed_form_price():
    a, m, w, pm, tax = 0.4, 0.1, 0.5, 1.3, 0.05
    found = prices_from_cost(np.full((1, 1, 1), a), np.full((1, 1, 1), m), np.ones((1, 1, 1)),
                             np.full((1, 1), w + tax), np.array([pm]))
    assert found[0, 0] == pytest.approx((w + tax + pm * m) / (1 - a), rel=1e-12)


def test_factored_prices_are_those_of_the_whole_table(small):
    domestic, imported, trade, value_added = small
    added = np.random.default_rng(1).uniform(0, 0.2, (R, J))
    dense = np.einsum("irs,sij->risj", trade, domestic).reshape(R * J, R * J)
    whole = cost_push(dense, added.ravel()).reshape(R, J)
    found = prices_from_cost(domestic, imported, trade, value_added + added, np.ones(J))
    np.testing.assert_allclose(found, whole, rtol=1e-12)


def test_final_users_pay_what_primary_inputs_receive(small):
    domestic, imported, trade, value_added = small
    rng = np.random.default_rng(2)
    use, local, cost = rng.uniform(0, 5, (R, J)), rng.uniform(0, 2, (R, J)), value_added * rng.uniform(0.8, 1.5, (R, J))
    x = output_from_demand(domestic, trade, use, local, np.ones((R, J)))
    imports = rng.uniform(0.5, 2.0, J)
    p = prices_from_cost(domestic, imported, trade, cost, imports)
    spent = (prices_of_use(p, trade) * use).sum() + (p * local).sum()
    received = ((cost + np.einsum("i,sij->sj", imports, imported)) * x).sum()
    assert spent == pytest.approx(received, rel=1e-11)


@pytest.mark.parametrize("free", [0.0, 0.5, 1.0])
def test_the_mix_moves_away_from_what_became_dear_and_its_volume_stays(free):
    spending = np.array([[3.0, 2.0, 5.0]])
    price = np.array([[2.0, 1.0, 1.0]])
    factors = les_factors(price, spending, np.ones(3), free)
    assert (factors * spending).sum() == pytest.approx(spending.sum(), rel=1e-14)
    assert (factors[0, 0] < 1 < factors[0, 1]) if free else (factors == 1).all()
    np.testing.assert_allclose(les_factors(np.full((1, 3), 1.7), spending, np.ones(3), free), 1.0, rtol=1e-14)


def test_a_linear_expenditure_system_is_what_maximises_its_utility():
    """c_j - gamma_j = beta_j (income - gamma'p) / p_j at the income that buys the mix."""
    spending, price = np.array([[3.0, 2.0, 5.0]]), np.array([[1.4, 0.8, 1.1]])
    elasticity, free = np.array([0.5, 1.0, 1.2]), 0.4
    bought = (les_factors(price, spending, elasticity, free) * spending)[0]
    share = elasticity * spending[0] / (elasticity @ spending[0])
    committed = spending[0] - free * spending.sum() * share
    above = price[0] @ bought - price[0] @ committed
    np.testing.assert_allclose(price[0] * (bought - committed), share * above, rtol=1e-12)


def test_prices_that_are_not_positive_are_named():
    with pytest.raises(InputError, match=r"prices\[0, 1\]"):
        les_factors(np.array([[1.0, -0.1]]), np.ones((1, 2)), np.ones(2), 0.5)


@pytest.fixture(scope="module")
def unmoved():
    """The zero shock: a study and two solved years alike."""
    base = BaseYear.load()
    scenario = load_scenario("zero_shock", ("years=[2020, 2060]",))
    study = CoupledStudy(base, scenario, scenario_catalogue(catalogue(), scenario, base.year))
    first = study.solve(0, None)
    return study, [first, study.solve(1, first)]


def test_zero_shock_leaves_every_price_and_the_mix_at_one(unmoved):
    study, years = unmoved
    for fleets in (None, UnitCosts(study).base_fleets):
        market = base_market(study, fleets)
        found = respond(study, years, [market, market], Mix.unmoved(study))
        for prices in found.prices:
            np.testing.assert_allclose(prices.made, 1.0, atol=1e-10)
            np.testing.assert_allclose(prices.living, 1.0, atol=1e-10)
        np.testing.assert_allclose(found.mix.factors, 1.0, atol=1e-10)


def test_a_carbon_price_is_paid_by_owners_of_all_co2_and_closes(unmoved):
    study, years = unmoved
    owners = payers(study, years[1])
    net = years[1].energy.co2.sum(axis=(1, 2)) - years[1].energy.captured.sum(axis=1)
    np.testing.assert_allclose(owners.industries.sum(axis=1) + owners.households.sum(axis=1) - owners.removed, net,
                               rtol=1e-9)
    energy_only = payers(study, years[1], "energy")
    assert energy_only.industries.sum() + energy_only.households.sum() == pytest.approx(
        years[1].energy.co2[:, :, :-1].sum(), rel=1e-9)
    market = replace(base_market(study, None), carbon=np.full(len(study.base.regions), 2.0))
    found = prices_of(UnitCosts(study), years[1], market)
    spent, received = paid_and_spent(years[1], found)
    assert spent == pytest.approx(received, rel=1e-11)
    assert found.revenue.sum() == pytest.approx(2.0 * net.sum(), rel=1e-9)
    j = study.base.industries.index
    assert found.made[0, j("cement")] > found.made[0, j("Education")] > 1.0
    assert (found.living > 1.0).all()
    moved = respond(study, years, [market, market], Mix.unmoved(study)).mix.factors[1]
    bought = study.base.final_use[:, :, :2].sum(axis=2)
    assert (moved[:, j("electricity")][bought[:, j("electricity")] > 0] < 1.0).all()


def test_dearer_imported_oil_reaches_fuel_and_transport(unmoved):
    study, years = unmoved
    dear = load_scenario("zero_shock", ("years=[2020, 2060]", "economics.import_prices={crude_oil: {2060: 2}}"))
    imports = import_prices(CoupledStudy(study.base, dear, study.catalogue), 2060)
    j = study.base.industries.index
    assert 1.0 < imports[j("Oil and gas extraction")] < 2.0 and imports[j("Coal mining")] == 1.0
    found = prices_of(UnitCosts(study), years[1], replace(base_market(study, None), imports=imports))
    mean = (found.made * years[1].economy.closed.output).sum(axis=0) / years[1].economy.closed.output.sum(axis=0)
    assert mean[j("refined_fuel")] > mean[j("freight")] > mean[j("Education")] > 1.0


def test_dearer_capital_raises_primary_cost_by_share_times_annuity(unmoved):
    study, years = unmoved
    key = "coal_supercritical"
    price = study.catalogue.value(key, "capex", year=2060)
    dearer = study.catalogue.replaced([(key, "capex", "", y, price * (1 if y == 2020 else 2)) for y in (2020, 2060)])
    other = CoupledStudy(study.base, study.scenario, dearer)
    market, e, k = base_market(study, None), study.base.industries.index("electricity"), study.keys.index(key)
    costs = UnitCosts(study)
    rise = (prices_of(UnitCosts(other), years[1], market).cost - prices_of(costs, years[1], market).cost)[:, e]
    share = years[1].economy.shares[:, list(study.in_industry).index(k)]
    unit = study.base.product_price[study.base.products.index("electricity")]
    assert share.max() > 0
    np.testing.assert_allclose(rise, share * costs.capital(2060)[k] / costs.full[k] / unit, atol=1e-12)


#: A tax on CO2 and nothing else, one step of ten years.
TAXED = ("years=[2020, 2030]", "power.slices=1", "technology.history=free", "targets=[]", "carbon.budget=null",
         "carbon.neutral_year=null", "carbon.peak_year=null", "carbon.price={2030: 300}", "coupling.tolerance=1e-4")


@pytest.fixture(scope="module")
def coupled():
    """The same small coupled run without and with price response."""
    from model.coupling import solve

    base, runs = BaseYear.load(), {}
    for response in ("none", "average"):
        scenario = load_scenario("least_cost", (*TAXED, f"demand.price_response={response}"))
        runs[response] = solve(base, scenario, catalogue=scenario_catalogue(catalogue(), scenario, base.year))
    return runs


def test_with_price_response_the_national_loop_converges_and_moves_consumption_from_what_is_dear(coupled):
    off, on = coupled["none"], coupled["average"]
    assert on.outer.residual <= 1e-4 and on.outer.converged
    assert (off.outer.iterate.mix.factors == 1).all() and (on.outer.iterate.mix.factors[1] != 1).any()
    base, prices = on.study.base, on.outer.iterate.response.prices[1]
    electricity = base.fuels.index("electricity")
    S, e = len(base.sectors), base.industries.index("electricity")
    use = [run.years[1].energy.use[:, S:, electricity].sum() for run in (off, on)]
    dearer = np.average(prices.consumer[:, e] / prices.living, weights=base.population) > 1.0
    assert (use[1] < use[0]) == dearer
    bought = [(run.years[1].economy.demand.consumption + run.years[1].economy.demand.consumption_imports).sum(axis=1)
              for run in (off, on)]
    np.testing.assert_allclose(bought[1] / bought[1].sum(), bought[0] / bought[0].sum(), rtol=1e-9)


def test_price_ledgers_of_a_coupled_run_close(coupled):
    on = coupled["average"]
    it = on.outer.iterate
    ledgers = price_ledgers(list(on.years), it.response.prices, it.mix, it.response.mix, scope="energy_and_process",
                            tolerance=1e-4)
    assert [found.status for found in ledgers] == ["pass"] * 3
    assert ledgers[0].residual < 1e-10 and ledgers[1].residual < 1e-9
    np.testing.assert_allclose(it.response.prices[1].tonne, 3.0, rtol=1e-6)   # 300 yuan a tonne


def test_where_shares_are_given_a_price_on_carbon_moves_consumption_to_its_fixed_point():
    base, solved = BaseYear.load(), {}
    for price in ("0", "500"):
        scenario = load_scenario("current_trend", ("years=[2020, 2030]", f"carbon.price={{2030: {price}}}"))
        study = study_of(base, scenario)
        years = solve_years(study)
        response = study.prices.response(years)
        np.testing.assert_allclose(response.mix.factors, study.prices.mix.factors, atol=1e-6)
        solved[price] = (years[1], response.prices[1])
    (free, cheap), (taxed, dear) = solved["0"], solved["500"]
    assert (dear.living > cheap.living).all() and dear.revenue.sum() > 0.0 == cheap.revenue.sum()
    S, coal = len(base.sectors), base.fuels.index("coal")
    assert taxed.energy.residual[:, S:, coal].sum() < free.energy.residual[:, S:, coal].sum()
    spent = [(y.economy.demand.consumption + y.economy.demand.consumption_imports).sum(axis=1) for y in (free, taxed)]
    np.testing.assert_allclose(spent[0], spent[1], rtol=1e-12)
