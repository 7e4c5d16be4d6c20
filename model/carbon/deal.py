"""The deal between provinces on one coupled run: who bears what, who pays whom, by every rule (E14).

All money is 10^8 yuan of 2020 at producers' prices; present values stand in the first model year, over the whole
horizon, with the weights of the programme's objective; `transfer` is positive where a province receives. Transfers are
an account of their own, no GDP. The players are the provinces of the run; Hong Kong, Macau, Taiwan and other countries
neither pay nor receive, and permits do not cross the border.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model.carbon.captured import LEAST, Captured, captured_and_stored, storage_tables
from model.carbon.formulas import EMBODIED, EQUALISED, FORMULA, USERS_PAY, by_formula
from model.carbon.game import CurveGame
from model.carbon.negotiation import Desk, Run, blended, desk
from model.carbon.owen_division import Division, divide, zero_sum
from model.carbon.owen_interval import Interval, outer_interval
from model.carbon.owen_tables import PRESENT, interval_row, owen_table, parts_table, years_table
from model.carbon.owen_years import by_year
from model.carbon.owners import Owners, contract_table, owners_of
from model.carbon.plan_run import base_emissions, cost_by_year, run_of
from model.carbon.stand_alone import Contracts
from model.carbon.water_filling import named
from model.pathway.budget import budget_weights
from model.pathway.draft import MONEY
from model.pathway.joining import Joining

if TYPE_CHECKING:
    from model.coupling import Coupled

OUTSIDERS = ("players are the provinces of the run; Hong Kong, Macau, Taiwan and other countries neither pay nor "
             "receive, permits do not cross the border")


@dataclass(frozen=True)
class Deal:
    """Tables of one deal, all long, all with a `unit` where values have one; `region` in the order of the run.

    summary : item, value, unit, note. Horizon, price basis, rule of the carbon rows, gap, outsiders, what is assumed.
    owen : region, division (y_r), own_cost, transfer (receives), yearly_transfer (level yearly payment over the
    horizon), burden (division in per cent of GDP), low, high (outer interval of y_r over all optimal duals; blank: not
    computed),
    division_contracts, transfer_contracts (goods and power between provinces stay contracts as in the plan, only
    shares of national endowments are traded), stand_alone (cost alone with those contracts; blank: not computed),
    short (what the province cannot meet alone, bought at ten times its price in stand_alone), unit.
    owen_years : region, year, division, transfer (present values; transfer sums to zero in every year and both sum to
    `owen` over years), division_a_year, transfer_a_year (10^8 yuan of the year), unit.
    owen_parts : region, item (contract or `optimality gap`), value, unit: what y_r is made of; sums to division.
    contracts : contract, text, rows, bounds, value, unit, status: who owns which rows.
    quotas : rule, region, year, quota, share, per_head, change, unit. weights : rule, en, zh, weight, entropy_weight.
    permits : rule, region, year, quota, optimum, price (10^8 yuan per Mt = 100 yuan/t), transfer, unit.
    peaks : region, peak_year, peak_level, plateau_until, last_level, after_nation, rule.
    provinces : fairness by rule and region: rule, region, cost, transfer, net_cost, burden (% of GDP), per_head (yuan),
    reference, gain, outcome, rank, rank_of_rule, unit. `rule` includes `owen`, `owen with contracts`, those of
    `by_formula` and, with curves, `shapley`.
    rules : fairness by rule: rule, volume, winners, losers, lightest, heaviest, gini_*, theil_*, gini_of_burden,
    concentration, unit.
    smallest : reference, region, cost, reference_cost, transfer, cost_after, unit.
    curves : region, year, price, abatement, unit; shapley : region, cost (Shapley value), standard_error,
    transfer, unit; principles : rule, year, with_trade, without_trade, difference, short, unit. Empty without curves.
    storage_routes, storage_sinks, storage_years : see `captured.storage_tables`.
    left_out : rule, reason.
    """

    summary: pd.DataFrame
    owen: pd.DataFrame
    owen_years: pd.DataFrame
    owen_parts: pd.DataFrame
    contracts: pd.DataFrame
    quotas: pd.DataFrame
    weights: pd.DataFrame
    permits: pd.DataFrame
    peaks: pd.DataFrame
    provinces: pd.DataFrame
    rules: pd.DataFrame
    smallest: pd.DataFrame
    curves: pd.DataFrame
    shapley: pd.DataFrame
    principles: pd.DataFrame
    storage_routes: pd.DataFrame
    storage_sinks: pd.DataFrame
    storage_years: pd.DataFrame
    left_out: pd.DataFrame


def deal(coupled: Coupled, *, rule: Mapping[str, float] | None = None, reference: Coupled | None = None,
         game: CurveGame | None = None, weights: Mapping[str, float] | None = None,
         references: Mapping[str, np.ndarray] | None = None, alone: bool = False, pairs: int = 200,
         intervals: bool = False) -> Deal:
    """Everything on the table of one coupled run over all provinces.

    rule : weights of quota rules by which the carbon rows are owned (default: the scenario's `carbon.allocation`,
    else grandfathering). reference : a run without the caps; cost is then the difference to it. game : provincial
    cost curves (`parametric.curve_game`), for the Shapley value and the cost of principles. weights : blend shown as
    rule `blend`. references : further present costs (R,) no province should exceed. alone : also solve every province
    on its own with the same contracts, one more reference (a linear programme each). pairs : permutations sampled.
    intervals : also the outer interval of every province's division (two re-solves each).
    Raises InputError for a national programme, or rows without an owner.
    """
    rule = _rule(coupled) if rule is None else dict(rule)
    run, division, owners = divided(coupled, rule, reference=reference)
    contracts = Contracts(coupled.outer.iterate.assembled, owners, division, coupled.z, coupled.prices,
                          coupled.multipliers)
    kept = zero_sum(division.own_cost - contracts.kept() - (division.closed - division.bears)) / MONEY
    deals = {"owen": division.transfer / MONEY, "owen with contracts": kept, **by_formula(coupled, run)}
    more = dict(references or {})
    single = [contracts.alone([r]) for r in range(len(run.regions))] if alone else []
    if single:
        lonely = np.array([s.cost for s in single]) - division.own_cost
        more["stand-alone with the same contracts"] = run.present(run.cost) + lonely / MONEY
    shapley = None
    if game is not None:
        run = game.laid_on(run)
        needed = run.baseline - blended(run, rule)
        shapley = game.shapley(needed, run.weights, pairs=pairs)
        deals["shapley"] = game.receipts(shapley.value, run)
        more |= game.stand_alone(run, needed)
    interval = _interval(coupled, owners) if intervals else None
    yearly = by_year(coupled.outer.iterate.assembled, owners, division, coupled.z, coupled.prices, coupled.multipliers)
    table = desk(run, weights=weights, deals=deals, references=more)
    stored = captured_and_stored(coupled.outer.iterate.assembled.draft, coupled.plan)
    routes, sinks, years = storage_tables(stored)
    return Deal(
        summary=_summary(coupled, rule, division, reference, shapley, table, stored, interval),
        owen=owen_table(run, division, kept, single, interval),
        owen_years=years_table(run, yearly),
        owen_parts=parts_table(run, division, owners),
        contracts=contract_table(owners, division.product_value / MONEY, division.row_value / MONEY,
                                 division.column_value / MONEY).assign(unit=PRESENT),
        quotas=table.quotas, weights=table.weights, permits=table.transfers, peaks=table.peaks,
        provinces=table.fairness.provinces.assign(unit=f"{PRESENT}; % of GDP; yuan per head"),
        rules=table.fairness.rules.assign(unit=f"{PRESENT}; % of GDP; index; yuan per head"),
        smallest=table.smallest,
        curves=_empty("region", "year", "price", "abatement", "unit") if game is None else game.table(),
        shapley=_shapley(run, shapley, deals.get("shapley")),
        principles=(_empty("rule", "year", "with_trade", "without_trade", "difference", "short", "unit")
                    if table.principles is None else table.principles),
        storage_routes=routes, storage_sinks=sinks, storage_years=years,
        left_out=pd.DataFrame(list(table.left_out.items()), columns=["rule", "reason"]),
    )


def divided(coupled: Coupled, rule: Mapping[str, float], *, reference: Coupled | None = None,
            ) -> tuple[Run, Division, Owners]:
    """The desk's arrays, the Owen division and the owners of a coupled run, carbon rows owned by a blend of rules."""
    run_of(coupled, np.zeros((len(coupled.years) - 1, len(coupled.study.base.regions))))  # refuses a national run
    whole = coupled.outer.iterate.assembled
    d, emissions = whole.draft, base_emissions(coupled)
    # who pays a column does not depend on the quotas
    first = owners_of(whole, {year: emissions for year in d.years})
    before = None
    if reference is not None:
        theirs = reference.outer.iterate.assembled
        before = cost_by_year(reference, owners_of(theirs, {year: emissions for year in theirs.draft.years}))
    run = run_of(coupled, cost_by_year(coupled, first), reference=reference, reference_cost=before)
    quotas = blended(run, rule)
    counted = budget_weights(d.timing, coupled.study.scenario.economics.budget_rule)[1:]
    owners = owners_of(whole, dict(zip(d.years, quotas, strict=True)), budget=counted @ quotas)
    return run, divide(whole.complete, owners, coupled.z, coupled.prices, coupled.multipliers), owners


def _rule(coupled: Coupled) -> dict[str, float]:
    allocation = coupled.study.scenario.carbon.allocation
    return {"grandfathering": 1.0} if allocation is None else dict(allocation.weights)


def _interval(coupled: Coupled, owners: Owners) -> Interval:
    """From the run's own solver object, or a new one where it has none."""
    whole = coupled.outer.iterate.assembled
    joining = coupled.joining or Joining(whole.complete, coupled.z, coupled.prices, derived=whole.draft.derived)
    return outer_interval(joining, owners, coupled.z, coupled.prices)


def _shapley(run: Run, found, received) -> pd.DataFrame:
    if found is None:
        return _empty("region", "cost", "standard_error", "transfer", "unit")
    return pd.DataFrame({"region": run.regions, "cost": found.value, "standard_error": found.standard_error,
                         "transfer": received, "unit": PRESENT})


def _summary(coupled: Coupled, rule, division: Division, reference, shapley, table: Desk,
             stored: Captured, interval: Interval | None) -> pd.DataFrame:
    scenario = coupled.study.scenario
    first, last = scenario.years[0], scenario.years[-1]
    rows = [
        ("horizon", f"{first}-{last}", "", "present values in the first year, weights of the programme's objective"),
        ("discount rate", scenario.economics.discount_rate, "per year", "real, social"),
        ("price basis", "10^8 yuan of 2020", "", "producers' prices, real"),
        ("outsiders", "", "", OUTSIDERS),
        ("rule of the carbon rows", ", ".join(f"{k} {v:g}" for k, v in rule.items()), "weight",
         "who owns the nation's CO2 limits in the Owen point"),
        ("cost", division.own_cost.sum() / MONEY, PRESENT, "resource cost of the programme"),
        ("proved lower bound", division.lower_bound / MONEY, PRESENT, "the Owen division sums to it"),
        ("lower bound of the certificate", coupled.bounds.lower_bound, PRESENT,
         "of the run, computed apart from the division"),
        ("gap shared by own cost", division.gap / MONEY, PRESENT, "cost less lower bound; zero at the optimum"),
        ("programme converged", str(coupled.converged), "",
         f"gap {coupled.gap:.3g}, violation {coupled.violation:.3g}, outer residual {coupled.outer.residual:.3g}"),
        ("volume of Owen transfers", 0.5 * np.abs(division.transfer).sum() / MONEY, PRESENT,
         "money that changes hands"),
        interval_row(division, interval),
        ("baseline", "run without the caps" if reference is not None else "CO2 per GDP of the base year", "",
         "for rules that ask for a baseline"),
        ("cost in the fairness tables", "against the run without the caps" if reference is not None else
         "all resource cost of the programme", "", ""),
        (EMBODIED, USERS_PAY, "part of the carbon price", "users of goods pay it to provinces that emit for them, by "
         "the tables of each year; assumed"),
        (FORMULA, EQUALISED, "1: the same cost per head", "general transfers with need by population; assumed"),
        ("demand", "frozen", "", "the division holds for the programme at its last economy"),
    ]
    if shapley is not None:
        rows += [
            ("Shapley value: worst core violation", shapley.worst_core_violation, PRESENT,
             "by " + ", ".join(sorted(shapley.worst_coalition))),
            ("Shapley value: permutations", 2 * shapley.pairs, "1", "antithetic pairs, seed 0"),
        ]
    left = stored.plan.unmatched.max(axis=0)
    full = np.flatnonzero(left > LEAST)
    rows.append(("captured CO2 without storage", left.sum(), "Mt CO2/yr", "largest of all years: " + (
        named(stored.provinces, full, left) if full.size else "none")))
    d, cost = coupled.outer.iterate.assembled.draft, coupled.outer.iterate.assembled.complete.cost
    real = (d.weight / MONEY) @ stored.plan.tonne_km * stored.per_tonne_km
    rows += [
        ("pipelines in the programme", float((cost * coupled.z)[d.sent.ravel()].sum()) / MONEY, PRESENT,
         "from every province that stores elsewhere, at the length the programme takes"),
        ("pipelines at real distances", real, PRESENT, "the same yearly price per tonne and km, routes as matched"),
    ]
    rows += [(f"left out: {name}", "", "", why) for name, why in table.left_out.items()]
    return pd.DataFrame(rows, columns=["item", "value", "unit", "note"])


def _empty(*columns: str) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))
