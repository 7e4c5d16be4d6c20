"""How emissions of model years add up to a cumulative budget (E10)."""

from __future__ import annotations

import numpy as np

from model.pathway.timing import Timing


def budget_weights(timing: Timing, rule: str) -> np.ndarray:
    """(T,) calendar years that each model year counts for in a budget.

    'trapezium' : emissions run linearly between model years; 'sum' : each model year stands for the years up to it,
    the first for itself; 'mean' : as the trapezium, divided by all years, so that the budget is a yearly mean.
    """
    if rule == "sum":
        return np.concatenate([[1.0], np.diff(timing.years)])
    weights = np.stack([np.interp(timing.calendar, timing.years, row) for row in np.eye(len(timing.years))]).sum(axis=1)
    return weights / weights.sum() if rule == "mean" else weights
