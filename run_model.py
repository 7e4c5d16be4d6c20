#!/usr/bin/env python3
"""Command line of the model; the only place where all rooms meet. Heavy imports happen where they are used."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path

GOOD, NOT_SOLVED, BAD_INPUT, STOPPED = 0, 1, 2, 130
#: Files that `check` reads as tables; everything else is a scenario.
TABLES = (".xlsx", ".xls", ".xlsb", ".ods", ".csv")
ROOMS = ("io_tables", "calibration", "scenarios", "model")


def _shadowed() -> list[str]:
    """Rooms that Python would import from somewhere else than beside this file."""
    from importlib.util import find_spec

    here = Path(__file__).resolve().parent
    wrong = []
    for room in ROOMS:
        spec = find_spec(room)
        places = list(spec.submodule_search_locations or []) if spec else []
        if not any(Path(place).resolve().parent == here for place in places):
            wrong.append(f"'{room}' is found at {places or 'nowhere'}, expected beside {here}")
    return wrong


class Screen:
    """Progress on a terminal, plain lines elsewhere, nothing when quiet."""

    def __init__(self, quiet: bool):
        self.quiet = quiet
        self.log: list[str] = []

    def line(self, text: str = "") -> None:
        """Print a line (and keep it for run.log)."""
        self.log.append(text)
        if not self.quiet:
            print(text, flush=True)

    @contextmanager
    def progress(self, title: str, total: int):
        """Yields a function to call after each of `total` steps."""
        if self.quiet or not sys.stdout.isatty():
            self.line(title)
            yield lambda *_: None
            return
        from rich.progress import Progress

        with Progress(transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda *_: bar.advance(task)
        self.line(title)


def _run(arguments) -> int:
    from model.export.whole import whole_folder
    from scenarios.load import load_scenario

    screen = Screen(arguments.quiet)
    scenario = load_scenario(arguments.scenario, tuple(arguments.set))
    target = Path(arguments.out) / scenario.name
    with whole_folder(target, arguments.force) as part:
        from io_tables.base_year import BaseYear
        from model.export.folder import write_folder
        from model.run import run

        base_year = BaseYear.load(scenario.base_year)
        with screen.progress(f"{scenario.name}: {len(scenario.years)} years", len(scenario.years)) as step:
            results = run(base_year, scenario, progress=step)
        for line in _summary(results, target):
            screen.line(line)
        output = scenario.output
        write_folder(
            results,
            part,
            screen.log,
            workbook=output.workbook,
            iamc_file=output.iamc,
            units=output.units,
            language=output.language,
        )
    return GOOD if results.certificate.passed else NOT_SOLVED


def _summary(results, target: Path) -> list[str]:
    year, level = results.peak
    net = results.series("Emissions|CO2|Net")
    worst = results.certificate.worst
    lines = [f"warning: {warning}" for warning in results.warnings]
    lines += [
        f"peak            {year} at {level:,.0f} Mt CO2 net",
        f"{results.years[-1]}            {net.iloc[-1]:,.0f} Mt CO2 net",
        f"cumulative      {_cumulative(results):,.1f} Gt CO2 net {results.years[0]}-{results.years[-1]}",
        f"certificate     {'passed' if results.certificate.passed else 'FAILED'}: {len(results.certificate.ledgers)} "
        f"ledgers, worst {worst.name} {worst.residual:.1e} ({worst.where})",
        f"workbook        {target / (results.scenario_name + '.xlsx')}",
    ]
    return lines


def _cumulative(results) -> float:
    """Trapezium sum of net emissions over the model years, Gt."""
    net = results.series("Emissions|CO2|Net").to_numpy()
    years = results.years
    return sum((net[i] + net[i + 1]) / 2 * (years[i + 1] - years[i]) for i in range(len(years) - 1)) / 1000


def _check(arguments) -> int:
    import gc

    # A process this short gains nothing from collecting garbage or from looking for validation plug-ins.
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    scenarios = [f for f in arguments.files if Path(f).suffix.lower() not in TABLES]
    code = GOOD
    if scenarios:
        from scenarios.load import check_files

        problems = check_files(scenarios)
        for problem in problems:
            print(problem, file=sys.stderr)
        if problems:
            print(f"{_count(len(problems), 'error')}, nothing was run.", file=sys.stderr)
            code = BAD_INPUT
        else:
            print(f"{_count(len(scenarios), 'file')} without mistakes.")
    for table in (f for f in arguments.files if f not in scenarios):
        code = max(code, _check_table(Path(table), arguments.unit))
    return code


def _check_table(path: Path, unit: str | None) -> int:
    """Pre-flight findings of a user's table; a FAIL is bad input."""
    from io_tables.preflight import preflight

    findings = preflight(path, unit=unit)
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{finding.status:8} {finding.name:{width}}  {finding.message}")
    return BAD_INPUT if any(finding.status == "FAIL" for finding in findings) else GOOD


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _new(arguments) -> int:
    from scenarios.load import new_scenario

    print(new_scenario(arguments.name, arguments.like, Path(arguments.folder)))
    return GOOD


def _list(arguments) -> int:
    from scenarios.load import list_library

    rows = list_library()
    width = max(len(name) for name, *_ in rows)
    for name, english, chinese in rows:
        print(f"{name:{width}}  {english}  {chinese}")
    return GOOD


def _calibrate(arguments) -> int:
    from calibration.calibrate import calibrate
    from model.technology.catalogue import catalogue

    screen = Screen(arguments.quiet)
    outcome = calibrate(
        catalogue(),
        yearbooks=Path(arguments.yearbooks) if arguments.yearbooks else None,
        mrio=Path(arguments.mrio) if arguments.mrio else None,
        year=arguments.year,
        out=Path(arguments.out) if arguments.out else None,
        report=Path(arguments.report) if arguments.report else None,
        progress=screen.line,
    )
    for line in outcome.lines:
        screen.line(line)
    return GOOD if outcome.passed else NOT_SOLVED


def _validate(arguments) -> int:
    from calibration.validation.report import validate

    screen = Screen(arguments.quiet)
    lines, passed = validate(Path(arguments.data), Path(arguments.out))
    for line in lines:
        screen.line(line)
    return GOOD if passed else NOT_SOLVED


def _verify(arguments) -> int:
    from model.verify import Damaged, verify

    screen = Screen(arguments.quiet)
    try:
        checks = verify(Path(arguments.run))
    except Damaged as error:
        return _damaged(error)
    width = max(len(check.name) for check in checks)
    for check in checks:
        residual = "-" if check.residual is None else f"{check.residual:.1e}"
        screen.line(f"{check.status:7}  {check.name:{width}}  {residual:>8}  {check.where}".rstrip())
    failed = [check for check in checks if check.status == "fail"]
    for check in failed:
        print(f"failed: {check.name}: {check.residual:.1e} > {check.tolerance:.0e} at {check.where}", file=sys.stderr)
    done = sum(check.status != "not_run" for check in checks)
    screen.line(f"{done - len(failed)} of {_count(done, 'balance')} recounted from the files close")
    return NOT_SOLVED if failed else GOOD


def _compare(arguments) -> int:
    from io_tables.errors import InputError
    from model.compare import compare
    from model.verify import Damaged

    out = Path(arguments.out) if arguments.out else None
    if out and out.suffix not in (".xlsx", ".csv"):
        raise InputError(f"{out}: the comparison is written as .xlsx or .csv")
    screen = Screen(arguments.quiet)
    try:
        with _place(arguments) as part:
            comparison = compare([Path(run) for run in arguments.runs])
            for line in comparison.lines():
                screen.line(line)
            if part:
                comparison.write(part)
    except Damaged as error:
        return _damaged(error)
    if out:
        screen.line(f"written: {out}")
    return GOOD


def _place(arguments):
    """Context of the file behind --out, which appears whole or not at all; None where --out is not given."""
    from contextlib import nullcontext

    from model.export.whole import whole_file

    return whole_file(Path(arguments.out), arguments.force) if arguments.out else nullcontext()


def _trace(arguments) -> int:
    """Paths through the table of a year of a run, or of a base year; a run is solved again from its lock file."""
    import re

    from io_tables.errors import InputError
    from model.input_output.trace import final_users, trace

    def pair(text: str | None, what: str) -> tuple[str | None, str | None] | None:
        if text is None:
            return None
        first, separator, second = text.partition("/")
        if not separator:
            raise InputError(
                f"{what} '{text}': write province/{'sector' if what == '--from' else 'category'}, "
                "either side may be empty"
            )
        return (first.strip() or None, second.strip() or None)

    source, destination = pair(arguments.source, "--from"), pair(arguments.destination, "--to")
    extension, _, row = arguments.extension.partition(":")
    if row and not re.fullmatch(r"[0-9]{1,9}", row):
        raise InputError(f"--extension '{arguments.extension}': write the name, or name:row with a row number")
    with _place(arguments) as part:
        table, title = _table_of(arguments.run, arguments.year)
        found = trace(table, extension, source, destination, row=int(row) if row else None, top=arguments.top)
        if part:
            found.to_csv(part, index=False)
    screen = Screen(arguments.quiet)
    totals = found.attrs
    screen.line(f"{title}: {totals['total']:,.2f} in all, {found['share'].sum():.1%} in the paths shown")
    for entry in found.itertuples():
        screen.line(f"{entry.value:12,.3f}  {entry.share:6.2%}  {entry.path}")
    if destination is None:
        users = final_users(table, extension, source, row=int(row) if row else None).sum(axis=1)
        screen.line(
            "who uses it in the end: "
            + ", ".join(f"{name} {value:,.1f}" for name, value in users.sort_values(ascending=False).head(8).items())
        )
    if arguments.out:
        screen.line(f"written: {arguments.out}")
    return GOOD


def _shock_new(arguments) -> int:
    """An empty shock workbook for a table, with drop-downs of its provinces, sectors and categories."""
    from io_tables.errors import InputError
    from io_tables.shocks import write_shock_workbook
    from model.export.whole import whole_file

    target = Path(arguments.workbook)
    if target.suffix != ".xlsx":
        raise InputError(f"{target}: a shock workbook is an .xlsx file")
    with whole_file(target, arguments.force) as part:
        table, title = _table_of(arguments.table, arguments.year)
        write_shock_workbook(table, part)
    print(f"{target}: empty shocks for {title}; fill it in and run 'shock apply'")
    return GOOD


def _shock_apply(arguments) -> int:
    """Apply a filled shock workbook to a table and show what changes, by province and by sector."""
    from io_tables.readers.write_long import write_long_csv
    from model.input_output.shocks import apply_shocks

    with _place(arguments) as part:
        table, title = _table_of(arguments.table, arguments.year)
        shocked = apply_shocks(table, Path(arguments.workbook))
        if part:
            write_long_csv(shocked, part)
    screen = Screen(arguments.quiet)
    screen.line(f"{title}, change by the shocks of {arguments.workbook}")
    change = shocked.x - table.x
    screen.line(f"gross output    {change.sum():+,.2f} ({change.sum() / table.x.sum():+.3%})")
    gdp = shocked.gdp() - table.gdp()
    screen.line(f"value added     {gdp.sum():+,.2f} ({gdp.sum() / table.gdp().sum():+.3%})")
    for name, values in table.extensions.items():
        before, after = float(values.sum()), float(shocked.extensions[name].sum())
        screen.line(f"{name:15} {after - before:+,.2f} ({after / before - 1 if before else 0:+.3%})")
    largest = sorted(zip(table.regions, gdp, strict=True), key=lambda item: -abs(item[1]))[:8]
    screen.line("value added by province: " + ", ".join(f"{name} {value:+,.1f}" for name, value in largest))
    if arguments.out:
        screen.line(f"written: {arguments.out}")
    return GOOD


def _table_of(name: str, year: int | None):
    """(Mrio, title) of a base year by name, or of a year of a finished run."""
    from io_tables.base_year import BaseYear
    from io_tables.base_year_file import library
    from io_tables.errors import InputError

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


def _damaged(error) -> int:
    for problem in error.problems:
        print(problem, file=sys.stderr)
    print(f"{_count(len(error.problems), 'error')}: the result folder is damaged or incomplete.", file=sys.stderr)
    return BAD_INPUT


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="run_model.py", description="Input-output hybrid energy-economy model of China's provinces."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, function: Callable, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(function=function)
        command.add_argument("--quiet", action="store_true", help="print nothing but errors")
        return command

    run = add("run", _run, "run a scenario (library name or YAML file)")
    run.add_argument("scenario")
    run.add_argument("--out", default="results", help="parent folder of the run (default: results)")
    run.add_argument("--force", action="store_true", help="replace an existing run")
    run.add_argument("--set", action="append", default=[], metavar="key=value", help="override one scenario entry")

    check = add("check", _check, "check scenario files or tables (.xlsx, .csv) and report every mistake")
    check.add_argument("files", nargs="+")
    check.add_argument("--unit", help="money unit of tables that state none, such as 万元")

    new = add("new", _new, "write a new scenario that extends another")
    new.add_argument("name")
    new.add_argument("--like", default="peak2030_neutral2060", help="scenario to start from")
    new.add_argument("--folder", default=".", help="where to write it (default: here)")

    add("list", _list, "list the scenario library")

    verify = add("verify", _verify, "recount every balance of a finished run from its files alone")
    verify.add_argument("run", metavar="RUN", help="folder of a finished run, such as results/quick")

    compare = add("compare", _compare, "lay the headline figures of finished runs side by side")
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folders of finished runs")
    compare.add_argument("--out", metavar="FILE", help="write the comparison and the series as .xlsx or .csv")
    compare.add_argument("--force", action="store_true", help="replace an existing file")

    trace = add("trace", _trace, "follow emissions along the supply chains of a run's year or of a base year")
    trace.add_argument("run", metavar="RUN", help="folder of a finished run, a base-year file, or a base year's name")
    trace.add_argument("--from", dest="source", metavar="PROVINCE/SECTOR", help="who emits (either side may be empty)")
    trace.add_argument("--to", dest="destination", metavar="PROVINCE/CATEGORY", help="whose final use")
    trace.add_argument("--year", type=int, help="model year (default: the last)")
    trace.add_argument("--extension", default="co2", help="what is followed: co2, energy, or co2:ROW for one source")
    trace.add_argument("--top", type=int, default=20, help="how many paths (default: 20)")
    trace.add_argument("--out", metavar="FILE", help="write the paths as CSV")
    trace.add_argument("--force", action="store_true", help="replace an existing file")

    shock = commands.add_parser("shock", help="shock a table from a workbook with drop-downs")
    steps = shock.add_subparsers(dest="step", required=True, metavar="STEP")
    for name, function, text in (
        ("new", _shock_new, "write an empty shock workbook"),
        ("apply", _shock_apply, "apply a filled shock workbook and show what changes"),
    ):
        step = steps.add_parser(name, help=text, description=text)
        step.set_defaults(function=function)
        step.add_argument("workbook", metavar="WORKBOOK", help=".xlsx file")
        step.add_argument("--table", default="china_2020", help="base year, base-year file or finished run")
        step.add_argument("--year", type=int, help="model year of a run (default: the last)")
        step.add_argument("--force", action="store_true", help="replace an existing file")
        step.add_argument("--quiet", action="store_true", help="print nothing but errors")
        if name == "apply":
            step.add_argument("--out", metavar="FILE", help="write the shocked table as long CSV")

    calibrate = add("calibrate", _calibrate, "rebuild the base year from the embedded facts and yearbooks")
    calibrate.add_argument(
        "--yearbooks", metavar="DIR", help="folder of yearbook workbooks that replace embedded figures"
    )
    calibrate.add_argument("--mrio", metavar="FILE", help="multi-regional table that replaces the estimated one")
    calibrate.add_argument("--year", type=int, default=2020)
    calibrate.add_argument(
        "--out",
        metavar="FILE",
        help="base-year file to write (default: the embedded one; china_2020_own.npz with own figures)",
    )
    calibrate.add_argument("--report", metavar="FILE", help="write the calibration report (Markdown)")

    validate = add("validate", _validate, "score the base-year recipes out of sample")
    validate.add_argument("--data", default=str(Path(__file__).resolve().parent.parent / "shared" / "data"))
    validate.add_argument("--out", default=str(Path(__file__).resolve().parent / "docs" / "validation.md"))
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 good, 1 not converged or infeasible, 2 bad input, 130 stopped)."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows its code; a name in Chinese must not end a run.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        parsed = parser().parse_args(arguments)
        wrong = _shadowed()
        if wrong:
            print("another installed package shadows this project's: " + "; ".join(wrong), file=sys.stderr)
            return BAD_INPUT
        from model.export.whole import stops_raise

        with stops_raise():
            return _called(parsed)
    except KeyboardInterrupt:
        print("interrupted, nothing unfinished was left behind.", file=sys.stderr)
        return STOPPED


def _called(parsed) -> int:
    """The exit code of a command; what went wrong is printed without a traceback."""
    from io_tables.errors import InputError, ModelError

    try:
        return parsed.function(parsed)
    except InputError as error:
        print(error, file=sys.stderr)
        print(f"{_count(len(error.problems), 'error')}, nothing was written.", file=sys.stderr)
        return BAD_INPUT
    except ModelError as error:
        print(error, file=sys.stderr)
        return NOT_SOLVED
    except BrokenPipeError:
        # Whoever read the output has gone, as 'head' does; Python would complain again on closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_SOLVED
    except OSError as error:
        return _refused(error)
    except MemoryError:
        print("not enough memory", file=sys.stderr)
        return NOT_SOLVED
    except Exception as error:
        # The workbook writer hands on what the system refused inside an error of its own.
        if not error.args or not isinstance(error.args[0], OSError):
            raise
        return _refused(error.args[0])


def _refused(error: OSError) -> int:
    """Tell which file the system refused, and why."""
    place = f"{error.filename}: " if error.filename else ""
    print(f"{place}{error.strerror or error}", file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
