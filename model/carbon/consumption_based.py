"""Who uses what is emitted: the base year's CO2 by the province whose final use it serves, for rules of responsibility.

Quotas divide tonnes emitted in China, so only these are counted: what a province's own final use makes all provinces
emit, and what its households burn. Emissions abroad are nobody's here, and those for exports abroad are shared in
proportion to the rest, so that the provinces sum to the same nation in both accounts.
"""

from __future__ import annotations

import numpy as np

from io_tables.base_year import BaseYear
from io_tables.errors import InputError, Problem
from model.input_output.table_accounts import extension_total, table_accounts
from scenarios.carbon_section import Allocation


def embodied_co2(table: BaseYear) -> np.ndarray:
    """(R, R) Mt emitted by industries of a province (row) for the final use of each (column), gross of capture.

    Exports abroad are left out (Peters 2008, as `table_accounts`).
    """
    return table_accounts(table.mrio, {"co2": extension_total(table.mrio, "co2")}).totals.transfers[0]


def used_co2(table: BaseYear) -> np.ndarray:
    """(R,) Mt emitted in China for the final use of each province, its households' own included; gross of capture.

    The nation's sum lies below its emissions by what is emitted for exports.
    """
    return embodied_co2(table).sum(axis=0) + table.co2[:, len(table.sectors):].sum(axis=(1, 2))


def by_use(emissions, used) -> np.ndarray:
    """(R,) emissions of the territory laid on those who use the goods: in proportion to `used` (R,), same sum."""
    emissions, used = np.asarray(emissions, dtype=float), np.asarray(used, dtype=float)
    if used.shape != emissions.shape or not np.isfinite(used).all() or (used < 0).any() or not used.sum() > 0:
        raise InputError(Problem("carbon.allocation.accounting", "no consumption-based emissions to divide by",
                                 "allowed: 'production', or 'consumption' where the accounts have final use"))
    return emissions.sum() * used / used.sum()


def counted(emissions: np.ndarray, used, allocation: Allocation | None) -> np.ndarray:
    """(R,) Mt of the base year that the rules take, by the scenario's `accounting`: of the territory, or by use.

    used (R,) from `used_co2`, needed for 'consumption' only; InputError without it.
    """
    if allocation is None or allocation.accounting == "production":
        return emissions
    if used is None:
        raise InputError(Problem("carbon.allocation.accounting", "'consumption' needs the accounts of final use",
                                 "allowed here: 'production'"))
    return by_use(emissions, used)


def on_basis(path: np.ndarray, emissions: np.ndarray, territory: np.ndarray) -> np.ndarray:
    """A path of the territory (T, R) moved to other base-year emissions (R,) of the same sum; each year keeps its sum.

    What provinces emit for each other moves with the nation's emissions. assumed
    """
    return path + (emissions - territory) * (path.sum(axis=1, keepdims=True) / territory.sum())
