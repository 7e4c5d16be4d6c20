"""What stands where: fleets that survive, weather, loads, potentials and lines, by province or for the nation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables import classification
from io_tables.base_year import BaseYear
from model.technology.catalogue import Catalogue
from model.technology.stock import WEIBULL_SHAPE, surviving
from scenarios.schema import Scenario

#: Years a vintage of the stock spans.
VINTAGE_WIDTH = 5
#: Highest load of a grid region over the sum of its provinces' highest loads. assumed
COINCIDENCE = 0.93
#: Part of a line's capacity that counts as firm where it enters another grid region. assumed
FIRM_IMPORT = 0.5
#: Weather shape of each dispatch class.
SHAPES = {"solar": "solar", "wind_onshore": "wind_onshore", "wind_offshore": "wind_offshore"}
#: Which estimate of the storage table each name of the scenario takes.
STORAGE = {"low": "supply_curve", "xing2021": "county_filtered", "high": "wei_2022"}
#: Years over which published generation sets the level of wind and solar output.
OBSERVED = (2021, 2022, 2023, 2024)
KEPT_WEIGHT = 0.1   # part of a potential that counts beside standing capacity when weather is averaged


@dataclass(frozen=True)
class Places:
    """G places, K technologies, T years, S slices, L lines.

    standing (G, K, T) capacity of today's stock still in use; recent (K,) national additions a year before the base
    year; potential (G, K) largest capacity, inf without limit; factor (G, K, S) largest output per capacity in a
    slice, 0..1; load (G, S) relative load; peak (G,) highest over mean load; hours (S,); season (S,) number.
    region (G,) grid region. lines : from, to (positions), capacity GW, length km, loss, dc.
    storage (G,) Mt CO2; biomass (G,) PJ a year. observed_peak : the nation's highest over mean load as published,
    None where no table says it.
    """

    names: tuple[str, ...]
    member: np.ndarray
    standing: np.ndarray
    recent: np.ndarray
    potential: np.ndarray
    factor: np.ndarray
    load: np.ndarray
    peak: np.ndarray
    hours: np.ndarray
    season: np.ndarray
    days: np.ndarray
    region: np.ndarray
    line_ends: np.ndarray
    line_capacity: np.ndarray
    line_length: np.ndarray
    line_loss: np.ndarray
    line_dc: np.ndarray
    storage: np.ndarray
    biomass: np.ndarray
    observed_peak: float | None = None


def provincial(base: BaseYear, scenario: Scenario, catalogue: Catalogue, use: np.ndarray) -> Places:
    """Places at the resolution of the base year. use (R,) electricity use of the base year, TWh."""
    keys, R = catalogue.keys, len(base.regions)
    at = {name: i for i, name in enumerate(base.regions)}
    standing, recent = _stock(base, scenario.years, catalogue, at)
    potential = _potential(base, keys, at)
    hours, season, days, load, peak, factor = _slices(base, scenario.power.slices, catalogue, at, standing)
    provinces = classification.provinces()
    grid = [provinces.rows[r]["grid_region"] if r in provinces.rows else r for r in base.regions]
    names = list(dict.fromkeys(grid))
    lines = base.tables["transmission_lines"]
    lines = lines[lines["from"].isin(at) & lines["to"].isin(at)]
    ends = np.stack([lines["from"].map(at), lines["to"].map(at)], axis=1).astype(int).reshape(-1, 2)
    loss = line_losses(lines, scenario)
    storage = np.zeros(R)
    table = base.tables["resource_storage"]
    rows = table[(table["estimate"] == STORAGE[scenario.storage.estimate]) & table["region"].isin(at)]
    storage[rows["region"].map(at).to_numpy(int)] = rows["value"].to_numpy(float)
    biomass = np.zeros(R)
    table = base.tables["resource_potential"]
    rows = table[(table["estimate"] == "central") & (table["item"] == "biomass") & table["region"].isin(at)]
    biomass[rows["region"].map(at).to_numpy(int)] = rows["value"].to_numpy(float)
    return Places(
        base.regions, np.eye(R), standing, recent, potential, factor, load, peak, hours, season, days,
        np.array([names.index(g) for g in grid]), ends, lines["capacity"].to_numpy(float),
        lines["length"].to_numpy(float), loss, (lines["type"] == "dc").to_numpy(),
        storage * scenario.storage.capacity_factor, biomass, _observed_peak(base),
    )


def line_losses(lines, scenario: Scenario) -> np.ndarray:
    """(L,) part of what is sent that is lost: the base year's, or by length where the scenario says so."""
    per_length = scenario.power.line_losses
    if per_length is None:
        return lines["loss"].to_numpy(float)
    return np.minimum(per_length * lines["length"].to_numpy(float) / 1000.0, 0.5)


def national(places: Places, use: np.ndarray) -> Places:
    """The same as one place: sums, and means weighted by load or by capacity."""
    total = np.ones(len(places.names))
    finite = np.where(np.isfinite(places.potential), places.potential, 0.0)
    weight = places.standing[:, :, 0] + KEPT_WEIGHT * finite + 1e-9
    factor = np.einsum("gk,gks->ks", weight, places.factor) / weight.sum(axis=0)[:, None]
    share = use / use.sum()
    potential = np.where(np.isinf(places.potential).any(axis=0), np.inf, finite.sum(axis=0))
    none = np.zeros(0)
    # Provinces do not peak together: where the nation's own highest load is published, it holds.
    peak = share @ places.peak if places.observed_peak is None else places.observed_peak / COINCIDENCE
    return Places(
        ("China",), total[None], places.standing.sum(axis=0)[None], places.recent, potential[None], factor[None],
        (share @ places.load)[None], np.array([peak]), places.hours, places.season, places.days,
        np.zeros(1, dtype=int), np.zeros((0, 2), dtype=int), none, none, none, none.astype(bool),
        np.array([places.storage.sum()]), np.array([places.biomass.sum()]),
        places.observed_peak,
    )


def _stock(base: BaseYear, years, catalogue: Catalogue, at) -> tuple[np.ndarray, np.ndarray]:
    keys, stock = catalogue.keys, base.technology_stock
    number = {k: i for i, k in enumerate(keys)}
    stock = stock[stock["technology"].isin(number) & stock["region"].isin(at)]
    vintages = np.sort(stock["vintage"].unique())
    capacity = np.zeros((len(at), len(keys), len(vintages)))
    np.add.at(capacity, (stock["region"].map(at).to_numpy(int), stock["technology"].map(number).to_numpy(int),
                         np.searchsorted(vintages, stock["vintage"])), stock["capacity"].to_numpy(float))
    life = np.array([catalogue.lifetime(k) for k in keys])
    R, K, V = capacity.shape
    left = surviving(capacity.reshape(R * K, V), vintages, years, np.tile(life, R), base_year=base.year,
                     width=VINTAGE_WIDTH, shape=WEIBULL_SHAPE)
    youngest = vintages == vintages.max()
    return left.sum(axis=1).reshape(R, K, len(years)), capacity[:, :, youngest].sum(axis=(0, 2)) / VINTAGE_WIDTH


def _potential(base: BaseYear, keys, at) -> np.ndarray:
    table = base.tables["resource_potential"]
    table = table[(table["estimate"] == "central") & table["region"].isin(at)]
    potential = np.full((len(at), len(keys)), np.inf)
    for k, key in enumerate(keys):
        rows = table[table["item"] == key]
        if len(rows):
            potential[:, k] = 0.0
            potential[rows["region"].map(at).to_numpy(int), k] = rows["value"].to_numpy(float)
    return potential


def _slices(base: BaseYear, count: int, catalogue: Catalogue, at, standing):
    table, sets = base.tables["time_slices"], base.tables["time_slice_sets"]
    sets = sets[sets["slices"] == count]
    if sets.empty:
        known = sorted(base.tables["time_slice_sets"]["slices"].unique())
        from io_tables.errors import InputError

        raise InputError(f"power.slices {count}: no time slices of that number; allowed: {', '.join(map(str, known))}")
    names = list(sets["slice"])
    hours = sets["hours"].to_numpy(float)
    seasons = list(dict.fromkeys(sets["season"]))
    rows = table[(table["slices"] == count) & table["province"].isin(at)]
    place = (rows["province"].map(at).to_numpy(int), rows["slice"].map(names.index).to_numpy(int))

    def shape(column, values=rows):
        result = np.zeros((len(at), len(names)))
        result[place] = np.nan_to_num(values[column].to_numpy(float))
        return result

    year = table[(table["slices"] == 1) & table["province"].isin(at)]
    peak = np.zeros(len(at))
    peak[year["province"].map(at).to_numpy(int)] = year["load_peak"].to_numpy(float)
    part = hours / hours.sum()
    factor = np.zeros((len(at), len(catalogue.keys), len(names)))
    for k, key in enumerate(catalogue.keys):
        dispatch, available = catalogue.technology(key).dispatch, catalogue.value(key, "availability")
        if dispatch in SHAPES:
            factor[:, k] = shape(SHAPES[dispatch])
        elif dispatch == "hydro":
            factor[:, k] = np.minimum(shape("hydro") * _utilisation(base, key, at)[:, None], available)
        elif dispatch != "annual":
            factor[:, k] = available
    for quantity, group in (("solar", ("pv_utility", "pv_distributed")), ("wind", ("wind_onshore", "wind_offshore"))):
        level = _observed_level(base, quantity, at, [factor[:, catalogue.keys.index(k)] @ part for k in group
                                                     if k in catalogue.keys])
        for k in group:
            if k in catalogue.keys:
                factor[:, catalogue.keys.index(k)] = np.minimum(factor[:, catalogue.keys.index(k)] * level, 1.0)
    load = shape("load")
    load /= np.maximum(load @ part, 1e-12)[:, None]
    season = np.array([seasons.index(s) for s in sets["season"]])
    return hours, season, sets["days"].to_numpy(float), load, peak, factor


def _utilisation(base: BaseYear, key: str, at) -> np.ndarray:
    """(R,) output of the stock over its capacity all year; the nation's where nothing stands."""
    stock = base.technology_stock
    stock = stock[(stock["technology"] == key) & stock["region"].isin(at)]
    rows = stock.groupby("region")[["capacity", "activity"]].sum()
    nation = rows["activity"].sum() / rows["capacity"].sum() / 8.76
    result = np.full(len(at), nation)
    used = rows[rows["capacity"] > 0]
    result[used.index.map(at).to_numpy(int)] = (used["activity"] / used["capacity"] / 8.76).to_numpy(float)
    return result


def _observed_peak(base: BaseYear) -> float | None:
    """The nation's highest load over its mean load, mean of the published years."""
    history, power = base.tables.get("technology_history"), base.tables.get("power_history")
    if history is None or power is None:
        return None
    highest = history[(history["region"] == "China") & (history["item"] == "highest load")].set_index("year")["value"]
    used = power[(power["region"] == "China") & (power["quantity"] == "consumption")].set_index("year")["value"]
    both = highest.astype(float).to_frame("highest").join(used.astype(float).rename("used"), how="inner")
    return float((both["highest"] * 8.76 / both["used"]).mean()) if len(both) else None


def _observed_level(base: BaseYear, source: str, at, shapes) -> float:
    """Published generation over what the weather shapes give at the mean capacity of the year, nation."""
    table = base.tables["power_history"]
    rows = table[(table["source_of_power"] == source) & table["quantity"].isin(("capacity", "generation"))]
    nation = rows[rows["region"] == "China"].pivot_table(index="year", columns="quantity", values="value")
    own = rows[rows["region"].isin(at) & (rows["quantity"] == "capacity")]
    if own.empty or not shapes or not set(OBSERVED) <= set(nation.index):
        return 1.0
    capacity = own[own["year"] == base.year].set_index("region")["value"]
    weight = np.zeros(len(at))
    weight[capacity.index.map(at).to_numpy(int)] = capacity.to_numpy(float)
    expected = float(weight @ shapes[0] / weight.sum())
    made = sum(nation.loc[y, "generation"] for y in OBSERVED)
    stood = sum((nation.loc[y, "capacity"] + nation.loc[y - 1, "capacity"]) / 2 for y in OBSERVED)
    return float(made / (stood * 8.76) / expected)
