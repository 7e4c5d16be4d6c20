"""Long tables with blanks -> arrays: a blank key means every member, the more specific row wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables.errors import Problem, did_you_mean


@dataclass(frozen=True)
class Entries:
    """Expanded rows: `codes[key]` (rows,) positions in the key's set, `values[column]` (rows,)."""

    codes: dict[str, np.ndarray]
    values: dict[str, np.ndarray]

    @property
    def size(self) -> int:
        return len(next(iter(self.codes.values()))) if self.codes else 0

    def __getitem__(self, key: str) -> np.ndarray:
        return self.codes[key]


def frame(data) -> pd.DataFrame:
    """A table from a data frame, records, a mapping of columns, or None (empty)."""
    if data is None:
        return pd.DataFrame()
    if isinstance(data, pd.DataFrame):
        return data.reset_index(drop=True)
    if isinstance(data, Mapping) or (isinstance(data, Sequence) and not isinstance(data, str)):
        return pd.DataFrame(data if isinstance(data, Mapping) else list(data))
    raise TypeError(f"a table must be a data frame or records, not {type(data).__name__}")


def positions(column: pd.Series, members: Sequence) -> np.ndarray:
    """Positions of labels in a set; -1 for a blank, -2 for an unknown label."""
    codes, labels = pd.factorize(column)                     # -1 where missing; few labels, many rows
    if len(members) and all(isinstance(x, (int, float, np.number)) for x in members):
        known = pd.Index(np.asarray(members, dtype=float))
        found = known.get_indexer(pd.to_numeric(pd.Series(labels, dtype=object), errors="coerce"))
    else:
        known = {str(x): i for i, x in enumerate(members)}
        found = np.array([known.get(str(x), -1) for x in labels], dtype=np.int64)
    found = np.where(found < 0, -2, found)
    found[[x == "" for x in labels]] = -1
    return np.append(found, -1)[codes]


def unknown_labels(name: str, table: pd.DataFrame, keys: Mapping[str, Sequence]) -> list[Problem]:
    """A mistake for every label that is not in its set, with the nearest valid one."""
    mistakes = []
    for key, members in keys.items():
        if key in table:
            for row in np.flatnonzero(positions(table[key], members) == -2):
                label = table[key].iloc[row]
                mistakes.append(Problem(f"{name} row {row + 1}", f"unknown {key} '{label}'",
                                        did_you_mean(str(label), map(str, members))))
    return mistakes


def expand(name: str, table: pd.DataFrame, keys: Mapping[str, Sequence], values: Mapping[str, float],
           mistakes: list[Problem], *, once: bool = True) -> Entries:
    """Expand a checked table to one row per combination of keys that it covers.

    keys: key -> its set, in order; values: value column -> default where the cell is blank.
    A missing or blank key covers the whole set. Where rows overlap, the one with fewer blanks wins;
    two with equally many, or with the very same keys, are added to `mistakes`. once=False leaves
    overridden rows in, before those that override them (enough to fill an array in order).
    """
    sizes = [len(members) for members in keys.values()]
    count = len(table)
    if not count:
        return _nothing(keys, values)
    given = np.full((count, len(keys)), -1)
    for place, (key, members) in enumerate(keys.items()):
        if key in table:
            given[:, place] = positions(table[key], members)
    numbers = {c: (pd.to_numeric(table[c], errors="coerce").fillna(d).to_numpy(dtype=float)
                   if c in table else np.full(count, d)) for c, d in values.items()}
    if count > 1 and given.shape[1]:
        twice = pd.Series(np.ravel_multi_index(tuple(given.T + 1), [n + 1 for n in sizes])).duplicated().to_numpy()
        mistakes += [Problem(f"{name} row {row + 1}", "the same keys appear twice", "leave one of the rows")
                     for row in np.flatnonzero(twice)]
    blanks = (given == -1).sum(axis=1)
    pieces, source = [], []
    patterns = (given == -1) @ (1 << np.arange(len(keys)))    # one number for every set of blank keys
    for level in sorted(set(blanks.tolist()), reverse=True):
        before = len(pieces)
        for code in sorted(set(patterns[blanks == level].tolist())):
            rows = np.flatnonzero(patterns == code)
            pattern = given[rows[0]] == -1
            full = _covered(given[rows], pattern, sizes)
            pieces.append(full)
            source.append(np.repeat(rows, len(full) // max(len(rows), 1)))
        if len(pieces) - before > 1:
            mistakes += _ambiguous(name, np.concatenate(pieces[before:]), np.concatenate(source[before:]), sizes)
    codes, origin = np.concatenate(pieces), np.concatenate(source)
    if len(pieces) > 1 and once:
        # later pieces are more specific: keep the last row of every key
        flat = np.ravel_multi_index(tuple(codes.T), sizes)
        _, last = np.unique(flat[::-1], return_index=True)
        keep = np.sort(len(flat) - 1 - last)
        codes, origin = codes[keep], origin[keep]
    return Entries({k: codes[:, i] for i, k in enumerate(keys)}, {c: v[origin] for c, v in numbers.items()})


def _nothing(keys, values) -> Entries:
    empty = np.zeros(0, dtype=np.int64)
    return Entries({k: empty for k in keys}, {c: np.zeros(0) for c in values})


def _ambiguous(name: str, codes: np.ndarray, origin: np.ndarray, sizes: Sequence[int]) -> list[Problem]:
    """A mistake for the first pair of rows of equal rank that cover the same cell."""
    flat = np.ravel_multi_index(tuple(codes.T), sizes)
    order = np.lexsort((origin, flat))
    clash = np.flatnonzero((np.diff(flat[order]) == 0) & (np.diff(origin[order]) != 0))
    if not clash.size:
        return []
    first, second = origin[order[clash[0]]] + 1, origin[order[clash[0] + 1]] + 1
    return [Problem(f"{name} rows {first} and {second}", "cover the same case with equally many keys",
                    "give one of them more keys")]


def _covered(given: np.ndarray, pattern: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Every combination of the blank keys for every row: (rows * combinations, keys)."""
    free = [np.arange(size) for size, blank in zip(sizes, pattern, strict=True) if blank]
    if not free:
        return given
    grid = np.stack([g.ravel() for g in np.meshgrid(*free, indexing="ij")], axis=1)
    full = np.repeat(given, len(grid), axis=0)
    full[:, pattern] = np.tile(grid, (len(given), 1))
    return full


def dense(entries: Entries, keys: Mapping[str, Sequence], column: str, default: float) -> np.ndarray:
    """Entries as an array over the keys' sets, `default` where no row covers a cell."""
    array = np.full([len(members) for members in keys.values()], default)
    if entries.size:
        array[tuple(entries[k] for k in keys)] = entries.values[column]
    return array
