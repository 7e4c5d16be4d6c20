"""The multi-regional table of a solved year, in the same form as the base year's: for tracing, footprints, checks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from io_tables.base_year import BaseYear
from io_tables.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from model.study import Study, Year


def table_of_year(study: Study, year: Year) -> BaseYear:
    """The base year with the economy, energy use and CO2 of `year` in place of its own; `.mrio` is its table.

    Real money: 10^8 yuan of the base year. CO2 is what leaves the stack: gross, by source, capture apart.
    """
    base, e = study.base, year.economy
    demand, closed = e.demand, e.closed
    value_added = base.value_added.sum(axis=0)
    share = np.divide(base.value_added, value_added, out=np.full_like(base.value_added, 0.25), where=value_added != 0)
    # A province that did not make something has no composition of its own value added for it.
    final = []
    # Provincial factors of the demand closure are in the demand as closed already.
    scale = closed.chi
    for origin, fixed, consumption in (
        (0, demand.fixed, demand.consumption), (1, demand.fixed_imports, demand.consumption_imports)
    ):
        government, rural = demand.government[origin], demand.rural[origin]
        final.append(np.stack([rural * scale, (consumption - rural) * scale, government, fixed - government], axis=2))
    use = base.energy_use.sum(axis=3, keepdims=True)
    split = np.divide(base.energy_use, use, out=np.zeros_like(base.energy_use), where=use > 0)
    split[..., 0] += 1.0 - split.sum(axis=3)
    return replace(
        base, name=f"{base.name}, {year.year}", year=year.year, output=closed.output, value_added=share * e.value_added,
        domestic_coefficients=e.domestic, import_coefficients=e.imported, final_use=final[0], final_imports=final[1],
        inventories=demand.inventories, inventory_imports=demand.inventory_imports, exports=closed.exports,
        error=np.zeros_like(base.error), trade_shares=closed.trade_shares, product_output=year.production,
        energy_use=year.energy.use[..., None] * split, co2=year.energy.co2,
        population=study.assumed.population[study.assumed.years.index(year.year)], sha256="",
    )


def year_of(years: list[Year], wanted: int) -> Year:
    """The solved year `wanted`; raises InputError naming the model years."""
    for year in years:
        if year.year == wanted:
            return year
    known = [str(y.year) for y in years]
    raise InputError(f"year {wanted} is no model year; {did_you_mean(str(wanted), known)}")
