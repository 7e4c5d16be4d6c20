"""Energy bought: what a change of energy use does to purchases of industries and households (E8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.energy_accounts import HOUSEHOLD_ELASTICITY, REFINED
from model.energy_paths import coefficient_factors

if TYPE_CHECKING:
    from model.study import Study

#: Which industries sell which fuels: their rows follow the energy accounts.
SELLERS = (
    (("coal",), ("Coal mining",)),
    (("coke", "derived_gas"), ("coke_product",)),
    (("crude_oil", "natural_gas"), ("Oil and gas extraction",)),
    (REFINED, ("refined_fuel",)),
    (("natural_gas",), ("Gas supply",)),
    (("electricity",), ("electricity", "Electricity and heat")),
    (("heat",), ("heat",)),
)


def input_factors(study: Study, per_unit: np.ndarray) -> np.ndarray:
    """(R, J, J) multipliers on the energy inputs of every industry that is not a product (E8)."""
    base = study.base
    R, J, S = len(base.regions), len(base.industries), len(base.sectors)
    factors = np.ones((R, J, J))
    change = _seller_change(study, study.accounts.residual, per_unit, study.accounts.use)
    for j, sector in enumerate(base.industry_sector):
        e = base.sectors.index(sector)
        if j < S:
            for group, (_, sellers) in enumerate(SELLERS):
                for seller in sellers:
                    if seller in base.industries:
                        factors[:, base.industries.index(seller), j] = change[:, e, group]
    return factors


def _seller_change(study: Study, before: np.ndarray, after: np.ndarray, account: np.ndarray) -> np.ndarray:
    """(R, E, groups) multiplier on what is bought from each group of SELLERS."""
    groups = tuple(np.array([study.base.fuels.index(f) for f in fuels]) for fuels, _ in SELLERS)
    return coefficient_factors(before, after, account, groups)


def household_factors(
    study: Study, t: int, per_unit: np.ndarray, activity: np.ndarray, people: np.ndarray, income: np.ndarray
) -> np.ndarray:
    """(R, 2, J): energy goods that rural and urban households buy, base year 1; NaN for all other goods."""
    base = study.base
    S = len(base.sectors)
    index = (people * income**HOUSEHOLD_ELASTICITY)[:, None, None]
    owned = study.accounts.technology_energy(activity, study.assumed.years[t])
    energy = per_unit * index + study.accounts.by_sector(owned)
    change = _seller_change(study, *(a[:, S:] for a in (study.accounts.use, energy, study.accounts.use)))
    factors = np.full((len(base.regions), 2, len(base.industries)), np.nan)
    for group, (_, sellers) in enumerate(SELLERS):
        for seller in sellers:
            if seller in base.industries:
                factors[:, :, base.industries.index(seller)] = change[:, :, group]
    return factors
