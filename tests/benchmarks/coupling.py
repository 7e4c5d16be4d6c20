"""Race: the pathway programme, as ratios in one run.

    python -m tests.benchmarks.coupling

Writing the national programme against its cold solve, and a re-solve after the last cap is tightened against the cold
solve. CPU clock, one thread; nothing is asserted about time.
"""

from __future__ import annotations

import time
from dataclasses import replace

from model.deferred import solve_deferred
from model.pathway.assembled import assembled
from tests.model.test_coupling_national import Frozen


def _timed(run):
    began = time.process_time()
    result = run()
    return result, time.process_time() - began


def main() -> None:
    """Print seconds and ratios."""
    frozen = Frozen()
    whole, write = _timed(lambda: assembled(frozen.loop.draft(frozen.closed, frozen.found), 3e-2))
    cold, slow = _timed(lambda: solve_deferred(whole.complete, threshold=3e-2, max_passes=60))
    upper = whole.complete.k_upper.copy()
    upper[frozen.row("policy carbon.neutral_year 2060")] -= 50.0
    start = (cold.z, cold.prices, cold.rents)
    warm, quick = _timed(lambda: solve_deferred(replace(whole.complete, k_upper=upper), threshold=3e-2, start=start,
                                                max_passes=60))
    rows, columns = whole.complete.B.shape[0] + whole.complete.K.shape[0], len(whole.complete.cost)
    print(f"national programme {rows} x {columns}: write {write:.2f} s, cold {slow:.2f} s in {len(cold.passes)} "
          f"passes, after a tighter cap {quick:.2f} s in {len(warm.passes)} passes")
    print(f"write / cold {write / slow:.2f}, re-solve / cold {quick / slow:.2f}")


if __name__ == "__main__":
    main()
