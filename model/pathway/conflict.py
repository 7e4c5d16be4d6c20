"""Which targets cannot hold together, found on the national programme, and how far each would have to give (E10)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from io_tables.errors import Infeasible
from model.pathway.assembled import Assembled, requirement_operator
from model.programme import INFINITY, Engine, Programme

#: A breach below this part of a target's size is none.
BREACH = 1e-6


class Clash(Infeasible):
    """Targets that cannot hold together; `relaxations` : least breach of each with the others of the set in force."""

    def __init__(self, message: str, clashing=(), relaxations=None):
        super().__init__(message, clashing)
        self.relaxations = dict(relaxations or {})


def clash_of(whole: Assembled) -> Clash | None:
    """The minimal set of clashing targets (deletion filter; Chinneck and Dravnieks 1991); None where all can hold."""
    c, d = whole.complete, whole.draft
    n = len(c.cost)
    full = requirement_operator(d, n, 0.0, c.row_weight, c.column_weight).large
    matrix = sparse.vstack([c.B - full, c.K]).tocsr()
    lower = np.concatenate([c.f, c.k_lower])
    upper = np.concatenate([np.full(len(c.f), INFINITY), c.k_upper])
    rows: dict[str, list[int]] = {}
    for label, (name, _) in d.names.items():
        rows.setdefault(name, []).extend((len(c.f) + whole.kept(d.programme.rows[label].index)).tolist())

    def breaches(active) -> dict[str, float]:
        """Least total breach of the active targets relative to their size; the others do not count."""
        p = Programme()
        z = p.add_columns("z", n, lower=c.lower, upper=c.upper)
        free = [i for name, own in rows.items() if name not in active for i in own]
        soft = [i for name in active for i in rows[name]]
        low, high = lower.copy(), upper.copy()
        low[free], high[free] = -INFINITY, INFINITY
        row = p.add_rows("row", len(low), lower=low, upper=high)
        entries = sparse.coo_matrix(matrix)
        keep = np.abs(entries.data) > 1e-8
        p.add(row[entries.row[keep]], z[entries.col[keep]], entries.data[keep])
        size = np.maximum(np.abs(upper[soft]), 1.0)
        give = p.add_columns("give", len(soft), cost=1.0 / size)
        p.add(row[soft], give, -1.0)
        solution = Engine(p.compiled()).solve("ipm")
        if not solution.optimal:
            return {name: float("inf") for name in active}
        given, result, at = solution.value("give"), {}, 0
        for name in active:
            own = given[at : at + len(rows[name])]
            part = size[at : at + len(rows[name])]
            at += len(rows[name])
            if (own > BREACH * part).any():
                result[name] = float(own.max())
        return result

    if not breaches(list(rows)):
        return None
    clash = list(rows)
    for name in list(rows):
        rest = [other for other in clash if other != name]
        if rest and breaches(rest):
            clash = rest
    relaxations = {}
    for name in clash:
        hard = [other for other in clash if other != name]
        relaxations[name] = _least(c, matrix, lower, upper, rows, hard, name)
    words = [f"'{name}'" + (f" (would hold if relaxed by {amount:.6g})" if np.isfinite(amount) else "")
             for name, amount in relaxations.items()]
    verb = "cannot be met" if len(clash) == 1 else "cannot hold together"
    return Clash(f"these targets {verb} on the national programme: {', '.join(words)}", clash, relaxations)


def _least(c, matrix, lower, upper, rows, hard, name) -> float:
    """Least largest breach of one target with the others of the clash, and no further target, in force."""
    p = Programme()
    z = p.add_columns("z", len(c.cost), lower=c.lower, upper=c.upper)
    low, high = lower.copy(), upper.copy()
    off = [i for other, own in rows.items() if other not in (*hard, name) for i in own]
    low[off], high[off] = -INFINITY, INFINITY
    row = p.add_rows("row", len(low), lower=low, upper=high)
    entries = sparse.coo_matrix(matrix)
    keep = np.abs(entries.data) > 1e-8
    p.add(row[entries.row[keep]], z[entries.col[keep]], entries.data[keep])
    give = p.add_columns("give", 1, cost=1.0)
    p.add(row[rows[name]], np.broadcast_to(give, len(rows[name])), -1.0)
    solution = Engine(p.compiled()).solve("ipm")
    return float(solution.value("give")[0]) if solution.optimal else float("inf")
