"""Growth of GDP and population by province (E7): years lived from statistics, then an SSP's growth or own rates.

Only growth is taken from the SSPs, never levels: their 2025 lies above what has happened. Plain lists in, plain lists
out, so that checking a scenario needs no numerical library.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from io_tables import classification
from io_tables.errors import InputError
from scenarios.keys import period_years
from scenarios.schema import BASE_YEAR, LAST_GDP_HISTORY, LAST_POPULATION_HISTORY, Scenario

NATION = classification.NATION
FILE = Path(__file__).with_name("growth.csv")


@cache
def table() -> dict[tuple[str, str, str], dict[int, float]]:
    """(variable, series, province) -> {year: value}; GDP history is growth per year, SSP series are indices."""
    out: dict[tuple[str, str, str], dict[int, float]] = {}
    for row in rows():
        years = {int(k): float(v) for k, v in row.items() if k.isdigit() and v}
        out.setdefault((row["variable"], row["series"], row["province"]), {}).update(years)
    return out


@cache
def rows() -> tuple[dict[str, str], ...]:
    """The rows of growth.csv: variable, series, province, unit, source, status and a column per year."""
    with open(FILE, encoding="utf-8", newline="") as handle:
        return tuple(csv.DictReader(handle))


def gdp_index(
    scenario: Scenario, provinces: Sequence[str], years: Sequence[int], base_gdp: Sequence[float] | None = None
) -> list[list[float]]:
    """Real GDP relative to 2020, (years, provinces).

    provinces : keys of the classification. base_gdp : weights of the provinces in the nation in 2020 (any unit);
    official gross regional product when not given. Where a national rate is known (history, or own rates) the
    provinces are scaled so that the nation meets it exactly with these weights; provinces with own rates are kept.
    Raises InputError for a province without a growth record.
    """
    growth = scenario.macro.gdp
    weights = list(base_gdp) if base_gdp is not None else [_series("gdp", "base", p)[BASE_YEAR] for p in provinces]
    lived = LAST_GDP_HISTORY if growth.history != "none" else BASE_YEAR
    national_history = table()["gdp", "history", NATION] if lived > BASE_YEAR else {}

    def lived_growth(province: str, year: int) -> float:
        # No provincial growth of the last year is at hand: every province grows with the nation.
        return _series("gdp", growth.history, province).get(year, national_history[year])

    return _march(growth, "gdp", provinces, years, weights, lived, lived_growth, national_history)


def population(
    scenario: Scenario, base_population: Sequence[float], years: Sequence[int], provinces: Sequence[str] | None = None
) -> list[list[float]]:
    """Resident population, (years, provinces), in the unit of `base_population` (provinces,), which is of 2020.

    provinces : keys of the classification, all 31 in their order when not given. Raises InputError for a province
    without a record.
    """
    provinces = classification.provinces().keys if provinces is None else provinces
    growth = scenario.macro.population
    lived = LAST_POPULATION_HISTORY if growth.history != "none" else BASE_YEAR

    def lived_growth(province: str, year: int) -> float:
        record = _series("population", "history", province)
        return record[year] / record[year - 1] - 1.0

    index = _march(growth, "population", provinces, years, list(base_population), lived, lived_growth, {})
    return [[level * base for level, base in zip(row, base_population)] for row in index]


def _march(growth, variable, provinces, years, weights, lived, lived_growth, national_history) -> list[list[float]]:
    """Indices (years, provinces) year by year from the base year, met nationally where a national rate is known."""
    wanted, last = set(years), max(years)
    if min(years) < BASE_YEAR:
        raise InputError(f"growth starts in {BASE_YEAR}; {min(years)} lies before it")
    national = {y: rate for period, rate in growth.rates.items() for y in period_years(period)} | national_history
    own = {
        p: {y: rate for period, rate in periods.items() for y in period_years(period)}
        for p, periods in growth.provincial_rates.items()
    }
    index = [1.0] * len(provinces)
    found = {BASE_YEAR: list(index)}
    for year in range(BASE_YEAR + 1, last + 1):
        total = sum(w * i for w, i in zip(weights, index))
        kept = [year > lived and year in own.get(p, {}) for p in provinces]
        factors = []
        for province, is_kept in zip(provinces, kept):
            if is_kept:
                factors.append(1.0 + own[province][year])
            elif year <= lived:
                factors.append(1.0 + lived_growth(province, year))
            elif growth.source == "rates":
                factors.append(1.0 + national[year])
            else:
                factors.append(_ssp_factor(variable, growth.source, province, year))
        moved = [i * f for i, f in zip(index, factors)]
        if year in national:
            free = sum(w * m for w, m, k in zip(weights, moved, kept) if not k)
            bound = sum(w * m for w, m, k in zip(weights, moved, kept) if k)
            scale = (total * (1.0 + national[year]) - bound) / free if free else 1.0
            if scale <= 0:
                raise InputError(f"provincial rates of {year} alone exceed the national {variable} growth; lower them")
            moved = [m if k else m * scale for m, k in zip(moved, kept)]
        index = moved
        if year in wanted:
            found[year] = list(index)
    return [found[year] for year in years]


def _ssp_factor(variable: str, source: str, province: str, year: int) -> float:
    """Growth factor of one year: the constant rate between the two years the SSP gives around it."""
    record = {BASE_YEAR: 1.0, **_series(variable, source, province)}
    after = min((y for y in record if y >= year), default=None)
    if after is None:
        raise InputError(f"{source} growth ends in {max(record)}; {year} lies after it")
    before = max(y for y in record if y < year)
    return (record[after] / record[before]) ** (1.0 / (after - before))


def _series(variable: str, series: str, province: str) -> dict[int, float]:
    try:
        return table()[variable, series, province]
    except KeyError:
        raise InputError(
            f"no {variable} growth ({series}) for '{province}'; use source: rates with history: none"
        ) from None


def sources(scenario: Scenario) -> list[dict[str, str]]:
    """What the growth of a scenario stands on: item, source, status, one entry per series used."""
    found: dict[tuple[str, str, str], None] = {}
    for variable, growth in (("gdp", scenario.macro.gdp), ("population", scenario.macro.population)):
        used = {growth.source} | ({growth.history, "history"} if growth.history != "none" else set())
        for row in rows():
            if row["variable"] == variable and row["series"] in used - {"pinned" if variable == "population" else ""}:
                found[f"{variable} growth, {row['series']}", row["source"], row["status"]] = None
        if growth.rates or growth.provincial_rates:
            found[f"{variable} growth, own rates", f"scenario {scenario.name}", "assumed"] = None
    return [{"item": item, "source": source, "status": status} for item, source, status in found]
