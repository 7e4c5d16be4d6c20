"""The pathway engine on systems small enough for a closed form: costs, time and capacity."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pathway_toys import PLAIN, activity, plant

from model.technology.conventions import Conventions, capital_weight, surviving, timeline
from model.technology.pathway import solve_pathway


def test_the_cheaper_technology_runs_and_demand_is_worth_its_cost():
    pathway = solve_pathway(plant())
    assert pathway.objective == pytest.approx(30.0)
    assert activity(pathway, technology="clean") == 0.0
    np.testing.assert_allclose(pathway.duals["balance"]["price"], 1.0)


@pytest.mark.parametrize("timing, instant", [("start", 0.0), ("middle", 0.5), ("end", 1.0)])
def test_running_costs_are_discounted_to_the_chosen_instant(timing, instant):
    problem = plant(conventions=Conventions(discount_rate=0.1, operation=timing))
    assert solve_pathway(problem).objective == pytest.approx(sum(10 * 1.1 ** -(t + instant) for t in range(3)))


def test_every_year_of_a_period_can_be_discounted_on_its_own():
    problem = plant(periods=[2020, 2030], conventions=Conventions(discount_rate=0.05, yearly=True, operation="end"))
    annuity = (1 - 1.05**-20) / 0.05
    assert solve_pathway(problem).objective == pytest.approx(10 * annuity)


def test_periods_span_start_end_or_middle():
    assert timeline([2020, 2025, 2035], None, Conventions(period="start")).duration.tolist() == [5, 10, 10]
    ends = timeline([2020, 2025, 2035], None, Conventions(period="end"))
    assert ends.duration.tolist() == [5, 5, 10] and ends.start.tolist() == [2015, 2020, 2025]
    middle = timeline([2020, 2025, 2035], None, Conventions(period="middle"))
    assert middle.duration.tolist() == [2.5, 7.5, 5.0]
    # trapezium rule: a linear path sums to its integral
    assert middle.duration @ middle.years == pytest.approx((2035**2 - 2020**2) / 2)


def test_salvage_rules_against_their_closed_forms():
    rate, life = 0.05, 10.0
    for rule, left in (("none", 0.0), ("straight_line", 0.7),
                       ("sinking_fund", 1 - (1.05**3 - 1) / (1.05**10 - 1))):
        times = timeline([2020, 2021, 2022], None, Conventions(rate, salvage=rule, investment="start"))
        weight = capital_weight(np.full((1, 3), life), np.full((1, 1), np.nan), np.zeros((1, 3)), times)
        assert weight[0, 0] == pytest.approx(1 - left * 1.05**-3)
    # a sinking fund charges exactly the annuities that fall inside the horizon
    annuities = (1 - 1.05**-3) / (1 - 1.05**-10)
    assert weight[0, 0] == pytest.approx(annuities)


def test_own_rate_of_a_technology_charges_its_annuity():
    times = timeline(np.arange(2020, 2030), None, Conventions(0.05, salvage="none", investment="start"))
    weight = capital_weight(np.full((1, 10), 10.0), np.full((1, 1), 0.12), np.zeros((1, 10)), times)
    payment = (1 - 1 / 1.12) / (1 - 1.12**-10)
    assert weight[0, 0] == pytest.approx(payment * (1 - 1.05**-10) / (1 - 1 / 1.05))


@settings(max_examples=50, deadline=None)
@given(st.floats(0.5, 60), st.floats(0, 0.15), st.sampled_from(["start", "middle", "end"]))
def test_share_survival_keeps_all_of_a_life_that_ends_inside_the_horizon(life, rate, period):
    times = timeline([2020, 2025, 2026, 2040, 2070], None, Conventions(rate, period=period))
    share = surviving(times.start, np.full(5, life), times)
    lived = (share * times.duration).sum(axis=1)
    np.testing.assert_allclose(lived, np.minimum(life, times.end - times.start), rtol=1e-9)


def test_investment_is_the_cheapest_cover_of_a_growing_demand():
    problem = plant(technologies=["dirty"], outputs=[dict(technology="dirty", commodity="good", value=1.0)],
                    variable_costs=None, emission_factors=None,
                    demand=[dict(commodity="good", year=y, slice="year", value=v) for y, v in
                            ((2020, 4.0), (2021, 6.0), (2022, 5.0))],
                    existing=[dict(technology="dirty", vintage=2018, value=3.0)],
                    lifetimes=[dict(technology="dirty", value=3.0)],
                    investment_costs=[dict(technology="dirty", value=100.0)],
                    conventions=Conventions(0.1, salvage="none", investment="start"))
    pathway = solve_pathway(problem)
    # 3 units run in 2020 only (2018 + 3 years); one more is needed then, five from 2021
    np.testing.assert_allclose(pathway.new_capacity["value"], [1, 5, 0], atol=1e-9)
    np.testing.assert_allclose(pathway.capacity["value"], [4, 6, 6], atol=1e-9)
    assert pathway.objective == pytest.approx(100 + 500 / 1.1)


def test_idle_capacity_is_retired_when_it_costs_and_may_be():
    problem = plant(existing=[dict(technology="dirty", year=y, value=25.0) for y in (2020, 2021, 2022)],
                    fixed_costs=[dict(technology="dirty", value=0.1)])
    free = solve_pathway(problem)
    np.testing.assert_allclose(free.capacity["value"], 10.0)
    assert free.objective == pytest.approx(30 + 3 * 10 * 0.1)
    forced = solve_pathway(replace(problem, conventions=replace(PLAIN, retirement="none")))
    assert forced.objective == pytest.approx(30 + 3 * 25 * 0.1)


def test_survival_table_ages_the_stock():
    problem = plant(existing=[dict(technology="dirty", vintage=2010, value=20.0)],
                    survival=[dict(technology="dirty", age=a, value=v)
                              for a, v in ((0, 1.0), (10.5, 1.0), (12.5, 0.0))])
    np.testing.assert_allclose(solve_pathway(problem).capacity["value"], [20, 10, 0], atol=1e-9)


def test_lean_form_without_a_capacity_variable_costs_the_same():
    """A technology by year needs no capacity variable; a vanishing fixed cost gives it one."""
    built = dict(commodities=[dict(commodity="good", resolution="year")],
                 demand=[dict(commodity="good", year=y, value=v) for y, v in ((2020, 5.0), (2021, 9.0), (2022, 7.0))],
                 investment_costs=[dict(technology="dirty", value=2.0), dict(technology="clean", value=1.0)],
                 lifetimes=[dict(value=2.0)], conventions=Conventions(0.05))
    lean, fat = plant(**built), plant(**built, fixed_costs=[dict(value=1e-12)])
    one, two = solve_pathway(lean), solve_pathway(fat)
    assert one.objective == pytest.approx(two.objective, rel=1e-9)
    np.testing.assert_allclose(one.capacity["value"], two.capacity["value"], atol=1e-6)
    assert len(one.z) < len(two.z)
