"""Named policies of a pathway: caps, budgets, peaks, shares and free linear rows (E10)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from io_tables.errors import Problem as Mistake
from model.programme import INFINITY
from model.technology.draft import Draft, Flows, add_activity
from model.technology.limits import add_quantity

POLICY_COLUMNS = ("label", "policy", "kind", "region", "year", "sense", "row", "limit", "weight")


def add_policies(d: Draft, flows: Flows) -> pd.DataFrame:
    """One or more rows for every policy; returns which row is which."""
    table = d.problem.policies
    lines: list[dict] = []
    many = table["policy"].value_counts() if not table.empty else {}
    for number in range(len(table)):
        policy = table.iloc[number]
        years = _years_of(d, policy)
        region = _given(policy, "region")
        sense = _given(policy, "sense") or "max"
        made = _ADD[policy["kind"]](d, flows, policy, years, region, sense, number)
        for row, year, limit, weight in made:
            lone = many[policy["policy"]] == 1 and (len(made) == 1 or policy["kind"] == "peak")
            label = policy["policy"] if lone else " ".join(
                str(x) for x in (policy["policy"], region if many[policy["policy"]] > 1 else None,
                                 None if policy["kind"] == "peak" else d.sets["year"][year]) if x is not None)
            lines.append(dict(zip(POLICY_COLUMNS, (
                label, policy["policy"], policy["kind"], region, d.sets["year"][year] if year is not None else None,
                sense, int(row), limit, weight), strict=True)))
    return pd.DataFrame(lines, columns=list(POLICY_COLUMNS))


def _given(policy: pd.Series, column: str):
    value = policy.get(column)
    return None if value is None or value != value or value == "" else value


def _years_of(d: Draft, policy: pd.Series) -> np.ndarray:
    year = _given(policy, "year")
    if year is None:
        return np.arange(len(d.times.years))
    return np.array([[float(x) for x in d.sets["year"]].index(float(year))])


def _regions(d: Draft, region) -> np.ndarray:
    return np.arange(len(d.sets["region"])) if region is None else np.array([d.sets["region"].index(region)])


def _sides(sense: str, value):
    return (-INFINITY if sense == "max" else value), (INFINITY if sense == "min" else value)


def _emissions_of(d: Draft, policy, region, years):
    """Emission columns (regions, years) of a policy; refuses a price and a cap on the same tonne."""
    emission = _given(policy, "emission")
    if emission is None:
        d.mistakes.append(Mistake(f"policies '{policy['policy']}'", "needs an emission"))
        return None
    e, places = d.sets["emission"].index(emission), _regions(d, region)
    if policy["kind"] in ("cap", "budget") and (d.emission_price[np.ix_(places, [e], years)] != 0).any():
        d.mistakes.append(Mistake(f"policies '{policy['policy']}'", f"'{emission}' carries a price there already",
                                  "give the same tonne a price or a limit, not both"))
    return d.emission[np.ix_(places, [e], years)][:, 0]


def _cap(d, flows, policy, years, region, sense, number):
    columns = _emissions_of(d, policy, region, years)
    if columns is None:
        return []
    lower, upper = _sides(sense, float(policy["value"]))
    rows = d.programme.add_rows(f"policy {number}", len(years), lower=lower, upper=upper)
    d.programme.add(rows[None, :], columns, 1.0)
    return [(row, y, float(policy["value"]), d.times.operation_weight[y]) for row, y in
            zip(rows, years, strict=True)]


def _budget(d, flows, policy, years, region, sense, number):
    columns = _emissions_of(d, policy, region, years)
    if columns is None:
        return []
    weight = d.times.duration[years]
    if d.problem.conventions.budget == "mean":
        weight = weight / weight.sum()
    lower, upper = _sides(sense, float(policy["value"]))
    rows = d.programme.add_rows(f"policy {number}", 1, lower=lower, upper=upper)
    d.programme.add(rows[:, None], columns, weight[None, :])
    return [(rows[0], None, float(policy["value"]), np.nan)]


def _peak(d, flows, policy, years, region, sense, number):
    columns = _emissions_of(d, policy, region, np.arange(len(d.times.years)))
    if columns is None:
        return []
    if _given(policy, "year") is None:
        d.mistakes.append(Mistake(f"policies '{policy['policy']}'", "a peak needs its year"))
        return []
    later = np.arange(years[0] + 1, len(d.times.years))
    rows = d.programme.add_rows(f"policy {number}", len(later), upper=0.0)
    d.programme.add(rows[None, :], columns[:, later], 1.0)
    d.programme.add(rows[None, :], columns[:, later - 1], -1.0)
    return [(row, y, 0.0, d.times.operation_weight[y]) for row, y in zip(rows, later, strict=True)]


def _row(d, flows, policy, years, region, sense, number):
    value = float(policy["value"])
    total = policy["kind"] == "total"
    lower, upper = _sides(sense, value)
    rows = d.programme.add_rows(f"policy {number}", 1 if total else len(years), lower=lower, upper=upper)
    at = np.full(len(d.times.years), -1)
    at[years] = 0 if total else np.arange(len(years))
    weight = d.times.duration if total else np.ones(len(d.times.years))
    _add_terms(d, flows, policy["policy"], region, rows, at, weight)
    if total:
        return [(rows[0], None, value, np.nan)]
    return [(row, y, value, d.times.operation_weight[y]) for row, y in zip(rows, years, strict=True)]


def _share(d, flows, policy, years, region, sense, number):
    commodity, value = _given(policy, "commodity"), float(policy["value"])
    if commodity is None:
        d.mistakes.append(Mistake(f"policies '{policy['policy']}'", "a share needs a commodity"))
        return []
    lower, upper = _sides(sense, 0.0)
    rows = d.programme.add_rows(f"policy {number}", len(years), lower=lower, upper=upper)
    at = np.full(len(d.times.years), -1)
    at[years] = np.arange(len(years))
    _add_terms(d, flows, policy["policy"], region, rows, at, np.ones(len(at)))
    c = d.sets["commodity"].index(commodity)
    take = np.flatnonzero((flows.value > 0) & (flows.commodity == c) & (at[flows.year] >= 0)
                          & np.isin(flows.region, _regions(d, region)))
    _add_flows(d, flows, take, rows[at[flows.year[take]]], np.full(len(take), -value))
    for row, y in zip(rows, years, strict=True):
        d.share_of[int(row)] = (c, _regions(d, region), int(y))
    return [(row, y, value, d.times.operation_weight[y]) for row, y in zip(rows, years, strict=True)]


_ADD = {"cap": _cap, "budget": _budget, "peak": _peak, "row": _row, "total": _row, "share": _share}


def _add_flows(d: Draft, flows: Flows, take, rows, factor) -> None:
    for timed in (False, True):
        own = (flows.slice[take] >= 0) == timed
        f = take[own]
        add_activity(d, rows[own], flows.process[f], flows.year[f], factor[own] * flows.value[f],
                     flows.slice[f] if timed else None)


def _add_terms(d: Draft, flows: Flows, policy: str, region, rows, at, weight) -> None:
    """Add a policy's terms: rows[at[year]] += value x weight[year] x quantity."""
    table = d.problem.terms
    table = table[table["policy"].eq(policy)].drop(columns="policy") if not table.empty else table
    if table.empty:
        d.mistakes.append(Mistake(f"policies '{policy}'", "has no terms", "name them in the table terms"))
        return
    places = _regions(d, region)
    for quantity in dict.fromkeys(table["quantity"]):
        chosen = table[table["quantity"].eq(quantity)].drop(columns="quantity")
        keys = {"emission": ("region", "emission", "year"), "activity": ("region", "technology", "mode", "year"),
                "output": ("region", "technology", "mode", "commodity", "year"),
                "input": ("region", "technology", "mode", "commodity", "year")}.get(
                    quantity, ("region", "technology", "year"))
        found = d.entries("terms", keys, {"value": 1.0}, table=chosen)
        own = (at[found["year"]] >= 0) & np.isin(found["region"], places)
        codes, y = {k: found[k][own] for k in keys}, found["year"][own]
        value = found.values["value"][own] * weight[y]
        line = rows[at[y]]
        if quantity == "emission":
            d.programme.add(line, d.emission[codes["region"], codes["emission"], y], value)
        elif quantity == "activity":
            process = d.process_at[codes["region"], codes["technology"], codes["mode"]]
            add_activity(d, line[process >= 0], process[process >= 0], y[process >= 0], value[process >= 0])
        elif quantity in ("output", "input"):
            _add_flow_terms(d, flows, quantity, codes, line, value)
        else:
            add_quantity(d, quantity, line, codes["region"], codes["technology"], y, value)


def _add_flow_terms(d: Draft, flows: Flows, quantity: str, codes, line, value) -> None:
    """Outputs or inputs of a commodity by processes of a region."""
    process = d.process_at[codes["region"], codes["technology"], codes["mode"]]
    sizes = (len(d.process), len(d.sets["commodity"]), len(d.times.years))
    own = process >= 0
    wanted = pd.DataFrame({"key": np.ravel_multi_index((process[own], codes["commodity"][own], codes["year"][own]),
                                                       sizes), "line": line[own], "value": value[own]})
    sign = 1.0 if quantity == "output" else -1.0
    take = np.flatnonzero(flows.value * sign > 0)
    made = pd.DataFrame({"key": np.ravel_multi_index((flows.process[take], flows.commodity[take], flows.year[take]),
                                                     sizes), "flow": take})
    both = wanted.merge(made, on="key")
    _add_flows(d, flows, both["flow"].to_numpy(), both["line"].to_numpy(), sign * both["value"].to_numpy())
