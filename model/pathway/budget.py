"""How emissions of model years add up to a cumulative budget (E10)."""

from __future__ import annotations

import numpy as np

from model.pathway.timing import Timing


def budget_weights(timing: Timing, rule: str) -> np.ndarray:
    """(T,) years that each model year counts for in a budget.

    'trapezium' : the trapezium sum from the first to the last model year, half of either neighbouring span each;
    'sum' : each model year stands for the calendar years up to it, the first for itself; 'mean' : the trapezium
    divided by all years, so that the budget is a yearly mean.
    """
    if rule == "sum":
        return np.concatenate([[1.0], np.diff(timing.years)])
    half = np.diff(timing.years) / 2.0
    weights = np.concatenate([half, [0.0]]) + np.concatenate([[0.0], half])
    return weights / weights.sum() if rule == "mean" else weights
