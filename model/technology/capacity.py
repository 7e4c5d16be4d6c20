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
    has |= (d.standing != 0).any(axis=2)
    for born in sorted(by_vintage["vintage"].unique()) if len(by_vintage) else []:
        found = d.entries("existing", keys[:2], {"value": np.nan, "life": np.nan},
                          table=by_vintage[by_vintage["vintage"].eq(born)])
        r, k = found["region"], found["technology"]
        life = np.where(np.isnan(found.values["life"]), d.life[r, k, 0], found.values["life"])
        d.standing[r, k] += found.values["value"][:, None] * standing_share(d, k, np.full(len(r), float(born)), life)
        has[r, k] = True
    for name in ("limits", "growth"):
        table = getattr(p, name)
        if not table.empty:
            table = table[table["quantity"].ne("activity")]
            found = d.entries(name, ("region", "technology"), {}, table=table.drop_duplicates(
                [c for c in ("region", "technology") if c in table]) if len(table) else table)
            has[found["region"], found["technology"]] = True
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
    """New and standing capacity; activity within it."""
    q_count, years = d.investment.shape
    buildable = ~np.isnan(d.investment)
    d.capital = np.where(buildable, d.investment, 0.0)
    d.new_cost = d.capital * capital_weight(d.life, d.hurdle, d.salvage, d.times)
    d.new = d.programme.add_columns("new_capacity", (q_count, years), d.new_cost,
                                    upper=np.where(buildable, INFINITY, 0.0))
    born = np.broadcast_to(d.times.start, (q_count, years))
    technology = np.broadcast_to(d.pair[:, [1]], born.shape)
    survival = np.stack([standing_share(d, technology[:, v], born[:, v], d.life[:, v]) for v in range(years)], axis=1) \
        if q_count else np.zeros((0, years, years))
    d.vintage = survival * d.times.capacity_per_new[None, :, None] * np.triu(np.ones((years, years)))  # (Q, V, Y)

    pair_of = d.pair_at[d.process[:, 0], d.process[:, 1]]                  # (P,)
    tied = np.flatnonzero(pair_of >= 0)
    needs = _needs_standing(d, pair_of, tied)
    d.standing_place = np.where(needs, np.cumsum(needs) - 1, -1)
    kept = np.flatnonzero(needs)
    fixed = d.fixed[kept] * d.times.operation_weight
    d.capacity = d.programme.add_columns("capacity", (len(kept), years), fixed)
    forced = d.problem.conventions.retirement == "none"
    rows = d.programme.add_rows("standing", (len(kept), years), lower=d.standing[kept] if forced else -INFINITY,
                                upper=d.standing[kept])
    d.programme.add(rows, d.capacity, 1.0)
    _add_vintages(d, rows, kept, -1.0)

    region, technology = d.pair[:, 0], d.pair[:, 1]
    share = d.array("availability", ("region", "technology", "year", "slice"), 1.0)[region, technology]
    annual = d.array("annual_availability", ("region", "technology", "year"), np.nan)[region, technology]
    full = d.per_capacity[:, None] * (share @ d.share)                     # (Q, Y) activity of a whole year
    # sliced technologies, slice by slice
    fine = np.unique(pair_of[tied[d.sliced[tied]]])
    rows = d.programme.add_rows("availability", (len(fine), years, len(d.share)), upper=0.0)
    slot = np.full(q_count, -1)
    slot[fine] = np.arange(len(fine))
    mine = tied[d.sliced[tied]]
    d.programme.add(rows[slot[pair_of[mine]]], d.activity[d.place[mine]], 1.0)
    d.programme.add(rows, d.capacity[d.standing_place[fine]][:, :, None],
                    -d.per_capacity[fine][:, None, None] * share[fine] * d.share)
    # the year as a whole: technologies without slices, and sliced ones with an annual availability
    coarse = np.unique(pair_of[tied[~d.sliced[tied]]])
    whole = np.union1d(coarse, fine[~np.isnan(annual[fine]).all(axis=1)]).astype(int)
    limit = full[whole] * np.where(np.isnan(annual[whole]), 1.0, annual[whole])
    free = d.standing_place[whole] < 0
    rows = d.programme.add_rows("annual_availability", limit.shape,
                                upper=np.where(free[:, None], limit * d.standing[whole], 0.0))
    slot = np.full(q_count, -1)
    slot[whole] = np.arange(len(whole))
    mine = tied[slot[pair_of[tied]] >= 0]
    r, y = np.repeat(slot[pair_of[mine]], years), np.tile(np.arange(years), len(mine))
    add_activity(d, rows[r, y], np.repeat(mine, years), y, 1.0)
    d.programme.add(rows[~free], d.capacity[d.standing_place[whole[~free]]], -limit[~free])
    _add_vintages(d, rows[free], whole[free], -limit[free])


def _add_vintages(d: Draft, rows, pairs, value) -> None:
    """Add surviving new capacity times value (pairs, Y) to rows (pairs, Y)."""
    value = np.broadcast_to(value, rows.shape)
    d.programme.add(rows[:, None, :], d.new[pairs][:, :, None], d.vintage[pairs] * value[:, None, :])


def _needs_standing(d: Draft, pair_of, tied) -> np.ndarray:
    """Pairs whose standing capacity is a variable of its own."""
    needs = np.zeros(len(d.pair), dtype=bool)
    needs[pair_of[tied[d.sliced[tied]]]] = True
    needs |= (d.fixed != 0).any(axis=1)
    p = d.problem
    for name in ("limits", "growth", "terms"):
        table = getattr(p, name)
        if not table.empty and "quantity" in table and table["quantity"].eq("capacity").any():
            table = table[table["quantity"].eq("capacity")]
            found = d.entries(name, ("region", "technology"), {}, table=table.drop_duplicates(
                [c for c in ("region", "technology") if c in table]))
            pairs = d.pair_at[found["region"], found["technology"]]
            needs[pairs[pairs >= 0]] = True
    credited = d.entries("reserve_credits", ("region", "technology", "year"))
    pairs = d.pair_at[credited["region"], credited["technology"]]
    needs[pairs[pairs >= 0]] = True
    stored = p.stores["technology"].dropna() if "technology" in p.stores else []
    needs |= np.isin(d.pair[:, 1], [d.sets["technology"].index(k) for k in stored])
    return needs
