"""The calibration report as a document: every margin published, modelled, and what is left (E1-E6)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from calibration.generated_text import table, write_below_marker
from calibration.provincial_facts import STRATA, SUB_INDUSTRIES
from io_tables.base_year import FINAL_CATEGORIES, BaseYear
from io_tables.classification import NATION, fuels, sectors

if TYPE_CHECKING:
    from calibration.calibrate import Calibration

#: Margins by sector that are shown side by side.
_BY_SECTOR = ("output", "domestic goods used by industries", "imported goods used by industries", "exports",
              "inventory change, domestic goods", "imports")
_CAPACITY = ("thermal", "hydro", "nuclear", "wind", "solar")
_PRODUCTS = ("steel", "cement", "glass")


def write_report(base_year: BaseYear, calibration: Calibration, path: Path, own: Sequence[str] = ()) -> None:
    """Write the report to `path` (Markdown); a head above the marker line of an existing file is kept.

    own : lines on the user's own figures, which come first.
    """
    margins = base_year.margins
    lines = [
        *own, *_identities(base_year, calibration), *_national(margins), *_provinces(margins), *_sectors(margins),
        *_final_use(margins), *_trade(base_year, calibration), *_energy(base_year, margins), *_physical(margins),
        *_technologies(calibration), *_sources(base_year),
    ]
    write_below_marker(Path(path), f"Base year {base_year.year}", lines)


def _identities(base: BaseYear, found: Calibration) -> list[str]:
    national, d = found.national.check(), found.regional.diagnostics
    rows = [(f"provinces: {name}", value) for name, value in base.check().items()]
    rows += [(f"national table with products: {name}", value) for name, value in national.items()]
    energy = found.national_energy
    rows += [
        ("national energy: supply + output = use, over supply",
         float(np.abs(energy.residual()).max() / energy.supply.sum())),
        ("energy: provinces = nation, largest cell over the total",
         float(np.abs(found.energy.use.sum(axis=0) - energy.use).max() / energy.use.sum())),
        ("energy: technologies + residual = accounts, over the total", _owners(found)),
        ("every balancing: largest relative residual of a margin", d.residual),
        ("published cells closed against rounding, 10^8 yuan", found.national.closed_rounding),
    ]
    return ["## Identities", "", *table(("identity", "largest residual"), rows)]


def _owners(found: Calibration) -> float:
    owned = found.technology_energy.use.sum(axis=(0, 1)) + found.technology_energy.residual.sum(axis=(0, 1, 3))
    account = found.energy.use.sum(axis=(0, 1, 3))
    return float(np.abs(owned - account).max() / account.sum())


def _national(margins: pd.DataFrame) -> list[str]:
    """National totals with scope and scale factors."""
    rows = margins[margins["place"].isin((NATION, "sum of provinces"))]
    shown = [
        (m.item, m.published, m.modelled, _relative(m), m.unit, m.factor, m.note)
        for m in rows.rename(columns={"scale factor": "factor"}).itertuples()
    ]
    return ["## National totals", "",
            "`published` is filled only where a figure of 2020 exists; `factor` is what a published figure was",
            "multiplied by to reach the scope or level of the national table.", "",
            *table(("item", "published", "modelled", "residual, %", "unit", "factor", "scope or note"), shown)]


def _relative(row) -> float:
    """Residual over published, %; rounding errors of the arithmetic count as zero."""
    if not np.isfinite(row.published) or row.published == 0:
        return float("nan")
    percent = 100 * row.residual / row.published
    return 0.0 if abs(percent) < 1e-7 else percent


def _cells(margins: pd.DataFrame, item: str, column: str) -> pd.Series:
    return margins[margins["item"] == item].set_index("place")[column]


def _provinces(margins: pd.DataFrame) -> list[str]:
    items = ("GDP", *(f"value added, {s}" for s in STRATA))
    places = list(_cells(margins, "GDP", "modelled").index)
    rows = []
    for p in places:
        row: list[object] = [p]
        for item in items:
            row += [float(_cells(margins, item, c)[p]) for c in ("published", "modelled", "scale factor")]
        rows.append([p, *(round(v, 4) for v in row[1:])])
    header = ("province", *(f"{i.removeprefix('value added, ')} {c}" for i in items
                            for c in ("published", "modelled", "factor")))
    lines = ["## GDP and strata by province", "", "10^8 yuan of 2020; published by the provincial bureau.", "",
             *table(header, rows)]
    rows = []
    for p in places:
        row = [p]
        for name in SUB_INDUSTRIES:
            item = f"value added, {name}"
            published, modelled = (float(_cells(margins, item, c)[p]) for c in ("published", "modelled"))
            row.append(f"{modelled:,.0f}" + (f" ({modelled / published:.3f})" if np.isfinite(published) else ""))
        rows.append(row)
    lines += ["## Sub-industries by province", "",
              "Value added in the table's scope, 10^8 yuan; in brackets its ratio to the published figure where one is",
              "published.", "", *table(("province", *SUB_INDUSTRIES), rows)]
    return lines


def _sectors(margins: pd.DataFrame) -> list[str]:
    rows = [[s, *(float(_cells(margins, item, "modelled")[s]) for item in _BY_SECTOR)] for s in sectors().keys]
    worst = [_worst(margins, item) for item in _BY_SECTOR]
    rows.append(["largest residual", *worst])
    return ["## Margins by sector", "",
            "Recomputed from the provinces' factors, 10^8 yuan; the last row is the largest difference from the",
            "official table.", "", *table(("sector", *_BY_SECTOR), rows)]


def _worst(margins: pd.DataFrame, item: str) -> float:
    residual = _cells(margins, item, "residual").drop(index=NATION, errors="ignore")
    return float(residual.abs().max())


def _final_use(margins: pd.DataFrame) -> list[str]:
    rows = [
        (f"{goods} goods, {c}", *(float(_cells(margins, f"final use, {goods} goods", k)[c])
                                  for k in ("published", "modelled", "residual")))
        for goods in ("domestic", "imported") for c in FINAL_CATEGORIES
    ]
    gdp = _worst(margins, "GDP by province, production against expenditure")
    rows.append(("GDP by province, production against expenditure, largest", float("nan"), float("nan"), gdp))
    return ["## Final use", "", *table(("margin, 10^8 yuan", "published", "modelled", "residual"), rows)]


def _trade(base: BaseYear, found: Calibration) -> list[str]:
    d = found.regional.diagnostics
    rows = [
        (region, float(base.gdp[r]), float(d.outflow[r].sum()), float(d.inflow[r].sum()), float(d.net_outflow[r]),
         float(100 * d.net_outflow[r] / base.gdp[r]), *(float(v) for v in d.spending_ratio[r]))
        for r, region in enumerate(base.regions)
    ]
    power = d.electricity
    facts = [
        ("measured net imports 2019 against the balance of 2020, r", power.raw_correlation),
        ("factor on published generation", power.generation_scale),
        ("largest node residual after balancing, share of consumption", power.node_residual),
        ("pair volume moved by balancing, share", power.pair_change),
        ("flows in money against traced flows, share moved", d.electricity_money_change),
    ]
    return [
        "## Trade between provinces", "",
        "10^8 yuan; estimated, no flow between pairs is published. The last columns are final spending over its",
        "estimate from GDP and population: local goods take what industries leave.", "",
        *table(("province", "GDP", "outflow", "inflow", "net", "net, % of GDP",
                *(f"{c} ratio" for c in FINAL_CATEGORIES)), rows),
        "Used where produced: " + ", ".join(str(g) for g in d.local_goods) + ". Assumed: " + ", ".join(d.assumed) + ".",
        "", *table(("electricity", "value"), facts),
    ]


def _energy(base: BaseYear, margins: pd.DataFrame) -> list[str]:
    co2 = base.co2.sum(axis=(1, 2))
    use = base.energy_use[..., :2].sum(axis=(1, 3))
    chosen = ("coal", "natural_gas", "electricity", "heat")
    factor = _cells(margins, "energy scale: final combustion, energy control", "scale factor")
    published = _cells(margins, "electricity use", "published")
    rows = [
        (region, float(co2[r]), float(100 * co2[r] / base.gdp[r]),
         *(float(use[r, fuels().keys.index(f)]) for f in chosen), float(published[region]),
         float(factor.get(region, np.nan)))
        for r, region in enumerate(base.regions)
    ]
    return ["## Energy and CO2 by province", "",
            "Final use without transformation, PJ (electricity 3.6 PJ/TWh); CO2 of energy and processes, territorial.",
            "The sources hold no energy balance and no official CO2 of 2020 by province.", "",
            *table(("province", "CO2, Mt", "t CO2 per 10^4 yuan", *(f"{f}, PJ" for f in chosen),
                    "electricity published, TWh", "energy control factor"), rows)]


def _physical(margins: pd.DataFrame) -> list[str]:
    rows = []
    for item in (*(f"output of {p}" for p in _PRODUCTS), *(f"capacity: {c}" for c in _CAPACITY), "electricity use"):
        part = margins[(margins["item"] == item) & (margins["place"] != NATION)]
        gap = (part["modelled"] / part["published"] - 1).abs()
        rows.append((item, len(part), float(part["published"].sum()), float(part["modelled"].sum()),
                     str(part["unit"].iloc[0]), round(float(100 * gap.max()), 6), str(part.loc[gap.idxmax(), "place"])))
    return ["## Products, capacity and electricity by place", "",
            "Rows of the calibration sheet in short: sums over places and the largest difference of one place.", "",
            *table(("item", "places", "published", "modelled", "unit", "largest difference, %", "where"), rows)]


def _technologies(found: Calibration) -> list[str]:
    report = found.technology_energy.report()
    report = report[report["owned"].round(1) > 0]
    rows = [(r.product, r.fuel, float(r.claim), float(r.owned), float(r.factor)) for r in report.itertuples()]
    return ["## Energy that technologies own", "",
            "Claim = activity x catalogue input, PJ; owned = what the account of the sector holds of it. A factor",
            "below one means that the catalogue asks for more than the account has.", "",
            *table(("product", "fuel", "claim", "owned", "factor"), rows)]


def _sources(base: BaseYear) -> list[str]:
    sources = base.sources.assign(table=base.sources["item"].str.extract(r"^(\w+)", expand=False))
    counts = sources.pivot_table(index="table", columns="status", values="item", aggfunc="count", fill_value=0)
    statuses = [s for s in ("official", "derived", "estimated", "assumed") if s in counts]
    rows = [(name, *(int(row[s]) for s in statuses)) for name, row in counts.iterrows()]
    rows.append(("all", *(int(counts[s].sum()) for s in statuses)))
    return ["## Inputs by status", "", "Number of inputs per fact table; each stands in the sheet of sources.", "",
            *table(("fact table", *statuses), rows)]
