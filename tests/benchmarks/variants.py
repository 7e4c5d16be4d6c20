"""What joining technologies to the economy changes: the same frozen economy, joined in different ways (E11, E13).

    python -m tests.benchmarks.variants [national] [provinces] [slices] [starts]

Ways: every requirement written out; deferred in both halves at several thresholds, one price pass a re-solve
(`solve_deferred`) or quantities settled before prices move (`Joining.passes`); deferred in quantities alone; not joined
(technologies chosen once, at the prices of the base year and at what the scenario's own mixes ask of the economy).
slices: the nation's programme with finer slices of the year. starts: the whole run begun elsewhere.
CPU clock, one thread; nothing is asserted about time.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace

import numpy as np

from io_tables.base_year import BaseYear
from model.coupling import Coupled, CoupledStudy, dual_table, solve
from model.deferred import Bounds, Complete, certify, solve_deferred
from model.pathway.assembled import Assembled, assembled
from model.pathway.choice import STORAGE, Choice, first_choice
from model.pathway.closing import Economy
from model.pathway.exact import exact
from model.pathway.joining import Joining, Standing
from model.pathway.national_loop import CLOSURE, Iterate, NationalLoop
from model.pathway.places import provincial
from model.pathway.provincial_loop import ProvincialLoop, laid_start
from model.programme import Engine
from model.second_start import second_start
from scenarios.load import load_scenario

SCENARIO, CHOSEN = "least_cost", "technology.choice=optimise"
THREE_YEARS = "years=[2020, 2040, 2060]"
SIX_YEARS = "years=[2020, 2025, 2030, 2040, 2050, 2060]"
#: For comparing ways and slices the economy need be no closer.
NEAR = "coupling.tolerance=1e-3"
SLICES = (1, 4, 6, 8, 12)
WIND, SOLAR = ("wind_onshore", "wind_offshore"), ("pv_utility", "pv_distributed")
THRESHOLDS, TOLERANCE, PASSES = (1e-1, 3e-2, 1e-2), 1e-6, 30


@dataclass(frozen=True)
class Way:
    """One way of joining: bounds of the complete programme at its point; passes and solves; entries of M inside."""

    name: str
    bounds: Bounds
    passes: int
    solves: int
    entries: int
    seconds: float
    short: float


def run(*overrides: str, resolution: str = "national") -> Coupled:
    """The least-cost scenario with some settings changed."""
    return solve(BaseYear.load(), load_scenario(SCENARIO, overrides=(CHOSEN, *overrides)), resolution=resolution)


def laid(d, choice: Choice) -> np.ndarray:
    """(n,) a choice as a point of the programme: activity and additions by place, spread evenly over slices."""
    z = np.zeros(d.programme.compiled().cost.size)
    member = d.places.member
    for t in range(d.T):
        activity, building = member @ choice.activity[t + 1], member @ choice.building[t + 1]
        for k in range(d.K):
            if k in d.annual:
                z[d.activity[:, k, t]] = activity[:, k]
            else:
                block = d.generation if k in d.plants else d.discharge
                z[block[:, k, t]] = activity[:, [k]] / d.S
        z[d.building[:, :, t]] = building
        z[d.chp_heat[:, t]] = member @ choice.chp_heat[t + 1]
    return z


def base_prices(whole: Assembled) -> np.ndarray:
    """(m,) prices of the base year of the product rows, discounted; nothing for CO2 and primary energy."""
    d, c = whole.draft, whole.complete
    per_year = np.where(c.equal, 0.0, c.row_weight).reshape(d.T, -1)
    return (per_year * d.weight[:, None]).ravel()


def written_out(whole: Assembled) -> tuple[Way, np.ndarray]:
    """Every requirement in one ordinary programme; also its prices."""
    began = time.process_time()
    c = whole.complete
    compiled = exact(whole)
    found = Engine(compiled).solve("ipm")
    assert found.optimal, found.status
    prices = c.signed(found.dual("product"))
    seconds = time.process_time() - began
    bounds = certify(c, found.value("z"), prices, np.zeros(0), found.dual("kept"))
    entries = compiled.matrix.nnz - c.K.nnz
    return Way("every requirement written out", bounds, 1, 1, entries, seconds, 0.0), prices


def short_of(c: Complete, z: np.ndarray, prices: np.ndarray) -> float:
    """What rows miss at a point, at the optimum's prices, relative to the cost of the point."""
    return float(np.abs(prices) @ c.missed(c.B @ z, c.M.product(z)) / abs(c.cost @ z))


def ways(draft, start, soft_start: Choice, most: int = PASSES) -> list[Way]:
    """All ways at one draft; start: (z, prices) of the corrections, soft_start: the choice that stands still."""
    whole = assembled(draft, np.inf)
    dense, optimal = written_out(whole)
    found = [dense]
    told(dense, dense)
    rents = np.zeros(0)

    def add(way: Way) -> None:
        found.append(way)
        told(way, dense)

    for threshold in THRESHOLDS:
        c = assembled(draft, threshold).complete
        joined = solve_deferred(c, threshold=threshold, start=(*start, rents), tolerance=TOLERANCE, max_passes=most)
        add(Way(f"deferred, {threshold:g}", joined.bounds, len(joined.passes), len(joined.passes), joined.kept,
                joined.seconds, short_of(c, joined.z, optimal)))
        began = time.process_time()
        joining = Joining(c, *start, derived=draft.derived)
        reached = joining.passes(TOLERANCE, most)
        add(Way(f"deferred and nested, {threshold:g}", reached.bounds, len(joining.history),
                sum(p.solves for p in joining.history), joining.kept.nnz, time.process_time() - began,
                short_of(c, reached.z, optimal)))
    c = assembled(draft, THRESHOLDS[1]).complete
    joined = solve_deferred(c, threshold=THRESHOLDS[1], start=(*start, rents), tolerance=TOLERANCE, max_passes=most,
                            correction="primal")
    add(Way(f"quantities alone deferred, {THRESHOLDS[1]:g}", joined.bounds, len(joined.passes), len(joined.passes),
            joined.kept, joined.seconds, short_of(c, joined.z, optimal)))
    for name, some in ((f"not joined beyond {THRESHOLDS[1]:g}", c), ("not joined", whole.complete)):
        began = time.process_time()
        prices = base_prices(whole)
        joining = Joining(some, laid(draft, soft_start), prices)
        joining.stand(Standing(some.cost + some.M.adjoint(prices), prices))
        reached = joining.follow()
        seconds = time.process_time() - began
        bounds = certify(some, reached.z, reached.prices, rents, reached.multipliers)
        add(Way(name, bounds, 1, 1, some.M.large.nnz, seconds, short_of(some, reached.z, optimal)))
    return found


def told(way: Way, dense: Way) -> None:
    """One line of the table."""
    b = way.bounds
    above = b.objective / dense.bounds.objective - 1.0
    print(f"| {way.name} | {b.objective / 100:,.4f} | {above:+.1e} | {b.gap:.1e} | {b.violation:.1e} | "
          f"{100 * way.short:.2f} | {way.passes} ({way.solves}) | {way.entries:,} | {way.seconds:.1f} |", flush=True)


def heading(name: str, whole: Complete) -> None:
    """The title and head of a table of ways."""
    print(f"\n{name}: {len(whole.f) + len(whole.k_lower)} rows x {len(whole.cost)} columns\n")
    print("| way | objective | to the optimum | gap | worst violation | shortfall % | passes (solves) | entries "
          "| CPU s |")
    print("|---" * 9 + "|")


def national() -> None:
    """The nation at the economy of its run: the scenario's years and slices."""
    coupled = run(NEAR)
    draft = coupled.outer.iterate.assembled.draft
    heading("nation", coupled.outer.iterate.assembled.complete)
    n, m = len(coupled.z), len(coupled.prices)
    ways(draft, (np.zeros(n), np.zeros(m)), first_choice(coupled.study, list(coupled.years)))


def three_years() -> tuple[Assembled, tuple[np.ndarray, np.ndarray], Choice]:
    """31 provinces, three years and one slice, at the economy of a national run; from where corrections start."""
    coupled = run(THREE_YEARS, "power.slices=1", NEAR)
    study, base, last = coupled.study, coupled.study.base, coupled.outer
    timing = last.iterate.assembled.draft.timing
    places = provincial(base, study.scenario, study.catalogue, Economy(study, lines=False).base_use)
    loop = ProvincialLoop(study, places, timing)
    today = base.trade_shares[base.industries.index("electricity")]
    choice = replace(last.iterate.choice, electricity_shares=np.repeat(today[None], len(coupled.years), axis=0))
    years = [loop.economy.year(t, choice, y, last.iterate.pins, CLOSURE, last.iterate.mix)
             for t, y in enumerate(coupled.years)]
    whole = loop._whole(years, loop._found(years, choice, last.iterate.pins))
    return whole, laid_start(whole.draft, choice, last), first_choice(study, years)


def provinces() -> None:
    """31 provinces, three years and one slice."""
    whole, start, soft_start = three_years()
    heading("provinces", whole.complete)
    ways(whole.draft, start, soft_start)


def headline(study, at: Iterate) -> list[float]:
    """What the nation stands on in 2030 and the last year: GW, and prices of its programme in yuan."""
    d, plan, found = at.assembled.draft, at.plan, [at.joined.bounds.objective / 100]
    duals = dual_table(at.assembled, at.joined.prices, at.joined.multipliers)
    firm = [k for k in study.keys if study.catalogue.product(k) == "electricity" and k not in (*WIND, *SOLAR, *STORAGE)]
    for year in (2030, d.years[-1]):
        t = d.years.index(year)
        found += [float(sum(plan.capacity[:, d.keys.index(k), t].sum() for k in keys))
                  for keys in (WIND, SOLAR, STORAGE, firm)]
        # 10^8 yuan a TWh or a Mt are 100 yuan a MWh or a t
        found += [100.0 * float(duals[(duals["row"] == row) & (duals["year"] == year)]["value"].mean())
                  for row in ("price electricity", "price co2")]
    return found


def slices() -> None:
    """The nation's programme with finer slices of the year, at the economy of a run with one."""
    coupled = run(SIX_YEARS, "power.slices=1", NEAR)
    at, base = coupled.outer.iterate, coupled.study.base
    names = [f"{what} {year}" for year in (2030, 2060) for what in
             ("wind GW", "solar GW", "storage GW", "other plants GW", "electricity yuan/MWh", "CO2 yuan/t")]
    print("\n| slices | objective | " + " | ".join(names) + " | CPU s |")
    print("|---" * (len(names) + 3) + "|", flush=True)
    for count in SLICES:
        scenario = load_scenario(SCENARIO, overrides=(CHOSEN, SIX_YEARS, f"power.slices={count}"))
        study = CoupledStudy(base, scenario, coupled.study.catalogue)
        places = provincial(base, scenario, study.catalogue, Economy(study, lines=False).base_use)
        loop = NationalLoop(study, places, at.assembled.draft.timing, at.years, at.choice)
        began = time.process_time()
        found = loop.solve_at(at.choice, at.pins, at.years, mix=at.mix)
        row = headline(study, found)
        print(f"| {count} | {row[0]:,.2f} | " + " | ".join(f"{v:,.0f}" for v in row[1:])
              + f" | {time.process_time() - began:.0f} |", flush=True)


def starts() -> None:
    """The same run from the scenario's mixes and from those of the base year."""
    print("\n| run | objective | other start | residual | gap | violation | CPU s |\n|---|---|---|---|---|---|---|")
    for name, resolution, years in (("nation", "national", SIX_YEARS), ("31 provinces", "provincial", THREE_YEARS)):
        began = time.process_time()
        one = run(years, "power.slices=1", resolution=resolution)
        apart = second_start(one)
        print(f"| {name} | {one.objective / 1e4:,.4f} | {apart:+.1e} | {one.outer.residual:.1e} | {one.gap:.1e} | "
              f"{one.violation:.1e} | {time.process_time() - began:.0f} |", flush=True)


PARTS = {"national": national, "provinces": provinces, "slices": slices, "starts": starts}

if __name__ == "__main__":
    for part in sys.argv[1:] or ("national",):
        PARTS[part]()
