"""Energy outside the resolved technologies: activity, efficiency and electrification (E4, E8)."""

from __future__ import annotations

import numpy as np

#: Least part of a sector's account against which the change of its residual energy is read.
SMALLEST_BASE = 0.1


def electrify(
    energy: np.ndarray, electricity: int, final: np.ndarray, movable: np.ndarray, kept: np.ndarray, useful_ratio: float
) -> np.ndarray:
    """Replace fuels by electricity until the non-electric share of final energy is `kept` times what it was.

    energy (..., F) PJ; electricity : its position; final (..., F) : part of each fuel that is final energy
    (feedstock and transformation are not); movable (F,) bool: fuels that electricity can replace; kept (...,) in
    (0, 1]; useful_ratio : PJ of electricity that replace one PJ of fuel. Fuels fall in proportion. Where all movable
    fuel is gone the share stays below its goal.
    """
    counted = energy * final
    total, now = counted.sum(axis=-1), counted[..., electricity]
    fuel = (counted * movable).sum(axis=-1)
    share = np.divide(now, total, out=np.ones_like(total), where=total > 0)
    goal = 1.0 - (1.0 - share) * kept
    # (now + ratio d) / (total - (1 - ratio) d) = goal
    moved = np.clip((goal * total - now) / (useful_ratio + goal * (1.0 - useful_ratio)), 0.0, fuel)
    left = np.divide(fuel - moved, fuel, out=np.ones_like(fuel), where=fuel > 0)
    result = energy - counted * movable * (1.0 - left[..., None])
    result[..., electricity] += useful_ratio * moved
    return result


def residual_energy(
    base: np.ndarray,
    activity: np.ndarray,
    efficiency: np.ndarray,
    kept: np.ndarray,
    electricity: int,
    final: np.ndarray,
    movable: np.ndarray,
    useful_ratio: float,
) -> np.ndarray:
    """Energy (R, S, F) of a year: base x activity index (R, S) x efficiency index (S, F), then electrified.

    final (S, F), kept (S,) as in `electrify`.
    """
    energy = base * activity[:, :, None] * efficiency[None]
    return electrify(energy, electricity, final[None], movable, np.broadcast_to(kept, activity.shape), useful_ratio)


def coefficient_factors(
    before: np.ndarray, after: np.ndarray, account: np.ndarray, groups: tuple[np.ndarray, ...]
) -> np.ndarray:
    """By what the money input of each energy commodity per unit of output changes, (R, S, groups).

    before, after (R, S, F) PJ outside the technologies per unit of output; account (R, S, F) PJ of the whole sector
    in the base year; groups : positions of the fuels sold by one seller. Constant real prices: money moves with
    PJ per unit of output (E8). Where technologies own nearly all of a sector's fuel, the few PJ left are too
    small a base for a ratio: the change is then read against SMALLEST_BASE of the account.
    """
    factors = np.ones((*before.shape[:2], len(groups)))
    for g, fuels in enumerate(groups):
        start, end = before[:, :, fuels].sum(axis=2), after[:, :, fuels].sum(axis=2)
        base = np.maximum(start, SMALLEST_BASE * account[:, :, fuels].sum(axis=2))
        factors[:, :, g] += np.divide(end - start, base, out=np.zeros_like(base), where=base > 0)
    return factors
