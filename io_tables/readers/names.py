"""What the labels of a user's table stand for: accounts (value added, final use, totals), regions, sectors.

Labels of Chinese provinces and NBS sectors become our keys through their synonyms; the labels of any other
country or classification are taken as they are. A label one slip of the pen away from a known name is an
error that names it, never a new region.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from io_tables.classification import Classification, normalise
from io_tables.errors import Problem
from io_tables.readers.cells import parse_label

_LABELS = Path(__file__).parents[1] / "account_labels.csv"
#: Spelling similarity (difflib ratio) above which an unknown label counts as a slip of a known one.
SLIP = 0.8
#: Words that mark a row of imported goods, or a domestic one, where both stand in one table.
ORIGINS = {
    normalise(word): origin
    for origin, words in {
        "domestic": ("domestic", "国内", "国内产品", "国内品", "国产品", "国产"),
        "imports": ("imports", "import", "imported", "abroad", "进口", "进口品", "进口产品"),
    }.items()
    for word in words
}
_TOTALS = {normalise(t) for t in ("合计", "小计", "总计", "total", "subtotal", "sub-total", "sum", "all sectors")}


@dataclass(frozen=True)
class Account:
    """A row or column that is not an industry.

    key : its name here; axis : 'row' or 'column'.
    role : final, value added, imports, minus (imports of a competitive table), error, total.
    parts : keys it is the sum of.
    """

    key: str
    axis: str
    role: str
    parts: tuple[str, ...]


@cache
def accounts() -> tuple[dict[tuple[str, str], Account], dict[tuple[str, str], str]]:
    """Accounts by (axis, key), and the folded spellings (axis, label) -> key."""
    found: dict[tuple[str, str], Account] = {}
    spellings: dict[tuple[str, str], str] = {}
    with open(_LABELS, encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            axis, key = row["axis"], row["key"]
            found[axis, key] = Account(key, axis, row["role"], tuple(filter(None, row["parts"].split(";"))))
            for label in (key, *row["codes"].split(";"), *row["labels"].split(";")):
                if label:
                    spellings.setdefault((axis, normalise(label)), key)
    return found, spellings


def account(axis: str, label: object) -> Account | None:
    """The account of an axis that a label names, or None."""
    found, spellings = accounts()
    folded = normalise(parse_label(str(label)).text)
    key = spellings.get((axis, folded)) or spellings.get((axis, normalise(label)))
    return None if key is None else found[axis, key]


def is_total(label: object) -> bool:
    """Whether a label says it is a sum of others (合计, Total, 北京合计)."""
    folded = normalise(label)
    return folded in _TOTALS or folded.endswith(("合计", "小计", "总计", "subtotal")) or folded.startswith("totalof")


def _find(classification: Classification, label: str) -> str | None:
    """A key for a label, also with or without the 业 that industries may end in."""
    text = parse_label(label).text
    for candidate in (label, text, text + "业", text.removesuffix("业")):
        if candidate and (key := classification.find(candidate)) is not None:
            return key
    return None


def near_slip(label: str, known: Sequence[str]) -> list[str]:
    """Names a label is one slip of the pen away from, best first: alike to `SLIP`, or one Chinese character off."""
    folded, text = {normalise(k): k for k in known}, normalise(label)
    close = difflib.get_close_matches(text, list(folded), n=2, cutoff=SLIP)
    if not close and len(text) > 1 and not text.isascii():
        close = [k for k in folded if len(k) == len(text) and sum(a != b for a, b in zip(k, text, strict=True)) == 1]
    return [folded[f] for f in close[:3]]


def keys_of(
    labels: Sequence[str], places: Sequence[str], classification: Classification
) -> tuple[dict[str, str], list[Problem]]:
    """Keys for the distinct `labels`, and what is wrong with them.

    When at least half of the labels are known, they become our keys and a near miss among the rest is a
    Problem; otherwise (another country, another list of sectors) every label stands for itself.
    """
    found = {label: _find(classification, label) for label in labels}
    if sum(key is not None for key in found.values()) * 2 < len(found):
        return {label: parse_label(label).text or label for label in labels}, []
    spellings = {
        spelling: key
        for key, row in classification.rows.items()
        for spelling in (key, row["name_zh"], *row["aliases"].split(";")) if spelling
    }
    problems = []
    for label, place in zip(labels, places, strict=True):
        if found[label] is None:
            near = list(dict.fromkeys(spellings[s] for s in near_slip(label, list(spellings))))
            if near:
                names = " or ".join(f"'{k}' ({classification.zh(k)})" for k in near)
                problems.append(
                    Problem(place, f"{label}: unknown {classification.kind}", f"did you mean {names}?")
                )
    unknown = [label for label, key in found.items() if key is None]
    if classification.kind == "sector" and len(problems) < len(unknown):
        # Another list of sectors that shares names with ours: none of it may be renamed.
        return {label: parse_label(label).text or label for label in labels}, []
    return {label: key or parse_label(label).text or label for label, key in found.items()}, problems
