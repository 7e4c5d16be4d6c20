"""CO2 accounts (E5): one owner per tonne, carbon conserved, nothing dropped."""

import numpy as np
import pytest

from calibration.emission_accounts import FOSSIL, SOURCES, emission_factors, emissions, emitting_share
from calibration.energy_accounts import energy_by_province
from calibration.energy_facts import energy_sectors, load_drivers, normal, table
from calibration.national_energy_balance import national_energy_balance
from io_tables.classification import fuels, provinces, sectors

FUEL = fuels().keys.index
ROW = energy_sectors().index


@pytest.fixture(scope="module")
def national():
    return national_energy_balance()


@pytest.fixture(scope="module")
def energy(national):
    rows = table("national_value_added.csv")
    value_added = sum(np.array([float(r[s]) for s in sectors().keys]) for r in rows)
    return energy_by_province(national, np.outer(normal(load_drivers()["gdp"]), value_added))


@pytest.fixture(scope="module")
def accounts(energy, national):
    return emissions(energy, national)


@pytest.mark.parametrize("fuel, factor", [
    ("gasoline", 18.9 * 0.98 * 44 / 12e3),
    ("diesel", 20.2 * 0.98 * 44 / 12e3),
    ("natural_gas", 15.3 * 0.99 * 44 / 12e3),
])
def test_co2_of_a_fuel_is_what_is_burned_times_its_carbon(accounts, energy, fuel, factor):
    burned = energy.use[:, :, FUEL(fuel), 0].sum(1) + energy.use[:, ROW("Electricity and heat"), FUEL(fuel), 2]
    assert np.allclose(accounts.co2[:, :, SOURCES.index(fuel)].sum(1), burned * factor, rtol=1e-9)


def test_carbon_from_supply_is_emitted_released_or_stored(accounts):
    ledger = accounts.ledger.set_index("item").value
    assert abs(ledger["supply x factor less energy, feedstock and stored"]) < 0.01 * ledger["supply x factor"]


def test_a_coke_oven_emits_only_what_it_loses(accounts, national):
    coking = ROW("Petroleum and coking")
    share = emitting_share(national)[coking, FUEL("coal"), 2]
    coke, by_products, gas, coal = 31835.6922, 593.2708599, 3435.34989 + 48.399714, 36728.010902
    assert share == pytest.approx(1 - (coke + by_products + gas) / coal, abs=2e-4)
    assert 0 < share < 0.05


def test_furnace_gas_takes_its_carbon_from_the_coke_it_came_from(national):
    """Coke oxidised at the furnace plus furnace gas carries the carbon of all coke, once."""
    factor = emission_factors(national)
    made = national.output[:, FUEL("derived_gas")]
    furnace, oven = made[ROW("Metal smelting")], made[ROW("Petroleum and coking")]
    gas = (furnace + oven) * factor[FUEL("derived_gas")]
    coke_oven_gas = oven * 12.1 * 0.99 * 44 / 12e3
    left_as_gas = national.use[ROW("Metal smelting"), FUEL("coke"), 2] * factor[FUEL("coke")]
    assert gas - coke_oven_gas == pytest.approx(left_as_gas, rel=0.01)
    assert emitting_share(national)[ROW("Metal smelting"), FUEL("coke"), 2] == 0


def test_feedstock_carbon_stands_in_process_and_nowhere_else(accounts, energy):
    assert accounts.emitting[:, :, 1].max() == 0
    ammonia = energy.use[:, ROW("Chemicals"), FUEL("coal"), 1].sum()
    released = accounts.process[(accounts.process.process == "feedstock: coal")].Mt.item()
    assert released == pytest.approx(ammonia * 26.37 * 44 / 12e3 * 0.75, rel=1e-9)
    assert not accounts.process.process.str.contains("ammonia|methanol|aluminium").any()


def test_process_rows_add_up_to_the_process_source(accounts):
    assert accounts.co2[:, :, -1].sum() == pytest.approx(accounts.process.Mt.sum(), rel=1e-9)
    clinker = accounts.process.set_index("process").Mt["clinker"]
    assert clinker == pytest.approx(1579 * 0.535, rel=1e-9)


def test_energy_co2_is_factor_times_use_in_every_cell(accounts, energy):
    again = np.einsum("rjfu,jfu,f->rj", energy.use, accounts.emitting, accounts.factor)
    assert np.allclose(accounts.co2[:, :, :-1].sum(-1), again, rtol=1e-9)
    assert accounts.co2.shape == (31, 44, len(FOSSIL) + 1) and accounts.co2.min() >= 0
    assert all(accounts.factor[FUEL(f)] == 0 for f in ("electricity", "heat", "biomass", "hydrogen"))


def test_totals_are_shown_by_scope(accounts):
    ledger = accounts.ledger.set_index("item").value
    assert ledger["energy and process"] == pytest.approx(accounts.co2.sum(), rel=1e-9)
    assert ledger["energy and cement"] < ledger["energy and process"]


def test_inner_mongolia_and_every_other_province_emit(accounts):
    total = accounts.co2.sum((1, 2))
    assert total.min() > 0
    assert "Inner Mongolia" in [provinces().keys[i] for i in np.argsort(-total)[:5]]


@pytest.mark.working_data
def test_provincial_co2_keeps_its_bounds_on_the_inventories(working_data):
    from calibration.validation import emissions as validation

    failed = [s for s in validation.scores(working_data) if s.passed is False]
    assert not failed, failed
