"""The smallest systems the tests of the pathway engine share."""

from model.technology.conventions import Conventions
from model.technology.problem import Problem

PLAIN = Conventions(discount_rate=0.0, salvage="none", operation="start", investment="start")


def plant(**changes) -> Problem:
    """One region, one good, a dirty and a clean technology that cost 1 and 3 to run."""
    tables = dict(
        regions=["R"], periods=[2020, 2021, 2022], commodities=["good"], technologies=["dirty", "clean"],
        demand=[dict(commodity="good", value=10.0, slice="year")],
        outputs=[dict(technology="dirty", commodity="good", value=1.0),
                 dict(technology="clean", commodity="good", value=1.0)],
        variable_costs=[dict(technology="dirty", value=1.0), dict(technology="clean", value=3.0)],
        emission_factors=[dict(technology="dirty", emission="CO2", value=2.0)],
        conventions=PLAIN,
    )
    return Problem(**{**tables, **changes})


def activity(pathway, **labels) -> float:
    table = pathway.activity
    for key, label in labels.items():
        table = table[table[key] == label]
    return table["value"].sum()
