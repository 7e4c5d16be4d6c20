"""How far apart equally good divisions lie: an outer interval of the Owen point of the whole programme (E14).

The least cost V is a convex function of all right-hand sides and bounds, and its slope along those a province owns is
what the province bears. With b_r the sides of province r and any step h > 0,

    (V(b) - V(b - h b_r)) / h  <=  y_r  <=  (V(b + h b_r) - V(b)) / h        for all optimal duals,

and with a proved lower bound for V(b) and the cost of points for the others the same holds of every dual whose value is
at least that bound. So nothing is assumed of the solver: a point that is not optimal makes the interval wider, never
wrong. It shrinks towards the face of optimal duals as h falls, until the gap over h outweighs the curvature.

Points need not meet product rows to the last digit, nor other rows beyond the solver's tolerance: what is missed is
bought off at `PENALTY` times the row's dual (at least a tenth of the mean of its kind), so that the interval is that of
duals up to those prices. `owen` finds the exact interval where the matrix is written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from io_tables.errors import InputError, ModelError, Problem
from model.carbon.owen_division import Division, divide
from model.carbon.owners import Owners
from model.deferred import Complete
from model.pathway.joining import PENALTY, Joining, Reached, Standing

#: Part of what a province owns by which its sides are moved.
STEP = 3e-3
#: Relative gap to which the unmoved programme is settled first, and prices renewed for it at most.
FIRST_GAP, FIRST_PASSES = 5e-9, 8
#: Of a moved programme: renewals of prices and re-solves after each at most, and what they may leave open.
PASSES, RE_SOLVES, CLOSE = 12, 15, 1e-5


@dataclass(frozen=True)
class Interval:
    """Outer interval of y_r, money of the programme; infinite where a moved programme has no solution.

    low, high (R,), around `point` (R,), the division at the settled duals, whose value is lower_bound; step h;
    open_gap : least cost found less lower bound, over h: how much of the distance to each end the gap explains.
    solves : re-solves made.
    """

    low: np.ndarray
    high: np.ndarray
    point: np.ndarray
    lower_bound: float
    step: float
    open_gap: float
    solves: int


def outer_interval(joining: Joining, owners: Owners, z: np.ndarray, prices: np.ndarray, *, step: float = STEP,
                   close: float = CLOSE, only: Sequence[int] | None = None, progress=None) -> Interval:
    """Least and greatest y_r of each province, from a re-solve either side of the programme.

    joining : solver object of the programme; its sides are the programme's again afterwards. z (n,), prices (m,) : the
    point and prices to start from; close : what settling may leave open, as part of what a province bears of the step.
    only : positions of provinces (default: all; others are nan). progress(number, count) after every province.
    Raises InputError for a step outside 0...1, ModelError where the programme itself has no solution any more.
    """
    if not 0.0 < step < 1.0:
        raise InputError(Problem("step", f"{step} is not between 0 and 1", "a part of what a province owns, say 0.003"))
    joining.z, joining.prices = z, prices
    moved = _Moved(joining, owners, joining.passes(FIRST_GAP, FIRST_PASSES), close)
    R = len(owners.provinces)
    ends = np.full((R, 2), np.nan)
    chosen = range(R) if only is None else only
    for number, r in enumerate(chosen, start=1):
        for side, sign in enumerate((-1.0, 1.0)):
            ends[r, side] = sign * (moved.cost(r, sign * step) - moved.lower_bound) / step
        if progress:
            progress(number, len(chosen))
    joining.lay(moved.complete)
    return Interval(ends[:, 0], ends[:, 1], moved.bears, moved.lower_bound, step, moved.gap / step, moved.solves)


class _Moved:
    """The programme with the sides of one province a little larger or smaller, and the cost of a point of it."""

    def __init__(self, joining: Joining, owners: Owners, start: Reached, close: float):
        self.joining, self.owners, self.complete = joining, owners, joining.complete
        division: Division = divide(joining.complete, owners, start.z, start.prices, start.multipliers)
        self.bears, self.lower_bound = division.bears, division.lower_bound
        self.close, self.solves = close * float(np.abs(division.bears).mean()), 0
        self.penalties = _penalty(start.prices), _penalty(start.multipliers)
        joining.z, joining.prices = start.z, start.prices
        joining.stand(self._standing(start.prices))
        self.gap = self._settled(self.complete, 0.0) - self.lower_bound
        self.start = joining.z, joining.prices

    def _standing(self, prices: np.ndarray) -> Standing:
        return Standing(self.complete.cost + self.complete.M.adjoint(prices), prices)

    def cost(self, r: int, h: float) -> float:
        """The cost of the best point found with the sides of r times 1 + h: no less than the least cost."""
        c, own, joining = self.complete, self.owners, self.joining

        def scaled(side, share):
            return np.where(np.isfinite(side), side * (1.0 + h * share[:, r]), side)

        moved = replace(c, f=scaled(c.f, own.products), k_lower=scaled(c.k_lower, own.rows),
                        k_upper=scaled(c.k_upper, own.rows), lower=scaled(c.lower, own.columns),
                        upper=scaled(c.upper, own.columns))
        joining.lay(moved)
        joining.z, joining.prices = self.start
        joining.stand(self._standing(joining.prices))
        try:
            return self._settled(moved, self.close * abs(h))
        except ModelError:
            return np.inf

    def _settled(self, c: Complete, close: float) -> float:
        """Renew prices, each time let quantities settle; the cost of the best point met."""
        joining, best = self.joining, np.inf
        for _ in range(PASSES):
            before = best
            for _ in range(RE_SOLVES):
                found = joining.follow()
                self.solves += 1
                cost, bought = self._cost(c, found.z)
                best = min(best, cost)
                if bought <= close:
                    break
            if bought <= close and before - best <= close:
                break
            joining.prices = found.prices
            joining.stand(self._standing(found.prices))
        return best

    def _cost(self, c: Complete, z: np.ndarray) -> tuple[float, float]:
        """c'z with what buys off the rows missed at a point within the bounds of columns, and that part of it."""
        z = np.clip(z, c.lower, c.upper)
        value = c.K @ z
        outside = np.maximum(np.maximum(c.k_lower - value, value - c.k_upper), 0.0)
        bought = float(self.penalties[0] @ c.missed(c.B @ z, c.M.product(z)) + self.penalties[1] @ outside)
        return float(c.cost @ z) + bought, bought


def _penalty(duals: np.ndarray) -> np.ndarray:
    """Price at which a row is bought off: as the elastic columns of the programme."""
    size = np.abs(duals)
    paid = size[size > 0]
    return PENALTY * np.maximum(size, 0.1 * paid.mean() if paid.size else 1.0)
