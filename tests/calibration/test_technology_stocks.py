"""The stock of 2020 meets official capacity and output, and owns no more energy than the accounts hold (E4, E6)."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration.technology_energy import POWER_SECTOR, technology_energy
from calibration.technology_facts import (
    GENERATION_SOURCES,
    VINTAGES,
    capacity,
    national_capacity,
    plants,
    route_shares,
    rows,
    vintage_shares,
)
from calibration.technology_stocks import COAL_CLASSES, ROUTE_PRODUCTS, household_products, technology_stocks
from io_tables.classification import HOUSEHOLDS, fuels, products, provinces, sectors
from io_tables.errors import InputError
from model.technology.catalogue import catalogue

REGIONS, KEYS, FUELS = provinces().keys, products().keys, fuels().keys
ACCOUNTS = (*sectors().keys, *HOUSEHOLDS)
FACTS = Path(__file__).parents[2] / "io_tables" / "china_2020"


@pytest.fixture(scope="module")
def generation():
    """TWh by province and source, official."""
    found = np.zeros((len(REGIONS), len(GENERATION_SOURCES)))
    with open(FACTS / "electricity_balance.csv", encoding="utf-8", newline="") as handle:
        for r in csv.DictReader(handle):
            if r["item"].startswith("generation "):
                found[provinces().index(r["province"]), GENERATION_SOURCES.index(r["item"].split()[1])] = (
                    float(r["value"]) / 1000)
    return found


@pytest.fixture(scope="module")
def output():
    """Physical output by province: any positive numbers will do, the stock must reproduce them."""
    rng = np.random.default_rng(1)
    found = rng.uniform(1.0, 60.0, (len(REGIONS), len(KEYS)))
    found[:, KEYS.index("heat")] = rng.uniform(0.0, 400.0, len(REGIONS))
    return found


@pytest.fixture(scope="module")
def stocks(output, generation):
    return technology_stocks(catalogue(), output, generation, KEYS)


def _total(stocks, column, technologies):
    table = stocks.table[stocks.table.technology.isin(technologies)]
    return table.groupby("region")[column].sum().reindex(list(REGIONS)).fillna(0.0).to_numpy()


@pytest.mark.parametrize(("source", "technologies"), [
    ("thermal", (*COAL_CLASSES, "coal_chp", "gas_power", "biomass_power")), ("hydro", ("hydro", "pumped_hydro")),
    ("nuclear", ("nuclear",)), ("wind", ("wind_onshore", "wind_offshore")), ("solar", ("pv_utility", "pv_distributed")),
])
def test_generation_of_every_province_and_source_is_reproduced(stocks, generation, source, technologies):
    np.testing.assert_allclose(
        _total(stocks, "activity", technologies), generation[:, GENERATION_SOURCES.index(source)], rtol=1e-10,
        atol=1e-10)


def test_official_capacity_is_reproduced_nationally_and_by_province(stocks):
    coal = _total(stocks, "capacity", (*COAL_CLASSES, "coal_chp"))
    assert coal.sum() == pytest.approx(1079.92) and national_capacity("coal") == 1079.92
    thermal = coal + _total(stocks, "capacity", ("gas_power", "biomass_power")) + stocks.other_thermal
    np.testing.assert_allclose(thermal, capacity("thermal"), rtol=1e-10)
    assert stocks.other_thermal.min() >= 0
    for item, technologies in (("hydro", ("hydro", "pumped_hydro")), ("nuclear", ("nuclear",)),
                               ("wind", ("wind_onshore", "wind_offshore")),
                               ("solar", ("pv_utility", "pv_distributed"))):
        np.testing.assert_allclose(_total(stocks, "capacity", technologies), capacity(item), rtol=1e-9, atol=1e-9)


def test_provincial_capacity_adds_up_to_the_published_nation():
    for item in ("thermal", "hydro", "nuclear", "wind", "solar"):
        assert capacity(item).sum() == pytest.approx(national_capacity(item), rel=5e-4)
    for item in ("gas", "pumped hydro", "offshore wind", "distributed solar", "biomass", "new storage"):
        assert capacity(item).sum() == pytest.approx(national_capacity(item), rel=1e-4)


def test_scale_factor_of_the_coal_plant_list_is_published(stocks):
    factors = stocks.factors.set_index(["item", "region"])
    assert factors.loc[("coal", "China"), "listed"] == pytest.approx(1038.841, abs=1e-3)
    assert factors.loc[("coal", "China"), "factor"] == pytest.approx(1079.92 / 1038.841, rel=1e-6)


def test_plant_list_and_statistics_agree_on_where_coal_plants_stand(stocks):
    """The list did not enter provincial capacity, only its ages: factors stay near one."""
    coal = stocks.factors[(stocks.factors["item"] == "coal") & (stocks.factors.region != "China")]
    assert len(coal) == 29
    assert coal.factor.between(0.9, 1.25).all()
    assert abs(coal.listed * 1.0395 - coal.official).sum() / coal.official.sum() < 0.05


def test_provinces_with_no_coal_unit_get_no_coal_power(stocks):
    without = sum(plants(k) for k in COAL_CLASSES).sum(axis=1) == 0
    assert {r for r, w in zip(REGIONS, without, strict=True) if w} == {"Beijing", "Tibet"}
    assert _total(stocks, "capacity", (*COAL_CLASSES, "coal_chp"))[without].sum() == 0


def test_every_product_is_made_in_full(stocks, output):
    for product in ROUTE_PRODUCTS:
        made = _total(stocks, "activity", catalogue().of_product(product))
        np.testing.assert_allclose(made, output[:, KEYS.index(product)], rtol=1e-10)


def test_heat_comes_from_combined_heat_and_power_and_boilers_together(stocks, output):
    by_product = catalogue().value("coal_chp", "output", item="heat") * _total(stocks, "activity", ("coal_chp",))
    boilers = _total(stocks, "activity", catalogue().of_product("heat"))
    np.testing.assert_allclose(by_product + boilers, output[:, KEYS.index("heat")], rtol=1e-9)
    assert np.all(by_product <= 0.65 * output[:, KEYS.index("heat")] + 1e-9)


def test_nothing_runs_more_than_the_year(stocks):
    assert stocks.table.utilisation.between(0, 1 + 1e-9).all()
    assert (stocks.table.capacity > 0).all() and set(stocks.table.vintage) <= set(VINTAGES)


def test_young_coal_fleet_keeps_its_ages(stocks):
    """Combined heat and power is cut out of the plant list age by age: the ages of all coal stay the list's."""
    listed = sum(plants(k) for k in COAL_CLASSES)
    coal = stocks.table[stocks.table.technology.isin((*COAL_CLASSES, "coal_chp"))]
    found = coal.pivot_table(index="region", columns="vintage", values="capacity", aggfunc="sum").fillna(0)
    for region in ("Hebei", "Xinjiang", "Guangdong"):
        ages = found.loc[region].to_numpy() / found.loc[region].sum()
        expected = listed[provinces().index(region)]
        np.testing.assert_allclose(ages, expected[[VINTAGES.index(v) for v in found.columns]] / expected.sum(),
                                   atol=1e-12)


def test_output_without_capacity_is_refused_by_name(output, generation):
    wrong = generation.copy()
    wrong[provinces().index("Shanxi"), 2] = 5.0  # nuclear power in Shanxi
    with pytest.raises(InputError, match="Shanxi nuclear"):
        technology_stocks(catalogue(), output, wrong, KEYS)


def test_household_products_follow_cars_and_homes():
    population = np.full(len(REGIONS), 10.0)
    found = household_products(catalogue(), population, 0.6 * population)
    assert found["passenger"].sum() == pytest.approx(242.9 * 14.4, rel=1e-3)
    assert np.all((found["floor_space"] > 250) & (found["floor_space"] < 600))  # 10 million people at 25-60 m2


def test_route_and_age_shares_add_to_one_in_every_province():
    for product in ("heat", *ROUTE_PRODUCTS):
        np.testing.assert_allclose(sum(route_shares(product).values()), 1.0, atol=2e-4)
        assert set(route_shares(product)) <= set(catalogue().of_product(product))
        assert vintage_shares(product).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", [
    "technology_capacity.csv", "technology_plants.csv", "technology_shares.csv", "technology_vintages.csv",
    "technology_utilisation.csv", "technology_households.csv",
])
def test_every_fact_has_unit_year_source_and_status(name):
    table = pd.DataFrame(rows(name))
    for column in ("unit", "year", "source", "status"):
        assert (table[column] != "").all(), f"{name}: {column}"
    assert set(table.status) <= {"official", "derived", "estimated", "assumed"}
    if "region" in table:
        assert set(table.region) <= {*REGIONS, "China"}


# ------------------------------------------------------------------------------------------------ energy (E4)


@pytest.fixture(scope="module")
def account():
    """An energy account with every sector using some of every fuel."""
    return np.random.default_rng(2).uniform(0.0, 150.0, (len(REGIONS), len(ACCOUNTS), len(FUELS), 3))


@pytest.fixture(scope="module")
def owned(stocks, account):
    return technology_energy(stocks.table, catalogue(), account)


def test_every_petajoule_has_one_owner(owned, account):
    """Owned by technologies plus residual is the account, cell by cell; nothing is negative."""
    assert owned.residual.min() >= 0
    np.testing.assert_allclose(owned.by_sector + owned.residual.sum(axis=3), account.sum(axis=3), rtol=1e-12)
    np.testing.assert_allclose(owned.use.sum(axis=1), owned.by_sector.sum(axis=1), rtol=1e-10, atol=1e-9)


def test_power_and_heat_reproduce_their_account_exactly(owned, account):
    sector = ACCOUNTS.index(POWER_SECTOR)
    burnt = [f for f, k in enumerate(FUELS) if k not in ("electricity", "heat", "hydrogen")]
    members = [k for k, p in enumerate(owned.product_of) if p in ("electricity", "heat")]
    np.testing.assert_allclose(owned.use[:, members][:, :, burnt].sum(axis=1),
                               account[:, sector, burnt].sum(axis=2), rtol=1e-12)
    assert owned.unowned_power.sum() == 0


def test_no_technology_owns_more_than_it_claims_outside_power(owned):
    others = [k for k, p in enumerate(owned.product_of) if p not in ("electricity", "heat")]
    assert np.all(owned.use[:, others] <= owned.claim[:, others] * (1 + 1e-12))


def test_intensities_times_activity_are_the_energy_owned(owned):
    np.testing.assert_allclose(owned.intensities(catalogue(), 2020) * owned.activity[..., None], owned.use,
                               rtol=1e-10, atol=1e-9)


def test_uses_of_the_residual_keep_their_proportions(owned, account):
    share = account / account.sum(axis=3, keepdims=True)
    left = owned.residual.sum(axis=3, keepdims=True)
    np.testing.assert_allclose(owned.residual, share * left, rtol=1e-9, atol=1e-9)


def test_an_ample_account_grants_every_claim(stocks):
    ample = technology_energy(stocks.table, catalogue(), np.full((len(REGIONS), len(ACCOUNTS), len(FUELS), 3), 1e6))
    others = [KEYS.index(p) for p in ROUTE_PRODUCTS]
    np.testing.assert_allclose(ample.factor[:, others], 1.0, rtol=1e-12)


def test_cars_draw_on_households_before_services(stocks, account):
    generous = account.copy()
    petrol = FUELS.index("gasoline")
    generous[:, -2:, petrol] = 1e5
    found = technology_energy(stocks.table, catalogue(), generous)
    cars = [k for k, p in enumerate(found.product_of) if p == "passenger"]
    services = [ACCOUNTS.index(s) for s in ("Finance", "Education")]
    assert found.by_sector[:, services, petrol].sum() == 0
    np.testing.assert_allclose(found.by_sector[:, -2:, petrol].sum(), found.use[:, cars, petrol].sum())


def test_report_names_each_product_and_fuel(owned):
    report = owned.report().set_index(["product", "fuel"])
    assert report.loc[("cement", "coal"), "unit"] == "PJ"
    assert 0 < report.loc[("cement", "coal"), "factor"] <= 1


def test_wrong_shapes_are_refused(stocks):
    with pytest.raises(InputError, match="expected"):
        technology_energy(stocks.table, catalogue(), np.zeros((3, 44, 15, 3)))
