"""From the fact tables to the base-year file: the steps in order, and the calibration report (E1-E6)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from calibration import fact_tables
from calibration.emission_accounts import SOURCES, Emissions, emissions
from calibration.energy_accounts import ProvincialEnergy, energy_by_province, with_products
from calibration.energy_facts import control, load_drivers
from calibration.margins import margins
from calibration.national_energy_balance import NationalEnergy, national_energy_balance
from calibration.national_table import NationalTable, national_table
from calibration.own_figures import (
    Replaced,
    found_in_table,
    margins_of_table,
    sources_with_table,
    table_report,
)
from calibration.provenance import provenance
from calibration.provincial_accounts import ProvincialAccounts, provincial_accounts
from calibration.provincial_facts import provincial_facts
from calibration.regionalisation import Regional, regionalise
from calibration.technology_energy import TechnologyEnergy, technology_energy
from calibration.technology_facts import GENERATION_SOURCES
from calibration.technology_stocks import TechnologyStocks, household_products, technology_stocks
from io_tables import classification
from io_tables.base_year import BaseYear
from io_tables.base_year_file import library_path
from io_tables.errors import InputError

NAME, YEAR = "china_2020", 2020
#: Where a base year from a user's figures goes unless told: the embedded one stays as it is.
OWN_FILE = f"{NAME}_own.npz"
OWN_NAME = f"{NAME}, own figures"
#: Fact tables that the future needs as they are: resources, time slices, lines, history.
CARRIED = (
    "resource_",
    "land_sinks",
    "time_slice",
    "transmission_",
    "technology_history",
    "power_history",
    "national_energy_facts",
)


@dataclass(frozen=True)
class Calibration:
    """Everything the steps found, before it is put into one file."""

    national: NationalTable
    accounts: ProvincialAccounts
    regional: Regional
    national_energy: NationalEnergy
    energy: ProvincialEnergy
    emissions: Emissions
    stocks: TechnologyStocks
    technology_energy: TechnologyEnergy
    population: np.ndarray
    urban_population: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """What calibrating did: lines for the screen, whether every identity holds, the base year and its file."""

    lines: tuple[str, ...]
    passed: bool
    base_year: BaseYear
    path: Path


def run_steps(catalogue, progress: Callable[[str], None] | None = None) -> Calibration:
    """Calibrate the embedded year from the embedded fact tables.

    catalogue : the technology catalogue; progress is told the name of each step as it begins.
    """
    say = progress or (lambda _: None)
    say("national table, provincial accounts")
    national = national_table()
    accounts = provincial_accounts(national, provincial_facts())
    say("coefficients, final demand and trade of the provinces")
    regional = regionalise(national, accounts)
    by_sector = (np.array(national.industry_sector)[:, None] == np.array(classification.sectors().keys)).astype(float)
    value_added = accounts.value_added.sum(axis=0) @ by_sector
    say("energy, CO2 and technology stock")
    national_energy = national_energy_balance()
    drivers = with_products(load_drivers(), dict(zip(national.products, accounts.product_output.T, strict=True)))
    energy = energy_by_province(national_energy, value_added, drivers)
    co2 = emissions(energy, national_energy, drivers)
    population, urban = _population()
    households = household_products(catalogue, population, urban)
    output = np.column_stack([accounts.product_output, *households.values()])
    products = (*national.products, *households)
    stocks = technology_stocks(catalogue, output, _generation(accounts, national), products)
    owned = technology_energy(stocks.table, catalogue, energy.use)
    return Calibration(national, accounts, regional, national_energy, energy, co2, stocks, owned, population, urban)


def _population() -> tuple[np.ndarray, np.ndarray]:
    """Total and urban population (R,), million persons."""
    keys = classification.provinces()
    found = {"total": np.full(len(keys), np.nan), "urban": np.full(len(keys), np.nan)}
    for row in fact_tables.rows("provincial_population.csv"):
        if row["item"] in found and int(row["year"]) == YEAR:
            found[row["item"]][keys.index(row["province"])] = float(row["value"])
    for item, values in found.items():
        if np.isnan(values).any():
            missing = [k for k, v in zip(keys.keys, values, strict=True) if np.isnan(v)]
            raise InputError(f"provincial_population.csv: no {item} population of {YEAR} for {', '.join(missing)}")
    return found["total"], found["urban"]


def _generation(accounts: ProvincialAccounts, national: NationalTable) -> np.ndarray:
    """(R, sources) TWh of 2020: published mix, scaled to each province's electricity output (net of own use)."""
    keys = classification.provinces()
    mix = np.zeros((len(keys), len(GENERATION_SOURCES)))
    for row in fact_tables.rows("power_history.csv"):
        known = row["quantity"] == "generation" and int(row["year"]) == YEAR and row["region"] != classification.NATION
        if known and row["source_of_power"] in GENERATION_SOURCES:
            mix[keys.index(row["region"]), GENERATION_SOURCES.index(row["source_of_power"])] = float(row["value"])
    # Provinces publish hydropower of plants above the designated size; the nation's total is larger.
    hydro = GENERATION_SOURCES.index("hydro")
    mix[:, hydro] *= control("hydro generation") / mix[:, hydro].sum()
    output = accounts.product_output[:, national.products.index("electricity")]
    return mix * (output / mix.sum(axis=1))[:, None]


def base_year(found: Calibration) -> BaseYear:
    """Put what was found into one frozen base year."""
    regional, national = found.regional, found.national
    carried = {
        name.removesuffix(".csv"): fact_tables.frame(name) for name in fact_tables.names() if name.startswith(CARRIED)
    }
    product_output = found.accounts.product_output
    return BaseYear(
        name=NAME,
        year=YEAR,
        regions=classification.provinces().keys,
        sectors=classification.sectors().keys,
        industries=national.industries,
        industry_sector=national.industry_sector,
        products=national.products,
        fuels=classification.fuels().keys,
        co2_sources=SOURCES,
        technologies=found.technology_energy.technologies,
        output=regional.output,
        value_added=regional.value_added,
        domestic_coefficients=regional.domestic_coefficients,
        import_coefficients=regional.import_coefficients,
        final_use=regional.final_use,
        final_imports=regional.final_imports,
        inventories=regional.inventories,
        inventory_imports=regional.inventory_imports,
        exports=regional.exports,
        error=np.zeros_like(regional.exports),
        reexports=national.reexports,
        trade_shares=regional.trade_shares,
        product_price=national.price,
        product_output=product_output,
        energy_use=found.energy.use,
        energy_output=found.energy.output,
        co2=found.emissions.co2,
        technology_energy=found.technology_energy.use,
        residual_energy=found.technology_energy.residual.sum(axis=3),
        population=found.population,
        urban_population=found.urban_population,
        technology_stock=found.stocks.table,
        tables=carried,
        margins=margins(found),
        sources=provenance(fact_tables.FOLDER),
    )


def yearbook_tables(folder: Path) -> tuple[Replaced, dict[str, pd.DataFrame]]:
    """What a folder of yearbooks replaces, and the fact tables with it.

    Raises InputError for unreadable books, or when nothing in them replaces an embedded figure.
    """
    from calibration.yearbooks import embedded_tables, override, read_yearbooks, replacements

    read = read_yearbooks(folder)
    facts = read.facts()
    changes, tables = [], {}
    for name in embedded_tables():
        embedded = fact_tables.frame(name)
        change = replacements(embedded, facts, name)
        if len(change):
            changes.append(change.assign(table=name))
            tables[name] = override(embedded, facts, name)
    if not changes:
        raise InputError(f"{folder}: no figure in these workbooks stands for an embedded one of {YEAR}")
    return Replaced(pd.concat(changes, ignore_index=True), read.checks, read.problems, read.skipped), tables


def _with_table(base: BaseYear, found: Calibration, path: Path) -> tuple[BaseYear, Calibration]:
    """Base year and calibration with the user's table at `path`, margins and sources included."""
    from calibration.user_table import with_user_table
    from io_tables.readers import read_mrio

    base = with_user_table(base, read_mrio(path))
    found = found_in_table(found, base)
    own = replace(
        base, margins=margins_of_table(margins(found)), sources=sources_with_table(base.sources, base, path.name)
    )
    return own, found


def _saved(result: BaseYear, path: Path) -> str:
    """Save a base year beside its place and move it there when it is whole; returns its SHA-256."""
    part = path.with_name(f".{path.stem}.part-{os.getpid()}{path.suffix}")
    try:
        sha256 = result.save(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return sha256


def calibrate(
    catalogue,
    *,
    yearbooks: Path | None = None,
    mrio: Path | None = None,
    year: int = YEAR,
    out: Path | None = None,
    report: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Outcome:
    """Rebuild the base-year file from the embedded fact tables, yearbooks taking precedence.

    catalogue : the technology catalogue (it belongs to the model and is handed in); progress is told each step.
    Raises InputError for another year than the tables hold, or a folder without readable yearbooks.
    """
    if year != YEAR:
        raise InputError(f"--year {year}: the embedded fact tables hold {YEAR}; another year needs its own tables")
    for place, example in ((out, OWN_FILE), (report, "calibration.md")):
        if place is not None and place.is_dir():
            raise InputError(f"{place}: is a folder; name a file in it, such as {place / example}")
    replaced, tables = (None, {}) if yearbooks is None else yearbook_tables(yearbooks)
    own_lines = [] if replaced is None else replaced.report()
    with fact_tables.laid_over(tables):
        found = run_steps(catalogue, progress)
        result = base_year(found)
        if mrio is not None:
            if progress:
                progress(f"products cut out of {mrio.name}")
            result, found = _with_table(result, found, mrio)
            own_lines += table_report(mrio.name, result)
    checks = result.check()
    passed = all(value <= 1e-6 for value in checks.values())
    own = yearbooks is not None or mrio is not None
    if own:
        result = replace(result, name=OWN_NAME)
    path = out or (Path(OWN_FILE) if own else library_path(NAME))
    # The report comes first: a base year appears only with its report and with every identity closed.
    if report is not None:
        from calibration.report import write_report

        write_report(result, found, report, own_lines)
    lines = [f"{name:14s} {value:.1e}" for name, value in checks.items()]
    if not passed:
        lines.append(f"base-year file {path} was not written: an identity above does not close")
        return Outcome(tuple(lines), False, result, path)
    sha256 = _saved(result, path)
    if replaced is not None:
        lines += replaced.lines()
    if mrio is not None:
        lines.append(f"table          {mrio.name} stands in place of the estimated one")
    lines += [
        f"value added    {result.gdp.sum():,.1f} 10^8 yuan",
        f"CO2            {result.co2.sum():,.0f} Mt",
        f"base-year file {path} ({path.stat().st_size / 1e6:.2f} MB), SHA-256 {sha256[:16]}",
    ]
    return Outcome(tuple(lines), passed, result, path)
