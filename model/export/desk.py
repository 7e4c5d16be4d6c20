"""The negotiation desk: rules side by side in a year, weights in cells, everything else a live formula."""

from __future__ import annotations

import numpy as np
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from model.export.book import Book
from model.export.desk_charts import MEASURES, DeskCells, draw, province
from model.export.layout import A3, FONT, HEAD
from model.export.quotas import BLEND, Blocks, rule_labels, values_of

SHEET = "谈判台 Desk"
#: Names of the workbook by which an edited desk is read again (`model/carbon/desk_reader.py`).
RULE_NAME, WEIGHT_NAME = "desk_rules", "desk_weights"
#: Rows kept for what the figures stand on, beside the parameters.
FACTS = 10
YEAR, RUN_PRICE, OWN_PRICE, PRICE = (HEAD + i for i in range(4))
RULES, WEIGHTS, USED, ENTROPY, KEYS = (HEAD + FACTS + i for i in range(5))
TABLE = KEYS + 2
FIRST = TABLE + 2
#: The year shown first: the last model year at or before it.
SHOWN_FIRST = 2035


def weight_cells(book: Book) -> dict[str, str]:
    """Rule -> absolute cell of the weight that is used (normalised), known before the desk is written."""
    rules = [rule for rule in rule_labels(book) if rule != BLEND]
    return {rule: f"'{SHEET}'!{xl_rowcol_to_cell(USED, 2 + k, True, True)}" for k, rule in enumerate(rules)}


def open_desk(book: Book):
    """Add the sheet; `fill_desk` writes it when the blocks of quotas have their places."""
    return book.sheet(
        SHEET, "谈判台:各原则配额并列", "Negotiation desk: quota rules side by side",
        book.two("黄色单元格可改:年份、碳价、权重;其余为公式,随之重算。",
                 "Yellow cells may be edited: year, price, weights; all else are formulas that follow."),
        paper=A3, repeat=False,
    )


def fill_desk(book: Book, sheet, blocks: Blocks) -> DeskCells:
    """Parameters, weights, the table of the year, its checks, the path of one province, charts."""
    years = blocks.years
    shown = max((y for y in years if y <= SHOWN_FIRST), default=years[0])
    t = years.index(shown)
    rules = [rule for rule in blocks.rules if rule != BLEND]
    names = [*rules, *MEASURES]
    column = {name: 2 + k for k, name in enumerate(names)}
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 27)
    sheet.set_column(2, 1 + len(names), 12.5)
    price = _parameters(book, sheet, blocks, shown, t)
    weights = _weights(book, sheet, rules)
    _scope(book, sheet, 5)
    _heads(book, sheet, column)
    values = _values(book, rules, weights, t, price)
    cells = DeskCells(SHEET, FIRST, len(book.results.regions), column, TABLE, len(names), shown, values["per_head"])
    _rows(book, sheet, blocks, column, values, rules)
    end = _totals(book, sheet, blocks, column, values, rules, t)
    draw(book, sheet, blocks, cells, end + 1)
    province(book, sheet, blocks, end + 23)
    sheet.freeze_panes(FIRST, 2)
    sheet.set_h_pagebreaks([end + 1])
    return cells


def _parameters(book: Book, sheet, blocks: Blocks, shown: int, t: int) -> float:
    """Year, price of the run, own price, price used; returns the price used at first."""
    formats, year = book.formats, xl_rowcol_to_cell(YEAR, 2, True, True)
    run_price = float(book.results.tables["desk_years"]["price"].iloc[t])
    place = f"MATCH({year},{blocks.years_range()},0)"
    unit = "yuan/t CO2" if book.language == "en" else "元/吨CO2"
    for row, zh, en in ((YEAR, "年份(可改)", "Year (edit)"), (RUN_PRICE, f"本情景碳价({unit})", "Price of the run"),
                        (OWN_PRICE, f"自填碳价({unit})", "Own price (blank: the run's)"),
                        (PRICE, f"采用碳价({unit})", "Price used")):
        sheet.write(row, 0, zh, formats.text)
        sheet.write(row, 1, en, formats.text)
    sheet.write_number(YEAR, 2, shown, book.book.add_format({"bg_color": "#FFF2CC", "align": "center", "border": 1,
                                                              "font_name": FONT, "font_size": 10, "bold": True}))
    sheet.data_validation(YEAR, 2, YEAR, 2, {"validate": "list", "source": list(blocks.years)})
    sheet.write_formula(RUN_PRICE, 2, f"=INDEX({blocks.nation_range('price')},1,{place})", formats.tenth, run_price)
    sheet.write_blank(OWN_PRICE, 2, None, formats.entry)
    own, given = (xl_rowcol_to_cell(r, 2, True, True) for r in (OWN_PRICE, RUN_PRICE))
    sheet.write_formula(PRICE, 2, f"=IF(ISNUMBER({own}),{own},{given})", formats.tenth, run_price)
    return run_price


def _scope(book: Book, sheet, column: int) -> None:
    """What the figures stand on, beside the parameters."""
    for row, fact in enumerate(book.results.tables["desk_facts"].itertuples(), start=HEAD):
        if row >= RULES:
            break
        sheet.write(row, column, book.two(fact.zh, fact.en), book.formats.subtitle)


def _weights(book: Book, sheet, rules) -> np.ndarray:
    """Rows of weights over the columns of the rules; returns the normalised weights."""
    formats, frame = book.formats, book.results.tables["rules"].set_index("rule")
    labels, last = rule_labels(book), 1 + len(rules)
    for row, zh, en in ((RULES, "分配原则", "Quota rule"), (WEIGHTS, "权重(可改)", "Weight (edit)"),
                        (USED, "归一权重", "Weight used"), (ENTROPY, "熵权(参考)", "Entropy weight"),
                        (KEYS, "原则代码", "Key of the rule")):
        sheet.write(row, 0, zh, formats.text)
        sheet.write(row, 1, en, formats.text)
    sheet.set_row(RULES, 44)
    weights = frame.loc[rules, "weight"].to_numpy(dtype=float)
    span = f"{xl_rowcol_to_cell(WEIGHTS, 2, True, True)}:{xl_rowcol_to_cell(WEIGHTS, last, True, True)}"
    for k, rule in enumerate(rules):
        column, own = 2 + k, xl_rowcol_to_cell(WEIGHTS, 2 + k)
        sheet.write(RULES, column, book.two(*labels[rule], "\n"), formats.head)
        sheet.write_number(WEIGHTS, column, round(float(weights[k]), 6), formats.entry)
        sheet.write_formula(USED, column, f"={own}/SUM({span})", formats.entry_percent, float(weights[k]))
        sheet.write_number(ENTROPY, column, float(frame.loc[rule, "entropy_weight"]), formats.entry_percent)
        sheet.write_string(KEYS, column, rule, formats.tag)
    sheet.data_validation(WEIGHTS, 2, WEIGHTS, last, {
        "validate": "decimal", "criteria": ">=", "value": 0, "error_title": "权重 Weight",
        "error_message": "权重不得为负 A weight is zero or more",
    })
    for name, row in ((WEIGHT_NAME, WEIGHTS), (RULE_NAME, KEYS)):
        cells = f"{xl_rowcol_to_cell(row, 2, True, True)}:{xl_rowcol_to_cell(row, last, True, True)}"
        book.book.define_name(name, f"='{SHEET}'!{cells}")
    sheet.write_formula(WEIGHTS, last + 1, f"=SUM({span})", formats.total_tenth, float(np.round(weights, 6).sum()))
    sheet.write(RULES, last + 1, book.two("权重合计", "Sum of weights", "\n"), formats.head)
    for row, (rule, why) in enumerate((r.zh + " " + r.en, r.left_out) for r in book.results.tables["rules"].itertuples()
                                      if r.left_out):
        sheet.write(WEIGHTS + row, last + 3, book.two(f"未列入:{rule}", why, ";"), formats.subtitle)
    return weights


def _units(book: Book) -> dict[str, str]:
    """Measure -> unit shown; rules are in the unit of quotas."""
    mass, money = (book.shown(u)[0] for u in ("Mt CO2", "10^8 yuan"))
    per_head, price = ("t CO2/person", "yuan/t CO2") if book.language == "en" else ("吨CO2/人", "元/吨CO2")
    return {"cut": "%", "burden": "%", "per_head": per_head, "own_price": price, "trade": money, "cost": money,
            "net": money, "gdp": money} | dict.fromkeys(("blend", "optimum", "gap", "baseline"), mass)


def _heads(book: Book, sheet, column) -> None:
    formats, labels, units = book.formats, rule_labels(book), _units(book)
    sheet.set_row(TABLE, 46)
    for c, text in enumerate((book.two("省份", "Province", "\n"), "Province")):
        sheet.write(TABLE, c, text, formats.head)
        sheet.write(TABLE + 1, c, "单位 Units" if c == 0 else "", formats.unit)
    mass = book.shown("Mt CO2")[0]
    for name, c in column.items():
        zh, en = labels[name] if name in labels and name != BLEND else MEASURES[name]
        sheet.write(TABLE, c, book.two(zh, en, "\n"), formats.head)
        sheet.write(TABLE + 1, c, units.get(name, mass), formats.unit)


def _values(book: Book, rules, weights, t: int, price: float) -> dict[str, np.ndarray]:
    """What each formula gives at first, (R,) in the unit shown; shares as fractions."""
    mass, money, people = (book.shown(u)[1] for u in ("Mt CO2", "10^8 yuan", "million persons"))
    found = {rule: mass * values_of(book, "quota", rule)[:, t] for rule in rules}
    found["blend"] = sum(w * found[rule] for w, rule in zip(weights, rules, strict=True))
    for name, factor in (("optimum", mass), ("baseline", mass), ("cost", money), ("gdp", money)):
        found[name] = factor * values_of(book, name)[:, t]
    found["gap"] = found["blend"] - found["optimum"]
    found["cut"] = 1.0 - np.divide(found["blend"], found["baseline"], out=np.ones(len(found["gap"])),
                                   where=found["baseline"] > 0)
    found["per_head"] = found["blend"] / (people * values_of(book, "population")[:, t])
    found["trade"] = found["gap"] * price / (100.0 * mass / money)
    found["net"] = found["cost"] - found["trade"]
    found["burden"] = found["net"] / found["gdp"]
    found["own_price"] = values_of(book, "own_price")[:, t]
    return found


def _rows(book: Book, sheet, blocks: Blocks, column, values, rules) -> None:
    formats, year = book.formats, xl_rowcol_to_cell(YEAR, 2, True, True)
    place = f"MATCH({year},{blocks.years_range()},0)"
    price = xl_rowcol_to_cell(PRICE, 2, True, True)
    first_rule, last_rule = (xl_col_to_name(column[rule]) for rule in (rules[0], rules[-1]))
    used = (f"${first_rule}${USED + 1}:${last_rule}${USED + 1}")
    mass, money = book.shown("Mt CO2")[1], book.shown("10^8 yuan")[1]
    for r, (zh, en) in enumerate(book.provinces()):
        row = FIRST + r
        sheet.write(row, 0, zh, formats.text)
        sheet.write(row, 1, en, formats.text)
        at = {name: f"{xl_col_to_name(c)}{row + 1}" for name, c in column.items()}

        def index(placed, r=r):
            return f"=INDEX({blocks.row_range(placed, r)},1,{place})"

        people = index(blocks.data["population"])[1:]
        formulas = {rule: index(blocks.rules[rule]) for rule in rules}
        formulas |= {name: index(blocks.data[name]) for name in ("optimum", "baseline", "cost", "gdp", "own_price")}
        formulas |= {
            "blend": f"=SUMPRODUCT({at[rules[0]]}:{at[rules[-1]]},{used})",
            "gap": f"={at['blend']}-{at['optimum']}",
            "cut": f"=IF({at['baseline']}>0,1-{at['blend']}/{at['baseline']},0)",
            "per_head": f"={at['blend']}/{people}",
            "trade": f"={at['gap']}*{price}/{100.0 * mass / money:g}",
            "net": f"={at['cost']}-{at['trade']}",
            "burden": f"={at['net']}/{at['gdp']}",
        }
        for name, c in column.items():
            style = {"cut": formats.percent, "burden": formats.percent_fine, "per_head": formats.decimal}.get(
                name, formats.tenth)
            sheet.write_formula(row, c, formulas[name], style, float(values[name][r]))


def _totals(book: Book, sheet, blocks: Blocks, column, values, rules, t: int) -> int:
    """Sums, the total to divide, and the check that each rule and the blend divide exactly that; returns the row."""
    formats, mass = book.formats, book.shown("Mt CO2")[1]
    bottom = FIRST + len(book.results.regions)
    divided = mass * float(book.results.tables["desk_years"]["divided"].iloc[t])
    place = f"MATCH({xl_rowcol_to_cell(YEAR, 2, True, True)},{blocks.years_range()},0)"
    summed = [*rules, "blend", "optimum", "gap", "baseline", "trade", "cost", "net", "gdp"]
    for row, zh, en in ((bottom, "合计", "Total"), (bottom + 1, "待分配总量", "Total to divide"),
                        (bottom + 2, "检查:合计-总量", "Check: sum - total")):
        sheet.write(row, 0, zh, formats.total_text)
        sheet.write(row, 1, en, formats.total_text)
        for c in column.values():
            sheet.write_blank(row, c, None, formats.total_text)
    for name in summed:
        c = column[name]
        letter = xl_col_to_name(c)
        value = float(values[name].sum())
        sheet.write_formula(bottom, c, f"=SUM({letter}{FIRST + 1}:{letter}{bottom})", formats.total_tenth, value)
        if name in (*rules, "blend", "optimum"):
            sheet.write_formula(bottom + 1, c, f"=INDEX({blocks.nation_range('divided')},1,{place})",
                                formats.total_tenth, divided)
            sheet.write_formula(bottom + 2, c, f"=ROUND({letter}{bottom + 1}-{letter}{bottom + 2},4)",
                                formats.total_tenth, round(value - divided, 4))
        elif name in ("gap", "trade"):
            sheet.write_formula(bottom + 2, c, f"=ROUND({letter}{bottom + 1},4)", formats.total_tenth, round(value, 4))
    total = {name: f"{xl_col_to_name(column[name])}{bottom + 1}" for name in column}
    for name, formula, value in (
        ("cut", f"=1-{total['blend']}/{total['baseline']}", 1 - values["blend"].sum() / values["baseline"].sum()),
        ("burden", f"={total['net']}/{total['gdp']}", values["net"].sum() / values["gdp"].sum()),
    ):
        sheet.write_formula(bottom, column[name], formula, formats.percent_fine, float(value))
    last = max(column.values())
    for colour, criterion in (("#C6EFCE", "=="), ("#FFC7CE", "!=")):
        sheet.conditional_format(bottom + 2, 2, bottom + 2, last, {
            "type": "formula", "criteria": f"=AND(ISNUMBER(C{bottom + 3}),ABS(C{bottom + 3}){_CLOSE[criterion]})",
            "format": book.book.add_format({"bg_color": colour})})
    return bottom + 3


#: Sums of formulas differ by rounding only.
_CLOSE = {"==": "<=0.01", "!=": ">0.01"}
