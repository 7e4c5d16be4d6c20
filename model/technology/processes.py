"""Processes of a pathway programme: which exist, what flows through them, their activity columns (E10)."""

from __future__ import annotations

import numpy as np

from model.programme import INFINITY
from model.technology.draft import Draft, Flows
from model.technology.problem import STANDARD


def number_processes(d: Draft) -> Flows:
    """Number the processes and collect their flows."""
    keys = ("region", "technology", "mode", "commodity", "year")
    technologies, modes = d.sets["technology"], d.sets["mode"]
    valid = np.zeros((len(technologies), len(modes)), dtype=bool)
    by_slice = any("slice" in t and t["slice"].notna().any() for t in (d.problem.inputs, d.problem.outputs))
    parts = []
    for name, sign in (("inputs", -1.0), ("outputs", 1.0)):
        table = getattr(d.problem, name)
        if "mode" in table:
            named = table[table["mode"].notna()]
            for k, m in set(zip(named.get("technology", []), named["mode"], strict=False)):
                valid[technologies.index(k), modes.index(m)] = True
        found = d.entries(name, (*keys, "slice") if by_slice else keys)
        part = [found[k] for k in keys] + [found["slice"] if by_slice else np.full(found.size, -1)]
        parts.append([*part, sign * found.values["value"], found["region"]])
    parts += _link_flows(d, valid)
    valid[~valid.any(axis=1), modes.index(STANDARD)] = True
    r, k, m, c, y, s, value, b = (np.concatenate(p) for p in zip(*parts, strict=True))
    keep = valid[k, m] & (value != 0.0)
    r, k, m, c, y, s, value, b = (a[keep] for a in (r, k, m, c, y, s, value, b))
    shape = (len(d.sets["region"]), len(technologies), len(modes))
    flat = np.ravel_multi_index((r, k, m), shape)
    codes, process = np.unique(flat, return_inverse=True)
    d.process_at = np.full(shape, -1)
    d.process_at.ravel()[codes] = np.arange(len(codes))
    d.process = np.stack(np.unravel_index(codes, shape), axis=1)          # (P, 3) region, technology, mode
    d.active = np.zeros((len(codes), len(d.times.years)), dtype=bool)
    d.active[process, y] = True
    return Flows(process, b, c, y, s, value)


def _link_flows(d: Draft, valid: np.ndarray) -> list[list[np.ndarray]]:
    parts, years = [], np.arange(len(d.times.years))
    links = d.problem.links
    for row in range(len(links)):
        link = links.iloc[row]
        k = d.sets["technology"].index(link["link"])
        a, b = (d.sets["region"].index(link[end]) for end in ("from", "to"))
        c = d.sets["commodity"].index(link["commodity"])
        one_way = bool(link.get("one_way", 0)) if link.get("one_way", 0) == link.get("one_way", 0) else False
        for mode, source, sink in (("forward", a, b), ("backward", b, a))[: 1 if one_way else 2]:
            m = d.sets["mode"].index(mode)
            valid[k, m] = True
            for place, value in ((source, -1.0), (sink, 1.0 - float(link.get("loss", 0.0)))):
                full = [np.full(len(years), x) for x in (a, k, m, c)]
                parts.append([*full, years, np.full(len(years), -1), np.full(len(years), value),
                              np.full(len(years), place)])
    return parts


def add_activity_columns(d: Draft, flows: Flows) -> None:
    """Activity per year, and per slice where a commodity of the technology is balanced by slice."""
    p, commodities = d.problem, d.problem.commodities
    resolution = commodities.get("resolution")
    by_slice = np.ones(len(commodities), dtype=bool) if resolution is None else ~resolution.eq("year").to_numpy()
    d.by_slice = by_slice
    d.is_store = np.zeros(len(by_slice), bool) if resolution is None else resolution.eq("store").to_numpy()
    technology = d.process[:, 1]
    sliced = np.zeros(len(d.sets["technology"]), dtype=bool)
    sliced[technology[flows.process[by_slice[flows.commodity]]]] = True
    if "resolution" in p.technologies:
        for k, wish in enumerate(p.technologies["resolution"]):
            sliced[k] = {"slice": True, "year": False}.get(wish, sliced[k])
    d.sliced = sliced[technology]
    d.place = np.where(d.sliced, np.cumsum(d.sliced) - 1, np.cumsum(~d.sliced) - 1)
    years, slices = len(d.times.years), len(d.share)
    price = d.array("variable_costs", ("region", "technology", "mode", "year"), 0.0)[tuple(d.process.T)]
    d.running_price = price                                                # (P, Y) money per unit of activity
    price = price * d.times.operation_weight
    upper = np.where(d.active, INFINITY, 0.0)
    d.activity = d.programme.add_columns("activity", (int(d.sliced.sum()), years, slices),
                                         price[d.sliced][:, :, None], upper=upper[d.sliced][:, :, None])
    d.annual = d.programme.add_columns("annual_activity", (int((~d.sliced).sum()), years), price[~d.sliced],
                                       upper=upper[~d.sliced])
