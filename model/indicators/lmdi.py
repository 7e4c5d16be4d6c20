"""Index decomposition by the logarithmic mean Divisia index (LMDI), exact at zeros by their limits.

V = sum over cells of x_1 x_2 ... x_n. With the logarithmic mean L(a, b) = (a - b) / ln(a / b), L(a, a) = a:

    LMDI-I   additive        dV_k  = sum_i L(v1_i, v0_i) ln(x1_ki / x0_ki)
             multiplicative  D_k   = exp(sum_i L(v1_i, v0_i) / L(V1, V0) ln(x1_ki / x0_ki))
    LMDI-II  weights L(v1_i / V1, v0_i / V0), normalised to one, times L(V1, V0) when additive

(Ang and Choi 1997; Ang and Liu 2001; Ang 2015). No residual in any of them. Where a factor is zero the effects
are the limits of the formulas (Ang and Liu 2007), not their value at a small number: a cell that appears or
vanishes belongs to the factor that is zero, in equal parts to several.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from io_tables.arrays import numbers
from io_tables.errors import InputError, Problem, did_you_mean
from model.input_output.decomposition import decompose

LMDI_I, LMDI_II = "LMDI-I", "LMDI-II"
ADDITIVE, MULTIPLICATIVE = "additive", "multiplicative"


def log_mean(a, b) -> np.ndarray:
    """L(a, b) = (a - b) / ln(a / b) of numbers of one sign; L(a, a) = a and L(a, 0) = 0."""
    a, b = numbers("a", a), numbers("b", b)
    try:
        a, b = np.broadcast_arrays(a, b)
    except ValueError as error:
        raise InputError(f"the logarithmic mean of unlike arrays: {error}") from None
    if (a * b < 0).any() or not (np.isfinite(a) & np.isfinite(b)).all():
        raise InputError("the logarithmic mean needs two finite numbers of one sign")
    both = (a != 0) & (b != 0)
    ratio = np.log(np.divide(a, b, out=np.ones(a.shape), where=both))
    # b (e^r - 1) / r keeps its digits where a is close to b.
    mean = b * np.divide(np.expm1(ratio), ratio, out=np.ones(a.shape), where=ratio != 0)
    return np.where(both, mean, 0.0)


def lmdi(
    factors0: Sequence[np.ndarray], factors1: Sequence[np.ndarray], *, method: str = LMDI_I, form: str = ADDITIVE
) -> np.ndarray:
    """Effect of each factor on V, in their order: (n,) in the unit of V, or ratios when multiplicative.

    factors0, factors1 : n arrays of one common shape (broadcast an activity total over its cells beforehand);
    cells are multiplied across factors and summed. Effects add up to V1 - V0, ratios multiply to V1 / V0.
    Raises InputError for shapes, numbers that are not finite, a factor that changes sign (:func:`shapley` takes
    those), a total of zero or of changing sign where a ratio to it is asked for, and LMDI-II without a cell that
    exists in both years (unless the total comes from or goes to nothing).
    """
    _choose(method, (LMDI_I, LMDI_II), "method")
    _choose(form, (ADDITIVE, MULTIPLICATIVE), "form")
    x0, x1 = _checked(factors0, factors1)
    v0, v1 = x0.prod(axis=0), x1.prod(axis=0)
    V0, V1 = v0.sum(), v1.sum()
    if form == MULTIPLICATIVE and V0 * V1 <= 0:
        raise InputError(f"the total moves from {V0:g} to {V1:g}: it has no ratio; use the additive form")
    if method == LMDI_I:
        effects = _cell_effects(x0, x1, v0, v1).sum(axis=1)
        return effects if form == ADDITIVE else np.exp(effects / log_mean(V1, V0))
    logs = _second_weights(x0, x1, v0, v1, V0, V1)
    return logs if form == ADDITIVE else np.exp(logs / log_mean(V1, V0))


def cell_effects(factors0: Sequence[np.ndarray], factors1: Sequence[np.ndarray]) -> np.ndarray:
    """Additive LMDI-I effects by cell (n, *shape); their sums over any groups are those groups' effects."""
    x0, x1 = _checked(factors0, factors1)
    shape = np.shape(factors0[0])
    return _cell_effects(x0, x1, x0.prod(axis=0), x1.prod(axis=0)).reshape(len(x0), *shape)


def chained(factors: Sequence[np.ndarray], *, method: str = LMDI_I, form: str = ADDITIVE) -> np.ndarray:
    """Effects of each step of a series (T - 1, n), for factors (T, *cells); add or multiply them over the steps.

    Chaining follows the path between the first and the last year instead of comparing these two alone.
    """
    series = [numbers("factors", f) for f in factors]
    if not series or any(f.ndim < 1 or len(f) != len(series[0]) for f in series) or len(series[0]) < 2:
        raise InputError("chaining needs factors over the same years, at least two")
    return np.array([lmdi([f[t] for f in series], [f[t + 1] for f in series], method=method, form=form)
                     for t in range(len(series[0]) - 1)])


def spatial(factors: Sequence[np.ndarray], reference: int | None = None) -> np.ndarray:
    """Additive LMDI-I effects of each region against a reference (R, n), for factors (R, *cells).

    The reference is a region, or (None) the mean of all: each factor is then the ratio of mean products, so that
    totals average and shares and intensities are weighted (Ang, Xu and Su 2015). Two regions compare through it:
    the difference of their rows, which is transitive.
    """
    regions = [numbers("factors", f) for f in factors]
    if not regions or any(f.ndim < 1 or len(f) != len(regions[0]) for f in regions):
        raise InputError("a spatial comparison needs factors over the same regions")
    if reference is None:
        products = np.cumprod(np.stack(regions), axis=0).mean(axis=1)
        before = np.concatenate([np.ones_like(products[:1]), products[:-1]])
        base = list(np.divide(products, before, out=np.zeros_like(products), where=before != 0))
    else:
        base = [f[reference] for f in regions]
    return np.array([lmdi(base, [f[r] for f in regions]) for r in range(len(regions[0]))])


def multilevel(
    levels0: Sequence[Sequence[np.ndarray]], levels1: Sequence[Sequence[np.ndarray]], parents: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Hierarchical additive LMDI-I (Xu and Ang 2014): the last factor of a level is decomposed on the next one.

    levels : per level its factors (cells,); the last factor of every level but the lowest is an aggregate, the sum
    over its children of the product of the next level's factors. parents : per lower level the cell of the level
    above (cells,). Returns per level the effects by factor: without the aggregate except on the lowest level. All
    together add up to V1 - V0. Raises InputError when an aggregate is not the sum of its children.
    """
    if len(levels0) != len(levels1) or len(parents) != len(levels0) - 1:
        raise InputError(f"{len(levels0)} and {len(levels1)} levels with {len(parents)} lists of parents do not fit")
    effects, carry = [], None
    for depth, (below0, below1) in enumerate(zip(levels0, levels1, strict=True)):
        x0, x1 = _checked(below0, below1)
        cells = _cell_effects(x0, x1, x0.prod(axis=0), x1.prod(axis=0))
        if carry is not None:
            above0, above1, effect, weight = carry
            parent = np.asarray(parents[depth - 1])
            if parent.shape != x0.shape[1:] or parent.min(initial=0) < 0 or parent.max(initial=-1) >= len(above0):
                raise InputError(f"parents of level {depth + 1} name cells that level {depth} does not have")
            for above, x in ((above0, x0), (above1, x1)):
                summed = np.bincount(parent, x.prod(axis=0), len(above))
                off = np.abs(summed - above) > 1e-9 * np.maximum(np.abs(above), np.abs(summed))
                if off.any():
                    g = int(np.flatnonzero(off)[0])
                    raise InputError(f"cell {g} of level {depth}: {above[g]:.8g} is not the sum {summed[g]:.8g} "
                                     f"of its children on level {depth + 1}")
            # An aggregate's effect on V is shared out as its own change is; L(V) / L(aggregate) where it moves.
            change, both = above1 - above0, (above0 != 0) & (above1 != 0)
            mean = log_mean(above1, above0)
            scale = np.divide(weight, mean, out=np.zeros_like(mean), where=both)
            scale = np.where(both, scale, np.divide(effect, change, out=np.zeros_like(mean), where=change != 0))
            cells = cells * scale[parent]
            weights = log_mean(x1.prod(axis=0), x0.prod(axis=0)) * scale[parent]
        else:
            weights = log_mean(x1.prod(axis=0), x0.prod(axis=0))
        carry = (x0[-1], x1[-1], cells[-1], weights)
        effects.append(cells.sum(axis=1) if depth == len(levels0) - 1 else cells[:-1].sum(axis=1))
    return effects


def shapley(factors0: Sequence[np.ndarray], factors1: Sequence[np.ndarray]) -> np.ndarray:
    """Effect of each factor on the sum of products (n,), for data of any sign (Sun 1998: jointly created changes
    are shared equally, which is the Shapley value). No residual; no logarithms."""
    x0, x1 = _checked(factors0, factors1, signed=True)
    names = [f"x{k}" for k in range(len(x0))]

    def total(**chosen):
        product = 1.0
        for name in names:
            product = product * chosen[name]
        return product.sum()

    found = decompose(total, dict(zip(names, x0, strict=True)), dict(zip(names, x1, strict=True)))
    return np.array([float(found.effects[name]) for name in names])


def _choose(value, allowed, what):
    if value not in allowed:
        raise InputError(f"unknown {what} '{value}'; {did_you_mean(value, allowed)}")


def _checked(factors0, factors1, *, signed=False):
    """Factors of both years as (n, cells)."""
    years = [[numbers("factors", f) for f in factors] for factors in (factors0, factors1)]
    if not years[0] or len(years[0]) != len(years[1]):
        raise InputError(f"{len(years[0])} factors in the first year and {len(years[1])} in the second")
    shape = years[0][0].shape
    problems = []
    for k in range(len(years[0])):
        for name, factors in (("first", years[0]), ("second", years[1])):
            where = f"factor {k} of the {name} year"
            if factors[k].shape != shape:
                problems.append(Problem(where, f"shape {factors[k].shape}", f"the first factor has {shape}"))
            elif not np.isfinite(factors[k]).all():
                spot = tuple(int(i) for i in np.argwhere(~np.isfinite(factors[k]))[0])
                problems.append(Problem(where, f"not a finite number at {spot}"))
    if not problems and not signed:
        problems = [Problem(f"factor {k}", "changes sign between the years", "use shapley for signed data")
                    for k, (a, b) in enumerate(zip(*years, strict=True)) if (np.sign(a) * np.sign(b) < 0).any()]
    if problems:
        raise InputError(problems)
    return tuple(np.stack([f.ravel() for f in factors]) for factors in years)


def _log_ratios(x0, x1):
    """ln(x1 / x0), zero where either is zero: those cells are told by their limits."""
    return np.log(np.divide(x1, x0, out=np.ones_like(x0), where=(x0 != 0) & (x1 != 0)))


def _cell_effects(x0, x1, a0, a1, mean=None):
    """Limit of L(a1, a0) ln(x1_k / x0_k) per cell (n, cells), a being the cell's value, or its share with `mean`."""
    logs = _log_ratios(x0, x1)
    if mean is None:
        total = logs.sum(axis=0)
        mean = a0 * np.divide(np.expm1(total), total, out=np.ones_like(total), where=total != 0)
    effects = mean * logs
    appears = (a0 == 0) != (a1 == 0)
    if appears.any():
        zero = np.where(a0 == 0, x0 == 0, x1 == 0)[:, appears]
        effects[:, appears] = (a1 - a0)[appears] * zero / np.maximum(zero.sum(axis=0), 1)
    effects[:, (a0 == 0) & (a1 == 0)] = 0.0
    return effects


def _second_weights(x0, x1, v0, v1, V0, V1):
    """Additive LMDI-II effects (n,)."""
    if (v0 < 0).any() or (v1 < 0).any():
        raise InputError("LMDI-II weighs cells by their share, so no cell may be negative; use LMDI-I or shapley")
    if V0 == 0 and V1 == 0:
        return np.zeros(len(x0))
    if V0 == 0 or V1 == 0:
        # From nothing: along x0 = e x1, e -> 0, the cells with the fewest zero factors hold all of the total.
        if V1 == 0:
            return -_second_weights(x1, x0, v1, v0, V1, V0)
        zero = (x0 == 0) & (x1 != 0)
        count = np.where(v1 > 0, zero.sum(axis=0), len(x0) + 1)
        fewest = count.min()
        start = np.where(count == fewest, np.where(zero, x1, x0).prod(axis=0), 0.0)
        weights = log_mean(v1 / V1, start / start.sum())
        return (weights / weights.sum() * zero).sum(axis=1) * V1 / fewest
    shares0, shares1 = v0 / V0, v1 / V1
    weights = log_mean(shares1, shares0)
    if not weights.any():
        raise InputError("no cell exists in both years, so the weights of LMDI-II have no limit; use LMDI-I")
    return _cell_effects(x0, x1, shares0, shares1, weights).sum(axis=1) / weights.sum() * log_mean(V1, V0)
