"""The technology catalogue: what each technology makes, uses, costs and emits (E8, E10).

One long table (`catalogue.csv`) drives defaults, documentation and checks; `technologies.csv` names the
technologies, `commodities.csv` what they use, `cost_recipes.csv` which industries plant budgets are spent on,
`parameters.csv` what each parameter means. Every row carries low, high, unit, source and status.
Money is 10^8 yuan of 2020 at producers' prices; energy PJ, electricity TWh, mass Mt, power GW.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from io_tables.errors import InputError, Problem, did_you_mean

_HERE = Path(__file__).parent
#: The pseudo-industry of operation recipes that is a primary input, not a purchase.
LABOUR = "labour"
#: Uses of an input: only what is burnt emits; feedstock and transformed carbon is booked elsewhere.
USES = ("combustion", "feedstock", "transformation", "use")


@dataclass(frozen=True)
class Technology:
    """A technology: its product and units, how it is dispatched, and whose budget builds it."""

    key: str
    name_en: str
    name_zh: str
    product: str
    output_unit: str
    capacity_unit: str
    dispatch: str  # annual, thermal, baseload, hydro, solar, wind_onshore, wind_offshore, storage
    retrofit_of: str
    investment_recipe: str
    operation_recipe: str
    investor: str  # industry or household


@dataclass(frozen=True)
class Commodity:
    """Something a technology uses, with its unit, the industry that sells it and a default price.

    heating_value : PJ per unit of its product (coke and oil products: per Mt), 0 where it has none.
    biogenic_co2 : Mt CO2 per PJ burnt that counts as neutral.
    price, low, high : 10^8 yuan per unit, a fall-back where the table implies none.
    """

    key: str
    unit: str
    industry: str
    product: str
    heating_value: float
    biogenic_co2: float
    price: float
    low: float
    high: float
    source: str
    status: str


@dataclass(frozen=True)
class ParameterPath:
    """A parameter over the years: linear between, constant outside. `years` is () for a constant."""

    years: tuple[int, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    unit: str
    source: str
    status: str

    def at(self, year: float | None, column: str = "value") -> float:
        """Value in a year (the first given year when `year` is None)."""
        values = getattr(self, column)
        if not self.years or year is None or year <= self.years[0]:
            return values[0]
        if year >= self.years[-1]:
            return values[-1]
        i = bisect_right(self.years, year)
        share = (year - self.years[i - 1]) / (self.years[i] - self.years[i - 1])
        return values[i - 1] * (1 - share) + values[i] * share


@dataclass(frozen=True)
class Co2PerUnit:
    """Mt CO2 per unit of product: from fossil fuels burnt, from the process, from biomass, captured, and net."""

    fossil: float
    process: float
    biogenic: float
    captured: float

    @property
    def net(self) -> float:
        """To the air, biomass counted as neutral; negative for biomass with capture."""
        return self.fossil + self.process - self.captured


@dataclass(frozen=True)
class Catalogue:
    """All technologies with their parameters.

    technologies : key -> Technology, in catalogue order.
    commodities : key -> Commodity.
    paths : (technology, parameter, item, use) -> ParameterPath.
    recipes : (recipe, stage) -> {industry: share}; stage investment or operation.
    parameters : parameter -> row of `parameters.csv`.
    """

    technologies: Mapping[str, Technology]
    commodities: Mapping[str, Commodity]
    paths: Mapping[tuple[str, str, str, str], ParameterPath]
    recipes: Mapping[tuple[str, str], Mapping[str, float]]
    parameters: Mapping[str, Mapping[str, str]]
    _by_technology: dict = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        index: dict[tuple[str, str], list] = {}
        for (technology, parameter, item, use), path in self.paths.items():
            index.setdefault((technology, parameter), []).append((item, use, path))
        object.__setattr__(self, "_by_technology", index)

    @property
    def keys(self) -> tuple[str, ...]:
        """Technology keys in catalogue order."""
        return tuple(self.technologies)

    def technology(self, key: str) -> Technology:
        """The technology, or InputError naming the nearest."""
        if key not in self.technologies:
            raise InputError(f"unknown technology '{key}'; {did_you_mean(key, self.technologies)}")
        return self.technologies[key]

    def product(self, technology: str) -> str:
        """Product of a technology."""
        return self.technology(technology).product

    def of_product(self, product: str) -> tuple[str, ...]:
        """Technologies that make a product."""
        found = tuple(k for k, t in self.technologies.items() if t.product == product)
        if not found:
            known = {t.product for t in self.technologies.values()}
            raise InputError(f"no technology makes '{product}'; {did_you_mean(product, known)}")
        return found

    def value(self, technology: str, parameter: str, *, year: float | None = None, item: str = "",
              use: str | None = None) -> float:
        """A parameter in a year (linear between given years); the default where the table has no row.

        `efficiency` is derived: energy out (product and energy by-products) over energy in.
        Without `use`, all uses of `item` are added. Raises InputError for unknown names.
        """
        self.technology(technology)
        if parameter == "efficiency":
            return self.efficiency(technology, year)
        if parameter not in self.parameters:
            raise InputError(f"unknown parameter '{parameter}'; {did_you_mean(parameter, self.parameters)}")
        found = [path.at(year) for i, u, path in self._by_technology.get((technology, parameter), ())
                 if i == item and use in (None, u)]
        if found:
            return sum(found)
        default = self.parameters[parameter]["default"]
        if default == "":
            raise InputError(f"{technology}: parameter '{parameter}' has no value; add a row to catalogue.csv")
        return float(default)

    def inputs(self, technology: str, year: float | None = None, use: str | None = None) -> dict[str, float]:
        """Commodity -> amount per unit of product (commodity units), all uses added unless one is named."""
        self.technology(technology)
        found: dict[str, float] = {}
        for item, u, path in self._by_technology.get((technology, "input"), ()):
            if use in (None, u):
                found[item] = found.get(item, 0.0) + path.at(year)
        return found

    def outputs(self, technology: str, year: float | None = None) -> dict[str, float]:
        """By-products: commodity -> amount per unit of product."""
        self.technology(technology)
        return {item: path.at(year) for item, _, path in self._by_technology.get((technology, "output"), ())}

    def lifetime(self, technology: str) -> float:
        """Years."""
        return self.value(technology, "lifetime")

    def energy_content(self, commodity: str) -> float:
        """PJ per commodity unit; 0 for materials."""
        if commodity not in self.commodities:
            raise InputError(f"unknown commodity '{commodity}'; {did_you_mean(commodity, self.commodities)}")
        c = self.commodities[commodity]
        return 1.0 if c.unit == "PJ" else c.heating_value

    def efficiency(self, technology: str, year: float | None = None) -> float:
        """Energy out over energy in, PJ per PJ; nan where the product is no energy carrier or nothing goes in."""
        product = self.product(technology)
        seller = next((c for c in self.commodities.values() if c.product == product), None)
        out = seller.heating_value if seller else 0.0
        out += sum(a * self.energy_content(c) for c, a in self.outputs(technology, year).items())
        into = sum(a * self.energy_content(c) for c, a in self.inputs(technology, year).items())
        energy_product = product in ("electricity", "heat", "hydrogen", "coke_product", "refined_fuel")
        return out / into if energy_product and into > 0 else float("nan")

    def co2(self, technology: str, emission_factors: Mapping[str, float], year: float | None = None) -> Co2PerUnit:
        """CO2 per unit of product. `emission_factors`: fuel -> Mt CO2 per PJ burnt (fossil fuels)."""
        burnt = self.inputs(technology, year, "combustion")
        fossil = sum(a * emission_factors.get(c, 0.0) for c, a in burnt.items())
        biogenic = sum(a * self.commodities[c].biogenic_co2 for c, a in burnt.items())
        process = self.value(technology, "process_co2", year=year)
        captured = self.value(technology, "capture_rate", year=year) * (fossil + biogenic + process)
        return Co2PerUnit(fossil, process, biogenic, captured)

    def investment_inputs(self, technology: str, year: float | None = None) -> dict[str, float]:
        """Industry -> 10^8 yuan per unit of capacity built: the investment column of E9."""
        t = self.technology(technology)
        capex = self.value(technology, "capex", year=year)
        return {i: s * capex for i, s in self.recipes[t.investment_recipe, "investment"].items()}

    def operating_inputs(self, technology: str, year: float | None = None, *,
                         prices: Mapping[str, float] | None = None, utilisation: float | None = None
                         ) -> dict[str, float]:
        """Industry -> 10^8 yuan per unit of product (alpha_k of E8); `labour` is the primary part.

        Energy and materials at `prices` (commodity -> 10^8 yuan per unit, default: the commodity table) plus
        operation and maintenance; fixed cost is spread over `utilisation` (default: availability).
        """
        t = self.technology(technology)
        prices = prices or {}
        column: dict[str, float] = {}
        for commodity, amount in self.inputs(technology, year).items():
            c = self.commodities[commodity]
            column[c.industry] = column.get(c.industry, 0.0) + amount * prices.get(commodity, c.price)
        utilisation = utilisation or self.value(technology, "availability", year=year)
        per_capacity = self.value(technology, "activity_per_capacity", year=year) * utilisation
        money = (self.value(technology, "variable_om", year=year)
                 + self.value(technology, "fixed_om", year=year) / per_capacity)
        for industry, share in self.recipes[t.operation_recipe, "operation"].items():
            column[industry] = column.get(industry, 0.0) + share * money
        return column

    def array(self, parameter: str, years: Sequence[float], technologies: Sequence[str] | None = None) -> np.ndarray:
        """(K, Y) of a parameter."""
        return np.array([[self.value(k, parameter, year=y) for y in years] for k in technologies or self.keys])

    def input_array(self, commodities: Sequence[str], years: Sequence[float],
                    technologies: Sequence[str] | None = None) -> np.ndarray:
        """(K, C, Y) inputs per unit of product, commodity units."""
        out = np.zeros((len(technologies or self.keys), len(commodities), len(years)))
        for k, key in enumerate(technologies or self.keys):
            for y, year in enumerate(years):
                for commodity, amount in self.inputs(key, year).items():
                    if commodity in commodities:
                        out[k, commodities.index(commodity), y] = amount
        return out

    def replaced(self, changes: Iterable[tuple[str, str, str, int | None, float]], source: str = "scenario",
                 status: str = "assumed") -> Catalogue:
        """A copy with (technology, parameter, item, year or None, value) replaced.

        A year is added to the path (a constant first becomes a path from 2020); None replaces the whole path.
        Raises InputError naming every unknown technology, parameter or input at once.
        """
        paths = dict(self.paths)
        problems = []
        for technology, parameter, item, year, value in changes:
            keys = [k for k in paths if k[:3] == (technology, parameter, item)]
            if technology not in self.technologies:
                problems.append(Problem("", f"{technology}: unknown technology",
                                        did_you_mean(technology, self.technologies)))
            elif parameter not in self.parameters:
                problems.append(Problem("", f"{technology}: unknown parameter '{parameter}'",
                                        did_you_mean(parameter, self.parameters)))
            elif len(keys) > 1 or (item and not keys):
                problems.append(Problem("", f"{technology}.{parameter}: cannot replace '{item}'",
                                        did_you_mean(item, self.inputs(technology))))
            else:
                key = keys[0] if keys else (technology, parameter, item, "")
                paths[key] = _changed(paths.get(key), year, float(value), source, status)
        if problems:
            raise InputError(problems)
        return replace(self, paths=paths)

    def sampled(self, seed: int) -> Catalogue:
        """A copy with every parameter drawn from the triangle (low, value, high); one quantile for a whole path."""
        rng = np.random.default_rng(seed)
        quantile = dict(zip(self.paths, rng.random(len(self.paths)), strict=True))
        return replace(self, paths={k: _drawn(p, quantile[k]) for k, p in self.paths.items()})

    def check(self) -> list[Problem]:
        """Everything wrong with the tables, each with its remedy; empty when all is well."""
        from model.technology.catalogue_checks import CHECKS

        return [problem for check in CHECKS for problem in check(self)]


def _changed(path: ParameterPath | None, year: int | None, value: float, source: str, status: str) -> ParameterPath:
    if year is None or path is None:
        return ParameterPath((), (value,), (value,), (value,), path.unit if path else "", source, status)
    points = dict(zip(path.years or (2020,), zip(path.value, path.low, path.high, strict=True), strict=True))
    points[year] = (value, value, value)
    years = tuple(sorted(points))
    return replace(path, years=years, value=tuple(points[y][0] for y in years), low=tuple(points[y][1] for y in years),
                   high=tuple(points[y][2] for y in years), source=source, status=status)


def _drawn(path: ParameterPath, quantile: float) -> ParameterPath:
    values = []
    for low, mode, high in zip(path.low, path.value, path.high, strict=True):
        width = high - low
        if width <= 0:
            values.append(mode)
        elif quantile < (mode - low) / width:
            values.append(low + (quantile * width * (mode - low)) ** 0.5)
        else:
            values.append(high - ((1 - quantile) * width * (high - mode)) ** 0.5)
    return replace(path, value=tuple(values))


def read_rows(name: str) -> list[dict[str, str]]:
    """Rows of a table in this folder."""
    with open(_HERE / name, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@cache
def catalogue() -> Catalogue:
    """The catalogue as shipped."""
    technologies = {r["technology"]: Technology(*r.values()) for r in read_rows("technologies.csv")}
    commodities = {
        r["commodity"]: Commodity(r["commodity"], r["unit"], r["industry"], r["product"],
                                  float(r["heating_value"] or 0), float(r["biogenic_co2"] or 0), float(r["price"]),
                                  float(r["low"]), float(r["high"]), r["source"], r["status"])
        for r in read_rows("commodities.csv")
    }
    points: dict[tuple[str, str, str, str], list] = {}
    for r in read_rows("catalogue.csv"):
        points.setdefault((r["technology"], r["parameter"], r["item"], r["use"]), []).append(r)
    paths = {key: _path(key, rows) for key, rows in points.items()}
    recipes: dict[tuple[str, str], dict[str, float]] = {}
    for r in read_rows("cost_recipes.csv"):
        recipes.setdefault((r["recipe"], r["stage"]), {})[r["industry"]] = float(r["share"])
    parameters = {r["parameter"]: r for r in read_rows("parameters.csv")}
    return Catalogue(technologies, commodities, paths, recipes, parameters)


def _path(key: tuple[str, ...], rows: list[dict[str, str]]) -> ParameterPath:
    years = tuple(int(r["year"]) for r in rows if r["year"])
    if len(rows) > 1 and (len(years) < len(rows) or list(years) != sorted(set(years))):
        raise InputError(f"catalogue.csv: {' '.join(key)}: years must be given once each and rise")
    numbers = {c: tuple(float(r[c]) for r in rows) for c in ("value", "low", "high")}
    return ParameterPath(years, **numbers, unit=rows[0]["unit"], source=rows[0]["source"], status=rows[0]["status"])
