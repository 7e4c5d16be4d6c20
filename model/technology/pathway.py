"""The least-cost pathway of a technology stock: tables in, tables out (E10)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from io_tables.errors import Infeasible, InputError
from model.programme import INFINITY, Engine, Solution
from model.technology.assembly import Assembly, assemble
from model.technology.clash import explain
from model.technology.pathway_tables import tables_of
from model.technology.problem import Problem


@dataclass(frozen=True)
class Pathway:
    """An optimal pathway; tables carry labels, blanks of the key `slice` mean the whole year.

    objective : present value at the base year. activity : region, technology, mode, year, slice,
    value (per year). capacity, new_capacity : region, technology, year, value. emissions : region,
    emission, year, value. levels : contents of stores. unserved : region, commodity, year, slice.
    costs : kind, region, technology, year, value (of that year; investment: as paid), present.
    policies : every policy row with its limit, value, slack (>= 0: room left) and shadow price
    (present value saved by one unit of room; `price`: in money of its year).
    duals : name -> table with `value` (present value per unit of the right-hand side) and `price`
    (undiscounted, per year): balance, capacity, limits, growth, reserve, policies, store.
    """

    objective: float
    status: str
    activity: pd.DataFrame
    capacity: pd.DataFrame
    new_capacity: pd.DataFrame
    emissions: pd.DataFrame
    levels: pd.DataFrame
    unserved: pd.DataFrame
    costs: pd.DataFrame
    policies: pd.DataFrame
    duals: dict[str, pd.DataFrame]
    seconds: float
    iterations: int
    windows: tuple[tuple, ...] = ()
    z: np.ndarray = field(repr=False, default_factory=lambda: np.zeros(0))


def solve_pathway(problem: Problem, *, look_ahead: int | None = None, method: str = "ipm") -> Pathway:
    """Find the least-cost pathway of a problem.

    look_ahead : None for perfect foresight; else the number of further periods seen when a period is
    decided (0: myopic). Each window knows the horizon only to its own end, where salvage is
    credited; a budget over the horizon binds a window in proportion to the years it has seen.
    In a rolling horizon duals are those of the window in which a period was decided.

    Raises Infeasible naming a minimal set of clashing policies with the least relaxation of each,
    or, where the tables clash without any policy, the rows that do; InputError for an unbounded one.
    """
    assembly = assemble(problem)
    if look_ahead is None:
        solution = Engine(assembly.compiled).solve(method)
        _accept(solution, assembly)
        return pathway_of(assembly, solution)
    if look_ahead < 0:
        raise InputError(f"solve_pathway: look_ahead must not be negative, not {look_ahead}")
    return _rolling(assembly, look_ahead, method)


def _accept(solution: Solution, assembly: Assembly) -> None:
    if solution.optimal:
        return
    if solution.status == "unbounded":
        raise InputError("pathway: the cost falls without end; look for a negative cost or price without a limit")
    if solution.status == "infeasible":
        raise explain(assembly)
    raise Infeasible(f"pathway: the solver stopped with '{solution.status}'")


def pathway_of(assembly: Assembly, solution: Solution, windows=()) -> Pathway:
    """The tables of a solution."""
    return Pathway(objective=float(assembly.compiled.cost @ solution.z), status=solution.status,
                   seconds=solution.seconds, iterations=solution.iterations, windows=tuple(windows),
                   z=solution.z, **tables_of(assembly, solution))


def _rolling(assembly: Assembly, look_ahead: int, method: str) -> Pathway:
    """Decide period after period, each with `look_ahead` more in sight."""
    c, d = assembly.compiled, assembly.draft
    count = len(d.times.years)
    column_period, first, last = _periods(assembly)
    n, m = len(c.cost), len(c.row_lower)
    z, dual, reduced = np.zeros(n), np.zeros(m), np.zeros(n)
    seconds, iterations, windows = 0.0, 0, []
    engine = Engine(c)
    for now in range(count):
        until = min(now + look_ahead, count - 1)
        cost = c.cost.copy()
        cost[d.new[:, : until + 1]] = assembly.investment_costs(assembly.horizon(until))
        lower, upper = c.lower.copy(), c.upper.copy()
        past, beyond = column_period < now, column_period > until
        lower[past] = upper[past] = z[past]
        lower[beyond] = upper[beyond] = 0.0
        row_lower, row_upper = c.row_lower.copy(), c.row_upper.copy()
        # rows of the past hold already; rows that reach beyond the window are not seen, budgets are in part
        unseen = (last < now) | (last > until)
        row_lower[unseen], row_upper[unseen] = -INFINITY, INFINITY
        _open_budgets(assembly, until, row_lower, row_upper)
        engine.set_costs(np.arange(n), cost)
        engine.set_column_bounds(np.arange(n), lower, upper)
        engine.set_row_bounds(np.arange(m), row_lower, row_upper)
        solution = engine.solve(method)
        if not solution.optimal:
            horizon = f"{d.sets['year'][now]}-{d.sets['year'][until]}"
            if solution.status == "infeasible":
                raise explain(assembly, engine, row_lower, row_upper, where=f" in the window {horizon}")
            raise InputError(f"pathway, window {horizon}: the programme is {solution.status}")
        decided = column_period <= now if until < count - 1 else np.ones(n, dtype=bool)
        z = np.where(decided & ~past, solution.z, z)
        mine = (first == now) | ((last == now) & (first <= now))
        if until == count - 1:
            mine |= last >= now
            z = np.where(~past, solution.z, z)
        dual = np.where(mine, solution.row_duals, dual)
        reduced = np.where(column_period == now, solution.reduced_costs, reduced)
        seconds, iterations = seconds + solution.seconds, iterations + solution.iterations
        windows.append((d.sets["year"][now], d.sets["year"][until]))
    row_values = c.matrix @ z
    final = Solution("optimal", float(c.cost @ z), z, reduced, row_values, dual, seconds, iterations,
                     c.columns, c.rows)
    return pathway_of(assembly, final, windows)


def _periods(assembly: Assembly) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Period of every column, first and last period among the columns of every row."""
    c = assembly.compiled
    period = np.zeros(len(c.cost), dtype=int)
    for name, block in c.columns.items():
        axis = 2 if name == "emission" else 1
        years = np.arange(block.shape[axis]) if len(block.shape) > axis else np.zeros(1, dtype=int)
        shape = [1] * len(block.shape)
        shape[axis] = -1
        period[block.start : block.start + block.size] = np.broadcast_to(years.reshape(shape), block.shape).ravel()
    entries = c.matrix.tocoo()
    first, last = np.full(c.matrix.shape[0], 10**6), np.full(c.matrix.shape[0], -1)
    np.minimum.at(first, entries.row, period[entries.col])
    np.maximum.at(last, entries.row, period[entries.col])
    return period, first, last


def _open_budgets(assembly: Assembly, until: int, row_lower, row_upper) -> None:
    """Bind rows over the whole horizon in proportion to the years seen."""
    times = assembly.draft.times
    seen = times.duration[: until + 1].sum() / times.duration.sum()
    for policy in assembly.policies.itertuples():
        if policy.kind in ("budget", "total"):
            part = 1.0 if until == len(times.years) - 1 else seen
            row_lower[policy.row] = -INFINITY if policy.sense == "max" else policy.limit * part
            row_upper[policy.row] = INFINITY if policy.sense == "min" else policy.limit * part
