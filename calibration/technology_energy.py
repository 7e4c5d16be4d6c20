"""Which part of the energy account the technologies own: one owner per PJ (E4).

Each technology claims its 2020 activity times the catalogue's input. Power and heat reproduce the account of their
sector exactly; every other product claims at most what its sector's account holds. The factor between claim and
ownership is kept by province, product and fuel; what nobody claims stays residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables.classification import HOUSEHOLDS, fuels, products, provinces, sectors
from io_tables.errors import InputError
from io_tables.units import PJ_PER_TWH

POWER_SECTOR = "Electricity and heat"
#: Fuels the power sector burns that are not its technologies' own: shared out like coal (start-up oil, furnace gas).
_POWER_OWN = {"natural_gas": ("gas_power", "heat_gas_boiler"), "biomass": ("biomass_power", "heat_biomass")}
_COAL_BURNERS = ("coal_subcritical", "coal_supercritical", "coal_ultrasupercritical", "coal_chp", "heat_coal_boiler")
#: Carriers that are not burnt: the power sector's own use and losses stay in the residual.
_NOT_BURNT = ("electricity", "heat", "hydrogen")
#: Sectors whose petrol moves private cars once the households' account is used up (own-account travel).
CAR_SECTORS = tuple(range(27, 42))


@dataclass(frozen=True)
class TechnologyEnergy:
    """Energy owned by technologies. R provinces, K technologies, F fuels, P products, S sectors + households, U uses.

    technologies, product_of (K,). activity (R, K) product units of 2020. use (R, K, F) PJ : owned by each technology.
    claim (R, K, F) PJ : activity times catalogue input.
    factor (R, P, F) : owned over claimed, 1 where nothing is claimed; a technology of the product inherits it.
    by_sector (R, S, F) : owned out of each account.
    residual (R, S, F, U) : the account less what is owned; uses keep their proportions.
    unowned_power (R, F) : fuel of the power sector in provinces without a plant that could burn it.
    """

    technologies: tuple[str, ...]
    product_of: tuple[str, ...]
    activity: np.ndarray
    use: np.ndarray
    claim: np.ndarray
    factor: np.ndarray
    by_sector: np.ndarray
    residual: np.ndarray
    unowned_power: np.ndarray

    def intensities(self, catalogue, year: int = 2020) -> np.ndarray:
        """PJ per unit of product by province, technology and fuel in a year, (R, K, F).

        Catalogue input x factor of the product, plus the fuels a plant owns without claiming them (furnace gas and
        oil in coal plants) per unit of 2020. In 2020, times activity, this is `use`.
        """
        column = np.array([products().keys.index(p) if p in products().keys else -1 for p in self.product_of])
        factor = np.where((column >= 0)[None, :, None], self.factor[:, column], 1.0)
        unclaimed = np.where(self.claim > 0, 0.0, self.use)
        extra = np.divide(unclaimed, self.activity[..., None], out=np.zeros_like(unclaimed),
                          where=self.activity[..., None] > 0)
        return _intensity(catalogue, self.technologies, year)[None] * factor + extra

    def report(self) -> pd.DataFrame:
        """National claim and ownership: product, fuel, claim, owned, factor, unit (PJ)."""
        keys, rows = fuels().keys, []
        for product in dict.fromkeys(self.product_of):
            inside = np.array(self.product_of) == product
            claim, owned = self.claim[:, inside].sum(axis=(0, 1)), self.use[:, inside].sum(axis=(0, 1))
            for f in np.flatnonzero((claim > 0) | (owned > 0)):
                rows.append({"product": product, "fuel": keys[f], "claim": claim[f], "owned": owned[f],
                             "factor": owned[f] / claim[f] if claim[f] > 0 else np.nan, "unit": "PJ"})
        return pd.DataFrame(rows)


def technology_energy(stock: pd.DataFrame, catalogue, energy_use: np.ndarray) -> TechnologyEnergy:
    """Energy use by province, technology and fuel that never exceeds the account (E4).

    stock : the table of `technology_stocks`. catalogue : the technology catalogue.
    energy_use (R, S + 2, F, U) PJ : the account by sector (households rural and urban last), fuel and use.
    """
    accounts = (*sectors().keys, *HOUSEHOLDS)
    shape = (len(provinces()), len(accounts), len(fuels()))
    if energy_use.ndim != 4 or energy_use.shape[:3] != shape:
        raise InputError(f"energy_use has shape {energy_use.shape}; expected {shape} and the uses")
    technologies = catalogue.keys
    product_of = tuple(catalogue.technologies[k].product for k in technologies)
    activity = _activity(stock, technologies)
    claim = activity[:, :, None] * _intensity(catalogue, technologies, 2020)[None]
    account = energy_use.sum(axis=3)
    left = account.copy()
    use = np.zeros_like(claim)
    power = [k for k, p in enumerate(product_of) if p in ("electricity", "heat")]
    unowned = _own_power(use, left, claim, technologies, power, accounts.index(POWER_SECTOR))
    for members, account_sectors in _claimants(technologies, product_of, accounts):
        if members:
            _own(use, left, claim, members, account_sectors)
    left = np.maximum(left, 0.0)
    owned = account - left
    keep = np.divide(left, account, out=np.ones_like(account), where=account > 0)
    return TechnologyEnergy(
        technologies, product_of, activity, use, claim, _factors(use, claim, product_of), owned,
        energy_use * keep[..., None], unowned,
    )


def _activity(stock: pd.DataFrame, technologies: Sequence[str]) -> np.ndarray:
    """(R, K) product units a year."""
    table = stock.pivot_table(index="region", columns="technology", values="activity", aggfunc="sum")
    return table.reindex(index=list(provinces().keys), columns=list(technologies)).fillna(0.0).to_numpy()


def _intensity(catalogue, technologies: Sequence[str], year: int) -> np.ndarray:
    """(K, F) catalogue input, PJ per unit of product. Storage claims nothing: what it takes was generated before."""
    keys = fuels().keys
    intensity = np.zeros((len(technologies), len(keys)))
    for k, key in enumerate(technologies):
        if catalogue.technologies[key].dispatch == "storage":
            continue
        for commodity, amount in catalogue.inputs(key, year).items():
            if commodity in keys:
                content = PJ_PER_TWH if commodity == "electricity" else catalogue.energy_content(commodity)
                intensity[k, keys.index(commodity)] = amount * content
    return intensity


def _own_power(use, left, claim, technologies, members, sector) -> np.ndarray:
    """Give the whole account of the power sector to its plants, fuel by fuel; returns what no plant could burn."""
    keys = fuels().keys
    coal = np.array([technologies.index(k) for k in _COAL_BURNERS])
    burnable = [f for f, fuel in enumerate(keys) if fuel not in _NOT_BURNT]
    for f, fuel in enumerate(keys):
        if fuel in _NOT_BURNT:
            continue
        own = np.array([technologies.index(k) for k in _POWER_OWN.get(fuel, _COAL_BURNERS)])
        main = f if fuel in _POWER_OWN else keys.index("coal")
        # First its own plants, then coal plants, then whatever burns something in the province.
        for candidates, burnt in ((own, [main]), (coal, [keys.index("coal")]), (np.array(members), burnable)):
            weight = claim[:, candidates][:, :, burnt].sum(axis=2)
            total = weight.sum(axis=1)
            share = np.divide(weight, total[:, None], out=np.zeros_like(weight), where=total[:, None] > 0)
            given = np.where(total > 0, left[:, sector, f], 0.0)
            use[:, candidates, f] += share * given[:, None]
            left[:, sector, f] -= given
    unowned = np.zeros((len(left), len(keys)))
    unowned[:, burnable] = left[:, sector, burnable]
    # What the electricity used by heat plants claims is capped by the account like any other claim.
    electricity = keys.index("electricity")
    wanted = claim[:, members, electricity]
    total = wanted.sum(axis=1)
    part = np.minimum(np.divide(left[:, sector, electricity], total, out=np.ones_like(total), where=total > 0), 1.0)
    use[:, members, electricity] = wanted * part[:, None]
    left[:, sector, electricity] -= total * part
    return unowned


def _claimants(technologies, product_of, accounts):
    """Pairs (technologies that share an account, the accounts they draw on in order)."""
    rows = products().rows
    by_sector: dict[str, list[int]] = {}
    for k, product in enumerate(product_of):
        sector = rows[product]["sector"] if product in rows else ""
        if sector and sector != POWER_SECTOR:
            by_sector.setdefault(sector, []).append(k)
    for sector, members in by_sector.items():
        yield members, [[accounts.index(sector)]]
    homes = [accounts.index(h) for h in HOUSEHOLDS]
    yield [k for k, p in enumerate(product_of) if p == "floor_space"], [homes]
    yield [k for k, p in enumerate(product_of) if p == "passenger"], [homes, list(CAR_SECTORS)]


def _own(use, left, claim, members, tiers) -> None:
    """Take the members' claims from the accounts of each tier in turn, at most what is left there."""
    wanted = claim[:, members].copy()
    for tier in tiers:
        total, available = wanted.sum(axis=1), left[:, tier].sum(axis=1)
        part = np.minimum(np.divide(available, total, out=np.zeros_like(total), where=total > 0), 1.0)
        taken = total * part
        drawn = np.divide(taken, available, out=np.zeros_like(taken), where=available > 0)
        use[:, members] += wanted * part[:, None]
        wanted *= 1.0 - part[:, None]
        left[:, tier] *= 1.0 - drawn[:, None]


def _factors(use, claim, product_of) -> np.ndarray:
    """(R, P, F) owned over claimed of each product; 1 where nothing is claimed."""
    keys = products().keys
    factor = np.ones((len(use), len(keys), use.shape[2]))
    for p, product in enumerate(keys):
        members = [k for k, name in enumerate(product_of) if name == product]
        claimed, owned = claim[:, members].sum(axis=1), use[:, members].sum(axis=1)
        np.divide(owned, claimed, out=factor[:, p], where=claimed > 0)
    return factor
