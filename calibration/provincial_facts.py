"""Published provincial figures and the structures that stand in where nothing is published (E1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.national_splits import read_rows, read_wide
from io_tables.base_year import VALUE_ADDED
from io_tables.classification import provinces, sectors
from io_tables.errors import InputError, Problem

STRATA = ("primary", "secondary", "tertiary")
#: Published sub-industries and the sectors of the 42 that make them up.
SUB_INDUSTRIES = ("industry", "construction", "trade", "transport", "hotels", "finance", "real estate",
                  "other services")
_SECTORS_OF = {
    "industry": (1, 26), "construction": (26, 27), "trade": (27, 28), "transport": (28, 29), "hotels": (29, 30),
    "finance": (31, 32), "real estate": (32, 33),
}


def sub_industry_sectors(name: str) -> np.ndarray:
    """Positions among the 42 sectors of a sub-industry; other services are what the named ones leave."""
    if name != "other services":
        return np.arange(*_SECTORS_OF[name])
    named = {k for first, last in _SECTORS_OF.values() for k in range(first, last)}
    return np.array([k for k in range(27, len(sectors())) if k not in named])


def stratum_of(name: str) -> int:
    """Position of a sub-industry's stratum."""
    return 1 if name in ("industry", "construction") else 2


def stratum_sectors(stratum: int) -> np.ndarray:
    """Positions among the 42 sectors of a stratum (0 agriculture, 1 industry and construction, 2 services)."""
    return (np.arange(0, 1), np.arange(1, 27), np.arange(27, len(sectors())))[stratum]


@dataclass(frozen=True)
class ProvincialFacts:
    """Published values and prior structures of R provinces; NaN where nothing is published.

    gdp (R,), strata (R, 3), published (R, 8) 10^8 yuan of 2020, in the accounts of the provincial bureaus; the strata
    are scaled to the GDP of the same bureau (Henan published a lower GDP after its strata).
    neighbour_share (R, 8) : share in its stratum in the nearest published year (2019, 2022), where 2020 is missing.
    year_change (8,) : median change of that share from 2019 to 2020 in the provinces that publish both.
    population (R,) million persons.
    structure_2007 (R, S) : value added up to a common factor; Tibet has the structure of Qinghai.
    shares_2017, output_shares_2017 (R, S) : share in the sector's reported total, NaN where not reported.
    income_2007 (R, 3, 4) : composition of value added by stratum.
    """

    gdp: np.ndarray
    strata: np.ndarray
    published: np.ndarray
    neighbour_share: np.ndarray
    year_change: np.ndarray
    population: np.ndarray
    structure_2007: np.ndarray
    shares_2017: np.ndarray
    output_shares_2017: np.ndarray
    income_2007: np.ndarray

    @property
    def published_share(self) -> np.ndarray:
        """Published value over its stratum, (R, 8)."""
        return self.published / self.strata[:, [stratum_of(k) for k in SUB_INDUSTRIES]]


def provincial_facts() -> ProvincialFacts:
    """Read the fact tables. Raises InputError where a stratum is missing or smaller than a part of it."""
    names = provinces()
    R = len(names)
    values: dict[tuple[str, int], np.ndarray] = {}
    for row in read_rows("provincial_value_added.csv"):
        cell = values.setdefault((row["item"], int(row["year"])), np.full(R, np.nan))
        cell[names.index(row["province"])] = float(row["value"])
    empty = np.full(R, np.nan)
    gdp = values["gdp", 2020]
    strata = np.stack([values[k, 2020] for k in STRATA], axis=1)
    if np.isnan(strata).any() or np.isnan(gdp).any():
        raise InputError(Problem("provincial_value_added.csv", "GDP or a stratum of 2020 is missing"))
    strata = strata * (gdp / strata.sum(1))[:, None]
    published = np.stack([values.get((k, 2020), empty) for k in SUB_INDUSTRIES], axis=1)
    problems = [
        Problem("provincial_value_added.csv", f"{names.keys[r]}: {k} exceeds its stratum", "are the labels mixed up?")
        for c, k in enumerate(SUB_INDUSTRIES) for r in range(R) if published[r, c] > strata[r, stratum_of(k)]]
    if problems:
        raise InputError(problems)
    neighbour, change = _neighbours(values, strata, published)
    population = np.zeros(R)
    for row in read_rows("provincial_population.csv"):
        if row["item"] == "total":
            population[names.index(row["province"])] = float(row["value"])
    return ProvincialFacts(gdp, strata, published, neighbour, change, population, _structure_2007(),
                           _wide("provincial_value_added_shares_2017.csv"), _wide("provincial_output_shares_2017.csv"),
                           _income_2007())


def _neighbours(values, strata, published):
    """Share in the stratum in 2019 and 2022 (their mean), and its usual change from 2019 to 2020."""
    share = np.full(published.shape, np.nan)
    change = np.ones(len(SUB_INDUSTRIES))
    for c, k in enumerate(SUB_INDUSTRIES):
        stratum, found = STRATA[stratum_of(k)], []
        for year in (2019, 2022):
            if (k, year) in values:
                found.append(values[k, year] / values[stratum, year])
        if not found:
            continue
        both = published[:, c] / strata[:, stratum_of(k)] / found[0]
        only_before = len(found) == 1
        if only_before and np.isfinite(both).any():
            change[c] = np.nanmedian(both)
        share[:, c] = np.mean(found, axis=0)
    return np.where(np.isnan(published), share, np.nan), change


def _wide(name: str) -> np.ndarray:
    """(R, S) from a table of sectors by provinces; empty cells NaN."""
    rows, columns, _ = read_wide(name)
    across = provinces().order(columns, name)
    out = np.full((len(provinces()), len(sectors())), np.nan)
    for row in read_rows(name):
        cells = [row[c] for c in columns]
        out[:, sectors().index(row["sector"])] = [float(cells[k]) if cells[k] else np.nan for k in across]
    return out


def _structure_2007() -> np.ndarray:
    """(R, S) value added of 2007 up to a factor: sector weight x share of the province."""
    rows, columns, table = read_wide("provincial_prior_2007.csv")
    table = table[sectors().order(rows, "provincial_prior_2007.csv")]
    shares = table[:, 1:][:, provinces().order(columns[1:], "provincial_prior_2007.csv")]
    structure = (table[:, :1] * shares).T
    structure[provinces().index("Tibet")] = structure[provinces().index("Qinghai")]
    return structure


def _income_2007() -> np.ndarray:
    """(R, 3, 4) composition of value added by stratum, 2007; Tibet as Qinghai."""
    out = np.zeros((len(provinces()), len(STRATA), len(VALUE_ADDED)))
    for row in read_rows("provincial_income_shares_2007.csv"):
        out[provinces().index(row["province"]), STRATA.index(row["stratum"])] = [float(row[k]) for k in VALUE_ADDED]
    out[provinces().index("Tibet")] = out[provinces().index("Qinghai")]
    return out
