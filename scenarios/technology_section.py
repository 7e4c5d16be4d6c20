"""Scenario section `technology`: costs, limits, shares of technologies and how they are chosen (E8, E10)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from io_tables import classification
from scenarios.keys import Key
from scenarios.quantities import ByYear, Quantity, mistake, parse_number
from scenarios.sections import (
    FactorPath,
    Product,
    Province,
    Section,
    SharePath,
    Technology,
    Whole,
    Year,
    given_years,
    refuse,
    setting,
)

#: Largest deviation from 1 of the shares of a product's technologies in one year.
SHARE_SUM_TOLERANCE = 1e-6

_CAPACITY = ByYear(Quantity("capacity unit", 0.0))
CapacityPath = Annotated[Any, _CAPACITY]


def capacity_unit(technology: str) -> str:
    """Unit of a technology's capacity: GW for power, heat and storage, Mt/year, million vehicles or Mm2 otherwise."""
    return classification.technologies().rows[technology]["capacity_unit"]


class Costs(Section):
    """Multipliers on the catalogue's cost and efficiency paths; 1 is the catalogue."""

    investment: FactorPath | None = setting(None, "investment cost relative to the catalogue", "投资成本系数")
    operation: FactorPath | None = setting(
        None, "fixed and variable operating cost relative to the catalogue", "运维成本系数"
    )
    fuel_use: FactorPath | None = setting(None, "energy input per unit of output relative to the catalogue", "能耗系数")


class ProvincialLimit(Section):
    """Bounds on one technology in one province."""

    capacity_min: CapacityPath | None = setting(None, "least capacity, in the technology's unit", "容量下限")
    capacity_max: CapacityPath | None = setting(None, "largest capacity, in the technology's unit", "容量上限")
    additions_max: CapacityPath | None = setting(
        None, "largest capacity added in a year, in the technology's unit", "年新增上限"
    )

    @model_validator(mode="after")
    def _bounds_in_order(self):
        low, high = self.capacity_min, self.capacity_max
        if low is not None and high is not None:
            years = sorted({*given_years(low), *given_years(high)}) or [*low]
            crossed = [y for y in years if low.at(y) > high.at(y)]
            if crossed:
                least, most = low.at(crossed[0]), high.at(crossed[0])
                when = "" if low.is_constant and high.is_constant else f" in {crossed[0]}"
                refuse(
                    [
                        (
                            ("capacity_min",),
                            mistake(
                                f"capacity_min {least:g} exceeds capacity_max {most:g}{when}",
                                "lower the one or raise the other",
                            ),
                        )
                    ]
                )
        return self


class Limit(ProvincialLimit):
    """Bounds on one technology in the nation, and when it may be built."""

    share_min: SharePath | None = setting(None, "least share of its product", "份额下限")
    share_max: SharePath | None = setting(None, "largest share of its product", "份额上限")
    growth_max: Annotated[float, Quantity("share/year", 0.0, 10.0)] | None = setting(
        None, "largest growth of capacity per year", "年增速上限"
    )
    first_year: Year | None = setting(
        None, "first year in which it may be built; none is the catalogue's", "最早投产年"
    )
    last_build_year: Year | None = setting(None, "last year in which it may be built", "最后新建年")
    phase_out_year: Year | None = setting(None, "year from which none may stand", "退出年")
    provinces: dict[Province, ProvincialLimit] = setting({}, "bounds by province", "分省约束")

    @model_validator(mode="after")
    def _years_in_order(self):
        steps = [(n, getattr(self, n)) for n in ("first_year", "last_build_year", "phase_out_year")]
        steps = [(n, y) for n, y in steps if y is not None]
        refuse(
            [
                ((later,), mistake(f"{later} {b} is before {earlier} {a}", "put the years in order"))
                for (earlier, a), (later, b) in itertools.pairwise(steps)
                if b < a
            ]
        )
        return self


class Foresight(Section):
    """How far the pathway programme looks ahead."""

    mode: Literal["perfect", "rolling"] = setting("perfect", "perfect foresight, or a rolling horizon", "预见方式")
    look_ahead: Annotated[int, Quantity("year", 1, 100, whole=True)] = setting(
        15,
        "years seen at each step of a rolling horizon (national programme); what a step builds in its next model year "
        "stays, goals out of sight do not count yet",
        "前瞻年数",
    )


def _capacities_in_own_unit(limits: Any) -> Any:
    """Convert capacities written with a unit ('3600 GW', '36亿千瓦') to the unit of their technology."""
    if not isinstance(limits, Mapping):
        return limits
    key, errors, out = Key("technology"), [], {}
    for name, limit in limits.items():
        technology = key.find(name)
        out[name] = limit if technology is None else _converted(limit, capacity_unit(technology), (name,), errors)
    refuse(errors)
    return out


def _converted(node: Any, unit: str, place: tuple, errors: list, capacity: bool = False) -> Any:
    if isinstance(node, Mapping):
        return {
            k: _converted(
                v, unit, (*place, k), errors, capacity or k in ("capacity_min", "capacity_max", "additions_max")
            )
            for k, v in node.items()
        }
    if not capacity or not isinstance(node, str):
        return node
    try:
        return parse_number(node, unit)
    except PydanticCustomError as error:
        errors.append((place, error))
        return 0.0


ProductShares = dict[Product, Annotated[dict[Technology, SharePath], Whole()]]


class TechnologySettings(Section):
    """Which technologies make each product, what they cost and what bounds them."""

    choice: Literal["shares", "optimise"] = setting(
        "shares",
        "'shares': mixes follow the shares below; 'optimise': the pathway programme chooses (E10) and the shares "
        "below are not used",
        "技术选择",
    )
    progress: Literal["catalogue", "frozen"] = setting(
        "catalogue",
        "costs and efficiencies move along the catalogue's paths, or stay at their base-year values",
        "技术进步",
    )
    history: Literal["pinned", "free"] = setting(
        "pinned",
        "years already lived: capacities and outputs pinned to statistics (2024 provincial stocks are lower "
        "bounds, national 2025 figures equalities), or free",
        "历史约束",
    )
    foresight: Foresight = setting({}, "horizon of the pathway programme", "优化视野")
    costs: dict[Technology, Costs] = setting({}, "multipliers on the catalogue by technology", "成本调整")
    limits: Annotated[dict[Technology, Limit], BeforeValidator(_capacities_in_own_unit)] = setting(
        {},
        "bounds by technology; capacities in GW (power, heat, storage), Mt/year, million vehicles or Mm2",
        "技术约束",
    )
    shares: ProductShares = setting(
        {},
        "share of each technology in the national output of a product; the base year keeps its own mix, which moves "
        "linearly to the first given year. In each given year the shares of a product sum to 1; what is not named has "
        "0 from the first given year on",
        "技术份额",
    )
    provincial_shares: dict[Province, ProductShares] = setting(
        {},
        "the same for one province, instead of the national mix; where technologies are chosen, the programme over "
        "provinces keeps it in years not yet lived",
        "分省技术份额",
    )
    trade_band: SharePath = setting(
        0.0,
        "how far flows of steel, aluminium, cement, glass, ammonia, methanol, ethylene and paper between provinces may "
        "leave the base pattern, either way (E10); the provincial programme of technologies reads it, in years not yet "
        "lived",
        "产品流动弹性",
    )

    @model_validator(mode="after")
    def _shares_are_whole(self):
        errors = _share_errors(self.shares, ("shares",))
        for province, shares in self.provincial_shares.items():
            errors += _share_errors(shares, ("provincial_shares", province))
        refuse(errors)
        return self


def _share_errors(shares: dict, place: tuple) -> list[tuple[tuple, PydanticCustomError]]:
    errors = []
    table = classification.technologies()
    for product, mix in shares.items():
        own = [t for t in table.keys if table.rows[t]["product"] == product]
        strange = [t for t in mix if t not in own]
        errors += [
            (
                (*place, product, t, "[key]"),
                mistake(f"{t} does not make {product}", f"technologies of {product}: {', '.join(own) or 'none'}"),
            )
            for t in strange
        ]
        if not mix:
            errors.append(((*place, product), mistake("no technology is given", f"allowed: {', '.join(own)}")))
        if strange or not mix:
            continue
        years = sorted({year for path in mix.values() for year in given_years(path)})
        for year in years or [None]:
            total = sum(path.at(year or 0) for path in mix.values())
            if abs(total - 1.0) > SHARE_SUM_TOLERANCE:
                when = f" in {year}" if year else ""
                errors.append(
                    ((*place, product), mistake(f"shares of {product} sum to {total:.6g}{when}", "make them sum to 1"))
                )
                break
    return errors
