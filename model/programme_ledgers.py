"""Balances of a coupled run counted a second time: from the programme's own arrays against the economy's accounts.

Nothing here reads a row of the programme or an account's own sum: flows are added up anew from activity, additions
and dispatch, fleets are aged year by year, and what the programme says meets what the economy of the year books.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.certificate import TOLERANCE, Ledger, ledger
from model.pathway.choice import STORAGE
from model.pathway.closing import generated
from model.pathway.places import VINTAGE_WIDTH
from model.pathway.product_trade import band_of, goods_of
from model.pathway.refits import AGE
from model.technology.stock import WEIBULL_SHAPE, cohort_survival, survival

if TYPE_CHECKING:
    from model.coupling import Coupled

#: A fuel whose use is less than this part of all energy counts as that part.
BARELY_USED = 1e-3


def programme_ledgers(coupled: Coupled) -> list[Ledger]:
    """Electricity by slice and year, energy and CO2 by fuel and place, storage of CO2, fleets by vintage."""
    met = max(TOLERANCE, coupled.study.scenario.coupling.tolerance)
    found = (
        ("electricity: made + received + discharged = load + charged + sent, by place and slice", "load of the slice",
         dispatch(coupled), TOLERANCE),
        ("electricity: the programme's generation = use in the economy's accounts, growth since base year", "TWh",
         generation(coupled), met),
        ("energy: programme's activity x intensity + sectors' own use = accounts, by place and fuel", "PJ of the fuel",
         energy(coupled), met),
        ("CO2: what the programme lets out = accounts of sectors less capture, by place", "national gross CO2",
         emissions(coupled), met),
        ("CO2: captured in the accounts = stored by the programme", "national gross CO2", stored(coupled), met),
        ("fleets: capacity = surviving vintages aged year by year", "capacity of the product", fleets(coupled),
         TOLERANCE),
    )
    if coupled.outer.iterate.assembled.draft.links is not None:
        found += (("product trade: moved in the programme = in the economy's flows, within the band",
                   "national output of the good", trade(coupled), met),)
    return [ledger(name, residual, f"relative to {unit}", where, independent=True, tolerance=tolerance)
            for name, unit, (residual, where), tolerance in found]


def _worst(miss: np.ndarray, scale: np.ndarray, *axes) -> tuple[float, str]:
    """Largest |miss| / scale and the labels of its place."""
    relative = np.abs(miss) / np.maximum(scale, 1e-9)
    if not relative.size:
        return 0.0, "nothing to check"
    at = np.unravel_index(int(np.argmax(relative)), relative.shape)
    return float(relative[at]), " ".join(str(axis[i]) for axis, i in zip(axes, at, strict=True))


def dispatch(coupled: Coupled) -> tuple[float, str]:
    """Every place and slice on its own: plants, stores, lines with their losses, and what is not served."""
    plan, places, years = coupled.plan, coupled.places, coupled.years[1:]
    supply = (plan.generation + plan.discharge - plan.charge).sum(axis=1) + plan.unserved          # (G, T, S)
    for line, (a, b) in enumerate(places.line_ends):
        kept = 1.0 - places.line_loss[line]
        for origin, goal, way in ((a, b, 0), (b, a, 1)):
            supply[origin] -= plan.flow[line, way]
            supply[goal] += kept * plan.flow[line, way]
    load = plan.electricity_use[:, :, None] * (places.load * places.hours / places.hours.sum())[:, None, :]
    return _worst(supply - load, load, places.names, [y.year for y in years], range(load.shape[2]))


def generation(coupled: Coupled) -> tuple[float, str]:
    """The nation's generation from dispatch, and electricity use of all sectors, both over the base year's."""
    study = coupled.study
    fuel = study.base.fuels.index("electricity")
    made = coupled.plan.generation.sum(axis=(0, 1, 3)) / generated(study, study.activity).sum()
    used = np.array([y.energy.use[:, :, fuel].sum() for y in coupled.years[1:]]) / study.accounts.use[:, :, fuel].sum()
    return _worst(made - used, used, [y.year for y in coupled.years[1:]])


def energy(coupled: Coupled) -> tuple[float, str]:
    """Fuels of the programme's activities at its own coefficients, and sectors' residual use, against the accounts.

    The outer loop settles technologies relative to their product, so a fuel of which they stopped using any is judged
    against a part of all energy.
    """
    study, member = coupled.study, coupled.places.member
    found = coupled.outer.iterate.requirements
    stores = [k for k, key in enumerate(study.keys) if key in STORAGE]
    miss, scale = [], []
    for t, year in enumerate(coupled.years[1:]):
        activity = coupled.plan.activity[:, :, t].copy()
        activity[:, stores] = 0.0
        owned = np.einsum("gk,gkf->gf", activity, found[t].intensity)
        account = member @ year.energy.use.sum(axis=1)
        miss.append(owned + member @ year.energy.residual.sum(axis=1) - account)
        of_fuel = np.abs(account).sum(axis=0)
        scale.append(np.maximum(of_fuel, BARELY_USED * of_fuel.sum())[None] + 0.0 * account)
    return _worst(np.stack(miss), np.stack(scale), [y.year for y in coupled.years[1:]], coupled.places.names,
                  study.base.fuels)


def emissions(coupled: Coupled) -> tuple[float, str]:
    """The programme's column of CO2 let out at each place, and the accounts' sum over sectors and fuels."""
    member = coupled.places.member
    account = np.stack([member @ (y.energy.co2.sum(axis=(1, 2)) - y.energy.captured.sum(axis=1))
                        for y in coupled.years[1:]], axis=1)
    return _worst(coupled.plan.net_co2 - account, _gross(coupled)[None] + 0.0 * account, coupled.places.names,
                  [y.year for y in coupled.years[1:]])


def stored(coupled: Coupled) -> tuple[float, str]:
    """What the accounts say was captured (less what is used again), and what the programme puts underground."""
    captured = np.array([y.energy.captured.sum() for y in coupled.years[1:]])
    return _worst(coupled.plan.injected.sum(axis=0) - captured, _gross(coupled), [y.year for y in coupled.years[1:]])


def trade(coupled: Coupled) -> tuple[float, str]:
    """Flows of goods of the year's economy less the base pattern with the year's competitiveness (E7), against what
    the programme moves and the scenario's band; what each province buys in all stays."""
    study, base = coupled.study, coupled.study.base
    draft, goods, R = coupled.outer.iterate.assembled.draft, goods_of(base), len(base.regions)
    band = band_of(study, draft.years, draft.lived)
    miss, scale = [], []
    for t, year in enumerate(coupled.years[1:]):
        moved = draft.links.table(coupled.plan.moved[:, t], len(goods), R)
        worst = np.zeros((len(goods), R))
        for p, good in enumerate(goods):
            i = base.industries.index(good)
            closed = year.economy.closed
            pattern = base.trade_shares[i] * (closed.kappa[:, None] if study.traded[i] else 1.0)
            pattern = pattern / pattern.sum(axis=0)
            price = base.product_price[base.products.index(good)]
            used = (year.economy.domestic[:, i] * closed.output).sum(axis=1) + year.economy.demand.fixed[:, i]
            used = (used + closed.chi * year.economy.demand.consumption[:, i]) / price
            flows = (closed.trade_shares[i] - pattern) * used
            beyond = np.maximum(np.abs(moved[p]) - band[t] * pattern * used, 0.0)
            worst[p] = np.maximum(np.abs(flows - moved[p]), beyond).sum(axis=0) + np.abs(moved[p].sum(axis=0))
        miss.append(worst)
        scale.append(np.stack([np.full(R, max(year.production[:, base.products.index(g)].sum(), 1e-9)) for g in goods]))
    return _worst(np.stack(miss), np.stack(scale), [y.year for y in coupled.years[1:]], goods, base.regions)


def _gross(coupled: Coupled) -> np.ndarray:
    return np.array([y.energy.co2.sum() for y in coupled.years[1:]])


def fleets(coupled: Coupled) -> tuple[float, str]:
    """Capacity of the nation against the base stock, all additions and refits, aged calendar year by calendar year.

    Plants and stores may be taken out of service, so only more than survives counts against them.
    """
    study, plan, years = coupled.study, coupled.plan, [y.year for y in coupled.years]
    standing = aged(study, years, plan.building.sum(axis=0)) + refitted(study, years, plan.refit.sum(axis=0))
    capacity = plan.capacity.sum(axis=0)
    power = [k for k, key in enumerate(study.keys) if study.catalogue.product(key) == "electricity"]
    miss = capacity - standing
    miss[power] = np.maximum(miss[power], 0.0)
    scale = np.empty_like(capacity)
    for own in study.of_product.values():
        scale[list(own)] = np.maximum(standing[list(own)].sum(axis=0), 1e-3)
    return _worst(miss, scale, study.keys, years[1:])


def aged(study, years, building: np.ndarray) -> np.ndarray:
    """(K, T) standing in years[1:]: base vintages and yearly additions (K, T) that run linearly between model years
    (even before the second one) or, by steps, belong to the step's end; cohorts survive by age."""
    stock, first = study.base.technology_stock, years[0]
    result = np.zeros((len(study.keys), len(years) - 1))
    for k, key in enumerate(study.keys):
        life = study.catalogue.lifetime(key)
        rows = stock[(stock["technology"] == key) & stock["region"].isin(study.base.regions)]
        for vintage, capacity in rows.groupby("vintage")["capacity"].sum().items():
            share = cohort_survival([vintage], [first, *years[1:]], life, width=VINTAGE_WIDTH, shape=WEIBULL_SHAPE)[0]
            overdue = np.clip(1.0 - (np.array(years[1:]) - first) / VINTAGE_WIDTH, 0.0, 1.0)
            result[k] += capacity * (np.minimum(share[1:] / share[0], 1.0) if share[0] > 1e-9 else overdue)
        for calendar in range(first + 1, years[-1] + 1):
            added = _yearly(study, years, building[k], calendar)
            result[k] += added * survival(np.array(years[1:]) - calendar, life, shape=WEIBULL_SHAPE)
    return result


def refitted(study, years, refit: np.ndarray) -> np.ndarray:
    """(K, T) what refits (K, T) of capacity a year, by target, add to stocks in years[1:] and take from others."""
    calendar = np.arange(years[0] + 1, years[-1] + 1)
    result = np.zeros((len(study.keys), len(years) - 1))
    for k, key in enumerate(study.keys):
        source = study.catalogue.technology(key).retrofit_of
        if not refit[k].any():
            continue
        life = study.catalogue.lifetime(source)
        rate = _yearly(study, years, refit[k], calendar)
        for t, year in enumerate(years[1:]):
            made = calendar[calendar <= year]
            alive = survival(year - made + AGE * life, life, shape=WEIBULL_SHAPE)
            stands = rate[: len(made)] @ (alive / survival(AGE * life, life, shape=WEIBULL_SHAPE))
            result[k, t] += stands
            result[study.keys.index(source), t] -= stands
    return result


def _yearly(study, years, rate: np.ndarray, calendar):
    """What is added in calendar years at rates given for years[1:]."""
    if study.scenario.economics.period_weights == "step":
        return rate[np.searchsorted(years[1:], calendar)]
    return np.interp(calendar, years[1:], rate)
