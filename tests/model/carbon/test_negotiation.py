"""The negotiation desk and the fairness tables: every rule divides the same cap at the same cost."""

import dataclasses

import numpy as np
import pytest

from io_tables.errors import InputError
from model.carbon.cost_curves import CostCurves
from model.carbon.fairness import fairness
from model.carbon.negotiation import RULES, Run, blended, cost_of_principles, desk, quotas_by_rule
from model.carbon.transfers import present_value
from scenarios.carbon_section import QuotaRule

YEARS = (2025, 2030, 2040, 2060)
REGIONS = ("Hebei", "Jiangsu", "Sichuan", "Tibet")


def _run(**changes):
    rng = np.random.default_rng(1)
    prices = np.array([0.0, 1.0, 3.0])
    baseline = np.array([900.0, 700, 300, 10]) * np.array([1.0, 1.1, 1.2, 1.2])[:, None]
    curves, optimum, cost = [], [], []
    for t, price in enumerate((0.0, 1.0, 2.0, 3.0)):
        full = baseline[t][:, None] * np.array([0.0, 0.3, 1.1]) * rng.uniform(0.8, 1.0, (4, 1))
        curves.append(CostCurves(prices, full, backstop=20.0))
        found = curves[-1].divide(float(sum(np.interp(price, prices, row) for row in full)))
        optimum.append(baseline[t] - found.abatement)
        cost.append(found.cost)
    population = np.tile([74.0, 85, 84, 3.6], (4, 1)) * np.array([1.0, 1, 0.95, 0.85])[:, None]
    base_gdp = np.array([36000.0, 103000, 48000, 1900])
    settings = dict(
        years=YEARS, regions=REGIONS, base_year=2020, emissions=np.array([850.0, 680, 310, 8]), baseline=baseline,
        optimum=np.array(optimum), gdp=base_gdp * np.array([1.25, 1.55, 2.3, 4])[:, None], population=population,
        price=np.array([0.0, 1, 2, 3]), cost=np.array(cost), sinks=np.tile([7.0, 2, 90, 60], (4, 1)),
        history=np.array([[400.0, 300, 150, np.nan], [800, 650, 300, np.nan]]), history_years=(2000, 2015),
        history_population=np.tile([70.0, 80, 82, 3.2], (2, 1)), base_gdp=base_gdp,
        intensity_cut=np.array([0.2, 0.4, 0.7, 0.95]), curves=curves)
    return Run(**{**settings, **changes})


def test_the_desk_has_every_rule_a_scenario_can_name():
    assert set(RULES) == set(QuotaRule.__args__)


def test_every_rule_divides_the_same_cap_in_every_year():
    run = _run()
    found, left_out = quotas_by_rule(run)
    assert set(found) == set(RULES) and not left_out
    for quota in (*found.values(), blended(run, {"per_capita": 1, "grandfathering": 3})):
        assert quota.sum(axis=1) == pytest.approx(run.cap, abs=1e-9 * np.abs(quota).sum())


def test_responsibility_is_equal_per_head_over_history_and_horizon():
    run = _run(population=np.tile([74.0, 85, 84, 3.6], (4, 1)), history=np.full((2, 4), 100.0))
    quota = quotas_by_rule(run, ["responsibility"])[0]["responsibility"]
    whole = present_value(quota, YEARS, rate=0.0) + 200
    assert whole / run.population[0] == pytest.approx(np.full(4, whole.sum() / run.population[0].sum()))
    assert (quota < 0).any()


def test_rules_without_their_data_are_left_out_and_named():
    found, left_out = quotas_by_rule(_run(history=None, sinks=None))
    assert set(left_out) == {"responsibility", "net_of_sink"} and "no history" in left_out["responsibility"]
    assert "per_capita" in found
    with pytest.raises(InputError, match="the run has no sinks"):
        blended(_run(sinks=None), {"net_of_sink": 1.0})
    with pytest.raises(InputError, match="did you mean 'per_capita'"):
        quotas_by_rule(_run(), ["per_capta"])


def test_transfers_of_the_desk_sum_to_zero_and_leave_the_total_cost():
    run = _run()
    found = desk(run, weights={"per_capita": 1, "ability_to_pay": 1})
    sums = found.transfers.groupby(["rule", "year"])["transfer"].sum()
    assert np.abs(sums).max() <= 1e-9 * np.abs(found.transfers["transfer"]).sum()
    total = found.fairness.provinces.groupby("rule")["net_cost"].sum()
    assert total.to_numpy() == pytest.approx(np.full(len(total), present_value(run.cost, YEARS, rate=0.05).sum()))
    assert set(total.index) == {*RULES, "blend"}
    weights = found.weights.set_index("rule")
    assert weights["weight"].sum() == pytest.approx(1) and weights["entropy_weight"].sum() == pytest.approx(1)
    assert weights.loc["per_capita", "weight"] == 0.5
    peaks = found.peaks.set_index(["rule", "region"])
    assert (peaks.xs("China", level="region")["peak_year"] == YEARS[int(np.argmax(run.cap))]).all()


def test_trade_never_costs_more_and_the_efficient_rule_gains_nothing_by_it():
    run = _run()
    found = cost_of_principles(run, quotas_by_rule(run)[0])
    assert (found["difference"] >= -1e-9 * found["with_trade"].max()).all()
    by_rule = found.groupby("rule")["difference"].sum()
    assert by_rule["equal_marginal_cost"] == pytest.approx(0, abs=1e-6) and by_rule["per_capita"] > 1
    assert found.groupby("year")["with_trade"].nunique().max() <= len(RULES)
    spread = found.groupby("year")["with_trade"].agg(lambda v: v.max() - v.min())
    assert (spread <= 1e-6 * found["with_trade"].max()).all()


def test_provinces_that_cannot_meet_a_quota_alone_are_named():
    run = _run()
    no_backstop = [dataclasses.replace(c, backstop=None) for c in run.curves]
    run = dataclasses.replace(run, curves=no_backstop)
    found = cost_of_principles(run, quotas_by_rule(run, ["responsibility"])[0])
    assert found["short"].str.contains("Hebei").any() and found["without_trade"].isna().any()


def test_after_the_smallest_transfers_of_the_desk_no_province_exceeds_its_reference():
    run = _run()
    cost = present_value(run.cost, YEARS, rate=0.05)
    table = desk(run, references={"one third above": cost * 4 / 3, "impossible": cost * 0.5}).smallest
    good = table.dropna(subset=["transfer"])
    assert set(good["reference"]) == {"equal burden", "grandfathering with trade", "one third above"}
    assert (good["cost_after"] <= good["reference_cost"] + 1e-9 * cost.sum()).all()
    assert np.abs(good.groupby("reference")["transfer"].sum()).max() < 1e-9 * cost.sum()
    assert (good[good["reference"] == "one third above"]["transfer"] == 0).all()


def test_further_deals_join_the_fairness_table():
    deal = np.array([10.0, -20, 4, 6])
    found = desk(_run(), deals={"owen": deal}).fairness
    rows = found.provinces[found.provinces["rule"] == "owen"].set_index("region")
    assert rows.loc["Jiangsu", "outcome"] == "loser" and rows["transfer"].to_numpy() == pytest.approx(deal)
    assert found.rules.set_index("rule").loc["owen", "volume"] == pytest.approx(20)


def test_fairness_by_hand():
    found = fairness(("rich", "poor"), [10.0, 10], {"help": np.array([-10.0, 10])}, [400.0, 100], [2.0, 2.0])
    rows = found.provinces.set_index("region")
    assert rows["burden"].tolist() == [5, 0] and rows["per_head"].tolist() == [1000, 0]
    assert rows["outcome"].to_dict() == {"rich": "loser", "poor": "winner"} and rows["rank"].tolist() == [2, 1]
    line = found.rules.iloc[0]
    # two equal groups: Gini is half the distance between their shares
    assert line["gini_before"] == pytest.approx(0.3) and line["gini_after_cost"] == pytest.approx(390 / 480 - 0.5)
    assert line["gini_after"] == pytest.approx(380 / 480 - 0.5) and line["theil_after"] < line["theil_before"]
    assert line["concentration"] == pytest.approx(250) and line["gini_of_burden"] == pytest.approx(250)


def test_ranks_of_rules_say_which_is_best_for_whom():
    none, give = np.zeros(2), np.array([5.0, -5])
    found = fairness(("a", "b"), [1.0, 1], {"none": none, "give": give}, [50.0, 50], [1.0, 1]).provinces
    best = found[found["rank_of_rule"] == 1].set_index("region")["rule"]
    assert best.to_dict() == {"a": "give", "b": "none"}
    with pytest.raises(InputError, match="sum to zero"):
        fairness(("a", "b"), [1.0, 1], {"leak": np.array([1.0, 0])}, [50.0, 50], [1.0, 1])


def test_wrong_shapes_are_gathered():
    with pytest.raises(InputError) as caught:
        _run(price=np.zeros(3), gdp=np.zeros((4, 2)))
    assert len(caught.value.problems) == 2
