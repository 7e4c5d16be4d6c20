"""The national outer loop with the additions of earlier years fixed: what was built stays built."""

from __future__ import annotations

import numpy as np

from model.pathway.choice import Choice
from model.pathway.national_loop import NationalLoop
from model.pathway.places import Places
from model.pathway.timing import Timing
from model.study import Study, Year

#: Fixed additions may move by this part: the economy of their year is met again, never to the last digit.
PLAY = 1e-3


class FrozenLoop(NationalLoop):
    """The outer loop with the additions of the first years after the base year fixed."""

    def __init__(self, study: Study, places: Places, timing: Timing, first: list[Year], choice: Choice,
                 frozen: np.ndarray, refits: np.ndarray):
        """frozen, refits (years fixed, K) : national additions and capacity refitted a year."""
        super().__init__(study, places, timing, first, choice)
        self.frozen, self.refits = frozen, refits

    def draft(self, years, found):
        """The national programme on the economy of some years, its first additions fixed."""
        d = super().draft(years, found)
        count = len(self.frozen)
        if not count:
            return d
        lower, upper = np.zeros((d.G, d.K, d.T)), np.full((d.G, d.K, d.T), np.inf)
        lower[:, :, :count] = (1 - PLAY) * self.frozen.T[None]
        upper[:, :, :count] = (1 + PLAY) * self.frozen.T[None]
        d.programme.tighten("building", lower, upper)
        own, fixed = d.refits, d.refits.year < count
        made = np.zeros(len(fixed))
        made[fixed] = (self.refits[own.year[fixed], own.target[fixed]] * own.part[fixed])
        d.programme.tighten("refit", np.where(fixed, (1 - PLAY) * made, 0.0),
                            np.where(fixed, (1 + PLAY) * made, np.inf))
        return d
