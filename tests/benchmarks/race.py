"""The timing harness: CPU clock, one thread, interleaved runs, medians, ratios side by side."""

from __future__ import annotations

import importlib.util
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks import DROPPED


@dataclass(frozen=True)
class Race:
    """One comparison: how often ours fits into the other's CPU time.

    target : smallest ratio that counts as won; None where the figure is only reported.
    ceiling : True when the ratio must stay below the target instead (a cost in units of the other).
    """

    name: str
    ours: float  #: median CPU seconds
    other: float | None  #: median CPU seconds; None when the peer is absent
    target: float | None = None
    ceiling: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Other over ours, or ours over other for a ceiling."""
        if self.other is None:
            return None
        return self.ours / self.other if self.ceiling else self.other / self.ours

    @property
    def won(self) -> bool | None:
        """Whether the target holds; None when there is none, or no peer."""
        if self.target is None or self.ratio is None:
            return None
        return self.ratio <= self.target if self.ceiling else self.ratio >= self.target


def cpu_medians(jobs: dict[str, Callable[[], object]], *, repeats: int = 7, warm: int = 1) -> dict[str, float]:
    """Median CPU seconds of each job; the jobs take turns, so that a busy machine slows all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(warm + repeats):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            if turn >= warm:
                seconds[name].append(time.process_time() - start)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def on_fresh(build: Callable[[], object], job: Callable[[object], object], times: int) -> Callable[[], object]:
    """The job on objects built beforehand, a new one each time, so that neither building nor caches are timed."""
    fresh = [build() for _ in range(times)]
    return lambda: job(fresh.pop())


def peak_memory(job: Callable[[], object]) -> float:
    """Largest memory allocated at once by a job, MB beyond what stood before."""
    tracemalloc.start()
    try:
        job()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def present(package: str) -> bool:
    """Whether a peer is installed; says so when it is not."""
    if importlib.util.find_spec(package) is None:
        print(f"  {package} is not installed: its races are left out")
        return False
    return True


def report(races: Sequence[Race]) -> None:
    """Print the table of ratios."""
    if DROPPED:
        print(f"unset for this run: {', '.join(DROPPED)}")
    width = max((len(race.name) for race in races), default=0)
    print(f"{'race':{width}}  {'ours':>10}  {'other':>10}  {'ratio':>8}  target")
    for race in races:
        other = "absent" if race.other is None else _seconds(race.other)
        ratio = "-" if race.ratio is None else f"{race.ratio:.3g}"
        sign = "<=" if race.ceiling else ">="
        target = "reported" if race.target is None else f"{sign} {race.target:g}"
        verdict = {True: "met", False: "MISSED", None: ""}[race.won]
        line = f"{race.name:{width}}  {_seconds(race.ours):>10}  {other:>10}  {ratio:>8}  {target} {verdict}"
        print(f"{line}  {race.note}".rstrip())


def _seconds(value: float) -> str:
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
