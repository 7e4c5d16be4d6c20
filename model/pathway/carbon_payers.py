"""Who pays for a tonne of CO2 (E5, E12): industries by what they emit, households for the fuel they burn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from model.physical_year import HOUSEHOLD_PRODUCTS, Year, process_index
from model.study import Study

#: Industry whose account holds technologies without an industry of their own (hydrogen).
ELSEWHERE = "Chemicals"


@dataclass(frozen=True)
class Payers:
    """Mt CO2: industries (R, J) less what they capture, households (R, F) by fuel, removed (R,) from the air.

    industries + households - removed is what reaches the air before sinks.
    """

    industries: np.ndarray
    households: np.ndarray
    removed: np.ndarray


def payers(study: Study, year: Year, scope: str = "energy_and_process") -> Payers:
    """Owners of the CO2 of a year; scope 'energy' leaves out process CO2, emitted and captured.

    Captured CO2 that is used again counts with its user, as it is not stored.
    """
    base, accounts, energy = study.base, study.accounts, year.energy
    S, R = len(base.sectors), len(base.regions)
    process = year.activity * accounts.process[0]
    rate, biogenic, used_again = study.once(_capture, year.year)
    emitted = energy.technology_co2 - (process if scope == "energy" else 0.0)
    net = emitted * (1.0 - rate) - rate * (energy.technology_energy @ biogenic)
    net = net + used_again * year.activity
    industries = np.zeros((R, len(base.industries)))
    for k, key in enumerate(study.keys):
        product = study.catalogue.product(key)
        if product not in HOUSEHOLD_PRODUCTS:
            industries[:, base.industries.index(product if product in base.products else ELSEWHERE)] += net[:, k]
    residual = (energy.residual * accounts.carbon).sum(axis=2)
    if scope != "energy":
        residual = residual + accounts.process[1] * process_index(study, year)
    # cars and heating of enterprises are booked with the sectors that own them
    own = np.array([study.catalogue.product(key) in HOUSEHOLD_PRODUCTS for key in study.keys])
    booked = accounts.by_sector(np.where(own[:, None], energy.technology_energy, 0.0))
    residual = residual + (booked * accounts.carbon).sum(axis=2)
    industries += _to_industries(base, year, residual[:, :S])
    households = (energy.use * accounts.carbon)[:, S:].sum(axis=1)
    removing = [k for k, key in enumerate(study.keys) if study.catalogue.product(key) == "co2_removal"]
    return Payers(industries, households, year.activity[:, removing].sum(axis=1))


def _capture(study: Study, year: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Capture rate (K,), biogenic CO2 of each fuel (F,), Mt per PJ, captured CO2 used by a unit of activity (K,)."""
    catalogue, fuels = study.catalogue, study.base.fuels
    biogenic = [catalogue.commodities[f].biogenic_co2 if f in catalogue.commodities else 0.0 for f in fuels]
    return (np.array([catalogue.value(k, "capture_rate", year=year) for k in study.keys]), np.array(biogenic),
            np.array([catalogue.inputs(k, year).get("captured_co2", 0.0) for k in study.keys]))


def _to_industries(base, year: Year, sectors: np.ndarray) -> np.ndarray:
    """(R, J) CO2 of sectors (R, S) outside the technologies, with the remainder of the sector, else its products."""
    result = np.zeros((len(base.regions), len(base.industries)))
    output = year.economy.closed.output
    for e, members in enumerate(_members(base.sectors, base.industry_sector)):
        first, *others = members
        if not others or (output[:, first] > 0).all():
            result[:, first] += sectors[:, e]
            continue
        weight = np.where((output[:, first] > 0)[:, None], np.eye(len(members))[0], output[:, members])
        total = weight.sum(axis=1, keepdims=True)
        nation = output[:, members].sum(axis=0) / max(output[:, members].sum(), 1e-300)
        weight = np.where(total > 0, weight / np.where(total > 0, total, 1.0), nation)
        result[:, members] += weight * sectors[:, [e]]
    return result


@cache
def _members(sectors: tuple[str, ...], industry_sector: tuple[str, ...]) -> list[list[int]]:
    """Industries of each sector, its remainder first."""
    return [[j for j, sector in enumerate(industry_sector) if sector == name] for name in sectors]


def per_output(charged: np.ndarray, output: np.ndarray) -> np.ndarray:
    """(R, J) amounts per unit of output; where nothing is made the amount moves to those who make the same."""
    making = output > 1e-9
    left = np.where(making, 0.0, charged).sum(axis=0)
    total = np.where(making, output, 0.0).sum(axis=0)
    spread = np.divide(left, total, out=np.zeros_like(left), where=total > 0)
    result = np.divide(charged, output, out=np.zeros_like(output), where=making)
    return np.where(making, result + spread, 0.0)
