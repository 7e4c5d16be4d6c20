"""A pathway problem as long tables: what is needed, what exists, what it costs, what is allowed (E10).

The engine knows no country and no sector: every name comes from the tables. A blank (or missing)
key means every member of the set; of overlapping rows the one with fewer blanks wins. Quantities
per year, capacity in its own unit, money in one unit; `capacity_to_activity` links the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from io_tables.errors import InputError, did_you_mean
from io_tables.errors import Problem as Mistake
from model.technology.conventions import Conventions, Timeline, timeline
from model.technology.tables import frame, unknown_labels

STANDARD = "standard"   # the mode of a technology that names none
ALL_YEAR = "year"       # the slice of a problem that names none

QUANTITIES = ("activity", "capacity", "new_capacity")
TERM_QUANTITIES = (*QUANTITIES, "output", "input", "emission")
SENSES = ("max", "min", "fix")
POLICY_KINDS = ("cap", "budget", "peak", "share", "row", "total")

# table -> (keys, value columns with the default of a blank cell); nan = must be given
TABLES: dict[str, tuple[tuple[str, ...], dict[str, float]]] = {
    "demand": (("region", "commodity", "year", "slice"), {"value": np.nan}),
    "inputs": (("region", "technology", "mode", "commodity", "year", "slice"), {"value": np.nan}),
    "outputs": (("region", "technology", "mode", "commodity", "year", "slice"), {"value": np.nan}),
    "shapes": (("technology", "commodity", "slice"), {"value": np.nan}),
    "availability": (("region", "technology", "year", "slice"), {"value": np.nan}),
    "annual_availability": (("region", "technology", "year"), {"value": np.nan}),
    "existing": (("region", "technology", "vintage", "year"), {"value": np.nan, "life": np.nan}),
    "lifetimes": (("region", "technology", "year"), {"value": np.nan}),
    "survival": (("technology", "age"), {"value": np.nan}),
    "investment_costs": (("region", "technology", "year"), {"value": np.nan}),
    "fixed_costs": (("region", "technology", "year"), {"value": np.nan}),
    "variable_costs": (("region", "technology", "mode", "year"), {"value": np.nan}),
    "discount_rates": (("region", "technology"), {"value": np.nan}),
    "salvage": (("technology", "year"), {"value": np.nan}),
    "limits": (("quantity", "sense", "region", "technology", "mode", "year", "slice"), {"value": np.nan}),
    "growth": (("quantity", "sense", "region", "technology", "year"), {"value": np.nan, "initial": 0.0}),
    "history": (("quantity", "region", "technology"), {"value": np.nan}),
    "emission_factors": (("region", "technology", "mode", "emission", "year"), {"value": np.nan}),
    "exogenous_emissions": (("region", "emission", "year"), {"value": np.nan}),
    "emission_prices": (("region", "emission", "year"), {"value": np.nan}),
    "policies": (("policy", "kind", "sense", "emission", "commodity", "region", "year"), {"value": np.nan}),
    "terms": (("policy", "quantity", "region", "technology", "mode", "commodity", "emission", "year"), {"value": 1.0}),
    "reserves": (("region", "commodity", "year"), {"value": np.nan}),
    "reserve_credits": (("region", "technology", "year"), {"value": np.nan}),
    "stores": (("commodity", "region"), {"volume": np.nan, "hours": 0.0, "initial": 0.0, "loss": 0.0}),
    "links": (("link", "from", "to", "commodity"), {"loss": 0.0}),
}
RESOLUTIONS = ("slice", "year", "store")
CYCLES = ("year", "season", "open")


@dataclass(frozen=True)
class Problem:
    """Tables of a pathway problem; each a data frame, records or None. Columns: see `TABLES`.

    regions, technologies : names, or a table (technology, capacity_to_activity = 1, resolution).
    periods : years, or a table (year, duration). slices : None, or a table (slice, share of the
    year, season, repeats = how often the season's cycle runs in a year).
    commodities : names, or a table (commodity, resolution = `slice`, `year` or `store`,
    unserved_cost, surplus = 1). A balance is production >= use + demand, with equality where
    surplus is 0.
    demand : per year; with a slice, in that slice; without, on a sliced commodity, at any time.
    inputs, outputs : per unit of activity. A technology runs by slice if one of its commodities
    does; with `resolution` year it runs flat over the year and takes or gives sliced commodities
    in the shape of the table `shapes` (default: the slice's share).
    existing : with `vintage` (the instant it began to run) it ages; with `year` it is what stands.
    investment_costs : a technology can be built only where one is given, be it 0.
    limits : quantity activity (a year, all modes unless one is named), capacity or new_capacity.
    growth : X(y) <= (1+rate)^d X(before) + initial ((1+rate)^d - 1)/rate for `max`, and for `min`
    X(y) >= (1-rate)^d X(before) - initial (1-(1-rate)^d)/rate; rate in the column value.
    history : X before the first period, one step of the first period's duration earlier.
    policies : named rows, each reported with slack and shadow price. kind `cap` (emission a year),
    `budget` (over the horizon), `peak` (no rise after the year), `share` (terms' output over all
    output of the commodity), `row` (terms a year), `total` (terms over the horizon, weighted by
    durations); region blank: the sum over regions; year blank: every year.
    terms : quantities and coefficients of the `share`, `row` and `total` policies.
    reserves : sum of credits x capacity >= value x production of the commodity in every slice.
    stores : for `store` commodities: volume (blank: none if hours are given, else without end) plus hours x
    capacity of the technology that fills and
    empty them (column technology), initial content, loss per cycle step, cycle `year`, `season`
    (a level within each of `repeats` cycles) or `open` (carried over the years).
    links : trade of a commodity between two regions; a technology of the name with modes `forward`
    and, unless one_way is 1, `backward`, which share its capacity.

    Raises InputError with every mistake found.
    """

    regions: object
    periods: object
    commodities: object
    technologies: object
    slices: object = None
    demand: object = None
    inputs: object = None
    outputs: object = None
    shapes: object = None
    availability: object = None
    annual_availability: object = None
    existing: object = None
    lifetimes: object = None
    survival: object = None
    investment_costs: object = None
    fixed_costs: object = None
    variable_costs: object = None
    discount_rates: object = None
    salvage: object = None
    limits: object = None
    growth: object = None
    history: object = None
    emission_factors: object = None
    exogenous_emissions: object = None
    emission_prices: object = None
    policies: object = None
    terms: object = None
    reserves: object = None
    reserve_credits: object = None
    stores: object = None
    links: object = None
    conventions: Conventions = field(default_factory=Conventions)

    def __post_init__(self):
        mistakes: list[Mistake] = []
        for name in ("regions", "periods", "commodities", "technologies", "slices"):
            object.__setattr__(self, name, _set_table(name, getattr(self, name), mistakes))
        for name in TABLES:
            object.__setattr__(self, name, frame(getattr(self, name)))
        _check_slices(self.slices, mistakes)
        sets = self.sets
        for name, (keys, values) in TABLES.items():
            _check_table(self, name, keys, values, sets, mistakes)
        _check_choices(self, mistakes)
        if mistakes:
            raise InputError(mistakes)

    @property
    def sets(self) -> dict[str, tuple]:
        """Members of every key, in order; technologies include the links."""
        links = () if self.links.empty else tuple(dict.fromkeys(self.links["link"]))
        emissions = dict.fromkeys(e for t in ("emission_factors", "exogenous_emissions", "emission_prices", "policies")
                                  for e in _labels(getattr(self, t), "emission"))
        modes = dict.fromkeys([STANDARD, *(m for t in ("inputs", "outputs") for m in _labels(getattr(self, t), "mode")),
                               *(("forward", "backward") if links else ())])
        return {
            "region": tuple(self.regions["region"]), "year": tuple(self.periods["year"]),
            "slice": tuple(self.slices["slice"]), "commodity": tuple(self.commodities["commodity"]),
            "technology": tuple(self.technologies["technology"]) + links, "mode": tuple(modes),
            "emission": tuple(emissions), "policy": tuple(dict.fromkeys(_labels(self.policies, "policy"))),
            "quantity": TERM_QUANTITIES, "sense": SENSES, "kind": POLICY_KINDS,
            "from": tuple(self.regions["region"]), "to": tuple(self.regions["region"]), "link": links,
        }

    @property
    def timeline(self) -> Timeline:
        durations = self.periods["duration"] if "duration" in self.periods else None
        return timeline(self.periods["year"], durations, self.conventions)


def _labels(table: pd.DataFrame, column: str) -> list:
    if column not in table:
        return []
    return [x for x in table[column] if x is not None and x == x and x != ""]


def _set_table(name: str, data, mistakes: list[Mistake]) -> pd.DataFrame:
    key = {"regions": "region", "periods": "year", "commodities": "commodity", "technologies": "technology",
           "slices": "slice"}[name]
    if data is None:
        data = {"slice": [ALL_YEAR], "share": [1.0]}
    table = frame(data) if isinstance(data, (pd.DataFrame, dict)) or (
        len(data) and isinstance(next(iter(data)), dict)) else pd.DataFrame({key: list(data)})
    if key not in table or table.empty:
        mistakes.append(Mistake(name, f"needs a column '{key}' and at least one row"))
        return pd.DataFrame({key: []})
    for row in np.flatnonzero(table[key].duplicated()):
        mistakes.append(Mistake(f"{name} row {row + 1}", f"'{table[key].iloc[row]}' appears twice"))
    return table


def _check_slices(slices: pd.DataFrame, mistakes: list[Mistake]) -> None:
    shares = slices.get("share")
    if shares is None or not np.isclose(shares.sum(), 1.0, atol=1e-3) or (shares <= 0).any():
        mistakes.append(Mistake("slices.share", "must be positive and add up to 1 (0.1 % apart at most)",
                                f"they add up to {0.0 if shares is None else shares.sum():.6g}"))


def _check_table(problem: Problem, name: str, keys, values, sets, mistakes: list[Mistake]) -> None:
    table = getattr(problem, name)
    if table.empty:
        return
    extra = {"stores": ("technology", "cycle"), "links": ("one_way",)}.get(name, ())
    allowed = (*keys, *values, *extra, "unit", "source", "status")
    for column in table.columns:
        if column not in allowed:
            mistakes.append(Mistake(f"table {name}", f"unknown column '{column}'", did_you_mean(str(column), allowed)))
    if name == "stores":
        keys = (*keys, "technology")
    mistakes += unknown_labels(name, table, {k: sets[k] for k in keys if k in sets and not (
        k == "link" or (k == "policy" and name == "policies"))})
    for column, default in values.items():
        if column in table:
            numbers = pd.to_numeric(table[column], errors="coerce")
            blank = table[column].isna()
            bad = numbers.isna() & (~blank if np.isfinite(default) or column in ("life", "volume") else True)
            if name == "policies":
                bad &= table["kind"].ne("peak") if "kind" in table else True
            mistakes += [Mistake(f"{name} row {r + 1}", f"{column} is not a number") for r in np.flatnonzero(bad)]
        elif np.isnan(default) and column == "value" and not (
                name == "policies" and set(_labels(table, "kind")) <= {"peak"}):
            mistakes.append(Mistake(f"table {name}", f"column '{column}' is missing"))


def _check_choices(problem: Problem, mistakes: list[Mistake]) -> None:
    for table, column, allowed in (("commodities", "resolution", RESOLUTIONS),
                                   ("technologies", "resolution", ("slice", "year")), ("stores", "cycle", CYCLES),
                                   ("limits", "quantity", QUANTITIES), ("growth", "quantity", QUANTITIES),
                                   ("history", "quantity", QUANTITIES), ("growth", "sense", ("max", "min"))):
        for label in dict.fromkeys(_labels(getattr(problem, table), column)):
            if label not in allowed:
                mistakes.append(Mistake(f"{table}.{column}", f"'{label}' is not a choice",
                                        did_you_mean(str(label), allowed)))
    existing = problem.existing
    if not existing.empty:
        given = sum(existing[c].notna().astype(int) if c in existing else 0 for c in ("vintage", "year"))
        for row in np.flatnonzero(given != 1):
            mistakes.append(Mistake(f"existing row {row + 1}", "needs either a vintage or a year"))
    for required, tables in (("quantity", ("limits", "growth", "history")), ("sense", ("limits", "growth")),
                             ("policy", ("policies", "terms")), ("kind", ("policies",))):
        for table in tables:
            rows = getattr(problem, table)
            if not rows.empty and (required not in rows or rows[required].isna().any()):
                mistakes.append(Mistake(f"table {table}", f"every row needs a '{required}'"))
    stores = set(problem.commodities.loc[problem.commodities.get("resolution", pd.Series(dtype=object)).eq("store")
                                         if "resolution" in problem.commodities else [], "commodity"])
    for label in dict.fromkeys(_labels(problem.stores, "commodity")):
        if label not in stores:
            mistakes.append(Mistake("stores.commodity", f"'{label}' is not a commodity with resolution 'store'"))
