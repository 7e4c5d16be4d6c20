"""Quotas for all years, and when each province peaks.

Arrays (T, R) by year and province in Mt CO2, years increasing. A path applies a rule of `allocation` year
by year; the peak calendar is read from a path, or a path is moved as little as possible until every province
peaks in the year asked of it while the years still sum to the nation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from io_tables.arrays import numbers
from io_tables.errors import Infeasible, InputError, Problem
from model.carbon.allocation import contraction_and_convergence
from model.carbon.water_filling import vector
from model.programme import INFINITY, Programme, minimise

#: A year counts as plateau when the emissions reach this share of the peak.
PLATEAU = 0.99


def by_year(rule: Callable[..., np.ndarray], caps, *drivers, **bounds) -> np.ndarray:
    """Apply a rule in every year: caps (T,), each driver (T, R), (R,) constant, or (T,) one number a year.

    Returns quotas (T, R). Bounds `lower`, `upper` (T, R) or (R,) go along. Raises as the rule does, with
    the position of the year.
    """
    caps = np.atleast_1d(numbers("caps", caps))
    rows = []
    for t, cap in enumerate(caps):
        try:
            rows.append(rule(float(cap), *(_of_year(d, t, caps.size) for d in drivers),
                             **{k: _of_year(v, t, caps.size) for k, v in bounds.items()}))
        except Infeasible as error:
            raise Infeasible(f"year no. {t}: {error}", error.clashing) from error
        except InputError as error:
            raise InputError([Problem(f"year no. {t}: {p.where}", p.what, p.remedy) for p in error.problems]) from error
    return np.array(rows)


def _of_year(values, t: int, count: int):
    values = numbers("values", values)
    if values.ndim == 2 and len(values) != count:
        raise InputError(Problem("driver", f"shape {values.shape}", f"expected ({count}, R)"))
    return values[t] if values.ndim == 2 else values


def convergence_weights(years: Sequence[int], start: int, convergence_year: int) -> np.ndarray:
    """Weight of equal quotas per head by year (T,): 0 to `start`, then linear to 1 in the convergence year."""
    if convergence_year <= start:
        raise InputError(Problem("convergence_year", f"{convergence_year} is not after the start {start}"))
    return np.clip((numbers("years", years) - start) / (convergence_year - start), 0.0, 1.0)


def convergence_path(caps, emissions, population, years, *, start: int, convergence_year: int, **bounds) -> np.ndarray:
    """Contraction and convergence for all years (T, R): emissions (R,) of the start year, population (T, R)."""
    caps = vector("caps", caps, len(years))
    emissions = vector("emissions", emissions)
    population = numbers("population", population)
    if population.shape not in ((emissions.size,), (caps.size, emissions.size)):
        raise InputError(
            Problem("population", f"shape {population.shape}", f"expected ({caps.size}, {emissions.size})")
        )
    population = np.broadcast_to(population, (caps.size, emissions.size))
    weights = convergence_weights(years, start, convergence_year)
    return np.array([
        contraction_and_convergence(float(cap), emissions, population[t], float(weights[t]),
                                    **{k: _of_year(v, t, caps.size) for k, v in bounds.items()})
        for t, cap in enumerate(caps)
    ])


def peak_calendar(paths, years, regions: Sequence[str]) -> pd.DataFrame:
    """When each province and the nation peak on paths (T, R); ties take the first year.

    Columns: region, peak_year, peak_level (Mt), plateau_until (last year within 1 % of the peak in one
    run from it), last_level, after_nation (years; negative = before). The nation is the sum of the provinces.
    """
    paths, years = numbers("paths", paths), np.asarray(years)
    if paths.shape != (years.size, len(regions)):
        raise InputError(Problem("paths", f"shape {paths.shape}", f"expected ({years.size}, {len(regions)})"))
    whole = np.column_stack([paths, paths.sum(axis=1)])
    peak = whole.argmax(axis=0)
    until = []
    for r, t in enumerate(peak):
        below = np.flatnonzero(whole[t:, r] < PLATEAU * whole[t, r])
        until.append(years[t + below[0] - 1] if below.size else years[-1])
    return pd.DataFrame({
        "region": [*regions, "China"],
        "peak_year": years[peak],
        "peak_level": whole.max(axis=0),
        "plateau_until": until,
        "last_level": whole[-1],
        "after_nation": years[peak] - years[peak[-1]],
    })


def with_peaks(paths, years, peak_years, regions: Sequence[str], *, lower=None, method: str = "simplex") -> np.ndarray:
    """Move paths (T, R) as little as possible so that each province rises to its peak year and falls after it.

    Least sum of absolute changes; every year keeps its national total, so the calendar is consistent with
    the nation; the first year stays as it is. peak_years (R,) among `years`; lower (T, R) or None.

    Raises Infeasible, naming the years, when the nation still rises after every province has peaked, or falls
    before any has.
    """
    paths, years, peaks = numbers("paths", paths), np.asarray(years), np.asarray(peak_years)
    T, R = paths.shape
    unknown = [Problem(f"peak year of {regions[r]}", f"{peaks[r]} is not a model year",
                       f"allowed: {', '.join(map(str, years))}") for r in range(R) if peaks[r] not in years]
    if unknown:
        raise InputError(unknown)
    at = np.searchsorted(years, peaks)
    nation = paths.sum(axis=1)
    rises = np.diff(nation) > 1e-9 * np.abs(nation).max()
    falls = np.diff(nation) < -1e-9 * np.abs(nation).max()
    wrong = [f"{years[t]}-{years[t + 1]}: the nation rises, all provinces have peaked"
             for t in range(T - 1) if rises[t] and (at <= t).all()]
    wrong += [f"{years[t]}-{years[t + 1]}: the nation falls, no province has peaked"
              for t in range(T - 1) if falls[t] and (at > t).all()]
    if wrong:
        raise Infeasible("peak years do not fit the nation: " + "; ".join(wrong), ("national path", "peak years"))
    programme = Programme()
    fixed = np.arange(T)[:, None] == 0
    low = np.full((T, R), -INFINITY) if lower is None else np.broadcast_to(numbers("lower", lower), (T, R))
    quota = programme.add_columns("quota", (T, R), lower=np.where(fixed, paths, low),
                                  upper=np.where(fixed, paths, INFINITY))
    up, down = (programme.add_columns(name, (T, R), cost=1.0) for name in ("up", "down"))
    change = programme.add_rows("change", (T, R), lower=paths, upper=paths)
    programme.add(change, quota, 1.0)
    programme.add(change, up, -1.0)
    programme.add(change, down, 1.0)
    total = programme.add_rows("total", T, lower=nation, upper=nation)
    programme.add(total[:, None], quota, 1.0)
    slope = programme.add_rows("slope", (T - 1, R), lower=0.0)
    sign = np.where(np.arange(T - 1)[:, None] < at[None, :], 1.0, -1.0)
    programme.add(slope, quota[1:], sign)
    programme.add(slope, quota[:-1], -sign)
    solution = minimise(programme, method)
    if not solution.optimal:
        raise Infeasible("peak years and lower bounds leave no path that sums to the nation every year",
                         ("national path", "peak years", "lower bounds" if lower is not None else "first year"))
    found = solution.value("quota")
    # the solver meets the sums to its tolerance only; the rest goes to the province with the most room
    found[np.arange(T), np.abs(found).argmax(axis=1)] += nation - found.sum(axis=1)
    return found
