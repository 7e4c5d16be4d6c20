"""Near-optimal alternatives of the programme over all provinces, recounted with the complete requirements."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from io_tables.errors import InputError
from model.export import excel
from model.export.alternatives import SHEET
from model.near_optimal import distance
from model.pathway import provincial_alternatives as searched
from model.pathway.assembled import plan_of
from model.pathway.near_optimal import COST, DEARER, OPTIMUM, uses_by_place
from model.run import run
from scenarios.load import load_scenario

SETTINGS = ("years=[2020,2040,2060]", "power.slices=1", "coupling.resolution=provincial")


@pytest.fixture(scope="module")
def coupled(provinces):
    return provinces


@pytest.fixture(scope="module")
def region(coupled):
    return searched.JoinedNearOptimal(coupled.outer.iterate.assembled, coupled.z, 0.02)


@pytest.fixture(scope="module")
def found(coupled, region):
    return region.alternatives(uses_by_place(coupled.outer.iterate.assembled.draft, coupled.plan), 2)


@pytest.fixture(scope="module")
def table(coupled, found):
    # the same search behind the table, done once
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searched.JoinedNearOptimal, "alternatives", lambda self, uses, count: found)
        return searched.provincial_alternatives(coupled, 2, 0.02)


def test_every_alternative_meets_all_requirements_of_all_provinces(coupled, found):
    whole = coupled.outer.iterate.assembled
    c, d = whole.complete, whole.draft
    assert len(found) == 2
    for alternative in found:
        z = alternative.solution.z
        plan = plan_of(d, z)
        asked = np.concatenate([
            r.rest + r.matrix.reshape(len(r.rest), -1) @ np.concatenate(
                [plan.activity[:, :, t], plan.chp_heat[:, t, None], plan.invested[:, :, t]], axis=1).ravel()
            for t, r in enumerate(d.requirements)])
        made = c.B @ z
        carried = np.maximum(np.abs(made), np.abs(asked))
        short = np.where(c.equal, np.abs(asked - made), asked - made)
        assert (short / np.maximum(carried, 1e-9 * carried.max())).max() <= 1e-6
        value, size = c.K @ z, np.maximum(abs(c.K) @ np.abs(z), 1.0)
        assert (np.maximum(c.k_lower - value, value - c.k_upper) / size).max() <= 1e-6
        assert (c.lower - z).max() <= 1e-6 and (z - np.where(d.derived, np.inf, c.upper)).max() <= 1e-6


def test_alternatives_cost_at_most_the_slack_and_differ_from_the_optimum_and_each_other(coupled, found):
    whole = coupled.outer.iterate.assembled
    uses, best = uses_by_place(whole.draft, coupled.plan), whole.complete.cost @ coupled.z
    for alternative in found:
        assert whole.complete.cost @ alternative.solution.z <= best * (1.02 + 1e-8)
    points = [np.maximum(uses @ z, 0.0) for z in (coupled.z, *(a.solution.z for a in found))]
    assert min(distance(a, b) for a, b in combinations(points, 2)) > 0.05


def test_the_distance_tells_provinces_apart(coupled):
    d = coupled.outer.iterate.assembled.draft
    uses = uses_by_place(d, coupled.plan)
    k = next(k for k in d.annual if d.keys[k] == "steel_scrap_eaf")
    here, there = d.activity[:2, k, -1]
    z, other = np.zeros(uses.shape[1]), np.zeros(uses.shape[1])
    z[here], other[there] = 1.0, 1.0
    assert (uses @ z).max() > 0
    assert distance(uses @ z, uses @ other) == pytest.approx(1.0)


def test_nothing_is_bought_off_that_the_optimum_delivers(coupled, found):
    d = coupled.outer.iterate.assembled.draft
    for alternative in found:
        plan = plan_of(d, alternative.solution.z)
        assert (plan.unserved <= np.maximum(coupled.plan.unserved, 0.0) + 1e-6).all()
        assert plan.unserved_firm.max() <= coupled.plan.unserved_firm.max() + 1e-6


def test_no_slack_leaves_the_optimum_alone(coupled):
    table, (said, _) = searched.provincial_alternatives(coupled, 2, 0.0)
    assert set(table["pathway"]) == {OPTIMUM} and "nothing was searched" in said
    cost = table.loc[table["variable"] == COST, "value"].item()
    assert cost == pytest.approx(coupled.objective, rel=1e-9)


def test_a_point_off_the_complete_rows_is_left_out_and_said(coupled, monkeypatch):
    monkeypatch.setattr(searched, "RE_SOLVES", 1)
    region = searched.JoinedNearOptimal(coupled.outer.iterate.assembled, coupled.z, 0.02)
    point = region._least(uses_by_place(coupled.outer.iterate.assembled.draft, coupled.plan).sum(axis=0).A1)
    assert not point.optimal and region.missed[0] > 1e-6
    assert "missed the requirements" in searched._said(region, 0, 0.02)[0]


def test_provinces_of_the_table_sum_to_the_nation(table):
    frame, (said, chinese) = table
    dated = frame.dropna(subset="year").set_index(["pathway", "variable", "year", "region"])["value"].unstack()
    both = dated.dropna()
    assert len(both) > 50
    np.testing.assert_allclose(both.drop(columns="China").sum(axis=1), both["China"], rtol=1e-9, atol=1e-7)
    dearer = frame.loc[frame["variable"] == DEARER, "value"]
    assert dearer.max() <= 2.0 + 1e-6
    assert frame.loc[frame["variable"] == searched.VIOLATION, "value"].max() <= 1.0
    assert "2 pathways" in said and "近优路径" in chinese


def test_sheet_shows_the_nation_and_then_what_provinces_do_differently(table, small_results, tmp_path):
    excel.write(replace(small_results, alternatives=table[0]), tmp_path / "a.xlsx")
    rows = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx")).get_sheet_by_name(SHEET).to_python()
    names = [str(row[1]) for row in rows]
    assert any(name == "Largest miss of a complete requirement" for name in names)
    assert sum(": " in name for name in names) >= 20


def test_runs_without_provinces_are_refused(coupled):
    scenario = load_scenario("least_cost", SETTINGS[:2])
    national = scenario.model_copy(update={
        "coupling": scenario.coupling.model_copy(update={"resolution": "national"})})
    with pytest.raises(InputError, match="programme over them"):
        run(coupled.study.base, national, alternatives=1, alternatives_over="provinces")
    with pytest.raises(InputError, match="programme over them"):
        searched.provincial_alternatives(replace(coupled, resolution="national"), 1)
