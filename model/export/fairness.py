"""Who pays whom and who bears what: transfers, burdens and ranks by province and rule, inequality by rule."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model.export.book import Book
from model.export.layout import A3, HEAD, table

#: Column of the fairness table by province -> (Chinese, English, unit of the results, shown with decimals).
_BLOCKS = (
    ("transfer", "转移净收入(正为收入)", "Transfers received (positive)", "10^8 yuan"),
    ("net_cost", "净成本", "Net cost", "10^8 yuan"),
    ("burden", "净成本/GDP", "Net cost / GDP", "%"),
    ("per_head", "人均净成本", "Net cost per head", "yuan"),
    ("gain", "相对参照的得益", "Gain against the reference", "10^8 yuan"),
    ("rank", "负担轻重位次(1最轻)", "Rank of burden (1 the lightest)", "1"),
    ("rank_of_rule", "对本省最有利的原则位次", "Rank of the rule for the province", "1"),
)
#: Column of the table by rule -> (Chinese, English, unit).
_RULES = (
    ("volume", "转移规模", "Volume", "10^8 yuan"), ("winners", "得益省数", "Winners", "1"),
    ("losers", "受损省数", "Losers", "1"), ("lightest", "最轻负担", "Lightest burden", "%"),
    ("heaviest", "最重负担", "Heaviest burden", "%"), ("gini_before", "基尼(减排前)", "Gini before", "1"),
    ("gini_after_cost", "基尼(成本后)", "Gini after costs", "1"),
    ("gini_after", "基尼(转移后)", "Gini after transfers", "1"), ("theil_before", "泰尔(减排前)", "Theil before", "1"),
    ("theil_after_cost", "泰尔(成本后)", "Theil after costs", "1"),
    ("theil_after", "泰尔(转移后)", "Theil after transfers", "1"),
    ("gini_of_burden", "负担绝对基尼", "Absolute Gini of burdens", "yuan"),
    ("concentration", "负担集中指数(正为富省多担)", "Concentration (positive: the rich bear more)", "yuan"),
)
_NAMES = {"blend": ("加权组合", "Blend"), "owen": ("欧文点", "Owen point"),
          "owen with contracts": ("欧文点(保留省际合同)", "Owen point, contracts kept"),
          "embodied carbon": ("隐含碳补偿(使用方按碳价补偿生产方)", "Compensation for embodied carbon"),
          "fiscal formula": ("财政公式(人均成本均等)", "Fiscal formula (equal cost per head)"),
          "shapley": ("沙普利值", "Shapley value"), "no transfers": ("无转移", "No transfers")}
#: References of the smallest transfers.
_REFERENCES = {"equal burden": "等负担(成本/GDP相同)", "grandfathering with trade": "历史排放配额加交易",
               "stand-alone with the same contracts": "单独行动(合同不变)"}


def transfers(book: Book) -> None:
    """Transfers and fairness; nothing where the run moves no money."""
    tables = book.results.tables
    frame = tables.get("fairness_provinces", pd.DataFrame())
    if frame.empty:
        return
    sheet = book.sheet(
        "转移与公平 Transfers", "省际转移支付与公平性(现值)", "Transfers and fairness (present value)",
        next((book.two(f.zh, f.en) for f in tables["desk_facts"].itertuples() if f.key == "transfers"), ""),
        paper=A3, repeat=False,
    )
    known = {row.rule: (row.zh, row.en) for row in tables["rules"].itertuples()} | _NAMES
    rules = list(dict.fromkeys(frame["rule"]))
    labels = [known.get(rule, (rule, rule)) for rule in rules]
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 40)
    sheet.set_column(2, 2 + max(len(rules), len(_RULES)), 13)
    row = _by_rule(book, sheet, tables.get("fairness_rules", pd.DataFrame()), rules, labels)
    breaks = []
    for column, zh, en, inside in _BLOCKS:
        if column not in frame:
            continue
        unit, factor = _shown(book, inside)
        wide = frame.pivot(index="region", columns="rule", values=column).loc[list(book.results.regions), rules]
        number = book.formats.number if column.startswith("rank") else (
            book.formats.decimal if inside == "%" else book.formats.tenth)
        placed = table(sheet, book.formats, row, book.provinces(), (zh, en), [f"{a}\n{b}" for a, b in labels],
                       factor * wide.to_numpy(dtype=float), unit, f"{column} @ 0", number=number, freeze=False,
                       total=("合计", "Total") if column in ("transfer", "net_cost", "gain") else None)
        breaks.append(placed.head)
        row = placed.end + 1
    for name in ("owen", "smallest", "shapley", "principles"):
        row = _listed(book, sheet, row, name, tables.get(name, pd.DataFrame()))
    row = _by_year(book, sheet, row, tables.get("owen_years", pd.DataFrame()))
    sheet.set_h_pagebreaks(breaks)
    sheet.freeze_panes(HEAD, 2)


def _shown(book: Book, inside: str) -> tuple[str, float]:
    if inside == "yuan":
        return ("yuan per head" if book.language == "en" else "元/人"), 1.0
    return book.shown(inside)


def _by_rule(book: Book, sheet, frame: pd.DataFrame, rules, labels) -> int:
    """One line per rule; every column its own unit."""
    if frame.empty:
        return HEAD
    columns = [entry for entry in _RULES if entry[0] in frame]
    formats = book.formats
    heads = [("原则", "Rule (zh)"), ("原则(英)(单位 Unit 见下行)", "Rule"), *((zh, en) for _, zh, en, _ in columns)]
    for c, (zh, en) in enumerate(heads):
        sheet.write(HEAD, c, book.two(zh, en, "\n"), formats.head)
    sheet.set_row(HEAD, 88)
    sheet.write(HEAD + 1, 0, "单位 Units", formats.unit)
    sheet.write_blank(HEAD + 1, 1, None, formats.unit)
    shown = [_shown(book, inside) for *_, inside in columns]
    for c, (unit, _) in enumerate(shown, start=2):
        sheet.write(HEAD + 1, c, unit, formats.unit)
    indexed = frame.set_index("rule")
    for r, (rule, (zh, en)) in enumerate(zip(rules, labels, strict=True), start=HEAD + 2):
        sheet.write(r, 0, zh, formats.text)
        sheet.write(r, 1, en, formats.text)
        for c, ((column, *_), (_, factor)) in enumerate(zip(columns, shown, strict=True), start=2):
            value = factor * float(indexed.loc[rule, column]) if rule in indexed.index else np.nan
            style = formats.fine if column.startswith(("gini_a", "gini_b", "theil")) else formats.tenth
            if np.isfinite(value):
                sheet.write_number(r, c, value, formats.number if column in ("winners", "losers") else style)
            else:
                sheet.write(r, c, "—", formats.centre)
    return HEAD + 3 + len(rules)


_TITLES = {
    "owen": ("欧文点(由规划对偶值一次求得;任何省份联盟都不能单独做得更好)",
             "Owen point (from the programme's duals; no coalition of provinces can do better alone)"),
    "smallest": ("最小转移:使各省均不劣于参照",
                 "Smallest transfers that leave no province worse off than the reference"),
    "shapley": ("沙普利值(分省减排成本曲线,随机排列抽样)",
                "Shapley value (of provincial cost curves, sampled orders of joining)"),
    "principles": ("各原则的成本:有交易与无交易(分省减排成本曲线)",
                   "Cost of each principle, with and without trade (provincial cost curves)"),
}
_HEADS = {
    "division": ("分担成本", "Division"), "own_cost": ("自有成本", "Own cost"),
    "transfer": ("净收入", "Transfer received"),
    "yearly_transfer": ("年均净收入", "Yearly transfer"), "burden": ("分担/GDP(%)", "Division / GDP (%)"),
    "low": ("下限", "Low"), "high": ("上限", "High"), "cost": ("成本", "Cost"),
    "reference_cost": ("参照成本", "Reference cost"),
    "cost_after": ("转移后成本", "Cost after"), "reference": ("参照", "Reference"),
    "division_contracts": ("分担(保留合同)", "Division, contracts kept"),
    "transfer_contracts": ("净收入(保留合同)", "Received, contracts kept"),
    "stand_alone": ("单独行动成本", "Cost alone"), "short": ("单独时缺口", "Short when alone"),
    "contract": ("合同", "Contract"), "text": ("说明", "Meaning"), "rows": ("约束数", "Rows"),
    "bounds": ("界限数", "Bounds"),
    "value": ("数值", "Value"), "status": ("性质", "Status"), "unit": ("单位", "Unit"), "item": ("项目", "Item"),
    "note": ("说明", "Note"), "standard_error": ("标准误", "Standard error"), "rule": ("原则", "Rule"),
    "year": ("年份", "Year"), "with_trade": ("有交易", "With trade"), "without_trade": ("无交易", "Without trade"),
    "difference": ("差额", "Difference"),
}


def _listed(book: Book, sheet, row: int, name: str, frame: pd.DataFrame) -> int:
    """A list beneath the blocks: by province with its unit in words above it, else as it is."""
    if frame.empty:
        return row
    formats, placed = book.formats, "region" in frame
    sheet.write(row, 0, book.two(*_TITLES[name], "; "), formats.section)
    if placed:
        sheet.write(row + 1, 0, f"单位 Unit: 亿元(2020年不变价) {frame['unit'].iloc[0]}", formats.subtitle)
    columns = [c for c in frame.columns if c != "region" and not (placed and c == "unit")]
    columns = [c for c in columns if not (frame[c].isna().all() or (frame[c].astype(str) == "").all())]
    heads = [*(["省份 Province"] if placed else []), *(book.two(*_HEADS.get(c, (c, c)), "\n") for c in columns)]
    for c, head in enumerate(heads):
        sheet.write(row + 2, c, head, formats.head)
    sheet.set_row(row + 2, 46)
    names = dict(zip(book.results.regions, book.results.region_names_zh, strict=True))
    for r, line in enumerate(frame.to_dict("records"), start=row + 3):
        if placed:
            sheet.write(r, 0, f"{names.get(line['region'], '')} {line['region']}", formats.text)
        for c, column in enumerate(columns, start=int(placed)):
            _cell(sheet, formats, r, c, column, line[column])
    return row + 4 + len(frame)


#: Column of the Owen point by year -> (Chinese, English, tag).
_YEARS = (
    ("transfer_a_year", "欧文点当年净收入(正为收入;各年合计为零)", "Owen point: received in the year (sums to zero)",
     "Carbon Transfer|Owen point"),
    ("division_a_year", "欧文点当年分担(权利与义务按当年影子价格计)",
     "Owen point: borne in the year (rights and duties at its shadow prices)", "owen: borne in the year"),
)


def _by_year(book: Book, sheet, row: int, frame: pd.DataFrame) -> int:
    """Payments and burdens of the Owen point in the years solved."""
    if frame.empty:
        return row
    unit, factor = book.shown("10^8 yuan")
    for column, zh, en, tag in _YEARS:
        wide = frame.pivot(index="region", columns="year", values=column).loc[list(book.results.regions)]
        placed = table(sheet, book.formats, row, book.provinces(), (zh, en), [int(year) for year in wide.columns],
                       factor * wide.to_numpy(dtype=float), unit, tag, number=book.formats.tenth, freeze=False,
                       total=("合计", "Total"))
        row = placed.end + 1
    return row


_NOTES = {
    "contracts": ("合同与资源归属:规划的每个约束由谁承担", "Contracts: who owns the programme's rows"),
    "deal_summary": ("口径与假设", "Conventions and assumptions"),
}
_WIDE = {"contract": 26, "text": 90, "item": 40, "note": 90, "unit": 34}


def notes(book: Book) -> None:
    """Contracts behind the Owen point, and the conventions of the deal; nothing where there is none."""
    found = {name: book.results.tables[name] for name in _NOTES if len(book.results.tables.get(name, ()))}
    if not found:
        return
    sheet = book.sheet("交易说明 Deal notes", "省际交易:合同与口径", "The deal: its contracts, its terms", repeat=False)
    row, size = HEAD, {}
    for name, frame in found.items():
        sheet.write(row, 0, book.two(*_NOTES[name], "; ") + " (单位 Unit)", book.formats.section)
        columns = list(frame.columns)
        widths = [_WIDE.get(column, 16) for column in columns]
        for c, column in enumerate(columns):
            size[c] = max(size.get(c, 16), widths[c])
            sheet.set_column(c, c, size[c])
            sheet.write(row + 1, c, book.two(*_HEADS.get(column, (column, column)), "\n"), book.formats.head)
        sheet.set_row(row + 1, 34)
        for r, line in enumerate(frame.itertuples(index=False), start=row + 2):
            texts = [value if isinstance(value, str) else f"{value:,.4g}" for value in line]
            book.wrapped(sheet, r, texts, widths)
        row += len(frame) + 4
    sheet.freeze_panes(HEAD, 1)


def _cell(sheet, formats, row: int, column: int, name: str, value) -> None:
    if isinstance(value, str):
        text = f"{_REFERENCES[value]} {value}" if name == "reference" and value in _REFERENCES else value
        sheet.write_string(row, column, text, formats.text)
    elif name == "year":
        sheet.write_number(row, column, int(value), formats.centre)
    elif value is not None and np.isfinite(float(value)):
        size = abs(float(value))
        style = formats.decimal if name == "burden" or 0.01 <= size < 10 else (
            formats.small if 0 < size < 0.01 else formats.tenth)
        sheet.write_number(row, column, float(value), style)
    else:
        sheet.write(row, column, "—", formats.centre)
