"""Where the products are made: each province's share of physical output (E1, E9)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.national_splits import read_rows
from calibration.national_table import NationalTable
from io_tables.classification import provinces
from io_tables.errors import InputError, Problem

BASE_YEAR = 2020
#: Industrial steam as a share of all heat; the rest is space heating and town steam of the heating statistics.
INDUSTRIAL_HEAT = 0.4
#: Weight of the coal-chemical pattern against chemicals' value added: ammonia is older and more spread than methanol.
COAL_CHEMICAL_WEIGHT = {"ammonia": 0.6, "methanol": 0.85}
#: Refining follows value added of petroleum and coking less coke, between these multiples of the province's share of
#: crude refined in 2007 (a refinery stays where it is); provinces without refineries then keep UNKNOWN_REFINING of it.
REFINERY_RANGE = (0.5, 2.0)
UNKNOWN_REFINING = 0.1


@dataclass(frozen=True)
class ProductShares:
    """shares (R, P) of national output, columns sum to one; status (P,);
    follows_series (P,) : whether gross output follows them (else only value added starts from them).
    network (R,) : share of the electricity network, the remainder of its sector, by electricity consumed."""

    shares: np.ndarray
    status: tuple[str, ...]
    follows_series: tuple[bool, ...]
    network: np.ndarray


def product_shares(national: NationalTable, sectors_va: np.ndarray) -> ProductShares:
    """Provincial shares of every product with an IO row.

    sectors_va (R, S) : value added by sector, which stands in where no physical series exists.
    Steel, cement and glass: NBS output by province (scaled to the nation); aluminium: as recalled; electricity:
    generation by source; heat: heating statistics and industrial heat of 2007; coke and coal chemicals: shares of
    2021; refining: value added near the shares of crude refined in 2007; ethylene as refining; paper and freight:
    value added.
    """
    series = _series(read_rows("provincial_products.csv"), "product")
    pattern = _series(read_rows("provincial_product_shares.csv"), "item", any_year=True)
    sector = {s: sectors_va[:, k] / sectors_va[:, k].sum() for k, s in enumerate(national.industries)
              if k < sectors_va.shape[1]}
    coke = pattern["coke"]
    petroleum = sectors_va[:, national.industries.index("Petroleum and coking")]
    coke_value = coke * national.value_added[:, national.industries.index("coke_product")].sum()
    refining = np.maximum(petroleum - coke_value, 0.0)
    refining /= refining.sum()
    before = pattern["refining"]
    refining = np.where(before > 0, np.clip(refining, REFINERY_RANGE[0] * before, REFINERY_RANGE[1] * before),
                        UNKNOWN_REFINING * refining)
    refining /= refining.sum()
    coal = {p: w * pattern["coal chemicals"] + (1 - w) * sector["Chemicals"] for p, w in COAL_CHEMICAL_WEIGHT.items()}
    heat = INDUSTRIAL_HEAT * pattern["industrial heat"] + (1 - INDUSTRIAL_HEAT) * series["heat"]
    found = {
        "electricity": (electricity_shares("generation"), "derived", True),
        "heat": (heat, "estimated", True),
        "steel": (series["steel"], "official", True),
        "aluminium": (series["aluminium"], "assumed", True),
        "cement": (series["cement"], "official", True),
        "glass": (series["glass"], "official", True),
        "ammonia": (coal["ammonia"], "estimated", True),
        "methanol": (coal["methanol"], "estimated", True),
        "ethylene": (refining, "estimated", True),
        "refined_fuel": (refining, "estimated", True),
        "coke_product": (coke, "estimated", True),
        "paper": (sector["Paper, printing and stationery"], "estimated", False),
        "freight": (sector["Transport and post"], "estimated", False),
    }
    missing = [p for p in national.products if p not in found]
    if missing:
        raise InputError([Problem("products.csv", f"{p}: no rule for where it is made",
                                  "add its provincial series") for p in missing])
    chosen = [found[p] for p in national.products]
    return ProductShares(np.stack([s for s, _, _ in chosen], axis=1), tuple(s for _, s, _ in chosen),
                         tuple(f for _, _, f in chosen), electricity_shares("consumption"))


def electricity_shares(item: str) -> np.ndarray:
    """Share of each province in electricity 'generation' (all sources) or 'consumption' of 2020, (R,)."""
    total = np.zeros(len(provinces()))
    for row in read_rows("electricity_balance.csv"):
        if row["item"].startswith(item) and int(row["year"]) == BASE_YEAR:
            total[provinces().index(row["province"])] += float(row["value"])
    return total / total.sum()


def _series(rows, name: str, any_year: bool = False) -> dict[str, np.ndarray]:
    """Shares of the nation (R,) by item."""
    out: dict[str, np.ndarray] = {}
    for row in rows:
        if any_year or int(row["year"]) == BASE_YEAR:
            values = out.setdefault(row[name], np.zeros(len(provinces())))
            values[provinces().index(row["province"])] += float(row["value"])
    return {k: v / v.sum() for k, v in out.items()}
