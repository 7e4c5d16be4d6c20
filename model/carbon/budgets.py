"""Carbon budgets for dual control (total and intensity): national five-year targets in, and out comes a number
for every province, sector and year, with the reason why it is that number.

The national level of a year is the lowest of the targets that cover it: a total falls along its own yearly
factors; an intensity target is its path times the GDP of the year. It is divided among provinces by a quota
rule (or as the pathway has it), within provincial caps and technical minima, and within a province among
sectors as the pathway has it. Yearly factors multiply to the five-year target exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables.errors import Infeasible, InputError, Problem, did_you_mean
from model.carbon.water_filling import closed, water_fill

INDICATORS = ("total", "intensity")
PATHWAY, MINIMUM = "pathway", "technical minimum"
#: Share of a budget from which a province or sector is warned: a convention of this table, assumed.
WARNING = 0.95
#: Mt CO2 per 10^8 yuan -> t CO2 per 10^4 yuan.
TONNES_PER_WAN = 100.0
_TIGHT = 1e-7


@dataclass(frozen=True)
class FiveYearTarget:
    """A national target: `change` of total emissions or of CO2 per GDP from year `start` to year `end`.

    change : relative, e.g. -0.18 for a fall of 18 %. profile : (end - start,) how the logarithm of the change
    is spread over the years (default: evenly); any weights with a non-zero sum.
    """

    name: str
    indicator: str
    start: int
    end: int
    change: float
    profile: tuple[float, ...] | None = None

    def __post_init__(self):
        problems = []
        if self.indicator not in INDICATORS:
            problems.append(Problem(self.name, f"indicator '{self.indicator}'",
                                    did_you_mean(self.indicator, INDICATORS)))
        if not self.end > self.start:
            problems.append(Problem(self.name, f"ends in {self.end}, starts in {self.start}", "end after start"))
        if not self.change > -1.0:
            problems.append(Problem(self.name, f"change {self.change}", "above -1 (-0.18 is a fall of 18 %)"))
        if self.profile is not None and (len(self.profile) != self.end - self.start or not sum(self.profile)):
            problems.append(Problem(self.name, f"profile of {len(self.profile)} weights",
                                    f"{self.end - self.start} weights whose sum is not zero"))
        if problems:
            raise InputError(problems)

    def yearly_factors(self) -> np.ndarray:
        """Factors (end - start,) from one year to the next; their product is 1 + change."""
        weights = np.ones(self.end - self.start) if self.profile is None else np.asarray(self.profile, dtype=float)
        return (1.0 + self.change) ** (weights / weights.sum())

    def relative(self, year: int) -> float:
        """Level of a year between start and end relative to the start."""
        return float(np.prod(self.yearly_factors()[: year - self.start]))


@dataclass(frozen=True)
class Budgets:
    """Budgets of all years and how they came about."""

    table: pd.DataFrame       # region, sector, year, budget, intensity, factor, warning, binding, shadow_price
    national: pd.DataFrame    # year, level, intensity, factor, binding, shadow_price, pathway, slack
    five_years: pd.DataFrame  # target, indicator, start, end, change, product, reached, binding_at_end
    province: np.ndarray      # (T, R) Mt CO2
    sector: np.ndarray        # (T, R, J) Mt CO2


def budgets(years: Sequence[int], emissions, value_added, targets: Sequence[FiveYearTarget], *,
            regions: Sequence[str], sectors: Sequence[str], quota=None, caps: Mapping[str, np.ndarray] | None = None,
            minimum=None, shadow_prices: Mapping[str, np.ndarray] | None = None, warning: float = WARNING) -> Budgets:
    """Divide national five-year targets into budgets by province, sector and year.

    years (T,) rising, with the start of every target; emissions (T, R, J) Mt CO2 of the pathway, negative
    cells allowed; value_added (T, R, J) 10^8 yuan at constant prices; quota (T, R) of any rule (its shares
    count) or None for the pathway's own; caps name -> (T, R) Mt, inf for none; minimum (T, R) Mt, what is
    technically possible; shadow_prices: name of a target -> (T,), of a cap -> (T,) or (T, R), money
    per Mt from the pathway programme's duals.

    In `table` budget and warning are Mt CO2, intensity t CO2 per 10^4 yuan (blank without value added), factor
    is the budget over that of the year before in the table, binding the constraint that made the number and
    shadow_price its dual (blank if none was handed in).

    Raises Infeasible, naming target, year and provinces, when a level lies below the technical minima.
    """
    years = [int(y) for y in years]
    emissions, value_added = np.asarray(emissions, dtype=float), np.asarray(value_added, dtype=float)
    shape = (len(years), len(regions), len(sectors))
    prices = dict(shadow_prices or {})
    _check(years, emissions, value_added, targets, shape, caps, minimum, quota, prices)
    pathway, gdp = emissions.sum(axis=(1, 2)), value_added.sum(axis=(1, 2))
    level, binding = _national(years, pathway, gdp, targets)
    caps = {name: np.broadcast_to(np.asarray(c, dtype=float), shape[:2]) for name, c in (caps or {}).items()}
    start = emissions.sum(axis=2) if quota is None else np.asarray(quota, dtype=float)
    low = None if minimum is None else np.broadcast_to(np.asarray(minimum, dtype=float), shape[:2])
    province, reason, price = np.zeros(shape[:2]), np.empty(shape[:2], dtype=object), np.full(shape[:2], np.nan)
    for t, year in enumerate(years):
        high = np.min([c[t] for c in caps.values()], axis=0) if caps else None
        try:
            province[t] = water_fill(start[t], level[t], None if low is None else low[t], high, labels=regions)
        except Infeasible as error:
            raise Infeasible(f"{binding[t]}, {year}: {error}", (binding[t], *error.clashing)) from error
        reason[t], price[t] = binding[t], _price(prices, binding[t], t)
        _name_bounds(t, province, None if low is None else low[t], caps, prices, reason, price)
    sector = np.array([[_within(province[t, r], emissions[t, r]) for r in range(shape[1])] for t in range(shape[0])])
    return Budgets(
        _long_table(years, regions, sectors, sector, value_added, reason, price, warning),
        pd.DataFrame({"year": years, "level": level, "intensity": level / gdp * TONNES_PER_WAN,
                      "factor": _factor(level), "binding": binding,
                      "shadow_price": [_price(prices, b, t) for t, b in enumerate(binding)],
                      "pathway": pathway, "slack": level - pathway}),
        _five_years(years, level, gdp, targets, binding), province, sector)


def _national(years, pathway, gdp, targets):
    """The lowest level of the targets that cover each year and its name; the pathway where none does.

    A target starts from the level of its first year: the pathway's, or what the plan before it reached.
    """
    level, binding = pathway.copy(), [PATHWAY] * len(years)
    for t, year in enumerate(years):
        asked = []
        for target in targets:
            if target.start < year <= target.end:
                s = years.index(target.start)
                start = level[s] * (1.0 if target.indicator == "total" else gdp[t] / gdp[s])
                asked.append((start * target.relative(year), target.name))
        if asked:
            level[t], binding[t] = min(asked)
    return level, binding


def _name_bounds(t, province, low, caps, prices, reason, price):
    """Replace the national reason where a province stands at one of its own bounds."""
    size = _TIGHT * np.maximum(np.abs(province[t]), 1.0)
    for r in range(province.shape[1]):
        for name, cap in caps.items():
            if province[t, r] >= cap[t, r] - size[r]:
                reason[t, r], price[t, r] = name, _price(prices, name, t, r)
        if low is not None and province[t, r] <= low[r] + size[r]:
            reason[t, r], price[t, r] = MINIMUM, np.nan


def _price(prices, name, t, r=None):
    if name not in prices:
        return np.nan
    value = np.asarray(prices[name], dtype=float)
    return float(value[t] if value.ndim == 1 else value[t, r])


def _within(total, pathway):
    """Sectors of a province: the pathway's cells, moved in proportion to their size until they sum to the budget."""
    size = np.abs(pathway)
    if not size.any():
        size = np.ones_like(size)
    return closed(pathway + (total - pathway.sum()) * size / size.sum(), total)


def _factor(values):
    """Each year over the one before (T, ...), blank at the first and where the one before is not positive."""
    values = np.asarray(values, dtype=float)
    before = values[:-1]
    rest = np.divide(values[1:], before, out=np.full(before.shape, np.nan), where=before > 0)
    return np.concatenate([np.full((1, *values.shape[1:]), np.nan), rest])


def _long_table(years, regions, sectors, sector, value_added, reason, price, warning):
    T, R, J = sector.shape
    intensity = np.divide(sector, value_added, out=np.full(sector.shape, np.nan), where=value_added > 0)
    return pd.DataFrame({
        "region": np.tile(np.repeat(np.asarray(regions, dtype=object), J), T),
        "sector": np.tile(np.asarray(sectors, dtype=object), T * R),
        "year": np.repeat(years, R * J),
        "budget": sector.ravel(),
        "intensity": intensity.ravel() * TONNES_PER_WAN,
        "factor": _factor(sector).ravel(),
        "warning": np.where(sector > 0, warning * sector, sector).ravel(),
        "binding": np.repeat(reason.ravel(), J),
        "shadow_price": np.repeat(price.ravel(), J),
    })


def _five_years(years, level, gdp, targets, binding):
    """Each target, the product of its yearly factors, and what the budgets reach."""
    rows = []
    for target in targets:
        if target.end not in years:
            continue
        s, e = years.index(target.start), years.index(target.end)
        reached = level[e] / level[s] / (1.0 if target.indicator == "total" else gdp[e] / gdp[s]) - 1.0
        rows.append([target.name, target.indicator, target.start, target.end, target.change,
                     float(np.prod(target.yearly_factors())), reached, binding[e] == target.name])
    return pd.DataFrame(rows, columns=["target", "indicator", "start", "end", "change", "product", "reached",
                                       "binding_at_end"])


def _check(years, emissions, value_added, targets, shape, caps, minimum, quota, prices):
    problems = []
    if sorted(set(years)) != years:
        problems.append(Problem("years", f"{years}", "rising, each once"))
    for name, values in (("emissions", emissions), ("value_added", value_added)):
        if values.shape != shape or not np.isfinite(values).all():
            problems.append(Problem(name, f"shape {values.shape}, or missing values", f"expected {shape}"))
    if value_added.shape == shape and not (value_added.sum(axis=(1, 2)) > 0).all():
        problems.append(Problem("value_added", "a year has no GDP"))
    for target in targets:
        if target.start not in years:
            problems.append(Problem(target.name, f"its first year {target.start} is not among the years",
                                    f"years: {', '.join(map(str, years))}"))
    names = [target.name for target in targets] + list(caps or ())
    problems += [Problem(name, "is the name of two constraints") for name in sorted({n for n in names
                                                                                   if names.count(n) > 1})]
    for name, values in (("quota", quota), ("minimum", minimum), *(caps or {}).items()):
        if values is not None and np.shape(values) not in (shape[:2], shape[1:2]):
            problems.append(Problem(name, f"shape {np.shape(values)}", f"expected {shape[:2]}"))
    for name, values in prices.items():
        allowed = (shape[:1], shape[:2]) if name in (caps or {}) else (shape[:1],)
        if np.shape(values) not in allowed:
            problems.append(Problem(f"shadow price of {name}", f"shape {np.shape(values)}", f"expected {allowed[-1]}"))
    if problems:
        raise InputError(problems)
