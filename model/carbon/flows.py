"""From which province to which captured CO2 goes: year by year, at least tonne-kilometres.

Where the programme says how much each province stores, captured CO2 is led to exactly those stores. Where it does not
(the nation as one place, or shares given), stores are filled at least cost within capacity and yearly injection.
Distances are great circles between centroids of provinces; within a province they count as zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from io_tables import classification
from model.carbon.storage import distances, match_sources_to_sinks
from model.carbon.storage_years import StorageCosts, store_over_years

COLUMNS = ("year", "source", "sink", "flow", "km", "unit")
PROGRAMME, MATCHED = "programme", "matched"
#: Part of the largest yearly capture below which a province's capture is rounding.
_TINY = 1e-9


def between(regions: Sequence[str]) -> np.ndarray | None:
    """(R, R) km between centroids; None where a region is no province of the classification."""
    provinces = classification.provinces()
    if not all(region in provinces.rows for region in regions):
        return None
    at = [provinces.rows[region] for region in regions]
    return distances([float(row["longitude"]) for row in at], [float(row["latitude"]) for row in at])


def flows(captured, regions: Sequence[str], years: Sequence[int], *, stored=None, capacity=None, injection=None,
          max_distance: float | None = None, rate: float = 0.05) -> tuple[pd.DataFrame, str, np.ndarray]:
    """(long table of flows, 'programme' or 'matched', (T,) Mt that found no room).

    captured (T, R) Mt a year; stored (T, R) Mt a year as the programme stores it, or None; capacity (R,) Mt and
    injection (T, R) Mt a year where it is matched here.
    """
    captured = np.maximum(np.asarray(captured, dtype=float), 0.0)
    km = between(regions)
    if km is None or captured.max(initial=0.0) <= 0 or (stored is None and capacity is None):
        return pd.DataFrame(columns=list(COLUMNS)), MATCHED, captured.sum(axis=1) * 0.0
    captured = np.where(captured > _TINY * captured.max(), captured, 0.0)
    if stored is not None:
        flow = np.stack([_led(captured[t], np.maximum(stored[t], 0.0), km) for t in range(len(years))])
        how = PROGRAMME
    else:
        # Cost in proportion to distance: only the pattern is wanted.
        plan = store_over_years(captured, capacity, km, StorageCosts(transport=1.0), years, injectivity=injection,
                                max_distance=max_distance, rate=rate)
        flow, how = plan.flow, MATCHED
    t, i, j = np.nonzero(flow > _TINY * max(flow.max(initial=0.0), 1e-300))
    names = np.asarray(regions, dtype=object)
    table = pd.DataFrame({"year": np.asarray(years)[t], "source": names[i], "sink": names[j], "flow": flow[t, i, j],
                          "km": km[i, j], "unit": "Mt CO2"})
    return table, how, np.maximum(captured.sum(axis=1) - flow.sum(axis=(1, 2)), 0.0)


def _led(captured, stored, km):
    """Least tonne-kilometres of one year; what is used again and not stored stays out."""
    supply, room = captured.copy(), stored.copy()
    if supply.sum() <= 0 or room.sum() <= 0:
        return np.zeros(km.shape)
    return match_sources_to_sinks(supply, room, km, distance=km).flow
