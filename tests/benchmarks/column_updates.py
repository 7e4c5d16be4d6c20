"""New technology columns in a solved table, against factoring the new table (reported, no target)."""

import numpy as np

from model.input_output.column_updates import FixedBlock, ShareMix, frozen_inverse, new_columns
from model.input_output.leontief import Leontief
from tests.benchmarks.race import Race, cpu_medians, report
from tests.benchmarks.tables import dense_table

#: 31 provinces with 8 technology sectors of 3 recipes each.
SECTORS, RECIPES, ROUNDS = 8, 3, 10


def main() -> list[Race]:
    regions, sectors = 31, 42
    Z, Y, _, _, x = dense_table(regions, sectors)
    A, y, n = Z / x, Y.sum(axis=1), x.size
    rng = np.random.default_rng(2)
    J = (np.arange(regions)[:, None] * sectors + np.arange(20, 20 + SECTORS)).ravel()
    sector = np.repeat(J, RECIPES)
    recipes = A[:, sector] * rng.uniform(0.7, 1.3, (n, sector.size))
    base = np.full(sector.size, 1.0 / RECIPES)
    # The base table's technology columns are its recipes at the base shares.
    A[:, J] = recipes.reshape(n, J.size, RECIPES).mean(axis=2)
    system = Leontief(A)
    later = _renormalised(base * rng.uniform(0.5, 1.5, base.size))
    new = _columns(recipes, later, J.size)
    block, mix = FixedBlock(A, J), ShareMix(system, recipes, sector, base)

    def factored(columns=new):
        after = A.copy()
        after[:, J] = columns
        return Leontief(after).output(y)

    def coupled(solve):
        """Shares that answer to the output they cause, by fixed rounds."""
        shares = base
        for _ in range(ROUNDS):
            shares = _respond(later, solve(shares), J)
        return shares

    np.testing.assert_allclose(mix.output(later, y), factored(), rtol=1e-10)
    np.testing.assert_allclose(block.output(new, y), factored(), rtol=1e-10)
    passes = frozen_inverse(system, J, new, y).iterations
    taken = cpu_medians({
        "factor": factored,
        "woodbury": lambda: new_columns(system, J, new, y),
        "block": lambda: block.output(new, y),
        "frozen": lambda: frozen_inverse(system, J, new, y),
        "mix": lambda: coupled(lambda shares: mix.output(shares, y)),
        "refactored": lambda: coupled(lambda shares: factored(_columns(recipes, shares, J.size))),
    }, repeats=5)
    k, q = J.size, sector.size
    return [
        Race(f"{k} new columns by Woodbury, n={n}, a new factor", taken["woodbury"], taken["factor"]),
        Race(f"{k} new columns, others eliminated before, a new factor", taken["block"], taken["factor"]),
        Race(f"{k} new columns, frozen inverse, a new factor", taken["frozen"], taken["factor"],
             note=f"{passes} passes"),
        Race(f"{ROUNDS} coupled rounds of {q} shares, a new factor each", taken["mix"], taken["refactored"]),
    ]


def _renormalised(shares):
    return (shares.reshape(-1, RECIPES) / shares.reshape(-1, RECIPES).sum(axis=1, keepdims=True)).ravel()


def _columns(recipes, shares, k):
    return (recipes * shares).reshape(len(recipes), k, RECIPES).sum(axis=2)


def _respond(target, x, J):
    load = np.repeat(x[J] / x[J].mean(), RECIPES)
    return _renormalised(target * (1.0 + 0.1 * np.tile(np.arange(RECIPES), J.size) * load / (1.0 + load)))


if __name__ == "__main__":
    report(main())
