"""Energy outside the resolved technologies: activity, efficiency and electrification (E4, E8)."""

from __future__ import annotations

import numpy as np


def electrify(energy: np.ndarray, electricity: int, movable: np.ndarray, target: np.ndarray,
              useful_ratio: float) -> np.ndarray:
    """Replace fuels by electricity until electricity's share of the energy used reaches `target`.

    energy (..., F) PJ; electricity : its position; movable (F,) bool: fuels that electricity can replace;
    target (...,) share wanted, NaN where none is set; useful_ratio : PJ of electricity that replace one PJ of fuel.
    Fuels fall in proportion. Where all movable fuel is gone the share stays below target; a target below the
    share already reached changes nothing.
    """
    total = energy.sum(axis=-1)
    now = energy[..., electricity]
    fuel = (energy * movable).sum(axis=-1)
    goal = np.where(np.isnan(target), 0.0, target)
    # (now + ratio d) / (total - (1 - ratio) d) = goal
    moved = (goal * total - now) / (useful_ratio + goal * (1.0 - useful_ratio))
    moved = np.clip(moved, 0.0, fuel)
    left = np.divide(fuel - moved, fuel, out=np.ones_like(fuel), where=fuel > 0)
    result = energy * np.where(movable, left[..., None], 1.0)
    result[..., electricity] += useful_ratio * moved
    return result


def residual_energy(base: np.ndarray, activity: np.ndarray, efficiency: np.ndarray, target: np.ndarray,
                    electricity: int, movable: np.ndarray, useful_ratio: float) -> np.ndarray:
    """Energy (R, S, F) of a year: base x activity index (R, S) x efficiency index (S, F), then electrified.

    target (S,) electricity share or NaN.
    """
    energy = base * activity[:, :, None] * efficiency[None]
    return electrify(energy, electricity, movable, np.broadcast_to(target, activity.shape), useful_ratio)


def coefficient_factors(base: np.ndarray, energy: np.ndarray, activity: np.ndarray, supplier: np.ndarray,
                        suppliers: int) -> np.ndarray:
    """By what the money input of each energy commodity per unit of output changed, (R, S, suppliers).

    base, energy (R, S, F) PJ; activity (R, S) output index; supplier (F,) position of the commodity that sells
    each fuel, -1 for none. Constant real prices: money moves with PJ per unit of output (E8).
    """
    R, S, _ = base.shape
    factors = np.ones((R, S, suppliers))
    for commodity in range(suppliers):
        fuels = supplier == commodity
        before = base[:, :, fuels].sum(axis=2) * activity
        after = energy[:, :, fuels].sum(axis=2)
        np.divide(after, before, out=factors[:, :, commodity], where=before > 0)
    return factors
