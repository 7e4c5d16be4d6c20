"""Pathways that cost almost as little and look different (modelling to generate alternatives; E10).

Hop, skip and jump (Brill, Chang and Hopkins 1982, Management Science 28; DeCarolis 2011, Energy
Economics 33): with the cost held within a slack of the optimum, use as little as possible of what
the pathways found so far use, each process and year weighted by its share in them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from io_tables.errors import InputError, ModelError
from model.programme import Engine
from model.technology.assembly import assemble
from model.technology.pathway import Pathway, pathway_of
from model.technology.pathway_tables import annual_activity
from model.technology.problem import Problem


@dataclass(frozen=True)
class Alternative:
    """A near-optimal pathway. dearer: relative cost above the optimum. distance: share of all
    activity (in the optimum's units) that differs from the optimum's, 0 to 1."""

    pathway: Pathway
    dearer: float
    distance: float


def alternatives(problem: Problem, pathway: Pathway, count: int = 3, slack: float = 0.02) -> list[Alternative]:
    """Pathways far from the optimum within a relative cost slack, furthest first.

    `pathway` is the optimum of `problem`. Fewer than `count` come back when a new one repeats an
    old one. Each costs a solve from scratch: the objective is new, the last basis does not help.
    """
    if count < 1 or not slack >= 0.0:
        raise InputError(f"alternatives: count must be at least 1 and slack not negative, not {count} and {slack}")
    assembly = assemble(problem)
    c, d = assembly.compiled, assembly.draft
    if len(pathway.z) != len(c.cost):
        raise InputError("alternatives: the pathway does not belong to this problem")
    extended, cost_row = _with_cost_row(c)
    engine = Engine(extended)
    allowed = pathway.objective + slack * abs(pathway.objective)
    engine.set_row_bounds([cost_row], -np.inf, allowed)
    scale = _scale(d, pathway.z)
    found, uses = [], [_use(d, pathway.z, scale)]
    weight = np.zeros_like(uses[0])
    columns = np.arange(len(c.cost))
    for _ in range(count):
        weight = weight + uses[-1]
        costs = np.zeros(len(c.cost))
        per_unit = weight / scale
        costs[d.activity] = per_unit[d.sliced][:, :, None]
        costs[d.annual] = per_unit[~d.sliced]
        engine.set_costs(columns, costs)
        solution = engine.solve("ipm")
        if not solution.optimal:
            raise ModelError(f"alternatives: the programme is {solution.status}")
        use = _use(d, solution.z, scale)
        if any(_distance(use, old) < 1e-6 for old in uses):
            break
        uses.append(use)
        # the duals of the distance are no prices: leave the shadow prices out of the tables
        silent = replace(solution, row_duals=np.zeros(len(c.row_lower)), row_values=solution.row_values[:-1],
                         reduced_costs=np.zeros_like(solution.reduced_costs))
        path = pathway_of(assembly, silent)
        found.append(Alternative(path, path.objective / pathway.objective - 1.0, _distance(use, uses[0])))
    return sorted(found, key=lambda a: -a.distance)


def _with_cost_row(c):
    matrix = sparse.vstack([c.matrix, sparse.csr_matrix(c.cost)]).tocsc()
    return replace(c, matrix=matrix, row_lower=np.append(c.row_lower, -np.inf),
                   row_upper=np.append(c.row_upper, np.inf)), len(c.row_lower)


def _scale(d, z) -> np.ndarray:
    """Size of a process's activity, (P, 1): what the technologies of its outputs carry at the optimum."""
    total = annual_activity(d, z).sum(axis=1)
    by_technology = np.zeros(len(d.sets["technology"]))
    np.add.at(by_technology, d.process[:, 1], total)
    typical = max(by_technology.max(initial=0.0), 1e-12)
    return np.where(by_technology > 1e-9 * typical, by_technology, typical)[d.process[:, 1]][:, None]


def _use(d, z, scale) -> np.ndarray:
    return np.maximum(annual_activity(d, z), 0.0) / scale


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).sum() / max(a.sum() + b.sum(), 1e-300))
