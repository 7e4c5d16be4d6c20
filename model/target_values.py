"""Stated targets against what a run reaches."""

from __future__ import annotations

import pandas as pd

from io_tables.units import PJ_PER_MTCE
from model.results import NATION, TOTAL
from scenarios.carbon_section import indicators
from scenarios.schema import Scenario

#: CO2 per unit of GDP in 2020 against 2005; a target against 2005 is read through it. assumed
#: (-48.4 %: State Council white paper on climate policy, 2021, recalled)
INTENSITY_2020_OVER_2005 = 1.0 - 0.484
COLUMNS = (
    "indicator",
    "指标",
    "year",
    "sense",
    "target",
    "base year",
    "reached",
    "slack",
    "unit",
    "holds",
    "status",
    "source",
)


class _Series:
    """National series of a results table, by indicator."""

    def __init__(self, table: pd.DataFrame, accounting: str = "coal_equivalent"):
        """accounting : how non-fossil electricity counts in primary energy (`power.accounting`)."""
        self.convention = "Calorific" if accounting == "calorific" else "Coal Equivalent"
        nation = table[(table["region"] == NATION) & (table["sector"] == TOTAL)]
        self.values = {name: part.set_index("year")["value"] for name, part in nation.groupby("variable")}

    def sum(self, *names: str) -> pd.Series | None:
        found = [self.values[n] for n in names if n in self.values]
        return sum(found[1:], found[0]) if found else None

    def indicator(self, key: str) -> pd.Series | None:
        """The indicator by year in its own unit; None when the run does not resolve it."""
        v = self.values
        gross = v["Emissions|CO2|Gross"] - v["Emissions|CO2|Captured"]
        net = v["Emissions|CO2|Net"]
        if "Emissions|CO2|In Scope" in v:
            gross = v["Emissions|CO2|In Scope"]
            net = gross - v["Carbon Removal|Land"]
        primary = v[f"Primary Energy|{self.convention}"] / PJ_PER_MTCE
        simple = {
            "net_co2": net,
            "gross_co2": gross,
            "co2_intensity": gross / v["GDP|Real"],
            "primary_energy": primary,
            "energy_intensity": primary / v["GDP|Real"],
            "non_fossil_share": v[f"Non-Fossil Share|{self.convention}"] / 100,
            "non_fossil_share_calorific": v["Non-Fossil Share|Calorific"] / 100,
            "coal_use": v["Primary Energy|Coal"] / PJ_PER_MTCE,
            "oil_use": v["Primary Energy|Oil"] / PJ_PER_MTCE,
            "gas_use": v["Primary Energy|Gas"] / PJ_PER_MTCE,
            "electricity_use": v["Energy Use|Electricity"] / 3.6,
            "captured_co2": v["Emissions|CO2|Captured"],
        }
        if key in simple:
            return simple[key]
        if key == "electricity_share":
            return v["Final Energy|Electricity"] / v["Final Energy"]
        groups = {
            "wind_solar_capacity": (
                "Onshore wind",
                "Offshore wind",
                "Utility-scale photovoltaics",
                "Distributed photovoltaics",
            ),
            "nuclear_capacity": ("Nuclear power",),
            "hydro_capacity": ("Hydropower",),
            "pumped_hydro_capacity": ("Pumped hydro",),
            "coal_capacity": (
                "Coal power, subcritical",
                "Coal power, supercritical",
                "Coal power, ultra-supercritical",
                "Coal combined heat and power",
                "Coal power with capture",
            ),
        }
        return self.sum(*(f"Capacity|Electricity|{name}" for name in groups.get(key, ())))


def reached(scenario: Scenario, table: pd.DataFrame) -> pd.DataFrame:
    """One row per target: value asked, value reached, slack (positive = kept with room), whether it holds."""
    series, known, rows = _Series(table, scenario.power.accounting), indicators(), []
    for target in scenario.targets:
        values = series.indicator(target.indicator)
        row = [
            target.indicator,
            known[target.indicator]["name_zh"],
            target.year,
            target.sense,
            target.value,
            target.base_year,
            None,
            None,
            target.unit or known[target.indicator]["unit"],
            "not resolved",
            target.status,
            target.source,
        ]
        if values is not None:
            value, slack, holds = _judge(target, values)
            row[6:8], row[9] = [value, slack], "yes" if holds else "no"
        rows.append(row)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"base year": str})


def _judge(target, values: pd.Series) -> tuple[float, float, bool]:
    if target.sense == "peak_by":
        peak = int(values.idxmax())
        return float(peak), float(target.year - peak), peak <= target.year
    value = _at(values, target.year)
    if target.base_year == "peak":
        value = value / float(values.max()) - 1.0
    elif target.base_year == 2005:
        value = value / float(values.iloc[0]) * INTENSITY_2020_OVER_2005 - 1.0
    elif target.base_year is not None:
        value = value / _at(values, target.base_year) - 1.0
    room = target.value - value if target.sense == "at_most" else value - target.value
    if target.sense == "equal":
        room = -abs(value - target.value)
    return value, room, room >= -1e-6 * max(1.0, abs(target.value))


def _at(values: pd.Series, year: int) -> float:
    """Value in a year, linear between model years."""
    if year in values.index:
        return float(values[year])
    import numpy as np

    return float(np.interp(year, values.index.to_numpy(float), values.to_numpy()))
