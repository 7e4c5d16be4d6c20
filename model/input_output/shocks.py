"""A table after shocks to its final demand, coefficients, value added or emissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from io_tables.errors import InputError, Problem
from io_tables.mrio import Mrio
from io_tables.shocks import COEFFICIENTS, EMISSIONS, FINAL_DEMAND, VALUE_ADDED, Shock, read_shocks
from model.input_output.leontief import Leontief


def apply_shocks(table: Mrio, shocks: str | Path | Sequence[Shock]) -> Mrio:
    """The table that follows from a shock workbook (or shocks already read): x = (I - A)^-1 y with what changed.

    Imports, value added and extensions keep their ratio to output unless a shock changes it. What a buyer spends
    more on inputs its value added loses, component by component in proportion, so columns stay closed; a shock to
    value added itself leaves the column open by the added cost, which ``check()["columns"]`` shows and the price
    model turns into prices. Imported final goods stay.
    Raises InputError naming the cell when a shock makes a number negative, takes more inputs than the output is
    worth, or asks output of a sector that has no inputs to copy; and when the new table is not productive.
    """
    if isinstance(shocks, (str, Path)):
        shocks = read_shocks(table, shocks)
    if not shocks:
        return table
    x = table.x
    inverse_x = np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)
    A, Y = table.A.copy(), table.Y.copy()
    value_added = np.atleast_2d(table.value_added).copy()
    extensions = {name: np.atleast_2d(np.asarray(v, dtype=float)).copy() for name, v in table.extensions.items()}
    problems: list[Problem] = []
    inputs_before = A.sum(axis=0)
    touched: dict[int, str] = {}
    for shock in shocks:
        if shock.sheet == VALUE_ADDED:
            continue
        block = {FINAL_DEMAND: Y, COEFFICIENTS: A}.get(shock.sheet)
        block = extensions[shock.extension] if shock.sheet == EMISSIONS else block
        cells = np.ix_(shock.rows, shock.columns)
        changed = shock.applied(block[cells])
        bad = (changed < 0) & (block[cells] >= 0)
        if bad.any():
            problems.append(Problem(shock.where, f"leaves {changed[bad].min():g} in {np.count_nonzero(bad)} of "
                                    f"{bad.size} cells", "nothing may turn negative"))
        block[cells] = changed
        if shock.sheet == COEFFICIENTS:
            touched |= dict.fromkeys(shock.columns.tolist(), shock.where)
    # The inputs a column buys more of are paid by its value added.
    before = value_added.sum(axis=0)
    after = before - (A.sum(axis=0) - inputs_before) * x
    for column, where in touched.items():
        if after[column] < 0 <= before[column] and after[column] < -1e-9 * x[column]:
            more = before[column] - after[column]
            problems.append(Problem(where, f"inputs of {_name(table, column)} rise by {more:g}, its value added is "
                                    f"{before[column]:g}", "10^8 yuan at the table's output"))
    ratio = np.divide(after, before, out=np.ones_like(before), where=(before != 0) & (after != before))
    value_added *= ratio
    value_added[0] += np.where(before == 0, after, 0.0)
    for shock in shocks:
        if shock.sheet == VALUE_ADDED:
            cells = np.ix_(shock.rows, shock.columns)
            value_added[cells] = shock.applied(value_added[cells])
    if problems:
        raise InputError(problems)
    demand = Y.sum(axis=1) + (0.0 if table.error is None else table.error)
    labels = [_name(table, j) for j in range(table.n)]
    new_x = Leontief(A, labels=labels).output(demand)
    largest = float(np.abs(x).max())
    problems = [Problem(labels[j], f"output would be {new_x[j]:g}", "final demand is too low")
                for j in np.flatnonzero(new_x < -1e-9 * largest)]
    problems += [Problem(labels[j], f"would make {new_x[j]:g} but has no inputs to copy: the table has no output of it")
                 for j in np.flatnonzero((x == 0) & (new_x > 1e-9 * largest))]
    if problems:
        raise InputError(problems)
    scale = new_x * inverse_x
    return replace(
        table, Z=A * new_x, Y=Y,
        value_added=(value_added * scale).reshape(table.value_added.shape),
        imports=None if table.imports is None else table.imports * scale,
        extensions={name: (v * scale).reshape(np.shape(table.extensions[name])) for name, v in extensions.items()},
    )


def _name(table, position):
    region, sector = divmod(position, len(table.sectors))
    return f"{table.regions[region]} / {table.sectors[sector]}"
