"""Fleets: what stands, what may be built, and what limits growth and resources (E6, E10)."""

from __future__ import annotations

import numpy as np

from model.pathway.choice import CHP, CHP_HEAT
from model.pathway.draft import Draft
from model.pathway.lived import grown_as_lived
from model.programme import INFINITY

#: Technologies whose national resource is a table of years.
SCRAP = ("scrap_steel", "scrap_aluminium")
HOUSEHOLDS = ("passenger", "floor_space")


def add_fleet(d: Draft) -> None:
    """Activity within what stands, refitted or not; additions within growth, first years and potentials."""
    _standing(d)
    _growth(d)
    _resources(d)
    _limits(d)
    _household_demand(d)
    _hydrogen(d)


def _standing(d: Draft) -> None:
    G, p = d.G, d.programme
    d.vintage = np.stack([d.timing.standing(life)[1:, 1:] for life in d.life])        # (K, built T, standing T)
    d.standing_rows = np.full((G, d.K, d.T), -1)
    for name, group in (("annual_capacity", d.annual), ("capacity_standing", np.concatenate([d.plants, d.stores]))):
        output = np.ones(len(group))
        if name == "annual_capacity":
            output = np.array([d.value(d.keys[k], "activity_per_capacity") * d.value(d.keys[k], "availability")
                               for k in group])
        left = d.places.standing[:, group, 1:] * output[None, :, None]
        rows = p.add_rows(name, left.shape, upper=left)
        d.standing_rows[:, group] = rows
        p.add(rows, (d.activity if name == "annual_capacity" else d.capacity)[:, group], 1.0)
        for i, k in enumerate(group):
            p.add(rows[:, i, None, :], d.building[:, k, :, None], -output[i] * d.vintage[k][None])
            for own, sign in ((d.refits.target == k, -1.0), (d.refits.source == k, 1.0)):
                p.add(rows[:, i, None, :], d.refit[:, own, None], sign * output[i] * d.refits.moved[own][None])
    if CHP in d.keys:
        k = d.keys.index(CHP)
        rate = d.study.catalogue.outputs(CHP).get(CHP_HEAT, 0.0)
        rows = p.add_rows("chp_heat", (G, d.T), upper=0.0)
        p.add(rows, d.chp_heat, 1.0)
        p.add(rows[:, :, None], d.generation[:, k], -rate)


def _growth(d: Draft) -> None:
    """National additions a year grow from those before at most at the technology's rate, plus a seed."""
    rate = np.array([d.value(k, "growth_limit") for k in d.keys])
    seed = np.array([d.value(k, "seed_build") for k in d.keys])
    for k, key in enumerate(d.keys):
        limit = d.limit.get(key)
        if limit is not None and limit.growth_max is not None:
            rate[k] = limit.growth_max
    span = np.diff(d.timing.years)
    factor = (1.0 + rate)[:, None] ** span[None]                               # (K, T)
    side = seed[:, None] * span[None]
    side[:, 0] += factor[:, 0] * d.places.recent
    side = grown_as_lived(d, side)
    d.growth_rows = d.programme.add_rows("growth", (d.K, d.T), upper=side)
    d.nation_built = d.of_nation("nation_built", d.building.transpose(1, 2, 0))
    d.programme.add(d.growth_rows, d.nation_built, 1.0)
    d.programme.add(d.growth_rows[:, 1:], d.nation_built[:, :-1], -factor[:, 1:])
    # a refit adds to the target like a new plant
    d.nation_refit, refits = d.of_nation("nation_refit", d.refit.T), d.refits
    d.programme.add(d.growth_rows[refits.target, refits.year], d.nation_refit, 1.0 / refits.part)
    on = np.flatnonzero(refits.year < d.T - 1)
    k, after = refits.target[on], refits.year[on] + 1
    d.programme.add(d.growth_rows[k, after], d.nation_refit[on], -factor[k, after] / refits.part[on])


def _resources(d: Draft) -> None:
    base, study, p = d.study.base, d.study, d.programme
    fuel = base.fuels.index("biomass")
    used = study.accounts.technology_energy(study.activity, base.year)[:, :, fuel].sum(axis=1)
    most = np.maximum(d.places.biomass, d.places.member @ used)
    d.biomass_rows = p.add_rows("biomass", (d.G, d.T), upper=np.repeat(most[:, None], d.T, axis=1))
    _add_intensity(d, d.biomass_rows, lambda r, k: r.intensity[:, k, fuel])
    table = base.tables["resource_national"]
    d.scrap_rows = {}
    for item in SCRAP:
        rows = table[table["item"] == item]
        asked = {k: study.catalogue.inputs(key, base.year).get(item, 0.0) for k, key in enumerate(d.keys)}
        asked = {k: v for k, v in asked.items() if v > 0}
        if rows.empty or not asked:
            continue
        supply = np.interp(d.years, rows["year"].to_numpy(float), rows["value"].to_numpy(float))
        then = sum(v * study.activity[:, k].sum() for k, v in asked.items())
        d.scrap_rows[item] = p.add_rows(item, d.T, upper=np.maximum(supply, then))
        for k, amount in asked.items():
            p.add(d.scrap_rows[item][None], d.activity[:, k], amount)


def _add_intensity(d: Draft, rows: np.ndarray, of) -> None:
    """Add what each technology uses of something, per unit of its activity (G,), to rows (G, T)."""
    for k in range(d.K):
        amount = np.stack([of(r, k) for r in d.requirements], axis=1)
        if not amount.any():
            continue
        if k in d.plants:
            d.programme.add(rows[:, :, None], d.generation[:, k], amount[:, :, None])
        elif k in d.annual:
            d.programme.add(rows, d.activity[:, k], amount)


def _limits(d: Draft) -> None:
    """Bounds the scenario sets on single technologies."""
    p = d.programme
    index = {name: g for g, name in enumerate(d.places.names)}
    for key, limit in d.limit.items():
        k = d.keys.index(key)
        _bound_fleet(d, k, f"limit {key}", np.arange(d.G), limit)
        for province, own in limit.provinces.items():
            if province in index:
                _bound_fleet(d, k, f"limit {key} {province}", np.array([index[province]]), own)
        for t, year in enumerate(d.years):
            if limit.phase_out_year is not None and year >= limit.phase_out_year:
                rows = p.add_rows(f"phase-out {key} {year}", 1, upper=0.0)
                p.add(rows, _running(d, k, t), 1.0)
            for name, sign in (("share_min", -1.0), ("share_max", 1.0)):
                path = getattr(limit, name)
                if path is not None:
                    rows = p.add_rows(f"{name} {key} {year}", 1, upper=0.0)
                    p.add(rows, _running(d, k, t), sign)
                    for other in d.study.of_product[d.product[k]]:
                        p.add(rows, _running(d, other, t), -sign * path.at(year))


def _running(d: Draft, k: int, t: int) -> np.ndarray:
    return (d.generation[:, k, t] if k in d.plants else d.discharge[:, k, t] if k in d.stores
            else d.activity[:, k, t]).ravel()


def _bound_fleet(d: Draft, k: int, name: str, where: np.ndarray, limit) -> None:
    p = d.programme
    for kind in ("capacity_min", "capacity_max"):
        path = getattr(limit, kind)
        if path is None:
            continue
        for t, year in enumerate(d.years):
            value = path.at(year) - (0.0 if k not in d.annual else d.places.standing[where, k, t + 1].sum())
            low, high = (value, INFINITY) if kind == "capacity_min" else (-INFINITY, value)
            rows = p.add_rows(f"{name} {kind} {year}", 1, lower=low, upper=high)
            if k in d.annual:
                p.add(rows[:, None], d.building[where, k], d.vintage[k][:, t][None])
                for own, sign in ((d.refits.target == k, 1.0), (d.refits.source == k, -1.0)):
                    p.add(rows[:, None], d.refit[np.ix_(where, own)], sign * d.refits.moved[own, t][None])
            else:
                p.add(rows, d.capacity[where, k, t], 1.0)
    if limit.additions_max is not None:
        for t, year in enumerate(d.years):
            rows = p.add_rows(f"{name} additions_max {year}", 1, upper=limit.additions_max.at(year))
            p.add(rows, d.building[where, k, t], 1.0)
            own = np.flatnonzero((d.refits.target == k) & (d.refits.year == t))
            p.add(rows[:, None], d.refit[np.ix_(where, own)], 1.0 / d.refits.part[own])


def _household_demand(d: Draft) -> None:
    """Cars and homes: passenger-km and floor space asked by households."""
    d.household_rows = {}
    for product in HOUSEHOLDS:
        own = list(d.study.of_product.get(product, ()))
        if not own:
            continue
        asked = d.places.member @ d.household[product].T                         # (G, T + 1)
        rows = d.programme.add_rows(product, (d.G, d.T), lower=asked[:, 1:])
        d.household_rows[product] = rows
        for k in own:
            d.programme.add(rows, d.activity[:, k], 1.0)


def _hydrogen(d: Draft) -> None:
    """Hydrogen is made in the province that uses it."""
    d.hydrogen_rows = d.programme.add_rows("hydrogen", (d.G, d.T), lower=0.0, upper=0.0)
    for k in d.study.of_product.get("hydrogen", ()):
        d.programme.add(d.hydrogen_rows, d.activity[:, k], 1.0)
    _add_intensity(d, d.hydrogen_rows, lambda r, k: -r.hydrogen[:, k])
