"""Uncertain tables and demands: draws that keep the balances, and what they do to totals and accounts.

Cells are drawn log-normal with their own value as mean, then scaled back by GRAS to the margins that are known
(outputs, primary inputs, final demand by column), so that every draw is a table that balances like the original
(Wilting 2012; Temurshoev 2015 for balanced sampling). Balancing narrows the spread of large cells: what comes
back is the uncertainty that is left once the margins are believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from io_tables.balancing import gras
from io_tables.errors import InputError, Problem
from model.input_output.accounts import Accounts, accounts
from model.input_output.leontief import Leontief


@dataclass(frozen=True)
class TableDraw:
    """One balanced draw of a table, in the unit of the original."""

    Z: np.ndarray  #: (n, n)
    Y: np.ndarray  #: (n, k)
    primary: np.ndarray  #: (c, n)


def draw_tables(
    Z, Y, primary, relative_sd, draws: int, *, seed: int, tolerance: float = 1e-9, max_iterations: int = 2000
) -> Iterator[TableDraw]:
    """Draws of a table with the row and column sums of the original.

    Z (n, n), Y (n, k), primary (c, n) or (n,) : flows of any sign. relative_sd : one number, or three for Z, Y and
    primary, each a number or an array of that shape; zero cells stay zero and signs stay. Draws come one by one, so
    that memory holds a single table; the same seed gives the same draws, whatever is done with them.
    Raises InputError for bad shapes or deviations, NotConverged when a draw cannot be balanced.
    """
    Z, Y = np.asarray(Z, dtype=float), np.asarray(Y, dtype=float)
    primary = np.atleast_2d(np.asarray(primary, dtype=float))
    n, k, c = len(Z), Y.shape[-1], len(primary)
    if Z.shape != (n, n) or Y.shape != (n, k) or primary.shape != (c, n):
        raise InputError(f"shapes {Z.shape}, {Y.shape}, {primary.shape}; expected ({n}, {n}), ({n}, k), (c, {n})")
    table = np.zeros((n + c, n + k))
    table[:n, :n], table[:n, n:], table[n:, :n] = Z, Y, primary
    sigma = np.zeros_like(table)
    sds = relative_sd if isinstance(relative_sd, (tuple, list)) else (relative_sd,) * 3
    blocks = ((slice(n), slice(n)), (slice(n), slice(n, None)), (slice(n, None), slice(n)))
    for block, name, sd in zip(blocks, ("Z", "Y", "primary"), sds, strict=True):
        sigma[block] = _log_sd(sd, table[block].shape, name)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    random = np.random.default_rng(seed)

    def drawn():
        for _ in range(draws):
            noise = random.standard_normal(table.shape)
            prior = table * np.exp(sigma * noise - sigma**2 / 2)
            balanced = gras(prior, rows, columns, tolerance=tolerance, max_iterations=max_iterations)
            found = balanced.require("a drawn table", tolerance)
            yield TableDraw(found[:n, :n], found[:n, n:], found[n:, :n])

    return drawn()


@dataclass(frozen=True)
class AccountDraws:
    """Accounts of many draws; the first axis is the draw."""

    production: np.ndarray  #: (draws, m, R)
    consumption: np.ndarray  #: (draws, m, R)
    income: np.ndarray  #: (draws, m, R)
    central: Accounts  #: of the table as given

    def interval(self, account: str = "consumption", level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bound (m, R) that hold `level` of the draws between them."""
        if account not in ("production", "consumption", "income"):
            raise InputError(f"unknown account '{account}'; allowed: production, consumption, income")
        tail = (1 - level) / 2
        low, high = np.quantile(getattr(self, account), [tail, 1 - tail], axis=0)
        return low, high


def account_draws(Z, Y, F, regions, *, table_sd, extension_sd, draws: int, seed: int) -> AccountDraws:
    """Accounts of balanced draws of a table with drawn extensions.

    Z, Y, F, regions as :func:`accounts`; table_sd as `draw_tables` (all primary input is one row); extension_sd a
    number or array of F's shape. Extension totals by row are kept (the national total is the anchor).
    """
    Z, Y, F = np.asarray(Z, dtype=float), np.asarray(Y, dtype=float), np.atleast_2d(np.asarray(F, dtype=float))
    central = accounts(Z, Y, F, regions)
    primary = Z.sum(axis=1) + Y.sum(axis=1) - Z.sum(axis=0)
    sigma = _log_sd(extension_sd, F.shape, "extension_sd")
    table_seed, extension_seed = np.random.SeedSequence(seed).generate_state(2)
    random = np.random.default_rng(extension_seed)
    totals = F.sum(axis=1, keepdims=True)
    found = []
    for table in draw_tables(Z, Y, primary, table_sd, draws, seed=int(table_seed)):
        emitted = F * np.exp(sigma * random.standard_normal(F.shape) - sigma**2 / 2)
        sums = emitted.sum(axis=1, keepdims=True)
        emitted *= np.divide(totals, sums, out=np.ones_like(sums), where=sums != 0)
        found.append(accounts(table.Z, table.Y, emitted, regions))
    return AccountDraws(*(np.array([getattr(a, name) for a in found])
                          for name in ("production", "consumption", "income")), central)


def demand_draws(y, relative_sd, draws: int, *, seed: int, keep_total: bool = True) -> np.ndarray:
    """Final demands (n, draws) around y (n,), log-normal with mean y; `keep_total` holds each draw's sum at y's.

    relative_sd : number or (n,). Raises InputError for bad shapes or deviations.
    """
    y = np.asarray(y, dtype=float)
    if y.ndim != 1 or not np.isfinite(y).all():
        raise InputError(f"y has shape {y.shape}; expected finite (n,)")
    sigma = _log_sd(relative_sd, y.shape, "relative_sd")[:, None]
    drawn = y[:, None] * np.exp(sigma * np.random.default_rng(seed).standard_normal((y.size, draws)) - sigma**2 / 2)
    if keep_total:
        sums = drawn.sum(axis=0)
        if (sums * y.sum() <= 0).any():
            raise InputError("the total of y cannot be kept: its parts cancel; use keep_total=False")
        drawn *= y.sum() / sums
    return drawn


def total_draws(A, S, demands) -> np.ndarray:
    """Totals S (I - A)^-1 Y (m, draws) of all demands (n, draws) as one product with the multipliers.

    A (n, n) or a :class:`Leontief` system; S (m, n) or (n,) per unit of output. m solutions, whatever the draws.
    """
    system = A if isinstance(A, Leontief) else Leontief(A)
    return system.multipliers(S) @ np.asarray(demands, dtype=float)


def _log_sd(relative_sd, shape, name):
    """Standard deviation of the logarithm that gives the relative standard deviation."""
    sd = np.asarray(relative_sd, dtype=float)
    if sd.shape not in ((), shape) or not (np.isfinite(sd) & (sd >= 0)).all():
        raise InputError(Problem(name, f"relative deviation of shape {sd.shape}",
                                 f"expected one non-negative number or an array {shape}"))
    return np.broadcast_to(np.sqrt(np.log1p(sd**2)), shape)
