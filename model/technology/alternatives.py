"""Pathways that cost almost as little and look different (modelling to generate alternatives; E10).

Each process and year counts with its share of what the technologies of its output carry at the optimum; the search is
that of `model.near_optimal`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from io_tables.errors import InputError
from model.near_optimal import NearOptimal
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

    `pathway` is the optimum of `problem`. Fewer than `count` come back when no new one is found.
    """
    assembly = assemble(problem)
    c, d = assembly.compiled, assembly.draft
    if len(pathway.z) != len(c.cost):
        raise InputError("alternatives: the pathway does not belong to this problem")
    region = NearOptimal(c, pathway.z, slack)
    found = []
    for a in region.alternatives(_uses(d, pathway.z, len(c.cost)), count):
        # the duals of the distance are no prices: leave the shadow prices out of the tables
        silent = replace(a.solution, row_duals=np.zeros(len(c.row_lower)), row_values=a.solution.row_values[:-1],
                         reduced_costs=np.zeros_like(a.solution.reduced_costs))
        found.append(Alternative(pathway_of(assembly, silent), a.dearer, a.distance))
    return found


def _uses(d, z: np.ndarray, n: int) -> sparse.csr_matrix:
    """(processes x years, n) activity of a year in parts of what the technologies of its output carry."""
    total = annual_activity(d, z).sum(axis=1)
    by_technology = np.zeros(len(d.sets["technology"]))
    np.add.at(by_technology, d.process[:, 1], total)
    typical = max(by_technology.max(initial=0.0), 1e-12)
    scale = np.where(by_technology > 1e-9 * typical, by_technology, typical)[d.process[:, 1]]
    rows, columns = [], []
    years = d.active.shape[1]
    sliced, lean = np.flatnonzero(d.sliced), np.flatnonzero(~d.sliced)
    for own, block in ((sliced, d.activity), (lean, d.annual[:, :, None])):
        number = own[:, None, None] * years + np.arange(years)[None, :, None]
        rows.append(np.broadcast_to(number, block.shape).ravel())
        columns.append(block.ravel())
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_matrix((1.0 / scale[rows // years], (rows, columns)), shape=(len(scale) * years, n))
