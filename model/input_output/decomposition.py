"""Structural decomposition: how much of a change of f'Ly each factor explains, without a residual.

Any order in which the factors move from the first to the second year is a valid decomposition; n factors have n!
of them. The exact method is their average (Dietzenbacher and Los 1998; the Shapley value: Shorrocks 2013), computed
from the 2^n mixed states rather than the n! orders; the polar method is the mean of one order and its reverse. The
spread between orders tells how far the answer depends on that choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import factorial

import numpy as np

from io_tables.errors import InputError, Problem, did_you_mean
from model.input_output.leontief import Leontief

EXACT, POLAR = "exact", "polar"
_METHODS = (EXACT, POLAR)
#: 2^n mixed states are kept for the exact average.
MOST_FACTORS = 14


@dataclass(frozen=True)
class Effects:
    """Effects of each factor in the unit (and shape) of what is decomposed; they add up to its change."""

    effects: dict[str, np.ndarray]
    lowest: dict[str, np.ndarray]  #: smallest effect over the orders (exact: all n!; polar: the two)
    highest: dict[str, np.ndarray]

    @property
    def spread(self) -> dict[str, np.ndarray]:
        """Highest minus lowest effect over the orders."""
        return {name: self.highest[name] - self.lowest[name] for name in self.effects}


def decompose(
    combine: Callable[..., np.ndarray | float], factors0: Mapping[str, object], factors1: Mapping[str, object], *,
    method: str = EXACT,
) -> Effects:
    """Effect of each of n factors on `combine(**factors)`, any function of them (a number or an array).

    factors0, factors1 : the same names, in both years; the order of the names is the polar order.
    Raises InputError for names that differ, an unknown method, more than 14 factors (exact), or a result that is
    not finite.
    """
    names = tuple(factors0)
    if not names or set(names) != set(factors1):
        raise InputError(f"factors differ: {', '.join(names) or 'none'} and {', '.join(factors1) or 'none'}")
    if method not in _METHODS:
        raise InputError(f"unknown method '{method}'; {did_you_mean(method, _METHODS)}")
    n = len(names)
    if method == EXACT and n > MOST_FACTORS:
        raise InputError(f"{n} factors have {2**n:,} mixed states; use method='polar' or join some of them")
    known: dict[int, np.ndarray] = {}

    def state(moved: int) -> np.ndarray:
        """What results when the factors in the bit set have moved to the second year."""
        if moved not in known:
            mixed = {name: (factors1 if moved >> k & 1 else factors0)[name] for k, name in enumerate(names)}
            known[moved] = np.asarray(combine(**mixed), dtype=float)
            if not np.isfinite(known[moved]).all():
                years = ", ".join(f"{name} of {'second' if moved >> k & 1 else 'first'} year"
                                  for k, name in enumerate(names))
                raise InputError(f"the result is not finite with {years}")
        return known[moved]

    effects, lowest, highest = {}, {}, {}
    everything = 2**n - 1
    for k, name in enumerate(names):
        bit = 1 << k
        if method == EXACT:
            before = [moved for moved in range(2**n) if not moved & bit]
            weights = [factorial(b) * factorial(n - 1 - b) / factorial(n) for b in (m.bit_count() for m in before)]
        else:
            # One order moves the factors before this one first, its reverse those after it.
            before, weights = [bit - 1, everything ^ (2 * bit - 1)], [0.5, 0.5]
        steps = [state(moved | bit) - state(moved) for moved in before]
        effects[name] = sum(w * step for w, step in zip(weights, steps, strict=True))
        lowest[name], highest[name] = np.minimum.reduce(steps), np.maximum.reduce(steps)
    return Effects(effects, lowest, highest)


@dataclass(frozen=True)
class StructuralDecomposition:
    """Effects on the total f'Ly, in its unit, and where they arise."""

    effects: dict[str, float]  #: f, L, y; they add up to the change of f'Ly
    spread: dict[str, float]  #: highest minus lowest effect over the orders
    lowest: dict[str, float]
    highest: dict[str, float]
    by_sector: dict[str, np.ndarray]  #: f, L, y: (n,) by emitting sector
    blocks: dict[str, float] = field(default_factory=dict)  #: the L effect by part of the change of A
    blocks_by_sector: dict[str, np.ndarray] = field(default_factory=dict)


def structural_decomposition(
    f0, A0, y0, f1, A1, y1, *, method: str = EXACT, blocks: Mapping[str, np.ndarray] | None = None
) -> StructuralDecomposition:
    """Decompose the change of f'Ly into intensity f, production structure L = (I - A)^-1 and final demand y.

    f, y (n,); A (n, n) or a kept :class:`Leontief`; 0 and 1 are the two years, in constant prices. The exact method
    averages the 6 orders, polar takes f, L, y and its reverse.
    blocks : name -> (n, n) parts of A1 - A0 (:func:`coefficient_blocks`); the L effect is then told by part, through
    dL = L1 dA L0 = L0 dA L1 (the mean of both).
    Raises InputError for shapes, numbers that are not finite, tables that are not productive, or blocks that do not
    add up to A1 - A0.
    """
    systems = [A if isinstance(A, Leontief) else Leontief(A) for A in (A0, A1)]
    n = systems[0].n
    vectors = {name: np.asarray(v, dtype=float) for name, v in (("f0", f0), ("y0", y0), ("f1", f1), ("y1", y1))}
    problems = [Problem(name, f"shape {v.shape}", f"expected ({n},)") for name, v in vectors.items() if v.shape != (n,)]
    problems += [Problem(name, "holds a number that is not finite") for name, v in vectors.items()
                 if not np.isfinite(v).all()]
    if systems[1].n != n:
        problems.append(Problem("A1", f"{systems[1].n} sectors", f"A0 has {n}"))
    if problems:
        raise InputError(problems)
    f, y = [vectors["f0"], vectors["f1"]], [vectors["y0"], vectors["y1"]]
    output = [[system.output(demand) for demand in y] for system in systems]
    # Years instead of matrices, so that no product is formed twice.
    found = decompose(lambda f_, L_, y_: f[f_] * output[L_][y_], {"f_": 0, "L_": 0, "y_": 0},
                      {"f_": 1, "L_": 1, "y_": 1}, method=method)
    totals = decompose(lambda f_, L_, y_: f[f_] @ output[L_][y_], {"f_": 0, "L_": 0, "y_": 0},
                       {"f_": 1, "L_": 1, "y_": 1}, method=method)

    def named(values, convert=float):
        return {name: convert(values[f"{name}_"]) for name in ("f", "L", "y")}

    # Weight of each pair of years (of f, of y) among the orders: moved before L or not.
    weights = [[1 / 3, 1 / 6], [1 / 6, 1 / 3]] if method == EXACT else [[0.0, 0.5], [0.5, 0.0]]
    parts = {} if blocks is None else block_effects(systems, f, output, blocks, weights)
    return StructuralDecomposition(
        named(totals.effects), named(totals.spread), named(totals.lowest), named(totals.highest),
        named(found.effects, np.asarray), {name: float(part.sum()) for name, part in parts.items()}, parts,
    )


def block_effects(systems, f, output, blocks, weights) -> dict[str, np.ndarray]:
    """(n,) effect of each part of dA by emitting sector; together the effect of L.

    systems : of both years; f : intensities of both years; output [year of L][state of demand] (n,); weights
    [year of f][state of demand], the share of the orders in which L moves there.
    """
    change = systems[1].A - systems[0].A
    blocks = {name: np.asarray(block, dtype=float) for name, block in blocks.items()}
    wrong = [Problem(f"blocks[{name!r}]", f"shape {b.shape}", f"expected {change.shape}")
             for name, b in blocks.items() if b.shape != change.shape]
    if wrong:
        raise InputError(wrong)
    rest = np.abs(sum(blocks.values()) - change).max()
    if not rest <= 1e-10 * max(np.abs(change).max(), 1e-6):
        raise InputError(f"the blocks miss A1 - A0 by up to {rest:.3g}")
    first, second = np.column_stack(output[0]), np.column_stack(output[1])
    parts = {}
    for name, block in blocks.items():
        step = 0.5 * (systems[1].output(block @ first) + systems[0].output(block @ second))
        parts[name] = sum(f[a] * (step @ np.asarray(weights[a])) for a in range(2))
    return parts


def coefficient_blocks(A0, A1, regions, *, imports0=None, imports1=None) -> dict[str, np.ndarray]:
    """Parts of A1 - A0, each (n, n): 'own' and 'other' region's suppliers, and 'imports' when these are given.

    regions (n,) : region index of each sector, region-major with the same S sectors in each; imports (S, n) :
    foreign inputs by commodity per unit of output. With imports, domestic inputs are the domestic share of a
    commodity times what would be bought at home without imports, a = d a*: own and other take the change of a*,
    imports that of d, each at the mean of the other (polar, no residual). Where one year buys nothing at home, its
    regional pattern is the other year's.
    """
    A0, A1, regions = np.asarray(A0, dtype=float), np.asarray(A1, dtype=float), np.asarray(regions)
    n = len(A0)
    if A0.shape != (n, n) or A1.shape != (n, n) or regions.shape != (n,):
        raise InputError(f"A0 {A0.shape}, A1 {A1.shape} and regions {regions.shape} do not fit")
    own = regions[:, None] == regions
    if (imports0 is None) != (imports1 is None):
        raise InputError("imports of one year only: give both or none")
    if imports0 is None:
        change = A1 - A0
        return {"own": np.where(own, change, 0.0), "other": np.where(own, 0.0, change)}
    R = len(np.unique(regions))
    S = n // R
    imports = [np.asarray(m, dtype=float) for m in (imports0, imports1)]
    if R * S != n or (regions != np.repeat(np.arange(R), S)).any() or any(m.shape != (S, n) for m in imports):
        raise InputError(f"imports by commodity need {R} regions of the same sectors, imports of shape ({S}, {n})")
    tables = [A0.reshape(R, S, n), A1.reshape(R, S, n)]
    at_home = [table.sum(axis=0) for table in tables]
    total = [h + m for h, m in zip(at_home, imports, strict=True)]
    patterns = [_share(table, h) for table, h in zip(tables, at_home, strict=True)]
    shares = [_share(h, t) for h, t in zip(at_home, total, strict=True)]
    for year in (0, 1):
        nothing = at_home[year] == 0
        patterns[year] = np.where(nothing, patterns[1 - year], patterns[year])
        # What is not bought at all in a year has no domestic share of its own either.
        shares[year] = np.where(total[year] == 0, shares[1 - year], shares[year])
    wanted = [p * t for p, t in zip(patterns, total, strict=True)]
    bought = (0.5 * (shares[0] + shares[1]) * (wanted[1] - wanted[0])).reshape(n, n)
    replaced = (0.5 * (wanted[0] + wanted[1]) * (shares[1] - shares[0])).reshape(n, n)
    return {"own": np.where(own, bought, 0.0), "other": np.where(own, 0.0, bought), "imports": replaced}


def _share(part, whole):
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole != 0)
