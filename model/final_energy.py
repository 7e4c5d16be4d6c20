"""Final energy of a year: what sectors and households use, without feedstock, transformation and making hydrogen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from model.study import Study, Year

#: Where hydrogen is a raw material (ammonia, methanol, ethylene), not a fuel.
FEEDSTOCK_OF_HYDROGEN = "Chemicals"


def final_energy(study: Study, year: Year) -> np.ndarray:
    """(R, E, F) PJ, electricity and heat calorific.

    Uses times the part of each carrier in each sector that was final in the base year; what makes hydrogen is
    transformation, and hydrogen of the chemical industry feedstock.
    """
    base, accounts = study.base, study.accounts
    making = np.zeros(len(study.keys), dtype=bool)
    making[list(study.of_product.get("hydrogen", ()))] = True
    owned = accounts.by_sector(np.where(making[:, None], year.energy.technology_energy, 0.0))
    final = np.maximum(year.energy.use - owned, 0.0) * accounts.final
    final[:, base.energy_sectors.index(FEEDSTOCK_OF_HYDROGEN), base.fuels.index("hydrogen")] = 0.0
    return final
