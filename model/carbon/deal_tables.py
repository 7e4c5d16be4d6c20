"""The deal of a coupled run as tables of its results: what the sheet of transfers shows beside permit trade.

    fairness_provinces, fairness_rules   burdens and inequality of every rule and of the Owen point (present values)
    owen, owen_parts, contracts          the Owen division, what it is made of, who owns which rows
    owen_years                           its value and payments by year
    smallest                             smallest transfers that leave no province worse off, by reference
    deal_summary                         item, value, unit, note: horizon, price basis, gap, who is outside
    storage_sinks                        sink, year, injected, filled, capacity, rents
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from io_tables.errors import InputError

if TYPE_CHECKING:
    from model.coupling import Coupled

#: Table of the results -> attribute of the deal.
TABLES = {"fairness_provinces": "provinces", "fairness_rules": "rules", "owen": "owen", "owen_years": "owen_years",
          "owen_parts": "owen_parts", "contracts": "contracts", "smallest": "smallest", "deal_summary": "summary",
          "storage_sinks": "storage_sinks"}
_PROVINCIAL = "provincial"


def deal_tables(coupled: Coupled | None, *, intervals: bool = False) -> dict[str, pd.DataFrame]:
    """Tables of the deal; empty where the programme does not resolve provinces, one line where it is refused.

    intervals : with the outer interval of every province's Owen division.
    """
    if coupled is None or coupled.resolution != _PROVINCIAL:
        return {}
    # Imported here: the deal stands on the coupled model, whose results take this module's tables.
    from model.carbon.deal import deal

    try:
        found = deal(coupled, intervals=intervals)
    except InputError as error:
        told = [("refused", "", "", problem.what) for problem in error.problems]
        return {"deal_summary": pd.DataFrame(told, columns=["item", "value", "unit", "note"])}
    return {name: getattr(found, attribute) for name, attribute in TABLES.items()}
