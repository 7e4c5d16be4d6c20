"""The national programme written out whole: the deferred optimum, peak years, alternatives, another start."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from io_tables.errors import InputError
from model.near_optimal import distance
from model.pathway.exact import exact
from model.pathway.near_optimal import DEARER, DISTANCE, LEAST, MOST, OPTIMUM, near_optimal
from model.pathway.peak_curve import ALL, ALONE, peak_curve
from model.programme import Engine
from model.run import run
from model.second_start import base_mix
from tests.model.test_coupling_national import Frozen


@pytest.fixture(scope="module")
def frozen():
    """Five years, so that the peak has somewhere to move."""
    return Frozen("years=[2020, 2028, 2030, 2035, 2060]", "carbon.national_cap=null")


@pytest.fixture(scope="module")
def run_like(frozen):
    """What a national run hands on, at the frozen economy."""
    plain = SimpleNamespace(assembled=frozen.whole, joined=frozen.optimum)
    return SimpleNamespace(resolution="national", study=frozen.study, outer=SimpleNamespace(iterate=plain))


@pytest.fixture(scope="module")
def curve(run_like):
    return peak_curve(run_like, (2028, 2030, 2035))


def _solved(compiled):
    solution = Engine(compiled, tolerance=1e-9).solve("simplex")
    assert solution.optimal
    return solution


def test_written_out_and_deferred_programme_have_the_same_optimum(frozen):
    whole = exact(frozen.whole)
    assert _solved(whole).objective == pytest.approx(frozen.optimum.bounds.objective, rel=1e-7)


def test_doubling_all_money_doubles_cost_and_changes_no_activity(frozen):
    whole = exact(frozen.whole)
    once, twice = _solved(whole), _solved(replace(whole, cost=2.0 * whole.cost))
    assert twice.objective == pytest.approx(2.0 * once.objective, rel=1e-9)
    made = [np.array([s.z[frozen.whole.draft.activity[0, k]].sum() for k in frozen.whole.draft.annual])
            for s in (once, twice)]
    np.testing.assert_allclose(made[0], made[1], rtol=1e-6, atol=1e-6 * made[0].max())


def test_later_peak_is_never_dearer_and_is_where_it_may_be(curve):
    alone = curve[curve["goals"] == ALONE].sort_values("allowed")
    assert (alone["status"] == "optimal").all()
    assert (np.diff(alone["cost"]) <= 1e-7 * alone["cost"].iloc[0]).all()
    assert (alone["peak_year"] <= alone["allowed"]).all()
    assert (np.diff(alone["peak"]) >= -1e-3).all(), "a later peak is no lower"


def test_more_goals_never_lower_cost_and_the_own_peak_year_is_the_reference(curve):
    every = curve[curve["goals"] == ALL].set_index("allowed")["cost"]
    alone = curve[curve["goals"] == ALONE].set_index("allowed")["cost"]
    assert (every >= alone * (1 - 1e-9)).all()
    assert (curve[curve["allowed"] == 2030]["difference"] == 0.0).all()


def test_warm_switch_of_peak_year_equals_a_programme_of_its_own(curve):
    own = Frozen("years=[2020, 2028, 2030, 2035, 2060]", "carbon.national_cap=null", "carbon.peak_year=2028")
    cost = curve[(curve["goals"] == ALONE) & (curve["allowed"] == 2028)]["cost"].iloc[0]
    assert _solved(exact(own.whole)).objective * 100.0 == pytest.approx(cost, rel=1e-8)


def test_a_peak_year_between_model_years_is_refused(run_like):
    with pytest.raises(InputError, match="2029"):
        peak_curve(run_like, (2029,))


@pytest.fixture(scope="module")
def alternatives(run_like):
    return near_optimal(run_like, 2, 0.02)


def test_alternatives_cost_no_more_than_the_slack_and_differ(alternatives):
    whole = alternatives[alternatives["year"].isna()].set_index(["pathway", "variable"])["value"]
    found = [p for p in dict.fromkeys(alternatives["pathway"]) if p.startswith("alternative")]
    assert len(found) == 2
    for name in found:
        assert whole[name, DEARER] <= 2.0 + 1e-6 and whole[name, DISTANCE] > 1.0
    assert whole[found[0], DISTANCE] >= whole[found[1], DISTANCE]


def test_ranges_hold_the_optimum_and_every_alternative(alternatives):
    dated = alternatives.dropna(subset="year").set_index(["variable", "year", "pathway"])["value"].unstack()
    ranged = dated.dropna(subset=[LEAST, MOST])
    inside = ranged[[c for c in ranged.columns if c == OPTIMUM or c.startswith("alternative")]].dropna()
    assert len(inside) >= 10
    room = 1e-6 * ranged[MOST].abs().loc[inside.index] + 1e-6
    for pathway in inside.columns:
        assert (inside[pathway] >= ranged[LEAST].loc[inside.index] - room).all()
        assert (inside[pathway] <= ranged[MOST].loc[inside.index] + room).all()


def test_nothing_is_made_only_to_be_thrown_away(alternatives):
    steel = alternatives[alternatives["variable"].str.startswith("Production|Crude steel|")
                         & (alternatives["year"] == 2060) & ~alternatives["pathway"].isin((LEAST, MOST))]
    total = steel.groupby("pathway")["value"].sum()
    assert total.max() <= 1.25 * total[OPTIMUM]


def test_the_other_start_keeps_products_and_takes_the_base_years_mix(frozen):
    study, before = frozen.study, frozen.choice
    other = base_mix(study, before, frozen.years)
    np.testing.assert_array_equal(other.activity[0], before.activity[0])
    own = list(study.of_product["steel"])
    np.testing.assert_allclose(other.activity[:, :, own].sum(axis=2), before.activity[:, :, own].sum(axis=2))
    nation = other.activity[-1][:, own].sum(axis=0)
    then = before.activity[-1][:, own].sum(axis=0)
    base = study.activity[:, own].sum(axis=0)
    assert distance(nation / nation.sum(), base / base.sum()) < 0.1 < distance(then / then.sum(), base / base.sum())


def test_alternatives_of_given_shares_are_refused(frozen):
    shares = frozen.study.scenario.model_copy(update={
        "technology": frozen.study.scenario.technology.model_copy(update={"choice": "shares"})})
    with pytest.raises(InputError, match="chosen, not given"):
        run(frozen.study.base, shares, alternatives=2)
