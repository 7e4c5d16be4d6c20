"""Reading a result folder: what is missing, unreadable or has holes is named."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from model.verify.table import COLUMNS, KEYS, NATION, REQUIRED, TOTAL, Recount


class Damaged(ValueError):
    """The folder cannot be verified: what is missing or unreadable, one line each."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__("\n".join(problems))


def read_folder(folder: Path) -> tuple[pd.DataFrame, dict, dict]:
    """(long table, certificate, lock) of a result folder; raises Damaged naming all that is missing or unreadable."""
    folder = Path(folder)
    if not folder.is_dir():
        raise Damaged([f"{folder}: no such folder"])
    problems: list[str] = []

    def read(name: str, reader):
        path = folder / name
        if not path.is_file():
            problems.append(f"{path}: missing")
            return None
        try:
            return reader(path)
        except (OSError, EOFError, ValueError, zlib.error, YAMLError) as error:
            problems.append(f"{path}: cannot be read: {str(error).splitlines()[0]}")
            return None

    table = read("results.csv.gz", _table)
    certificate = read("certificate.json", lambda path: _mapping(json.loads(path.read_text("utf-8"))))
    lock = read("scenario.lock.yaml", lambda path: _mapping(YAML(typ="safe").load(path.read_text("utf-8"))))
    if lock is not None and not isinstance(lock.get("name"), str):
        problems.append(f"{folder / 'scenario.lock.yaml'}: has no name")
    elif lock is not None:
        output = lock.get("output") or {}
        for key, name in (("workbook", f"{lock['name']}.xlsx"), ("iamc", f"{lock['name']}_iamc.csv")):
            if output.get(key, True) and not (folder / name).is_file():
                problems.append(f"{folder / name}: missing")
    if problems:
        raise Damaged(problems)
    return table, certificate, lock


def _mapping(value) -> dict:
    if not isinstance(value, dict):
        raise ValueError("is not a mapping of names to values")
    return value


def _table(path: Path) -> pd.DataFrame:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        table = pd.read_csv(text, keep_default_na=False, low_memory=False,
                            dtype=dict.fromkeys((*KEYS[:3], "unit"), "category"))
    if tuple(table.columns) != COLUMNS:
        raise ValueError(f"columns are {', '.join(map(str, table.columns))}; expected {', '.join(COLUMNS)}")
    value, year = (pd.to_numeric(table[key], errors="coerce").to_numpy(float) for key in ("value", "year"))
    wrong = ~np.isfinite(value) | ~np.isfinite(year) | (year % 1 != 0)
    if wrong.any():
        raise ValueError(f"row {int(np.argmax(wrong)) + 2} has no number: {table.loc[wrong].iloc[0].tolist()}")
    table = table.assign(value=value, year=year.astype(int))
    twice = table.duplicated(KEYS)
    if twice.any():
        raise ValueError(f"a row occurs twice: {table.loc[twice, KEYS].iloc[0].tolist()}")
    missing = [name for name in REQUIRED if name not in table["variable"].cat.categories]
    if missing:
        raise ValueError(f"variables are missing: {', '.join(missing)}")
    units = table.groupby("variable", observed=True)["unit"].nunique()
    if (units > 1).any():
        raise ValueError(f"more than one unit of: {units.index[units > 1][0]}")
    run = Recount(table)
    whole = run.present[:, :, run.sectors.index(TOTAL)] if TOTAL in run.sectors and NATION in run.regions else None
    if whole is None:
        raise ValueError(f"rows of '{NATION}' or '{TOTAL}' are missing")
    gaps = np.argwhere(whole.any(axis=2) & ~whole.all(axis=2))
    if len(gaps):
        raise ValueError(f"years are missing of: {run.variables[gaps[0][0]]}, {run.regions[gaps[0][1]]}")
    needed = [run.variables.index(name) for name in REQUIRED]
    holes = np.argwhere(~whole[needed].any(axis=2))
    if len(holes):
        raise ValueError(f"rows are missing of: {REQUIRED[holes[0][0]]}, {run.regions[holes[0][1]]}")
    return table
