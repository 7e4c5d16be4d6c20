"""Production-, consumption- and income-based accounts and who emits for whom (E14's physical counterpart).

Sources: Miller and Blair (2009) ch. 6 and 13; Peters (2008) for consumption and bilateral transfers; Marques et
al. (2012) and Lenzen and Murray (2010) for the income (downstream) view. One factor of I - A serves all of it:
with f = F / x per unit of output and L = (I - A)^-1,

    transfers[m, r, s] = sum_{i in r} f_mi (L Y_s)_i          who emits (r) for whose final demand (s)
    income[m, r]       = sum_{j in r} v_j (L F_m')_j / x_j    emissions enabled by r's primary inputs

because the Ghosh system is the Leontief system in other units: (I - B)^-1 = diag(x)^-1 L diag(x).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from io_tables.arrays import numbers
from io_tables.errors import InputError, Problem
from model.input_output.leontief import Leontief


@dataclass(frozen=True)
class Accounts:
    """Totals of m extensions in R regions, in the unit of F. Axis order [extension, origin, destination]."""

    production: np.ndarray  #: (m, R) where it is emitted
    income: np.ndarray  #: (m, R) whose primary inputs (wages, profits, taxes) enabled it
    transfers: np.ndarray  #: (m, R, R) emitted in the first region for final demand of the second
    exported: np.ndarray  #: (m, R) emitted in the region for exports abroad

    @cached_property
    def consumption(self) -> np.ndarray:
        """(m, R) emitted anywhere for the region's own final demand; with `exported` it adds up to production."""
        return self.transfers.sum(axis=1)

    @cached_property
    def net_transfers(self) -> np.ndarray:
        """(m, R, R) transfers minus their mirror image: what origin emits for destination on balance; sums to zero."""
        return self.transfers - self.transfers.transpose(0, 2, 1)


def accounts(Z, Y, F, regions) -> Accounts:
    """The three accounts of a table (all primary input x - 1'Z counts as domestic).

    Z (n, n) : flows, seller in the row. Y (n, R) : final demand by destination region, or (n, R + 1) with exports
    abroad as the last column. F (n,) or (m, n) : emissions of each sector, any unit. regions (n,) : region index
    0..R-1 of each sector. Output is the row sum of Z and Y.
    Needs one factor of the table (8 n^2 bytes, half of it when single precision pays) and R + 1 + m solutions;
    neither the inverse nor any diagonalised output is formed.
    Raises InputError for shapes that disagree, numbers that are not finite, negative output, a sector with
    emissions or inputs but no output, or a table that is not productive.
    """
    Z, Y, F, regions, count = _checked(Z, Y, F, regions)
    x = Z.sum(axis=1) + Y.sum(axis=1)
    solved = Solved.of(Z, x, Y, F)
    where = membership(regions, count)
    transfers = solved.by_origin(where)
    return Accounts(
        production=F @ where.T,
        income=solved.enabled_by(x - Z.sum(axis=0), where),
        transfers=transfers[:, :, :count],
        exported=transfers[:, :, count] if Y.shape[1] > count else np.zeros((len(F), count)),
    )


@dataclass(frozen=True)
class Solved:
    """What one factor of the table yields for all accounts."""

    system: Leontief
    intensity: np.ndarray  #: (m, n) f = F / x
    inverse_x: np.ndarray  #: (n,) 1 / x, zero where a sector is idle
    by_demand: np.ndarray  #: (n, k) output needed for each column of Y
    downstream: np.ndarray  #: (n, m) L F'

    @classmethod
    def of(cls, Z, x, Y, F, labels=None) -> Solved:
        """Factor I - Z diag(x)^-1 and solve for Y (n, k) and F (m, n); errors as :func:`accounts`."""
        idle = (x == 0) & (F != 0).any(axis=0)
        if idle.any():
            names = labels or [f"sector {j}" for j in range(x.size)]
            raise InputError([Problem(names[j], "has emissions but no output") for j in np.flatnonzero(idle)])
        system = Leontief.from_flows(Z, x, labels=labels, sides=Y.shape[1] + len(F))
        inverse_x = np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)
        solved = system.output(np.hstack([Y, F.T]))
        return cls(system, F * inverse_x, inverse_x, solved[:, : Y.shape[1]], solved[:, Y.shape[1] :])

    def by_origin(self, where) -> np.ndarray:
        """(m, R, k) emitted in each region for each column of Y."""
        return np.stack([(where * f) @ self.by_demand for f in self.intensity])

    def enabled_by(self, inputs, where) -> np.ndarray:
        """(m, R) emissions enabled by primary inputs (n,) of each region's sectors."""
        return ((inputs * self.inverse_x)[:, None] * self.downstream).T @ where.T


def membership(regions, count):
    """(R, n) with one where the sector lies in the region."""
    where = np.zeros((count, regions.size))
    where[regions, np.arange(regions.size)] = 1.0
    return where


def _checked(Z, Y, F, regions):
    Z, Y, F = numbers("Z", Z), numbers("Y", Y), numbers("F", F)
    regions = np.asarray(regions)
    F = F[None] if F.ndim == 1 else F
    if Z.ndim != 2 or Z.shape[0] != Z.shape[1]:
        raise InputError(f"Z has shape {Z.shape}; expected a square matrix")
    n = Z.shape[0]
    problems = []
    if regions.shape != (n,) or not np.issubdtype(regions.dtype, np.integer) or (n and regions.min() < 0):
        found = f"shape {regions.shape}, {regions.dtype}"
        raise InputError(Problem("regions", found, f"expected ({n},) indices from 0"))
    count = int(regions.max()) + 1 if n else 0
    if Y.shape not in ((n, count), (n, count + 1)):
        allowed = f"expected ({n}, {count}), or ({n}, {count + 1}) with exports abroad"
        problems.append(Problem("Y", f"shape {Y.shape}", allowed))
    if F.ndim != 2 or F.shape[1] != n or not len(F):
        problems.append(Problem("F", f"shape {F.shape}", f"expected ({n},) or (m, {n})"))
    problems += [Problem(name, f"not a finite number at {tuple(int(i) for i in np.argwhere(~np.isfinite(a))[0])}")
                 for name, a in (("Z", Z), ("Y", Y), ("F", F)) if not np.isfinite(a).all()]
    if problems:
        raise InputError(problems)
    return Z, Y, F, regions, count
