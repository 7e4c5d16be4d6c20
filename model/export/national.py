"""National sheets: the pathway in one table, technologies and capacities, the energy balance, competitiveness."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from model.export.book import Book
from model.export.layout import A3, HEAD, table
from model.results import NATION, TOTAL

_SECTIONS = (
    ("经济 Economy", ("GDP|Real", "Population", "Consumption|Private", "Consumption|Government", "Investment",
                      "Inventories", "Exports", "Imports")),
    ("能源 Energy", ("Primary Energy|Coal Equivalent", "Primary Energy|Calorific", "Primary Energy|Coal",
                     "Primary Energy|Oil", "Primary Energy|Gas", "Non-Fossil Share|Coal Equivalent",
                     "Non-Fossil Share|Calorific", "Energy Use", "Energy Use|Electricity")),
    ("碳排放 Carbon", ("Emissions|CO2|Energy", "Emissions|CO2|Industrial Processes", "Emissions|CO2|Gross",
                       "Emissions|CO2|Captured", "Carbon Removal|Land", "Emissions|CO2|Net", "Carbon Intensity")),
)
#: Families with sheets of their own, or shown by sector or fuel elsewhere.
_ELSEWHERE = ("Production|", "Capacity|", "New Capacity|", "Refitted Capacity|", "Production Moved|", "Energy Use|",
              "Emissions|CO2|Energy|", "Value Added", "Gross Output", "Competitiveness", "Net Outflow", "Carbon Quota|",
              "Carbon Transfer|", "Carbon Budget", "Carbon Transport|")
NON_FOSSIL = "Non-fossil energy"
#: Technologies do not cover the product: combined heat and power delivers heat as a by-product.
_PARTLY_COVERED = ("Production|Heat",)
#: Kappa outside this range strains the closure of trade (E7) and is coloured.
KAPPA_RANGE = (0.5, 2.0)
BALANCE_YEARS = (2020, 2025, 2030, 2035, 2040, 2050, 2060)


@dataclass(frozen=True)
class Lines:
    """A table whose rows are variables: where each row lies, for charts."""

    sheet: str
    head: int
    column: int
    columns: int
    row: dict[str, int]

    def across(self, variable: str) -> list:
        """Chart range of a variable's values."""
        row = self.row[variable]
        return [self.sheet, row, self.column, row, self.column + self.columns - 1]

    def heads(self) -> list:
        """Chart range of the years."""
        return [self.sheet, self.head, self.column, self.head, self.column + self.columns - 1]


def _variables(book: Book, sheet: Worksheet, sections, totals=()) -> Lines:
    """Rows of national variables under section titles: names, unit, years, and the variable's path at the right.

    sections : (title, variables). totals : variables that are the live sum of the rows beneath them.
    """
    formats, years = book.formats, list(book.results.years)
    for column, size in enumerate((31, 45, 12, *[9.5] * len(years), 46)):
        sheet.set_column(column, column, size)
    last = 3 + len(years)
    heads = [*(("指标", "Indicator") if book.language != "en" else ("Indicator (zh)", "Indicator")),
             book.two("单位", "Unit", "\n"), *years, book.two("变量", "Variable")]
    for column, head in enumerate(heads):
        sheet.write(HEAD, column, head, formats.head)
    sheet.set_row(HEAD, 30)
    sheet.write(HEAD + 1, 0, "单位 Unit", formats.unit)
    sheet.write(HEAD + 1, 1, book.two("见每行的单位列", "as stated in each row"), formats.tag)
    for column in range(2, last + 1):
        sheet.write_blank(HEAD + 1, column, None, formats.unit)
    row, placed = HEAD + 2, {}
    for title, variables in sections:
        sheet.write(row, 0, title, formats.section)
        for column in range(1, last):
            sheet.write_blank(row, column, None, formats.section)
        row += 1
        for variable in variables:
            zh, en = book.name(variable)
            summed = variable in totals
            sheet.write(row, 0, zh, formats.total_text if summed else formats.text)
            sheet.write(row, 1, en, formats.total_text if summed else formats.text)
            sheet.write(row, 2, book.unit(variable)[0], formats.total_text if summed else formats.text)
            values = book.national(variable)
            # Technologies of a product are shown as fine as the product itself.
            style = formats.fitting(book.national(variables[0]) if totals else values)
            for column, value in enumerate(values, start=3):
                if summed:
                    below = row + len(variables) - 1
                    cells = f"{xl_rowcol_to_cell(row + 1, column)}:{xl_rowcol_to_cell(below, column)}"
                    bold = formats.total if style is formats.number else formats.total_tenth
                    sheet.write_formula(row, column, f"=SUM({cells})", bold, float(value))
                else:
                    sheet.write_number(row, column, float(value), style)
            sheet.write(row, last, variable, formats.tag)
            placed[variable] = row
            row += 1
    sheet.print_area(0, 0, row, last - 1)
    sheet.freeze_panes(HEAD + 2, 3)
    return Lines(sheet.get_name(), HEAD, 3, len(years), placed)


def pathway(book: Book) -> Lines:
    """The national pathway: economy, energy, carbon, and whatever else the run reports for the nation."""
    sheet = book.sheet(
        "全国路径 National", "全国路径", "National pathway",
        book.two("2020年不变价;能源按两种电力折算口径分列。", "Constant 2020 prices; two conventions for electricity."),
    )
    sections = [(title, [v for v in variables if v in book.cube]) for title, variables in _SECTIONS]
    shown = {v for _, variables in sections for v in variables}
    other = [v for v in book.sorted(book.cube) if v not in shown and not v.startswith(_ELSEWHERE)
             and ((book.cube[v]["region"] == NATION) & (book.cube[v]["sector"] == TOTAL)).any()]
    if other:
        sections.append(("其他 Other", other))
    lines = _variables(book, sheet, sections)
    parts = ["Primary Energy|Coal", "Primary Energy|Oil", "Primary Energy|Gas"]
    whole = "Primary Energy|Coal Equivalent"
    if not all(v in lines.row for v in (*parts, whole)):
        return lines
    # A row of the workbook only: what is left of primary energy after the fossil fuels.
    row = max(lines.row.values()) + 1
    values = book.national(whole) - sum(book.national(v) for v in parts)
    for column, text in enumerate(("非化石能源(发电煤耗法)", f"{NON_FOSSIL} (coal-equivalent)", book.unit(whole)[0])):
        sheet.write(row, column, text, book.formats.total_text)
    for column, value in enumerate(values, start=3):
        name = xl_col_to_name(column)
        fossil = "-".join(f"{name}{lines.row[v] + 1}" for v in parts)
        sheet.write_formula(row, column, f"={name}{lines.row[whole] + 1}-{fossil}", book.formats.total, float(value))
    sheet.print_area(0, 0, row, 2 + lines.columns)
    return Lines(lines.sheet, lines.head, lines.column, lines.columns, {**lines.row, NON_FOSSIL: row})


def technologies(book: Book) -> Lines | None:
    """Production by product and technology; totals are live sums where technologies cover the product."""
    found = book.sorted(v for v in book.cube if v.startswith("Production|"))
    if not found:
        return None
    products = [v for v in found if v.count("|") == 1]
    sections, totals = [], []
    for product in products:
        parts = [v for v in found if v.startswith(product + "|")]
        zh, en = book.name(product)
        sections.append((f"{zh} {en}", [product, *parts]))
        if parts and product not in _PARTLY_COVERED:
            totals.append(product)
    sheet = book.sheet(
        "技术路线 Technologies", "产品产量与技术构成(全国)", "Production by technology, China",
        book.two("合计为公式;热力合计含热电联产。", "Totals are live sums; heat includes combined heat and power."),
    )
    return _variables(book, sheet, sections, totals)


def capacities(book: Book) -> Lines | None:
    """Capacity, new capacity and what of it is refitted by technology, China."""
    found = book.sorted(v for v in book.cube if re.match(r"(New |Refitted )?Capacity\|", v))
    if not found:
        return None
    titles = {"Capacity": "装机容量(产能) Capacity",
              "New Capacity": "新增容量(产能,含改造) New capacity, refits included",
              "Refitted Capacity": "其中:改造容量(产能) Of which refitted"}
    groups: dict[str, list[str]] = {}
    for variable in found:
        kind, product, *_ = variable.split("|")
        zh, en = book.name(f"Production|{product}")
        title = f"{titles[kind]}: {zh.removesuffix('产量')} {en.removesuffix(' output')}"
        groups.setdefault(title, []).append(variable)
    sheet = book.sheet("装机容量 Capacity", "装机容量与产能(全国)", "Capacity by technology, China")
    return _variables(book, sheet, list(groups.items()))


def energy_balance(book: Book, fuels: tuple[str, ...]) -> None:
    """Energy use by sector and carrier for chosen years, one block beneath the other, totals live."""
    sheet = book.sheet(
        "能源平衡 Energy", "能源使用平衡(全国,分行业与品种)", "Energy use by sector and carrier, China",
        book.two("电力、热力按当量值;终端、加工转换投入与非能源利用合计。",
                 "Electricity and heat calorific; final, transformation and non-energy uses together."),
        paper=A3, repeat=False,
    )
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 28)
    sheet.set_column(2, 2 + len(fuels), 10.5)
    labels = book.sectors("Energy Use")
    keys = [en for _, en in labels]
    cubes = [book.rows(f"Energy Use|{fuel}", "sector", keys, NATION) for fuel in fuels]
    heads = [f"{book.name(f'Energy Use|{fuel}')[0].removesuffix('使用量')}\n{fuel}" for fuel in fuels]
    years = book.results.years
    chosen = [y for y in BALANCE_YEARS if y in years] or list(years)
    row, breaks = HEAD, []
    for year in chosen:
        values = np.stack([cube[:, years.index(year)] for cube in cubes], axis=1)
        placed = table(
            sheet, book.formats, row, labels, ("行业 Sector", f"{year}年"), heads, values, book.unit("Energy Use")[0],
            f"Energy Use|* @ {year}", total=("合计", "Total"), total_column="合计\nTotal", number=book.formats.number,
            freeze=False,
        )
        row = placed.end + 1
        breaks.append(row)
    sheet.set_h_pagebreaks(breaks[:-1])
    sheet.freeze_panes(HEAD, 2)


def competitiveness(book: Book) -> None:
    """Suppliers' competitiveness by province; values outside the range in which the closure is at ease are coloured."""
    if "Competitiveness" not in book.cube:
        return
    low, high = KAPPA_RANGE
    sheet = book.sheet(
        "竞争力 Kappa", "供给竞争力系数κ(分省)", "Suppliers' competitiveness kappa by province",
        book.two(f"E7闭合的结果;1为基年水平,低于{low}或高于{high}者着色。",
                 f"Result of the closure E7; 1 is the base year; below {low} or above {high} is coloured."),
    )
    sheet.set_column(0, 1, 20)
    sheet.set_column(2, 2 + len(book.results.years), 10)
    values = book.rows("Competitiveness", "region", book.results.regions, TOTAL)
    placed = table(sheet, book.formats, HEAD, book.provinces(), ("名称", "Name"), list(book.results.years), values,
                   book.unit("Competitiveness")[0], "Competitiveness", number=book.formats.fine)
    area = (placed.first, 2, placed.first + placed.rows - 1, 1 + placed.columns)
    for criterion, limit, colour in (("<", low, "#BDD7EE"), (">", high, "#F8CBAD")):
        style = book.book.add_format({"bg_color": colour})
        sheet.conditional_format(*area, {"type": "cell", "criteria": criterion, "value": limit, "format": style})
