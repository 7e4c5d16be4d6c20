"""Carbon sinks on land: which estimate, how they saturate, and that no tonne is counted twice.

Sinks are positive Mt CO2 a year taken up. `inventory` is managed land as the national greenhouse-gas
inventory counts it; `nep` is net ecosystem production, natural uptake included, which targets of neutrality
do not count as removal. The published range of the nation is 0.77-1.87 Gt a year. The split by province
follows net primary production and overstates the subtropics, where much grows and little of it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import io_tables
from io_tables.errors import InputError, Problem, did_you_mean

DEFINITIONS = ("inventory", "nep")
LEVELS = ("low", "central", "high")
TYPES = ("forest", "cropland", "grassland", "wetland")
#: Who may book a tonne taken up: the province's own balance, the nation's, or a buyer of offsets.
USES = ("province", "national", "offset")
_FACTS = Path(io_tables.__file__).parent / "china_2020"
_ROUNDING = 1e-9


@cache
def fact_table(name: str) -> pd.DataFrame:
    """The embedded fact table `land_sinks` or `land_sink_types`, with source and status of every row."""
    return pd.read_csv(_FACTS / f"{name}.csv")


def land_sinks(regions: Sequence[str], definition: str = "inventory", level: str = "central", *, factor: float = 1.0,
               table: pd.DataFrame | None = None) -> np.ndarray:
    """Sink (R,) Mt CO2 a year by province. table : columns region, definition, level, value (default: embedded).

    Raises InputError for an unknown definition or level, and for a province without a row.
    """
    for what, value, allowed in (("definition", definition, DEFINITIONS), ("level", level, LEVELS)):
        if value not in allowed:
            raise InputError(Problem(f"sinks.{what}", f"'{value}' is unknown", did_you_mean(value, allowed)))
    table = fact_table("land_sinks") if table is None else table
    rows = table[(table["definition"] == definition) & (table["level"] == level)]
    found = dict(zip(rows["region"], rows["value"], strict=True))
    missing = [Problem("sinks", f"{region} has no {definition} sink at level {level}") for region in regions
               if region not in found]
    if missing:
        raise InputError(missing)
    return factor * np.array([float(found[region]) for region in regions])


def sink_range(regions: Sequence[str], *, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Low, central and high sink by definition for each province and the nation, Mt CO2 a year.

    Columns region, definition, low, central, high, spread (high over low).
    """
    parts = []
    for definition in DEFINITIONS:
        values = {level: land_sinks(regions, definition, level, table=table) for level in LEVELS}
        parts.append(pd.DataFrame({"region": [*regions, "China"], "definition": definition,
                                   **{level: np.append(v, v.sum()) for level, v in values.items()}}))
    whole = pd.concat(parts, ignore_index=True)
    return whole.assign(spread=whole["high"] / whole["low"])


def by_type(sinks, regions: Sequence[str], *, table: pd.DataFrame | None = None) -> np.ndarray:
    """Split sinks (R,) by land (R, 4): forest (with wood products), cropland, grassland, wetland (`TYPES`).

    The shares are assumed: recalled national shares, balanced to the provinces; see the fact table. Dry
    grassland is underrated by its driver (biomass potential).
    """
    table = fact_table("land_sink_types") if table is None else table
    shares = table.pivot(index="region", columns="type", values="value").loc[list(regions), list(TYPES)].to_numpy()
    return np.asarray(sinks, dtype=float)[:, None] * shares / shares.sum(axis=1, keepdims=True)


def saturation_path(sinks, years: Sequence[int], *, remaining_years, base_year: int, additions=None) -> np.ndarray:
    """Sinks that fill up (T, R): uptake in proportion to the store still empty.

    dC/dt = S, S = S0 (1 - C / (S0 tau)) gives S = S0 exp(-(t - t0) / tau): the store left at the base year,
    S0 x tau, is never exceeded. sinks (R,) Mt a year in `base_year`; remaining_years tau (R,) or a number,
    inf for no saturation; additions (T, R) Mt a year of uptake from planting, on top. tau is an assumption
    of the scenario: forests planted since 1980 reach maturity within some 40-80 years.
    """
    sinks = np.asarray(sinks, dtype=float)
    tau = np.broadcast_to(np.asarray(remaining_years, dtype=float), sinks.shape)
    if not (tau > 0).all():
        raise InputError(Problem("remaining_years", f"{tau.min():g}", "years above 0, or inf"))
    passed = np.asarray(years, dtype=float) - base_year
    if (passed < 0).any():
        raise InputError(Problem("years", f"{min(years)} lies before the base year {base_year}"))
    return sinks * np.exp(-passed[:, None] / tau) + (0.0 if additions is None else np.asarray(additions, dtype=float))


@dataclass(frozen=True)
class Claim:
    """A booking of tonnes: who counts them, as what."""

    region: str
    type: str
    year: int
    use: str
    holder: str
    amount: float  # Mt CO2


@dataclass(frozen=True)
class Registry:
    """A register of uptake in which every tonne has one use.

    available : (region, type, year) -> Mt CO2 taken up. `claim` returns a new register; a claim beyond what
    is left is refused and says who holds the rest. The nation may count each tonne exactly once, whoever in
    China holds it (`national_total`).
    """

    available: dict[tuple[str, str, int], float]
    claims: tuple[Claim, ...] = ()

    @classmethod
    def of(cls, sinks, regions: Sequence[str], types: Sequence[str], years: Sequence[int]) -> Registry:
        """A register of an array (T, R, types) in Mt CO2 a year."""
        values = np.asarray(sinks, dtype=float)
        if values.shape != (len(years), len(regions), len(types)) or not (values >= 0).all():
            raise InputError(Problem("sinks", f"shape {values.shape}, or negative or missing values",
                                     f"expected ({len(years)}, {len(regions)}, {len(types)}) values >= 0"))
        return cls({(region, kind, int(year)): float(values[t, r, k]) for t, year in enumerate(years)
                    for r, region in enumerate(regions) for k, kind in enumerate(types)})

    def left(self, region: str, type: str, year: int) -> float:
        """Mt CO2 that nobody has claimed."""
        key = self._key(region, type, year)
        return self.available[key] - sum(c.amount for c in self.claims if (c.region, c.type, c.year) == key)

    def claim(self, region: str, type: str, year: int, use: str, amount: float, *,
              holder: str | None = None) -> Registry:
        """Book `amount` Mt for a use; holder defaults to the province ('national': China).

        Raises InputError for an unknown use, an amount that is not positive, or a tonne already counted.
        """
        key = self._key(region, type, year)
        if use not in USES:
            raise InputError(Problem("sinks.use", f"'{use}' is unknown", did_you_mean(use, USES)))
        if not amount > 0:
            raise InputError(Problem("sinks.claim", f"{amount} Mt", "a positive amount"))
        holder = holder or ("China" if use == "national" else region)
        left = self.left(*key)
        if amount > left + _ROUNDING * max(1.0, self.available[key]):
            others = ", ".join(f"{c.holder} {c.amount:.6g} Mt ({c.use})" for c in self.claims
                               if (c.region, c.type, c.year) == key) or "nobody"
            raise InputError(Problem(f"sinks: {region}, {type}, {year}",
                                     f"{holder} claims {amount:.6g} Mt as {use}, {max(left, 0.0):.6g} of "
                                     f"{self.available[key]:.6g} Mt are free; already counted by {others}",
                                     "a tonne counts once"))
        return replace(self, claims=(*self.claims, Claim(*key, use, holder, float(amount))))

    def counted(self, regions: Sequence[str], years: Sequence[int], use: str = "province") -> np.ndarray:
        """Mt CO2 (T, R) that each province, as holder, may count for a use: what net-of-sink quotas may take."""
        found = np.zeros((len(years), len(regions)))
        place = {(int(y), r): (t, i) for t, y in enumerate(years) for i, r in enumerate(regions)}
        for c in self.claims:
            at = place.get((c.year, c.holder))
            if at is not None and c.use == use:
                found[at] += c.amount
        return found

    def national_total(self, year: int) -> float:
        """Mt CO2 the nation counts in a year: all claims, each once, whoever holds them."""
        return float(sum(c.amount for c in self.claims if c.year == year))

    def table(self) -> pd.DataFrame:
        """All claims: region, type, year, use, holder, amount, unit."""
        columns = ["region", "type", "year", "use", "holder", "amount"]
        return pd.DataFrame([[getattr(c, name) for name in columns] for c in self.claims],
                            columns=columns).assign(unit="Mt CO2/yr")

    def _key(self, region, type, year):
        key = (region, type, int(year))
        if key not in self.available:
            known = sorted({k[0] for k in self.available}) if region not in {k[0] for k in self.available} else (
                sorted({k[1] for k in self.available}))
            wrong = region if region not in {k[0] for k in self.available} else type
            raise InputError(Problem("sinks", f"no uptake is registered for {region}, {type}, {year}",
                                     did_you_mean(wrong, known)))
        return key
