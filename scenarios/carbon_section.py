"""Scenario sections `carbon` and `targets`: caps, price, budgets, quotas and the stated targets (E10, E14)."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from io_tables.errors import did_you_mean
from scenarios.quantities import ByYear, Quantity, YearPath, mistake, parse_number, parse_year
from scenarios.sections import CO2Path, Province, Section, Share, Whole, Year, refuse, setting

PricePath = Annotated[YearPath, ByYear(Quantity("yuan/t", 0.0))]
#: Deviation from 1 of the weights of a blend of quota rules.
WEIGHT_TOLERANCE = 1e-6

QuotaRule = Literal[
    "grandfathering",
    "per_capita",
    "contraction_and_convergence",
    "ability_to_pay",
    "equal_marginal_cost",
    "responsibility",
    "net_of_sink",
    "intensity",
]


class Allocation(Section):
    """How a national cap is divided among provinces."""

    weights: Annotated[dict[QuotaRule, Share], Whole()] = setting(
        {"grandfathering": 1.0}, "weight of each quota rule in the blend; they sum to 1", "分配原则权重"
    )
    convergence_year: Year = setting(
        2050, "year in which contraction and convergence reaches equal quotas per head", "趋同年"
    )
    responsibility_from: Year = setting(
        1997, "first year of the history counted by the responsibility rule", "责任起始年"
    )
    responsibility_discount: Share = setting(
        0.0, "by how much emissions count less for each year they lie before the last of the history", "历史折现率"
    )
    accounting: Literal["production", "consumption"] = setting(
        "production",
        "emissions, baseline and history that the rules take: where they arise, or where the goods are used (tonnes "
        "emitted in China; quotas bind what the territory emits in both)",
        "核算口径",
    )

    @model_validator(mode="after")
    def _weights_are_whole(self):
        total = sum(self.weights.values())
        if abs(total - 1.0) > WEIGHT_TOLERANCE:
            refuse([(("weights",), mistake(f"weights sum to {total:.6g}", "make them sum to 1"))])
        return self


class Carbon(Section):
    """What is asked of CO2: energy combustion and process emissions within the 31 provinces."""

    scope: Literal["energy_and_process", "energy"] = setting(
        "energy_and_process",
        "what caps, prices and targets count: combustion and process, or combustion only",
        "核算范围",
    )
    peak_year: Year | None = setting(None, "national emissions do not rise after this year", "达峰年")
    neutral_year: Year | None = setting(
        None, "net emissions (after capture, removal and sinks) are zero or below from this year on", "中和年"
    )
    budget: Annotated[float, Quantity("Mt CO2")] | None = setting(
        None, "largest cumulative net emissions over the model years", "累计碳预算"
    )
    national_cap: CO2Path | None = setting(
        None, "largest national net emissions, from the first given year on", "全国排放上限"
    )
    provincial_caps: dict[Province, CO2Path] = setting(
        {}, "largest net emissions of a province, from the first given year on", "分省排放上限"
    )
    permit_trade: bool = setting(True, "whether provinces may trade what their caps leave", "配额交易")
    price: PricePath | None = setting(
        None,
        "price of a tonne, 2020 yuan, from the first given year on; a price and a cap on the same tonne are refused",
        "碳价",
    )
    allocation: Allocation | None = setting(
        None, "divide the national cap into provincial caps by quota rules; none leaves the nation one cap", "配额分配"
    )

    @model_validator(mode="after")
    def _one_instrument_per_tonne(self):
        errors = []
        if self.peak_year is not None and self.neutral_year is not None and self.peak_year >= self.neutral_year:
            errors.append(
                (
                    ("neutral_year",),
                    mistake(
                        f"neutral_year {self.neutral_year} is not after peak_year {self.peak_year}",
                        "emissions peak before they reach zero",
                    ),
                )
            )
        if self.price is not None:
            caps = [
                n
                for n in ("national_cap", "provincial_caps", "budget", "neutral_year", "peak_year", "allocation")
                if getattr(self, n) not in (None, {})
            ]
            if caps:
                errors.append(
                    (
                        ("price",),
                        mistake(
                            f"a price and a cap on the same tonne ({', '.join(caps)})",
                            f"keep one: remove price, or set {' and '.join(caps)} to null",
                        ),
                    )
                )
        if self.allocation is not None and self.provincial_caps:
            errors.append(
                (
                    ("allocation",),
                    mistake(
                        "provincial caps are given and would be computed as well", "keep allocation or provincial_caps"
                    ),
                )
            )
        refuse(errors)
        return self


@cache
def indicators() -> dict[str, dict[str, str]]:
    """Indicators a target may speak of: key -> row of the table (unit, name_zh, description)."""
    with open(Path(__file__).with_name("indicators.csv"), encoding="utf-8", newline="") as handle:
        return {row["indicator"]: row for row in csv.DictReader(handle)}


def _indicator(value: Any) -> str:
    if value not in indicators():
        raise mistake(f"unknown indicator '{value}'", did_you_mean(str(value), indicators()))
    return value


def _sense(value: Any) -> Any:
    return {"<=": "at_most", ">=": "at_least", "=": "equal", "==": "equal"}.get(value, value)


def _base(value: Any) -> Any:
    return value if value is None or value == "peak" else parse_year(value)


class Target(Section):
    """One stated target; its slack and shadow price are reported."""

    indicator: Annotated[str, BeforeValidator(_indicator)] = setting(
        ..., "what is counted; see the table of indicators", "指标"
    )
    year: Year = setting(..., "year in which it must hold", "目标年")
    value: float | None = setting(
        None,
        "the target: in the unit of the indicator, or with a base_year the change against it (share, -0.17 or "
        "'-17 %'); none with sense peak_by",
        "目标值",
    )
    sense: Annotated[Literal["at_most", "at_least", "equal", "peak_by"], BeforeValidator(_sense)] = setting(
        ..., "at_most (<=), at_least (>=), equal (=), or peak_by: the indicator does not rise after the year", "方向"
    )
    base_year: Annotated[int | str | None, BeforeValidator(_base)] = setting(
        None, "year the value is a change against, or 'peak' for the largest value of the run", "基准年"
    )
    unit: str | None = setting(None, "unit in which value is written; none is the indicator's unit", "单位")
    source: str = setting("", "publication that states it", "来源")
    status: Literal["official", "reported", "derived", "estimated", "assumed"] = setting(
        "assumed", "how firm the source is", "状态"
    )
    binding: bool = setting(True, "whether the pathway programme must meet it, or it is only reported", "是否约束")

    @model_validator(mode="before")
    @classmethod
    def _value_in_own_unit(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("indicator") not in indicators() or data.get("value") is None:
            return data
        unit = "share" if data.get("base_year") is not None else indicators()[data["indicator"]]["unit"]
        value = data["value"]
        if data.get("unit") is not None and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = f"{value!r} {data['unit']}"
        try:
            converted = parse_number(value, unit)
        except type(mistake("")) as error:
            place = "value" if data.get("unit") is None or isinstance(data["value"], str) else "unit"
            refuse([((place,), error)])
        return {**data, "value": converted, "unit": unit}

    @model_validator(mode="after")
    def _is_complete(self):
        errors = []
        if (self.sense == "peak_by") != (self.value is None):
            what = "sense peak_by takes no value" if self.value is not None else "a target needs a value"
            errors.append((("value",), mistake(what, "remove value" if self.value is not None else "add value")))
        if isinstance(self.base_year, int) and self.base_year >= self.year:
            errors.append(
                (
                    ("base_year",),
                    mistake(f"base_year {self.base_year} is not before year {self.year}", "give an earlier base year"),
                )
            )
        if (
            self.value is not None
            and self.base_year is None
            and self.indicator.endswith(("share", "calorific"))
            and not 0 <= self.value <= 1
        ):
            errors.append((("value",), mistake(f"{self.value:g} is not a share", f"did you mean '{self.value:g} %'?")))
        refuse(errors)
        return self
