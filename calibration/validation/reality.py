"""An optimised run beside what has happened since the base year and beside published pathways.

Reads the long table of a finished run, the history tables and, where present, the working data; of sets that may only
be checked against, nothing but ratios is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from calibration import fact_tables
from calibration.generated_text import number, table

TITLE = "The optimised pathway beside statistics and published pathways (E10)"
START, LIVED = 2020, 2025
#: Observed growth of CO2 (energy and cement, series adjusted to statistics): to 2024, and the change of 2025; points.
OBSERVED_GROWTH, OBSERVED_2025, POINTS = 8.5, (-1.0, 0.0), 4.0
#: Non-fossil share of 2025 and how far the run may lie from it, points.
NON_FOSSIL, SHARE_POINTS = 21.0, 2.0
#: A year belongs to the plateau while emissions are within this part of the peak.
PLATEAU = 0.02
#: Mt by which CO2 before capture may differ from what takes it up in the neutral year.
NEUTRAL = 1.0
GENERATION = {
    "generation hydro": ("Hydropower",), "generation nuclear": ("Nuclear power",),
    "generation wind": ("Onshore wind", "Offshore wind"),
    "generation solar": ("Utility-scale photovoltaics", "Distributed photovoltaics"),
    "generation hydro nuclear wind solar": (
        "Hydropower", "Nuclear power", "Onshore wind", "Offshore wind", "Utility-scale photovoltaics",
        "Distributed photovoltaics"),
    "generation gas": ("Gas power",), "generation biomass": ("Biomass power",),
}
CAPACITY = {
    "capacity coal": ("Coal power, subcritical", "Coal power, supercritical", "Coal power, ultra-supercritical",
                      "Coal combined heat and power"),
    "capacity gas": ("Gas power",), "capacity nuclear": ("Nuclear power",),
    "capacity hydro": ("Hydropower", "Pumped hydro"), "capacity wind": ("Onshore wind", "Offshore wind"),
    "capacity solar": ("Utility-scale photovoltaics", "Distributed photovoltaics"),
    "capacity new storage": ("Battery, four hours",),
}
#: Why the run differs where it does; read with the tables.
REASONS = (
    "Gas, coal and oil of 2025 follow from pinned outputs, electricity and efficiency; only electricity, outputs, "
    "fleets, generation by source and routes are held to statistics.",
    "The run peaks in the last lived year: renewables added in 2025 run all year in 2026, the pace of 2024-2025 is "
    "kept, and with perfect foresight every tonne of the budget has the same present value, so cheap cuts come "
    "first. Published pathways that plateau to 2030 build more slowly or have no budget.",
    "The price of CO2 rises with the discount rate along the budget and jumps in the neutral year, whose own limit "
    "binds: injection, air capture and residual industry meet there within their growth limits.",
)


@dataclass(frozen=True)
class Run:
    """National totals of a finished run: variable -> value by year."""

    values: pd.DataFrame

    @staticmethod
    def read(folder: Path) -> Run:
        """The long table of a result folder."""
        frame = pd.read_csv(Path(folder) / "results.csv.gz")
        frame = frame[(frame["region"] == "China") & (frame["sector"] == "Total")]
        return Run(frame.pivot_table(index="year", columns="variable", values="value", aggfunc="sum"))

    def __call__(self, *names: str) -> pd.Series:
        """Sum of variables by year; what the table does not hold is zero."""
        return self.values.reindex(columns=list(names)).fillna(0.0).sum(axis=1)

    @property
    def years(self) -> np.ndarray:
        return self.values.index.to_numpy()

    def growth(self, series: pd.Series) -> float:
        """Last lived year over the base year, percent."""
        return 100.0 * (series[LIVED] / series[START] - 1.0) if series[START] else float("nan")


def reality(run: Path, data: Path, unpinned: Path | None = None) -> tuple[list[str], list[str]]:
    """Lines of the document and of the screen for a finished optimised run.

    unpinned : a run of the same scenario with history free: what it would have chosen for the years already lived.
    """
    own, free = Run.read(run), Run.read(unpinned) if unpinned else None
    checks = lived_checks(own)
    lines = [f"## {TITLE}", "",
             "A finished run of the reference. Lived years are pinned to statistics, so agreement there "
             "proves no skill; what the programme would have chosen for them unpinned stands beside as a hindcast. "
             "Growth is compared, not level, where scopes differ (generation counts what reaches users).", ""]
    lines += table(("check of 2025", "run", "observed", "unit", "within", "holds"),
                   [(c.name, c.value, c.observed, c.unit, c.within, "yes" if c.holds else "**no**") for c in checks])
    lines += table(("2025 in detail", "run", "unpinned", "statistic", "year", "status", "unit"), _detail(own, free))
    lines += ["Pace: GW a year, mean of the years; growth of what stood to 2025, then additions of the run (with "
              "replacement).", ""]
    lines += table(("kind", "2021-2024", "2025", *(f"{a}-{b}" for a, b in PERIODS)), _pace(own))
    lines += ["Peak, plateau and what takes up the rest. Scope of the run: energy and all processes, territorial, "
              "31 provinces, before land sinks (gross) and after (net).", ""]
    lines += table(("measure", "gross", "net"), _shape(own))
    lines += _neutral(own)
    lines += _published(data)
    lines += ["Where the run differs and why:", "", *(f"- {reason}" for reason in REASONS), ""]
    screen = [f"{'pass' if c.holds else 'OUTSIDE':11s} reality: {c.name} {number(c.value)} {c.unit} "
              f"(observed {c.observed}, within {c.within})" for c in checks]
    return lines, screen


@dataclass(frozen=True)
class Check:
    """A figure of 2025 against the observed one."""

    name: str
    value: float
    observed: str
    unit: str
    within: str
    holds: bool


def lived_checks(run: Run) -> list[Check]:
    """CO2 growth within four points of the observed, non-fossil share near the published."""
    growth = run.growth(run("Emissions|CO2|Gross"))
    low, high = (100 * ((1 + OBSERVED_GROWTH / 100) * (1 + change / 100) - 1) for change in OBSERVED_2025)
    share = float(run("Non-Fossil Share|Coal Equivalent")[LIVED])
    return [
        Check("CO2 2025 against 2020", growth, f"{low:.1f} to {high:.1f}", "%", f"{POINTS:g} points",
              low - POINTS <= growth <= high + POINTS),
        Check("non-fossil share 2025, coal equivalent", share, f"{NON_FOSSIL:g}", "%", f"{SHARE_POINTS:g} points",
              abs(share - NON_FOSSIL) <= SHARE_POINTS),
    ]


def _facts(name: str, region: str = "China") -> pd.DataFrame:
    frame = pd.DataFrame(fact_tables.rows(name))
    if "region" in frame:
        frame = frame[frame["region"] == region]
    return frame.assign(value=pd.to_numeric(frame["value"]), year=frame["year"].astype(str))


def _detail(run: Run, free: Run | None):
    history, facts = _facts("technology_history.csv"), _facts("national_energy_facts.csv")

    def series(item):
        own = history[history["item"] == item].set_index("year")
        return own[[len(y) == 4 for y in own.index]]

    def row(name, of, statistic, year, status, unit):
        return name, of(run), "" if free is None else of(free), statistic, str(year), status, unit

    intensity = facts[facts["item"] == "CO2 per GDP change"].set_index("year")["value"] / 100
    gdp = facts[facts["item"] == "GDP real growth"].set_index("year")["value"] / 100
    implied = np.prod([(1 + gdp[str(y)]) * (1 + intensity[str(y)]) for y in range(START + 1, LIVED + 1)])
    yield row("CO2 against 2020, as official intensity and growth imply", lambda r: r.growth(r("Emissions|CO2|Gross")),
              100 * (implied - 1), "2021-2025", "assumed", "%")
    for item, names in GENERATION.items():
        own = series(item)
        if str(START) in own.index and str(LIVED) in own.index:
            made = [f"Production|Electricity|{x}" for x in names]
            yield row(f"{item} against 2020", lambda r, made=made: r.growth(r(*made)),
                      100 * (own.loc[str(LIVED), "value"] / own.loc[str(START), "value"] - 1), LIVED,
                      own.loc[str(LIVED), "status"], "%")
    for item, names in CAPACITY.items():
        own = series(item)
        last = max(own.index)
        yield row(item, lambda r, n=names: float(r(*(f"Capacity|Electricity|{x}" for x in n))[LIVED]),
                  own.loc[last, "value"], last, own.loc[last, "status"], "GW")

    def furnace(r):
        made = r("Production|Crude steel|Scrap and electric arc furnace") / r("Production|Crude steel")
        return 100 * float(made[LIVED])

    share = series("share steel_scrap_eaf").iloc[-1]
    yield row("steel from electric furnaces", furnace, 100 * share["value"], "2024", share["status"], "% of steel")
    for fuel, then in (("Coal", "coal"), ("Oil", "oil"), ("Gas", "natural gas")):
        shares = facts[(facts["item"] == f"{then} share of energy consumption")].set_index("year")["value"]
        statistic = float(shares[str(LIVED)]) if str(LIVED) in shares.index else float("nan")
        yield row(f"{then} share of primary energy", lambda r, f=fuel: 100 * float(
            r(f"Primary Energy|{f}")[LIVED] / r("Primary Energy|Coal Equivalent")[LIVED]), statistic, LIVED,
            "" if np.isnan(statistic) else "assumed", "%")


PERIODS = ((2026, 2030), (2031, 2040), (2041, 2060))
KINDS = {"wind": "capacity wind", "solar": "capacity solar", "nuclear": "capacity nuclear",
         "hydro and pumped storage": "capacity hydro", "new storage": "capacity new storage", "coal": "capacity coal",
         "gas": "capacity gas"}


def _pace(run: Run):
    history = _facts("technology_history.csv")
    for kind, item in KINDS.items():
        stock = history[history["item"] == item].set_index("year")["value"]
        new = run(*(f"New Capacity|Electricity|{n}" for n in CAPACITY[item]))
        mean = [np.interp(np.arange(a, b + 1), run.years, new.to_numpy()).mean() for a, b in PERIODS]
        last = stock["2025"] - stock["2024"] if "2025" in stock.index else float("nan")
        yield (kind, float((stock["2024"] - stock["2020"]) / 4), float(last), *map(float, mean))


def _shape(run: Run):
    """Peak, plateau and ratios, with values linear between model years."""
    years = np.arange(run.years[0], run.years[-1] + 1)
    found = {}
    for scope in ("Gross", "Net"):
        path = np.interp(years, run.years, run(f"Emissions|CO2|{scope}").to_numpy())
        top = int(path.argmax())
        near = path >= (1 - PLATEAU) * path[top]
        first = last = top
        while first > 0 and near[first - 1]:
            first -= 1
        while last < len(years) - 1 and near[last + 1]:
            last += 1
        found[scope] = (str(years[top]), path[top] / 1e3, str(years[last] - years[first] + 1),
                        *(path[years == y][0] / path[top] for y in (2030, 2035, 2050)), np.trapezoid(path, years) / 1e3)
    names = ("peak year", "peak, Gt", f"years within {PLATEAU:.0%} of it", "2030 / peak", "2035 / peak", "2050 / peak",
             "trapezium sum, Gt")
    yield from zip(names, found["Gross"], found["Net"], strict=True)


def _neutral(run: Run) -> list[str]:
    """What takes up CO2 before capture in the last year."""
    year = int(run.years[-1])
    gross, stored, land, air = (float(run(v)[year]) for v in (
        "Emissions|CO2|Gross", "Carbon Storage", "Carbon Removal|Land", "Production|co2_removal"))
    miss = gross - stored - land
    verdict = "holds" if abs(miss) <= NEUTRAL else "does **not** hold"
    return [f"{year}: {gross:,.0f} Mt before capture = {stored - air:,.0f} Mt captured at plants and stored + "
            f"{air:,.0f} Mt from the air and stored + {land:,.0f} Mt land sinks; the balance {verdict} "
            f"({miss:+.2f} Mt, asked within {NEUTRAL:g}).", ""]


def _published(data: Path) -> list[str]:
    """Published pathways as ratios: their levels may be checked against, not carried over."""
    folder = Path(data) / "economy" / "scenarios"
    if not folder.is_dir():
        return ["Published pathways: skipped, the working data folder is absent.", ""]
    rows = []
    gcam = pd.read_csv(folder / "gcam_china_key_results_comparison.csv")
    for scenario in dict.fromkeys(gcam["scenario"]):
        own = gcam[(gcam["scenario"] == scenario) & (gcam["variable"] == "China net CO2")]
        if own.empty:
            continue
        path = {y: float(own.iloc[0][f"{y}.0"]) for y in (2020, 2030, 2040, 2050, 2060)}
        total = np.trapezoid(list(path.values()), list(path)) / path[2020]
        top = max(path, key=path.get)
        rows.append((f"GCAM-China, {scenario}", "net CO2 of energy and industry, decades", str(top),
                     path[2030] / max(path.values()), path[2050] / max(path.values()), total))
    peer = pd.read_csv(folder / "peer_scenario_facts_china.csv")
    caep = peer[peer["scenario"] == "CAEP-CP 1.1"].set_index("variable")
    if {"CO2 emissions peak", "CO2 emissions"} <= set(caep.index):
        peak, later = (float(caep.loc[v, "value"]) for v in ("CO2 emissions peak", "CO2 emissions"))
        rows.append(("CAEP-CP 1.1", "energy and industry; plateau of 5-7 years after the peak",
                     str(caep.loc["CO2 emissions peak", "year"]), later / peak, float("nan"), float("nan")))
    for study, scope in (("Engineering journal article 38974 (energy system pathways to carbon neutrality)", "energy"),
                         ("C3IAM/NET (BIT 2021)", "national")):
        own = peer[peer["study"] == study]
        if len(own):
            rows.append((study, scope, str(own.iloc[0]["year"]), float("nan"), float("nan"), float("nan")))
    head = ("published pathway", "scope", "peak", "2030 / peak", "2050 / peak", "trapezium sum 2020-2060 / 2020, years")
    return ["Published pathways, as ratios of their own figures (estimated where interpolated; scopes differ from the "
            "run's).", "", *table(head, rows)]
