"""Lengths of CO2 pipelines that agree with the plan: from the matching of one plan to the costs of the next.

    km -> cost of `sent` -> plan -> matching of its captured CO2 with storage -> km

The lengths are those of the last plan, so the loop is a fixed point and not an optimum. It runs at a frozen economy;
within an outer loop `pipelines.with_pipelines` is one line after the programme is assembled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.carbon.captured import captured_and_stored, pipeline_lengths
from model.carbon.frozen import at_economy_of
from model.pathway.carbon import PIPELINE

if TYPE_CHECKING:
    from model.coupling import Coupled


@dataclass(frozen=True)
class Settled:
    """A run at real pipeline lengths. kilometres (rounds + 1, G), the first the programme's mean; objectives
    (rounds,) 10^8 yuan discounted; change : largest relative change of the CO2-weighted length in the last round."""

    coupled: Coupled
    kilometres: np.ndarray
    objectives: np.ndarray
    change: float


def settled(coupled: Coupled, *, rounds: int = 3, tolerance: float = 0.02, gap: float | None = None,
            passes: int | None = None) -> Settled:
    """Solve at the run's frozen economy with the lengths of its own matching, until they stay or rounds are used.

    tolerance : relative change of the mean length of what leaves its province at which it stops.
    """
    found, solve = coupled, at_economy_of(coupled, gap=gap, passes=passes)
    history, objectives, change = [np.full(len(coupled.places.names), PIPELINE)], [], np.inf
    for _ in range(rounds):
        matched = captured_and_stored(found.outer.iterate.assembled.draft, found.plan)
        lengths = pipeline_lengths(matched)
        sent = (matched.plan.flow * (matched.distance > 0)).sum(axis=(0, 2))
        before, now = sent @ history[-1], sent @ lengths
        change = abs(now - before) / max(before, 1e-300) if sent.sum() > 0 else 0.0
        history.append(lengths)
        if change <= tolerance:
            break
        found = solve(coupled.study.scenario, kilometres=lengths)
        objectives.append(found.objective)
    return Settled(found, np.array(history), np.array(objectives), float(change))
