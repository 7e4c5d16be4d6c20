"""The pathway engine on systems small enough for a closed form."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from io_tables.errors import Infeasible, InputError
from model.technology.alternatives import alternatives
from model.technology.conventions import Conventions, capital_weight, surviving, timeline
from model.technology.pathway import solve_pathway
from model.technology.problem import Problem

PLAIN = Conventions(discount_rate=0.0, salvage="none", operation="start", investment="start")


def plant(**changes) -> Problem:
    """One region, one good, a dirty and a clean technology that cost 1 and 3 to run."""
    tables = dict(
        regions=["R"], periods=[2020, 2021, 2022], commodities=["good"], technologies=["dirty", "clean"],
        demand=[dict(commodity="good", value=10.0, slice="year")],
        outputs=[dict(technology="dirty", commodity="good", value=1.0),
                 dict(technology="clean", commodity="good", value=1.0)],
        variable_costs=[dict(technology="dirty", value=1.0), dict(technology="clean", value=3.0)],
        emission_factors=[dict(technology="dirty", emission="CO2", value=2.0)],
        conventions=PLAIN,
    )
    return Problem(**{**tables, **changes})


def activity(pathway, **labels) -> float:
    table = pathway.activity
    for key, label in labels.items():
        table = table[table[key] == label]
    return table["value"].sum()


# ---- costs and time -------------------------------------------------------------------------------

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


# ---- capacity -------------------------------------------------------------------------------------

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


# ---- slices, stores, trade ------------------------------------------------------------------------

def two_slices(**changes) -> Problem:
    """Day and night; sun by day, a store and a gas plant that costs 5 a unit."""
    tables = dict(
        regions=["R"], periods=[2020],
        slices=[dict(slice="day", share=0.5, season="all", repeats=100.0),
                dict(slice="night", share=0.5, season="all", repeats=100.0)],
        commodities=[dict(commodity="power", resolution="slice"), dict(commodity="charge", resolution="store")],
        technologies=["sun", "gas", "battery"],
        demand=[dict(commodity="power", slice="day", value=40.0), dict(commodity="power", slice="night", value=60.0)],
        inputs=[dict(technology="battery", mode="fill", commodity="power", value=1.0),
                dict(technology="battery", mode="empty", commodity="charge", value=1.0)],
        outputs=[dict(technology="sun", commodity="power", value=1.0),
                 dict(technology="gas", commodity="power", value=1.0),
                 dict(technology="battery", mode="fill", commodity="charge", value=1.0),
                 dict(technology="battery", mode="empty", commodity="power", value=0.8)],
        stores=[dict(commodity="charge", cycle="season")],
        availability=[dict(technology="sun", slice="night", value=0.0)],
        existing=[dict(technology="sun", year=2020, value=200.0), dict(technology="gas", year=2020, value=200.0)],
        variable_costs=[dict(technology="gas", value=5.0)],
        conventions=PLAIN,
    )
    return Problem(**{**tables, **changes})


def test_a_store_moves_day_into_night_and_loses_its_part():
    pathway = solve_pathway(two_slices())
    # 200 x 0.5 = 100 of sun by day, 40 used, 60 stored, 48 come back, gas closes 12
    assert activity(pathway, technology="gas") == pytest.approx(12.0)
    assert activity(pathway, technology="battery", mode="fill") == pytest.approx(60.0)
    # one of 100 cycles holds 0.6
    assert np.ptp(pathway.levels["value"]) == pytest.approx(0.6)
    price = pathway.duals["balance"].set_index("slice")["price"]
    assert price["night"] == pytest.approx(5.0) and price["day"] == pytest.approx(0.8 * 5.0)


def test_the_volume_of_a_store_binds_per_cycle():
    pathway = solve_pathway(two_slices(stores=[dict(commodity="charge", cycle="season", volume=0.2)]))
    assert activity(pathway, technology="gas") == pytest.approx(60 - 0.8 * 20)
    hours = solve_pathway(two_slices(
        stores=[dict(commodity="charge", cycle="season", technology="battery", hours=8760 / 50)],
        existing=two_slices().existing.to_dict("records") + [dict(technology="battery", year=2020, value=10.0)]))
    # 10 units x 0.5 year = 5 filled at most by power; 10 / 50 = 0.2 of volume = 20 by energy
    assert activity(hours, technology="battery", mode="fill") == pytest.approx(5.0)


def test_a_yearly_cycle_ends_where_it_began_and_loses_on_the_way():
    pathway = solve_pathway(two_slices(stores=[dict(commodity="charge", cycle="year", loss=0.5)]))
    # what is stored by day stands half at night: 60 -> 30 -> 24 of power
    assert activity(pathway, technology="gas") == pytest.approx(60 - 24)


def test_yearly_demand_in_slices_follows_the_given_shape():
    problem = two_slices(
        commodities=[dict(commodity="power", resolution="slice"), dict(commodity="charge", resolution="store"),
                     dict(commodity="steel", resolution="year")],
        technologies=[dict(technology=k) for k in ("sun", "gas", "battery")]
        + [dict(technology="mill", resolution="year")],
        inputs=two_slices().inputs.to_dict("records") + [dict(technology="mill", commodity="power", value=2.0)],
        outputs=two_slices().outputs.to_dict("records") + [dict(technology="mill", commodity="steel", value=1.0)],
        demand=[dict(commodity="steel", value=10.0)],
        shapes=[dict(technology="mill", slice="day", value=0.25), dict(technology="mill", slice="night", value=0.75)],
        stores=[dict(commodity="charge", cycle="season", volume=0.0)])
    assert activity(solve_pathway(problem), technology="gas") == pytest.approx(0.75 * 20)


def test_demand_at_any_time_is_met_when_it_is_cheapest():
    pathway = solve_pathway(two_slices(demand=[dict(commodity="power", value=90.0)]))
    assert activity(pathway, technology="gas") == 0.0
    one_slice = solve_pathway(plant(demand=[dict(commodity="good", value=10.0)]))
    np.testing.assert_allclose(one_slice.duals["balance"]["price"], [1.0, 1.0, 1.0])


def test_annual_availability_caps_the_sum_of_the_slices():
    pathway = solve_pathway(two_slices(annual_availability=[dict(technology="sun", value=0.7)],
                                       stores=[dict(commodity="charge", cycle="season", volume=0.0)],
                                       demand=[dict(commodity="power", slice="day", value=90.0)]))
    # 200 x 0.5 by day, 70 % of it over the year
    assert activity(pathway, technology="sun") == pytest.approx(70.0)


def trading(**changes) -> Problem:
    """A cheap region sells to a dear one over a line that loses 10 %."""
    tables = dict(
        regions=["West", "East"], periods=[2020], commodities=["power"], technologies=["plant"],
        demand=[dict(region="East", commodity="power", slice="year", value=9.0)],
        outputs=[dict(technology="plant", commodity="power", value=1.0)],
        variable_costs=[dict(technology="plant", region="West", value=1.0),
                        dict(technology="plant", region="East", value=4.0)],
        links=[{"link": "line", "from": "West", "to": "East", "commodity": "power", "loss": 0.1}],
        existing=[dict(technology="line", year=2020, value=4.0)],
        conventions=PLAIN)
    return Problem(**{**tables, **changes})


def test_a_line_carries_its_capacity_and_loses_on_the_way():
    pathway = solve_pathway(trading())
    assert activity(pathway, technology="line", mode="forward") == pytest.approx(4.0)
    assert pathway.objective == pytest.approx(4.0 + (9 - 3.6) * 4)
    value = pathway.duals["capacity"].set_index("technology")["value"]["line"] if len(pathway.duals["capacity"]) else 0
    assert value == pytest.approx(0.9 * 4 - 1)


def test_a_line_is_expanded_while_it_pays():
    cheap = solve_pathway(trading(investment_costs=[dict(technology="line", value=2.0)]))
    assert cheap.new_capacity["value"].sum() == pytest.approx(6.0)      # 10 sent, 9 arrive
    dear = solve_pathway(trading(investment_costs=[dict(technology="line", value=3.0)]))
    assert dear.new_capacity["value"].sum() == 0.0


def test_one_way_lines_do_not_carry_back():
    problem = trading(demand=[dict(region="West", commodity="power", slice="year", value=2.0)],
                      variable_costs=[dict(technology="plant", region="West", value=9.0),
                                      dict(technology="plant", region="East", value=1.0)])
    assert activity(solve_pathway(problem), technology="line", mode="backward") == pytest.approx(2 / 0.9)
    one_way = replace(problem, links=problem.links.assign(one_way=1))
    assert activity(solve_pathway(one_way), technology="line") == 0.0


def test_unserved_demand_is_paid_for_and_reported():
    problem = plant(commodities=[dict(commodity="good", unserved_cost=50.0)],
                    limits=[dict(quantity="activity", sense="max", value=4.0)])
    pathway = solve_pathway(problem)
    np.testing.assert_allclose(pathway.unserved["value"], 2.0)
    assert pathway.costs.set_index("kind")["present"]["unserved"].sum() == pytest.approx(3 * 2 * 50)


def test_reserve_counts_credited_capacity_against_the_production_of_each_slice():
    problem = two_slices(reserves=[dict(commodity="power", value=1.2)],
                         reserve_credits=[dict(technology="gas", value=0.5), dict(technology="sun", value=0.1)],
                         existing=[dict(technology="sun", year=2020, value=200.0)],
                         investment_costs=[dict(technology="gas", value=1.0)])
    pathway = solve_pathway(problem)
    gas = pathway.new_capacity["value"].sum()
    table = pathway.activity[pathway.activity["technology"] != "battery"]
    produced = table.groupby("slice")["value"].sum() + pd.Series(
        {s: 0.8 * activity(pathway, technology="battery", mode="empty", slice=s) for s in ("day", "night")})
    assert 0.5 * gas + 0.1 * 200 == pytest.approx(1.2 * produced.max() / 0.5)


# ---- limits and policies --------------------------------------------------------------------------

def test_a_cap_is_worth_the_cost_of_the_next_tonne_avoided():
    pathway = solve_pathway(plant(policies=[dict(policy="cap", kind="cap", emission="CO2", value=8.0)]))
    np.testing.assert_allclose(pathway.emissions["value"], 8.0)
    row = pathway.policies.set_index("label").loc["cap 2021"]
    assert row["shadow_price"] == pytest.approx((3 - 1) / 2)      # 2 more a unit, 2 tonnes less a unit
    assert row["slack"] == pytest.approx(0.0)


@pytest.mark.parametrize("budget, limit", [("sum", 30.0), ("mean", 10.0)])
def test_a_budget_is_spent_where_it_is_dearest_to_avoid(budget, limit):
    problem = plant(policies=[dict(policy="budget", kind="budget", emission="CO2", value=limit)],
                    conventions=Conventions(discount_rate=0.1, operation="start", budget=budget))
    pathway = solve_pathway(problem)
    # undiscounted tonnes, discounted money: avoid late
    np.testing.assert_allclose(pathway.emissions["value"], [20, 10, 0], atol=1e-9)
    per_tonne = pathway.policies["shadow_price"].iloc[0] / (3 if budget == "mean" else 1)
    assert per_tonne == pytest.approx(1.0 / 1.1)


def test_exogenous_emissions_and_sinks_are_inside_the_cap():
    problem = plant(exogenous_emissions=[dict(emission="CO2", value=5.0, year=2021),
                                         dict(emission="CO2", value=-6.0, year=2022)],
                    policies=[dict(policy="neutral", kind="cap", emission="CO2", year=2022, value=0.0)])
    pathway = solve_pathway(problem)
    assert activity(pathway, technology="dirty", year=2022) == pytest.approx(3.0)
    np.testing.assert_allclose(pathway.emissions["value"], [20, 25, 0], atol=1e-9)


def test_no_rise_after_the_peak_year():
    problem = plant(demand=[dict(commodity="good", year=y, slice="year", value=v) for y, v in
                            ((2020, 5.0), (2021, 8.0), (2022, 10.0))],
                    commodities=[dict(commodity="good", surplus=0)],   # no waste to raise the peak with
                    policies=[dict(policy="peak", kind="peak", emission="CO2", year=2021)])
    pathway = solve_pathway(problem)
    np.testing.assert_allclose(pathway.emissions["value"], [10, 16, 16])
    assert pathway.policies["label"].tolist() == ["peak"]


def test_a_price_replaces_a_cap_of_the_same_shadow_price():
    capped = solve_pathway(plant(policies=[dict(policy="cap", kind="cap", emission="CO2", value=8.0)]))
    price = capped.policies["price"].iloc[0]
    just_above = solve_pathway(plant(emission_prices=[dict(emission="CO2", value=price * 1.001)]))
    assert just_above.emissions["value"].sum() == pytest.approx(0.0, abs=1e-9)
    just_below = solve_pathway(plant(emission_prices=[dict(emission="CO2", value=price * 0.999)]))
    np.testing.assert_allclose(just_below.emissions["value"], 20.0)


def test_a_tax_and_a_cap_on_the_same_tonne_are_refused():
    with pytest.raises(InputError, match="price or a limit, not both"):
        solve_pathway(plant(emission_prices=[dict(emission="CO2", value=1.0)],
                            policies=[dict(policy="cap", kind="cap", emission="CO2", value=8.0)]))


def test_growth_and_phase_out_limits_bind_step_by_step():
    problem = plant(periods=[2020, 2022, 2023], demand=[dict(commodity="good", slice="year", value=12.0)],
                    history=[dict(quantity="activity", technology="clean", value=1.0),
                             dict(quantity="activity", technology="dirty", value=10.0)],
                    variable_costs=[dict(technology="dirty", value=3.0), dict(technology="clean", value=1.0)],
                    growth=[dict(quantity="activity", sense="max", technology="clean", value=0.5, initial=0.2)])
    pathway = solve_pathway(problem)
    want, steps = [1.0], (2, 2, 1)
    for d in steps:
        want.append(want[-1] * 1.5**d + 0.2 * (1.5**d - 1) / 0.5)
    clean = pathway.activity[pathway.activity["technology"] == "clean"]["value"]
    np.testing.assert_allclose(clean, want[1:], rtol=1e-9)
    slow = replace(problem, growth=pd.DataFrame([dict(quantity="activity", sense="min", technology="dirty",
                                                      value=0.1)]))
    dirty = solve_pathway(slow).activity.query("technology == 'dirty'")["value"]
    np.testing.assert_allclose(dirty, [8.1, 8.1 * 0.81, 8.1 * 0.81 * 0.9], rtol=1e-9)


def test_new_capacity_growth_starts_from_its_seed():
    problem = plant(technologies=["dirty", "clean"],
                    investment_costs=[dict(technology="clean", value=0.0)],
                    variable_costs=[dict(technology="dirty", value=3.0), dict(technology="clean", value=1.0)],
                    history=[dict(quantity="new_capacity", technology="clean", value=0.5)],
                    growth=[dict(quantity="new_capacity", sense="max", technology="clean", value=1.0)])
    built = solve_pathway(problem).new_capacity.query("technology == 'clean'")["value"]
    np.testing.assert_allclose(built, [1.0, 2.0, 4.0], rtol=1e-9)


def test_shares_rows_and_totals():
    share = solve_pathway(plant(
        policies=[dict(policy="clean share", kind="share", sense="min", commodity="good", value=0.4, year=2022)],
        terms=[dict(policy="clean share", quantity="output", technology="clean", commodity="good")]))
    assert activity(share, technology="clean") == pytest.approx(4.0)
    assert share.policies["value"].iloc[0] == pytest.approx(0.4)
    row = solve_pathway(plant(
        policies=[dict(policy="quota", kind="row", sense="min", value=3.0)],
        terms=[dict(policy="quota", quantity="activity", technology="clean"),
               dict(policy="quota", quantity="emission", emission="CO2", value=-0.1)]))
    # clean - 0.1 x 2 x dirty >= 3 with clean + dirty = 10
    assert activity(row, technology="clean", year=2020) == pytest.approx(5 / 1.2)
    total = solve_pathway(plant(
        policies=[dict(policy="reserves of coal", kind="total", sense="max", value=12.0)],
        terms=[dict(policy="reserves of coal", quantity="activity", technology="dirty")]))
    assert activity(total, technology="dirty") == pytest.approx(12.0)


def test_regional_caps_and_the_sum_over_regions():
    two = dict(regions=["A", "B"], variable_costs=[dict(technology="dirty", value=1.0),
                                                   dict(technology="clean", region="A", value=2.0),
                                                   dict(technology="clean", region="B", value=5.0)])
    nation = solve_pathway(plant(**two, policies=[dict(policy="nation", kind="cap", emission="CO2", value=20.0)]))
    np.testing.assert_allclose(nation.emissions.query("region == 'B'")["value"], 20.0)
    local = solve_pathway(plant(**two, policies=[dict(policy="local", kind="cap", emission="CO2", region="B",
                                                      value=10.0)]))
    np.testing.assert_allclose(local.emissions.query("region == 'A'")["value"], 20.0)
    np.testing.assert_allclose(local.emissions.query("region == 'B'")["value"], 10.0)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_tightening_a_cap_never_lowers_cost_and_costs_its_dual(seed):
    rng = np.random.default_rng(seed)
    names = [f"t{i}" for i in range(5)]
    base = plant(technologies=names, outputs=[dict(technology=k, commodity="good", value=1.0) for k in names],
                 variable_costs=[dict(technology=k, value=v) for k, v in zip(names, rng.uniform(1, 9, 5), strict=True)],
                 emission_factors=[dict(technology=k, emission="CO2", value=v)
                                   for k, v in zip(names, rng.uniform(0.1, 3, 5), strict=True)],
                 limits=[dict(quantity="activity", sense="max", technology=k, value=4.0) for k in names])
    free = solve_pathway(base)
    cap = 0.9 * free.emissions["value"].max() + 0.1 * 10 * 0.1
    policy = dict(policy="cap", kind="cap", emission="CO2", year=2021)
    try:
        first = solve_pathway(replace(base, policies=pd.DataFrame([policy | {"value": cap}])))
    except Infeasible:
        return
    assert first.objective >= free.objective - 1e-9
    dual = first.policies["shadow_price"].iloc[0]
    eased = solve_pathway(replace(base, policies=pd.DataFrame([policy | {"value": cap + 1e-4}])))
    assert 0 <= first.objective - eased.objective <= dual * 1e-4 + 1e-9


# ---- what cannot be -------------------------------------------------------------------------------

def test_clashing_policies_are_named_minimally_with_their_least_relaxation():
    problem = plant(
        policies=[dict(policy="cap", kind="cap", emission="CO2", year=2022, value=4.0),
                  dict(policy="keep the mines open", kind="row", sense="min", year=2022, value=5.0),
                  dict(policy="clean start", kind="cap", emission="CO2", year=2020, value=1.0),
                  dict(policy="budget", kind="budget", emission="CO2", value=50.0)],
        terms=[dict(policy="keep the mines open", quantity="activity", technology="dirty")])
    with pytest.raises(Infeasible) as caught:
        solve_pathway(problem)
    assert set(caught.value.clashing) == {"cap", "keep the mines open"}
    # 5 units make 10 tonnes against 4; 4 tonnes allow 2 units against 5
    assert caught.value.relaxations["cap"] == pytest.approx(6.0, rel=1e-6)
    assert caught.value.relaxations["keep the mines open"] == pytest.approx(3.0, rel=1e-6)


def test_each_relaxation_alone_makes_the_clash_compatible():
    policies = [dict(policy="cap", kind="cap", emission="CO2", year=2022, value=4.0),
                dict(policy="mines", kind="row", sense="min", year=2022, value=5.0)]
    terms = [dict(policy="mines", quantity="activity", technology="dirty")]
    with pytest.raises(Infeasible) as caught:
        solve_pathway(plant(policies=policies, terms=terms))
    for place, sign in ((0, 1.0), (1, -1.0)):
        eased = [dict(p) for p in policies]
        by = caught.value.relaxations[eased[place]["policy"]]
        eased[place]["value"] += sign * by * (1 + 1e-6)
        assert solve_pathway(plant(policies=eased, terms=terms)).status == "optimal"
        eased[place]["value"] -= sign * by * 1e-2
        with pytest.raises(Infeasible):
            solve_pathway(plant(policies=eased, terms=terms))


def test_a_single_impossible_policy_is_named_alone():
    with pytest.raises(Infeasible, match=r"'cap' .*relaxed by 3") as caught:
        solve_pathway(plant(exogenous_emissions=[dict(emission="CO2", value=7.0)],
                            policies=[dict(policy="cap", kind="cap", emission="CO2", year=2021, value=4.0),
                                      dict(policy="other", kind="cap", emission="CO2", year=2020, value=9.0)]))
    assert caught.value.clashing == ("cap",)


def test_tables_that_clash_without_policies_name_the_row():
    with pytest.raises(Infeasible, match=r"balance R good 2021 year \(by 2\)"):
        solve_pathway(plant(limits=[dict(quantity="activity", sense="max", year=2021, value=4.0)]))


def test_an_unbounded_cost_is_a_mistake_in_the_tables():
    with pytest.raises(InputError, match="falls without end"):
        solve_pathway(plant(variable_costs=[dict(technology="clean", value=-1.0)]))


# ---- foresight ------------------------------------------------------------------------------------

def foresight(**changes) -> Problem:
    """A cap that only the last years see; cheap dirty capacity tempts in the first."""
    years = [2020, 2025, 2030, 2035]
    tables = dict(
        periods=years, demand=[dict(commodity="good", slice="year", value=10.0)],
        investment_costs=[dict(technology="dirty", value=58.0), dict(technology="clean", value=60.0)],
        variable_costs=[dict(technology="dirty", value=1.0), dict(technology="clean", value=1.2)],
        lifetimes=[dict(value=20.0)],
        policies=[dict(policy="cap", kind="cap", emission="CO2", year=y, value=v)
                  for y, v in ((2030, 4.0), (2035, 0.0))],
        conventions=Conventions(discount_rate=0.03))
    return plant(**{**tables, **changes})


def test_full_look_ahead_is_perfect_foresight():
    perfect = solve_pathway(foresight())
    rolling = solve_pathway(foresight(), look_ahead=3)
    assert rolling.objective == pytest.approx(perfect.objective, rel=1e-9)


def test_short_sight_never_costs_less_and_here_costs_more():
    perfect = solve_pathway(foresight())
    costs = [solve_pathway(foresight(), look_ahead=n).objective for n in (0, 1, 2)]
    assert min(costs) >= perfect.objective - 1e-9
    assert costs[0] > 1.01 * perfect.objective
    myopic = solve_pathway(foresight(), look_ahead=0)
    assert myopic.windows == ((2020, 2020), (2025, 2025), (2030, 2030), (2035, 2035))
    assert myopic.new_capacity.query("technology == 'dirty' and year == 2020")["value"].iloc[0] == pytest.approx(10.0)
    # decisions of the past bind: what was built stands and the caps hold nevertheless
    np.testing.assert_array_less(myopic.emissions["value"].to_numpy()[2:], [4 + 1e-6, 1e-6])


def test_rolling_budget_binds_in_proportion_to_the_years_seen():
    problem = plant(policies=[dict(policy="budget", kind="budget", emission="CO2", value=30.0)])
    myopic = solve_pathway(problem, look_ahead=0)
    np.testing.assert_allclose(myopic.emissions["value"], [10, 10, 10], atol=1e-7)


def test_short_sight_that_runs_into_a_wall_says_where():
    problem = foresight(growth=[dict(quantity="capacity", sense="max", technology="clean", value=0.0, initial=0.5)],
                        history=[dict(quantity="capacity", technology="clean", value=0.0)])
    assert solve_pathway(replace(problem, policies=None)).status == "optimal"
    with pytest.raises(Infeasible, match="in the window 2035-2035"):
        solve_pathway(replace(problem, policies=pd.DataFrame(
            [dict(policy="cap", kind="cap", emission="CO2", year=2035, value=0.0)])), look_ahead=0)


# ---- alternatives ---------------------------------------------------------------------------------

def test_alternatives_stay_within_the_slack_and_differ():
    names = ["a", "b", "c", "d"]
    problem = plant(technologies=names, outputs=[dict(technology=k, commodity="good", value=1.0) for k in names],
                    variable_costs=[dict(technology=k, value=v) for k, v in
                                    zip(names, (1.0, 1.01, 1.03, 2.0), strict=True)], emission_factors=None)
    best = solve_pathway(problem)
    found = alternatives(problem, best, count=3, slack=0.04)
    assert len(found) == 3 and all(a.dearer <= 0.04 + 1e-9 for a in found)
    assert found[0].distance == pytest.approx(1.0) and found[0].distance >= found[-1].distance
    assert [activity(a.pathway, technology="a") for a in found][:2] == pytest.approx([0.0, 0.0], abs=1e-6)
    # with no slack there is nothing else
    assert alternatives(problem, best, count=3, slack=0.0) == []


# ---- tables ---------------------------------------------------------------------------------------

def test_mistakes_in_tables_are_gathered_with_the_nearest_name():
    with pytest.raises(InputError) as caught:
        plant(variable_costs=[dict(technology="drity", value=1.0), dict(technology="clean", value="cheap")],
              limits=[dict(quantity="activty", sense="max", technology="dirty", value=1.0)],
              demand=[dict(commodity="good", year=2031, value=1.0)])
    text = str(caught.value)
    assert "variable_costs row 1: unknown technology 'drity'; did you mean 'dirty'?" in text
    assert "variable_costs row 2: value is not a number" in text
    assert "limits.quantity: 'activty' is not a choice; did you mean 'activity'" in text
    assert "demand row 1: unknown year '2031'" in text


def test_a_misspelt_column_is_refused():
    with pytest.raises(InputError, match="unknown column 'valeu'; did you mean 'value'"):
        plant(variable_costs=[dict(technology="dirty", valeu=1.0)])


def test_the_same_key_twice_and_ambiguous_rows_are_refused():
    with pytest.raises(InputError, match="same keys appear twice"):
        solve_pathway(plant(variable_costs=[dict(technology="dirty", value=1.0), dict(technology="dirty", value=2.0)]))
    with pytest.raises(InputError, match="rows 1 and 2: cover the same case"):
        solve_pathway(plant(variable_costs=[dict(technology="dirty", value=1.0), dict(year=2020, value=2.0)]))


def test_a_specific_row_wins_over_a_general_one():
    pathway = solve_pathway(plant(variable_costs=[dict(value=7.0), dict(technology="dirty", value=1.0),
                                                  dict(technology="dirty", year=2021, value=8.0)]))
    np.testing.assert_allclose(pathway.duals["balance"]["price"], [1.0, 7.0, 1.0])


def test_conventions_that_do_not_exist_are_named():
    with pytest.raises(InputError, match=r"conventions\.salvage: 'linear' is not a choice"):
        Conventions(salvage="linear")


def test_data_frames_records_and_columns_are_the_same_tables():
    records = [dict(technology="dirty", value=1.0), dict(technology="clean", value=3.0)]
    columns = {"technology": ["dirty", "clean"], "value": [1.0, 3.0]}
    for form in (records, columns, pd.DataFrame(records)):
        assert solve_pathway(plant(variable_costs=form)).objective == pytest.approx(30.0)
