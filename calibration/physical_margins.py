"""Margins of energy, CO2, products and capacity: published and modelled (E4-E6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from calibration.energy_facts import control, electricity_by_sector, energy_sectors, load_drivers
from calibration.national_energy_balance import published
from calibration.national_splits import read_rows
from calibration.technology_facts import capacity, national_capacity
from io_tables.classification import NATION, fuels, provinces
from io_tables.units import PJ_PER_MTCE, PJ_PER_TWH

if TYPE_CHECKING:
    from calibration.calibrate import Calibration

#: Official capacity by province and the technologies it covers.
_CAPACITY = {
    "hydro": ("hydro", "pumped_hydro"), "nuclear": ("nuclear",), "wind": ("wind_onshore", "wind_offshore"),
    "solar": ("pv_utility", "pv_distributed"),
}
_COAL = ("coal_subcritical", "coal_supercritical", "coal_ultrasupercritical", "coal_chp")
#: Official thermal capacity also holds waste-heat and waste-gas plants that no technology stands for.
_THERMAL = (*_COAL, "gas_power", "biomass_power")
NAN = float("nan")


def physical_margins(found: Calibration) -> Iterator[tuple]:
    """Rows (item, place, published, modelled, unit, note, scale factor); NaN where nothing of 2020 is published."""
    yield from _energy(found)
    yield from _electricity(found)
    yield from _carbon(found)
    yield from _products(found)
    yield from _capacity(found)
    for line in found.energy.scale.itertuples(index=False):
        yield f"energy scale: {line.item}", line.province, NAN, line.value, line.unit, line.note, float(line.value)


def _energy(found: Calibration) -> Iterator[tuple]:
    energy = found.national_energy
    primary = energy.primary()
    scope = "primary energy consumption, electricity at the coal rate of thermal generation"
    yield ("primary energy, coal-equivalent", NATION, control("energy consumption"),
           sum(primary.values()) / PJ_PER_MTCE, "Mtce", scope, NAN)
    yield ("primary energy, calorific", NATION, NAN, sum(energy.primary("calorific").values()) / PJ_PER_MTCE, "Mtce",
           "the same with electricity at 3.6 PJ per TWh", NAN)
    for group, value in published().items():
        yield (f"primary energy: {group}", NATION, value, primary[group], "PJ",
               "published total x published share", NAN)
    for line in energy.ledger.itertuples(index=False):
        if line.item != "published":
            official = line.value if line.status == "official" else NAN
            note = f"{line.status}, {line.note}" if line.note else line.status
            yield f"energy: {line.item} ({line.group})", NATION, official, line.value, line.unit, note, NAN
    closure = float(np.abs(energy.residual()).max())
    yield "energy: supply + output - use, largest fuel", NATION, NAN, closure, "PJ", "against the estimate", NAN


def _electricity(found: Calibration) -> Iterator[tuple]:
    electricity = fuels().keys.index("electricity")
    used = found.energy.use[:, :, electricity].sum(axis=2) / PJ_PER_TWH
    printed, _ = electricity_by_sector()
    scale = control("electricity consumption") / printed.sum()
    for j, sector in enumerate(energy_sectors()):
        yield ("electricity use", sector, printed[j], used[:, j].sum(), "TWh", "rows as printed, scaled to the total",
               float(scale))
    consumption = load_drivers()["electricity_consumption"]
    factor = float(found.energy.scale.value.iloc[0])
    for r, province in enumerate(provinces().keys):
        yield ("electricity use", province, consumption[r], used[r].sum(), "TWh", "whole society, scaled to the nation",
               factor)


def _carbon(found: Calibration) -> Iterator[tuple]:
    for line in found.emissions.ledger.itertuples(index=False):
        yield f"CO2: {line.item}", NATION, NAN, line.value, "Mt", line.note, NAN
    for line in found.emissions.process.itertuples(index=False):
        yield f"CO2, process: {line.process} ({line.sector})", NATION, NAN, line.Mt, "Mt", line.status, NAN
    total = found.emissions.co2.sum(axis=(1, 2))
    for r, province in enumerate(provinces().keys):
        yield "CO2, energy and process", province, NAN, total[r], "Mt", "no official figure by province", NAN


def _products(found: Calibration) -> Iterator[tuple]:
    national, accounts = found.national, found.accounts
    recalled = {line["product"] for line in read_rows("national_product_prices.csv")
                if line["physical_status"] == "assumed"}
    for p, product in enumerate(national.products):
        made = accounts.product_output[:, p]
        unit, status = national.product_units[p], accounts.product_status[p]
        whole = NAN if product in recalled else national.physical_output[p]
        note = f"provincial pattern {status}" + (", national figure recalled" if product in recalled else "")
        yield f"output of {product}", NATION, whole, made.sum(), unit, note, NAN
        if status == "official":
            listed = _published_output(product)
            for r, province in enumerate(provinces().keys):
                if listed[r] > 0:
                    yield (f"output of {product}", province, listed[r], made[r], unit, "NBS by province",
                           float(made[r] / listed[r]))


def _published_output(product: str) -> np.ndarray:
    """(R,) published output of 2020; zero where a province has none."""
    found = np.zeros(len(provinces()))
    for line in read_rows("provincial_products.csv"):
        if line["product"] == product and int(line["year"]) == 2020 and line["status"] == "official":
            found[provinces().index(line["province"])] = float(line["value"])
    return found


def _capacity(found: Calibration) -> Iterator[tuple]:
    stock = found.stocks.table.groupby(["technology", "region"])["capacity"].sum()

    def modelled(technologies) -> np.ndarray:
        parts = [stock[t].reindex(list(provinces().keys)).fillna(0.0).to_numpy() for t in technologies if t in stock]
        return np.sum(parts, axis=0)

    rows = {name: modelled(technologies) for name, technologies in _CAPACITY.items()}
    rows["thermal"] = modelled(_THERMAL) + found.stocks.other_thermal
    for name, ours in rows.items():
        official = capacity(name)
        note = "waste-heat and gas plants counted apart" if name == "thermal" else ""
        yield f"capacity: {name}", NATION, official.sum(), ours.sum(), "GW", f"sum of provinces. {note}".strip(), NAN
        for r, province in enumerate(provinces().keys):
            if official[r] > 0:
                yield f"capacity: {name}", province, official[r], ours[r], "GW", note, NAN
    yield ("capacity: coal", NATION, national_capacity("coal"), modelled(_COAL).sum(), "GW", "all classes", NAN)
    for line in found.stocks.factors.itertuples(index=False):
        yield (f"plant list: {line.item}", line.region, NAN, line.listed * line.factor, line.unit,
               f"{line.listed:.4g} GW listed, scaled to the official total", float(line.factor))
