"""The negotiation desk: from the arrays of one run to the tables that lie on it.

One least-cost pathway with one carbon price; every quota rule divides the same emissions and so costs the
nation the same, but moves different sums between provinces. Quotas are traded at the shadow price of the
year. Money is 10^8 yuan of 2020; a price of 10^8 yuan per Mt is 100 yuan per tonne.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables.errors import Infeasible, InputError, Problem, did_you_mean
from model.carbon import allocation, allocation_paths, transfers
from model.carbon.cost_curves import CostCurves
from model.carbon.fairness import Fairness, fairness


@dataclass(frozen=True)
class Run:
    """What the desk needs of a run: T model years, R provinces.

    years (T,), regions (R,); emissions (R,) Mt CO2 of `base_year`; baseline (T, R) Mt without a cap; optimum
    (T, R) Mt of the pathway (its sum is the cap that is divided; net of capture, before sinks or after them,
    as the cap counts); gdp (T, R) 10^8 yuan; population (T, R) million; price (T,) 10^8 yuan per Mt; cost
    (T, R) 10^8 yuan a year of abatement at home, compared with the baseline.
    sinks (T, R) Mt that each province may count (`sinks.Registry.counted`) or None; history (H, R) Mt of
    history_years with history_population (H, R), production- or consumption-based, or None, counted less by
    history_discount a year before the last; intensity_cut
    (T, R) or (T,) fall of CO2 per GDP since the base year asked in five-year plans, base_gdp (R,), or None;
    curves: cost curves by year, or None; rate: real discount rate of present values; weights (T,): present value of
    a yuan a year at each model year (default: discounted in the year, trapezium between); own_price (T, R): of the last
    tonne of each province where caps were not traded, else None: `price` holds everywhere.
    """

    years: tuple[int, ...]
    regions: tuple[str, ...]
    base_year: int
    emissions: np.ndarray
    baseline: np.ndarray
    optimum: np.ndarray
    gdp: np.ndarray
    population: np.ndarray
    price: np.ndarray
    cost: np.ndarray
    convergence_year: int = 2050
    sinks: np.ndarray | None = None
    history: np.ndarray | None = None
    history_years: tuple[int, ...] = ()
    history_population: np.ndarray | None = None
    history_discount: float = 0.0
    base_gdp: np.ndarray | None = None
    intensity_cut: np.ndarray | float = 0.0
    curves: Sequence[CostCurves] | None = None
    rate: float = 0.05
    weights: np.ndarray | None = None
    own_price: np.ndarray | None = None

    def __post_init__(self):
        T, R = len(self.years), len(self.regions)
        shapes = {"emissions": (R,), "baseline": (T, R), "optimum": (T, R), "gdp": (T, R), "population": (T, R),
                  "price": (T,), "cost": (T, R)}
        for name, shape in (("sinks", (T, R)), ("base_gdp", (R,)), ("weights", (T,)), ("own_price", (T, R)),
                            ("history", (len(self.history_years), R))):
            if getattr(self, name) is not None:
                shapes[name] = shape
        problems = []
        for name, shape in shapes.items():
            value = np.asarray(getattr(self, name), dtype=float)
            if value.shape != shape or (name != "history" and not np.isfinite(value).all()):
                problems.append(Problem(name, f"shape {value.shape}, or missing values", f"expected {shape}"))
            object.__setattr__(self, name, value)
        if self.curves is not None and len(self.curves) != T:
            problems.append(Problem("curves", f"{len(self.curves)} sets", f"one for each of {T} years"))
        if problems:
            raise InputError(problems)

    @property
    def cap(self) -> np.ndarray:
        """Mt CO2 (T,) that the rules divide: the emissions of the pathway."""
        return self.optimum.sum(axis=1)

    def present(self, flows: np.ndarray) -> np.ndarray:
        """Present value (R,) of yearly flows (T, R)."""
        if self.weights is None:
            return transfers.present_value(flows, self.years, rate=self.rate)
        return self.weights @ flows


@dataclass(frozen=True)
class Rule:
    """A quota rule on the desk: its names, the optional arrays it needs, and quotas (T, R) of a run."""

    en: str
    zh: str
    quotas: Callable[[Run], np.ndarray]
    needs: tuple[str, ...] = ()


def _responsibility(run: Run) -> np.ndarray:
    """Cumulative emissions per head equal over history and horizon, the debt paid off over its years."""
    history, _ = allocation.cumulative(run.history, run.history_years, run.history_population,
                                       discount=run.history_discount)
    span = max(float(run.years[-1] - run.years[0]), 1.0)
    return allocation_paths.by_year(allocation.responsibility, run.cap, history / span, run.population)


def _intensity(run: Run) -> np.ndarray:
    cut = np.broadcast_to(np.asarray(run.intensity_cut, dtype=float).reshape(
        (-1, 1) if np.ndim(run.intensity_cut) == 1 else np.shape(run.intensity_cut)), run.gdp.shape)
    growth = np.divide(run.gdp, run.base_gdp, out=np.zeros_like(run.gdp),
                       where=np.broadcast_to(run.base_gdp > 0, run.gdp.shape))
    return allocation_paths.by_year(allocation.intensity_based, run.cap, run.emissions, growth, cut)


RULES: dict[str, Rule] = {
    "grandfathering": Rule("Grandfathering", "历史排放", lambda run: allocation_paths.by_year(
        allocation.grandfathering, run.cap, run.emissions)),
    "per_capita": Rule("Equal per head", "人均均等", lambda run: allocation_paths.by_year(
        allocation.per_capita, run.cap, run.population)),
    "contraction_and_convergence": Rule(
        "Contraction and convergence", "紧缩与趋同", lambda run: allocation_paths.convergence_path(
            run.cap, run.emissions, run.population, run.years, start=run.base_year,
            convergence_year=run.convergence_year)),
    "ability_to_pay": Rule("Ability to pay", "支付能力", lambda run: allocation_paths.by_year(
        allocation.ability_to_pay, run.cap, np.maximum(run.baseline, 0.0), run.gdp, run.population)),
    "equal_marginal_cost": Rule("Equal marginal cost", "边际成本均等", lambda run: run.optimum.copy()),
    "responsibility": Rule("Historical responsibility", "历史责任", _responsibility, ("history",)),
    "net_of_sink": Rule("Net of own sink", "扣除碳汇", lambda run: allocation_paths.by_year(
        allocation.net_of_sink, run.cap, run.emissions, run.sinks), ("sinks",)),
    "intensity": Rule("Intensity target", "强度目标", _intensity, ("base_gdp",)),
}


@dataclass(frozen=True)
class Desk:
    """The tables of the negotiation desk; all long, all with a `unit` where values have one."""

    quotas: pd.DataFrame     # rule, region, year, quota, share, per_head, change, unit
    weights: pd.DataFrame    # rule, en, zh, weight, entropy_weight
    transfers: pd.DataFrame  # rule, region, year, quota, optimum, price, transfer, unit
    peaks: pd.DataFrame      # rule, region, peak_year, peak_level, plateau_until, last_level, after_nation
    fairness: Fairness       # of present values
    smallest: pd.DataFrame   # reference, region, cost, reference_cost, transfer, cost_after, unit
    principles: pd.DataFrame | None  # rule, year, with_trade, without_trade, difference, unit (needs curves)
    left_out: dict[str, str]  # rule -> why it is not on the desk


def quotas_by_rule(run: Run, rules: Sequence[str] | None = None) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Quotas (T, R) of each rule, and the rules left out with the reason (an array the run does not have).

    Raises InputError for an unknown rule, naming the nearest.
    """
    names = list(RULES if rules is None else rules)
    unknown = [Problem(f"rule '{name}'", "is unknown", did_you_mean(name, RULES)) for name in names
               if name not in RULES]
    if unknown:
        raise InputError(unknown)
    found, left_out = {}, {}
    for name in names:
        missing = [need for need in RULES[name].needs if getattr(run, need) is None]
        if missing:
            left_out[name] = f"the run has no {', '.join(missing)}"
        else:
            found[name] = RULES[name].quotas(run)
    return found, left_out


def blended(run: Run, weights: Mapping[str, float]) -> np.ndarray:
    """Quotas (T, R) of a blend: weights by rule, normalised to 1. Raises InputError for a rule left out."""
    quotas, left_out = quotas_by_rule(run, list(weights))
    if left_out:
        raise InputError([Problem(f"rule '{name}'", why) for name, why in left_out.items()])
    share = np.array(list(weights.values()))
    stack = np.array([quotas[name] for name in weights])
    return np.array([allocation.blend(stack[:, t], share) for t in range(len(run.years))])


def entropy_weights(quotas: Mapping[str, np.ndarray], years: Sequence[int]) -> dict[str, float]:
    """Entropy weights of rules from their cumulative quotas by province (negative ones count as zero)."""
    total = [np.maximum(transfers.present_value(q, years, rate=0.0), 0.0) for q in quotas.values()]
    return dict(zip(quotas, allocation.entropy_weights(total).tolist(), strict=True))


def desk(run: Run, *, weights: Mapping[str, float] | None = None, rules: Sequence[str] | None = None,
         deals: Mapping[str, np.ndarray] | None = None, references: Mapping[str, np.ndarray] | None = None) -> Desk:
    """All tables of a run.

    weights : blend of rules shown as rule `blend` (default: entropy weights of the rules on the desk).
    deals : further divisions as receipts (R,) in present value, say `{"owen": owen.transfer}`. references :
    name -> (R,) present cost no province should exceed, beside grandfathering with trade and equal burden.
    A reference that cannot be met for all is listed with blank transfers.
    """
    quotas, left_out = quotas_by_rule(run, rules)
    entropy = entropy_weights(quotas, run.years)
    weights = dict(entropy if weights is None else weights)
    whole = {**quotas, "blend": blended(run, weights)}
    paid = {name: transfers.permit_trade(q, run.optimum, run.price) for name, q in whole.items()}
    present = {name: run.present(t) for name, t in paid.items()}
    present.update({name: np.asarray(t, dtype=float) for name, t in (deals or {}).items()})
    cost = run.present(run.cost)
    gdp = run.present(run.gdp)
    return Desk(
        quotas=pd.concat([_quota_rows(run, name, q) for name, q in whole.items()], ignore_index=True),
        weights=pd.DataFrame([{"rule": name, "en": RULES[name].en, "zh": RULES[name].zh,
                               "weight": weights.get(name, 0.0) / sum(weights.values()),
                               "entropy_weight": entropy[name]} for name in quotas]),
        transfers=pd.concat([_transfer_rows(run, name, whole[name], t) for name, t in paid.items()],
                            ignore_index=True),
        peaks=pd.concat([allocation_paths.peak_calendar(q, run.years, run.regions).assign(rule=name)
                         for name, q in whole.items()], ignore_index=True),
        fairness=fairness(run.regions, cost, present, gdp, run.population.mean(axis=0)),
        smallest=_smallest(run, cost, gdp, present, references or {}),
        principles=None if run.curves is None else cost_of_principles(run, whole),
        left_out=left_out,
    )


def cost_of_principles(run: Run, quotas: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """What a rule costs the nation with trade and without, by year, from the run's cost curves.

    Columns rule, year, with_trade, without_trade, difference (>= 0), short (provinces that cannot meet their
    quota alone, by name; the cost is then blank), unit.
    """
    if run.curves is None:
        raise InputError(Problem("curves", "the run has no cost curves", "solve the pathway at rising prices first"))
    rows = []
    for name, quota in quotas.items():
        for t, year in enumerate(run.years):
            curves, needed = run.curves[t], run.baseline[t] - quota[t]
            together = curves.cost(float(needed.sum()))
            alone, short = 0.0, []
            for r, region in enumerate(run.regions):
                try:
                    alone += curves.cost(float(needed[r]), [r])
                except Infeasible:
                    short.append(region)
            alone = np.nan if short else alone
            rows.append([name, year, together, alone, alone - together, ", ".join(short), "10^8 yuan of 2020"])
    return pd.DataFrame(rows, columns=["rule", "year", "with_trade", "without_trade", "difference", "short", "unit"])


def _grid(run: Run) -> dict:
    T, R = run.optimum.shape
    return {"region": np.tile(np.asarray(run.regions, dtype=object), T), "year": np.repeat(run.years, R)}


def _quota_rows(run, name, quota):
    total = quota.sum(axis=1, keepdims=True)
    share = np.divide(quota, total, out=np.full(quota.shape, np.nan), where=total != 0)
    per_head = np.divide(quota, run.population, out=np.full(quota.shape, np.nan), where=run.population > 0)
    return pd.DataFrame({"rule": name, **_grid(run), "quota": quota.ravel(), "share": share.ravel(),
                         "per_head": per_head.ravel(), "change": (quota - run.baseline).ravel(), "unit": "Mt CO2/yr"})


def _transfer_rows(run, name, quota, transfer):
    return pd.DataFrame({"rule": name, **_grid(run), "quota": quota.ravel(), "optimum": run.optimum.ravel(),
                         "price": np.repeat(run.price, len(run.regions)), "transfer": transfer.ravel(),
                         "unit": "10^8 yuan of 2020/yr"})


def _smallest(run, cost, gdp, present, references):
    all_references = {"equal burden": transfers.equal_burden(cost, gdp)}
    if "grandfathering" in present:
        all_references["grandfathering with trade"] = cost - present["grandfathering"]
    all_references.update(references)
    parts = []
    for name, reference in all_references.items():
        try:
            moved = transfers.smallest_transfers(cost, reference, labels=run.regions).transfer
        except Infeasible:
            moved = np.full(cost.size, np.nan)
        parts.append(pd.DataFrame({"reference": name, "region": run.regions, "cost": cost,
                                   "reference_cost": np.asarray(reference, dtype=float), "transfer": moved,
                                   "cost_after": cost - moved, "unit": "10^8 yuan of 2020, present value"}))
    return pd.concat(parts, ignore_index=True)
