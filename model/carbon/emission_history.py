"""CO2 of the provinces before the base year, for the rule of historical responsibility.

`emission_history.csv` holds each province's CO2 relative to the base year, from the sum of those of its cities whose
EDGAR series is whole; the level is that of the accounts. Few cities of Xinjiang, Qinghai and Hainan are among them, so
their paths stand on little. Territorial accounting; nothing before 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd


@cache
def _index() -> pd.DataFrame:
    """(years, provinces) of CO2 relative to the base year."""
    table = pd.read_csv(Path(__file__).with_name("emission_history.csv"))
    return table.pivot(index="year", columns="region", values="value")


def emission_history(regions: Sequence[str], emissions, first: int) -> tuple[tuple[int, ...], np.ndarray | None]:
    """Years and (H, R) Mt CO2 before the base year, from `first` on; (), None where a region has no history.

    emissions (R,) Mt of the base year.
    """
    index = _index()
    if not set(regions) <= set(index.columns):
        return (), None
    rows = index.loc[index.index >= first, list(regions)]
    if rows.empty:
        return (), None
    return tuple(int(year) for year in rows.index), rows.to_numpy() * np.asarray(emissions, dtype=float)
