"""Technology mixes of single provinces (E8)."""

from __future__ import annotations

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from io_tables.errors import Infeasible
from model.economy import mixed
from model.run import study_of
from scenarios.load import load_scenario


def test_a_province_keeps_its_mix_and_the_nation_its_shares():
    base = np.array([[8.0, 2.0], [5.0, 5.0], [1.0, 9.0]])
    output, national = np.array([10.0, 20.0, 30.0]), np.array([0.5, 0.5])
    given = np.full((3, 2), np.nan)
    given[1] = [0.9, 0.1]
    shares = mixed(base, np.zeros(2, bool), national, output, given)
    np.testing.assert_allclose(shares[1], [0.9, 0.1])
    np.testing.assert_allclose(output @ shares, national * output.sum(), rtol=1e-9)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-9)
    assert shares[0, 0] > shares[2, 0], "the others keep their pattern"


def test_without_national_shares_only_the_province_moves():
    base, given = np.array([[3.0, 1.0], [1.0, 1.0]]), np.array([[np.nan, np.nan], [0.0, 1.0]])
    shares = mixed(base, np.zeros(2, bool), np.full(2, np.nan), np.ones(2), given)
    np.testing.assert_allclose(shares, [[0.75, 0.25], [0.0, 1.0]])


def test_provinces_that_take_more_than_the_nation_are_refused():
    given = np.array([[1.0, 0.0], [np.nan, np.nan]])
    with pytest.raises(Infeasible, match="nation's share"):
        mixed(np.ones((2, 2)), np.zeros(2, bool), np.array([0.2, 0.8]), np.array([5.0, 5.0]), given)


def test_a_run_with_a_mix_of_one_province_has_it_and_meets_the_nation():
    base = BaseYear.load()
    scenario = load_scenario("quick", (
        "years=[2020, 2030, 2060]",
        "technology.provincial_shares={Hebei: {steel: {steel_bf_bof: {2030: 0.5}, steel_scrap_eaf: {2030: 0.5}}}}"))
    study = study_of(base, scenario)
    year = study.solve(1, study.solve(0, None))
    own = [study.keys.index(k) for k in ("steel_bf_bof", "steel_scrap_eaf")]
    steel = list(study.of_product["steel"])
    r = base.regions.index("Hebei")
    made = year.activity[r, own] / year.activity[r, steel].sum()
    np.testing.assert_allclose(made, 0.5, rtol=1e-9)
    nation = year.activity[:, steel].sum(axis=0) / year.activity[:, steel].sum()
    expected = [scenario.technology.shares["steel"][study.keys[k]].at(2030) for k in steel]
    np.testing.assert_allclose(nation, expected, atol=2e-3)
