"""The provincial sheets in their order, as part of a run's workbook and as a workbook of their own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from xlsxwriter import Workbook

from model.export import cover, desk, dual_control, fairness, places, quotas
from model.export.book import Book
from model.results import Results


def sheets(book: Book) -> None:
    """Add and write the desk and all sheets that belong to it; nothing where the run has no provincial tables."""
    if "desk" not in book.results.tables:
        return
    # The desk comes first for the reader, and is written when the blocks it reads have their places.
    first, data = desk.open_desk(book), quotas.open_quotas(book)
    blocks = quotas.fill_quotas(book, data, desk.weight_cells(book))
    cells = desk.fill_desk(book, first, blocks)
    places.tiles(book, cells)
    quotas.peaks(book)
    fairness.transfers(book)
    fairness.notes(book)
    dual_control.provinces(book)
    dual_control.sectors(book)
    places.sinks(book)
    places.transport(book)
    places.stores(book)


def write(results: Results, path: Path, *, units: str = "ministry", language: str = "both") -> None:
    """Write the provincial sheets alone, with cover and lock file. Same results, same bytes."""
    with Workbook(str(path), {"strings_to_numbers": False}) as workbook:
        workbook.set_properties({"title": results.title_zh, "subject": results.title_en,
                                 "comments": results.certificate.scenario_sha256, "created": datetime(2020, 12, 31)})
        book = Book(workbook, results, units, language)
        first = cover.open_cover(book)
        sheets(book)
        cover.lock_file(book)
        cover.fill_cover(book, first)
