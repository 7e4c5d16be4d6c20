"""The base year: one frozen object, one file, with the provenance of everything in it (E1-E6).

The multi-regional table is kept in factors (coefficients by using province and commodity, trade shares by
commodity), which is a hundredth of the dense table and exactly what the coupled model re-combines.
Written by ``io_tables.base_year_file``; ``BaseYear.load`` reads it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from io_tables.mrio import EXPORTS, Mrio

if TYPE_CHECKING:
    import pandas as pd

#: Categories of final use with a destination; inventories and exports stand apart.
FINAL_CATEGORIES = ("rural", "urban", "government", "fixed capital")
INVENTORIES = "inventories"
VALUE_ADDED = ("labour", "net production tax", "depreciation", "surplus")
USES = ("combustion", "feedstock", "transformation")


@dataclass(frozen=True)
class BaseYear:
    """Economy, energy, CO2 and technology stock of one year. R regions, J industries, S sectors, C categories.

    Industries are the sectors' remainders followed by the products split out of them (E9);
    `industry_sector` (J,) names the sector each belongs to, and everything is reported by sector.
    Money in 10^8 yuan of the base year at producers' prices, energy PJ, CO2 Mt, population million persons.

    output (R, J), value_added (4, R, J).
    domestic_coefficients, import_coefficients (R, J, J) : [s, i, j] input of commodity i per unit output of
        industry j in province s, from China and from abroad.
    final_use, final_imports (R, J, C) : [s, i, c] used in province s.
    inventories, inventory_imports (R, J) : stay with the producing (using) province; may be negative.
    exports (R, J) : by place of origin.
    error (R, J) : a user's table's own balancing error by producer, without destination; zero in the estimate.
    trade_shares (J, R, R) : tau_i[r, s], the share of province s's domestic use of i that comes from r.
    products (P,), product_price (P,) : 10^8 yuan per physical unit, product_output (R, P) physical.
    energy_use (R, S + 2, fuels, uses) PJ and co2 (R, S + 2, sources) Mt, households rural and urban last.
    technology_stock : region, technology, vintage, capacity, unit, activity.
    tables : name -> table of what the future needs (resources, time slices, transmission, history).
    energy_output (R, S + 2, fuels) PJ : what transformation puts out; supply = uses - output (E4).
    technology_energy (R, technologies, fuels) PJ : the part of energy_use owned by technologies (E4);
    residual_energy (R, S + 2, fuels) PJ : the part no technology owns.
    population (R,), urban_population (R,).
    sources : item, year, value, unit, source, status of every input.
    """

    name: str
    year: int
    regions: tuple[str, ...]
    sectors: tuple[str, ...]
    industries: tuple[str, ...]
    industry_sector: tuple[str, ...]
    products: tuple[str, ...]
    fuels: tuple[str, ...]
    co2_sources: tuple[str, ...]
    technologies: tuple[str, ...]
    output: np.ndarray
    value_added: np.ndarray
    domestic_coefficients: np.ndarray
    import_coefficients: np.ndarray
    final_use: np.ndarray
    final_imports: np.ndarray
    inventories: np.ndarray
    inventory_imports: np.ndarray
    exports: np.ndarray
    error: np.ndarray
    reexports: np.ndarray
    trade_shares: np.ndarray
    product_price: np.ndarray
    product_output: np.ndarray
    energy_use: np.ndarray
    energy_output: np.ndarray
    co2: np.ndarray
    technology_energy: np.ndarray
    residual_energy: np.ndarray
    population: np.ndarray
    urban_population: np.ndarray
    technology_stock: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    margins: pd.DataFrame
    sources: pd.DataFrame
    sha256: str = ""

    @staticmethod
    def load(name_or_path: str | Path = "china_2020") -> BaseYear:
        """The embedded base year by name, or a file written by ``calibrate``.

        Raises InputError when the file is missing, not a base-year file, or of another schema version.
        """
        from io_tables.base_year_file import read

        return read(name_or_path)

    def save(self, path: str | Path) -> str:
        """Write one file (same content, same bytes); returns its SHA-256."""
        from io_tables.base_year_file import write

        return write(self, path)

    @property
    def uses(self) -> tuple[str, ...]:
        """Labels of the last axis of `energy_use`."""
        return USES

    @property
    def energy_sectors(self) -> tuple[str, ...]:
        """Labels of the sector axis of `energy_use` and `co2`: the sectors, then households."""
        from io_tables.classification import HOUSEHOLDS

        return (*self.sectors, *HOUSEHOLDS)

    @cached_property
    def membership(self) -> np.ndarray:
        """(J, S) of 0 and 1: which sector each industry belongs to."""
        return (np.array(self.industry_sector)[:, None] == np.array(self.sectors)).astype(float)

    @cached_property
    def gdp(self) -> np.ndarray:
        """Value added of each province (R,)."""
        return self.value_added.sum(axis=(0, 2))

    @cached_property
    def domestic_use(self) -> np.ndarray:
        """D_i[s] (R, J): domestic goods of commodity i used in province s, inventories and exports apart."""
        inputs = np.einsum("sij,sj->si", self.domestic_coefficients, self.output)
        return inputs + self.final_use.sum(axis=2)

    @cached_property
    def mrio(self) -> Mrio:
        """The table by sector (n = R*S), imports apart, final demand by destination and category."""
        M, R, S = self.membership, len(self.regions), len(self.sectors)
        # Members of a sector trade by their own shares, so flows are formed by industry and then summed.
        members = [np.flatnonzero(M[:, sector]) for sector in range(S)]
        Z = np.zeros((R, S, R, S))
        Y = np.zeros((R, S, R, len(FINAL_CATEGORIES) + 1))
        for sector, inside in enumerate(members):
            for i in inside:
                used = (self.domestic_coefficients[:, i, :] * self.output) @ M
                Z[:, sector] += self.trade_shares[i][:, :, None] * used
                Y[:, sector, :, :-1] += self.trade_shares[i][:, :, None] * self.final_use[:, i, :]
        inventories = self.inventories @ M
        for region in range(R):
            Y[region, :, region, -1] = inventories[region]
        categories = (*FINAL_CATEGORIES, INVENTORIES)
        exports = (self.exports @ M).reshape(-1, 1)
        imports = M.T @ np.einsum("sij,sj->isj", self.import_coefficients, self.output).reshape(len(M), -1)
        imports = imports.reshape(S, R, len(M)) @ M
        final_imports = np.concatenate(
            [
                np.einsum("sic,ik->ksc", self.final_imports, M),
                np.einsum("si,ik->ks", self.inventory_imports, M)[..., None],
            ],
            axis=2,
        )
        return Mrio(
            self.regions,
            self.sectors,
            Z.reshape(R * S, R * S),
            np.hstack([Y.reshape(R * S, -1), exports]),
            (self.value_added @ M).reshape(len(VALUE_ADDED), -1),
            imports.reshape(S, -1),
            np.hstack([final_imports.reshape(S, -1), np.zeros((S, 1))]),
            (*((r, c) for r in self.regions for c in categories), EXPORTS),
            {
                "co2": self.co2[:, :S].reshape(R * S, -1).T,
                "energy": self.energy_use[:, :S].sum(axis=3).reshape(R * S, -1).T,
            },
            VALUE_ADDED,
            (self.error @ M).ravel() if self.error.any() else None,
        )

    @cached_property
    def industry_mrio(self) -> Mrio:
        """The table with product rows split (n = R*J): the same factors, every industry its own sector."""
        R, J = len(self.regions), len(self.industries)
        used = self.domestic_coefficients * self.output[:, None, :]
        Z = np.einsum("irs,sij->risj", self.trade_shares, used).reshape(R * J, R * J)
        Y = np.zeros((R, J, R, len(FINAL_CATEGORIES) + 1))
        Y[..., :-1] = np.einsum("irs,sic->risc", self.trade_shares, self.final_use)
        for region in range(R):
            Y[region, :, region, -1] = self.inventories[region]
        categories = (*FINAL_CATEGORIES, INVENTORIES)
        imports = np.einsum("sij,sj->isj", self.import_coefficients, self.output).reshape(J, -1)
        final_imports = np.concatenate(
            [self.final_imports.transpose(1, 0, 2), self.inventory_imports.T[..., None]], axis=2
        )
        return Mrio(
            self.regions,
            self.industries,
            Z,
            np.hstack([Y.reshape(R * J, -1), self.exports.reshape(-1, 1)]),
            self.value_added.reshape(len(VALUE_ADDED), -1),
            imports,
            np.hstack([final_imports.reshape(J, -1), np.zeros((J, 1))]),
            (*((r, c) for r in self.regions for c in categories), EXPORTS),
            {},
            VALUE_ADDED,
            self.error.ravel() if self.error.any() else None,
        )

    def check(self) -> dict[str, float]:
        """Residual of each identity the factors must satisfy, relative to the largest entry (E1-E3)."""
        supply = np.einsum("irs,si->ri", self.trade_shares, self.domestic_use)
        supply = supply + self.inventories + self.error + self.exports
        coefficients = (self.domestic_coefficients + self.import_coefficients).sum(axis=1)
        columns = self.output * coefficients + self.value_added.sum(axis=0)
        largest = float(np.abs(self.output).max())
        spending = (self.final_use + self.final_imports).sum(axis=(1, 2)) + (
            self.inventories + self.inventory_imports + self.error
        ).sum(axis=1)
        imports = np.einsum("sij,sj->s", self.import_coefficients, self.output) + self.final_imports.sum(axis=(1, 2))
        imports = imports + self.inventory_imports.sum(axis=1)
        sent = np.einsum("irs,si->r", self.trade_shares, self.domestic_use)
        net_outflow = sent - self.domestic_use.sum(axis=1)
        gdp = spending + self.exports.sum(axis=1) + net_outflow - imports
        return {
            "rows": float(np.abs(supply - self.output).max() / largest),
            "columns": float(np.abs(columns - self.output).max() / largest),
            "trade_shares": float(np.abs(self.trade_shares.sum(axis=1) - 1.0).max()),
            "gdp": float(np.abs(gdp - self.gdp).max() / np.abs(self.gdp).max()),
            "net_outflow": float(abs(net_outflow.sum()) / self.gdp.sum()),
        }
