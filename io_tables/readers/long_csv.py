"""A table as a list of flows: row_region, row_sector, column_region, column_sector, value[, unit].

Final use: column_sector is its category (rural, urban, government, fixed capital, inventories, ...) and
column_region its destination, blank for exports. Value added: row_region 'value added', row_sector the
component. Imports: row_region 'imports', row_sector the commodity or 'imports' for all of them. An error
column: column_sector 'error'. Physical extensions: row_region 'extension', row_sector 'name' or 'name|3'.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from io_tables.classification import normalise, provinces, sectors
from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import Mrio
from io_tables.readers.assemble import INDUSTRY, Entry, Labelled, assemble
from io_tables.readers.cells import known_unit, number
from io_tables.readers.names import ORIGINS, account, is_total, keys_of, near_slip
from io_tables.readers.sheets import decode
from io_tables.readers.totals import shown
from io_tables.readers.workbook import nationwide
from io_tables.units import UNITS, factor

COLUMNS = ("row_region", "row_sector", "column_region", "column_sector", "value")
VALUE_ADDED, IMPORTS, EXTENSION = "value added", "imports", "extension"
_PRIMARY = {normalise(t) for t in (VALUE_ADDED, "primary inputs", "value_added", "增加值", "最初投入")}


def is_long(path: str | Path) -> bool:
    """Whether the first line of a csv names the columns of a list of flows (at least three of them)."""
    with open(path, "rb") as handle:
        first = handle.readline().decode("utf-8-sig", errors="replace")
    names = {normalise(n.strip('" \r\n')) for n in first.split(",")}
    return sum(normalise(c) in names for c in COLUMNS) >= 3


def _frame(path: Path) -> pd.DataFrame:
    """The csv as text with our column names; raises InputError for missing columns."""
    data = path.read_bytes()
    if not data.strip():
        raise InputError(Problem(path.name, "the file is empty"))
    try:
        table = pd.read_csv(io.StringIO(decode(data, path.name)), dtype=str, keep_default_na=False)
    except pd.errors.ParserError as error:
        raise InputError(Problem(path.name, f"not a csv table ({error})")) from error
    found = {normalise(c): c for c in table.columns}
    missing = [c for c in COLUMNS if normalise(c) not in found]
    if missing:
        head = f"{path.name}!{path.stem}!A1"
        raise InputError([Problem(head, f"no column '{c}'", did_you_mean(c, table.columns)) for c in missing])
    names = {found[normalise(c)]: c for c in (*COLUMNS, "unit") if normalise(c) in found}
    return table[list(names)].rename(columns=names)


def _scale(table: pd.DataFrame, place, unit: str | None) -> np.ndarray:
    """Multiplier of each line to 10^8 yuan (1 for extensions, which keep their own unit)."""
    if unit is not None and unit not in UNITS:
        raise InputError(Problem("unit", f"unknown unit '{unit}'", did_you_mean(unit, UNITS)))
    if "unit" not in table:
        return np.full(len(table), 1.0 if unit is None else factor(unit, "亿元"))
    physical = (table["row_region"].map(normalise) == EXTENSION).to_numpy()
    scale, problems = np.ones(len(table)), []
    money = [u for u, (dimension, _) in UNITS.items() if dimension == "money"]
    for text, lines in table.groupby("unit", sort=False).indices.items():
        lines = lines[~physical[lines]]
        if not len(lines):
            continue
        known = known_unit(text) if text.strip() else unit
        if known is None or UNITS[known][0] != "money":
            what = f"'{text}' is no unit of money" if text.strip() else "no unit"
            problems.append(Problem(place(lines[0], 5), what, did_you_mean(text, money)))
        else:
            scale[lines] = factor(known, "亿元")
    if problems:
        raise InputError(problems)
    return scale


def _rows(table: pd.DataFrame, place) -> tuple[np.ndarray, list[Entry], dict[str, str], dict[str, str], list[Problem]]:
    """Row entry of each line, the entries, keys of regions and of sectors by label, and what is wrong."""
    codes, firsts = _distinct(table, "row_region", "row_sector")
    kinds = []
    for line in firsts:
        region, sector = table["row_region"].iat[line].strip(), table["row_sector"].iat[line].strip()
        if normalise(region) in _PRIMARY:
            kinds.append(("value added", region, sector))
        elif normalise(region) in ORIGINS and ORIGINS[normalise(region)] == "imports":
            kinds.append(("imports" if account("row", sector) else "imported", region, sector))
        elif normalise(region) == EXTENSION:
            kinds.append(("extension", region, sector))
        elif (hit := account("row", sector)) is not None and (not region or hit.role != "imports"):
            kinds.append((hit.role, region, sector))
        else:
            kinds.append((INDUSTRY, region, sector))
    industries = [(line, r, s) for line, (kind, r, s) in zip(firsts, kinds, strict=True) if kind == INDUSTRY]
    problems = [
        Problem(place(line, 1), f"'{r} {s}': a subtotal among the sectors", "delete its lines")
        for line, r, s in industries if is_total(s)
    ]
    region_of, wrong = _keys([(r, place(line, 0)) for line, r, s in industries if not is_total(s)], provinces())
    problems += wrong
    sector_of, wrong = _keys([(s, place(line, 1)) for line, _, s in industries if not is_total(s)], sectors())
    problems += wrong
    entries = []
    for line, (kind, region, sector) in zip(firsts, kinds, strict=True):
        where = place(line, 1)
        if kind == INDUSTRY:
            names = region_of.get(region, region), sector_of.get(sector, sector)
            entries.append(Entry(INDUSTRY, *names, INDUSTRY, where))
        elif kind == "imported":
            key = sector_of.get(sector) or sectors().find(sector) or sector
            if key not in set(sector_of.values()):
                remedy = did_you_mean(sector, sector_of.values())
                problems.append(Problem(where, f"'{sector}' is no sector of the table", remedy))
            entries.append(Entry(INDUSTRY, None, key, "imported", where))
        else:
            hit = account("row", sector)
            name = sector if kind == "extension" or hit is None else hit.key
            entries.append(Entry(name, None, None, kind, where))
    return codes, entries, region_of, sector_of, problems


def _columns(table: pd.DataFrame, place, region_of, sector_of) -> tuple[np.ndarray, list[Entry], list[Problem]]:
    """Column entry of each line, the entries and what is wrong; a category is whatever is no sector of the rows."""
    codes, firsts = _distinct(table, "column_region", "column_sector")
    entries, problems = [], []
    regions, names = list(dict.fromkeys(region_of.values())), set(sector_of.values())
    for line in firsts:
        region, sector = table["column_region"].iat[line].strip(), table["column_sector"].iat[line].strip()
        where, hit = place(line, 3), account("column", sector)
        region_key = region_of.get(region) or provinces().find(region) or region
        sector_key = sector_of.get(sector) or sectors().find(sector) or sector
        industry = sector_key in names and (hit is None or bool(region))
        if not industry and hit is None and (near := near_slip(sector, list(sector_of))):
            problems.append(Problem(where, f"'{sector}' is no sector of the rows", f"did you mean '{near[0]}'?"))
            continue
        if (industry or region) and region_key not in regions:
            remedy = did_you_mean(region, regions)
            problems.append(Problem(place(line, 2), f"'{region}' is no region of the rows", remedy))
        if industry:
            entries.append(Entry(INDUSTRY, region_key, sector_key, INDUSTRY, where))
            continue
        role, kind = ("final", sector) if hit is None else (hit.role, hit.key)
        apart = role != "final" and role != "total"
        entries.append(Entry(kind, None if apart or not region else region_key, None, role, where))
    return codes, entries, problems


def _keys(labels, classification):
    first: dict[str, str] = {}
    for label, where in labels:
        first.setdefault(label, where)
    return keys_of(list(first), list(first.values()), classification)


def _distinct(table: pd.DataFrame, one: str, two: str) -> tuple[np.ndarray, list[int]]:
    """Code of each line's pair of labels, and the first line of each code in order of appearance."""
    pair = pd.MultiIndex.from_arrays([table[one].str.strip(), table[two].str.strip()])
    codes, _ = pd.factorize(pair)
    _, firsts = np.unique(codes, return_index=True)
    return codes, [int(f) for f in firsts]


def read_long_csv(
    path: str | Path, *, unit: str | None = None, tolerance: float = 1e-6, all_provinces: bool = True
) -> Mrio:
    """A list of flows (csv, UTF-8 or GB18030) as an Mrio in 10^8 yuan; lines left out are zero.

    unit : of lines without one (default 10^8 yuan). Labels of Chinese provinces and sectors become our keys.
    Raises InputError with every unknown label, doubled line, text among the numbers, unit that is no money,
    missing industry and unbalanced column.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(Problem(str(path), "is a folder, not a table"))
    if not path.is_file():
        near = [p.name for p in sorted(path.parent.glob("*"))] if path.parent.is_dir() else []
        raise InputError(Problem(str(path), "no such file", did_you_mean(path.name, near) if near else ""))
    table = _frame(path)

    def place(line: int, column: int) -> str:
        return f"{path.name}!{path.stem}!{'ABCDEF'[column]}{line + 2}"

    values = pd.to_numeric(table["value"], errors="coerce").to_numpy(dtype=float, copy=True)
    problems = []
    for line in np.flatnonzero(~np.isfinite(values)):
        found, flag = number(table["value"].iat[line])
        if flag == "text":
            problems.append(Problem(place(line, 4), f"'{table['value'].iat[line]}' is not a number"))
        values[line] = 0.0 if found is None else found
    problems = shown(problems)
    scale = np.ones(len(table))
    try:
        scale = _scale(table, place, unit)
    except InputError as error:
        problems += error.problems
    row_codes, rows, region_of, sector_of, wrong = _rows(table, place)
    problems += wrong
    column_codes, columns, wrong = _columns(table, place, region_of, sector_of)
    problems += wrong
    cell = row_codes.astype(np.int64) * (len(columns) + 1) + column_codes
    _, first, counts = np.unique(cell, return_index=True, return_counts=True)
    if (counts > 1).any():
        repeated = np.flatnonzero(pd.Series(cell).duplicated())
        problems += shown([
            Problem(place(int(k), 0), f"{' '.join(table.iloc[k, :4])}: line occurs twice", "delete one of them")
            for k in repeated
        ])
    if problems:
        raise InputError(problems)
    matrix = np.zeros((len(rows), len(columns)))
    matrix[row_codes, column_codes] = values * scale
    lines = dict(zip(cell.tolist(), range(len(cell)), strict=True))

    def cell_place(i: int, j: int) -> str:
        line = lines.get(i * (len(columns) + 1) + j)
        return rows[i].where if line is None else place(line, 4)

    physical = [i for i, e in enumerate(rows) if e.role == EXTENSION]
    monetary = [i for i in range(len(rows)) if i not in set(physical)]
    mrio = assemble(
        Labelled([rows[i] for i in monetary], columns, matrix[monetary], lambda i, j: cell_place(monetary[i], j)),
        tolerance=tolerance,
    )
    if all_provinces:
        nationwide(mrio, path.name)
    return _with_extensions(mrio, rows, columns, matrix, physical)


def _with_extensions(mrio: Mrio, rows, columns, matrix, physical) -> Mrio:
    """The table with its physical rows, several rows of one name stacked."""
    if not physical:
        return mrio
    at = {(e.region, e.sector): j for j, e in enumerate(columns) if e.role == INDUSTRY}
    order = [at[r, s] for r in mrio.regions for s in mrio.sectors]
    stacked: dict[str, dict[int, np.ndarray]] = {}
    for i in physical:
        name, _, index = rows[i].kind.partition("|")
        stacked.setdefault(name, {})[int(index) if index else -1] = matrix[i, order]
    extensions = {
        name: lines[-1] if set(lines) == {-1} else np.array([lines[k] for k in sorted(lines)])
        for name, lines in stacked.items()
    }
    return Mrio(
        mrio.regions, mrio.sectors, mrio.Z, mrio.Y, mrio.value_added, mrio.imports, mrio.final_imports,
        mrio.final_demand, extensions, mrio.value_added_labels, mrio.error,
    )
