"""A table written as a list of flows: the way out that `read_long_csv` is the way back from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from io_tables.mrio import EXPORTS, Mrio
from io_tables.readers.long_csv import COLUMNS, EXTENSION, IMPORTS, VALUE_ADDED

Pairs = Sequence[tuple[str, str]]


def _lines(values: np.ndarray, rows: Pairs, columns: Pairs, keep: np.ndarray) -> pd.DataFrame:
    """The cells of a matrix where `keep` holds, one per line."""
    i, j = np.nonzero(keep)
    rows, columns = np.array(rows, dtype=object), np.array(columns, dtype=object)
    parts = (rows[i, 0], rows[i, 1], columns[j, 0], columns[j, 1], values[i, j])
    return pd.DataFrame(dict(zip(COLUMNS, parts, strict=True)))


def write_long_csv(mrio: Mrio, path: str | Path) -> None:
    """Write a table as a list of flows that `read_long_csv` reads back to the same Mrio.

    Values in 10^8 yuan (extensions in their own unit) with 17 significant digits. Zeros are left out, except
    on the diagonal and in value added, final use and extensions, so that no industry or category is lost.
    """
    industries = [(r, s) for r in mrio.regions for s in mrio.sectors]
    final = mrio.final_demand or tuple((None, f"final use {k + 1}") for k in range(mrio.Y.shape[1]))
    categories = [("", "exports") if (r, c) == EXPORTS else (r or "", c) for r, c in final]
    whole = np.ones((1, 1), dtype=bool)
    pieces = [
        _lines(mrio.Z, industries, industries, (mrio.Z != 0) | np.eye(mrio.n, dtype=bool)),
        _lines(mrio.Y, industries, categories, whole.repeat(mrio.n, 0).repeat(len(categories), 1)),
    ]

    def add(values: np.ndarray, rows: Pairs) -> None:
        values = np.atleast_2d(np.asarray(values, dtype=float))
        pieces.append(_lines(values, rows, industries, np.ones(values.shape, dtype=bool)))

    if mrio.error is not None:
        pieces.append(_lines(mrio.error[:, None], industries, [("", "error")], np.ones((mrio.n, 1), dtype=bool)))
    if mrio.value_added.ndim == 1:
        names: Sequence[str] = [VALUE_ADDED]
    else:
        names = mrio.value_added_labels or [f"component {k + 1}" for k in range(len(mrio.value_added))]
    add(mrio.value_added, [(VALUE_ADDED, name) for name in names])
    commodities = [(IMPORTS, s) for s in mrio.sectors]
    if mrio.imports is not None:
        add(mrio.imports, [(IMPORTS, IMPORTS)] if mrio.imports.ndim == 1 else commodities)
    if mrio.final_imports is not None:
        pieces.append(_lines(mrio.final_imports, commodities, categories, mrio.final_imports != 0))
    for name, flows in mrio.extensions.items():
        single = np.ndim(flows) == 1
        add(flows, [(EXTENSION, name)] if single else [(EXTENSION, f"{name}|{k}") for k in range(len(flows))])
    pd.concat(pieces).to_csv(path, index=False, float_format="%.17g", lineterminator="\n", encoding="utf-8")
