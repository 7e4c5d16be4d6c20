"""Quotas by rule and year, and everything else the negotiation desk reads: one block of provinces beneath the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xlsxwriter.utility import xl_rowcol_to_cell

from model.export.book import Book
from model.export.layout import A3, HEAD, Placed, table

SHEET = "配额 Quotas"
BLEND = "blend"
#: Column of the desk's table -> (Chinese, English, unit of the results, tag: the variable of the long table or a name).
DATA = {
    "optimum": ("路径排放(扣除捕集,未扣碳汇)", "Emissions of the pathway (net of capture, before sinks)", "Mt CO2",
                "desk: pathway"),
    "baseline": ("基准排放", "Baseline emissions", "Mt CO2", "desk: baseline"),
    "sink": ("陆地碳汇", "Land sink", "Mt CO2", "Carbon Removal|Land"),
    "gdp": ("地区生产总值(2020年不变价)", "Gross domestic product (2020 prices)", "10^8 yuan", "GDP|Real"),
    "population": ("人口", "Population", "million persons", "Population"),
    "cost": ("本地减排成本", "Cost of abatement at home", "10^8 yuan", "desk: cost at home"),
    "own_price": ("本省碳价(未交易时为本省约束的影子价格)", "Own carbon price (of the province's cap where not traded)",
                  "yuan/t CO2", "desk: own price"),
}
#: Row of the national block -> (Chinese, English, unit).
NATION = {
    "net": ("全国净排放(上限)", "Net CO2 of the nation (cap)", "Mt CO2"),
    "sinks": ("全国陆地碳汇", "Land sinks of the nation", "Mt CO2"),
    "divided": ("待分配总量", "Total that is divided", "Mt CO2"),
    "price": ("碳价", "Carbon price", "yuan/t CO2"),
}


@dataclass(frozen=True)
class Blocks:
    """Where the blocks lie: by rule (and 'blend'), by name of DATA, and the rows of the nation by name."""

    sheet: str
    years: tuple[int, ...]
    rules: dict[str, Placed]
    data: dict[str, Placed]
    nation: dict[str, int]
    nation_head: int

    def years_range(self) -> str:
        """Cells of the years above the nation's rows, for a formula."""
        return self._span(self.nation_head, self.nation_head, 2, 1 + len(self.years))

    def nation_range(self, name: str) -> str:
        """Cells of a row of the nation over the years."""
        return self._span(self.nation[name], self.nation[name], 2, 1 + len(self.years))

    def row_range(self, placed: Placed, row: int) -> str:
        """Cells of a province over the years."""
        at = placed.first + row
        return self._span(at, at, placed.column, placed.column + placed.columns - 1)

    def year_range(self, placed: Placed, column: int) -> str:
        """Cells of all provinces in the year of a column."""
        at = placed.column + column
        return self._span(placed.first, placed.first + placed.rows - 1, at, at)

    def names_range(self) -> str:
        """Cells of the provinces' Chinese names (the same order in every block)."""
        placed = self.data["optimum"]
        return self._span(placed.first, placed.first + placed.rows - 1, 0, 0)

    def _span(self, top, bottom, left, right):
        cells = (xl_rowcol_to_cell(r, c, row_abs=True, col_abs=True) for r, c in ((top, left), (bottom, right)))
        return f"'{self.sheet}'!" + ":".join(cells)


def rule_labels(book: Book) -> dict[str, tuple[str, str]]:
    """Rules that have quotas -> (Chinese, English), the blend last."""
    rules = book.results.tables["rules"]
    found = {row.rule: (row.zh, row.en) for row in rules[rules["left_out"] == ""].itertuples()}
    return found | {BLEND: ("加权组合", "Blend")}


def values_of(book: Book, name: str, rule: str | None = None) -> np.ndarray:
    """(R, T) of a column of the desk's table, or of a rule's quotas, in the unit of the results."""
    tables = book.results.tables
    rows = tables["desk"] if rule is None else tables["quotas"][tables["quotas"]["rule"] == rule]
    wide = rows.pivot(index="region", columns="year", values=name)
    return wide.loc[list(book.results.regions), list(book.results.years)].to_numpy(dtype=float)


def open_quotas(book: Book):
    """Add the sheet; `fill_quotas` writes it when the desk knows where its weights stand."""
    return book.sheet(
        SHEET, "各原则分省配额与谈判台数据", "Quotas by rule and province, and the data of the desk",
        book.two("加权组合随谈判台权重自动重算;各块合计等于待分配总量。负配额如实列示。",
                 "The blend follows the weights on the desk; each block sums to the total. Negative quotas are shown."),
        paper=A3, repeat=False,
    )


def block_rows(book: Book) -> tuple[dict[str, int], dict[str, int]]:
    """Head row of each rule's block and of each data block: known before anything is written."""
    size, row = len(book.results.regions) + 4, HEAD + len(NATION) + 3
    rules = {rule: row + i * size for i, rule in enumerate(rule_labels(book))}
    start = row + len(rules) * size
    return rules, {name: start + i * size for i, name in enumerate(DATA)}


def fill_quotas(book: Book, sheet, weight_cells: dict[str, str]) -> Blocks:
    """Write the nation, every rule, the blend as live formulas of `weight_cells` (rule -> cell), and the data."""
    years, formats = book.results.years, book.formats
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 2 + len(years), 12)
    nation = _nation(book, sheet)
    _name(book, "desk_years", HEAD, 2, 1 + len(years))
    _name(book, "desk_net", nation["net"], 2, 1 + len(years))
    _name(book, "desk_unit", nation["net"], 1, 1)
    rule_rows, data_rows = block_rows(book)
    labels, places, breaks = rule_labels(book), book.provinces(), []
    unit, factor = book.shown("Mt CO2")
    total = ("全国合计", "China")
    placed, data = {}, {}
    for rule, row in rule_rows.items():
        zh, en = labels[rule]
        values = factor * values_of(book, "quota", rule)
        formula = _weighted(dict(placed), weight_cells) if rule == BLEND else None
        placed[rule] = table(sheet, formats, row, places, (zh, en), list(years), values, unit,
                             f"Carbon Quota|{en}", total=total, number=formats.number if factor > 1 else formats.tenth,
                             freeze=False, formula=formula)
        breaks.append(placed[rule].end + 1)
    for name, row in data_rows.items():
        zh, en, inside, tag = DATA[name]
        unit, factor = book.shown(inside)
        data[name] = table(sheet, formats, row, places, (zh, en), list(years), factor * values_of(book, name), unit,
                           tag, total=None if name == "own_price" else total, freeze=False)
        breaks.append(data[name].end + 1)
    sheet.set_h_pagebreaks([placed[next(iter(placed))].head, *breaks[:-1]])
    sheet.freeze_panes(HEAD, 2)
    return Blocks(SHEET, years, placed, data, nation, HEAD)


def _name(book: Book, name: str, row: int, left: int, right: int) -> None:
    """Name the cells of a row, by which an edited workbook is read again."""
    cells = (xl_rowcol_to_cell(row, column, True, True) for column in (left, right))
    book.book.define_name(name, f"='{SHEET}'!" + ":".join(cells))


def _weighted(placed: dict[str, Placed], weight_cells: dict[str, str]):
    """Formula of a cell of the blend: the weights of the desk times the same cell of every rule."""
    def formula(r: int, t: int) -> str:
        return "=" + "+".join(f"{weight_cells[name]}*{xl_rowcol_to_cell(other.first + r, 2 + t)}"
                              for name, other in placed.items())
    return formula


def _nation(book: Book, sheet) -> dict[str, int]:
    """National rows over the years; the total is the live sum of cap and sinks."""
    formats, frame = book.formats, book.results.tables["desk_years"]
    for column, head in enumerate(("全国 China", "指标(单位 Unit)", *book.results.years)):
        sheet.write(HEAD, column, head, formats.head)
    sheet.set_row(HEAD, 30)
    rows = {}
    for row, (name, (zh, en, inside)) in enumerate(NATION.items(), start=HEAD + 1):
        unit, factor = book.shown(inside)
        if inside == "yuan/t CO2" and book.units == "ministry":
            unit = "元/吨CO2" if book.language != "en" else unit
        for column, text in enumerate((zh, f"{en} ({unit})")):
            sheet.write(row, column, text, formats.text)
        for column, value in enumerate(frame[name] * factor, start=2):
            if name == "divided":
                parts = "+".join(xl_rowcol_to_cell(rows[part], column) for part in ("net", "sinks"))
                sheet.write_formula(row, column, f"={parts}", formats.total, float(value))
            else:
                sheet.write_number(row, column, float(value), formats.tenth if name == "price" else formats.number)
        rows[name] = row
    return rows


def peaks(book: Book) -> None:
    """Peak calendar: the year in which the pathway, and the quotas of every rule, are highest in each province."""
    frame = book.results.tables["peaks"]
    labels = {"pathway": ("路径排放", "Pathway"), **rule_labels(book)}
    sheet = book.sheet(
        "达峰日历 Peaks", "分省达峰日历(模型年)", "Peak calendar by province (model years)",
        book.two("各列为排放或配额最高的年份;末列为路径峰值水平与平台期末年(峰值99%以上)。",
                 "Year of the highest emissions or quota; at the right level and last year of the pathway's plateau."),
        repeat=False,
    )
    rules = [rule for rule in labels if rule in set(frame["rule"])]
    places = [*book.provinces(), ("全国", "China")]
    order = [en for _, en in places]
    wide = frame.pivot(index="region", columns="rule", values="peak_year").loc[order, rules]
    own = frame[frame["rule"] == "pathway"].set_index("region").loc[order]
    unit, mass = book.shown("Mt CO2")
    heads = [*("\n".join(labels[rule]) for rule in rules), f"峰值({unit})\nPeak level", "平台期至\nPlateau until",
             "较全国(年)\nAfter the nation"]
    style = book.formats
    sheet.set_column(0, 1, 18)
    sheet.set_column(2, 2 + len(heads), 14)
    for c, head in enumerate(("省份\nProvince", "单位 Unit: 年 year", *heads)):
        sheet.write(HEAD, c, head, style.head)
    sheet.set_row(HEAD, 58)
    for r, (zh, en) in enumerate(places, start=HEAD + 1):
        for c, text in enumerate((zh, en)):
            sheet.write(r, c, text, style.text)
        for c, rule in enumerate(rules, start=2):
            sheet.write_number(r, c, int(wide.loc[en, rule]), style.centre)
        last = 2 + len(rules)
        sheet.write_number(r, last, mass * float(own.loc[en, "peak_level"]), style.tenth)
        sheet.write_number(r, last + 1, int(own.loc[en, "plateau_until"]), style.centre)
        sheet.write_number(r, last + 2, int(own.loc[en, "after_nation"]), style.centre)
    sheet.freeze_panes(HEAD + 1, 2)
