"""Stores of a pathway programme: contents carried from slice to slice (E10)."""

from __future__ import annotations

import numpy as np

from io_tables.errors import Problem as Mistake
from model.programme import INFINITY
from model.technology.draft import Draft, Flows, add_activity
from model.technology.tables import expand

HOURS_A_YEAR = 8760.0


def add_stores(d: Draft, flows: Flows) -> None:
    """Store levels: level = level before x (1 - loss) + (filled - taken) / repeats."""
    p, years, slices = d.problem, len(d.times.years), len(d.share)
    table = p.stores
    plain = table.drop(columns=["technology", "cycle"], errors="ignore").assign(row=np.arange(len(table)))
    found = expand("stores", plain, {"commodity": d.sets["commodity"], "region": d.sets["region"]},
                   {"volume": np.nan, "hours": 0.0, "initial": 0.0, "loss": 0.0, "row": 0.0}, d.mistakes)
    touched = np.zeros((len(d.sets["region"]), len(d.sets["commodity"])), bool)
    inside = d.is_store[flows.commodity]
    touched[flows.region[inside], flows.commodity[inside]] = True
    use = touched[found["region"], found["commodity"]]
    c, r = found["commodity"][use], found["region"][use]
    v = {k: x[use] for k, x in found.values.items()}
    missing = touched.copy()
    missing[r, c] = False
    for i, j in np.argwhere(missing):
        d.mistakes.append(Mistake("stores", f"'{d.sets['commodity'][j]}' is used in '{d.sets['region'][i]}' "
                                  "but has no row", "add it to the table stores"))
    d.store_pair = np.stack([r, c], axis=1)
    volume = np.where(np.isnan(v["volume"]), np.where(v["hours"] > 0, 0.0, INFINITY), v["volume"])
    d.level = d.programme.add_columns("level", (len(c), years, slices),
                                      upper=np.where(v["hours"] > 0, INFINITY, volume)[:, None, None])
    at = np.full(touched.shape, -1)
    at[r, c] = np.arange(len(c))
    cycle = (table["cycle"].fillna("year") if "cycle" in table else np.full(len(table), "year"))
    cycle = np.asarray(cycle)[v["row"].astype(int)] if len(c) else np.zeros(0, dtype=object)
    season = p.slices["season"].to_numpy() if "season" in p.slices else np.full(slices, "year")
    repeats = p.slices["repeats"].to_numpy(dtype=float) if "repeats" in p.slices else np.ones(slices)
    content = np.zeros((len(c), years, slices))
    is_open = cycle == "open"
    content[is_open, 0, 0] = -v["initial"][is_open] * (1.0 - v["loss"][is_open])
    if is_open.any() and not np.allclose(d.times.duration[:-1], 1.0):
        d.mistakes.append(Mistake("stores.cycle", "'open' carries contents over years and needs yearly periods"))
    rows = d.programme.add_rows("store", (len(c), years, slices), lower=content, upper=content)
    d.programme.add(rows, d.level, -1.0)
    for i in range(len(c)):
        before = _level_before(d.level[i], cycle[i], season)
        known = before >= 0
        d.programme.add(rows[i][known], before[known], 1.0 - v["loss"][i])
    often = np.where((cycle == "season")[:, None], repeats[None, :], 1.0)           # (stores, S)
    take = np.flatnonzero(inside)
    take = take[d.sliced[flows.process[take]]]
    slot = at[flows.region[take], flows.commodity[take]]
    take, slot = take[slot >= 0], slot[slot >= 0]
    for s in range(slices):
        now = (flows.slice[take] < 0) | (flows.slice[take] == s)
        f, i = take[now], slot[now]
        add_activity(d, rows[i, flows.year[f], s], flows.process[f], flows.year[f], flows.value[f] / often[i, s],
                     np.full(len(f), s))
    limited = np.flatnonzero(v["hours"] > 0)
    rows = d.programme.add_rows("volume", (len(limited), years, slices), upper=volume[limited][:, None, None])
    d.programme.add(rows, d.level[limited], 1.0)
    for i, store in enumerate(limited):
        name = table["technology"].iloc[int(v["row"][store])] if "technology" in table else None
        q = d.pair_at[r[store], d.sets["technology"].index(name)] if name in d.sets["technology"] else -1
        if q < 0:
            d.mistakes.append(Mistake("stores.technology", "hours need a technology with capacity in the region"))
            continue
        per_capacity = v["hours"][store] / HOURS_A_YEAR * d.per_capacity[q]
        d.programme.add(rows[i], d.capacity[d.standing_place[q]][:, None], -per_capacity)


def _level_before(level: np.ndarray, cycle: str, season) -> np.ndarray:
    """Column of the level one step earlier, (Y, S); -1 where the initial content stands."""
    years, slices = level.shape
    if cycle == "season":
        before = np.empty_like(level)
        for name in dict.fromkeys(season):
            own = np.flatnonzero(season == name)
            before[:, own] = np.roll(level[:, own], 1, axis=1)
        return before
    if cycle == "open":
        return np.append(-1, level.ravel()[:-1]).reshape(years, slices)
    return np.roll(level, 1, axis=1)
