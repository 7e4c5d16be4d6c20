"""The balances of the long table, every one counted anew."""

from __future__ import annotations

import math
import re

import numpy as np

from model.verify.checks import DIGITS, NEUTRAL, TOLERANCE, Check, adds_up, closes
from model.verify.table import Recount

#: Variables whose parts do not cover them: combined heat and power delivers heat too, as a by-product.
PARTLY_COVERED = ("Production|Heat",)
NON_FOSSIL = ("Nuclear power", "Hydropower", "Onshore wind", "Offshore wind", "Utility-scale photovoltaics",
              "Distributed photovoltaics")


def recount(run: Recount) -> list[Check]:
    """The balances of the long table alone."""
    return [*_accounts(run), *_energy_and_carbon(run), *_technologies(run)]


def neutral_year(run: Recount, lock: dict) -> Check:
    """In the neutral year of an optimised run storage and land sinks take up all CO2 before capture, in Mt.

    Where shares of technologies are given emissions follow from them and nothing holds this: it does not apply.
    """
    name, year = "CO2 before capture <= stored + land sinks in the neutral year, Mt", (lock.get("carbon") or {}).get(
        "neutral_year")
    needed = ("Emissions|CO2|Gross", "Carbon Storage", "Carbon Removal|Land")
    if (lock.get("technology") or {}).get("choice") != "optimise":
        return Check(name, None, NEUTRAL, "technologies were not optimised")
    if year not in run.years:
        return Check(name, None, NEUTRAL, "no neutral year among the years")
    if missing := [v for v in needed if v not in run.variables]:
        return Check(name, math.inf, NEUTRAL, f"not in the table: {', '.join(missing)}")
    gross, stored, land = (float(run.of_nation(v)[run.years.index(year)]) for v in needed)
    return Check(name, max(gross - stored - land, 0.0), NEUTRAL, f"{year}: {gross:.0f} = {stored:.0f} + {land:.0f}")


def within_budget(run: Recount, lock: dict) -> Check:
    """Net CO2 summed over the years of an optimised run stays within `carbon.budget`, by the scenario's rule (E10)."""
    name, carbon = "cumulative net CO2 <= budget", lock.get("carbon") or {}
    if (lock.get("technology") or {}).get("choice") != "optimise" or carbon.get("budget") is None:
        return Check(name, None, TOLERANCE, "no budget on an optimised run")
    net = run.of_nation("Emissions|CO2|Net")
    if carbon.get("scope") == "energy":
        net = run.of_nation("Emissions|CO2|In Scope") - run.of_nation("Carbon Removal|Land")
    rule, years = (lock.get("economics") or {}).get("budget_rule", "trapezium"), np.array(run.years, dtype=float)
    total = float(np.trapezoid(net, years))
    if rule == "sum":
        total = float(net[0] + np.diff(years) @ net[1:])
    elif rule == "mean":
        total /= years[-1] - years[0]
    limit = float(carbon["budget"])
    return Check(name, max(total - limit, 0.0) / abs(limit), TOLERANCE, f"{total:,.0f} <= {limit:,.0f} Mt")


def _accounts(run: Recount) -> list[Check]:
    variables, regions, sectors, years = run.labels
    summed = [i for i, v in enumerate(variables) if run.extensive(v) and run.present[i, run.nation].any()
              and run.present[i, run.provinces].any()]
    detailed = [i for i in range(len(variables)) if run.present[i][:, run.detail].any()
                and run.present[i][:, run.total].any()]
    value = run.by_region
    production = value("GDP|Real")
    uses = ("Consumption|Private", "Consumption|Government", "Investment", "Inventories", "Exports", "Net Outflow")
    spending = sum(value(v) for v in uses) - value("Imports")
    outflow = value("Net Outflow")[run.provinces]
    added = run.all("Value Added")[:, run.detail].sum(axis=1)
    return [
        adds_up("provinces = nation, every variable", run.cube[np.ix_(summed, run.provinces)],
                run.cube[summed, run.nation], ([variables[i] for i in summed], sectors, years), 1),
        adds_up("sectors = total, every variable", run.cube[detailed][:, :, run.detail],
                run.cube[detailed][:, :, run.total], ([variables[i] for i in detailed], regions, years), 2),
        closes("GDP: production = expenditure, by province", spending - production, production, (regions, years)),
        closes("net outflow of the provinces sums to zero", outflow.sum(axis=0), np.abs(outflow).sum(axis=0), (years,)),
        closes("value added of the sectors = GDP", added - production, production, (regions, years)),
    ]


def _energy_and_carbon(run: Recount) -> list[Check]:
    axes, value = run.labels[1:], run.by_region
    wide = (axes[0], axes[2])
    checks = [
        adds_up(title, np.stack([run.all(v) for v in parts]), run.all(whole), axes)
        for title, parts, whole in (
            ("energy use = sum of fuels, by province and sector", run.children("Energy Use"), "Energy Use"),
            ("energy CO2 = sum of fuels, by province and sector", run.children("Emissions|CO2|Energy"),
             "Emissions|CO2|Energy"),
            ("gross CO2 = energy + processes, by province and sector",
             ["Emissions|CO2|Energy", "Emissions|CO2|Industrial Processes"], "Emissions|CO2|Gross"),
        )
    ]
    removed = sum(value(v) for v in run.variables if v.startswith("Carbon Removal|"))
    gross, net, gdp = (value(v) for v in ("Emissions|CO2|Gross", "Emissions|CO2|Net", "GDP|Real"))
    left = gross - value("Emissions|CO2|Captured") - removed
    checks.append(closes("net CO2 = gross - captured - removals", left - net, np.abs(gross) + np.abs(removed), wide))
    # 1 Mt per 10^8 yuan is 100 t per 10^4 yuan.
    checks.append(closes("carbon intensity = net CO2 / GDP", 100 * net - value("Carbon Intensity") * gdp,
                         100 * np.abs(gross), wide))
    checks += _primary(run)
    stored = [v for v in run.variables if v.startswith("Carbon Storage|")]
    if stored or "Carbon Storage" in run.variables:
        total = sum(run.of_nation(v) for v in (["Carbon Storage"] if "Carbon Storage" in run.variables else stored))
        air = sum(run.of_nation(v) for v in run.variables if v.startswith("Carbon Removal|Direct"))
        captured = run.of_nation("Emissions|CO2|Captured") + air
        # The little that is stored early on is known no better than the emissions it is taken from.
        gross = run.of_nation("Emissions|CO2|Gross")
        checks.append(closes("stored = captured, nation", total - captured, np.abs(gross), (run.years,)))
    return checks


def _primary(run: Recount) -> list[Check]:
    """Non-fossil shares, and the two conventions for electricity against non-fossil generation."""
    checks, needed = [], [f"Primary Energy|{g}" for g in ("Coal", "Oil", "Gas", "Coal Equivalent", "Calorific")]
    if not set(needed) <= set(run.variables):
        return [Check("non-fossil share recounted", None, DIGITS, "no primary energy in the table")]
    fossil = sum(run.of_nation(v) for v in needed[:3])
    for convention in ("Coal Equivalent", "Calorific"):
        miss = 100 * (1 - fossil / run.of_nation(f"Primary Energy|{convention}"))
        miss -= run.of_nation(f"Non-Fossil Share|{convention}")
        checks.append(closes(f"non-fossil share ({convention.lower()}) recounted", miss, 100.0, (run.years,), DIGITS))
    made = [f"Production|Electricity|{name}" for name in NON_FOSSIL]
    generated = sum(run.by_region(v)[run.nation] for v in made if v in run.variables)
    if np.ndim(generated) and generated[0] > 0:
        difference = run.of_nation("Primary Energy|Coal Equivalent") - run.of_nation("Primary Energy|Calorific")
        expected = generated * (difference[0] / generated[0])
        checks.append(closes("electricity conventions differ by non-fossil generation", difference - expected,
                             expected, (run.years,)))
    return checks


def _technologies(run: Recount) -> list[Check]:
    checks, misses, axes = [], [], (run.regions, run.years)
    for variable in run.variables:
        if not re.fullmatch(r"(Production|Capacity|New Capacity)\|[^|]+", variable) or not run.children(variable):
            continue
        parts, total = np.stack([run.by_region(v) for v in run.children(variable)]), run.by_region(variable)
        if variable in PARTLY_COVERED:
            over = np.maximum(parts.sum(axis=0) - total, 0.0)
            misses.append(closes(variable, over, np.maximum(total, 1e-9), axes, DIGITS))
        else:
            misses.append(adds_up(variable, parts, total, axes))
    if misses:
        worst = max(misses, key=lambda check: check.residual)
        where = f"{worst.name} {worst.where}"
        checks.append(Check("technologies add up to their product, by province", worst.residual, DIGITS, where))
    name = "electricity: use grows with generation, nation"
    if any(v.startswith("Trade|Electricity") for v in run.variables):
        checks.append(Check(name, None, TOLERANCE, "lines lose a changing share of it"))
    elif "Production|Electricity" in run.variables:
        use, made = run.of_nation("Energy Use|Electricity"), run.of_nation("Production|Electricity")
        checks.append(closes(name, use / use[0] - made / made[0], made / made[0], (run.years,)))
    built = [v for v in run.variables if v.startswith("New Capacity|") and v.removeprefix("New ") in run.variables]
    if built:
        stock, new = (np.stack([run.by_region(v) for v in names]) for names in
                      ([v.removeprefix("New ") for v in built], built))
        # Yearly additions run linearly between model years (even before the second one); else they are a step's.
        yearly = np.array([run.units[v].endswith(("/yr", "/a")) for v in built])[:, None, None]
        span = np.diff(run.years).astype(float)
        middle = np.concatenate([new[:, :, 1:2], (new[:, :, 1:-1] + new[:, :, 2:]) / 2], axis=2)
        # Of the additions of a step the last year counts fully, so the sum lies half a year's change above the mean.
        middle += np.abs(new[:, :, 1:] - middle) / span
        # Capacity taken out of service may come back, so it is held to the first year's plus all additions since.
        added = np.cumsum(np.where(yearly, middle * span, new[:, :, 1:]), axis=2)
        over = stock[:, :, 1:] - stock[:, :, :1] - added
        checks.append(closes("capacity grows by new capacity at most", np.maximum(over, 0.0),
                             np.maximum(stock[:, :, 1:], 1e-3), (built, run.regions, run.years[1:])))
    return checks
