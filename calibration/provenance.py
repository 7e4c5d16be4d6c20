"""Where every input of the base year comes from: one row per item of every fact table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

COLUMNS = ("item", "year", "value", "unit", "source", "status")
#: Columns of fact tables that are figures or provenance; the others name the item.
_FIGURES = ("value", "low", "high", "share", "capacity", "price", "physical_output", "activity", "factor", "oxidation",
            "carbon_content", "stored_share", "share_of_group", "latitude", "longitude")
_PROVENANCE = ("unit", "year", "source", "status", "physical_status", "physical_source", "basis_status", "basis_source",
               "reason", "activity_unit", "factor_unit", "note")
_PLACES = ("province", "region", "from", "to", "vintage", "slice")


def provenance(folder: Path) -> pd.DataFrame:
    """item, year, value, unit, source, status of every input (national value, or the sum over places where it adds).

    Long tables name the source in each row, wide ones in sources.csv. `value` is NaN for tables of shares.
    """
    parts = []
    for path in sorted(folder.glob("*.csv")):
        table = pd.read_csv(path, dtype={"year": str})
        if path.name == "sources.csv":
            table = table.assign(item=table["file"] + ": " + table["item"].astype(str), value=float("nan"))
            parts.append(table[list(COLUMNS)])
            continue
        if "physical_source" in table:
            table = table.rename(columns={"physical_source": "source", "physical_status": "status",
                                          "physical_output": "value"})
        if not {"source", "status"} <= set(table.columns):
            continue
        names = [c for c in table.columns if c not in (*_FIGURES, *_PROVENANCE, *_PLACES)]
        label = table[names].fillna("").astype(str).agg(" ".join, axis=1) if names else ""
        figure = next((c for c in _FIGURES if c in table.columns), None)
        rows = pd.DataFrame({
            "item": path.stem + ": " + label, "year": table["year"] if "year" in table else "",
            "value": table[figure] if figure else float("nan"), "unit": table["unit"] if "unit" in table else "",
            "source": table["source"], "status": table["status"],
        })
        keys = ["item", "year", "unit", "source", "status"]
        rows[keys] = rows[keys].fillna("").astype(str)
        places = table[[c for c in _PLACES if c in table.columns]]
        nation = (places == "China").any(axis=1)
        # The sum over provinces says more than 31 rows; a published national row beside them stands for itself.
        grouped = rows[~nation].groupby(keys, sort=False, as_index=False)["value"].sum(min_count=1)
        parts += [grouped, rows[nation]]
    table = pd.concat(parts, ignore_index=True)[list(COLUMNS)]
    table["value"] = table["value"].astype(float)
    for column in ("item", "year", "unit", "source", "status"):
        table[column] = table[column].fillna("").astype(str)
    return table.sort_values(["item", "year", "source"], kind="stable", ignore_index=True)
