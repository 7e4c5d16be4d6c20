"""What one cell of a statistical table says: a label without its ornaments, a number, a unit.

Yearbook labels carry numbering (一、 (一) 1. (1) #), footnote marks (① * 注), full-width forms, ideographic
spaces and units in brackets; numbers arrive as text with thousands separators, dashes and ellipses.
Everything here is a pure function of the text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from io_tables.units import UNITS

#: How a blank, a dash and an ellipsis are flagged: unknown until a published total closes without them.
UNKNOWN_MARKS = {"": "blank", "-": "dash", "...": "ellipsis"}
_DASHES = re.compile(r"^[-‐-―−－ー一]{1,3}$")
_ELLIPSIS = re.compile(r"^(?:\.{2,}|…+|⋯+|·{3,})$")
_CIRCLED = "①-⓿❶-➓"
_CJK = "㐀-鿿"
_TAIL_MARKS = re.compile(
    rf"(?:\s*(?:[{_CIRCLED}*＊※†‡]+|(?<=[{_CJK})）])[¹²³⁰-⁹]+|[\[(（【]?注\s*\d{{0,2}}[\])）】]?))+$"
)
_HEAD_MARKS = re.compile(r"^[*＊※†‡]+\s*")
_NUMBERING = (
    (re.compile(r"^[一二三四五六七八九十]{1,3}\s*[、.．]\s*"), 0),
    (re.compile(r"^\([一二三四五六七八九十]{1,3}\)\s*[、.]?\s*"), 1),
    (re.compile(r"^\d{1,2}\s*(?:、|\.(?!\d))\s*"), 2),
    (re.compile(r"^(?:\(\d{1,2}\)|\d{1,2}\))\s*[、.]?\s*"), 3),
)
_CIRCLED_HEAD = re.compile(r"^[①-⑳❶-➓]\s*")
_OF_WHICH = re.compile(r"^(?:#+|其\s*中\s*[::]?|of which\s*[::]?)\s*", re.IGNORECASE)
_LATIN_TAIL = re.compile(rf"(?<=[{_CJK})])\s*[A-Za-z][A-Za-z ,&.'’-]{{2,}}$")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_UNIT_LINE = re.compile(r"(?:计量)?单\s*位\s*[::]\s*([^\s].*)$")
_UNIT_LINE_EN = re.compile(r"\bunits?\s*[::]\s*([^\s].*)$", re.IGNORECASE)

#: Unit spellings of yearbooks that are not keys of the units table, folded by `_fold`.
_SPELLINGS = {
    "万吨标煤": "万吨标准煤", "万吨tce": "万吨标准煤", "104tce": "万吨标准煤", "10000tce": "万吨标准煤",
    "万tce": "万吨标准煤", "百万吨标准煤": "Mtce", "亿吨标煤": "亿吨标准煤", "吨标煤": "吨标准煤",
    "亿度": "亿千瓦时", "亿kwh": "亿千瓦时", "亿kw·h": "亿千瓦时", "108kwh": "亿千瓦时", "100millionkwh": "亿千瓦时",
    "万kwh": "万千瓦时", "万千瓦小时": "万千瓦时", "千瓦时": "kWh", "千瓦小时": "kWh", "度": "kWh",
    "万kw": "万千瓦", "10000kw": "万千瓦", "10thousandkw": "万千瓦",
    "亿立方": "亿立方米", "亿m3": "亿立方米", "108cu.m": "亿立方米", "100millioncu.m": "亿立方米",
    "亿人民币元": "亿元", "人民币亿元": "亿元", "亿元人民币": "亿元", "100millionyuan": "亿元", "108yuan": "亿元",
    "10^8yuan": "亿元", "rmb100million": "亿元", "人民币万元": "万元", "10000yuan": "万元", "104yuan": "万元",
    "tenthousandyuan": "万元", "10thousandyuan": "万元", "millionyuan": "百万元", "millionrmb": "百万元",
    "millioncny": "百万元", "cnymillion": "百万元", "104tn": "万吨", "10000tons": "万吨", "104tons": "万吨",
    "万公吨": "万吨", "10000persons": "万人", "104persons": "万人", "tenthousandpersons": "万人",
    "1010kj": "百亿千焦", "10^10kj": "百亿千焦", "万百万千焦": "百亿千焦", "太焦": "TJ", "吉焦": "GJ", "拍焦": "PJ",
    "万重量箱": "万重量箱", "10000weightcases": "万重量箱",
}


def _fold(text: str) -> str:
    """A unit's spelling without case, spaces, commas and middle dots."""
    return re.sub(r"[\s•·‧∙_,]", "", unicodedata.normalize("NFKC", text)).casefold()


@cache
def _unit_lookup() -> dict[str, str]:
    lookup = {_fold(u): u for u in UNITS}
    for spelling, unit in _SPELLINGS.items():
        if unit in UNITS:
            lookup.setdefault(_fold(spelling), unit)
    return lookup


def known_unit(text: str) -> str | None:
    """The unit of the units table that `text` spells, or None."""
    return _unit_lookup().get(_fold(text).strip("()[]:;,、"))


@dataclass(frozen=True)
class Label:
    """A cleaned label.

    text : without numbering, footnote marks, unit, spaces between Chinese characters and an English tail.
    depth : numbering depth (0 for 一、, 1 for (一), 2 for 1., 3 for (1), 4 for ①), None when unnumbered.
    of_which : marked # or 其中: part of the item above and never added to it.
    unit : unit found in brackets, a key of the units table, else None.
    """

    text: str
    depth: int | None = None
    of_which: bool = False
    unit: str | None = None


def squeeze(text: object) -> str:
    """NFKC, line breaks and U+3000 to blanks, no blanks beside a Chinese character, single blanks elsewhere."""
    folded = " ".join(unicodedata.normalize("NFKC", str(text)).split())
    return re.sub(rf"(?<=[{_CJK}、，。:;()]) | (?=[{_CJK}、，。:;()])", "", folded)


def tidy(text: object) -> str:
    """`squeeze` after footnote marks are gone (NFKC would turn ① into a 1)."""
    return squeeze(_HEAD_MARKS.sub("", _TAIL_MARKS.sub("", str(text).strip())))


@lru_cache(maxsize=65536)
def parse_label(text: str) -> Label:
    """Clean a row or column label; see `Label`."""
    raw = _HEAD_MARKS.sub("", _TAIL_MARKS.sub("", str(text).strip()))
    depth = None
    if _CIRCLED_HEAD.match(raw):
        raw, depth = _CIRCLED_HEAD.sub("", raw, count=1), 4
    plain = squeeze(raw)
    of_which = bool(_OF_WHICH.match(plain))
    plain = _OF_WHICH.sub("", plain, count=1)
    for pattern, rank in _NUMBERING:
        if depth is None and pattern.match(plain) and pattern.sub("", plain, count=1):
            plain, depth = pattern.sub("", plain, count=1), rank
            break
    if not of_which and _OF_WHICH.match(plain):
        plain, of_which = _OF_WHICH.sub("", plain, count=1), True
    unit = None
    for inside in _BRACKETS.findall(plain):
        if (found := known_unit(inside)) is not None:
            unit = unit or found
            plain = re.sub(r"[(\[]" + re.escape(inside) + r"[)\]]", "", plain)
    plain = _LATIN_TAIL.sub("", plain)
    return Label(plain.strip(" :：,，"), depth, of_which, unit)


def number(cell: object) -> tuple[float | None, str]:
    """The number in a cell and a flag: '' for a number, 'blank', 'dash', 'ellipsis', or 'text'.

    Text such as '1,234.5', '１２３' or '12.3①' is a number; anything else that is not an unknown mark
    comes back as (None, 'text').
    """
    if isinstance(cell, bool):
        return None, "text"
    if isinstance(cell, (int, float)):
        try:
            value = float(cell)
        except OverflowError:
            return None, "text"
        return (value, "") if math.isfinite(value) else (None, "blank" if value != value else "text")
    if cell is None:
        return None, "blank"
    text = _TAIL_MARKS.sub("", str(cell).strip())
    text = "".join(unicodedata.normalize("NFKC", text).split())
    if text == "" or text == "空格":
        return None, "blank"
    if _DASHES.match(text):
        return None, "dash"
    if _ELLIPSIS.match(text):
        return None, "ellipsis"
    text = re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", text).replace("−", "-")
    if re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text) and math.isfinite(float(text)):
        return float(text), ""
    return None, "text"


def find_unit(text: object) -> tuple[str | None, str]:
    """(known unit or None, the words after 单位:) of a line such as '单位:万吨标准煤 (10 000 tce)'.

    The second part is empty when the text declares no unit at all. Two different units in one line
    ('亿元、%') are no unit: each column must then name its own.
    """
    plain = squeeze(text)
    match = _UNIT_LINE.search(plain) or _UNIT_LINE_EN.search(plain)
    if match is None:
        return None, ""
    words = match.group(1).strip()
    whole = known_unit(words) or known_unit(re.sub(r"[()\[\]]", "", words))
    if whole is not None:
        return whole, words
    chinese = re.match(rf"[{_CJK}]+(?=\d)", words)
    parts = [_BRACKETS.sub("", words), *_BRACKETS.findall(words), *re.split(r"[,;、，；()\[\]]", words)]
    parts += [chinese.group()] if chinese else []
    units = {UNITS[u]: u for u in reversed([known_unit(p) for p in parts]) if u is not None}
    return (units.popitem()[1] if len(units) == 1 else None), words


_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:\.0)?\s*(?:年|$|(?=[^\d]))")


def find_year(text: object) -> int | None:
    """The single year a label names ('2020', 2020.0, '2020年', '-2007'), or None (also for '2018-2020')."""
    if isinstance(text, float):
        return int(text) if text.is_integer() and 1900 <= text < 2100 else None
    years = {int(y) for y in _YEAR.findall(unicodedata.normalize("NFKC", str(text)))}
    return years.pop() if len(years) == 1 else None


def is_year(cell: object) -> bool:
    """Whether a cell is nothing but a year."""
    if isinstance(cell, bool) or cell is None:
        return False
    if isinstance(cell, (int, float)):
        return float(cell).is_integer() and 1900 <= cell < 2100
    return re.fullmatch(r"(?:19|20)\d\d(?:\.0)?年?", squeeze(cell)) is not None
