"""Primary energy of a year: supply = uses - what transformation puts out, in both electricity conventions (E4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from io_tables.units import PJ_PER_MTCE, PJ_PER_TWH

if TYPE_CHECKING:
    from model.study import Study, Year

GROUPS = {
    "Coal": ("coal", "coke", "derived_gas"),
    "Oil": ("crude_oil", "gasoline", "kerosene", "diesel", "fuel_oil", "lpg", "other_petroleum"),
    "Gas": ("natural_gas",),
}
#: Grammes of coal equivalent per kWh by which non-fossil electricity counts; the thermal fleet's rate of 2020.
COAL_RATE = 302.5
NON_FOSSIL = ("nuclear", "hydro", "wind_onshore", "wind_offshore", "pv_utility", "pv_distributed")


def transformation_output(study: Study, year: Year) -> np.ndarray:
    """(R, E, F) PJ of coke, gas and oil products put out; follows what drives each in the base year.

    Coke ovens follow coke production, refineries refined fuel, furnace gas the coke used in metal smelting; heat and
    electricity are no primary groups and stay out.
    """
    base = study.base
    output = base.energy_output.copy()
    for fuel in ("heat", "electricity"):
        output[:, :, base.fuels.index(fuel)] = 0.0
    ratio = np.ones((*output.shape[:2], output.shape[2]))
    coking = base.sectors.index("Petroleum and coking")
    for fuels, product in ((("coke", "derived_gas"), "coke_product"), (GROUPS["Oil"], "refined_fuel")):
        p = base.products.index(product)
        then = base.product_output[:, p]
        change = np.divide(year.production[:, p], then, out=np.ones_like(then), where=then > 0)
        for fuel in fuels:
            ratio[:, coking, base.fuels.index(fuel)] = change
    coke = base.fuels.index("coke")
    metals = base.sectors.index("Metal smelting")
    then = study.accounts.use[:, metals, coke]
    change = np.divide(year.energy.use[:, metals, coke], then, out=np.ones_like(then), where=then > 0)
    ratio[:, metals, base.fuels.index("derived_gas")] = change
    return output * ratio


def gross_generation(study: Study) -> float:
    """Primary electricity of the base-year account over the non-fossil activity of the stock: gross over net."""
    base = study.base
    electricity = base.fuels.index("electricity")
    supplied = study.accounts.use[:, :, electricity].sum() - base.energy_output[:, :, electricity].sum()
    made = study.activity[:, [study.keys.index(k) for k in NON_FOSSIL if k in study.keys]].sum()
    return float(supplied / (made * PJ_PER_TWH))


def primary_energy(study: Study, year: Year) -> dict[str, np.ndarray]:
    """'Primary Energy|...' -> (R,) PJ by group and in total, in both conventions."""
    base = study.base
    supply = (year.energy.use - transformation_output(study, year)).sum(axis=1)
    result = {
        f"Primary Energy|{group}": supply[:, [base.fuels.index(f) for f in fuels]].sum(axis=1)
        for group, fuels in GROUPS.items()
    }
    non_fossil = year.activity[:, [study.keys.index(k) for k in NON_FOSSIL if k in study.keys]].sum(axis=1)
    non_fossil = non_fossil * gross_generation(study)
    biomass = supply[:, base.fuels.index("biomass")]
    fossil = sum(result.values())
    rate = COAL_RATE * PJ_PER_MTCE * 1e-3
    result["Primary Energy|Coal Equivalent"] = fossil + biomass + non_fossil * rate
    result["Primary Energy|Calorific"] = fossil + biomass + non_fossil * PJ_PER_TWH
    return result
