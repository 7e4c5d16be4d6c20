"""Where every input of the base year comes from: one row per item of every fact table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from calibration import fact_tables
from io_tables.classification import NATION
from io_tables.errors import InputError, Problem
from io_tables.units import UNITS

COLUMNS = ("item", "year", "value", "unit", "source", "status")
STATUSES = ("official", "derived", "estimated", "assumed")
WIDE = "sources.csv"
#: Tables whose figures are not one column `value`, `share` or `capacity` with `unit`, `source`, `status`:
#: (column, unit with columns in braces, source column, status column).
_FIGURES = {
    "emission_factors": (("carbon_content", "{unit}", "source", "status"), ("oxidation", "share", "source", "status")),
    "emission_feedstock": (("carbon_content", "{unit}", "source", "status"),
                           ("stored_share", "share", "source", "status")),
    "emission_process": (("activity", "{activity_unit}", "source", "status"),
                         ("factor", "{factor_unit}", "source", "status")),
    "national_product_prices": (
        ("physical_output", "{unit}", "physical_source", "physical_status"),
        ("price", "10^8 yuan/{unit}", "basis_source", "basis_status"),
        ("share_of_group", "share", "basis_source", "basis_status")),
    "national_product_structure": (("share", "share", "reason", "status"),),
    "time_slice_sets": (("hours", "h", "source", "status"), ("days", "day", "source", "status")),
    "transmission_lines": (("capacity", "GW", "source", "status"), ("length", "km", "source", "status"),
                           ("loss", "share", "source", "status")),
}
_PLACES = ("province", "region", "from", "to", "vintage", "slice")
_NEVER_NAMES = {
    "value", "low", "high", "share", "capacity", "unit", "year", "source", "status", "reason", "note", "latitude",
    "longitude", "province_driver", "hours_of_day", "months", *_PLACES,
}
#: Dimensions whose figures may be added up over places.
_ADDITIVE = {"money", "energy", "electricity", "power", "mass", "gas volume", "people", "vehicles", "freight",
             "travel", "area"}
_ADDITIVE_UNITS = {"million vehicles", "MW"}
#: Shares that add up to one within this are shares of the nation.
_WHOLE = 0.02


def provenance(folder: Path) -> pd.DataFrame:
    """item, year, value, unit, source, status of every input.

    Long tables name the source in each row; rows that differ only by place are joined: extensive figures and shares
    of a whole as their sum, others as their plain mean, and the item says which. Wide tables are named in
    sources.csv and have no single value (NaN). A figure of no particular year has the year 'all'.
    Raises InputError for a table without a source, or a row without unit, source or a known status.
    """
    wide = _table(folder / WIDE, dtype=str).fillna("")
    parts, problems = [], []
    for path in sorted(folder.glob("*.csv")):
        if path.name == WIDE:
            continue
        table = _table(path, dtype={"year": str})
        figures = _FIGURES.get(path.stem) or _plain(table)
        if figures:
            parts += [_rows(path.stem, table, *figure, several=len(figures) > 1) for figure in figures]
        elif (wide["file"] == path.name).any():
            own = wide[wide["file"] == path.name]
            parts.append(own.assign(item=path.stem + ": " + own["item"], value=float("nan"))[list(COLUMNS)])
        else:
            problems.append(Problem(str(path), "names no source", f"add a row to {WIDE}, or columns source and status"))
    if problems:
        raise InputError(problems)
    found = pd.concat(parts, ignore_index=True)
    found["value"] = found["value"].astype(float)
    found["year"] = found["year"].replace("", "all")
    _complete(found)
    return found.sort_values(["item", "year", "source"], kind="stable", ignore_index=True)


def _table(path: Path, **options) -> pd.DataFrame:
    """A fact table, with yearbook figures laid over it where it is an embedded one."""
    if path.parent == fact_tables.FOLDER:
        return fact_tables.frame(path.name, **options)
    return pd.read_csv(path, **options)


def _plain(table: pd.DataFrame) -> tuple:
    if not {"source", "status", "unit"} <= set(table.columns):
        return ()
    column = next((c for c in ("value", "share", "capacity") if c in table.columns), None)
    return ((column, "{unit}", "source", "status"),) if column else ()


def _rows(name: str, table: pd.DataFrame, column: str, unit: str, source: str, status: str, several: bool):
    """Provenance rows of one figure of one table."""
    table = table[table[column].notna()]
    figures = {c for c, *_ in _FIGURES.get(name, ())}
    hidden = _NEVER_NAMES | figures | {c for c in table.columns if c.endswith(("_unit", "_source", "_status"))}
    names = [c for c in table.columns if c not in hidden]
    label = [" ".join(str(v) for v in row if pd.notna(v) and str(v)) for row in table[names].itertuples(index=False)]
    suffix = f", {column.replace('_', ' ')}" if several else ""
    rows = pd.DataFrame({
        "item": [(f"{name}: {text}" if text else name) + suffix for text in label],
        "year": table["year"].fillna("").to_numpy() if "year" in table else "",
        "value": table[column].to_numpy(dtype=float),
        "unit": [unit.format_map(row) for row in table.to_dict("records")],
        "source": table[source].fillna("").astype(str).to_numpy(), "status": table[status].fillna("").to_numpy(),
    })
    places = table[[c for c in _PLACES if c in table.columns]]
    nation = (places == NATION).any(axis=1).to_numpy()
    keys = ["item", "year", "unit", "source", "status"]
    joined = rows[~nation].groupby(keys, sort=False)["value"].agg(["sum", "mean", "size"]).reset_index()
    adds = joined["unit"].map(_adds) | ((joined["unit"] == "share") & ((joined["sum"] - 1).abs() <= _WHOLE))
    many = joined["size"] > 1
    how = adds.map({True: "sum", False: "mean"}) + " of " + joined["size"].astype(str)
    joined["item"] = joined["item"].where(~many, joined["item"] + " (" + how + ")")
    joined["value"] = joined["sum"].where(adds, joined["mean"])
    return pd.concat([joined[list(COLUMNS)], rows.loc[nation, list(COLUMNS)]], ignore_index=True)


def _adds(unit: str) -> bool:
    unit = unit.removesuffix("/yr")
    return unit in _ADDITIVE_UNITS or UNITS.get(unit, ("", 1.0))[0] in _ADDITIVE


def _complete(found: pd.DataFrame) -> None:
    wrong = (found["unit"] == "") | (found["source"] == "") | ~found["status"].isin(STATUSES)
    if wrong.any():
        raise InputError([
            Problem(row.item, f"unit '{row.unit}', source '{row.source}', status '{row.status}'",
                    f"every input needs a unit, a source and a status ({', '.join(STATUSES)})")
            for row in found[wrong].head(20).itertuples()
        ])
