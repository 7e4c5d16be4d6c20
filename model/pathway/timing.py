"""Weights of years and vintages: values run linearly between model years, money is discounted (E10)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.technology.stock import WEIBULL_SHAPE, survival


@dataclass(frozen=True)
class Timing:
    """T model years, Y calendar years after the first.

    span (T, T_y) : weight of each model year in each calendar year (linear between, sums to 1).
    builds (T, T_y) : the same for yearly additions, which are even over the years before the first solved year.
    discount (T_y,) : value in the first year of a yuan spent in each calendar year.
    operation (T,) : what a yuan a year at a model year costs over the horizon.
    """

    years: tuple[int, ...]
    calendar: np.ndarray
    span: np.ndarray
    builds: np.ndarray
    discount: np.ndarray
    operation: np.ndarray
    rate: float
    middle: bool
    salvaged: bool

    @staticmethod
    def of(years, *, rate: float, middle: bool = True, salvage: bool = True, weights: str = "trapezium") -> Timing:
        """years : increasing; rate : real social discount rate; weights : trapezium or step (each year stands for
        the years up to it)."""
        calendar = np.arange(years[0], years[-1] + 1)
        span = np.stack([np.interp(calendar, years, row) for row in np.eye(len(years))])
        step = np.zeros_like(span)
        step[np.searchsorted(years, calendar), np.arange(len(calendar))] = 1.0
        if weights == "step":
            span = step
        builds = span.copy()
        first = (calendar > years[0]) & (calendar <= years[1])
        builds[:, first] = step[:, first]
        builds[:, calendar == years[0]] = 0.0
        discount = (1.0 + rate) ** -(calendar - years[0] + (0.5 if middle else 0.0))
        return Timing(tuple(years), calendar, span, builds, discount, span @ discount, rate, middle, salvage)

    @property
    def lengths(self) -> np.ndarray:
        """(T,) calendar years each model year stands for."""
        return self.span.sum(axis=1)

    def standing(self, lifetime: float, start: float = 0.0) -> np.ndarray:
        """(T, T) capacity standing in year [., t] per unit a year added at model year [v, .].

        start : age at which it is added; it has survived so far.
        """
        age = np.array(self.years)[None, :] - self.calendar[:, None]
        share = survival(np.where(age >= 0, age + start, -1), lifetime, shape=WEIBULL_SHAPE)
        return self.builds @ (share / survival(start, lifetime, shape=WEIBULL_SHAPE))

    def build_cost(self, lifetime: float, rate: float | None = None) -> np.ndarray:
        """(T,) discounted cost of adding one unit a year at each model year, per yuan of its price, less salvage.

        rate : cost of capital where it differs; capital is then charged as an annuity at that rate.
        """
        left = np.zeros(len(self.calendar))
        if self.salvaged:
            end = self.calendar[-1] + 1.0
            remaining = np.clip(1.0 - (end - self.calendar) / lifetime, 0.0, None)
            left = remaining * (1.0 + self.rate) ** -(end - self.calendar)
        markup = 1.0
        if rate is not None and rate != self.rate:
            markup = annuity(rate, lifetime) / annuity(self.rate, lifetime)
        return self.builds @ (self.discount * (1.0 - left)) * markup


def annuity(rate: float, lifetime: float) -> float:
    """Yearly payment per yuan invested."""
    return 1.0 / lifetime if rate == 0 else rate / (1.0 - (1.0 + rate) ** -lifetime)
