"""Electricity by time slice: balance, weather, storage, lines and firm capacity (E10)."""

from __future__ import annotations

import numpy as np

from model.pathway.draft import MONEY, UNSERVED, UNSERVED_FIRM, Draft
from model.pathway.places import COINCIDENCE, FIRM_IMPORT
from model.pathway.timing import annuity

#: GW a year by which a line may grow whatever stands, so that small lines can be extended. assumed
LINE_SEED = 0.5
#: Part of a year that wind and solar plants added in it do not yet run. assumed
RUN_IN = 0.5
#: 10^8 yuan per GW by which a shortfall is kept from being larger than it is.
REPORTED = 0.01


def add_power(d: Draft) -> None:
    """Everything that happens within a year's slices."""
    _balance(d)
    _weather(d)
    _storage(d)
    _lines(d)
    _firm_capacity(d)


def _hours(d: Draft) -> np.ndarray:
    """(S,) TWh per GW running all slice."""
    return d.places.hours / 1000.0


def _balance(d: Draft) -> None:
    """Made, received and discharged = load, charged and sent, in every place and slice; the rest is curtailed."""
    G, T, S, p = d.G, d.T, d.S, d.programme
    d.unserved = p.add_columns("unserved", (G, T, S), UNSERVED * d.weight[:, None])
    d.power_rows = p.add_rows("electricity", (G, T, S), lower=0.0, upper=0.0)
    part = d.places.load * d.places.hours / d.places.hours.sum()
    p.add(d.power_rows, d.use[:, :, None], -part[:, None, :])
    p.add(d.power_rows, d.unserved, 1.0)
    for k in d.plants:
        p.add(d.power_rows, d.generation[:, k], 1.0)
    for k in d.stores:
        p.add(d.power_rows, d.discharge[:, k], 1.0)
        p.add(d.power_rows, d.charge[:, k], -1.0)


def _weather(d: Draft) -> None:
    """Output of a slice <= capacity x what weather, water and upkeep allow."""
    rows = d.programme.add_rows("dispatch", (d.G, len(d.plants), d.T, d.S), upper=0.0)
    d.programme.add(rows, d.generation[:, d.plants], 1.0)
    most = d.places.factor[:, d.plants] * _hours(d)
    d.programme.add(rows, d.capacity[:, d.plants, :, None], -most[:, :, None, :])
    # weather plants: their level is measured on the mean capacity of a year, what is added in it runs half of it
    for i, k in enumerate(d.plants):
        if d.study.catalogue.technology(d.keys[k]).dispatch.startswith(("solar", "wind")):
            d.programme.add(rows[:, i], d.building[:, k, :, None], RUN_IN * most[:, i, None, :])
    most = d.study.scenario.power.curtailment_max
    if most is not None:
        kinds = {k: d.study.catalogue.technology(d.keys[k]).dispatch for k in d.plants}
        weather = [k for k, kind in kinds.items() if kind.startswith(("solar", "wind"))]
        rows = d.programme.add_rows("curtailment", (d.G, d.T), lower=0.0)
        for k in weather:
            d.programme.add(rows[:, :, None], d.generation[:, k], 1.0)
            d.programme.add(rows, d.capacity[:, k], -(1.0 - most) * (d.places.factor[:, k] @ _hours(d))[:, None])


def _storage(d: Draft) -> None:
    """What is charged in a season, less losses, is discharged in it; power and a day's energy are limited."""
    G, T, S, p = d.G, d.T, d.S, d.programme
    for k in d.stores:
        key = d.keys[k]
        need = d.study.catalogue.inputs(key, d.study.base.year).get("electricity", 1.0)
        for flow, name in ((d.charge, "charging"), (d.discharge, "discharging")):
            rows = p.add_rows(f"{name} {key}", (G, T, S), upper=0.0)
            p.add(rows, flow[:, k], 1.0)
            p.add(rows, d.capacity[:, k, :, None], -_hours(d))
        rows = p.add_rows(f"store {key}", (G, T, S), upper=0.0)
        daily = d.value(key, "storage_hours") * d.places.days / 1000.0
        p.add(rows, d.discharge[:, k], 1.0)
        p.add(rows, d.capacity[:, k, :, None], -daily)
        for season in np.unique(d.places.season):
            inside = np.flatnonzero(d.places.season == season)
            rows = p.add_rows(f"season {season} {key}", (G, T), lower=0.0)
            p.add(rows[:, :, None], d.charge[:, k][:, :, inside], 1.0)
            p.add(rows[:, :, None], d.discharge[:, k][:, :, inside], -need)


def _lines(d: Draft) -> None:
    """Flows either way within a line's capacity; what arrives is less its loss; lines grow at a cost."""
    L, T, S, p, places = len(d.places.line_ends), d.T, d.S, d.programme, d.places
    settings, costs = d.study.scenario.power, d.study.base.tables["transmission_costs"].set_index("item")["value"]
    d.flow = p.add_columns("flow", (L, 2, T, S), 1e-3 * MONEY)
    life = float(costs["lifetime"])
    price = costs["line capex, overhead"] * places.line_length + costs["converter pair capex"] * places.line_dc
    yearly = price * (annuity(d.timing.rate, life) + costs["fixed O&M"])
    expand = settings.lines == "expand"
    d.line_added = p.add_columns("line_added", (L, T), yearly[:, None] * d.weight, upper=np.inf if expand else 0.0)
    if not L:
        return
    d.line_rows = p.add_rows("line", (L, T, S), upper=places.line_capacity[:, None, None] * _hours(d))
    p.add(d.line_rows, d.flow[:, 0], 1.0)
    p.add(d.line_rows, d.flow[:, 1], 1.0)
    p.add(d.line_rows, d.line_added[:, :, None], -_hours(d))
    for way in (0, 1):
        origin, goal = places.line_ends[:, way], places.line_ends[:, 1 - way]
        p.add(d.power_rows[origin], d.flow[:, way], -1.0)
        p.add(d.power_rows[goal], d.flow[:, way], (1.0 - places.line_loss)[:, None, None])
    # what is added (cumulative) never falls, and grows with the line
    span = np.diff(d.timing.years)
    factor = (1.0 + settings.line_growth_max) ** span
    side = places.line_capacity[:, None] * (factor - 1.0) + LINE_SEED * span
    growth = p.add_rows("line_growth", (L, T), upper=side)
    p.add(growth, d.line_added, 1.0)
    p.add(growth[:, 1:], d.line_added[:, :-1], -factor[1:])
    kept = p.add_rows("line_kept", (L, T - 1), lower=0.0)
    p.add(kept, d.line_added[:, 1:], 1.0)
    p.add(kept, d.line_added[:, :-1], -1.0)


def _firm_capacity(d: Draft) -> None:
    """Firm capacity of a grid region, with part of the lines into it, covers its highest load with a reserve."""
    p, places = d.programme, d.places
    count = int(places.region.max()) + 1
    inside = (places.region[None] == np.arange(count)[:, None]).astype(float)
    # what stood in lived years stood: there the shortfall is only reported
    cost = np.where(np.array(d.years) > d.lived, UNSERVED_FIRM, REPORTED) * d.weight
    d.unserved_firm = p.add_columns("unserved_firm", (count, d.T), np.broadcast_to(cost, (count, d.T)))
    credit = np.zeros((count, d.T))
    crossing = places.region[places.line_ends[:, 0]] != places.region[places.line_ends[:, 1]]
    for end in (0, 1):
        np.add.at(credit, places.region[places.line_ends[crossing, end]], (
            FIRM_IMPORT * places.line_capacity[crossing])[:, None])
    d.firm_rows = p.add_rows("firm_capacity", (count, d.T), lower=-credit)
    p.add(d.firm_rows, d.unserved_firm, 1.0)
    for k in (*d.plants, *d.stores):
        firm = d.value(d.keys[k], "firm_share")
        p.add(d.firm_rows[places.region], d.capacity[:, k], firm)
    margin = np.array([d.study.scenario.power.reserve_margin.at(y) for y in d.years])
    mean = 1.0 / (places.hours.sum() / 1000.0)
    peak = places.peak * (COINCIDENCE if inside.sum() > 0 else 1.0) * mean
    p.add(d.firm_rows[places.region], d.use, -peak[:, None] * (1.0 + margin)[None])
    for end in (0, 1):
        if crossing.any():
            p.add(d.firm_rows[places.region[places.line_ends[crossing, end]]], d.line_added[crossing], FIRM_IMPORT)
