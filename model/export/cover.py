"""Cover with results, contents and certificate; notes on scope; the lock file."""

from __future__ import annotations

from xlsxwriter.worksheet import Worksheet

from model.export.book import COVER, Book
from model.export.layout import LINE_HEIGHT, lines, page

_WIDTHS = (56, 26, 14, 14, 44, 14)
_LOCK_WIDTH = 150


#: Ledgers by name; one that is not listed appears in English only.
_LEDGERS = {
    "money: columns close (inputs + value added = output)": "价值量:列平衡(投入+增加值=产出)",
    "money: rows close (sales = output)": "价值量:行平衡(销售=产出)",
    "provincial GDP: production = expenditure + net outflow": "地区生产总值:生产法=支出法+净流出",
    "provincial GDP = scenario path": "地区生产总值=情景设定",
    "trade between provinces sums to zero": "省际净流出合计为零",
    "energy: technologies + residual = sector accounts": "能源:技术+其余=行业账户",
    "electricity: generated = used, growth since base year": "电力:发电增长=用电增长",
    "CO2: owners (technologies + residuals) = sectors": "CO2:技术+其余=行业",
    "products: money = price x quantity": "产品:价值量=价格×实物量",
    "provincial GDP + slack of the closure = scenario path": "地区生产总值+闭合余量=情景设定",
    "slack of the closure: GDP in another province than the path says": "闭合余量:落在其他省的生产总值",
    "programme: gap to the lower bound of the complete problem (E13)": "规划:与完整问题下界的差距(E13)",
    "programme: worst violation of a product balance": "规划:产品平衡最大偏差",
    "economy and technologies: residual of the fixed point (E12)": "经济与技术:不动点残差(E12)",
    "prices: final users pay = primary cost + imports + carbon price (E12)": "价格:最终使用支付=投入+进口+碳价(E12)",
    "prices: revenue returned to households = carbon price x net CO2 of the accounts": "价格:返还的碳收入=碳价×净排放",
    "prices: consumption mix = the mix that prices ask for (E12)": "价格:消费结构=价格所对应的消费结构(E12)",
    "programme: nothing bought off": "规划:无罚金缺口",
    "output: iteration in factors = dense Leontief system": "总产出:因子迭代解=稠密列昂惕夫方程组",
    "base year: primary energy = published total": "基年:一次能源消费量=公布值",
    "base year: non-fossil share = published share": "基年:非化石能源占比=公布值",
    "base year: modelled energy and CO2 = accounts": "基年:模型能源与CO2=账户",
    "base year: columns from technologies = table (E8)": "基年:由技术重建的列=投入产出表(E8)",
    "base year: rows, columns, trade shares, GDP close": "基年:行、列、贸易份额与GDP平衡",
    "base year: national value added = official table": "基年:全国增加值=官方投入产出表",
}


def open_cover(book: Book) -> Worksheet:
    """Add the cover as the first sheet; `fill_cover` writes it when all sheets are known."""
    sheet = book.book.add_worksheet(COVER)
    page(sheet, footer=book.results.scenario_name)
    return sheet


def fill_cover(book: Book, sheet: Worksheet) -> None:
    """Title, headline figures, linked contents, certificate, scope."""
    results, formats = book.results, book.formats
    for column, size in enumerate(_WIDTHS):
        sheet.set_column(column, column, size)
    sheet.set_row(0, 30)
    sheet.write(0, 0, results.title_zh if book.language != "en" else results.title_en, formats.title)
    if book.language == "both":
        sheet.write(1, 0, results.title_en, formats.subtitle)
    sheet.write(2, 0, results.description, formats.subtitle)
    row = _facts(book, sheet, 4)
    row = _contents(book, sheet, row + 1)
    sheet.set_h_pagebreaks([row + 1])
    row = _ledgers(book, sheet, row + 1)
    sheet.write(row + 1, 0, book.two(
        "范围:31个省级行政区,不含香港、澳门、台湾;能源燃烧与工业过程CO2,属地口径。",
        "Scope: 31 province-level regions without Hong Kong, Macau, Taiwan; territorial CO2 of energy and processes.",
    ), formats.subtitle)


def _facts(book: Book, sheet: Worksheet, row: int) -> int:
    results, formats, certificate = book.results, book.formats, book.results.certificate
    year, _ = results.peak
    net = book.national("Emissions|CO2|Net")
    unit, _ = book.unit("Emissions|CO2|Net")
    last = results.years[-1]
    facts = [
        (book.two("情景", "Scenario"), results.scenario_name, formats.text),
        (book.two("校验结论", "Certificate"), *_verdict(book)),
        (book.two("达峰年份", "Peak year"), year, formats.text),
        (book.two(f"峰值({unit})", "Peak level"), float(net.max()), formats.number),
        (book.two(f"{last}年净排放({unit})", f"Net emissions {last}"), float(net[-1]), formats.number),
        (book.two(f"{results.years[0]}—{last}年累计({unit})", "Cumulative net emissions"), results.cumulative,
         formats.number),
        (book.two("情景校验码", "Scenario SHA-256"), certificate.scenario_sha256, formats.text),
        (book.two("基年校验码", "Base-year SHA-256"), certificate.base_year_sha256, formats.text),
        (book.two("版本", "Version"), certificate.version, formats.text),
    ]
    for label, value, style in facts:
        sheet.write(row, 0, label, formats.text)
        sheet.write(row, 1, value, style)
        row += 1
    return row


def _verdict(book: Book):
    if book.results.certificate.passed:
        return book.two("通过", "passed"), book.formats.good
    return book.two("未通过", "FAILED"), book.formats.bad


def _contents(book: Book, sheet: Worksheet, row: int) -> int:
    sheet.write(row, 0, book.two("目录", "Contents"), book.formats.section)
    for column in (1, 2, 3, 4, 5):
        sheet.write_blank(row, column, None, book.formats.section)
    for name, zh, en in book.contents:
        row += 1
        sheet.write_url(row, 0, f"internal:'{name}'!A1", book.formats.link, name)
        sheet.write(row, 1, book.two(zh, en, " · "), book.formats.plain)
    return row + 1


def _ledgers(book: Book, sheet: Worksheet, row: int) -> int:
    formats = book.formats
    sheet.write(row, 0, book.two("平衡校验", "Ledgers"), formats.section)
    for column in range(1, len(_WIDTHS)):
        sheet.write_blank(row, column, None, formats.section)
    heads = (("账目", "Ledger"), ("性质", "Kind"), ("残差(相对)", "Residual (relative)"),
             ("容差(相对)", "Tolerance (relative)"), ("最差位置", "Where"), ("结果", "Status"))
    row += 1
    sheet.set_row(row, 48)
    for column, (zh, en) in enumerate(heads):
        sheet.write(row, column, book.two(zh, en, "\n"), formats.head)
    kinds = {"independent": ("独立核算", "independent"), "by construction": ("构造成立", "by construction")}
    verdicts = {"pass": ("通过 pass", formats.good), "fail": ("未通过 fail", formats.bad)}
    for ledger in book.results.certificate.ledgers:
        row += 1
        name = book.two(zh, ledger.name, "\n") if (zh := _LEDGERS.get(ledger.name)) else ledger.name
        book.wrapped(sheet, row, (name, book.two(*kinds[ledger.kind])), _WIDTHS[:2])
        if ledger.residual is None:
            sheet.write(row, 2, "—", formats.text)
        else:
            sheet.write_number(row, 2, ledger.residual, formats.small)
        sheet.write_number(row, 3, ledger.tolerance, formats.small)
        sheet.write(row, 4, f"{ledger.where} ({ledger.unit})", formats.wrap)
        sheet.write(row, 5, *verdicts.get(ledger.status, ("未运行 not run", formats.text)))
    return row + 1


def notes(book: Book) -> None:
    """Scope, prices, method and warnings."""
    formats, results = book.formats, book.results
    sheet = book.sheet("说明 Notes", "说明", "Notes on scope, prices and method", repeat=False)
    widths = (72, 86)
    for column, size in enumerate(widths):
        sheet.set_column(column, column, size)
    row = 4
    for column, head in enumerate(("中文", "English")):
        sheet.write(row, column, head, formats.head)
    for en, zh in results.notes:
        row += 1
        book.wrapped(sheet, row, (zh, en), widths)
    for warning in results.warnings:
        row += 1
        book.wrapped(sheet, row, ("", warning), widths)
        sheet.write(row, 0, "警告 Warning", formats.bad)


def lock_file(book: Book) -> None:
    """The whole lock file: what was assumed, and what the run can be repeated from."""
    formats = book.formats
    titles = ("情景锁定文件(可直接再次运行)", "Scenario lock file (can be run again)")
    sheet = book.sheet("情景文件 Lock file", *titles, repeat=False)
    sheet.set_column(0, 0, _LOCK_WIDTH)
    for row, line in enumerate(book.results.lock.splitlines(), start=4):
        sheet.write_string(row, 0, line, formats.wrapped_plain)
        sheet.set_row(row, LINE_HEIGHT * lines(line, _LOCK_WIDTH))
