"""Extraction of every sector at once, in units of one matrix inverse."""

import numpy as np

from model.input_output.extraction import extract_all, extract_groups
from tests.benchmarks.race import Race, cpu_medians, report
from tests.benchmarks.tables import dense_table


def main() -> list[Race]:
    Z, Y, F, index, x = dense_table(31, 42)
    A, y, s = Z / x, Y.sum(axis=1), F[0] / x
    eye = np.eye(x.size)
    taken = cpu_medians({
        "sectors": lambda: extract_all(A, y, s),
        "regions": lambda: extract_groups(A, y, s, index),
        "inverse": lambda: np.linalg.inv(eye - A),
        "one": lambda: np.linalg.solve(eye - A, y),
    }, repeats=5)
    return [
        Race("extraction of all 1302 sectors, in inverses", taken["sectors"], taken["inverse"], 1.5, True),
        Race("extraction of all 31 regions, in inverses", taken["regions"], taken["inverse"], 1.5, True),
        Race("extraction of all 1302 sectors, solving once for each", taken["sectors"], taken["one"] * x.size,
             note="other extrapolated from one solution"),
    ]


if __name__ == "__main__":
    report(main())
