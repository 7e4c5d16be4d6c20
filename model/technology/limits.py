"""Rows that limit a pathway: emissions, bounds, growth, reserves (E10)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from io_tables.errors import Problem as Mistake
from model.programme import INFINITY
from model.technology.draft import Draft, Flows, add_activity


def add_emissions(d: Draft) -> None:
    """Emissions as columns: E = factors x activity + exogenous; priced where a price is given."""
    sizes = tuple(len(d.sets[k]) for k in ("region", "emission", "year"))
    keys = ("region", "emission", "year")
    d.emission_price = d.array("emission_prices", keys, 0.0)
    d.emission = d.programme.add_columns("emission", sizes, d.emission_price * d.times.operation_weight,
                                         lower=-INFINITY)
    known = d.array("exogenous_emissions", keys, 0.0)
    rows = d.programme.add_rows("emission", sizes, lower=known, upper=known)
    d.programme.add(rows, d.emission, 1.0)
    found = d.entries("emission_factors", ("region", "technology", "mode", "emission", "year"))
    process = d.process_at[found["region"], found["technology"], found["mode"]]
    own = process >= 0
    add_activity(d, rows[found["region"][own], found["emission"][own], found["year"][own]], process[own],
                 found["year"][own], -found.values["value"][own])


def add_limits(d: Draft) -> None:
    """Bounds on new and standing capacity, rows on activity."""
    table = d.problem.limits
    for quantity in ("new_capacity", "capacity"):
        block = d.new if quantity == "new_capacity" else d.capacity
        lower, upper = np.zeros(block.shape), np.full(block.shape, INFINITY)
        for sense in ("max", "min", "fix"):
            found = d.entries("limits", ("region", "technology", "year"), table=_chosen(table, quantity, sense))
            pair = d.pair_at[found["region"], found["technology"]]
            place = pair if quantity == "new_capacity" else np.where(pair >= 0, d.standing_place[pair], -1)
            own, value = place >= 0, found.values["value"]
            cell = (place[own], found["year"][own])
            if sense in ("max", "fix"):
                np.minimum.at(upper, cell, value[own])
            if sense in ("min", "fix"):
                np.maximum.at(lower, cell, value[own])
        _bounds(d, quantity, lower, upper)
    for sense in ("max", "min", "fix"):
        _limit_activity(d, _chosen(table, "activity", sense), sense)


def _chosen(table: pd.DataFrame, quantity: str, sense: str) -> pd.DataFrame:
    if table.empty:
        return table
    return table[table["quantity"].eq(quantity) & table["sense"].eq(sense)].drop(columns=["quantity", "sense"])


def _bounds(d: Draft, quantity: str, lower, upper) -> None:
    """Tighten the bounds of a column block; a contradiction is a mistake in the tables."""
    if (lower > upper).any():
        place, year = np.argwhere(lower > upper)[0]
        pair = place if quantity == "new_capacity" else np.flatnonzero(d.standing_place == place)[0]
        region, technology = d.pair[pair]
        d.mistakes.append(Mistake("limits", f"{quantity} of '{d.sets['technology'][technology]}' in "
                                  f"'{d.sets['region'][region]}' {d.sets['year'][year]}: min is above max"))
    d.programme.tighten(quantity, lower, upper)


def _limit_activity(d: Draft, table: pd.DataFrame, sense: str) -> None:
    """A year's activity over all modes, or of one mode or slice where the row names it."""
    if table.empty:
        return
    named = {k: (table[k].notna() if k in table else pd.Series(False, index=table.index)) for k in ("mode", "slice")}
    for by_mode in (False, True):
        for by_slice in (False, True):
            rows = table[(named["mode"] == by_mode) & (named["slice"] == by_slice)]
            if rows.empty:
                continue
            keys = ("region", "technology", "year") + (("mode",) if by_mode else ()) + (("slice",) if by_slice else ())
            found = d.entries("limits", keys, table=rows)
            modes = d.process_at[found["region"], found["technology"]]                # (rows, M)
            if by_mode:
                modes = np.take_along_axis(modes, found["mode"][:, None], axis=1)
            own = (modes >= 0).any(axis=1)
            value = found.values["value"][own]
            name = f"limit activity {sense}{' mode' if by_mode else ''}{' slice' if by_slice else ''}"
            lines = d.programme.add_rows(name, own.sum(), lower=-INFINITY if sense == "max" else value,
                                         upper=INFINITY if sense == "min" else value)
            d.limit_names[name] = {k: found[k][own] for k in keys}
            line, mode = np.nonzero(modes[own] >= 0)
            add_activity(d, lines[line], modes[own][line, mode], found["year"][own][line], 1.0,
                         found["slice"][own][line] if by_slice else None)


def add_growth(d: Draft) -> None:
    """Bounds on how fast a quantity grows or shrinks from one year to the next."""
    table = d.problem.growth
    if table.empty:
        return
    years = d.times.years
    step = np.diff(years, prepend=years[0] - d.times.duration[0])
    for quantity in dict.fromkeys(table["quantity"]):
        history = d.problem.history
        past = d.array("history", ("region", "technology"), np.nan, table=history[history["quantity"].eq(quantity)]
                       .drop(columns="quantity") if not history.empty else history)
        for sense in ("max", "min"):
            chosen = _chosen(table, quantity, sense)
            found = d.entries("growth", ("region", "technology", "year"), {"value": np.nan, "initial": 0.0},
                              table=chosen)
            r, k, y = (found[key] for key in ("region", "technology", "year"))
            exists = (d.process_at[r, k] >= 0).any(axis=1)
            if quantity != "activity":
                exists = d.pair_at[r, k] >= 0
            own = exists & ((y > 0) | ~np.isnan(past[r, k]))
            r, k, y = r[own], k[own], y[own]
            rate, initial = found.values["value"][own], found.values["initial"][own]
            sign = 1.0 if sense == "max" else -1.0
            factor = (1.0 + sign * rate) ** step[y]
            many = np.divide(sign * (factor - 1.0), rate, out=step[y].astype(float), where=rate != 0.0)
            before = np.where(y > 0, 0.0, np.nan_to_num(past[r, k]))
            side = factor * before + sign * initial * many
            name = f"growth {quantity} {sense}"
            rows = d.programme.add_rows(name, len(r), lower=-INFINITY if sense == "max" else side,
                                        upper=side if sense == "max" else INFINITY)
            d.growth_names[name] = {"region": r, "technology": k, "year": y}
            later = y > 0
            add_quantity(d, quantity, rows, r, k, y, np.ones(len(r)))
            add_quantity(d, quantity, rows[later], r[later], k[later], y[later] - 1, -factor[later])


def add_quantity(d: Draft, quantity: str, rows, region, technology, year, value) -> None:
    """Add a quantity of (region, technology, year) to rows."""
    if quantity == "activity":
        modes = d.process_at[region, technology]
        line, mode = np.nonzero(modes >= 0)
        add_activity(d, rows[line], modes[line, mode], year[line], value[line])
        return
    pair = d.pair_at[region, technology]
    own = pair >= 0
    block = d.new[pair[own], year[own]] if quantity == "new_capacity" else \
        d.capacity[d.standing_place[pair[own]], year[own]]
    d.programme.add(rows[own], block, value[own])


def add_reserves(d: Draft, flows: Flows) -> None:
    """Credited capacity >= margin x production of the commodity in every slice."""
    found = d.entries("reserves", ("region", "commodity", "year"))
    if not found.size:
        return
    r, c, y = found["region"], found["commodity"], found["year"]
    rows = d.programme.add_rows("reserve", (found.size, len(d.share)), lower=0.0)
    at = np.full((len(d.sets["region"]), len(d.sets["commodity"]), len(d.times.years)), -1)
    at[r, c, y] = np.arange(found.size)
    d.reserve_names = {"region": r, "commodity": c, "year": y}
    credits = d.entries("reserve_credits", ("region", "technology", "year"))
    pair = d.pair_at[credits["region"], credits["technology"]]
    region, technology = credits["region"], credits["technology"]
    out = flows.value > 0
    makes = np.zeros((len(d.sets["region"]), len(d.sets["technology"]), len(d.sets["commodity"])), bool)
    process = d.process[flows.process[out]]
    makes[flows.region[out], process[:, 1], flows.commodity[out]] = True
    for place in range(len(d.sets["commodity"])):
        line = at[region, place, credits["year"]]
        own = (line >= 0) & (pair >= 0) & makes[region, technology, place]
        block = d.capacity[d.standing_place[pair[own]], credits["year"][own]]
        d.programme.add(rows[line[own]], block[:, None], (credits.values["value"] * d.per_capacity[pair])[own][:, None])
    line = at[flows.region, flows.commodity, flows.year]
    take = np.flatnonzero(out & (line >= 0))
    margin = found.values["value"][line[take]]
    for s in range(len(d.share)):
        now = take[(flows.slice[take] < 0) | (flows.slice[take] == s)]
        rate = -margin[np.isin(take, now)] * flows.value[now] / d.share[s]
        add_activity(d, rows[line[now], s], flows.process[now], flows.year[now], rate, np.full(len(now), s))
