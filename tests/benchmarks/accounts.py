"""The Leontief system and the accounts: against numpy's inverse and pymrio, 31 provinces x 42 sectors."""

import numpy as np
import pandas as pd

from model.input_output.accounts import accounts
from model.input_output.leontief import Leontief
from model.input_output.uncertainty import demand_draws, total_draws
from tests.benchmarks.race import Race, cpu_medians, on_fresh, peak_memory, present, report
from tests.benchmarks.tables import dense_table

REPEATS, WARM = 5, 1


def _pymrio_system(Z, Y, F, regions, sectors):
    """The same table as pymrio holds it, nothing computed yet."""
    import pymrio

    index = pd.MultiIndex.from_product([[f"r{r}" for r in range(regions)], [f"s{s}" for s in range(sectors)]],
                                       names=["region", "sector"])
    demand = pd.MultiIndex.from_product([[f"r{r}" for r in range(regions)], ["final"]], names=["region", "category"])
    rows = pd.Index([f"e{i}" for i in range(len(F))], name="stressor")
    return pymrio.IOSystem(
        Z=pd.DataFrame(Z, index=index, columns=index), Y=pd.DataFrame(Y, index=index, columns=demand),
        emissions={"name": "emissions", "F": pd.DataFrame(F, index=rows, columns=index),
                   "F_Y": pd.DataFrame(np.zeros((len(F), regions)), index=rows, columns=demand)},
    )


def main() -> list[Race]:
    regions, sectors = 31, 42
    Z, Y, F, index, x = dense_table(regions, sectors)
    n = x.size
    y, A = Y.sum(axis=1), Z / x
    jobs = {
        "accounts": lambda: accounts(Z, Y, F, index),
        "output": lambda: Leontief(A).output(y),
        "inverse": lambda: np.linalg.inv(np.eye(n) - A),
    }
    kept = Leontief(A)
    jobs["kept"] = lambda: kept.output(y)
    demands = demand_draws(y, 0.1, 1000, seed=0)
    jobs["draws"] = lambda: total_draws(kept, F, demands)
    jobs["outputs"] = lambda: F @ kept.output(demands)
    if present("pymrio"):

        def build():
            return _pymrio_system(Z, Y, F, regions, sectors)

        jobs["pymrio"] = on_fresh(build, lambda system: system.calc_all(), WARM + REPEATS)
        ours, theirs = accounts(Z, Y, F, index), build().calc_all()
        np.testing.assert_allclose(ours.consumption, theirs.emissions.D_cba_reg.to_numpy(), rtol=1e-8)
    taken = cpu_medians(jobs, repeats=REPEATS, warm=WARM)
    memory = peak_memory(jobs["accounts"])
    races = [
        Race("accounts, n=1302, 10 rows, pymrio calc_all", taken["accounts"], taken.get("pymrio"), 4.0,
             note=f"{memory:.0f} MB beyond the table"),
        Race("output alone, n=1302, numpy.linalg.inv", taken["output"], taken["inverse"], 3.0),
        Race("output from the kept factor, n=1302, a new factor", taken["kept"], taken["output"]),
        Race("10 totals of 1,000 demand draws, n=1302, solving for every draw", taken["draws"], taken["outputs"]),
    ]
    races += [_large(size) for size in (5000, 9800)]
    return races


def _large(n, regions=50):
    """Accounts of large tables against one LU factor in double precision."""
    from scipy.linalg.lapack import dgetrf

    rng = np.random.default_rng(1)
    Z = rng.random((n, n))
    Z *= rng.uniform(0.3, 0.75, n) / Z.sum(axis=0)
    Y = rng.uniform(0.5, 1.0, (n, regions))
    # Columns are scaled to any positive output; the row sums then define demand.
    F, index = rng.random((10, n)), np.repeat(np.arange(regions), n // regions)

    def factor():
        dgetrf((np.eye(n) - Z).T, overwrite_a=True)

    taken = cpu_medians({"accounts": lambda: accounts(Z, Y, F, index), "factor": factor}, repeats=1, warm=0)
    memory = peak_memory(lambda: accounts(Z, Y, F, index)) if n <= 5000 else None
    note = "" if memory is None else f"{memory:.0f} MB beyond the table"
    return Race(f"accounts, n={n}, 10 rows, one double-precision factor", taken["accounts"], taken["factor"], note=note)


if __name__ == "__main__":
    report(main())
