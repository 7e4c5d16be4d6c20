"""Random tables that balance, for property tests."""

import numpy as np

from io_tables.mrio import Mrio


def random_flows(regions, sectors, seed, *, sparse=0.3):
    """Z (n, n), Y (n, R + 1) with exports last, F (2, n), region index (n,): productive, with some empty cells."""
    rng = np.random.default_rng(seed)
    n = regions * sectors
    A = rng.random((n, n)) ** 4 * (rng.random((n, n)) > sparse)
    A *= rng.uniform(0.1, 0.8, n) / np.maximum(A.sum(axis=0), 1e-9)
    Y = rng.random((n, regions + 1)) * (rng.random((n, regions + 1)) > 0.2) * 100
    x = np.linalg.solve(np.eye(n) - A, Y.sum(axis=1))
    F = rng.random((2, n)) * 50 * (x > 0)
    return A * x, Y, F, np.repeat(np.arange(regions), sectors)


def random_mrio(regions=3, sectors=4, seed=0, *, categories=("households", "investment")):
    """A labelled table with imports by commodity, imported final goods, exports and extensions; balances exactly."""
    rng = np.random.default_rng(seed)
    n = regions * sectors
    Z, _, F, _ = random_flows(regions, sectors, seed)
    names = tuple(f"region {r}" for r in range(regions))
    labels = tuple((r, c) for r in names for c in categories) + ((None, "exports"),)
    Y = rng.random((n, len(labels))) * 50 + 1.0
    imports = rng.random((sectors, n)) * 3
    x = Z.sum(axis=1) + Y.sum(axis=1)
    short = np.maximum(Z.sum(axis=0) + imports.sum(axis=0) + 1.0 - x, 0.0)
    Y[:, 0] += short
    x += short
    total = x - Z.sum(axis=0) - imports.sum(axis=0)
    share = rng.dirichlet([2, 1, 1], n).T
    final_imports = rng.random((sectors, len(labels))) * 5
    return Mrio(
        names, tuple(f"sector {s}" for s in range(sectors)), Z, Y, share * total, imports, final_imports, labels,
        {"CO2": F[0], "energy": F}, ("labour", "tax", "surplus"),
    )
