"""Sums inside a yearbook table: checked against what is published, and used to tell zero from unknown.

Three kinds of sum are known: numbered items below the item they divide (一、 = 1. + 2. + ...; 其中 and # are
part of an item and never added), named divisions (GDP by strata, coal and oil by kind, population), and
provinces below the nation. A blank, dash or ellipsis is unknown; where the published total closes without it,
it is a derived zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.yearbook_labels import Line
from calibration.yearbook_layout import YearbookTable
from io_tables.classification import NATION

DERIVED_ZERO = "derived zero"
UNKNOWN = ("blank", "dash", "ellipsis")
#: Share of the lines in which a sum must close before a division that is not numbered counts as one.
ADDITIVE = 0.5
#: Room for rounding, in half digits times sqrt(n), within which an unknown part counts as zero.
ZERO_SPREAD = 1.0
#: Decimals that yearbooks print at most; longer fractions are unrounded cells.
DECIMALS = 2

_DIVISIONS = (
    (("地区生产总值", "生产总值", "国内生产总值", "GDP"), ("第一产业", "第二产业", "第三产业")),
    (("第二产业",), ("工业", "建筑业")),
    (("第三产业",), (
        "批发和零售业", "交通运输、仓储和邮政业", "住宿和餐饮业", "金融业", "房地产业", "其他", "其他服务业",
    )),
    (("总人口", "年末总人口", "年末人口", "常住人口", "年末常住人口"), ("城镇人口", "乡村人口")),
    (("总人口", "年末总人口", "年末人口", "常住人口", "年末常住人口"), ("城镇", "乡村")),
    (("煤合计",), ("原煤", "洗精煤", "其他洗煤", "型煤", "煤制品")),
    (("油品合计",), (
        "原油", "汽油", "煤油", "柴油", "燃料油", "石脑油", "润滑油", "石蜡", "溶剂油", "石油沥青", "石油焦",
        "液化石油气", "炼厂干气", "其他石油制品",
    )),
    (("生活消费", "居民生活", "生活消费量"), ("城镇", "乡村")),
    (("发电量", "发电量合计"), ("火电", "水电", "核电", "风电", "太阳能发电")),
    (("发电装机容量", "装机容量"), ("火电", "水电", "核电", "风电", "太阳能发电")),
)
_SUPPLY, _TRANSFORMED, _LOSS, _FINAL = "可供", "加工转换", "损失", "终端消费"
_DIFFERENCE = "平衡差额"
#: Rows in which a fuel total leaves out what was transformed into other fuels of the same total.
_NET_OF_TRANSFORMATION = ("消费量合计", "消费总量")


@dataclass(frozen=True)
class Check:
    """One published total beside the sum of its parts.

    status : 'closes', 'differs' (beyond rounding), 'reported' (a difference the source itself publishes, or
    provinces against the nation).
    """

    what: str
    where: str
    published: float
    summed: float
    tolerance: float
    status: str


@dataclass(frozen=True)
class _Sum:
    """Positions on one axis: a whole and its parts. `certain` sums hold by their numbering or by definition."""

    whole: int
    parts: tuple[int, ...]
    certain: bool
    national: bool = False


def rounding(values: Sequence[float], spread: float = 2.0) -> float:
    """Largest difference between a total and its parts that the rounding of their last digits explains.

    Rounding errors of n parts add up like their square root: `spread` half digits times sqrt(n), and one more.
    """
    known = [v for v in values if np.isfinite(v)]
    decimals = next((d for d in range(DECIMALS) if all(abs(v - round(v, d)) < 1e-9 for v in known)), DECIMALS)
    digits = 0.5 * 10.0**-decimals * (spread * np.sqrt(max(len(known) - 1, 1)) + 1.0)
    return digits + 1e-9 * max(map(abs, known), default=0.0)


def _numbered(lines: Sequence[Line]) -> list[_Sum]:
    """Numbered items below the last item of a smaller depth; unnumbered ones below the numbered item before them."""
    if not any(line.label.depth is not None for line in lines):
        return []
    children: dict[int, list[int]] = {}
    loose: dict[int, list[int]] = {}
    open_items: list[tuple[float, int]] = []
    numbered = [line.label.depth for line in lines if line.label.depth is not None]
    for k, line in enumerate(lines):
        depth = line.label.depth
        if line.label.of_which:
            continue
        if depth is None:
            if not open_items or open_items[-1][0] < 0:
                open_items = [(-1.0, k)]  # a total above the first numbered item
            else:
                loose.setdefault(open_items[-1][1], []).append(k)
            continue
        while open_items and open_items[-1][0] >= depth:
            open_items.pop()
        if open_items and (open_items[-1][0] >= 0 or depth == min(numbered)):
            children.setdefault(open_items[-1][1], []).append(k)
        open_items.append((float(depth), k))
    sums = [_Sum(whole, tuple(parts), lines[whole].label.depth is not None) for whole, parts in children.items()]
    return sums + [_Sum(whole, tuple(parts), False) for whole, parts in loose.items() if whole not in children]


def _named(lines: Sequence[Line]) -> list[_Sum]:
    """Named divisions, per province and year of the lines."""
    sums = []
    groups: dict[tuple, dict[str, int]] = {}
    for k, line in enumerate(lines):
        for name in dict.fromkeys((line.item, *line.parts[-1:])):
            groups.setdefault((line.province, line.year), {}).setdefault(name.removesuffix("增加值") or name, k)
    for items in groups.values():
        for wholes, parts in _DIVISIONS:
            whole = next((items[w] for w in wholes if w in items), None)
            found = tuple(items[p] for p in parts if p in items)
            if whole is not None and len(found) > 1 and whole not in found:
                sums.append(_Sum(whole, found, False))
    return sums


def _national(lines: Sequence[Line]) -> list[_Sum]:
    """Provinces below the nation, where most of them are listed."""
    sums = []
    groups: dict[tuple, dict[str, int]] = {}
    for k, line in enumerate(lines):
        if line.province is not None:
            groups.setdefault((line.item, line.year), {}).setdefault(line.province, k)
    for found in groups.values():
        parts = tuple(k for p, k in found.items() if p != NATION)
        if NATION in found and len(parts) > 15:
            sums.append(_Sum(found[NATION], parts, True, national=True))
    return sums


def _closes(values: np.ndarray, total: _Sum, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum of the known parts, tolerance, and whether the total closes, for every line across (n,)."""
    parts = values[list(total.parts)]
    summed = np.nansum(parts, axis=0)
    allowed = np.array([rounding([w, *p], spread) for w, p in zip(values[total.whole], parts.T, strict=True)])
    known = np.isfinite(values[total.whole])
    return summed, allowed, known & (np.abs(np.where(known, values[total.whole], 0.0) - summed) <= allowed)


def _additive(values: np.ndarray, total: _Sum) -> bool:
    """Whether a sum counts as one: by definition, or because it closes in at least half of what is known."""
    if total.certain:
        return True
    _, _, closes = _closes(values, total)
    usable = np.isfinite(values[total.whole]) & np.isfinite(values[list(total.parts)]).any(axis=0)
    return bool(usable.sum() and closes[usable].mean() >= ADDITIVE and (len(total.parts) > 1 or usable.sum() > 2))


def _derive_zeros(values: np.ndarray, flags: np.ndarray, sums: Sequence[_Sum]) -> bool:
    """Set unknown parts to zero where their total closes without them; True if anything changed."""
    changed = False
    for total in sums:
        _, _, closes = _closes(values, total, ZERO_SPREAD)
        for part in total.parts:
            for k in np.flatnonzero(closes & np.isnan(values[part])):
                if flags[part, k] in UNKNOWN:
                    values[part, k], flags[part, k] = 0.0, DERIVED_ZERO
                    changed = True
    return changed


def _name(line: Line) -> str:
    return line.item or line.province or str(line.year or "")


def _checks(table: YearbookTable, values: np.ndarray, sums: Sequence[_Sum], across: bool) -> list[Check]:
    """Published totals against sums, for sums over rows (across=False) or over columns."""
    lines, others = (table.columns, table.rows) if across else (table.rows, table.columns)
    places = table.places.T if across else table.places
    out = []
    for total in sums:
        summed, allowed, closes = _closes(values, total)
        complete = np.isfinite(values[list(total.parts)]).all(axis=0)
        some = np.isfinite(values[list(total.parts)]).any(axis=0)
        for k in np.flatnonzero(np.isfinite(values[total.whole]) & some):
            if closes[k]:
                status = "closes"
            elif total.national or (across and others[k].item.startswith(_NET_OF_TRANSFORMATION)):
                status = "reported"
            elif complete[k]:
                status = "differs"
            else:
                continue  # unknown parts may make up the rest
            what = f"{_name(lines[total.whole])} ({_name(others[k])})"
            where = str(places[total.whole, k])
            out.append(Check(what, where, float(values[total.whole, k]), float(summed[k]), float(allowed[k]), status))
    return out


def _difference(table: YearbookTable, values: np.ndarray) -> list[Check]:
    """The published 平衡差额 of an energy balance, beside supply + transformation - losses - final use."""
    def at(word: str) -> int | None:
        found = [k for k, line in enumerate(table.rows) if line.item.startswith(word) and line.label.depth in (0, None)]
        return found[0] if found else None

    rows = {word: at(word) for word in (_SUPPLY, _TRANSFORMED, _LOSS, _FINAL, _DIFFERENCE)}
    if rows[_DIFFERENCE] is None or rows[_SUPPLY] is None or rows[_FINAL] is None:
        return []
    signs = {_SUPPLY: 1.0, _TRANSFORMED: 1.0, _LOSS: -1.0, _FINAL: -1.0}
    out = []
    for k in np.flatnonzero(np.isfinite(values[rows[_DIFFERENCE]])):
        parts = {w: values[rows[w], k] for w in signs if rows[w] is not None}
        summed = sum(signs[w] * v for w, v in parts.items() if np.isfinite(v))
        published = float(values[rows[_DIFFERENCE], k])
        allowed = rounding([published, *parts.values()])
        status = "reported" if abs(published - summed) <= allowed else "differs"
        what = f"{_DIFFERENCE} ({_name(table.columns[k])})"
        out.append(Check(what, str(table.places[rows[_DIFFERENCE], k]), published, float(summed), allowed, status))
    return out


def close_sums(table: YearbookTable) -> tuple[YearbookTable, list[Check]]:
    """The table with derived zeros in place of unknowns, and every sum it publishes with its residual."""
    values, flags = table.values.copy(), table.flags.copy()
    def sums_of(lines, grid):
        candidates = _numbered(lines) + _named(lines) + _national(lines)
        return [total for total in candidates if _additive(grid, total)]

    down, across = sums_of(table.rows, values), sums_of(table.columns, values.T)
    while _derive_zeros(values, flags, down) | _derive_zeros(values.T, flags.T, across):
        pass
    checks = _checks(table, values, down, False) + _checks(table, values.T, across, True) + _difference(table, values)
    return replace(table, values=values, flags=flags), checks
