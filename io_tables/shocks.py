"""The shock workbook: what a user changes in a table, written with drop-downs and read back cell by cell.

One sheet each for final demand, coefficients, value added and emissions; every row is one shock: where, how
(percentage, absolute, replace) and how much. Reading reports every mistake as ``file!sheet!cell`` at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import product
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from io_tables.classification import normalise, provinces, sectors
from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import Mrio
from io_tables.readers.cells import number
from io_tables.readers.sheets import column_letters

PERCENTAGE, ABSOLUTE, REPLACE = "percentage", "absolute", "replace"
CHANGES = (PERCENTAGE, ABSOLUTE, REPLACE)
FINAL_DEMAND, COEFFICIENTS, VALUE_ADDED, EMISSIONS = "Final demand", "Coefficients", "Value added", "Emissions"
#: Stands for every region, sector, category or component.
ALL = "all"
ABROAD = "abroad"
_ABOUT, _LISTS = "About", "Lists"
#: Rows of each sheet that carry drop-downs.
_ROWS = 500
#: Columns of each sheet, with the list its drop-down offers.
_COLUMNS = {
    FINAL_DEMAND: (("Supplier region", "regions"), ("Supplier sector", "sectors"), ("Destination", "destinations"),
                   ("Category", "categories")),
    COEFFICIENTS: (("Supplier region", "regions"), ("Supplier sector", "sectors"), ("Buyer region", "regions"),
                   ("Buyer sector", "sectors")),
    VALUE_ADDED: (("Region", "regions"), ("Sector", "sectors"), ("Component", "components")),
    EMISSIONS: (("Region", "regions"), ("Sector", "sectors"), ("Account", "accounts")),
}
_UNIT = {FINAL_DEMAND: "% or 10^8 yuan", COEFFICIENTS: "% or yuan per yuan of the buyer's output",
         VALUE_ADDED: "% or 10^8 yuan at the table's output",
         EMISSIONS: "% or the account's unit at the table's output"}
_HELP = (
    "Each row of a sheet is one shock; rows are applied from top to bottom, empty rows are skipped.",
    "Choose labels from the lists; 'all' stands for every one of them.",
    "percentage: 10 raises by 10 %, -100 removes. absolute: is added. replace: is the new number.",
    "absolute and replace act on every cell that the row names, so with 'all' on each of them.",
    "Coefficients: a buyer's value added takes up what it spends more or less on inputs.",
    "Value added: inputs stay, so the column no longer closes: read the change as a cost (price model).",
    "Value added and emissions are stated at the table's output and move with it.",
)


@dataclass(frozen=True)
class Shock:
    """One change of a block of cells."""

    sheet: str  #: one of the four sheets
    rows: np.ndarray  #: rows of Z or Y, components, or rows of the extension
    columns: np.ndarray  #: columns of Z, Y or the sectors
    change: str  #: percentage, absolute or replace
    value: float
    where: str  #: file!sheet!cell of the value
    extension: str = ""

    def applied(self, block: np.ndarray) -> np.ndarray:
        """The changed numbers of a block."""
        if self.change == PERCENTAGE:
            return block * (1.0 + self.value / 100.0)
        return block + self.value if self.change == ABSOLUTE else np.full_like(block, self.value)


def write_shock_workbook(table: Mrio, path: str | Path) -> None:
    """Write an empty shock workbook for a table, with drop-downs of its labels.

    Raises InputError when the table has no final_demand labels.
    """
    import xlsxwriter

    lists = _lists(table)
    with xlsxwriter.Workbook(str(path)) as book:
        # A fixed date, so that the same table gives the same bytes.
        book.set_properties({"title": "Shocks to an input-output table", "created": datetime(2020, 1, 1)})
        bold, wrap = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True})
        about = book.add_worksheet(_ABOUT)
        about.set_column(0, 0, 100, wrap)
        about.write(0, 0, f"{len(table.regions)} regions x {len(table.sectors)} sectors", bold)
        for row, text in enumerate(_HELP, 1):
            about.write(row, 0, text)
        sheets = {name: book.add_worksheet(name) for name in _COLUMNS}
        source = book.add_worksheet(_LISTS)
        source.hide()
        ranges = {}
        for column, (name, labels) in enumerate({**lists, "changes": CHANGES}.items()):
            source.write(0, column, name, bold)
            source.write_column(1, column, labels)
            letter = column_letters(column)
            ranges[name] = f"={_LISTS}!${letter}$2:${letter}${len(labels) + 1}"
        for name, sheet in sheets.items():
            columns = (*_COLUMNS[name], ("Change", "changes"))
            sheet.freeze_panes(1, 0)
            for column, (title, labels) in enumerate(columns):
                sheet.write(0, column, title, bold)
                sheet.set_column(column, column, 26)
                sheet.data_validation(1, column, _ROWS, column, {
                    "validate": "list", "source": ranges[labels], "error_title": title,
                    "error_message": "Choose from the list."})
            sheet.write(0, len(columns), _value_title(name), bold)
            sheet.set_column(len(columns), len(columns), 46)


def read_shocks(table: Mrio, path: str | Path) -> tuple[Shock, ...]:
    """The shocks of a workbook, in the order of its sheets and rows.

    Labels may also be names, codes or Chinese names of the classification. Raises InputError listing every mistake:
    unknown labels, missing cells, text for numbers, changed headers, unknown sheets, rows that say the same twice.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    path = Path(path)
    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError) as error:
        raise InputError(Problem(path.name, "is not an Excel workbook (.xlsx)")) from error
    problems = [Problem(f"{path.name}!{name}", "unknown sheet", did_you_mean(name, _COLUMNS))
                for name in book.sheetnames if name not in (*_COLUMNS, _ABOUT, _LISTS)]
    if not any(name in _COLUMNS for name in book.sheetnames):
        problems.append(Problem(path.name, "holds no shocks", f"expected a sheet {' or '.join(_COLUMNS)}"))
    lists = _lists(table)
    shocks: list[Shock] = []
    for name in _COLUMNS:
        if name in book.sheetnames:
            shocks += _sheet(table, lists, name, book[name], path.name, problems)
    if problems:
        raise InputError(problems)
    return tuple(shocks)


def _sheet(table, lists, name, sheet, file, problems):
    """Shocks of one sheet; mistakes are added to `problems`."""
    columns = _COLUMNS[name]
    rows = sheet.iter_rows(values_only=True)
    header = next(rows, ())
    titles = [*(title for title, _ in columns), "Change", _value_title(name)]
    wrong = [Problem(f"{file}!{name}!{column_letters(c)}1", f"'{_cell(header, c)}'", f"expected '{title}'")
             for c, title in enumerate(titles) if normalise(_cell(header, c) or "") != normalise(title)]
    if wrong:
        problems += wrong
        return []
    shocks, seen = [], {}
    for r, row in enumerate(rows, 2):
        if all(_cell(row, c) is None for c in range(len(row))):
            continue
        before = len(problems)
        place = [f"{file}!{name}!{column_letters(c)}{r}" for c in range(len(titles))]
        labels = [_label(row, c, listed, lists[listed], place[c], problems) for c, (_, listed) in enumerate(columns)]
        change = _label(row, len(columns), "changes", CHANGES, place[-2], problems)
        value = _value(_cell(row, len(columns) + 1), name, change, place[-1], problems)
        problems += [Problem(f"{file}!{name}!{column_letters(c)}{r}", "is outside the columns of the sheet")
                     for c in range(len(titles), len(row)) if _cell(row, c) is not None]
        if len(problems) > before:
            continue
        key = tuple(labels)
        if key in seen:
            problems.append(Problem(place[0], f"names the same cells as row {seen[key]}", "leave one of them"))
            continue
        seen[key] = r
        target = _target(table, name, labels)
        if target is None:
            problems.append(Problem(place[2], f"the table has no final demand of {labels[2]} for {labels[3]}"))
            continue
        shocks.append(Shock(name, *target[:2], change, value, place[-1], *target[2:]))
    return shocks


def _lists(table):
    if table.final_demand is None:
        raise InputError("the table has no final_demand labels, so shocks to final demand cannot be placed")
    abroad = (ABROAD,) if any(r is None for r, _ in table.final_demand) else ()
    components = 1 if table.value_added.ndim == 1 else len(table.value_added)
    named = table.value_added_labels or tuple(f"component {k + 1}" for k in range(components))
    accounts = []
    for name, values in table.extensions.items():
        rows = 1 if np.ndim(values) == 1 else len(values)
        accounts += [name] if rows == 1 else [name, *(f"{name} {k}" for k in range(rows))]
    return {
        "regions": (ALL, *table.regions), "sectors": (ALL, *table.sectors),
        "destinations": (ALL, *table.regions, *abroad),
        "categories": (ALL, *dict.fromkeys(c for _, c in table.final_demand)),
        "components": (ALL, *(named if components > 1 else named[:1])), "accounts": tuple(accounts),
    }


def _value_title(name):
    return f"Value ({_UNIT[name]})"


def _cell(row, column):
    """A cell's content, None when empty or blank."""
    value = row[column] if column < len(row) else None
    return None if isinstance(value, str) and not value.strip() else value


def _label(row, column, listed, allowed, place, problems):
    """The label of `allowed` that a cell names."""
    found = _cell(row, column)
    if found is None:
        problems.append(Problem(place, "is empty", f"choose one of the {listed}"))
        return None
    folded = {normalise(a): a for a in allowed}
    known = {"regions": provinces, "destinations": provinces, "sectors": sectors}.get(listed)
    key = folded.get(normalise(found)) or (folded.get(normalise(known().find(found) or "")) if known else None)
    if key is None:
        problems.append(Problem(place, f"'{found}' is none of the {listed}", did_you_mean(str(found), allowed)))
    return key


def _value(cell, name, change, place, problems):
    """The number of a shock."""
    value, flag = number(cell)
    if value is None or not np.isfinite(value):
        if flag == "blank":
            problems.append(Problem(place, "is empty", "a formula must have been calculated and saved"))
        else:
            problems.append(Problem(place, f"'{cell}' is no number", "write 10 for 10 %"))
    elif change == PERCENTAGE and value < -100:
        problems.append(Problem(place, f"{value:g} % takes away more than there is", "-100 removes all"))
    elif change == REPLACE and value < 0 and name in (COEFFICIENTS, EMISSIONS):
        problems.append(Problem(place, f"{value:g} is negative", f"{name.lower()} are not"))
    return value


def _target(table, name, labels):
    """Rows, columns (and the extension) that a row of a sheet names; None when there is no such final demand."""
    S = len(table.sectors)

    def positions(region, sector):
        regions = range(len(table.regions)) if region == ALL else [table.regions.index(region)]
        members = range(S) if sector == ALL else [table.sectors.index(sector)]
        return np.array([r * S + i for r, i in product(regions, members)])

    cells = positions(*labels[:2])
    if name == COEFFICIENTS:
        return cells, positions(*labels[2:])
    if name == FINAL_DEMAND:
        region, category = labels[2:]
        columns = [k for k, (r, c) in enumerate(table.final_demand)
                   if category in (ALL, c) and (region == ALL or r == (None if region == ABROAD else region))]
        return (cells, np.array(columns)) if columns else None
    if name == VALUE_ADDED:
        components = _lists(table)["components"][1:]
        return (np.arange(len(components)) if labels[2] == ALL else np.array([components.index(labels[2])])), cells
    for extension, values in table.extensions.items():
        rows = 1 if np.ndim(values) == 1 else len(values)
        if labels[2] == extension:
            return np.arange(rows), cells, extension
        if labels[2] in (names := [f"{extension} {k}" for k in range(rows)]):
            return np.array([names.index(labels[2])]), cells, extension
    raise AssertionError(labels)
