"""Every table of the provincial sheets, and the rows they add to the long table of a run.

    rules           rule, en, zh, weight, entropy_weight, left_out (why a rule is not on the desk)
    quotas          rule, region, year, quota (Mt CO2); rule `blend` is the weighted mean
    desk            region, year, optimum, baseline, sink (Mt CO2), gdp, cost (10^8 yuan), population (million),
                    own_price (yuan/t CO2; the nation's where permits were traded)
    desk_years      year, net, sinks, divided (Mt CO2; divided = net + sinks), price (yuan/t CO2)
    plan_nation, plan_provinces, plan_sectors, plans      budgets for dual control (`plan_budgets`)
    sinks           region, definition, type, low, central, high (Mt CO2 a year)
    flows           year, source, sink, flow (Mt CO2), km
    peaks           rule (`pathway` first), region, peak_year, peak_level (Mt CO2), plateau_until, after_nation (years)
    fairness_provinces, fairness_rules                    as `fairness` names them, of permit trade; where money moves
    desk_facts      key, zh, en: what the figures stand on
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from io_tables import classification
from io_tables.errors import InputError, Problem
from model.carbon import sinks as land
from model.carbon import transfers
from model.carbon.allocation_paths import peak_calendar
from model.carbon.desk_run import CAPTURED, GDP, GROSS, PER_TONNE, PRICE, by_sector, desk_run, grid
from model.carbon.fairness import fairness
from model.carbon.flows import PROGRAMME, between, flows
from model.carbon.negotiation import RULES, Run, blended, entropy_weights, quotas_by_rule
from model.carbon.plan_budgets import PlanBudgets, binding_rows, plan_budgets
from model.carbon.storage import storage_capacity
from model.pathway.places import STORAGE
from model.results import NATION, block, with_nation
from scenarios.schema import Scenario

BLEND = ("blend", "Blend", "加权组合")
QUOTA, TRANSFER, BUDGET, TRANSPORT = "Carbon Quota", "Carbon Transfer", "Carbon Budget", "Carbon Transport"
ADDED = (QUOTA, TRANSFER, BUDGET, TRANSPORT)
STORED = "Carbon Storage"
#: Mt CO2 a year without a store from which the reader is told.
_TOLD = 0.1
#: Weights by how unevenly the rules fall on provinces, instead of given ones.
ENTROPY = "entropy"
CAP_ROW = ("carbon.provincial_caps.", "carbon.allocation.")


def desk_tables(table: pd.DataFrame, scenario: Scenario, regions: Sequence[str], sectors: Sequence[str],
                policies: pd.DataFrame, *, weights: Mapping[str, float] | str | None = None,
                rules: Sequence[str] | None = None, baseline: tuple[str, np.ndarray] | None = None,
                price: np.ndarray | None = None, cost: np.ndarray | None = None,
                ) -> tuple[dict[str, pd.DataFrame], list[pd.DataFrame]]:
    """All tables of a run, and the rows for its long table.

    table : the long table (rows of an earlier desk are left aside); sectors with households; weights by rule, or
    'entropy' for those of the rules on the desk; by default the scenario's, else equal; rules : those on the desk
    (default: all the run has data for); baseline : name of a run and its (T, R) Mt; price (T,) 10^8 yuan per Mt;
    cost (T, R) 10^8 yuan of abatement at home.
    Raises InputError for unknown rules and for weights of rules that are not on the desk.
    """
    table = table[~table["variable"].astype(str).str.startswith(tuple(f"{name}" for name in ADDED))]
    run = desk_run(table, scenario, regions, baseline=None if baseline is None else baseline[1], price=price, cost=cost)
    quotas, left_out = quotas_by_rule(run, rules)
    if not quotas:
        raise InputError([Problem(f"rule '{name}'", why) for name, why in left_out.items()])
    weights = (entropy_weights(quotas, run.years) if weights == ENTROPY
               else _weights(weights, scenario, quotas, left_out))
    whole = {**quotas, BLEND[0]: blended(run, weights)}
    budget = _budgets(table, scenario, run, sectors, policies)
    flow, how, unmatched = _flows(table, scenario, run)
    tables = {
        "rules": _rules(weights, quotas, left_out, run), "quotas": _quotas(run, whole), "desk": _desk(run),
        "desk_years": _desk_years(run), "plan_nation": budget.budgets.national,
        "plan_provinces": budget.provinces(), "plan_sectors": budget.sectors(), "plans": budget.budgets.five_years,
        "sinks": _sinks(regions), "flows": flow, "peaks": _peaks(run, whole),
        "desk_facts": _facts(table, scenario, run, left_out, baseline, price, cost, how, unmatched),
    }
    if run.price.any():
        tables |= _fairness(run, whole)
    return tables, _blocks(run, whole, budget, flow, sectors)


def _weights(given, scenario: Scenario, quotas, left_out) -> dict[str, float]:
    if given is None and scenario.carbon.allocation is not None:
        # A rule without its data cannot be weighed; the facts sheet says so.
        given = {name: w for name, w in scenario.carbon.allocation.weights.items() if name in quotas}
    if not given or sum(given.values()) <= 0:
        return dict.fromkeys(quotas, 1.0 / len(quotas))
    wrong = [Problem(f"weight of '{name}'", left_out.get(name, "the rule is not on the desk"),
                     f"on the desk: {', '.join(quotas)}") for name in given if name not in quotas]
    if wrong:
        raise InputError(wrong)
    return {name: weight / sum(given.values()) for name, weight in given.items()}


def _rules(weights, quotas, left_out, run: Run) -> pd.DataFrame:
    entropy = entropy_weights(quotas, run.years)
    return pd.DataFrame([(name, RULES[name].en, RULES[name].zh, weights.get(name, 0.0), entropy.get(name, np.nan),
                          left_out.get(name, "")) for name in RULES if name in quotas or name in left_out],
                        columns=["rule", "en", "zh", "weight", "entropy_weight", "left_out"])


def _grid(run: Run) -> dict:
    T, R = run.optimum.shape
    return {"region": np.tile(np.asarray(run.regions, dtype=object), T), "year": np.repeat(run.years, R)}


def _quotas(run: Run, whole) -> pd.DataFrame:
    return pd.concat([pd.DataFrame({"rule": name, **_grid(run), "quota": values.ravel(), "unit": "Mt CO2"})
                      for name, values in whole.items()], ignore_index=True)


def _peaks(run: Run, whole) -> pd.DataFrame:
    """Peak calendar of the pathway and of the quotas of every rule, provinces and nation."""
    paths = {"pathway": run.optimum, **whole}
    return pd.concat([peak_calendar(path, run.years, run.regions).assign(rule=name) for name, path in paths.items()],
                     ignore_index=True)


def _desk(run: Run) -> pd.DataFrame:
    return pd.DataFrame({**_grid(run), "optimum": run.optimum.ravel(), "baseline": run.baseline.ravel(),
                         "sink": run.sinks.ravel(), "gdp": run.gdp.ravel(), "cost": run.cost.ravel(),
                         "population": run.population.ravel(),
                         "own_price": (np.repeat(run.price[:, None], len(run.regions), axis=1) if run.own_price is None
                                       else run.own_price).ravel() / PER_TONNE})


def _desk_years(run: Run) -> pd.DataFrame:
    sinks = run.sinks.sum(axis=1)
    return pd.DataFrame({"year": run.years, "net": run.cap - sinks, "sinks": sinks, "divided": run.cap,
                         "price": run.price / PER_TONNE})


def _fairness(run: Run, whole) -> dict[str, pd.DataFrame]:
    """Burdens and inequality of permit trade at the price of each year, present values."""
    present = {name: transfers.present_value(transfers.permit_trade(quota, run.optimum, run.price), run.years,
                                             rate=run.rate) for name, quota in whole.items()}
    cost, gdp = (transfers.present_value(flow, run.years, rate=run.rate) for flow in (run.cost, run.gdp))
    found = fairness(run.regions, cost, present, gdp, run.population.mean(axis=0))
    return {"fairness_provinces": found.provinces, "fairness_rules": found.rules}


def _budgets(table, scenario: Scenario, run: Run, sectors, policies) -> PlanBudgets:
    years, regions = run.years, run.regions
    # Gross by sector less what the sector captures; the sum is what the rules divide.
    emissions = by_sector(table, GROSS, regions, sectors, years)
    if (table["variable"] == CAPTURED).any():
        emissions -= by_sector(table, CAPTURED, regions, sectors, years)
    caps, cap_prices = _provincial_caps(scenario, run, policies)
    price = run.price if (table["variable"] == PRICE).any() else None
    return plan_budgets(emissions, by_sector(table, "Value Added", regions, sectors, years),
                        grid(table, GDP, regions, years), years, regions, sectors, price=price,
                        binding=binding_rows(policies), caps=caps, cap_prices=cap_prices)


def _provincial_caps(scenario: Scenario, run: Run, policies: pd.DataFrame):
    """Provincial caps the programme had, as Mt before sinks, where they left no room; and their prices."""
    if policies.empty:
        return {}, {}
    column = "shadow price" if "shadow price" in policies else "shadow_price"
    caps, prices = {}, {}
    for start in CAP_ROW:
        rows = policies[policies["policy"].str.startswith(start)]
        if rows.empty:
            continue
        name = start.rstrip(".")
        caps[name] = np.full(run.optimum.shape, np.inf)
        prices[name] = np.full(run.optimum.shape, np.nan)
        for row in rows.itertuples(index=False):
            place = row.policy.removeprefix(start)
            if place in run.regions and row.year in run.years:
                at = (run.years.index(row.year), run.regions.index(place))
                # What the province emits and the room the programme left is the cap.
                caps[name][at] = run.optimum[at] + row.slack
                prices[name][at] = getattr(row, column) if column.isidentifier() else row[rows.columns.get_loc(column)]
    return caps, prices


def _flows(table, scenario: Scenario, run: Run):
    captured = grid(table, CAPTURED, run.regions, run.years) if (table["variable"] == CAPTURED).any() else (
        np.zeros_like(run.optimum))
    rows = table[table["variable"] == STORED]
    if set(rows["region"]) > {NATION}:
        return flows(captured, run.regions, run.years, stored=grid(table, STORED, run.regions, run.years))
    if between(run.regions) is None:
        return flows(captured, run.regions, run.years)
    keep = scenario.storage
    capacity = storage_capacity(land.fact_table("resource_storage"), STORAGE[keep.estimate], run.regions,
                                factor=keep.capacity_factor)
    injection = np.repeat((capacity * keep.injection_share)[None], len(run.years), axis=0)
    injection[np.array(run.years) < keep.first_year] = 0.0
    return flows(captured, run.regions, run.years, capacity=capacity, injection=injection,
                 max_distance=keep.max_distance, rate=run.rate)


def _sinks(regions) -> pd.DataFrame:
    """Sink by land, definition and level; empty where a region is none of the fact table."""
    if not set(regions) <= set(land.fact_table("land_sinks")["region"]):
        return pd.DataFrame(columns=["region", "definition", "type", *land.LEVELS])
    parts = []
    for definition in land.DEFINITIONS:
        levels = {level: land.by_type(land.land_sinks(regions, definition, level), regions) for level in land.LEVELS}
        parts += [pd.DataFrame({"region": list(regions), "definition": definition, "type": kind,
                                **{level: values[:, k] for level, values in levels.items()}})
                  for k, kind in enumerate(land.TYPES)]
    return pd.concat(parts, ignore_index=True)


def _facts(table, scenario, run, left_out, baseline, price, cost, how, unmatched) -> pd.DataFrame:
    rows = [("scope", "口径:能源活动与工业过程CO2,扣除捕集量,未扣陆地碳汇;属地;31个省级行政区。",
             "Scope: energy and process CO2, net of capture, before land sinks; territorial; 31 provinces."),
            ("cap", "待分配总量=全国净排放+全国陆地碳汇;碳汇由全国共享,仅“扣除碳汇”原则归本省。",
             "Divided: national net CO2 plus national land sinks; sinks are shared, but for the rule Net of own sink.")]
    if baseline is None:
        rows.append(("baseline", "基准排放:各省单位GDP排放保持基年水平(假设)。",
                     "Baseline: each province keeps the CO2 per GDP of the base year (assumed)."))
    else:
        rows.append(("baseline", f"基准排放:情景{baseline[0]}。", f"Baseline: the run {baseline[0]}."))
    if run.history is not None:
        first, last = run.history_years[0], run.history_years[-1]
        rows.append(("history",
                     f"历史责任:{first}—{last}年属地排放,各省按清单份额,全国水平按基年账户、走势按EDGAR(估算)。",
                     f"Responsibility: territorial CO2 {first}-{last}, provinces by their shares in inventories, the "
                     "nation's level that of the accounts, its course that of EDGAR (estimated)."))
    if price is not None:
        rows.append(("price", "碳价:由用户给定。", "Price: given by the user."))
    elif run.own_price is not None:
        rows.append(("price", "碳价:本情景配额不交易,各省碳价为本省约束的影子价格;配额按其排放加权均值计价(假设)。",
                     "Price: permits were not traded, each province has its own shadow price; permits are valued at "
                     "their mean by emissions (assumed)."))
    elif (table["variable"] == PRICE).any():
        rows.append(("price", "碳价:路径规划中全国净CO2的影子价格。",
                     "Price: shadow price of national net CO2 in the pathway programme."))
    elif scenario.carbon.price is not None:
        rows.append(("price", "碳价:情景给定。", "Price: as the scenario gives it."))
    else:
        rows.append(("price", "碳价:本情景无碳价,按零计;可在表中填写。",
                     "Price: this run has none, zero is taken; write one into the cell."))
    rows.append(("cost", "各省减排成本:未分省核算,按零计,净成本仅为配额买卖。",
                 "Cost of abatement by province is not resolved and taken as zero: net cost is that of permits alone.")
                if cost is None else ("cost", "各省减排成本:与基准相比的本地成本。",
                                      "Cost of abatement: at home, compared with the baseline."))
    rows.append(("flows", "源汇:各省封存量取自规划结果,按最小吨公里匹配。",
                 "Sources and stores: what each province stores is the programme's, joined at least tonne-kilometres.")
                if how == PROGRAMME else
                ("flows", "源汇:规划未分省,按封存容量与年注入上限以最小运距匹配。",
                 "Sources and stores: matched here at least distance within capacity and yearly injection."))
    if run.price.any():
        rows.append(("transfers", f"配额按当年碳价交易;现值以{run.years[0]}年为准,实际贴现率{100 * run.rate:g}%;"
                     "正为收入;转移不计入GDP。",
                     f"Permits trade at the price of the year; present value in {run.years[0]} at {100 * run.rate:g} % "
                     "real; positive is received; transfers are no GDP."))
    if unmatched.max(initial=0.0) > _TOLD:
        year = run.years[int(unmatched.argmax())]
        rows.append(("unmatched", f"未能匹配封存的CO2:{year}年{unmatched.max():,.1f} Mt。",
                     f"CO2 that finds no store: {unmatched.max():,.1f} Mt in {year}."))
    allocation = scenario.carbon.allocation
    if allocation is not None and allocation.accounting == "consumption":
        rows.append(("accounting",
                     "核算口径:消费侧——各原则的基年排放、基准与历史按最终使用地计(国内排放,出口部分按比例分摊);配额仍约束属地排放。",
                     "Accounting by use: emissions of the base year, baseline and history stand where goods are used "
                     "(tonnes emitted in China, exports in proportion); quotas bind what the territory emits."))
    missing = [] if allocation is None else [RULES[n] for n in allocation.weights if n in left_out]
    if missing:
        rows.append(("weights", f"情景设有权重但无数据的原则:{'、'.join(rule.zh for rule in missing)}。",
                     f"Weighed by the scenario, but without data: {', '.join(rule.en for rule in missing)}."))
    return pd.DataFrame(rows, columns=["key", "zh", "en"])


def rule_name(rule: str) -> str:
    """English name of a rule or of the blend, as in variable names."""
    return BLEND[1] if rule == BLEND[0] else RULES[rule].en


def _blocks(run: Run, whole, budget: PlanBudgets, flow: pd.DataFrame, sectors) -> list[pd.DataFrame]:
    places, parts = (NATION, *run.regions), []
    for name, values in whole.items():
        parts.append(block(f"{QUOTA}|{rule_name(name)}", "Mt CO2", with_nation(values), run.years, places))
        if run.price.any():
            paid = transfers.permit_trade(values, run.optimum, run.price)
            parts.append(block(f"{TRANSFER}|{rule_name(name)}", "10^8 yuan", with_nation(paid), run.years, places))
    at = [budget.years.index(year) for year in run.years]
    whole_budget = with_nation(budget.budgets.sector[at])
    parts.append(block(BUDGET, "Mt CO2", whole_budget, run.years, places, sectors, keep_zeros=False))
    parts.append(block(BUDGET, "Mt CO2", whole_budget.sum(axis=2), run.years, places))
    for sink in dict.fromkeys(flow["sink"]):
        rows = flow[flow["sink"] == sink]
        sent = rows.pivot(index="year", columns="source", values="flow").reindex(
            index=list(run.years), columns=list(run.regions), fill_value=0.0).fillna(0.0).to_numpy(dtype=float)
        parts.append(block(f"{TRANSPORT}|{sink}", "Mt CO2", with_nation(sent), run.years, places))
    return parts


def added_names(regions: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """(variable, unit, English, Chinese) of everything the desk can add, for the list of variables."""
    rules = [*((rule.en, rule.zh) for rule in RULES.values()), BLEND[1:]]
    provinces = classification.provinces()
    rows = [(f"{QUOTA}|{en}", "Mt CO2", f"Carbon quota: {en.lower()}", f"碳配额:{zh}") for en, zh in rules]
    rows += [(f"{TRANSFER}|{en}", "10^8 yuan", f"Permit trade receipts: {en.lower()}", f"配额交易净收入:{zh}")
             for en, zh in rules]
    rows.append((BUDGET, "Mt CO2", "Carbon budget (dual control; net of capture, before sinks)",
                 "碳排放预算(双控;扣除捕集,未扣碳汇)"))
    return rows + [(f"{TRANSPORT}|{name}", "Mt CO2", f"CO2 sent to {name} for storage",
                    f"送往{provinces.zh(name)}封存的CO2") for name in regions]
