"""What the steps that assemble a pathway programme share (E10)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from io_tables.errors import InputError
from io_tables.errors import Problem as Mistake
from model.programme import Programme
from model.technology.conventions import Timeline, surviving, surviving_by_age
from model.technology.problem import Problem
from model.technology.tables import Entries, dense, expand


@dataclass
class Draft:
    """What the steps of the assembly share; each step fills its part.

    P processes (region, technology, mode), Q pairs (region, technology) with capacity, Y years,
    S slices. Positions of columns are int arrays of the shapes given.
    """

    problem: Problem
    sets: dict[str, tuple]
    times: Timeline
    programme: Programme = field(default_factory=Programme)
    mistakes: list[Mistake] = field(default_factory=list)

    # sets and processes
    share: np.ndarray = None             # (S,) of the year
    process: np.ndarray = None           # (P, 3) region, technology, mode
    process_at: np.ndarray = None        # (regions, technologies, modes) -> process or -1
    active: np.ndarray = None            # (P, Y) has a flow in the year
    sliced: np.ndarray = None            # (P,) runs by slice
    place: np.ndarray = None             # (P,) place among the sliced, or among the others
    by_slice: np.ndarray = None          # (commodities,) balanced by slice
    is_store: np.ndarray = None          # (commodities,)
    activity: np.ndarray = None          # (sliced P, Y, S) columns
    annual: np.ndarray = None            # (other P, Y) columns
    running_price: np.ndarray = None     # (P, Y) money per unit of activity
    # capacity
    pair: np.ndarray = None              # (Q, 2) region, technology
    pair_at: np.ndarray = None           # (regions, technologies) -> pair or -1
    investment: np.ndarray = None        # (Q, Y) capital cost, nan: cannot be built
    capital: np.ndarray = None           # (Q, Y) capital cost, 0 where it cannot be built
    fixed: np.ndarray = None             # (Q, Y)
    life: np.ndarray = None              # (Q, Y) of a vintage
    hurdle: np.ndarray = None            # (Q, 1) nan: the discount rate
    salvage: np.ndarray = None           # (Q, Y) present share, convention `table`
    standing: np.ndarray = None          # (Q, Y) what is left of existing capacity
    per_capacity: np.ndarray = None      # (Q,) activity a year per unit of capacity
    vintage: np.ndarray = None           # (Q, V, Y) capacity in Y per unit of new capacity of V
    new: np.ndarray = None               # (Q, Y) columns
    new_cost: np.ndarray = None          # (Q, Y) their present cost
    capacity: np.ndarray = None          # (some Q, Y) columns
    standing_place: np.ndarray = None    # (Q,) place among them, -1: none
    # balances, emissions
    fine_pair: np.ndarray = None         # (rows, 2) region, commodity balanced by slice
    year_pair: np.ndarray = None         # (rows, 2) region, commodity balanced by year
    store_pair: np.ndarray = None        # (stores, 2) region, commodity
    level: np.ndarray = None             # (stores, Y, S) columns
    unserved_price: np.ndarray = None    # (commodities,)
    unserved_rows: dict[str, np.ndarray] = field(default_factory=dict)
    emission: np.ndarray = None          # (regions, emissions, Y) columns
    emission_price: np.ndarray = None    # (regions, emissions, Y)
    # what the rows of a block stand for: block -> key -> codes
    limit_names: dict[str, dict] = field(default_factory=dict)
    growth_names: dict[str, dict] = field(default_factory=dict)
    reserve_names: dict[str, np.ndarray] = field(default_factory=dict)
    share_of: dict[int, tuple] = field(default_factory=dict)   # row of a share -> commodity, regions, year

    def entries(self, name: str, keys, values=None, table=None, *, once: bool = True) -> Entries:
        """A table expanded over some of its keys; values default to the column `value`."""
        table = getattr(self.problem, name) if table is None else table
        return expand(name, table, {k: self.sets[k] for k in keys}, values or {"value": np.nan}, self.mistakes,
                      once=once)

    def array(self, name: str, keys, default: float, table=None) -> np.ndarray:
        """A table as a dense array over its keys."""
        found = self.entries(name, keys, table=table, once=False)
        return dense(found, {k: self.sets[k] for k in keys}, "value", default)

    def covered(self, name: str, table) -> np.ndarray:
        """(regions, technologies) that any row of a table names; overlaps are no mistake here."""
        keys = {k: self.sets[k] for k in ("region", "technology")}
        named = [c for c in keys if c in table]
        found = expand(name, table.drop_duplicates(named) if named else table[:1], keys, {}, [])
        return dense(Entries(found.codes, {"value": np.ones(found.size, bool)}), keys, "value", False).astype(bool)

    def settle(self) -> None:
        """Raise what has been found wrong so far."""
        if self.mistakes:
            raise InputError(self.mistakes)


@dataclass
class Flows:
    """Inputs (value < 0) and outputs (> 0) per unit of activity, one row each."""

    process: np.ndarray
    region: np.ndarray      # of the balance
    commodity: np.ndarray
    year: np.ndarray
    slice: np.ndarray       # -1: every slice
    value: np.ndarray


def add_activity(d: Draft, rows, process, year, value, slice_=None) -> None:
    """Add a year's activity of processes (or that of one slice) to rows; arguments of equal length."""
    rows, process, year, value = np.broadcast_arrays(rows, process, year, np.asarray(value, dtype=float))
    fine = d.sliced[process]
    place = d.place[process]
    if slice_ is None:
        d.programme.add(rows[fine][:, None], d.activity[place[fine], year[fine]], value[fine][:, None])
        d.programme.add(rows[~fine], d.annual[place[~fine], year[~fine]], value[~fine])
        return
    slice_ = np.broadcast_to(slice_, rows.shape)
    d.programme.add(rows[fine], d.activity[place[fine], year[fine], slice_[fine]], value[fine])
    d.programme.add(rows[~fine], d.annual[place[~fine], year[~fine]], value[~fine] * d.share[slice_[~fine]])


def standing_share(d: Draft, technology, born, life) -> np.ndarray:
    """Share of vintages standing in each period, by the survival table where the technology has one."""
    share = surviving(born, life, d.times)
    table = d.problem.survival
    for name in dict.fromkeys(table["technology"]) if "technology" in table else []:
        mine = technology == d.sets["technology"].index(name)
        rows = table[table["technology"] == name].sort_values("age")
        if mine.any():
            share[mine] = surviving_by_age(born[mine], rows["age"].to_numpy(float), rows["value"].to_numpy(float),
                                           d.times)
    return share
