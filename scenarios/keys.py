"""Names a scenario may use as keys: provinces, sectors, products, technologies, fuels, groups and periods.

Every spelling known to the classification is accepted and becomes the key used in code and results; an unknown
name is a mistake that names the nearest valid ones.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from pydantic_core import core_schema

from io_tables import classification
from io_tables.classification import normalise
from io_tables.errors import nearest
from scenarios.quantities import FIRST_YEAR, LAST_YEAR, mistake, parse_year

#: Groups of sectors, in the `group` column of the sector table or made of several of them.
SECTOR_GROUPS = {
    "all": "全部",
    "industry": "工业",
    "primary": "第一产业",
    "mining": "采矿业",
    "manufacturing": "制造业",
    "utilities": "电热气水",
    "services": "服务业",
    "households": "居民生活",
}
#: Groups of fuels. 'coal' alone is the fuel; 'fossil' are all coal, oil and gas products.
FUEL_GROUPS = {"all": "全部", "fossil": "化石能源"}
#: Products that households use without an input-output row; they have an income elasticity of their own.
HOUSEHOLD_PRODUCTS = ("passenger", "floor_space")

_PERIOD = re.compile(r"(\d{4})\s*[-–—~至]\s*(\d{4})")


@cache
def _names(kind: str) -> dict[str, str]:
    """Folded spelling -> key, for one kind of name."""
    sectors, fuels, products = classification.sectors(), classification.fuels(), classification.products()
    households = dict(zip(classification.HOUSEHOLDS, ("农村居民", "城镇居民")))
    groups = {
        "sector": (sectors, {**SECTOR_GROUPS, **households}),
        "consumption": (
            sectors,
            {
                **{g: zh for g, zh in SECTOR_GROUPS.items() if g != "households"},
                **{p: products.zh(p) for p in HOUSEHOLD_PRODUCTS},
            },
        ),
        "fuel": (fuels, FUEL_GROUPS),
    }
    if kind in groups:
        table, extra = groups[kind]
        # A sector wins over a group of the same spelling.
        names = {normalise(label): key for key, zh in extra.items() for label in (key, zh)}
        return names | table._lookup
    return getattr(
        classification, {"province": "provinces", "product": "products", "technology": "technologies"}[kind]
    )()._lookup


@dataclass(frozen=True)
class Key:
    """Annotation of a mapping key; kind is 'province', 'sector', 'consumption', 'fuel', 'product', 'technology',
    'period' or 'year'."""

    kind: str

    def find(self, label: object) -> str | int | None:
        """The key that `label` stands for, or None."""
        if self.kind in ("year", "period"):
            try:
                return parse_year(label) if self.kind == "year" else parse_period(label)
            except ValueError:
                return None
        return _names(self.kind).get(normalise(label))

    def parse(self, label: object) -> str | int:
        """The key that `label` stands for; raises PydanticCustomError naming the nearest valid ones."""
        if self.kind == "year":
            return parse_year(label)
        if self.kind == "period":
            return parse_period(label)
        found = self.find(label)
        if found is None:
            names = _names(self.kind)
            noun = {"sector": "sector or group", "consumption": "sector, group or household product"}.get(
                self.kind, self.kind
            )
            near = dict.fromkeys(names[n] for n in nearest(normalise(label), names))
            shown = near or dict.fromkeys(names.values())
            listed = [f"'{k}' ({chinese_name(self.kind, k)})" for k in list(shown)[: 3 if near else 8]]
            remedy = f"did you mean {' or '.join(listed)}?" if near else f"allowed: {', '.join(listed)} ..."
            raise mistake(f"unknown {noun}", remedy)
        return found

    def allowed(self) -> list[str]:
        """All keys of this kind, for documentation; empty for years and periods."""
        return [] if self.kind in ("year", "period") else list(dict.fromkeys(_names(self.kind).values()))

    def __get_pydantic_core_schema__(self, source, handler):
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema, handler):
        return {"type": "string"}


def chinese_name(kind: str, key: str) -> str:
    """Chinese name of a key."""
    extra = SECTOR_GROUPS | FUEL_GROUPS
    table = {
        "province": "provinces",
        "sector": "sectors",
        "consumption": "sectors",
        "fuel": "fuels",
        "product": "products",
        "technology": "technologies",
    }[kind]
    rows = getattr(classification, table)().rows
    if key in rows:
        return rows[key]["name_zh"]
    if key in HOUSEHOLD_PRODUCTS:
        return classification.products().zh(key)
    return extra.get(key) or dict(zip(classification.HOUSEHOLDS, ("农村居民", "城镇居民")))[key]


def parse_period(label: object) -> str:
    """A period '2026-2030' (growth in each of these years), or a single year; returned as 'first-last'."""
    text = unicodedata.normalize("NFKC", str(label)).strip()
    found = _PERIOD.fullmatch(text)
    first, last = (int(found[1]), int(found[2])) if found else (int(text), int(text)) if text.isdigit() else (0, 0)
    if not found and not text.isdigit():
        raise mistake("is not a period", "write the first and last year of growth, such as '2026-2030'")
    if first > last or first < FIRST_YEAR or last > LAST_YEAR:
        raise mistake(
            "is not a period", f"the first year must not be after the last; years {FIRST_YEAR} to {LAST_YEAR}"
        )
    return f"{first}-{last}"


def period_years(period: str) -> range:
    """The years a period covers."""
    first, last = period.split("-")
    return range(int(first), int(last) + 1)
