"""Hypothetical extraction: what falls when a sector, region or block is taken out of the table.

With L = (I - A)^-1, x = Ly and total multipliers t = s'L, removing block K entirely leaves

    s'x - s'x(-K) = t_K' (L_KK)^-1 x_K

(Strassert 1968; Dietzenbacher and Lahr 2013; the inverse of a bordered matrix), so the diagonal blocks of one
inverse give every extraction at once. Purchases alone (columns of A) put t - s for t, sales alone (rows of A)
x - y for x. Extraction counts what depends on a block as the table stands; it is no forecast of its closure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from io_tables.arrays import numbers
from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import Mrio
from model.input_output.leontief import Leontief
from model.input_output.table_accounts import extension_total

#: What is set to zero: rows and columns of A and the final demand of the block; its columns; its rows.
WHOLE, PURCHASES, SALES = "whole", "purchases", "sales"
_KINDS = (WHOLE, PURCHASES, SALES)


def extract_all(A, y, s, *, kind: str = WHOLE) -> np.ndarray:
    """Fall of s'x when each sector in turn is taken out: its row and column of A and its y set to zero.

    A (n, n), y (n,) final demand, s (n,) or (m, n) per unit of output. Returns (n,) or (m, n) in the unit of s'x.
    `kind` 'purchases' zeroes only the sector's column of A, 'sales' only its row.
    One inverse serves all sectors. Raises InputError as :class:`Leontief`, and for an unknown kind.
    """
    system = A if isinstance(A, Leontief) else Leontief(A)
    x, y, s, t = _solved(system, y, s)
    of, on = _sides(kind, x, y, s, t)
    return of * on / np.diagonal(system.inverse())


def extract_groups(A, y, s, groups, *, kind: str = WHOLE) -> np.ndarray:
    """As :func:`extract_all` for disjoint groups of sectors: groups (n,) integer labels 0..g-1, -1 to stay.

    Returns (g,) or (m, g): the fall when all members of a group go together.
    """
    system = A if isinstance(A, Leontief) else Leontief(A)
    groups = np.asarray(groups)
    if groups.shape != (system.n,) or not np.issubdtype(groups.dtype, np.integer) or groups.min(initial=0) < -1:
        raise InputError(Problem("groups", f"shape {groups.shape}, {groups.dtype}", f"expected ({system.n},) labels"))
    x, y, s, t = _solved(system, y, s)
    of, on = _sides(kind, x, y, s, t)
    inverse = system.inverse()
    falls = [_fall(inverse[np.ix_(K, K)], of[..., K], on[K])
             for K in (np.flatnonzero(groups == g) for g in range(groups.max(initial=-1) + 1))]
    return np.stack(falls, axis=-1) if falls else np.zeros(s.shape[:-1] + (0,))


def extract(A, y, s, members, *, kind: str = WHOLE) -> float | np.ndarray:
    """As :func:`extract_all` for one block of sectors, given as positions; solves for its columns only."""
    system = A if isinstance(A, Leontief) else Leontief(A)
    K = np.asarray(members, dtype=int)
    if K.ndim != 1 or K.size != np.unique(K).size or (K.size and (K.min() < 0 or K.max() >= system.n)):
        raise InputError(Problem("members", f"{K.tolist()}", f"expected different positions in 0..{system.n - 1}"))
    x, y, s, t = _solved(system, y, s)
    of, on = _sides(kind, x, y, s, t)
    unit = np.zeros((system.n, K.size))
    unit[K, np.arange(K.size)] = 1.0
    return _fall(system.output(unit)[K], of[..., K], on[K])


def table_extraction(table: Mrio, extension: str, *, by: str = "sector", kind: str = WHOLE) -> pd.DataFrame:
    """What a table's extension loses when each 'sector' (nationwide), 'region' or 'region sector' is taken out.

    Columns: region and/or sector, own (what the block emits itself), fall, share of the total; the rows of an
    extension are summed.
    """
    F = extension_total(table, extension)
    choices: dict[str, tuple[np.ndarray, dict[str, Sequence[str]]]] = {
        "sector": (np.tile(np.arange(len(table.sectors)), len(table.regions)), {"sector": table.sectors}),
        "region": (table.region_index, {"region": table.regions}),
        "region sector": (np.arange(table.n), {
            "region": np.repeat(table.regions, len(table.sectors)).tolist(),
            "sector": list(table.sectors) * len(table.regions)}),
    }
    if by not in choices:
        raise InputError(f"unknown grouping '{by}'; {did_you_mean(by, choices)}")
    groups, labels = choices[by]
    x = table.x
    system = Leontief.from_flows(table.Z, x)
    y = table.Y.sum(axis=1) + (0.0 if table.error is None else table.error)
    s = np.divide(F, x, out=np.zeros_like(x), where=x != 0)
    single = by == "region sector"
    fall = extract_all(system, y, s, kind=kind) if single else extract_groups(system, y, s, groups, kind=kind)
    own = np.bincount(groups, F)
    share = fall / F.sum() if F.sum() else np.zeros_like(fall)
    return pd.DataFrame({**labels, "own": own, "fall": fall, "share": share})


def _solved(system, y, s):
    y, s = numbers("y", y), numbers("s", s)
    wrong = [Problem(name, f"shape {array.shape}", f"expected ({system.n},){more}")
             for name, array, sizes, more in (("y", y, (1,), ""), ("s", s, (1, 2), f" or (m, {system.n})"))
             if array.ndim not in sizes or array.shape[-1] != system.n]
    wrong += [Problem(name, f"not a finite number at {np.argwhere(~np.isfinite(array))[0].tolist()}")
              for name, array in (("y", y), ("s", s)) if not np.isfinite(array).all()]
    if wrong:
        raise InputError(wrong)
    return system.output(y), y, s, system.multipliers(s)


def _sides(kind, x, y, s, t):
    """Left and right factor of the fall."""
    if kind not in _KINDS:
        raise InputError(f"unknown kind '{kind}'; {did_you_mean(kind, _KINDS)}")
    return t - s if kind == PURCHASES else t, x - y if kind == SALES else x


def _fall(block, of, on):
    return of @ np.linalg.solve(block, on)
