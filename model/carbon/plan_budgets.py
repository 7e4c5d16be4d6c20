"""Budgets for dual control of a run: its own five-year plans divided among provinces, sectors and years.

The nation's plan of each five years is what the run does between its first and last year: the fall of CO2 per GDP up
to the peak, the fall of the total after it. What counts is energy and process CO2 net of capture, before land sinks.
Between model years emissions run linearly, GDP at a constant rate; a year's budget follows the factors of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from model.carbon.budgets import TONNES_PER_WAN, WARNING, Budgets, FiveYearTarget, budgets

#: Years of a plan; plans end in years divisible by it.
PLAN = 5
#: A price below this part of the highest one counts as none.
_BINDS = 1e-6


@dataclass(frozen=True)
class PlanBudgets:
    """years: every year from the base year; model_years: those the run solved."""

    budgets: Budgets
    years: tuple[int, ...]
    model_years: tuple[int, ...]
    regions: tuple[str, ...]
    gdp: np.ndarray        # (years, R) 10^8 yuan

    def provinces(self) -> pd.DataFrame:
        """region, year, budget (Mt), intensity (t per 10^4 yuan), factor of the year, warning, binding, shadow_price.

        shadow_price is 10^8 yuan per Mt of the national price in years the run solved, blank between.
        """
        found, years = self.budgets.province, self.years
        before = found[:-1]
        factor = np.full(found.shape, np.nan)
        np.divide(found[1:], before, out=factor[1:], where=before > 0)
        reasons = self.budgets.table.drop_duplicates(["region", "year"])
        return pd.DataFrame({
            "region": np.tile(np.asarray(self.regions, dtype=object), len(years)),
            "year": np.repeat(years, len(self.regions)),
            "budget": found.ravel(), "intensity": (TONNES_PER_WAN * found / self.gdp).ravel(),
            "factor": factor.ravel(), "warning": np.where(found > 0, WARNING * found, found).ravel(),
            "binding": reasons["binding"].to_numpy(), "shadow_price": reasons["shadow_price"].to_numpy(),
        })

    def sectors(self) -> pd.DataFrame:
        """The table by province, sector and model year."""
        table = self.budgets.table
        return table[table["year"].isin(self.model_years)].reset_index(drop=True)


def plan_budgets(emissions, value_added, gdp, years: Sequence[int], regions: Sequence[str], sectors: Sequence[str],
                 *, price=None, binding: dict[int, str] | None = None, caps=None, cap_prices=None) -> PlanBudgets:
    """Budgets of every year of a run.

    emissions (T, R, S) Mt net of capture; value_added (T, R, S) and gdp (T, R) 10^8 yuan; price (T,) 10^8 yuan per Mt
    of national CO2; binding: year -> the national constraint of the programme that has the price; caps, cap_prices:
    name -> (T, R) Mt and 10^8 yuan per Mt of provincial caps, inf and nan for none.
    """
    emissions, value_added = np.asarray(emissions, dtype=float), np.asarray(value_added, dtype=float)
    every = tuple(range(years[0], years[-1] + 1))
    yearly = _linear(emissions, years, every)
    added = _growing(value_added, years, every)
    nation = yearly.sum(axis=(1, 2))
    peak = every[int(nation.argmax())]
    price = np.full(len(years), np.nan) if price is None else np.asarray(price, dtype=float)
    targets, prices = [], {}
    for start, end in _plans(every):
        ratio = float(nation[end - every[0]] / nation[start - every[0]]) if nation[start - every[0]] > 0 else -1.0
        if ratio <= 0:
            continue
        indicator = "intensity" if end <= peak else "total"
        if indicator == "intensity":
            total = added.sum(axis=(1, 2))
            ratio /= float(total[end - every[0]] / total[start - every[0]])
        named = (binding or {}).get(end, "")
        name = f"{start + 1}-{end} {indicator}" + (f" ({named})" if named else "")
        targets.append(FiveYearTarget(name, indicator, start, end, ratio - 1.0))
        prices[name] = _at(price, years, every)
    every_cap = {name: _at(values, years, every, np.inf) for name, values in (caps or {}).items()}
    prices |= {name: _at(values, years, every) for name, values in (cap_prices or {}).items()}
    made = budgets(every, yearly, added, targets, regions=regions, sectors=sectors, caps=every_cap,
                   shadow_prices=prices)
    return PlanBudgets(made, every, tuple(years), tuple(regions), _growing(np.asarray(gdp, dtype=float), years, every))


def binding_rows(policies: pd.DataFrame) -> dict[int, str]:
    """Year -> names of the national constraints of the programme that have a price then."""
    if policies.empty:
        return {}
    column = "shadow price" if "shadow price" in policies else "shadow_price"
    size = policies[column].abs()
    rows = policies[size > _BINDS * max(float(size.max()), 1e-300)]
    rows = rows[rows["policy"].str.match(r"carbon\.(?!provincial_caps\.|allocation\.)|targets\.(net_co2|gross|co2)")]
    return {int(year): ", ".join(dict.fromkeys(part["policy"])) for year, part in rows.groupby("year")}


def _plans(every):
    """(start, end) of the plans within the years; the first and the last may be shorter."""
    ends = [y for y in every[1:] if y % PLAN == 0]
    ends += [every[-1]] if not ends or ends[-1] != every[-1] else []
    return list(zip([every[0], *ends[:-1]], ends, strict=True)) if len(every) > 1 else []


def _linear(values, years, every):
    flat = values.reshape(len(years), -1)
    found = np.stack([np.interp(every, years, column) for column in flat.T], axis=1)
    return found.reshape(len(every), *values.shape[1:])


def _growing(values, years, every):
    """At a constant rate where both ends are positive, else linearly."""
    linear = _linear(values, years, every)
    positive = values > 0
    logs = _linear(np.log(np.where(positive, values, 1.0)), years, every)
    both = _linear(positive.astype(float), years, every) >= 1.0
    return np.where(both, np.exp(logs), linear)


def _at(values, years, every, fill=np.nan):
    """Values (T, ...) of model years laid into every year, `fill` between."""
    values = np.asarray(values, dtype=float)
    found = np.full((len(every), *values.shape[1:]), fill)
    found[[every.index(y) for y in years]] = values
    return found
