"""UTOPIA, the reference system of OSeMOSYS, entered as tables.

Source of the figures: OSeMOSYS, data file of UTOPIA (version 2016_08_01, "Based on UTOPIA version 5:
BASE - Utopia Base Model"), github.com/OSeMOSYS, Apache License 2.0; the system goes back to the one
packaged with MARKAL (Howells et al. 2011, Energy Policy 39, 5850-5870). Energy PJ, capacity GW or
PJ a year, money million $. Published optimum (asserted by the tests of OSeMOSYS_GNU_MathProg, GLPK):
29446.86269.

Two things of the original matter to its optimum and are kept: technologies without a variable cost
pay 1e-5, and the dam starts with 999 PJ that nobody filled, so pumped storage gives electricity
without taking any.
"""

import numpy as np

from model.technology.conventions import Conventions
from model.technology.problem import Problem

PUBLISHED = 29446.86269
YEARS = list(range(1990, 2011))
PLANTS = ("E01", "E21", "E31", "E51", "E70")
SLICES = {"ID": 0.1667, "IN": 0.0833, "SD": 0.1667, "SN": 0.0833, "WD": 0.3333, "WN": 0.1667}
HEAT_PROFILE = {"ID": 0.12, "IN": 0.06, "SD": 0.0, "SN": 0.0, "WD": 0.5467, "WN": 0.2733}
LIGHT_PROFILE = {"ID": 0.15, "IN": 0.05, "SD": 0.15, "SN": 0.05, "WD": 0.5, "WN": 0.1}
TECHNOLOGIES = ("E01", "E21", "E31", "E51", "E70", "IMPDSL1", "IMPGSL1", "IMPHCO1", "IMPOIL1", "IMPURN1", "RHE",
                "RHO", "RL1", "SRE", "TXD", "TXE", "TXG", "RIV", "RHu", "RLu", "TXu")
INPUTS = [("E70", "DSL", 3.4), ("RHO", "DSL", 1.428571429), ("TXD", "DSL", 1.0), ("RHE", "ELC", 1.0),
          ("RL1", "ELC", 1.0), ("TXE", "ELC", 1.0), ("TXG", "GSL", 1.0), ("E01", "HCO", 3.125), ("E31", "HYD", 3.125),
          ("SRE", "OIL", 1.0), ("E21", "URN", 1.0)]
OUTPUTS = [("RHE", "RH", 1.0), ("RHO", "RH", 1.0), ("RHu", "RH", 1.0), ("RL1", "RL", 1.0), ("RLu", "RL", 1.0),
           ("TXD", "TX", 1.0), ("TXE", "TX", 1.0), ("TXG", "TX", 1.0), ("TXu", "TX", 1.0), ("SRE", "DSL", 0.7),
           ("IMPDSL1", "DSL", 1.0), ("E01", "ELC", 1.0), ("E21", "ELC", 1.0), ("E31", "ELC", 1.0), ("E70", "ELC", 1.0),
           ("SRE", "GSL", 0.3), ("IMPGSL1", "GSL", 1.0), ("IMPHCO1", "HCO", 1.0), ("RIV", "HYD", 1.0),
           ("IMPOIL1", "OIL", 1.0), ("IMPURN1", "URN", 1.0)]
PUMPED = {"inputs": [("turbine", "DAM", 1.0), ("pump", "ELC", 1.3889)],
          "outputs": [("turbine", "ELC", 1.0), ("pump", "DAM", 1.0)]}
FIXED = {"E01": 40, "E21": 500, "E31": 75, "E51": 30, "E70": 30, "RHO": 1, "RL1": 9.46, "TXD": 52, "TXE": 100,
         "TXG": 48}
CAPITAL = {"E01": np.linspace(1400, 1200, 21), "E21": 5000, "E31": 3000, "E51": 900, "E70": 1000, "RHE": 90,
           "RHO": 100, "RL1": 0, "SRE": 100, "TXD": 1044, "TXE": np.linspace(2000, 1500, 21), "TXG": 1044}
VARIABLE = {None: 1e-5, "E01": 0.3, "E21": 1.5, "E70": 0.4, "SRE": 10, "IMPDSL1": 10, "IMPGSL1": 15, "IMPHCO1": 2,
            "IMPOIL1": 8, "IMPURN1": 2, "RHu": 99999, "RLu": 99999, "TXu": 99999}
LIFE = {"E01": 40, "E21": 40, "E31": 100, "E51": 100, "E70": 40, "RHE": 30, "RHO": 30, "RL1": 10, "SRE": 50,
        "TXD": 15, "TXE": 15, "TXG": 15}
CAPACITY_FACTOR = {"E01": 0.8, "E21": 0.8, "E31": 0.27, "E51": 0.17, "E70": 0.8}
RESIDUAL = {
    "E01": [.5, .5, .5, .4, .4, .4, .4, .4, .4, .3, .32, .3, .3, .3, .3, .2, .2, .2, .2, .2, .15],
    "E31": [.1] * 21,
    "E51": [.5] * 21,
    "E70": [.3, .3, .29, .29, .28, .28, .27, .27, .26, .26, .25, .26, .26, .27, .27, .28, .28, .29, .29, .3, .2],
    "RHO": [25, 23.8, 22.5, 21.3, 20, 18.8, 17.5, 16.3, 15, 13.8, 12.5, 11.3, 10, 8.8, 7.5, 6.3, 5, 3.8, 2.5, 1.3, 0],
    "RL1": [5.6, 5, 4.5, 3.9, 3.4, 2.8, 2.2, 1.7, 1.1, .6] + [0] * 11,
    "TXD": [.6, .6, .5, .5, .4, .4, .4, .3, .3, .2, .2, .2, .2, .1, .1, .1, .1, .1, 0, 0, 0],
}
MIN_HYDRO = [.13, .14, .14, .15, .15, .15, .16, .16, .16, .16, .17] + [.2] * 9 + [.21]
MAX_HYDRO = [.1301, .1401, .1401, .1501, .1501, .1501, .1601, .1601, .1601, .1601, .1701] + [.201] * 9 + [.2101]
MAX_ELECTRIC_CARS = [0, .4, .8, 1.2, 1.6, 2, 2.4, 2.8, 3.2, 3.6, 4, 4.6, 5.2, 5.8, 6.4, 7, 7.6, 8.2, 8.8, 9.4, 10]
HEAT = [25.2 + 1.26 * i for i in range(10)] + [37.8 + 1.89 * i for i in range(11)]
LIGHT = [5.6 + 0.28 * i for i in range(10)] + [8.4 + 0.42 * i for i in range(11)]
TRANSPORT = [5.2 + 0.26 * i for i in range(10)] + [7.8 + 0.389 * i for i in range(11)]


def _rows(table, **more):
    return [dict(technology=k, value=v, **more) for k, v in table.items()]


def _yearly(technology, values, **more):
    return [dict(technology=technology, year=y, value=float(v), **more)
            for y, v in zip(YEARS, np.broadcast_to(values, len(YEARS)), strict=True)]


def utopia(**changes) -> Problem:
    """The problem; `changes` replace tables."""
    limits = (_yearly("E31", MIN_HYDRO, quantity="capacity", sense="min")
              + _yearly("E31", MAX_HYDRO, quantity="capacity", sense="max")
              + _yearly("E51", 3.0, quantity="capacity", sense="max")
              + _yearly("TXE", MAX_ELECTRIC_CARS, quantity="capacity", sense="max")
              + [r for r in _yearly("RHE", 0.0, quantity="capacity", sense="max") if r["year"] < 2000]
              + [r for r in _yearly("SRE", 0.1001, quantity="capacity", sense="max") if r["year"] < 2000]
              + [r for r in _yearly("SRE", 0.1, quantity="capacity", sense="min") if r["year"] < 2000])
    tables = dict(
        regions=["UTOPIA"], periods=YEARS,
        slices=[dict(slice=s, share=v) for s, v in SLICES.items()],
        commodities=[dict(commodity=c, resolution="slice") for c in
                     ("DSL", "ELC", "GSL", "HCO", "HYD", "OIL", "URN", "RH", "RL")]
        + [dict(commodity="TX", resolution="year"), dict(commodity="DAM", resolution="store")],
        technologies=[dict(technology=k, capacity_to_activity=31.536 if k in PLANTS else 1.0) for k in TECHNOLOGIES],
        demand=[dict(commodity=c, year=y, slice=s, value=v * part) for c, values, profile in
                (("RH", HEAT, HEAT_PROFILE), ("RL", LIGHT, LIGHT_PROFILE))
                for y, v in zip(YEARS, values, strict=True) for s, part in profile.items()]
        + [dict(commodity="TX", year=y, value=v) for y, v in zip(YEARS, TRANSPORT, strict=True)],
        inputs=[dict(technology=k, commodity=c, value=v) for k, c, v in INPUTS]
        + [dict(technology="E51", mode=m, commodity=c, value=v) for m, c, v in PUMPED["inputs"]],
        outputs=[dict(technology=k, commodity=c, value=v) for k, c, v in OUTPUTS]
        + [dict(technology="E51", mode=m, commodity=c, value=v) for m, c, v in PUMPED["outputs"]],
        stores=[dict(commodity="DAM", volume=999.0, initial=999.0, cycle="open")],
        availability=_rows(CAPACITY_FACTOR), lifetimes=_rows(LIFE),
        existing=[row for k, values in RESIDUAL.items() for row in _yearly(k, values)],
        investment_costs=[row for k, values in CAPITAL.items() for row in _yearly(k, values)],
        fixed_costs=_rows(FIXED), variable_costs=_rows(VARIABLE), limits=limits,
        emission_factors=[dict(technology=k, emission="CO2", value=0.089 if k == "IMPHCO1" else 0.075)
                          for k in ("IMPDSL1", "IMPGSL1", "IMPHCO1", "IMPOIL1")],
        reserves=[dict(commodity="ELC", value=1.18)],
        reserve_credits=[dict(technology=k, value=1.0) for k in PLANTS],
        conventions=Conventions(discount_rate=0.05, period="start", operation="middle", investment="start",
                                salvage="sinking_fund", survival="whole", retirement="none"),
    )
    return Problem(**{**tables, **changes})
