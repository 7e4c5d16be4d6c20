"""Demand-side macro closure (E7): private consumption of each province moves until its GDP is met; trade stays."""

from __future__ import annotations

import numpy as np

from model.macro.closure import Closed, Demand, common_consumption, positive_exports
from model.macro.closure_programme import checked, lever_weights, meet_gdp, output_responses

#: Bounds of a province's private consumption, relative to what it would be at the nation's chi. assumed
CONSUMPTION_RANGE = (0.5, 2.0)


def close_demand(
    coefficients: np.ndarray,
    import_coefficients: np.ndarray,
    trade_shares: np.ndarray,
    demand: Demand,
    *,
    tolerance: float = 1e-10,
) -> Closed:
    """Find one consumption factor per province, chi and xi so that value added and the trade balance are met (E7).

    Arguments and result as in `closure.close`. chi keeps its closed form, so the factors average to one in the
    nation's consumption. xi is linear in the factors by the trade balance and is eliminated. Where a factor stands
    at CONSUMPTION_RANGE, provincial GDP is met up to `slack`; national GDP and the trade balance are always met.
    Raises Infeasible (nothing left for consumption or exports), NotConverged.
    """
    R = len(demand.gdp)
    chi = common_consumption(demand)
    exports_total = float(demand.exports.sum())
    # Right-hand sides: what is fixed; consumption of each province at chi; exports at xi = 1.
    local = np.empty((*demand.fixed.shape, R + 2))
    local[:, :, 0] = np.einsum("irs,si->ri", trade_shares, demand.fixed) + demand.inventories
    local[:, :, 1:-1] = np.einsum("irs,si->ris", trade_shares, chi * demand.consumption)
    local[:, :, -1] = demand.exports
    output = output_responses(coefficients, trade_shares, local)
    value_added = np.einsum("rj,rjn->rn", 1.0 - (coefficients + import_coefficients).sum(axis=1), output)
    imports = np.einsum("rj,rjn->n", import_coefficients.sum(axis=1), output)
    imports[0] += float((demand.fixed_imports + demand.inventory_imports).sum())
    imports[1:-1] += chi * demand.consumption_imports.sum(axis=1)

    # xi E = trade balance + imports: xi = xi_0 + xi_s' u.
    room = exports_total - imports[-1]
    xi_0, xi_s = (imports[0] + demand.trade_balance) / room, imports[1:-1] / room
    wanted = demand.gdp - value_added[:, 0] - xi_0 * value_added[:, -1]
    response = value_added[:, 1:-1] + np.outer(value_added[:, -1], xi_s)
    weights = lever_weights((demand.consumption + demand.consumption_imports).sum(axis=1))
    levers = meet_gdp(wanted, response, weights, *CONSUMPTION_RANGE)
    xi = positive_exports(float(xi_0 + xi_s @ levers.factor))
    use = np.concatenate([[1.0], levers.factor, [xi]])
    closed = Closed(
        output @ use,
        trade_shares,
        xi * demand.exports,
        np.ones(R),
        chi,
        xi,
        1,
        np.inf,
        levers.factor,
        np.ones(R),
        levers.slack,
    )
    return checked(closed, value_added @ use, float(imports @ use), demand, tolerance)
