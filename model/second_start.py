"""The same run from another start: an equilibrium that hangs on where it began is no result (E12, E13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.pathway.choice import Choice, base_building, heat_by_product

if TYPE_CHECKING:
    from model.coupling import Coupled
    from model.study import Study

#: Products of which the base year made nothing and nothing need be made.
OPTIONAL = ("co2_removal",)


def base_mix(study: Study, before: Choice, years) -> Choice:
    """A choice far from most optima: every product made in every year as in the base year.

    before : gives what each province makes of every product; years : solved, they give the heat that is asked for.
    A province that made none takes the nation's mix, a product of which the nation made none its first technology.
    Additions stay at the base year's, nothing is lost on lines or in stores.
    """
    activity = before.activity.copy()
    for product, own in study.of_product.items():
        own = list(own)
        base = study.activity[:, own]
        nation = base.sum(axis=0)
        mix = nation / nation.sum() if nation.sum() > 0 else np.eye(len(own))[0]
        total = base.sum(axis=1, keepdims=True)
        shares = np.where(total > 0, base / np.where(total > 0, total, 1.0), mix)
        made = activity[1:, :, own].sum(axis=2, keepdims=True)
        activity[1:, :, own] = 0.0 if product in OPTIONAL else made * shares
    asked = np.stack([y.production[:, study.base.products.index("heat")] for y in years])
    heat = np.minimum(heat_by_product(study, activity), asked)
    heat[0] = before.chp_heat[0]
    building = np.repeat(base_building(study)[None], len(activity), axis=0)
    losses = np.zeros(activity.shape[:2])
    losses[0] = before.net_losses[0]
    return Choice(activity, heat, building, losses)


def second_start(coupled: Coupled) -> float:
    """Objective of the same run begun at the base year's mixes, relative to the first one's, less one."""
    from model.coupling import solve

    study = coupled.study
    again = solve(study.base, study.scenario, start=base_mix(study, coupled.choice, coupled.years),
                  catalogue=study.catalogue, resolution=coupled.resolution)
    return again.objective / coupled.objective - 1.0
