"""Provincial input coefficients against the tables of 2007, each province held out in turn (E2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calibration.provincial_coefficients import supplier_tilt
from calibration.validation.score import Score
from calibration.validation.tables_2007 import Tables2007, read_tables_2007

TOPIC = "provincial input coefficients 2007"
#: Scored are the largest flows of each province, as published multi-regional samples report them.
LARGEST_FLOWS = 88


def scores(data: Path) -> list[Score]:
    """Median absolute log error and WAPE of the 88 largest input flows of each of 30 provinces.

    The held-out province contributes nothing but its output by sector and the sum of its intermediate inputs;
    coefficients are those of the other 29 provinces together, tilted by its location quotients.
    """
    tables = read_tables_2007(data)
    tilted = errors(tables, held_out_flows(tables))
    plain = errors(tables, held_out_flows(tables, exponent=0.0, own=False))
    own = errors(tables, held_out_flows(tables, exponent=0.0))
    note = (
        "row margins of the nation are not used here; most of the gain comes from the province's own column total "
        f"(without the quotient {own[0]:.3f} and {own[1]:.1f} %); "
        "a single provincial coefficient stays uncertain by about half"
    )
    return [
        Score(TOPIC, "median |log error| of a coefficient", tilted[0], "log", 0.44, "<=", plain[0], 0.405, note=note),
        Score(TOPIC, "error of input flows", tilted[1], "% WAPE", 35.0, "<=", plain[1], 32.0, note=note),
    ]


def held_out_flows(tables: Tables2007, exponent: float | None = None, own: bool = True) -> np.ndarray:
    """(R, 42, 42) estimated inputs of each province from the other provinces' coefficients.

    exponent : weight of the location quotient (None: that of the calibration); own : scale each column to the
    province's own intermediate input.
    """
    tilt = supplier_tilt(tables.output) if exponent is None else supplier_tilt(tables.output, exponent)
    estimate = np.empty_like(tables.use)
    for r in range(len(tables.provinces)):
        others = np.arange(len(tables.provinces)) != r
        output = tables.output[others].sum(axis=0)
        inputs = tables.use[others].sum(axis=0)
        flows = np.divide(inputs, output, out=np.zeros_like(inputs), where=output > 0) * tables.output[r]
        flows = flows * tilt[r][:, None]
        if own:
            reached, total = flows.sum(axis=0), tables.use[r].sum(axis=0)
            flows = flows * np.divide(total, reached, out=np.zeros_like(total), where=reached > 0)
        estimate[r] = flows
    return estimate


def errors(tables: Tables2007, estimate: np.ndarray) -> tuple[float, float]:
    """Median |log(estimate / true)| and WAPE in % over each province's largest flows."""
    logs, missed, total = [], 0.0, 0.0
    for true, guess in zip(tables.use.reshape(len(estimate), -1), estimate.reshape(len(estimate), -1), strict=True):
        largest = np.argsort(true)[-LARGEST_FLOWS:]
        logs.append(np.abs(np.log(np.maximum(guess[largest], 1e-12) / true[largest])))
        missed += np.abs(guess[largest] - true[largest]).sum()
        total += true[largest].sum()
    return float(np.median(np.concatenate(logs))), float(100 * missed / total)
