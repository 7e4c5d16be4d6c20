"""A solved year in physical units: activity, products, energy and CO2 that go with a closed economy (E4, E8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.economy import YearEconomy, mixed
from model.energy_accounts import HOUSEHOLD_ELASTICITY, REFINED, YearEnergy

if TYPE_CHECKING:
    from model.study import Study

#: Products whose physical output is anchored in the energy accounts, and the fuels whose use drives it.
ENERGY_PRODUCTS = {
    "electricity": ("electricity",),
    "heat": ("heat",),
    "refined_fuel": REFINED,
    "coke_product": ("coke",),
}
HOUSEHOLD_PRODUCTS = ("passenger", "floor_space")


@dataclass(frozen=True)
class Year:
    """One solved year: activity (R, K) and production (R, all products) in physical units, energy and economy."""

    year: int
    economy: YearEconomy
    energy: YearEnergy
    activity: np.ndarray
    production: np.ndarray
    physical_price: np.ndarray


def household_activity(study: Study, t: int, people: np.ndarray, income: np.ndarray) -> np.ndarray:
    """(R, K) activity of cars and buildings: people, income and its elasticity, national shares spread."""
    activity = np.zeros_like(study.activity)
    for product in HOUSEHOLD_PRODUCTS:
        own = list(study.of_product.get(product, ()))
        if not own:
            continue
        elasticity = study.scenario.elasticity(product, "households")
        demand = study.activity[:, own].sum(axis=1) * people * income**elasticity
        given = None if study.own_mixes(t) is None else study.own_mixes(t)[:, own]
        shares = mixed(
            study.activity[:, own], np.zeros(len(own), bool), study.assumed.national_shares[t, own], demand, given
        )
        activity[:, own] = shares * demand[:, None]
    return activity


def physical(study: Study, t: int, economy: YearEconomy, per_unit: np.ndarray, household: np.ndarray) -> Year:
    """Physical output, activity, energy and CO2 from a closed economy."""
    base, year = study.base, study.assumed.years[t]
    x = economy.closed.output
    income = (study.assumed.gdp[t] / study.assumed.population[t]) / (base.gdp / base.population)
    people = study.assumed.population[t] / base.population
    index = residual_index(study, x, people, income)
    own_hydrogen = list(study.of_product.get("hydrogen", ()))
    hydrogen = base.fuels.index("hydrogen")
    mix = _hydrogen_mix(study, t, own_hydrogen)
    residual = per_unit * index[:, :, None]
    money = x[:, study.industries] / base.product_price
    activity = household.copy()
    scale = np.ones(len(base.products))
    shares = np.zeros_like(household)
    shares[:, study.in_industry] = economy.shares
    # Products that carry energy are anchored in the energy accounts: what is used must be made. Their own
    # technologies use energy too, so output and use are settled together.
    for _ in range(60):
        previous = scale.copy()
        for p, product in enumerate(base.products):
            own = list(study.of_product.get(product, ()))
            activity[:, own] = shares[:, own] * (money[:, p] * scale[p])[:, None]
        owned = study.accounts.technology_energy(activity, year)
        # Hydrogen is made where it is used.
        made = owned[:, :, hydrogen].sum(axis=1) / study.catalogue.energy_content("hydrogen")
        activity[:, own_hydrogen] = mix * made[:, None]
        owned = study.accounts.technology_energy(activity, year)
        national = residual.sum(axis=(0, 1)) + owned.sum(axis=(0, 1))
        start = study.accounts.use.sum(axis=(0, 1))
        for p, product in enumerate(base.products):
            if product in ENERGY_PRODUCTS:
                fuels = [base.fuels.index(f) for f in ENERGY_PRODUCTS[product]]
                use = national[fuels].sum() / start[fuels].sum()
                made = money[:, p].sum() / base.product_output[:, p].sum()
                scale[p] = use / made
        if np.abs(scale - previous).max() <= 1e-14:
            break
    energy = study.accounts.year(year, activity, residual, index * study.process_intensity[t])
    return Year(year, economy, energy, activity, money * scale, 1.0 / scale)


def _hydrogen_mix(study: Study, t: int, own: list[int]) -> np.ndarray:
    """(R, technologies) shares of hydrogen routes: a province's own, the nation's, else the base mix.

    Hydrogen is made where it is used, so mixes of provinces move the nation's.
    """
    target = study.assumed.national_shares[t, own]
    if np.isnan(target).any():
        base = study.national_base[own]
        target = base if base.sum() > 0 else np.eye(len(own))[0]
    mixes, given = np.repeat(target[None], len(study.base.regions), axis=0), study.own_mixes(t)
    return mixes if given is None else np.where(np.isnan(given[:, own]), mixes, given[:, own])


def process_index(study: Study, year: Year) -> np.ndarray:
    """(R, E) index of process CO2 outside the technologies in a solved year."""
    t = study.assumed.years.index(year.year)
    income = (study.assumed.gdp[t] / study.assumed.population[t]) / (study.base.gdp / study.base.population)
    people = study.assumed.population[t] / study.base.population
    return residual_index(study, year.economy.closed.output, people, income) * study.process_intensity[t]


def residual_index(study: Study, x: np.ndarray, people: np.ndarray, income: np.ndarray) -> np.ndarray:
    """(R, E) what residual energy follows: the remainder's output, for households people and income."""
    base = study.base
    S = len(base.sectors)
    index = np.ones((len(base.regions), len(base.energy_sectors)))
    member = base.membership
    for e in range(S):
        j = e if base.industries[e] == base.sectors[e] and base.output[:, e].sum() > 0 else None
        now = x[:, j] if j is not None else x @ member[:, e]
        then = base.output[:, j] if j is not None else base.output @ member[:, e]
        nation = now.sum() / then.sum()
        index[:, e] = nation
        np.divide(now, then, out=index[:, e], where=then > 0)
    index[:, S:] = (people * income**HOUSEHOLD_ELASTICITY)[:, None]
    return index
