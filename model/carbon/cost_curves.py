"""Provincial abatement-cost curves and the game they make: what a group of provinces would pay alone.

A curve is read from a few solves of the pathway programme at rising CO2 prices: abatement of every province
at each price. Between two prices abatement is taken as linear in the price, so that the cost of a tonne is
the area under the curve and a group's curve is the sum of its members' curves, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from io_tables.errors import Infeasible, InputError, Problem
from model.carbon.allocation import Efficient
from model.carbon.water_filling import ROUNDING, closed, named, share_out, vector


@dataclass(frozen=True)
class CostCurves:
    """Abatement at rising prices.

    prices (K,) >= 0, rising, money per Mt; abatement (R, K) Mt, not falling along K, zero below the first
    price. backstop: money per Mt, at least the last price, at which any further tonne can be had (None: no
    tonne beyond the last point). Raises InputError with every mistake.
    """

    prices: np.ndarray
    abatement: np.ndarray
    backstop: float | None = None
    regions: tuple[str, ...] | None = None

    def __post_init__(self):
        prices, abatement = np.asarray(self.prices, dtype=float), np.asarray(self.abatement, dtype=float)
        problems = []
        if prices.ndim != 1 or prices.size == 0 or not (np.diff(prices) > 0).all() or not prices[0] >= 0:
            problems.append(Problem("prices", f"{prices}", "one or more rising prices >= 0"))
        if abatement.ndim != 2 or abatement.shape[1] != prices.size or not np.isfinite(abatement).all():
            problems.append(Problem("abatement", f"shape {abatement.shape}", f"expected (R, {prices.size}) numbers"))
        elif (abatement < 0).any() or (np.diff(abatement, axis=1) < 0).any():
            bad = (abatement < 0).any(axis=1) | (np.diff(abatement, axis=1) < 0).any(axis=1)
            problems.append(Problem("abatement", f"negative or falling with the price at no. {np.flatnonzero(bad)}",
                                    "use CostCurves.rising to see to it and say by how much"))
        if self.backstop is not None and prices.size and not self.backstop >= prices[-1]:
            problems.append(Problem("backstop", f"{self.backstop:.6g}", f"at least the last price {prices[-1]:.6g}"))
        if problems:
            raise InputError(problems)
        object.__setattr__(self, "prices", prices)
        object.__setattr__(self, "abatement", abatement)

    @classmethod
    def rising(cls, prices, emissions, *, backstop=None, regions=None) -> tuple[CostCurves, float]:
        """Curves from emissions (K, R) of solves at prices (K,), the first of them the reference (price 0).

        Leakage can raise a province's emissions at a higher price; the running maximum of its abatement is
        taken and the largest correction (Mt) returned beside the curves.
        """
        emissions = np.asarray(emissions, dtype=float)
        raw = (emissions[0] - emissions).T
        smooth = np.maximum.accumulate(np.maximum(raw, 0.0), axis=1)
        return cls(np.asarray(prices), smooth, backstop, regions), float(np.max(smooth - raw, initial=0.0))

    @cached_property
    def _area(self) -> np.ndarray:
        """Cost (R, K) of each point of the curve: trapezium under price over abatement, first step at its price."""
        steps = np.diff(self.abatement, axis=1) * 0.5 * (self.prices[1:] + self.prices[:-1])
        first = self.abatement[:, :1] * self.prices[0]
        return np.concatenate([first, first + np.cumsum(steps, axis=1)], axis=1)

    def cost(self, needed: float, members=None) -> float:
        """Least cost for `members` (positions; default all) to abate `needed` Mt together.

        Nothing needed costs nothing. Raises Infeasible beyond the last point without a backstop.
        """
        return float(self.divide(needed, members).cost.sum())

    def divide(self, needed: float, members=None) -> Efficient:
        """The least-cost division of `needed` Mt among `members`: quota is the negative of the abatement here."""
        chosen = np.arange(len(self.abatement)) if members is None else np.asarray(sorted(members), dtype=int)
        curve, area = self.abatement[chosen], self._area[chosen]
        abatement, cost = np.zeros(len(self.abatement)), np.zeros(len(self.abatement))
        total = curve.sum(axis=0)
        if needed <= 0.0 or not chosen.size:
            return Efficient(-abatement, abatement, 0.0, cost)
        if needed <= total[0]:
            price, a = self.prices[0], share_out(needed, curve[:, 0], "abatement at the first price")
            c = a * price
        elif needed <= total[-1] * (1.0 + ROUNDING):
            k = min(int(np.searchsorted(total, needed)), total.size - 1)
            part = min(1.0, (needed - total[k - 1]) / (total[k] - total[k - 1]))
            price = self.prices[k - 1] + part * (self.prices[k] - self.prices[k - 1])
            step = part * (curve[:, k] - curve[:, k - 1])
            a, c = curve[:, k - 1] + step, area[:, k - 1] + step * 0.5 * (self.prices[k - 1] + price)
        elif self.backstop is None:
            raise Infeasible(
                f"{needed:.6g} Mt must go but only {total[-1]:.6g} Mt can at the highest price {self.prices[-1]:.6g} "
                f"({named(self.regions, chosen, self.abatement[:, -1])})", ("cap", "abatement curves"))
        else:
            price, extra = self.backstop, needed - total[-1]
            more = np.full(chosen.size, extra / chosen.size)
            a, c = curve[:, -1] + more, area[:, -1] + more * self.backstop
        abatement[chosen], cost[chosen] = a, c
        return Efficient(-abatement, abatement, float(price), cost)

    def efficient(self, cap: float, baseline) -> Efficient:
        """Equal marginal cost under a national cap, from these curves (cf. `allocation.equal_marginal_cost`)."""
        baseline = vector("baseline", baseline, len(self.abatement))
        found = self.divide(float(baseline.sum() - cap))
        quota = baseline - found.abatement
        if baseline.sum() <= cap:
            quota = quota + share_out(cap - baseline.sum(), np.maximum(baseline, 0.0), "baseline")
        return Efficient(closed(quota, cap), found.abatement, found.price, found.cost)

    def game(self, needed, players: Sequence) -> Callable[[frozenset], float]:
        """C(S): what coalition S pays to meet its joint obligation sum_S needed (R,) with its own curves.

        `players` are the names of the R provinces in order. A negative need (quota above the baseline) helps
        the coalition's other members; a surplus of the whole coalition is worth nothing.
        """
        needed = vector("needed", needed, len(self.abatement))
        position = {player: r for r, player in enumerate(players)}
        return lambda coalition: self.cost(float(sum(needed[position[p]] for p in coalition)),
                                           [position[p] for p in coalition])
