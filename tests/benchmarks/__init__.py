"""Races against other implementations: ratios of CPU time, taken side by side in one run on one thread.

Every module has ``main() -> list[Race]``; peers that are not installed are left out and named. Run all with
``python tests/benchmarks``, one with ``python tests/benchmarks accounts``. This package must be imported before
numpy: the number of BLAS threads and the choice of its kernels are read when the library loads.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
# A forced kernel or cache size would slow one library and not the other; each shall choose its own.
DROPPED = [name for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if os.environ.pop(name, None) is not None]
