"""Technology mixes of single provinces (E8)."""

from __future__ import annotations

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from io_tables.errors import Infeasible
from model.coupling import CoupledStudy
from model.economy import mixed
from model.pathway.assembled import assembled, draft_of
from model.pathway.choice import first_choice
from model.pathway.closing import Economy, no_pins
from model.pathway.national_loop import biomass_outside, net_co2
from model.pathway.places import provincial
from model.pathway.requirements_of_year import requirements
from model.pathway.timing import Timing
from model.run import study_of
from model.technology.catalogue import catalogue
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


def test_the_programme_over_provinces_keeps_a_mix_in_years_not_yet_lived():
    mix = "{steel: {steel_bf_bof: {2060: 0.4}, steel_scrap_eaf: {2060: 0.6}}}"
    scenario = load_scenario("assumed_mixes", (
        "technology.choice=optimise", "years=[2020, 2025, 2060]", "power.slices=1", "targets=[]",
        f"technology.provincial_shares={{Hebei: {mix}}}"))
    base = BaseYear.load()
    study, years = CoupledStudy(base, scenario, catalogue()), []
    for t in range(3):
        years.append(study.solve(t, years[-1] if years else None))
    assert study.own_mixes(2) is None, "a mix given to a province does not bind the shares the loop starts from"
    choice, economy, pins = first_choice(study, years), Economy(study, lines=True), no_pins(study)
    places = provincial(base, scenario, study.catalogue, Economy(study, lines=False).base_use)
    timing = Timing.of(scenario.years, rate=scenario.economics.discount_rate)
    even = np.ones_like(choice.activity[0])
    years = [economy.year(t, choice, year, pins) for t, year in enumerate(years)]
    found = [requirements(economy, y, t, choice, pins, places.member, even) for t, y in enumerate(years) if t]
    d = draft_of(study, places, timing, found, net_co2(years[0]), biomass_outside(years))
    whole = assembled(d, 3e-2)
    named = {label: at for label, at in d.names.items() if "provincial_shares" in label}
    steel = list(study.of_product["steel"])
    assert {year for _, year in named.values()} == {2060}
    assert len(named) == len(steel) - 1
    g, t = base.regions.index("Hebei"), d.years.index(2060)
    z = np.zeros(len(whole.complete.cost))
    z[d.activity[g, [study.keys.index(k) for k in ("steel_bf_bof", "steel_scrap_eaf")], t]] = 40.0, 60.0
    rows = whole.kept(np.array([d.programme.rows[label].index[0] for label in named]))
    c = whole.complete
    np.testing.assert_allclose(c.K[rows] @ z, 0.0, atol=1e-9)
    assert (c.k_lower[rows] == 0).all() and (c.k_upper[rows] == 0).all()
    z[d.activity[g, study.keys.index("steel_bf_bof"), t]] = 50.0
    assert np.abs(c.K[rows] @ z).max() > 1.0
