"""The accounts of a labelled table: foreign inputs taken apart, by sector and category, with emissions abroad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import Mrio
from model.input_output.accounts import Accounts, Solved, membership
from model.input_output.leontief import Leontief

#: Imports are taken to be made like the nation's own products (inflates footprints of cleaner suppliers and
#: deflates those of dirtier ones) ...
DOMESTIC_TECHNOLOGY = "domestic technology"
#: ... or with emission factors that the user supplies, per unit of money imported and commodity.
SUPPLIED_FACTOR = "supplied factor"


@dataclass(frozen=True)
class TableAccounts:
    """Accounts of a table; axis order [extension, region or n, destination]. Units of the extensions.

    Production = consumption + exported + unallocated and = income + income abroad + income unbalanced, both in total.
    """

    regions: tuple[str, ...]
    sectors: tuple[str, ...]
    extensions: tuple[str, ...]
    final_demand: tuple[tuple[str | None, str], ...]
    totals: Accounts
    by_sector: np.ndarray  #: (m, n, R) emitted by a region's sector for final demand of a region
    exported_by_sector: np.ndarray  #: (m, n) emitted by a region's sector for exports abroad
    multipliers: np.ndarray  #: (m, n) emitted in the country per unit of final demand of a product
    by_category: np.ndarray  #: (m, k) emitted in the country for each column of final demand
    unallocated: np.ndarray  #: (m, R) emitted for the table's error column, which has no destination
    income_abroad: np.ndarray  #: (m,) enabled by foreign inputs
    income_unbalanced: np.ndarray  #: (m,) enabled by what a column lacks to its output; zero in a balanced table
    imported: np.ndarray | None  #: (m, R) emitted abroad for a region's final demand, by the convention chosen
    imported_for_exports: np.ndarray | None  #: (m,) emitted abroad for exports
    import_convention: str | None
    Y_by_region: np.ndarray

    @cached_property
    def by_product(self) -> np.ndarray:
        """(m, S, R) emitted in the country for a region's final demand of each product, wherever it is made."""
        m, n = self.multipliers.shape
        embodied = self.multipliers[:, :, None] * self.Y_by_region
        return embodied.reshape(m, len(self.regions), len(self.sectors), -1).sum(axis=1)

    def frame(self) -> pd.DataFrame:
        """Long table: account, extension, region, value (one row per region)."""
        views = {
            "production": self.totals.production, "consumption": self.totals.consumption,
            "income": self.totals.income, "exported": self.totals.exported, "unallocated": self.unallocated,
        }
        if self.imported is not None:
            views[f"imported ({self.import_convention})"] = self.imported
        rows = [(account, e, r, value[i, j]) for account, value in views.items()
                for i, e in enumerate(self.extensions) for j, r in enumerate(self.regions)]
        return pd.DataFrame(rows, columns=["account", "extension", "region", "value"])

    def transfers(self, extension: str) -> pd.DataFrame:
        """Square table of one extension: emitted in the row's region for final demand of the column's."""
        if extension not in self.extensions:
            raise InputError(f"unknown extension '{extension}'; {did_you_mean(extension, self.extensions)}")
        block = self.totals.transfers[self.extensions.index(extension)]
        return pd.DataFrame(block, index=pd.Index(self.regions, name="origin"),
                            columns=pd.Index(self.regions, name="destination"))


def table_accounts(
    table: Mrio,
    extensions: Sequence[str] | Mapping[str, np.ndarray] | None = None,
    *,
    imports: str | None = None,
    import_factors=None,
) -> TableAccounts:
    """Accounts of some or all extensions of a table, each row of an extension for itself.

    extensions : names in the table (default all), or name -> (n,) or (m, n) of one's own, e.g. one total of all rows.
    imports : None leaves emissions abroad out; 'domestic technology' takes them from the nation's own total
    requirements (domestic and imported inputs alike, by commodity); 'supplied factor' from `import_factors` (m, S)
    or (S,), extension units per 10^8 yuan of the imported commodity, or (m, 1) when the table's imports carry no
    commodity. Income-based totals count domestic value added; what foreign inputs enable is apart.
    Raises InputError for unknown extensions, missing labels or shapes, and as :func:`accounts`.
    """
    names, F = _extension_rows(table, extensions)
    by_region, abroad = table.final_use_by_region()
    error = np.zeros(table.n) if table.error is None else table.error
    count, x = len(table.regions), table.x
    labels = [f"{r} / {s}" for r in table.regions for s in table.sectors]
    solved = Solved.of(table.Z, x, np.column_stack([by_region, abroad, error]), F, labels)
    where = membership(table.region_index, count)
    transfers = solved.by_origin(where)
    by_sector = solved.intensity[:, :, None] * solved.by_demand
    foreign = table.foreign_inputs
    missing = x - table.Z.sum(axis=0) - foreign - table.primary_inputs
    multipliers = solved.system.multipliers(solved.intensity)
    imported, for_exports = _imported(table, F, solved.by_demand, imports, import_factors)
    return TableAccounts(
        regions=table.regions, sectors=table.sectors, extensions=names, final_demand=table.final_demand,
        totals=Accounts(F @ where.T, solved.enabled_by(table.primary_inputs, where), transfers[:, :, :count],
                        transfers[:, :, count]),
        by_sector=by_sector[:, :, :count],
        exported_by_sector=by_sector[:, :, count],
        multipliers=multipliers,
        by_category=multipliers @ table.Y,
        unallocated=transfers[:, :, count + 1],
        income_abroad=solved.enabled_by(foreign, where).sum(axis=1),
        income_unbalanced=solved.enabled_by(missing, where).sum(axis=1),
        imported=imported, imported_for_exports=for_exports, import_convention=imports, Y_by_region=by_region,
    )


def extension_total(table: Mrio, extension: str) -> np.ndarray:
    """(n,) sum of an extension's rows, which share one unit; raises InputError for an unknown name."""
    if extension not in table.extensions:
        raise InputError(f"unknown extension '{extension}'; {did_you_mean(extension, table.extensions)}")
    return np.atleast_2d(np.asarray(table.extensions[extension], dtype=float)).sum(axis=0)


def _extension_rows(table, wanted):
    source = wanted if isinstance(wanted, Mapping) else table.extensions
    wanted = tuple(source) if wanted is None else tuple(wanted)
    problems = [Problem("extensions", f"'{e}' is unknown", did_you_mean(e, source)) for e in wanted if e not in source]
    if problems or not wanted:
        raise InputError(problems or "the table has no extensions to account for")
    names, rows = [], []
    for name in wanted:
        block = np.atleast_2d(np.asarray(source[name], dtype=float))
        if block.shape[1:] != (table.n,) or not np.isfinite(block).all():
            raise InputError(f"extension '{name}' has shape {block.shape}; "
                             f"expected finite ({table.n},) or (m, {table.n})")
        names += [name] if len(block) == 1 else [f"{name} {i}" for i in range(len(block))]
        rows.append(block)
    return tuple(names), np.vstack(rows)


def _imported(table, F, by_demand, convention, factors):
    """Emissions abroad: factor x (imported inputs of the output needed + imported final goods)."""
    if convention is None:
        return None, None
    if convention not in (DOMESTIC_TECHNOLOGY, SUPPLIED_FACTOR):
        raise InputError(f"unknown import convention '{convention}'; "
                         f"{did_you_mean(convention, (DOMESTIC_TECHNOLOGY, SUPPLIED_FACTOR))}")
    if table.imports is None:
        raise InputError("the table carries no imports, so emissions abroad cannot be told")
    count = len(table.regions)
    inputs = np.atleast_2d(table.imports)
    if convention == DOMESTIC_TECHNOLOGY:
        if table.imports.ndim == 1:
            raise InputError(f"imports by commodity (S, n) are needed for '{DOMESTIC_TECHNOLOGY}'")
        factors = national_multipliers(table, F)
    else:
        factors = np.atleast_2d(np.asarray(factors, dtype=float)) if factors is not None else np.empty((0, 0))
        if factors.shape != (len(F), len(inputs)) or not np.isfinite(factors).all():
            raise InputError(Problem("import_factors", f"shape {factors.shape}",
                                     f"expected finite ({len(F)}, {len(inputs)})"))
    x = table.x
    coefficients = inputs * np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)
    needed = coefficients @ by_demand[:, : count + 1]
    if table.final_imports is not None:
        final = table.final_imports if len(inputs) > 1 else table.final_imports.sum(axis=0, keepdims=True)
        for column, (region, _category) in enumerate(table.final_demand):
            needed[:, count if region is None else table.regions.index(region)] += final[:, column]
    embodied = factors @ needed
    return embodied[:, :count], embodied[:, count]


def national_multipliers(table, F):
    """(m, S) total requirements of the nation's sectors, domestic and imported inputs made alike."""
    count, S = len(table.regions), len(table.sectors)
    flows = table.Z.reshape(count, S, count, S).sum(axis=(0, 2)) + table.imports.reshape(S, count, S).sum(axis=1)
    x = table.x.reshape(count, S).sum(axis=0)
    intensity = np.divide(F.reshape(len(F), count, S).sum(axis=1), x, out=np.zeros((len(F), S)), where=x != 0)
    return Leontief.from_flows(flows, x, labels=table.sectors).multipliers(intensity)
