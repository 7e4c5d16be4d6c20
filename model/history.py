"""Years already lived: what statistics say the nation made and used, for the model years they reach."""

from __future__ import annotations

import numpy as np

from io_tables.base_year import BaseYear

#: Products whose published output pins their use; energy carriers follow from the energy accounts.
PINNED = ("steel", "aluminium", "cement", "glass", "ammonia", "methanol", "ethylene", "paper", "freight")
#: A figure may be carried forward by its own trend for this many years beyond the last one published.
REACH = 1


def _at(series: dict[int, float], year: int, base_year: int) -> float | None:
    """Published value, or the trend since the base year carried on within REACH; None beyond."""
    if year in series:
        return series[year]
    last = max(series)
    if not last < year <= last + REACH or base_year not in series:
        return None
    growth = (series[last] / series[base_year]) ** (1.0 / (last - base_year))
    return series[last] * growth ** (year - last)


def _national(base: BaseYear, table: str, **where: str) -> dict[int, float]:
    frame = base.tables.get(table)
    if frame is None:
        return {}
    chosen = frame["region"] == "China"
    for column, value in where.items():
        chosen &= frame[column] == value
    rows = frame[chosen]
    return {int(y): float(v) for y, v in zip(rows["year"], rows["value"], strict=True) if np.isfinite(float(v))}


def product_growth(base: BaseYear, year: int) -> dict[str, float]:
    """Product -> national output over that of the base year, where statistics reach `year`."""
    found = {}
    for product in PINNED:
        series = _national(base, "technology_history", item=f"output {product}")
        value = _at(series, year, base.year) if series else None
        if value is not None and product in base.products:
            found[product] = value / series[base.year]
    return found


def electricity_growth(base: BaseYear, year: int) -> float | None:
    """National electricity consumption over that of the base year, where statistics reach `year`."""
    series = _national(base, "power_history", quantity="consumption")
    if not series:
        # The nation is the sum of its provinces where no national row is kept.
        frame = base.tables.get("power_history")
        if frame is None:
            return None
        rows = frame[frame["quantity"] == "consumption"]
        series = rows.groupby(rows["year"].astype(int))["value"].sum().to_dict()
    value = _at(series, year, base.year)
    return None if value is None else value / series[base.year]
