"""Numbers of a scenario: a plain number in the documented unit, or text with a unit ('120 Mt', '36亿千瓦').

`Quantity` and `ByYear` are the annotations of the schema; each knows its unit, its range and its documentation.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic_core import PydanticCustomError, core_schema

from io_tables.errors import InputError, did_you_mean
from io_tables.units import UNITS, factor

#: Years a scenario may speak of.
FIRST_YEAR, LAST_YEAR = 1990, 2100

_NUMBER = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?)(?![\d.,])\s*(.*)", re.DOTALL)
#: Characters of a wrong value that a message repeats.
_LONGEST_SHOWN = 60
_PER_YEAR = ("year", "yr", "a", "年")
_CO2 = re.compile(r"\s*(co2e?|二氧化碳)$", re.IGNORECASE)


def mistake(what: str, remedy: str = "") -> PydanticCustomError:
    """What a validator raises: `what` is wrong and `remedy` tells what to do."""
    return PydanticCustomError("mistake", "{what}", {"what": what, "remedy": remedy})


def _unit_key(text: str) -> str | None:
    """The entry of the unit table that `text` names (case, spaces and a trailing CO2 do not matter), or None."""
    for candidate in (text, _CO2.sub("", text)):
        if candidate in UNITS:
            return candidate
        folded = [u for u in UNITS if u.casefold().replace(" ", "") == candidate.casefold().replace(" ", "")]
        if folded:
            return folded[0]
    return None


def unit_factor(source: str, target: str) -> float:
    """Multiplier from the unit written by a user to the documented one; both may be ratios such as 'yuan/t'.

    A rate documented 'per year' may be written without the '/year'. Raises InputError for an unknown unit or an
    unlike dimension, naming the nearest unit.
    """
    numerator, _, denominator = (part.strip() for part in source.partition("/"))
    target_numerator, _, target_denominator = (part.strip() for part in target.partition("/"))
    if target_denominator == "year" and denominator in ("", *_PER_YEAR):
        denominator = target_denominator = ""
    if bool(denominator) != bool(target_denominator):
        raise InputError(f"'{source}' cannot be expressed in '{target}'; write it in {target}")
    top = _single(numerator, target_numerator)
    return top / _single(denominator, target_denominator) if denominator else top


def _single(source: str, target: str) -> float:
    if source == target:
        return 1.0
    found, wanted = _unit_key(source), _unit_key(target)
    if wanted is None:
        raise InputError(f"'{source}' cannot be expressed in '{target}'; write it in {target}")
    alike = [u for u, (dimension, _) in UNITS.items() if dimension == UNITS[wanted][0]]
    if found is None:
        raise InputError(f"unknown unit '{source}'; {did_you_mean(source, alike)}")
    if UNITS[found][0] != UNITS[wanted][0] and {UNITS[found][0], UNITS[wanted][0]} != {"energy", "electricity"}:
        raise InputError(f"'{source}' measures {UNITS[found][0]}, not {UNITS[wanted][0]}; {did_you_mean('', alike)}")
    return factor(found, wanted)


def parse_number(value: object, unit: str) -> float:
    """`value` (number, or text with or without a unit) in `unit`. Raises PydanticCustomError with the remedy."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise mistake(f"{_shown(value)} is not a number", f"write a number in {unit}, or text with a unit")
    if not isinstance(value, str):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise mistake(f"{number} is not a finite number", f"write a finite number in {unit}")
        return number
    text = unicodedata.normalize("NFKC", value).strip()
    found = _NUMBER.fullmatch(text)
    if not found or not re.search(r"\d", found[1]):
        raise mistake(
            f"{_shown(value)} is not a number", f"write a number in {unit}, or text with a unit such as '10 {unit}'"
        )
    number = float(found[1].replace(",", ""))
    if found[2]:
        try:
            number *= unit_factor(found[2], unit)
        except InputError as error:
            what, _, remedy = str(error).partition("; ")
            raise mistake(f"{_shown(value)}: {what}", f"{remedy} (documented unit: {unit})") from None
    if not math.isfinite(number):
        raise mistake(f"{_shown(value)} is not a finite number", f"write a finite number in {unit}")
    return number


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, bool):
        return f"'{str(value).lower()}'"
    if value is None:
        return "nothing (null)"
    text = str(value)
    return f"'{text}'" if len(text) <= _LONGEST_SHOWN else f"'{text[:_LONGEST_SHOWN]}...'"


@dataclass(frozen=True)
class Quantity:
    """Annotation of one number: unit, smallest and largest value allowed."""

    unit: str
    lower: float = -math.inf
    upper: float = math.inf
    whole: bool = False

    def parse(self, value: object) -> float:
        """The number in the documented unit, checked against the range; an int where only whole numbers are allowed."""
        number = parse_number(value, self.unit)
        if self.whole and not number.is_integer():
            raise mistake(f"{number:g} is not a whole number", f"allowed: {self.range_text}")
        if not self.lower <= number <= self.upper:
            remedy = f"allowed: {self.range_text}"
            percent = number / 100
            if self.unit.startswith("share") and 1 < abs(number) <= 100 and self.lower <= percent <= self.upper:
                remedy += f"; did you mean '{number:g} %' ({percent:g})?"
            raise mistake(f"{value if isinstance(value, str) else f'{number:g}'} is out of range", remedy)
        return int(number) if self.whole else number

    @property
    def range_text(self) -> str:
        """Allowed range in words, with the unit."""
        low, high = math.isfinite(self.lower), math.isfinite(self.upper)
        unit = "" if self.unit == "1" else f" {self.unit}"
        if low and high:
            return f"{self.lower:g} to {self.upper:g}{unit}"
        if low:
            return f"{self.lower:g}{unit} or more"
        return f"at most {self.upper:g}{unit}" if high else f"any number{unit and ' in' + unit}"

    def __get_pydantic_core_schema__(self, source, handler):
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema, handler):
        number: dict = {"type": "integer" if self.whole else "number"}
        if math.isfinite(self.lower):
            number["minimum"] = self.lower
        if math.isfinite(self.upper):
            number["maximum"] = self.upper
        return {"anyOf": [number, {"type": "string"}], "unit": self.unit}


class YearPath(Mapping):
    """A quantity by year: linear between given years, constant before the first and after the last.

    A single number is a constant. Behaves as a read-only mapping year -> value over the given years.
    """

    __slots__ = ("_constant", "_values", "_years")

    def __init__(self, points: Mapping[int, float] | float):
        mapping = isinstance(points, Mapping)
        ordered = sorted(points.items()) if mapping else [(FIRST_YEAR, float(points))]
        self._years = tuple(int(year) for year, _ in ordered)
        self._values = tuple(float(value) for _, value in ordered)
        self._constant = not mapping

    @property
    def is_constant(self) -> bool:
        """Whether it was given as one number for all years."""
        return self._constant

    def at(self, year: float) -> float:
        """Value in `year`."""
        after = bisect_right(self._years, year)
        if after == 0:
            return self._values[0]
        if after == len(self._years):
            return self._values[-1]
        y0, y1 = self._years[after - 1], self._years[after]
        v0, v1 = self._values[after - 1], self._values[after]
        return v0 + (v1 - v0) * (year - y0) / (y1 - y0)

    def over(self, years, start: tuple[int, float] | None = None) -> list[float]:
        """Values in `years`.

        start : (base year, base value) of paths that leave a calibrated value: the base value holds up to the base
            year and the path runs linearly to its first later point. A constant then holds after the base year.
        """
        if start is None:
            return [self.at(year) for year in years]
        base, value = start
        if self._constant:
            return [value if year <= base else self._values[0] for year in years]
        path = YearPath({base: value, **{y: v for y, v in self.items() if y > base}})
        return [path.at(year) for year in years]

    def compounded(self, years, base: int) -> list[float]:
        """Product of (1 + yearly rate) from `base` to each of `years`, the rate of each year read off the path."""
        out = []
        for year in years:
            index = 1.0
            for step in range(base + 1, year + 1):
                index *= 1.0 + self.at(step)
            out.append(index)
        return out

    def plain(self) -> float | dict[int, float]:
        """The number, or the mapping year -> value, as it would be written in a file."""
        return self._values[0] if self._constant else dict(zip(self._years, self._values))

    def __getitem__(self, year: int) -> float:
        try:
            return self._values[self._years.index(year)]
        except ValueError:
            raise KeyError(year) from None

    def __iter__(self) -> Iterator[int]:
        return iter(self._years)

    def __len__(self) -> int:
        return len(self._years)

    def __hash__(self) -> int:
        return hash((self._years, self._values, self._constant))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, YearPath) and (self._years, self._values, self._constant) == (
            other._years,
            other._values,
            other._constant,
        )

    def __repr__(self) -> str:
        return f"YearPath({self.plain()!r})"


def parse_year(value: object) -> int:
    """A calendar year within the range a scenario may speak of."""
    number = value
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", unicodedata.normalize("NFKC", value).strip()):
        number = int(unicodedata.normalize("NFKC", value).strip())
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        raise mistake(f"{_shown(value)} is not a year", f"write a whole year from {FIRST_YEAR} to {LAST_YEAR}")
    if not FIRST_YEAR <= number <= LAST_YEAR:
        raise mistake(f"year {number} is out of range", f"allowed: {FIRST_YEAR} to {LAST_YEAR}")
    return number


class YearType:
    """Annotation of a calendar year."""

    def __get_pydantic_core_schema__(self, source, handler):
        return core_schema.no_info_plain_validator_function(parse_year)

    def __get_pydantic_json_schema__(self, schema, handler):
        return {"type": "integer", "minimum": FIRST_YEAR, "maximum": LAST_YEAR}


@dataclass(frozen=True)
class ByYear:
    """Annotation of a `YearPath`: one number for all years, or a mapping year -> number."""

    quantity: Quantity

    def __get_pydantic_core_schema__(self, source, handler):
        years = core_schema.no_info_plain_validator_function(parse_year)
        points = core_schema.dict_schema(years, core_schema.no_info_plain_validator_function(self.quantity.parse))

        def path(value, inner):
            if isinstance(value, YearPath):
                value = value.plain()
            if not isinstance(value, Mapping):
                return YearPath(self.quantity.parse(value))
            if not value:
                raise mistake("no year is given", "write 'year: value' lines, or one number for all years")
            return YearPath(inner(value))

        return core_schema.no_info_wrap_validator_function(
            path, points, serialization=core_schema.plain_serializer_function_ser_schema(YearPath.plain)
        )

    def __get_pydantic_json_schema__(self, schema, handler):
        number = self.quantity.__get_pydantic_json_schema__(None, None)
        one = number["anyOf"]
        by_year = {
            "type": "object",
            "patternProperties": {"^[12][0-9]{3}$": {"anyOf": one}},
            "additionalProperties": False,
            "minProperties": 1,
        }
        return {"anyOf": [*one, by_year], "unit": self.quantity.unit}
