"""Commodity balances of a pathway programme (E10)."""

from __future__ import annotations

import numpy as np

from model.programme import INFINITY
from model.technology.draft import Draft, Flows, add_activity


def add_balances(d: Draft, flows: Flows) -> None:
    """Production >= use + demand, per slice or per year."""
    regions, commodities, years, slices = (len(d.sets[k]) for k in ("region", "commodity", "year", "slice"))
    table = d.problem.demand
    timed = table[table["slice"].notna()] if "slice" in table else table.iloc[:0]
    untimed = table.drop(timed.index)
    keys = ("region", "commodity", "year")
    by_slice = d.array("demand", (*keys, "slice"), 0.0, table=timed)
    any_time = d.array("demand", keys, 0.0, table=untimed.drop(columns="slice", errors="ignore"))
    fine, store = d.by_slice & ~d.is_store, d.is_store
    if slices == 1:                                     # one slice is the year: no second row for it
        only = by_slice[..., 0]
        only[:, fine] += any_time[:, fine]
        any_time[:, fine] = 0.0
    met = np.zeros((regions, commodities), dtype=bool)
    met[flows.region, flows.commodity] = True
    met |= (by_slice != 0).any(axis=(2, 3)) | (any_time != 0).any(axis=2)
    where_fine = np.argwhere(met & fine)
    where_year = np.argwhere(met & ~store & (~fine | (any_time != 0).any(axis=2)))
    surplus = np.ones(commodities, bool) if "surplus" not in d.problem.commodities else \
        d.problem.commodities["surplus"].fillna(1).astype(bool).to_numpy()
    d.fine_pair, d.year_pair = where_fine, where_year
    need = by_slice[tuple(where_fine.T)]
    open_end = np.where(surplus[where_fine[:, 1]][:, None, None], INFINITY, need)
    rows = d.programme.add_rows("balance", (len(where_fine), years, slices), lower=need, upper=open_end)
    need = any_time[tuple(where_year.T)] + by_slice[tuple(where_year.T)].sum(axis=2)
    open_end = np.where(surplus[where_year[:, 1]][:, None] | fine[where_year[:, 1]][:, None], INFINITY, need)
    year_rows = d.programme.add_rows("annual_balance", (len(where_year), years), lower=need, upper=open_end)
    at = np.full((2, regions, commodities), -1)
    at[0][tuple(where_fine.T)] = np.arange(len(where_fine))
    at[1][tuple(where_year.T)] = np.arange(len(where_year))

    full_shape = d.array("shapes", ("technology", "commodity", "slice"), np.nan)
    full_shape = np.where(np.isnan(full_shape), d.share, full_shape)
    slot = at[0][flows.region, flows.commodity]
    for timed_flow in (False, True):
        take = np.flatnonzero((slot >= 0) & ((flows.slice >= 0) == timed_flow))
        _add_fine_flows(d, flows, take, rows[slot[take], flows.year[take]], full_shape, timed_flow)
    slot = at[1][flows.region, flows.commodity]
    for timed_flow in (False, True):
        take = np.flatnonzero((slot >= 0) & ((flows.slice >= 0) == timed_flow))
        add_activity(d, year_rows[slot[take], flows.year[take]], flows.process[take], flows.year[take],
                     flows.value[take], flows.slice[take] if timed_flow else None)
    _add_unserved(d, rows, year_rows)


def _add_fine_flows(d: Draft, flows: Flows, take, rows, full_shape, timed: bool) -> None:
    """Flows into rows (flows, S): of sliced processes slice by slice, of others in their shape."""
    process, value = flows.process[take], flows.value[take]
    fine, place = d.sliced[process], d.place[process]
    if timed:
        s = flows.slice[take]
        line = rows[np.arange(len(take)), s]
        d.programme.add(line[fine], d.activity[place[fine], flows.year[take][fine], s[fine]], value[fine])
        shape = full_shape[d.process[process, 1], flows.commodity[take], s]
        d.programme.add(line[~fine], d.annual[place[~fine], flows.year[take][~fine]], (value * shape)[~fine])
        return
    d.programme.add(rows[fine], d.activity[place[fine], flows.year[take][fine]], value[fine][:, None])
    shape = full_shape[d.process[process, 1], flows.commodity[take]]
    d.programme.add(rows[~fine], d.annual[place[~fine], flows.year[take][~fine]][:, None],
                    (value[:, None] * shape)[~fine])


def _add_unserved(d: Draft, rows, year_rows) -> None:
    if "unserved_cost" not in d.problem.commodities:
        return
    price = d.unserved_price = d.problem.commodities["unserved_cost"].to_numpy(dtype=float)
    for name, pairs, block in (("unserved", d.fine_pair, rows), ("annual_unserved", d.year_pair, year_rows)):
        own = np.flatnonzero(~np.isnan(price[pairs[:, 1]]) & (d.by_slice[pairs[:, 1]] == (name == "unserved")))
        cost = price[pairs[own, 1]].reshape((-1,) + (1,) * (block.ndim - 1)) * \
            d.times.operation_weight.reshape((1, -1) + (1,) * (block.ndim - 2))
        d.programme.add(block[own], d.programme.add_columns(name, block[own].shape, cost), 1.0)
        d.unserved_rows[name] = own
