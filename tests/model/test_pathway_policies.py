"""The pathway engine under limits and policies, and what it says where they clash."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pathway_toys import activity, plant

from io_tables.errors import Infeasible, InputError
from model.technology.conventions import Conventions
from model.technology.pathway import solve_pathway


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
