"""The game of provincial cost curves over all years: what a group of provinces would pay to meet its own quotas.

One set of curves for each year, from a few solves of the pathway programme; a coalition pays the present value of
its yearly costs, C(S) = sum_t w_t C_t(S). The Shapley value of the sum is the sum of the yearly ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from io_tables.errors import InputError, Problem
from model.carbon.cooperative import Sampled, Value, sampled_shapley
from model.carbon.cost_curves import CostCurves
from model.carbon.negotiation import Run


@dataclass(frozen=True)
class CurveGame:
    """T sets of curves over R provinces.

    baseline (T, R) Mt without a cap; mended (T,) Mt, the largest correction of a curve that fell with the price.
    """

    years: tuple[int, ...]
    regions: tuple[str, ...]
    baseline: np.ndarray
    curves: tuple[CostCurves, ...]
    mended: np.ndarray

    def laid_on(self, run: Run) -> Run:
        """The run with these curves and their baseline. Raises InputError for other years or provinces."""
        if run.years != self.years or run.regions != self.regions:
            raise InputError(Problem("curves", f"years {self.years}, {len(self.regions)} provinces",
                                     f"the run has {run.years}, {len(run.regions)}"))
        return replace(run, curves=self.curves, baseline=self.baseline)

    def cost(self, needed: np.ndarray, weights: np.ndarray, members) -> float:
        """C(S), present value: what members pay to abate their joint need (T, R) with their own curves."""
        members = sorted(members)
        return float(sum(w * c.cost(float(n[members].sum()), members)
                         for w, c, n in zip(weights, self.curves, needed, strict=True)))

    def shapley(self, needed: np.ndarray, weights: np.ndarray, *, pairs: int = 200, seed: int = 0) -> Sampled:
        """Shapley value (R,) of the present cost, sampled, with standard errors and the worst objection."""
        return sampled_shapley(self.regions, self.game(needed, weights), pairs=pairs, seed=seed)

    def game(self, needed: np.ndarray, weights: np.ndarray) -> Value:
        """C(S) of coalitions by name, as `cooperative` and the nucleolus (a batch job for 31) take it."""
        position = {name: r for r, name in enumerate(self.regions)}
        return lambda coalition: self.cost(needed, weights, [position[p] for p in coalition])

    def own_cost(self, needed: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(R,) present cost of each province's part of the joint least-cost abatement."""
        return sum(w * c.divide(float(n.sum())).cost for w, c, n in zip(weights, self.curves, needed, strict=True))

    def receipts(self, division: np.ndarray, run: Run) -> np.ndarray:
        """(R,) receipts that turn what each province spends on abatement into its division; sum to zero."""
        needed = run.baseline - run.optimum
        received = self.own_cost(needed, run.weights) - division
        return received - received.sum() / len(received)

    def stand_alone(self, run: Run, needed: np.ndarray) -> dict[str, np.ndarray]:
        """Reference costs by name: each province meets its own quota alone, by its own curve.

        The reference is laid on the run's own cost: cost_r - (what it abates at the optimum) + (what it would alone).
        """
        alone = np.array([self.cost(needed, run.weights, [r]) for r in range(len(self.regions))])
        own = self.own_cost(run.baseline - run.optimum, run.weights)
        return {"stand-alone with own quota": run.present(run.cost) - own + alone}

    def table(self) -> pd.DataFrame:
        """Columns region, year, price, abatement, unit."""
        parts = []
        for year, c in zip(self.years, self.curves, strict=True):
            R, K = c.abatement.shape
            parts.append(pd.DataFrame({"region": np.repeat(np.asarray(self.regions, dtype=object), K), "year": year,
                                       "price": np.tile(c.prices, R), "abatement": c.abatement.ravel(),
                                       "unit": "10^8 yuan of 2020 per Mt CO2; Mt CO2/yr"}))
        return pd.concat(parts, ignore_index=True)
