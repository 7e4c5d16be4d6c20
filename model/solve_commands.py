"""Commands that solve: a run of a scenario, and the peak years of its nation."""

from __future__ import annotations

from pathlib import Path

from io_tables.errors import InputError
from model.export.whole import whole_file, whole_folder
from model.screen import Screen
from scenarios.load import load_scenario


def run_scenario(arguments, screen: Screen) -> bool:
    """Solve a scenario and write its folder; returns whether its certificate passed."""
    scenario = load_scenario(arguments.scenario, (*arguments.quick, *arguments.set))
    target = Path(arguments.out) / scenario.name
    with whole_folder(target, arguments.force) as part:
        from io_tables.base_year import BaseYear
        from model.export.folder import write_folder
        from model.run import run

        base_year = BaseYear.load(scenario.base_year)
        title, chosen = f"{scenario.name}: {len(scenario.years)} years", scenario.technology.choice == "optimise"
        shown = screen.passes(title) if chosen else screen.progress(title, len(scenario.years))
        with shown as step:
            results = run(
                base_year,
                scenario,
                progress=step,
                alternatives=arguments.alternatives,
                alternatives_over=arguments.alternatives_over,
                slack=arguments.slack,
                second_start=arguments.certify == "full",
                intervals=arguments.intervals,
                curves=arguments.curves,
            )
        for line in _summary(results):
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
    if output.workbook:
        screen.line(f"workbook        {target / (results.scenario_name + '.xlsx')}")
    else:
        screen.line(f"results         {target}")
    return results.certificate.passed


def peak_years(arguments, screen: Screen) -> bool:
    """Cost and height of the peak for every allowed peak year, at the frozen final economy of the scenario.

    Returns whether economy and technologies converged.
    """
    low, _, high = (arguments.years or "").partition("-")
    if arguments.years and not (low.isdigit() and (high or low).isdigit()):
        raise InputError(f"--years '{arguments.years}': write a year or a range such as 2026-2035")
    overrides = ("technology.choice=optimise", "coupling.resolution=national", *arguments.quick)
    scenario = load_scenario(arguments.scenario, (*overrides, *arguments.set))
    target = Path(arguments.out or f"{scenario.name}_peaks.xlsx")
    if target.suffix != ".xlsx":
        raise InputError(f"{target}: the curve is written as .xlsx, with a .csv beside it")
    with whole_file(target, arguments.force) as book, whole_file(target.with_suffix(".csv"), arguments.force) as table:
        from io_tables.base_year import BaseYear
        from model.coupling import solve
        from model.export.peaks import write
        from model.pathway.peak_curve import peak_curve

        wanted = [y for y in scenario.years[1:] if low and int(low) <= y <= int(high or low)]
        if low and not wanted:
            raise InputError(f"--years {arguments.years}: no model year among {', '.join(map(str, scenario.years))}")
        screen.line(f"{scenario.name}: economy and technologies of the nation, then every peak year on them")
        coupled = solve(BaseYear.load(scenario.base_year), scenario)
        curve = peak_curve(coupled, tuple(wanted) or None)
        curve.to_csv(table, index=False, float_format="%.10g")
        write(curve, book, scenario.title.zh or scenario.name, scenario.title.en or scenario.name)
    screen.line("the economy is frozen at the scenario's own peak year; every peak year is a re-solve of the programme")
    price = [c for c in curve.columns if c.startswith("price ")]
    screen.line(f"{'goals':26} allowed  peak    Mt CO2   cost 10^8 yuan    %      " + "  ".join(price) + "  (yuan/t)")
    for row in curve.to_dict("records"):
        if row["status"] != "optimal":
            screen.line(f"{row['goals']:26} {row['allowed']:7}  {row['status']}")
            continue
        prices = "  ".join(f"{row[c]:{len(c)},.0f}" for c in price)
        screen.line(f"{row['goals']:26} {row['allowed']:7}  {row['peak_year']:.0f}  {row['peak']:8,.0f}  "
                    f"{row['difference']:+14,.0f}  {row['per cent']:+.3f}  {prices}")
    if not coupled.converged:
        screen.line(f"warning: economy and technologies have a residual of {coupled.outer.residual:.1e}")
    screen.line(f"written: {target}, {target.with_suffix('.csv')}")
    return coupled.converged


def _summary(results) -> list[str]:
    year, level = results.peak
    net = results.series("Emissions|CO2|Net")
    worst = results.certificate.worst
    lines = [f"warning: {warning}" for warning in results.warnings]
    lines += [
        f"peak            {year} at {level:,.0f} Mt CO2 net",
        f"{results.years[-1]}            {round(net.iloc[-1]):,} Mt CO2 net",
        f"cumulative      {results.cumulative / 1000:,.1f} Gt CO2 net {results.years[0]}-{results.years[-1]}",
        f"certificate     {'passed' if results.certificate.passed else 'FAILED'}: {len(results.certificate.ledgers)} "
        f"ledgers, worst {worst.name} {worst.residual:.1e} ({worst.where})",
    ]
    return lines
