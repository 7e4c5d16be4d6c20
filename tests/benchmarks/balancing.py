"""RAS: one pass against reading the matrix and against rescaling it with numpy; RAS and GRAS against ipfn."""

import numpy as np
from numba import njit

from io_tables import balancing, balancing_kernels
from tests.benchmarks.race import Race, cpu_medians, present, report

#: A pass may cost this many reads of the matrix, and must beat a numpy rescaling this many times.
READS, RESCALINGS = 2.5, 5.0


@njit(fastmath=True)
def _read(Z):
    """One read of the matrix at the speed of memory."""
    total = 0.0
    for i in range(Z.shape[0]):
        for j in range(Z.shape[1]):
            total += Z[i, j]
    return total


def _rescale(table, rows, columns):
    """The same step in numpy: two sums, two multiplications in place."""
    table *= (rows / table.sum(axis=1))[:, None]
    table *= columns / table.sum(axis=0)


def main() -> list[Race]:
    rng = np.random.default_rng(0)
    return [race for n in (1302, 4743) for race in _one_pass(rng, n)] + _against_ipfn(rng)


def _one_pass(rng, n):
    prior = rng.random((n, n))
    rows = rng.uniform(0.5, 1.5, n)
    columns = np.full(n, rows.sum() / n)
    r, s, sums, table = np.ones(n), np.ones(n), np.zeros(n), prior.copy()
    # Apart, because a second matrix would push the first out of the cache.
    ours = cpu_medians({"pass": lambda: balancing_kernels.ras_pass(prior, rows, r, s, sums)}, repeats=31)["pass"]
    read = cpu_medians({"read": lambda: _read(prior)}, repeats=31)["read"]
    numpy = cpu_medians({"numpy": lambda: _rescale(table, rows, columns)}, repeats=31)["numpy"]
    return [
        Race(f"RAS pass, n={n}, in reads of the matrix", ours, read, READS, True),
        Race(f"RAS pass, n={n}, numpy rescaling", ours, numpy, RESCALINGS),
    ]


def _against_ipfn(rng, n=310):
    prior = rng.random((n, n)) ** 3 + 1e-3
    target = prior * rng.uniform(0.5, 2.0, (n, n))
    rows, columns = target.sum(axis=1), target.sum(axis=0)
    signed = np.where(rng.random((n, n)) < 0.05, -prior, prior)
    wanted = signed * rng.uniform(0.7, 1.4, (n, n))
    jobs = {
        "ras": lambda: balancing.ras(prior, rows, columns),
        "gras": lambda: balancing.gras(signed, wanted.sum(axis=1), wanted.sum(axis=0)),
    }
    if present("ipfn"):
        from ipfn import ipfn

        def theirs():
            return ipfn.ipfn(prior.copy(), [rows, columns], [[0], [1]], convergence_rate=1e-9, verbose=0).iteration()

        jobs["ipfn"] = theirs
    taken = cpu_medians(jobs, repeats=5)
    return [
        Race(f"RAS to 1e-9, n={n}, ipfn", taken["ras"], taken.get("ipfn")),
        Race(f"GRAS of a signed table, n={n}, ipfn on a positive one", taken["gras"], taken.get("ipfn")),
    ]


if __name__ == "__main__":
    report(main())
