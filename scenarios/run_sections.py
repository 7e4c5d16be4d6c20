"""Scenario sections on power, sinks, storage, economics, coupling and output."""

from __future__ import annotations

from typing import Annotated, Literal

from scenarios.quantities import ByYear, Quantity, YearPath
from scenarios.sections import (
    CO2Path,
    FactorPath,
    Fuel,
    Province,
    Section,
    Share,
    SharePath,
    Technology,
    Year,
    setting,
)

Rate = Annotated[float, Quantity("share/year", 0.0, 0.3)]


class Power(Section):
    """The electricity system."""

    slices: Annotated[int, Quantity("1", 1, 12, whole=True)] = setting(
        4, "time slices of a year, 1 to 12 (season x day and night; 4 contain the evening peak)", "时段数"
    )
    reserve_margin: SharePath = setting(0.15, "firm capacity above the highest load of a province or region", "备用率")
    lines: Literal["existing", "expand"] = setting(
        "expand", "whether lines between provinces may be extended", "跨省输电"
    )
    line_growth_max: Annotated[float, Quantity("share/year", 0.0, 1.0)] = setting(
        0.08, "largest growth of a line's capacity per year", "线路年增速上限"
    )
    line_losses: Annotated[float, Quantity("share per 1000 km", 0.0, 0.5)] | None = setting(
        None, "losses of lines between provinces per 1000 km; none takes each line's own (5.5 % AC, 1.5 % + 3.5 % DC)",
        "线损率"
    )
    curtailment_max: Share | None = setting(
        None, "largest curtailed share of wind and solar power; none is free", "弃电率上限"
    )
    accounting: Literal["coal_equivalent", "calorific"] = setting(
        "coal_equivalent",
        "how non-fossil electricity counts in targets on primary energy, energy intensity and non-fossil share; both "
        "are printed", "电力折算"
    )


class Sinks(Section):
    """Carbon sinks on land."""

    definition: Literal["inventory", "nep"] = setting(
        "inventory", "managed land as in the national greenhouse-gas inventory, or net ecosystem production", "碳汇口径"
    )
    level: Literal["low", "central", "high"] = setting("central", "which estimate of the range", "碳汇估计")
    path: Annotated[YearPath, ByYear(Quantity("Mt CO2", 0.0))] | None = setting(
        None,
        "national sink counted towards neutrality; none takes the estimate of the base year as constant",
        "碳汇路径",
    )
    provinces: dict[Province, Annotated[YearPath, ByYear(Quantity("Mt CO2", 0.0))]] = setting(
        {}, "sink of a province instead of its share of the national path", "分省碳汇"
    )
    counted_from: Year | None = setting(
        None, "first year in which sinks count in net emissions; none is every year", "计入起始年"
    )


class Storage(Section):
    """Geological storage of captured CO2."""

    estimate: Literal["low", "xing2021", "high"] = setting(
        "xing2021", "which estimate of storage capacity by province", "封存容量估计"
    )
    capacity_factor: Annotated[float, Quantity("1", 0.0, 10.0)] = setting(
        1.0, "multiplier on that estimate", "封存容量系数"
    )
    injection_max: CO2Path | None = setting(None, "largest national injection per year", "年注入上限")
    injection_share: Share = setting(0.01, "largest part of a province's capacity filled in one year", "年注入占比上限")
    first_year: Year = setting(2025, "first year of injection", "封存起始年")
    max_distance: Annotated[float, Quantity("km", 0.0)] | None = setting(
        None, "longest pipeline between source and sink", "最大运输距离"
    )


class Economics(Section):
    """Conventions of the cost account; money is 10^8 yuan of 2020."""

    discount_rate: Rate = setting(0.05, "real social discount rate", "贴现率")
    discounting: Literal["mid", "start"] = setting(
        "mid", "costs of a period fall at its middle or its start", "贴现时点"
    )
    salvage: Literal["straight_line", "none"] = setting(
        "straight_line", "value of capacity left after the last year", "残值"
    )
    period_weights: Literal["trapezium", "step"] = setting(
        "trapezium", "values linear between model years, or constant over a period", "时期权重"
    )
    budget_rule: Literal["trapezium", "sum", "mean"] = setting(
        "trapezium",
        "what carbon.budget limits: the trapezium sum from the first to the last model year, each model year times "
        "the calendar years up to it, or the yearly mean",
        "预算规则",
    )
    technology_rates: dict[Technology, Rate] = setting(
        {}, "cost of capital of a technology instead of the discount rate", "分技术折现率"
    )
    import_prices: dict[Fuel, FactorPath] = setting(
        {}, "real price of an imported fuel, 2020 = 1; the imported goods that carry it follow by what is used of each "
        "fuel", "进口能源价格指数"
    )


class Coupling(Section):
    """How the economy, the technologies and prices are joined (E11, E12)."""

    resolution: Literal["national", "provincial"] = setting(
        "national", "places of the pathway programme: the nation as one place, its choice laid out over provinces by "
        "today's pattern, or every province", "优化分辨率"
    )
    tolerance: Annotated[float, Quantity("1", 1e-12, 1e-2)] = setting(
        1e-6, "largest relative residual of the outer fixed point and of every ledger", "收敛容差"
    )
    max_iterations: Annotated[int, Quantity("1", 1, 1000, whole=True)] = setting(
        60, "largest number of outer iterations", "最大迭代数"
    )
    gap: Annotated[float, Quantity("1", 1e-12, 1e-2)] = setting(
        1e-6, "largest relative gap to the lower bound of the complete problem", "最优性间隙"
    )
    max_passes: Annotated[int, Quantity("1", 1, 1000, whole=True)] = setting(
        30, "largest number of passes of the deferred correction", "最大修正次数"
    )
    keep: Annotated[float, Quantity("1", 0.0, 1.0)] = setting(
        3e-2, "requirements above this (yuan per yuan) enter the programme, smaller ones are deferred", "保留阈值"
    )
    damping: Annotated[float, Quantity("1", 0.01, 1.0)] = setting(
        0.5, "step of the plain iteration when acceleration fails", "阻尼"
    )
    memory: Annotated[int, Quantity("1", 0, 20, whole=True)] = setting(
        5, "earlier iterates used by Anderson acceleration; 0 is plain", "加速步数"
    )


class Output(Section):
    """What a run leaves behind."""

    workbook: bool = setting(True, "write the Excel workbook", "输出工作簿")
    iamc: bool = setting(True, "write the table in the IAMC format", "输出IAMC表")
    report: bool = setting(True, "write the offline report", "输出报告")
    units: Literal["ministry", "internal"] = setting(
        "ministry", "units on the workbook's sheets: 亿元, 万吨标准煤, 万吨, 万千瓦, or PJ, Mt, GW", "单位制"
    )
    language: Literal["both", "zh", "en"] = setting("both", "language of titles", "语言")
