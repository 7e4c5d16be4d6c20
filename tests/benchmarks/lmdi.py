"""LMDI in units of the logarithms it cannot do without: one per factor and cell."""

import numpy as np

from model.indicators.lmdi import lmdi
from tests.benchmarks.race import Race, cpu_medians, report

#: 31 provinces x 42 sectors x 12 fuels; activity, structure, intensity, fuel mix, emission factor.
SHAPE, FACTORS = (31, 42, 12), 5


def main() -> list[Race]:
    rng = np.random.default_rng(0)
    before, after = (list(rng.uniform(0.5, 2.0, (FACTORS, *SHAPE))) for _ in range(2))
    ratios = np.array(after) / np.array(before)
    sparse = [list(np.where(rng.random(SHAPE) < 0.3, 0.0, x) for x in year) for year in (before, after)]
    taken = cpu_medians({
        "lmdi": lambda: lmdi(before, after),
        "second": lambda: lmdi(before, after, method="LMDI-II"),
        "zeros": lambda: lmdi(*sparse),
        "logarithms": lambda: np.log(ratios),
    })
    name = f"{FACTORS} factors of {np.prod(SHAPE)} cells"
    return [
        Race(f"LMDI-I, {name}, in its logarithms", taken["lmdi"], taken["logarithms"], ceiling=True),
        Race(f"LMDI-II, {name}, in its logarithms", taken["second"], taken["logarithms"], ceiling=True),
        Race(f"LMDI-I with zeros, {name}, in the logarithms", taken["zeros"], taken["logarithms"], ceiling=True),
    ]


if __name__ == "__main__":
    report(main())
