"""What a coarser table gets wrong: accounts and multipliers before and after merging labels (Morimoto 1970)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables.aggregation import aggregate
from io_tables.mrio import Mrio
from model.input_output.table_accounts import extension_total, table_accounts


@dataclass(frozen=True)
class AggregationBias:
    """Fine and coarse results of one extension on the coarse table's labels; totals agree, their parts may not."""

    regions: tuple[str, ...]
    consumption: np.ndarray  #: (2, R) consumption-based totals: from the fine table, from the coarse one
    transfers: np.ndarray  #: (2, R, R) the same for transfers
    multipliers: pd.DataFrame  #: one row per region and sector of the fine table: fine, coarse, bias (coarse - fine)

    @property
    def largest(self) -> float:
        """Largest relative error of a region's consumption-based total."""
        fine, coarse = self.consumption
        return float(np.max(np.abs(coarse - fine) / np.where(fine != 0, np.abs(fine), 1.0)))

    def frame(self) -> pd.DataFrame:
        """Consumption-based totals by region: fine, coarse, bias."""
        fine, coarse = self.consumption
        return pd.DataFrame({"region": self.regions, "fine": fine, "coarse": coarse, "bias": coarse - fine})


def aggregation_bias(
    table: Mrio, extension: str, *, regions: Mapping[str, str] | None = None, sectors: Mapping[str, str] | None = None
) -> AggregationBias:
    """Accounts of a table against those of its aggregate, for one extension (its rows summed).

    The bias vanishes when merged sectors have equal columns and intensities, or final demand in fixed proportions
    to output. Raises InputError as :func:`aggregate` and :func:`table_accounts`.
    """
    coarse_table = aggregate(table, regions=regions, sectors=sectors)
    fine, coarse = (table_accounts(t, {extension: extension_total(t, extension)}) for t in (table, coarse_table))
    new_region = [(regions or {}).get(r, r) for r in table.regions]
    new_sector = [(sectors or {}).get(s, s) for s in table.sectors]
    place = np.array([coarse_table.regions.index(r) for r in new_region])
    where = np.zeros((len(coarse_table.regions), place.size))
    where[place, np.arange(place.size)] = 1.0
    transfers = where @ fine.totals.transfers[0] @ where.T
    row = (place[:, None] * len(coarse_table.sectors) + [coarse_table.sectors.index(s) for s in new_sector]).ravel()
    before, after = fine.multipliers[0], coarse.multipliers[0][row]
    multipliers = pd.DataFrame({
        "region": np.repeat(table.regions, len(table.sectors)), "sector": list(table.sectors) * len(table.regions),
        "fine": before, "coarse": after, "bias": after - before,
    })
    return AggregationBias(
        coarse_table.regions, np.stack([transfers.sum(axis=0), coarse.totals.consumption[0]]),
        np.stack([transfers, coarse.totals.transfers[0]]), multipliers,
    )
