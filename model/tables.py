"""From solved years to the long results table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from io_tables import classification
from model.carbon.consumption_based import used_co2
from model.carbon.deal_tables import deal_blocks, deal_tables
from model.carbon.desk_tables import desk_tables
from model.certificate import Certificate
from model.coupled_results import coupled_blocks, programme_notes, programme_policies, programme_warnings
from model.final_energy import final_energy
from model.macro.closure_report import CLOSURE_NOTES, closure_warnings
from model.price_results import price_blocks
from model.primary_energy import primary_energy
from model.results import NATION, Results, block, long_table, with_nation
from model.unused_settings import unused_settings
from model.year_table import table_of_year
from scenarios import growth
from scenarios.lock import lock

if TYPE_CHECKING:
    from model.coupling import Coupled
    from model.study import Study, Year


def fuel_name(fuel: str) -> str:
    """'derived_gas' -> 'Derived Gas', as in variable names; LPG stays in capitals."""
    return "LPG" if fuel == "lpg" else fuel.replace("_", " ").title()


def gather(study: Study, years: list[Year], certificate: Certificate, coupled: Coupled | None = None, *,
           intervals: bool = False, curves: bool = False) -> Results:
    """Build Results from the solved years; intervals, curves : see `deal_tables`."""
    base, scenario = study.base, study.scenario
    provinces, sectors = classification.provinces(), classification.sectors()
    parts = [*_economy(study, years), *_energy(study, years), *_carbon(study, years), *_technologies(study, years)]
    if coupled is None:
        priced = study.prices.response(years)
        parts += price_blocks(study, years, priced.prices, study.prices.mix)
    else:
        # The programme's own capacities stand in place of those that activity would imply.
        parts = [p for p in parts if len(p) and not p["variable"].iloc[0].startswith("Capacity|")]
        parts += coupled_blocks(coupled)
    table, policies = long_table(parts), programme_policies(coupled)
    desk, added = desk_tables(table, scenario, base.regions, base.energy_sectors, policies)
    desk |= deal_tables(coupled, intervals=intervals, curves=curves)
    table = long_table([table, *added, *deal_blocks(desk, base.regions, scenario.years)])
    return Results(
        scenario.name,
        scenario.title.en or scenario.name,
        scenario.title.zh or scenario.name,
        scenario.description,
        tuple(scenario.years),
        base.regions,
        tuple(provinces.zh(r) if r in provinces.rows else r for r in base.regions),
        base.sectors,
        tuple(sectors.zh(s) if s in sectors.rows else s for s in base.sectors),
        table,
        certificate,
        sources(study),
        base.margins,
        targets(study, table),
        lock(scenario, {f"base year {base.name}": base.sha256}),
        (*unused_settings(scenario), *warnings(study, years), *programme_warnings(coupled)),
        (*NOTES, CLOSURE_NOTES[scenario.macro.structure.closure], *programme_notes(coupled)),
        policies,
        arrays=arrays(study, years),
        tables=desk,
    )


#: Columns of every list of inputs.
SOURCE_COLUMNS = ("item", "year", "value", "unit", "source", "status")


def sources(study: Study) -> pd.DataFrame:
    """Everything the run stood on: the base year's inputs, growth, the scenario's own, the catalogue's parameters."""
    scenario, rows = study.scenario, []
    for row in growth.sources(scenario):
        rows.append(
            (
                f"growth: {row.get('item', '')}",
                str(row.get("year", "")),
                np.nan,
                row.get("unit", ""),
                row["source"],
                row["status"],
            )
        )
    for place, stated in scenario.sources.items():
        rows.append((f"scenario: {place}", "", np.nan, "", stated.source, stated.status))
    for (technology, parameter, item, _use), path in study.catalogue.paths.items():
        rows.append(
            (
                f"technology: {technology} {parameter} {item}".strip(),
                "",
                path.at(study.base.year),
                path.unit,
                path.source,
                path.status,
            )
        )
    own = pd.DataFrame(rows, columns=list(SOURCE_COLUMNS))
    return pd.concat([study.base.sources[list(SOURCE_COLUMNS)], own], ignore_index=True)


NOTES = (
    (
        "Scope: energy combustion and industrial-process CO2, territorial, 31 province-level regions; Hong Kong, "
        "Macau and Taiwan are outside.",
        "范围:能源燃烧与工业过程CO2,属地口径,31个省级行政区,不含香港、澳门、台湾。",
    ),
    (
        "Money is in constant 2020 producers' prices; the level is that of the official 2020 input-output table.",
        "货币量为2020年不变生产者价格,总量以2020年官方投入产出表为准。",
    ),
    (
        "Primary energy is shown twice: non-fossil electricity at the coal-equivalent heat rate, and calorific.",
        "一次能源分发电煤耗法与电热当量法两种口径列示。",
    ),
    (
        "Provincial tables, trade and energy accounts are estimates from published margins; see the calibration sheet.",
        "分省投入产出表、省际贸易与能源账户由公布的控制数估算,见校准表。",
    ),
    (
        "Uniqueness or global optimality of the equilibrium, the truth of the trade pattern and of the underlying data "
        "are not claimed.",
        "不主张均衡唯一或全局最优,亦不主张贸易格局与基础数据的真实性。",
    ),
)


def _economy(study: Study, years: list[Year]) -> list[pd.DataFrame]:
    base, times = study.base, [y.year for y in years]
    places = (NATION, *base.regions)
    M = base.membership
    value_added = np.stack([y.economy.value_added @ M for y in years])
    output = np.stack([y.economy.closed.output @ M for y in years])
    assumed = study.assumed
    chi = np.array([y.economy.closed.chi for y in years])
    demands = [y.economy.demand for y in years]
    private = np.stack(
        [c * (d.consumption + d.consumption_imports).sum(axis=1) for c, d in zip(chi, demands, strict=True)]
    )
    government = _government(study, years)
    fixed = np.stack([(d.fixed + d.fixed_imports).sum(axis=1) for d in demands])
    inventories = np.stack([(d.inventories + d.inventory_imports).sum(axis=1) for d in demands])
    exports = np.stack([y.economy.closed.exports.sum(axis=1) for y in years])
    imports = np.stack([imports_by_province(y.economy) for y in years])
    outflow = np.stack([net_outflow(y.economy) for y in years])
    money = "10^8 yuan"
    rows = [
        ("GDP|Real", money, value_added.sum(axis=2)),
        ("Population", "million persons", assumed.population),
        ("Consumption|Private", money, private),
        ("Consumption|Government", money, government),
        ("Investment", money, fixed - government),
        ("Inventories", money, inventories),
        ("Exports", money, exports),
        ("Imports", money, imports),
        ("Net Outflow", money, outflow),
    ]
    parts = [block(name, unit, with_nation(values), times, places) for name, unit, values in rows]
    for name, values in (("Value Added", value_added), ("Gross Output", output)):
        whole = with_nation(values)
        parts.append(block(name, money, whole, times, places, base.sectors))
        parts.append(block(name, money, whole.sum(axis=2), times, places))
    kappa = np.stack([y.economy.closed.kappa for y in years])
    parts.append(block("Competitiveness", "1", kappa, times, base.regions))
    if study.scenario.macro.structure.closure != "trade":
        closed = [y.economy.closed for y in years]
        for name, unit, values in (
            ("Consumption Scale", "1", [c.consumption_scale for c in closed]),
            ("Exports Scale", "1", [c.export_scale for c in closed]),
            ("GDP Slack", money, [c.slack for c in closed]),
        ):
            parts.append(block(name, unit, np.stack(values), times, base.regions))
    return parts


def _government(study: Study, years: list[Year]) -> np.ndarray:
    base = study.base
    base_government = (base.final_use + base.final_imports)[:, :, 2].sum(axis=1)
    return np.stack(
        [
            base_government * study.assumed.gdp[t] / base.gdp * study.assumed.rules[t].government_factor
            for t in range(len(years))
        ]
    )


def imports_by_province(economy) -> np.ndarray:
    """(R,) all imports from abroad used in each province."""
    d = economy.demand
    inputs = (economy.imported.sum(axis=1) * economy.closed.output).sum(axis=1)
    final = d.fixed_imports + economy.closed.chi * d.consumption_imports + d.inventory_imports
    return inputs + final.sum(axis=1)


def net_outflow(economy) -> np.ndarray:
    """(R,) sent to other provinces less received from them."""
    use = economy.domestic_use
    sent = np.einsum("irs,si->r", economy.closed.trade_shares, use)
    return sent - use.sum(axis=1)


def _energy(study: Study, years: list[Year]) -> list[pd.DataFrame]:
    base, times = study.base, [y.year for y in years]
    places, names = (NATION, *base.regions), base.energy_sectors
    use = np.stack([y.energy.use for y in years])
    parts = []
    for f, fuel in enumerate(base.fuels):
        whole = with_nation(use[..., f])
        variable = f"Energy Use|{fuel_name(fuel)}"
        parts.append(block(variable, "PJ", whole, times, places, names, keep_zeros=False))
        parts.append(block(variable, "PJ", whole.sum(axis=2), times, places))
    whole = with_nation(use.sum(axis=3))
    parts.append(block("Energy Use", "PJ", whole, times, places, names))
    parts.append(block("Energy Use", "PJ", whole.sum(axis=2), times, places))
    final = np.stack([final_energy(study, y) for y in years])
    for variable, values in (
        ("Final Energy", final.sum(axis=3)),
        ("Final Energy|Electricity", final[..., base.fuels.index("electricity")]),
    ):
        whole = with_nation(values)
        parts.append(block(variable, "PJ", whole, times, places, names))
        parts.append(block(variable, "PJ", whole.sum(axis=2), times, places))
    primary = [primary_energy(study, y) for y in years]
    for variable in primary[0]:
        values = np.stack([p[variable] for p in primary])
        parts.append(block(variable, "PJ", with_nation(values), times, places))
    for convention in ("Coal Equivalent", "Calorific"):
        total = with_nation(np.stack([p[f"Primary Energy|{convention}"] for p in primary]))
        fossil = with_nation(sum(np.stack([p[f"Primary Energy|{g}"] for p in primary]) for g in ("Coal", "Oil", "Gas")))
        # A province's own share makes no sense where fuels are refined for others; the nation's does.
        share = 100 * (1 - fossil[:, :1] / total[:, :1])
        parts.append(block(f"Non-Fossil Share|{convention}", "%", share, times, (NATION,)))
    return parts


def _carbon(study: Study, years: list[Year]) -> list[pd.DataFrame]:
    from model.pathway.carbon_payers import payers

    base, times = study.base, [y.year for y in years]
    places, names = (NATION, *base.regions), base.energy_sectors
    co2 = np.stack([y.energy.co2 for y in years])
    captured = np.stack([y.energy.captured for y in years])
    unit = "Mt CO2"
    parts = []
    for q, source in enumerate(base.co2_sources):
        whole = with_nation(co2[..., q])
        variable = (
            "Emissions|CO2|Industrial Processes" if source == "process" else f"Emissions|CO2|Energy|{fuel_name(source)}"
        )
        parts.append(block(variable, unit, whole, times, places, names, keep_zeros=False))
        parts.append(block(variable, unit, whole.sum(axis=2), times, places))
    for variable, values in (
        ("Emissions|CO2|Energy", co2[..., :-1].sum(axis=3)),
        ("Emissions|CO2|Gross", co2.sum(axis=3)),
        ("Emissions|CO2|Captured", captured),
    ):
        whole = with_nation(values)
        parts.append(block(variable, unit, whole, times, places, names, keep_zeros=variable.endswith("Gross")))
        parts.append(block(variable, unit, whole.sum(axis=2), times, places))
    if study.scenario.carbon.scope == "energy":
        # what caps, prices and targets count where that is not everything
        owners = [payers(study, y, "energy") for y in years]
        counted = np.stack([o.industries.sum(axis=1) + o.households.sum(axis=1) - o.removed for o in owners])
        parts.append(block("Emissions|CO2|In Scope", unit, with_nation(counted), times, places))
    used = np.stack([used_co2(table_of_year(study, y)) for y in years])
    parts.append(block("Emissions|CO2|Consumption-Based", unit, with_nation(used), times, places))
    gdp = np.stack([y.economy.value_added.sum(axis=1) for y in years])
    sinks = with_nation(study.assumed.sinks)
    net = with_nation(co2.sum(axis=(2, 3)) - captured.sum(axis=2)) - sinks
    parts += [
        block("Carbon Removal|Land", unit, sinks, times, places),
        block("Emissions|CO2|Net", unit, net, times, places),
        block("Carbon Intensity", "t CO2/10^4 yuan", net / with_nation(gdp) * 100, times, places),
    ]
    return parts


def _technologies(study: Study, years: list[Year]) -> list[pd.DataFrame]:
    base, times = study.base, [y.year for y in years]
    places = (NATION, *base.regions)
    activity = np.stack([y.activity for y in years])
    parts = []
    for product in study.products:
        own = list(study.of_product[product])
        row = classification.products().rows.get(product)
        unit = row["unit"] if row else "Mt"
        name = row["name_en"] if row else product
        if product in base.products:
            total = np.stack([y.production[:, base.products.index(product)] for y in years])
        else:
            total = activity[:, :, own].sum(axis=2)
        if total.any():
            parts.append(block(f"Production|{name}", unit, with_nation(total), times, places))
        for k in own:
            if activity[:, :, k].any():
                technology = study.catalogue.technology(study.keys[k])
                family = "Storage Discharge" if technology.dispatch == "storage" else "Production"
                variable = f"{family}|{name}|{technology.name_en}"
                parts.append(block(variable, unit, with_nation(activity[:, :, k]), times, places))
    parts += _capacities(study, years, places, times)
    return parts


def _capacities(study: Study, years: list[Year], places, times) -> list[pd.DataFrame]:
    """Power capacity that the activity implies at base-year utilisation (availability where nothing stands yet)."""
    base, stock = study.base, study.base.technology_stock
    parts = []
    for k in study.of_product["electricity"]:
        key = study.keys[k]
        made = np.stack([y.activity[:, k] for y in years])
        own = stock[stock["technology"] == key].groupby("region")["capacity"].sum()
        capacity = own.reindex(list(base.regions)).fillna(0.0).to_numpy(dtype=float)
        then = study.activity[:, k]
        value = study.catalogue.value
        full = value(key, "activity_per_capacity") * value(key, "availability")
        nation = then.sum() / capacity.sum() if capacity.sum() > 0 and then.sum() > 0 else full
        per_capacity = np.full(len(capacity), nation)
        np.divide(then, capacity, out=per_capacity, where=(capacity > 0) & (then > 0))
        # Shares say nothing of stores: a stock frozen to the last year would mislead.
        result = made / per_capacity
        if result.any():
            label = study.catalogue.technology(key).name_en
            parts.append(block(f"Capacity|Electricity|{label}", "GW", with_nation(result), times, places))
    return parts


def targets(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """One row per stated target: what was asked, what the run reaches, whether it holds."""
    from model.target_values import reached

    return reached(study.scenario, table)


def warnings(study: Study, years: list[Year]) -> list[str]:
    """What a reader should know before using the numbers."""
    found = []
    for y in years:
        found += closure_warnings(y.year, study.base.regions, y.economy.closed, y.economy.demand.gdp)
    for j, industry in enumerate(study.base.industries):
        negative = {}
        for y in years:
            output = float(y.economy.closed.output[:, j].sum())
            value = float(y.economy.value_added[:, j].sum())
            if output > 0 and value < 0:
                negative[y.year] = value / output
        if negative:
            worst = min(negative, key=negative.get)
            found.append(
                f"{industry}: at constant prices inputs exceed output from {min(negative)} on (worst {worst}: value "
                f"added {100 * negative[worst]:.0f} % of output); its product would become dearer"
            )
    return found


def arrays(study: Study, years: list[Year]) -> dict[str, tuple[np.ndarray, tuple[tuple, ...]]]:
    """Whole arrays for analysis: output, coefficients, trade, energy, CO2, activity by year."""
    base = study.base
    times = tuple(y.year for y in years)
    R, J = base.regions, base.industries
    return {
        "output": (np.stack([y.economy.closed.output for y in years]), (times, R, J)),
        "domestic_coefficients": (np.stack([y.economy.domestic for y in years]), (times, R, J, J)),
        "import_coefficients": (np.stack([y.economy.imported for y in years]), (times, R, J, J)),
        "trade_shares": (np.stack([y.economy.closed.trade_shares for y in years]), (times, J, R, R)),
        "energy_use": (np.stack([y.energy.use for y in years]), (times, R, base.energy_sectors, base.fuels)),
        "co2": (np.stack([y.energy.co2 for y in years]), (times, R, base.energy_sectors, base.co2_sources)),
        "activity": (np.stack([y.activity for y in years]), (times, R, study.keys)),
    }
