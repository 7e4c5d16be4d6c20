"""The full programme joined to its dense requirements while the economy behind them moves (E11, E13).

The correction of `model.deferred.solve_deferred` on one solver object that outlives a change of the economy, in two
nested steps. While prices stand, costs stand: the optimum is a continuous function of the right-hand sides, and
renewing those alone contracts (`follow`). Renewing prices and right-hand sides together does not where provinces offer
nearly equal alternatives: a small change of costs moves much activity, which then takes turns. So prices are renewed
only after the quantities have settled, and where prices take turns as well the requirements that couple both changes
most enter the programme.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from io_tables.errors import ModelError
from model.deferred import Bounds, Complete, certify
from model.programme import INFINITY, Engine, Programme, Solution
from model.variable_bounds import implied_bounds

#: Shortfall of a product costs this many times its price, at least a tenth of the mean price.
PENALTY = 10.0
#: A price pass that does not cut the best gap by this factor is followed by a widening.
FALL = 1.5
#: A widening moves the entries that make up this part of what they couple, at most so many.
COVERED, MOST = 0.9, 4000
#: A value this near its bound, relative or absolute, stands at it.
AT_BOUND = 1e-9
#: Entries below this never enter the programme.
SMALLEST = 1e-7
#: Quantities settle to this part of the gap before prices are renewed, within so many re-solves.
SETTLED, RE_SOLVES = 1e-2, 15


@dataclass(frozen=True)
class Reached:
    """Where the passes ended; multipliers of K, d objective / d right-hand side. short (m,) bought off.

    bounds : None until the point is judged.
    """

    z: np.ndarray
    prices: np.ndarray
    multipliers: np.ndarray
    bounds: Bounds | None
    short: np.ndarray

    @property
    def score(self) -> float:
        """The larger of gap and violation."""
        return max(abs(self.bounds.gap), self.bounds.violation)


@dataclass(frozen=True)
class Pass:
    """One pass with new prices. seconds CPU of the solver; widened : entries that entered before it."""

    bounds: Bounds
    seconds: float
    iterations: int
    solves: int
    widened: int


@dataclass(frozen=True)
class Standing:
    """Costs that stand: own cost and what is asked of products at the prices of that pass (n,); prices (m,)."""

    whole: np.ndarray
    prices: np.ndarray


@dataclass(frozen=True)
class Shifts:
    """By how much bounds of columns (2, n) and sides of constraints (2, k), lower and upper, are moved."""

    columns: np.ndarray
    rows: np.ndarray

    @staticmethod
    def none(complete: Complete) -> Shifts:
        return Shifts(np.zeros((2, len(complete.cost))), np.zeros((2, len(complete.k_lower))))


class Joining:
    """One solver object around the elastic programme with the large requirements."""

    def __init__(self, complete: Complete, z: np.ndarray, prices: np.ndarray, *, ties: float = 1e-10,
                 threads: int = 1, method: str = "ipm", derived: np.ndarray | None = None,
                 slack: np.ndarray | None = None, moving: np.ndarray | None = None):
        """z, prices : from where the corrections start (the national programme laid out).

        derived (n,) : columns whose upper bound is only there for the lower bound (E13) and never binds: the first
        solve goes without, an interior point dislikes distant bounds.
        slack (k,) : constraints that are expected not to bind. The first solve goes without and warm simplex puts them
        back: national constraints that tie all provinces together are what fills the factors of an interior point.
        moving : positions of columns whose upper bounds follow the economy.
        """
        self.complete, self.z, self.prices = complete, z, prices
        self.kept = sparse.csr_matrix(complete.M.large)
        self._implied = self._implied_bounds()
        self.history: list[Pass] = []
        self.standing: Standing | None = None
        self._shifts = Shifts.none(complete)
        self._method, self._solved, self._seconds, self._iterations, self._solves = method, False, 0.0, 0, 0
        self._ties = 1.0 + ties * np.random.default_rng(0).random(len(complete.cost))
        self._lifted = np.flatnonzero(derived) if derived is not None else np.zeros(0, dtype=int)
        self._left_out = np.flatnonzero(slack) if slack is not None else np.zeros(0, dtype=int)
        self._moving = np.zeros(0, dtype=int) if moving is None else np.asarray(moving, dtype=int).ravel()
        self._engine = Engine(self._elastic(), threads=threads)
        if len(self._lifted):
            self._engine.set_column_bounds(self._lifted, complete.lower[self._lifted], INFINITY)
        if len(self._left_out):
            self._engine.set_row_bounds(len(complete.f) + self._left_out, -INFINITY, INFINITY)

    def _elastic(self):
        c = self.complete
        m, n = c.B.shape
        p = Programme()
        z = p.add_columns("z", n, cost=c.cost, lower=c.lower, upper=c.upper)
        product = p.add_rows("product", m, lower=c.f, upper=c.upper_side(c.f))
        kept = p.add_rows("kept", len(c.k_lower), lower=c.k_lower, upper=c.k_upper)
        paid = np.abs(self.prices[self.prices != 0])
        floor = 0.1 * paid.mean() if paid.size else 1.0
        penalty = PENALTY * np.maximum(np.abs(self.prices), floor)
        short = p.add_columns("shortfall", m, cost=penalty)
        surplus = p.add_columns("surplus", m, cost=penalty, upper=np.where(c.equal, INFINITY, 0.0))
        for rows, matrix in ((product, sparse.csr_matrix(c.B - self.kept)), (kept, c.K)):
            entries = sparse.coo_matrix(matrix)
            p.add(rows[entries.row], z[entries.col], entries.data)
        p.add(product, short, 1.0)
        p.add(product, surplus, -1.0)
        return p.compiled()

    def _implied_bounds(self) -> np.ndarray:
        c = self.complete
        return implied_bounds(c.K, c.k_lower, c.k_upper, c.lower, c.upper)

    def renew(self, complete: Complete) -> None:
        """Another economy behind the same programme: new costs, sides and requirements, same constraints.

        What entered the programme stays; the rest of the renewed requirements is deferred.
        """
        old = self.complete
        same = complete.K.shape == old.K.shape and (complete.K != old.K).nnz == 0
        if not same or (complete.B != old.B).nnz:
            raise ModelError("the economy changed the constraints of the programme, not only its sides")
        self.complete = replace(complete, lower=old.lower, upper=old.upper)
        self._bound(complete.upper[self._moving])
        self._implied = self._implied_bounds()
        m = len(complete.f)
        self._engine.set_row_bounds(m + np.arange(len(complete.k_lower)), complete.k_lower, complete.k_upper)

    def shift(self, f: np.ndarray, most: np.ndarray | None = None) -> None:
        """Other sides of the product rows (m,): what another economy asks beside the technologies, slopes as before.

        most : upper bounds of the columns whose bounds follow the economy.
        """
        self.complete = replace(self.complete, f=f)
        if most is not None:
            self._bound(most.ravel())

    def _bound(self, upper: np.ndarray) -> None:
        """New upper bounds of the columns that follow the economy."""
        c, own = self.complete, self._moving
        if own.size:
            bounds = c.upper.copy()
            bounds[own] = upper
            self.complete = replace(c, upper=bounds)
            self._implied[own] = upper
            self._engine.set_column_bounds(own, c.lower[own], upper)

    def lay(self, complete: Complete) -> None:
        """Other sides and bounds of the same rows and columns; product rows take theirs with the next re-solve."""
        self.complete = complete
        k, m = len(complete.k_lower), len(complete.f)
        self._engine.set_row_bounds(m + np.arange(k), complete.k_lower, complete.k_upper)
        self._engine.set_column_bounds(np.arange(len(complete.cost)), complete.lower, complete.upper)

    @staticmethod
    def between(one: Reached, other: Reached) -> Reached:
        """A point with the mean of its duals and another's."""
        return replace(other, prices=(one.prices + other.prices) / 2,
                       multipliers=(one.multipliers + other.multipliers) / 2)

    def against(self, point: Reached, optimum: Reached) -> Reached:
        """A point judged by the lower bound that other duals give.

        Its violation is the worst of product rows and constraints.
        """
        bounds = certify(self.complete, point.z, optimum.prices, np.zeros(0), optimum.multipliers, self._implied)
        worst = max(bounds.violation, self._constraints_missed(point.z))
        return replace(point, prices=optimum.prices, multipliers=optimum.multipliers,
                       bounds=replace(bounds, violation=worst))

    def _constraints_missed(self, z: np.ndarray) -> float:
        """Worst miss of a constraint or bound relative to what it carries, absolute where that is less than a unit."""
        c = self.complete
        value, carried = c.K @ z, np.maximum(abs(c.K) @ np.abs(z), 1.0)
        missed = np.maximum(c.k_lower - value, value - c.k_upper)
        outside = np.maximum(z - c.upper, c.lower - z) / np.maximum(np.abs(z), 1.0)
        return float(max((np.maximum(missed, 0.0) / carried).max(initial=0.0), outside.max(initial=0.0)))

    def passes(self, tolerance: float, most: int, progress=None) -> Reached:
        """Renew prices, each time let quantities settle, until gap and violation are within tolerance.

        most : passes at most; the best point is returned.
        """
        self.hold(None)
        closest = before = None
        best, widened = np.inf, 0
        for _ in range(most):
            self._seconds, self._iterations, self._solves = 0.0, 0, 0
            self._renew_costs()
            reached, unbought = self._settle(tolerance, best)
            self.history.append(Pass(reached.bounds, self._seconds, self._iterations, self._solves, widened))
            if progress:
                progress(self.history[-1])
            if closest is None or reached.score < closest.score:
                closest = reached
            # what is bought off stays missed however prices move
            if max(abs(reached.bounds.gap), min(reached.bounds.violation, unbought)) <= tolerance:
                break
            gap, widened = abs(reached.bounds.gap), 0
            if before is not None and gap > best / FALL:
                widened = self._widen(reached.z - before.z, reached.prices - before.prices)
            best, before = min(best, gap), reached
            self.prices = reached.prices
        return closest

    def follow(self) -> Reached:
        """One re-solve at standing costs: right-hand sides from where quantities are now."""
        c = self.complete
        m = len(c.f)
        side = c.f + c.M.product(self.z) - self.kept @ self.z
        self._engine.set_row_bounds(np.arange(m), side, c.upper_side(side))
        solution = self._engine.resolve(fallback=self._method) if self._solved else self._first()
        if not solution.optimal and (self._shifts.columns.any() or self._shifts.rows.any()):
            # sides that moved since may leave nothing between what is held
            self.hold(None)
            solution = self._engine.resolve(fallback=self._method)
        if not solution.optimal:
            raise ModelError(f"pathway programme: {solution.status}")
        self._solved = True
        self._seconds += solution.seconds
        self._iterations += solution.iterations
        self._solves += 1
        self.z = solution.value("z")
        prices, multipliers = c.signed(solution.dual("product")), solution.dual("kept")
        return Reached(self.z, prices, multipliers, None,
                       solution.value("shortfall") + solution.value("surplus"))

    def _first(self) -> Solution:
        """The first solve: without what is expected not to bind, then with it."""
        c, own, left_out = self.complete, self._lifted, self._left_out
        solution = self._engine.solve(self._method)
        if len(own):
            self._engine.set_column_bounds(own, c.lower[own], c.upper[own])
        if not len(left_out) or not solution.optimal:
            return solution
        self._seconds += solution.seconds
        self._iterations += solution.iterations
        self._engine.set_row_bounds(len(c.f) + left_out, c.k_lower[left_out], c.k_upper[left_out])
        return self._engine.resolve(fallback=self._method)

    def hold(self, shifts: Shifts | None) -> None:
        """Shift bounds and sides until the next pass with new prices; None puts them back."""
        c, m = self.complete, len(self.complete.f)
        new = shifts or Shifts.none(c)
        own, rows = (np.flatnonzero((old != 0).any(axis=0) | (now != 0).any(axis=0))
                     for old, now in ((self._shifts.columns, new.columns), (self._shifts.rows, new.rows)))
        self._shifts = new
        if len(own):
            self._engine.set_column_bounds(own, (c.lower + new.columns[0])[own], (c.upper + new.columns[1])[own])
        if len(rows):
            self._engine.set_row_bounds(m + rows, (c.k_lower + new.rows[0])[rows], (c.k_upper + new.rows[1])[rows])

    def halfway(self, star: Reached, other: Reached, before: Shifts | None) -> tuple[Reached, Shifts]:
        """The mean of two points with the duals of the second, and the shifts that hold it.

        Where the first stands at a bound or side, shifted or not, that moves to the mean: at the costs of the first
        the optimum is then the mean. before : shifts that held the first.
        """
        c, mean = self.complete, (star.z + other.z) / 2
        before = before or Shifts.none(c)
        columns = _moved_to(mean, star.z, (c.lower, c.upper), before.columns)
        rows = _moved_to(c.K @ mean, c.K @ star.z, (c.k_lower, c.k_upper), before.rows)
        return replace(other, z=mean), Shifts(columns, rows)

    def _renew_costs(self) -> None:
        c = self.complete
        self.stand(Standing(c.cost * self._ties + c.M.adjoint(self.prices), self.prices))

    def stand(self, costs: Standing) -> None:
        """Let costs stand as they once were; what has entered the programme since is no longer a cost."""
        self.standing = costs
        self._engine.set_costs(np.arange(len(costs.whole)), costs.whole - self.kept.T @ costs.prices)

    def _settle(self, tolerance: float, best: float) -> tuple[Reached, float]:
        """Quantities at standing prices; the first pass of all is not worth it. Also the worst row not bought off."""
        first = not self._solved
        worst = np.inf
        for _ in range(RE_SOLVES):
            reached = self._judged(self.follow())
            missed = self._missed(reached)
            if first or missed <= max(0.1 * tolerance, SETTLED * min(best, abs(reached.bounds.gap))):
                break
            if missed > 2 * worst:
                break
            worst = min(worst, missed)
        return reached, missed

    def _missed(self, reached: Reached) -> float:
        """Worst relative violation of a product row beyond what the elastic columns paid for."""
        c = self.complete
        gross, needed = c.B @ reached.z, c.M.product(reached.z)
        missed = np.maximum(c.missed(gross, needed) - reached.short, 0.0)
        carried = np.maximum(np.abs(gross), np.abs(needed))
        return float((missed / np.where(carried > 1e-9 * carried.max(), carried, carried.max())).max(initial=0.0))

    def _judged(self, reached: Reached) -> Reached:
        bounds = certify(self.complete, reached.z, reached.prices, np.zeros(0), reached.multipliers, self._implied)
        return replace(reached, bounds=bounds)

    def _widen(self, moved: np.ndarray, repriced: np.ndarray) -> int:
        """Write out the requirements with the largest |change of price x entry x change of quantity|.

        Their sum is what the correction misses to second order, hence what keeps the gap open.
        """
        c = self.complete
        columns = np.flatnonzero(np.abs(moved) > 1e-9 * np.abs(moved).max(initial=0.0))
        rows, columns, values = c.M.entries(columns)
        values = values - np.asarray(self.kept[rows, columns]).ravel()
        loud = np.abs(values * moved[columns] * repriced[rows])
        loud[np.abs(values) < SMALLEST] = 0.0
        order = np.argsort(-loud, kind="stable")
        total = np.cumsum(loud[order])
        if not total.size or total[-1] == 0.0:
            return 0
        take = order[: min(int(np.searchsorted(total, COVERED * total[-1])) + 1, MOST)]
        rows, columns, values = rows[take], columns[take], values[take]
        self.kept = (self.kept + sparse.csr_matrix((values, (rows, columns)), shape=self.kept.shape)).tocsr()
        now = np.asarray(c.B[rows, columns]).ravel() - np.asarray(self.kept[rows, columns]).ravel()
        self._engine.change_coefficients(rows, columns, now)
        return len(take)


def _moved_to(mean: np.ndarray, star: np.ndarray, own: tuple[np.ndarray, np.ndarray], before: np.ndarray) -> np.ndarray:
    """(2, ...) shifts of lower and upper bounds that the star stands at, up to the mean; noughts elsewhere."""
    shifts = np.zeros_like(before)
    for side, bound in enumerate(own):
        finite = np.isfinite(bound)
        at = np.where(finite, bound, 0.0) + before[side]
        still = finite & (np.abs(star - at) <= AT_BOUND * np.maximum(np.abs(at), 1.0))
        shifts[side, still] = (mean - np.where(finite, bound, 0.0))[still]
    # never beyond the own bounds
    return np.stack([np.maximum(shifts[0], 0.0), np.minimum(shifts[1], 0.0)])
