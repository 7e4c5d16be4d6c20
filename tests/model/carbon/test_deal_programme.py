"""The deal on the programme of all 31 provinces, three model years and a few passes: owners, sums, tables."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from io_tables.errors import InputError
from model.carbon.deal import deal, divided
from model.carbon.formulas import EMBODIED, FORMULA
from model.carbon.frozen import at_economy_of
from model.carbon.negotiation import blended
from model.carbon.owen_division import divide
from model.carbon.owen_interval import Interval, outer_interval
from model.carbon.owen_years import by_year, column_years, row_years
from model.carbon.owners import owners_of
from model.carbon.parametric import at_budgets, at_prices, curve_game, game_of_run, without_limits
from model.carbon.plan_run import base_emissions, co2_price, cost_by_year
from model.carbon.stand_alone import Contracts
from model.coupled_results import carbon_price, coupled_blocks, own_carbon_price
from model.deferred import certify
from model.pathway.draft import MONEY
from model.pathway.joining import Joining
from model.pathway.requirements_of_year import PLACED
from scenarios.carbon_section import Allocation


def test_every_right_hand_side_and_bound_has_owners_that_sum_to_one(coupled, division):
    _, _, owners = division
    c = coupled.outer.iterate.assembled.complete
    np.testing.assert_allclose(owners.products.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(owners.columns.sum(axis=1), 1.0, atol=1e-9)
    sides = np.stack([c.k_lower, c.k_upper])
    given = (np.isfinite(sides) & (sides != 0)).any(axis=0)
    np.testing.assert_allclose(owners.rows[given].sum(axis=1), 1.0, atol=1e-9)
    assert (owners.row_rule[given] != "").all() and (owners.column_rule != "").all()
    rules = set(owners.row_rule) | set(owners.column_rule)
    assert {"place", "line", "grid region", "quota", "growth", "technology use"} <= rules


def test_the_owen_division_sums_to_the_certified_lower_bound_at_any_pass(coupled, division):
    _, found, _ = division
    assert found.lower_bound / MONEY == pytest.approx(coupled.bounds.lower_bound, rel=1e-12)
    assert found.own_cost.sum() / MONEY == pytest.approx(coupled.objective, rel=1e-12)
    assert found.closed.sum() == pytest.approx(found.own_cost.sum(), rel=1e-12)
    assert abs(found.transfer.sum()) <= 1e-9 * np.abs(found.transfer).sum()


def test_the_sum_holds_for_arbitrary_duals_with_the_full_requirement_matrix(coupled, division):
    _, _, owners = division
    whole, rng = coupled.outer.iterate.assembled, np.random.default_rng(1)
    prices = coupled.prices * rng.uniform(0.8, 1.2, len(coupled.prices))
    multipliers = coupled.multipliers * rng.uniform(0.8, 1.2, len(coupled.multipliers))
    found = divide(whole.complete, owners, coupled.z, prices, multipliers)
    bounds = certify(whole.complete, coupled.z, prices, np.zeros(0), multipliers)
    assert found.lower_bound == pytest.approx(bounds.lower_bound, rel=1e-11)


def test_another_rule_moves_the_division_by_permits_at_the_carbon_price(coupled):
    """The only rows whose owners change are those of CO2: y moves by price x quota, weighted over years."""
    runs = {rule: divided(coupled, {rule: 1.0}) for rule in ("grandfathering", "per_capita")}
    (run, first, _), (_, second, _) = runs.values()
    moved = (second.bears - first.bears) / MONEY
    from model.carbon.negotiation import quotas_by_rule

    quotas, _ = quotas_by_rule(run, list(runs))
    # the limit of 2060 is on that year alone; sides and emissions agree where it binds
    expected = -run.weights @ (run.price[:, None] * (quotas["per_capita"] - quotas["grandfathering"]))
    np.testing.assert_allclose(moved, expected, rtol=1e-6, atol=1e-3 * np.abs(expected).max())
    assert np.abs(moved).max() > 0


def test_a_national_row_nobody_owns_is_named(coupled):
    whole = coupled.outer.iterate.assembled
    rows = dict(whole.draft.programme.rows)
    rows["water"] = rows.pop("policy carbon.neutral_year 2060")
    programme = replace(whole.draft.programme, rows=rows)
    draft = whole.draft
    kept = draft.programme
    draft.programme = programme
    try:
        with pytest.raises(InputError, match="row 'water': has a right-hand side and no owner"):
            owners_of(whole, {year: np.ones(draft.G) for year in draft.years})
    finally:
        draft.programme = kept


def test_the_carbon_price_of_permits_is_that_of_the_national_rows(coupled):
    price = co2_price(coupled)
    assert price[-1] > 0
    np.testing.assert_allclose(price, carbon_price(coupled) / 100.0, rtol=1e-6, atol=1e-9)


def test_without_trade_each_province_has_the_price_of_its_own_tonne(frozen):
    allocation = Allocation(weights={"per_capita": 1.0})
    alone = frozen.scenario.carbon.model_copy(update={"allocation": allocation, "permit_trade": False})
    found = frozen.coupled(frozen.scenario.model_copy(update={"carbon": alone}), passes=1)
    own = own_carbon_price(found)
    d = found.outer.iterate.assembled.draft
    laid = found.prices.reshape(d.T, -1)[:, : len(PLACED) * d.G].reshape(d.T, len(PLACED), d.G)[:, PLACED.index("co2")]
    np.testing.assert_allclose(own, 100.0 * laid / d.weight[:, None], rtol=1e-6, atol=1e-6)
    assert np.ptp(own[-1]) > 100.0          # yuan per tonne: quotas per head bind some provinces only
    blocks = {tuple(part["region"].unique()): part for part in coupled_blocks(found)
              if part["variable"].iloc[0] == "Price|Carbon"}
    np.testing.assert_allclose(blocks[found.study.base.regions]["value"].to_numpy().reshape(3, 31)[1:], own)


def test_traded_quotas_have_one_price(coupled):
    assert own_carbon_price(coupled) is None


def test_costs_by_year_weighted_are_the_objective(coupled, division):
    run, found, owners = division
    cost = cost_by_year(coupled, owners)
    assert (run.weights @ cost).sum() == pytest.approx(coupled.objective, rel=1e-9)
    np.testing.assert_allclose(run.weights @ cost, found.own_cost / MONEY, rtol=1e-9)


def test_all_tables_of_a_deal_are_there_with_units_and_sums(coupled):
    found = deal(coupled, pairs=4)
    for field in fields(found):
        table = getattr(found, field.name)
        described = next(line for line in deal.__globals__["Deal"].__doc__.split("\n") if field.name in line)
        assert described
        if "value" in table or "transfer" in table:
            assert "unit" in table
    owen = found.owen.set_index("region")
    parts = found.owen_parts.groupby("region")["value"].sum()
    np.testing.assert_allclose(parts[owen.index], owen["division"], rtol=1e-9)
    for column in ("transfer", "transfer_contracts"):
        assert abs(owen[column].sum()) <= 1e-9 * np.abs(owen[column]).sum()
    np.testing.assert_allclose(owen["own_cost"] - owen["transfer"], owen["division"])
    for _, table in found.permits.groupby(["rule", "year"]):
        assert abs(table["transfer"].sum()) <= 1e-9 * max(np.abs(table["transfer"]).sum(), 1.0)
        assert table["quota"].sum() == pytest.approx(table["optimum"].sum(), rel=1e-9)
    assert set(found.provinces["rule"]) >= {"owen", "owen with contracts", "grandfathering", "per_capita"}
    rows = found.provinces.set_index(["rule", "region"])
    for name in (EMBODIED, FORMULA):
        assert abs(rows.loc[name, "transfer"].sum()) <= 1e-9 * rows.loc[name, "transfer"].abs().sum()
    assert np.ptp(rows.loc[FORMULA, "per_head"]) < 1e-2 * rows.loc[FORMULA, "per_head"].mean()
    # who emits for others is paid, who lets others emit pays
    assert rows.loc[(EMBODIED, "Inner Mongolia"), "transfer"] > 0 > rows.loc[(EMBODIED, "Beijing"), "transfer"]
    for _, table in found.smallest.groupby("reference"):
        assert (table["cost_after"] <= table["reference_cost"] + 1e-6 * table["cost"].abs().max()).all()
    assert found.summary["item"].is_unique


def test_values_and_payments_of_years_add_up_to_the_division(coupled, division):
    run, whole, owners = division
    programme = coupled.outer.iterate.assembled
    found = by_year(programme, owners, whole, coupled.z, coupled.prices, coupled.multipliers)
    np.testing.assert_allclose(found.bears.sum(axis=0), whole.closed, rtol=1e-9)
    size = np.abs(found.receives).sum(axis=1)
    np.testing.assert_allclose(found.receives.sum(axis=0), whole.transfer, rtol=1e-9, atol=1e-9 * size.sum())
    assert (np.abs(found.receives.sum(axis=1)) <= 1e-9 * size).all() and (size > 0).all()
    table = deal(coupled, rule={"per_capita": 0.5, "grandfathering": 0.5}).owen_years
    again = table.assign(pv=table["division_a_year"] * np.repeat(run.weights, 31)).groupby("region")["pv"].sum()
    np.testing.assert_allclose(again[list(run.regions)], whole.closed / MONEY, rtol=1e-9)


def test_every_row_stands_in_the_year_that_its_name_says(coupled):
    whole = coupled.outer.iterate.assembled
    d = whole.draft
    columns = column_years(d, len(coupled.z))
    rows = row_years(whole, columns)
    for label, (_, year) in d.names.items():
        assert d.years[rows[whole.kept(d.programme.rows[label].index)[0]]] == year
    for name in ("electricity", "dispatch", "line", "annual_capacity", "firm_capacity", "captured", "growth"):
        at = rows[whole.kept(d.programme.rows[name].index)]
        axis = {"electricity": 1, "dispatch": 2, "line": 1, "annual_capacity": 2}.get(name, 1)
        assert (np.moveaxis(at, axis, 0).reshape(d.T, -1) == np.arange(d.T)[:, None]).all(), name


def test_payments_of_a_year_are_permits_goods_and_power_at_the_prices_of_the_year(coupled):
    """Another rule moves only what is paid in the year whose permits it divides, by price x quota."""
    paid, quotas = [], []
    for rule in ("grandfathering", "per_capita"):
        run, division, owners = divided(coupled, {rule: 1.0})
        whole = coupled.outer.iterate.assembled
        paid.append(by_year(whole, owners, division, coupled.z, coupled.prices, coupled.multipliers).receives / MONEY)
        quotas.append(blended(run, {rule: 1.0}))
    moved = run.weights[:, None] * run.price[:, None] * (quotas[1] - quotas[0])
    np.testing.assert_allclose(paid[1] - paid[0], moved, rtol=1e-6, atol=2e-3 * np.abs(moved).max())


def test_a_budget_over_all_years_is_paid_as_it_is_used(frozen):
    tight = frozen.scenario.carbon.model_copy(update={"neutral_year": None, "peak_year": None, "budget": 250000.0})
    found = frozen.coupled(frozen.scenario.model_copy(update={"carbon": tight}), passes=1)
    run, division, owners = divided(found, {"per_capita": 1.0})
    yearly = by_year(found.outer.iterate.assembled, owners, division, found.z, found.prices, found.multipliers)
    assert (run.price > 0).all()
    np.testing.assert_allclose(yearly.bears.sum(axis=0), division.closed, rtol=1e-9)
    size = np.abs(yearly.receives).sum(axis=1)
    assert (np.abs(yearly.receives.sum(axis=1)) <= 1e-9 * size).all()
    # the budget is the only national row on CO2: its rents stand in both years
    other = divided(found, {"grandfathering": 1.0})
    moved = by_year(found.outer.iterate.assembled, other[2], other[1], found.z, found.prices,
                    found.multipliers).bears - yearly.bears
    assert (np.abs(moved).sum(axis=1) > 0.05 * np.abs(moved).sum()).all()


def test_an_interval_of_31_provinces_holds_the_division_and_is_narrow(coupled, division, monkeypatch):
    monkeypatch.setattr("model.carbon.owen_interval.FIRST_GAP", 2e-6)
    _, found, owners = division
    whole = coupled.outer.iterate.assembled
    joining = Joining(whole.complete, coupled.z, coupled.prices, derived=whole.draft.derived)
    two = outer_interval(joining, owners, coupled.z, coupled.prices, close=1e-4, only=(2, 18))
    at = [2, 18]
    assert np.isnan(np.delete(two.low, at)).all() and two.solves > 4
    assert (two.low[at] <= two.point[at]).all() and (two.point[at] <= two.high[at]).all()
    assert ((two.high - two.low)[at] < 2e-2 * two.point[at]).all()
    # the few passes of the run leave more open than that, which is what its own gap says
    assert (np.abs(found.bears - two.point)[at] <= 2 * found.gap).all()


def test_intervals_stand_beside_the_division_where_asked(coupled, monkeypatch):
    def narrow(joining, owners, z, prices):
        bears = divided(coupled, {"grandfathering": 1.0})[1].bears
        return Interval(bears - 20.0, bears + 20.0, bears, bears.sum(), 0.003, 0.5, 62)

    monkeypatch.setattr("model.carbon.deal.outer_interval", narrow)
    found = deal(coupled, pairs=2, intervals=True)
    owen = found.owen
    assert (owen["low"] <= owen["division"]).all() and (owen["division"] <= owen["high"]).all()
    np.testing.assert_allclose(owen["high"] - owen["low"], 40.0 / MONEY)
    note = found.summary.set_index("item").loc["interval of the Owen point"]
    assert "outer interval" in note["note"] and "50 x 10^8 yuan" in note["note"]
    plain = deal(coupled, pairs=2)
    assert plain.owen[["low", "high"]].isna().all(axis=None)
    assert "--intervals" in plain.summary.set_index("item").loc["interval of the Owen point", "note"]


def test_contracts_leave_the_sum_and_trade_only_endowments(coupled, division):
    _, found, owners = division
    contracts = Contracts(coupled.outer.iterate.assembled, owners, found, coupled.z, coupled.prices,
                          coupled.multipliers)
    value = contracts.value()
    assert abs(value.sum()) <= 1e-9 * np.abs(value).sum()
    kept = found.own_cost - contracts.kept()
    assert np.abs(kept).sum() < np.abs(found.own_cost - found.bears).sum()


def test_provinces_and_groups_do_not_do_better_alone_with_the_same_contracts(coupled, division):
    _, found, owners = division
    contracts = Contracts(coupled.outer.iterate.assembled, owners, found, coupled.z, coupled.prices,
                          coupled.multipliers)
    kept, names = contracts.kept(), list(owners.provinces)
    open_gap = coupled.gap * found.own_cost.sum()
    for members in (["Hainan"], ["Qinghai", "Gansu"], ["Beijing", "Tianjin", "Hebei"]):
        at = [names.index(n) for n in members]
        alone = contracts.alone(at)
        assert alone.members == tuple(names[i] for i in sorted(at))
        assert kept[at].sum() <= alone.cost + open_gap
        assert alone.cost > 0.5 * found.own_cost[at].sum()


def test_a_province_without_quota_or_storage_is_told_what_it_cannot_meet(coupled):
    d = coupled.outer.iterate.assembled.draft
    quotas = np.where(np.array(d.places.names) == "Hainan", 1e-6, 1.0)
    owners = owners_of(coupled.outer.iterate.assembled, {year: quotas for year in d.years})
    found = divide(coupled.outer.iterate.assembled.complete, owners, coupled.z, coupled.prices, coupled.multipliers)
    alone = Contracts(coupled.outer.iterate.assembled, owners, found, coupled.z, coupled.prices,
                      coupled.multipliers).alone([d.places.names.index("Hainan")])
    assert d.places.storage[d.places.names.index("Hainan")] == 0
    assert {"carbon.neutral_year 2060", "captured"} & set(alone.short) and alone.cost < np.inf


def test_a_national_run_is_refused(coupled):
    with pytest.raises(InputError, match="provincial"):
        deal(replace(coupled, resolution="national"))


def test_curves_come_from_solves_of_scenarios_that_differ_in_carbon_only(frozen, coupled, monkeypatch):
    free, low, _ = at_prices(frozen.scenario, [200.0, 800.0])
    assert without_limits(frozen.scenario) == free and free.carbon.neutral_year is None
    assert [s.carbon.budget for s in at_budgets(frozen.scenario, [1e5, 3e5])] == [None, 3e5, 1e5]
    solve = at_economy_of(coupled, passes=1)
    first = solve(free)
    assert first.bounds.objective < coupled.bounds.objective and first.plan.net_co2.sum() > coupled.plan.net_co2.sum()
    asked = []
    monkeypatch.setattr("model.carbon.frozen.at_economy_of", lambda run, **k: lambda case: asked.append(case) or (
        first if case.carbon.price is None else coupled))
    game = game_of_run(coupled, multiples=(0.5, 1.0))
    price = 100.0 * co2_price(coupled)[-1]
    assert [case.carbon.price and case.carbon.price.at(2060) for case in asked] == [
        None, pytest.approx(0.5 * price), pytest.approx(price)]
    assert game.curves[-1].prices.max() >= co2_price(coupled)[-1]
    with pytest.raises(InputError, match="no carbon price"):
        game_of_run(first)
    with pytest.raises(InputError, match=r"scenario\.power"):
        solve(free.model_copy(update={"power": free.power.model_copy(update={"slices": 4})}))
    game = curve_game(lambda scenario: first if scenario is free else coupled, [free, frozen.scenario])
    assert game.curves[-1].prices[-1] == pytest.approx(co2_price(coupled)[-1])
    assert low.carbon.price.at(2060) == pytest.approx(200.0)
    assert (game.baseline.sum(axis=1) > base_emissions(coupled).sum() * 0.3).all()
    found = deal(coupled, game=game, pairs=3)
    assert len(found.shapley) == 31 and (found.shapley["standard_error"] >= 0).all()
    assert found.shapley["cost"].sum() > 0 and abs(found.shapley["transfer"].sum()) < 1e-6
    assert {"with_trade", "without_trade", "short"} <= set(found.principles) and len(found.principles)
    known = found.principles.dropna(subset="without_trade")
    assert (known["difference"] >= -1e-9 * known["with_trade"].abs().max()).all()
    assert "stand-alone with own quota" in set(found.smallest["reference"])
