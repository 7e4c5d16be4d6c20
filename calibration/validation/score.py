"""One validation figure beside the naive method, the first trial and the floor it must keep."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """A measured score.

    topic, name : what was held out and compared.
    value, unit : the measured figure (e.g. 5.8, '% MAPE').
    floor, sense : the bound to keep; sense '<=' (errors), '>=' (correlations) or 'in' with floor=(low, high).
    naive, trial : the same figure by the naive method and by the first trial (None where not measured).
    independent : False when part of what is scored also entered the estimate; `note` says which.
    """

    topic: str
    name: str
    value: float
    unit: str
    floor: float | tuple[float, float] | None = None
    sense: str = "<="
    naive: float | None = None
    trial: float | None = None
    independent: bool = True
    note: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the floor holds; None without a floor."""
        if self.floor is None:
            return None
        if self.sense == "in":
            low, high = self.floor
            return bool(low <= self.value <= high)
        return bool(self.value <= self.floor) if self.sense == "<=" else bool(self.value >= self.floor)
