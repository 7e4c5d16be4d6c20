"""Who pays whom: payments between provinces that sum to zero.

Every function returns what a province receives (negative: pays), money in the unit of its arguments
(10^8 yuan of 2020 at producers' prices throughout the model). Transfers are an account of their own and
never part of GDP. The 31 provinces are the players; Hong Kong, Macau, Taiwan and other countries neither pay
nor receive: permits are not traded across the border and emissions embodied in foreign trade stay with the
province that exports them. Arrays are (R,) for one year or a present value, or (T, R) by year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from io_tables.arrays import numbers
from io_tables.errors import Infeasible, InputError, Problem
from model.carbon.cooperative import Sampled, core_violation, sampled_shapley, shapley
from model.carbon.nucleolus import Nucleolus, nucleolus
from model.carbon.owen import Owen, owen
from model.carbon.water_filling import named, share_out, vector, water_fill

__all__ = ["Nucleolus", "Owen", "Sampled", "SmallestTransfers", "annuity", "core_violation",
           "embodied_compensation", "equal_burden", "fiscal_formula", "nucleolus", "owen", "permit_trade",
           "present_value", "sampled_shapley", "shapley", "smallest_transfers"]

#: Largest gap between quotas and optimum, relative to all quotas, that counts as rounding.
BALANCE = 1e-6


def permit_trade(quota, optimum, price) -> np.ndarray:
    """Receipts from selling what the quota leaves at the optimum: t = price (quota - optimum); sums to zero.

    quota, optimum (R,) or (T, R) Mt CO2; price: number or (T,), money per Mt. Rounding of the sums is taken
    out in proportion to the quotas. Raises InputError if they differ by more: a surplus of permits has no
    price, and the rule's quotas must sum to what is emitted.
    """
    quota, optimum = numbers("quota", quota), numbers("optimum", optimum)
    price = numbers("price", price)
    if quota.shape != optimum.shape or quota.ndim not in (1, 2) or price.shape not in ((), quota.shape[:-1]):
        raise InputError(Problem("permit_trade", f"shapes {quota.shape}, {optimum.shape}, {price.shape}",
                                 "expected (R,) with a number or (T, R) with (T,) prices"))
    if not all(np.isfinite(v).all() for v in (quota, optimum, price)):
        raise InputError(Problem("permit_trade", "a quota, an emission or a price is missing"))
    gap = (quota - optimum).sum(axis=-1)
    size = np.abs(quota).sum(axis=-1)
    worst = np.abs(gap * (price != 0)) - BALANCE * np.maximum(size, 1.0)
    if (worst > 0).any():
        t = int(np.argmax(worst))
        raise InputError(Problem("permit_trade", f"quotas and emissions differ by {np.atleast_1d(gap)[t]:.6g} Mt"
                                 + (f" in year no. {t}" if quota.ndim == 2 else ""),
                                 "divide the emissions of the optimum, or set the price of a slack cap to zero"))
    share = np.divide(np.abs(quota), size[..., None], out=np.full(quota.shape, 1.0 / quota.shape[-1]),
                      where=size[..., None] > 0)
    return _zero_sum((quota - optimum - share * gap[..., None]) * price[..., None])


def embodied_compensation(embodied, price: float, *, share: float = 1.0) -> np.ndarray:
    """Users of goods pay producers for CO2 emitted on their behalf: t_r = share price (sum_s E_rs - sum_s E_sr).

    embodied (R, R) Mt: emitted in r (row) for final use in s (column), within China; share 0...1 of the
    carbon price that the user bears. Net exporters of embodied carbon receive.
    """
    embodied = numbers("embodied", embodied)
    if embodied.ndim != 2 or embodied.shape[0] != embodied.shape[1] or not np.isfinite(embodied).all():
        raise InputError(Problem("embodied", f"shape {embodied.shape}, or missing values", "expected (R, R)"))
    if not 0.0 <= share <= 1.0:
        raise InputError(Problem("share", f"{share}", "0 ... 1"))
    return _zero_sum(share * price * (embodied.sum(axis=1) - embodied.sum(axis=0)))


def fiscal_formula(population, capacity, rate: float, *, need=None) -> np.ndarray:
    """Equalisation by formula: t_r = rate (N_r K / N - K_r), N_r = population x need, K = capacity.

    capacity (R,) what a province can raise (revenue, or GDP less the cost of abatement), need (R,) cost of
    the same service relative to the nation (default 1); rate 0...1: 1 makes capacity per need the same
    everywhere. It is the shape of China's general transfers (standard spending less standard revenue,
    times a coefficient), made to sum to zero.
    """
    population = vector("population", population, sign=True)
    capacity = vector("capacity", capacity, population.size)
    needs = population * (1.0 if need is None else vector("need", need, population.size, sign=True))
    if not 0.0 <= rate <= 1.0:
        raise InputError(Problem("rate", f"{rate}", "0 ... 1"))
    return _zero_sum(rate * (share_out(float(capacity.sum()), needs, "population x need") - capacity))


def equal_burden(cost, gdp) -> np.ndarray:
    """The cost (R,) each province would bear if all bore the same share of GDP: c = sum cost / sum GDP."""
    cost = vector("cost", cost)
    return share_out(float(cost.sum()), vector("gdp", gdp, cost.size, sign=True), "gdp")


@dataclass(frozen=True)
class SmallestTransfers:
    """The least money that must move so that nobody is worse off than a reference."""

    transfer: np.ndarray    # (R,) receipts
    cost_after: np.ndarray  # (R,) cost less receipts, never above the reference
    volume: float           # money that changes hands, half the sum of |transfer|
    gain: float             # total reference less total cost: what co-operating saves


def smallest_transfers(cost, reference, *, weights=None, labels: Sequence[str] | None = None) -> SmallestTransfers:
    """Lift every province to its reference cost and no further, paid by those below theirs.

    cost (R,) borne without transfers; reference (R,): stand-alone with the same contracts, grandfathering
    without trade, `equal_burden`, ... The volume is the least possible whoever pays; `weights` (R,) >= 0 say
    who does (default: in proportion to what each gains), no payer going beyond its own reference.

    Raises Infeasible if the provinces together would be better off with the reference, by how much and who
    lacks most.
    """
    cost = vector("cost", cost)
    reference = vector("reference", reference, cost.size)
    short, room = np.maximum(cost - reference, 0.0), np.maximum(reference - cost, 0.0)
    volume = float(short.sum())
    if volume > room.sum() * (1.0 + 1e-12) + 1e-9 * max(1.0, np.abs(cost).max()):
        raise Infeasible(f"no transfer leaves everybody at the reference: together they would need "
                         f"{volume - room.sum():.6g} more (largest shortfalls: "
                         f"{named(labels, np.flatnonzero(short), short)})", ("reference", "total cost"))
    volume = min(volume, float(room.sum()))
    weights = room if weights is None else vector("weights", weights, cost.size, sign=True)
    paid = water_fill(np.zeros_like(room), volume, np.zeros_like(room), room, spread=weights)
    received = short * (volume / short.sum()) if volume > 0 else np.zeros_like(cost)
    transfer = _zero_sum(received - paid)
    return SmallestTransfers(transfer, cost - transfer, volume, float(reference.sum() - cost.sum()))


def present_value(flows, years: Sequence[int], *, rate: float, base_year: int | None = None) -> np.ndarray:
    """Present value (R,) of yearly flows (T, R) at model years: discounted in the year, trapezium between.

    rate real per year; base_year defaults to the first year. Raises InputError for other shapes or missing numbers.
    """
    flows, weights = numbers("flows", flows), _weights(years, rate, base_year)
    if flows.ndim != 2 or len(flows) != len(weights) or not np.isfinite(flows).all():
        raise InputError(Problem("flows", f"shape {flows.shape}", f"expected finite ({len(weights)}, R)"))
    return (weights[:, None] * flows).sum(axis=0)


def annuity(transfer, years: Sequence[int], *, rate: float, base_year: int | None = None) -> np.ndarray:
    """Level yearly payments (T, R) with the present value `transfer` (R,): what a horizon's deal costs a year."""
    weights = _weights(years, rate, base_year)
    return np.repeat(numbers("transfer", transfer)[None, :] / weights.sum(), len(weights), axis=0)


def _weights(years, rate, base_year):
    years = numbers("years", years)
    if years.ndim != 1 or not years.size or (np.diff(years) <= 0).any():
        raise InputError(Problem("years", f"{years}", "one or more rising years"))
    gaps = np.diff(years)
    span = np.ones(1) if years.size == 1 else (np.append(gaps, 0.0) + np.append(0.0, gaps)) / 2.0
    return span * (1.0 + rate) ** ((years[0] if base_year is None else base_year) - years)


def _zero_sum(transfer):
    """Put the rounding (not more) of a sum of zero on the largest payment."""
    at = np.abs(transfer).argmax(axis=-1)[..., None]
    rest = transfer.sum(axis=-1, keepdims=True)
    np.put_along_axis(transfer, at, np.take_along_axis(transfer, at, -1) - rest, -1)
    return transfer
