"""Budgets: products of yearly factors, sums over provinces and sectors, and the reason behind each number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from io_tables.errors import Infeasible, InputError
from model.carbon.allocation import per_capita
from model.carbon.budgets import MINIMUM, PATHWAY, FiveYearTarget, budgets

YEARS = (2025, 2026, 2027, 2028, 2029, 2030)
REGIONS, SECTORS = ("Hebei", "Jiangsu", "Sichuan"), ("steel", "power", "services")
TOTAL = FiveYearTarget("total 2030", "total", 2025, 2030, -0.05)
INTENSITY = FiveYearTarget("intensity 2030", "intensity", 2025, 2030, -0.18)


def _run(growth=0.045, seed=0):
    rng = np.random.default_rng(seed)
    va = rng.uniform(500, 2000, (3, 3)) * (1 + growth) ** np.arange(6)[:, None, None]
    co2 = rng.uniform(20, 400, (3, 3)) * (1.01 ** np.arange(6))[:, None, None]
    return co2, va


def _budgets(targets, **options):
    co2, va = _run(**options.pop("run", {}))
    return co2, va, budgets(YEARS, co2, va, targets, regions=REGIONS, sectors=SECTORS, **options)


@given(st.floats(-0.6, 0.3), st.lists(st.floats(0.1, 5), min_size=5, max_size=5))
def test_yearly_factors_multiply_to_the_target_whatever_the_profile(change, profile):
    factors = FiveYearTarget("t", "total", 2025, 2030, change, tuple(profile)).yearly_factors()
    assert np.prod(factors) == pytest.approx(1 + change, rel=1e-12) and len(factors) == 5


def test_a_total_target_is_met_exactly_in_every_province_sector_and_year():
    co2, _, found = _budgets([TOTAL])
    assert found.national["factor"].iloc[1:].prod() == pytest.approx(0.95)
    assert found.five_years["product"].iloc[0] == pytest.approx(0.95)
    assert found.five_years["reached"].iloc[0] == pytest.approx(-0.05) and found.five_years["binding_at_end"].all()
    assert found.province.sum(axis=1) == pytest.approx(found.national["level"].to_numpy(), rel=1e-12)
    assert found.sector.sum(axis=2) == pytest.approx(found.province, rel=1e-12)
    assert found.table.groupby("year")["budget"].sum().to_numpy() == pytest.approx(co2[0].sum() * 0.95 ** (
        np.arange(6) / 5))


def test_an_intensity_target_follows_gdp():
    co2, va, found = _budgets([INTENSITY])
    intensity = found.national["intensity"].to_numpy()
    assert intensity[-1] / intensity[0] == pytest.approx(0.82)
    assert found.five_years["reached"].iloc[0] == pytest.approx(-0.18)
    assert intensity[0] == pytest.approx(100 * co2[0].sum() / va[0].sum())
    row = found.table.iloc[4]
    assert row["intensity"] == pytest.approx(100 * row["budget"] / va[0, 1, 1])


def test_the_tighter_of_two_targets_binds_and_says_so_with_its_price():
    price = np.arange(6.0)
    _, _, slow = _budgets([TOTAL, INTENSITY], run={"growth": 0.02}, shadow_prices={"intensity 2030": price})
    assert slow.national["binding"].iloc[-1] == "intensity 2030"
    assert slow.table["shadow_price"].iloc[-1] == 5.0
    _, _, fast = _budgets([TOTAL, INTENSITY], run={"growth": 0.08}, shadow_prices={"intensity 2030": price})
    assert fast.national["binding"].iloc[-1] == "total 2030" and np.isnan(fast.table["shadow_price"].iloc[-1])
    assert fast.five_years.set_index("target")["reached"]["intensity 2030"] < -0.18
    assert fast.national["binding"].iloc[0] == PATHWAY


def test_bounds_of_a_province_become_the_reason():
    co2, _, free = _budgets([TOTAL])
    cap = np.full((6, 3), np.inf)
    cap[5, 1] = 0.9 * free.province[5, 1]
    low = np.zeros((6, 3))
    low[5, 2] = 1.1 * free.province[5, 2]
    dual = np.zeros((6, 3))
    dual[5, 1] = 77.0
    _, _, found = _budgets([TOTAL], caps={"cap of Jiangsu": cap}, minimum=low, shadow_prices={"cap of Jiangsu": dual})
    last = found.table[found.table["year"] == 2030].drop_duplicates("region").set_index("region")
    assert last["binding"].to_dict() == {"Hebei": "total 2030", "Jiangsu": "cap of Jiangsu", "Sichuan": MINIMUM}
    assert last.loc["Jiangsu", "shadow_price"] == 77
    assert found.province.sum(axis=1) == pytest.approx(free.province.sum(axis=1), rel=1e-12)


def test_a_quota_rule_divides_the_level():
    quota = np.tile(per_capita(1.0, (75, 85, 83)), (6, 1))
    _, _, found = _budgets([TOTAL], quota=quota)
    assert found.province[5] / found.province[5].sum() == pytest.approx(quota[5])


def test_removal_in_a_sector_keeps_its_sign_and_the_sums():
    co2, va = _run()
    co2[:, 0, 1] = -30.0
    found = budgets(YEARS, co2, va, [TOTAL], regions=REGIONS, sectors=SECTORS)
    assert (found.sector[:, 0, 1] < 0).all() and found.sector.sum(axis=2) == pytest.approx(found.province)


def test_a_target_below_the_technical_minimum_is_explained_by_name():
    co2, _, free = _budgets([TOTAL])
    with pytest.raises(Infeasible, match=r"total 2030, 2030: the cap .* below the sum of the lower bounds") as caught:
        _budgets([TOTAL], minimum=free.province * np.where(np.arange(6) == 5, 1.2, 0.5)[:, None])
    assert "total 2030" in caught.value.clashing


def test_mistakes_are_gathered():
    with pytest.raises(InputError, match="did you mean 'intensity'"):
        FiveYearTarget("t", "intensty", 2025, 2030, -0.1)
    co2, va = _run()
    with pytest.raises(InputError) as caught:
        budgets(YEARS, co2, va, [FiveYearTarget("t", "total", year, 2030, 0.1) for year in (2024, 2025)],
                regions=REGIONS, sectors=SECTORS, quota=np.ones((2, 3)))
    assert len(caught.value.problems) == 3
