"""The Owen point of a run as tables: by province, by year, by contract, and how wide its interval is (E14)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from model.carbon.negotiation import Run
from model.carbon.owen_division import Division
from model.carbon.owen_interval import Interval
from model.carbon.owen_years import Yearly
from model.carbon.owners import Owners
from model.carbon.stand_alone import Alone
from model.pathway.draft import MONEY

PRESENT = "10^8 yuan of 2020, present value"
NO_INTERVAL = "not computed (run --intervals does); the point is one member of the core"


def owen_table(run: Run, division: Division, kept: np.ndarray, single: list[Alone],
               interval: Interval | None) -> pd.DataFrame:
    """`Deal.owen`; kept (R,) receipts with contracts kept, single : costs alone or [], interval or None."""
    received, own = division.transfer / MONEY, division.own_cost / MONEY
    borne = own - received
    nothing = np.full(len(run.regions), np.nan)
    low = high = nothing
    if interval is not None:
        # the run's own division is optimal to within its gap only
        low, high = np.minimum(interval.low / MONEY, borne), np.maximum(interval.high / MONEY, borne)
    return pd.DataFrame({
        "region": run.regions, "division": borne, "own_cost": own, "transfer": received,
        "yearly_transfer": received / run.weights.sum(), "burden": 100.0 * borne / run.present(run.gdp),
        "low": low, "high": high, "division_contracts": own - kept, "transfer_contracts": kept,
        "stand_alone": np.array([s.cost for s in single]) / MONEY if single else nothing,
        "short": [_told(s.short) for s in single] or "",
        "unit": f"{PRESENT}; yearly: a year; burden: % of GDP"})


def _told(short: Mapping[str, float], most: int = 4) -> str:
    """The first of what a province lacks alone, and how many rows more."""
    first = "; ".join(f"{name} {amount:.3g}" for name, amount in list(short.items())[:most])
    return first + (f"; and {len(short) - most} more" if len(short) > most else "")


def years_table(run: Run, yearly: Yearly) -> pd.DataFrame:
    """`Deal.owen_years`."""
    bears, receives = yearly.bears / MONEY, yearly.receives / MONEY
    T, R = bears.shape
    weight = run.weights[:, None]
    return pd.DataFrame({
        "region": np.tile(np.asarray(run.regions, dtype=object), T), "year": np.repeat(run.years, R),
        "division": bears.ravel(), "transfer": receives.ravel(), "division_a_year": (bears / weight).ravel(),
        "transfer_a_year": (receives / weight).ravel(), "unit": f"{PRESENT}; a year: 10^8 yuan of 2020 in the year"})


def parts_table(run: Run, division: Division, owners: Owners) -> pd.DataFrame:
    """`Deal.owen_parts`."""
    parts = []
    for contract in dict.fromkeys((*owners.product_rule, *owners.row_rule, *owners.column_rule)):
        value = np.zeros(len(run.regions))
        for rules, shares, values in ((owners.product_rule, owners.products, division.product_value),
                                      (owners.row_rule, owners.rows, division.row_value),
                                      (owners.column_rule, owners.columns, division.column_value)):
            own = rules == contract
            value += shares[own].T @ values[own]
        if np.any(value):
            parts.append((contract, value))
    parts.append(("optimality gap", division.closed - division.bears))
    return pd.concat([pd.DataFrame({"region": run.regions, "item": name, "value": value / MONEY, "unit": PRESENT})
                      for name, value in parts], ignore_index=True)


def interval_row(division: Division, interval: Interval | None) -> tuple:
    """Line of `Deal.summary`."""
    name = "interval of the Owen point"
    if interval is None:
        return name, "", "", NO_INTERVAL
    width = np.median((interval.high - interval.low) / np.abs(division.bears))
    return (name, 100.0 * width, "% of the division, median of provinces",
            f"outer interval: holds what each bears by every optimal dual up to ten times the run's; sides moved by "
            f"{100.0 * interval.step:g} %, the gap explains {interval.open_gap / MONEY:.3g} x 10^8 yuan of each end")
