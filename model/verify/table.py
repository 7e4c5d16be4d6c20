"""The long table of a run as one array."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

NATION, TOTAL = "China", "Total"
COLUMNS = ("variable", "region", "sector", "year", "unit", "value")
KEYS = list(COLUMNS[:4])
#: Without these no run is complete.
REQUIRED = (
    "GDP|Real", "Consumption|Private", "Consumption|Government", "Investment", "Inventories", "Exports", "Imports",
    "Net Outflow", "Value Added", "Population", "Energy Use", "Energy Use|Electricity", "Emissions|CO2|Energy",
    "Emissions|CO2|Industrial Processes", "Emissions|CO2|Gross", "Emissions|CO2|Captured", "Carbon Removal|Land",
    "Emissions|CO2|Net", "Carbon Intensity",
)


class Recount:
    """The long table as one array (variable, region, sector, year); cells that were left out are zero."""

    def __init__(self, table: pd.DataFrame):
        codes, self.labels = [], []
        for key in KEYS:
            code, label = pd.factorize(table[key], sort=True)
            codes.append(code)
            self.labels.append(tuple(label.tolist()))
        self.variables, self.regions, self.sectors, self.years = self.labels
        shape = tuple(len(label) for label in self.labels)
        self.cube, self.present = np.zeros(shape), np.zeros(shape, dtype=bool)
        self.cube[tuple(codes)] = table["value"].to_numpy()
        self.present[tuple(codes)] = True
        first = table.drop_duplicates("variable")
        self.units = dict(zip(first["variable"].astype(str), first["unit"].astype(str), strict=True))

    @cached_property
    def nation(self) -> int:
        """Position of the nation among the regions."""
        return self.regions.index(NATION)

    @cached_property
    def provinces(self) -> np.ndarray:
        """Positions of all other regions."""
        return np.array([i for i, name in enumerate(self.regions) if name != NATION])

    @cached_property
    def total(self) -> int:
        """Position of the total among the sectors."""
        return self.sectors.index(TOTAL)

    @cached_property
    def detail(self) -> np.ndarray:
        """Positions of the single sectors."""
        return np.array([i for i, name in enumerate(self.sectors) if name != TOTAL], dtype=int)

    def extensive(self, variable: str) -> bool:
        """Whether provinces add up to the nation: shares, ratios and prices do not."""
        unit = self.units[variable]
        return unit not in ("%", "1", "") and ("/" not in unit or unit.endswith(("/yr", "/a")))

    def all(self, variable: str) -> np.ndarray:
        """(regions, sectors, years) of a variable."""
        return self.cube[self.variables.index(variable)]

    def by_region(self, variable: str) -> np.ndarray:
        """(regions, years) of a variable's total."""
        return self.all(variable)[:, self.total]

    def of_nation(self, variable: str) -> np.ndarray:
        """(years,) of a variable's national total."""
        return self.by_region(variable)[self.nation]

    def children(self, variable: str) -> list[str]:
        """Variables one level below."""
        start = variable + "|"
        return [v for v in self.variables if v.startswith(start) and "|" not in v[len(start) :]]
