"""Energy and CO2 of a year, one owner per PJ and per tonne: technologies, and the residual of each sector (E4, E5).

What technologies of the base year use is taken out of the sector's account; the rest grows with the sector's
output, its efficiency and its electrification. At base activity and base mix both add up to the account exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from io_tables import classification
from io_tables.base_year import BaseYear
from io_tables.units import PJ_PER_TWH
from model.energy_paths import residual_energy
from model.technology.catalogue import Catalogue

ELECTRICITY = "electricity"
#: PJ of electricity that replace one PJ of fuel outside the resolved technologies. assumed
USEFUL_RATIO = 0.6
#: Fuels that electricity can replace there; feedstock, coke and heat supply keep their place.
MOVABLE = ("coal", "derived_gas", "gasoline", "kerosene", "diesel", "fuel_oil", "lpg", "natural_gas")
#: Income elasticity of household energy outside cars and buildings. assumed
HOUSEHOLD_ELASTICITY = 0.3
#: Oil products whose use drives refining, and coke whose use drives coking.
REFINED = ("gasoline", "kerosene", "diesel", "fuel_oil", "lpg", "other_petroleum")


@dataclass(frozen=True)
class YearEnergy:
    """Energy (R, E, F) PJ, gross CO2 (R, E, Q) Mt and captured CO2 (R, E) Mt of a year, and who owns them.

    technology_energy (R, K, F) PJ; residual (R, E, F) PJ; technology_co2 (R, K) Mt gross (biomass neutral).
    """

    use: np.ndarray
    co2: np.ndarray
    captured: np.ndarray
    technology_energy: np.ndarray
    residual: np.ndarray
    technology_co2: np.ndarray


class EnergyAccounts:
    """The base year's energy split between technologies and residuals, ready to be projected.

    R regions, E energy sectors, F fuels, Q CO2 sources (fuels with fossil carbon, then process), K technologies.
    """

    def __init__(self, base: BaseYear, catalogue: Catalogue, base_activity: np.ndarray):
        """base_activity (R, K) in product units, order of `catalogue.keys`."""
        self.base, self.catalogue, self.keys = base, catalogue, catalogue.keys
        self.activity = base_activity
        self._inputs: dict[float, np.ndarray] = {}
        self.electricity = base.fuels.index(ELECTRICITY)
        self.movable = np.array([f in MOVABLE for f in base.fuels])
        self.use = base.energy_use.sum(axis=3)
        by_use = base.energy_use.sum(axis=0)
        total = by_use.sum(axis=2)
        # (E, F) part of each fuel that is final energy; a carrier not yet used would be.
        self.final = np.divide(by_use[:, :, 0], total, out=np.ones_like(total), where=total > 0)
        self.owner = self._owner()
        self.residual = base.residual_energy

    def _owner(self) -> np.ndarray:
        """(R, K, E, F): the part of each technology's fuel booked in each energy sector (sums to 1 over E)."""
        base, names = self.base, self.base.energy_sectors
        owner = np.zeros((len(base.regions), len(self.keys), len(names), len(base.fuels)))
        rows = classification.products().rows
        homes, cars = self._household_owners([names.index(h) for h in classification.HOUSEHOLDS])
        for k, key in enumerate(self.keys):
            product = self.catalogue.product(key)
            sector = rows[product]["sector"] if product in rows else "Chemicals"
            if sector:
                owner[:, k, names.index(sector)] = 1.0
                continue
            # Buildings draw on the two household accounts in proportion, cars on what they own beyond that.
            owner[:, k, :, :] = homes if product == "floor_space" else cars
        return owner

    def _household_owners(self, households: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """(R, E, F) twice: where the energy of buildings and of private cars is booked (sums to 1 over E)."""
        base = self.base
        account = np.zeros_like(self.use)
        account[:, households] = self.use[:, households]

        def normal(values):
            total = values.sum(axis=1, keepdims=True)
            even = np.zeros_like(values)
            even[:, households] = 1.0 / len(households)
            return np.divide(values, total, out=even, where=total > 1e-9)

        homes = normal(account)
        floor = [k for k, key in enumerate(self.keys) if self.catalogue.product(key) == "floor_space"]
        owned = np.maximum(self.use - base.residual_energy, 0.0)
        for k, key in enumerate(self.keys):
            row = classification.products().rows.get(self.catalogue.product(key))
            if row and row["sector"]:
                e = base.energy_sectors.index(row["sector"])
                owned[:, e] = np.maximum(owned[:, e] - base.technology_energy[:, k], 0.0)
        in_buildings = base.technology_energy[:, floor].sum(axis=1)[:, None] * homes
        return homes, normal(np.maximum(owned - in_buildings, 0.0))

    def by_sector(self, technology_energy: np.ndarray) -> np.ndarray:
        """(R, E, F) PJ of technologies booked in the sectors that own them."""
        return (self._booking @ technology_energy.ravel()).reshape(self.use.shape)

    @cached_property
    def _booking(self) -> sparse.csr_matrix:
        """(R E F, R K F) the owners as a matrix: nearly all entries of `owner` are zero."""
        R, K, E, F = self.owner.shape
        r, k, e, f = np.nonzero(self.owner)
        where = (np.ravel_multi_index((r, e, f), (R, E, F)), np.ravel_multi_index((r, k, f), (R, K, F)))
        return sparse.csr_matrix((self.owner[r, k, e, f], where), shape=(R * E * F, R * K * F))

    @cached_property
    def technology_carbon(self) -> np.ndarray:
        """(R, K, F) Mt CO2 per PJ of a fuel that a technology burns, at the factors of the sectors that own it."""
        R, K, _, F = self.owner.shape
        return (self._booking.T @ self.carbon.ravel()).reshape(R, K, F)

    def inputs(self, year: float) -> np.ndarray:
        """(K, F) catalogue fuel inputs in PJ per unit of product."""
        if year in self._inputs:
            return self._inputs[year]
        amounts = self.catalogue.input_array(list(self.base.fuels), [year])[:, :, 0]
        scale = np.ones(len(self.base.fuels))
        for f, fuel in enumerate(self.base.fuels):
            if self.catalogue.commodities[fuel].unit != "PJ":
                scale[f] = self.catalogue.energy_content(fuel)
        # What a store takes in was generated, and counted, before; its losses are use of their own.
        amounts[[k for k, key in enumerate(self.keys) if self.catalogue.technology(key).dispatch == "storage"]] = 0.0
        self._inputs[year] = amounts * scale
        return self._inputs[year]

    @cached_property
    def calibration(self) -> tuple[np.ndarray, np.ndarray]:
        """Factor (R, K, F) on catalogue inputs, and intensity (R, K, F) of fuels owned beside them (furnace gas).

        Technologies not yet standing take the factor of their product in the province, else the nation's.
        """
        nominal = self.activity[:, :, None] * self.inputs(self.base.year)
        owned = self.base.technology_energy
        factor = np.ones_like(nominal)
        products = [self.catalogue.product(k) for k in self.keys]
        for product in dict.fromkeys(products):
            own = [k for k, p in enumerate(products) if p == product]
            claimed = nominal[:, own]
            used, expected = np.where(claimed > 0, owned[:, own], 0.0).sum(axis=1), claimed.sum(axis=1)
            nation = expected.sum(axis=0)
            national = np.divide(used.sum(axis=0), nation, out=np.ones_like(nation), where=nation > 0)
            mean = np.broadcast_to(national, used.shape).copy()
            np.divide(used, expected, out=mean, where=expected > 0)
            factor[:, own] = mean[:, None]
        np.divide(owned, nominal, out=factor, where=nominal > 0)
        beside = np.where(nominal > 0, 0.0, owned)
        standing = np.broadcast_to(self.activity[:, :, None], beside.shape)
        return factor, np.divide(beside, standing, out=np.zeros_like(beside), where=standing > 0)

    @cached_property
    def carbon(self) -> np.ndarray:
        """(R, E, F) Mt CO2 per PJ used, all uses together; national or all-sector means where a cell is empty."""
        base = self.base
        fuels = [base.fuels.index(s) for s in base.co2_sources[:-1]]
        energy = self.use[:, :, fuels]
        co2 = base.co2[:, :, :-1]
        by_fuel = co2.sum(axis=(0, 1)) / np.maximum(energy.sum(axis=(0, 1)), 1e-12)
        national = np.broadcast_to(by_fuel, energy.shape[1:]).copy()
        np.divide(co2.sum(axis=0), energy.sum(axis=0), out=national, where=energy.sum(axis=0) > 1e-9)
        local = np.broadcast_to(national, energy.shape).copy()
        np.divide(co2, energy, out=local, where=energy > 1e-9)
        result = np.zeros_like(self.use)
        result[:, :, fuels] = local
        return result

    @cached_property
    def process(self) -> tuple[np.ndarray, np.ndarray]:
        """Process CO2: per unit of technology activity (R, K), and residual of each sector (R, E), Mt."""
        standard = np.array([self.catalogue.value(k, "process_co2", year=self.base.year) for k in self.keys])
        account = self.base.co2[:, :, -1]
        sectors = self.owner[:, :, :, 0].argmax(axis=2)[0]
        claimed = np.zeros_like(account)
        for k, e in enumerate(sectors):
            claimed[:, e] += self.activity[:, k] * standard[k]
        scale = np.ones_like(account)
        over = claimed > account
        scale[over] = account[over] / claimed[over]
        return standard[None] * scale[:, sectors], np.maximum(account - claimed * scale, 0.0)

    def technology_energy(self, activity: np.ndarray, year: float) -> np.ndarray:
        """(R, K, F) PJ used by technologies at an activity (R, K)."""
        factor, beside = self.calibration
        return activity[:, :, None] * (self.inputs(year)[None] * factor + beside)

    def residual_use(self, residual_index: np.ndarray, efficiency: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """(R, E, F) PJ outside the technologies. residual_index (R, E); efficiency (E, F); kept (E,) (`electrify`)."""
        return residual_energy(
            self.residual, residual_index, efficiency, kept, self.electricity, self.final, self.movable, USEFUL_RATIO
        )

    def process_intensity(self, efficiency: np.ndarray) -> np.ndarray:
        """(T, E) process CO2 outside the technologies per unit of output, base year 1; efficiency (T, E, F).

        It is the carbon of feedstock, or of carbonates burnt with fuel, so it follows the efficiency of the sector's
        feedstock where it has any, else of its fuels: no more carbon leaves than goes in.
        """
        feedstock = self.base.energy_use[..., 1].sum(axis=0)
        fuel = self.residual.sum(axis=0) * self.movable
        weight = np.where(feedstock.sum(axis=1, keepdims=True) > 0, feedstock, fuel)
        total = weight.sum(axis=1)
        followed = np.einsum("tef,ef->te", efficiency, weight)
        return np.divide(followed, total, out=np.ones_like(followed), where=total > 0)

    def year(self, year: float, activity: np.ndarray, residual: np.ndarray, process_index: np.ndarray) -> YearEnergy:
        """Energy and CO2 at technology activity (R, K), residual energy (R, E, F), residual process CO2 (R, E) / base.
        """
        owned = self.technology_energy(activity, year)
        by_sector = self.by_sector(owned)
        use = residual + by_sector
        fuels = [self.base.fuels.index(s) for s in self.base.co2_sources[:-1]]
        co2 = np.zeros((*use.shape[:2], len(self.base.co2_sources)))
        co2[:, :, :-1] = (use * self.carbon)[:, :, fuels]
        per_activity, sector_process = self.process
        process = activity * per_activity
        sectors = self.owner[:, :, :, 0].argmax(axis=2)[0]
        co2[:, :, -1] = sector_process * process_index
        for k, e in enumerate(sectors):
            co2[:, e, -1] += process[:, k]
        combustion = (owned * self.technology_carbon).sum(axis=2)
        captured = np.zeros(use.shape[:2])
        for k, key in enumerate(self.keys):
            rate = self.catalogue.value(key, "capture_rate", year=year)
            if rate > 0:
                captured[:, sectors[k]] += rate * (combustion[:, k] + process[:, k] + self._biogenic(k, owned))
        return YearEnergy(use, co2, captured, owned, residual, combustion + process)

    def _biogenic(self, k: int, owned: np.ndarray) -> np.ndarray:
        """(R,) Mt of biogenic CO2 that passes through a technology (counts only when captured)."""
        rates = np.array(
            [
                self.catalogue.commodities[f].biogenic_co2 if f in self.catalogue.commodities else 0.0
                for f in self.base.fuels
            ]
        )
        return owned[:, k] @ rates


def electricity_use(energy: YearEnergy, electricity: int) -> np.ndarray:
    """(R,) TWh used in each province."""
    return energy.use[:, :, electricity].sum(axis=1) / PJ_PER_TWH
