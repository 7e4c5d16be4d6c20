"""The peak-year curve as a workbook with charts, Chinese first."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from xlsxwriter import Workbook

from model.export.layout import Formats

_GOALS = {"all targets": ("全部目标", "All targets"),
          "peak and neutrality alone": ("仅达峰与中和", "Peak and neutrality alone")}
_HEADS = {
    "goals": ("目标范围", "Goals"), "allowed": ("允许达峰年", "Allowed peak year"), "status": ("状态", "Status"),
    "peak_year": ("实际达峰年", "Peak year"), "peak": ("峰值(万吨CO2)", "Peak (10^4 t CO2 net)"),
    "cost": ("贴现系统成本(亿元)", "Discounted system cost (10^8 yuan)"),
    "difference": ("与基准之差(亿元)", "Difference (10^8 yuan)"), "per cent": ("差额(%)", "Difference (%)"),
    "cumulative": ("累计净排放(亿吨CO2)", "Cumulative net (10^8 t CO2)"),
}
_NOTE = ("全国规划,经济固定于该情景的最终状态;2020年价,贴现至2020年。 "
         "National programme, economy frozen at the scenario's final state; prices of 2020.")
#: Multipliers from the table's units (Mt, Gt) to those shown.
_SCALE = {"peak": 100.0, "cumulative": 10.0}


def write(curve: pd.DataFrame, path: Path, title_zh: str, title_en: str) -> None:
    """One sheet with the table and two charts: cost and height of the peak by allowed peak year."""
    columns = [c for c in curve.columns if c not in ("warm", "seconds")]
    with Workbook(str(path)) as book:
        formats = Formats.of(book)
        sheet = book.add_worksheet("达峰年 Peaks")
        sheet.hide_gridlines(2)
        sheet.write(0, 0, f"达峰年份、峰值与成本:{title_zh}", formats.title)
        sheet.write(1, 0, f"Peak year, height of the peak and cost: {title_en}", formats.subtitle)
        sheet.write(2, 0, _NOTE, formats.subtitle)
        head = 4
        for column, name in enumerate(columns):
            zh, en = _HEADS.get(name) or (f"{name[6:]}年碳价(元/吨)", f"Carbon price {name[6:]} (yuan/t)")
            sheet.write(head, column, f"{zh}\n{en}", formats.head)
            sheet.set_column(column, column, 26 if column == 0 else 17)
        sheet.set_row(head, 48)
        for row, entry in enumerate(curve[columns].to_dict("records"), start=head + 1):
            for column, name in enumerate(columns):
                value = entry[name]
                if name == "goals":
                    sheet.write(row, column, " ".join(_GOALS.get(value, (value,))), formats.text)
                elif name in ("allowed", "status", "peak_year"):
                    sheet.write(row, column, "" if pd.isna(value) else value, formats.centre)
                elif pd.isna(value):
                    sheet.write_blank(row, column, None, formats.text)
                else:
                    style = formats.fine if name == "per cent" else formats.number
                    sheet.write_number(row, column, float(value) * _SCALE.get(name, 1.0), style)
        _charts(book, sheet, curve, columns, head)


def _charts(book: Workbook, sheet, curve: pd.DataFrame, columns: list[str], head: int) -> None:
    first = head + 1
    for number, (name, title) in enumerate((("difference", "成本差额(亿元) Cost difference"),
                                            ("peak", "峰值(万吨CO2) Height of the peak"))):
        if name not in columns:
            continue
        chart = book.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
        for goals in dict.fromkeys(curve["goals"]):
            own = [first + i for i, g in enumerate(curve["goals"]) if g == goals]
            chart.add_series({
                "name": " ".join(_GOALS.get(goals, (goals,))),
                "categories": [sheet.get_name(), own[0], columns.index("allowed"), own[-1], columns.index("allowed")],
                "values": [sheet.get_name(), own[0], columns.index(name), own[-1], columns.index(name)],
            })
        chart.set_title({"name": title, "name_font": {"size": 12}})
        chart.set_x_axis({"name": "允许达峰年 Allowed peak year", "min": int(curve["allowed"].min()),
                          "max": int(curve["allowed"].max()), "num_format": "0"})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 620, "height": 340})
        sheet.insert_chart(first + len(curve) + 2, 4 * number, chart)
