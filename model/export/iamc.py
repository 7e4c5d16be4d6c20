"""The IAMC table of a run: Model, Scenario, Region, Variable, Unit and one column per year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from model.results import TOTAL, Results

#: unit of the results -> (IAMC unit, multiplier); 3.6 PJ per TWh. A unit that is not listed passes through.
UNITS = {
    "10^8 yuan": ("billion CNY_2020/yr", 0.1),
    "PJ": ("EJ/yr", 1e-3),
    "TWh": ("EJ/yr", 3.6e-3),
    "GW": ("GW", 1.0),
    "Mt": ("Mt/yr", 1.0),
    "Mt/yr": ("Mt/yr", 1.0),
    "Mt CO2": ("Mt CO2/yr", 1.0),
    "million persons": ("million", 1.0),
    "million vehicles": ("million", 1.0),
    "1e9 tkm": ("billion tkm/yr", 1.0),
    "1e9 pkm": ("billion pkm/yr", 1.0),
    "Mm2": ("million m2", 1.0),
    "t CO2/10^4 yuan": ("kg CO2/CNY_2020", 0.1),
    "yuan/t CO2": ("CNY_2020/t CO2", 1.0),
    "%": ("%", 1.0),
    "1": ("", 1.0),
}
#: Variables shown by sector too, as `Variable|Sector`; sector-by-fuel detail stays in results.csv.gz.
BY_SECTOR = (
    "Value Added", "Gross Output", "Energy Use", "Emissions|CO2|Energy", "Emissions|CO2|Industrial Processes",
    "Emissions|CO2|Gross", "Emissions|CO2|Captured",
)
MODEL = "dualcarbon-io"
KEYS = ["Model", "Scenario", "Region", "Variable", "Unit"]


def wide(results: Results) -> pd.DataFrame:
    """The IAMC table; cells the run left out are empty."""
    table = results.table
    table = table[(table["sector"] == TOTAL) | table["variable"].isin(BY_SECTOR)]
    whole = table["sector"] == TOTAL
    unit = table["unit"].map(lambda u: UNITS.get(u, (u, 1.0))[0])
    factor = table["unit"].map(lambda u: UNITS.get(u, (u, 1.0))[1])
    version = results.certificate.version
    frame = pd.DataFrame({
        "Model": MODEL if version == "checkout" else f"{MODEL} {version}",
        "Scenario": results.scenario_name,
        "Region": table["region"],
        "Variable": table["variable"].where(whole, table["variable"] + "|" + table["sector"]),
        "Unit": unit,
        "year": table["year"],
        "value": table["value"] * factor,
    })
    frame = frame.pivot(index=KEYS, columns="year", values="value").sort_index()
    frame.columns = [str(year) for year in frame.columns]
    return frame.reset_index()


def write(results: Results, path: Path) -> None:
    """Write `wide` as csv, ten significant digits. Same results, same bytes."""
    with open(path, "w", encoding="utf-8", newline="") as text:
        wide(results).to_csv(text, index=False, float_format="%.10g", lineterminator="\n")
