"""The desk's charts, and the path of one province under every rule; where the desk's table lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xlsxwriter.utility import xl_rowcol_to_cell

from model.export.book import Book
from model.export.layout import FONT, NAVY
from model.export.quotas import BLEND, Blocks, rule_labels, values_of

#: Columns right of the rules -> (Chinese, English); the order of the sheet.
MEASURES = {
    "blend": ("加权配额", "Blended quota"), "optimum": ("路径排放", "Pathway"),
    "gap": ("配额余缺", "Quota less pathway"),
    "baseline": ("基准排放", "Baseline"), "cut": ("较基准减排", "Cut against baseline"),
    "per_head": ("人均配额", "Quota per head"), "trade": ("配额交易净收入", "Permit trade receipts"),
    "cost": ("本地减排成本", "Abatement at home"), "net": ("净成本", "Net cost"), "gdp": ("生产总值", "GDP"),
    "burden": ("净成本/GDP", "Net cost / GDP"), "own_price": ("本省碳价", "Own carbon price"),
}


@dataclass(frozen=True)
class DeskCells:
    """Where the desk's table lies: first row, rows, column of each rule and measure, head row, columns.

    year, per_head (R,) : the year and the quotas per head shown at first.
    """

    sheet: str
    first: int
    rows: int
    column: dict[str, int]
    head: int
    columns: int
    year: int
    per_head: np.ndarray

    def down(self, name: str) -> list:
        """Chart range of a measure."""
        c = self.column[name]
        return [self.sheet, self.first, c, self.first + self.rows - 1, c]


def draw(book: Book, sheet, blocks: Blocks, cells: DeskCells, row: int) -> None:
    """Quota and pathway by province in the year chosen; the nation over the years."""
    font = {"name": FONT, "size": 9}
    chart = book.book.add_chart({"type": "column"})
    for name, colour in (("blend", NAVY), ("optimum", "#C00000")):
        names = [cells.sheet, cells.first, 0, cells.first + cells.rows - 1, 0]
        chart.add_series({"name": book.two(*MEASURES[name]), "categories": names, "values": cells.down(name),
                          "fill": {"color": colour}, "gap": 60})
    unit = book.shown("Mt CO2")[0]
    _dress(chart, book.two("加权配额与路径排放(所选年份)", "Blended quota and pathway, chosen year"), unit, font)
    chart.set_x_axis({"label_position": "low", "interval_unit": 1, "num_font": {**font, "rotation": -45}})
    sheet.insert_chart(row, 0, chart)
    nation = book.book.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    columns = (2, 1 + len(blocks.years))
    for name, zh, en, colour in (("divided", "待分配总量", "Total to divide", NAVY),
                                 ("net", "净排放上限", "Net CO2 cap", "#C00000"),
                                 ("sinks", "陆地碳汇", "Land sinks", "#548235")):
        at = blocks.nation[name]
        nation.add_series({
            "name": book.two(zh, en), "values": [blocks.sheet, at, columns[0], at, columns[1]],
            "categories": [blocks.sheet, blocks.nation_head, columns[0], blocks.nation_head, columns[1]],
            "line": {"color": colour, "width": 2}, "marker": {"type": "circle", "size": 4, "fill": {"color": colour}},
        })
    _dress(nation, book.two("全国待分配总量", "What the nation divides"), unit, font)
    nation.set_x_axis({"min": blocks.years[0], "max": blocks.years[-1], "major_unit": 5, "num_format": "0",
                       "num_font": font})
    sheet.insert_chart(row, 11, nation)


def _dress(chart, title: str, unit: str, font) -> None:
    chart.set_title({"name": title, "name_font": {"name": FONT, "size": 12}})
    chart.set_y_axis({"num_format": "#,##0", "name": unit, "name_font": font, "num_font": font,
                      "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}})
    chart.set_legend({"position": "bottom", "font": font})
    chart.set_size({"width": 900, "height": 400})


def province(book: Book, sheet, blocks: Blocks, row: int) -> None:
    """Quotas of one province, chosen from a list, under every rule over the years, with a chart."""
    formats, labels = book.formats, rule_labels(book)
    names = [zh for zh, _ in book.provinces()]
    sheet.write(row, 0, "省份(可改)", formats.text)
    sheet.write(row, 1, "Province (edit)", formats.text)
    sheet.write_string(row, 2, names[0], formats.entry)
    sheet.data_validation(row, 2, row, 2, {"validate": "list", "source": "=" + blocks.names_range()})
    sheet.write(row, 3, book.two("所选省份在各原则下的配额路径", "Quotas of the province, by rule"), formats.subtitle)
    chosen, unit = xl_rowcol_to_cell(row, 2, True, True), book.shown("Mt CO2")[0]
    place = f"MATCH({chosen},{blocks.names_range()},0)"
    head, mass = row + 1, book.shown("Mt CO2")[1]
    for c, text in enumerate(("原则", f"Rule ({unit})", *blocks.years)):
        sheet.write(head, c, text, formats.head)
    series = [(rule, labels[rule], blocks.rules[rule], values_of(book, "quota", rule)) for rule in blocks.rules]
    series.append(("optimum", MEASURES["optimum"], blocks.data["optimum"], values_of(book, "optimum")))
    chart = book.book.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    for k, (name, (zh, en), placed, values) in enumerate(series):
        at = head + 1 + k
        sheet.write(at, 0, zh, formats.text)
        sheet.write(at, 1, en, formats.text)
        for t in range(len(blocks.years)):
            sheet.write_formula(at, 2 + t, f"=INDEX({blocks.year_range(placed, t)},{place})", formats.tenth,
                                float(mass * values[0, t]))
        last = 1 + len(blocks.years)
        bold = {BLEND: {"color": NAVY, "width": 3}, "optimum": {"color": "#C00000", "width": 3, "dash_type": "dash"}}
        chart.add_series({"name": book.two(zh, en), "categories": [sheet.get_name(), head, 2, head, last],
                          "values": [sheet.get_name(), at, 2, at, last], "line": bold.get(name, {"width": 1.5}),
                          "marker": {"type": "none"}})
    font = {"name": FONT, "size": 9}
    _dress(chart, book.two("所选省份的配额路径", "Quotas of the province chosen"), unit, font)
    chart.set_x_axis({"min": blocks.years[0], "max": blocks.years[-1], "major_unit": 5, "num_format": "0",
                      "num_font": font, "label_position": "low"})
    sheet.insert_chart(head + len(series) + 2, 0, chart)
