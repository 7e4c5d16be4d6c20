#!/usr/bin/env python3
"""Command line of the model; the only place where all rooms meet. Heavy imports happen where they are used."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

GOOD, NOT_SOLVED, BAD_INPUT, STOPPED = 0, 1, 2, 130
#: Files that `check` reads as tables; everything else is a scenario.
TABLES = (".xlsx", ".xls", ".xlsb", ".ods", ".csv")
#: What `run --quick` lays upon a scenario before --set; the lock file shows it like any other entry.
QUICK = ("power.slices=1", "years=[2020, 2025, 2030, 2040, 2060]", "coupling.resolution=national")
ROOMS = ("io_tables", "calibration", "scenarios", "model")
DEFAULT_SCENARIO = "peak2030_neutral2060"
#: Threads of linear algebra, unless the user's environment says otherwise: on tables of this size more of them cost a
#: sixth of a run's time.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
#: Mistakes printed one by one; the rest are counted.
MOST_PRINTED = 40


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


def _screen(arguments):
    from model.screen import Screen

    return Screen(arguments.quiet)


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
        if problems:
            _tell(problems)
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
    from io_tables.errors import InputError
    from scenarios.load import new_scenario

    folder, screen = Path(arguments.folder), _screen(arguments)
    if arguments.from_workbook is None:
        screen.line(str(new_scenario(arguments.name, arguments.like or DEFAULT_SCENARIO, folder)))
        return GOOD
    if arguments.like is not None:
        raise InputError("--like and --from-workbook exclude each other: the workbook names the scenario it came from")
    from model.desk_reader import new_from_workbook

    screen.line(str(new_from_workbook(arguments.name, Path(arguments.from_workbook), folder)))
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

    screen = _screen(arguments)
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

    screen = _screen(arguments)
    lines, passed = validate(Path(arguments.data), Path(arguments.out),
                             *(Path(d) if d else None for d in (arguments.run, arguments.unpinned)))
    for line in lines:
        screen.line(line)
    return GOOD if passed else NOT_SOLVED


def _elsewhere(module: str, name: str) -> Callable:
    """A command whose body lies in the model: it takes the arguments and a function that prints a line.

    It returns False where what it looked at does not hold.
    """

    def call(arguments) -> int:
        from importlib import import_module

        from model.verify import Damaged

        try:
            passed = getattr(import_module(module), name)(arguments, _screen(arguments).line)
        except Damaged as error:
            return _damaged(error)
        return NOT_SOLVED if passed is False else GOOD

    return call


def _solved(name: str) -> Callable:
    """A command that solves a scenario: it takes the arguments and a screen, and returns whether it converged."""

    def call(arguments) -> int:
        from model import solve_commands

        return GOOD if getattr(solve_commands, name)(arguments, _screen(arguments)) else NOT_SOLVED

    return call


def _on_run(name: str) -> Callable:
    """A command on finished runs."""
    return _elsewhere("model.run_commands", name)


def _on_table(name: str) -> Callable:
    """A command on one table."""
    return _elsewhere("model.table_commands", name)


def _tell(problems: Sequence) -> None:
    """Print mistakes, the first ones of very many."""
    for problem in problems[:MOST_PRINTED]:
        print(problem, file=sys.stderr)
    if len(problems) > MOST_PRINTED:
        print(f"and {len(problems) - MOST_PRINTED} more", file=sys.stderr)


def _damaged(error) -> int:
    _tell(error.problems)
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

    run = add("run", _solved("run_scenario"), "run a scenario (library name or YAML file)")
    run.add_argument("scenario")
    run.add_argument("--out", default="results", help="parent folder of the run (default: results)")
    run.add_argument("--force", action="store_true", help="replace an existing run")
    run.add_argument("--set", action="append", default=[], metavar="key=value", help="override one scenario entry")
    text = f"a first look: {', '.join(QUICK)}; --set goes beyond it"
    run.add_argument("--quick", action="store_const", const=QUICK, default=(), help=text)
    run.add_argument(
        "--certify",
        choices=("run", "full"),
        default="run",
        help="full: solve once more from another start, both must agree (default: run)",
    )
    run.add_argument(
        "--alternatives", type=int, default=0, metavar="N", help="near-optimal national pathways to show (default: 0)"
    )
    run.add_argument(
        "--alternatives-over",
        choices=("nation", "provinces"),
        default="nation",
        help="provinces: search the programme over all of them, a long batch (default: nation)",
    )
    run.add_argument(
        "--slack", type=float, default=0.02, metavar="PART", help="how much dearer they may be (default: 0.02)"
    )
    run.add_argument(
        "--intervals", action="store_true", help="provinces: range over equally good divisions of cost, and cost alone"
    )
    run.add_argument(
        "--curves", action="store_true", help="provinces: cost curves from five more solves, with the Shapley value"
    )

    text = "what an earlier or later peak costs, for each allowed peak year (nation)"
    peaks = add("peaks", _solved("peak_years"), text)
    peaks.add_argument("scenario")
    peaks.add_argument("--years", metavar="FIRST-LAST", help="allowed peak years (default: model years 2025-2035)")
    peaks.add_argument("--set", action="append", default=[], metavar="key=value", help="override one scenario entry")
    peaks.add_argument("--quick", action="store_const", const=QUICK, default=(),
                       help="the coarser settings of run --quick")
    peaks.add_argument("--out", metavar="FILE", help="workbook (default: SCENARIO_peaks.xlsx); .csv goes beside")
    peaks.add_argument("--force", action="store_true", help="replace existing files")

    check = add("check", _check, "check scenario files or tables (.xlsx, .csv) and report every mistake")
    check.add_argument("files", nargs="+")
    check.add_argument("--unit", help="money unit of tables that state none, such as 万元")

    new = add("new", _new, "write a new scenario that extends another")
    new.add_argument("name")
    new.add_argument("--like", help=f"scenario to start from (default: {DEFAULT_SCENARIO})")
    new.add_argument("--from-workbook", metavar="FILE",
                     help="take the weights of an edited negotiation desk, and the scenario of its run")
    new.add_argument("--folder", default=".", help="where to write it (default: here)")

    add("list", _list, "list the scenario library")

    verify = add("verify", _on_run("verify_run"), "recount every balance of a finished run from its files alone")
    verify.add_argument("run", metavar="RUN", help="folder of a finished run, such as results/quick")

    compare = add("compare", _on_run("compare_runs"), "lay the headline figures of finished runs side by side")
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folders of finished runs")
    compare.add_argument("--out", metavar="FILE", help="write the comparison and the series as .xlsx or .csv")
    compare.add_argument("--force", action="store_true", help="replace an existing file")

    text = "divide a finished run's national cap among provinces by quota rules"
    allocate = add("allocate", _on_run("allocate_run"), text)
    allocate.add_argument("run", metavar="RUN", help="folder of a finished run, such as results/least_cost")
    allocate.add_argument("--rule", action="append", metavar="NAME", help="a rule on the desk (default: all with data)")
    allocate.add_argument("--weights", metavar="a=0.5,b=0.5", help="weights, or entropy (default: equal)")
    allocate.add_argument("--baseline", metavar="RUN", help="run without the cap (default: CO2 per GDP stays)")
    allocate.add_argument("--price", type=float, metavar="YUAN", help="yuan per tonne instead of the run's price")
    allocate.add_argument("--out", metavar="FILE", help="workbook (default: RUN/allocation.xlsx); .csv goes beside")
    allocate.add_argument("--force", action="store_true", help="replace existing files")

    text = "what quota rules cost without trade: one provincial run for each (slow)"
    costs = add("principles", _on_run("cost_principles"), text)
    costs.add_argument("scenario")
    costs.add_argument("--rule", action="append", required=True, metavar="NAME", help="a quota rule")
    costs.add_argument("--set", action="append", default=[], metavar="key=value", help="override one scenario entry")
    costs.add_argument("--out", metavar="FILE", help="write the costs as CSV")
    costs.add_argument("--force", action="store_true", help="replace an existing file")

    text = "follow emissions along the supply chains of a run's year or of a base year"
    trace = add("trace", _on_table("trace_table"), text)
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
        ("new", _on_table("new_shocks"), "write an empty shock workbook"),
        ("apply", _on_table("shock_table"), "apply a filled shock workbook and show what changes"),
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
    validate.add_argument("--run", metavar="DIR", help="finished optimised run whose reality checks are shown")
    validate.add_argument("--unpinned", metavar="DIR", help="the same with technology.history=free, as a hindcast")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 good, 1 not converged or infeasible, 2 bad input, 130 stopped)."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
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
        _tell(error.problems)
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
