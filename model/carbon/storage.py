"""Where captured CO2 goes: sources matched to storage at least cost, with the rent of scarce storage.

First the largest volume that can be stored, then the least cost of storing it:

    maximise V = sum x_ij,   then minimise sum cost_ij x_ij
    s.t.  sum_j x_ij <= supply_i,   sum_i x_ij <= capacity_j,   x_ij >= 0,  = 0 beyond the distance limit

Supply and capacity in Mt CO2 a year (or Mt over the horizon), cost in money per Mt, distance in km. For
years, injectivity and pipelines see `storage_years`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables.errors import Infeasible, InputError, ModelError, Problem, did_you_mean
from model.carbon.water_filling import named, vector
from model.programme import Programme, minimise

#: Scenario setting `storage.estimate` -> estimate in the fact table of storage capacity.
ESTIMATES = {"low": "supply_curve", "xing2021": "proven_land", "high": "wei_2022"}
EARTH_RADIUS = 6371.0  # km, mean
_TINY = 1e-9           # share of a total below which a quantity is rounding


@dataclass(frozen=True)
class Matching:
    """The flow from sources to storage and what its scarcity is worth."""

    flow: np.ndarray          # (sources, sinks) Mt
    cost: float               # money, sum of cost x flow
    sink_rent: np.ndarray     # (sinks,) money per Mt: cost saved by one more Mt of room at the same volume, >= 0
    unmatched: np.ndarray     # (sources,) Mt that finds no room
    source_price: np.ndarray  # (sources,) money per Mt: cheapest cost and rent within reach (inf: none)
    tonne_km: float | None    # Mt km, if distances were given
    allowed: np.ndarray       # (sources, sinks) pairs within reach

    @property
    def volume(self) -> float:
        """Mt stored."""
        return float(self.flow.sum())

    def dual_value(self, supply, capacity) -> float:
        """Value of the dual at the rents: no flow of this volume costs less, and `cost` equals it (strong duality).

        max over theta of theta V + sum_i supply_i min(0, p_i - theta) - sum_j rent_j capacity_j, with
        p = `source_price`; without anything unmatched it is sum_i supply_i p_i - rent'capacity.
        """
        supply, capacity = np.asarray(supply, dtype=float), np.asarray(capacity, dtype=float)
        used = np.isfinite(self.source_price) & (supply > 0)
        order = np.argsort(self.source_price[used])
        price, room = self.source_price[used][order], supply[used][order]
        taken = np.minimum(room, np.maximum(self.volume - (np.cumsum(room) - room), 0.0))
        return float(price @ taken - self.sink_rent @ capacity)


def match_sources_to_sinks(supply, capacity, cost, *, distance=None, max_distance=None, demand_all: bool = False,
                           source_names: Sequence[str] | None = None,
                           sink_names: Sequence[str] | None = None) -> Matching:
    """Match sources to storage: first the largest feasible volume, then the least cost.

    supply (S,) >= 0, capacity (K,) >= 0 Mt; cost (S, K) money per Mt, any sign (enhanced oil recovery can
    pay), inf forbids a pair; distance (S, K) km with max_distance km forbids pairs farther apart. demand_all :
    refuse to leave anything unmatched.

    Rents are the least that support the optimum (what one more Mt of room would save), hence unique.
    Raises Infeasible with `demand_all`, naming sources left over and what storage lacks; InputError for
    shapes and signs.
    """
    supply = vector("supply", supply, sign=True)
    capacity = vector("capacity", capacity, sign=True)
    cost, allowed = _pairs(cost, distance, max_distance, supply.size, capacity.size)
    i, j = np.nonzero(allowed & (supply[:, None] > 0) & (capacity[None, :] > 0))
    flow = np.zeros((supply.size, capacity.size))
    if i.size:
        flow[i, j] = _least_cost(supply, capacity, cost, i, j)
    rent = _rents(flow, supply, capacity, cost, allowed)
    left = np.maximum(supply - flow.sum(axis=1), 0.0)
    left[left <= _TINY * max(supply.sum(), 1.0)] = 0.0
    if demand_all and left.any():
        raise Infeasible(_shortage(left, flow, supply, capacity, allowed, max_distance, source_names, sink_names),
                         ("captured CO2", "storage capacity" if allowed.all() else "distance limit"))
    reach = np.where(allowed & (capacity[None, :] > 0), cost + rent[None, :], np.inf)
    return Matching(flow, float((np.where(allowed, cost, 0.0) * flow).sum()), rent, left,
                    reach.min(axis=1, initial=np.inf),
                    None if distance is None else float((np.asarray(distance) * flow).sum()), allowed)


def _pairs(cost, distance, max_distance, sources, sinks):
    """Costs (forbidden pairs at 0) and the pairs allowed."""
    cost = np.asarray(cost, dtype=float)
    problems = []
    if cost.shape != (sources, sinks) or np.isnan(cost).any() or (cost == -np.inf).any():
        problems.append(Problem("cost", f"shape {cost.shape}, or missing values", f"expected ({sources}, {sinks})"))
    if max_distance is not None and distance is None:
        problems.append(Problem("max_distance", "is given without distances", "pass distance (sources, sinks) km"))
    if distance is not None:
        distance = np.asarray(distance, dtype=float)
        if distance.shape != (sources, sinks) or np.isnan(distance).any() or (distance < 0).any():
            problems.append(Problem("distance", f"shape {distance.shape}, or missing or negative values",
                                    f"expected ({sources}, {sinks}) km"))
    if problems:
        raise InputError(problems)
    allowed = np.isfinite(cost)
    if max_distance is not None:
        allowed &= distance <= max_distance
    return np.where(allowed, cost, 0.0), allowed


def _least_cost(supply, capacity, cost, i, j):
    """Flows of the pairs (i, j): the largest volume first (only a question when pairs are missing)."""
    sources, sinks = np.unique(i), np.unique(j)
    volume = min(supply[sources].sum(), capacity[sinks].sum())
    scale = volume / max(sources.size, sinks.size)
    if i.size < sources.size * sinks.size:
        volume = -_transport(supply / scale, capacity / scale, np.full(i.size, -1.0), i, j, None)[1] * scale
    unit = np.abs(cost[i, j]).max() or 1.0
    flow = _transport(supply / scale, capacity / scale, cost[i, j] / unit, i, j, volume / scale)[0] * scale
    return np.where(flow > _TINY * volume / i.size, flow, 0.0)


def _transport(supply, capacity, cost, i, j, volume):
    """One transport programme; with `volume` the flows sum to it."""
    p = Programme()
    x = p.add_columns("flow", i.size, cost=cost)
    everything = volume is not None and volume >= supply[np.unique(i)].sum() * (1.0 - 1e-12)
    at_source = p.add_rows("source", supply.size, lower=np.where(np.isin(np.arange(supply.size), i), supply, 0.0)
                           if everything else 0.0, upper=supply)
    at_sink = p.add_rows("sink", capacity.size, upper=capacity)
    p.add(at_source[i], x, 1.0)
    p.add(at_sink[j], x, 1.0)
    if volume is not None and not everything:
        p.add(p.add_rows("volume", 1, lower=volume * (1.0 - 1e-12)), x, 1.0)
    solution = minimise(p, "simplex")
    if not solution.optimal:
        raise ModelError(f"source-sink matching ended '{solution.status}'")
    return np.maximum(solution.z, 0.0), solution.objective


def _rents(flow, supply, capacity, cost, allowed):
    """Least rents that support a least-cost flow: the longest chain of savings that one Mt of room starts.

    Room at j lets a stored Mt move from k to j, saving cost_ik - cost_ij, or lets an unmatched source into j
    in place of one stored at k; the room freed at k starts the next link. No chain can return with a gain.
    """
    used = flow > _TINY * max(flow.sum(), 1e-300) / max(flow.size, 1)
    left = supply - flow.sum(axis=1) > 1e-7 * max(supply.sum(), 1e-300)
    dearest = np.where(used, cost, -np.inf).max(axis=0, initial=-np.inf)
    saving = np.full((capacity.size,) * 2, -np.inf)
    for i in np.flatnonzero(used.any(axis=1)):
        own = np.where(used[i], cost[i], -np.inf)[None, :] - np.where(allowed[i], cost[i], np.inf)[:, None]
        np.maximum(saving, own, out=saving)
    if left.any():
        enter = np.where(allowed[left], cost[left], np.inf).min(axis=0)
        np.maximum(saving, dearest[None, :] - enter[:, None], out=saving)
    rent = np.zeros(capacity.size)
    for _ in range(capacity.size):
        longer = np.maximum(rent, (saving + rent[None, :]).max(axis=1, initial=-np.inf))
        if np.allclose(longer, rent, rtol=0.0, atol=1e-13 * max(1.0, np.abs(cost).max(initial=0.0))):
            break
        rent = longer
    return rent


def _shortage(left, flow, supply, capacity, allowed, max_distance, source_names, sink_names):
    who = named(source_names, np.flatnonzero(left), left)
    text = f"storage is too small: {left.sum():.6g} of {supply.sum():.6g} Mt find no room ({who})"
    full = np.flatnonzero((capacity > 0) & (flow.sum(axis=0) >= capacity * (1.0 - 1e-9)))
    if full.size:
        text += f"; full: {named(sink_names, full, capacity)}"
    stranded = np.flatnonzero((left > 0) & ~(allowed & (capacity > 0)[None, :]).any(axis=1))
    if stranded.size:
        limit = "" if max_distance is None else f" within {max_distance:g} km"
        text += f"; no storage at all{limit}: {named(source_names, stranded, supply)}"
    return text


def storage_capacity(table: pd.DataFrame, estimate: str, regions: Sequence[str], *, factor: float = 1.0) -> np.ndarray:
    """Storage capacity (R,) Mt CO2 by province from a fact table (region, item, estimate, value, ...).

    estimate : a name in the table, or one of the scenario's choices (`ESTIMATES`); published estimates differ
    by a factor of seven, so it is a scenario choice. A province without a row has none.
    Raises InputError naming the nearest estimate.
    """
    rows = table[table["item"] == "capacity"]
    known = sorted(set(rows["estimate"]))
    name = ESTIMATES.get(estimate, estimate)
    if name not in known:
        raise InputError(Problem("storage.estimate", f"'{estimate}' is unknown", did_you_mean(estimate, known)))
    rows = rows[rows["estimate"] == name]
    found = dict(zip(rows["region"], rows["value"], strict=True))
    return factor * np.array([float(found.get(region, 0.0)) for region in regions])


def distances(longitude, latitude, other_longitude=None, other_latitude=None) -> np.ndarray:
    """Great-circle distances (n, k) km between points in degrees; without the others, among themselves."""
    lon, lat = np.radians(np.asarray(longitude, dtype=float)), np.radians(np.asarray(latitude, dtype=float))
    lon2 = lon if other_longitude is None else np.radians(np.asarray(other_longitude, dtype=float))
    lat2 = lat if other_latitude is None else np.radians(np.asarray(other_latitude, dtype=float))
    h = (np.sin((lat[:, None] - lat2) / 2) ** 2
         + np.cos(lat)[:, None] * np.cos(lat2) * np.sin((lon[:, None] - lon2) / 2) ** 2)
    return 2.0 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0)))
