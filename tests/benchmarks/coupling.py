"""Race: the pathway programme at the sizes it is meant for, as ratios in one run.

    python -m tests.benchmarks.coupling [national] [provinces]

Writing the programme (from the requirements of the technologies to the arrays handed to the solver) against its cold
solve with interior point and crossover; a re-solve after the last cap is tightened against the cold solve; writing
against what linopy, where it is installed, takes to pass on the ready arrays (it is spared all that goes before).
National: the scenario's 13 years and four slices, every requirement written out. Provinces: six years, one slice, 31
places, large requirements only, what is deferred at the nation's prices. CPU clock, one thread; nothing is asserted
about time.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from scipy import sparse

from model.coupling import CoupledStudy
from model.pathway.assembled import assembled, draft_of
from model.pathway.closing import Economy, no_pins
from model.pathway.exact import exact
from model.pathway.joining import Joining
from model.pathway.national_loop import biomass_outside, net_co2
from model.pathway.places import provincial
from model.pathway.requirements_of_year import PLACED, requirements
from model.programme import INFINITY, Compiled, Engine
from tests.benchmarks.race import Race, present, report
from tests.model.test_coupling_national import Frozen

OWN_YEARS = "years=[2020, 2025, 2026, 2027, 2028, 2029, 2030, 2035, 2040, 2045, 2050, 2055, 2060]"
SIX_YEARS = "years=[2020, 2025, 2030, 2040, 2050, 2060]"
REFERENCE = ("technology.history=pinned", "carbon.national_cap=null")
LAST_CAP, TIGHTER = "policy carbon.neutral_year 2060", 50.0


def _timed(work):
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


def _median(work, repeats: int = 3):
    runs = [_timed(work) for _ in range(repeats)]
    return runs[0][0], sorted(seconds for _, seconds in runs)[repeats // 2]


def in_linopy(compiled: Compiled):
    """The same programme in linopy: block by block from labelled sparse arrays, handed to HiGHS."""
    import linopy
    import xarray as xr

    m = linopy.Model()
    z = m.add_variables(lower=xr.DataArray(np.where(compiled.lower < -1e29, -np.inf, compiled.lower), dims="column"),
                        upper=xr.DataArray(np.where(compiled.upper > 1e29, np.inf, compiled.upper), dims="column"),
                        name="z")
    m.add_objective((z * xr.DataArray(compiled.cost, dims="column")).sum())
    rows = compiled.matrix.tocsr()
    count = np.diff(rows.indptr)
    for name, block in compiled.rows.items():
        # rows of equal length lie in one rectangular expression, the form in which linopy keeps its terms
        own = np.arange(block.start, block.start + block.size)
        own = own[count[own] > 0]
        for length in np.unique(count[own]):
            same = own[count[own] == length]
            at = rows.indptr[same][:, None] + np.arange(length)
            value = xr.DataArray(rows.data[at], dims=("row", "term"))
            term = z.sel(column=xr.DataArray(rows.indices[at], dims=("row", "term")))
            left = (value * term).sum("term")
            for sign, side in ((">=", compiled.row_lower[same]), ("<=", compiled.row_upper[same])):
                held = np.abs(side) < 1e29
                if held.any():
                    m.add_constraints(left, sign, xr.DataArray(np.where(held, side, -1e9 if sign == ">=" else 1e9),
                                                               dims="row"), name=f"{name} {length} {sign}")
    return m.to_highspy()


def _race(name: str, build, solve, resolve, peer) -> list[Race]:
    compiled, write = _median(build)
    rows, columns = compiled.matrix.shape
    size = f"{rows} x {columns}, {compiled.matrix.nnz} non-zeros"
    engine, cold = solve(compiled)
    found = [Race(f"{name}: writing / cold solve", write, cold, 0.1, ceiling=True, note=size),
             Race(f"{name}: re-solve after a tighter cap / cold solve", resolve(engine), cold, 0.6, ceiling=True)]
    other = None
    if present("linopy"):
        _, other = _timed(lambda: peer(compiled))
    found.append(Race(f"{name}: writing from the economy / ready arrays through linopy", write, other, 20.0))
    return found


def national() -> list[Race]:
    """The nation, 13 years x 4 slices."""
    frozen = Frozen(*REFERENCE, OWN_YEARS, "power.slices=4")
    keep = frozen.study.scenario.coupling.keep

    def build():
        return exact(assembled(frozen.loop.draft(frozen.closed, frozen.found), keep))

    def solve(compiled):
        engine = Engine(compiled)
        solution, seconds = _timed(lambda: engine.solve("ipm"))
        assert solution.optimal
        return engine, seconds

    def resolve(engine):
        return _tightened(engine, frozen, len(frozen.whole.complete.f))

    return _race("nation, 13 years x 4 slices", build, solve, resolve, in_linopy)


def _tightened(engine: Engine, frozen, first: int) -> float:
    c = frozen.whole.complete
    row = frozen.row(LAST_CAP)
    engine.set_row_bounds(np.array([first + row]), -INFINITY, c.k_upper[row] - TIGHTER)
    solution, seconds = _timed(engine.resolve)
    assert solution.optimal
    return seconds


def provinces() -> list[Race]:
    """31 provinces, six years x one slice: the elastic programme with its large requirements, first pass."""
    frozen = Frozen(*REFERENCE, SIX_YEARS, "power.slices=1")
    study: CoupledStudy = frozen.study
    economy = Economy(study, lines=True)
    pins, choice = no_pins(study), frozen.choice
    years = [economy.year(t, choice, y, pins) for t, y in enumerate(frozen.years)]
    places = provincial(study.base, study.scenario, study.catalogue, economy.base_use)
    pattern = np.ones_like(choice.activity[0])
    found = [requirements(economy, years[t], t, choice, pins, places.member, pattern) for t in range(1, len(years))]
    keep, timing = study.scenario.coupling.keep, frozen.loop.timing
    made = {}
    prices = frozen.optimum.prices.reshape(len(found), -1)
    spread, last = np.repeat(prices[:, : len(PLACED)], len(places.names), axis=1), prices[:, len(PLACED) :]

    def build():
        draft = draft_of(study, places, timing, found, net_co2(years[0]), biomass_outside(years))
        made["whole"] = assembled(draft, keep)
        c = made["whole"].complete
        # the elastic programme of a pass without its solver object, with what is deferred at the nation's prices
        joining = object.__new__(Joining)
        joining.complete, joining.prices = c, np.concatenate([spread, last], axis=1).ravel()
        joining.kept = sparse.csr_matrix(c.M.large)
        compiled = joining._elastic()
        n = len(c.cost)
        compiled.cost[:n] += c.M.adjoint(joining.prices) - joining.kept.T @ joining.prices
        return compiled

    def solve(compiled):
        engine = Engine(compiled)
        solution, seconds = _timed(lambda: engine.solve("ipm"))
        assert solution.optimal
        return engine, seconds

    def resolve(engine):
        class Own:
            whole = made["whole"]

            @staticmethod
            def row(label):
                return int(Own.whole.kept(Own.whole.draft.programme.rows[label].index)[0])

        return _tightened(engine, Own, len(made["whole"].complete.f))

    return _race("31 provinces, 6 years x 1 slice", build, solve, resolve, in_linopy)


def main(which=("national",)) -> list[Race]:
    """The races of the nation; those of the provinces on request, they take minutes."""
    sizes = {"national": national, "provinces": provinces}
    return [race for name in which for race in sizes[name]()]


if __name__ == "__main__":
    report(main(sys.argv[1:] or ("national",)))
