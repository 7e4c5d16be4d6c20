"""The scenario: everything a run assumes, typed, with units, closed to unknown keys."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from io_tables.errors import did_you_mean
from scenarios.carbon_section import Carbon, Target
from scenarios.keys import period_years
from scenarios.macro_section import SSP, Demand, Macro
from scenarios.quantities import YearPath, mistake
from scenarios.run_sections import Coupling, Economics, Output, Power, Sinks, Storage
from scenarios.sections import Fuel, RatePath, Section, Sector, SharePath, Year, given_years, refuse, setting
from scenarios.technology_section import TechnologySettings

#: Year of the embedded base year and of every growth index.
BASE_YEAR = 2020
#: The embedded base year.
DEFAULT_BASE = "china_2020"
#: Last year of published growth of GDP and of population.
LAST_GDP_HISTORY, LAST_POPULATION_HISTORY = 2025, 2024
#: Last year the SSP growth table reaches.
LAST_SSP_YEAR = 2060
#: Indicators whose targets are caps on CO2.
CO2_INDICATORS = ("net_co2", "gross_co2", "co2_intensity")
#: Longest name: files are named after it, and file systems stop at 255 bytes (three to four a Chinese character).
LONGEST_NAME = 60
#: The default years resolve the peak.
DEFAULT_YEARS = (2020, *range(2025, 2031), 2035, 2040, 2045, 2050, 2055, 2060)


class Title(Section):
    """Name of the scenario on covers."""

    zh: str = setting("", "Chinese title", "中文标题")
    en: str = setting("", "English title", "英文标题")


class Stated(Section):
    """Where an entry of the scenario comes from."""

    source: str = setting(..., "publication, or the reasoning behind an assumption", "来源")
    status: Literal["official", "reported", "derived", "estimated", "assumed"] = setting(
        "assumed", "how firm it is", "状态"
    )


class Lock(Section):
    """What a run stood on; written into the lock file, not part of the scenario's hash."""

    versions: dict[str, str] = setting({}, "versions of Python, the libraries and this project", "软件版本")
    inputs: dict[str, str] = setting({}, "SHA-256 of every input file", "输入文件校验码")
    scenario_sha256: str = setting("", "SHA-256 of the merged scenario", "情景校验码")


def _name(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and not re.fullmatch(r"\w([\w.+-]*[\w+-])?", value):
        raise mistake(f"'{value}' is not a name", "use letters, digits, '_', '-' and '.': it names the result folder")
    if isinstance(value, str) and len(value) > LONGEST_NAME:
        raise mistake(
            f"'{value[:LONGEST_NAME]}...' is too long a name", f"use at most {LONGEST_NAME} characters: it names files"
        )
    return value


def _years(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value


class Scenario(Section):
    """One scenario. Values by year are linear between given years and constant outside them."""

    name: Annotated[str, BeforeValidator(_name)] = setting(
        ..., "name of the scenario and of its result folder; the file's name when not given", "名称"
    )
    title: Title = setting({}, "title on covers", "标题")
    description: str = setting("", "what the scenario stands for", "说明")
    extends: str | None = setting(
        None,
        "scenario this one starts from: a library name, or a path relative to this file, or absolute. Mappings merge "
        "key by key, lists and single values replace, null returns to the default",
        "继承",
    )
    base_year: str = setting(DEFAULT_BASE, "embedded base year, or path of a base-year file", "基年数据")
    years: Annotated[tuple[Year, ...], BeforeValidator(_years)] = setting(
        DEFAULT_YEARS, "model years, increasing, the first is the base year", "模型年份"
    )
    macro: Macro = setting({}, "growth and structure of the economy", "宏观经济")
    demand: Demand = setting({}, "consumption and material demand", "需求")
    efficiency: dict[Sector, dict[Fuel, RatePath]] = setting(
        {},
        "yearly fall of fuel use per unit of output (households: per head), by sector or group and fuel or group, "
        "outside the technologies of products; the more specific name wins, sector before fuel",
        "能效",
    )
    electrification: dict[Sector, SharePath] = setting(
        {},
        "electricity share of final energy of a sector, or of a group as a whole, from the base value to the given "
        "years; the non-electric part of all members shrinks by one factor, a path below the base moves nothing",
        "电气化",
    )
    technology: TechnologySettings = setting({}, "technologies of products", "技术")
    carbon: Carbon = setting({}, "caps, price, budget and quotas of CO2", "碳约束")
    targets: tuple[Target, ...] = setting((), "stated targets, each with its source", "目标")
    power: Power = setting({}, "electricity system", "电力")
    sinks: Sinks = setting({}, "carbon sinks on land", "碳汇")
    storage: Storage = setting({}, "geological storage of CO2", "封存")
    economics: Economics = setting({}, "conventions of the cost account", "经济参数")
    coupling: Coupling = setting({}, "joining economy, technologies and prices", "耦合")
    output: Output = setting({}, "what a run leaves behind", "输出")
    sources: dict[str, Stated] = setting(
        {},
        "source and status of entries, by their path such as technology.shares.electricity; what is not named counts "
        "as assumed by this scenario",
        "来源说明",
    )
    lock: Lock | None = Field(default=None, description="written by a run", json_schema_extra={"zh": "锁定信息"})

    @model_validator(mode="after")
    def _years_fit_together(self):
        errors = _year_errors(self.years) or _base_errors(self) or _span_errors(self)
        for path in self.sources:
            if path.split(".")[0] not in type(self).model_fields:
                errors.append(
                    (
                        ("sources", path),
                        mistake(
                            f"sources of '{path}', which is no section",
                            did_you_mean(path.split(".")[0], type(self).model_fields),
                        ),
                    )
                )
        refuse(errors)
        return self

    @property
    def sha256(self) -> str:
        """SHA-256 of what the scenario assumes (without the name of the file it extends, and without the lock)."""
        content = self.model_dump(mode="json", exclude={"extends", "lock"})
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def efficiency_rate(self, sector: str, group: str, fuel: str, fossil: bool) -> YearPath:
        """Yearly efficiency gain of a fuel in a sector: the most specific entry, zero when none is given.

        group : the sector's group in the sector table, or 'households'. fossil : whether the fuel is fossil.
        """
        for name in _sector_names(sector, group):
            by_fuel = self.efficiency.get(name, {})
            for carrier in (fuel, *(("fossil",) if fossil else ()), "all"):
                if carrier in by_fuel:
                    return by_fuel[carrier]
        return YearPath(0.0)

    def electrification_path(self, sector: str, group: str) -> YearPath | None:
        """Electricity share asked of a sector: the most specific entry, None when none is given."""
        return next((self.electrification[n] for n in _sector_names(sector, group) if n in self.electrification), None)

    def elasticity(self, sector: str, group: str) -> float:
        """Income elasticity of consumption of a sector's goods (or of a household product); 1 when none is given."""
        named = self.demand.elasticities
        return next((named[n] for n in _sector_names(sector, group) if n in named), 1.0)


def _sector_names(sector: str, group: str) -> tuple[str, ...]:
    """Names an entry for a sector may stand under, most specific first."""
    industry = ("industry",) if group in ("mining", "manufacturing", "utilities") else ()
    everything = () if group == "households" else ("all",)
    return (sector, group, *industry, *everything)


def _year_errors(years: tuple[int, ...]) -> list:
    errors = []
    if len(years) < 2:
        errors.append((("years",), mistake("at least two years are needed", f"such as {list(DEFAULT_YEARS)}")))
    for i, (a, b) in enumerate(itertools.pairwise(years)):
        if b <= a:
            errors.append(
                (("years", i + 1), mistake(f"years do not increase: {b} after {a}", "list each year once, in order"))
            )
    return errors


def _base_errors(scenario: Scenario) -> list:
    """The first model year is the embedded base year's; of a base-year file only the run knows the year."""
    if scenario.base_year != DEFAULT_BASE or scenario.years[0] == BASE_YEAR:
        return []
    told = mistake(f"the first model year {scenario.years[0]} is not the base year {BASE_YEAR} of {DEFAULT_BASE}",
                   f"start years with {BASE_YEAR}")
    return [(("years", 0), told)]


def _span_errors(scenario: Scenario) -> list:
    """Years named elsewhere that the model years do not reach, and growth that is not defined."""
    errors = []
    first, last = scenario.years[0], scenario.years[-1]
    for name in ("peak_year", "neutral_year"):
        year = getattr(scenario.carbon, name)
        if year is not None and not first <= year <= last:
            errors.append(
                (
                    ("carbon", name),
                    mistake(
                        f"{name} {year} is outside the model years {first}-{last}",
                        f"choose a year from {first} to {last}",
                    ),
                )
            )
    for i, target in enumerate(scenario.targets):
        if not first <= target.year <= last:
            errors.append(
                (
                    ("targets", i, "year"),
                    mistake(
                        f"target year {target.year} is outside the model years {first}-{last}",
                        f"choose a year from {first} to {last}",
                    ),
                )
            )
    if scenario.carbon.price is not None:
        errors += [
            (
                ("targets", i),
                mistake(
                    f"a binding target on {target.indicator} beside carbon.price: a cap and a price on the same tonne",
                    "write binding: false, or remove carbon.price",
                ),
            )
            for i, target in enumerate(scenario.targets)
            if target.binding and target.indicator in CO2_INDICATORS
        ]
    caps = [(("carbon", "national_cap"), scenario.carbon.national_cap), (("carbon", "price"), scenario.carbon.price)]
    caps += [(("carbon", "provincial_caps", p), path) for p, path in scenario.carbon.provincial_caps.items()]
    for place, path in caps:
        outside = [y for y in given_years(path) if not first <= y <= last]
        errors += [
            (
                (*place, y, "[key]"),
                mistake(f"year {y} is outside the model years {first}-{last}", f"choose years from {first} to {last}"),
            )
            for y in outside
        ]
    for name, growth, lived in (
        ("gdp", scenario.macro.gdp, LAST_GDP_HISTORY),
        ("population", scenario.macro.population, LAST_POPULATION_HISTORY),
    ):
        errors += _growth_errors(name, growth, first, lived if growth.history != "none" else BASE_YEAR, last)
    return errors


def _growth_errors(name: str, growth, first: int, lived: int, last: int) -> list:
    place = ("macro", name)
    given = {y for period in growth.rates for y in period_years(period)}
    tables = [((*place, "rates"), growth.rates)]
    tables += [((*place, "provincial_rates", p), rates) for p, rates in growth.provincial_rates.items()]
    errors = [
        (
            (*where, period, "[key]"),
            mistake(
                f"{period} lies in years already lived (to {lived})",
                f"start after {lived}, or set macro.{name}.history to none",
            ),
        )
        for where, rates in tables
        for period in rates
        if period_years(period)[0] <= lived and growth.history != "none"
    ]
    if errors:
        return errors
    if growth.source in SSP:
        if first < BASE_YEAR or last > LAST_SSP_YEAR:
            return [
                (
                    (*place, "source"),
                    mistake(
                        f"{growth.source} covers {BASE_YEAR}-{LAST_SSP_YEAR}, the model years are {first}-{last}",
                        "shorten years, or use source: rates",
                    ),
                )
            ]
        return []
    missing = [y for y in range(max(first, lived) + 1, last + 1) if y not in given]
    if not missing:
        return []
    return [
        (
            (*place, "rates"),
            mistake(
                f"no growth rate for {missing[0]}" + (f" to {missing[-1]}" if len(missing) > 1 else ""),
                f"give every year from {max(first, lived) + 1} to {last}, such as '{missing[0]}-{missing[-1]}': 0.03",
            ),
        )
    ]
