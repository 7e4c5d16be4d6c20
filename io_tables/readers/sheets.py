"""Every sheet of a workbook as plain rows, each cell with its place ``file!sheet!C7``.

Reads .xls, .xlsx, .xlsb and .ods through python-calamine, and .csv (UTF-8 or GB18030) as one sheet.
Merged cells are filled with the value of their first cell.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import python_calamine as calamine

from io_tables.errors import InputError, Problem, did_you_mean

WORKBOOKS = (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods")
TEXT_TABLES = (".csv",)
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def column_letters(column: int) -> str:
    """Spreadsheet name of a 0-based column: 0 -> A, 26 -> AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


@dataclass(frozen=True)
class Sheet:
    """Rows of one sheet, rectangular, text stripped of nothing; row 0, column 0 is cell A1."""

    file: str
    name: str
    rows: list[list[object]] = field(repr=False)
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0]) if self.rows else 0

    @property
    def place(self) -> str:
        """``file!sheet``."""
        return f"{self.file}!{self.name}"

    def at(self, row: int, column: int) -> str:
        """``file!sheet!C7`` of a 0-based row and column."""
        return f"{self.file}!{self.name}!{column_letters(column)}{row + 1}"


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing but blanks (U+3000 included)."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def decode(data: bytes, where: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(Problem(where, "the text is neither UTF-8 nor GB18030", "save it as UTF-8"))


def _rectangular(rows: list[list[object]]) -> list[list[object]]:
    width = max((len(r) for r in rows), default=0)
    return [list(r) + [""] * (width - len(r)) for r in rows]


def _text_cell(text: str) -> object:
    """A csv field as a float where it is plainly one; codes such as '01' stay text."""
    if not text or text[0] not in "0123456789-+. " or (text[0] == "0" and text[1:2] not in ("", ".", " ")):
        return text
    try:
        return float(text)
    except ValueError:
        return text


def _fill(rows: list[list[object]], merged) -> None:
    """Copy the first cell of every merged range into its other cells."""
    for (top, left), (bottom, right) in merged:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        value = rows[top][left]
        for r in range(top, min(bottom, len(rows) - 1) + 1):
            for c in range(left, min(right, len(rows[r]) - 1) + 1):
                rows[r][c] = value


def _workbook(path: Path, data: bytes):
    if data.startswith(_OLE) and _ENCRYPTED in data:
        raise InputError(Problem(path.name, "the workbook is protected by a password", "save it without one"))
    try:
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError as error:
        raise InputError(
            Problem(path.name, "the workbook is protected by a password", "save it without one")
        ) from error
    except Exception as error:
        what = "the workbook is damaged" if data[:2] == b"PK" or data.startswith(_OLE) else "not a workbook"
        raise InputError(
            Problem(path.name, f"{what} ({error})", "expected .xlsx, .xls, .xlsb, .ods or .csv; open and save it again")
        ) from error


def read_sheets(path: str | Path) -> tuple[Sheet, ...]:
    """All sheets of a file that hold anything.

    Raises InputError when the file is missing (naming its nearest neighbour), empty, protected, damaged or
    not a table.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(Problem(str(path), "is a folder, not a table"))
    if not path.is_file():
        there = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        remedy = did_you_mean(path.name, sorted(there)) if there else f"the folder {path.parent} does not exist"
        raise InputError(Problem(str(path), "no such file", remedy))
    data = path.read_bytes()
    if not data.strip():
        raise InputError(Problem(path.name, "the file is empty"))
    if path.suffix.lower() in TEXT_TABLES:
        text = decode(data, path.name)
        rows = _rectangular([[_text_cell(c) for c in row] for row in csv.reader(io.StringIO(text, newline=""))])
        return (Sheet(path.name, path.stem, rows),)
    book = _workbook(path, data)
    sheets = []
    for name in book.sheet_names:
        try:
            sheet = book.get_sheet_by_name(name)
            rows = _rectangular(sheet.to_python(skip_empty_area=False))
            merged = tuple(sheet.merged_cell_ranges or ())
        except Exception as error:
            raise InputError(Problem(f"{path.name}!{name}", f"the sheet cannot be read ({error})")) from error
        _fill(rows, merged)
        if any(not is_blank(c) for row in rows for c in row):
            sheets.append(Sheet(path.name, name, rows, merged))
    if not sheets:
        raise InputError(Problem(path.name, "every sheet is empty"))
    return tuple(sheets)
