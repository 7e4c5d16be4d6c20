"""One recounted balance, and how a miss is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: Largest relative residual of a balance between separately computed numbers.
TOLERANCE = 1e-6
#: Largest relative residual of a plain sum: the table carries ten significant digits.
DIGITS = 1e-8
#: Mt CO2 by which the neutral year may miss its balance.
NEUTRAL = 1.0


@dataclass(frozen=True)
class Check:
    """One recounted balance: residual relative to its own scale (None: does not apply here) and its worst place."""

    name: str
    residual: float | None
    tolerance: float
    where: str

    @property
    def status(self) -> str:
        """'pass', 'fail', or 'not_run' when the run has nothing to check."""
        if self.residual is None:
            return "not_run"
        return "pass" if math.isfinite(self.residual) and self.residual <= self.tolerance else "fail"


def closes(name: str, miss: np.ndarray, scale, axes, tolerance: float = TOLERANCE) -> Check:
    """Largest |miss| / scale; zero over zero counts as closed, anything over zero as open. axes : labels per axis."""
    miss = np.abs(miss)
    relative = np.divide(miss, scale, out=np.where(miss > 0, np.inf, 0.0), where=np.asarray(scale) > 0)
    if not relative.size:
        return Check(name, None, tolerance, "nothing to check")
    at = np.unravel_index(int(np.argmax(np.nan_to_num(relative, nan=np.inf))), relative.shape)
    return Check(name, float(relative[at]), tolerance, " ".join(str(axis[i]) for axis, i in zip(axes, at, strict=True)))


def adds_up(name: str, parts: np.ndarray, whole: np.ndarray, axes, along: int = 0) -> Check:
    """Sum of `parts` along an axis against `whole`, relative to the sum of sizes."""
    size = np.maximum(np.abs(parts).sum(axis=along), np.abs(whole))
    return closes(name, parts.sum(axis=along) - whole, size, axes, DIGITS)
