"""A multi-regional input-output table and the accounting identities it must satisfy (Miller and Blair 2009, ch. 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from io_tables.arrays import numbers
from io_tables.errors import InputError, Problem

#: (region or None, category) of exports abroad.
EXPORTS = (None, "exports")


@dataclass(frozen=True)
class Mrio:
    """A multi-regional table; region-major order, n = R*S, position r*S + i. Money in 10^8 yuan.

    regions (R,), sectors (S,) : labels.
    Z (n, n) : domestic intermediate flows, seller in the row.
    Y (n, k) : domestic goods and services for final use.
    value_added (n,) or (c, n) : primary inputs; with imports absent they include whatever is not in Z.
    imports (n,) or (S, n) : foreign intermediate inputs of each column (by commodity).
    final_imports (S, k) : foreign goods in final use.
    final_demand : k pairs (region or None, category); exports abroad are ``(None, "exports")``.
    extensions : name -> (n,) or (m, n) physical flows of the producing columns.
    error (n,) : a table's own balancing error by row, without destination; never part of Y or Z.
    Raises InputError when shapes disagree, or a number is not finite.
    """

    regions: tuple[str, ...]
    sectors: tuple[str, ...]
    Z: np.ndarray
    Y: np.ndarray
    value_added: np.ndarray
    imports: np.ndarray | None = None
    final_imports: np.ndarray | None = None
    final_demand: tuple[tuple[str | None, str], ...] | None = None
    extensions: dict[str, np.ndarray] = field(default_factory=dict)
    value_added_labels: tuple[str, ...] | None = None
    error: np.ndarray | None = None

    def __post_init__(self):
        object.__setattr__(self, "regions", tuple(self.regions))
        object.__setattr__(self, "sectors", tuple(self.sectors))
        if self.final_demand is not None:
            object.__setattr__(self, "final_demand", tuple((r, c) for r, c in self.final_demand))
        problems: list[Problem] = []
        n = self.n

        def shaped(name, allowed):
            value = getattr(self, name)
            if value is None:
                if name in ("Z", "Y", "value_added"):
                    problems.append(Problem(f"Mrio.{name}", "is missing"))
                return
            array = numbers(f"Mrio.{name}", value)
            object.__setattr__(self, name, array)
            if array.shape not in allowed:
                problems.append(
                    Problem(f"Mrio.{name}", f"shape {array.shape}", f"expected {' or '.join(map(str, allowed))}")
                )
            elif not np.isfinite(array).all():
                spot = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
                problems.append(Problem(f"Mrio.{name}", f"not a finite number at {spot}"))

        shaped("Z", [(n, n)])
        Y = numbers("Mrio.Y", self.Y)
        if Y.ndim == 1:
            object.__setattr__(self, "Y", Y[:, None])
        k = np.shape(self.Y)[-1] if Y.ndim else 0
        shaped("Y", [(n, k)])
        va = numbers("Mrio.value_added", self.value_added)
        shaped("value_added", [(n,), (va.shape[0] if va.ndim == 2 else 1, n)])
        shaped("imports", [(n,), (len(self.sectors), n)])
        shaped("final_imports", [(len(self.sectors), k)])
        shaped("error", [(n,)])
        if self.final_demand is not None and len(self.final_demand) != k:
            problems.append(
                Problem("Mrio.final_demand", f"{len(self.final_demand)} labels", f"expected {k}, one per column of Y")
            )
        for region, category in self.final_demand or ():
            if region is not None and region not in self.regions:
                problems.append(Problem("Mrio.final_demand", f"region '{region}' of '{category}' is not in regions"))
        for what, labels in (("regions", self.regions), ("sectors", self.sectors)):
            if len(set(labels)) < len(labels):
                problems.append(Problem(f"Mrio.{what}", "labels occur more than once"))
        for name, value in self.extensions.items():
            array = numbers(f"Mrio.extensions[{name!r}]", value)
            if array.shape[-1] != n or array.ndim > 2 or not np.isfinite(array).all():
                problems.append(
                    Problem(f"Mrio.extensions[{name!r}]", f"shape {array.shape}", f"expected finite (m, {n}) or ({n},)")
                )
        if problems:
            raise InputError(problems)

    @property
    def n(self) -> int:
        """Number of rows, R*S."""
        return len(self.regions) * len(self.sectors)

    @cached_property
    def x(self) -> np.ndarray:
        """Gross output (n,) as row sums: Z1 + Y1 (+ error)."""
        x = self.Z.sum(axis=1) + self.Y.sum(axis=1)
        return x if self.error is None else x + self.error

    @cached_property
    def A(self) -> np.ndarray:
        """Technical coefficients (n, n), A = Z diag(x)^-1; a sector without output has a zero column."""
        x = self.x
        scale = np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)
        return self.Z * scale

    @cached_property
    def primary_inputs(self) -> np.ndarray:
        """Value added summed over components, (n,)."""
        return self.value_added if self.value_added.ndim == 1 else self.value_added.sum(axis=0)

    @cached_property
    def foreign_inputs(self) -> np.ndarray:
        """Imported intermediate inputs of each column, (n,); zeros when the table has none."""
        if self.imports is None:
            return np.zeros(self.n)
        return self.imports if self.imports.ndim == 1 else self.imports.sum(axis=0)

    @cached_property
    def region_index(self) -> np.ndarray:
        """(n,) region position of each row."""
        return np.repeat(np.arange(len(self.regions)), len(self.sectors))

    def position(self, region: str, sector: str) -> int:
        """Row of a region and sector; raises InputError for an unknown label."""
        from io_tables.errors import did_you_mean

        problems = []
        if region not in self.regions:
            problems.append(Problem("region", f"'{region}' is unknown", did_you_mean(region, self.regions)))
        if sector not in self.sectors:
            problems.append(Problem("sector", f"'{sector}' is unknown", did_you_mean(sector, self.sectors)))
        if problems:
            raise InputError(problems)
        return self.regions.index(region) * len(self.sectors) + self.sectors.index(sector)

    def gdp(self) -> np.ndarray:
        """Value added of each region (R,)."""
        return self.primary_inputs.reshape(len(self.regions), -1).sum(axis=1)

    def final_use_by_region(self) -> tuple[np.ndarray, np.ndarray]:
        """Domestic final use summed over categories: by destination (n, R), and exports abroad (n,).

        Raises InputError if the table carries no `final_demand` labels.
        """
        if self.final_demand is None:
            raise InputError("the table has no final_demand labels, so its final use has no destination")
        by_region = np.zeros((self.n, len(self.regions)))
        abroad = np.zeros(self.n)
        for column, (region, _category) in enumerate(self.final_demand):
            if region is None:
                abroad += self.Y[:, column]
            else:
                by_region[:, self.regions.index(region)] += self.Y[:, column]
        return by_region, abroad

    def check(self, tolerance: float = 1e-6) -> dict[str, float]:
        """Residual of each accounting identity, relative; never raises.

        'columns' : Z'1 + imports + value added = x.
        'rows' : only when `error` is present: its size relative to output (rows define x otherwise).
        'gdp' : value added = final use + imported final use - all imports (expenditure = production).
        'negative_flows', 'negative_output' : share of the total that is negative.
        Entries above `tolerance` are the ones to look at.
        """
        x = self.x
        scale = max(float(np.abs(x).sum()), 1e-300)
        largest = max(float(np.abs(x).max()), 1e-300)
        columns = self.Z.sum(axis=0) + self.foreign_inputs + self.primary_inputs - x
        residual = {"columns": float(np.abs(columns).max() / largest)}
        if self.error is not None:
            residual["rows"] = float(np.abs(self.error).max() / largest)
        # An imported good in final use enters spending and imports alike, so it drops out here.
        spending = float(self.Y.sum()) - float(self.foreign_inputs.sum())
        residual["gdp"] = abs(float(self.primary_inputs.sum()) - spending) / scale
        residual["negative_flows"] = float(-self.Z[self.Z < 0].sum() / scale)
        residual["negative_output"] = float(-x[x < 0].sum() / scale)
        return residual
