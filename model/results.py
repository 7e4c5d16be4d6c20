"""Results of one run: one long table and named arrays; the single source of every export."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from model.certificate import Certificate

KEYS = ("variable", "region", "sector", "year")
COLUMNS = ("variable", "region", "sector", "year", "unit", "value")
NATION, TOTAL = "China", "Total"
CODELIST = Path(__file__).with_name("variables.csv")


def trapezium(yearly: pd.Series) -> float:
    """Sum from the first to the last model year of values by year, linear between them: as budgets count (E10)."""
    return float(np.trapezoid(yearly.to_numpy(), yearly.index.to_numpy(float)))


@dataclass(frozen=True)
class Results:
    """What a run found.

    scenario_name, title_en, title_zh, description : for covers.
    years, regions, sectors, region_names_zh, sector_names_zh : labels.
    table : columns variable, region, sector, year, unit, value, sorted by all keys. National region 'China',
        no sector = 'Total'. Cells that are exactly zero are left out of the sector-by-fuel detail.
    arrays : name -> (array, axis labels) for whoever needs whole arrays.
    certificate, sources (item, year, value, unit, source, status), margins (calibration), warnings,
    lock : text of the scenario lock file. notes : (en, zh) pairs printed on the notes sheet.
    targets : one row per stated target with value reached and slack.
    policies : caps and targets of the pathway programme with slack and shadow price; empty where none chose.
    alternatives : near-optimal pathways of the nation (pathway, variable, year, unit, value), with a column region
        where the provinces were searched; empty where not asked.
    tables : name -> DataFrame of the provincial sheets (`model/carbon/desk_tables.py` names columns and units).
    """

    scenario_name: str
    title_en: str
    title_zh: str
    description: str
    years: tuple[int, ...]
    regions: tuple[str, ...]
    region_names_zh: tuple[str, ...]
    sectors: tuple[str, ...]
    sector_names_zh: tuple[str, ...]
    table: pd.DataFrame
    certificate: Certificate
    sources: pd.DataFrame
    margins: pd.DataFrame
    targets: pd.DataFrame
    lock: str
    warnings: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    policies: pd.DataFrame = field(default_factory=pd.DataFrame)
    arrays: dict[str, tuple[np.ndarray, tuple[tuple, ...]]] = field(default_factory=dict, repr=False)
    alternatives: pd.DataFrame = field(default_factory=pd.DataFrame)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @cached_property
    def _indexed(self) -> pd.Series:
        return self.table.set_index(list(KEYS))["value"]

    def series(self, variable: str, region: str = NATION, sector: str = TOTAL) -> pd.Series:
        """Values by year (all model years; zero where a cell was left out). Raises KeyError for an unknown variable."""
        rows = self.table
        chosen = rows[rows["variable"] == variable]
        if chosen.empty:
            raise KeyError(variable)
        chosen = chosen[(chosen["region"] == region) & (chosen["sector"] == sector)]
        return chosen.set_index("year")["value"].reindex(list(self.years), fill_value=0.0)

    def unit(self, variable: str) -> str:
        """Unit of a variable."""
        return str(self.table.loc[self.table["variable"] == variable, "unit"].iloc[0])

    @cached_property
    def peak(self) -> tuple[int, float]:
        """Year and level (Mt) of the highest net CO2 emissions."""
        net = self.series("Emissions|CO2|Net")
        # a plateau peaks in its first year
        return int(net.index[net >= net.max() * (1 - 1e-7)][0]), float(net.max())

    @property
    def cumulative(self) -> float:
        """Net CO2 from the first to the last model year, Mt."""
        return trapezium(self.series("Emissions|CO2|Net"))

    def write_csv(self, path: Path) -> None:
        """The long table as csv.gz with a fixed time stamp: same content, same bytes."""
        text = io.StringIO()
        self.table.to_csv(text, index=False, float_format="%.10g", lineterminator="\n")
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
            packed.write(text.getvalue().encode())


def long_table(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Join parts into the sorted long table; raises ValueError on a key that occurs twice."""
    table = pd.concat(parts, ignore_index=True)[list(COLUMNS)]
    table = table.sort_values(list(KEYS), kind="stable", ignore_index=True)
    twice = table.duplicated(list(KEYS))
    if twice.any():
        raise ValueError(f"result occurs twice: {table.loc[twice, list(KEYS)].iloc[0].tolist()}")
    return table


def block(
    variable: str, unit: str, values: np.ndarray, years, regions, sectors=(TOTAL,), *, keep_zeros: bool = True
) -> pd.DataFrame:
    """Long rows of an array (years, regions, sectors) or (years, regions)."""
    values = np.asarray(values, dtype=float)
    if values.ndim == 2:
        values = values[:, :, None]
    count = values.size
    t, r, s = np.unravel_index(np.arange(count), values.shape)
    flat = values.ravel()
    keep = slice(None) if keep_zeros else np.flatnonzero(flat)
    return pd.DataFrame(
        {
            "variable": variable,
            "region": np.asarray(regions, dtype=object)[r[keep]],
            "sector": np.asarray(sectors, dtype=object)[s[keep]],
            "year": np.asarray(years)[t[keep]],
            "unit": unit,
            "value": flat[keep],
        }
    )


def with_nation(values: np.ndarray) -> np.ndarray:
    """Prepend the national sum along the region axis (axis 1)."""
    return np.concatenate([values.sum(axis=1, keepdims=True), values], axis=1)
