"""What the pathway programme adds to results: capacity, additions, carbon price, storage, ledgers (E10-E13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from io_tables import classification
from model.certificate import Ledger, ledger
from model.pathway.bounds import binding
from model.pathway.budget import budget_weights
from model.pathway.product_trade import goods_of
from model.price_results import price_blocks, price_ledgers
from model.results import NATION, block, with_nation

if TYPE_CHECKING:
    from model.coupling import Coupled

#: Mt that count as nothing moved.
ROUNDING = 1e-9
#: 10^8 yuan per Mt is 100 yuan per tonne.
YUAN_PER_TONNE = 100.0


def coupled_blocks(coupled: Coupled) -> list[pd.DataFrame]:
    """Long rows of the programme's own quantities; the first year is the base year's stock."""
    study, plan = coupled.study, coupled.plan
    times = [y.year for y in coupled.years]
    provincial = coupled.resolution == "provincial"
    standing = _standing(study)

    def placed(first: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """(T, places): `first` (R,) then `values` (G, T - 1); provinces only where the programme resolves them."""
        if provincial:
            return with_nation(np.vstack([first, values.T])), (NATION, *study.base.regions)
        return np.append(first.sum(), values.sum(axis=0))[:, None], (NATION,)

    parts, nothing = [], np.zeros(len(study.base.regions))
    rows = classification.products().rows
    for k, key in enumerate(study.keys):
        technology = study.catalogue.technology(key)
        product = rows[technology.product]["name_en"] if technology.product in rows else technology.product
        unit = technology.capacity_unit
        families = (
            ("Capacity", "", standing[:, k], plan.capacity[:, k]),
            ("New Capacity", "/yr", coupled.choice.building[0, :, k], plan.building[:, k] + plan.refit[:, k]),
            ("Refitted Capacity", "/yr", nothing, plan.refit[:, k]),
        )
        for family, per, first, values in families:
            if values.any() or first.any():
                found, places = placed(first, values)
                parts.append(block(f"{family}|{product}|{technology.name_en}", unit + per, found, times, places))
    others = (("Carbon Storage", "Mt CO2", plan.injected), ("Losses|Electricity", "TWh", plan.net_losses))
    for name, unit, values in others:
        found, places = placed(nothing, values)
        parts.append(block(name, unit, found, times, places))
    parts += _moved_trade(coupled, times)
    parts.append(block("Price|Carbon", "yuan/t CO2", np.append(0.0, carbon_price(coupled))[:, None], times, (NATION,)))
    own = own_carbon_price(coupled)
    if own is not None:
        parts.append(block("Price|Carbon", "yuan/t CO2", np.vstack([nothing, own]), times, study.base.regions))
    iterate = coupled.outer.iterate
    if iterate.response is not None:
        parts += price_blocks(study, list(coupled.years), iterate.response.prices, iterate.mix)
    return parts


def _moved_trade(coupled: Coupled, times) -> list[pd.DataFrame]:
    """What each province makes of a good beyond the base pattern of trade; nothing where trade does not move (E10)."""
    draft = coupled.outer.iterate.assembled.draft
    if draft.links is None:
        return []
    base, parts = coupled.study.base, []
    R, rows = len(base.regions), classification.products().rows
    goods = goods_of(base)
    made = np.stack([draft.links.table(moved, len(goods), R).sum(axis=2) for moved in coupled.plan.moved.T], axis=1)
    for good, later in zip(goods, made, strict=True):
        found = with_nation(np.vstack([np.zeros(R), later]))
        # what one province gains another loses: the nation's sum is rounding
        found[np.abs(found) < ROUNDING] = 0.0
        parts.append(block(f"Production Moved|{rows[good]['name_en']}", "Mt", found, times, (NATION, *base.regions)))
    return parts


def _standing(study) -> np.ndarray:
    """(R, K) capacity of the base year."""
    stock = study.base.technology_stock
    found = np.zeros((len(study.base.regions), len(study.keys)))
    region = {r: i for i, r in enumerate(study.base.regions)}
    number = {k: i for i, k in enumerate(study.keys)}
    rows = stock[stock["technology"].isin(number)]
    at = (rows["region"].map(region).to_numpy(int), rows["technology"].map(number).to_numpy(int))
    np.add.at(found, at, rows["capacity"].to_numpy(float))
    return found


def carbon_price(coupled: Coupled) -> np.ndarray:
    """(years after the first,) yuan per tonne: shadow prices of the rows on national net CO2, added up.

    A budget's price is spread over the years it counts: the same present value for every tonne.
    """
    timing = coupled.outer.iterate.assembled.draft.timing
    years = list(timing.years[1:])
    weight = timing.operation[1:]
    length = budget_weights(timing, coupled.study.scenario.economics.budget_rule)[1:]
    found = np.zeros(len(years))
    for row in coupled.policies.itertuples():
        at = years.index(row.year)
        if row.policy == BUDGET:
            found += row.shadow_price * weight[at] * length / weight * YUAN_PER_TONNE
        elif row.policy.startswith(NET_CO2_ROWS):
            found[at] += row.shadow_price * YUAN_PER_TONNE
    return found


def own_carbon_price(coupled: Coupled) -> np.ndarray | None:
    """(years after the first, R) yuan per tonne where provinces keep caps of their own: the nation's price and theirs.

    None where permits are traded, or no province has a cap: one price then holds for all.
    """
    names = coupled.study.base.regions
    years = list(coupled.outer.iterate.assembled.draft.timing.years[1:])
    own = [(years.index(row.year), names.index(row.policy.split(".", 2)[2]), row.shadow_price)
           for row in coupled.policies.itertuples() if row.policy.startswith(OWN_CAPS)]
    if not own:
        return None
    found = np.repeat(carbon_price(coupled)[:, None], len(names), axis=1)
    for t, r, price in own:
        found[t, r] += price * YUAN_PER_TONNE
    return found


#: Rows that cap one province, whose name follows.
OWN_CAPS = ("carbon.allocation.", "carbon.provincial_caps.")
#: Policy rows whose unit is a tonne of national net CO2 of their year, and the one that sums over years.
NET_CO2_ROWS = ("carbon.peak_year", "carbon.neutral_year", "carbon.national_cap", "carbon.allocation traded",
                "targets.net_co2")
BUDGET = "carbon.budget"


#: Relative difference of the objectives of two starts that counts as agreement.
AGREE = 1e-5


def bought_off(coupled: Coupled) -> dict[str, float]:
    """What could not be met, by name; firm capacity that was short in years already lived is history, not choice."""
    draft = coupled.outer.iterate.assembled.draft
    ahead = np.array(draft.years) > draft.lived
    found = {name: amount for name, amount in coupled.unmet.items() if name != FIRM}
    firm = float(coupled.plan.unserved_firm[:, ahead].sum())
    return found | ({FIRM: firm} if firm > 1e-6 else {})


FIRM = "firm capacity GW"


def coupled_ledgers(coupled: Coupled) -> list[Ledger]:
    """Optimality and convergence of the programme and of the outer fixed point (E13)."""
    # Imported here: the recount reads studies, whose module gathers ledgers.
    from model.programme_ledgers import programme_ledgers

    tolerances = coupled.study.scenario.coupling
    where = f"{coupled.resolution} programme"
    unmet = bought_off(coupled)
    iterate = coupled.outer.iterate
    priced = []
    if iterate.response is not None:
        priced = price_ledgers(list(coupled.years), iterate.response.prices, iterate.mix, iterate.response.mix,
                               scope=coupled.study.scenario.carbon.scope, tolerance=tolerances.tolerance)
    return [
        *priced,
        *programme_ledgers(coupled),
        ledger("programme: gap to the lower bound of the complete problem (E13)", abs(coupled.gap), "relative to cost",
               where, independent=True, tolerance=tolerances.gap),
        ledger("programme: worst violation of a product balance", coupled.violation, "relative to the row's demand",
               where, independent=True, tolerance=tolerances.gap),
        ledger("economy and technologies: residual of the fixed point (E12)", coupled.outer.residual,
               "relative to national totals", where, independent=True, tolerance=tolerances.tolerance),
        ledger("programme: two starts agree", None if coupled.other_start is None else abs(coupled.other_start),
               "relative to cost", where, independent=True, tolerance=AGREE),
        ledger("programme: nothing bought off", sum(unmet.values()), "sum of " + (", ".join(unmet) or "nothing"), where,
               independent=False, tolerance=1e-6),
    ]


def programme_policies(coupled: Coupled | None) -> pd.DataFrame:
    """policy, year, slack, shadow price (10^8 yuan of the year per unit); empty without a programme."""
    if coupled is None:
        return pd.DataFrame()
    return coupled.policies.rename(columns={"shadow_price": "shadow price"})


def programme_notes(coupled: Coupled | None) -> list[tuple[str, str]]:
    """(en, zh) what the programme found and took for granted."""
    if coupled is None:
        return []
    cost = f"{coupled.objective:,.0f}"
    scope = "全国" if coupled.resolution == "national" else "分省"
    notes = [(
        f"Technologies are chosen at least discounted resource cost ({coupled.resolution} programme, objective "
        f"{cost} x 10^8 yuan of 2020); this is no loss of GDP.",
        f"技术构成由贴现资源成本最小化确定({scope}规划,目标值{cost}亿元,2020年价),该成本并非GDP损失。",
    )]
    if coupled.outer.iterate.assembled.draft.links is not None:
        notes.append((
            "Product flows move within technology.trade_band: a flow that grows pays freight by straight line, one "
            "that shrinks saves nothing (assumed).",
            "商品流动在technology.trade_band范围内调整:增加的流量按直线距离支付运费,减少的流量不计节省(假设)。",
        ))
    return notes + [(f"Taken for granted: {text}.", f"前提假设:{text}。") for text in coupled.assumed]


def programme_warnings(coupled: Coupled | None) -> list[str]:
    """What the programme could not meet, and targets it does not enforce."""
    if coupled is None:
        return []
    found = [f"bought off at a penalty: {name} {amount:,.1f}" for name, amount in bought_off(coupled).items()]
    lived = coupled.unmet.get(FIRM, 0.0) - bought_off(coupled).get(FIRM, 0.0)
    if lived > 1e-6:
        found.append(f"years already lived fall short of the reserve asked by {lived:,.0f} GW in sum (reported only)")
    carbon = coupled.study.scenario.carbon
    if coupled.resolution == "national" and carbon.allocation is not None and not carbon.permit_trade:
        found.append("carbon.allocation: quotas of provinces bind only with coupling.resolution provincial; here their "
                     "sum caps the nation")
    if coupled.resolution == "national":
        found.append("the programme sees the nation as one place; provinces follow today's pattern of each technology")
    whole = coupled.outer.iterate.assembled
    narrow = binding(whole.draft, whole.complete.upper, coupled.z)
    if narrow:
        found.append(f"{len(narrow)} bounds that only serve the certificate's lower bound bind, the optimum may lie "
                     f"beyond them: {', '.join(narrow[:5])}")
    return found + [f"not enforced by the programme: {name}" for name in coupled.not_enforced]
