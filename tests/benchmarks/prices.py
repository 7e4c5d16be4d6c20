"""Cost-push prices against forming the inverse."""

import numpy as np

from model.input_output.leontief import Leontief
from model.input_output.prices import cost_push
from tests.benchmarks.race import Race, cpu_medians, report
from tests.benchmarks.tables import dense_table


def main() -> list[Race]:
    Z, _, F, _, x = dense_table(31, 42)
    A, cost = Z / x, F[0] * 1e-3
    system, eye = Leontief(A), np.eye(x.size)
    expected = (1.0 - A.sum(axis=0) + cost) @ np.linalg.inv(eye - A)
    np.testing.assert_allclose(cost_push(A, cost), expected, rtol=1e-10)
    taken = cpu_medians({
        "ours": lambda: cost_push(A, cost),
        "kept": lambda: cost_push(system, cost),
        "inverse": lambda: (1.0 - A.sum(axis=0) + cost) @ np.linalg.inv(eye - A),
    }, repeats=5)
    return [
        Race("cost-push prices, n=1302, numpy.linalg.inv", taken["ours"], taken["inverse"]),
        Race("cost-push prices from a kept factor, n=1302, numpy.linalg.inv", taken["kept"], taken["inverse"]),
    ]


if __name__ == "__main__":
    report(main())
