"""Commands on finished runs: recount them, lay them side by side, divide their cap; and what quota rules cost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from io_tables.errors import InputError


def verify_run(arguments, line: Callable[[str], None]) -> bool:
    """Recount every balance of a run from its files; returns whether all close."""
    from model.verify import verify

    checks = verify(Path(arguments.run))
    width = max(len(check.name) for check in checks)
    for check in checks:
        residual = "-" if check.residual is None else f"{check.residual:.1e}"
        line(f"{check.status:7}  {check.name:{width}}  {residual:>8}  {check.where}".rstrip())
    failed = [check for check in checks if check.status == "fail"]
    for check in failed:
        print(f"failed: {check.name}: {check.residual:.1e} > {check.tolerance:.0e} at {check.where}", file=sys.stderr)
    done = sum(check.status != "not_run" for check in checks)
    line(f"{done - len(failed)} of {done} balance{'' if done == 1 else 's'} recounted from the files close")
    return not failed


def compare_runs(arguments, line: Callable[[str], None]) -> None:
    """Headline figures of runs side by side."""
    from model.compare import compare
    from model.export.whole import whole_or_none

    out = Path(arguments.out) if arguments.out else None
    if out and out.suffix not in (".xlsx", ".csv"):
        raise InputError(f"{out}: the comparison is written as .xlsx or .csv")
    with whole_or_none(arguments.out, arguments.force) as part:
        comparison = compare([Path(run) for run in arguments.runs])
        for text in comparison.lines():
            line(text)
        if part:
            comparison.write(part)
    if out:
        line(f"written: {out}")


def allocate_run(arguments, line: Callable[[str], None]) -> None:
    """Quotas of a run by rules side by side, as workbook and CSV."""
    from model.allocate import allocate, parse_weights
    from model.export import provinces
    from model.export.whole import whole_files

    out = Path(arguments.out) if arguments.out else Path(arguments.run) / "allocation.xlsx"
    if out.suffix != ".xlsx":
        raise InputError(f"{out}: the quotas are written as an .xlsx workbook with a .csv of the same name beside it")
    weights = parse_weights(arguments.weights) if arguments.weights else None
    with whole_files([out, out.with_suffix(".csv")], arguments.force) as (workbook, table):
        found = allocate(Path(arguments.run), rules=arguments.rule, weights=weights, price=arguments.price,
                         baseline=Path(arguments.baseline) if arguments.baseline else None)
        provinces.write(found.results, workbook)
        found.write_csv(table)
    for text in found.lines():
        line(text)
    line(f"written: {out}, {out.with_suffix('.csv')}")


def cost_principles(arguments, line: Callable[[str], None]) -> None:
    """What each quota rule costs without trade; every rule is a run of the programme over all provinces."""
    from io_tables.base_year import BaseYear
    from model.carbon.principles import principle_costs
    from model.coupling import solve
    from model.export.whole import whole_or_none
    from model.technology.catalogue import catalogue
    from model.technology.progress import scenario_catalogue
    from scenarios.load import load_scenario

    scenario = load_scenario(arguments.scenario, (*arguments.set, "technology.choice=optimise"))
    base_year = BaseYear.load(scenario.base_year)
    adjusted = scenario_catalogue(catalogue(), scenario, base_year.year)

    def objective(case) -> float:
        line(f"solving: {'traded quotas' if case.carbon.permit_trade else dict(case.carbon.allocation.weights)}")
        return solve(base_year, case, catalogue=adjusted, resolution="provincial").objective

    with whole_or_none(arguments.out, arguments.force) as part:
        found = principle_costs(objective, scenario, arguments.rule)
        if part:
            found.to_csv(part, index=False, encoding="utf-8-sig")
    for row in found.itertuples():
        line(f"{row.rule:28} {row.objective:16,.1f} {row.difference:+14,.1f} ({row.per_cent:+.3f} %) {row.unit}"
             f"{'; ' + row.why_not if row.why_not else ''}")
