"""Race: building and solving a pathway programme, as ratios in one run.

    python -m tests.benchmarks.pathway_build

A drawn system (regions x technologies x years x slices with vintages, a cap and availability) is
built from tables, from arrays with the array layer, and, where it is installed, from the same
arrays in linopy; all go to HiGHS and must agree on the optimum. CPU clock, one thread, medians;
nothing is asserted about time.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time

import numpy as np

from model.programme import INFINITY, Engine, Programme
from model.technology.assembly import assemble
from model.technology.conventions import Conventions
from model.technology.problem import Problem

REGIONS, TECHNOLOGIES, YEARS, SLICES, LIFE, REPEATS = 10, 24, 9, 4, 25.0, 5


def drawn(seed: int = 0) -> dict[str, np.ndarray]:
    """Costs, shapes and demand of the system."""
    rng = np.random.default_rng(seed)
    r, k, y, s = REGIONS, TECHNOLOGIES, YEARS, SLICES
    dirty = np.linspace(1.2, 0.0, k)
    return {
        "demand": rng.uniform(20, 60, (r, 1, s)) * np.linspace(1, 2, y)[None, :, None],
        "availability": rng.uniform(0.2, 0.9, (r, k, s)),
        "investment": rng.uniform(5, 12, (r, k, 1)) * (1 + (1.2 - dirty))[None, :, None] * np.linspace(1, 0.7, y),
        "running": rng.uniform(0.5, 2, (r, k)) * (0.3 + dirty),
        "dirty": dirty,
        "existing": rng.uniform(0, 40, (r, k)) * (dirty > 0.6),
        "cap": np.linspace(1.0, 0.1, y) * 60 * r,
    }


def problem(a: dict[str, np.ndarray]) -> Problem:
    """The system as tables."""
    regions, kinds = [f"r{i}" for i in range(REGIONS)], [f"k{i}" for i in range(TECHNOLOGIES)]
    years, slices = list(range(2020, 2020 + 5 * YEARS, 5)), [f"s{i}" for i in range(SLICES)]

    def table(values, **keys):
        grid = np.meshgrid(*[np.arange(len(v)) for v in keys.values()], indexing="ij")
        columns = {n: np.asarray(v, dtype=object)[g.ravel()] for (n, v), g in zip(keys.items(), grid, strict=True)}
        return columns | {"value": np.broadcast_to(values, grid[0].shape).ravel()}

    return Problem(
        regions=regions, periods=years, slices=[dict(slice=s, share=1 / SLICES) for s in slices],
        commodities=["power"], technologies=kinds,
        demand=table(a["demand"], region=regions, year=years, slice=slices) | {"commodity": "power"},
        outputs={"technology": kinds, "commodity": "power", "value": 1.0},
        availability=table(a["availability"], region=regions, technology=kinds, slice=slices),
        investment_costs=table(a["investment"], region=regions, technology=kinds, year=years),
        fixed_costs=[dict(value=0.05)], lifetimes=[dict(value=LIFE)],
        variable_costs=table(a["running"], region=regions, technology=kinds),
        existing=table(a["existing"], region=regions, technology=kinds) | {"vintage": 2010},
        emission_factors={"technology": kinds, "emission": "CO2", "value": a["dirty"]},
        policies=[dict(policy="cap", kind="cap", emission="CO2", year=y, value=v)
                  for y, v in zip(years, a["cap"], strict=True)],
        conventions=Conventions(salvage="none"))


def in_arrays(a: dict[str, np.ndarray], weight, capital, vintage, standing) -> Engine:
    """The same programme with the array layer, handed to HiGHS."""
    r, k, y, s = REGIONS, TECHNOLOGIES, YEARS, SLICES
    p = Programme()
    run = p.add_columns("activity", (r, k, y, s), (a["running"][:, :, None] * weight)[..., None])
    new = p.add_columns("new", (r, k, y), capital)
    cap = p.add_columns("capacity", (r, k, y), 0.05 * weight)
    rows = p.add_rows("standing", (r, k, y), upper=standing)
    p.add(rows, cap, 1.0)
    p.add(rows[:, :, None, :], new[:, :, :, None], -vintage)
    rows = p.add_rows("availability", (r, k, y, s), upper=0.0)
    p.add(rows, run, 1.0)
    p.add(rows, cap[..., None], -a["availability"][:, :, None, :] / SLICES)
    rows = p.add_rows("balance", (r, y, s), lower=a["demand"])
    p.add(rows[:, None], run, 1.0)
    rows = p.add_rows("cap", y, upper=a["cap"])
    p.add(rows[:, None], run, a["dirty"][:, None, None])
    return Engine(p.compiled())


def in_linopy(a: dict[str, np.ndarray], weight, capital, vintage, standing):
    """The same programme in linopy; weights and vintages as this project counts them."""
    import linopy
    import xarray as xr

    index = {"r": range(REGIONS), "k": range(TECHNOLOGIES), "y": range(YEARS), "s": range(SLICES)}

    def array(values, dims):
        return xr.DataArray(values, coords={d: index[d] for d in dims}, dims=list(dims))

    m = linopy.Model()
    run = m.add_variables(lower=0, coords=[index[d] for d in "rkys"], dims=list("rkys"), name="activity")
    new = m.add_variables(lower=0, coords=[index[d] for d in "rky"], dims=list("rky"), name="new")
    cap = m.add_variables(lower=0, coords=[index[d] for d in "rky"], dims=list("rky"), name="capacity")
    born = new.rename({"y": "v"})
    lives = xr.DataArray(vintage, coords={"v": index["y"], "y": index["y"]}, dims=["v", "y"])
    m.add_constraints(cap - (born * lives).sum("v") <= array(standing, "rky"), name="standing")
    m.add_constraints(run - cap * array(a["availability"] / SLICES, "rks") <= 0, name="availability")
    m.add_constraints(run.sum("k") >= array(a["demand"], "rys"), name="balance")
    m.add_constraints((run * array(a["dirty"], "k")).sum(["r", "k", "s"]) <= array(a["cap"], "y"), name="cap")
    m.add_objective((run * array(a["running"], "rk") * array(weight, "y")).sum() + (new * array(capital, "rky")).sum()
                    + (cap * array(0.05 * weight, "y")).sum())
    return m


def _median(work) -> tuple[float, object]:
    times, result = [], None
    for _ in range(REPEATS):
        began = time.process_time()
        result = work()
        times.append(time.process_time() - began)
    return statistics.median(times), result


def main() -> None:
    """Print the ratios."""
    a = drawn()
    tables = problem(a)
    assemble(tables)                                        # warm caches of both peers alike
    build, assembly = _median(lambda: assemble(tables))
    rows, columns = assembly.compiled.matrix.shape
    print(f"pathway programme: {rows} rows, {columns} columns, {assembly.compiled.matrix.nnz} non-zeros")
    engine = Engine(assembly.compiled)
    cold, solution = _median(lambda: engine.solve("ipm"))
    print(f"build / cold solve                          {build / cold:8.3f}   ({build:.3f} s, {cold:.3f} s)")

    last = assembly.policies["row"].to_numpy()[-2:]
    engine.solve("ipm")
    warm = []
    for step in range(REPEATS):
        engine.set_row_bounds(last, -INFINITY, a["cap"][-2:] * (0.95 - 0.02 * step))
        began = time.process_time()
        engine.resolve()
        warm.append(time.process_time() - began)
    print(f"re-solve after a tighter cap / cold solve   {statistics.median(warm) / cold:8.3f}")

    d = assembly.draft
    shape = (REGIONS, TECHNOLOGIES, YEARS)
    given = (d.times.operation_weight, d.new_cost.reshape(shape), d.vintage[0], d.standing.reshape(shape))
    handed, _ = _median(lambda: Engine(assemble(tables).compiled))
    bare, direct = _median(lambda: in_arrays(a, *given))
    _same(direct.solve("ipm").objective, solution.objective)
    print(f"from arrays / from tables, handed to HiGHS  {bare / handed:8.3f}   ({bare:.3f} s, {handed:.3f} s)")
    try:
        import linopy  # noqa: F401
    except ImportError:
        print("linopy is not installed: its race is left out")
        return
    with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):
        peer, highs = _median(lambda: in_linopy(a, *given).to_highspy())
        highs.setOptionValue("output_flag", False)
        highs.run()
    _same(highs.getInfo().objective_function_value, solution.objective)
    print(f"from arrays / in linopy, handed to HiGHS    {bare / peer:8.3f}   ({bare:.3f} s, {peer:.3f} s)")
    print(f"from tables / in linopy, handed to HiGHS    {handed / peer:8.3f}")


def _same(one: float, other: float) -> None:
    if abs(one - other) > 1e-6 * abs(other):
        raise SystemExit(f"the programmes differ: {one} against {other}")


if __name__ == "__main__":
    main()
