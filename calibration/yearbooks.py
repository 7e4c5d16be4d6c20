"""A folder of yearbook workbooks as one long table with places, its sums checked, and the facts in it.

`read_yearbooks` reads every .xls, .xlsx, .xlsb, .ods and .csv of a folder; `Yearbooks.facts` are the figures that
`run_model.py calibrate --yearbooks DIR` puts in place of the embedded ones (`override`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.yearbook_facts import gather_facts, items, kind_of
from calibration.yearbook_layout import YearbookTable, read_tables
from calibration.yearbook_sums import Check, close_sums
from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.readers.sheets import TEXT_TABLES, WORKBOOKS, read_sheets
from io_tables.readers.totals import slip
from io_tables.units import factor

COLUMNS = (
    "title", "kind", "item", "column", "province", "year", "unit", "value", "source", "flag", "depth", "of_which"
)
#: A sheet whose figures are off by a power of ten from the embedded ones in at least this many provinces is a slip.
SLIPPED = 3
_PLACE_COLUMNS = ("province", "region")
_ITEM_COLUMNS = (("item",), ("product",), ("quantity", "source_of_power"))


@dataclass(frozen=True)
class Yearbooks:
    """What a folder of yearbooks says.

    tables : every table found, continued ones joined, unknowns that must be zero set to zero.
    checks : every published total beside the sum of its parts, the statistical difference of energy balances.
    problems : what a reader should look at: totals that differ from their parts, figures left out and why.
    skipped : sheets without a table.
    """

    tables: tuple[YearbookTable, ...]
    checks: tuple[Check, ...]
    problems: tuple[Problem, ...]
    skipped: tuple[str, ...]
    _facts: pd.DataFrame

    @cached_property
    def table(self) -> pd.DataFrame:
        """All cells, one per line: COLUMNS, with source ``file!sheet!cell`` and the flag of unknowns.

        of_which marks items that are part of the item above (其中, #): never add them to it.
        """
        rows = []
        for table in self.tables:
            kind = kind_of(table)
            for i, row in enumerate(table.rows):
                for j, column in enumerate(table.columns):
                    item, across = (row.item, column.item) if row.item else (column.item, "")
                    rows.append((
                        table.title, kind, item, across, row.province or column.province or table.province,
                        row.year or column.year or table.year, row.unit or column.unit or table.unit,
                        table.values[i, j], table.places[i, j], table.flags[i, j],
                        row.label.depth, row.label.of_which or column.label.of_which,
                    ))
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def facts(self) -> pd.DataFrame:
        """Recognised figures in internal units: variable, province, year, value, unit, source, status."""
        return self._facts.copy()

    def check_table(self) -> pd.DataFrame:
        """The checks as a table: what, where, published, summed, tolerance, status."""
        return pd.DataFrame([vars(c) for c in self.checks], columns=list(Check.__dataclass_fields__))


def read_yearbooks(folder: str | Path) -> Yearbooks:
    """Read all workbooks of a folder (or one file).

    Raises InputError with every mistake in every file: unreadable files, text among numbers, misspelt provinces,
    figures without a unit, one figure with two values; nothing is guessed.
    """
    folder = Path(folder)
    if folder.is_file():
        files = [folder]
    elif folder.is_dir():
        there = (p for p in folder.iterdir() if p.suffix.lower() in (*WORKBOOKS, *TEXT_TABLES))
        files = sorted(p for p in there if not p.name.startswith(("~$", ".")))
    else:
        there = [p.name for p in folder.parent.iterdir()] if folder.parent.is_dir() else []
        raise InputError(Problem(str(folder), "no such folder", did_you_mean(folder.name, there) if there else ""))
    if not files:
        raise InputError(Problem(str(folder), "no workbook in the folder", "expected .xlsx, .xls, .xlsb, .ods or .csv"))
    tables: list[YearbookTable] = []
    problems: list[Problem] = []
    skipped: list[str] = []
    for file in files:
        try:
            sheets = read_sheets(file)
        except InputError as error:
            problems += error.problems
            continue
        found, wrong = read_tables(sheets)
        tables += found
        problems += wrong
        used = {t.sheet for t in found}
        skipped += [s.place for s in sheets if s.name not in used]
    closed = [close_sums(t) for t in tables]
    tables, checks = [t for t, _ in closed], [c for _, found in closed for c in found]
    facts, left = pd.DataFrame(), []
    try:
        facts, left = gather_facts(tables)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    notes = [
        Problem(c.where, f"{c.what}: published {c.published:.10g}, parts add up to {c.summed:.10g}", "see the source")
        for c in checks if c.status == "differs"
    ]
    return Yearbooks(tuple(tables), tuple(checks), tuple(notes + left), tuple(skipped), facts)


def _keyed(facts: pd.DataFrame, table: str) -> tuple[str, list[str], list[tuple[str, str, int]]]:
    """The column of provinces, those that name the item, and the (item, province, year) of every row."""
    place = next((n for n in _PLACE_COLUMNS if n in facts.columns), None)
    names = next((list(n) for n in _ITEM_COLUMNS if set(n) <= set(facts.columns)), None)
    if place is None or names is None:
        raise InputError(f"{table}: expected columns {' or '.join(_PLACE_COLUMNS)}, and item or product")
    items_ = facts[names].fillna("").astype(str).agg(" ".join, axis=1)
    return place, names, list(zip(items_, facts[place], facts["year"].astype(int), strict=True))


def replacements(facts: pd.DataFrame, yearbook_facts: pd.DataFrame, table: str) -> pd.DataFrame:
    """Which figures of a fact table the yearbooks replace or add, and by how much.

    facts : rows of `table` (e.g. 'provincial_value_added.csv'): item or product, province or region, year, value,
    unit. Years the table does not hold for an item, and places it does not hold at all, are not added.
    Returns columns item, province, year, unit, old (NaN where added), new, change (new/old - 1), source, status.
    Raises InputError where a sheet is off by a power of ten in three provinces or more.
    """
    _, _, keys = _keyed(facts, table)
    old = dict(zip(keys, facts["value"].astype(float), strict=True))
    units = {(item, year): unit for (item, _, year), unit in zip(keys, facts["unit"], strict=True)}
    places = {p for _, p, _ in keys}
    rows = []
    for item in items():
        mine = yearbook_facts[yearbook_facts["variable"] == item.variable].to_dict("records")
        for embedded in (name for file, name in item.embedded if file == table):
            for fact in mine:
                key = (embedded, fact["province"], int(fact["year"]))
                unit = units.get((embedded, key[2]))
                if unit is None or fact["province"] not in places:
                    continue
                value, before = fact["value"] * factor(fact["unit"], unit), old.get(key, np.nan)
                change = value / before - 1.0 if np.isfinite(before) and before != 0.0 else np.nan
                rows.append((*key, unit, before, value, change, fact["source"], fact["status"]))
    report = pd.DataFrame(
        rows, columns=["item", "province", "year", "unit", "old", "new", "change", "source", "status"]
    )
    _refuse_slips(report)
    return report


def _refuse_slips(report: pd.DataFrame) -> None:
    """Raises InputError naming the first cell of each sheet and item that is off by a power of ten."""
    problems = []
    sheets = report["source"].str.rsplit("!", n=1).str[0]
    for (sheet, item), rows in report.groupby([sheets, "item"], sort=False):
        powers = [slip(1.0 + c) for c in rows["change"] if np.isfinite(c)]
        off = [p for p in powers if p is not None]
        if len(off) >= SLIPPED and len(off) > len(powers) / 2:
            power = max(set(off), key=off.count)
            what = f"{item} is {10.0**power:g} times the figure known for {off.count(power)} provinces"
            first = min(rows["source"], key=lambda place: (len(place), place))
            problems.append(Problem(first, what, f"check the unit of {sheet} for a slip"))
    if problems:
        raise InputError(problems)


def override(facts: pd.DataFrame, yearbook_facts: pd.DataFrame, table: str) -> pd.DataFrame:
    """The fact table with the yearbooks' figures in place of its own, and those it lacked appended.

    Value, source (``file!sheet!cell``) and status are replaced, the table's unit and other columns stay. See
    `replacements` for what changed and by how much.
    """
    report = replacements(facts, yearbook_facts, table)
    place, _, keys = _keyed(facts, table)
    out = facts.astype({"value": float}).copy()
    at = dict(zip(keys, out.index, strict=True))
    alike = {item: row for row, (item, _, _) in zip(facts.to_dict("records"), keys, strict=True)}
    added = []
    for row in report.to_dict("records"):
        new = {"value": row["new"], "source": row["source"], "status": row["status"]}
        k = at.get((row["item"], row["province"], row["year"]))
        if k is None:
            added.append({**alike[row["item"]], place: row["province"], "year": row["year"], **new})
        else:
            out.loc[k, list(new)] = list(new.values())
    return out if not added else pd.concat([out, pd.DataFrame(added)], ignore_index=True)[list(facts.columns)]


def embedded_tables() -> tuple[str, ...]:
    """The fact tables of io_tables/china_2020 that yearbooks can override."""
    return tuple(dict.fromkeys(file for item in items() for file, _ in item.embedded))


def overridden_folder(embedded: Path, yearbook_facts: pd.DataFrame, into: Path) -> pd.DataFrame:
    """Copy a folder of fact tables with the yearbooks' figures in place of the embedded ones.

    Returns the report of all tables: table, and the columns of `replacements`. Raises InputError as it does, before
    anything is written.
    """
    reports, tables = [], {}
    problems: list[Problem] = []
    for name in embedded_tables():
        facts = pd.read_csv(embedded / name)
        try:
            report = replacements(facts, yearbook_facts, name)
        except InputError as error:
            problems += error.problems
            continue
        reports.append(report.assign(table=name))
        if len(report):
            tables[name] = override(facts, yearbook_facts, name)
    if problems:
        raise InputError(problems)
    for path in sorted(embedded.glob("*.csv")):
        shutil.copyfile(path, into / path.name)
    for name, facts in tables.items():
        facts.to_csv(into / name, index=False, lineterminator="\n")
    return pd.concat(reports, ignore_index=True)
