"""Energy use by province, sector, fuel and use: provincial shares of the national balance (E4).

No province publishes a 2020 balance in the sources at hand. Each national cell (sector, fuel, use) is spread over the
31 provinces by the physical driver nearest to it, by value added where there is none, so provinces sum to the nation
in every cell. Electricity alone has two published margins, provinces and sectors, and is balanced to both.

Recipes: power coal by coal-fired generation x mean heat rate of the units, gas split off by the plant lists; heat of
buildings by central heating, of industry by value added; iron and steel by 70 % pig iron and 30 % crude steel;
minerals by 90 % cement and 10 % value added; chemicals by normalised shares of coal burned and fed; the rest as
`_recipes` says. Final combustion is then drawn towards provincial energy consumption with weight `CONTROL_WEIGHT`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calibration.energy_facts import USES, Drivers, energy_sectors, load_drivers, normal
from calibration.national_energy_balance import (
    CHEMICALS,
    COKING,
    METALS,
    POWER,
    NationalEnergy,
    coal_equivalent_of_electricity,
)
from io_tables.balancing import ras
from io_tables.classification import fuels, provinces, sectors
from io_tables.errors import InputError
from io_tables.units import PJ_PER_MTCE, PJ_PER_TWH

#: Hours of gas and coal plants 2020 (NEA), to split thermal generation by the plant lists.
HOURS = {"gas": 2618.0, "coal": 4340.0}
#: Part of pig iron (the rest crude steel) in iron and steel, of cement in minerals.
PIG_IRON, CEMENT = 0.7, 0.9
#: Value added of coal processing in petroleum and coking, NBS 153-sector table 2020.
COKING_IN_VALUE_ADDED = 0.218
#: Exponent of (published / modelled share of energy consumption); the base level is recalled, so it only leans.
CONTROL_WEIGHT = 0.25
#: Electricity within metal smelting and non-metallic minerals, NEA/CEC 2020: steel, aluminium, cement.
ELECTRICITY_OF_STEEL, ELECTRICITY_OF_ALUMINIUM, ELECTRICITY_OF_CEMENT = 0.480, 0.407, 0.391


@dataclass(frozen=True)
class ProvincialEnergy:
    """Energy by province.

    use (31, 44, F, 3) PJ; output (31, 44, F) PJ of transformation; order of `provinces()`, `energy_sectors()`,
    `fuels()`, USES. scale : DataFrame (item, province, value, unit, note), every factor that was applied.
    """

    use: np.ndarray
    output: np.ndarray
    scale: pd.DataFrame
    fuels: tuple[str, ...]
    sectors: tuple[str, ...]
    uses: tuple[str, ...] = USES

    def consumption(self) -> np.ndarray:
        """Energy consumption of provinces as statistics count it, (31,) PJ: final use with electricity at the coal
        rate, plus losses of coking, refining and coal washing; fuel of power and heat is not counted again."""
        return _consumption(self.use, self.output)


def _consumption(use: np.ndarray, output: np.ndarray) -> np.ndarray:
    names, rows = fuels().keys, energy_sectors()
    rate = np.ones(len(names))
    rate[names.index("electricity")] = coal_equivalent_of_electricity()
    final = (use[..., :2].sum(-1) * rate).sum((1, 2))
    power = use[:, rows.index(POWER), names.index("electricity"), 2] * rate[names.index("electricity")]
    other = [i for i, s in enumerate(rows) if s != POWER]
    losses = use[..., 2][:, other].sum((1, 2)) - output[:, other].sum((1, 2))
    return final + power + losses


def coal_and_gas_generation(drivers: Drivers) -> tuple[np.ndarray, np.ndarray]:
    """Thermal generation (31,) TWh split into coal and natural gas by capacity x national hours."""
    gas = drivers["gas_capacity"] * HOURS["gas"]
    coal = drivers["coal_capacity"] * HOURS["coal"]
    share = gas / np.where(gas + coal > 0, gas + coal, 1.0)
    thermal = drivers["thermal_generation"]
    return thermal * (1 - share), thermal * share


def heat_by_fuel(national: NationalEnergy, va: dict[str, np.ndarray], drivers: Drivers):
    """District heat (31,) PJ from coal and from gas: homes and services by central heating, industry by value added.

    Municipal steam is reported in the north, while industrial steam is used where the industries are.
    """
    heat = national.use[:, fuels().keys.index("heat"), 0]
    industry = sum(heat[j] * va[s] for j, s in enumerate(sectors().keys[:27]))
    buildings = heat[27:].sum() * normal(drivers["heat_steam"] + drivers["heat_water"])
    total = industry + buildings
    if "heat" in drivers.values:
        total = drivers.share("heat") * heat.sum()
    gas = np.minimum(buildings * drivers["gas_heat_share"], total)
    return total - gas, gas


def with_products(drivers: Drivers, product_output: Mapping[str, np.ndarray]) -> Drivers:
    """Drivers that follow product outputs of the provincial accounts (E1), so that energy and money agree.

    product_output : product -> (31,), any unit. Aluminium, coke, refined fuel and heat are taken; the latter two
    replace value added as the driver of refining and fix where heat is made and used.
    """
    taken = {"aluminium": "aluminium", "coke_product": "coke", "refined_fuel": "refining", "heat": "heat"}
    found = {driver: np.asarray(product_output[p], float) for p, driver in taken.items() if p in product_output}
    return Drivers({**drivers.values, **found})


def power_shares(
    national: NationalEnergy, va: dict[str, np.ndarray], drivers: Drivers
) -> tuple[np.ndarray, np.ndarray]:
    """Provincial shares (31,) of coal and of natural gas burned for power and heat."""
    coal, gas = coal_and_gas_generation(drivers)
    heat_coal, heat_gas = heat_by_fuel(national, va, drivers)
    power = normal(coal * drivers["coal_heat_rate"])
    return (
        (1 - national.heat_coal) * power + national.heat_coal * normal(heat_coal),
        (1 - national.heat_gas) * normal(gas) + national.heat_gas * normal(heat_gas),
    )


def provincial_shares(national: NationalEnergy, va: np.ndarray, drivers: Drivers) -> np.ndarray:
    """Shares (31, 44, F, 3) of provinces in every national cell, each summing to one over provinces.

    va (31, 42) : value added by province and sector, any unit. Raises InputError on a wrong shape, negative
    values, or a sector without value added.
    """
    regions = len(provinces())
    va = np.asarray(va, float)
    if va.shape != (regions, len(sectors())) or not np.all(va >= 0):
        raise InputError(f"value added must be non-negative of shape {(regions, len(sectors()))}, got {va.shape}")
    rows, names = energy_sectors(), fuels().keys
    share = np.empty((regions, len(rows), len(names), len(USES)))
    for j in range(len(sectors())):
        share[:, j] = normal(va[:, j])[:, None, None]
    for cell_sectors, cell_fuels, cell_uses, values in _recipes(national, normal_columns(va), drivers):
        for sector in cell_sectors:
            for fuel in cell_fuels:
                for use in cell_uses:
                    share[:, rows.index(sector), names.index(fuel), USES.index(use)] = normal(values)
    return share


def normal_columns(va: np.ndarray) -> dict[str, np.ndarray]:
    """Value-added shares by sector name."""
    return {s: normal(va[:, j]) for j, s in enumerate(sectors().keys)}


def _recipes(national: NationalEnergy, va: dict[str, np.ndarray], drivers: Drivers):
    """(sectors, fuels, uses, driver): later ones override earlier ones; what is not named follows value added."""
    d, every = drivers.share, fuels().keys
    urban = drivers["population"] * drivers["urban_share"]
    rural = drivers["population"] - urban
    services = sectors().keys[27:]
    coking = d("coke")
    refining = d("refining") if "refining" in drivers.values else _refining(va[COKING], coking)
    steel = PIG_IRON * d("pig_iron") + (1 - PIG_IRON) * d("crude_steel")
    minerals = CEMENT * d("cement") + (1 - CEMENT) * va["Non-metallic minerals"]
    chemical_gas = (d("chemical_gas") + va[CHEMICALS]) / 2
    burned = ("combustion",)
    yield ("Rural households",), every, USES, rural
    yield ("Urban households",), every, USES, urban
    yield ("Rural households",), ("coal",), burned, (d("rural_coal_2007") + normal(rural)) / 2
    yield ("Urban households", "Transport and post"), ("gasoline",), burned, d("private_vehicles")
    yield ("Coal mining",), every, USES, d("raw_coal_output")
    yield ("Agriculture",), ("coal",), burned, d("agriculture_coal")
    yield ("Non-metallic minerals",), every, USES, minerals
    yield (METALS,), every, USES, d("nonferrous_metals")
    for f, part in zip(national.fuels, national.ferrous, strict=True):
        yield (METALS,), (f,), burned, part * steel + (1 - part) * d("nonferrous_metals")
    yield (METALS,), ("coke",), ("transformation",), d("pig_iron")
    yield (METALS,), ("other_petroleum",), ("feedstock",), d("aluminium")
    yield (COKING,), every, USES, refining
    yield (COKING,), ("coal",), burned, (coking + refining) / 2
    yield (COKING,), ("coal",), ("transformation",), coking
    yield (COKING,), ("coke", "derived_gas"), USES, coking
    yield (CHEMICALS,), ("coal", "coke", "derived_gas"), USES, d("chemical_coal")
    yield (CHEMICALS,), ("coal",), ("feedstock",), d("chemical_feedstock_coal")
    yield (CHEMICALS,), ("natural_gas",), USES, chemical_gas
    yield (CHEMICALS,), ("lpg", "other_petroleum"), ("feedstock",), (refining + va[CHEMICALS]) / 2
    coal, gas = power_shares(national, va, drivers)
    yield (POWER,), every, USES, d("thermal_generation")
    yield (POWER,), ("biomass",), USES, va["Agriculture"]
    yield (POWER,), ("coal",), USES, coal
    yield (POWER,), ("natural_gas",), USES, gas
    yield (POWER,), ("derived_gas", "coke"), USES, d("pig_iron")
    yield (*services, "Urban households"), ("heat",), USES, drivers["heat_steam"] + drivers["heat_water"]
    for sector in sectors().keys[:27]:
        yield (sector,), ("heat",), USES, va[sector]


def _refining(va: np.ndarray, coking: np.ndarray) -> np.ndarray:
    """Refining's share: value added of petroleum and coking less what coke ovens explain, at least a tenth of it."""
    return normal(np.maximum(va - COKING_IN_VALUE_ADDED * coking, 0.1 * va))


def _electricity(national: NationalEnergy, va: np.ndarray, drivers: Drivers) -> tuple[np.ndarray, float]:
    """Electricity (31, 44) PJ on both published margins, and the factor that brings provinces to the nation."""
    rows = energy_sectors()
    total = national.use[:, fuels().keys.index("electricity")].sum(-1)
    prior = np.zeros((len(provinces()), len(rows)))
    for j in range(len(sectors())):
        prior[:, j] = normal(va[:, j])
    d = drivers.share
    other = 1 - ELECTRICITY_OF_STEEL - ELECTRICITY_OF_ALUMINIUM
    prior[:, rows.index(METALS)] = (
        ELECTRICITY_OF_STEEL * d("crude_steel") + ELECTRICITY_OF_ALUMINIUM * d("aluminium")
        + other * d("nonferrous_metals")
    )
    minerals = rows.index("Non-metallic minerals")
    prior[:, minerals] = (
        ELECTRICITY_OF_CEMENT * d("cement") + (1 - ELECTRICITY_OF_CEMENT) * prior[:, minerals]
    )
    # Half of what the power sector takes is used in plants, half lost on the way to users.
    prior[:, rows.index(POWER)] = (d("thermal_generation") + d("electricity_consumption")) / 2
    urban = drivers["population"] * drivers["urban_share"]
    prior[:, -2], prior[:, -1] = normal(drivers["population"] - urban), normal(urban)
    published = drivers["electricity_consumption"] * PJ_PER_TWH
    scale = total.sum() / published.sum()
    balanced = ras(prior * total, published * scale, total, tolerance=1e-12)
    return balanced.require("electricity by province and sector", 1e-12), scale


def _control(use: np.ndarray, output: np.ndarray, drivers: Drivers, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """Final combustion drawn towards published energy consumption; returns (use, (31,) factor).

    Factor = (published share / modelled share) ** weight over the provinces with a figure, one elsewhere;
    every cell is then brought back to the nation. Electricity and heat keep their own margins.
    """
    published = drivers["energy_consumption_2019"] * (1 + drivers["energy_growth_2020"] / 100) * PJ_PER_MTCE
    known = np.isfinite(published)
    modelled = _consumption(use, output)
    factor = np.ones(len(published))
    factor[known] = (normal(published[known]) / normal(modelled[known])) ** weight
    names = fuels().keys
    drawn = use.copy()
    for f, name in enumerate(names):
        if name in ("electricity", "heat"):
            continue
        cell = use[:, :, f, 0] * factor[:, None]
        total, now = use[:, :, f, 0].sum(0), cell.sum(0)
        drawn[:, :, f, 0] = cell * (total / np.where(now > 0, now, 1.0))
    return drawn, factor


def energy_by_province(
    national: NationalEnergy, va: np.ndarray, drivers: Drivers | None = None, *,
    control_weight: float = CONTROL_WEIGHT,
) -> ProvincialEnergy:
    """Spread the national balance over 31 provinces (E4).

    va (31, 42) value added, any unit; drivers of 2020 unless given (`with_products` ties them to the accounts);
    control_weight 0 leaves published provincial
    energy consumption out. Every cell sums to the nation exactly. Raises InputError (shapes, empty drivers) and
    NotConverged (electricity).
    """
    drivers = drivers or load_drivers()
    share = provincial_shares(national, va, drivers)
    use = share * national.use
    electricity = fuels().keys.index("electricity")
    table, scale = _electricity(national, np.asarray(va, float), drivers)
    before = national.use[:, electricity]
    part = before / np.where(before.sum(-1, keepdims=True) > 0, before.sum(-1, keepdims=True), 1.0)
    use[:, :, electricity] = table[..., None] * part
    if "heat" in drivers.values:
        heat, used = fuels().keys.index("heat"), national.use[:, fuels().keys.index("heat"), 0]
        # A little heat by population everywhere keeps every margin within reach.
        prior = 0.98 * use[:, :, heat, 0] + 0.02 * drivers.share("population")[:, None] * used
        fitted = ras(prior, drivers.share("heat") * used.sum(), used, tolerance=1e-12)
        use[:, :, heat, 0] = fitted.require("heat by province and sector", 1e-12)
    output = _output(national, use, drivers)
    use, factor = _control(use, output, drivers, control_weight)
    factors = pd.DataFrame([
        ("electricity, provinces to nation", "China", scale, "ratio", "published provincial sum against the total"),
        *(("final combustion, energy control", p, f, "ratio", "(published / modelled consumption) ** weight")
          for p, f in zip(provinces().keys, factor, strict=True)),
    ], columns=["item", "province", "value", "unit", "note"])
    return ProvincialEnergy(use, output, factors, fuels().keys, energy_sectors())


def _output(national: NationalEnergy, use: np.ndarray, drivers: Drivers) -> np.ndarray:
    """What transformation puts out by province, (31, 44, F) PJ: like its input."""
    rows, names = energy_sectors(), fuels().keys
    output = np.zeros(use.shape[:3])
    coking, metals, power = rows.index(COKING), rows.index(METALS), rows.index(POWER)
    into = {
        **dict.fromkeys(("coke", "derived_gas"), use[:, coking, names.index("coal"), 2]),
        **dict.fromkeys(
            ("gasoline", "kerosene", "diesel", "fuel_oil", "lpg", "other_petroleum"),
            use[:, coking, names.index("crude_oil"), 2],
        ),
    }
    for name, driver in into.items():
        f = names.index(name)
        output[:, coking, f] = normal(driver) * national.output[coking, f]
    f = names.index("derived_gas")
    output[:, metals, f] = drivers.share("pig_iron") * national.output[metals, f]
    f = names.index("electricity")
    output[:, power, f] = drivers.share("thermal_generation") * national.output[power, f]
    # Heat does not travel: each province makes what it uses.
    f = names.index("heat")
    output[:, power, f] = use[:, :, f].sum((1, 2))
    return output
