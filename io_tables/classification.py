"""Provinces, sectors, products and fuels: order, codes, names (en, zh) and every synonym we have met.

Nothing matches by position. A label is looked up through its synonyms; an unknown label is an error that
names the nearest valid ones, and re-indexing never drops a province silently.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from io_tables.errors import InputError, Problem, nearest

_HERE = Path(__file__).parent


def normalise(label: object) -> str:
    """Fold case, width (NFKC), spaces (also U+3000), underscores, hyphens and commas out of a label."""
    text = unicodedata.normalize("NFKC", str(label)).casefold()
    return "".join(c for c in text if not c.isspace() and c not in "_-,.、·'’()")


@dataclass(frozen=True)
class Classification:
    """An ordered list of keys with Chinese names, codes and synonyms.

    kind : what the keys are ('province', 'sector', ...), used in messages.
    keys : the names used everywhere in code and results (English).
    names_zh, codes : same order.
    rows : the full CSV rows by key, for further attributes.
    """

    kind: str
    keys: tuple[str, ...]
    names_zh: tuple[str, ...]
    codes: tuple[str, ...]
    rows: dict[str, dict[str, str]] = field(repr=False)
    _lookup: dict[str, str] = field(repr=False)

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, label: object) -> str | None:
        """The key that `label` (name, code, alias, Chinese name) stands for, or None."""
        return self._lookup.get(normalise(label))

    def key(self, label: object, where: str = "") -> str:
        """As `find`, but raises InputError naming the nearest valid names."""
        found = self.find(label)
        if found is None:
            raise InputError(self.problem(label, where))
        return found

    def problem(self, label: object, where: str = "") -> Problem:
        """The mistake 'unknown <kind>', with the nearest valid names in English and Chinese."""
        text = str(label)
        near = dict.fromkeys(self._lookup[n] for n in nearest(normalise(text), self._lookup))
        if near:
            remedy = "did you mean " + " or ".join(f"'{k}' ({self.zh(k)})" for k in near) + "?"
        else:
            shown = ", ".join(f"'{k}'" for k in self.keys[:8])
            remedy = f"allowed: {shown}" + (" ..." if len(self.keys) > 8 else "")
        return Problem(where, f"{text}: unknown {self.kind}", remedy)

    def zh(self, key: str) -> str:
        """Chinese name of a key."""
        return self.rows[key]["name_zh"]

    def index(self, label: object) -> int:
        """Position of a label in `keys`."""
        return self.keys.index(self.key(label))

    def match(self, labels: Iterable[object], where: str = "") -> list[str]:
        """Keys of all labels; every unknown one is reported in a single InputError."""
        labels = list(labels)
        found = [self.find(label) for label in labels]
        wrong = [self.problem(label, where) for label, key in zip(labels, found, strict=True) if key is None]
        if wrong:
            raise InputError(wrong)
        return [key for key in found if key is not None]

    def order(self, labels: Sequence[object], where: str = "") -> list[int]:
        """Positions in `labels` of each of `keys`, so that ``array[order]`` is in our order.

        Raises InputError if a label is unknown, occurs twice, or a key is missing: nothing is dropped.
        """
        found = self.match(labels, where)
        twice = sorted({k for k in found if found.count(k) > 1})
        missing = [k for k in self.keys if k not in set(found)]
        problems = [Problem(where, f"{k}: {self.kind} occurs more than once") for k in twice]
        problems += [Problem(where, f"{k} ({self.zh(k)}): {self.kind} is missing") for k in missing]
        if problems:
            raise InputError(problems)
        return [found.index(k) for k in self.keys]

    def attribute(self, name: str) -> tuple[str, ...]:
        """A further column of the CSV, in the order of `keys`."""
        return tuple(self.rows[k][name] for k in self.keys)


def _build(kind: str, file: str, key: str, code: str, extra: Sequence[str] = ()) -> Classification:
    with open(_HERE / file, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    lookup: dict[str, str] = {}
    for row in rows:
        labels = [row[key], row["name_zh"], row[code], *(row[e] for e in extra), *row.get("aliases", "").split(";")]
        for label in labels:
            folded = normalise(label)
            if not folded:
                continue
            if lookup.setdefault(folded, row[key]) != row[key]:
                raise InputError(f"{file}: label '{label}' stands for both '{lookup[folded]}' and '{row[key]}'")
    return Classification(
        kind,
        tuple(r[key] for r in rows),
        tuple(r["name_zh"] for r in rows),
        tuple(r[code] for r in rows),
        {r[key]: r for r in rows},
        lookup,
    )


@cache
def provinces() -> Classification:
    """The 31 province-level regions; Hong Kong, Macau and Taiwan are outside."""
    return _build("province", "provinces.csv", "name_en", "gb_code", ("abbreviation",))


@cache
def sectors() -> Classification:
    """The 42 sectors of the NBS input-output tables of 2017, 2018 and 2020."""
    return _build("sector", "sectors.csv", "name_en", "code", ("official_en",))


@cache
def fuels() -> Classification:
    """Energy carriers of the energy accounts (E4)."""
    return _build("fuel", "fuels.csv", "name_en", "name_en")


@cache
def products() -> Classification:
    """Physical products and services whose technologies the model resolves (E9)."""
    return _build("product", "products.csv", "product", "product", ("name_en",))


@cache
def technologies() -> Classification:
    """Technologies of every product (E8-E10); ``rows[key]["product"]`` is empty for direct air capture."""
    return _build("technology", "technologies.csv", "technology", "technology", ("name_en",))


#: The sector key of households in energy and emission accounts.
HOUSEHOLDS = ("Rural households", "Urban households")
#: National region and all-sector names in every result.
NATION, TOTAL = "China", "Total"
