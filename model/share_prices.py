"""Price response where technology shares are given (E12): no programme, so prices come from costs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from io_tables.errors import NotConverged
from model.pathway.prices import Market, Mix, Response, base_market, import_prices, mix_of, prices_of, respond
from model.pathway.unit_costs import UnitCosts

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.study import Study, Year

#: Rounds of a year and its prices until the mix is settled.
ROUNDS = 30


class SharePrices:
    """The mix of consumption of every year of a study with given shares."""

    def __init__(self, study: Study):
        self.study, self.mix, self.costs = study, Mix.unmoved(study), UnitCosts(study)

    @property
    def reacting(self) -> bool:
        """Whether prices move consumption."""
        return self.study.scenario.demand.price_response != "none"

    def market(self, year: int) -> Market:
        """The scenario's price of CO2 and of imports; capital by catalogue, nothing scarce."""
        study, price = self.study, self.study.scenario.carbon.price
        market = base_market(study, None)
        paid = 0.0
        if price is not None and (price.is_constant or year >= min(price)):
            paid = price.at(year) * 1e-2            # yuan per tonne, 10^8 yuan per Mt
        return Market(market.carbon + paid, import_prices(study, year), None, market.rent)

    def settled(self, t: int, year: Year, again: Callable[[Year], Year]) -> Year:
        """A year and the mix its prices ask for, solved in turn until they agree; again(year) solves with `mix`.

        Raises NotConverged.
        """
        tolerance, change, start = self.study.scenario.coupling.tolerance, np.inf, None
        for _ in range(ROUNDS):
            prices = prices_of(self.costs, year, self.market(year.year), start)
            new, start = mix_of(self.study, t, year, prices, self.mix), prices.made
            change = float(np.abs(new - self.mix.factors[t]).max())
            if change <= tolerance:
                return year
            self.mix.factors[t] = new
            year = again(year)
        raise NotConverged(f"consumption and prices of {year.year}", change, tolerance, ROUNDS)

    def response(self, years: list[Year]) -> Response:
        """Prices of solved years."""
        markets = [base_market(self.study, None), *(self.market(y.year) for y in years[1:])]
        return respond(self.study, years, markets, self.mix)
