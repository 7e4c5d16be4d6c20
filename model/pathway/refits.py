"""Refits: standing plants that get another technology's equipment and go on for the rest of their life (E6, E10).

A column for every place, technology with a `retrofit_of` and year: capacity leaves the source's stock and joins the
target's, vintage by vintage the sum of both is what it was. It costs what the target costs more than the source, in
the target's investment goods. Columns are counted in new plants of the same money, so that a refit asks of the economy
what that part of a new plant asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from model.pathway.timing import Timing
    from model.technology.catalogue import Catalogue

#: Age of a plant when it is refitted, over its mean life: those with long to run are refitted first. assumed
AGE = 1 / 3
#: A refit costs at least this part of a new plant, whatever a scenario's cost multipliers say.
LEAST_PART = 0.05


@dataclass(frozen=True)
class Refits:
    """P pairs of a refit and the model year (after the first) in which it is made; K technologies, T years.

    target, source, year (P,) positions; part (P,) cost over that of a new target; moved (P, T) capacity still standing
    in each year per column unit; life (P,) years a refitted plant has left.
    """

    target: np.ndarray
    source: np.ndarray
    year: np.ndarray
    part: np.ndarray
    moved: np.ndarray
    life: np.ndarray

    def capacity(self, columns: np.ndarray, count: int) -> np.ndarray:
        """(G, K, T) capacity refitted a year, by target; columns (G, P), count K."""
        result = np.zeros((len(columns), count, self.moved.shape[1]))
        np.add.at(result, (slice(None), self.target, self.year), columns / self.part)
        return result

    def invested(self, columns: np.ndarray, count: int) -> np.ndarray:
        """(G, K, T) refits a year in new plants of the same money, by target."""
        result = np.zeros((len(columns), count, self.moved.shape[1]))
        np.add.at(result, (slice(None), self.target, self.year), columns)
        return result

    def shifted(self, columns: np.ndarray, count: int) -> np.ndarray:
        """(G, K, T) what refits add to each technology's stock and take from it."""
        result = np.zeros((len(columns), count, self.moved.shape[1]))
        stands = columns[:, :, None] * self.moved
        np.add.at(result, (slice(None), self.target), stands)
        np.subtract.at(result, (slice(None), self.source), stands)
        return result


def refits_of(catalogue: Catalogue, keys, timing: Timing, buildable: np.ndarray) -> Refits:
    """The refits of a catalogue. buildable (K, T) : whether a technology may be built in each year after the first."""
    pairs = [(k, keys.index(source)) for k, key in enumerate(keys)
             if (source := catalogue.technology(key).retrofit_of) in keys]
    found = [(k, s, t) for k, s in pairs for t in np.flatnonzero(buildable[k])]
    target, source, year = np.array(found, dtype=int).reshape(-1, 3).T
    years = timing.years[1:]
    part = np.array([cost_over_new(catalogue, keys[k], keys[s], years[t]) for k, s, t in found])
    life = np.array([catalogue.lifetime(keys[s]) for s in source])
    stands = {s: timing.standing(catalogue.lifetime(keys[s]), AGE * catalogue.lifetime(keys[s]))[1:, 1:]
              for s in set(source.tolist())}
    moved = np.array([stands[s][t] for _, s, t in found]).reshape(len(found), len(years)) / part.reshape(-1, 1)
    return Refits(target, source, year, part, moved, (1.0 - AGE) * life)


def cost_over_new(catalogue: Catalogue, target: str, source: str, year: float) -> float:
    """What a refit costs over a new target: the difference of both investment costs of the year."""
    new, plain = (catalogue.value(key, "capex", year=year) for key in (target, source))
    return max(1.0 - plain / new, LEAST_PART) if new > 0 else 1.0
