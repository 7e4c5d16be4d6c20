"""Years already lived: fleets pinned to what statistics count (DESIGN: 2024 stocks are lower bounds)."""

from __future__ import annotations

import numpy as np

from model.pathway.draft import Draft
from model.programme import INFINITY

#: Last year whose fleets statistics count, and how far a model year may lie beyond it.
LAST_STOCK, REACH = 2024, 1
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
#: What a lower bound on a figure may miss by, relative: rounding in the statistics.
SLACK = 1e-6
#: Missing a statistic by a unit of capacity costs this many times its dearest investment, each year.
MISSED = 3.0


def last_lived(d_years, study) -> int:
    """Last model year that counts as lived; 0 where history is free."""
    lived = [y for y in d_years if y <= LAST_STOCK + REACH]
    return max(lived) if lived and study.scenario.technology.history == "pinned" else 0


def add_history(d: Draft) -> None:
    """Lower bounds at the last published stock; the nation's fleets also keep within their last yearly growth."""
    d.history_rows = []
    d.history_missed = []
    if not d.lived:
        return
    table = d.study.base.tables["technology_history"]
    t = d.years.index(d.lived)
    nation = table[table["region"] == "China"].pivot_table(index="item", columns="year", values="value")
    for item, members in FLEETS.items():
        own = [d.keys.index(k) for k in members if k in d.keys]
        if item not in nation.index or not own:
            continue
        series = nation.loc[item].dropna()
        series = series[series.index <= d.lived]
        last = int(series.index.max())
        value = float(series[last])
        grown = value
        if last < d.lived and last - 1 in series.index:
            grown = value + max(value - float(series[last - 1]), 0.0) * (d.lived - last)
        _bound(d, item, np.arange(d.G), own, t, value, max(grown, value))
        if d.G > 1:
            rows = table[(table["item"] == item) & (table["region"] != "China") & (table["year"] == last)]
            for region, amount in zip(rows["region"], rows["value"].astype(float), strict=True):
                if region in d.places.names and amount > 0:
                    _bound(d, f"{item} {region}", np.array([d.places.names.index(region)]), own, t, amount, INFINITY)


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
