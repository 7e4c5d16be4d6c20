"""The technology stock of 2020 by province and vintage that reproduces output and utilisation (E6).

Seeded from plant lists (ages, technology), scaled to official capacity, run so that every province's output of 2020
is met exactly. What is scaled is listed with its factor. The catalogue comes in as an argument: it belongs to the
model, and this room reads nothing of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calibration.technology_facts import (
    GENERATION_SOURCES,
    VINTAGES,
    capacity,
    household_facts,
    national_capacity,
    plants,
    route_shares,
    utilisation,
    vintage_shares,
)
from io_tables.classification import NATION, provinces
from io_tables.errors import InputError, Problem

HOURS = 8.76  # TWh of one GW running all year
COAL_CLASSES = ("coal_subcritical", "coal_supercritical", "coal_ultrasupercritical")
#: Products whose stock follows from output and route shares; electricity and heat are treated apart.
ROUTE_PRODUCTS = (
    "steel", "aluminium", "cement", "glass", "ammonia", "methanol", "ethylene", "refined_fuel", "coke_product",
    "paper", "freight", "passenger", "floor_space",
)
#: Part of a coal class that can be combined heat and power in the split.
_LARGEST_CHP_PART = 0.9
#: Pumped hydropower never makes more than this part of a province's hydropower.
_LARGEST_PUMPED_PART = 0.7


@dataclass(frozen=True)
class Stock:
    """One technology: capacity (R, V) and activity (R,) in its own units."""

    capacity: np.ndarray
    activity: np.ndarray


@dataclass(frozen=True)
class TechnologyStocks:
    """table : region, technology, vintage, capacity, unit, activity, utilisation (rows with capacity only).
    factors : item, region, listed, official, factor, unit: how plant lists were scaled to official totals; for coal
        by province too (official thermal capacity less gas, biomass and other, scaled to the national coal capacity).
    other_thermal (R,) : official thermal capacity that is neither coal, gas nor biomass (waste heat and gas), GW.
    """

    table: pd.DataFrame
    factors: pd.DataFrame
    other_thermal: np.ndarray


def technology_stocks(catalogue, product_output: np.ndarray, generation: np.ndarray,
                      products: Sequence[str]) -> TechnologyStocks:
    """Stocks by province, technology and vintage (E6).

    catalogue : the technology catalogue (`.value`, `.technologies`).
    product_output (R, P) : physical output of 2020 of `products`; needs heat and every product of ROUTE_PRODUCTS.
    generation (R, 5) : TWh by province and GENERATION_SOURCES.
    Raises InputError naming provinces where output has no capacity, or capacity would run beyond the year.
    """
    R = len(provinces())
    if product_output.shape != (R, len(products)) or generation.shape != (R, len(GENERATION_SOURCES)):
        raise InputError(f"product_output {product_output.shape} and generation {generation.shape} must be "
                         f"({R}, {len(products)}) and ({R}, {len(GENERATION_SOURCES)})")
    missing = [p for p in ("heat", *ROUTE_PRODUCTS) if p not in products]
    if missing:
        raise InputError(f"product_output lacks {', '.join(missing)}; add a column for each")
    output = {p: product_output[:, list(products).index(p)] for p in products}
    heat_per_twh = catalogue.value("coal_chp", "output", item="heat", year=2020)
    stocks, other_thermal = _thermal(generation[:, 0], output["heat"], heat_per_twh)
    stocks |= _hydro(generation[:, 1]) | _nuclear(generation[:, 2])
    stocks |= _wind(generation[:, 3]) | _solar(generation[:, 4])
    stored = capacity("new storage")
    stocks["battery"] = _by_share(stored, HOURS * utilisation("battery") * stored, vintage_shares("new_storage"))
    stocks |= _heat(output["heat"], heat_per_twh * stocks["coal_chp"].activity, catalogue)
    for product in ROUTE_PRODUCTS:
        stocks |= _routes(product, output[product], catalogue)
    coal = sum(stocks[k].capacity.sum(axis=1) for k in (*COAL_CLASSES, "coal_chp"))
    return TechnologyStocks(_table(stocks, catalogue), _factors(coal), other_thermal)


def household_products(catalogue, population: np.ndarray, urban_population: np.ndarray) -> dict[str, np.ndarray]:
    """What households use that no industry sells: passenger travel by private car and heated floor space, (R,).

    population, urban_population (R,) million persons. Cars at the average travel of the catalogue; floor space per
    person of towns and villages.
    """
    cars = household_facts("private vehicles")
    floor = household_facts("urban floor space") * urban_population
    floor = floor + household_facts("rural floor space") * (population - urban_population)
    return {"passenger": cars * catalogue.value("passenger_ice", "activity_per_capacity"), "floor_space": floor}


def _by_share(total: np.ndarray, activity: np.ndarray, shares: np.ndarray) -> Stock:
    return Stock(total[:, None] * shares[None, :], activity)


def _thermal(generation: np.ndarray, heat: np.ndarray, heat_per_twh: float) -> tuple[dict[str, Stock], np.ndarray]:
    """Coal classes, combined heat and power, gas and biomass; what official thermal capacity is left."""
    total, gas, biomass = capacity("thermal"), capacity("gas"), capacity("biomass")
    listed = np.array([plants(k) for k in COAL_CLASSES])
    per_province = listed.sum(axis=(0, 2))
    coal = np.where(per_province > 0, np.maximum(total - gas - biomass, 0.0), 0.0)
    coal *= national_capacity("coal") / coal.sum()
    classes = listed * np.divide(coal, per_province, out=np.zeros_like(coal), where=per_province > 0)[:, None]

    from_biomass = np.minimum(biomass * HOURS * utilisation("biomass_power"), generation)
    from_gas = _gas_generation(gas, generation - from_biomass, coal > 0)
    from_coal = generation - from_biomass - from_gas
    weights = np.array([utilisation(f"{k} weight") for k in (*COAL_CLASSES, "coal_chp")])
    heat_share, largest = (utilisation("heat from combined heat and power"),
                           utilisation("largest share of combined heat and power"))
    chp_wanted = np.minimum(heat_share * heat / heat_per_twh, largest * from_coal)
    classes, chp, chp_activity, activities = _split_chp(classes, from_coal, chp_wanted, weights)

    stocks = {k: Stock(classes[i], activities[i]) for i, k in enumerate(COAL_CLASSES)}
    stocks["coal_chp"] = Stock(chp, chp_activity)
    gas_ages = plants("gas_power")
    of_gas = gas_ages.sum(axis=1, keepdims=True)
    stocks["gas_power"] = Stock(gas[:, None] * np.divide(gas_ages, of_gas, out=np.zeros_like(gas_ages),
                                                         where=of_gas > 0), from_gas)
    stocks["biomass_power"] = _by_share(biomass, from_biomass, vintage_shares("biomass"))
    return stocks, total - gas - biomass - coal


def _gas_generation(gas: np.ndarray, available: np.ndarray, has_coal: np.ndarray) -> np.ndarray:
    """TWh from gas: all thermal output where no coal unit stands, elsewhere alike; the nation at official hours."""
    national = gas.sum() * HOURS * utilisation("gas_power")
    fixed = np.where(has_coal | (gas <= 0), 0.0, np.minimum(available, gas * HOURS))
    free = np.where(has_coal, gas, 0.0)
    rate = max(national - fixed.sum(), 0.0) / max(free.sum(), 1e-12)
    return fixed + np.minimum(free * rate, np.where(has_coal, available, 0.0))


def _split_chp(classes, from_coal, chp_wanted, weights):
    """Take combined heat and power out of the coal classes, oldest steam class first, age by age.

    classes (3, R, V), from_coal and chp_wanted (R,) TWh, weights (4,) relative utilisation. The units' common
    utilisation u solves sum of capacity x weight x u = output; the split and u depend on each other, so iterate.
    """
    original = classes.copy()
    chp = np.zeros_like(classes[0])
    for _ in range(60):
        effective = np.einsum("krv,k->r", classes, weights[:3]) + chp.sum(axis=1) * weights[3]
        level = np.divide(from_coal, HOURS * effective, out=np.zeros_like(from_coal), where=effective > 0)
        needed = np.divide(chp_wanted, HOURS * level * weights[3], out=np.zeros_like(level), where=level > 0)
        classes, chp = original.copy(), np.zeros_like(chp)
        for k in range(len(COAL_CLASSES)):
            stands = original[k].sum(axis=1)
            part = np.minimum(np.divide(needed, stands, out=np.zeros_like(needed), where=stands > 0),
                              _LARGEST_CHP_PART)
            chp += original[k] * part[:, None]
            classes[k] = original[k] * (1 - part[:, None])
            needed = needed - stands * part
    effective = np.einsum("krv,k->r", classes, weights[:3]) + chp.sum(axis=1) * weights[3]
    level = np.divide(from_coal, effective, out=np.zeros_like(from_coal), where=effective > 0)
    activities = classes.sum(axis=2) * weights[:3, None] * level
    return classes, chp, chp.sum(axis=1) * weights[3] * level, activities


def _increments(item: str, ages_2010: np.ndarray) -> np.ndarray:
    """Capacity by vintage (R, V) from official capacity of 2010, 2015 and 2020; older ages by national shares."""
    first, second, last = (capacity(item, y) for y in (2010, 2015, 2020))
    first, second = np.minimum(first, last), np.minimum(second, last)
    second = np.maximum(second, first)
    found = first[:, None] * ages_2010[None, :]
    found[:, VINTAGES.index(2015)] += second - first
    found[:, VINTAGES.index(2020)] += last - second
    return found


def _hydro(generation: np.ndarray) -> dict[str, Stock]:
    total, pumped = capacity("hydro"), capacity("pumped hydro")
    pumped = np.minimum(pumped, total)
    from_pumped = np.minimum(pumped * HOURS * utilisation("pumped_hydro"), _LARGEST_PUMPED_PART * generation)
    ages = _increments("hydro", vintage_shares("hydro"))
    kept = np.divide(total - pumped, total, out=np.zeros_like(total), where=total > 0)
    return {"hydro": Stock(ages * kept[:, None], generation - from_pumped),
            "pumped_hydro": _by_share(pumped, from_pumped, vintage_shares("pumped_hydro"))}


def _nuclear(generation: np.ndarray) -> dict[str, Stock]:
    return {"nuclear": Stock(_increments("nuclear", vintage_shares("nuclear")), generation)}


def _wind(generation: np.ndarray) -> dict[str, Stock]:
    ages_2010 = np.eye(len(VINTAGES))[VINTAGES.index(2010)]
    total, offshore = _increments("wind", ages_2010), plants("wind_offshore")
    official = capacity("offshore wind")
    listed = offshore.sum(axis=1)
    offshore = offshore * np.divide(official, listed, out=np.zeros_like(listed), where=listed > 0)[:, None]
    onshore = total.sum(axis=1) - offshore.sum(axis=1)
    rest = np.maximum(total - offshore, 0.0)
    sums = rest.sum(axis=1)
    rest *= np.divide(onshore, sums, out=np.zeros_like(sums), where=sums > 0)[:, None]
    at_sea = np.minimum(offshore.sum(axis=1) * HOURS * utilisation("wind_offshore"), 0.5 * generation)
    return {"wind_onshore": Stock(rest, generation - at_sea), "wind_offshore": Stock(offshore, at_sea)}


def _solar(generation: np.ndarray) -> dict[str, Stock]:
    total, roofs = capacity("solar"), capacity("distributed solar")
    weight = utilisation("pv_distributed weight") * roofs
    part = np.divide(weight, weight + total - roofs, out=np.zeros_like(total), where=total > 0)
    ages = vintage_shares("solar")
    return {"pv_utility": _by_share(total - roofs, generation * (1 - part), ages),
            "pv_distributed": _by_share(roofs, generation * part, ages)}


def _heat(output: np.ndarray, by_product: np.ndarray, catalogue) -> dict[str, Stock]:
    rest = np.maximum(output - by_product, 0.0)
    return {
        k: _route(k, "heat", rest * share, catalogue) for k, share in route_shares("heat").items()
    }


def _routes(product: str, output: np.ndarray, catalogue) -> dict[str, Stock]:
    shares = route_shares(product)
    without = (output > 0) & (sum(shares.values()) <= 0)
    if without.any():
        names = [r for r, w in zip(provinces().keys, without, strict=True) if w]
        raise InputError(f"technology_shares.csv: {product} is made in {', '.join(names)} but has no route there; "
                         "add shares that add to one")
    return {k: _route(k, product, output * share, catalogue) for k, share in shares.items()}


def _route(technology: str, product: str, activity: np.ndarray, catalogue) -> Stock:
    per_unit = catalogue.value(technology, "activity_per_capacity", year=2020) * utilisation(product)
    return _by_share(activity / per_unit, activity, vintage_shares(technology, product))


def _table(stocks: dict[str, Stock], catalogue) -> pd.DataFrame:
    regions, parts, problems = np.array(provinces().keys), [], []
    for key, technology in catalogue.technologies.items():
        if key not in stocks:
            continue
        stock = stocks[key]
        total = stock.capacity.sum(axis=1)
        full = total * catalogue.value(key, "activity_per_capacity", year=2020)
        for r in np.flatnonzero((stock.activity > full * (1 + 1e-9)) & (stock.activity > 1e-9)):
            problems.append(Problem(f"{regions[r]} {key}", f"output {stock.activity[r]:.4g} {technology.output_unit}"
                                    f" needs more than {total[r]:.4g} {technology.capacity_unit} running all year",
                                    "check its capacity and output"))
        r, v = np.nonzero(stock.capacity > 1e-9)
        share = stock.capacity[r, v] / total[r]
        parts.append(pd.DataFrame({
            "region": regions[r], "technology": key, "vintage": np.array(VINTAGES)[v],
            "capacity": stock.capacity[r, v], "unit": technology.capacity_unit,
            "activity": stock.activity[r] * share, "utilisation": stock.activity[r] / full[r],
        }))
    if problems:
        raise InputError(problems)
    return pd.concat(parts, ignore_index=True)


def _factors(coal: np.ndarray) -> pd.DataFrame:
    """Plant lists against official totals, national and for coal by province; `coal` (R,) as used."""
    listed_coal = sum(plants(k).sum(axis=1) for k in COAL_CLASSES)
    pairs = [("coal", NATION, listed_coal.sum(), national_capacity("coal"))]
    pairs += [(item, NATION, plants(k).sum(), national_capacity(item))
              for item, k in (("gas", "gas_power"), ("offshore wind", "wind_offshore"))]
    pairs += [("coal", r, had, got) for r, had, got in zip(provinces().keys, listed_coal, coal, strict=True) if had > 0]
    table = pd.DataFrame(pairs, columns=["item", "region", "listed", "official"])
    return table.assign(factor=table.official / table.listed, unit="GW")
