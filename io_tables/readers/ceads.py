"""Full multi-regional workbooks in the manner of CEADs: provinces x 42 sectors, FU and VA codes, ERR column."""

from __future__ import annotations

from pathlib import Path

from io_tables.errors import InputError, Problem
from io_tables.mrio import Mrio
from io_tables.readers.workbook import read_wide


def read_ceads(
    path: str | Path, *, sheet: str | None = None, unit: str | None = None, tolerance: float = 1e-6,
    all_provinces: bool = True,
) -> Mrio:
    """A multi-regional table as an Mrio in 10^8 yuan.

    Rows: province x sector, a row of imports (IM), value added (VA001-VA004 or TVA), totals (TII, TI).
    Columns: province x sector, province x final use (FU101 rural ... FU202 inventories), EX, ERR, output.
    The error column is kept apart as `Mrio.error`: it counts in output and has no destination. Imports stay
    one row (n,); imports for final use are spread over commodities like the domestic final use of their column.
    all_provinces : a table of at least 20 provinces must have all 31.
    Raises InputError as `read_wide`, and when the table has a single region.
    """
    table = read_wide(path, sheet=sheet, unit=unit, tolerance=tolerance, all_provinces=all_provinces)
    if len(table.regions) == 1:
        raise InputError(Problem(
            Path(path).name, f"one region only ({table.regions[0]})", "expected provinces beside the sectors"
        ))
    return table
