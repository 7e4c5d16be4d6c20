"""Near-optimal alternatives of a run: national pathways far from the optimum within a cost slack, and ranges (E10)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from io_tables import classification
from io_tables.errors import ModelError
from model.near_optimal import NearOptimal
from model.pathway.assembled import Assembled, Plan, plan_of
from model.pathway.draft import MONEY, Draft
from model.pathway.exact import exact, national_iterate
from model.pathway.fleet import HOUSEHOLDS
from model.pathway.timing import annuity
from model.programme import Compiled, Engine

if TYPE_CHECKING:
    from model.coupling import Coupled

#: Relative cost above the optimum that alternatives may spend.
SLACK = 0.02
#: Technologies that are one choice when pathways are told apart: (name, Chinese name, members).
FAMILIES = (
    ("Coal power without capture", "煤电(无碳捕集)", ("coal_subcritical", "coal_supercritical",
                                                "coal_ultrasupercritical", "coal_chp")),
    ("Solar power", "光伏发电", ("pv_utility", "pv_distributed")),
    ("Storage of electricity", "储能", ("pumped_hydro", "battery")),
)
#: Parts of the energy system that count alike in the distance, whatever they cost.
GROUPS = (
    ("electricity",), ("passenger", "freight"), ("floor_space", "heat"), ("hydrogen", "co2_removal"),
    ("steel", "cement", "aluminium", "glass", "ammonia", "methanol", "ethylene", "paper", "refined_fuel",
     "coke_product"),
)
#: Rows beside those of products that ask for something made.
DEMANDS = (*HOUSEHOLDS, "hydrogen")
#: Years whose ranges are found, besides the last.
RANGE_YEARS = (2035,)
#: A technology is a main one with this share of its product in the optimum or an alternative; products with ranges.
MAIN = 0.05
RANGED = ("electricity", "steel", "cement", "hydrogen", "passenger", "freight", "co2_removal")
OPTIMUM, LEAST, MOST = "optimum", "least", "most"
DEARER, DISTANCE, COST = "Cost above Optimum", "Distance from Optimum", "System Cost"


def near_optimal(coupled: Coupled, count: int, slack: float = SLACK) -> pd.DataFrame:
    """Pathways of the nation within a cost slack, at the run's final economy.

    Returns rows pathway ('optimum', 'alternative 1', ..., 'least', 'most'), variable, year (none for a figure of the
    whole pathway), unit, value. Alternatives come furthest first. Raises InputError for a count below 1 or a negative
    slack, ModelError if the solver finds no optimum.
    """
    iterate = national_iterate(coupled)
    whole, d = iterate.assembled, iterate.assembled.draft
    programme = exact(whole)
    best = Engine(programme).solve("ipm")
    if not best.optimal:
        raise ModelError(f"near-optimal alternatives: the programme at the final economy is {best.status}")
    compiled = nothing_wasted(programme, whole, best.z)
    region = NearOptimal(compiled, best.z, slack)
    names, uses, shares = _uses(d, plan_of(d, best.z))
    found = region.alternatives(uses, count)
    points = {OPTIMUM: best.z} | {f"alternative {i}": a.solution.z for i, a in enumerate(found, start=1)}
    rows = []
    for (pathway, z), dearer, far in zip(points.items(), [0.0, *(a.dearer for a in found)],
                                         [0.0, *(a.distance for a in found)], strict=True):
        rows += [(pathway, DEARER, None, "%", 100.0 * dearer), (pathway, DISTANCE, None, "%", 100.0 * far),
                 (pathway, COST, None, "10^8 yuan", float(compiled.cost @ z) / MONEY)]
        rows += [(pathway, *row) for row in figures(whole, plan_of(d, z))]
    rows += _ranges(region, d, names, uses, shares, list(points.values()))
    table = pd.DataFrame(rows, columns=["pathway", "variable", "year", "unit", "value"])
    return table.astype({"year": "Int64"})


def nothing_wasted(compiled: Compiled, whole: Assembled, z: np.ndarray) -> Compiled:
    """Nothing is made beyond what the optimum leaves over: a larger mix would only be thrown away."""
    d, m = whole.draft, len(whole.complete.f)
    rows = [np.arange(m)]
    rows += [m + whole.kept(b.index).ravel() for name, b in d.programme.rows.items() if name in DEMANDS]
    at = np.concatenate(rows)
    upper = compiled.row_upper.copy()
    upper[at] = np.maximum(compiled.row_lower[at], (compiled.matrix @ z)[at])
    return replace(compiled, row_upper=upper)


def _members(d: Draft) -> list[tuple[str, list[int]]]:
    """Families and single technologies with the positions of their members."""
    inside = {key for _, _, members in FAMILIES for key in members}
    joint = [(name, [d.keys.index(k) for k in members if k in d.keys]) for name, _, members in FAMILIES]
    single = [(d.study.catalogue.technology(key).name_en, [k]) for k, key in enumerate(d.keys) if key not in inside]
    return [(name, own) for name, own in (*joint, *single) if own]


def variable_name(d: Draft, kind: str, k: int, name: str | None = None) -> str:
    """Name of a technology's (or a family's) production or capacity, as in results."""
    technology, rows = d.study.catalogue.technology(d.keys[k]), classification.products().rows
    product = rows[technology.product]["name_en"] if technology.product in rows else technology.product
    if kind == "Production" and k in d.stores:
        kind = "Storage Discharge"
    return f"{kind}|{product}|{name or technology.name_en}"


def unit_value(d: Draft, k: int) -> float:
    """10^8 yuan a year for equipment and upkeep per unit of activity at the last year's costs."""
    key, year = d.keys[k], d.years[-1]
    output = d.value(key, "activity_per_capacity") * d.value(key, "availability")
    capital = annuity(d.timing.rate, d.life[k]) * d.value(key, "capex", year)
    return (capital + d.value(key, "fixed_om", year)) / output + d.value(key, "variable_om", year)


def running(d: Draft, k: int, t: int) -> np.ndarray:
    """Columns whose sum is a technology's activity in a year."""
    columns = _running(d, k, t).ravel()
    return columns[columns >= 0]


def _running(d: Draft, k: int, t: int) -> np.ndarray:
    """(G, ...) the same by place, -1 where a place cannot have it."""
    block = d.generation if k in d.plants else d.discharge if k in d.stores else d.activity
    return block[:, k, t]


def _uses(d: Draft, plan: Plan):
    """[(family, product, year index)], their use (u, n) and their share of the product (u, n).

    Activity counts with what the product's technologies cost in the middle (median), relative to what its group of
    products costs at the optimum, and with the calendar years its year stands for; years already lived do not count.
    """
    made = plan.activity.sum(axis=0)
    n = d.programme.compiled().cost.size
    weights = _weights(d, made)
    names, parts, shares = [], [], []
    for t in range(d.T):
        for name, own in _members(d):
            product = d.product[own[0]]
            columns = np.concatenate([running(d, k, t) for k in own])
            total = made[[k for k in range(d.K) if d.product[k] == product], t].sum()
            row = sparse.csr_matrix((np.ones(len(columns)), (np.zeros(len(columns), int), columns)), shape=(1, n))
            names.append((name, own, t))
            parts.append(row * weights[product][t])
            shares.append(row / max(total, 1e-9))
    return names, sparse.vstack(parts).tocsr(), sparse.vstack(shares).tocsr()


def _weights(d: Draft, made: np.ndarray) -> dict[str, np.ndarray]:
    """(T,) weight of a unit of each product; made (K, T) the nation's activity at the optimum."""
    value = {p: float(np.median([unit_value(d, k) for k in own])) for p, own in d.study.of_product.items()}
    ahead = np.where(np.array(d.years) > d.lived, d.timing.lengths[1:], 0.0)
    spent = {p: value[p] * float(made[list(own)].sum(axis=0) @ ahead) for p, own in d.study.of_product.items()}
    group = {p: max(sum(spent.get(q, 0.0) for q in members), 1e-9) for members in GROUPS for p in members}
    return {p: ahead * (value[p] / group.get(p, max(spent[p], 1e-9))) for p in spent}


def uses_by_place(d: Draft, plan: Plan) -> sparse.csr_matrix:
    """(families x years x places, n) use as `near_optimal` counts it, each place told apart."""
    weights = _weights(d, plan.activity.sum(axis=0))
    rows, columns, values, number = [], [], [], 0
    for t in range(d.T):
        for _, own in _members(d):
            for k in own:
                block = _running(d, k, t).reshape(d.G, -1)
                place, slot = np.nonzero(block >= 0)
                rows.append(number + place)
                columns.append(block[place, slot])
                values.append(np.full(len(place), weights[d.product[k]][t]))
            number += d.G
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_matrix(entries, shape=(number, d.programme.compiled().cost.size))


def figures(whole: Assembled, plan: Plan):
    """(variable, year, unit, value) of a pathway: what is made with what, what stands, emissions and storage."""
    d = whole.draft
    sinks = d.study.assumed.sinks[1:].sum(axis=1)
    for t, year in enumerate(d.years):
        yield "Emissions|CO2|Net", year, "Mt CO2", float(plan.net_co2[:, t].sum() - sinks[t])
        yield "Carbon Storage", year, "Mt CO2", float(plan.injected[:, t].sum())
    for k, key in enumerate(d.keys):
        technology = d.study.catalogue.technology(key)
        for t, year in enumerate(d.years):
            yield variable_name(d, "Production", k), year, technology.output_unit, float(plan.activity[:, k, t].sum())
            yield variable_name(d, "Capacity", k), year, technology.capacity_unit, float(plan.capacity[:, k, t].sum())


def _ranges(region: NearOptimal, d: Draft, names, uses, shares, points):
    """Least and most production of every main family in the years of ranges; CO2 stored as well."""
    wanted = [t for t, year in enumerate(d.years) if year in RANGE_YEARS or t == d.T - 1]
    found = []
    n = shares.shape[1]
    share = np.stack([shares @ z for z in points]).max(axis=0)
    chosen = [(i, own, t) for i, (_, own, t) in enumerate(names) if t in wanted and share[i] >= MAIN
              and d.product[own[0]] in RANGED]
    ones = [sparse.csr_matrix((shares[[i]] != 0).astype(float)) for i, *_ in chosen]
    labels = []
    for i, own, t in chosen:
        technology = d.study.catalogue.technology(d.keys[own[0]])
        labels.append((variable_name(d, "Production", own[0], names[i][0]), d.years[t], technology.output_unit))
    for t in wanted:
        columns = d.injected[:, t].ravel()
        ones.append(sparse.csr_matrix((np.ones(len(columns)), (np.zeros(len(columns), int), columns)), shape=(1, n)))
        labels.append(("Carbon Storage", d.years[t], "Mt CO2"))
    limits = region.ranges(sparse.vstack(ones).tocsr())
    for label, values in zip(labels, limits, strict=True):
        found += [(end, *label, float(value)) for end, value in zip((LEAST, MOST), values, strict=True)]
    return found
