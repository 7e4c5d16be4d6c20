"""Sheets by province, by sector, and sector by province."""

from __future__ import annotations

import numpy as np

from io_tables.units import PJ_PER_TWH
from model.export.book import Book
from model.export.layout import A3, HEAD, Placed, table
from model.results import NATION, TOTAL

ELECTRICITY = "Energy Use|Electricity"
PROVINCE_SHEETS = (
    ("分省CO2 Provinces", "Emissions|CO2|Net"),
    ("分省GDP Provinces", "GDP|Real"),
    ("分省能耗 Provinces", "Energy Use"),
    ("分省电力 Provinces", ELECTRICITY),
)
SECTOR_SHEETS = (
    ("行业CO2 Sectors", "Emissions|CO2|Gross"),
    ("行业增加值 Sectors", "Value Added"),
    ("行业能耗 Sectors", "Energy Use"),
)
MATRIX_SHEETS = (
    ("省行业CO2 Matrix", "Emissions|CO2|Gross"),
    ("省行业增加值 Matrix", "Value Added"),
)


def by(book: Book, name: str, variable: str, axis: str) -> Placed | None:
    """One variable by province or by sector of the nation over the years, with a live total."""
    if variable not in book.cube:
        return None
    zh, en = book.name(variable)
    labels = book.provinces() if axis == "region" else book.sectors(variable)
    suffix = ("(分省)", "by province") if axis == "region" else ("(全国,分行业)", "by sector, China")
    sheet = book.sheet(name, zh + suffix[0], f"{en}, {suffix[1]}")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 2 + len(book.results.years), 11.5)
    values = book.rows(variable, axis, [key for _, key in labels], TOTAL if axis == "region" else NATION)
    unit = book.unit(variable)[0]
    if variable == ELECTRICITY:
        # Alone on its sheet electricity is read in kilowatt-hours, not in coal.
        inside, (unit, outside) = book.unit(variable)[1], book.shown("TWh")
        values = values / (inside * PJ_PER_TWH) * outside
    total = ("全国合计", NATION) if axis == "region" else ("合计", TOTAL)
    return table(sheet, book.formats, HEAD, labels, ("名称", "Name"), list(book.results.years), values,
                 unit, variable, total=total)


def key_years(book: Book) -> tuple[int, ...]:
    """First year, peak year and last year."""
    years = book.results.years
    return tuple(sorted({years[0], book.results.peak[0], years[-1]}))


def matrix(book: Book, name: str, variable: str) -> None:
    """Sector by province for the first, the peak and the last year; totals both ways, live."""
    if variable not in book.cube:
        return
    zh, en = book.name(variable)
    years = key_years(book)
    sheet = book.sheet(
        name, f"{zh}(行业×省份)", f"{en}, sector by province",
        book.two(f"基年、峰值年与末年:{'、'.join(map(str, years))}", "base year, peak year, last year"),
        paper=A3, repeat=False,
    )
    labels, columns = book.sectors(variable), book.provinces()
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 28)
    sheet.set_column(2, 2 + len(columns), 10)
    keys = [key for _, key in labels]
    cube = np.stack([book.rows(variable, "sector", keys, region) for _, region in columns], axis=1)
    row, breaks = HEAD, []
    for year in years:
        placed = table(
            sheet, book.formats, row, labels, ("行业 Sector", f"{year}年"), [f"{zh}\n{en}" for zh, en in columns],
            cube[:, :, book.results.years.index(year)], book.unit(variable)[0], f"{variable} @ {year}",
            total=("合计", TOTAL), total_column=f"全国合计\n{NATION}", number=book.formats.number, freeze=False,
        )
        row = placed.end + 1
        breaks.append(row)
    sheet.set_h_pagebreaks(breaks[:-1])
    sheet.freeze_panes(HEAD, 2)


def moved(book: Book) -> None:
    """What provinces make of goods beyond the base pattern of trade, good beneath good; only where trade may move."""
    found = book.sorted(v for v in book.cube if v.startswith("Production Moved|"))
    if not found:
        return
    labels, years = book.provinces(), list(book.results.years)
    sheet = book.sheet("产地移动 Moved", "商品产地相对基准流向的变动(分省)",
                       "Goods made beyond the base pattern of trade, by province", repeat=False)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 2 + len(years), 11.5)
    row, breaks = HEAD, []
    for variable in found:
        zh, en = book.name(variable)
        values = book.rows(variable, "region", [key for _, key in labels], TOTAL)
        placed = table(sheet, book.formats, row, labels, (zh, en), years, values, book.unit(variable)[0], variable,
                       total=("全国合计", NATION), freeze=False)
        row = placed.end + 1
        breaks.append(row)
    sheet.set_h_pagebreaks(breaks[:-1])
    sheet.freeze_panes(HEAD, 2)
