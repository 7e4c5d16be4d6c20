"""Which cells of yearbook tables are facts the model knows: variable, province, year, value in internal units."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.yearbook_labels import Line
from calibration.yearbook_layout import YearbookTable
from calibration.yearbook_sums import DERIVED_ZERO
from io_tables.classification import normalise
from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.readers.cells import find_year
from io_tables.readers.names import near_slip
from io_tables.units import UNITS, factor

FACT_COLUMNS = ("variable", "province", "year", "value", "unit", "source", "status")
BALANCE, INPUT_OUTPUT = "energy balance", "input-output"
#: The unit facts are given in, by dimension; the internal units of the project.
INTERNAL = {
    "money": "10^8 yuan", "energy": "PJ", "electricity": "TWh", "power": "GW", "mass": "Mt",
    "people": "million persons", "gas volume": "1e8 m3", "vehicles": "million",
}
#: Two editions give the same figure when they agree to this share.
AGREE = 5e-4
_HERE = Path(__file__).parent
_NO_LEVEL = re.compile(
    r"指数|增长|增速|构成|比重|占比|比上年|不变价|可比价|人均|贡献率|拉动|就业|从业|密度|"
    r"Index|Growth|per capita",
    re.IGNORECASE,
)
_NEUTRAL = re.compile(
    r"^(?:绝对数|绝对值|总量|当年价格?|现价|本年|全年|数量|产量|数值|指标值|年末数?|合计|总计|"
    r"value|total)?$",
    re.IGNORECASE,
)
_BALANCE_ROWS = ("终端消费量", "可供本地区消费的能源量", "可供消费的能源量")


@dataclass(frozen=True)
class Item:
    """A variable of yearbook_items.csv.

    unit : its usual unit (its dimension decides between namesakes); context : what the table must be about;
    embedded : (fact table, item) pairs of io_tables/china_2020 it stands for.
    """

    variable: str
    unit: str
    context: re.Pattern[str]
    embedded: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]

    @property
    def dimension(self) -> str:
        """Dimension of its unit."""
        return UNITS[self.unit][0]


@cache
def items() -> tuple[Item, ...]:
    """The variables that can be recognised."""
    with open(_HERE / "yearbook_items.csv", encoding="utf-8", newline="") as handle:
        return tuple(
            Item(
                row["variable"], row["unit"], re.compile(row["context"]),
                tuple(tuple(pair.split(":")) for pair in row["embedded"].split(";") if pair),
                tuple(row["labels"].split(";")),
            )
            for row in csv.DictReader(handle)
        )


@cache
def _by_label() -> dict[str, tuple[Item, ...]]:
    found: dict[str, list[Item]] = {}
    for item in items():
        for label in item.labels:
            found.setdefault(normalise(label), []).append(item)
    return {label: tuple(kinds) for label, kinds in found.items()}


@cache
def _balance_keys() -> dict[tuple[str, str], str]:
    with open(_HERE / "yearbook_balance.csv", encoding="utf-8", newline="") as handle:
        return {
            (row["axis"], normalise(label)): row["key"]
            for row in csv.DictReader(handle) for label in row["labels"].split(";")
        }


def is_balance(table: YearbookTable) -> bool:
    """Whether a table is an energy balance."""
    return any(line.item in _BALANCE_ROWS for line in table.rows)


def is_input_output(table: YearbookTable) -> bool:
    """Whether a table is an input-output table: industries by industries, read for facts by `read_mrio` only."""
    rows, columns = ({line.item for line in lines} for lines in (table.rows, table.columns))
    return bool({"总投入", "Total inputs"} & rows) and len(rows & columns) > 2


def kind_of(table: YearbookTable) -> str:
    """What a table is about: 'energy balance', 'input-output', the dimension of its variables, or ''."""
    if is_balance(table):
        return BALANCE
    if is_input_output(table):
        return INPUT_OUTPUT
    about = _about(table)
    found = [i.dimension for line in (*table.rows, *table.columns) for i in _candidates(line, about)]
    return max(set(found), key=found.count) if found else ""


def _about(table: YearbookTable) -> str:
    """Everything that may tell what a table is about."""
    return " ".join([table.title, table.sheet, *(x.item for x in table.rows), *(x.item for x in table.columns)])


def _candidates(line: Line, about: str) -> list[Item]:
    """Variables a row or column may stand for: by its whole label, else by its last level."""
    for text in dict.fromkeys((line.item, *reversed(line.parts))):
        if text and (found := _by_label().get(normalise(text))):
            return [item for item in found if item.context.search(about)]
    return []


def _title_items(table: YearbookTable) -> list[Item]:
    """Variables named in the title of a table whose axes are provinces and years."""
    text = table.title + table.sheet
    title, short = normalise(text), 2 if "产量" in text else 3
    best: list[tuple[int, Item]] = [
        (len(label), item)
        for label, kinds in _by_label().items() for item in kinds
        if len(label) >= short and label in title and item.context.search(text)
    ]
    longest = max((size for size, _ in best), default=0)
    return [item for size, item in best if size == longest]


@dataclass(frozen=True)
class _Cell:
    variable: str
    dimension: str | None
    unit: str | None
    province: str | None
    year: int | None


def _cells(table: YearbookTable) -> Iterable[tuple[int, int, list[_Cell]]]:
    """(row, column, readings) of every cell that stands for a known variable."""
    if is_input_output(table):
        return
    about, titled = _about(table), _title_items(table)
    balance = is_balance(table)
    by_row = [_candidates(line, about) for line in table.rows]
    by_column = [_candidates(line, about) for line in table.columns]
    for i, row in enumerate(table.rows):
        for j, column in enumerate(table.columns):
            province = row.province or column.province or table.province
            year = row.year or column.year or table.year
            unit = row.unit or column.unit or table.unit
            if balance:
                keys = _balance_keys()
                flow, carrier = keys.get(("row", normalise(row.item))), keys.get(("column", normalise(column.item)))
                if flow and carrier:
                    yield i, j, [_Cell(f"{BALANCE}|{flow}|{carrier}", None, unit, province, year)]
                continue
            if _NO_LEVEL.search(" ".join((row.item, column.item, *column.parts))):
                continue
            if by_row[i] and (not column.item or _NEUTRAL.match(column.item)):
                found = by_row[i]
            elif by_column[j] and (not row.item or _NEUTRAL.match(row.item)):
                found = by_column[j]
            elif not row.item and not column.item:
                found = titled
            else:
                continue
            yield i, j, [_Cell(item.variable, item.dimension, unit, province, year) for item in found]


def _misspelt_units(table: YearbookTable) -> dict[tuple, Problem]:
    """Headers whose item is known and whose bracket is a slip of a unit: '水电(亿千瓦石)'."""
    about, found = _about(table), {}
    for line in (*table.rows, *table.columns):
        bare, _, bracket = line.item.rstrip(")").rpartition("(")
        if bare and line.unit is None and (known := _by_label().get(normalise(bare))):
            near = near_slip(bracket, list(UNITS))
            if near and any(item.context.search(about) for item in known):
                what = f"{known[0].variable}: unknown unit '{bracket}'"
                found[known[0].variable, bracket] = Problem(line.place, what, f"did you mean '{near[0]}'?")
    return found


def table_facts(table: YearbookTable) -> tuple[list[tuple], list[Problem], list[Problem]]:
    """Facts of one table, mistakes that stop (no unit, unknown unit), and what was left out and why."""
    facts, stop, left = [], _misspelt_units(table), {}
    derived_title = bool(_NO_LEVEL.search(table.title))
    for i, j, readings in _cells(table):
        value = table.values[i, j]
        if not readings or not np.isfinite(value):
            continue
        cell, place = readings[0], str(table.places[i, j])
        unit = cell.unit
        if unit is None or unit not in UNITS:
            if derived_title:
                continue
            words = unit or table.unit_words
            what, remedy = f"{cell.variable}: no unit found (单位:)", "state it above the table, e.g. 单位：亿元"
            if words:
                what = f"{cell.variable}: unknown unit '{words}'"
                remedy = did_you_mean(words, [u for u, (d, _) in UNITS.items() if cell.dimension in (None, d)])
            stop.setdefault((cell.variable, words), Problem(place, what, remedy))
            continue
        dimension = UNITS[unit][0]
        fitting = next((r for r in readings if r.dimension in (None, dimension)), None)
        if fitting is None or (derived_title and re.search("不变价|可比价", table.title)):
            if dimension != "share" and not derived_title:
                what = f"{cell.variable} in {unit} is no {cell.dimension}"
                left.setdefault((cell.variable, "unit"), Problem(place, what, "left out"))
            continue
        if fitting.province is None or fitting.year is None:
            missing = "province" if fitting.province is None else "year"
            what = f"{fitting.variable}: no {missing} in rows, columns, title, sheet or file name"
            left.setdefault((fitting.variable, missing), Problem(place, what, "left out"))
            continue
        internal = INTERNAL.get(dimension)
        if internal is None:
            continue
        status = "derived" if table.flags[i, j] == DERIVED_ZERO else "official"
        key = (fitting.variable, fitting.province, fitting.year)
        facts.append((*key, float(value) * factor(unit, internal), internal, place, status))
    return facts, list(stop.values()), list(left.values())


def gather_facts(tables: Sequence[YearbookTable]) -> tuple[pd.DataFrame, list[Problem]]:
    """Facts of all tables, one per (variable, province, year), and what was left out.

    Where editions of different years disagree the later one holds and the earlier is noted as left out.
    Raises InputError for a missing or unknown unit, and for two values of one fact in the same edition.
    """
    stop: list[Problem] = []
    left: list[Problem] = []
    chosen: dict[tuple, tuple] = {}
    for table in tables:
        facts, wrong, out = table_facts(table)
        stop += wrong
        left += out
        for fact in facts:
            key, first = fact[:3], chosen.get(fact[:3])
            if first is None or abs(first[3] - fact[3]) <= AGREE * max(abs(first[3]), abs(fact[3])):
                chosen.setdefault(key, fact)
                continue
            editions = [find_year(f[5].split("!")[0]) for f in (first, fact)]
            if None in editions or editions[0] == editions[1]:
                what = f"{' '.join(map(str, key))}: {fact[3]:.10g} {fact[4]} here, {first[3]:.10g} at {first[5]}"
                stop.append(Problem(fact[5], what, "keep one of them"))
                continue
            later, earlier = (fact, first) if editions[1] > editions[0] else (first, fact)
            chosen[key] = later
            left.append(Problem(earlier[5], f"{' '.join(map(str, key))}: {earlier[3]:.10g}", f"revised at {later[5]}"))
    if stop:
        raise InputError(stop)
    frame = pd.DataFrame(list(chosen.values()), columns=list(FACT_COLUMNS))
    return frame.sort_values(["variable", "province", "year"], kind="stable", ignore_index=True), left
