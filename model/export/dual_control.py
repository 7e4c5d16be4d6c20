"""Sheets of budgets for dual control: plans and provinces year by year with live products, and every sector."""

from __future__ import annotations

import numpy as np
import pandas as pd
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from model.export.book import HOUSEHOLDS, Book
from model.export.layout import A3, HEAD, table

#: Every year up to this one has a column; after it the ends of the plans.
YEARLY_TO = 2035
_REASONS = {"pathway": "路径本身", "technical minimum": "技术下限", "carbon.provincial_caps": "分省排放上限",
            "carbon.allocation": "配额上限"}
_INDICATORS = {"intensity": "强度", "total": "总量"}
_HEADS = (("省份", "Province (zh)", 12), ("省份(英)", "Province", 15), ("行业", "Sector (zh)", 26),
          ("行业(英)", "Sector", 30), ("年份", "Year", 8), ("预算({mass})", "Budget ({mass})", 14),
          ("强度(吨CO2/万元)", "Intensity (t CO2/10^4 yuan)", 14), ("较上年(1)", "Against the year before (1)", 12),
          ("预警线({mass})", "Warning threshold ({mass})", 14), ("约束原因", "Binding reason", 44),
          ("影子价格(元/吨CO2,单位如头)", "Shadow price (yuan/t CO2)", 16))


def reason(text: str) -> str:
    """A binding reason in Chinese beside the name the scenario uses."""
    if text in _REASONS:
        return f"{_REASONS[text]} {text}"
    years, _, rest = text.partition(" ")
    indicator, _, row = rest.partition(" ")
    return f"{years}年{_INDICATORS.get(indicator, indicator)}目标 {text}" if row or indicator in _INDICATORS else text


def provinces(book: Book) -> None:
    """The nation's plans, its years, and every province: budget, warning threshold, intensity, yearly factors."""
    tables = book.results.tables
    sheet = book.sheet(
        "碳排放双控 Dual control", "碳排放双控预算(分省分年)", "Budgets for dual control, by province and year",
        book.two("口径:能源活动与工业过程CO2,扣除捕集量,未扣碳汇。预警线为预算的95%(约定)。模型年之间线性内插。",
                 "Energy and process CO2, net of capture, before sinks. Warning at 95 % of the budget (a convention). "
                 "Linear between model years."),
        paper=A3, repeat=False,
    )
    nation, plans = tables["plan_nation"], tables["plans"]
    ends = set(plans["end"])
    years = [y for y in nation["year"] if y <= YEARLY_TO or y in ends]
    nation = nation.set_index("year").loc[years]
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 34)
    sheet.set_column(2, 2 + len(years), 10.5)
    unit, mass = book.shown("Mt CO2")
    intensity = "t CO2/10^4 yuan" if book.language == "en" else "吨CO2/万元"
    row = _plans(book, sheet, HEAD, plans, years)
    row = _nation(book, sheet, row, nation, unit, mass, intensity, years)
    wide = tables["plan_provinces"].pivot(index="region", columns="year")
    wide = wide.loc[list(book.results.regions)]
    budget = mass * wide["budget"][years].to_numpy(dtype=float)
    style, total = book.formats.number if mass > 1 else book.formats.tenth, ("全国合计", "China")
    placed = table(sheet, book.formats, row, book.provinces(), ("预算", "Budget"), years, budget, unit,
                   "budget path", total=total, number=style, freeze=False)
    breaks = [placed.head]

    def threshold(r, t):
        cell = xl_rowcol_to_cell(placed.first + r, 2 + t)
        return f"=IF({cell}>0,0.95*{cell},{cell})"

    warned = table(sheet, book.formats, placed.end + 1, book.provinces(), ("预警线", "Warning threshold"), years,
                   np.where(budget > 0, 0.95 * budget, budget), unit, "warning", number=style, freeze=False,
                   formula=threshold)
    shown = table(sheet, book.formats, warned.end + 1, book.provinces(), ("碳排放强度", "CO2 per GDP"), years,
                  wide["intensity"][years].to_numpy(dtype=float), intensity, "intensity", number=book.formats.fine,
                  freeze=False)
    _factors(book, sheet, shown.end + 1, placed, budget, years, plans)
    sheet.set_h_pagebreaks([*breaks, warned.head, shown.head, shown.end + 1])
    sheet.freeze_panes(HEAD, 2)


def _plans(book: Book, sheet, row: int, plans: pd.DataFrame, years) -> int:
    """One line per plan; the product of the yearly factors of the nation is a live formula."""
    formats = book.formats
    heads = (("五年目标", "Plan"), ("约束", "Target and binding constraint (单位 Unit: %)"), ("指标", "Indicator"),
             ("起", "From"), ("止", "To"), ("目标变化 %", "Change asked %"), ("年度系数之积", "Product of factors"),
             ("达到变化 %", "Change reached %"), ("检查", "Check"))
    for c, (zh, en) in enumerate(heads):
        sheet.write(row, c, book.two(zh, en, "\n"), formats.head)
    sheet.set_row(row, 44)
    # The national rows stand beneath the plans: a head, then level, intensity, factors.
    below = row + len(plans) + 3
    factors = {"total": below + 3, "intensity": below + 4}
    for plan in plans.itertuples():
        row += 1
        cells = (f"{plan.start + 1}—{plan.end}", reason(plan.target), _INDICATORS[plan.indicator])
        for c, text in enumerate(cells):
            sheet.write(row, c, text, formats.text)
        sheet.write_number(row, 3, plan.start, formats.centre)
        sheet.write_number(row, 4, plan.end, formats.centre)
        sheet.write_number(row, 5, plan.change, formats.percent_fine)
        at = factors[plan.indicator]
        first, last = (xl_rowcol_to_cell(at, 2 + c) for c in (years.index(plan.start) + 1, years.index(plan.end)))
        sheet.write_formula(row, 6, f"=PRODUCT({first}:{last})", formats.fine, float(plan.product))
        sheet.write_formula(row, 7, f"={xl_rowcol_to_cell(row, 6)}-1", formats.percent_fine, float(plan.product) - 1)
        sheet.write_formula(row, 8, f'=IF(ABS({xl_rowcol_to_cell(row, 7)}-{xl_rowcol_to_cell(row, 5)})<0.000001,1,0)',
                            formats.centre, 1)
    return below


def _nation(book: Book, sheet, row: int, nation, unit, mass, intensity, years) -> int:
    formats = book.formats
    for c, head in enumerate(("全国 China", "指标(单位 Unit)", *years)):
        sheet.write(row, c, head, formats.head)
    level = mass * nation["level"].to_numpy(dtype=float)
    per_gdp = nation["intensity"].to_numpy(dtype=float)
    lines = ((f"全国预算({unit})", "Budget of the nation", level, formats.number if mass > 1 else formats.tenth),
             (f"碳排放强度({intensity})", "CO2 per GDP", per_gdp, formats.fine))
    for k, (zh, en, values, style) in enumerate(lines, start=1):
        sheet.write(row + k, 0, zh, formats.text)
        sheet.write(row + k, 1, en, formats.text)
        for t, value in enumerate(values):
            sheet.write_number(row + k, 2 + t, float(value), style)
    for k, (zh, en, values) in enumerate((("总量系数(较前列,1)", "Factor of the total (to column before, 1)", level),
                                          ("强度系数(较前列,1)", "Factor of the intensity (1)", per_gdp)), start=3):
        sheet.write(row + k, 0, zh, formats.text)
        sheet.write(row + k, 1, en, formats.text)
        for t in range(1, len(years)):
            now, before = (xl_rowcol_to_cell(row + k - 2, 2 + s) for s in (t, t - 1))
            if values[t - 1]:
                sheet.write_formula(row + k, 2 + t, f"={now}/{before}", formats.fine, float(values[t] / values[t - 1]))
    sheet.write(row + 5, 0, "影子价格(元/吨CO2)", formats.text)
    sheet.write(row + 5, 1, "Shadow price (yuan/t CO2); model years", formats.text)
    for t, value in enumerate(nation["shadow_price"]):
        if np.isfinite(value):
            sheet.write_number(row + 5, 2 + t, 100.0 * float(value), formats.tenth)
    return row + 7


def _factors(book: Book, sheet, row: int, placed, budget, years, plans) -> None:
    """Product of each province's yearly factors over each plan, live, as last over first budget of the plan."""
    heads, spans = [], []
    for plan in plans.itertuples():
        spans.append((years.index(plan.start), years.index(plan.end)))
        heads.append(f"{plan.start + 1}—{plan.end}")
    values = np.ones((len(budget), len(spans)))
    for k, (s, e) in enumerate(spans):
        np.divide(budget[:, e], budget[:, s], out=values[:, k], where=budget[:, s] > 0)

    def product(r, k):
        first, last = (xl_rowcol_to_cell(placed.first + r, 2 + t) for t in spans[k])
        return f"=IF({first}>0,{last}/{first},1)"

    titles = ("五年系数(年度系数之积)", "Product of the yearly factors")
    table(sheet, book.formats, row, book.provinces(), titles, heads, values, "1",
          "five-year factor @ 0", number=book.formats.fine, freeze=False, formula=product)


def sectors(book: Book) -> None:
    """Every province, sector and model year after the first, with the reason and its price; cells of zero left out."""
    frame = book.results.tables["plan_sectors"]
    frame = frame[(frame["year"] > frame["year"].min()) & (frame["budget"] != 0)]
    sheet = book.sheet(
        "双控分行业 Budgets", "碳排放双控预算(省×行业×年)", "Budgets for dual control, province by sector by year",
        book.two("强度按增加值计;居民生活无增加值。影子价格来自路径规划,无则留空。",
                 "Intensity per value added; households have none. Shadow prices are the programme's, blank without."),
    )
    sheet.repeat_rows(HEAD)
    unit, mass = book.shown("Mt CO2")
    for c, (zh, en, size) in enumerate(_HEADS):
        sheet.set_column(c, c, size)
        sheet.write(HEAD, c, book.two(zh.format(mass=unit), en.format(mass=unit), "\n"), book.formats.head)
    sheet.set_row(HEAD, 46)
    names = dict(zip(book.results.regions, book.results.region_names_zh, strict=True))
    kinds = {**dict(zip(book.results.sectors, book.results.sector_names_zh, strict=True)), **HOUSEHOLDS}
    formats, reasons = book.formats, {text: reason(text) for text in frame["binding"].unique()}
    for row, line in enumerate(frame.itertuples(), start=HEAD + 1):
        for c, text in enumerate((names[line.region], line.region, kinds[line.sector], line.sector)):
            sheet.write_string(row, c, text, formats.text)
        sheet.write_number(row, 4, line.year, formats.centre)
        for c, value, style in ((5, mass * line.budget, formats.decimal), (6, line.intensity, formats.fine),
                                (7, line.factor, formats.fine), (8, mass * line.warning, formats.decimal),
                                (10, 100.0 * line.shadow_price, formats.tenth)):
            if np.isfinite(value):
                sheet.write_number(row, c, float(value), style)
            else:
                sheet.write_blank(row, c, None, formats.text)
        sheet.write_string(row, 9, reasons[line.binding], formats.text)
    last = xl_col_to_name(len(_HEADS) - 1)
    sheet.freeze_panes(HEAD + 1, 4)
    sheet.autofilter(f"A{HEAD + 1}:{last}{HEAD + 1 + max(len(frame), 1)}")
