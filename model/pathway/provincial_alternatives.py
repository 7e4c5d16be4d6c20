"""Near-optimal alternatives of the programme over all provinces: other points, the same complete rows (E10, E11).

An alternative has to be feasible and cheap, not optimal. So the requirements that are deferred are renewed on the
right-hand side alone, at costs that are written out whole:

    minimise w'z   s.t.  (B - M1) z = f + dM z_k,   K and bounds,   c'z <= (1 + slack) C*

again with z_k the last point until all of M holds. The economy is frozen where the run left it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from io_tables.errors import InputError, ModelError, Problem
from model.anderson import Anderson
from model.deferred import certify
from model.near_optimal import PRIMAL, Alternative, NearOptimal
from model.pathway.assembled import Assembled, plan_of
from model.pathway.draft import MONEY
from model.pathway.exact import written
from model.pathway.near_optimal import (
    COST,
    DEARER,
    DISTANCE,
    OPTIMUM,
    SLACK,
    figures,
    nothing_wasted,
    uses_by_place,
    variable_name,
)
from model.programme import INFINITY, Solution

if TYPE_CHECKING:
    from model.coupling import Coupled

#: Worst miss of a complete row, relative to what it carries, that counts as feasible.
TOLERANCE = 1e-6
#: Re-solves of one objective until the complete rows hold.
RE_SOLVES = 25
#: Mixing of what is deferred: earlier steps used, and the step where it cannot be.
MEMORY, DAMPING = 6, 0.5
#: Wall seconds of a warm re-solve before an interior point starts afresh.
PATIENCE = 30.0
#: Simplex strategy of HiGHS for a basis that is optimal but for moved right-hand sides.
DUAL = 1
#: A slack below this is within what the optimum itself is known to.
KNOWN = 1e-5
VIOLATION = "Largest Violation"
#: Products told apart by province, and years besides the last.
PROVINCIAL = ("electricity", "heat", "steel", "cement", "hydrogen", "co2_removal")
PROVINCIAL_YEARS = (2035,)


class JoinedNearOptimal(NearOptimal):
    """Points within the slack that satisfy the complete rows, on one solver object without the small requirements."""

    def __init__(self, whole: Assembled, optimum: np.ndarray, slack: float, *, threads: int = 1):
        """optimum (n,) : the run's point. Raises as NearOptimal."""
        c, d = whole.complete, whole.draft
        self.complete, self.kept = c, sparse.csr_matrix(c.M.large)
        # violations of points that miss the complete rows and are no alternatives
        self.missed: list[float] = []
        self.solves, self._fresh = 0, True
        carried = np.maximum(np.abs(c.B @ optimum), np.abs(c.f))
        self._carried = np.maximum(carried, 1e-9 * carried.max())
        # bounds that are only there for the lower bound are no part of the problem
        upper = np.where(d.derived, INFINITY, c.upper)
        # and the slack buys no shortage that the optimum does not have
        for name, block in d.programme.columns.items():
            if name.startswith(("unserved", "missed ")):
                own = block.index.ravel()
                upper[own] = np.maximum(optimum[own], c.lower[own])
        compiled = replace(nothing_wasted(written(whole, self.kept), whole, optimum), upper=upper)
        super().__init__(compiled, optimum, slack, threads=threads)

    def _begin(self) -> None:
        """Nothing: the first objective of each alternative starts afresh."""

    def alternatives(self, uses: sparse.csr_matrix, count: int) -> list[Alternative]:
        """As NearOptimal; points that miss the complete rows are left out and stand in `missed`."""
        self._fresh = True
        return super().alternatives(uses, count)

    def _candidates(self, uses, points, rng):
        self._fresh = True
        yield from super()._candidates(uses, points, rng)

    def _least(self, costs: np.ndarray) -> Solution:
        self._aim(costs)
        # within one basis the deferred part is an affine function of itself: mixing ends in a few steps there
        mixer = Anderson(MEMORY, DAMPING, self._carried)
        deferred = self._deferred(self._seen[-1])
        for number in range(RE_SOLVES):
            solution = self._solved_at(deferred, first=number == 0)
            worst = self.violation(solution.z)
            if worst <= TOLERANCE:
                self._seen.append(solution.z)
                return solution
            deferred = mixer.advance(deferred, self._deferred(solution.z), worst)
        self.missed.append(worst)
        return replace(solution, status=f"off the complete rows by {worst:.1e}")

    def _deferred(self, z: np.ndarray) -> np.ndarray:
        """(m,) what is asked of product rows through requirements that stay outside the programme."""
        return self.complete.M.product(z) - self.kept @ z

    def _solved_at(self, deferred: np.ndarray, first: bool) -> Solution:
        c = self.complete
        side = c.f + deferred
        self._engine.set_row_bounds(np.arange(len(side)), side, c.upper_side(side))
        if self._fresh:
            solution = self._engine.solve("ipm")
        else:
            self._engine.set_option("simplex_strategy", PRIMAL if first else DUAL)
            solution = self._engine.resolve(time_limit=PATIENCE)
        self._fresh = False
        self.solves += 1
        if not solution.optimal:
            raise ModelError(f"near-optimal alternatives of the provinces: the programme is {solution.status}")
        return solution

    def violation(self, z: np.ndarray) -> float:
        """Worst miss of a product row with all requirements, relative to what the row carries."""
        c = self.complete
        return certify(c, z, np.zeros(len(c.f)), np.zeros(0), np.zeros(len(c.k_lower)), c.upper).violation


def provincial_alternatives(coupled: Coupled, count: int, slack: float = SLACK) -> tuple[pd.DataFrame, tuple[str, str]]:
    """Pathways of all provinces within a cost slack, at the run's final economy, and what was done (en, zh).

    Rows pathway, region ('China' for sums), variable, year (none for a figure of the whole pathway), unit, value.
    Places are told apart in the distance: who makes a thing counts as what makes it. Raises InputError for a run that
    is not solved over provinces, a count below 1 or a negative slack, ModelError if the solver finds no point.
    """
    if coupled.resolution != "provincial":
        raise InputError(Problem("coupling.resolution", "alternatives of the provinces need the programme over them",
                                 "add --set coupling.resolution=provincial"))
    if count < 1:
        raise InputError(f"near-optimal alternatives: their number must be at least 1, not {count}")
    whole = coupled.outer.iterate.assembled
    d, c = whole.draft, whole.complete
    region = JoinedNearOptimal(whole, coupled.z, slack)
    uses = uses_by_place(d, coupled.plan)
    found = region.alternatives(uses, count) if slack > KNOWN else []
    points = [(OPTIMUM, coupled.z, 0.0, 0.0)]
    points += [(f"alternative {i}", a.solution.z, a.dearer, a.distance) for i, a in enumerate(found, start=1)]
    rows = []
    for pathway, z, dearer, far in points:
        plan = plan_of(d, z)
        rows += [(pathway, "China", *row) for row in (
            (DEARER, None, "%", 100.0 * dearer), (DISTANCE, None, "%", 100.0 * far),
            (COST, None, "10^8 yuan", float(c.cost @ z) / MONEY), (VIOLATION, None, "10^-6", 1e6 * region.violation(z)),
            *figures(whole, plan))]
        rows += [(pathway, *row) for row in _by_province(d, plan)]
    table = pd.DataFrame(rows, columns=["pathway", "region", "variable", "year", "unit", "value"])
    return table.astype({"year": "Int64"}), _said(region, len(found), slack)


def _by_province(d, plan):
    """(region, variable, year, unit, value) of products told apart by province."""
    wanted = [t for t, year in enumerate(d.years) if year in PROVINCIAL_YEARS or t == d.T - 1]
    for k, key in enumerate(d.keys):
        if d.product[k] not in PROVINCIAL:
            continue
        name, unit = variable_name(d, "Production", k), d.study.catalogue.technology(key).output_unit
        for t in wanted:
            for g, place in enumerate(d.places.names):
                yield place, name, d.years[t], unit, float(plan.activity[g, k, t])


def _said(region: JoinedNearOptimal, found: int, slack: float) -> tuple[str, str]:
    """(en, zh) what was done, for the notes."""
    en = (f"Alternatives: {found} pathways of the provinces within {100 * slack:g} % of the cost, each feasible for "
          f"all requirements to {TOLERANCE:.0e}, from {region.solves} solves; the economy frozen as the run left it.")
    zh = (f"近优路径:{found}条分省路径,成本至多高出{100 * slack:g}%,均满足全部完整约束(误差不超过{TOLERANCE:.0e}),"
          f"共求解{region.solves}次;经济系统固定于本次运行结果。")
    if slack <= KNOWN:
        en += f" A slack up to {KNOWN:.0e} is within what the optimum is known to: nothing was searched."
        zh += f"幅度不超过{KNOWN:.0e}时在最优解精度之内,未作搜索。"
    if region.missed:
        worst = max(region.missed)
        en += f" {len(region.missed)} further points missed the requirements (worst {worst:.1e}) and are left out."
        zh += f"另有{len(region.missed)}个点未满足完整约束(最大误差{worst:.1e}),未列入。"
    return en, zh
