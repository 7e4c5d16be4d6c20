"""Published totals of a table against the sums of their parts, with room for the rounding of printed digits."""

from __future__ import annotations

import numpy as np

from io_tables.errors import Problem

#: Problems of one kind shown before the rest is counted.
SHOWN = 8
#: A table printed with more decimals than this counts as not rounded.
MOST_DECIMALS = 6


def shown(problems: list[Problem]) -> list[Problem]:
    """The first few problems of a kind, and how many more there are."""
    rest = len(problems) - SHOWN
    return problems[:SHOWN] + ([Problem("", f"and {rest} more of this kind")] if rest > 0 else [])


def slip(ratio: float) -> int | None:
    """The power of ten (1..4 either way) a ratio is within 1 % of, or None."""
    if not np.isfinite(ratio) or ratio <= 0:
        return None
    power = round(float(np.log10(ratio)))
    return power if power and abs(power) <= 4 and abs(ratio / 10.0**power - 1) < 0.01 else None


def slip_remedy(published: float, summed: float) -> str:
    """A hint at a unit slip where published / summed is a power of ten, else ''."""
    power = slip(published / summed) if summed else None
    return f"the ratio is {10.0**power:g}: look for a unit slip" if power else ""


class Totals:
    """Compares published totals with sums, with room for the rounding of the last printed digit."""

    def __init__(self, values: np.ndarray, tolerance: float):
        self.tolerance = tolerance
        known = values[np.isfinite(values)]
        sample = known[:: max(1, known.size // 20000)]
        exact = 1e-9 + 4.0 * np.finfo(float).eps * np.abs(sample)
        rounded = ((np.abs(sample - np.round(sample, d)) < exact).all() for d in range(MOST_DECIMALS + 1))
        decimals = next((d for d, fits in enumerate(rounded) if fits), None)
        self.step = 0.0 if decimals is None else 0.5 * 10.0**-decimals
        self.problems: list[Problem] = []

    def allowed(self, scale, terms):
        """Largest difference that is no mistake; scale = absolute size of the total."""
        rounding = min(self.step * (2.0 * np.sqrt(terms) + 1.0), 1e-3 * float(np.max(scale, initial=0.0)))
        return np.maximum(self.tolerance * scale, rounding) + 1e-9

    def compare(self, published, summed, scale, terms, places, names, what):
        """Note every published figure that its parts do not add up to; NaN is not published."""
        differs = np.abs(published - summed) > self.allowed(np.maximum(np.abs(published), scale), terms)
        wrong = [
            Problem(
                places(int(i)), f"{names(int(i))}: {what} is {published[i]:.12g}, its parts add up to {summed[i]:.12g}",
                slip_remedy(published[i], summed[i]),
            )
            for i in np.flatnonzero(differs & np.isfinite(published))
        ]
        self.problems += shown(wrong)
