"""One run: a base year and a scenario become results with a certificate (E7-E9, E13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from io_tables.base_year import BaseYear
from io_tables.errors import InputError, Problem
from model import ledgers, tables
from model.results import Results
from model.study import Study, Year
from model.technology.catalogue import Catalogue
from model.technology.catalogue import catalogue as shipped_catalogue
from model.technology.progress import scenario_catalogue
from scenarios.schema import Scenario


def run(
    base_year: BaseYear,
    scenario: Scenario,
    *,
    progress: Callable[..., None] | None = None,
    catalogue: Catalogue | None = None,
    alternatives: int = 0,
    alternatives_over: str = "nation",
    slack: float = 0.02,
    second_start: bool = False,
    intervals: bool = False,
    curves: bool = False,
) -> Results:
    """Solve every model year and gather the results.

    progress : called after every year where shares are given, as progress(step, number, residual, ...) after every pass
    where technologies are chosen. alternatives : how many near-optimal pathways, at most `slack` (relative) dearer, of
    the nation or, with alternatives_over 'provinces', of the programme over all provinces; second_start : solve once
    more from another start and certify that both agree; intervals : how far apart equally good divisions between
    provinces lie, and what each would pay alone; curves : cost curves of provinces from five more solves, with the
    Shapley value. All need a run that chooses technologies, the last two and alternatives of the provinces one over
    all provinces.
    Raises InputError (scenario does not fit the base year), Infeasible or NotConverged naming year and place.
    """
    optimised = scenario.technology.choice == "optimise"
    if (intervals or curves) and not (optimised and scenario.coupling.resolution == "provincial"):
        raise InputError(Problem("coupling.resolution", "intervals and curves need the programme over all provinces",
                                 "add --set technology.choice=optimise --set coupling.resolution=provincial"))
    over_provinces = bool(alternatives) and alternatives_over == "provinces"
    if over_provinces and not (optimised and scenario.coupling.resolution == "provincial"):
        raise InputError(Problem("coupling.resolution", "alternatives of the provinces need the programme over them",
                                 "add --set technology.choice=optimise --set coupling.resolution=provincial"))
    if optimised:
        # Imported here: runs with given shares need no solver.
        from model.coupling import solve
        from model.pathway.near_optimal import near_optimal
        from model.pathway.provincial_alternatives import provincial_alternatives
        from model.second_start import second_start as begun_elsewhere

        adjusted = scenario_catalogue(catalogue or shipped_catalogue(), scenario, base_year.year)
        coupled = solve(base_year, scenario, catalogue=adjusted, resolution=scenario.coupling.resolution,
                        progress=progress)
        if second_start:
            coupled = replace(coupled, other_start=begun_elsewhere(coupled))
        years = list(coupled.years)
        results = tables.gather(coupled.study, years, ledgers.certificate(coupled.study, years, coupled), coupled,
                                intervals=intervals, curves=curves)
        if over_provinces:
            table, done = provincial_alternatives(coupled, alternatives, slack)
            return replace(results, alternatives=table, notes=(*results.notes, done))
        return replace(results, alternatives=near_optimal(coupled, alternatives, slack)) if alternatives else results
    if alternatives or second_start:
        asked = "near-optimal alternatives" if alternatives else "a second start"
        raise InputError(Problem("technology.choice", f"{asked} need technologies that are chosen, not given by shares",
                                 "add --set technology.choice=optimise"))
    study = study_of(base_year, scenario, catalogue)
    years = solve_years(study, progress)
    return tables.gather(study, years, ledgers.certificate(study, years))


def study_of(base_year: BaseYear, scenario: Scenario, catalogue: Catalogue | None = None) -> Study:
    """The study of a scenario, with its technology progress and costs applied to the catalogue."""
    return Study(base_year, scenario, scenario_catalogue(catalogue or shipped_catalogue(), scenario, base_year.year))


def solve_years(study: Study, progress: Callable[[], None] | None = None) -> list[Year]:
    """All model years in order, technology mixes by the scenario's shares."""
    years: list[Year] = []
    for t in range(len(study.scenario.years)):
        years.append(study.solve(t, years[-1] if years else None))
        if progress:
            progress()
    return years
