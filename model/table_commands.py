"""Commands on one table: trace an extension through it, write shocks for it, apply them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from io_tables import classification
from io_tables.errors import InputError, Problem
from model.export.whole import whole_file, whole_or_none

#: Files that are tables of a user.
TABLES = (".xlsx", ".xls", ".xlsb", ".ods", ".csv")
#: Chinese words for the categories of final use.
CATEGORIES = {
    "农村居民": "rural", "农村居民消费": "rural", "城镇居民": "urban", "城镇居民消费": "urban", "政府": "government",
    "政府消费": "government", "固定资本形成": "fixed capital", "固定资本形成总额": "fixed capital",
    "资本形成": "fixed capital", "存货": "inventories", "存货变动": "inventories", "存货增加": "inventories",
    "出口": "exports",
}


def trace_table(arguments, line: Callable[[str], None]) -> None:
    """Paths through the table of a year of a run, or of a base year; a run is solved again from its lock file."""
    from model.input_output.trace import final_users, trace

    source, destination = _pair(arguments.source, "--from"), _pair(arguments.destination, "--to")
    extension, _, row = arguments.extension.partition(":")
    if row and not re.fullmatch(r"[0-9]{1,9}", row):
        raise InputError(f"--extension '{arguments.extension}': write the name, or name:row with a row number")
    with whole_or_none(arguments.out, arguments.force) as part:
        table, title = table_of(arguments.run, arguments.year)
        source, destination = _known(table, source, table.sectors), _known(table, destination, tuple(CATEGORIES))
        found = trace(table, extension, source, destination, row=int(row) if row else None, top=arguments.top)
        if part:
            found.to_csv(part, index=False)
    totals = found.attrs
    line(f"{title}: {totals['total']:,.2f} in all, {found['share'].sum():.1%} in the paths shown")
    for entry in found.itertuples():
        line(f"{entry.value:12,.3f}  {entry.share:6.2%}  {entry.path}")
    if destination is None:
        users = final_users(table, extension, source, row=int(row) if row else None).sum(axis=1)
        line("who uses it in the end: "
             + ", ".join(f"{name} {value:,.1f}" for name, value in users.sort_values(ascending=False).head(8).items()))
    if arguments.out:
        line(f"written: {arguments.out}")


def _pair(text: str | None, what: str) -> tuple[str | None, str | None] | None:
    if text is None:
        return None
    first, separator, second = text.replace("\uff0f", "/").partition("/")
    if not separator:
        raise InputError(f"{what} '{text}': write province/{'sector' if what == '--from' else 'category'}, "
                         "either side may be empty")
    return (first.strip() or None, second.strip() or None)


def _known(table, pair, second):
    """The labels of a table that a pair of names, Chinese ones included, stands for; others pass through."""
    if pair is None:
        return None
    region = _label(pair[0], table.regions, classification.provinces())
    if second == table.sectors:
        return region, _label(pair[1], table.sectors, classification.sectors())
    return region, CATEGORIES.get(pair[1], pair[1])


def _label(text, labels, known: classification.Classification):
    """The label of a table for a name, a synonym, or a part of a Chinese name that only one has.

    Raises InputError for a Chinese name that fits none or several.
    """
    if text is None or text in labels or known.find(text) in labels:
        return text if text is None or text in labels else known.find(text)
    if text.isascii():
        return text
    near = [key for key in known.keys if text in known.zh(key) and key in labels]
    if len(near) == 1:
        return near[0]
    if near:
        raise InputError(Problem(text, f"fits more than one {known.kind}", ", ".join(map(known.zh, near))))
    raise InputError(known.problem(text))


def new_shocks(arguments, line: Callable[[str], None]) -> None:
    """An empty shock workbook for a table, with drop-downs of its provinces, sectors and categories."""
    from io_tables.shocks import write_shock_workbook

    target = Path(arguments.workbook)
    if target.suffix != ".xlsx":
        raise InputError(f"{target}: a shock workbook is an .xlsx file")
    with whole_file(target, arguments.force) as part:
        table, title = table_of(arguments.table, arguments.year)
        write_shock_workbook(table, part)
    line(f"{target}: empty shocks for {title}; fill it in and run 'shock apply'")


def shock_table(arguments, line: Callable[[str], None]) -> None:
    """Apply a filled shock workbook to a table and show what changes, by province and by sector."""
    from io_tables.readers.write_long import write_long_csv
    from model.input_output.shocks import apply_shocks

    with whole_or_none(arguments.out, arguments.force) as part:
        table, title = table_of(arguments.table, arguments.year)
        shocked = apply_shocks(table, Path(arguments.workbook))
        if part:
            write_long_csv(shocked, part)
    line(f"{title}, change by the shocks of {arguments.workbook}")
    change = shocked.x - table.x
    line(f"gross output    {change.sum():+,.2f} ({change.sum() / table.x.sum():+.3%})")
    gdp = shocked.gdp() - table.gdp()
    line(f"value added     {gdp.sum():+,.2f} ({gdp.sum() / table.gdp().sum():+.3%})")
    for name, values in table.extensions.items():
        before, after = float(values.sum()), float(shocked.extensions[name].sum())
        line(f"{name:15} {after - before:+,.2f} ({after / before - 1 if before else 0:+.3%})")
    largest = sorted(zip(table.regions, gdp, strict=True), key=lambda item: -abs(item[1]))[:8]
    line("value added by province: " + ", ".join(f"{name} {value:+,.1f}" for name, value in largest))
    if arguments.out:
        line(f"written: {arguments.out}")


def table_of(name: str, year: int | None):
    """(Mrio, title) of a base year by name, of a user's table, or of a year of a finished run."""
    from io_tables.base_year import BaseYear
    from io_tables.base_year_file import library

    if name in library() or name.endswith(".npz"):
        base = BaseYear.load(name)
        if year not in (None, base.year):
            raise InputError(f"--year {year}: {name} is the table of {base.year}; name a run for other years")
        return base.mrio, f"{base.name} {base.year}"
    if Path(name).suffix.lower() in TABLES:
        from io_tables.readers import read_mrio

        return read_mrio(name), name
    lock = Path(name) / "scenario.lock.yaml"
    if not lock.is_file():
        raise InputError(f"{name}: neither a base year ({', '.join(library())}) nor a finished run with a lock file")
    from model.run import solve_years, study_of
    from model.year_table import table_of_year, year_of
    from scenarios.load import load_scenario

    scenario = load_scenario(lock)
    study = study_of(BaseYear.load(scenario.base_year), scenario)
    years = solve_years(study)
    wanted = year_of(years, scenario.years[-1] if year is None else year)
    return table_of_year(study, wanted).mrio, f"{scenario.name} {wanted.year}"
