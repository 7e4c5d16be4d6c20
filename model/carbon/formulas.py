"""Two divisions that need no duals, laid beside the others: payments for embodied CO2, and an equalisation by formula.

Both are conventions. Users of goods pay the whole carbon price of what is emitted in other provinces for their final
use, by the tables of the year (`embodied_compensation`). The formula makes the cost per head the same everywhere, the
shape of general transfers with need by population (`fiscal_formula`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.carbon.consumption_based import embodied_co2
from model.carbon.negotiation import Run
from model.carbon.transfers import embodied_compensation, fiscal_formula
from model.year_table import table_of_year

if TYPE_CHECKING:
    from model.coupling import Coupled

#: Part of the carbon price that users pay to producers. assumed
USERS_PAY = 1.0
#: 1: the cost per head is the same everywhere. assumed
EQUALISED = 1.0
EMBODIED, FORMULA = "embodied carbon", "fiscal formula"


def by_formula(coupled: Coupled, run: Run) -> dict[str, np.ndarray]:
    """Receipts (R,) in present value by name; `EMBODIED` only where the run has a carbon price."""
    found = {FORMULA: fiscal_formula(run.population.mean(axis=0), -run.present(run.cost), EQUALISED)}
    if run.price.any():
        paid = [embodied_compensation(embodied_co2(table_of_year(coupled.study, year)), float(price), share=USERS_PAY)
                for year, price in zip(coupled.years[1:], run.price, strict=True)]
        found[EMBODIED] = run.present(np.array(paid))
    return found
