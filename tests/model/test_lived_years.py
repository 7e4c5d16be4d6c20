"""Years already lived hold what statistics say; afterwards use falls no faster than retirement and the rate allow."""

from __future__ import annotations

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from model.coupling import CoupledStudy
from model.pathway.assembled import assembled, plan_of
from model.pathway.choice import first_choice
from model.pathway.closing import Economy, no_pins
from model.pathway.lived import BAND, BEGUN, GENERATION, grown_as_lived
from model.pathway.national_loop import NationalLoop
from model.pathway.places import provincial
from model.pathway.requirements_of_year import requirements
from model.pathway.timing import Timing
from model.programme_ledgers import aged
from model.technology.catalogue import catalogue
from scenarios.load import load_scenario

YEARS = (2020, 2025, 2030, 2060)


class Solved:
    """The national programme at the economy of the scenario's shares, one solve."""

    def __init__(self, *overrides: str):
        base = BaseYear.load()
        scenario = load_scenario("least_cost", (f"years={list(YEARS)}", "power.slices=1", *overrides))
        study = self.study = CoupledStudy(base, scenario, catalogue())
        years = []
        for t in range(len(YEARS)):
            years.append(study.solve(t, years[-1] if years else None))
        choice, economy = first_choice(study, years), Economy(study, lines=False)
        places = provincial(base, scenario, study.catalogue, economy.base_use)
        loop = NationalLoop(study, places, Timing.of(YEARS, rate=scenario.economics.discount_rate), years, choice)
        closed = [economy.year(t, choice, y, no_pins(study)) for t, y in enumerate(years)]
        found = [requirements(economy, y, t, choice, no_pins(study), loop.places.member, loop.pattern[t])
                 for t, y in enumerate(closed) if t]
        whole = assembled(loop.draft(closed, found), scenario.coupling.keep)
        self.draft, self.z = whole.draft, loop.solve(whole).z
        self.plan = plan_of(self.draft, self.z)

    def made(self, *keys: str) -> np.ndarray:
        return self.plan.activity[0][[self.study.keys.index(k) for k in keys]].sum(axis=0)


@pytest.fixture(scope="module")
def pinned():
    return Solved()


@pytest.fixture(scope="module")
def free():
    return Solved("technology.history=free")


def test_nothing_of_the_statistics_is_missed(pinned):
    assert pinned.plan.missed == {}


@pytest.mark.parametrize("item", sorted(GENERATION))
def test_generation_grows_as_published(pinned, item):
    table = pinned.study.base.tables["technology_history"]
    rows = table[(table["region"] == "China") & (table["item"] == item)].set_index("year")
    own = [pinned.study.keys.index(k) for k in GENERATION[item]]
    growth = pinned.made(*GENERATION[item])[0] / pinned.study.activity[:, own].sum()
    published = rows.loc[2025, "value"] / rows.loc[2020, "value"]
    assert growth == pytest.approx(published, rel=BAND[rows.loc[2025, "status"]] + 1e-6)


def test_electric_steel_and_coal_homes_keep_their_published_shares(pinned):
    steel = pinned.made("steel_scrap_eaf")[0] / pinned.made(
        "steel_bf_bof", "steel_scrap_eaf", "steel_bf_bof_ccs", "steel_h2_dri_eaf")[0]
    homes = pinned.made("building_coal")[0] / pinned.made(
        "building_coal", "building_gas", "building_electric", "building_district_heat")[0]
    assert 0.0891 * 0.98 - 1e-6 <= steel <= 0.0891 * 1.02 + BEGUN + 1e-6
    assert 0.08 * 0.95 - 1e-6 <= homes <= 0.08 * 1.05 + BEGUN + 1e-6


def test_unpinned_the_programme_would_have_chosen_otherwise(pinned, free):
    """The hindcast differs from history, so the pins are what holds it."""
    assert free.made("gas_power")[0] < 0.9 * pinned.made("gas_power")[0]
    assert not free.draft.history_rows and pinned.draft.history_rows


def test_routes_that_end_add_no_more_than_their_output_took(pinned):
    d = pinned.draft
    wide = np.full((d.K, d.T), 1e6)
    limits = grown_as_lived(d, wide)
    k = pinned.study.keys.index("building_coal")
    most = (0.08 * 1.05 + BEGUN) * d.household["floor_space"][1].sum()
    standing = d.places.standing[:, k, 1].sum() + limits[k, 0] * d.vintage[k][0, 0]
    assert standing == pytest.approx(max(most, d.places.standing[:, k, 1].sum()), rel=1e-9)
    assert (limits[:, 1:] == 1e6).all()
    assert limits[pinned.study.keys.index("cement_kiln"), 0] == 1e6


def test_use_falls_by_no_more_than_retirement_and_the_rate_unless_paid(pinned):
    """Recounted with fleets aged year by year: what no compensation covers has not been left idle."""
    d, study = pinned.draft, pinned.study
    building = pinned.plan.building.sum(axis=0)
    alone = aged(study, YEARS, np.zeros_like(building))
    for key in ("coal_supercritical", "steel_bf_bof", "building_gas", "paper_fossil"):
        k = study.keys.index(key)
        before = building.copy()
        before[:, 1:] = 0.0
        left = aged(study, YEARS, before)[k] if building[k, 0] else alone[k]
        output = (d.places.factor[0, k] @ d.places.hours / 1000.0 if k in d.plants
                  else d.value(key, "activity_per_capacity") * d.value(key, "availability"))
        kept = (1.0 - d.value(key, "decline_limit")) ** 5
        use = pinned.plan.activity[0, k]
        idled = pinned.z[d.idled[k, 1]]
        least = kept * (use[0] - output * (left[0] - left[1]))
        assert use[1] + idled >= least - 1e-6 * max(use[0], 1.0), key


def test_the_nations_peak_is_the_published_one(pinned):
    table = pinned.study.base.tables["technology_history"]
    highest = table[(table["item"] == "highest load")].set_index("year")["value"]
    assert pinned.draft.places.observed_peak == pytest.approx(1.28, abs=0.01) and len(highest) == 5
