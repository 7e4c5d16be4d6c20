"""What changed an extension between two labelled tables: intensity, inputs, mix and level of final demand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from io_tables.errors import InputError, Problem
from io_tables.mrio import Mrio
from model.input_output.decomposition import block_effects, coefficient_blocks, decompose
from model.input_output.leontief import Leontief
from model.input_output.trace import intensity_of, sector_labels

#: Weight of a state in which k of the three other factors moved before L, among the 4! orders: k! (3 - k)! / 4!.
_WEIGHT = (1 / 4, 1 / 12, 1 / 12, 1 / 4)


def table_decomposition(table0: Mrio, table1: Mrio, extension: str, *, row: int | None = None) -> pd.DataFrame:
    """Effects on an extension by emitting region (index), in its unit; they add up to its change without a residual.

    Columns: intensity (emissions per output); own, other (inputs from the own and other regions), and imports
    (domestic inputs replaced by foreign ones or the reverse, when both tables carry imports by commodity); mix and
    level of final demand; change (their sum). Both tables in constant prices; exact average of the 4! orders.
    The table's own error column counts as final demand. Raises InputError for labels that differ and as
    :func:`structural_decomposition`.
    """
    labels = (("regions", table0.regions, table1.regions), ("sectors", table0.sectors, table1.sectors))
    wrong = [Problem(what, f"differ: {', '.join(sorted(set(a) ^ set(b))[:6]) or 'in order'}")
             for what, a, b in labels if a != b]
    if wrong:
        raise InputError(wrong)
    tables = (table0, table1)
    f = [intensity_of(table, extension, row) for table in tables]
    systems = [Leontief(table.A, labels=sector_labels(table)) for table in tables]
    demand = [t.Y.sum(axis=1) + (0.0 if t.error is None else t.error) for t in tables]
    level = [float(y.sum()) for y in demand]
    if not all(level):
        raise InputError("a table has no final demand")
    mix = [y / total for y, total in zip(demand, level, strict=True)]
    # Four states of final demand: [mix year][level year].
    states = [[mix[m] * level[v] for v in (0, 1)] for m in (0, 1)]
    output = [[[system.output(states[m][v]) for v in (0, 1)] for m in (0, 1)] for system in systems]
    names = ("intensity", "L", "mix", "level")
    found = decompose(lambda intensity, L, mix, level: f[intensity] * output[L][mix][level],
                      dict.fromkeys(names, 0), dict.fromkeys(names, 1))
    by_commodity = all(t.imports is not None and t.imports.ndim == 2 for t in tables)
    imports = [t.imports * np.divide(1.0, t.x, out=np.zeros_like(t.x), where=t.x != 0) for t in tables
               ] if by_commodity else [None, None]
    blocks = coefficient_blocks(systems[0].A, systems[1].A, table0.region_index, imports0=imports[0],
                                imports1=imports[1])
    weights = [[_WEIGHT[a + m + v] for m in (0, 1) for v in (0, 1)] for a in (0, 1)]
    flat = [[output[k][m][v] for m in (0, 1) for v in (0, 1)] for k in (0, 1)]
    parts = block_effects(systems, f, flat, blocks, weights)
    columns = {"intensity": found.effects["intensity"], **parts, "mix": found.effects["mix"],
               "level": found.effects["level"]}
    by_region = {name: v.reshape(len(table0.regions), -1).sum(axis=1) for name, v in columns.items()}
    frame = pd.DataFrame(by_region, index=pd.Index(table0.regions, name="region"))
    frame["change"] = frame.sum(axis=1)
    return frame
