"""Time slices, resources, lines and history: they add up, hold what already stands, and say where they come from."""

import numpy as np
import pandas as pd
import pytest

from calibration.technology_facts import capacity, rows
from io_tables.classification import NATION, provinces

REGIONS = list(provinces().keys)


def _table(name, **numbers):
    table = pd.DataFrame(rows(name))
    for column in ("value", "year", "capacity", "length", "loss", "hours", "low", "high"):
        if column in table:
            table[column] = pd.to_numeric(table[column])
    return table


@pytest.fixture(scope="module")
def slices():
    shapes = pd.DataFrame(rows("time_slices.csv"))
    for column in shapes.columns[3:]:
        shapes[column] = pd.to_numeric(shapes[column])
    return shapes.merge(_table("time_slice_sets.csv")[["slices", "slice", "hours"]], on=["slices", "slice"])


@pytest.fixture(scope="module")
def potential():
    table = _table("resource_potential.csv")
    return table.pivot_table(index="region", columns=["item", "estimate"], values="value").reindex(REGIONS).fillna(0.0)


def test_slices_of_every_set_fill_the_year():
    sets = _table("time_slice_sets.csv")
    assert set(sets.slices) == {"1", "4", "6", "8", "12"}
    assert (sets.groupby("slices").hours.sum() == 8760).all()
    assert (sets.groupby("slices").size() == sets.groupby("slices").size().index.astype(int)).all()


def test_hours_of_each_month_belong_to_exactly_one_slice():
    sets = _table("time_slice_sets.csv")
    for _, group in sets.groupby("slices"):
        covered = [(m, h) for months, hours in zip(group.months, group.hours_of_day, strict=True)
                   for m in months.split(";") for h in hours.split(";")]
        assert len(covered) == len(set(covered)) == 12 * 24


def test_load_averages_to_one_and_every_set_has_the_same_peak(slices):
    weighted = (slices.load * slices.hours).groupby([slices.slices, slices.province]).sum() / 8760
    np.testing.assert_allclose(weighted, 1.0, atol=2e-4)
    peak = slices.pivot_table(index="province", columns="slices", values="load_peak", aggfunc="max")
    np.testing.assert_allclose(peak.max(axis=1), peak.min(axis=1))
    assert (slices.load_peak >= slices.load - 1e-9).all()


@pytest.mark.parametrize("resource", ["solar", "wind_onshore", "wind_offshore"])
def test_capacity_factors_keep_their_yearly_level_in_every_set(slices, resource):
    weighted = (slices[resource] * slices.hours).groupby([slices.slices, slices.province]).sum() / 8760
    table = weighted.unstack("slices")
    np.testing.assert_allclose(table.max(axis=1), table.min(axis=1), atol=2e-4)
    assert slices[resource].dropna().between(0, 1).all()


def test_solar_and_wind_run_their_published_hours(slices):
    """Inner Mongolia 2018-2020: about 1,600 h of sun; wind 2021-2023 between 2,300 and 2,600 h; Chongqing darkest."""
    year = slices[slices.slices == "1"].set_index("province")
    assert 1500 < year.loc["Inner Mongolia", "solar"] * 8760 < 1750
    assert 2200 < year.loc["Inner Mongolia", "wind_onshore"] * 8760 < 2700
    assert year.solar.idxmin() == "Chongqing"


def test_evening_is_dark_and_noon_is_bright(slices):
    six = slices[slices.slices == "6"].groupby("slice")[["solar", "load"]].mean()
    for season in ("warm", "cold"):
        assert six.loc[f"{season}_noon", "solar"] > 5 * six.loc[f"{season}_evening", "solar"]
        assert six.loc[f"{season}_evening", "load"] > six.loc[f"{season}_night", "load"]


def test_only_coastal_provinces_have_wind_at_sea(slices, potential):
    at_sea = set(slices[slices.wind_offshore.notna()].province)
    assert at_sea == {r for r in REGIONS if potential.loc[r, ("wind_offshore", "central")] > 0}
    assert at_sea >= {r for r, c in zip(REGIONS, capacity("offshore wind"), strict=True) if c > 0}


def test_potentials_hold_what_stood_in_2024(potential):
    history = _table("technology_history.csv")
    stands = history[history.year == 2024].pivot_table(index="region", columns="item", values="value").reindex(REGIONS)
    stands = stands.fillna(0.0)
    wind = potential[("wind_onshore", "low")] + potential[("wind_offshore", "low")]
    solar = potential[("pv_utility", "low")] + potential[("pv_distributed", "low")]
    hydro = potential[("hydro", "low")] + potential[("pumped_hydro", "low")]
    assert (wind >= stands["capacity wind"]).all()
    assert (solar >= stands["capacity solar"]).all()
    assert (hydro >= stands["capacity hydro"]).all()
    assert (potential[("nuclear", "central")] >= stands["capacity nuclear"]).all()


@pytest.mark.parametrize("item", ["wind_onshore", "wind_offshore", "pv_utility", "pv_distributed", "hydro", "nuclear",
                                  "biomass", "pumped_hydro"])
def test_estimates_of_a_potential_are_ordered(potential, item):
    assert (potential[(item, "low")] <= potential[(item, "central")] + 1e-9).all()
    assert (potential[(item, "central")] <= potential[(item, "high")] + 1e-9).all()


def test_storage_estimates_differ_by_a_factor_of_seven():
    """A scenario choice, not a fact: the published totals run from 0.5 to 3.8 Tt."""
    total = _table("resource_storage.csv").groupby("estimate").value.sum() / 1e6
    assert total.min() == pytest.approx(0.53, rel=0.01) and total.max() == pytest.approx(3.78, rel=0.01)
    assert total.loc["proven_land"] == pytest.approx(2.10, rel=0.01)


def test_lines_can_carry_what_was_exchanged_in_2019():
    lines = _table("transmission_lines.csv")
    room = {frozenset(p): c * 8.76 for p, c in zip(zip(lines["from"], lines["to"], strict=True), lines.capacity,
                                                   strict=True)}
    trade = pd.DataFrame(rows("electricity_trade.csv"))
    trade = trade[trade["from"].isin(REGIONS) & trade["to"].isin(REGIONS)]
    flows = trade.assign(twh=pd.to_numeric(trade.value) / 1000).groupby(
        [[frozenset(p) for p in zip(trade["from"], trade["to"], strict=True)]]).twh.sum()
    assert all(flow <= 0.56 * room.get(pair, 0) for pair, flow in flows.items() if flow > 0.3)
    assert len(room) == len(lines)  # a pair stands once


def test_losses_grow_with_length_and_stay_small():
    lines = _table("transmission_lines.csv")
    assert lines.loss.between(0.001, 0.15).all()
    direct = lines[lines.type == "dc"]
    assert np.corrcoef(direct.length, direct.loss)[0, 1] > 0.999
    assert set(lines["from"]) | set(lines["to"]) <= set(REGIONS)


def test_history_of_provinces_adds_up_to_the_nation():
    history = _table("technology_history.csv")
    for item in ("capacity thermal", "capacity hydro", "capacity nuclear", "capacity wind", "capacity solar",
                 "output cement", "output glass", "output pig iron"):
        table = history[history["item"] == item].pivot_table(index="region", columns="year", values="value")
        years = [y for y in range(2020, 2025) if NATION in table.index and pd.notna(table.loc[NATION, y])]
        assert len(years) == 5, item
        for year in years:
            assert table.drop(NATION)[year].sum() == pytest.approx(table.loc[NATION, year], rel=0.012), (item, year)


def test_capacity_history_agrees_with_the_power_statistics():
    history, power = _table("technology_history.csv"), _table("power_history.csv")
    power = power[power.quantity == "capacity"].assign(item=lambda t: "capacity " + t.source_of_power)
    both = history.merge(power, on=["region", "item", "year"])
    assert len(both) > 600
    assert (abs(both.value_x - both.value_y) <= 0.01 + 0.02 * both.value_y).all()


def test_new_energy_vehicles_grow_to_the_published_stock_of_2025():
    history = _table("technology_history.csv").set_index(["item", "region", "year"]).value
    path = [history["stock new-energy vehicles", NATION, y] for y in range(2020, 2026)]
    assert path == sorted(path) and path[-1] == 43.97


@pytest.mark.parametrize("name", [
    "technology_history.csv", "resource_potential.csv", "resource_storage.csv",
    "resource_national.csv", "transmission_lines.csv", "transmission_costs.csv", "time_slice_sets.csv",
])
def test_every_row_names_source_and_status(name):
    table = pd.DataFrame(rows(name))
    assert (table.source != "").all() and (table.unit != "").all()
    assert set(table.status) <= {"official", "derived", "estimated", "assumed"}
    if "region" in table:
        assert set(table.region) <= {*REGIONS, NATION}
