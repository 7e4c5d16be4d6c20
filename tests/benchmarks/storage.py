"""Source-sink matching at provincial and plant size, against its time limits; no peer is involved.

The other side of the race is the limit itself (1 s for 31 x 60, 5 s for 300 x 60, CPU of one thread).
"""

import numpy as np

from model.carbon.storage import distances, match_sources_to_sinks
from tests.benchmarks.race import Race, cpu_medians, report

LIMITS = {(31, 60): 1.0, (300, 60): 5.0}
REACH = 800.0  # km


def _case(sources, sinks, seed=0):
    rng = np.random.default_rng(seed)
    km = distances(rng.uniform(95, 122, sources), rng.uniform(22, 48, sources),
                   rng.uniform(85, 122, sinks), rng.uniform(28, 46, sinks))
    supply, capacity = rng.gamma(0.7, 30.0, sources), rng.gamma(0.5, 1.0, sinks)
    capacity *= 1.3 * supply.sum() / capacity.sum()
    return supply, capacity, 0.2 + 0.001 * km + rng.uniform(0, 0.5, (1, sinks)), km


def main() -> list[Race]:
    jobs = {}
    for size in LIMITS:
        supply, capacity, cost, km = _case(*size)
        jobs[f"{size[0]} x {size[1]}, all pairs"] = (
            lambda s=supply, k=capacity, c=cost, d=km: match_sources_to_sinks(s, k, c, distance=d))
        jobs[f"{size[0]} x {size[1]}, within {REACH:g} km"] = (
            lambda s=supply, k=capacity, c=cost, d=km: match_sources_to_sinks(s, k, c, distance=d, max_distance=REACH))
    taken = cpu_medians(jobs, repeats=3)
    limits = {name: LIMITS[tuple(int(n) for n in name.split(",")[0].split(" x "))] for name in jobs}
    return [Race(f"source-sink matching {name}, in units of its limit", seconds, limits[name], 1.0, ceiling=True)
            for name, seconds in taken.items()]


if __name__ == "__main__":
    report(main())
