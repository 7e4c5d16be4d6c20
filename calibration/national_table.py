"""The national input-output table of 2020 with product rows split out of the 42 sectors (E9).

Added up over `industry_sector` it is the official non-competitive 42-sector table; every row and column balances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.national_splits import TO_INTERNAL, Parts, parts_table, read_wide
from io_tables.balancing import ras_blocks
from io_tables.base_year import FINAL_CATEGORIES, VALUE_ADDED
from io_tables.classification import products, sectors
from io_tables.errors import InputError, Problem

#: Published cells are rounded to 0.1 x 10^4 yuan; a row or column of 50 cells closes within this (10^8 yuan).
LARGEST_ROUNDING = 2e-4
_TOLERANCE = 1e-11


@dataclass(frozen=True)
class NationalTable:
    """National table by industry. J industries, S sectors, P products, C = (rural, urban, government, fixed capital).

    Money in 10^8 yuan of 2020 at producers' prices.
    industries (J,) : the sectors' remainders (same key as the sector), then the products; industry_sector (J,).
    Zd, Zm (J, J) : domestic and imported intermediate use; [i, j] is input of commodity i to industry j.
    final, final_imports (J, C); inventories, inventory_imports (J,) may be negative; exports (J,) domestic goods.
    reexports (J,) : imported goods that pass through; in no other array.
    value_added (4, J) : labour, net production tax, depreciation, surplus; output (J,).
    products (P,), product_units (P,), price (P,) 10^8 yuan per physical unit, physical_output (P,):
        output of the product's industry = price x physical output.
    closed_rounding : largest change made to a published cell so that rows and columns close (10^8 yuan).
    """

    industries: tuple[str, ...]
    industry_sector: tuple[str, ...]
    Zd: np.ndarray
    Zm: np.ndarray
    final: np.ndarray
    final_imports: np.ndarray
    inventories: np.ndarray
    inventory_imports: np.ndarray
    exports: np.ndarray
    reexports: np.ndarray
    value_added: np.ndarray
    output: np.ndarray
    products: tuple[str, ...]
    product_units: tuple[str, ...]
    price: np.ndarray
    physical_output: np.ndarray
    closed_rounding: float

    @property
    def imports(self) -> np.ndarray:
        """Imports by commodity without re-exports, (J,) 10^8 yuan."""
        return self.Zm.sum(1) + self.final_imports.sum(1) + self.inventory_imports

    @property
    def sector_index(self) -> np.ndarray:
        """Position of each industry's sector among the sectors, (J,)."""
        keys = sectors().keys
        return np.array([keys.index(s) for s in self.industry_sector])

    def by_sector(self, array: np.ndarray, axis: int = 0) -> np.ndarray:
        """Add `array` up over industries to the 42 sectors along `axis`."""
        moved = np.moveaxis(np.asarray(array, dtype=float), axis, 0)
        out = np.zeros((len(sectors()), *moved.shape[1:]))
        np.add.at(out, self.sector_index, moved)
        return np.moveaxis(out, 0, axis)

    def check(self) -> dict[str, float]:
        """Largest imbalance of rows, columns and imports, relative to output."""
        row = self.Zd.sum(1) + self.final.sum(1) + self.inventories + self.exports - self.output
        column = self.Zd.sum(0) + self.Zm.sum(0) + self.value_added.sum(0) - self.output
        return {"rows": float(np.abs(row / self.output).max()), "columns": float(np.abs(column / self.output).max())}


@dataclass(frozen=True)
class Official:
    """The published 42-sector table, rows and columns closed against rounding; 10^8 yuan.

    Zd, Zm (S, S); final, final_imports (S, 2) consumption and fixed capital; the rest (S,), value_added (4, S).
    """

    Zd: np.ndarray
    Zm: np.ndarray
    final: np.ndarray
    final_imports: np.ndarray
    inventories: np.ndarray
    inventory_imports: np.ndarray
    exports: np.ndarray
    reexports: np.ndarray
    value_added: np.ndarray
    output: np.ndarray
    closed_rounding: float


def official_table() -> Official:
    """The NBS 2020 table as published, in 10^8 yuan.

    Published cells are rounded, so rows miss their total by up to 0.6 x 10^4 yuan: domestic inventories (rows),
    imported fixed capital or intermediate use (imports) and the operating surplus (columns) take the difference,
    and `closed_rounding` reports the largest. Raises InputError if it is more than rounding can explain.
    """
    n = len(sectors())
    rows, columns, domestic = read_wide("national_domestic.csv")
    order = sectors().order(rows, "national_domestic.csv")
    domestic = domestic[order] * TO_INTERNAL
    rows, imported_columns, imported = read_wide("national_imported.csv")
    imported = imported[sectors().order(rows, "national_imported.csv")] * TO_INTERNAL
    across = sectors().order(columns[:n], "national_domestic.csv")
    _, component_columns, value_added = read_wide("national_value_added.csv")
    value_added = value_added[:, sectors().order(component_columns, "national_value_added.csv")] * TO_INTERNAL
    Zd, Zm = domestic[:, across], imported[:, sectors().order(imported_columns[:n], "national_imported.csv")]
    consumption, capital, inventories, exports, output = domestic[:, n:].T
    m_consumption, m_capital, m_inventories, reexports, _ = imported[:, n:].T
    row_gap = output - Zd.sum(1) - consumption - capital - inventories - exports
    column_gap = output - Zd.sum(0) - Zm.sum(0) - value_added.sum(0)
    worst = max(np.abs(row_gap).max(), np.abs(column_gap).max())
    if worst > LARGEST_ROUNDING:
        raise InputError(Problem("national_domestic.csv", f"a row or column misses its total by {worst:.2e} 10^8 yuan",
                                 "more than rounding explains"))
    value_added[VALUE_ADDED.index("surplus")] += column_gap
    return Official(
        Zd, Zm, np.stack([consumption, capital], 1), np.stack([m_consumption, m_capital], 1),
        inventories + row_gap, m_inventories, exports, reexports, value_added, output, float(worst),
    )


def national_table() -> NationalTable:
    """Split the official table by products, keeping every cell of the 42 sectors (E9).

    Prior: the 153-sector table by part (`national_splits`), import shares by commodity. Then rows (output,
    imports), columns (output less value added) and every official cell, domestic and imported, are met by
    cyclic fitting. Raises NotConverged if they cannot be met together.
    """
    parts, prices = parts_table()
    official = official_table()
    keys = sectors().keys
    chosen = [p for p in products().keys if p in prices.product]
    industries = (*keys, *chosen)
    group_sector = dict(zip(parts.group, parts.sector))
    sector_of = [*keys, *(group_sector[prices.group[prices.product.index(p)]] for p in chosen)]
    belongs = np.zeros((len(industries), len(parts.industry)))
    belongs[[industries.index(i) for i in parts.industry], np.arange(len(parts.industry))] = 1.0
    index = np.array([keys.index(s) for s in sector_of])

    def spread(total: np.ndarray, prior: np.ndarray) -> np.ndarray:
        """Sector totals (S,) over industries: the prior, with the difference to the total given by output."""
        gap = total - np.bincount(index, prior, len(keys))
        return prior + output * (gap / np.bincount(index, output, len(keys)))[index]

    output = _scaled(belongs @ parts.output, official.output, index)
    imports_total = official.Zm.sum(1) + official.final_imports.sum(1) + official.inventory_imports + official.reexports
    imports = _scaled(belongs @ parts.imports, imports_total, index)
    # Re-exports follow imports, but a commodity cannot re-export more than it exports.
    all_exports = belongs @ parts.exports
    reexports = _scaled(np.minimum(imports, all_exports), official.reexports, index)
    exports = spread(official.exports, all_exports - reexports)
    inventory_imports = _scaled(imports, official.inventory_imports, index)
    inventories = spread(official.inventories, belongs @ parts.inventories - inventory_imports)
    value_added = np.stack([spread(v, belongs @ p) for v, p in zip(official.value_added, parts.value_added)])

    use = belongs @ np.concatenate([parts.use @ belongs.T, parts.final], axis=1)
    import_share = imports / np.maximum(use.sum(1) + belongs @ parts.inventories, 1e-9)
    share = np.clip(import_share, 0.0, 0.95)[:, None]
    prior = np.concatenate([use * (1 - share), use * share])
    blocks, block_totals, prior = _official_blocks(prior, official, parts, index)
    rows = np.concatenate([output - exports - inventories, imports - reexports - inventory_imports])
    final_totals = np.concatenate([official.final, official.final_imports]).sum(0)
    category = _category_shares(parts)
    consumption = (category * (official.final + official.final_imports)[:, :1]).sum(0)
    columns = np.concatenate([output - value_added.sum(0), consumption, final_totals[1:]])
    n = len(industries)
    table = ras_blocks(prior, rows, columns, blocks, block_totals, tolerance=_TOLERANCE, max_iterations=20000)
    table = table.require("the national table with products", _TOLERANCE)
    where = [prices.product.index(p) for p in chosen]
    return NationalTable(
        industries, tuple(sector_of), table[:n, :n], table[n:, :n], table[:n, n:], table[n:, n:], inventories,
        inventory_imports, exports, reexports, value_added, output, tuple(chosen),
        tuple(prices.unit[k] for k in where), output[len(keys):] / prices.physical_output[where],
        prices.physical_output[where], official.closed_rounding,
    )


def _scaled(prior, totals, index):
    """Prior by industry scaled to sector totals; zero where a total is zero."""
    sums = np.bincount(index, prior, totals.size)
    return prior * np.divide(totals, sums, out=np.zeros_like(sums), where=sums != 0)[index]


def _category_shares(parts: Parts) -> np.ndarray:
    """Rural, urban and government share of each sector's consumption (S, 3), from the 153-sector table."""
    keys = sectors().keys
    shares = np.zeros((len(keys), 3))
    np.add.at(shares, [keys.index(s) for s in parts.sector], parts.final[:, :3])
    total = shares.sum(1, keepdims=True)
    return np.divide(shares, total, out=np.full_like(shares, 1 / 3), where=total > 0)


def _official_blocks(prior, official: Official, parts: Parts, index):
    """Label of each cell's official cell (2J, J + C), the cells' values, and the prior scaled to them."""
    s = official.output.size
    category = _category_shares(parts)
    cells = []
    for Z, final in ((official.Zd, official.final), (official.Zm, official.final_imports)):
        cells.append(np.concatenate([Z, category * final[:, :1], final[:, 1:]], axis=1))
    totals = np.concatenate(cells)
    row = np.concatenate([index, s + index])
    column = np.concatenate([index, s + np.arange(len(FINAL_CATEGORIES))])
    blocks = row[:, None] * totals.shape[1] + column[None, :]
    flat = totals.ravel()
    sums = np.bincount(blocks.ravel(), prior.ravel(), flat.size)
    weight = np.bincount(blocks.ravel(), minlength=flat.size)
    # An official cell without any prior is spread evenly over its industries.
    even = np.divide(flat, weight, out=np.zeros_like(flat), where=(sums == 0) & (weight > 0))
    factor = np.divide(flat, sums, out=np.zeros_like(flat), where=sums > 0)
    return blocks, flat, prior * factor[blocks] + even[blocks]
