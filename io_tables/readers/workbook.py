"""A workbook (or wide csv) that holds an input-output table: the right sheet, its unit, its Mrio."""

from __future__ import annotations

import re
from pathlib import Path

from io_tables.classification import provinces
from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import Mrio
from io_tables.readers.assemble import assemble
from io_tables.readers.entries import industry_count, label_block
from io_tables.readers.matrix import Block, locate, unit_of
from io_tables.readers.sheets import Sheet, read_sheets
from io_tables.units import UNITS, factor

#: Provinces from which a table is taken to mean the whole country.
NATIONWIDE = 20
NATION = "China"


def _region_named(sheet: Sheet, top: int) -> str:
    """The province a single-region table is about, from its title, sheet or file name; the nation otherwise."""
    titles = [str(c) for row in sheet.rows[:top] for c in row if isinstance(c, str) and c.strip()]
    for text in (*titles[:4], sheet.name, Path(sheet.file).stem):
        for part in (text, *re.split(r"[\s_\-]+", text)):
            if (found := provinces().find(part)) is not None and not part.isdecimal():
                return found
        for key, zh in zip(provinces().keys, provinces().names_zh, strict=True):
            if zh in text:
                return key
    return NATION


def choose_sheet(path: str | Path, sheet: str | None = None) -> Block:
    """The block of the sheet that holds an input-output table (or of the named sheet).

    Raises InputError naming the sheets when none does.
    """
    sheets = read_sheets(path)
    names = [s.name for s in sheets]
    if sheet is not None:
        if sheet not in names:
            raise InputError(Problem(Path(path).name, f"no sheet '{sheet}'", did_you_mean(sheet, names)))
        sheets = tuple(s for s in sheets if s.name == sheet)
    blocks = [b for s in sheets if (b := locate(s)) is not None]
    if not blocks:
        raise InputError(
            Problem(Path(path).name, f"no sheet holds a table of numbers (sheets: {', '.join(names)})")
        )
    counts = [industry_count(b) for b in blocks]
    if max(counts) == 0 and (len(blocks) > 1 or sheet is not None):
        raise InputError(Problem(
            f"{Path(path).name}!{blocks[0].sheet.name}" if sheet else Path(path).name,
            f"no input-output table found (sheets: {', '.join(names)})",
            "expected industries in rows and columns, value added below (VA001, 增加值) and final use at the right",
        ))
    return blocks[counts.index(max(counts))]


def money_factor(unit: str | None, words: str, place: str, asked: str | None) -> float:
    """Multiplier to 10^8 yuan of the unit a table declares, or of the unit the caller states.

    Raises InputError when there is neither, or the unit is not money.
    """
    if asked is not None:
        unit, words, place = asked, asked, "unit"
        if asked not in UNITS:
            raise InputError(Problem(place, f"unknown unit '{asked}'", did_you_mean(asked, UNITS)))
    if unit is None:
        what = f"unknown unit '{words}'" if words else "no unit found (单位: or Unit:)"
        near = did_you_mean(words, [u for u, (d, _) in UNITS.items() if d == "money"]) if words else ""
        raise InputError(Problem(place, what, near or "state one in the sheet, e.g. 单位：万元, or give unit='万元'"))
    if UNITS[unit][0] != "money":
        raise InputError(Problem(place, f"'{unit}' is a unit of {UNITS[unit][0]}", "an input-output table is in money"))
    return factor(unit, "亿元")


def nationwide(table: Mrio, place: str) -> None:
    """Raises InputError naming the provinces that a table of at least 20 provinces lacks."""
    known = provinces().keys
    present = set(table.regions) & set(known)
    if NATIONWIDE <= len(present) < len(known):
        remedy = "add it, or read with all_provinces=False"
        raise InputError([
            Problem(place, f"{p} ({provinces().zh(p)}): province is missing", remedy) for p in known if p not in present
        ])


def read_wide(
    path: str | Path, *, sheet: str | None = None, unit: str | None = None, region: str | None = None,
    tolerance: float = 1e-6, all_provinces: bool = True,
) -> Mrio:
    """A table laid out as a matrix in a workbook or csv, in 10^8 yuan.

    sheet : its name where content does not tell; unit : its money unit where the sheet does not say;
    region : name of the only region where the table has none; all_provinces : require all 31 of a table that
    has at least 20 of them. Raises InputError with everything that is wrong, each with its place.
    """
    block = choose_sheet(path, sheet)
    problems: list[Problem] = []
    scale = 1.0
    try:
        scale = money_factor(*unit_of(block), unit)
    except InputError as error:
        problems += error.problems
    try:
        labelled = label_block(block, region or _region_named(block.sheet, block.top))
        table = assemble(labelled, factor=scale, tolerance=tolerance)
        if all_provinces:
            nationwide(table, block.sheet.place)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    return table
