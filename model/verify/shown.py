"""Figures of the workbook and the IAMC file against the long table."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from model.verify.checks import DIGITS, Check, closes
from model.verify.folder import Damaged
from model.verify.table import NATION, TOTAL, Recount

#: First cell of the row of units beneath the head of every table of the workbook.
UNIT_ROW = "单位 Unit"
#: (table unit, unit shown in the workbook or the IAMC file) -> multiplier from the table.
SHOWN = {
    ("10^8 yuan", "亿元"): 1.0, ("PJ", "万吨标准煤"): 100 / 29.3076, ("PJ", "10^4 tce"): 100 / 29.3076,
    ("PJ", "亿千瓦时"): 10 / 3.6, ("PJ", "10^8 kWh"): 10 / 3.6, ("PJ", "TWh"): 1 / 3.6,
    ("Mt CO2", "万吨CO2"): 100.0, ("Mt CO2", "10^4 t CO2"): 100.0, ("Mt", "万吨"): 100.0, ("Mt", "10^4 t"): 100.0,
    ("GW", "万千瓦"): 100.0, ("GW", "10^4 kW"): 100.0, ("TWh", "亿千瓦时"): 10.0, ("TWh", "10^8 kWh"): 10.0,
    ("million persons", "万人"): 100.0, ("million persons", "10^4 persons"): 100.0,
    ("10^8 yuan", "billion CNY_2020/yr"): 0.1, ("PJ", "EJ/yr"): 1e-3, ("TWh", "EJ/yr"): 3.6e-3,
    ("Mt CO2", "Mt CO2/yr"): 1.0, ("Mt", "Mt/yr"): 1.0, ("million vehicles", "million"): 1.0,
    ("million persons", "million"): 1.0,
    ("t CO2/10^4 yuan", "kg CO2/CNY_2020"): 0.1, ("1e9 tkm", "billion tkm/yr"): 1.0, ("1", ""): 1.0,
    ("1e9 tkm", "亿吨公里"): 10.0, ("1e9 tkm", "10^8 tkm"): 10.0, ("1e9 pkm", "亿人公里"): 10.0,
    ("1e9 pkm", "10^8 pkm"): 10.0, ("Mm2", "万平方米"): 100.0, ("Mm2", "10^4 m2"): 100.0,
    ("t CO2/10^4 yuan", "吨CO2/万元"): 1.0,
    ("1e9 pkm", "billion pkm/yr"): 1.0, ("Mm2", "million m2"): 1.0, ("yuan/t CO2", "CNY_2020/t CO2"): 1.0,
}


def same(name: str, shown: list[tuple], run: Recount) -> Check:
    """Figures (variable, region, sector, year, unit shown, value) of another file against the table."""
    if not shown:
        return Check(name, math.inf, DIGITS, "no figures found")
    at = [{label: i for i, label in enumerate(labels)} for labels in run.labels]
    expected = np.zeros(len(shown))
    for i, (*key, unit, _) in enumerate(shown):
        cell = tuple(axis.get(part) for axis, part in zip(at, key, strict=True))
        own = run.units.get(key[0])
        multiple = 1.0 if own == unit else SHOWN.get((own, unit), math.nan)
        expected[i] = math.nan if None in cell else run.cube[cell] * multiple
    value = np.array([entry[-1] for entry in shown])
    # Sums of rounded figures may differ in the last of ten digits, hence a floor for totals near zero.
    largest: dict[str, float] = {}
    for entry in shown:
        largest[entry[0]] = max(largest.get(entry[0], 0.0), abs(entry[-1]))
    scale = np.fmax(np.abs(expected), [1e-4 * largest[entry[0]] for entry in shown])
    return closes(name, value - expected, scale, ([" ".join(map(str, entry[:4])) for entry in shown],), DIGITS)


def of_iamc(path: Path, run: Recount) -> list[tuple]:
    try:
        found = _melted(pd.read_csv(path, keep_default_na=False, dtype=str), run)
    except (ValueError, KeyError, OSError) as error:
        raise Damaged([f"{path}: cannot be read: {type(error).__name__} {error}"]) from None
    shown, whole = sum(sector == TOTAL for _, _, sector, *_ in found), int(run.present[:, :, run.total].sum())
    if shown != whole:
        raise Damaged([f"{path}: has {shown} figures without sector, the table {whole}"])
    return found


def _melted(wide: pd.DataFrame, run: Recount) -> list[tuple]:
    if absent := {"Region", "Variable", "Unit"} - set(wide.columns):
        raise KeyError(f"no column {', '.join(sorted(absent))}")
    years = [c for c in wide.columns if re.fullmatch(r"\d{4}", c)]
    variables, found = set(run.variables), []
    for row in wide.to_dict("records"):
        variable, sector = row["Variable"], TOTAL
        if variable not in variables:
            variable, _, sector = variable.rpartition("|")
        found += [(variable, row["Region"], sector, int(y), row["Unit"], float(row[y])) for y in years if row[y] != ""]
    return found


def of_workbook(path: Path, run: Recount) -> list[tuple]:
    """Every figure of the workbook's tables. A table is known by the row that begins with its unit: the head stands
    above it, and its second cell names the variable (and year, where the columns are provinces or fuels)."""
    try:
        book = CalamineWorkbook.from_path(path)
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (CalamineError, OSError) as error:
        raise Damaged([f"{path}: cannot be read: {error}"]) from None
    found: list[tuple] = []
    for rows in sheets.values():
        for at in range(1, len(rows)):
            if str(rows[at][0]) == UNIT_ROW:
                found += _drawn(rows, at, run)
    return found


def _drawn(rows: list[list], at: int, run: Recount) -> list[tuple]:
    """Figures of the table whose unit row is `at`: rows are provinces, sectors or, with a column that names them,
    variables of the nation; columns are years, or provinces or fuels of the year in the tag 'variable @ year'."""
    head, units, found = [str(cell) for cell in rows[at - 1]], [str(cell) for cell in rows[at]], []
    tag, _, fixed = units[1].partition(" @ ")
    named = next((c for c, text in enumerate(head) if text.startswith(("变量", "Variable"))), None)
    first, last = (3, named) if named else (2, max(c for c, text in enumerate(head) if text) + 1)
    for row in rows[at + 1 :]:
        if str(row[0]) == UNIT_ROW:
            break
        for column in range(first, last):
            label = head[column].split("\n")[-1]
            place, sector, year = NATION, TOTAL, int(fixed) if fixed else int(float(label))
            variable, unit = (str(row[named]), str(row[2])) if named else (tag, units[column])
            if not named and str(row[1]) in run.regions:
                place = str(row[1])
            elif not named and str(row[1]) in run.sectors:
                sector = str(row[1])
            elif not named:
                continue
            if "*" in variable:
                variable = variable.removesuffix("|*") if label == TOTAL else variable.replace("*", label)
            elif fixed:
                place = label
            if variable in run.units and sector in run.sectors and place in run.regions:
                value = row[column] if isinstance(row[column], (int, float)) else math.nan
                found.append((variable, place, sector, year, unit, float(value)))
    return found
