"""Who bears what under each rule: burdens, winners and losers, and inequality before and after.

Money in 10^8 yuan of 2020, population in million persons, so per head = 100 x money / population yuan.
Inequality is that of GDP per head (weights: population) before the cost of abatement, after the cost each
province has at its own plants, and after transfers too. Transfers are no GDP: they change what a province
has to spend, not what it produces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables.errors import InputError, Problem
from model.carbon.water_filling import vector
from model.indicators.inequality import absolute_gini, concentration, normalised_gini, theil

#: 10^8 yuan per million persons -> yuan per person.
YUAN_PER_HEAD = 100.0
#: Share of a province's GDP below which a gain or loss counts as none.
EVEN = 1e-9


@dataclass(frozen=True)
class Fairness:
    """Burdens by rule and province, and one line of inequality for each rule."""

    provinces: pd.DataFrame  # rule, region, cost, transfer, net_cost, burden, per_head, reference, gain, outcome, ranks
    rules: pd.DataFrame      # rule, volume, winners, losers, burdens, Gini and Theil before / after cost / after all


def fairness(regions: Sequence[str], cost, transfers: Mapping[str, np.ndarray], gdp, population, *,
             reference=None) -> Fairness:
    """Fairness tables of several rules that share one least-cost pathway.

    cost (R,) of abatement at home; transfers: rule -> (R,) receipts, sum zero; gdp (R,); population (R,);
    reference (R,) cost to compare with (default: no transfers). Present values go with the present value of
    GDP and with mean population.

    provinces: burden is net cost in per cent of GDP, per_head in yuan, gain is reference less net cost,
    outcome winner, loser or even, `rank` 1 for the lightest burden under the rule, `rank_of_rule` 1 for the
    rule that is best for the province. rules: volume is the money that changes hands; `gini_*` and `theil_*`
    of GDP per head before costs, after costs, after costs and transfers (Theil blank if a province has
    nothing left); `gini_of_burden` absolute, yuan per head; `concentration` > 0 when richer provinces bear
    more per head.

    Raises InputError for a transfer that does not sum to zero, or no people or GDP somewhere.
    """
    cost = vector("cost", cost, len(regions))
    gdp, population = (vector(name, v, cost.size) for name, v in (("gdp", gdp), ("population", population)))
    reference = cost if reference is None else vector("reference", reference, cost.size)
    problems = [Problem(name, f"{regions[int(np.argmin(v))]} has {v.min():.6g}", "above zero everywhere")
                for name, v in (("gdp", gdp), ("population", population)) if not (v > 0).all()]
    received = {rule: vector(rule, t, cost.size) for rule, t in transfers.items()}
    problems += [Problem(rule, f"transfers sum to {t.sum():.6g}", "they must sum to zero")
                 for rule, t in received.items() if abs(t.sum()) > 1e-6 * max(1.0, np.abs(t).sum())]
    if problems:
        raise InputError(problems)
    if not received:
        received = {"no transfers": np.zeros_like(cost)}
    return Fairness(_provinces(regions, cost, received, gdp, population, reference),
                    _rules(cost, received, gdp, population, reference))


def _provinces(regions, cost, received, gdp, population, reference):
    parts = []
    for rule, transfer in received.items():
        net = cost - transfer
        burden = net / gdp
        parts.append(pd.DataFrame({
            "rule": rule, "region": list(regions), "cost": cost, "transfer": transfer, "net_cost": net,
            "burden": 100.0 * burden, "per_head": YUAN_PER_HEAD * net / population, "reference": reference,
            "gain": reference - net, "outcome": _outcome(reference - net, gdp),
            "rank": pd.Series(burden).rank(method="min").astype(int),
        }))
    table = pd.concat(parts, ignore_index=True)
    table["rank_of_rule"] = table.groupby("region")["net_cost"].rank(method="min").astype(int)
    return table


def _rules(cost, received, gdp, population, reference):
    rows = []
    for rule, transfer in received.items():
        net = cost - transfer
        outcome = _outcome(reference - net, gdp)
        income = {"before": gdp, "after_cost": gdp - cost, "after": gdp - net}
        per_head = net / population
        rows.append({
            "rule": rule, "volume": 0.5 * np.abs(transfer).sum(), "winners": int((outcome == "winner").sum()),
            "losers": int((outcome == "loser").sum()), "lightest": 100.0 * (net / gdp).min(),
            "heaviest": 100.0 * (net / gdp).max(),
            **{f"gini_{when}": normalised_gini(v / population, population) for when, v in income.items()},
            **{f"theil_{when}": theil(v / population, population) if (v > 0).all() else np.nan
               for when, v in income.items()},
            "gini_of_burden": YUAN_PER_HEAD * absolute_gini(per_head, population),
            "concentration": YUAN_PER_HEAD * concentration(per_head, gdp / population, population, absolute=True),
        })
    return pd.DataFrame(rows)


def _outcome(gain, gdp):
    return np.where(gain > EVEN * gdp, "winner", np.where(gain < -EVEN * gdp, "loser", "even"))
