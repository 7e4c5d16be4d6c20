"""Race: the pathway programme at the sizes it is meant for, as ratios in one run.

    python -m tests.benchmarks.coupling [national] [corrections] [provinces]

Writing the programme (from the requirements of the technologies to the arrays for the solver) against its cold solve
with interior point and crossover; a re-solve after the last cap is tightened against the cold solve; writing and
handing over against the same programme in linopy, where it is installed (`linopy_peer.py`: it is given finished
coefficients, is spared all that goes before, and must hand over as many rows, columns and non-zeros).
National: the scenario's 13 years and four slices, every requirement written out. Provinces: six years, one slice, 31
places, large requirements only, what is deferred at the nation's prices. Corrections: all passes of the joining until
the lower bound is within 1e-6, after a tighter cap and from the start. CPU clock, one thread, medians of three where a
run takes seconds; nothing is asserted about time.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

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
from model.programme import INFINITY, Block, Compiled, Engine
from tests.benchmarks import linopy_peer
from tests.benchmarks.race import Race, present, report
from tests.benchmarks.variants import PASSES, TOLERANCE, three_years
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


def _race(name: str, build, solve, resolve, written, cold_runs: int) -> list[Race]:
    compiled, write = _median(build)
    _, handed = _median(lambda: Engine(build()))
    rows, columns = compiled.matrix.shape
    size = f"{rows} x {columns}, {compiled.matrix.nnz} non-zeros"
    solved = [solve(compiled) for _ in range(cold_runs)]
    cold = sorted(seconds for _, seconds in solved)[cold_runs // 2]
    engine = solved[-1][0]
    found = [Race(f"{name}: writing / cold solve", write, cold, 0.1, ceiling=True, note=size),
             Race(f"{name}: re-solve after a tighter cap / cold solve", resolve(engine), cold, 0.6, ceiling=True)]
    blocks = matrix = None
    if present("linopy"):
        same = written(compiled)
        linopy_peer.same_programme(linopy_peer.block_by_block(same), compiled)      # imports and checks, not timed
        linopy_peer.same_programme(linopy_peer.from_matrix(compiled), compiled)
        blocks = _median(lambda: linopy_peer.block_by_block(same))[1]
        matrix = _median(lambda: linopy_peer.from_matrix(compiled))[1]
    return [*found,
            Race(f"{name}: to the solver / finished blocks through linopy", handed, blocks, 20.0),
            Race(f"{name}: to the solver / bare finished matrix through linopy", handed, matrix)]


def _written(whole, compiled: Compiled, more: dict[str, Block] | None = None) -> linopy_peer.Written:
    """The compiled programme with the blocks of its draft; rows of products come first there."""
    d, m = whole.draft, len(whole.complete.f)
    at = np.where(whole.kept_of >= 0, m + whole.kept_of, -1)
    at[d.product_rows.ravel()] = np.arange(m)
    rows = {name: at[block.index.ravel()] for name, block in d.programme.rows.items()}
    return linopy_peer.Written(compiled, d.programme.columns | (more or {}), rows)


def national() -> list[Race]:
    """The nation, 13 years x 4 slices."""
    frozen = Frozen(*REFERENCE, OWN_YEARS, "power.slices=4")
    keep = frozen.study.scenario.coupling.keep

    made = {}

    def build():
        made["whole"] = assembled(frozen.loop.draft(frozen.closed, frozen.found), keep)
        return exact(made["whole"])

    def solve(compiled):
        engine = Engine(compiled)
        solution, seconds = _timed(lambda: engine.solve("ipm"))
        assert solution.optimal
        return engine, seconds

    def resolve(engine):
        return _tightened(engine, frozen, len(frozen.whole.complete.f))

    return _race("nation, 13 years x 4 slices", build, solve, resolve,
                 lambda compiled: _written(made["whole"], compiled), cold_runs=3)


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

    def written(compiled):
        return _written(made["whole"], compiled, {n: b for n, b in compiled.columns.items() if n != "z"})

    return _race("31 provinces, 6 years x 1 slice", build, solve, resolve, written, cold_runs=1)


def corrections() -> list[Race]:
    """31 provinces, 2040 and 2060, one slice: all passes to gap and violation 1e-6, before and after a tighter cap."""
    whole, start, _ = three_years()
    c, row = whole.complete, int(whole.kept(whole.draft.programme.rows[LAST_CAP].index)[0])
    upper = c.k_upper.copy()
    upper[row] -= TIGHTER
    tighter = replace(c, k_upper=upper)

    def cold(complete):
        joining = Joining(complete, *start, derived=whole.draft.derived)
        return joining, joining.passes(TOLERANCE, PASSES)

    (joining, before), _ = _timed(lambda: cold(c))

    def again():
        joining.renew(tighter)
        joining.prices = before.prices
        return joining.passes(TOLERANCE, PASSES)

    first = len(joining.history)
    (_, fresh), afresh = _timed(lambda: cold(tighter))
    warm, seconds = _timed(again)
    # both are optima of the tighter programme, and the cap binds
    assert max(fresh.score, warm.score) <= TOLERANCE and before.multipliers[row] < 0
    assert abs(warm.bounds.objective / fresh.bounds.objective - 1.0) <= 2 * TOLERANCE
    return [Race("31 provinces, 2 years x 1 slice: corrections to 1e-6 after a tighter cap / from the start", seconds,
                 afresh, 0.6, ceiling=True, note=f"{len(joining.history) - first} passes")]


def main(which=("national", "corrections")) -> list[Race]:
    """The races within a minute; those of the provinces on request, they take minutes."""
    sizes = {"national": national, "corrections": corrections, "provinces": provinces}
    return [race for name in which for race in sizes[name]()]


if __name__ == "__main__":
    report(main(*[sys.argv[1:]] if sys.argv[1:] else []))
