"""From one national table to 31 provinces that trade: coefficients, final demand, exports and trade (E2, E3).

The steps in order: inventories and exports stay with the producer; input coefficients by province; final use;
own use, then flows between provinces. Every national row, column and final category is met, every province's
spending, production and trade close. The result keeps the factors of ``io_tables.base_year.BaseYear``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calibration.electricity_trade import ElectricityTrade, electricity_trade, read_facts
from calibration.final_demand import final_demand, local_final_use
from calibration.interprovincial_trade import (
    MAX_ITERATIONS,
    distances,
    exports_by_origin,
    room_for_trade,
    self_use,
    spread_by_gravity,
    trade_shares,
)
from calibration.provincial_coefficients import Coefficients, provincial_coefficients, supplier_tilt
from calibration.trade_facts import TradeFacts, read_trade_facts, relative_propensity
from io_tables.balancing import ras
from io_tables.classification import provinces
from io_tables.errors import InputError, Problem

if TYPE_CHECKING:
    from calibration.national_table import NationalTable
    from calibration.provincial_accounts import ProvincialAccounts

TOLERANCE = 1e-11
#: Exports follow the observed propensity of a province; beyond this factor from the nation it is cut.
EXPORT_BOUND = 20.0
#: The import content of a province's use follows half (in logarithms) of its observed excess over expectation.
IMPORT_EXPONENT, IMPORT_BOUND = 0.5, 9.0
#: Use of goods known by province (local goods, electricity) is approached to this relative gap, then closed exactly.
KNOWN_USE_GAP, KNOWN_USE_PASSES, KNOWN_USE_TOLERANCE = 2e-3, 40, 1e-5
#: The industry whose flows follow the transmission matrix.
ELECTRICITY = "electricity"
#: Share of every pair in the prior of electricity in money: keeps it solvable where power costs more than elsewhere.
TRACE = 1e-6


@dataclass(frozen=True)
class Diagnostics:
    """What a reader should know about the estimate; money in 10^8 yuan."""

    net_outflow: np.ndarray  #: (R,) goods and services sent to less received from other provinces
    outflow: np.ndarray  #: (R, J) sent to other provinces
    inflow: np.ndarray  #: (R, J)
    spending_ratio: np.ndarray  #: (R, C) final spending over the estimate from GDP and population
    local_goods: tuple[str, ...]  #: used where produced; their final use is what industries leave
    local_final_use: np.ndarray  #: (R, L) that residual
    electricity: ElectricityTrade  #: physical exchange: node residual, share of pair volume moved
    electricity_money_change: float  #: sum |flow - traced flow at the same total| / total, off the diagonal
    iterations: dict[str, int]
    residual: float  #: largest relative residual of any margin
    assumed: tuple[str, ...]  #: factors that rest on an assumption


@dataclass(frozen=True)
class Regional:
    """The provinces in factors (see BaseYear): R regions, J industries, C final categories. 10^8 yuan."""

    output: np.ndarray  #: (R, J)
    value_added: np.ndarray  #: (4, R, J)
    domestic_coefficients: np.ndarray  #: (R, J, J) [s, i, j]
    import_coefficients: np.ndarray  #: (R, J, J)
    final_use: np.ndarray  #: (R, J, C)
    final_imports: np.ndarray  #: (R, J, C)
    inventories: np.ndarray  #: (R, J)
    inventory_imports: np.ndarray  #: (R, J)
    exports: np.ndarray  #: (R, J)
    trade_shares: np.ndarray  #: (J, R, R) [i, origin, destination]
    diagnostics: Diagnostics

    @property
    def supply(self) -> np.ndarray:
        """S_i[r] (R, J): output for use in China."""
        return self.output - self.exports - self.inventories

    @property
    def demand(self) -> np.ndarray:
        """D_i[s] (R, J): Chinese goods used in a province, inventories apart."""
        return np.einsum("sij,sj->si", self.domestic_coefficients, self.output) + self.final_use.sum(axis=2)

    @property
    def imports(self) -> np.ndarray:
        """Foreign goods used in a province (R, J)."""
        used = np.einsum("sij,sj->si", self.import_coefficients, self.output)
        return used + self.final_imports.sum(axis=2) + self.inventory_imports


def regionalise(
    national: NationalTable, accounts: ProvincialAccounts, facts: TradeFacts | None = None,
    power: ElectricityTrade | None = None,
) -> Regional:
    """Estimate the provinces (E2, E3) from the national table and provincial value added and output (E1).

    `facts` and `power` default to the embedded tables. Raises InputError when accounts and table disagree,
    NotConverged or Infeasible naming the step.
    """
    facts = facts or read_trade_facts(national.industries, national.industry_sector)
    power = power or electricity_trade(read_facts())
    output, value_added = accounts.output, accounts.value_added
    _same_totals(national, output, value_added)
    inventories = _by_share(national.inventories, output)
    before_exports = output - inventories
    if (before_exports < 0).any():
        raise InputError(Problem("inventories", "an inventory change exceeds provincial output"))
    propensity = relative_propensity(facts.export_shares, before_exports, EXPORT_BOUND, national.exports)
    exports = exports_by_origin(before_exports, national.exports, propensity)
    supply = before_exports - exports

    import_tilt = _import_tilt(national, output, facts)
    known, target = _known_use(national, facts, supply, power)
    tilt = supplier_tilt(output)
    # Tibet has no provincial table of its own to learn from: it buys in the pattern of its neighbour.
    tilt[provinces().index("Tibet")] = tilt[provinces().index("Qinghai")]
    coefficients, tilt = _coefficients(
        national, output, value_added.sum(axis=0), tilt, import_tilt, known, target, facts
    )
    local = facts.local
    taken = np.einsum("sij,sj->si", coefficients.domestic, output)
    left, passes, worst = local_final_use((supply - taken)[:, local], national.final[local], facts.final_shares)
    final = final_demand(national.final, national.final_imports, facts.final_shares, tilt, import_tilt, local, left)
    demand = taken + final.domestic.sum(axis=2)
    imported = np.einsum("sij,sj->si", coefficients.imported, output) + final.imported.sum(axis=2)
    inventory_imports = _by_share(national.inventory_imports, imported)

    flows, trade_passes, trade_worst, power_change = _flows(national, supply, demand, facts, power)
    sent = flows.sum(axis=2) - np.einsum("irr->ir", flows)
    received = flows.sum(axis=1) - np.einsum("irr->ir", flows)
    diagnostics = Diagnostics(
        (sent - received).sum(axis=0), sent.T, received.T, final.spending_ratio,
        tuple(np.array(national.industries)[local]), left.sum(axis=2), power, power_change,
        {"coefficients": coefficients.iterations, "local goods": passes, "final use": final.iterations,
         "trade": trade_passes},
        max(coefficients.residual, worst, final.residual, trade_worst),
        ("distance exponents of trade", "which goods are local", "even weight of the two views of cross-hauling",
         "inventory change in proportion to output", "exchange of electricity with Tibet"),
    )
    return Regional(
        output, value_added, coefficients.domestic, coefficients.imported, final.domestic, final.imported,
        inventories, inventory_imports, exports, trade_shares(flows), diagnostics,
    )


def _same_totals(national, output, value_added) -> None:
    problems = []
    for name, ours, theirs in (("output", output.sum(axis=0), national.output),
                               ("value added", value_added.sum(axis=(0, 1)), national.value_added.sum(axis=0))):
        gap = np.abs(ours - theirs) / np.maximum(theirs, 1e-9)
        problems += [
            Problem(f"provincial {name}", f"{national.industries[j]} sums to {ours[j]:.6g}, nation {theirs[j]:.6g}",
                    "scale the provinces to the national table")
            for j in np.flatnonzero(gap > 1e-9)
        ]
    if problems:
        raise InputError(problems)


def _by_share(national: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """National (J,) spread over provinces in proportion to weight (R, J); over all alike where weights are zero."""
    total = weight.sum(axis=0)
    even = np.full_like(weight, 1.0 / len(weight))
    return national * np.divide(weight, total, out=even, where=total > 0)


def _import_tilt(national, output, facts) -> np.ndarray:
    """(R, J) factor on the imported share of use, from observed imports over those the nation's pattern implies."""
    pattern = np.divide(national.Zm, national.output, out=np.zeros_like(national.Zm), where=national.output > 0)
    expected = output @ pattern.T + facts.final_shares @ national.final_imports.T
    weight = national.Zm.sum(axis=1) + national.final_imports.sum(axis=1)
    return relative_propensity(facts.import_shares, expected, IMPORT_BOUND, weight) ** IMPORT_EXPONENT


def _known_use(national, facts, supply, power) -> tuple[np.ndarray, np.ndarray]:
    """Which commodities' use by province is known (J,) bool, and that use (R, J): local supply, power consumption."""
    known = facts.local.copy()
    target = supply.copy()
    if ELECTRICITY in national.industries:
        i = national.industries.index(ELECTRICITY)
        known[i] = True
        use = power.origin.sum(axis=0)
        target[:, i] = supply[:, i].sum() * use / use.sum()
    return known, target


def _coefficients(
    national, output, value_added, tilt, import_tilt, known, target, facts
) -> tuple[Coefficients, np.ndarray]:
    """Coefficients whose use of the `known` goods, final use included, approaches `target`; and the tilt reached."""
    tilt = tilt.copy()
    pattern = np.divide(national.Zd, national.output, out=np.zeros_like(national.Zd), where=national.output > 0)
    final = facts.final_shares @ national.final.T
    expected = output @ pattern.T + final
    tilt[:, known] = np.divide(target, expected, out=np.ones_like(target), where=expected > 0)[:, known]

    def balance(tolerance: float) -> Coefficients:
        return provincial_coefficients(
            national.Zd, national.Zm, output, value_added, tilt, import_tilt, tolerance=tolerance
        )

    for _ in range(KNOWN_USE_PASSES):
        found = balance(KNOWN_USE_TOLERANCE)
        used = np.einsum("sij,sj->si", found.domestic, output) + _tilted(final, tilt)
        ratio = np.divide(target, used, out=np.ones_like(target), where=used > 0)[:, known]
        material = target[:, known] > 1e-6 * target[:, known].sum(axis=0)
        if np.abs(ratio - 1)[material].max(initial=0.0) <= KNOWN_USE_GAP:
            break
        tilt[:, known] *= ratio
    return balance(TOLERANCE), tilt


def _tilted(final: np.ndarray, tilt: np.ndarray) -> np.ndarray:
    """Final use (R, J) tilted by province, national sums kept."""
    tilted = final * tilt
    total = tilted.sum(axis=0)
    return tilted * np.divide(final.sum(axis=0), total, out=np.ones_like(total), where=total > 0)


def _flows(national, supply, demand, facts, power) -> tuple[np.ndarray, int, float, float]:
    """Flows (J, R, R): local goods at home, electricity by the transmission matrix, the rest by own use and gravity."""
    known = provinces()
    longitude, latitude = (np.array([float(v) for v in known.attribute(name)]) for name in ("longitude", "latitude"))
    own = self_use(supply, demand, facts.self_use_share, facts.cross_hauling)
    own = room_for_trade(own, supply, demand)
    own[:, facts.local] = np.minimum(supply, demand)[:, facts.local]
    transmitted = np.zeros(len(national.industries), dtype=bool)
    if ELECTRICITY in national.industries:
        transmitted[national.industries.index(ELECTRICITY)] = True
    own[:, transmitted] = np.minimum(supply, demand)[:, transmitted]
    gravity = ~facts.local & ~transmitted
    table = np.zeros((len(gravity), len(supply), len(supply)))
    spread = spread_by_gravity(own[:, gravity], supply[:, gravity], demand[:, gravity],
                               facts.distance_exponent[gravity], distances(longitude, latitude))
    table[gravity] = spread.table
    for i in np.flatnonzero(facts.local):
        table[i] = np.diag(demand[:, i])
    iterations, residual, change = spread.iterations, spread.residual, 0.0
    for i in np.flatnonzero(transmitted):
        total = supply[:, i].sum()
        traced = power.origin / power.origin.sum() * total
        prior = traced + TRACE * np.outer(supply[:, i], demand[:, i]) / total
        used = demand[:, i] * (total / demand[:, i].sum())
        balanced = ras(prior, supply[:, i], used, tolerance=TOLERANCE, max_iterations=MAX_ITERATIONS)
        table[i] = balanced.require("trade of electricity", TOLERANCE)
        iterations, residual = max(iterations, balanced.iterations), max(residual, balanced.residual)
        between = ~np.eye(len(supply), dtype=bool)
        change = float(np.abs(table[i] - traced)[between].sum() / traced[between].sum())
    return table, iterations, residual, change
