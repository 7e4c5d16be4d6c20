"""Runs side by side, from their result files: headline figures and national series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from model.results import CODELIST, NATION, TOTAL, trapezium
from model.verify import Damaged, read_folder

#: National series that are laid side by side; 'Cost|' and 'Price|Carbon' join when a run has them.
SERIES = ("GDP|Real", "Population", "Primary Energy|Coal Equivalent", "Primary Energy|Coal",
          "Non-Fossil Share|Coal Equivalent", "Energy Use|Electricity", "Emissions|CO2|Gross", "Emissions|CO2|Captured",
          "Carbon Removal|Land", "Emissions|CO2|Net", "Carbon Intensity")
_OPTIONAL = ("Cost", "Price|Carbon", "Carbon Storage")
#: Years of which headline figures are shown, besides the last.
MILESTONES = (2030, 2035)
NET = "Emissions|CO2|Net"


@dataclass(frozen=True)
class Comparison:
    """headline : columns zh, en, unit, then one per run. series : variable, zh, en, unit, year, then one per run."""

    runs: tuple[str, ...]
    headline: pd.DataFrame
    series: pd.DataFrame

    def lines(self) -> list[str]:
        """The headline as text for the screen."""
        rows = [("", "", *self.runs)]
        rows += [(en, unit, *map(_shown, values)) for _, en, unit, *values in self.headline.itertuples(index=False)]
        widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
        left = [f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}" for row in rows]
        right = ["  ".join(f"{cell:>{w}}" for cell, w in zip(row[2:], widths[2:], strict=True)) for row in rows]
        return [f"{a}  {b}" for a, b in zip(left, right, strict=True)]

    def write(self, path: Path) -> None:
        """Write both tables: .csv (headline first, then the series with their year) or .xlsx (two sheets, a chart)."""
        if path.suffix == ".csv":
            top = self.headline.drop(columns="zh").rename(columns={"en": "indicator"}).assign(year="")
            rest = self.series.drop(columns=["zh", "en"]).rename(columns={"variable": "indicator"})
            columns = ["indicator", "unit", "year", *self.runs]
            text = pd.concat([top[columns].astype(object), rest[columns].astype(object)])
            text.to_csv(path, index=False, lineterminator="\n", encoding="utf-8-sig")
        else:
            _workbook(self, path)


def _shown(value) -> str:
    if value is None or value == "" or (isinstance(value, float) and np.isnan(value)):
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if isinstance(value, float) and abs(value) >= 100 else f"{value:.4g}"


def compare(folders: list[Path]) -> Comparison:
    """Read the runs in `folders`. Raises verify.Damaged when a folder is incomplete."""
    folders = [Path(folder).resolve() for folder in folders]
    names = [f.name if [g.name for g in folders].count(f.name) == 1 else f"{f.parent.name}/{f.name}" for f in folders]
    runs, tables = [], []
    for folder in folders:
        table, certificate, _ = read_folder(folder)
        if not isinstance(certificate.get("ledgers"), list) or not certificate["ledgers"]:
            raise Damaged([f"{folder / 'certificate.json'}: lists no ledgers, so nothing is proved of this run"])
        nation = table[(table["region"] == NATION) & (table["sector"] == TOTAL)]
        tables.append(nation.astype({"variable": str, "unit": str}))
        series = {name: part.set_index("year")["value"] for name, part in tables[-1].groupby("variable")}
        runs.append((series, certificate))
    known = pd.concat(tables).drop_duplicates("variable")
    units = dict(zip(known["variable"], known["unit"], strict=True))
    codelist = pd.read_csv(CODELIST).set_index("variable")
    rows = [
        (zh, en, unit, *(figure(series, certificate) for series, certificate in runs))
        for zh, en, unit, figure in _figures(units, max(max(s[NET].index) for s, _ in runs))
    ]
    chosen = [v for v in SERIES if v in units]
    chosen += sorted(v for v in units if v.split("|")[0] in _OPTIONAL or v in _OPTIONAL)
    years = sorted({year for series, _ in runs for year in series[NET].index})
    long = [
        (v, *(codelist.loc[v, ["zh", "en"]] if v in codelist.index else (v, v)), units[v], year,
         *(series[v].get(year, np.nan) if v in series else np.nan for series, _ in runs))
        for v in dict.fromkeys(chosen) for year in years
    ]
    return Comparison(
        tuple(names), pd.DataFrame(rows, columns=["zh", "en", "unit", *names], dtype=object),
        pd.DataFrame(long, columns=["variable", "zh", "en", "unit", "year", *names]),
    )


def _figures(units: dict[str, str], last: int):
    """Headline figures: (zh, en, unit, function of a run's series and certificate)."""

    def at(variable: str, year: int):
        return lambda series, _: float(series[variable].get(year, np.nan)) if variable in series else None

    yield "校验", "certificate", "", lambda _, c: "passed" if c.get("passed") else "FAILED"
    yield "达峰年份", "peak year", "", lambda s, _: str(int(s[NET].idxmax()))
    yield "峰值", "peak level, net CO2", units[NET], lambda s, _: float(s[NET].max())
    for year in (*MILESTONES, last):
        yield f"{year}年净排放", f"net CO2 {year}", units[NET], at(NET, year)
    yield "累计净排放", "cumulative net CO2", "Gt CO2", lambda s, _: trapezium(s[NET]) / 1000
    for variable, zh, en in (
        ("Emissions|CO2|Captured", "捕集封存", "captured CO2"), ("GDP|Real", "国内生产总值", "GDP"),
        ("Energy Use|Electricity", "电力使用", "electricity use"),
    ):
        yield f"{last}年{zh}", f"{en} {last}", units[variable], at(variable, last)
    share = "Non-Fossil Share|Coal Equivalent"
    for year in (*MILESTONES, last):
        if share in units:
            yield f"{year}年非化石占比", f"non-fossil share {year}", units[share], at(share, year)
    for variable in sorted(v for v in units if v.split("|")[0] == "Cost"):
        unit = units[variable]
        yield (f"累计{variable}", f"{variable}, cumulative", unit.removesuffix("/yr"),
               lambda s, _, v=variable: trapezium(s[v]) if v in s else None)
    if "Price|Carbon" in units:
        yield f"{last}年碳价", f"carbon price {last}", units["Price|Carbon"], at("Price|Carbon", last)


def _workbook(comparison: Comparison, path: Path) -> None:
    from xlsxwriter import Workbook

    from model.export.layout import Formats, page

    with Workbook(str(path)) as book:
        book.set_properties({"title": "情景对比 Runs compared", "created": datetime(2020, 12, 31)})
        formats, runs = Formats.of(book), comparison.runs
        sheets = (("对比 Compare", comparison.headline, ("指标", "Indicator", "单位\nUnit", *runs), (26, 34, 16)),
                  ("序列 Series", comparison.series,
                   ("变量\nVariable", "指标", "Indicator", "单位\nUnit", "年份\nYear", *runs), (34, 34, 40, 16, 8)))
        for name, frame, heads, widths in sheets:
            sheet = book.add_worksheet(name)
            page(sheet, footer=" / ".join(runs), repeat=(0, 0))
            for column, head in enumerate(heads):
                sheet.set_column(column, column, widths[column] if column < len(widths) else max(16, len(head) + 2))
                sheet.write(0, column, head, formats.head)
            sheet.set_row(0, 30)
            sheet.freeze_panes(1, len(widths))
            for row, values in enumerate(frame.itertuples(index=False), start=1):
                for column, value in enumerate(values):
                    if pd.isna(value):
                        sheet.write_blank(row, column, None, formats.text)
                    elif isinstance(value, (float, np.floating)):
                        sheet.write_number(row, column, float(value), formats.fitting([value]))
                    else:
                        sheet.write(row, column, value, formats.text)
        chart = book.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
        at = np.flatnonzero(comparison.series["variable"] == NET) + 1
        for number, run in enumerate(runs):
            chart.add_series({"name": run, "categories": [sheets[1][0], at[0], 4, at[-1], 4],
                              "values": [sheets[1][0], at[0], 5 + number, at[-1], 5 + number]})
        years = comparison.series["year"]
        chart.set_title({"name": "CO2净排放 Net CO2 (Mt CO2)", "name_font": {"size": 12}})
        chart.set_x_axis({"min": int(years.min()), "max": int(years.max()), "num_format": "0", "label_position": "low"})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 860, "height": 400})
        book.get_worksheet_by_name(sheets[0][0]).insert_chart(len(comparison.headline) + 3, 0, chart)
