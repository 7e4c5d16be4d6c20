"""Source-sink matching over the years: injectivity, filling reservoirs, capture and pipelines.

    maximise sum_t d_t sum x_tij,  then minimise the present value of capture, pipelines, transport, storage
    s.t.  sum_j x_tij <= supply_ti,   sum_i x_tij <= injectivity_tj,   sum_t d_t sum_i x_tij <= capacity_j,
          x_tij <= sum_{u <= t} b_uij   (pipeline capacity built so far),
          b_tij <= M o_tij,  o binary   (only with a fixed charge per km)

x Mt CO2 a year, d the length of a period in years, b Mt a year of pipeline. Pipelines outlive the horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from io_tables.errors import InputError, ModelError, Problem
from model.carbon.water_filling import vector
from model.programme import INFINITY, Engine, Programme, minimise

_TINY = 1e-9


@dataclass(frozen=True)
class StoragePlan:
    """Flows and pipelines by year; money is present value in the unit of the costs."""

    years: tuple[int, ...]
    flow: np.ndarray              # (T, S, K) Mt a year
    pipeline: np.ndarray          # (T, S, K) Mt a year of capacity standing
    built: np.ndarray             # (T, S, K) Mt a year of capacity added
    injected: np.ndarray          # (T, K) Mt a year
    filled: np.ndarray            # (T, K) Mt stored by the end of the period
    unmatched: np.ndarray         # (T, S) Mt a year
    tonne_km: np.ndarray          # (T,) Mt km a year
    kilometres: np.ndarray        # (T,) km of routes opened
    cost: float
    cost_parts: dict[str, float]  # capture, pipelines, transport, storage; sums to `cost`
    sink_rent: np.ndarray | None         # (K,) present money per Mt of room, >= 0; None with a fixed charge
    injectivity_rent: np.ndarray | None  # (T, K) present money per Mt a year of injectivity, >= 0


@dataclass(frozen=True)
class StorageCosts:
    """Unit costs of the chain; arrays broadcast. Money per Mt unless said otherwise.

    capture (T, S), (S,) or a number; transport per Mt km (running); storage (K,) or a number, injection and
    monitoring; pipeline per Mt a year of capacity and km (built once); fixed_charge per km of a route opened,
    0 for a linear programme.
    """

    capture: np.ndarray | float = 0.0
    transport: float = 0.0
    storage: np.ndarray | float = 0.0
    pipeline: float = 0.0
    fixed_charge: float = 0.0


def store_over_years(supply, capacity, distance, costs: StorageCosts, years: Sequence[int], *, injectivity=None,
                     max_distance: float | None = None, durations=None, rate: float = 0.05,
                     gap: float = 1e-4, time_limit: float = 60.0) -> StoragePlan:
    """Match sources to storage over all years: first the largest volume, then the least present cost.

    supply (T, S) Mt a year; capacity (K,) Mt over all time; distance (S, K) km; injectivity (K,) or (T, K)
    Mt a year, None for no limit; durations (T,) years of each period (default: the gap to the next year, the
    last as the one before); rate real discount rate, money at the start of the first year, yearly flows at
    mid-period, building at its start. With a fixed charge the second step is mixed-integer, to the relative
    `gap`.

    Raises InputError for shapes and signs, ModelError if the mixed-integer step finds nothing in time.
    """
    case = _checked(supply, capacity, distance, injectivity, years, durations, max_distance)
    supply, capacity, distance, injectivity, d, pairs = case
    T, (i, j) = len(supply), pairs
    start = np.concatenate([[0.0], np.cumsum(d[:-1])])
    now, later = (1.0 + rate) ** -start, d * (1.0 + rate) ** -(start + d / 2.0)
    S, K = distance.shape
    capture = np.broadcast_to(np.asarray(costs.capture, dtype=float), (T, S))
    storage = np.broadcast_to(np.asarray(costs.storage, dtype=float), (K,))
    km = distance[i, j]
    running = (capture[:, i] + costs.transport * km + storage[j]) * later[:, None]
    building = np.broadcast_to(costs.pipeline * km, (T, i.size)) * now[:, None]
    opening = np.broadcast_to(costs.fixed_charge * km, (T, i.size)) * now[:, None]

    p = Programme()
    x = p.add_columns("flow", (T, i.size), cost=-np.broadcast_to(d[:, None], (T, i.size)))
    p.add(p.add_rows("source", (T, S), upper=supply)[:, i], x, 1.0)
    p.add(p.add_rows("injectivity", (T, K), upper=injectivity)[:, j], x, 1.0)
    p.add(p.add_rows("room", K, upper=capacity)[j][None, :], x, d[:, None])
    most = minimise(p, "simplex")
    if not most.optimal:
        raise ModelError(f"storage over years ended '{most.status}'")
    p.add(p.add_rows("volume", 1, lower=-most.objective * (1.0 - 1e-9)), x, d[:, None])
    b = p.add_columns("built", (T, i.size), cost=building)
    through = p.add_rows("pipeline", (T, i.size), lower=0.0)
    p.add(through, x, -1.0)
    for t in range(T):
        p.add(through[t:], b[t][None, :], 1.0)
    opened = None
    if costs.fixed_charge > 0:
        opened = p.add_columns("opened", (T, i.size), cost=opening, upper=1.0)
        link = p.add_rows("opened first", (T, i.size), lower=0.0)
        p.add(link, opened, np.minimum(supply.max(axis=0)[i], injectivity.max(axis=0)[j])[None, :])
        p.add(link, b, -1.0)
    compiled = p.compiled()
    compiled.cost[x] = running
    if opened is None:
        solved = Engine(compiled).solve("simplex")
        if not solved.optimal:
            raise ModelError(f"storage over years ended '{solved.status}'")
        z = solved.z
        rents = (np.maximum(-solved.dual("room"), 0.0), np.maximum(-solved.dual("injectivity"), 0.0))
    else:
        z, rents = _mixed_integer(compiled, opened, gap, time_limit), (None, None)

    def spread(values):
        whole = np.zeros((T, S, K))
        whole[:, i, j] = np.where(values > _TINY * max(1.0, float(supply.max(initial=0.0))), values, 0.0)
        return whole

    flow, built = spread(z[x]), spread(z[b])
    injected = flow.sum(axis=1)
    routes = built.cumsum(axis=0) > 0
    new = routes & ~np.concatenate([np.zeros((1, S, K), dtype=bool), routes[:-1]])
    parts = {
        "capture": float((capture * flow.sum(axis=2) * later[:, None]).sum()),
        "pipelines": float((built * distance * costs.pipeline * now[:, None, None]).sum()
                           + (new * distance * costs.fixed_charge * now[:, None, None]).sum()),
        "transport": float((flow * distance * costs.transport * later[:, None, None]).sum()),
        "storage": float((injected * storage * later[:, None]).sum()),
    }
    return StoragePlan(tuple(years), flow, built.cumsum(axis=0), built, injected,
                       np.cumsum(injected * d[:, None], axis=0), np.maximum(supply - flow.sum(axis=2), 0.0),
                       (flow * distance).sum(axis=(1, 2)), (new * distance).sum(axis=(1, 2)),
                       sum(parts.values()), parts, *rents)


def _checked(supply, capacity, distance, injectivity, years, durations, max_distance):
    supply, distance = np.asarray(supply, dtype=float), np.asarray(distance, dtype=float)
    capacity = vector("capacity", capacity, sign=True)
    years = np.asarray(years, dtype=float)
    problems = []
    if supply.ndim != 2 or not np.isfinite(supply).all() or (supply < 0).any():
        problems.append(Problem("supply", f"shape {supply.shape}, or missing or negative", "expected (T, S) Mt a year"))
    elif distance.shape != (supply.shape[1], capacity.size) or not (distance >= 0).all():
        problems.append(Problem("distance", f"shape {distance.shape}, or missing or negative",
                                f"expected ({supply.shape[1]}, {capacity.size}) km"))
    elif years.shape != supply.shape[:1] or (np.diff(years) <= 0).any():
        problems.append(Problem("years", f"{years}", f"expected {len(supply)} rising years"))
    if problems:
        raise InputError(problems)
    if durations is None:
        gaps = np.diff(years)
        durations = np.append(gaps, gaps[-1]) if gaps.size else np.ones(1)
    durations = vector("durations", durations, years.size, sign=True)
    limit = np.full((years.size, capacity.size), INFINITY)
    if injectivity is not None:
        limit[:] = np.asarray(injectivity, dtype=float)
    within = np.ones(distance.shape, dtype=bool) if max_distance is None else distance <= max_distance
    pairs = np.nonzero(within & (supply.max(axis=0, initial=0.0) > 0)[:, None] & (capacity > 0)[None, :])
    return supply, capacity, distance, limit, durations, pairs


def _mixed_integer(compiled, opened, gap, time_limit):
    whole = np.zeros(compiled.cost.size)
    whole[opened] = 1
    found = milp(compiled.cost, integrality=whole, bounds=Bounds(compiled.lower, compiled.upper),
                 constraints=LinearConstraint(compiled.matrix, compiled.row_lower, compiled.row_upper),
                 options={"mip_rel_gap": gap, "time_limit": time_limit})
    if found.x is None:
        raise ModelError(f"storage with a fixed charge found no plan within {time_limit:g} s: {found.message}")
    return found.x
