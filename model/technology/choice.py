"""The rectangular choice of technology: which industries run, and how much, to meet a final demand.

Duchin and Levine (2011), "Sectors may use multiple technologies simultaneously: the rectangular
choice-of-technology model with binding factor constraints", Economic Systems Research 23(3); in the
make-and-use form, so that an industry may make several commodities. With activity s >= 0 (1 = the
industry as tabulated), make V, use U, factor use F, final demand e, factor prices w and limits f:

    minimise w'F s   subject to   (V' - U) s >= e   [commodity prices p >= 0]
                                       F s <= f     [factor rents   rho >= 0]

At the optimum every industry that runs breaks even, p'(V' - U)_j = (w + rho)'F_j. The pathway
programme (E10) is this choice with vintages, years and provinces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.arrays import numbers
from io_tables.errors import Infeasible, InputError, Problem
from model.programme import INFINITY, Engine, Programme


@dataclass(frozen=True)
class Choice:
    """The cheapest mix of industries."""

    activity: np.ndarray          # (industries,) multiples of the tabulated scale
    cost: float                   # factor cost at the given prices, without rents
    commodity_prices: np.ndarray  # (commodities,) money per unit of final demand, rents included
    factor_rents: np.ndarray      # (factors,) >= 0, money per unit of factor above its price


def choose_technologies(make, use, final_demand, factors, factor_prices, factor_limits=None) -> Choice:
    """Choose among industries at least factor cost (Duchin and Levine 2011).

    make (industries, commodities); use (commodities, industries); final_demand (commodities,);
    factors (factors, industries); factor_prices (factors,); factor_limits (factors,), inf or None =
    no limit. Tables with labels (data frames) are named in messages by their labels.

    Raises InputError where shapes or values do not fit, and Infeasible naming the commodity that
    cannot be supplied or the factors that run out together.
    """
    tables = use, factors
    make, use, factors = numbers("make", make), numbers("use", use), numbers("factors", factors)
    commodities, names = (_labels(table, kind, len(array) if array.ndim == 2 else 0) for table, kind, array in
                          zip(tables, ("commodity", "factor"), (use, factors), strict=True))
    final_demand, factor_prices = numbers("final_demand", final_demand), numbers("factor_prices", factor_prices)
    limits = (np.full(factors.shape[:1], np.inf) if factor_limits is None else numbers("factor_limits", factor_limits))
    _check(make, use, final_demand, factors, factor_prices, limits)

    programme = Programme()
    activity = programme.add_columns("activity", use.shape[1], cost=factor_prices @ factors)
    balance = programme.add_rows("commodity", use.shape[0], lower=final_demand)
    scarce = programme.add_rows("factor", len(factors), upper=limits)
    programme.add(balance[:, None], activity[None, :], make.T - use)
    programme.add(scarce[:, None], activity[None, :], factors)
    engine = Engine(programme.compiled())
    solution = engine.solve("simplex")
    if solution.status == "unbounded":
        raise InputError("choice of technology: an industry runs at negative cost without end; check factor_prices")
    if not solution.optimal:
        raise _infeasible(engine, balance, scarce, final_demand, limits, commodities, names)
    return Choice(
        activity=np.maximum(solution.z, 0.0),
        cost=float(factor_prices @ factors @ solution.z),
        commodity_prices=np.maximum(solution.dual("commodity"), 0.0),
        factor_rents=np.maximum(-solution.dual("factor"), 0.0),
    )


def _labels(table, kind: str, count: int) -> list[str]:
    index = getattr(table, "index", None)
    labelled = index is not None and hasattr(table, "columns") and not callable(index)
    return [f"{kind} '{x}'" if labelled else f"{kind} {x}" for x in (index if labelled else range(1, count + 1))]


def _check(make, use, final_demand, factors, factor_prices, limits) -> None:
    if use.ndim != 2 or make.ndim != 2 or factors.ndim != 2:
        raise InputError("choice of technology: make, use and factors must be tables")
    (commodities, industries), f = use.shape, len(factors)
    wanted = {"make": (make, (industries, commodities)), "final_demand": (final_demand, (commodities,)),
              "factors": (factors, (f, industries)), "factor_prices": (factor_prices, (f,)),
              "factor_limits": (limits, (f,))}
    mistakes = [Problem("choice of technology", f"{name} has shape {a.shape}", f"use {use.shape} asks for {shape}")
                for name, (a, shape) in wanted.items() if a.shape != shape]
    mistakes += [Problem("choice of technology", f"{name} holds values that are not finite numbers")
                 for name, a in (("make", make), ("use", use), ("final_demand", final_demand),
                                 ("factors", factors), ("factor_prices", factor_prices)) if not np.isfinite(a).all()]
    if np.isnan(limits).any():
        mistakes.append(Problem("choice of technology", "factor_limits holds a missing value", "inf means no limit"))
    if mistakes:
        raise InputError(mistakes)


def _infeasible(engine, balance, scarce, final_demand, limits, commodities, names) -> Infeasible:
    """Name a minimal clash: drop one limit after the other and keep those without which it is feasible."""

    def feasible(rows, lower, upper):
        engine.set_row_bounds(rows, lower, upper)
        return engine.solve("simplex").status != "infeasible"

    if not feasible(scarce, -INFINITY, INFINITY):
        kept = _minimal(lambda drop: feasible(balance, np.where(drop, -INFINITY, final_demand), INFINITY), len(balance))
        clash = [commodities[i] for i in kept]
        return Infeasible("no mix of the industries supplies the final demand of " + ", ".join(clash), clash)
    kept = _minimal(lambda drop: feasible(scarce, -INFINITY, np.where(drop, INFINITY, limits)), len(scarce))
    clash = [names[i] for i in kept]
    return Infeasible("the final demand needs more than the limit of " + ", ".join(clash), clash)


def _minimal(feasible_without, count: int) -> list[int]:
    """Deletion filter: the rows of one irreducible clash (Chinneck and Dravnieks 1991)."""
    drop = np.zeros(count, dtype=bool)
    for i in range(count):
        drop[i] = True
        if feasible_without(drop):
            drop[i] = False
    return np.flatnonzero(~drop).tolist()
