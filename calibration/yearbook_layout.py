"""Where the tables of a yearbook sheet lie and what heads their rows and columns, found by content.

A sheet holds one table or several, each with a title, a unit line, one or more header lines, label columns and
numbers; 续表 continues the table before it, on the same sheet or the next. Nothing is assumed about positions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.yearbook_labels import Line, name_provinces, province_within, read_line
from io_tables.errors import Problem
from io_tables.readers.cells import find_unit, find_year, is_year, known_unit, number, parse_label, squeeze, tidy
from io_tables.readers.matrix import is_code
from io_tables.readers.sheets import Sheet, is_blank

_CONTINUED = re.compile(r"续\s*表|[(（]\s*续\s*\d*\s*[)）]|^续\s*\d*$|\bcontinued\b", re.IGNORECASE)
_NUMBERED = re.compile(r"^\s*(\d+\s*[-—－–]\s*\d+(?:\s*[-—－–]\s*\d+)?)\b")
_NOTE = re.compile(r"^(?:注|资料来源|数据来源|说明|备注|note|source|a\)|b\))", re.IGNORECASE)
_HEADER_WORDS = (
    "项目", "地区", "指标", "年份", "行业", "省份", "产品名称", "品种", "省市区", "region", "item", "year", "sector"
)
_UNIT_HEADS = ("单位", "计量单位", "Unit")


@dataclass(frozen=True)
class YearbookTable:
    """A table of a yearbook: values (rows, columns), NaN where unknown, with flag and place of every cell.

    flags : '' (published), 'blank', 'dash', 'ellipsis' (unknown), 'derived zero'.
    unit : declared for the whole table (key of the units table, None where unknown); `unit_words` as printed.
    province, year : what title, sheet or file say of the whole table.
    """

    file: str
    sheet: str
    title: str
    unit: str | None
    unit_words: str
    province: str | None
    year: int | None
    rows: tuple[Line, ...]
    columns: tuple[Line, ...]
    values: np.ndarray
    flags: np.ndarray
    places: np.ndarray


def _texts(cells: Sequence[object]) -> list[str]:
    """The distinct texts of a line, merged copies once."""
    return list(dict.fromkeys(squeeze(c) for c in cells if not is_blank(c)))


def _is_header(cells: Sequence[object]) -> bool:
    """Whether every number of a line is a year that heads a column."""
    numbers = [c for c in cells if number(c)[0] is not None]
    years = [find_year(c) for c in numbers if is_year(c)]
    if not numbers or len(years) < len(numbers):
        return False
    first = next((squeeze(c) for c in cells if not is_blank(c)), "")
    headed = any(w in first.casefold() for w in _HEADER_WORDS)
    return headed or (len(years) > 1 and not is_year(first) and sorted(set(years)) in (years, years[::-1]))


def _is_data(cells: Sequence[object]) -> bool:
    """Whether a line carries a label and, right of it, numbers or marks that are not headers."""
    filled = [k for k, c in enumerate(cells) if not is_blank(c)]
    if len(filled) < 2 or _is_header(cells):
        return False
    label = cells[filled[0]]
    if number(label)[0] is not None and not is_year(label):
        return False
    return any(number(cells[k])[0] is not None and not is_code(cells[k]) for k in filled[1:])


def _blocks(sheet: Sheet) -> list[tuple[int, int]]:
    """(first line, end) of each table of a sheet: cut where a title or 续表 follows numbers."""
    cuts, seen = [0], False
    for r, cells in enumerate(sheet.rows):
        texts = _texts(cells)
        if seen and len(texts) in (1, 2) and (_CONTINUED.search(texts[0]) or _NUMBERED.match(texts[0])):
            if not any(number(c)[0] is not None for c in cells):
                cuts.append(r)
                seen = False
        seen = seen or _is_data(cells)
    return list(zip(cuts, [*cuts[1:], len(sheet.rows)], strict=True))


def _panels(sheet: Sheet, first: int, end: int) -> list[Sheet]:
    """The sheet once for each side-by-side panel (地区 | ... | 地区 | ...), other panels blanked."""
    for r in range(first, end):
        cells = [squeeze(c) if isinstance(c, str) else "" for c in sheet.rows[r]]
        head = next(filter(None, cells), "")
        heads = [k for k, c in enumerate(cells) if c == head and head.casefold() in _HEADER_WORDS]
        starts = [k for j, k in enumerate(heads) if j == 0 or any(c != cells[k] for c in cells[heads[j - 1] : k] if c)]
        if not starts:
            continue
        panels = []
        for left, right in zip(starts, [*starts[1:], sheet.width], strict=True):
            blanked = [
                row if k < r else [c if left <= j < right else "" for j, c in enumerate(row)]
                for k, row in enumerate(sheet.rows)
            ]
            panels.append(replace(sheet, rows=blanked))
        return panels if len(panels) > 1 else [sheet]
    return [sheet]


def _columns(rows: Sequence[Sequence[object]], data: Sequence[int]) -> tuple[list[int], list[int]]:
    """Label columns and value columns of a table: values are mostly numbers or marks in the lines of data."""
    labels, values = [], []
    for c in range(len(rows[0])):
        cells = [rows[r][c] for r in data]
        kinds = [number(x) for x in cells]
        numbers = sum(v is not None and not is_code(x) for x, (v, _) in zip(cells, kinds, strict=True))
        texts = sum(flag == "text" for _, flag in kinds)
        years = sum(is_year(x) for x in cells)
        if not values and years and years == sum(not is_blank(x) for x in cells):
            labels.append(c)
        elif numbers and numbers >= texts:
            values.append(c)
        elif texts and not values:
            labels.append(c)
    return labels, values


def _header_parts(sheet: Sheet, lines: Sequence[int], column: int) -> list[str]:
    """The texts heading a column from top to bottom, copies of merged cells once."""
    parts: list[str] = []
    for r in lines:
        text = tidy(_cell_text(sheet.rows[r][column]))
        if text and (not parts or parts[-1] != text):
            parts.append(text)
    return parts


def _cell_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if is_blank(cell) else str(cell)


def _title_and_unit(sheet: Sheet, lines: Sequence[int]) -> tuple[str, str | None, str, list[int]]:
    """Title, unit, the words after 单位:, and the remaining lines (headers)."""
    title, unit, words, rest = [], None, "", []
    for r in lines:
        texts = _texts(sheet.rows[r])
        declared = [find_unit(t) for t in texts]
        if any(w for _, w in declared):
            unit, words = next((u, w) for u, w in declared if w)
            if len(texts) <= 3 and not any(t in _HEADER_WORDS for t in texts):
                title += [t for t, (_, w) in zip(texts, declared, strict=True) if not w and len(t) > 12]
                continue
        if len(texts) == 1 and not rest:
            title += texts
        elif texts:
            rest.append(r)
    return " ".join(title), unit, words, rest


def _read_block(
    sheet: Sheet, first: int, end: int, before: YearbookTable | None
) -> tuple[YearbookTable | None, list[Problem]]:
    """One table, headed like `before` where it continues it without headers of its own."""
    data = [r for r in range(first, end) if _is_data(sheet.rows[r])]
    if not data:
        return None, []
    label_columns, value_columns = _columns(sheet.rows, data)
    if not label_columns or not value_columns:
        return None, []
    title, unit, words, headers = _title_and_unit(sheet, range(first, data[0]))
    headers = [r for r in headers if any(not is_blank(sheet.rows[r][c]) for c in value_columns)]
    continued = bool(_CONTINUED.search(title)) and before is not None
    columns = []
    for c in value_columns:
        parts = _header_parts(sheet, headers, c)
        columns.append(read_line(parts, sheet.at(headers[-1] if headers else data[0], c), wrapped=True))
    if continued and not headers and len(columns) == len(before.columns):
        columns = list(before.columns)
    kept = [k for k, line in enumerate(columns) if line.item or line.province or line.year]
    if not kept:
        return None, []
    problems: list[Problem] = []
    heads = [(c, squeeze(sheet.rows[r][c])) for c in label_columns for r in range(first, data[0])]
    unit_column = next((c for c, head in heads if head in _UNIT_HEADS), None)
    rows, values, flags, places = [], [], [], []
    for r in range(data[0], end):
        cells = sheet.rows[r]
        parts = [tidy(_cell_text(cells[c])) if c != unit_column else "" for c in label_columns]
        parts = list(dict.fromkeys(p for p in parts if p))
        raw = next((str(cells[c]) for c in label_columns if not is_blank(cells[c])), "")
        found = [number(cells[value_columns[k]]) for k in kept]
        if not parts or _NOTE.match(parts[0]):
            continue
        kinds = [flag for _, flag in found]
        if kinds.count("text") >= max(1, kinds.count("")) or len(kinds) == kinds.count("blank"):
            continue  # a heading, a wrapped label or a repeated header
        line = read_line(parts, sheet.at(r, label_columns[0]), wrapped=False)
        if line.item:  # numbering and # stand in the first label column only
            line = replace(line, label=replace(parse_label(raw), unit=line.label.unit))
        if unit_column is not None and not is_blank(cells[unit_column]):
            text = squeeze(cells[unit_column])
            line = replace(line, unit=known_unit(text) or text)
        rows.append(line)
        for k, (_, flag) in zip(kept, found, strict=True):
            if flag == "text":
                cell = squeeze(cells[value_columns[k]])
                problems.append(_not_a_number(cell, sheet.at(r, value_columns[k])))
        values.append([np.nan if value is None else value for value, _ in found])
        flags.append([flag for _, flag in found])
        places.append([sheet.at(r, value_columns[k]) for k in kept])
    if continued:
        title = f"{before.title} {title}".strip() if not _NUMBERED.match(title) else title
        unit, words = (unit, words) if words else (before.unit, before.unit_words)
    context = (title, sheet.name, sheet.file.rsplit(".", 1)[0])
    table = YearbookTable(
        sheet.file, sheet.name, title, unit, words,
        next((p for t in context if (p := province_within(t))), before.province if continued else None),
        next((y for t in context if (y := find_year(t))), before.year if continued else None),
        tuple(rows), tuple(columns[k] for k in kept), np.array(values, dtype=float).reshape(len(rows), len(kept)),
        np.array(flags, dtype=object).reshape(len(rows), len(kept)),
        np.array(places, dtype=object).reshape(len(rows), len(kept)),
    )
    return table, problems


def _not_a_number(text: str, where: str) -> Problem:
    meant = text.translate(str.maketrans("OoIl，。", "0011,.")).replace(" ", "")
    return Problem(where, f"'{text}' is not a number", f"did you mean {meant}?" if number(meant)[0] is not None else "")


def _same_lines(one: Sequence[Line], other: Sequence[Line]) -> bool:
    return [(x.item, x.province, x.year) for x in one] == [(x.item, x.province, x.year) for x in other]


def _joined(before: YearbookTable, after: YearbookTable) -> YearbookTable | None:
    """`after` appended below or beside the table it continues, or None where neither side matches."""
    stacked = {"values": None, "flags": None, "places": None}
    if _same_lines(before.columns, after.columns):
        stacked = {k: np.vstack([getattr(before, k), getattr(after, k)]) for k in stacked}
        return replace(before, rows=before.rows + after.rows, **stacked)
    if _same_lines(before.rows, after.rows):
        stacked = {k: np.hstack([getattr(before, k), getattr(after, k)]) for k in stacked}
        return replace(before, columns=before.columns + after.columns, **stacked)
    return None


def read_tables(sheets: Sequence[Sheet]) -> tuple[list[YearbookTable], list[Problem]]:
    """All tables of a workbook in order, continued ones joined, and every cell or label that is wrong."""
    tables: list[YearbookTable] = []
    problems: list[Problem] = []
    for sheet in sheets:
        for first, end in _blocks(sheet):
            for panel, part in enumerate(_panels(sheet, first, end)):
                before = tables[-1] if tables else None
                table, wrong = _read_block(part, first, end, before)
                problems += wrong
                if table is None:
                    continue
                continues = before is not None and (panel > 0 or _CONTINUED.search(table.title))
                if continues and (whole := _joined(before, table)):
                    tables[-1] = whole
                else:
                    tables.append(table)
    out = []
    for table in tables:
        rows, wrong_rows = name_provinces(table.rows)
        columns, wrong_columns = name_provinces(table.columns)
        problems += wrong_rows + wrong_columns
        out.append(replace(table, rows=rows, columns=columns))
    return out, problems
