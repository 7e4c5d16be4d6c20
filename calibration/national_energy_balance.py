"""National energy balance 2020 by 42 sectors and households x fuel x use (E4).

No 2020 balance by sector is published in the sources at hand. What is published - total consumption, the shares of
coal, oil, gas and non-fossil energy, electricity by industry, outputs and heat rates - is met exactly; the rest is a
2019 pattern of sectors scaled to it. The balance is therefore an *estimate*, and its closure is proved against it.

Convention (one owner per PJ)
    Fuels enter gross: coal into coke ovens and crude into refineries are uses ("transformation") of "Petroleum and
    coking", furnace coke that leaves as gas is a transformation use of "Metal smelting", fuel of power and heat one of
    "Electricity and heat"; what comes out (coke, gas, oil products, heat, electricity) is `output`. For every fuel
        supply + output = uses,   supply = production + net imports + stock change,
    and primary energy is the sum of `supply` alone, so nothing is counted twice: coal = supply of coal, coke and
    derived gas; oil = crude and products; and so on. Coking, refining and washing losses are input - output.
    Electricity is calorific (3.6 PJ/TWh) in every array; the published total counts primary electricity at the coal
    rate of thermal generation ("coal-equivalent"), and both totals are given by `primary`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from calibration.energy_facts import USES, control, controls, electricity_by_sector, energy_sectors, sector_shares
from io_tables.classification import HOUSEHOLDS, fuels, sectors
from io_tables.errors import InputError
from io_tables.units import PJ_PER_MTCE, PJ_PER_TWH

GROUPS = ("coal", "oil", "gas", "non-fossil")
#: Fuels whose supply makes up each published group.
GROUP_FUELS = {
    "coal": ("coal", "coke", "derived_gas"),
    "oil": ("crude_oil", "gasoline", "kerosene", "diesel", "fuel_oil", "lpg", "other_petroleum"),
    "gas": ("natural_gas",),
}
PRODUCTS_OF_REFINING = GROUP_FUELS["oil"][1:]
POWER, COKING, METALS, CHEMICALS = "Electricity and heat", "Petroleum and coking", "Metal smelting", "Chemicals"


@dataclass(frozen=True)
class NationalEnergy:
    """The national balance of 2020.

    use (44, F, 3) PJ : energy used by sector (42 + rural and urban households), fuel and use.
    output (44, F) PJ : what transformation puts out (coke, gas, oil products, heat, thermal electricity).
    supply (F,) PJ : production + net imports + stock change; electricity: hydro, nuclear, wind, solar, calorific.
    ferrous (F,) : part of metal smelting's combustion that is iron and steel.
    heat_coal : part of the coal of "Electricity and heat" that makes heat; heat_gas : the same of natural gas.
    ledger : what was published, covered before scaling and assigned, by row (item, group, value, unit, status, note).
    """

    use: np.ndarray
    output: np.ndarray
    supply: np.ndarray
    ferrous: np.ndarray
    heat_coal: float
    heat_gas: float
    ledger: pd.DataFrame
    sectors: tuple[str, ...] = ()
    fuels: tuple[str, ...] = ()
    uses: tuple[str, ...] = USES

    def primary(self, convention: str = "coal-equivalent") -> dict[str, float]:
        """Primary energy by published group, PJ; convention "coal-equivalent" or "calorific" electricity (E4)."""
        at = dict(zip(self.fuels, self.supply, strict=True))
        groups = {g: sum(at[f] for f in members) for g, members in GROUP_FUELS.items()}
        rate = 1.0 if convention == "calorific" else coal_equivalent_of_electricity()
        if convention not in ("calorific", "coal-equivalent"):
            raise InputError(f"convention '{convention}'; allowed: 'coal-equivalent', 'calorific'")
        return {**groups, "non-fossil": at["electricity"] * rate + at["biomass"]}

    def residual(self) -> np.ndarray:
        """supply + output - uses by fuel, (F,) PJ: zero when each PJ has one owner."""
        return self.supply + self.output.sum(0) - self.use.sum((0, 2))


def coal_equivalent_of_electricity() -> float:
    """PJ of coal that one PJ of non-fossil electricity replaces in the published total."""
    return control("coal rate for non-fossil electricity") * PJ_PER_MTCE * 1e-3 / PJ_PER_TWH


def published() -> dict[str, float]:
    """Published primary consumption 2020 by group, PJ (coal-equivalent electricity)."""
    total = control("energy consumption") * PJ_PER_MTCE
    return {g: total * control("share of energy consumption", g) / 100 for g in GROUPS}


class _Balance:
    """Arrays under construction with labelled access."""

    def __init__(self):
        self.rows, self.columns = energy_sectors(), fuels().keys
        self.use = np.zeros((len(self.rows), len(self.columns), len(USES)))
        self.output = np.zeros((len(self.rows), len(self.columns)))
        self.ferrous = np.zeros(len(self.columns))
        self.notes: list[tuple] = []

    def add(self, sector: str, fuel: str, use: str, value: float) -> None:
        self.use[self.rows.index(sector), self.columns.index(fuel), USES.index(use)] += value

    def make(self, sector: str, fuel: str, value: float) -> None:
        self.output[self.rows.index(sector), self.columns.index(fuel)] += value

    def spread(self, fuel: str, share: np.ndarray, total: float) -> None:
        """Combustion of `total` PJ by share; in "Electricity and heat" it is transformation."""
        f, power = self.columns.index(fuel), self.rows.index(POWER)
        self.use[:, f, 0] += share * total
        self.use[power, f, 2] += self.use[power, f, 0]
        self.use[power, f, 0] = 0.0

    def note(self, item: str, group: str, value: float, unit: str, status: str, note: str = "") -> None:
        self.notes.append((item, group, value, unit, status, note))


def _feedstock(product: str, fuel: str) -> float:
    """Output x share of the route x fuel per output, PJ."""
    return (
        control("output", product) * control(f"feedstock share: {product}", fuel)
        * control(f"feedstock per output: {product}", fuel)
    )


def _coal_chain(b: _Balance, total: float) -> float:
    """Coal, coke and gas. Returns the part of power-sector coal that makes heat."""
    coke = control("output", "coke") * control("net calorific value", "coke")
    by_products = coke * control("coking: by-products per coke", "coke")
    oven_gas = coke * control("coking: gas output per coke", "derived_gas")
    furnace_gas = (
        control("output", "pig_iron") * control("furnace gas recovered per pig iron", "derived_gas")
        + control("output", "crude_steel") * control("converter gas recovered per crude steel", "derived_gas")
    )
    coking = coke * control("coking: coal input per coke", "coal")
    b.add(COKING, "coal", "transformation", coking)
    b.make(COKING, "coke", coke + by_products)
    b.make(COKING, "derived_gas", oven_gas)
    b.add(METALS, "coke", "transformation", furnace_gas)
    b.make(METALS, "derived_gas", furnace_gas)

    share, _ = sector_shares("coke")
    chemicals = coke * share[b.rows.index(CHEMICALS)] * control("feedstock: share of coke in chemicals", "coke")
    b.add(CHEMICALS, "coke", "feedstock", chemicals + by_products)
    b.spread("coke", share, coke)
    b.add(CHEMICALS, "coke", "combustion", -chemicals)
    b.add(METALS, "coke", "combustion", -furnace_gas)
    gas_share, gas_ferrous = zip(*(sector_shares(g) for g in ("coke_oven_gas", "furnace_gas")), strict=True)
    b.spread("derived_gas", (gas_share[0] * oven_gas + gas_share[1] * furnace_gas) / (oven_gas + furnace_gas),
             oven_gas + furnace_gas)

    # Power: generation on coal x the official heat rate; what furnace gas, natural gas and biomass make is not coal's.
    power = b.rows.index(POWER)
    gas_power = b.use[power, b.columns.index("derived_gas"), 2] * control("efficiency of furnace gas generation")
    generation = control("thermal generation") - control("gas generation") - control("biomass generation")
    generation -= gas_power / PJ_PER_TWH
    rate = control("coal rate of supply") * (1 - control("own use of thermal plants"))
    power_coal = generation * rate * 1e-3 * PJ_PER_MTCE
    heat = district_heat() * (1 - control("gas share of district heat", "heat"))
    heat_coal = heat * control("coal rate of heat supply", "heat") * 1e-3 * PJ_PER_MTCE
    b.add(POWER, "coal", "transformation", power_coal + heat_coal)
    washing = total * control("washing: loss per coal consumed", "coal")
    b.add("Coal mining", "coal", "transformation", washing)
    feedstock = _feedstock("ammonia", "coal") + _feedstock("methanol", "coal")
    feedstock += control("feedstock: other coal chemicals", "coal")
    b.add(CHEMICALS, "coal", "feedstock", feedstock)
    final = total - coking - power_coal - heat_coal - washing - feedstock
    share, ferrous = sector_shares("coal")
    b.spread("coal", share, final)
    for fuel, part in (("coal", ferrous), ("coke", sector_shares("coke")[1]), ("derived_gas", gas_ferrous[1])):
        b.ferrous[b.columns.index(fuel)] = part
    b.note("coal-fired generation", "coal", generation, "TWh", "derived", "thermal less gas, biomass, furnace gas")
    b.note("gross coal rate of generation", "coal", rate, "gce/kWh", "derived", "official supply rate less own use")
    for item, value in (
        ("coking, coal input", coking), ("coking loss", coking - coke - by_products - oven_gas),
        ("power, coal input", power_coal), ("heat, coal input", heat_coal), ("washing loss", washing),
        ("feedstock of chemicals", feedstock), ("final combustion", final), ("furnace gas from coke", furnace_gas),
    ):
        b.note(item, "coal", value, "PJ", "estimated")
    return heat_coal / (power_coal + heat_coal)


def _oil_chain(b: _Balance, total: float) -> np.ndarray:
    """Crude and products; returns product outputs of refining by fuel, (F,) PJ."""
    crude = control("crude oil processed", "crude_oil") * control("net calorific value", "crude_oil")
    loss = crude * control("refining: loss per crude input", "crude_oil")
    b.add(COKING, "crude_oil", "transformation", crude)
    burned = loss
    for fuel in ("crude_oil", *PRODUCTS_OF_REFINING):
        index = 1.0
        if 2019 in controls().get(("output", fuel), {}):
            index = control("output", fuel) / control("output", fuel, 2019)
        amount = total * control("burned share of published oil", fuel) * index
        share, b.ferrous[b.columns.index(fuel)] = sector_shares(fuel)
        b.spread(fuel, share, amount)
        burned += amount
    rest = total - burned
    anodes = control("output", "aluminium") * control("feedstock: anodes per aluminium", "other_petroleum")
    parts = {k: rest * control("feedstock: share of non-energy oil", k) for k in ("bitumen", "lubricants", "lpg")}
    b.add(METALS, "other_petroleum", "feedstock", anodes)
    b.add("Construction", "other_petroleum", "feedstock", parts["bitumen"])
    b.add("Transport and post", "other_petroleum", "feedstock", parts["lubricants"])
    b.add(CHEMICALS, "lpg", "feedstock", parts["lpg"])
    b.add(CHEMICALS, "other_petroleum", "feedstock", rest - anodes - sum(parts.values()))
    for item, value in (("refining loss", loss), ("combustion", burned - loss), ("non-energy and feedstock", rest)):
        b.note(item, "oil", value, "PJ", "estimated")

    # Refinery yields: published for three products; the others share the rest as they are used.
    out = np.zeros(len(b.columns))
    for fuel in ("gasoline", "kerosene", "diesel"):
        out[b.columns.index(fuel)] = control("output", fuel) * control("net calorific value", fuel)
    others = [b.columns.index(f) for f in ("fuel_oil", "lpg", "other_petroleum")]
    used = b.use[:, others].sum((0, 2))
    out[others] = (crude - loss - out.sum()) * used / used.sum()
    for fuel in PRODUCTS_OF_REFINING:
        b.make(COKING, fuel, out[b.columns.index(fuel)])
    return out


def _gas(b: _Balance, total: float) -> float:
    """Natural gas by the published structure of use. Returns the part of power-sector gas that makes heat."""
    share, b.ferrous[b.columns.index("natural_gas")] = sector_shares("natural_gas")
    part = {k: total * control(f"gas consumption structure: {k}", "natural_gas") / 100
            for k in ("power", "chemicals", "industry", "city gas")}
    rows = b.rows
    city = [i for i, s in enumerate(rows) if s in HOUSEHOLDS or (s in sectors().keys and sectors().index(s) >= 27)]
    chemicals = [rows.index(CHEMICALS)]
    industry = [i for i in range(len(rows)) if i not in (*city, *chemicals, rows.index(POWER))]
    heat_gas = district_heat() * control("gas share of district heat", "heat")
    heat_gas /= control("efficiency of gas heat", "heat")
    part["city gas"] -= heat_gas
    b.add(POWER, "natural_gas", "transformation", part["power"] + heat_gas)
    feedstock = _feedstock("ammonia", "natural_gas") + _feedstock("methanol", "natural_gas")
    b.add(CHEMICALS, "natural_gas", "feedstock", feedstock)
    part["chemicals"] -= feedstock
    f = b.columns.index("natural_gas")
    for name, members in (("city gas", city), ("chemicals", chemicals), ("industry", industry)):
        b.use[members, f, 0] += part[name] * share[members] / share[members].sum()
    for item, value in (("power", total * control("gas consumption structure: power", "natural_gas") / 100),
                        ("district heat", heat_gas), ("feedstock of chemicals", feedstock)):
        b.note(item, "gas", value, "PJ", "estimated")
    return heat_gas / (part["power"] + heat_gas)


def district_heat() -> float:
    """Heat delivered by networks 2020, PJ (cities and county towns)."""
    return sum(control(f"district heat, {k}", "heat") for k in ("hot water", "steam", "county towns"))


def _heat_and_electricity(b: _Balance) -> float:
    """Heat by user, electricity as published. Returns the gap between published users and total (share)."""
    total = district_heat()
    steam = control("district heat, steam", "heat")
    water = total - steam
    homes = water * control("household share of hot water", "heat")
    heat, _ = sector_shares("heat")
    b.spread("heat", heat, steam)
    b.add("Urban households", "heat", "combustion", homes)
    use, gap = electricity_by_sector()
    services = [b.rows.index(s) for s in sectors().keys[27:]]
    b.use[services, b.columns.index("heat"), 0] += (water - homes) * use[services] / use[services].sum()
    b.make(POWER, "heat", total)
    consumption = control("electricity consumption")
    b.spread("electricity", use / use.sum(), consumption * PJ_PER_TWH)
    primary = sum(control(f"{k} generation") for k in ("hydro", "nuclear", "wind", "solar"))
    b.make(POWER, "electricity", (consumption - primary) * PJ_PER_TWH)
    b.note("users as printed", "electricity", use.sum(), "TWh", "official", "scaled up to the total")
    b.note("whole society", "electricity", consumption, "TWh", "official")
    b.note("gap before scaling", "electricity", gap * 100, "%", "derived")
    b.note("statistical difference of generation", "electricity", control("thermal generation") + primary - consumption,
           "TWh", "derived", "producers' generation less consumption by grid statistics; net exports inside")
    return gap


def _non_fossil(b: _Balance, total: float) -> None:
    """Biomass that closes the published non-fossil consumption: plants, and the rest by transport and farm homes."""
    rate = control("coal rate for non-fossil electricity") * 1e-3 * PJ_PER_MTCE
    plants = control("biomass generation") * rate
    primary = sum(control(f"{k} generation") for k in ("hydro", "nuclear", "wind", "solar")) * rate
    rest = total - primary - plants
    if rest < 0:
        raise InputError(f"non-fossil electricity exceeds published non-fossil energy by {-rest:.0f} PJ")
    b.add(POWER, "biomass", "transformation", plants)
    b.add("Transport and post", "biomass", "combustion", rest / 2)
    b.add("Rural households", "biomass", "combustion", rest / 2)
    b.note("biomass plants at the coal rate", "non-fossil", plants, "PJ", "derived")
    b.note("other (biofuels, biogas), half transport, half farm homes", "non-fossil", rest, "PJ", "assumed")


def national_energy_balance() -> NationalEnergy:
    """The national balance 2020, closed on every published figure (E4).

    Raises InputError when a published figure leaves a negative remainder. The `ledger` shows the published totals,
    what the 2019 pattern of burned fuel covers before scaling, and where the residual goes.
    """
    totals = published()
    b = _Balance()
    heat_coal = _coal_chain(b, totals["coal"])
    refined = _oil_chain(b, totals["oil"])
    heat_gas = _gas(b, totals["gas"])
    _heat_and_electricity(b)
    _non_fossil(b, totals["non-fossil"])
    supply = b.use.sum((0, 2)) - b.output.sum(0)
    fossil = sum(totals[g] for g in GROUP_FUELS)
    covered = {g: control("burned share of published", g) * totals[g] for g in GROUP_FUELS}
    for group in GROUPS:
        b.note("published", group, totals[group], "PJ", "official" if group in ("coal", "non-fossil") else "derived")
        if group in covered:
            b.note("burned in the 2019 pattern, before scaling", group, covered[group], "PJ", "estimated")
            b.note("residual before scaling", group, totals[group] - covered[group], "PJ", "estimated",
                   "feedstock, losses and what the pattern misses")
    b.note("residual before scaling", "fossil", 100 * (1 - sum(covered.values()) / fossil), "%", "estimated")
    b.note("refined products made", "oil", refined.sum(), "PJ", "derived")
    b.note("net imports and stock of oil products", "oil",
           sum(supply[b.columns.index(f)] for f in PRODUCTS_OF_REFINING), "PJ", "derived", "closes the oil total")
    if b.use.min() < 0:
        i, f, u = np.unravel_index(b.use.argmin(), b.use.shape)
        raise InputError(f"national balance: {b.rows[i]}, {b.columns[f]}, {USES[u]} is {b.use.min():.1f} PJ")
    ledger = pd.DataFrame(b.notes, columns=["item", "group", "value", "unit", "status", "note"])
    return NationalEnergy(b.use, b.output, supply, b.ferrous, heat_coal, heat_gas, ledger, b.rows, b.columns)
