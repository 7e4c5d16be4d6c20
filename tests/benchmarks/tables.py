"""Tables to race on: dense, productive, of the size of a real multi-regional table."""

import numpy as np


def dense_table(regions: int, sectors: int, rows: int = 10, seed: int = 0):
    """Z (n, n), Y (n, R), F (rows, n), region index (n,), x (n,); every cell of Z is positive."""
    rng = np.random.default_rng(seed)
    n = regions * sectors
    Z = rng.random((n, n)) ** 6
    Z *= rng.uniform(0.3, 0.75, n) / Z.sum(axis=0)
    Y = rng.uniform(0.1, 1.0, (n, regions))
    x = np.linalg.solve(np.eye(n) - Z, Y.sum(axis=1))
    Z *= x
    return Z, Y, rng.random((rows, n)), np.repeat(np.arange(regions), sectors), x
