"""What a quota rule costs the nation when provinces may not trade: objectives of the pathway programme compared.

All runs share the national cap path. With trade only the sum of the quotas binds, so every rule costs the same and the
run is the pathway without provincial caps; without trade each quota binds its province and the cost is never lower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from io_tables.errors import Infeasible, InputError, Problem, did_you_mean
from model.carbon.quota_caps import OF_THE_PATHWAY
from scenarios.carbon_section import Allocation
from scenarios.schema import Scenario

COLUMNS = ("rule", "objective", "difference", "per_cent", "unit", "why_not")


def with_quotas(scenario: Scenario, weights: Mapping[str, float], *, trade: bool) -> Scenario:
    """The scenario over all provinces with quotas of a blend of rules, traded or not."""
    old = scenario.carbon.allocation or Allocation()
    allocation = old.model_copy(update={"weights": dict(weights)})
    carbon = scenario.carbon.model_copy(update={"allocation": allocation, "permit_trade": trade, "provincial_caps": {}})
    coupling = scenario.coupling.model_copy(update={"resolution": "provincial"})
    return scenario.model_copy(update={"carbon": carbon, "coupling": coupling})


def principle_costs(solve: Callable[[Scenario], float], scenario: Scenario, rules: Sequence[str]) -> pd.DataFrame:
    """Objective of each rule without trade, and its difference to the pathway without provincial caps.

    solve : a scenario's objective, 10^8 yuan of 2020 discounted (such as `coupling.solve(...).objective`). The first
    row, `trade`, is that pathway. A rule whose quotas cannot be met alone has a blank cost and says why.
    Raises InputError for unknown rules, and for the rule whose quotas are the pathway's own answer.
    """
    known = [name for name in Allocation.model_fields["weights"].annotation.__args__[0].__args__
             if name != OF_THE_PATHWAY]
    wrong = [Problem(f"rule '{name}'", "cannot bind the pathway" if name == OF_THE_PATHWAY else "is unknown",
                     did_you_mean(name, known)) for name in rules if name not in known]
    if wrong:
        raise InputError(wrong)
    first = dict.fromkeys(rules[:1] or known[:1], 1.0)
    free = solve(with_quotas(scenario, first, trade=True))
    rows = [("trade", free, 0.0, 0.0, "10^8 yuan of 2020, discounted", "")]
    for name in rules:
        why, objective = "", float("nan")
        try:
            objective = solve(with_quotas(scenario, {name: 1.0}, trade=False))
        except Infeasible as error:
            why = str(error)
        rows.append((name, objective, objective - free, 100.0 * (objective / free - 1.0), rows[0][4], why))
    return pd.DataFrame(rows, columns=list(COLUMNS))
