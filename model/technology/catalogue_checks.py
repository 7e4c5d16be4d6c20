"""What must hold in the technology catalogue: one small function per rule, each message ending in the remedy."""

from __future__ import annotations

import math
from collections.abc import Iterator

from io_tables.classification import products, sectors
from io_tables.errors import Problem, did_you_mean
from model.technology.catalogue import LABOUR, USES, Catalogue

#: Products of technologies without a row in products.csv, and their units.
EXTRA_PRODUCTS = {"co2_removal": "Mt"}
STATUSES = ("official", "derived", "estimated", "assumed")
DISPATCHES = ("annual", "thermal", "baseload", "hydro", "solar", "wind_onshore", "wind_offshore", "storage")
#: Parameters without which a technology cannot enter the programme.
REQUIRED = ("capex", "lifetime", "activity_per_capacity", "availability")
#: Seasonal performance a heat pump can reach.
HIGHEST_COP = 6.0


def _product_units() -> dict[str, str]:
    return {k: products().rows[k]["unit"] for k in products().keys} | EXTRA_PRODUCTS


def products_known(c: Catalogue) -> Iterator[Problem]:
    units = _product_units()
    for t in c.technologies.values():
        if t.product not in units:
            yield Problem("technologies.csv", f"{t.key}: unknown product '{t.product}'", did_you_mean(t.product, units))
        elif t.output_unit != units[t.product]:
            yield Problem("technologies.csv", f"{t.key}: output unit '{t.output_unit}'",
                          f"technologies of {t.product} use '{units[t.product]}'")


def one_capacity_unit_per_product(c: Catalogue) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for t in c.technologies.values():
        if seen.setdefault(t.product, t.capacity_unit) != t.capacity_unit:
            yield Problem("technologies.csv", f"{t.key}: capacity unit '{t.capacity_unit}'",
                          f"other technologies of {t.product} use '{seen[t.product]}'")


def names_in_both_languages(c: Catalogue) -> Iterator[Problem]:
    for t in c.technologies.values():
        if not t.name_en or not t.name_zh:
            yield Problem("technologies.csv", f"{t.key}: a name is missing", "give name_en and name_zh")


def dispatch_known(c: Catalogue) -> Iterator[Problem]:
    for t in c.technologies.values():
        if t.dispatch not in DISPATCHES:
            yield Problem("technologies.csv", f"{t.key}: dispatch '{t.dispatch}'", did_you_mean(t.dispatch, DISPATCHES))


def retrofits_known(c: Catalogue) -> Iterator[Problem]:
    for t in c.technologies.values():
        if t.retrofit_of and t.retrofit_of not in c.technologies:
            yield Problem("technologies.csv", f"{t.key}: retrofit of unknown '{t.retrofit_of}'",
                          did_you_mean(t.retrofit_of, c.technologies))


def rows_name_known_things(c: Catalogue) -> Iterator[Problem]:
    for technology, parameter, item, use in c.paths:
        where = f"catalogue.csv: {technology} {parameter} {item}".strip()
        if technology not in c.technologies:
            yield Problem(where, "unknown technology", did_you_mean(technology, c.technologies))
        if parameter not in c.parameters:
            yield Problem(where, "unknown parameter", did_you_mean(parameter, c.parameters))
        if parameter in ("input", "output") and item not in c.commodities:
            yield Problem(where, "unknown commodity", did_you_mean(item, c.commodities))
        if parameter == "input" and use not in USES:
            yield Problem(where, f"unknown use '{use}'", did_you_mean(use, USES))


def required_parameters_given(c: Catalogue) -> Iterator[Problem]:
    for key in c.technologies:
        for parameter in REQUIRED:
            if (key, parameter, "", "") not in c.paths:
                yield Problem("catalogue.csv", f"{key}: no {parameter}", "add a row with value, unit and source")


def units_as_declared(c: Catalogue) -> Iterator[Problem]:
    for (key, parameter, item, _), path in c.paths.items():
        t, row = c.technologies.get(key), c.parameters.get(parameter)
        if t is None or row is None or (item and item not in c.commodities):
            continue
        commodity = c.commodities[item].unit if item else ""
        unit = row["unit"].format(output=t.output_unit, capacity=t.capacity_unit, commodity=commodity)
        if path.unit != unit:
            yield Problem(f"catalogue.csv: {key} {parameter} {item}", f"unit '{path.unit}'", f"expected '{unit}'")


def values_in_range(c: Catalogue) -> Iterator[Problem]:
    """Costs and inputs not negative, capture rate and availability in [0, 1], lifetime positive."""
    for (key, parameter, item, _), path in c.paths.items():
        row = c.parameters.get(parameter)
        if row is None:
            continue
        least = float(row["minimum"]) if row["minimum"] else -math.inf
        most = float(row["maximum"]) if row["maximum"] else math.inf
        for value in (*path.value, *path.low, *path.high):
            if not least <= value <= most:
                yield Problem(f"catalogue.csv: {key} {parameter} {item}", f"{value:g} is outside its range",
                              f"allowed: {least:g} to {most:g}")


def range_holds_value(c: Catalogue) -> Iterator[Problem]:
    for (key, parameter, item, _), path in c.paths.items():
        for low, value, high in zip(path.low, path.value, path.high, strict=True):
            if not low <= value <= high:
                yield Problem(f"catalogue.csv: {key} {parameter} {item}", f"{value:g} is not in [{low:g}, {high:g}]",
                              "widen low and high or correct the value")


def sources_stated(c: Catalogue) -> Iterator[Problem]:
    for (key, parameter, item, _), path in c.paths.items():
        if not path.source or path.status not in STATUSES:
            yield Problem(f"catalogue.csv: {key} {parameter} {item}", "source or status is missing",
                          f"status is one of {', '.join(STATUSES)}")


def converters_gain_no_energy(c: Catalogue) -> Iterator[Problem]:
    """Energy out <= energy in for every energy converter in every year; a heat pump may reach its performance."""
    for key in c.technologies:
        most = HIGHEST_COP if key == "heat_pump" else 1.0
        for year in (2020, 2030, 2040, 2050, 2060):
            efficiency = c.efficiency(key, year)
            if not math.isnan(efficiency) and not 0 < efficiency <= most + 1e-12:
                yield Problem("catalogue.csv", f"{key}: efficiency {efficiency:.3f} in {year}",
                              f"inputs and by-products must give 0 to {most:g}")


def bound_carbon_is_not_negative(c: Catalogue) -> Iterator[Problem]:
    """Capture needs CO2 to capture: a technology with a capture rate burns something or has process CO2."""
    for key in c.technologies:
        if c.value(key, "capture_rate") > 0 and not (
            c.inputs(key, use="combustion") or c.value(key, "process_co2") > 0
        ):
            yield Problem("catalogue.csv", f"{key}: capture rate without CO2", "add its fuel or process_co2")


def recipes_add_to_one(c: Catalogue) -> Iterator[Problem]:
    for (recipe, stage), shares in c.recipes.items():
        if abs(sum(shares.values()) - 1) > 1e-9 or min(shares.values()) < 0:
            yield Problem(f"cost_recipes.csv: {recipe} {stage}", f"shares add to {sum(shares.values()):.6f}",
                          "non-negative shares must add to 1")


def recipes_known(c: Catalogue) -> Iterator[Problem]:
    names = [k for k, stage in c.recipes]
    for t in c.technologies.values():
        for recipe, stage in ((t.investment_recipe, "investment"), (t.operation_recipe, "operation")):
            if (recipe, stage) not in c.recipes:
                yield Problem("technologies.csv", f"{t.key}: unknown {stage} recipe '{recipe}'",
                              did_you_mean(recipe, names))


def industries_known(c: Catalogue) -> Iterator[Problem]:
    """Every seller is one of the 42 sectors, a product with its own row, or labour."""
    rows = [k for k in products().keys if products().rows[k]["driver"] == "output"]
    allowed = {*sectors().keys, *rows}
    for (recipe, stage), shares in c.recipes.items():
        for industry in shares:
            if industry not in allowed and not (industry == LABOUR and stage == "operation"):
                yield Problem(f"cost_recipes.csv: {recipe} {stage}", f"unknown industry '{industry}'",
                              did_you_mean(industry, allowed))
    for commodity in c.commodities.values():
        if commodity.industry not in allowed:
            yield Problem(f"commodities.csv: {commodity.key}", f"unknown industry '{commodity.industry}'",
                          did_you_mean(commodity.industry, allowed))


def prices_positive(c: Catalogue) -> Iterator[Problem]:
    for commodity in c.commodities.values():
        if not 0 < commodity.low <= commodity.price <= commodity.high:
            yield Problem(f"commodities.csv: {commodity.key}", f"price {commodity.price:g}",
                          "give 0 < low <= price <= high")


CHECKS = (
    products_known, one_capacity_unit_per_product, names_in_both_languages, dispatch_known, retrofits_known,
    rows_name_known_things, required_parameters_given, units_as_declared, values_in_range, range_holds_value,
    sources_stated, converters_gain_no_energy, bound_carbon_is_not_negative, recipes_add_to_one, recipes_known,
    industries_known, prices_positive,
)
