"""The pathway engine within a year and between places: slices, stores, trade and reserve."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pathway_toys import PLAIN, activity, plant

from model.technology.pathway import solve_pathway
from model.technology.problem import Problem


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
