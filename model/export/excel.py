"""The ministries' workbook: cover with certificate, notes, national path, provinces, sectors, energy, sources."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from xlsxwriter import Workbook

from model.export.layout import Formats, Placed, heading, ministry, table
from model.results import CODELIST, NATION, TOTAL, Results

#: Years shown where every model year would be too many.
_FUELS = (
    "Coal",
    "Coke",
    "Derived Gas",
    "Crude Oil",
    "Gasoline",
    "Kerosene",
    "Diesel",
    "Fuel Oil",
    "LPG",
    "Other Petroleum",
    "Natural Gas",
    "Biomass",
    "Heat",
    "Electricity",
    "Hydrogen",
)
_PROVINCE_SHEETS = (
    ("分省CO2 Provinces", "Emissions|CO2|Net"),
    ("分省GDP Provinces", "GDP|Real"),
    ("分省能耗 Provinces", "Energy Use"),
    ("分省电力 Provinces", "Energy Use|Electricity"),
)
_SECTOR_SHEETS = (
    ("行业CO2 Sectors", "Emissions|CO2|Gross"),
    ("行业增加值 Sectors", "Value Added"),
    ("行业能耗 Sectors", "Energy Use"),
)
_NATIONAL = (
    "GDP|Real",
    "Population",
    "Consumption|Private",
    "Consumption|Government",
    "Investment",
    "Exports",
    "Imports",
    "Primary Energy|Coal Equivalent",
    "Primary Energy|Calorific",
    "Primary Energy|Coal",
    "Primary Energy|Oil",
    "Primary Energy|Gas",
    "Non-Fossil Share|Coal Equivalent",
    "Non-Fossil Share|Calorific",
    "Energy Use|Electricity",
    "Emissions|CO2|Energy",
    "Emissions|CO2|Industrial Processes",
    "Emissions|CO2|Gross",
    "Emissions|CO2|Captured",
    "Carbon Removal|Land",
    "Emissions|CO2|Net",
    "Carbon Intensity",
)


class _Book:
    """What every sheet needs: results, formats and the names of variables."""

    def __init__(self, book: Workbook, results: Results):
        self.book, self.results, self.formats = book, results, Formats.of(book)
        names = pd.read_csv(CODELIST)
        self.names = {row.variable: (row.zh, row.en, row.unit) for row in names.itertuples()}
        wanted = results.table
        self.cube = {name: part for name, part in wanted.groupby("variable", sort=False)}

    def name(self, variable: str) -> tuple[str, str, str]:
        """Chinese name, English name, internal unit of a variable."""
        if variable in self.names:
            return self.names[variable]
        return variable.split("|")[-1], variable, str(self.cube[variable]["unit"].iloc[0])

    def rows(self, variable: str, axis: str, labels, fixed: str) -> np.ndarray:
        """(labels, years) of one variable along 'region' or 'sector', the other key fixed; zeros where left out."""
        if variable not in self.cube:
            return np.zeros((len(labels), len(self.results.years)))
        part = self.cube[variable]
        other = "sector" if axis == "region" else "region"
        part = part[part[other] == fixed]
        return (
            part.pivot(index=axis, columns="year", values="value")
            .reindex(index=list(labels), columns=list(self.results.years))
            .fillna(0.0)
            .to_numpy()
        )


def write(results: Results, path: Path) -> None:
    """Write the workbook. Same results, same bytes (fixed creation time)."""
    with Workbook(str(path), {"strings_to_numbers": False}) as book:
        book.set_properties(
            {
                "title": results.title_zh,
                "subject": results.title_en,
                "comments": results.certificate.scenario_sha256,
                "created": datetime(2020, 12, 31),
            }
        )
        context = _Book(book, results)
        _cover(context)
        _notes(context)
        _national(context)
        for sheet, variable in _PROVINCE_SHEETS:
            _by(context, sheet, variable, "region")
        for sheet, variable in _SECTOR_SHEETS:
            _by(context, sheet, variable, "sector")
        _technologies(context)
        _energy_balance(context)
        _targets(context)
        _long(
            context,
            "校准 Calibration",
            results.margins,
            "基年校准:公布值、模型值与残差",
            "Base-year calibration: published, modelled, residual",
        )
        _long(context, "数据来源 Sources", results.sources, "数据来源与状态", "Every input with its source and status")


def _cover(context: _Book) -> None:
    results, formats = context.results, context.formats
    sheet = context.book.add_worksheet("封面 Cover")
    row = heading(sheet, formats, results.title_zh, results.title_en)
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 1, 26)
    sheet.set_column(2, 3, 16)
    sheet.set_column(4, 4, 40)
    sheet.set_column(5, 5, 18)
    year, level = results.peak
    net = results.series("Emissions|CO2|Net")
    certificate = results.certificate
    facts = [
        ("情景 Scenario", results.scenario_name),
        ("结论 Certificate", "通过 passed" if certificate.passed else "未通过 FAILED"),
        ("达峰年份 Peak year", year),
        ("峰值 Peak level (万吨CO2)", level * 100),
        (f"{results.years[-1]}年净排放 Net emissions (万吨CO2)", float(net.iloc[-1]) * 100),
        ("情景校验码 Scenario SHA-256", certificate.scenario_sha256),
        ("基年校验码 Base-year SHA-256", certificate.base_year_sha256),
        ("版本 Version", certificate.version),
    ]
    for label, value in facts:
        sheet.write(row, 0, label, formats.text)
        good = label.startswith("结论")
        style = (
            (formats.good if certificate.passed else formats.bad)
            if good
            else (formats.number if isinstance(value, float) else formats.text)
        )
        sheet.write(row, 1, value, style)
        row += 1
    row += 1
    sheet.write(row, 0, "平衡校验 Ledgers", formats.title)
    row += 1
    for column, head in enumerate(
        ("账目 Ledger", "性质 Kind", "残差\nResidual", "容差\nTolerance", "最差位置 Where", "结果 Status")
    ):
        sheet.write(row, column, head, formats.head)
    for ledger in certificate.ledgers:
        row += 1
        kind = "独立核算 independent" if ledger.kind == "independent" else "构造成立 by construction"
        sheet.write(row, 0, ledger.name, formats.text)
        sheet.write(row, 1, kind, formats.text)
        if ledger.residual is None:
            sheet.write(row, 2, "—", formats.text)
        else:
            sheet.write_number(row, 2, ledger.residual, formats.small)
        sheet.write_number(row, 3, ledger.tolerance, formats.small)
        sheet.write(row, 4, ledger.where, formats.text)
        sheet.write(
            row,
            5,
            ledger.status,
            formats.good if ledger.status == "pass" else formats.bad if ledger.status == "fail" else formats.text,
        )
    row += 2
    sheet.write(
        row,
        0,
        "范围:31个省级行政区,不含香港、澳门、台湾。 Scope: 31 province-level regions; Hong Kong, Macau and "
        "Taiwan are outside.",
        formats.subtitle,
    )


def _notes(context: _Book) -> None:
    formats, results = context.formats, context.results
    sheet = context.book.add_worksheet("说明 Notes")
    row = heading(sheet, formats, "说明", "Notes on scope, prices and method")
    sheet.set_column(0, 1, 70)
    for column, head in enumerate(("中文", "English")):
        sheet.write(row, column, head, formats.head)
    for en, zh in results.notes:
        row += 1
        sheet.write(row, 0, zh, formats.wrap)
        sheet.write(row, 1, en, formats.wrap)
    for warning in results.warnings:
        row += 1
        sheet.write(row, 0, "警告 Warning", formats.bad)
        sheet.write(row, 1, warning, formats.wrap)
    row += 2
    sheet.write(row, 0, "情景锁定文件 Scenario lock file", formats.head)
    for line in results.lock.splitlines():
        row += 1
        sheet.write_string(row, 0, line, formats.plain)


def _national(context: _Book) -> None:
    results, formats = context.results, context.formats
    sheet = context.book.add_worksheet("全国路径 National")
    row = heading(
        sheet,
        formats,
        "全国路径",
        "National pathway",
        "2020年不变价;能源按两种折算口径分列 Constant 2020 prices; both electricity conventions shown",
    )
    labels, units, values, styles = [], [], [], []
    for variable in _NATIONAL:
        if variable not in context.cube:
            continue
        zh, en, unit = context.name(variable)
        zh_unit, en_unit, scale = ministry(unit)
        labels.append((zh, en))
        units.append((zh_unit, en_unit))
        values.append(context.rows(variable, "region", [NATION], TOTAL)[0] * scale)
        styles.append(formats.decimal if unit in ("%", "t CO2/10^4 yuan") else formats.number)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 2, 13)
    sheet.set_column(3, 3 + len(results.years), 11)
    placed = table(
        sheet, formats, row, labels, ["指标", "Indicator"], list(results.years), values, units, number=styles
    )
    _line_chart(
        context,
        sheet,
        placed,
        labels,
        {"CO2净排放", "CO2总量(捕集与碳汇前)", "CO2捕集封存量", "陆地碳汇"},
        "CO2排放路径 CO2 pathway (万吨CO2)",
        placed.first + placed.rows + 2,
        0,
    )
    _line_chart(
        context,
        sheet,
        placed,
        labels,
        {"煤炭消费量", "石油消费量", "天然气消费量"},
        "化石能源 Fossil energy (万吨标准煤)",
        placed.first + placed.rows + 2,
        5,
    )


def _line_chart(
    context: _Book, sheet, placed: Placed, labels, wanted: set[str], title: str, row: int, column: int
) -> None:
    # A scatter keeps the time axis true: the model years are not evenly spaced.
    chart = context.book.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    name = sheet.get_name()
    last = placed.column + placed.columns - 1
    for index, (zh, en) in enumerate(labels):
        if zh in wanted:
            line = placed.first + index
            chart.add_series(
                {
                    "name": f"{zh} {en}",
                    "categories": [name, placed.header, placed.column, placed.header, last],
                    "values": [name, line, placed.column, line, last],
                    "marker": {"type": "circle", "size": 4},
                }
            )
    years = context.results.years
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_x_axis({"min": years[0], "max": years[-1], "major_unit": 10, "num_format": "0"})
    chart.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 760, "height": 400})
    sheet.insert_chart(row, column, chart)


def _by(context: _Book, sheet_name: str, variable: str, axis: str) -> None:
    if variable not in context.cube:
        return
    results, formats = context.results, context.formats
    zh, en, unit = context.name(variable)
    zh_unit, en_unit, scale = ministry(unit)
    keys, names = (
        (results.regions, results.region_names_zh) if axis == "region" else (results.sectors, results.sector_names_zh)
    )
    if axis == "sector":
        extra = [s for s in ("Rural households", "Urban households") if (context.cube[variable]["sector"] == s).any()]
        keys = (*keys, *extra)
        names = (*names, *({"Rural households": "农村居民", "Urban households": "城镇居民"}[s] for s in extra))
    values = context.rows(variable, axis, keys, TOTAL if axis == "region" else NATION) * scale
    sheet = context.book.add_worksheet(sheet_name)
    suffix = ("(分省)", "by province") if axis == "region" else ("(分行业)", "by sector")
    row = heading(sheet, formats, zh + suffix[0], f"{en}, {suffix[1]}")
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 2 + len(results.years), 12)
    table(
        sheet,
        formats,
        row,
        list(zip(names, keys, strict=True)),
        ["名称", "Name"],
        list(results.years),
        values,
        (zh_unit, en_unit),
        total=("全国合计", "China"),
    )


def _technologies(context: _Book) -> None:
    results, formats = context.results, context.formats
    found = sorted(v for v in context.cube if v.startswith(("Production|", "Capacity|")))
    if not found:
        return
    sheet = context.book.add_worksheet("技术路线 Technologies")
    row = heading(sheet, formats, "产品产量与技术构成(全国)", "Production and capacity by technology, China")
    sheet.set_column(0, 1, 40)
    sheet.set_column(2, 2, 14)
    sheet.set_column(3, 3 + len(results.years), 11)
    labels, units, values = [], [], []
    for variable in found:
        zh, en, unit = context.name(variable)
        zh_unit, en_unit, scale = ministry(unit)
        labels.append((zh, en))
        units.append((zh_unit, en_unit))
        values.append(context.rows(variable, "region", [NATION], TOTAL)[0] * scale)
    table(sheet, formats, row, labels, ["名称", "Variable"], list(results.years), values, units, number=formats.decimal)


def _energy_balance(context: _Book) -> None:
    results, formats = context.results, context.formats
    sheet = context.book.add_worksheet("能源平衡 Energy")
    row = heading(
        sheet,
        formats,
        "能源使用平衡(全国,分行业与品种)",
        "Energy use by sector and carrier, China",
        "电力、热力按当量值;终端、加工转换投入与非能源利用合计 Electricity and heat calorific; all uses together",
    )
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 2 + len(_FUELS), 11)
    keys = (*results.sectors, "Rural households", "Urban households")
    names = (*results.sector_names_zh, "农村居民", "城镇居民")
    zh_unit, en_unit, scale = ministry("PJ")
    cubes = [context.rows(f"Energy Use|{fuel}", "sector", keys, NATION) * scale for fuel in _FUELS]
    chosen = [y for y in (2020, 2025, 2030, 2035, 2040, 2050, 2060) if y in results.years] or list(results.years)
    heads = [f"{context.name(f'Energy Use|{fuel}')[0].removesuffix('使用量')}\n{fuel}" for fuel in _FUELS]
    for number, year in enumerate(chosen):
        at = results.years.index(year)
        values = np.stack([cube[:, at] for cube in cubes], axis=1)
        sheet.write(row, 0, f"{year}年", formats.title)
        placed = table(
            sheet,
            formats,
            row + 1,
            list(zip(names, keys, strict=True)),
            ["行业", "Sector"],
            heads,
            values,
            (zh_unit, en_unit),
            total=("合计", "Total"),
            freeze=number == 0,
        )
        row = placed.first + placed.rows + 3


def _targets(context: _Book) -> None:
    if context.results.targets.empty:
        return
    _long(
        context,
        "目标 Targets",
        context.results.targets,
        "目标与完成情况",
        "Stated targets and what the pathway reaches",
    )


def _long(context: _Book, name: str, frame: pd.DataFrame, zh: str, en: str) -> None:
    formats = context.formats
    sheet = context.book.add_worksheet(name)
    row = heading(sheet, formats, zh, en)
    for column, head in enumerate(frame.columns):
        sheet.write(row, column, str(head), formats.head)
        longest = int(frame[head].astype(str).str.len().clip(upper=60).max()) if len(frame) else 10
        sheet.set_column(column, column, max(10, longest + 2))
    sheet.freeze_panes(row + 1, 0)
    if len(frame):
        sheet.autofilter(row, 0, row + len(frame), len(frame.columns) - 1)
    for offset, values in enumerate(frame.itertuples(index=False), start=row + 1):
        for column, value in enumerate(values):
            if isinstance(value, (int, float, np.integer, np.floating)):
                if np.isfinite(value):
                    size = abs(float(value))
                    small = 0 < size < 0.01
                    integer = float(value).is_integer()
                    style = formats.small if small else formats.plain if integer and size < 1e4 else formats.decimal
                    sheet.write_number(offset, column, float(value), style)
            else:
                sheet.write_string(offset, column, str(value), formats.text)
