"""Prices, cost of living and moved consumption as results and ledgers (E12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from io_tables import classification
from model.certificate import Ledger, ledger
from model.pathway.prices import mix_scale
from model.results import NATION, block

if TYPE_CHECKING:
    from model.pathway.prices import Mix, Prices
    from model.study import Study, Year

#: Prices are relative to 2020.
INDEX, MONEY = "1", "10^8 yuan"


def price_blocks(study: Study, years: list[Year], prices: tuple[Prices, ...], mix: Mix) -> list[pd.DataFrame]:
    """Long rows: price of each sector and product where it is used, cost of living, revenue returned, moved mix.

    Means are weighted by what is used at base prices.
    """
    base, times = study.base, [y.year for y in years]
    places = (NATION, *base.regions)
    weight = np.stack([y.economy.domestic_use for y in years])
    used = np.stack([p.used for p in prices])
    member = base.membership
    parts = [block("Price Index", INDEX, _mean(used, weight, member), times, places, base.sectors)]
    names = classification.products().rows
    for product in base.products:
        own = np.zeros((len(base.industries), 1))
        own[base.industries.index(product)] = 1.0
        name = names[product]["name_en"] if product in names else product
        parts.append(block(f"Price|{name}", INDEX, _mean(used, weight, own)[:, :, 0], times, places))
    bought = np.stack([y.economy.closed.chi * (y.economy.demand.consumption + y.economy.demand.consumption_imports)
                       for y in years])
    whole = np.ones((len(base.industries), 1))
    consumer = np.stack([p.consumer for p in prices])
    parts.append(block("Cost of Living", INDEX, _mean(consumer, bought, whole)[:, :, 0], times, places))
    moved = _mean(mix.factors, bought / mix.factors, member)
    parts.append(block("Consumption Mix", "1", moved[:, :1], times, (NATION,), base.sectors))
    revenue = np.stack([p.revenue for p in prices])
    nation = np.concatenate([revenue.sum(axis=1, keepdims=True), revenue], axis=1)
    parts.append(block("Revenue|Carbon and Scarcity", MONEY, nation, times, places))
    return parts


def _mean(values: np.ndarray, weight: np.ndarray, member: np.ndarray) -> np.ndarray:
    """(T, nation + R, groups) means over goods; values, weight (T, R, J), member (J, groups); 1 where nothing is."""
    spent, bought = (values * weight) @ member, weight @ member
    spent = np.concatenate([spent.sum(axis=1, keepdims=True), spent], axis=1)
    bought = np.concatenate([bought.sum(axis=1, keepdims=True), bought], axis=1)
    return np.divide(spent, bought, out=np.ones_like(spent), where=bought > 0)


def paid_and_spent(year: Year, prices: Prices) -> tuple[float, float]:
    """What final users pay for Chinese goods at the new prices, and what primary inputs, imports and the carbon price
    receive for making them: the dual identity p'y = (w + p_m A^m + eps tau)'x."""
    e, d = year.economy, year.economy.demand
    final = d.fixed + e.closed.chi * d.consumption
    spent = float((prices.used * final).sum() + (prices.made * (e.closed.exports + d.inventories)).sum())
    foreign = np.einsum("i,sij->sj", prices.imports, e.imported)
    return spent, float(((prices.cost + prices.carbon + foreign) * e.closed.output).sum())


def price_ledgers(years: list[Year], prices: tuple[Prices, ...], mix: Mix, mapped: Mix, *, scope: str,
                  tolerance: float) -> list[Ledger]:
    """Prices cover cost, revenue closes, and the mix is the one the prices ask for.

    scope : of the carbon price; its payments are recounted from the sector accounts where it counts every tonne.
    """
    dual, money = [], []
    for year, found in zip(years, prices, strict=True):
        spent, received = paid_and_spent(year, found)
        dual.append((abs(spent - received) / received, year.year))
        net = year.energy.co2.sum(axis=(1, 2)) - year.energy.captured.sum(axis=1)
        returned = float((found.revenue - found.rents).sum())
        money.append((abs(returned - float(found.tonne @ net)) / received, year.year))
    # as the outer loop counts it: by what the nation buys of a good
    moved = (np.abs(mapped.state() - mix.state()) / mix_scale(years)).reshape(len(years) - 1, -1).max(axis=1)
    t = int(np.argmax(moved))
    (cost, at), (paid, when) = max(dual), max(money)
    return [
        ledger("prices: final users pay = primary cost + imports + carbon price (E12)", cost, "relative to final use",
               str(at), independent=True),
        ledger("prices: revenue returned to households = carbon price x net CO2 of the accounts",
               paid if scope == "energy_and_process" else None, "relative to final use", str(when), independent=True),
        ledger("prices: consumption mix = the mix that prices ask for (E12)", float(moved[t]),
               "relative to the nation's purchases of the good", str(years[t + 1].year), independent=True,
               tolerance=tolerance),
    ]
