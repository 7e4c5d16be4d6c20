"""Scenario sections `macro` and `demand`: growth, structure of final use, consumption and material demand (E7, E9)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from scenarios.keys import period_years
from scenarios.quantities import Quantity, mistake
from scenarios.sections import (
    Consumption,
    Period,
    Product,
    Province,
    RatePath,
    Section,
    Share,
    SharePath,
    SignedSharePath,
    Whole,
    refuse,
    setting,
)

Growth = Annotated[float, Quantity("share/year", -0.3, 0.3)]
Elasticity = Annotated[float, Quantity("1", -5.0, 5.0)]
SSP = ("SSP1", "SSP2", "SSP3", "SSP4", "SSP5")


class _Growing(Section):
    """Growth of GDP or population: an SSP's growth (never its levels), own yearly rates, or both."""

    source: Literal["SSP1", "SSP2", "SSP3", "SSP4", "SSP5", "rates"] = setting(
        "SSP2",
        "growth by province from one of the shared socio-economic pathways, or 'rates' (own rates only, all "
        "provinces alike unless they have rates of their own)",
        "增长来源",
    )
    rates: Annotated[dict[Period, Growth], Whole()] = setting(
        {},
        "national growth in each year of a period, '2026-2030': 0.048; with an SSP the provinces keep its relative "
        "growth and the nation meets these rates. With 'rates' every year after history needs one",
        "全国年增长率",
    )
    provincial_rates: dict[Province, Annotated[dict[Period, Growth], Whole()]] = setting(
        {},
        "own growth of a province; it is kept, the other provinces are scaled so that national rates hold",
        "分省年增长率",
    )

    @model_validator(mode="after")
    def _periods_do_not_overlap(self):
        errors = []
        tables = [(("rates",), self.rates)] + [(("provincial_rates", p), t) for p, t in self.provincial_rates.items()]
        for place, table in tables:
            seen: dict[int, str] = {}
            for period in table:
                twice = [seen[y] for y in period_years(period) if y in seen]
                if twice:
                    errors.append(
                        (
                            (*place, period, "[key]"),
                            mistake(f"period {period} overlaps {twice[0]}", "give each year to one period only"),
                        )
                    )
                seen.update(dict.fromkeys(period_years(period), period))
        refuse(errors)
        return self


class GrossDomesticProduct(_Growing):
    """Real growth of gross domestic product."""

    history: Literal["pinned", "deflated", "none"] = setting(
        "pinned",
        "years already lived (2021-2025): 'pinned' = published real growth of each province, 'deflated' = nominal "
        "provincial GDP over the national deflator (bent by coal prices and revised levels), 'none' = by source; "
        "with both of the first the nation meets its published growth",
        "历史增长",
    )


class Population(_Growing):
    """Population."""

    history: Literal["pinned", "none"] = setting(
        "pinned", "years already lived (2021-2024): 'pinned' to resident population at year end, or 'none'", "历史人口"
    )


class Structure(Section):
    """Shares of final use in GDP and what closes the economy (E7)."""

    closure: Literal["trade", "demand", "exports"] = setting(
        "trade",
        "what moves so that every province meets its GDP: trade between provinces (default), provincial demand, "
        "or provincial exports abroad",
        "闭合方式",
    )
    investment: Literal["capital", "share"] = setting(
        "capital",
        "'capital': investment replaces and extends the capital stock, (depreciation + growth) x stock; "
        "'share': it keeps its share of GDP, or follows investment_share",
        "投资规则",
    )
    depreciation: Annotated[float, Quantity("share/year", 0.0, 0.3)] = setting(
        0.05, "depreciation of the capital stock per year", "资本折旧率"
    )
    investment_share: SharePath | None = setting(
        None,
        "fixed capital formation over GDP, from the base value to the given years; only with investment: share",
        "投资率",
    )
    government_share: SharePath | None = setting(
        None,
        "government consumption over GDP, from the base value to the given years; none keeps the base share",
        "政府消费率",
    )
    trade_balance: SignedSharePath | None = setting(
        None,
        "exports less imports over GDP, from the base value to the given years; none keeps the base share",
        "净出口占比",
    )

    @model_validator(mode="after")
    def _investment_share_needs_its_rule(self):
        if self.investment_share is not None and self.investment == "capital":
            refuse(
                [
                    (
                        ("investment_share",),
                        mistake(
                            "investment_share has no effect with investment: capital",
                            "write 'investment: share' beside it",
                        ),
                    )
                ]
            )
        return self


class Macro(Section):
    """Growth and structure of the economy (E7)."""

    gdp: GrossDomesticProduct = setting({}, "real growth of gross domestic product", "国内生产总值")
    population: Population = setting({}, "resident population", "人口")
    urban_share: SharePath | None = setting(
        None,
        "urban share of the national population, from the base value to the given years; none keeps every "
        "province's base share",
        "城镇化率",
    )
    structure: Structure = setting({}, "shares of final use and closure", "需求结构")


class Demand(Section):
    """How households and industries change what they ask for."""

    elasticities: dict[Consumption, Elasticity] = setting(
        {},
        "income elasticity of consumption by sector, group, or household product (passenger, floor_space); what is not "
        "named has 1. Only the mix of consumption moves, its volume is closed by E7",
        "收入弹性",
    )
    price_response: Literal["average", "marginal", "none"] = setting(
        "average", "prices that move the mix of consumption (E12): average cost, marginal cost, or none", "价格响应"
    )
    free_share: Share = setting(
        0.5,
        "part of household consumption above what is needed whatever the prices (linear expenditure system): 1 is "
        "Cobb-Douglas, 0 a fixed mix",
        "可自由支配消费占比",
    )
    dematerialisation: dict[Product, RatePath] = setting(
        {}, "yearly fall of the use of a product per unit of the using industry's output", "减物质化率"
    )
