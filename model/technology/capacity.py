"""Capacity of a pathway programme: vintages, what stands, and activity within it (E6, E10)."""

from __future__ import annotations

import numpy as np

from model.programme import INFINITY
from model.technology.conventions import capital_weight
from model.technology.draft import Draft, add_activity, standing_share


def number_pairs(d: Draft) -> None:
    """Which (region, technology) pairs have a capacity; their costs, lives and vintages."""
    keys, p = ("region", "technology", "year"), d.problem
    d.investment = d.array("investment_costs", keys, np.nan)
    d.fixed = d.array("fixed_costs", keys, 0.0)
    d.life = d.array("lifetimes", keys, np.inf)
    has = ~np.isnan(d.investment).all(axis=2) | (d.fixed != 0).any(axis=2)
    existing = p.existing
    by_year = existing[existing["year"].notna()] if "year" in existing else existing.iloc[:0]
    by_vintage = existing[existing["vintage"].notna()] if "vintage" in existing else existing.iloc[:0]
    d.standing = d.array("existing", keys, 0.0, table=by_year.drop(columns="vintage", errors="ignore"))
    has |= d.covered("existing", existing)
    for born in sorted(by_vintage["vintage"].unique()) if len(by_vintage) else []:
        found = d.entries("existing", keys[:2], {"value": np.nan, "life": np.nan},
                          table=by_vintage[by_vintage["vintage"].eq(born)])
        r, k = found["region"], found["technology"]
        life = np.where(np.isnan(found.values["life"]), d.life[r, k, 0], found.values["life"])
        d.standing[r, k] += found.values["value"][:, None] * standing_share(d, k, np.full(len(r), float(born)), life)
    for name in ("limits", "growth"):
        table = getattr(p, name)
        if not table.empty:
            has |= d.covered(name, table[table["quantity"].ne("activity")])
    exists = (d.process_at >= 0).any(axis=2)
    d.pair_at = np.full(exists.shape, -1)
    where = np.argwhere(has & exists)
    d.pair_at[tuple(where.T)] = np.arange(len(where))
    d.pair = where                                                        # (Q, 2) region, technology
    q = tuple(where.T)
    d.investment, d.fixed, d.life, d.standing = (a[q] for a in (d.investment, d.fixed, d.life, d.standing))
    d.hurdle = d.array("discount_rates", ("region", "technology"), np.nan)[q][:, None]
    d.salvage = d.array("salvage", ("technology", "year"), 0.0)[where[:, 1]]
    units = p.technologies.get("capacity_to_activity")
    per_technology = np.ones(len(d.sets["technology"]))
    if units is not None:
        per_technology[: len(units)] = units.fillna(1.0)
    d.per_capacity = per_technology[where[:, 1]]                          # (Q,) activity a year per unit of capacity


def add_capacity(d: Draft) -> None:
    """New and standing capacity as columns; activity within them."""
    _new_capacity(d)
    pair_of = d.pair_at[d.process[:, 0], d.process[:, 1]]                  # (P,)
    tied = np.flatnonzero(pair_of >= 0)
    fine = np.unique(pair_of[tied[d.sliced[tied]]])
    limited = _named_pairs(d)
    _standing_rows(d, fine, limited)
    region, technology = d.pair[:, 0], d.pair[:, 1]
    share = d.array("availability", ("region", "technology", "year", "slice"), 1.0)[region, technology]
    annual = d.array("annual_availability", ("region", "technology", "year"), np.nan)[region, technology]
    _slice_rows(d, pair_of, tied, fine, share)
    # the year as a whole: technologies without slices, and sliced ones with an annual availability
    whole = np.union1d(np.unique(pair_of[tied[~d.sliced[tied]]]), fine[~np.isnan(annual[fine]).all(axis=1)]).astype(int)
    limit = d.per_capacity[whole, None] * (share[whole] @ d.share)
    _year_rows(d, pair_of, tied, whole, limit * np.where(np.isnan(annual[whole]), 1.0, annual[whole]))


def _new_capacity(d: Draft) -> None:
    count, years = d.investment.shape
    buildable = ~np.isnan(d.investment)
    d.capital = np.where(buildable, d.investment, 0.0)
    d.new_cost = d.capital * capital_weight(d.life, d.hurdle, d.salvage, d.times)
    d.new = d.programme.add_columns("new_capacity", (count, years), d.new_cost,
                                    upper=np.where(buildable, INFINITY, 0.0))
    born = np.broadcast_to(d.times.start, (count, years))
    technology = d.pair[:, 1]
    survival = np.zeros((count, years, years))
    for v in range(years):
        survival[:, v] = standing_share(d, technology, born[:, v], d.life[:, v])
    d.vintage = survival * d.times.capacity_per_new[None, :, None] * np.triu(np.ones((years, years)))


def _standing_rows(d: Draft, fine, limited) -> None:
    """Standing capacity, a column where slices, costs or other rows depend on it.

    It may stand below what survives where that saves a cost or meets a limit; elsewhere it is what
    survives, so that the figure reported is not an accident of the vertex.
    """
    costly = (d.fixed != 0).any(axis=1)
    needs = costly | limited | _supporting_pairs(d)
    needs[fine] = True
    d.standing_place = np.where(needs, np.cumsum(needs) - 1, -1)
    kept = np.flatnonzero(needs)
    years = len(d.times.years)
    d.capacity = d.programme.add_columns("capacity", (len(kept), years), d.fixed[kept] * d.times.operation_weight)
    free = (costly | limited)[kept] & (d.problem.conventions.retirement == "free")
    rows = d.programme.add_rows("standing", (len(kept), years), upper=d.standing[kept],
                                lower=np.where(free[:, None], -INFINITY, d.standing[kept]))
    d.programme.add(rows, d.capacity, 1.0)
    _add_vintages(d, rows, kept, -1.0)


def _slice_rows(d: Draft, pair_of, tied, fine, share) -> None:
    """Activity of a slice <= capacity x availability x the slice's share of the year."""
    rows = d.programme.add_rows("availability", (len(fine), len(d.times.years), len(d.share)), upper=0.0)
    slot = np.full(len(d.pair), -1)
    slot[fine] = np.arange(len(fine))
    mine = tied[d.sliced[tied]]
    d.programme.add(rows[slot[pair_of[mine]]], d.activity[d.place[mine]], 1.0)
    d.programme.add(rows, d.capacity[d.standing_place[fine]][:, :, None],
                    -d.per_capacity[fine][:, None, None] * share[fine] * d.share)


def _year_rows(d: Draft, pair_of, tied, whole, limit) -> None:
    """Activity of a year <= capacity x limit (pairs, Y); without a capacity column, of the vintages."""
    years = len(d.times.years)
    lean = d.standing_place[whole] < 0
    rows = d.programme.add_rows("annual_availability", limit.shape,
                                upper=np.where(lean[:, None], limit * d.standing[whole], 0.0))
    slot = np.full(len(d.pair), -1)
    slot[whole] = np.arange(len(whole))
    mine = tied[slot[pair_of[tied]] >= 0]
    r, y = np.repeat(slot[pair_of[mine]], years), np.tile(np.arange(years), len(mine))
    add_activity(d, rows[r, y], np.repeat(mine, years), y, 1.0)
    d.programme.add(rows[~lean], d.capacity[d.standing_place[whole[~lean]]], -limit[~lean])
    _add_vintages(d, rows[lean], whole[lean], -limit[lean])


def _add_vintages(d: Draft, rows, pairs, value) -> None:
    """Add surviving new capacity times value (pairs, Y) to rows (pairs, Y)."""
    value = np.broadcast_to(value, rows.shape)
    d.programme.add(rows[:, None, :], d.new[pairs][:, :, None], d.vintage[pairs] * value[:, None, :])


def _named_pairs(d: Draft) -> np.ndarray:
    """(Q,) pairs whose standing capacity a limit, growth bound or policy names."""
    named = np.zeros(len(d.pair), dtype=bool)
    for name in ("limits", "growth", "terms"):
        table = getattr(d.problem, name)
        if table.empty:
            continue
        named |= d.covered(name, table[table["quantity"].eq("capacity")])[tuple(d.pair.T)]
    return named


def _supporting_pairs(d: Draft) -> np.ndarray:
    """(Q,) pairs whose capacity counts as reserve or as the volume of a store."""
    stores = d.problem.stores
    stored = stores["technology"].dropna() if "technology" in stores else []
    supporting = np.isin(d.pair[:, 1], [d.sets["technology"].index(k) for k in stored])
    credited = d.entries("reserve_credits", ("region", "technology", "year"))
    pairs = d.pair_at[credited["region"], credited["technology"]]
    supporting[pairs[pairs >= 0]] = True
    return supporting
