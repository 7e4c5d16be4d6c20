"""Real lengths of CO2 pipelines in the pathway programme, by the province that sends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from io_tables.errors import InputError, Problem
from model.pathway.assembled import Assembled
from model.pathway.carbon import PIPELINE


def with_pipelines(whole: Assembled, kilometres: np.ndarray) -> Assembled:
    """The programme with every province's own length (G,) km behind the CO2 it sends.

    Provinces farther from storage than the scenario's `storage.max_distance` may not send. Raises InputError for
    lengths that are missing, negative or of another number of provinces.
    """
    d, c = whole.draft, whole.complete
    kilometres = np.asarray(kilometres, dtype=float)
    if kilometres.shape != (d.G,) or not (kilometres >= 0).all():
        raise InputError(Problem("kilometres", f"shape {kilometres.shape}, or missing or negative",
                                 f"expected ({d.G},) km"))
    cost, upper = c.cost.copy(), c.upper.copy()
    cost[d.sent] *= (kilometres / PIPELINE)[:, None]
    limit = d.study.scenario.storage.max_distance
    if limit is not None:
        upper[d.sent[kilometres > limit]] = 0.0
    return replace(whole, complete=replace(c, cost=cost, upper=upper))
