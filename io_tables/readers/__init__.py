"""Readers of users' tables: any layout in, one `Mrio` out, every mistake named with its place.

`read_mrio` finds out by content what a file is: a national sheet (`read_nbs`), a multi-regional workbook
(`read_ceads`) or a list of flows (`read_long_csv`); `from_pymrio` and `to_pymrio` bridge to pymrio.
"""

from __future__ import annotations

from pathlib import Path

from io_tables.mrio import Mrio


def read_mrio(
    path: str | Path, *, sheet: str | None = None, unit: str | None = None, region: str | None = None,
    tolerance: float = 1e-6, all_provinces: bool = True,
) -> Mrio:
    """The table in a workbook (.xlsx, .xls, .xlsb, .ods) or csv, in 10^8 yuan.

    sheet : its name where content does not tell; unit : money unit where the file states none; region : name of
    the only region where the table has none; tolerance : relative, of every total and balance;
    all_provinces : a table with at least 20 of the 31 provinces must have them all.
    Raises InputError with everything that is wrong, each with ``file!sheet!cell``.
    """
    from io_tables.readers.long_csv import is_long, read_long_csv
    from io_tables.readers.workbook import read_wide

    path = Path(path)
    if path.suffix.lower() == ".csv" and path.is_file() and is_long(path):
        return read_long_csv(path, unit=unit, tolerance=tolerance, all_provinces=all_provinces)
    return read_wide(
        path, sheet=sheet, unit=unit, region=region, tolerance=tolerance, all_provinces=all_provinces
    )
