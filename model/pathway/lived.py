"""Years already lived: fleets, generation and routes of products pinned to what statistics say (DESIGN: history)."""

from __future__ import annotations

import numpy as np

from model.pathway.choice import CHP, CHP_HEAT
from model.pathway.draft import UNSERVED, Draft
from model.pathway.requirements_of_year import PLACED
from model.programme import INFINITY

#: Last year whose fleets statistics count by province, and how far a model year may lie beyond it.
LAST_STOCK, REACH = 2024, 1
NATION = "China"
#: Statistics by item of the history table: technologies that make up the figure.
FLEETS = {
    "capacity coal": ("coal_subcritical", "coal_supercritical", "coal_ultrasupercritical", "coal_chp", "coal_ccs"),
    "capacity gas": ("gas_power", "gas_ccs"), "capacity biomass": ("biomass_power", "biomass_ccs"),
    "capacity hydro": ("hydro", "pumped_hydro"), "capacity pumped hydro": ("pumped_hydro",),
    "capacity nuclear": ("nuclear",), "capacity wind": ("wind_onshore", "wind_offshore"),
    "capacity offshore wind": ("wind_offshore",), "capacity solar": ("pv_utility", "pv_distributed"),
    "capacity distributed solar": ("pv_distributed",), "capacity new storage": ("battery",),
    "stock new-energy vehicles": ("passenger_phev", "passenger_bev", "passenger_fcev"),
    "stock battery electric vehicles": ("passenger_bev",),
}
COUNTED = frozenset(k for members in FLEETS.values() for k in members)
#: Generation by item; official hydropower includes what pumped storage gives.
GENERATION = {
    "generation hydro nuclear wind solar": (
        "hydro", "nuclear", "wind_onshore", "wind_offshore", "pv_utility", "pv_distributed"),
    "generation hydro": ("hydro",), "generation nuclear": ("nuclear",),
    "generation wind": ("wind_onshore", "wind_offshore"), "generation solar": ("pv_utility", "pv_distributed"),
    "generation gas": ("gas_power", "gas_ccs"), "generation biomass": ("biomass_power", "biomass_ccs"),
}
#: Products whose routes are pinned; what no statistic says keeps the mix of the base year. Road vehicles follow fleets.
ROUTES = ("steel", "aluminium", "cement", "glass", "ammonia", "methanol", "ethylene", "paper", "heat", "floor_space")
#: Part by which a figure of each status may be missed either way: rounding, scope, and what an estimate is worth.
#: assumed
BAND = {"official": 0.005, "derived": 0.02, "estimated": 0.03, "assumed": 0.05}
#: Part of a product that a route without a share of its own may have begun to make. assumed
BEGUN = 0.005
#: Kinds of coal plant that share the load, and the least part of its hours of the base year each runs: no statistic
#: says how coal power divides among them, but none stood idle. assumed
COAL, RUNNING = ("coal_subcritical", "coal_supercritical", "coal_ultrasupercritical", "coal_chp"), 0.9
#: What a lower bound on a figure may miss by, relative: rounding in the statistics.
SLACK = 1e-6
#: Missing a statistic by a unit of capacity or output costs this many times what it is worth, each year.
MISSED = 3.0


def last_lived(d_years, study) -> int:
    """Last model year that counts as lived; 0 where history is free."""
    lived = [y for y in d_years if y <= LAST_STOCK + REACH]
    return max(lived) if lived and study.scenario.technology.history == "pinned" else 0


def grown_as_lived(d: Draft, side: np.ndarray) -> np.ndarray:
    """Limits of growth side (K, T) with history's own in lived years: fleets that are counted grew as they did, routes
    of pinned products at least by what their output took; those that end with it by no more."""
    side = side.copy()
    past = [t for t, year in enumerate(d.years) if year <= d.lived]
    side[np.ix_([k for k, key in enumerate(d.keys) if key in COUNTED], past)] = INFINITY
    if d.lived == d.years[0]:
        for product, own, shares, bands in _shares(d, 0):
            for i, k in enumerate(own):
                output = d.value(d.keys[k], "activity_per_capacity") * d.value(d.keys[k], "availability")
                needed = _most(shares[i], bands[i]) * _made(d, product, 0) / output - d.places.standing[:, k, 1].sum()
                limit = d.limit.get(d.keys[k])
                ends = limit is not None and limit.last_build_year is not None and limit.last_build_year <= d.lived
                side[k, 0] = max(needed / d.vintage[k][0, 0], 0.0 if ends else side[k, 0])
    return side


def add_history(d: Draft) -> None:
    """Fleets, generation and routes of the last lived year as statistics have them; misses are bought off."""
    d.history_rows = []
    d.history_missed = []
    if not d.lived:
        return
    t = d.years.index(d.lived)
    _fleets(d, t)
    _generation(d, t)
    _coal(d, t)
    _routes(d, t)


def _fleets(d: Draft, t: int) -> None:
    """Published stocks: the figure of the year, or at least the last one and at most one more year like it."""
    for item, members in FLEETS.items():
        own = [d.keys.index(k) for k in members if k in d.keys]
        regions = {region: {year: value for year, (value, _) in series.items() if year <= d.lived}
                   for region, series in _statistics(d).get(item, {}).items()}
        series = regions.pop(NATION, {})
        if not series or not own:
            continue
        last = max(series)
        value = grown = series[last]
        if last < d.lived and last - 1 in series:
            grown = value + max(value - series[last - 1], 0.0) * (d.lived - last)
        _bound(d, item, np.arange(d.G), own, t, value, max(grown, value))
        if d.G > 1:
            last = max((year for series in regions.values() for year in series), default=None)
            for region, series in regions.items():
                if region in d.places.names and series.get(last, 0.0) > 0:
                    place = np.array([d.places.names.index(region)])
                    _bound(d, f"{item} {region}", place, own, t, series[last], INFINITY)


def _bound(d: Draft, name: str, where: np.ndarray, own: list[int], t: int, low: float, high: float) -> None:
    """In use >= low, standing <= high; what cannot be met is bought off and reported."""
    p = d.programme
    dearest = max(d.value(d.keys[k], "capex", d.lived) for k in own)
    largest = high if high < INFINITY else 10 * low
    missed = p.add_columns(f"missed {name}", 2, MISSED * dearest * d.weight[t], upper=largest)
    left = sum(d.places.standing[where, k, t + 1].sum() for k in own)
    most = p.add_rows(f"history {name} most", 1, upper=max(high * (1 + SLACK), low) - left)
    p.add(most, missed[1:], -1.0)
    in_use = sum(d.places.standing[where, k, t + 1].sum() for k in own if k in d.annual)
    least = p.add_rows(f"history {name} least", 1, lower=low * (1 - SLACK) - in_use)
    p.add(least, missed[:1], 1.0)
    shape = (len(where), t + 1)
    for k in own:
        built = np.broadcast_to(d.vintage[k][: t + 1, t], shape)
        p.add(np.broadcast_to(most, shape), d.building[where, k, : t + 1], built)
        if k in d.annual:
            p.add(np.broadcast_to(least, shape), d.building[where, k, : t + 1], built)
        else:
            p.add(np.broadcast_to(least, len(where)), d.capacity[where, k, t], 1.0)
    d.history_rows.append(name)


def _statistics(d: Draft) -> dict[str, dict[str, dict[int, tuple[float, str]]]]:
    """The history table as item -> region -> year -> (value, status), read once for a programme."""
    if d.statistics is None:
        d.statistics = {}
        table = d.study.base.tables["technology_history"]
        columns = (table[name].tolist() for name in ("item", "region", "year", "value", "status"))
        for item, region, year, value, status in zip(*columns, strict=True):
            d.statistics.setdefault(item, {}).setdefault(region, {})[year] = value, status
    return d.statistics


def _nation(d: Draft, item: str) -> dict[int, tuple[float, str]]:
    return _statistics(d).get(item, {}).get(NATION, {})


def _published(d: Draft, item: str) -> tuple[float, float] | None:
    """(value, band) of the last figure within reach of the lived year and not after it."""
    found = [(year, value, BAND[status]) for year, (value, status) in _nation(d, item).items()
             if d.lived - REACH <= year <= d.lived and status in BAND]
    return max(found)[1:] if found else None


def _row(d: Draft, name: str, parts, low: float, high: float, worth: float, largest: float) -> None:
    """low <= sum of (columns, factor) <= high, missed at a penalty, at most by `largest`."""
    p = d.programme
    missed = p.add_columns(f"missed {name}", 2, MISSED * worth * d.weight[d.years.index(d.lived)], upper=largest)
    row = p.add_rows(f"history {name}", 1, lower=low, upper=high)
    for columns, factor in parts:
        p.add(np.broadcast_to(row, columns.size), columns.ravel(), factor)
    p.add(row, missed[:1], 1.0)
    p.add(row, missed[1:], -1.0)
    d.history_rows.append(name)


def _generation(d: Draft, t: int) -> None:
    for item, members in GENERATION.items():
        own = [d.keys.index(k) for k in members if k in d.keys]
        found, then = _published(d, item), _nation(d, item).get(d.study.base.year)
        if found and own and then:
            # Generation of the base year is counted as it reaches users: statistics say how it has grown since.
            value, band = found[0] / then[0] * d.study.activity[:, own].sum(), found[1]
            _row(d, item, [(d.generation[:, k, t], 1.0) for k in own], value * (1 - band), value * (1 + band),
                 UNSERVED, value)


def _coal(d: Draft, t: int) -> None:
    stock = d.study.base.technology_stock
    technology, capacity, activity = (stock[c].to_numpy() for c in ("technology", "capacity", "activity"))
    for key in COAL:
        own = technology == key
        stands = float(capacity[own].sum())
        if key not in d.keys or stands <= 0:
            continue
        k = d.keys.index(key)
        made = float(activity[own].sum())
        hours = made / stands
        parts = [(d.generation[:, k, t], 1.0), (d.capacity[:, k, t], -RUNNING * hours)]
        _row(d, f"hours {key}", parts, 0.0, INFINITY, UNSERVED, made)


def _shares(d: Draft, t: int):
    """(product, its technologies, shares, bands) of every pinned product: published, else as in the base year."""
    study = d.study
    for product in ROUTES:
        own = list(study.of_product.get(product, ()))
        if len(own) < 2:
            continue
        made = study.activity[:, own].sum(axis=0)
        total = max(made.sum(), _base_heat(d) if product == CHP_HEAT else 0.0)
        if total <= 0:
            continue
        shares, bands = made / total, np.full(len(own), BAND["assumed"])
        said = {i: _published(d, f"share {d.keys[k]}") for i, k in enumerate(own)}
        said = {i: found for i, found in said.items() if found}
        rest = [i for i in range(len(own)) if i not in said]
        if said and shares[rest].sum() > 0:
            shares[rest] *= (shares.sum() - sum(value for value, _ in said.values())) / shares[rest].sum()
            for i, (value, band) in said.items():
                shares[i], bands[i] = value, band
        yield product, own, shares, bands


def _most(share: float, band: float) -> float:
    return share * (1.0 + band) + BEGUN


def _base_heat(d: Draft) -> float:
    base = d.study.base
    return float(base.product_output[:, base.products.index(CHP_HEAT)].sum()) if CHP_HEAT in base.products else 0.0


def _made(d: Draft, product: str, t: int) -> float:
    """What the nation's economy asks of a product in a year."""
    if product in d.household:
        return float(d.household[product][t + 1].sum())
    q = PLACED.index(product)
    return float(d.requirements[t].total[q * d.G : (q + 1) * d.G].sum())


def _routes(d: Draft, t: int) -> None:
    """Each route makes its share of the product, published or as in the base year, within the band."""
    for product, own, shares, bands in _shares(d, t):
        chosen = [d.activity[:, k, t] for k in own]
        if product == CHP_HEAT and CHP in d.keys:
            chosen.append(d.chp_heat[:, t])
        worth, total = max(_worth(d, k, t) for k in own), _made(d, product, t)
        for i, k in enumerate(own):
            for side, part, low, high in (("least", shares[i] * (1 - bands[i]), 0.0, INFINITY),
                                          ("most", _most(shares[i], bands[i]), -INFINITY, 0.0)):
                parts = [(d.activity[:, k, t], 1.0), *((columns, -part) for columns in chosen)]
                if part > 0:
                    _row(d, f"share {d.keys[k]} {side}", parts, low, high, worth, total)


def _worth(d: Draft, k: int, t: int) -> float:
    """10^8 yuan per unit made: the price of the product, or what its technology costs."""
    base, product = d.study.base, d.product[k]
    price = float(base.product_price[base.products.index(product)]) if product in base.products else 0.0
    built = d.value(d.keys[k], "capex", d.lived) / d.value(d.keys[k], "activity_per_capacity")
    return max(price, built + float(d.cost[t, :, k].max()))
