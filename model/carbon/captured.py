"""Where the captured CO2 of a provincial plan goes: sources and sinks of the plan at real distances, year by year.

The programme itself sends CO2 between provinces through a national pool at one mean length of pipeline. Here every
province's captured CO2 is matched to storage with distances between the provinces' centres, injectivity as in the
programme, reservoirs that fill and pipelines that outlive the horizon; `pipeline_lengths` gives back the mean length by
sending province.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables import classification
from io_tables.errors import InputError, Problem
from model.carbon.storage import distances
from model.carbon.storage_years import StorageCosts, StoragePlan, store_over_years
from model.pathway.assembled import Plan
from model.pathway.carbon import PIPELINE
from model.pathway.draft import Draft
from model.pathway.timing import annuity

#: Mt a year below which a route is rounding.
LEAST = 1e-3


@dataclass(frozen=True)
class Captured:
    """The matching of a plan: G provinces, T years after the first.

    captured (T, G) Mt a year to be stored; distance (G, G) km, 0 within a province; plan : flows (T, G, G), rents.
    planned (T, G) Mt a year the programme injects in each province. per_tonne_km : 10^8 yuan a year for a pipeline of
    1 Mt a year and 1 km, annuity and upkeep, as the programme charges its pool.
    """

    years: tuple[int, ...]
    provinces: tuple[str, ...]
    captured: np.ndarray
    planned: np.ndarray
    capacity: np.ndarray
    injectivity: np.ndarray
    distance: np.ndarray
    plan: StoragePlan
    per_tonne_km: float


def province_distances(names) -> np.ndarray:
    """(G, G) great-circle km between the centres of provinces; 0 within one, as in the programme.

    Raises InputError for a place without coordinates.
    """
    rows = classification.provinces().rows
    unknown = [Problem(f"region '{name}'", "has no coordinates in the table of provinces") for name in names
               if name not in rows]
    if unknown:
        raise InputError(unknown)
    longitude = [float(rows[n]["longitude"]) for n in names]
    latitude = [float(rows[n]["latitude"]) for n in names]
    return distances(longitude, latitude)


def captured_and_stored(d: Draft, plan: Plan, *, max_distance: float | None = None,
                        fixed_charge: float = 0.0) -> Captured:
    """Match the captured CO2 of a plan of a draft over all provinces to storage over all years.

    max_distance : km (default: the scenario's); fixed_charge : 10^8 yuan per km of route opened, makes it
    mixed-integer and leaves out rents. What finds no room is in `plan.unmatched`.
    """
    scenario, facts = d.study.scenario, d.study.base.tables["resource_national"]
    facts = facts[facts["year"].isna()].set_index("item")["value"]
    supply = np.maximum(plan.injected + plan.sent - plan.received, 0.0).T
    supply = np.where(supply > LEAST, supply, 0.0)
    injectivity = np.repeat((d.places.storage * scenario.storage.injection_share)[None], d.T, axis=0)
    injectivity[np.array(d.years) < scenario.storage.first_year] = 0.0
    distance = province_distances(d.places.names)
    capex = float(facts["CO2 pipeline capex"])
    costs = StorageCosts(transport=capex * float(facts["CO2 pipeline fixed O&M"]), storage=float(facts["storage cost"]),
                         pipeline=capex, fixed_charge=fixed_charge)
    limit = scenario.storage.max_distance if max_distance is None else max_distance
    matched = store_over_years(supply, d.places.storage, distance, costs, d.years, injectivity=injectivity,
                               max_distance=limit, durations=d.timing.lengths[1:],
                               rate=scenario.economics.discount_rate)
    yearly = capex * (annuity(d.timing.rate, float(facts["CO2 pipeline lifetime"]))
                      + float(facts["CO2 pipeline fixed O&M"]))
    return Captured(tuple(d.years), tuple(d.places.names), supply, plan.injected.T.copy(), d.places.storage.copy(),
                    injectivity, distance, matched, yearly)


def sent_kilometres(d: Draft, plan: Plan) -> np.ndarray:
    """(G,) km of pipeline behind `sent` of every province in the next programme, from the last plan."""
    return pipeline_lengths(captured_and_stored(d, plan))


def pipeline_lengths(found: Captured, *, default: float = PIPELINE) -> np.ndarray:
    """(G,) mean km to where a province's CO2 leaves it for, over all years: the length behind `sent` of the next
    programme.

    A province that sends nothing takes the distance to the nearest other province with storage; `default` where
    there is none.
    """
    flow = found.plan.flow.sum(axis=0)
    away = flow * (found.distance > 0)
    sent = away.sum(axis=1)
    mean = np.divide((away * found.distance).sum(axis=1), sent, out=np.zeros(len(sent)), where=sent > LEAST)
    elsewhere = (found.distance > 0) & (found.capacity > 0)[None, :]
    nearest = np.where(elsewhere, found.distance, np.inf).min(axis=1)
    nearest = np.where(np.isfinite(nearest), nearest, default)
    return np.where(sent > LEAST, mean, nearest)


def storage_tables(found: Captured) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Routes, sinks and years of a matching as long tables.

    routes : year, source, sink, flow (Mt CO2/yr), distance (km), unit. sinks : sink, year, injected, planned (by the
    programme), injectivity (Mt CO2/yr), filled, capacity (Mt CO2), rent (10^8 yuan of 2020 per Mt of room) and
    injectivity_rent (per Mt a year of injectivity), both present values and blank with a fixed charge, unit.
    years : year, captured, stored, between_provinces, unmatched (Mt CO2/yr), tonne_km (Mt km/yr), new_km (direct
    routes opened), mean_km (of what leaves its province), unit.
    """
    plan, names = found.plan, np.asarray(found.provinces, dtype=object)
    t, i, j = np.nonzero(plan.flow > LEAST)
    routes = pd.DataFrame({"year": np.asarray(found.years)[t], "source": names[i], "sink": names[j],
                           "flow": plan.flow[t, i, j], "distance": found.distance[i, j], "unit": "Mt CO2/yr; km"})
    T, G = plan.injected.shape
    rent = np.full(G, np.nan) if plan.sink_rent is None else plan.sink_rent
    yearly = np.full((T, G), np.nan) if plan.injectivity_rent is None else plan.injectivity_rent
    sinks = pd.DataFrame({
        "sink": np.tile(names, T), "year": np.repeat(found.years, G), "injected": plan.injected.ravel(),
        "planned": found.planned.ravel(), "injectivity": found.injectivity.ravel(), "filled": plan.filled.ravel(),
        "capacity": np.tile(found.capacity, T), "rent": np.tile(rent, T),
        "injectivity_rent": yearly.ravel(), "unit": "Mt CO2/yr; Mt CO2; 10^8 yuan of 2020 per Mt, present value"})
    between = (plan.flow * (found.distance > 0)).sum(axis=(1, 2))
    mean = np.divide(plan.tonne_km, between, out=np.zeros(T), where=between > LEAST)
    years = pd.DataFrame({
        "year": found.years, "captured": found.captured.sum(axis=1), "stored": plan.injected.sum(axis=1),
        "between_provinces": between, "unmatched": plan.unmatched.sum(axis=1), "tonne_km": plan.tonne_km,
        "new_km": plan.kilometres, "mean_km": mean, "unit": "Mt CO2/yr; Mt km/yr; km"})
    return routes, sinks, years
