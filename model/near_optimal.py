"""Points that cost almost as little as an optimum and look different (modelling to generate alternatives).

Hop, skip and jump (Brill, Chang and Hopkins 1982, Management Science 28; DeCarolis 2011, Energy Economics 33): with
the cost held within a slack of the optimum, use as little as possible of what the points found so far use. From there
the distance to all of them is raised further by linear programmes along its slope, which never lowers it, since the
distance is convex. Where that repeats an old point, directions are drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from io_tables.errors import InputError, ModelError
from model.programme import Compiled, Engine, Solution

#: Linear programmes spent on raising the distance of one alternative.
CLIMBS = 2
#: Random directions tried when an alternative repeats an old one.
DRAWS = 6
#: Simplex strategy of HiGHS for a basis that is feasible but not optimal.
PRIMAL = 4
#: Wall seconds of a warm solve before it starts afresh with an interior point.
PATIENCE = 10.0
#: Two points nearer than this are the same.
SAME = 1e-3


@dataclass(frozen=True)
class Alternative:
    """A point within the slack. dearer : relative cost above the optimum; distance : share of all use, 0 to 1, that
    differs from the optimum's."""

    solution: Solution
    dearer: float
    distance: float


class NearOptimal:
    """A programme whose cost is held within a slack of its optimum, on one solver object."""

    def __init__(self, compiled: Compiled, optimum: np.ndarray, slack: float, *, threads: int = 1):
        """optimum (n,) : the solution; slack : relative, of the optimum's cost.

        Raises InputError for a negative slack or a point of another size.
        """
        if not slack >= 0.0:
            raise InputError(f"near-optimal alternatives: the cost slack must not be negative, not {slack}")
        if len(optimum) != len(compiled.cost):
            raise InputError("near-optimal alternatives: the optimum does not belong to this programme")
        self.compiled, self.optimum = compiled, np.asarray(optimum, dtype=float)
        self.cost = float(compiled.cost @ self.optimum)
        self._engine = Engine(_with_cost_row(compiled, self.cost + slack * abs(self.cost)), threads=threads)
        self._columns = np.arange(len(compiled.cost))
        self._seen = [self.optimum]
        self._begin()

    def _begin(self) -> None:
        self._engine.solve("ipm")
        # only costs change from here on: the last basis stays feasible, which the primal simplex makes use of
        self._engine.set_option("simplex_strategy", PRIMAL)
        self._home = self._engine.basis()

    def alternatives(self, uses: sparse.csr_matrix, count: int) -> list[Alternative]:
        """Up to `count` points far from the optimum and from each other, furthest from the optimum first.

        uses (u, n) : what is told apart, in units that may be added up; rows count with their size at the points.
        Fewer come back where no new point is found.
        """
        if count < 1:
            raise InputError(f"near-optimal alternatives: their number must be at least 1, not {count}")
        uses = sparse.csr_matrix(uses)
        rng = np.random.default_rng(0)
        points = [np.maximum(uses @ self.optimum, 0.0)]
        found: list[Alternative] = []
        while len(found) < count:
            new = None
            for candidate in self._candidates(uses, points, rng):
                use = np.maximum(uses @ candidate.z, 0.0)
                if candidate.optimal and all(distance(use, old) > SAME for old in points):
                    new = candidate
                    break
            if new is None:
                break
            points.append(use)
            dearer = float(self.compiled.cost @ new.z) / self.cost - 1.0
            found.append(Alternative(new, dearer, distance(use, points[0])))
        return sorted(found, key=lambda a: -a.distance)

    def _candidates(self, uses, points, rng):
        """Hop, skip and jump raised along the slope of the distance; as it is; random directions."""
        first = self._least(uses.T @ np.sum(points, axis=0))
        best, height = first, _height(uses @ first.z, points)
        for _ in range(CLIMBS):
            slope = sum(np.sign(uses @ best.z - p) for p in points)
            higher = self._least(-(uses.T @ slope))
            reached = _height(uses @ higher.z, points)
            if not higher.optimal or reached <= height * (1.0 + 1e-6):
                break
            best, height = higher, reached
        yield best
        yield first
        for _ in range(DRAWS):
            yield self._least(uses.T @ rng.standard_normal(uses.shape[0]))

    def ranges(self, directions: sparse.csr_matrix) -> np.ndarray:
        """(d, 2) least and largest value of every direction (d, n) within the slack."""
        directions = sparse.csr_matrix(directions)
        found = np.empty((directions.shape[0], 2))
        lower, upper = self.compiled.lower, self.compiled.upper
        for i in range(directions.shape[0]):
            along = directions[[i]].toarray().ravel()
            self._engine.start_from(self._home)
            own = np.flatnonzero(along)
            floor = float(np.minimum(along[own] * lower[own], along[own] * upper[own]).sum())
            reached = [float(along @ z) for z in self._seen]
            # where a point already found lies at the bound, nothing can lie below
            found[i, 0] = min(reached) if min(reached) <= floor + SAME * 1e-3 * max(map(abs, reached)) else (
                along @ self._least(along).z)
            self._engine.start_from(self._home)
            found[i, 1] = along @ self._least(-along).z
        return found

    def _aim(self, costs: np.ndarray) -> None:
        size = np.abs(costs).max(initial=0.0)
        self._engine.set_costs(self._columns, costs / size if size > 0 else costs)

    def _least(self, costs: np.ndarray) -> Solution:
        self._aim(costs)
        solution = self._engine.resolve(time_limit=PATIENCE)
        if not solution.optimal:
            raise ModelError(f"near-optimal alternatives: the programme is {solution.status}")
        self._seen.append(solution.z)
        return solution


def _with_cost_row(compiled: Compiled, allowed: float) -> Compiled:
    # the row is counted in thousandths of the optimum: of the size of the others, and HiGHS drops entries below 1e-9
    scale = max(abs(allowed) / 1e3, 1e-12)
    matrix = sparse.vstack([compiled.matrix, sparse.csr_matrix(compiled.cost / scale)]).tocsc()
    return replace(compiled, matrix=matrix, row_lower=np.append(compiled.row_lower, -np.inf),
                   row_upper=np.append(compiled.row_upper, allowed / scale))


def _height(use: np.ndarray, points) -> float:
    return float(sum(np.abs(use - p).sum() for p in points))


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Share of all use that differs: sum |a - b| / sum (a + b)."""
    return float(np.abs(a - b).sum() / max(a.sum() + b.sum(), 1e-300))
