"""How far the pathway engine looks ahead, and pathways nearly as cheap."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pathway_toys import activity, plant

from io_tables.errors import Infeasible
from model.technology.alternatives import alternatives
from model.technology.conventions import Conventions
from model.technology.pathway import solve_pathway
from model.technology.problem import Problem


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
