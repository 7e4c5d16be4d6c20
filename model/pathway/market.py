"""What a solved programme says to prices: price of a tonne, what fleets cost, rents of scarce resources (E12)."""

from __future__ import annotations

import numpy as np

from model.pathway.assembled import Assembled, Plan
from model.pathway.draft import Draft
from model.pathway.prices import Market, base_market, import_prices
from model.pathway.requirements_of_year import PLACED, surplus_share
from model.pathway.timing import annuity
from model.pathway.unit_costs import Fleets, UnitCosts


def markets(whole: Assembled, plan: Plan, z: np.ndarray, prices: np.ndarray, multipliers: np.ndarray,
            costs: UnitCosts | None = None) -> list[Market]:
    """Market of every model year; the first is the base year's. costs : of the study, made when not given.

    z, prices (product rows), multipliers (other rows) : the programme's point and its duals. With `average` prices
    fleets are paid annuities, with `marginal` what the duals of their capacity and their sites pay.
    """
    d, study = whole.draft, whole.draft.study
    costs = costs or UnitCosts(study)
    place = d.places.member.argmax(axis=0)
    carbon = _rows(d, prices)[:, PLACED.index("co2")]                             # (T, G)
    rent = _rents(d, whole, multipliers)                                          # (T, G, K)
    capacity = _standing(d, plan)
    if study.scenario.demand.price_response == "marginal":
        capital = _earned(d, whole, plan, z, prices, multipliers)
    else:
        capital = _annuities(d, plan, costs)
    found = [base_market(study, costs.base_fleets)]
    for t in range(d.T):
        found.append(Market(carbon[t][place], import_prices(study, d.years[t]), Fleets(capacity[:, t], capital[:, t]),
                            rent[t][place]))
    return found


def _rows(d: Draft, prices: np.ndarray) -> np.ndarray:
    """(T, rows, G) duals of the placed rows, 10^8 yuan of the year per unit."""
    return prices.reshape(d.T, -1)[:, : len(PLACED) * d.G].reshape(d.T, len(PLACED), d.G) / d.weight[:, None, None]


def _rents(d: Draft, whole: Assembled, multipliers: np.ndarray) -> np.ndarray:
    """(T, G, K) paid for biomass and scrap per unit of activity beyond their price."""
    fuel, base = d.study.base.fuels.index("biomass"), d.study.base
    value = -multipliers[whole.kept(d.biomass_rows)].reshape(d.G, d.T) / d.weight
    rent = np.stack([r.intensity[:, :, fuel] * value[:, [t]] for t, r in enumerate(d.requirements)])
    for item, rows in d.scrap_rows.items():
        # sellers' surplus of the base year is in the price that is paid already
        commodity = d.study.catalogue.commodities[item]
        worth = -multipliers[whole.kept(rows)] / d.weight - commodity.price * surplus_share(base, commodity.industry)
        worth = np.maximum(worth, 0.0)
        asked = np.array([d.study.catalogue.inputs(key, base.year).get(item, 0.0) for key in d.keys])
        rent = rent + worth[:, None, None] * asked
    return rent


def _standing(d: Draft, plan: Plan) -> np.ndarray:
    """(K, T) national capacity that has been paid for and not outlived, used or not."""
    return plan.retained.sum(axis=0)


def _annuities(d: Draft, plan: Plan, costs: UnitCosts) -> np.ndarray:
    """(K, T) annuities of what stands, each vintage at the price of its year. What is refitted takes the mean annuity
    of its source along and is paid the refit over the years it has left."""
    price = np.stack([costs.capital(y) for y in d.years], axis=1)                    # (K, built T)
    old = d.places.standing[:, :, 1:].sum(axis=0) * costs.capital(d.study.base.year)[:, None]
    found = old + np.einsum("gkv,kv,kvt->kt", plan.building, price, d.vintage)
    refits, economics = d.refits, d.study.scenario.economics
    before = d.places.standing[:, :, 1:].sum(axis=0) + np.einsum("gkv,kvt->kt", plan.building, d.vintage)
    mean = np.divide(found, before, out=np.zeros_like(found), where=before > 0)
    for i, (k, s, t) in enumerate(zip(refits.target, refits.source, refits.year, strict=True)):
        spent = plan.refit[:, k, t].sum() * refits.part[i]
        stands = spent * refits.moved[i]
        rate = economics.technology_rates.get(d.keys[k], economics.discount_rate)
        new = d.value(d.keys[k], "capex", d.years[t]) * refits.part[i] * annuity(rate, refits.life[i])
        found[s] -= stands * mean[s]
        found[k] += stands * (mean[s] + new)
    return found


def _earned(d: Draft, whole: Assembled, plan: Plan, z: np.ndarray, prices: np.ndarray,
            multipliers: np.ndarray) -> np.ndarray:
    """(K, T) what duals pay fleets: their capacity rows, and the sites that limit what may stand."""
    value = -multipliers[whole.kept(d.standing_rows.ravel())].reshape(d.standing_rows.shape)     # (G, K, T)
    stands = plan.retained
    output = np.ones(d.K)
    for k in d.annual:
        output[k] = d.value(d.keys[k], "activity_per_capacity") * d.value(d.keys[k], "availability")
    paid = value * stands * output[None, :, None]
    c = whole.complete
    scarce = c.cost - c.B.T @ prices + c.M.adjoint(prices) - c.K.T @ multipliers
    sites = np.where(d.capacity >= 0, -np.minimum(scarce[d.capacity], 0.0) * z[d.capacity], 0.0)
    return (paid + sites).sum(axis=0) / d.weight
