"""The national programme at a run's final economy, with every requirement written out: one ordinary programme (E10).

Nothing is deferred: the nation's requirements are some 20 rows by 130 columns a year, so that changed costs, bounds and
rows are solved exactly and at once. The economy behind the requirements stays frozen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from model.pathway.assembled import Assembled
from model.pathway.national_loop import Iterate, NationalLoop
from model.programme import Compiled, Programme

if TYPE_CHECKING:
    from model.coupling import Coupled

#: HiGHS leaves out coefficients below this.
LEAST = 1e-9


def exact(whole: Assembled) -> Compiled:
    """Columns `z`, rows `product` and `kept` in the order of the complete programme."""
    c = whole.complete
    m, n = c.B.shape
    rows, columns, values = c.M.entries(np.arange(n))
    return written(whole, sparse.csr_matrix((values, (rows, columns)), shape=(m, n)))


def written(whole: Assembled, needed: sparse.csr_matrix) -> Compiled:
    """The same with these requirements (m, n) alone, whatever else the complete programme has."""
    c = whole.complete
    m, n = c.B.shape
    p = Programme()
    z = p.add_columns("z", n, cost=c.cost, lower=c.lower, upper=c.upper)
    for name, matrix, low, high in (("product", c.B - needed, c.f, c.upper_side(c.f)),
                                    ("kept", c.K, c.k_lower, c.k_upper)):
        rows = p.add_rows(name, matrix.shape[0], lower=low, upper=high)
        entries = sparse.coo_matrix(matrix)
        seen = np.abs(entries.data) > LEAST
        p.add(rows[entries.row[seen]], z[entries.col[seen]], entries.data[seen])
    return p.compiled()


def national_iterate(coupled: Coupled) -> Iterate:
    """Economy, requirements and optimum of the national programme at the technologies a run ended with.

    A national run has it. For a provincial run the economy is closed once more at its technologies, with lines inside
    the power sector as the national programme counts them.
    """
    if coupled.resolution == "national":
        return coupled.outer.iterate
    last, plan = coupled.outer.iterate, coupled.plan
    stored = np.zeros_like(last.choice.net_losses)
    stored[1:] = (plan.charge - plan.discharge).sum(axis=(1, 3)).T
    choice = replace(last.choice, net_losses=stored, electricity_shares=None)
    timing = last.assembled.draft.timing
    loop = NationalLoop(coupled.study, coupled.places, timing, last.years, choice)
    return loop.solve_at(choice, last.pins, last.years)
