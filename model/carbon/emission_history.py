"""CO2 of the provinces before the base year, for the rule of historical responsibility.

`emission_history.csv` holds each province's share of the nation in every year (normalised shares of provincial
inventories, four digits) and the nation's course relative to 2020 (EDGAR cities); the nation's level is that of the
accounts. Tibet, which the inventories leave out, has its own course on the level of the accounts. Shares are not tied
to the base year's: inventories and accounts differ by province. Territorial, energy and process; nothing before 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

NATION, SHARE = "China", "share of the provinces' sum"


@cache
def _tables() -> tuple[pd.DataFrame, pd.Series, frozenset[str]]:
    """(years, provinces) shares or courses, (years,) course of the nation, provinces that have shares."""
    table = pd.read_csv(Path(__file__).with_name("emission_history.csv"))
    wide = table.pivot(index="year", columns="region", values="value")
    nation = wide.pop(NATION)
    return wide, nation, frozenset(table.loc[table["unit"] == SHARE, "region"])


def emission_history(regions: Sequence[str], emissions, first: int, *, territory=None,
                     ) -> tuple[tuple[int, ...], np.ndarray | None]:
    """Years and (H, R) Mt CO2 before the base year, from `first` on; (), None where a region has no history.

    emissions (R,) Mt of the base year; territory (R,) : the same where it arises, if `emissions` are counted by use;
    provinces keep the ratio of both. assumed
    """
    table, nation, shared = _tables()
    if not set(regions) <= set(table.columns):
        return (), None
    rows = table.loc[table.index >= first, list(regions)]
    if rows.empty:
        return (), None
    emissions = np.asarray(emissions, dtype=float)
    own = emissions if territory is None else np.asarray(territory, dtype=float)
    course, found = nation[rows.index].to_numpy(), rows.to_numpy() * own
    inside = np.array([name in shared for name in regions])
    if inside.any():
        # the part of the nation that these provinces make up in the last year has the level of their accounts
        shares = rows.to_numpy()[:, inside]
        found[:, inside] = own[inside].sum() * course[:, None] * shares / shares[-1].sum()
    if territory is not None:
        total = found.sum(axis=1, keepdims=True)
        found = found * np.divide(emissions, own, out=np.ones_like(own), where=own > 0)
        found *= total / found.sum(axis=1, keepdims=True)
    return tuple(int(year) for year in rows.index), found
