"""The Owen point: dividing the cost of the pathway programme so that no coalition can do better alone (E14).

    minimise c'z   s.t.   row_lower <= A z <= row_upper,   lower <= z <= upper

Every finite non-zero right-hand side and bound has an owner, or owners with shares when a contract or a
national endowment belongs to several. A coalition S may use the columns with the pooled right-hand sides of
its members; its least cost is C(S). With the duals y of the rows and the reduced costs d of the columns

    y_r = sum_i share_ir y_i b_i + sum_j share_jr d_j u_j        (b_i, u_j: the side that binds)

is what province r bears. The duals of the whole programme are feasible for every coalition's dual, hence
sum_S y_r <= C(S) and sum y = C(N): the core is not empty and one solve finds a member of it (Owen 1975).
In the form of E11, min c'z, (B-M)z >= f, Gz <= g, 0 <= z <= u: y_r = lambda'f_r - mu'g_r - rho'u_r.
Degenerate duals leave a face of optimal duals and an interval for every province.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from io_tables.errors import Infeasible, InputError, ModelError, Problem
from model.programme import INFINITY, Compiled, Engine, Solution

_SHARES = 1e-9     # deviation from 1 of an owner's shares
_ACTIVE = 1e-7     # relative distance from a side that counts as binding, and size of a dual that counts


@dataclass(frozen=True)
class Owen:
    """A division of cost in the core, in the unit of the objective."""

    players: tuple[str, ...]
    division: np.ndarray         # (R,) y_r, what the province bears; sums to the cost of all
    low: np.ndarray | None       # (R,) least and greatest y_r over all optimal duals
    high: np.ndarray | None
    own_cost: np.ndarray | None  # (R,) cost of the columns each province owns at the optimum
    objective: float

    @property
    def payment(self) -> np.ndarray:
        """t_r of E14, y_r - cost_r: positive pays into the pool. Sums to zero."""
        if self.own_cost is None:
            raise InputError(Problem("owen", "the owners of the columns' costs were not given", "pass column_owner"))
        return self.division - self.own_cost

    @property
    def transfer(self) -> np.ndarray:
        """The same as receipts (positive receives), as everywhere in `transfers`."""
        return -self.payment


def owen(compiled: Compiled, row_owner, bound_owner=None, *, players: Sequence[str], column_owner=None,
         solution: Solution | None = None, interval: bool = True) -> Owen:
    """The Owen point of a programme whose right-hand sides and bounds have owners.

    compiled : the arrays (`Programme.compiled()`), m rows, n columns. row_owner : (m,) position among
    `players`, -1 for none; or (m, R) shares that sum to 1 (0 for none). bound_owner : (n,) or (n, R)
    likewise for column bounds (needed where a finite non-zero bound binds). column_owner : (n,) or (n, R),
    who pays a column's cost at the optimum, for the transfers. solution : of the same arrays, if it is at
    hand. interval : also the least and greatest share of each province over the face of optimal duals
    (two re-solves a province).

    Raises InputError naming the rows or columns without owner, Infeasible if the programme is.
    """
    players = tuple(players)
    row_share = _shares("row_owner", row_owner, compiled.matrix.shape[0], len(players))
    bound_share = _shares("bound_owner", -1 if bound_owner is None else bound_owner, compiled.matrix.shape[1],
                          len(players))
    solution = Engine(compiled).solve("simplex") if solution is None else solution
    if solution.status == "infeasible":
        raise Infeasible("the programme to be divided has no solution: demands exceed what the columns can do",
                         ("demands", "limits"))
    if not solution.optimal:
        raise ModelError(f"the programme to be divided ended '{solution.status}'")
    rows = _Sides.of(compiled.row_lower, compiled.row_upper, solution.row_values, solution.row_duals)
    bounds = _Sides.of(compiled.lower, compiled.upper, solution.z, solution.reduced_costs)
    _all_owned(compiled, rows, bounds, row_share, bound_share)
    division = row_share.T @ (rows.value * rows.dual) + bound_share.T @ (bounds.value * bounds.dual)
    low = high = None
    if interval:
        low, high = _interval(compiled, rows, bounds, row_share, bound_share)
        low, high = np.minimum(low, division), np.maximum(high, division)
    own = None
    if column_owner is not None:
        share = _shares("column_owner", column_owner, compiled.matrix.shape[1], len(players))
        spent = compiled.cost * solution.z
        if (np.abs(share.sum(axis=1) - 1.0) > _SHARES)[np.abs(spent) > 0].any():
            raise InputError(Problem("column_owner", "a column with a cost in use has no owner"))
        own = share.T @ spent
    return Owen(players, division, low, high, own, solution.objective)


@dataclass(frozen=True)
class _Sides:
    """Which side of rows or columns binds: its value, the dual there, and the range the dual may take."""

    value: np.ndarray
    dual: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, lower, upper, at, dual):
        size = 1.0 + np.abs(at)
        large = np.abs(dual) > _ACTIVE * max(1.0, float(np.abs(dual).max(initial=0.0)))
        on_low = np.isfinite(lower) & ((at - lower <= _ACTIVE * size) | (large & (dual > 0)))
        on_high = np.isfinite(upper) & ((upper - at <= _ACTIVE * size) | (large & (dual < 0)))
        # of two different sides that both seem to bind the sign of the dual tells which
        apart = on_low & on_high & (upper > lower)
        on_low, on_high = on_low & ~(apart & (dual < 0)), on_high & ~(apart & (dual >= 0))
        value = np.where(on_low, np.where(np.isfinite(lower), lower, 0.0),
                         np.where(on_high, np.where(np.isfinite(upper), upper, 0.0), 0.0))
        return cls(value, np.where(on_low | on_high, dual, 0.0), np.where(on_high, -INFINITY, 0.0),
                   np.where(on_low, INFINITY, 0.0))


def _interval(compiled, rows, bounds, row_share, bound_share):
    """Least and greatest y_r over the face: A'y + d = c, y and d zero or of one sign as each side binds."""
    m, n = compiled.matrix.shape
    cost = np.zeros(m + n)
    face = Compiled(cost, np.concatenate([rows.low, bounds.low]), np.concatenate([rows.high, bounds.high]),
                    compiled.cost, compiled.cost,
                    sparse.hstack([compiled.matrix.T, sparse.identity(n)], format="csc"), {}, {})
    engine = Engine(face)
    values = np.concatenate([rows.value[:, None] * row_share, bounds.value[:, None] * bound_share])
    ends = np.empty((2, row_share.shape[1]))
    columns = np.arange(m + n)
    first = True
    for r in range(row_share.shape[1]):
        for side, sign in enumerate((1.0, -1.0)):
            engine.set_costs(columns, sign * values[:, r])
            found = engine.solve("simplex") if first else engine.resolve(fallback="simplex")
            first = False
            if found.status == "unbounded":
                ends[side, r] = -sign * np.inf
            elif found.optimal:
                ends[side, r] = sign * found.objective
            else:
                raise ModelError(f"interval of the Owen point: the face of optimal duals ended '{found.status}'")
    return ends[0], ends[1]


def _shares(where, owner, size, count):
    """Owners as a sparse or dense (size, R) matrix of shares."""
    owner = np.asarray(owner)
    if owner.ndim == 2:
        shares = owner.astype(float)
        total = shares.sum(axis=1)
        if shares.shape != (size, count) or (shares < 0).any() or (
                (np.abs(total - 1.0) > _SHARES) & (total > _SHARES)).any():
            raise InputError(Problem(where, f"shape {shares.shape}, or shares that do not sum to 1",
                                     f"expected ({size}, {count})"))
        return shares
    owner = np.broadcast_to(owner, (size,)).astype(int)
    if (owner < -1).any() or (owner >= count).any():
        raise InputError(Problem(where, f"owner {owner.max()} of {count} players", "positions, or -1 for none"))
    shares = np.zeros((size, count))
    shares[np.flatnonzero(owner >= 0), owner[owner >= 0]] = 1.0
    return shares


def _all_owned(compiled, rows, bounds, row_share, bound_share):
    """Every finite non-zero right-hand side needs an owner, and every bound that can carry a rent."""
    problems = []
    sides = np.stack([compiled.row_lower, compiled.row_upper])
    given = (np.isfinite(sides) & (sides != 0)).any(axis=0)
    for what, needs, shares, blocks in (
            ("row", given, row_share, compiled.rows),
            ("column bound", (bounds.value != 0) & (bounds.dual != 0), bound_share, compiled.columns)):
        missing = np.flatnonzero(needs & (shares.sum(axis=1) < 1.0 - _SHARES))
        problems += [Problem(f"{what} {_block(blocks, i)}", "has no owner",
                             "a national limit needs shares: who holds the contract or the endowment")
                     for i in missing[:10]]
    if problems:
        raise InputError(problems)


def _block(blocks, position):
    for name, block in blocks.items():
        if block.start <= position < block.start + block.size:
            at = np.unravel_index(position - block.start, block.shape)
            return f"{name}[{', '.join(str(int(a)) for a in at)}]"
    return str(position)
