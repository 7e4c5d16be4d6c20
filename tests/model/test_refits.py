"""Refits move standing plants to another technology: what is paid, what stands, and what may not be moved (E6, E10)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.pathway.assembled import plan_of
from model.pathway.exact import exact
from model.pathway.refits import AGE, LEAST_PART, cost_over_new, refits_of
from model.pathway.timing import Timing
from model.programme import Engine
from model.programme_ledgers import aged, refitted
from model.technology.catalogue import catalogue
from model.technology.stock import WEIBULL_SHAPE, survival

YEARS = (2020, 2030, 2040, 2060)
SHIPPED = catalogue()
KEYS = SHIPPED.keys
KILN, CAPTURE = KEYS.index("cement_kiln"), KEYS.index("cement_kiln_ccs")


@pytest.fixture(scope="module")
def refits():
    years = np.array(YEARS[1:])
    first = np.array([SHIPPED.value(k, "first_year") for k in KEYS])
    return refits_of(SHIPPED, KEYS, Timing.of(YEARS, rate=0.05), years[None] >= first[:, None])


def test_every_capture_plant_of_the_catalogue_that_names_its_source_may_be_a_refit_from_its_first_year(refits):
    named = [k for k, key in enumerate(KEYS) if SHIPPED.technology(key).retrofit_of]
    assert set(refits.target) == set(named) and len(named) == 7
    assert all(KEYS[s] == SHIPPED.technology(KEYS[k]).retrofit_of
               for k, s in zip(refits.target, refits.source, strict=True))
    assert all(YEARS[1 + t] >= SHIPPED.value(KEYS[k], "first_year")
               for k, t in zip(refits.target, refits.year, strict=True))


def test_a_refit_costs_what_the_target_costs_more_than_its_source(refits):
    i = int(np.flatnonzero((refits.target == CAPTURE) & (refits.year == 1))[0])
    new, plain = (SHIPPED.value(k, "capex", year=2040) for k in ("cement_kiln_ccs", "cement_kiln"))
    assert refits.part[i] * new == pytest.approx(new - plain)
    assert cost_over_new(SHIPPED, "cement_kiln", "cement_kiln_ccs", 2040) == LEAST_PART    # dearer source: never free


def test_a_refitted_plant_lives_on_for_the_rest_of_its_sources_life(refits):
    """One capacity unit a year at 2060 alone stands in 2060 by the years since each calendar year's refit."""
    i = int(np.flatnonzero((refits.target == CAPTURE) & (refits.year == 2))[0])
    life = SHIPPED.lifetime("cement_kiln")
    calendar = np.arange(2041, 2061)
    alive = survival(2060 - calendar + AGE * life, life, shape=WEIBULL_SHAPE) / survival(AGE * life, life,
                                                                                          shape=WEIBULL_SHAPE)
    expected = np.interp(calendar, (2040, 2060), (0.0, 1.0)) @ alive
    assert refits.moved[i, 2] * refits.part[i] == pytest.approx(expected, rel=1e-9)
    assert refits.moved[i, 0] == 0.0


def test_refits_leave_the_sum_of_both_stocks_as_it_was(refits):
    columns = np.random.default_rng(0).uniform(0.0, 3.0, (2, len(refits.target)))
    shifted = refits.shifted(columns, len(KEYS))
    np.testing.assert_allclose(shifted[:, KILN], -shifted[:, CAPTURE])
    assert shifted[:, CAPTURE].min(axis=0)[-1] > 0.0
    np.testing.assert_allclose(shifted.sum(axis=1), 0.0, atol=1e-9)


class Bag:
    def __init__(self, **values):
        self.__dict__.update(values)


@pytest.mark.parametrize("weights", ["trapezium", "step"])
def test_refits_aged_by_calendar_year_equal_the_programmes_own_weights(weights):
    timing = Timing.of(YEARS, rate=0.05, weights=weights)
    own = refits_of(SHIPPED, KEYS, timing, np.ones((len(KEYS), len(YEARS) - 1), dtype=bool))
    columns = np.random.default_rng(1).uniform(0.0, 3.0, (1, len(own.target)))
    study = Bag(keys=KEYS, catalogue=SHIPPED, scenario=Bag(economics=Bag(period_weights=weights)))
    by_year = refitted(study, YEARS, own.capacity(columns, len(KEYS))[0])
    np.testing.assert_allclose(by_year, own.shifted(columns, len(KEYS))[0], rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def written():
    """The national programme at the scenario's shares."""
    from test_settings_reach_programme import Written

    return Written("carbon.national_cap={2060: 3000}")


def _solved(written, **tightened):
    """The programme with every requirement written out, some columns shut."""
    whole = written.whole
    upper = whole.complete.upper.copy()
    for columns in tightened.values():
        upper[columns.ravel()] = 0.0
    return Engine(exact(replace(whole, complete=replace(whole.complete, upper=upper)))).solve("ipm")


def test_refits_never_raise_cost_and_close_the_stocks(written):
    d = written.whole.draft
    free, without = _solved(written), _solved(written, refit=d.refit)
    assert free.optimal and without.optimal
    assert free.objective < without.objective * (1 - 1e-6)
    plan = plan_of(d, free.z)
    assert plan.refit.sum() > 1.0
    years = (d.timing.years[0], *d.years)
    stands = aged(d.study, years, plan.building[0]) + refitted(d.study, years, plan.refit[0])
    np.testing.assert_allclose(plan.retained[0], stands, rtol=1e-8, atol=1e-6)
    assert (plan.retained[0][d.refits.source] >= -1e-6).all()             # no more than stands is refitted
    np.testing.assert_allclose(plan.capacity[0][d.annual], plan.retained[0][d.annual])
    k = d.refits.target
    extra = (plan.invested - plan.building)[0][k, d.refits.year]
    np.testing.assert_allclose(extra, plan.refit[0][k, d.refits.year] * d.refits.part, atol=1e-9)


def test_a_refit_asks_the_economy_for_its_part_of_a_new_plant(written):
    """The requirement matrix of the programme: a column of refits is that of new plants of the same money."""
    d, M = written.whole.draft, written.whole.complete.M
    for i in (0, len(d.refits.target) - 1):
        k, t = d.refits.target[i], d.refits.year[i]
        one, other = np.zeros(len(written.whole.complete.cost)), np.zeros(len(written.whole.complete.cost))
        one[d.refit[0, i]], other[d.building[0, k, t]] = 1.0, 1.0
        asked = M.product(one)
        assert np.abs(asked).max() > 0.0
        np.testing.assert_array_equal(asked, M.product(other))
        life = d.refits.life[i]
        paid = written.whole.complete.cost[d.refit[0, i]] / written.whole.complete.cost[d.building[0, k, t]]
        assert paid == pytest.approx(d.timing.build_cost(life)[t + 1] / d.timing.build_cost(d.life[k])[t + 1])


def test_additions_of_a_target_count_its_refits_within_growth(written):
    d = written.whole.draft
    plan = plan_of(d, _solved(written).z)
    k = CAPTURE
    added = (plan.building + plan.refit)[0, k]
    span = np.diff(d.timing.years)
    factor = (1.0 + d.value(KEYS[k], "growth_limit")) ** span
    before = np.concatenate([[d.places.recent[k]], added[:-1]])
    assert (added <= factor * before + d.value(KEYS[k], "seed_build") * span + 1e-6).all()
