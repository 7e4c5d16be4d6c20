"""National input-output workbooks of the National Bureau of Statistics: competitive or not, 42 or 153 sectors."""

from __future__ import annotations

from pathlib import Path

from io_tables.errors import InputError, Problem
from io_tables.mrio import Mrio
from io_tables.readers.workbook import read_wide


def read_nbs(path: str | Path, *, sheet: str | None = None, unit: str | None = None, tolerance: float = 1e-6) -> Mrio:
    """One region's table (national, or of one province) as an Mrio in 10^8 yuan.

    Non-competitive: `imports` (S, n) and `final_imports` (S, k) by commodity, re-exports in the exports column.
    Competitive: `Z` and `Y` hold domestic and imported goods together, ``(None, "imports")`` subtracts imports
    (and ``(None, "domestic inflow")`` those of a provincial table), so that row sums are domestic output;
    an error column stays `error`. Codes (01, TII, VA001, FU201, EX, GO), Chinese or English names, in one or
    two header lines, all serve.
    Raises InputError as `read_wide`, and when the table has several regions.
    """
    table = read_wide(path, sheet=sheet, unit=unit, tolerance=tolerance)
    if len(table.regions) > 1:
        raise InputError(Problem(
            Path(path).name, f"{len(table.regions)} regions ({', '.join(table.regions[:3])}, ...)",
            "expected one region; read it as a multi-regional table",
        ))
    return table
