"""The full programme joined to its dense requirements while the economy behind them moves (E11, E13).

The same iteration as `model.deferred.solve_deferred`, on one solver object that outlives a change of the economy:
costs, right-hand sides and requirements are renewed and the simplex goes on from the last basis. What entered the
programme stays; the rest of the renewed requirements is deferred.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from io_tables.errors import ModelError
from model.deferred import Bounds, Complete, certify
from model.programme import INFINITY, Engine, Programme
from model.requirements import Operator, Split

#: Shortfall of a product costs this many times its price, at least a tenth of the mean price.
PENALTY = 10.0
#: Passes without a threefold fall of the gap before the loudest requirements enter the programme.
STALLED, FALL, LOUDEST = 3, 3.0, 400
#: Lengths of runs of passes whose mean point is tried: near-equal alternatives taken in turn satisfy rows on average.
RUNS = (2, 3, 4, 6, 8, 12)


@dataclass(frozen=True)
class Reached:
    """Where the passes ended; multipliers of K, d objective / d right-hand side. short (m,) bought off."""

    z: np.ndarray
    prices: np.ndarray
    multipliers: np.ndarray
    bounds: Bounds
    short: np.ndarray
    passes: int
    seconds: float


class Joining:
    """One solver object around the elastic programme with the large requirements."""

    def __init__(self, complete: Complete, z: np.ndarray, prices: np.ndarray, *, ties: float = 1e-10,
                 threads: int = 1, method: str = "ipm", resolve_limit: float = INFINITY):
        """z, prices : from where the corrections start (the national programme laid out)."""
        self.complete, self.z, self.prices = complete, z, prices
        self.kept = sparse.csr_matrix(complete.M.large)
        self._method, self._limit, self._solved = method, resolve_limit, False
        rng = np.random.default_rng(0)
        self._ties = 1.0 + ties * rng.random(len(complete.cost))
        self._engine = Engine(self._elastic(), threads=threads)
        self.history: list[tuple[Bounds, float, int]] = []
        self.widened = 0

    def _elastic(self):
        c = self.complete
        m, n = c.B.shape
        p = Programme()
        z = p.add_columns("z", n, cost=c.cost, lower=c.lower, upper=c.upper)
        product = p.add_rows("product", m, lower=c.f)
        kept = p.add_rows("kept", len(c.k_lower), lower=c.k_lower, upper=c.k_upper)
        paid = self.prices[self.prices > 0]
        floor = 0.1 * paid.mean() if paid.size else 1.0
        short = p.add_columns("shortfall", m, cost=PENALTY * np.maximum(self.prices, floor))
        for rows, matrix in ((product, sparse.csr_matrix(c.B - self.kept)), (kept, c.K)):
            entries = sparse.coo_matrix(matrix)
            p.add(rows[entries.row], z[entries.col], entries.data)
        p.add(product, short, 1.0)
        return p.compiled()

    def renew(self, complete: Complete) -> None:
        """Another economy behind the same programme: new costs, sides and requirements, same constraints."""
        old = self.complete
        same = complete.K.shape == old.K.shape and (complete.K != old.K).nnz == 0
        if not same or (complete.B != old.B).nnz:
            raise ModelError("the economy changed the constraints of the programme, not only its sides")
        self.complete = complete
        m = len(complete.f)
        self._engine.set_row_bounds(m + np.arange(len(complete.k_lower)), complete.k_lower, complete.k_upper)

    def passes(self, tolerance: float, most: int) -> Reached:
        """Correct until gap and violation are within tolerance, at most so many passes."""
        began = time.process_time()
        best, waited, reached = np.inf, 0, None
        self._points: list[np.ndarray] = []
        closest = None
        for number in range(1, most + 1):
            reached = self._averaged(self._pass(number, began))
            score = _score(reached)
            if closest is None or score < _score(closest):
                closest = reached
            if score <= tolerance:
                break
            best, waited = (score, 0) if score <= best / FALL else (best, waited + 1)
            if waited >= STALLED:
                best, waited = score, 0
                self._widen()
                self.z = reached.z
        return replace(closest, passes=number, seconds=time.process_time() - began)

    def _averaged(self, reached: Reached) -> Reached:
        """The mean of the last passes where it keeps the rows better than the last pass alone."""
        self._points = [*self._points[-max(RUNS) + 1:], reached.z]
        best = reached
        for run in RUNS:
            if run > len(self._points):
                break
            z = np.mean(self._points[-run:], axis=0)
            bounds = certify(self.complete, z, reached.prices, np.zeros(0), reached.multipliers)
            trial = replace(reached, z=z, bounds=bounds)
            if _score(trial) < _score(best):
                best = trial
        return best

    def _pass(self, number: int, began: float) -> Reached:
        c, M = self.complete, self.complete.M
        m, n = c.B.shape
        cost = c.cost * self._ties + M.adjoint(self.prices) - self.kept.T @ self.prices
        self._engine.set_costs(np.arange(n), cost)
        self._engine.set_row_bounds(np.arange(m), c.f + M.product(self.z) - self.kept @ self.z, INFINITY)
        if self._solved:
            solution = self._engine.resolve(time_limit=self._limit, fallback=self._method)
        else:
            solution = self._engine.solve(self._method)
        if not solution.optimal:
            raise ModelError(f"pathway programme: {solution.status}")
        self._solved = True
        self._change = solution.value("z") - self.z
        self.z, self.prices = solution.value("z"), np.maximum(solution.dual("product"), 0.0)
        multipliers = solution.dual("kept")
        bounds = certify(c, self.z, self.prices, np.zeros(0), multipliers)
        self.history.append((bounds, solution.seconds, solution.iterations))
        return Reached(self.z, self.prices, multipliers, bounds, solution.value("shortfall"), number,
                       time.process_time() - began)

    def _widen(self) -> None:
        """Move the requirements that moved the right-hand sides most into the programme."""
        c = self.complete
        scale = np.maximum(np.abs(c.f), np.abs(c.B @ self.z))
        scale = np.where(scale > 1e-9 * scale.max(), scale, scale.max())
        split = Split(replace_large(c.M, self.kept), 0.0, c.row_weight, c.column_weight)
        rows, columns, values, _ = split.loudest(self._change, scale, LOUDEST)
        if not rows.size:
            return
        self.kept = (self.kept + sparse.csr_matrix((values, (rows, columns)), shape=self.kept.shape)).tocsr()
        now = np.asarray(c.B[rows, columns]).ravel() - np.asarray(self.kept[rows, columns]).ravel()
        self._engine.change_coefficients(rows, columns, now)
        self.widened += rows.size


def _score(reached: Reached) -> float:
    return max(abs(reached.bounds.gap), reached.bounds.violation)


def replace_large(operator: Operator, large) -> Operator:
    """The same matrix with another part written out."""
    return replace(operator, large=large)
