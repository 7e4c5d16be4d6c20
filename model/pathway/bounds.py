"""Finite bounds on every column: wide enough never to bind, tight enough for a meaningful lower bound (E13)."""

from __future__ import annotations

import numpy as np

from model.pathway.draft import Draft
from model.pathway.fleet import HOUSEHOLDS
from model.pathway.requirements_of_year import PLACED

#: Nothing exceeds this many times what its place asks of the product, plus a part of what the nation asks.
WIDE, ELSEWHERE = 3.0, 0.05
#: A place takes no more CO2 from the air than it emits and this part of what the nation does.
REMOVED = 0.1
#: Power capacity of a place over its mean load.
CAPACITY_OVER_LOAD = 40.0


def tighten(d: Draft) -> None:
    """Bound activity, generation, capacity, additions, flows and CO2 by multiples of what is asked."""
    G, T, p = d.G, d.T, d.programme
    total = np.stack([r.total[: len(PLACED) * G].reshape(len(PLACED), G) for r in d.requirements], axis=2)

    def wide(asked):
        return WIDE * (asked + ELSEWHERE * asked.sum(axis=0))

    asked = {row: wide(total[q]) for q, row in enumerate(PLACED)}
    for product in HOUSEHOLDS:
        if product in d.household:
            asked[product] = wide((d.places.member @ d.household[product].T)[:, 1:])
    # what is let out net shrinks towards neutrality, what is taken back does not
    then = d.places.member @ d.study.base.co2.sum(axis=(1, 2))
    emitted = np.maximum(total[PLACED.index("co2")], then[:, None])
    # air is everywhere: one place may take back what several emit, with the heat and power that takes
    asked["co2_removal"] = removed = emitted + REMOVED * emitted.sum(axis=0)
    for key in (key for k, key in enumerate(d.keys) if d.product[k] == "co2_removal"):
        for item, amount in d.study.catalogue.inputs(key, d.years[0]).items():
            if item in PLACED:
                asked[item] = asked[item] + amount * removed
    use = asked["electricity"]
    asked["hydrogen"] = np.full((G, T), 0.01) * use + 1.0
    load = use / 8.76 / WIDE * CAPACITY_OVER_LOAD
    activity = np.empty((G, len(d.annual), T))
    building = np.empty((G, d.K, T))
    for i, k in enumerate(d.annual):
        activity[:, i] = asked[d.product[k]]
        output = d.value(d.keys[k], "activity_per_capacity") * d.value(d.keys[k], "availability")
        building[:, k] = np.max(asked[d.product[k]], axis=1, keepdims=True) / output
    power = np.concatenate([d.plants, d.stores])
    building[:, power] = np.max(load, axis=1)[:, None, None]
    p.tighten("activity", 0.0, activity)
    p.tighten("building", 0.0, building)
    p.tighten("refit", 0.0, building[:, d.refits.target, d.refits.year] * d.refits.part)
    p.tighten("capacity", 0.0, np.repeat(load[:, None], len(power), axis=1))
    hours = d.places.hours / 1000.0
    for block, count in (("generation", len(d.plants)), ("charge", len(d.stores)), ("discharge", len(d.stores))):
        p.tighten(block, 0.0, np.broadcast_to(load[:, None, :, None] * hours, (G, count, T, d.S)))
    p.tighten("unserved", 0.0, np.broadcast_to(use[:, :, None] / WIDE, (G, T, d.S)))
    p.tighten("unserved_firm", 0.0, np.full(p.columns["unserved_firm"].shape, load.sum(axis=0).max() / 10.0))
    p.tighten("chp_heat", 0.0, asked["heat"])
    p.tighten("electricity_use", 0.0, use)
    p.tighten("net_co2", -removed, wide(emitted))
    nation = np.stack([r.total[len(PLACED) * G :] for r in d.requirements], axis=1)
    p.tighten("primary_energy", 0.0, WIDE * nation)
    most = wide(emitted).sum(axis=0)
    for block in ("injected", "sent", "received"):
        p.tighten(block, 0.0, np.broadcast_to(most, (G, T)))
    if len(d.places.line_ends):
        growth = (1.0 + d.study.scenario.power.line_growth_max) ** (np.array(d.years) - d.timing.years[0])
        capacity = np.minimum(d.places.line_capacity[:, None] * growth + 10.0 * growth, load.max())
        p.tighten("line_added", 0.0, capacity)
        p.tighten("flow", 0.0, np.broadcast_to((capacity + d.places.line_capacity[:, None])[:, None, :, None] * hours,
                                               d.flow.shape))


def binding(d: Draft, upper: np.ndarray, z: np.ndarray) -> list[str]:
    """Columns at an upper bound (n,) that is only there for the lower bound: it was not wide enough.

    Named by block, place and year where the block has them.
    """
    at = d.derived & (upper > 0) & (z >= (1.0 - 1e-6) * upper)
    found = []
    for name, block in d.programme.columns.items():
        for where in np.argwhere(at[block.index]):
            labels = [str(d.places.names[i]) if axis == 0 and size == d.G
                      else str(d.years[i]) if axis and size == d.T else str(i)
                      for axis, (i, size) in enumerate(zip(where.tolist(), block.shape, strict=True))]
            found.append(f"{name}[{', '.join(labels)}]")
    return found
