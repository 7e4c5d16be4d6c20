"""The sheet of near-optimal pathways: what each makes with what, and how far every main technology may move."""

from __future__ import annotations

import pandas as pd

from model.export.book import Book
from model.export.layout import HEAD

SHEET = "近优路径 Alternatives"
#: Figures of a whole pathway: variable -> (Chinese, English).
_WHOLE = {
    "Cost above Optimum": ("成本高出最优", "Cost above optimum"),
    "Distance from Optimum": ("与最优路径的差异", "Distance from optimum"),
    "System Cost": ("贴现系统成本", "Discounted system cost"),
    "Largest Violation": ("完整约束最大误差", "Largest miss of a complete requirement"),
}
CHINA = "China"
#: Rows of provinces shown, those that differ most from the optimum in parts of the nation's product.
_PROVINCIAL_ROWS = 60
_ENDS = {"optimum": ("最优", "Optimum"), "least": ("下限", "Least"), "most": ("上限", "Most")}
#: Families of technologies that only ranges know.
_FAMILIES = {
    "Coal power without capture": "煤电(无碳捕集)", "Solar power": "光伏发电", "Storage of electricity": "储能",
}
#: A row is shown where some pathway has at least this part of the largest figure of its kind and product.
_SHOWN = 0.005


def alternatives(book: Book) -> None:
    """Pathways side by side by year, with the range of main technologies; nothing where none were asked for."""
    frame = book.results.alternatives
    if not len(frame):
        return
    provincial = "region" in frame
    if provincial:
        sheet = book.sheet(
            SHEET, "近优路径(分省规划)", "Near-optimal pathways, provinces",
            book.two(
                "在最终经济不变的分省规划上求得,全部完整约束均满足;差异最大者在前;先列全国合计,后列与最优差异最大的省份项。",
                "On the programme over all provinces at the run's final economy, all requirements met; furthest first; "
                "sums of the nation, then what provinces do most differently.",
            ),
        )
    else:
        sheet = book.sheet(
            SHEET, "近优路径(全国)", "Near-optimal pathways, China",
            book.two(
                "在最终经济不变的全国规划上求得;各路径成本至多高出最优路径给定幅度,差异最大者在前;上下限为同一成本幅度内的取值范围。",
                "On the national programme at the run's final economy; within the cost slack, furthest first; "
                "least and most within the same slack.",
            ),
        )
    pathways = list(dict.fromkeys(frame["pathway"]))
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 3, 10)
    sheet.set_column(4, 3 + len(pathways), 13)
    sheet.set_column(4 + len(pathways), 4 + len(pathways), 50)
    heads = [book.two("指标", "Indicator (zh)", "\n"), "Indicator", book.two("单位", "Unit", "\n"),
             book.two("年份", "Year", "\n"), *(book.two(*_head(p), "\n") for p in pathways),
             book.two("变量", "Variable", "\n")]
    for column, head in enumerate(heads):
        sheet.write(HEAD, column, head, book.formats.head)
    sheet.set_row(HEAD, 32)
    row = HEAD + 1
    for region, variable, year, values in _all_rows(frame):
        unit, scale = book.shown(values.pop("unit"))
        shown = {p: v * scale for p, v in values.items()}
        style = book.formats.fitting(list(shown.values()))
        names = _name(book, variable)
        if region != CHINA:
            chinese = dict(zip(book.results.regions, book.results.region_names_zh, strict=True))
            names = (f"{chinese.get(region, region)}:{names[0]}", f"{region}: {names[1]}")
        for column, text in enumerate((*names, unit)):
            sheet.write(row, column, text, book.formats.text)
        sheet.write(row, 3, "" if year is None else year, book.formats.centre)
        for column, pathway in enumerate(pathways, start=4):
            if pathway in shown:
                sheet.write_number(row, column, shown[pathway], style)
            else:
                sheet.write_blank(row, column, None, book.formats.text)
        sheet.write(row, 4 + len(pathways), variable, book.formats.tag)
        row += 1
    sheet.autofilter(HEAD, 0, row - 1, 4 + len(pathways))
    sheet.freeze_panes(HEAD + 1, 4)


def _all_rows(frame: pd.DataFrame):
    """(region, variable, year or None, values) of the nation, then of the provinces that differ most."""
    if "region" not in frame:
        yield from ((CHINA, variable, year, values) for (variable, year), values in _rows(frame))
        return
    nation = frame[frame["region"] == CHINA].drop(columns="region")
    yield from ((CHINA, variable, year, values) for (variable, year), values in _rows(nation))
    yield from _differences(frame[frame["region"] != CHINA])


def _differences(frame: pd.DataFrame):
    """Rows of provinces, those first whose alternatives lie furthest from the optimum in parts of the product."""
    wide = frame.set_index(["region", "variable", "year", "unit", "pathway"])["value"].unstack()
    other = wide.drop(columns="optimum")
    if other.empty:
        return
    product = wide.index.get_level_values("variable").str.split("|").str[1]
    made = wide["optimum"].groupby([product, wide.index.get_level_values("year")]).transform("sum")
    moved = other.sub(wide["optimum"], axis=0).abs().max(axis=1) / made.clip(lower=1e-9)
    for at in moved[moved > 0].sort_values(ascending=False, kind="stable").index[:_PROVINCIAL_ROWS]:
        region, variable, year, unit = at
        pathways = dict.fromkeys(frame["pathway"])
        yield region, variable, int(year), {p: float(wide.at[at, p]) for p in pathways} | {"unit": unit}


def _rows(frame: pd.DataFrame):
    """((variable, year or None), {pathway: value, 'unit': unit}) in the table's order, what is never seen left out."""
    kept, largest = {}, {}
    for pathway, variable, year, unit, value in frame.itertuples(index=False):
        key = (variable, None if pd.isna(year) else int(year))
        kept.setdefault(key, {"unit": unit})[pathway] = float(value)
        kind = variable.rpartition("|")[0] or variable
        largest[kind] = max(largest.get(kind, 0.0), abs(float(value)))
    for (variable, year), values in sorted(kept.items(), key=lambda item: item[0][1] or 0):
        limit = _SHOWN * largest[variable.rpartition("|")[0] or variable]
        if variable in _WHOLE or max(abs(v) for k, v in values.items() if k != "unit") > limit:
            yield (variable, year), values


def _head(pathway: str) -> tuple[str, str]:
    number = pathway.rpartition(" ")[2]
    return _ENDS.get(pathway) or (f"备选{number}", f"Alternative {number}")


def _name(book: Book, variable: str) -> tuple[str, str]:
    family = variable.rpartition("|")[2]
    if family in _FAMILIES:
        return _FAMILIES[family], family
    return _WHOLE.get(variable) or book.name(variable)
