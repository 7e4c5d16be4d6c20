"""The 30 provincial tables of 2007 as arrays: the real economy that recipes for coefficients and trade are tried on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from io_tables.classification import provinces

_FILE = Path("economy") / "io_provincial" / "china_30_provincial_io_2007_42sectors_1e4yuan.csv"
_SECTORS = 42
_VALUE_ADDED_ROW = 48
_FINAL = ["rural_hh", "urban_hh", "government", "gfcf"]
#: Their tables carry error columns of thousands of 10^8 yuan, so they are not scored.
_ERRONEOUS = ("Gansu", "Shandong")


@dataclass(frozen=True)
class Tables2007:
    """R = 30 provinces without Tibet, 42 sectors of 2007, 10^8 yuan at current prices."""

    provinces: tuple[str, ...]
    use: np.ndarray  #: (R, 42, 42) inputs from anywhere, [r, i, j]
    final: np.ndarray  #: (R, 42, 4) rural, urban, government, fixed capital
    inventories: np.ndarray  #: (R, 42)
    exports: np.ndarray  #: (R, 42) abroad; zero where merged
    imports: np.ndarray  #: (R, 42)
    outflow: np.ndarray  #: (R, 42) to other provinces; with exports where merged
    inflow: np.ndarray  #: (R, 42)
    output: np.ndarray  #: (R, 42)
    value_added: np.ndarray  #: (R, 42)
    splits_foreign: np.ndarray  #: (R,) bool, domestic and foreign trade stand apart (19 provinces)
    clean: np.ndarray  #: (R,) bool, the 17 of them without large error columns

    @property
    def supply(self) -> np.ndarray:
        """(R, 42) output for use in China, at least zero."""
        return np.maximum(self.output - self.exports - self.inventories, 0.0)

    @property
    def demand(self) -> np.ndarray:
        """(R, 42) Chinese goods used, at least zero."""
        return np.maximum(self.use.sum(axis=2) + self.final.sum(axis=2) - self.imports, 0.0)


def read_tables_2007(data: Path) -> Tables2007:
    """Read the tables from the working data folder."""
    table = pd.read_csv(data / _FILE)
    table["province"] = provinces().match(table["province"], str(_FILE))
    labels = tuple(p for p in provinces().keys if p in set(table["province"]))
    rows = table[table["row_code"] <= _SECTORS]

    def column(name: str) -> np.ndarray:
        return rows.pivot(index="province", columns="row_code", values=name).loc[list(labels)].to_numpy() / 1e4

    buyers = [f"s{j:02d}" for j in range(1, _SECTORS + 1)]
    added = table[table["row_code"] == _VALUE_ADDED_ROW].set_index("province").loc[list(labels), buyers] / 1e4
    exports = column("export")
    splits = exports.sum(axis=1) > 0
    return Tables2007(
        labels, np.stack([column(b) for b in buyers], axis=2), np.stack([column(f) for f in _FINAL], axis=2),
        column("inventory"), exports, column("import"), column("outflow_domestic"), column("inflow_domestic"),
        column("gross_output"), added.to_numpy(), splits, splits & ~np.isin(labels, _ERRONEOUS),
    )
