"""Westeros, the reference system of MESSAGEix, entered as tables in two published editions.

Source of the figures: the notebook `westeros_baseline` packaged with message_ix 3.7.0 and 3.11.1
(Huppmann et al. 2019, Environmental Modelling & Software 112, 143-156), github.com/iiasa/message_ix,
Apache License 2.0. Published optima (asserted by message_ix's own tests, single precision):
173795.09375 (3.4-3.7) and 159025.82812 (3.8 onwards, where the grid has capacity and costs). Energy
GWa, capacity GW, money million $.

The bound on cumulative emissions is the notebook `westeros_emissions_bounds` (500 Mt CO2 a year on
average over the horizon, 7.4 t/kWa for coal). message_ix publishes no optimum for it; the values
here come from an independent dense formulation by vintage, in which retirement is permanent.

Conventions of MESSAGEix: a year names the last year of its period, every year is discounted at its
end, new capacity is yearly, capital cost beyond the horizon is taken off by the end-of-horizon
factor of its documentation (it counts the last year twice; entered as the table `salvage`).
"""

import numpy as np

from model.technology.conventions import Conventions
from model.technology.problem import Problem

PUBLISHED = {"3.7": 173795.09375, "3.11": 159025.82812}
BOUNDED = {"3.7": 206280.0598707727, "3.11": 191510.80427883638}
YEARS, STEP, RATE = (700, 710, 720), 10, 0.05
DEMAND_700 = 40 * 12 * 1000 / 8760
DEMAND = np.round(DEMAND_700 * np.array([1.0, 1.5, 1.9]))
GENERATION_690 = 0.5 * DEMAND_700 / 0.9
LIFE = {"coal": 20, "wind": 20, "bulb": 1, "grid": 30}
CAPITAL = {"coal": 500, "wind": 1500, "bulb": 5, "grid": 800}
FIXED = {"coal": 30, "wind": 10, "grid": 16}


def end_of_horizon_share(life: float) -> list[float]:
    """1 - end_of_horizon_factor of MESSAGEix for the three vintages."""
    year = (1 + RATE) ** -np.array([10.0, 20.0, 30.0])
    period = year * ((1 + RATE) ** STEP - 1) / RATE
    shares = []
    for v in range(3):
        within = sum(period[t] for t in range(v, 3) if (t - v) * STEP < life)
        beyond = max(0.0, life - (3 - v) * STEP)
        after = year[2] * (1 - (1 + RATE) ** -beyond) / (1 - 1 / (1 + RATE))
        shares.append(after / (within + after))
    return shares


def westeros(edition: str, **changes) -> Problem:
    """The problem in edition "3.7" or "3.11"; `changes` replace tables."""
    grid = edition == "3.11"
    built = [k for k in LIFE if grid or k != "grid"]

    def rows(table, **more):
        return [dict(technology=k, value=v, **more) for k, v in table.items() if k in built]

    tables = dict(
        regions=["Westeros"], periods=YEARS,
        commodities=[dict(commodity=c, resolution="year") for c in ("light", "final", "secondary")],
        technologies=list(LIFE),
        demand=[dict(commodity="light", year=y, value=v) for y, v in zip(YEARS, DEMAND, strict=True)],
        inputs=[dict(technology="bulb", commodity="final", value=1.0),
                dict(technology="grid", commodity="secondary", value=1 / 0.9 if grid else 1.0)],
        outputs=[dict(technology="bulb", commodity="light", value=1.0),
                 dict(technology="grid", commodity="final", value=1.0 if grid else 0.9),
                 dict(technology="coal", commodity="secondary", value=1.0),
                 dict(technology="wind", commodity="secondary", value=1.0)],
        availability=[dict(technology="wind", value=0.36)],
        lifetimes=rows(LIFE), investment_costs=rows(CAPITAL), fixed_costs=rows(FIXED),
        variable_costs=[dict(technology="coal", value=30.0)] + ([] if grid else [dict(technology="grid", value=50.0)]),
        existing=[dict(technology="coal", vintage=680, value=0.6 * GENERATION_690),
                  dict(technology="wind", vintage=680, value=0.4 * GENERATION_690 / 0.36)]
        + ([dict(technology="grid", vintage=680, value=GENERATION_690)] if grid else []),
        salvage=[dict(technology=k, year=y, value=s) for k in built
                 for y, s in zip(YEARS, end_of_horizon_share(LIFE[k]), strict=True)],
        growth=[dict(quantity="activity", sense="max", technology=k, value=0.1) for k in ("coal", "wind")],
        history=[dict(quantity="activity", technology="coal", value=0.6 * GENERATION_690),
                 dict(quantity="activity", technology="wind", value=0.4 * GENERATION_690)],
        emission_factors=[dict(technology="coal", emission="CO2", value=7.4)],
        conventions=Conventions(discount_rate=RATE, period="end", operation="end", investment="end", yearly=True,
                                new_capacity="yearly", salvage="table", budget="mean"),
    )
    return Problem(**{**tables, **changes})
