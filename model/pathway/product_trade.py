"""Product trade within a band (E10): where a good is bought may leave the base pattern, by at most a part of each flow.

    (1 - b_t) tau_i[r,s] D_i[s] <= flow_i[r,s] <= (1 + b_t) tau_i[r,s] D_i[s],   sum_r flow_i[r,s] = D_i[s]

tau is the trade pattern of the year as the closure leaves it (E7), before anything is moved, and D what the year's
economy uses: bounds are always those of the base pattern and never compound. The programme's columns are the amounts
moved; what they make of the pattern goes into the economy of the year, whose outputs then follow them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from io_tables.base_year import BaseYear
from model.carbon.flows import between
from model.macro.closure import shifted_trade_shares

if TYPE_CHECKING:
    from model.physical_year import Year
    from model.study import Study

#: Goods that are carried from province to province; freight is a service, fuels are counted in the energy accounts.
GOODS = ("steel", "aluminium", "cement", "glass", "ammonia", "methanol", "ethylene", "paper")
#: Flows that carry less than this part of what a province uses of a good stay as they are.
LEAST = 0.01
#: Product whose price is paid for carrying a good further.
CARRIER = "freight"


def goods_of(base: BaseYear) -> tuple[str, ...]:
    """The goods of a base year whose trade may move."""
    return tuple(g for g in GOODS if g in base.products)


def industries_of(base: BaseYear) -> list[int]:
    """(P,) industries that make them."""
    return [base.industries.index(g) for g in goods_of(base)]


@dataclass(frozen=True)
class Links:
    """N flows that may move.

    good, origin, destination (N,) positions; haulage (N,) 10^8 yuan of 2020 to carry a Mt along.
    """

    good: np.ndarray
    origin: np.ndarray
    destination: np.ndarray
    haulage: np.ndarray

    def most(self, band: np.ndarray, reference: list[np.ndarray]) -> np.ndarray:
        """(N, T) Mt by which a flow may leave the base pattern; band (T,), reference : (P, R, R) Mt of each year."""
        own = [flows[self.good, self.origin, self.destination] for flows in reference]
        return band * np.maximum(np.stack(own, axis=1), 0.0)

    def table(self, amounts: np.ndarray, goods: int, places: int) -> np.ndarray:
        """Amounts (N,) as goods x origin x destination."""
        result = np.zeros((goods, places, places))
        result[self.good, self.origin, self.destination] = amounts
        return result


def links_of(base: BaseYear) -> Links:
    """Flows of the base year's pattern from LEAST on."""
    shares = base.trade_shares[industries_of(base)]
    good, origin, destination = np.nonzero(shares >= LEAST)
    price = float(base.product_price[base.products.index(CARRIER)]) if CARRIER in base.products else 0.0
    # Mt km are 10^-3 x 10^9 tkm
    return Links(good, origin, destination, price * 1e-3 * haul(base)[origin, destination])


def haul(base: BaseYear) -> np.ndarray:
    """(R, R) km between provinces, within one half the way to its nearest neighbour; zeros for unknown places."""
    km, R = between(base.regions), len(base.regions)
    if km is None or R < 2:
        return np.zeros((R, R))
    np.fill_diagonal(km, np.inf)
    np.fill_diagonal(km, km.min(axis=1) / 2)
    return km


def band_of(study: Study, years, lived: int | None = None) -> np.ndarray:
    """(T,) the scenario's band in each year; none in years already lived."""
    path = study.scenario.technology.trade_band
    return np.array([0.0 if lived is not None and year <= lived else path.at(year) for year in years])


def asked_for(study: Study) -> bool:
    """Whether the scenario lets product trade move in any model year."""
    return bool((band_of(study, study.scenario.years[1:]) > 0).any())


def reference_shares(study: Study, year: Year) -> np.ndarray:
    """(P, R, R) trade pattern of the goods in a year had nothing been moved: the base year's, closed (E7)."""
    own = industries_of(study.base)
    return shifted_trade_shares(study.base.trade_shares[own], year.economy.closed.kappa, study.traded[own])


def flows_of(study: Study, year: Year) -> tuple[np.ndarray, np.ndarray]:
    """(P, R, R) Mt of Chinese goods by origin and destination: as the base pattern has them, and what was moved."""
    base, own = study.base, industries_of(study.base)
    price = base.product_price[[base.products.index(g) for g in goods_of(base)]]
    used = (year.economy.domestic_use[:, own] / price).T                                    # (P, R)
    shares = reference_shares(study, year)
    moved = year.economy.closed.trade_shares[own] - shares
    return shares * used[:, None, :], moved * used[:, None, :]


def pattern_with(study: Study, year: Year, moved: np.ndarray) -> np.ndarray:
    """(P, R, R) base trade pattern that, closed as the year is (E7), has moved (P, R, R) Mt of what the year uses."""
    own = industries_of(study.base)
    reference, _ = flows_of(study, year)
    ratio = np.divide(reference + moved, reference, out=np.ones_like(reference), where=reference > 0)
    pattern = study.base.trade_shares[own] * np.maximum(ratio, 0.0)
    return pattern / pattern.sum(axis=1, keepdims=True)
