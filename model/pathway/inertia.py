"""Inertia of use: what still stands is not left idle from one year to the next (E10).

A linear programme would stop a whole branch the day another becomes cheaper. Plants go on because of contracts,
grids, jobs and heat demand; models bound the fall of activity for that reason (dynamic constraints, softened at a
price: Keppo and Strubegger 2010). Here natural retirement is free, and what remains may lose a catalogue rate a year;
idling faster costs what the product is worth.
"""

from __future__ import annotations

import numpy as np

from model.pathway.bounds import WIDE
from model.pathway.draft import Draft
from model.pathway.requirements_of_year import PLACED

#: Idling a unit of output faster than the rate costs this many times the price of its product. assumed
COMPENSATION = 1.0
#: Mt of hydrogen or of CO2 from the air that is never exceeded.
UNPLACED = 1e4
#: 10^8 yuan per TWh at plant.
ELECTRICITY_PRICE = 3.5


def add_inertia(d: Draft) -> None:
    """use[t] + idled[t] >= kept (use[t - 1] - output of what retired since), nation, after lived years."""
    p, places = d.programme, d.places
    rate = np.array([d.value(key, "decline_limit") for key in d.keys])
    running = np.concatenate([d.plants, d.annual])
    later = [t for t, year in enumerate(d.years) if year > d.lived]
    d.idled, d.nation_use = np.full((d.K, d.T), -1), np.full((d.K, d.T), -1)
    d.nation_given = np.full((len(d.plants), d.T), -1)
    if not later:
        return
    first = later[0]
    worth = np.array([_price(d, k) for k in running])
    cost = COMPENSATION * worth[:, None] * d.weight[None, first:]
    most = np.array([_most(d, k) for k in running])
    d.idled[running, first:] = p.add_columns("idled", cost.shape, cost, upper=most[:, None])
    span = np.diff(d.timing.years)
    kept = (1.0 - rate)[:, None] ** span[None]                                            # (K, T)
    output = _output(d)                                                                    # (G, K)
    lost = places.standing[:, :, :-1] - places.standing[:, :, 1:]                          # (G, K, T)
    then = d.study.activity.sum(axis=0)
    side = -kept * np.einsum("gk,gkt->kt", output, lost)
    if first == 0:
        side[:, 0] += kept[:, 0] * then
    rows = p.add_rows("inertia", (len(running), len(later)), lower=side[running, first:])
    p.add(rows, d.idled[running, first:], 1.0)
    t = np.array([t for t in later if t > 0], dtype=int)
    built = np.arange(d.T)[None] < t[:, None]                                              # (t, built)
    for group, name in ((d.plants, "nation_generation"), (d.annual, "nation_activity")):
        d.nation_use[group] = d.of_nation(name, np.stack([_use(d, k) for k in group]))
    # plants give by weather what they give: their additions count by what they can give in a year
    d.nation_given = d.of_nation("nation_given", d.building[:, d.plants].transpose(1, 2, 0),
                                 output[:, d.plants].T[:, None, :])
    for i, k in enumerate(running):
        p.add(rows[i], d.nation_use[k, first:], 1.0)
        row = rows[i, t - first]
        p.add(row, d.nation_use[k, t - 1], -kept[k, t])
        gone = np.where(built, (d.vintage[k][:, t - 1] - d.vintage[k][:, t]).T, 0.0)
        if k in d.plants:
            added, gives = d.nation_given[list(d.plants).index(k)], 1.0
        else:
            added, gives = d.nation_built[k], float(output[0, k])
        p.add(row[:, None], added[None], kept[k, t, None] * gives * gone)
        # what was refitted since is gone from the source; what retired of earlier refits from the target
        risen = d.refits.moved[:, t] - d.refits.moved[:, t - 1]                            # (P, t)
        for own, less in ((d.refits.source == k, risen), (d.refits.target == k, -risen)):
            p.add(row[:, None], d.nation_refit[own][None],
                  kept[k, t, None] * float(output[0, k]) * np.maximum(less[own], 0.0).T)


def _use(d: Draft, k: int) -> np.ndarray:
    """(T, columns) whose sum is a year's activity of the nation."""
    block = d.generation[:, k] if k in d.plants else d.activity[:, k, :, None]
    return block.transpose(1, 0, 2).reshape(d.T, -1)


def _output(d: Draft) -> np.ndarray:
    """(G, K) what a unit of capacity gives in a year at most."""
    result = np.zeros((d.G, d.K))
    for k, key in enumerate(d.keys):
        if k in d.plants:
            result[:, k] = d.places.factor[:, k] @ d.places.hours / 1000.0
        else:
            result[:, k] = d.value(key, "activity_per_capacity") * d.value(key, "availability")
    return result


def _most(d: Draft, k: int) -> float:
    """Never less than what could be idled: a bound that does not bind, for the certificate."""
    product, G = d.product[k], d.G
    if product in PLACED:
        q = PLACED.index(product)
        return WIDE * max(float(r.total[q * G : (q + 1) * G].sum()) for r in d.requirements)
    if product in d.household:
        return WIDE * float(d.household[product].sum(axis=1).max())
    return UNPLACED


def _price(d: Draft, k: int) -> float:
    """10^8 yuan per unit of the technology's product."""
    base, product = d.study.base, d.product[k]
    if product == "electricity":
        return ELECTRICITY_PRICE
    if product in base.products:
        return float(base.product_price[base.products.index(product)])
    if product in d.study.catalogue.commodities:
        return d.study.catalogue.commodities[product].price
    # households' cars and homes, air capture: what a unit of output costs to install
    return d.value(d.keys[k], "capex", d.years[0]) / d.value(d.keys[k], "activity_per_capacity")
