"""The catalogue as a scenario sees it: progress along its paths or frozen, with the scenario's multipliers."""

from __future__ import annotations

from model.technology.catalogue import Catalogue
from scenarios.schema import Scenario


def scenario_catalogue(catalogue: Catalogue, scenario: Scenario, base_year: int) -> Catalogue:
    """A catalogue with `technology.progress` and `technology.costs` applied.

    Frozen: every path keeps its base-year value. Multipliers on fuel use and on costs hold after the base year;
    materials (no energy content) are left alone.
    """
    changes: list[tuple[str, str, str, int | None, float]] = []
    years = range(base_year, scenario.years[-1] + 1)
    frozen = scenario.technology.progress == "frozen"
    if frozen:
        for (technology, parameter, item, _use), path in catalogue.paths.items():
            if path.years:
                changes.append((technology, parameter, item, None, path.at(base_year)))
    result = catalogue.replaced(changes, source="scenario: technology.progress frozen") if changes else catalogue
    changes = []
    for technology, cost in scenario.technology.costs.items():
        for factor, parameters in ((cost.investment, ("capex",)), (cost.operation, ("fixed_om", "variable_om"))):
            if factor is not None:
                for parameter in parameters:
                    changes += [
                        (
                            technology,
                            parameter,
                            "",
                            y,
                            result.value(technology, parameter, year=y) * _factor(factor, y, base_year),
                        )
                        for y in years
                    ]
        if cost.fuel_use is not None:
            for (owner, parameter, item, _use), path in result.paths.items():
                if owner == technology and parameter == "input" and result.energy_content(item) > 0:
                    changes += [
                        (technology, "input", item, y, path.at(y) * _factor(cost.fuel_use, y, base_year)) for y in years
                    ]
    return result.replaced(changes, source="scenario: technology.costs") if changes else result


def _factor(path, year: int, base_year: int) -> float:
    return 1.0 if year <= base_year else path.at(year)
