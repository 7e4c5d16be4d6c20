"""Export-side macro closure (E7): exports abroad of each province move until its GDP is met; inner trade stays."""

from __future__ import annotations

import numpy as np

from model.macro.closure import Closed, Demand, common_consumption, positive_exports
from model.macro.closure_programme import checked, lever_weights, meet_gdp, output_responses

#: Exports of a province cannot turn negative; how much they may grow is not bounded.
EXPORT_RANGE = (0.0, np.inf)


def close_exports(
    coefficients: np.ndarray,
    import_coefficients: np.ndarray,
    trade_shares: np.ndarray,
    demand: Demand,
    *,
    tolerance: float = 1e-10,
) -> Closed:
    """Find one export factor per province, chi and xi so that value added and the trade balance are met (E7).

    Arguments and result as in `closure.close`. chi keeps its closed form; with it, national GDP is met exactly when
    the trade balance is. Deviations count from the one scale for all provinces that meets the trade balance. Where a
    factor stands at nought, provincial GDP is met up to `slack`. Raises Infeasible (nothing left for consumption or
    exports), NotConverged.
    """
    R = len(demand.gdp)
    chi = common_consumption(demand)
    use = demand.fixed + chi * demand.consumption
    # Right-hand sides: all that is used in China; exports of each province at scale 1.
    local = np.zeros((*demand.fixed.shape, R + 1))
    local[:, :, 0] = np.einsum("irs,si->ri", trade_shares, use) + demand.inventories
    local[np.arange(R), :, 1 + np.arange(R)] = demand.exports
    output = output_responses(coefficients, trade_shares, local)
    value_added = np.einsum("rj,rjn->rn", 1.0 - (coefficients + import_coefficients).sum(axis=1), output)
    imports = np.einsum("rj,rjn->n", import_coefficients.sum(axis=1), output)
    final_imports = demand.fixed_imports + chi * demand.consumption_imports + demand.inventory_imports
    imports[0] += float(final_imports.sum())

    by_province = demand.exports.sum(axis=1)
    room = float(by_province.sum() - imports[1:].sum())
    common = positive_exports((imports[0] + demand.trade_balance) / room)
    levers = meet_gdp(
        demand.gdp - value_added[:, 0], common * value_added[:, 1:], lever_weights(by_province), *EXPORT_RANGE
    )
    scale = common * levers.factor
    xi = float(scale @ by_province / by_province.sum())
    applied = np.concatenate([[1.0], scale])
    closed = Closed(
        output @ applied,
        trade_shares,
        scale[:, None] * demand.exports,
        np.ones(R),
        chi,
        xi,
        1,
        np.inf,
        np.ones(R),
        scale / xi,
        levers.slack,
    )
    return checked(closed, value_added @ applied, float(imports @ applied), demand, tolerance)
