"""Where the matrix of an input-output table lies in a sheet, found by content.

Headers of one, two or more lines stand above the numbers, label columns (province, sector, code, origin) left
of them, merged or written once per block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from io_tables.classification import normalise
from io_tables.readers.cells import find_unit, number
from io_tables.readers.sheets import Sheet, is_blank

#: Rows and columns of a matrix hold at least this share of the fullest one's numbers.
FULL = 0.2
#: Headers and label columns lie within the first lines of a sheet.
DEPTH = 40
_NOTES = ("注", "资料来源", "数据来源", "说明", "note", "source", "备注")


@dataclass(frozen=True)
class Block:
    """The numbers of a sheet from (top, left), its header lines above and label columns left of it.

    values : of the whole sheet, NaN where a cell is no number.
    rows, columns : positions in the sheet of the lines that carry labels.
    row_labels[k][i], column_labels[k][j] : text of label column (header line) k at rows[i] (columns[j]).
    """

    sheet: Sheet
    values: np.ndarray
    top: int
    left: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    row_labels: tuple[tuple[str, ...], ...]
    column_labels: tuple[tuple[str, ...], ...]

    def row_place(self, row: int) -> str:
        """Place of the last label of a sheet row."""
        cells = self.sheet.rows[row]
        return self.sheet.at(row, next((c for c in range(self.left - 1, -1, -1) if not is_blank(cells[c])), 0))

    def column_place(self, column: int) -> str:
        """Place of the last header of a sheet column."""
        rows = self.sheet.rows
        return self.sheet.at(next((r for r in range(self.top - 1, -1, -1) if not is_blank(rows[r][column])), 0), column)


def numeric(sheet: Sheet) -> np.ndarray:
    """(rows, columns) numbers of a sheet, NaN where a cell is text, blank or an unknown mark."""
    values = np.full((len(sheet.rows), sheet.width), np.nan)
    for r, row in enumerate(sheet.rows):
        for c, cell in enumerate(row):
            if type(cell) is float:
                values[r, c] = cell
            elif cell != "" and (found := number(cell)[0]) is not None:
                values[r, c] = found
    return values


def _is_count(line: np.ndarray) -> bool:
    """Whether the numbers of a line merely count 1, 2, 3, ... (codes), possibly starting again."""
    known = line[np.isfinite(line)]
    if known.size < 2 or (known != np.round(known)).any() or known[0] != 1:
        return False
    return bool(((np.diff(known) == 1) | (known[1:] == 1)).mean() >= 0.9)


def is_code(cell: object) -> bool:
    """Whether a cell is a code such as '01' or '007': digits with a leading zero."""
    text = cell.strip() if isinstance(cell, str) else ""
    return len(text) > 1 and text[0] == "0" and text.isdigit()


def _corner(sheet: Sheet, values: np.ndarray) -> tuple[int, int] | None:
    """Top left cell of the block of numbers: past header lines, label columns and lines of codes."""
    known = np.isfinite(values)
    for r in range(min(DEPTH, len(values))):
        if any(is_code(cell) for cell in sheet.rows[r]):
            codes = [is_code(cell) for cell in sheet.rows[r]]
            known[r] &= sum(codes) < 2
    for c in range(min(DEPTH, values.shape[1])):
        if sum(is_code(row[c]) for row in sheet.rows) > 1:
            known[:, c] = False
    if known.sum() < 4:
        return None
    held = known.sum(axis=0)
    columns = np.flatnonzero(held >= max(2, FULL * held.max()))
    columns = [c for c in columns if c >= DEPTH or not _is_count(values[:, c])]
    if not columns:
        return None
    left = int(columns[0])
    held = known[:, left:].sum(axis=1)
    rows = [r for r in np.flatnonzero(held >= max(2, FULL * held.max())) if not _is_count(values[r, left:])]
    return (int(rows[0]), left) if len(rows) > 1 and left > 0 and rows[0] > 0 else None


def _text(cells: Sequence[object]) -> tuple[str, ...]:
    """Cells as text; whole numbers without a decimal point."""
    return tuple(
        "" if is_blank(c) else str(int(c)) if isinstance(c, float) and c.is_integer() else str(c).strip() for c in cells
    )


def locate(sheet: Sheet) -> Block | None:
    """The matrix of a sheet, or None when it holds none of at least 2 x 2 numbers with labels on two sides."""
    values = numeric(sheet)
    corner = _corner(sheet, values)
    if corner is None:
        return None
    top, left = corner
    headers = [r for r in range(top) if any(not is_blank(c) for c in sheet.rows[r][left:])]
    columns = tuple(c for c in range(left, sheet.width) if any(not is_blank(sheet.rows[r][c]) for r in headers))
    rows = []
    for r in range(top, len(sheet.rows)):
        text = [c for c in sheet.rows[r][:left] if not is_blank(c)]
        note = any(normalise(t).startswith(_NOTES) for t in text) and not np.isfinite(values[r, left:]).any()
        if text and not note:
            rows.append(r)
    return Block(
        sheet, values, top, left, tuple(rows), columns,
        tuple(_text([sheet.rows[r][c] for r in rows]) for c in range(left)),
        tuple(_text([sheet.rows[r][c] for c in columns]) for r in headers),
    )


def unit_of(block: Block) -> tuple[str | None, str, str]:
    """(known unit or None, the words after 单位:, place) declared above the numbers or in the last lines."""
    sheet = block.sheet
    for r in (*range(block.top), *range(max(block.top, len(sheet.rows) - 5), len(sheet.rows))):
        for c, cell in enumerate(sheet.rows[r]):
            if isinstance(cell, str) and cell:
                unit, words = find_unit(cell)
                if words:
                    return unit, words, sheet.at(r, c)
    return None, "", sheet.place
