"""How a pathway programme counts time and money: periods, discounting, survival, salvage (E10).

Published systems differ in these conventions and in nothing else that matters to their optimum;
each is a named choice here, so that a system is entered as tables and solved as published.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from io_tables.errors import InputError, Problem, did_you_mean

CHOICES = {
    "period": ("start", "end", "middle"),
    "operation": ("start", "middle", "end", "year"),
    "investment": ("start", "middle", "end", "year"),
    "new_capacity": ("period", "yearly"),
    "salvage": ("straight_line", "sinking_fund", "none", "table"),
    "survival": ("share", "whole"),
    "retirement": ("free", "none"),
    "budget": ("sum", "mean"),
}


@dataclass(frozen=True)
class Conventions:
    """Named settings; the defaults are those of E10 with five-year steps.

    discount_rate : real, per year. base_year : instant to which money is discounted (default: the
    start of the first period).
    period : the named year opens its period (`start`), closes it (`end`), or lies in it with half
    the gap on either side (`middle`: weights of the trapezium rule between the first and last year).
    operation, investment : the instant of the period at which running and capital costs fall;
    `year` is the named year itself. yearly : every year of a period is discounted on its own, at
    its start, middle or end (MESSAGEix: end), instead of the whole period at one instant.
    new_capacity : a unit of new capacity is one unit once (`period`) or one unit in every year of
    the period (`yearly`, MESSAGEix).
    salvage : value left at the end of the horizon, credited there: in proportion to remaining life
    (`straight_line`), by a sinking fund at the discount rate (OSeMOSYS; equal to paying only the
    annuities inside the horizon), `none`, or the present share in the table `salvage`.
    survival : in the period in which its life ends a vintage counts for the `share` of it, or
    `whole` if its age at the period's start is below its life.
    retirement : capacity may stand below what survives (`free`, fixed costs are saved) or not.
    budget : an emission budget limits the `sum` over years or the yearly `mean`.
    """

    discount_rate: float = 0.05
    base_year: float | None = None
    period: str = "start"
    operation: str = "middle"
    investment: str = "middle"
    yearly: bool = False
    new_capacity: str = "period"
    salvage: str = "straight_line"
    survival: str = "share"
    retirement: str = "free"
    budget: str = "sum"

    def __post_init__(self):
        mistakes = [Problem(f"conventions.{name}", f"'{getattr(self, name)}' is not a choice",
                            did_you_mean(str(getattr(self, name)), allowed))
                    for name, allowed in CHOICES.items() if getattr(self, name) not in allowed]
        if not self.discount_rate > -1.0:
            mistakes.append(Problem("conventions.discount_rate", f"{self.discount_rate} is not above -1"))
        if self.yearly and "year" in (self.operation, self.investment):
            mistakes.append(Problem("conventions.yearly", "years of a period cannot all fall in the named year",
                                    "choose start, middle or end"))
        if mistakes:
            raise InputError(mistakes)

    def as_dict(self) -> dict:
        """Names and values, for reports."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class Timeline:
    """Periods of a programme; all arrays (Y,), time in years."""

    years: np.ndarray
    start: np.ndarray              # instant the period begins
    duration: np.ndarray
    operation_weight: np.ndarray   # present value of 1 per year throughout the period
    investment_weight: np.ndarray  # present value of the capital cost of 1 unit of the new-capacity column
    capacity_per_new: np.ndarray   # capacity that 1 unit of the column adds
    conventions: Conventions
    base: float

    @property
    def end(self) -> float:
        return float(self.start[-1] + self.duration[-1])

    def discount(self, instant):
        """Present value of 1 at an instant."""
        return (1.0 + self.conventions.discount_rate) ** (self.base - np.asarray(instant, dtype=float))


def timeline(years, durations, conventions: Conventions) -> Timeline:
    """Lay out periods. `durations` (Y,) or None: from the gaps between years.

    The open end (last period for `start`, first for `end`) takes the neighbouring gap; a single
    period lasts one year. Raises InputError unless years increase and durations are positive.
    """
    years = np.asarray(years, dtype=float)
    gaps = np.diff(years)
    if years.size == 0 or (gaps <= 0).any():
        raise InputError("periods: years must be at least one and increase")
    if durations is None:
        durations = _durations(gaps, years.size, conventions.period)
    durations = np.asarray(durations, dtype=float)
    if durations.shape != years.shape or not (durations > 0).all():
        raise InputError("periods: every duration must be a positive number of years")
    first = {"start": years[0], "middle": years[0], "end": years[0] - durations[0]}[conventions.period]
    start = first + np.concatenate([[0.0], np.cumsum(durations[:-1])])
    base = start[0] if conventions.base_year is None else float(conventions.base_year)
    rate, yearly = conventions.discount_rate, conventions.yearly

    def weight(timing: str, lump: bool) -> np.ndarray:
        if lump or not yearly:
            offset = {"start": 0.0, "middle": 0.5, "end": 1.0}.get(timing, np.nan)
            instant = years if timing == "year" else start + offset * durations
            return (1.0 + rate) ** (base - instant) * (1.0 if lump else durations)
        offset = {"start": 0.0, "middle": 0.5, "end": 1.0}[timing]
        return np.array([_years(s - base, d, offset, rate) for s, d in zip(start, durations, strict=True)])

    every_year = conventions.new_capacity == "yearly"
    return Timeline(years, start, durations, weight(conventions.operation, False),
                    weight(conventions.investment, not every_year),
                    durations if every_year else np.ones_like(durations), conventions, base)


def _durations(gaps, count, period):
    if count == 1:
        return np.ones(1)
    if period == "middle":
        return (np.append(gaps, 0.0) + np.append(0.0, gaps)) / 2.0
    return np.append(gaps, gaps[-1]) if period == "start" else np.append(gaps[0], gaps)


def _years(start: float, duration: float, offset: float, rate: float) -> float:
    """Present value of 1 in every year; a last broken year counts for its part."""
    whole = int(np.floor(duration + 1e-9))
    parts = np.append(np.ones(whole), duration - whole)
    return float(parts @ (1.0 + rate) ** -(start + np.arange(whole + 1) + offset))


def surviving(born, life, times: Timeline) -> np.ndarray:
    """Share of a vintage standing in each period: born, life (...) -> (..., Y).

    `born` is the instant it starts to run. Infinite life never ends.
    """
    born, life = np.asarray(born, dtype=float)[..., None], np.asarray(life, dtype=float)[..., None]
    begin, end = times.start, times.start + times.duration
    if times.conventions.survival == "whole":
        return ((begin - born >= -1e-9) & (begin - born < life - 1e-9)).astype(float)
    overlap = np.minimum(end, born + life) - np.maximum(begin, born)
    return np.clip(overlap / times.duration, 0.0, 1.0)


def surviving_by_age(born, ages, shares, times: Timeline) -> np.ndarray:
    """Share standing at mid-period from a survival table, linear between its ages: born (...) -> (..., Y)."""
    age = times.start + times.duration / 2.0 - np.asarray(born, dtype=float)[..., None]
    return np.where(age > 0.0, np.interp(age, ages, shares), 0.0)


def capital_weight(life, hurdle, salvage_share, times: Timeline) -> np.ndarray:
    """Present value of one unit of capital cost, net of salvage: life, hurdle (..., Y) -> (..., Y).

    hurdle : the technology's own rate (nan: the discount rate). The cost is then charged as the
    annuity at the hurdle rate over its life, valued at the discount rate, payments at year starts.
    salvage_share (..., Y): present share credited under the convention `table`.
    """
    rate, rule = times.conventions.discount_rate, times.conventions.salvage
    life, hurdle = np.asarray(life, dtype=float), np.asarray(hurdle, dtype=float)
    used = times.end - times.start
    left = np.where(np.isfinite(life), np.maximum(1.0 - used / np.where(np.isfinite(life), life, 1.0), 0.0), 1.0)
    if rule == "none":
        credit = np.zeros(np.broadcast_shapes(life.shape, used.shape))
    elif rule == "table":
        credit = np.broadcast_to(salvage_share, np.broadcast_shapes(life.shape, used.shape))
    else:
        if rule == "sinking_fund" and rate != 0.0:
            finite = np.where(np.isfinite(life), life, 1e3)
            left = np.maximum(1.0 - ((1.0 + rate) ** used - 1.0) / ((1.0 + rate) ** finite - 1.0), 0.0)
        credit = left * times.discount(times.end) * times.capacity_per_new / times.investment_weight
    own = ~np.isnan(hurdle)
    due = _annuity(np.full_like(hurdle, rate), life)
    charged = np.ones(np.broadcast_shapes(hurdle.shape, life.shape))
    np.divide(_annuity(np.where(own, hurdle, rate), life), due, out=charged, where=own & (due > 0.0))
    return times.investment_weight * charged * (1.0 - credit)


def _annuity(rate, life):
    """Yearly payment at year starts that repays 1 over a life."""
    rate, life = np.broadcast_arrays(np.asarray(rate, dtype=float), np.asarray(life, dtype=float))
    safe = np.where(rate == 0.0, 1.0, rate)
    with np.errstate(over="ignore"):
        paid = (1.0 - 1.0 / (1.0 + safe)) / (1.0 - (1.0 + safe) ** -life)
    return np.where(rate == 0.0, np.where(np.isfinite(life), 1.0 / np.where(np.isfinite(life), life, 1.0), 0.0), paid)
