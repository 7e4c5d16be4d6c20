"""Sheets that list: targets and what is reached, the calibration report, every input with its source."""

from __future__ import annotations

import math
from numbers import Real

import pandas as pd

from model.export.book import Book
from model.export.layout import HEAD, lines

_SENSE = {"at_most": "不高于 at most", "at_least": "不低于 at least", "equal": "等于 equal",
          "peak_by": "达峰不晚于 peak by"}
_STATUS = {"official": "官方 official", "derived": "推算 derived", "estimated": "估算 estimated",
           "assumed": "假设 assumed", "reported": "报道 reported"}
_WORDS = {"sense": _SENSE, "status": _STATUS,
          "base year": {"None": "—", "nan": "—", "": "—", "peak": "峰值 peak"}}
_HOLDS = {"yes": "达到 yes", "no": "未达到 no", "not resolved": "未解析 not resolved"}
#: Units that state a share; the figures are shown in per cent.
_SHARES = ("share", "1", "%")
#: column of the table -> (Chinese head, English head, width)
_TARGETS = {
    "指标": ("指标", "Indicator", 30), "indicator": ("指标代码", "Key", 24), "year": ("年份", "Year", 8),
    "sense": ("方向", "Sense", 20), "base year": ("对比年", "Against", 10), "target": ("目标值", "Target", 12),
    "reached": ("模型值", "Reached", 12), "slack": ("余量(正为达到)", "Slack (positive: kept)", 14),
    "shadow price": ("影子价格", "Shadow price", 14), "unit": ("单位", "Unit", 12), "holds": ("是否达到", "Holds", 16),
    "status": ("性质", "Status", 18), "source": ("来源", "Source", 60),
}
_POLICIES = {
    "policy": ("约束", "Constraint", 44), "year": ("年份", "Year", 8),
    "slack": ("余量(约束单位×年)", "Slack (unit of the row)", 20),
    "shadow price": ("影子价格(亿元/单位)", "Shadow price (10^8 yuan per unit)", 22),
}
_MARGINS = {
    "item": ("项目", "Item", 40), "place": ("地区", "Place", 20), "unit": ("单位", "Unit", 14),
    "published": ("公布值(单位见前列)", "Published (unit as stated)", 17),
    "modelled": ("模型值(单位见前列)", "Modelled (unit as stated)", 17),
    "residual": ("残差(单位见前列)", "Residual (unit as stated)", 17),
    "scale factor": ("调整系数(1)", "Scale factor (1)", 15),
    "note": ("说明", "Note", 60),
}
_SOURCES = {
    "item": ("项目", "Item", 52), "year": ("年份", "Year", 8),
    "value": ("数值(单位见后列)", "Value (unit as stated)", 18),
    "unit": ("单位", "Unit", 16), "status": ("性质", "Status", 18), "source": ("来源", "Source", 80),
}


def targets(book: Book) -> None:
    """Stated targets, what the pathway reaches and whether they hold; shares in per cent."""
    frame = book.results.targets
    if frame.empty:
        return
    sheet, columns = _open(book, "目标 Targets", "目标与完成情况", "Stated targets and what the pathway reaches", frame,
                           _TARGETS)
    formats = book.formats
    for row, entry in enumerate(frame[columns].to_dict("records"), start=HEAD + 1):
        share = str(entry["unit"]) in _SHARES and entry["sense"] != "peak_by"
        scale = 0.01 if str(entry["unit"]) == "%" else 1.0
        unit, multiple = ("%", scale) if share else book.shown(str(entry["unit"]))
        sheet.set_row(row, max(18.0, 15.0 * lines(str(entry.get("source", "")), _TARGETS["source"][2]) + 3))
        for column, name in enumerate(columns):
            value = entry[name]
            if name == "holds":
                style = {"yes": formats.good, "no": formats.bad}.get(str(value), formats.text)
                sheet.write(row, column, _HOLDS.get(str(value), str(value)), style)
            elif name == "unit":
                sheet.write(row, column, "" if entry["sense"] == "peak_by" else unit, formats.text)
            elif name in ("target", "reached", "slack") and _number(value):
                year = entry["sense"] == "peak_by"
                number = float(value) * (1.0 if year else multiple)
                style = formats.centre if year else formats.percent if share else formats.fitting([number])
                sheet.write_number(row, column, number, style)
            elif _number(value):
                sheet.write_number(row, column, float(value), formats.centre)
            else:
                sheet.write(row, column, _WORDS.get(name, {}).get(str(value), _text(value)), formats.wrap)


def policies(book: Book) -> None:
    """Caps and targets of the pathway programme with slack and shadow price; nothing where none chose."""
    if len(book.results.policies):
        _listed(book, "约束 Constraints", "约束:余量与影子价格", "Constraints: slack and shadow price",
                book.results.policies, _POLICIES)


def calibration(book: Book) -> None:
    """Every margin of the base year: published, modelled, residual, scale factor."""
    _listed(book, "校准 Calibration", "基年校准:公布值、模型值与残差", "Base year: published, modelled, residual",
            book.results.margins, _MARGINS)


def sources(book: Book) -> None:
    """Every input with unit, source and status."""
    _listed(book, "数据来源 Sources", "数据来源与状态", "Every input with its source and status",
            book.results.sources, _SOURCES)


def _open(book: Book, name: str, zh: str, en: str, frame: pd.DataFrame, known: dict):
    sheet = book.sheet(name, zh, en)
    sheet.repeat_rows(HEAD)
    columns = [c for c in known if c in frame.columns] + [c for c in frame.columns if c not in known]
    for column, key in enumerate(columns):
        zh_head, en_head, size = known.get(key, (key, key, 16))
        sheet.set_column(column, column, size)
        sheet.write(HEAD, column, book.two(zh_head, en_head, "\n"), book.formats.head)
    sheet.set_row(HEAD, 46)
    sheet.freeze_panes(HEAD + 1, 1)
    if len(frame):
        sheet.autofilter(HEAD, 0, HEAD + len(frame), len(columns) - 1)
    return sheet, columns


def _listed(book: Book, name: str, zh: str, en: str, frame: pd.DataFrame, known: dict) -> None:
    sheet, columns = _open(book, name, zh, en, frame, known)
    formats = book.formats
    sizes = [known.get(key, ("", "", 16))[2] for key in columns]
    for row, values in enumerate(frame[columns].itertuples(index=False), start=HEAD + 1):
        needed = 1
        for column, (key, value) in enumerate(zip(columns, values, strict=True)):
            if key == "year" and _number(value):
                sheet.write_number(row, column, int(value), formats.centre)
            elif _number(value):
                sheet.write_number(row, column, float(value), _style(formats, abs(float(value))))
            else:
                text = _STATUS.get(str(value), _text(value)) if key == "status" else _text(value)
                sheet.write_string(row, column, text, formats.wrap)
                needed = max(needed, lines(text, sizes[column]))
        sheet.set_row(row, 15.0 * needed + 2)


def _style(formats, size: float):
    if size == 0 or size >= 1000:
        return formats.number
    return formats.decimal if size >= 1 else formats.fine if size >= 0.01 else formats.small


def _number(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _text(value) -> str:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)
