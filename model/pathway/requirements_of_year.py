"""What a unit of each technology asks of the whole economy in a year, and what everything else asks (E9, E10).

Rows: products made where they are made after trade, electricity and heat where they are used, CO2 by place and
primary coal, oil and gas of the nation. Everything outside the technologies stays as it is in the year's economy:
the right-hand side is what the economy asks in all, less what the technologies of the same point ask for. The
rows are therefore exact at that point, and their slopes are those of the whole inter-industry structure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from io_tables.base_year import BaseYear
from io_tables.units import PJ_PER_TWH
from model.condensed import condense
from model.energy_accounts import REFINED
from model.pathway.carbon_payers import payers
from model.pathway.choice import STORAGE, Choice
from model.pathway.closing import Economy, Pins, investment_recipes, removal
from model.pathway.prices import import_prices
from model.pathway.product_trade import flows_of, goods_of, industries_of, reference_shares
from model.physical_year import Year
from model.primary_energy import GROUPS, primary_energy
from model.technology.catalogue import LABOUR

#: Rows that count money over price; electricity, heat and fuels are counted in the energy accounts.
MONEY_ROWS = ("steel", "aluminium", "cement", "glass", "ammonia", "methanol", "ethylene", "paper", "freight")
FUEL_ROWS = {"refined_fuel": REFINED, "coke_product": ("coke",)}
#: Inputs with a balance of their own in the programme: their price is a dual, not a cost.
BALANCED = ("electricity", "heat", "hydrogen", "captured_co2", "coke", "derived_gas", *REFINED)
#: Inputs whose national supply has a row of its own (`fleet.SCRAP`), and the row of value added that is surplus.
RENTED, SURPLUS = ("scrap_steel", "scrap_aluminium"), 3
#: An activity below this part of the largest has no layout of its own.
SMALL = 1e-12
PLACED = (*MONEY_ROWS, *FUEL_ROWS, "heat", "electricity", "co2")


@dataclass(frozen=True)
class Requirements:
    """One year; G places, K technologies. Rows: PLACED x G, then coal, oil, gas of the nation.

    matrix (Q, G, 2K + 1) : per unit of activity (K), of CHP heat recovered, of capacity built a year (K).
    rest (Q,) : what everything else asks. cost (G, 2K + 1) 10^8 yuan per unit, without balanced products.
    total (Q,) : what the economy of the year asks in all.
    intensity (G, K, F) PJ per unit; captured (G, K) Mt CO2 per unit; hydrogen (G, K) Mt per unit.
    flows (P, G, G) Mt of goods from place to place as the base pattern has them, None where trade does not move: then
    rest leaves out what was moved, and slopes are those of the base pattern.
    """

    year: int
    matrix: np.ndarray
    rest: np.ndarray
    total: np.ndarray
    cost: np.ndarray
    intensity: np.ndarray
    captured: np.ndarray
    hydrogen: np.ndarray
    flows: np.ndarray | None = None


def requirements(economy: Economy, year: Year, t: int, choice: Choice, pins: Pins, member: np.ndarray,
                 pattern: np.ndarray) -> Requirements:
    """Rows of a year at a place resolution.

    member (G, R) : provinces of each place; pattern (R, K) : layout of what does not run at the point.
    """
    found = _Rows(economy, year, t, choice, pins)
    by_use = found.condensed(member)
    matrix = found.matrix(by_use[:-1], member)
    cost = found.cost(by_use[-1])
    total = found.total(member)
    point = np.concatenate([year.activity, choice.chp_heat[t][:, None], choice.building[t]], axis=1)
    spread = _spread(point, np.concatenate([pattern, np.ones((len(pattern), 1)), pattern], axis=1), member)
    asked = np.einsum("qrc,rc->q", matrix, point, optimize=True)

    def laid(values):
        width = values.shape[-2] if values.ndim == 3 else values.shape[-1]
        weight = spread[:, :width]
        return np.einsum("gr,rk...,rk->gk...", member, values, weight, optimize=True)

    placed = np.einsum("gr,qrc,rc->qgc", member, matrix, spread, optimize=True)
    intensity, captured, hydrogen = found.intensity, found.captured, found.hydrogen
    flows, moved = found.flows(member)
    return Requirements(year.year, placed, total - asked - moved, total, laid(cost), laid(intensity), laid(captured),
                        laid(hydrogen), flows)


def sides(found: Requirements, economy: Economy, year: Year, t: int, choice: Choice, pins: Pins,
          member: np.ndarray) -> Requirements:
    """The same rows and slopes with the sides another economy of the year gives them (one province per place)."""
    rows = _Rows(economy, year, t, choice, pins)
    total = rows.total(member)
    flows, moved = rows.flows(member)
    point = np.concatenate([year.activity, choice.chp_heat[t][:, None], choice.building[t]], axis=1)
    asked = found.matrix.reshape(len(total), -1) @ point.ravel()
    return replace(found, rest=total - asked - moved, total=total, flows=flows)


def _spread(point: np.ndarray, pattern: np.ndarray, member: np.ndarray) -> np.ndarray:
    """(R, C) weights that sum to one in each place: as laid out at the point, by the pattern where nothing is."""
    spread = np.empty_like(point)
    for inside in member > 0:
        own, kept = point[inside], pattern[inside]
        total, fallback = own.sum(axis=0), kept.sum(axis=0)
        even = np.where(fallback > 0, kept / np.where(fallback > 0, fallback, 1.0), 1.0 / inside.sum())
        spread[inside] = np.where(total > SMALL * point.max(), own / np.where(total > 0, total, 1.0), even)
    return spread


def surplus_share(base: BaseYear, industry: str) -> float:
    """Part of the nation's output of an industry that is operating surplus."""
    i = base.industries.index(industry)
    return float(base.value_added[SURPLUS, :, i].sum() / base.output[:, i].sum())


class _Rows:
    """The arrays of one year at provincial resolution, before grouping."""

    def __init__(self, economy: Economy, year: Year, t: int, choice: Choice, pins: Pins):
        self.economy, self.year, self.t, self.losses = economy, year, t, choice.net_losses[t]
        self.trade_moves = choice.product_shares is not None
        study = self.study = economy.study
        base = self.base = study.base
        self.keys, self.N = study.keys, len(base.sectors)
        self.material_use = study.assumed.material_use[t] * pins.material[t]
        self.R, self.K = study.activity.shape
        self.import_prices = import_prices(study, year.year)
        factor, beside = study.accounts.calibration
        self.intensity = study.accounts.inputs(year.year)[None] * factor + beside
        hydrogen = base.fuels.index("hydrogen")
        self.hydrogen = self.intensity[:, :, hydrogen] / study.catalogue.energy_content("hydrogen")
        combustion = (self.intensity * study.accounts.technology_carbon).sum(axis=2)
        process, _ = study.accounts.process
        biogenic = np.array([study.catalogue.commodities[f].biogenic_co2 if f in study.catalogue.commodities else 0.0
                             for f in base.fuels])
        rate = np.array([study.catalogue.value(k, "capture_rate", year=year.year) for k in self.keys])
        self.captured = rate * (combustion + process + self.intensity @ biogenic)
        added = removal(study, np.eye(self.K), year.year)
        # what carbon rows count: process CO2, emitted and captured, only where the scenario counts it
        self.counts_process = study.scenario.carbon.scope != "energy"
        counted = process if self.counts_process else np.zeros_like(process)
        self.stored = rate * (combustion + counted + self.intensity @ biogenic) + added
        self.gross = combustion + counted

    @cached_property
    def tau(self) -> np.ndarray:
        """(J, R, R) trade pattern of the year, goods whose trade may move as if nothing had been moved."""
        closed, base = self.year.economy.closed.trade_shares, self.base
        if self.trade_moves:
            closed = closed.copy()
            closed[industries_of(base)] = reference_shares(self.study, self.year)
        return closed

    def flows(self, member: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | float]:
        """Flows of goods by the base pattern (P, G, G), and what was moved to each row (Q,); None and zero without."""
        if not self.trade_moves:
            return None, 0.0
        flows, moved = flows_of(self.study, self.year)
        G = len(member)
        rows = np.zeros(len(PLACED) * G + len(GROUPS))
        for good, amount in zip(goods_of(self.base), moved.sum(axis=2), strict=True):
            q = PLACED.index(good)
            rows[q * G : (q + 1) * G] = member @ amount
        return np.einsum("gr,prs,hs->pgh", member, flows, member, optimize=True), rows

    def _fuels(self, names) -> list[int]:
        return [self.base.fuels.index(f) for f in names]

    def _placed(self, row: str, amount: np.ndarray) -> np.ndarray:
        """(R places of production, R places of use, ...) of an amount asked in each province (R, ...)."""
        if row in ("heat", "electricity", "co2"):
            return np.eye(self.R).reshape(self.R, self.R, *([1] * (amount.ndim - 1))) * amount[None]
        shares = self.tau[self.base.industries.index(row)]
        return shares.reshape(self.R, self.R, *([1] * (amount.ndim - 1))) * amount[None]

    def _of_energy(self, row: str, fuel_use: np.ndarray) -> np.ndarray:
        """What a use of fuels (..., F) PJ asks of an energy row: TWh, PJ of heat, Mt of fuel."""
        if row == "electricity":
            return fuel_use[..., self.base.fuels.index("electricity")] / PJ_PER_TWH * self.economy.supply_ratio
        if row == "heat":
            return fuel_use[..., self.base.fuels.index("heat")]
        fuels = self._fuels(FUEL_ROWS[row])
        start = self.study.accounts.use[:, :, fuels].sum()
        ratio = self.base.product_output[:, self.base.products.index(row)].sum() / start
        return fuel_use[..., fuels].sum(axis=-1) * ratio

    def _primary(self, group: str, fuel_use: np.ndarray, metals_coke: np.ndarray, made: np.ndarray) -> np.ndarray:
        """Primary energy of a group: uses less what coke ovens, furnaces and refineries put out (E4).

        fuel_use (R, n, F); metals_coke (R, n) PJ of coke used in metal smelting; made (R, n) coke or refined fuel.
        """
        base, fuels = self.base, self._fuels(GROUPS[group])
        result = fuel_use[..., fuels].sum(axis=-1)
        sector = base.sectors.index("Petroleum and coking")
        product = {"Coal": "coke_product", "Oil": "refined_fuel"}.get(group)
        if product:
            then = base.product_output[:, base.products.index(product)]
            out = base.energy_output[:, sector][:, fuels].sum(axis=1)
            result = result - np.divide(out, then, out=np.zeros_like(out), where=then > 0)[:, None] * made[product]
        if group == "Coal":
            metals, coke = base.sectors.index("Metal smelting"), base.fuels.index("coke")
            then = self.study.accounts.use[:, metals, coke]
            gas = base.energy_output[:, metals, base.fuels.index("derived_gas")]
            result = result - np.divide(gas, then, out=np.zeros_like(gas), where=then > 0)[:, None] * metals_coke
        return result

    def condensed(self, member: np.ndarray) -> np.ndarray:
        """(Q + 1, R, N) rows carried through the N industries, by place of use; the last is primary cost."""
        base, year, N, R = self.base, self.year, self.N, self.R
        G = len(member)
        e = year.economy
        x = e.closed.output[:, :N]
        per_output = np.divide(1.0, x, out=np.zeros_like(x), where=x > 1e-9)
        residual = year.energy.residual[:, :N].copy()
        residual[:, self.economy.power, self.economy.electricity] -= (
            self.losses / self.economy.supply_ratio * PJ_PER_TWH)
        residual *= per_output[:, :, None]
        rows = np.zeros((len(PLACED), G, R, N))
        for q, row in enumerate(PLACED):
            if row in MONEY_ROWS:
                p = base.products.index(row)
                amount = e.domestic[:, base.industries.index(row), :N] / base.product_price[p]
            elif row == "co2":
                carbon = (residual * self.study.accounts.carbon[:, :N]).sum(axis=2)
                _, process = self.study.accounts.process
                index = (self.economy._index(self.t, e.closed.output) * self.study.process_intensity[self.t])[:, :N]
                amount = carbon + (process[:, :N] * index * per_output if self.counts_process else 0.0)
            else:
                amount = self._of_energy(row, residual)
            if row in ("heat", "electricity", "co2"):
                rows[q] = member[:, :, None] * amount[None]
            else:
                tau = member @ self.tau[base.industries.index(row)]
                rows[q] = tau[:, :, None] * amount[None]
        metals, coke = base.sectors.index("Metal smelting"), base.fuels.index("coke")
        burnt = np.zeros((R, N))
        burnt[:, metals] = residual[:, metals, coke]
        nothing = {p: np.zeros((R, N)) for p in FUEL_ROWS}
        primary = np.stack([self._primary(g, residual, burnt, nothing) for g in GROUPS])
        # imports at their prices of the year
        dearer = np.einsum("i,sij->sj", self.import_prices - 1.0, base.import_coefficients)
        cost = (1.0 - base.domestic_coefficients.sum(axis=1) + dearer)[:, :N]
        everything = np.concatenate([rows.reshape(-1, R, N), primary, cost[None]])
        return condense(e.domestic[:, :N, :N], self.tau[:N], everything).by_use

    def purchases(self) -> tuple[np.ndarray, np.ndarray]:
        """Domestic (R, 2K + 1, J) purchases per unit of activity, CHP heat and capacity as the economy books them."""
        study, base, K = self.study, self.base, self.K
        J = len(base.industries)
        bought = np.zeros((self.R, 2 * K + 1, J))
        columns = study.columns
        money = base.product_price * self.year.physical_price
        table = study.recipes(self.year.year)
        material = self.material_use
        for k in range(K):
            product = study.catalogue.product(self.keys[k])
            if product in base.products:
                p = base.products.index(product)
                unit = table[k] * columns.scaling[:, :, p] + columns.residual[:, :, p]
                bought[:, k] = unit * (1 - columns.import_share[:, :, p]) * material * money[:, p, None]
        if "heat" in base.products:
            p = base.products.index("heat")
            home = 1 - columns.import_share[:, :, p]
            bought[:, K] = columns.residual[:, :, p] * home * material * money[:, p, None]
        built = study.once(investment_recipes, self.year.year)
        abroad = self.economy.investment_import_share
        bought[:, K + 1:] = built[None] * (1 - abroad)[:, None, :]
        return bought

    def matrix(self, by_use: np.ndarray, member: np.ndarray) -> np.ndarray:
        """(Q, R, 2K + 1) what a unit in each province asks of the places' rows."""
        base, study, N, K, R = self.base, self.study, self.N, self.K, self.R
        G = len(member)
        bought = self.purchases()
        result = np.empty((len(by_use), R, 2 * K + 1))
        for s in range(R):
            result[:, s] = by_use[:, s] @ bought[s, :, :N].T
        placed = result[: len(PLACED) * G].reshape(len(PLACED), G, R, 2 * K + 1)
        made = {}
        for q, row in enumerate(PLACED):
            if row in MONEY_ROWS:
                p, i = base.products.index(row), base.industries.index(row)
                direct = bought[:, :, i] / base.product_price[p]
            elif row == "co2":
                direct = np.zeros((R, 2 * K + 1))
                direct[:, :K] = self.gross - self.stored
            else:
                direct = np.zeros((R, 2 * K + 1))
                direct[:, :K] = self._of_energy(row, self.intensity)
                if row == "electricity":
                    direct[:, [k for k, key in enumerate(self.keys) if key in STORAGE]] = 0.0
            where = member if row in ("heat", "electricity", "co2") else member @ self.tau[base.industries.index(row)]
            placed[q] += where[:, :, None] * direct[None]
        for product in FUEL_ROWS:
            own = list(study.of_product[product])
            made[product] = np.zeros((R, K))
            made[product][:, own] = 1.0
        metals, coke = base.energy_sectors.index("Metal smelting"), base.fuels.index("coke")
        burnt = self.intensity[:, :, coke] * study.accounts.owner[:, :, metals, coke]
        for g, group in enumerate(GROUPS):
            result[len(PLACED) * G + g, :, :K] += self._primary(group, self.intensity, burnt, made)
        return result

    def cost(self, chain: np.ndarray) -> np.ndarray:
        """(R, 2K + 1) primary cost per unit: labour, taxes and imports along the whole chain (E10).

        chain (R, N) primary cost per 10^8 yuan of commodity used. Fixed cost of power and storage is left out: it is
        charged on capacity.
        """
        N, abroad = self.N, self._import_share()
        home = np.zeros_like(abroad)
        home[:, :N] = chain
        spent = (1.0 - abroad) * home + abroad * self.import_prices
        money, labour = self._paid()
        return spent @ money.T + labour

    def _paid(self) -> tuple[np.ndarray, np.ndarray]:
        """What a unit pays to industries (2K + 1, J) and to labour (2K + 1,), 10^8 yuan; found once a year."""
        known = self.economy.paid_by_units
        if self.year.year in known:
            return known[self.year.year]
        base, study, K = self.base, self.study, self.K
        money, labour = np.zeros((2 * K + 1, len(base.industries))), np.zeros(2 * K + 1)

        def pay(column: int, industry: str, amount: float) -> None:
            if industry == LABOUR:
                labour[column] += amount
            else:
                money[column, base.industries.index(industry)] += amount

        value = study.catalogue.value
        for k, key in enumerate(self.keys):
            technology = study.catalogue.technology(key)
            p = base.products.index(technology.product) if technology.product in base.products else None
            for commodity, amount in study.catalogue.inputs(key, self.year.year).items():
                if commodity not in BALANCED:
                    c = study.catalogue.commodities[commodity]
                    factor = study.price_factors[base.industries.index(c.industry), p] if p is not None else 1.0
                    paid = amount * c.price * factor
                    if commodity in RENTED:
                        # its scarcity is the dual of its own row: the seller's surplus would count it twice
                        paid *= 1.0 - surplus_share(self.base, c.industry)
                    pay(k, c.industry, paid)
            running = value(key, "variable_om", year=self.year.year)
            if technology.dispatch == "annual":
                output = value(key, "activity_per_capacity") * value(key, "availability")
                running += value(key, "fixed_om", year=self.year.year) / output
            for industry, share in study.catalogue.recipes[technology.operation_recipe, "operation"].items():
                pay(k, industry, share * running)
            for industry, amount in study.catalogue.investment_inputs(key, self.year.year).items():
                pay(K + 1 + k, industry, amount)
        known[self.year.year] = money, labour
        return money, labour

    def _import_share(self) -> np.ndarray:
        base = self.base
        inputs = base.domestic_coefficients + base.import_coefficients
        bought = np.einsum("sij,sj->si", inputs, base.output)
        abroad = np.einsum("sij,sj->si", base.import_coefficients, base.output)
        return np.divide(abroad, bought, out=np.zeros_like(bought), where=bought > 0)

    def total(self, member: np.ndarray) -> np.ndarray:
        """(Q,) what the year's economy asks of every row."""
        base, year = self.base, self.year
        energy = year.energy
        use = energy.use.sum(axis=1)
        rows = []
        for row in PLACED:
            if row == "electricity":
                # Losses between provinces and in storage have rows of their own.
                amount = (self._of_energy(row, use) - self.losses
                          - self._of_energy(row, self._storage_use()))
            elif row == "heat":
                amount = self._of_energy(row, use)
            elif row == "co2":
                owned = payers(self.study, year, self.study.scenario.carbon.scope)
                amount = owned.industries.sum(axis=1) + owned.households.sum(axis=1) - owned.removed
            else:
                amount = year.production[:, base.products.index(row)]
            rows.append(member @ amount)
        primary = primary_energy(self.study, year)
        nation = [primary[f"Primary Energy|{g}"].sum() for g in GROUPS]
        return np.concatenate([np.concatenate(rows), nation])

    def _storage_use(self) -> np.ndarray:
        own = [k for k, key in enumerate(self.keys) if key in STORAGE]
        return np.einsum("rkf,rk->rf", self.intensity[:, own], self.year.activity[:, own])

