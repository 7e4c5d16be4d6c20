"""Linkages: who pulls and who pushes, key sectors, distance to final use and to primary inputs, fields of influence.

Sources: Rasmussen (1956), Hirschman (1958), Miller and Blair (2009) ch. 12; Antras, Chor, Fally and Hillberry
(2012), Antras and Chor (2018); Sonis and Hewings (1992). With A = Z diag(x)^-1, B = diag(x)^-1 Z, L = (I - A)^-1
and G = (I - B)^-1 = diag(x)^-1 L diag(x), every measure comes from one factor of I - A. Forward linkages are row
sums of G: row sums of L would weigh all buyers' final demands alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from io_tables.arrays import numbers
from io_tables.errors import InputError
from io_tables.mrio import Mrio
from model.input_output.accounts import membership
from model.input_output.leontief import Leontief


@dataclass(frozen=True)
class Linkages:
    """Linkages of n sectors, per unit; a sector without output has 0 direct and 1 total."""

    backward_direct: np.ndarray  #: (n,) column sums of A: purchases per unit of output
    forward_direct: np.ndarray  #: (n,) row sums of B: share of output sold to producers
    backward: np.ndarray  #: (n,) column sums of L: output needed per unit of final demand
    forward: np.ndarray  #: (n,) row sums of G: output enabled per unit of primary input
    backward_spread: np.ndarray  #: (n,) coefficient of variation of the column of L (low: pulls evenly)
    forward_spread: np.ndarray  #: (n,) coefficient of variation of the row of G

    @cached_property
    def backward_index(self) -> np.ndarray:
        """(n,) power of dispersion, total backward linkage over its mean."""
        return self.backward / self.backward.mean()

    @cached_property
    def forward_index(self) -> np.ndarray:
        """(n,) sensitivity of dispersion, total forward linkage over its mean."""
        return self.forward / self.forward.mean()

    @property
    def upstreamness(self) -> np.ndarray:
        """(n,) average number of stages from the sector's output to final use, 1 = sold to final use alone."""
        return self.forward

    @property
    def downstreamness(self) -> np.ndarray:
        """(n,) average number of stages from primary inputs to the sector's output, 1 = made of them alone."""
        return self.backward

    @cached_property
    def kind(self) -> np.ndarray:
        """(n,) 'key' (both indices above one), 'backward', 'forward' or 'weak'."""
        pulls, pushes = self.backward_index > 1, self.forward_index > 1
        return np.select([pulls & pushes, pulls, pushes], ["key", "backward", "forward"], "weak")


def linkages(Z, x) -> Linkages:
    """Linkages of a table with flows Z (n, n) and gross output x (n,).

    Raises InputError as :meth:`Leontief.from_flows`.
    """
    Z, x = numbers("Z", Z), numbers("x", x)
    return _linkages(Leontief.from_flows(Z, x), Z, x)


def _linkages(system, Z, x):
    inverse_x = _inverse(x)
    idle = x == 0
    L = system.inverse()
    n = x.size
    # G = diag(x)^-1 L diag(x) in sums and sums of squares, without forming it; an idle sector's row of G is e_i.
    forward = np.where(idle, 1.0, inverse_x * (L @ x))
    squares = L * L
    backward = L.sum(axis=0)
    forward_squares = np.where(idle, 1.0, inverse_x**2 * (squares @ x**2))
    return Linkages(
        backward_direct=Z.sum(axis=0) * inverse_x,
        forward_direct=Z.sum(axis=1) * inverse_x,
        backward=backward,
        forward=forward,
        backward_spread=_spread(squares.sum(axis=0), backward, n),
        forward_spread=_spread(forward_squares, forward, n),
    )


def _spread(squares, sums, n):
    """Standard deviation (n - 1) over mean of n numbers, from their sum of squares and sum."""
    if n < 2:
        return np.zeros(n)
    return np.sqrt(np.maximum(squares - sums**2 / n, 0.0) / (n - 1)) * n / sums


def _inverse(x):
    return np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)


def _inverse_given(L) -> np.ndarray:
    L = numbers("L", L)
    if L.ndim != 2 or L.shape[0] != L.shape[1] or not L.size or not np.isfinite(L).all():
        raise InputError(f"L has shape {L.shape}; expected a square inverse of finite numbers")
    return L


def field_of_influence(L) -> np.ndarray:
    """(n, n) size of the change of L per unit change of each coefficient a_ij: Frobenius norm of L e_i e_j' L.

    In closed form the outer product of column norms and row norms of L (n, n): no rank-one matrix is formed.
    Raises InputError when L is not square and finite.
    """
    squares = _inverse_given(L) ** 2
    return np.sqrt(np.outer(squares.sum(axis=0), squares.sum(axis=1)))


def change_of_inverse(L, i: int, j: int, change: float) -> np.ndarray:
    """(n, n) exact change of L when a_ij rises by `change` (Sherman and Morrison 1950; first order: the field).

    Raises InputError when L is not square and finite, i or j is no sector, or the change makes the table singular.
    """
    L = _inverse_given(L)
    if not (0 <= i < len(L) and 0 <= j < len(L) and np.isfinite(change)):
        raise InputError(f"a[{i}, {j}] raised by {change:g}: expected sectors 0 to {len(L) - 1} and a finite change")
    left = 1.0 - change * L[j, i]
    if abs(left) < 1e-13:
        raise InputError(f"raising a[{i}, {j}] by {change:g} makes I - A singular")
    return change / left * np.outer(L[:, i], L[j])


@dataclass(frozen=True)
class LinkageSplit:
    """Where a sector's total linkages go: its own region, other regions, abroad. Each (n,)."""

    backward_own: np.ndarray
    backward_other: np.ndarray
    backward_abroad: np.ndarray  #: foreign inputs needed per unit of final demand
    forward_own: np.ndarray
    forward_other: np.ndarray
    forward_abroad: np.ndarray  #: exports abroad enabled per unit of primary input


def linkage_split(Z, x, regions, *, foreign_inputs=None, exports=None) -> LinkageSplit:
    """Split of total backward and forward linkages by region.

    regions (n,) : region index of each sector; foreign_inputs, exports (n,) : money, zero when not given.
    The backward shares own + other add up to :attr:`Linkages.backward`, likewise forward. Needs 2 R + 2 solutions.
    """
    Z, x, regions = numbers("Z", Z), numbers("x", x), np.asarray(regions)
    if regions.shape != x.shape or not np.issubdtype(regions.dtype, np.integer) or regions.min(initial=0) < 0:
        raise InputError(f"regions has shape {regions.shape}, {regions.dtype}; expected {x.shape} indices from 0")
    return _split(Leontief.from_flows(Z, x), x, regions, foreign_inputs, exports)


def _split(system, x, regions, foreign_inputs, exports):
    n, inverse_x = x.size, _inverse(x)
    zero = np.zeros(n)
    foreign = zero if foreign_inputs is None else numbers("foreign_inputs", foreign_inputs)
    exports = zero if exports is None else numbers("exports", exports)
    where = membership(regions, int(regions.max(initial=-1)) + 1)
    here = np.arange(n)
    backward = system.multipliers(np.vstack([where, foreign * inverse_x]))
    downstream = system.output(np.vstack([where * x, exports]).T) * inverse_x[:, None]
    # An idle sector's row of G is its own unit vector.
    idle = np.flatnonzero(x == 0)
    downstream[idle] = 0.0
    downstream[idle, regions[idle]] = 1.0
    backward_own, forward_own = backward[regions, here], downstream[here, regions]
    return LinkageSplit(
        backward_own, backward[:-1].sum(axis=0) - backward_own, backward[-1],
        forward_own, downstream[:, :-1].sum(axis=1) - forward_own, downstream[:, -1],
    )


def table_linkages(table: Mrio) -> pd.DataFrame:
    """All measures of a labelled table, one row per region and sector.

    Exports abroad are the columns of final demand without a region; without labels nothing counts as abroad.
    """
    exports = np.zeros(table.n)
    if table.final_demand is not None:
        exports = table.final_use_by_region()[1]
    labels = [f"{r} / {s}" for r in table.regions for s in table.sectors]
    system = Leontief.from_flows(table.Z, table.x, labels=labels)
    found = _linkages(system, table.Z, table.x)
    split = _split(system, table.x, table.region_index, table.foreign_inputs, exports)
    names = ("backward_direct", "forward_direct", "backward", "forward", "backward_index", "forward_index",
             "backward_spread", "forward_spread", "kind", "upstreamness", "downstreamness")
    return pd.DataFrame({
        "region": np.repeat(table.regions, len(table.sectors)),
        "sector": list(table.sectors) * len(table.regions),
        **{name: getattr(found, name) for name in names},
        **{name: getattr(split, name) for name in LinkageSplit.__dataclass_fields__},
    })
