"""The deal of a coupled run as tables of its results: what the sheet of transfers shows beside permit trade.

    fairness_provinces, fairness_rules   burdens and inequality of every rule and of the Owen point (present values)
    owen, owen_parts, contracts          the Owen division, what it is made of, who owns which rows
    owen_years                           its value and payments by year
    smallest                             smallest transfers that leave no province worse off, by reference
    deal_summary                         item, value, unit, note: horizon, price basis, gap, who is outside
    shapley, curves, principles          of provincial cost curves, where they were asked for
    storage_sinks                        sink, year, injected, filled, capacity, rents
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from io_tables.errors import InputError
from model.results import NATION, block, with_nation

if TYPE_CHECKING:
    from model.coupling import Coupled

#: Table of the results -> attribute of the deal.
TABLES = {"fairness_provinces": "provinces", "fairness_rules": "rules", "owen": "owen", "owen_years": "owen_years",
          "owen_parts": "owen_parts", "contracts": "contracts", "smallest": "smallest", "deal_summary": "summary",
          "storage_sinks": "storage_sinks", "shapley": "shapley", "curves": "curves", "principles": "principles"}
_PROVINCIAL = "provincial"
OWEN_TRANSFER = "Carbon Transfer|Owen point"


def deal_tables(coupled: Coupled | None, *, intervals: bool = False, curves: bool = False) -> dict[str, pd.DataFrame]:
    """Tables of the deal; empty where the programme does not resolve provinces, one line where it is refused.

    intervals : with the outer interval of every province's Owen division and its cost alone, which take minutes;
    curves : with provincial cost curves, the Shapley value and the cost of principles on them (five more solves).
    """
    if coupled is None or coupled.resolution != _PROVINCIAL:
        return {}
    # Imported here: the deal stands on the coupled model, whose results take this module's tables.
    from model.carbon.deal import deal
    from model.carbon.parametric import game_of_run

    try:
        found = deal(coupled, game=game_of_run(coupled) if curves else None, intervals=intervals, alone=intervals)
    except InputError as error:
        told = [("refused", "", "", problem.what) for problem in error.problems]
        return {"deal_summary": pd.DataFrame(told, columns=["item", "value", "unit", "note"])}
    return {name: getattr(found, attribute) for name, attribute in TABLES.items()}


def deal_blocks(tables: dict[str, pd.DataFrame], regions: Sequence[str], years: Sequence[int]) -> list[pd.DataFrame]:
    """Rows of the long table: what every province receives by the Owen point in a year, nothing in the first."""
    rows = tables.get("owen_years", pd.DataFrame())
    if rows.empty:
        return []
    paid = rows.pivot(index="year", columns="region", values="transfer_a_year")
    paid = paid.reindex(index=list(years), columns=list(regions), fill_value=0.0).to_numpy(dtype=float)
    return [block(OWEN_TRANSFER, "10^8 yuan", with_nation(np.nan_to_num(paid)), years, (NATION, *regions))]
