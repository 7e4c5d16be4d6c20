"""Published reference systems, entered as tables and solved to their published optima."""

from dataclasses import replace

import numpy as np
import pytest
import reference_austria
import reference_utopia
import reference_westeros
from reference_austria import austria, subsidised_wind
from reference_utopia import utopia
from reference_westeros import westeros

from model.technology.conventions import Conventions
from model.technology.pathway import solve_pathway

BUDGET = [dict(policy="CO2 budget", kind="budget", emission="CO2", value=500.0)]


@pytest.fixture(scope="module")
def solved_utopia():
    return solve_pathway(utopia())


def test_osemosys_utopia_reaches_its_published_optimum(solved_utopia):
    assert solved_utopia.objective == pytest.approx(reference_utopia.PUBLISHED, abs=5e-6)


@pytest.mark.parametrize("edition", ["3.7", "3.11"])
def test_messageix_westeros_baseline_reaches_its_published_optimum(edition):
    """The published number is in single precision: ours rounds to the very same."""
    objective = solve_pathway(westeros(edition)).objective
    assert float(np.float32(objective)) == pytest.approx(reference_westeros.PUBLISHED[edition], abs=2e-5)


@pytest.mark.parametrize("changes, published", [
    ({}, reference_austria.PUBLISHED),
    ({"investment_costs": subsidised_wind()}, reference_austria.PUBLISHED_WITH_SUBSIDY)])
def test_messageix_austria_reaches_its_published_optima(changes, published):
    assert float(np.float32(solve_pathway(austria(**changes)).objective)) == pytest.approx(published, abs=2e-5)


@pytest.mark.parametrize("edition", ["3.7", "3.11"])
def test_westeros_with_the_emission_bound_agrees_with_a_formulation_by_vintage(edition):
    bounded = solve_pathway(westeros(edition, policies=BUDGET))
    assert bounded.objective == pytest.approx(reference_westeros.BOUNDED[edition], rel=1e-9)
    row = bounded.policies.iloc[0]
    assert row["value"] == pytest.approx(500.0) and row["slack"] == pytest.approx(0.0, abs=1e-6)
    assert row["shadow_price"] > 0


def test_shadow_price_of_the_westeros_budget_is_the_cost_of_a_tonne():
    base = solve_pathway(westeros("3.11", policies=BUDGET))
    tighter = solve_pathway(westeros("3.11", policies=[BUDGET[0] | {"value": 499.0}]))
    assert tighter.objective - base.objective == pytest.approx(base.policies["shadow_price"].iloc[0], rel=1e-2)


def test_westeros_duals_price_the_demand_with_all_costs_in_it():
    """Light costs its electricity through the grid plus the bulb, in every year."""
    prices = solve_pathway(westeros("3.7")).duals["balance"].set_index(["commodity", "year"])["price"]
    for year in reference_westeros.YEARS:
        through_grid = (prices["secondary", year] + 50.0) / 0.9
        assert prices["final", year] == pytest.approx(through_grid, rel=1e-9)
        assert prices["light", year] == pytest.approx(through_grid + 5.0, rel=1e-9)


def test_utopia_costs_add_up_to_the_objective(solved_utopia):
    assert solved_utopia.costs["present"].sum() == pytest.approx(solved_utopia.objective, rel=1e-10)


def test_utopia_leaves_no_demand_to_the_backstops(solved_utopia):
    backstop = solved_utopia.activity["technology"].isin(["RHu", "RLu", "TXu"])
    assert solved_utopia.activity[backstop]["value"].abs().max() < 1e-9


def test_utopia_depends_on_its_conventions_as_it_should(solved_utopia):
    """Straight-line salvage leaves less value in young plants than a sinking fund: dearer."""
    problem = utopia()
    straight = solve_pathway(replace(problem, conventions=replace(problem.conventions, salvage="straight_line")))
    none = solve_pathway(replace(problem, conventions=replace(problem.conventions, salvage="none")))
    assert solved_utopia.objective < straight.objective < none.objective


def test_a_technology_removed_never_lowers_cost(solved_utopia):
    without = utopia()
    limits = without.limits
    blocked = [dict(technology="E31", quantity="new_capacity", sense="max", value=0.0)]
    floor_free = limits[~((limits["technology"] == "E31") & (limits["sense"] == "min"))].to_dict("records")
    relaxed = solve_pathway(utopia(limits=floor_free))
    removed = solve_pathway(utopia(limits=floor_free + blocked))
    assert relaxed.objective <= solved_utopia.objective + 1e-6
    assert removed.objective >= relaxed.objective - 1e-6


def test_doubled_money_doubles_the_objective_and_moves_nothing():
    base = westeros("3.11", policies=BUDGET)
    twice = {name: getattr(base, name).assign(value=2 * getattr(base, name)["value"])
             for name in ("investment_costs", "fixed_costs", "variable_costs")}
    one, two = solve_pathway(base), solve_pathway(replace(base, **twice))
    assert two.objective == pytest.approx(2 * one.objective, rel=1e-12)
    np.testing.assert_allclose(two.activity["value"], one.activity["value"], atol=1e-7)


def test_default_conventions_differ_from_both_and_solve(solved_utopia):
    other = solve_pathway(replace(utopia(), conventions=Conventions(retirement="none")))
    assert other.status == "optimal" and other.objective != pytest.approx(solved_utopia.objective, rel=1e-3)
