"""The Austrian energy system, a tutorial of MESSAGEix, entered as tables.

Source of the figures: `make_austria` and the notebooks `austria` and `austria_single_policy` packaged
with message_ix 3.11.1, github.com/iiasa/message_ix, Apache License 2.0. Published optima (asserted
by message_ix's own tests, single precision): 206321.90625 and, with subsidised wind, 205310.34375.
Energy GWa, capacity GW, money million $.

Conventions as in `reference_westeros`, with money discounted to the end of the first period.
"""

import numpy as np

from model.technology.conventions import Conventions
from model.technology.problem import Problem

PUBLISHED, PUBLISHED_WITH_SUBSIDY = 206321.90625, 205310.34375
YEARS, STEP, RATE, HOURS = (2010, 2020, 2030, 2040), 10, 0.05, 8760.0
GROWTH = np.array([1.0, 1.21631, 1.4108, 1.63746]) ** 0.7
DEMAND = {"other electricity": 55209.0 / HOURS, "light": 6134.0 / HOURS}
INPUTS = {"grid": ("secondary", 1.0), "appliances": ("final", 1.0), "bulb": ("final", 1.0), "cfl": ("final", 0.3)}
OUTPUTS = {**{k: ("secondary", 1.0) for k in ("bio", "coal", "gas", "hydro", "oil", "wind", "import")},
           "solar": ("final", 1.0), "grid": ("final", 0.873), "appliances": ("other electricity", 1.0),
           "bulb": ("light", 1.0), "cfl": ("light", 1.0)}
ACTIVITY_2010 = {"bio": 4554, "coal": 7184, "gas": 14346, "hydro": 38406, "oil": 1275, "solar": 89, "wind": 2064,
                 "import": 2340}                                                      # GWh
FACTOR = {"bio": 0.75, "coal": 0.85, "gas": 0.75, "hydro": 0.5, "oil": 0.75, "solar": 0.15, "wind": 0.2, "bulb": 0.1,
          "cfl": 0.1}
LIFE = {"bio": 30, "coal": 40, "gas": 30, "hydro": 60, "oil": 30, "solar": 20, "wind": 20, "bulb": 1, "cfl": 10}
CAPITAL = {"bio": 1600, "coal": 1500, "gas": 870, "hydro": 3000, "oil": 950, "solar": 4000, "wind": 1100, "bulb": 5,
           "cfl": 900}
FIXED = {"bio": 30, "coal": 40, "gas": 25, "hydro": 60, "oil": 25, "solar": 25, "wind": 40}
VARIABLE = {"bio": 48.2, "coal": 24.4, "gas": 42.4, "oil": 77.8, "grid": 47.8}           # $/MWh
WIND_SUBSIDY = np.array([0.5, 0.5, 0.75, 1.0])
LAMPS = ("bulb", "cfl")
PLANTS = tuple(FIXED)


def end_of_horizon_share(life: float) -> list[float]:
    """1 - end_of_horizon_factor of MESSAGEix for the four vintages."""
    year = (1 + RATE) ** -np.array([0.0, 10.0, 20.0, 30.0])
    period = year * ((1 + RATE) ** STEP - 1) / RATE
    shares = []
    for v in range(4):
        within = sum(period[t] for t in range(v, 4) if (t - v) * STEP < life)
        beyond = max(0.0, life - (4 - v) * STEP)
        after = year[3] * (1 - (1 + RATE) ** -beyond) / (1 - 1 / (1 + RATE))
        shares.append(after / (within + after))
    return shares


def austria(**changes) -> Problem:
    """The problem; `changes` replace tables."""
    first = {k: v / HOURS for k, v in ACTIVITY_2010.items()}
    later = YEARS[1:]
    limits = [dict(quantity="activity", sense="fix", technology=k, year=2010, value=v) for k, v in first.items()]
    limits += [dict(quantity="activity", sense="max", technology=k, year=y, value=first[k])
               for k in ("bio", "hydro", "import") for y in later]
    limits += [dict(quantity="new_capacity", sense="max", technology=k, year=2010, value=first[k] / FACTOR[k])
               for k in PLANTS]
    seeds = dict(zip(later, 0.01 * DEMAND["light"] * GROWTH[1:], strict=True))
    growth = [dict(quantity="activity", sense="max", technology=k, value=0.05, initial=0.0) for k in PLANTS]
    growth += [dict(quantity="activity", sense="max", technology=k, year=y, value=0.05, initial=seed)
               for k in LAMPS for y, seed in seeds.items()]
    tables = dict(
        regions=["Austria"], periods=YEARS,
        commodities=[dict(commodity=c, resolution="year") for c in ("secondary", "final", *DEMAND)],
        technologies=list(OUTPUTS),
        demand=[dict(commodity=c, year=y, value=v * g) for c, v in DEMAND.items()
                for y, g in zip(YEARS, GROWTH, strict=True)],
        inputs=[dict(technology=k, commodity=c, value=v) for k, (c, v) in INPUTS.items()],
        outputs=[dict(technology=k, commodity=c, value=v) for k, (c, v) in OUTPUTS.items()],
        availability=[dict(technology=k, value=v) for k, v in FACTOR.items()],
        lifetimes=[dict(technology=k, value=v) for k, v in LIFE.items()],
        investment_costs=[dict(technology=k, value=v) for k, v in CAPITAL.items()],
        fixed_costs=[dict(technology=k, value=v) for k, v in FIXED.items()],
        variable_costs=[dict(technology=k, value=v * HOURS / 1e3) for k, v in VARIABLE.items()],
        limits=limits, growth=growth,
        salvage=[dict(technology=k, year=y, value=s) for k, life in LIFE.items()
                 for y, s in zip(YEARS, end_of_horizon_share(life), strict=True)],
        conventions=Conventions(discount_rate=RATE, base_year=2010, period="end", operation="end", investment="end",
                                yearly=True, new_capacity="yearly", salvage="table"))
    return Problem(**{**tables, **changes})


def subsidised_wind() -> list[dict]:
    """Investment costs of the notebook `austria_single_policy`."""
    rows = [dict(technology=k, value=v) for k, v in CAPITAL.items()]
    return rows + [dict(technology="wind", year=y, value=CAPITAL["wind"] * part)
                   for y, part in zip(YEARS, WIND_SUBSIDY, strict=True)]
