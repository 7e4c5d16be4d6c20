"""The ministries' workbook: which sheets it has, in which order."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from xlsxwriter import Workbook

from model.export import alternatives, charts, cover, lists, national, provinces, regional
from model.export.book import Book
from model.results import Results

#: Energy carriers in the order of the balance; names as in 'Energy Use|...'.
FUELS = ("Coal", "Coke", "Derived Gas", "Crude Oil", "Gasoline", "Kerosene", "Diesel", "Fuel Oil", "LPG",
         "Other Petroleum", "Natural Gas", "Biomass", "Heat", "Electricity", "Hydrogen")


def write(results: Results, path: Path, *, units: str = "ministry", language: str = "both") -> None:
    """Write the workbook. Same results, same bytes (fixed creation time).

    units : 'ministry' (亿元, 万吨标准煤, 万吨, 万千瓦) or 'internal' (10^8 yuan, PJ, Mt, GW).
    language : 'both', 'zh' or 'en'; rules titles and heads, while rows always carry both names.
    """
    with Workbook(str(path), {"strings_to_numbers": False}) as workbook:
        workbook.set_properties({
            "title": results.title_zh, "subject": results.title_en,
            "comments": results.certificate.scenario_sha256, "created": datetime(2020, 12, 31),
        })
        book = Book(workbook, results, units, language)
        first = cover.open_cover(book)
        cover.notes(book)
        figures = charts.open_charts(book)
        pathway = national.pathway(book)
        technologies = national.technologies(book)
        national.capacities(book)
        provincial = [regional.by(book, name, variable, "region") for name, variable in regional.PROVINCE_SHEETS]
        for name, variable in regional.SECTOR_SHEETS:
            regional.by(book, name, variable, "sector")
        for name, variable in regional.MATRIX_SHEETS:
            regional.matrix(book, name, variable)
        regional.moved(book)
        national.energy_balance(book, FUELS)
        national.competitiveness(book)
        provinces.sheets(book)
        lists.targets(book)
        lists.policies(book)
        alternatives.alternatives(book)
        lists.calibration(book)
        lists.sources(book)
        cover.lock_file(book)
        charts.draw(book, figures, pathway, technologies, provincial[0])
        cover.fill_cover(book, first)
