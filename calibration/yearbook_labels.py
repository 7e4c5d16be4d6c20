"""What a row or column of a yearbook table is headed by: item, province, year, unit, and how deep it is numbered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from io_tables.classification import NATION, provinces
from io_tables.errors import Problem
from io_tables.readers.cells import Label, find_year, is_year, known_unit, parse_label, squeeze
from io_tables.readers.names import near_slip

_CJK = re.compile(r"[㐀-鿿]")
_NATION_WORDS = ("全国", "全国总计", "全国合计", "中国", "国家", "National Total", "China", "Nation")
#: Groups of provinces that yearbooks list among them.
_GROUPS = ("华北", "东北", "华东", "中南", "华中", "华南", "西南", "西北", "东部", "中部", "西部", "京津冀", "长三角")
_TOTAL_WORDS = ("合计", "总计", "total")


@dataclass(frozen=True)
class Line:
    """What heads one row or column: its item, and the province, year and unit it names (None where it does not).

    parts : the item's lines as printed, for headers of several levels (第二产业 over 工业).
    """

    item: str
    province: str | None
    year: int | None
    unit: str | None
    label: Label
    place: str
    parts: tuple[str, ...] = ()


def province_of(text: str) -> str | None:
    """The province (or China) a label names; codes and two-letter abbreviations do not count."""
    plain = parse_label(text).text
    if plain in _NATION_WORDS:
        return NATION
    if not _CJK.search(plain) and len(plain) < 5:
        return None
    return provinces().find(plain)


def province_within(text: str) -> str | None:
    """The one province whose Chinese name occurs in a title, else China where the nation is named."""
    found = {key for key, zh in zip(provinces().keys, provinces().names_zh, strict=True) if zh in squeeze(text)}
    if len(found) == 1:
        return found.pop()
    return NATION if not found and re.search(r"全国|中国|National|CHINA\b", text, re.IGNORECASE) else None


def read_line(parts: Sequence[str], place: str, *, wrapped: bool) -> Line:
    """Read the parts of a label; `wrapped` headers continue from line to line and are joined."""
    province = year = unit = None
    rest: list[str] = []
    for part in parts:
        if is_year(part):
            year = find_year(part)
        elif (found := province_of(part)) is not None and province is None:
            province = found
        elif not wrapped and known_unit(part) is not None:
            unit = known_unit(part)
        else:
            rest.append(part)
    chinese = [p for p in rest if _CJK.search(p)]
    text = "".join(chinese) if wrapped and chinese else chinese[0] if chinese else " ".join(rest)
    label = parse_label(text)
    if year is None and (inside := re.fullmatch(r"(.*?)\(?((?:19|20)\d\d)年?\)?", label.text)) and inside.group(1):
        year = int(inside.group(2))
    if label.unit is None and wrapped:
        english = parse_label(" ".join(p for p in rest if not _CJK.search(p)))
        unit = english.unit
    levels = tuple(parse_label(p).text for p in (chinese or rest))
    return Line(label.text, province, year, label.unit or unit, label, place, levels)


def name_provinces(lines: Sequence[Line]) -> tuple[tuple[Line, ...], list[Problem]]:
    """Lines of an axis that lists provinces, with its total row as China; slips of the pen are Problems."""
    found = [x for x in lines if x.province not in (None, NATION)]
    if len(found) < 3:
        return tuple(lines), []
    spellings = {
        spelling: key
        for key, row in provinces().rows.items()
        for spelling in (key, row["name_zh"], *row["aliases"].split(";"))
        if len(spelling) > 4 or _CJK.search(spelling)
    }
    present = {x.province for x in found}
    named, problems = [], []
    for line in lines:
        if line.province is None and line.item in _TOTAL_WORDS:
            line = replace(line, province=NATION, item="")
        elif line.province is None and line.item and not line.item.startswith(_GROUPS):
            near = near_slip(line.item, [s for s, k in spellings.items() if k not in present])
            if near:
                key = spellings[near[0]]
                what = f"{line.item}: unknown province"
                problems.append(Problem(line.place, what, f"did you mean '{key}' ({provinces().zh(key)})?"))
        named.append(line)
    return tuple(named), problems
