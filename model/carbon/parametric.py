"""Provincial abatement-cost curves from a few solves of the pathway programme under rising carbon limits.

`solve` is any function from a scenario to a coupled run over all provinces (with the economy moving or frozen as the
caller chooses). Each solve gives one point of every province's curve in every year: emissions at the year's price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from io_tables.errors import InputError, Problem
from model.carbon.cost_curves import CostCurves
from model.carbon.desk_run import PER_TONNE
from model.carbon.game import CurveGame
from model.carbon.plan_run import co2_price
from scenarios.quantities import YearPath
from scenarios.schema import Scenario

if TYPE_CHECKING:
    from model.coupling import Coupled

#: A tonne beyond the last point of a curve costs this many times the highest price of all points. assumed
BACKSTOP = 2.0
#: Prices closer than this (10^8 yuan per Mt) are one point.
SAME_PRICE = 1e-6
#: Carbon prices of a run's curves, as multiples of its own in the last year: above it removal from the air has no end.
MULTIPLES = (0.15, 0.4, 0.7, 1.0)
#: Relative gap at which a point is good enough, and passes at most.
CURVE_GAP, CURVE_PASSES = 1e-4, 12
_CO2_TARGETS = ("net_co2", "gross_co2", "co2_intensity")


def without_limits(scenario: Scenario) -> Scenario:
    """The scenario without any limit or price on CO2: the first point of the curves."""
    free = {"budget": None, "national_cap": None, "neutral_year": None, "peak_year": None, "provincial_caps": {},
            "price": None, "allocation": None}
    targets = tuple(t for t in scenario.targets if t.indicator not in _CO2_TARGETS)
    return scenario.model_copy(update={"carbon": scenario.carbon.model_copy(update=free), "targets": targets})


def at_prices(scenario: Scenario, prices: Sequence[float]) -> list[Scenario]:
    """The free scenario and the same at carbon prices in yuan per tonne, each growing at the discount rate.

    A price is that of the last model year, so that a tonne costs the same present value in every year, as under a
    budget.
    """
    free = without_limits(scenario)
    rate, last = scenario.economics.discount_rate, scenario.years[-1]

    def priced(price: float) -> Scenario:
        path = YearPath({year: price * (1.0 + rate) ** (year - last) for year in scenario.years[1:]})
        return free.model_copy(update={"carbon": free.carbon.model_copy(update={"price": path})})

    return [free, *(priced(p) for p in sorted(prices))]


def at_budgets(scenario: Scenario, budgets: Sequence[float]) -> list[Scenario]:
    """The free scenario and the same under budgets of cumulative net CO2, Mt, from loose to tight."""
    free = without_limits(scenario)
    return [free, *(free.model_copy(update={"carbon": free.carbon.model_copy(update={"budget": b})})
                    for b in sorted(budgets, reverse=True))]


def curve_game(solve: Callable[[Scenario], Coupled], scenarios: Sequence[Scenario], *,
               backstop: float = BACKSTOP) -> CurveGame:
    """Solve the scenarios and read the curves of every year. The first scenario is the reference (no price)."""
    prices, emissions, found = [], [], None
    for scenario in scenarios:
        found = solve(scenario)
        prices.append(co2_price(found))
        emissions.append(found.plan.net_co2.T)
    return game_of_points(found.outer.iterate.assembled.draft.years, found.study.base.regions, np.array(prices),
                          np.array(emissions), backstop=backstop)


def game_of_run(coupled: Coupled, *, multiples: Sequence[float] = MULTIPLES) -> CurveGame:
    """Curves of a finished run at its last economy: without limits on CO2, and at multiples of its own last price.

    A solve of the programme for each point. Raises InputError for a run without a carbon price in its last year.
    """
    # Imported here: frozen solves build on the programme, which divides caps by the rules of this room.
    from model.carbon.frozen import at_economy_of

    price = float(co2_price(coupled)[-1]) / PER_TONNE
    if not price > SAME_PRICE / PER_TONNE:
        raise InputError(Problem("curves", "the run has no carbon price in its last year",
                                 "curves need a run whose CO2 is limited or priced"))
    return curve_game(at_economy_of(coupled, gap=CURVE_GAP, passes=CURVE_PASSES),
                      at_prices(coupled.study.scenario, [m * price for m in multiples]))


def game_of_points(years, regions, prices: np.ndarray, emissions: np.ndarray, *,
                   backstop: float = BACKSTOP) -> CurveGame:
    """Curves by year from solved points: prices (K, T) money per Mt, emissions (K, T, R) Mt, the first the reference.

    Points with the same price in a year are one; emissions that rise with the price are mended (`mended`).
    Raises InputError for fewer than two points or a reference that has a price.
    """
    prices, emissions = np.asarray(prices, dtype=float), np.asarray(emissions, dtype=float)
    shape = (len(prices), len(years), len(regions))
    if len(prices) < 2 or prices.shape != shape[:2] or emissions.shape != shape:
        raise InputError(Problem("points", f"shapes {prices.shape}, {emissions.shape}",
                                 f"expected two or more points, (K, {shape[1]}) and (K, {shape[1]}, {shape[2]})"))
    if (prices[0] > SAME_PRICE).any():
        raise InputError(Problem("points", f"the reference has a carbon price ({prices[0].max():.6g})",
                                 "solve the first point without any limit on CO2"))
    highest = backstop * max(float(prices.max()), SAME_PRICE)
    curves, mended = [], np.zeros(len(years))
    for t in range(len(years)):
        order = [0, *(1 + np.argsort(prices[1:, t], kind="stable"))]
        kept = [0]
        for k in order[1:]:
            if prices[k, t] > max(prices[kept[-1], t], 0.0) + SAME_PRICE:
                kept.append(k)
        rising = np.concatenate([[0.0], prices[kept[1:], t]])
        curve, mended[t] = CostCurves.rising(rising, emissions[kept, t], backstop=highest, regions=tuple(regions))
        curves.append(curve)
    return CurveGame(tuple(years), tuple(regions), emissions[0], tuple(curves), mended)
