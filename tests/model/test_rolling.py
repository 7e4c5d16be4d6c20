"""Limited foresight: steps of a rolling horizon (E10)."""

from __future__ import annotations

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from io_tables.errors import InputError
from model.coupling import CoupledStudy, solve
from model.rolling import Sight, up_to, windows
from model.technology.catalogue import catalogue
from scenarios.load import load_scenario

YEARS = (2020, 2025, 2030, 2040, 2060)
SMALL = ("years=[2020, 2030, 2040]", "power.slices=1", "technology.history=free", "targets=[]", "carbon.budget=null",
         "carbon.neutral_year=null", "carbon.peak_year=null", "carbon.national_cap={2040: 7500}",
         "coupling.tolerance=1e-4", "demand.price_response=none")


def test_steps_see_so_far_and_at_least_the_next_year():
    assert windows(YEARS, 10) == [2030, 2030, 2040, 2060]
    assert windows(YEARS, 3) == [2025, 2030, 2040, 2060]
    assert windows(YEARS, 40) == [2060]


def test_goals_out_of_sight_do_not_count_yet():
    scenario = load_scenario("least_cost", ("years=[2020, 2025, 2030, 2040, 2060]",))
    seen = up_to(scenario, 2040)
    assert seen.years == (2020, 2025, 2030, 2040)
    assert seen.carbon.neutral_year is None and seen.carbon.budget is None and seen.carbon.peak_year == 2030
    assert {t.year for t in seen.targets} <= {2030, 2035}
    assert up_to(scenario, 2060) is scenario


def test_a_step_sees_the_economy_of_the_whole_scenario():
    base = BaseYear.load()
    scenario = load_scenario("least_cost", ("years=[2020, 2030, 2040, 2060]", "targets=[]"))
    study = Sight(scenario, *2 * (np.zeros((0, 1)),)).study(base, up_to(scenario, 2030), catalogue())
    whole = CoupledStudy(base, scenario, catalogue()).assumed
    assert study.assumed.years == (2020, 2030)
    np.testing.assert_array_equal(study.assumed.growth, whole.growth[:2])


def test_less_foresight_never_costs_less_and_what_was_built_stays():
    base = BaseYear.load()
    perfect = solve(base, load_scenario("least_cost", SMALL))
    scenario = load_scenario("least_cost", (*SMALL, "technology.foresight={mode: rolling, look_ahead: 10}"))
    first = solve(base, up_to(scenario, 2030), sight=Sight(scenario, *2 * (np.zeros((0, 1)),)))
    rolled = solve(base, scenario)
    assert rolled.outer.converged and perfect.outer.converged
    assert rolled.objective >= perfect.objective * (1 - 1e-5)
    built = first.plan.building[0, :, 0]
    np.testing.assert_allclose(rolled.plan.building[0, :, 0], built, rtol=1.1e-3, atol=1e-3 * built.max())
    assert np.abs(perfect.plan.building[0, :, 0] - built).max() > 0.01 * built.max()
    assert any("sees 10 years ahead" in text for text in rolled.assumed)


def test_a_rolling_horizon_over_provinces_is_refused():
    scenario = load_scenario("least_cost", ("technology.foresight.mode=rolling", "coupling.resolution=provincial"))
    with pytest.raises(InputError, match="national"):
        solve(BaseYear.load(), scenario)
