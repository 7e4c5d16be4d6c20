"""The measured exchange of electricity against provincial balances (E3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from calibration.electricity_trade import balance_nodes, electricity_trade, net_imports, read_facts
from calibration.validation.score import Score
from io_tables.classification import provinces
from io_tables.units import factor

TOPIC = "electricity exchange"
_TRADE = Path("economy") / "power" / "interprovincial_electricity_trade_2005_2019_GWh.csv"
_BALANCE = Path("economy") / "power" / "generation_and_consumption_by_province_2010_2024_GWh.csv"
_FACTS = Path("economy") / "base_year_2020_province_facts.csv"
_NATIONAL = Path("economy") / "industry" / "national_annual_series_2010_2024.csv"
_NATIONAL_SERIES = {
    "Nuclear": "Output: Nuclear Power: YTD", "wind": "Electricity Generation: Wind Power",
    "solar": "Power Generation: Solar Power",
}


def scores(data: Path) -> list[Score]:
    """Net imports of the raw 2019 matrix, and what balancing to 2020 leaves and moves."""
    required = required_net_imports(data, 2019)
    measured = {year: read_exchange(data, year) for year in (2015, 2019)}
    correlation = {y: float(np.corrcoef(net_imports(m), required)[0, 1]) for y, m in measured.items()}
    linked = measured[2019].sum(axis=0) + measured[2019].sum(axis=1) > 0
    # Provinces without a measured line cannot be balanced: the rest carries their sum in proportion to use.
    closed = np.where(linked, required - required[linked].mean(), 0.0)
    change_2019 = _change(measured[2019], balance_nodes(measured[2019], closed))

    facts = read_facts()
    trade = electricity_trade(facts)
    needed = facts.consumption + facts.abroad - trade.generation
    raw_residual = 100 * np.abs(needed - net_imports(facts.exchange)) / facts.consumption
    entropy = _change(facts.exchange, balance_nodes(facts.exchange, needed - needed.mean(), concentration=10.0))
    balance_note = "wind and solar of 2019 follow the pattern of 2020, nuclear of Shandong is the national remainder"
    return [
        Score(TOPIC, "net imports, raw matrix 2019 against consumption less generation", correlation[2019], "r",
              0.97, ">=", correlation[2015], 0.975, note=f"naive: the matrix of 2015; {balance_note}"),
        Score(TOPIC, "largest node residual, balanced to 2020", 100 * trade.node_residual, "% of consumption",
              1.0, "<=", float(raw_residual.max()), 0.3, False, "zero by construction; naive: before balancing"),
        Score(TOPIC, "share of pair volume moved by balancing to 2020", 100 * trade.pair_change, "%",
              32.0, "<=", 100 * entropy, 29.0, False,
              "how strongly changes concentrate on few lines was chosen in view of this figure; naive: least relative "
              f"entropy; balanced to 2019 instead, {100 * change_2019:.1f} % moves"),
    ]


def _change(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.abs(after - before).sum() / before.sum())


def read_exchange(data: Path, year: int) -> np.ndarray:
    """(31, 31) exchange between provinces of a year, TWh; sales abroad left out."""
    table = pd.read_csv(data / _TRADE)
    table = table[table["year"] == year]
    exchange = np.zeros((len(provinces()),) * 2)
    for origin, destination, value in zip(table["from"], table["to"], table["value"], strict=True):
        if provinces().find(origin) and provinces().find(destination):
            exchange[provinces().index(origin), provinces().index(destination)] += value * factor("GWh", "TWh")
    return exchange


def required_net_imports(data: Path, year: int) -> np.ndarray:
    """(31,) consumption less generation of a year, TWh, as published (not closed to zero)."""
    balance = pd.read_csv(data / _BALANCE)
    balance = balance[balance["year"] == year].pivot(index="province", columns="tech", values="value")
    balance = balance.loc[list(provinces().keys)].fillna(0.0)
    national = pd.read_csv(data / _NATIONAL)
    national = national[national["year"] == year].drop_duplicates("name").set_index("name")["value"] * 100  # 1e8 kWh
    facts = pd.read_csv(data / _FACTS)
    generation = balance[["Thermal", "Hydro", "Nuclear"]].sum(axis=1)
    generation["Shandong"] += national[_NATIONAL_SERIES["Nuclear"]] - balance["Nuclear"].sum()
    for source in ("wind", "solar"):
        pattern = facts[facts["variable"] == f"gen_{source}_derived"].set_index("province")["value"]
        pattern = pattern.reindex(list(provinces().keys)).fillna(0.0)
        generation = generation + pattern / pattern.sum() * national[_NATIONAL_SERIES[source]]
    return (balance["Consumption (total society)"] - generation).to_numpy() * factor("GWh", "TWh")
