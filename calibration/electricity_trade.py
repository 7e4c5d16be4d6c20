"""Electricity between provinces: the measured exchange, balanced to a year and freed of transit (E3).

Gravity cannot replace the measured matrix (its pair error exceeds the trade itself), so the exchange of 2019 is
changed as little as possible until every province's generation, exchange and consumption of the base year agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration import fact_tables
from io_tables.classification import provinces
from io_tables.errors import Infeasible, InputError, Problem
from io_tables.units import factor

ABROAD = "abroad"
#: Relative changes of a line beyond this concentrate on few lines instead of spreading over all: between two
#: years most lines run as before and a few are new. Large values give the minimum of relative entropy.
CONCENTRATION = 0.1
#: A line that grows by more than e^50, or a potential that falls without end, means that no solution exists.
LARGEST_GROWTH = 50.0


@dataclass(frozen=True)
class ElectricityFacts:
    """Exchange between provinces and the balance of each, TWh."""

    exchange: np.ndarray  #: (R, R) from, to
    abroad: np.ndarray  #: (R,) sent to Hong Kong, Macau and other countries
    generation: np.ndarray  #: (R,) as published, not yet scaled to consumption
    consumption: np.ndarray  #: (R,) of the whole society, losses and plants' own use included


@dataclass(frozen=True)
class ElectricityTrade:
    """The balanced exchange and what balancing changed."""

    exchange: np.ndarray  #: (R, R) TWh, transit included
    origin: np.ndarray  #: (R, R) TWh [generated in, used in], transit removed, own use on the diagonal
    generation: np.ndarray  #: (R,) TWh, scaled so that the nation closes
    generation_scale: float  #: factor on published generation
    raw_correlation: float  #: of measured net imports with consumption less generation, before balancing
    node_residual: float  #: largest |balance of a province| / its consumption, after balancing
    pair_change: float  #: sum |change of a pair| / sum of pairs


def read_facts() -> ElectricityFacts:
    """The exchange of 2019 (CEC) and the balance of 2020 (NBS, NEA) carried in the fact tables. Raises InputError."""
    known = provinces()
    R = len(known)
    exchange, abroad = np.zeros((R, R)), np.zeros(R)
    for row in fact_tables.rows("electricity_trade.csv"):
        origin = known.index(row["from"])
        if row["to"] == ABROAD:
            abroad[origin] += float(row["value"]) * factor(row["unit"], "TWh")
        else:
            exchange[origin, known.index(row["to"])] += float(row["value"]) * factor(row["unit"], "TWh")
    generation, consumption = np.zeros(R), np.zeros(R)
    for row in fact_tables.rows("electricity_balance.csv"):
        target = consumption if row["item"] == "consumption" else generation
        target[known.index(row["province"])] += float(row["value"]) * factor(row["unit"], "TWh")
    return ElectricityFacts(exchange, abroad, generation, consumption)


def net_imports(exchange: np.ndarray) -> np.ndarray:
    """(R,) received less sent."""
    return exchange.sum(axis=0) - exchange.sum(axis=1)


def balance_nodes(
    exchange: np.ndarray, required: np.ndarray, *, concentration: float = CONCENTRATION,
    tolerance: float = 1e-10, max_iterations: int = 500,
) -> np.ndarray:
    """The nearest exchange whose net imports are `required` (R,) with sum zero: M_rs exp(c sinh(l_s - l_r)).

    The potentials l (R,) are found by Newton's method on the balance of the nodes; lines keep their direction
    and zero stays zero. The distance it minimises is convex, with slope asinh(log(M'_rs / M_rs) / c): linear in
    small changes, flat beyond `concentration` c, so that few lines carry the change.
    Raises InputError when `required` does not sum to zero; Infeasible when lines cannot carry it.
    """
    scale = exchange.sum()
    if abs(required.sum()) > 1e-9 * scale:
        raise InputError(Problem("required net imports", f"sum to {required.sum():g}", "they must sum to zero"))
    potential = np.zeros(len(required))
    linked = exchange > 0
    for _ in range(max_iterations):
        gap = potential[None, :] - potential[:, None]
        flows = np.zeros_like(exchange)
        growth = concentration * np.sinh(gap[linked])
        if growth.max() > LARGEST_GROWTH or gap[linked].min() < -LARGEST_GROWTH:
            break
        flows[linked] = exchange[linked] * np.exp(growth)
        missing = required - net_imports(flows)
        if np.abs(missing).max() <= tolerance * scale:
            return flows
        slope = flows * concentration * np.cosh(np.where(linked, gap, 0.0))
        laplacian = -(slope + slope.T)
        np.fill_diagonal(laplacian, 0.0)
        np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
        step = np.linalg.lstsq(laplacian, missing, rcond=None)[0]
        longest = np.abs(step[None, :] - step[:, None])[linked].max()
        if longest == 0.0:
            break
        # Newton's step is good for gaps of about one half; the start may be farther away.
        potential = potential + step * min(1.0, 0.5 / longest)
    raise Infeasible("the lines between provinces cannot carry the required net imports",
                     [provinces().keys[i] if len(required) == len(provinces()) else str(i)
                      for i in np.flatnonzero(np.abs(missing) > tolerance * scale)])


def without_transit(exchange: np.ndarray, generation: np.ndarray) -> np.ndarray:
    """(R, R) where electricity used in s was generated, by proportional mixing at each node (Bialek 1996).

    What enters a province, generated or received, leaves it in equal proportions to use and to each neighbour:
    origin = diag(g) (I - N)^-1 diag(use / through), N_rs = M_rs / through_r. Rows sum to generation (R,),
    columns to use. exchange (R, R) TWh may carry transit. Raises InputError when a province sends more than it has.
    """
    through = generation + exchange.sum(axis=0)
    use = through - exchange.sum(axis=1)
    if (use < -1e-9 * through.sum()).any():
        r = int(np.argmin(use))
        raise InputError(Problem(f"province {r}", f"sends {-use[r]:g} more than it generates and receives"))
    share = np.divide(1.0, through, out=np.zeros_like(through), where=through > 0)
    passed_on = exchange * share[:, None]
    mixing = np.linalg.inv(np.eye(len(through)) - passed_on)
    return generation[:, None] * mixing * (np.maximum(use, 0.0) * share)


def electricity_trade(facts: ElectricityFacts) -> ElectricityTrade:
    """Balance the exchange to the facts' year and trace it to its origin.

    Generation is published above a size threshold by some sources and whole by others: it is scaled by one
    factor so that the nation generates what it uses and sends abroad. `origin` counts use at home only.
    """
    scale = (facts.consumption.sum() + facts.abroad.sum()) / facts.generation.sum()
    generation = facts.generation * scale
    required = facts.consumption + facts.abroad - generation
    required = required - required.mean()
    exchange = balance_nodes(facts.exchange, required)
    origin = without_transit(exchange, generation)
    use = origin.sum(axis=0)
    at_home = np.divide(facts.consumption, use, out=np.ones_like(use), where=use > 0)
    residual = np.abs(generation + net_imports(exchange) - facts.consumption - facts.abroad) / facts.consumption
    return ElectricityTrade(
        exchange, origin * np.minimum(at_home, 1.0), generation, float(scale),
        float(np.corrcoef(net_imports(facts.exchange), required)[0, 1]), float(residual.max()),
        float(np.abs(exchange - facts.exchange).sum() / facts.exchange.sum()),
    )
