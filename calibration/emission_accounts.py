"""CO2 by province, sector and source 2020: one owner per tonne (E5).

    combustion  = PJ x carbon content x oxidation                     -> source = the fuel
    power, heat = the same of what is transformed there               -> source = the fuel
    coking, refining: only the carbon of the energy lost              -> source = coal, crude oil
    furnace coke that leaves as gas, coal lost in washing: nothing    (the gas burns, and is counted, elsewhere)
    process     = carbonates (clinker, lime, glass, soda ash) + feedstock x carbon x (1 - stored share)

Ammonia, methanol, carbide and anodes therefore stand in "process" through their feedstock and nowhere else. Carbon
follows energy through coke ovens and blast furnaces: a PJ of furnace gas carries the carbon of the PJ of coke it
came from, which conserves the total and leaves more with the furnace than chemistry does. Scope: energy and process
CO2, territorial, 31 provinces; no land use, no bunkers set apart, biomass counts zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from calibration.energy_accounts import ProvincialEnergy
from calibration.energy_facts import Drivers, energy_sectors, load_drivers, table
from calibration.national_energy_balance import COKING, GROUP_FUELS, METALS, POWER, NationalEnergy
from io_tables.classification import fuels, provinces

#: Sources of CO2: the fossil fuels, then processes.
FOSSIL = tuple(f for members in GROUP_FUELS.values() for f in members)
SOURCES = (*FOSSIL, "process")
CO2_PER_CARBON = 44 / 12


@dataclass(frozen=True)
class Emissions:
    """CO2 of 2020.

    co2 (31, 44, 12) Mt by province, sector, SOURCES; factor (F,) Mt/PJ of burned fuel; emitting (44, F, 3) part of
    the carbon of each use that is emitted as energy CO2 there; process : DataFrame (process, sector, Mt, status);
    ledger : DataFrame (item, value, unit, note), the carbon of the nation from supply to air.
    """

    co2: np.ndarray
    factor: np.ndarray
    emitting: np.ndarray
    process: pd.DataFrame
    ledger: pd.DataFrame
    sectors: tuple[str, ...] = energy_sectors()
    sources: tuple[str, ...] = SOURCES


def emission_factors(national: NationalEnergy) -> np.ndarray:
    """CO2 of burned fuel, (F,) Mt per PJ (= t per GJ): carbon content x oxidation x 44/12; zero for the rest.

    Derived gas is the mix made: coke-oven gas with its own content, furnace gas with that of the coke it came from.
    """
    known = {
        r["fuel"]: float(r["carbon_content"]) * float(r["oxidation"]) * CO2_PER_CARBON * 1e-3
        for r in table("emission_factors.csv")
    }
    rows, names = energy_sectors(), fuels().keys
    made = national.output[:, names.index("derived_gas")]
    oven, furnace = made[rows.index(COKING)], made[rows.index(METALS)]
    known["derived_gas"] = (oven * known["coke_oven_gas"] + furnace * known["coke"]) / (oven + furnace)
    return np.array([known.get(f, 0.0) for f in names])


def emitting_share(national: NationalEnergy) -> np.ndarray:
    """Part of the carbon of every use emitted as energy CO2 where it is used, (44, F, 3) in [0, 1]."""
    rows, names = energy_sectors(), fuels().keys
    share = np.zeros(national.use.shape)
    share[:, :, 0] = 1.0
    share[rows.index(POWER), :, 2] = 1.0
    coking = rows.index(COKING)
    for fuel, made in (
        ("coal", ("coke", "derived_gas")),
        ("crude_oil", tuple(f for f in GROUP_FUELS["oil"] if f != "crude_oil")),
    ):
        put_in = national.use[coking, names.index(fuel), 2]
        out = sum(national.output[coking, names.index(f)] for f in made)
        share[coking, names.index(fuel), 2] = 1 - out / put_in
    return share


def feedstock_release() -> pd.DataFrame:
    """Carbon of feedstock and the part stored: sector, fuel, Mt CO2 per PJ (full carbon), stored_share, status."""
    frame = pd.DataFrame(table("emission_feedstock.csv"))
    frame["factor"] = frame.carbon_content.astype(float) * CO2_PER_CARBON * 1e-3
    frame["stored_share"] = frame.stored_share.astype(float)
    return frame


def process_co2(energy: ProvincialEnergy, drivers: Drivers) -> tuple[np.ndarray, pd.DataFrame, float]:
    """Process CO2: (31, 44) Mt, table (process, sector, Mt, status) and the CO2 stored in products, Mt."""
    rows, names = energy_sectors(), fuels().keys
    co2 = np.zeros((len(provinces()), len(rows)))
    lines, stored = [], 0.0
    for row in table("emission_process.csv"):
        amount = float(row["activity"]) * float(row["factor"])
        co2[:, rows.index(row["sector"])] += amount * drivers.share(row["province_driver"])
        lines.append((row["process"], row["sector"], amount, row["status"]))
    for row in feedstock_release().itertuples():
        used = energy.use[:, rows.index(row.sector), names.index(row.fuel), 1]
        released = used * row.factor * (1 - row.stored_share)
        stored += used.sum() * row.factor * row.stored_share
        co2[:, rows.index(row.sector)] += released
        lines.append((f"feedstock: {row.fuel}", row.sector, released.sum(), row.status))
    return co2, pd.DataFrame(lines, columns=["process", "sector", "Mt", "status"]), stored


def emissions(energy: ProvincialEnergy, national: NationalEnergy, drivers: Drivers | None = None) -> Emissions:
    """CO2 by province, sector and source (E5) from the energy accounts and process activities."""
    drivers = drivers or load_drivers()
    names = fuels().keys
    factor, share = emission_factors(national), emitting_share(national)
    by_fuel = (energy.use * share).sum(-1) * factor
    co2 = np.zeros((*by_fuel.shape[:2], len(SOURCES)))
    for k, fuel in enumerate(FOSSIL):
        co2[:, :, k] = by_fuel[:, :, names.index(fuel)]
    co2[:, :, -1], process, stored = process_co2(energy, drivers)
    return Emissions(co2, factor, share, process, _ledger(co2, process, stored, national, factor))


def _ledger(co2, process, stored, national, factor) -> pd.DataFrame:
    """National CO2 by scope, and the reference approach from primary supply beside it."""
    energy, total = co2[:, :, :-1].sum(), co2.sum()
    cement = process.loc[process.process == "clinker", "Mt"].sum()
    feedstock = process.loc[process.process.str.startswith("feedstock"), "Mt"].sum()
    supplied = sum(national.supply[national.fuels.index(f)] * factor[national.fuels.index(f)] for f in FOSSIL)
    return pd.DataFrame([
        ("energy combustion and losses", energy, "Mt", "with power, heat, coking and refining losses"),
        ("process: carbonates", process.Mt.sum() - feedstock, "Mt", "clinker, lime, glass, soda ash"),
        ("process: carbon of feedstock released", feedstock, "Mt", "ammonia, methanol, carbide, anodes, solvents"),
        ("energy and process", total, "Mt", "territorial, 31 provinces"),
        ("energy and cement", energy + cement, "Mt", "the scope most published national series use"),
        ("stored in products", stored, "Mt", "plastics, bitumen, methanol, urea counted as emitted"),
        ("supply x factor", supplied, "Mt", "reference approach: all primary fossil carbon, oxidised"),
        ("supply x factor less energy, feedstock and stored", supplied - energy - feedstock - stored, "Mt",
         "washing losses and the differing carbon of coal, coke and products"),
    ], columns=["item", "value", "unit", "note"])
