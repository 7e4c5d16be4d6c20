"""The look of every sheet: one table drawer with bilingual headers, a unit row, frozen panes and live totals."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from io_tables.units import factor

FONT = "Microsoft YaHei"
#: internal unit of results -> what a ministry reads: (Chinese unit, English unit, unit name known to units.py)
MINISTRY = {
    "10^8 yuan": ("亿元", "10^8 yuan", "亿元"),
    "PJ": ("万吨标准煤", "10^4 tce", "万吨标准煤"),
    "Mt CO2": ("万吨CO2", "10^4 t CO2", "万吨CO2"),
    "Mt": ("万吨", "10^4 t", "万吨"),
    "GW": ("万千瓦", "10^4 kW", "万千瓦"),
    "TWh": ("亿千瓦时", "10^8 kWh", "亿千瓦时"),
    "million persons": ("万人", "10^4 persons", "万人"),
}


def ministry(unit: str) -> tuple[str, str, float]:
    """(Chinese unit, English unit, multiplier from the internal unit); unknown units pass through."""
    if unit not in MINISTRY:
        return unit, unit, 1.0
    zh, en, name = MINISTRY[unit]
    return zh, en, factor(unit, name)


@dataclass(frozen=True)
class Formats:
    """Cell formats of a workbook."""

    title: object
    subtitle: object
    head: object
    unit: object
    text: object
    wrap: object
    number: object
    decimal: object
    percent: object
    small: object
    total: object
    total_text: object
    good: object
    bad: object
    plain: object

    @staticmethod
    def of(book: Workbook) -> Formats:
        """Create the formats in `book`."""

        def add(**style):
            return book.add_format({"font_name": FONT, "font_size": 10, "valign": "vcenter", **style})

        line = {"bottom": 1, "bottom_color": "#D9D9D9"}
        return Formats(
            add(bold=True, font_size=16, font_color="#1F3864"),
            add(font_size=11, font_color="#595959"),
            add(
                bold=True,
                bg_color="#1F3864",
                font_color="white",
                text_wrap=True,
                align="center",
                border=1,
                border_color="#8EA9DB",
            ),
            add(italic=True, bg_color="#D9E2F3", align="center", font_size=9),
            add(**line),
            add(text_wrap=True, valign="top", **line),
            add(num_format="#,##0", **line),
            add(num_format="#,##0.00", **line),
            add(num_format="0.0", **line),
            add(num_format="0.0E+00", **line),
            add(num_format="#,##0", bold=True, top=1, bg_color="#F2F2F2"),
            add(bold=True, top=1, bg_color="#F2F2F2"),
            add(font_color="#006100", bg_color="#C6EFCE", align="center"),
            add(font_color="#9C0006", bg_color="#FFC7CE", align="center"),
            add(),
        )


def heading(sheet: Worksheet, formats: Formats, zh: str, en: str, note: str = "") -> int:
    """Bilingual title, English subtitle, optional note; returns the first free row."""
    sheet.hide_gridlines(2)
    sheet.write(0, 0, zh, formats.title)
    sheet.write(1, 0, en, formats.subtitle)
    sheet.set_row(0, 26)
    if note:
        sheet.write(2, 0, note, formats.subtitle)
        return 4
    return 3


@dataclass(frozen=True)
class Placed:
    """Where a table lies: first data row, row count, first value column, column count (zero-based)."""

    first: int
    rows: int
    column: int
    columns: int
    header: int


def table(
    sheet: Worksheet,
    formats: Formats,
    row: int,
    labels: list[tuple[str, ...]],
    label_heads: list[str],
    years: list,
    values,
    units: list[tuple[str, str]] | tuple[str, str],
    *,
    total: tuple[str, ...] | None = None,
    number=None,
    freeze: bool = True,
) -> Placed:
    """Draw labels (rows x label columns), a unit row, values (rows x years) and, if asked, a live total row.

    units : one (zh, en) pair for the whole table, or one per row (then shown in a column of its own).
    total : label cells of the total row; the formula sums the column and carries its value cached.
    """
    per_row = isinstance(units, list)
    heads = [*label_heads, *(["单位\nUnit"] if per_row else [])]
    for column, head in enumerate([*heads, *years]):
        sheet.write(row, column, head, formats.head)
    sheet.set_row(row, 30)
    header = row
    row += 1
    width = len(heads)
    if not per_row:
        sheet.write(row, 0, f"单位 Unit: {units[0]} ({units[1]})", formats.unit)
        for column in range(1, width + len(years)):
            sheet.write_blank(row, column, None, formats.unit)
        row += 1
    first = row
    style = number or formats.number
    for index, label in enumerate(labels):
        for column, text in enumerate(label):
            sheet.write(row, column, text, formats.text)
        if per_row:
            sheet.write(row, width - 1, f"{units[index][0]}", formats.text)
        row_style = style[index] if isinstance(style, list) else style
        for column, value in enumerate(values[index]):
            sheet.write_number(row, width + column, float(value), row_style)
        row += 1
    if total is not None:
        for column in range(width):
            sheet.write(row, column, total[column] if column < len(total) else "", formats.total_text)
        for column in range(len(years)):
            top = xl_rowcol_to_cell(first, width + column)
            bottom = xl_rowcol_to_cell(row - 1, width + column)
            cached = float(sum(values[index][column] for index in range(len(labels))))
            sheet.write_formula(row, width + column, f"=SUM({top}:{bottom})", formats.total, cached)
        row += 1
    if freeze:
        sheet.freeze_panes(first, width)
    return Placed(first, len(labels), width, len(years), header)
