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
    """A run at real pipeline lengths.

    kilometres (n, G) : the programme's mean first, then those each solve used, last what its plan asks for; objectives
    (n - 2,) of the solves, 10^8 yuan discounted; change : relative, of the mean length of what leaves its province
    between the last two.
    """

    coupled: Coupled
    kilometres: np.ndarray
    objectives: np.ndarray
    change: float


def settled(coupled: Coupled, *, rounds: int = 3, tolerance: float = 0.02, gap: float | None = None,
            passes: int | None = None) -> Settled:
    """Solve at the run's frozen economy with the lengths of its own matching, until they stay or rounds are used.

    tolerance : relative change of the mean length of what leaves its province at which it stops. From the second round
    on lengths move half-way: plans with nearly equal routes take turns.
    """
    found, solve = coupled, at_economy_of(coupled, gap=gap, passes=passes)
    history, objectives = [np.full(len(coupled.places.names), PIPELINE)], []
    for number in range(rounds + 1):
        matched = captured_and_stored(found.outer.iterate.assembled.draft, found.plan)
        lengths = pipeline_lengths(matched)
        sent = (matched.plan.flow * (matched.distance > 0)).sum(axis=(0, 2))
        before = sent @ history[-1]
        change = abs(sent @ lengths - before) / before if before > 0 else 0.0
        if change <= tolerance or number == rounds:
            history.append(lengths)
            break
        history.append(lengths if number == 0 else 0.5 * (lengths + history[-1]))
        found = solve(coupled.study.scenario, kilometres=history[-1])
        objectives.append(found.objective)
    return Settled(found, np.array(history), np.array(objectives), float(change))
