"""The look of every sheet: one table drawer with bilingual heads, a unit row, frozen panes and live totals."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

FONT = "Microsoft YaHei"
NAVY, PALE, GREY = "#1F3864", "#D9E2F3", "#D9D9D9"
A4, A3 = 9, 8
#: Row where every table's head stands (zero-based): title, subtitle, note and link stand above it.
HEAD = 4
LINE_HEIGHT = 15.0


@dataclass(frozen=True)
class Formats:
    """Cell formats of a workbook."""

    title: object
    subtitle: object
    head: object
    unit: object
    tag: object
    text: object
    centre: object
    wrap: object
    section: object
    number: object
    tenth: object
    decimal: object
    fine: object
    percent: object
    percent_fine: object
    small: object
    total: object
    total_tenth: object
    total_text: object
    good: object
    bad: object
    entry: object
    entry_percent: object
    plain: object
    wrapped_plain: object
    link: object

    @staticmethod
    def of(book: Workbook) -> Formats:
        """Create the formats in `book`."""

        def add(**style):
            return book.add_format({"font_name": FONT, "font_size": 10, "valign": "vcenter", **style})

        line = {"bottom": 1, "bottom_color": GREY}
        sum_line = {"bold": True, "top": 1, "bg_color": "#F2F2F2"}
        return Formats(
            title=add(bold=True, font_size=16, font_color=NAVY),
            subtitle=add(font_size=11, font_color="#595959"),
            head=add(bold=True, bg_color=NAVY, font_color="white", text_wrap=True, align="center", border=1,
                     border_color="#8EA9DB"),
            unit=add(bg_color=PALE, align="center", font_size=9, text_wrap=True),
            tag=add(bg_color=PALE, font_size=8, font_color="#595959"),
            text=add(indent=1, **line),
            centre=add(align="center", **line),
            wrap=add(text_wrap=True, indent=1, **line),
            section=add(bold=True, font_color=NAVY, bg_color="#EDF2FA", **line),
            number=add(num_format="#,##0", **line),
            tenth=add(num_format="#,##0.0", **line),
            decimal=add(num_format="#,##0.00", **line),
            fine=add(num_format="0.000", **line),
            percent=add(num_format="0.0%", **line),
            percent_fine=add(num_format="0.00%", **line),
            small=add(num_format="0.0E+00", **line),
            total=add(num_format="#,##0", **sum_line),
            total_tenth=add(num_format="#,##0.0", **sum_line),
            total_text=add(indent=1, **sum_line),
            good=add(font_color="#006100", bg_color="#C6EFCE", align="center"),
            bad=add(font_color="#9C0006", bg_color="#FFC7CE", align="center"),
            entry=add(num_format="0.0##", bg_color="#FFF2CC", align="center", border=1, border_color="#BF9000"),
            entry_percent=add(num_format="0.0%", align="center", **line),
            plain=add(),
            wrapped_plain=add(text_wrap=True),
            link=add(font_color="#0563C1", underline=1),
        )

    def fitting(self, values) -> object:
        """The number format that shows about three digits of the largest value."""
        largest = float(np.abs(np.asarray(values, dtype=float)).max(initial=0.0))
        return self.number if largest >= 1000 or largest == 0 else self.tenth if largest >= 10 else self.fine


@dataclass(frozen=True)
class Placed:
    """Where a table lies on its sheet (zero-based): head row, first data row, rows, first value column, columns."""

    sheet: str
    head: int
    first: int
    rows: int
    column: int
    columns: int

    @property
    def end(self) -> int:
        """First row below the table and its total."""
        return self.first + self.rows + 1

    def across(self, row: int) -> list:
        """Chart range of the values of data row `row`."""
        return [self.sheet, self.first + row, self.column, self.first + row, self.column + self.columns - 1]

    def heads(self) -> list:
        """Chart range of the column heads (years)."""
        return [self.sheet, self.head, self.column, self.head, self.column + self.columns - 1]

    def down(self, column: int) -> list:
        """Chart range of column `column` counted from the left of the sheet."""
        return [self.sheet, self.first, column, self.first + self.rows - 1, column]


@lru_cache(maxsize=4096)
def width(text: str) -> float:
    """Width of a text in digits of the standard font; a Chinese character takes two."""
    return sum(2.0 if unicodedata.east_asian_width(c) in "WFA" else 1.0 for c in text)


def lines(text: str, column_width: float) -> int:
    """Lines a wrapped text needs in a column. A margin is left because fonts differ between machines."""
    return sum(max(1, ceil(0.95 * width(part) / max(column_width - 1, 1))) for part in text.split("\n"))


def page(sheet: Worksheet, *, footer: str, paper: int = A4, repeat: tuple[int, int] | None = None) -> None:
    """Landscape, one page wide, page numbers; the head is repeated on each page."""
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(paper)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.set_footer(f"&L&8{footer}&C&8&A&R&8&P / &N")
    if repeat:
        sheet.repeat_rows(*repeat)


def table(
    sheet: Worksheet,
    formats: Formats,
    row: int,
    labels: list[tuple[str, str]],
    label_heads: tuple[str, str],
    heads: list,
    values: np.ndarray,
    unit: str,
    tag: str,
    *,
    total: tuple[str, str] | None = None,
    total_column: str | None = None,
    number=None,
    freeze: bool = True,
    formula: Callable[[int, int], str] | None = None,
) -> Placed:
    """Draw two label columns, a head, a unit row, values (rows x heads) and live totals that carry their value.

    unit : stands under every head. tag : the variable (and ' @ year' where the columns are not years), beside the
    unit row's title, so that a reader can find the figures in the long table. total : labels of a total row;
    total_column : head of a total column. formula : live formula of the cell of data row and column (from zero), which
    then carries its value.
    """
    values = np.asarray(values, dtype=float)
    shown = [*heads, *([total_column] if total_column else [])]
    for column, head in enumerate([*label_heads, *shown]):
        sheet.write(row, column, head, formats.head)
    sheet.set_row(row, 30 if all(isinstance(h, int) for h in heads) else 58)
    sheet.write(row + 1, 0, "单位 Unit", formats.unit)
    sheet.write(row + 1, 1, tag, formats.tag)
    for column in range(2, 2 + len(shown)):
        sheet.write(row + 1, column, unit, formats.unit)
    first, count = row + 2, len(heads)
    style = number or formats.fitting(values)
    bold = formats.total if style is formats.number else formats.total_tenth
    for index, label in enumerate(labels):
        for column, text in enumerate(label):
            sheet.write(first + index, column, text, formats.text)
        for column in range(count):
            value = float(values[index, column])
            if formula:
                sheet.write_formula(first + index, 2 + column, formula(index, column), style, value)
            else:
                sheet.write_number(first + index, 2 + column, value, style)
        if total_column:
            cells = f"{xl_rowcol_to_cell(first + index, 2)}:{xl_rowcol_to_cell(first + index, 1 + count)}"
            sheet.write_formula(first + index, 2 + count, f"=SUM({cells})", bold, float(values[index].sum()))
    if total:
        below = first + len(labels)
        for column, text in enumerate(total):
            sheet.write(below, column, text, formats.total_text)
        sums = values.sum(axis=0)
        for column in range(len(shown)):
            cells = f"{xl_rowcol_to_cell(first, 2 + column)}:{xl_rowcol_to_cell(below - 1, 2 + column)}"
            cached = float(sums[column]) if column < count else float(sums.sum())
            sheet.write_formula(below, 2 + column, f"=SUM({cells})", bold, cached)
    if freeze:
        sheet.freeze_panes(first, 2)
    return Placed(sheet.get_name(), row, first, len(labels), 2, count)
