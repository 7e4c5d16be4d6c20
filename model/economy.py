"""The economy of one year: columns from technologies and paths (E8), closed by trade, demand or exports (E7)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from io_tables.balancing import ras
from io_tables.base_year import BaseYear
from io_tables.errors import Infeasible, NotConverged
from model.macro.closure import Closed, Demand, close
from model.macro.closure_demand import close_demand
from model.macro.closure_exports import close_exports
from model.technology.columns import Columns, columns_at

#: Part of a technology's target share that may appear where it does not stand yet (keeps the spread feasible).
SPREAD_FLOOR = 1e-3
#: Largest change of a technology share between rounds at which a year's economy counts as settled.
SHARE_TOLERANCE = 1e-9
#: Closures that scale one lever per province within bounds; the default moves trade.
BOUNDED_CLOSURES = {"demand": close_demand, "exports": close_exports}


@dataclass(frozen=True)
class YearEconomy:
    """A closed year. R regions, J industries, K technologies of products with an industry of their own.

    domestic, imported (R, J, J) coefficients; closed : outputs, trade, scalars; shares (R, K);
    demand as closed: consumption carries the provincial factors of the demand closure, chi stays apart.
    """

    domestic: np.ndarray
    imported: np.ndarray
    closed: Closed
    shares: np.ndarray
    demand: Demand

    @property
    def value_added(self) -> np.ndarray:
        """(R, J) real value added: output times one minus all inputs."""
        return self.closed.output * (1.0 - (self.domestic + self.imported).sum(axis=1))

    @property
    def domestic_use(self) -> np.ndarray:
        """(R, J) domestic goods used in each province, inventories and exports apart."""
        inputs = np.matmul(self.domestic, self.closed.output[:, :, None])[:, :, 0]
        return inputs + self.demand.fixed + self.closed.chi * self.demand.consumption


def spread_shares(base_activity: np.ndarray, bound: np.ndarray, national: np.ndarray, output: np.ndarray) -> np.ndarray:
    """Provincial technology shares (R, K) of one product that meet national shares (E8).

    base_activity (R, K) : base-year pattern; bound (K,) bool: technologies that stay where they stand (hydro,
    nuclear, offshore wind); national (K,) shares summing to one; output (R,) of the product.
    Provinces keep their pattern as far as the nation's shares allow (RAS on base activity).
    """
    producing = output > 0
    shares = np.zeros_like(base_activity)
    used = national > 0
    q = output[producing]
    base = base_activity[producing][:, used]
    per_output = np.divide(
        base, base.sum(axis=1, keepdims=True), out=np.zeros_like(base), where=base.sum(axis=1, keepdims=True) > 0
    )
    stands = base.sum(axis=0) > 0
    even = np.where(bound[used] & stands, 0.0, np.where(stands, SPREAD_FLOOR, 1.0)) * national[used]
    prior = (per_output + even) * q[:, None]
    wanted = national[used] / national[used].sum() * q.sum()
    balanced = ras(prior, q, wanted, tolerance=1e-11, max_iterations=5000)
    if not balanced.converged:
        raise NotConverged(
            "spreading national technology shares over provinces", balanced.residual, 1e-11, balanced.iterations
        )
    rows = np.flatnonzero(producing)
    shares[np.ix_(rows, np.flatnonzero(used))] = balanced.table / q[:, None]
    return shares


def mixed(base_activity: np.ndarray, bound: np.ndarray, national: np.ndarray, output: np.ndarray,
          given: np.ndarray | None) -> np.ndarray:
    """Provincial mixes (R, K) of one product, rows summing to one where something is made; as `spread_shares`.

    national NaN: the base mix stays. given (R, K) : own mixes of provinces, NaN elsewhere; the nation's shares hold,
    the other provinces take what these leave. Raises Infeasible when that is less than nothing.
    """
    own = np.zeros(len(output), dtype=bool) if given is None else ~np.isnan(given).any(axis=1)
    total = base_activity.sum(axis=1, keepdims=True)
    shares = np.divide(base_activity, total, out=np.zeros_like(base_activity), where=total > 0)
    if own.any():
        shares[own] = given[own]
    if np.isnan(national).any() or own.all():
        return shares
    wanted = national / national.sum() * output.sum() - output[own] @ shares[own]
    if (wanted < -1e-9 * max(output.sum(), 1e-300)).any():
        raise Infeasible("provinces with mixes of their own make more by a technology than the nation's share allows",
                         ("technology.provincial_shares", "technology.shares"))
    wanted = np.maximum(wanted, 0.0)
    if wanted.sum() > 0:
        shares[~own] = spread_shares(base_activity[~own], bound, wanted / wanted.sum(), output[~own])
    return shares


def coefficients(
    base: BaseYear,
    columns: Columns,
    product_industries: np.ndarray,
    recipes: np.ndarray,
    shares: np.ndarray,
    factors: np.ndarray,
    material_use: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Domestic and imported coefficients (R, J, J) of a year (E8).

    recipes (K, J), shares (R, K) of the year; factors (R, J, J) : multiplier on each input of the other industries
    from efficiency and electrification, by [s, i, j]; material_use (J,) : multiplier on the use of each commodity as
    a material (dematerialisation).
    """
    domestic, imported = base.domestic_coefficients, base.import_coefficients
    domestic, imported = domestic * factors, imported * factors
    own_domestic, own_imported = columns_at(columns, recipes, shares)
    domestic[:, :, product_industries] = own_domestic
    imported[:, :, product_industries] = own_imported
    return domestic * material_use[:, None], imported * material_use[:, None]


@dataclass(frozen=True)
class TechnologyMix:
    """How a year's technology shares are found.

    technologies_of : positions in K of the technologies of each product industry; covered (R, P) : part of a
    product's output that technologies account for; base_shares (R, K); bound (K,) bool; national (K,) target shares
    (NaN: the base mix stays). provincial (R, K) : own mixes of provinces (NaN: none), None where none has one; the
    nation's shares hold all the same, other provinces take the rest.
    """

    technologies_of: tuple[np.ndarray, ...]
    covered: np.ndarray
    base_shares: np.ndarray
    bound: np.ndarray
    national: np.ndarray
    provincial: np.ndarray | None = None

    def shares(self, output: np.ndarray) -> np.ndarray:
        """(R, K) shares at outputs (R, P)."""
        shares = self.base_shares.copy()
        for p, own in enumerate(self.technologies_of):
            given = None if self.provincial is None else self.provincial[:, own]
            if not len(own) or (np.isnan(self.national[own]).any() and (given is None or np.isnan(given).all())):
                continue
            covered = self.covered[:, p]
            shares[:, own] = covered[:, None] * mixed(
                self.base_shares[:, own], self.bound[own], self.national[own], covered * output[:, p], given
            )
        return shares


def solve_year(
    base: BaseYear,
    year: int,
    columns: Columns,
    product_industries: np.ndarray,
    mix: TechnologyMix,
    recipes: np.ndarray,
    factors: np.ndarray,
    material_use: np.ndarray,
    traded: np.ndarray,
    demand: Demand,
    start: np.ndarray,
    kappa: np.ndarray | None,
    tolerance: float,
) -> YearEconomy:
    """Find outputs and provincial technology shares that agree (E7, E8); arguments as in `coefficients`, `close`.

    Provincial shares depend on provincial outputs and the other way round: iterated to SHARE_TOLERANCE.
    `demand.closure` says what moves so that provincial GDP is met.
    A dear technology may push an industry's *real* value added (constant prices) below zero: its price would rise.
    Raises NotConverged.
    """
    x, change = start, np.inf
    shares = mix.shares(start[:, product_industries])
    for _ in range(50):
        domestic, imported = coefficients(base, columns, product_industries, recipes, shares, factors, material_use)
        if demand.closure == "trade":
            closed = close(domestic, imported, base.trade_shares, traded, demand, x, kappa=kappa, tolerance=tolerance)
        else:
            closed = BOUNDED_CLOSURES[demand.closure](
                domestic, imported, base.trade_shares, demand, tolerance=tolerance
            )
        x, kappa = closed.output, closed.kappa
        new = mix.shares(x[:, product_industries])
        change = float(np.abs(new - shares).max())
        if change <= SHARE_TOLERANCE:
            return YearEconomy(domestic, imported, closed, shares, _as_closed(demand, closed))
        shares = new
    raise NotConverged(f"technology shares of {year}", change, SHARE_TOLERANCE, 50)


def _as_closed(demand: Demand, closed: Closed) -> Demand:
    factor = closed.consumption_scale[:, None]
    rural = None if demand.rural is None else demand.rural * factor
    return replace(
        demand, consumption=demand.consumption * factor, consumption_imports=demand.consumption_imports * factor,
        rural=rural,
    )
