"""What can go wrong, and how it is said: where, what, what is allowed, the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake a user can fix.

    where : place, e.g. ``scenarios/a.yaml:8:15`` or ``table.xlsx!Sheet1!C7``; may be empty.
    what : what is wrong, naming the offending value.
    remedy : what is allowed or what to do, ending in the nearest valid name where there is one.
    """

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.remedy}" if self.remedy else text


class ModelError(Exception):
    """Base of every error this project raises on purpose."""


class InputError(ModelError, ValueError):
    """Input that the user can fix. Gathers all mistakes found, in ``problems``."""

    def __init__(self, problems: str | Problem | Iterable[Problem | str]):
        if isinstance(problems, (str, Problem)):
            problems = [problems]
        self.problems = tuple(p if isinstance(p, Problem) else Problem("", p) for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class NotConverged(ModelError):
    """An iteration stopped above its tolerance; ``residual`` and ``iterations`` say where."""

    def __init__(self, what: str, residual: float, tolerance: float, iterations: int):
        self.what, self.residual, self.tolerance, self.iterations = what, residual, tolerance, iterations
        super().__init__(
            f"{what} did not converge: residual {residual:.3e} after {iterations} iterations, tolerance {tolerance:.1e}"
        )


class Infeasible(ModelError):
    """Targets that cannot hold together; ``clashing`` names a minimal set of them."""

    def __init__(self, message: str, clashing: Iterable[str] = ()):
        self.clashing = tuple(clashing)
        super().__init__(message)


def nearest(name: str, allowed: Iterable[str], count: int = 3) -> list[str]:
    """The valid names closest in spelling to `name` (ignoring case), best first; may be empty."""
    choices = {str(a).casefold(): str(a) for a in allowed}
    found = difflib.get_close_matches(str(name).casefold(), list(choices), n=count, cutoff=0.6)
    return [choices[f] for f in found]


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """``did you mean 'X' or 'Y'?``, or the list of what is allowed when nothing is near."""
    allowed = list(allowed)
    found = nearest(name, allowed)
    if found:
        return "did you mean " + " or ".join(f"'{f}'" for f in found) + "?"
    shown = ", ".join(f"'{a}'" for a in allowed[:12])
    return f"allowed: {shown}" + (" ..." if len(allowed) > 12 else "")
