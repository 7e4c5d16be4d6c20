"""A programme of this project written once more in linopy, for races.

`block_by_block` has the same named blocks of variables and constraints, each with all its terms at once: a model
written in linopy says every term by itself, which takes longer. `from_matrix` is the least linopy can be asked: the
finished matrix without names, rows of similar length in one constraint. Both are given finished coefficients and
sides, write equal sides once, and end with the programme in HiGHS. Expressions are made from arrays of coefficients
and variable labels, which is cheaper than multiplying variables.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

import numpy as np

from model.programme import Block, Compiled

#: Sides beyond this are none.
DISTANT = 1e29
#: Rows in `from_matrix` are padded to the next power of two, at least to this.
SHORTEST = 8


@dataclass(frozen=True)
class Written:
    """A compiled programme with the blocks it was written in: columns by name, positions of rows by name."""

    compiled: Compiled
    columns: dict[str, Block]
    rows: dict[str, np.ndarray]


def block_by_block(written: Written):
    """The programme as HiGHS takes it from linopy, in the same named blocks of variables and constraints."""
    import linopy

    c, m = written.compiled, linopy.Model()
    cost = []
    for name, block in written.columns.items():
        own = slice(block.start, block.start + block.size)
        z = m.add_variables(lower=_labelled(c.lower[own], -np.inf), upper=_labelled(c.upper[own], np.inf), name=name)
        if c.cost[own].any():
            cost.append((z * _labelled(c.cost[own])).sum())
    m.add_objective(linopy.merge(cost))
    matrix = c.matrix.tocsr()
    for name, rows in written.rows.items():
        entries = matrix[rows].tocoo()
        if entries.nnz:
            left = _expression(m, rows[entries.row], entries.col, entries.data)
            _constrain(m, name, left, c, left.indexes["row"].to_numpy())
    return _handed(m)


def from_matrix(compiled: Compiled):
    """The programme as HiGHS takes it from linopy, given the finished matrix."""
    import linopy

    c, m = compiled, linopy.Model()
    z = m.add_variables(lower=_labelled(c.lower, -np.inf), upper=_labelled(c.upper, np.inf), name="z")
    m.add_objective((z * _labelled(c.cost)).sum())
    matrix = c.matrix.tocsr()
    count = np.diff(matrix.indptr)
    width = np.maximum(2 ** np.ceil(np.log2(np.maximum(count, 1))).astype(int), SHORTEST)
    for wide in np.unique(width):
        own = np.flatnonzero((width == wide) & (count > 0))
        entries = matrix[own].tocoo()
        _constrain(m, str(wide), _expression(m, own[entries.row], entries.col, entries.data), c, own)
    return _handed(m)


def same_programme(highs, compiled: Compiled) -> None:
    """Stop unless linopy's programme has our rows (ranges twice, free ones not), columns, non-zeros and cost."""
    lp, c = highs.getLp(), compiled
    matrix = c.matrix.tocsr()
    low, high = c.row_lower > -DISTANT, c.row_upper < DISTANT
    times = low.astype(int) + high - (c.row_lower == c.row_upper)
    filled = np.diff(matrix.indptr)
    wanted = (int(times[filled > 0].sum()), len(c.cost), int((times * filled).sum()))
    got = (lp.num_row_, lp.num_col_, len(lp.a_matrix_.value_))
    costs = float(np.abs(np.array(lp.col_cost_)).sum()), float(np.abs(c.cost).sum())
    if got != wanted or abs(costs[0] - costs[1]) > 1e-9 * costs[1]:
        raise SystemExit(f"the programmes differ: {got} in linopy, {wanted} ours; costs {costs}")


def _labelled(values: np.ndarray, none: float = 0.0):
    import xarray as xr

    return xr.DataArray(np.where(np.abs(values) > DISTANT, none, values), dims="column")


def _expression(m, rows: np.ndarray, columns: np.ndarray, values: np.ndarray):
    """Sum over equal rows of values x columns: one expression over the distinct rows, padded to the longest."""
    import linopy
    import xarray as xr

    order = np.argsort(rows, kind="stable")
    own, first, count = np.unique(rows[order], return_index=True, return_counts=True)
    term = np.arange(len(rows)) - np.repeat(first, count)
    line = np.repeat(np.arange(len(own)), count)
    coefficients, labels = np.zeros((len(own), count.max())), np.full((len(own), count.max()), -1)
    coefficients[line, term], labels[line, term] = values[order], columns[order]
    return linopy.LinearExpression(xr.Dataset({
        "coeffs": (("row", "_term"), coefficients), "vars": (("row", "_term"), labels),
        "const": (("row",), np.zeros(len(own)))}, coords={"row": own}), m)


def _constrain(m, name: str, left, c: Compiled, rows: np.ndarray) -> None:
    """Sides of some rows: equal ones once, others a constraint for each side there is."""
    import xarray as xr

    low, high = c.row_lower[rows], c.row_upper[rows]
    equal = low == high
    for sign, which, side in (("=", equal, low), (">=", (low > -DISTANT) & ~equal, low),
                              ("<=", (high < DISTANT) & ~equal, high)):
        if which.any():
            part = left if which.all() else left.isel(row=np.flatnonzero(which))
            m.add_constraints(part, sign, xr.DataArray(side[which], dims="row", coords={"row": rows[which]}),
                              name=f"{name} {sign}")


def _handed(m):
    with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):
        return m.to_highspy()
