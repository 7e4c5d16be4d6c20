"""The solution of a pathway programme as labelled tables (E10)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model.programme import Solution
from model.technology.assembly import Assembly
from model.technology.draft import Draft


def tables_of(assembly: Assembly, solution: Solution) -> dict:
    """Every table of a `Pathway`, by field name."""
    d = assembly.draft
    activity = _activity(d, solution)
    capacity = _capacity(d, solution)
    policies = _policies(assembly, solution)
    return {
        "activity": activity,
        "capacity": capacity,
        "new_capacity": _by_pair(d, solution.value("new_capacity")),
        "emissions": _labelled(d, ("region", "emission", "year"), np.indices(d.emission.shape),
                               solution.value("emission")),
        "levels": _labelled(d, ("region", "commodity", "year", "slice"), _cells(d.store_pair, d.level.shape),
                            solution.value("level")),
        "unserved": _unserved(d, solution),
        "costs": _costs(d, solution),
        "policies": policies,
        "duals": _duals(assembly, solution, policies),
    }


def _labelled(d: Draft, keys, codes, values) -> pd.DataFrame:
    """A table of labels and values; codes: one array per key, shaped like values."""
    columns = {k: np.asarray(d.sets[k], dtype=object)[np.broadcast_to(c, np.shape(values)).ravel()]
               for k, c in zip(keys, codes, strict=True)}
    return pd.DataFrame({**columns, "value": np.asarray(values, dtype=float).ravel()})


def _cells(pairs: np.ndarray, shape) -> list[np.ndarray]:
    """Codes of a block whose first axis runs over rows of `pairs`: the pair's columns, then the axes."""
    axes = np.indices(shape)
    first = [pairs[:, i].reshape((-1,) + (1,) * (len(shape) - 1)) for i in range(pairs.shape[1])]
    return [*first, *axes[1:]]


def _by_pair(d: Draft, values) -> pd.DataFrame:
    return _labelled(d, ("region", "technology", "year"), _cells(d.pair, values.shape), values)


def _activity(d: Draft, solution: Solution) -> pd.DataFrame:
    keys = ("region", "technology", "mode", "year")
    fine = _labelled(d, (*keys, "slice"), _cells(d.process[d.sliced], d.activity.shape), solution.value("activity"))
    whole = _labelled(d, keys, _cells(d.process[~d.sliced], d.annual.shape), solution.value("annual_activity"))
    parts = [t for t in (fine, whole.assign(slice=None)) if len(t)]
    table = pd.concat([t.astype({"slice": object}) for t in parts], ignore_index=True) if parts else fine
    return table[[*keys, "slice", "value"]]


def annual_activity(d: Draft, z: np.ndarray) -> np.ndarray:
    """Activity of every process and year, (P, Y), slices added up."""
    total = np.zeros(d.active.shape)
    total[d.sliced] = z[d.activity].sum(axis=2)
    total[~d.sliced] = z[d.annual]
    return total


def standing_capacity(d: Draft, z: np.ndarray) -> np.ndarray:
    """Standing capacity of every region-technology pair and year, (Q, Y)."""
    survives = d.standing + np.einsum("qv,qvy->qy", z[d.new], d.vintage)
    own = d.standing_place >= 0
    survives[own] = z[d.capacity[d.standing_place[own]]]
    return survives


def _capacity(d: Draft, solution: Solution) -> pd.DataFrame:
    return _by_pair(d, standing_capacity(d, solution.z))


def _unserved(d: Draft, solution: Solution) -> pd.DataFrame:
    parts = []
    for name, pairs in (("unserved", d.fine_pair), ("annual_unserved", d.year_pair)):
        if name in d.unserved_rows:
            values = solution.value(name)
            keys = ("region", "commodity", "year", "slice")[: 1 + values.ndim]
            parts.append(_labelled(d, keys, _cells(pairs[d.unserved_rows[name]], values.shape), values))
    columns = ["region", "commodity", "year", "slice", "value"]
    parts = [p.reindex(columns=columns).astype({"slice": object}) for p in parts if len(p)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _costs(d: Draft, solution: Solution) -> pd.DataFrame:
    """Costs by kind; `value` in money of the year, `present` discounted; they add up to the objective."""
    z, weight = solution.z, d.times.operation_weight
    parts = []

    def put(kind, table, present):
        parts.append(table.assign(kind=kind, present=np.asarray(present).ravel()))

    new = z[d.new]
    put("investment", _by_pair(d, d.capital * new), d.new_cost * new)
    fixed = d.fixed * standing_capacity(d, z)
    put("fixed", _by_pair(d, fixed), fixed * weight)
    running = d.running_price * annual_activity(d, z)
    table = _labelled(d, ("region", "technology", "mode", "year"), _cells(d.process, running.shape), running)
    put("variable", table, running * weight)
    paid = d.emission_price * z[d.emission]
    put("emission", _labelled(d, ("region", "emission", "year"), np.indices(paid.shape), paid), paid * weight)
    for name, pairs in (("unserved", d.fine_pair), ("annual_unserved", d.year_pair)):
        if name in d.unserved_rows:
            own = pairs[d.unserved_rows[name]]
            price = d.unserved_price[own[:, 1]]
            lost = solution.value(name)
            lost = (lost.sum(axis=2) if lost.ndim == 3 else lost) * price[:, None]
            put("unserved", _labelled(d, ("region", "commodity", "year"), _cells(own, lost.shape), lost), lost * weight)
    columns = ["kind", "region", "technology", "mode", "commodity", "emission", "year", "value", "present"]
    parts = [p.reindex(columns=columns) for p in parts if len(p)]
    whole = pd.concat([p.astype({c: object for c in columns[:6]}) for p in parts], ignore_index=True)
    return whole[(whole["value"] != 0) | (whole["present"] != 0)].reset_index(drop=True)


def _policies(assembly: Assembly, solution: Solution) -> pd.DataFrame:
    d, table = assembly.draft, assembly.policies.copy()
    row = table["row"].to_numpy(dtype=int)
    value, dual = solution.row_values[row], solution.row_duals[row]
    sense = table["sense"].to_numpy(dtype=object)
    limit = assembly.compiled.row_upper[row]
    limit = np.where(np.isfinite(limit), limit, assembly.compiled.row_lower[row])
    slack = np.where(sense == "min", value - limit, np.where(sense == "fix", -np.abs(value - limit), limit - value))
    made = annual_output(assembly, solution.z)
    for place, i in enumerate(row):
        if i in d.share_of:
            c, regions, y = d.share_of[i]
            total = made[regions, c, y].sum()
            value[place] = table["limit"].iloc[place] + value[place] / total if total > 0 else np.nan
    shadow = np.where(sense == "max", -dual, dual)
    table["value"], table["slack"] = value, slack
    table["shadow_price"] = np.where(shadow == 0.0, 0.0, shadow)
    table["price"] = table["shadow_price"] / table["weight"].astype(float)
    return table.drop(columns=["row", "weight"])


def annual_output(assembly: Assembly, z: np.ndarray) -> np.ndarray:
    """Production of every commodity, (regions, commodities, years)."""
    d, flows = assembly.draft, assembly.flows
    made = np.zeros(tuple(len(d.sets[k]) for k in ("region", "commodity", "year")))
    out = np.flatnonzero(flows.value > 0)
    process, year, s = flows.process[out], flows.year[out], flows.slice[out]
    amount = annual_activity(d, z)[process, year]
    timed = s >= 0
    fine = timed & d.sliced[process]
    amount[fine] = z[d.activity[d.place[process[fine]], year[fine], s[fine]]]
    flat = timed & ~d.sliced[process]
    amount[flat] = amount[flat] * d.share[s[flat]]
    np.add.at(made, (flows.region[out], flows.commodity[out], year), flows.value[out] * amount)
    return made


def _duals(assembly: Assembly, solution: Solution, policies: pd.DataFrame) -> dict[str, pd.DataFrame]:
    d, weight = assembly.draft, assembly.draft.times.operation_weight

    def priced(table, years_axis_codes):
        table["price"] = table["value"] / weight[np.broadcast_to(years_axis_codes, len(table))] if len(table) else []
        return table

    def year_codes(shape):
        return np.indices(shape)[1].ravel()

    pair_keys = ("region", "commodity", "year", "slice")
    fine, whole = solution.dual("balance"), solution.dual("annual_balance")
    balance = [priced(_labelled(d, pair_keys[: 1 + v.ndim], _cells(p, v.shape), v), year_codes(v.shape))
               for v, p in ((fine, d.fine_pair), (whole, d.year_pair))]
    columns = [*pair_keys, "value", "price"]
    balance = [t.reindex(columns=columns).astype({"slice": object}) for t in balance if len(t)]
    duals = {"balance": pd.concat(balance, ignore_index=True) if balance else pd.DataFrame(columns=columns),
             "policies": policies}
    kept = np.flatnonzero(d.standing_place >= 0)
    standing = -solution.dual("standing")
    duals["capacity"] = priced(_labelled(d, ("region", "technology", "year"), _cells(d.pair[kept], standing.shape),
                                         standing), year_codes(standing.shape))
    duals["store"] = _labelled(d, pair_keys, _cells(d.store_pair, d.level.shape), solution.dual("store"))
    duals["limits"] = _limit_duals(d, solution, kept)
    duals["growth"] = _named(d, solution, d.growth_names)
    if d.reserve_names:
        value = solution.dual("reserve")
        codes = [np.repeat(c, value.shape[1]) for c in d.reserve_names.values()]
        codes.append(np.tile(np.arange(value.shape[1]), len(value)))
        table = _labelled(d, pair_keys, codes, value.ravel())
        duals["reserve"] = priced(table, codes[2])
    return duals


def _named(d: Draft, solution: Solution, names: dict) -> pd.DataFrame:
    """Duals of row blocks with their own keys."""
    parts = [_labelled(d, tuple(codes), list(codes.values()), solution.dual(name)).assign(name=name)
             for name, codes in names.items() if len(next(iter(codes.values())))]
    columns = ["name", "region", "technology", "mode", "year", "slice", "value"]
    parts = [p.reindex(columns=columns).astype({"mode": object, "slice": object}) for p in parts]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _limit_duals(d: Draft, solution: Solution, kept) -> pd.DataFrame:
    """Value of one unit more of each bound on capacity (reduced costs) and activity (row duals)."""
    parts = [_named(d, solution, d.limit_names)]
    for quantity, pairs in (("new_capacity", d.pair), ("capacity", d.pair[kept])):
        block = d.new if quantity == "new_capacity" else d.capacity
        reduced = solution.reduced_cost(quantity)
        bound = (reduced != 0) & (solution.z[block] > 0)
        table = _labelled(d, ("region", "technology", "year"), _cells(pairs, reduced.shape), reduced)
        parts.append(table[bound.ravel()].assign(name=f"limit {quantity}"))
    parts = [p for p in parts if len(p)]
    return pd.concat(parts, ignore_index=True) if parts else _named(d, solution, {})
