"""Linkages against MARIO at n = 310 (31 regions x 10 sectors)."""

import logging

import numpy as np
import pandas as pd

from io_tables.mrio import Mrio
from model.input_output.linkages import linkages, table_linkages
from tests.benchmarks.race import Race, cpu_medians, on_fresh, present, report
from tests.benchmarks.tables import dense_table

_LEVELS = ["Region", "Level", "Item"]
REPEATS, WARM = 5, 1


def _mario_database(Z, Y, value_added, regions, sectors):
    """The same table as MARIO holds it, nothing computed yet."""
    import mario

    index = pd.MultiIndex.from_product([regions, ["Sector"], sectors], names=_LEVELS)
    demand = pd.MultiIndex.from_product([regions, ["Consumption category"], ["Final demand"]], names=_LEVELS)

    def rows(name, values, columns):
        return pd.DataFrame(np.atleast_2d(values), index=pd.Index([name], name="Item"), columns=columns)

    def unit(names, what):
        return pd.DataFrame({"unit": [what] * len(names)}, index=list(names))

    return mario.Database(
        name="race", table="IOT", Z=pd.DataFrame(Z, index=index, columns=index),
        Y=pd.DataFrame(Y, index=index, columns=demand), V=rows("Value added", value_added, index),
        E=rows("CO2", np.ones(len(index)), index), EY=rows("CO2", np.zeros(len(regions)), demand),
        units={"Sector": unit(sectors, "M EUR"), "Factor of production": unit(["Value added"], "M EUR"),
               "Satellite account": unit(["CO2"], "t")},
    )


def main() -> list[Race]:
    Z, Y, _, _, x = dense_table(31, 10)
    regions, sectors = tuple(f"r{r:02d}" for r in range(31)), tuple(f"s{s}" for s in range(10))
    value_added = x - Z.sum(axis=0)
    table = Mrio(regions, sectors, Z, Y, value_added, final_demand=[(r, "final") for r in regions])
    jobs = {"kernel": lambda: linkages(Z, x), "table": lambda: table_linkages(table)}
    if present("mario"):
        logging.disable(logging.WARNING)

        def build():
            return _mario_database(Z, Y, value_added, regions, sectors)

        def theirs(database):
            return database.calc_linkages(normalized=False, cut_diag=False, multi_mode=True)

        expected = theirs(build())
        ours = table_linkages(table)
        np.testing.assert_allclose(ours["backward_own"], expected["Total Backward", "Local"], rtol=1e-9)
        np.testing.assert_allclose(ours["forward_other"], expected["Total Forward", "Foreign"], rtol=1e-7)
        jobs["mario"] = on_fresh(build, theirs, WARM + REPEATS)
    taken = cpu_medians(jobs, repeats=REPEATS, warm=WARM)
    return [
        Race("linkages with regional split, n=310, MARIO", taken["table"], taken.get("mario"), 100.0),
        Race("linkages on arrays, n=310, MARIO", taken["kernel"], taken.get("mario")),
    ]


if __name__ == "__main__":
    report(main())
