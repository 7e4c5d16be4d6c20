"""Fixed points by Anderson acceleration with a damped, clipped fallback (E7, E12)."""

from __future__ import annotations

from collections import deque

import numpy as np

#: Largest step of the plain iteration, relative to the scale of each group of figures.
CLIP = 0.2
#: An accelerated step that leaves a residual this many times larger is not followed up.
WORSE = 2.0
#: After so many steps without a better residual every step is shortened by the damping factor, down to the least.
PATIENCE, LEAST_STEP = 5, 0.05


class Anderson:
    """Type-II Anderson mixing on X -> F(X); `advance` takes X and F(X) and returns the next X.

    memory : earlier differences used, 0 is the plain iteration; damping : step of the plain iteration.
    """

    def __init__(self, memory: int, damping: float, scale: np.ndarray):
        """scale (n,) : by which residuals are made comparable."""
        self._memory, self._damping, self._scale = memory, damping, scale
        self._points: deque = deque(maxlen=memory + 1)
        self._residuals: deque = deque(maxlen=memory + 1)
        self.norms: list[float] = []
        self._best, self._waited, self._step = np.inf, 0, 1.0

    def advance(self, x: np.ndarray, mapped: np.ndarray, norm: float) -> np.ndarray:
        """Next point; norm : of the undamped residual, as judged by the caller."""
        self._best, self._waited = (norm, 0) if norm < self._best else (self._best, self._waited + 1)
        if self._waited >= PATIENCE:
            # the optimum jumps between vertices: shorter steps settle between them
            self._step, self._waited = max(self._step * self._damping, LEAST_STEP), 0
            self._points.clear()
            self._residuals.clear()
        return x + self._step * (self._proposed(x, mapped, norm) - x)

    def _proposed(self, x: np.ndarray, mapped: np.ndarray, norm: float) -> np.ndarray:
        residual = (mapped - x) / self._scale
        if self.norms and norm > WORSE * self.norms[-1]:
            self._points.clear()
            self._residuals.clear()
        self.norms.append(norm)
        self._points.append(mapped)
        self._residuals.append(residual)
        if len(self._residuals) < 2 or self._memory == 0:
            step = mapped - x
            if len(self.norms) > 1 and norm > self.norms[-2]:
                step = np.clip(self._damping * step, -CLIP * self._scale, CLIP * self._scale)
            return x + step
        newest = self._residuals[-1]
        differences = np.stack([newest - r for r in list(self._residuals)[:-1]], axis=1)
        weights, *_ = np.linalg.lstsq(differences, newest, rcond=1e-10)
        move = np.stack([mapped - p for p in list(self._points)[:-1]], axis=1)
        return mapped - move @ weights

    @property
    def contraction(self) -> float | None:
        """Estimate of the map's contraction: geometric mean of the last three falls of the residual."""
        usable = [n for n in self.norms[-4:] if n > 0]
        if len(usable) < 2:
            return None
        return float((usable[-1] / usable[0]) ** (1.0 / (len(usable) - 1)))
