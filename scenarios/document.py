"""A YAML file as a tree in which every key and value knows its place (file, line, column).

Reading gathers duplicate keys, values without text, tags, files that are empty or no mapping, and what `text` finds.
Every mistake is an `io_tables.errors.Problem`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode, SequenceNode

from io_tables.errors import InputError, Problem
from scenarios.text import FULL_WIDTH, full_width_in, full_width_problems, indentation_problems, read_text

_TAG = "tag:yaml.org,2002:"
#: Limits of a file: levels of nesting, and values after anchors are unfolded. A scenario with every entry written out
#: has some five levels and a few thousand values.
MOST_LEVELS, MOST_VALUES = 40, 200_000

#: A path by year on one line, '{2025: 0.1, 2030: 0.2}'. Scenario files hold hundreds of them and the YAML reader takes
#: longest over them, so it sees one word of the same length (private-use characters) and they are taken apart here.
_PATH = re.compile(r"\{ *[12]\d{3}: +-?\d+(?:\.\d*)? *(?:, *[12]\d{3}: +-?\d+(?:\.\d*)? *)*\}")
_POINT = re.compile(r"(\d{4}): +(-?\d+(\.\d*)?)")
#: A surrogate: no text file can hold it, but an escape in quotes or a command line can.
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_WORD_START, _WORD_FILL = "\ue000", "\ue001"
_WORD = re.compile(f"{_WORD_START}([0-9]+){_WORD_FILL}*")


@dataclass(frozen=True)
class Place:
    """Where something stands; line and column count from 1, 0 when the place is no file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Item:
    """A value of the tree: dict of key -> Item, list of Items, or a scalar; with the place of value and key.

    whole : laid upon another mapping it replaces it instead of merging. step : stands on the way of an override.
    """

    value: object
    place: Place
    key_place: Place | None = None
    whole: bool = False
    step: bool = False

    def plain(self) -> object:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


def read_document(path: Path, shown: str) -> Item:
    """The tree of a scenario file; its root is a mapping. Raises InputError with every mistake of the text."""
    return parse(read_text(path, shown), shown)


@lru_cache(maxsize=32)
def parse(text: str, shown: str) -> Item:
    """The tree of a YAML text; `shown` names it in places."""
    if not text.strip():
        raise InputError(Problem(shown, "the file is empty", "write at least 'extends: peak2030_neutral2060'"))
    indented = indentation_problems(text, shown)
    if indented:
        raise InputError(indented)
    short, paths = _without_paths(text)
    try:
        node = YAML(typ="safe", pure=True).compose(short)
    except RecursionError:
        raise InputError(Problem(shown, "the file is nested too deeply", f"use at most {MOST_LEVELS} levels")) from None
    except MarkedYAMLError as error:
        raise InputError(full_width_problems(text, shown) or [_syntax_problem(error, shown)]) from None
    except (YAMLError, ValueError) as error:
        raise InputError(Problem(shown, f"not readable as YAML: {error}")) from None
    if node is None:
        raise InputError(
            Problem(shown, "the file holds only comments", "write at least 'extends: peak2030_neutral2060'")
        )
    builder = _Builder(shown, paths)
    item, problems = builder.item(node), builder.problems
    if not isinstance(item.value, dict) and not problems:
        problems = full_width_problems(text, shown) or [
            Problem(str(item.place), "the file is not a mapping", "write 'key: value' lines")
        ]
    if problems:
        raise InputError(problems)
    return item


def parse_value(text: str, shown: str) -> Item:
    """A value given on the command line, read as YAML; everything in it stands at `shown`."""
    try:
        node = YAML(typ="safe", pure=True).compose(text) if text.strip() else None
    except (YAMLError, ValueError, RecursionError):
        return Item(text, Place(shown), Place(shown))
    if node is None:
        return Item(None, Place(shown), Place(shown))
    builder = _Builder(shown, [])
    item = builder.item(node)
    if builder.problems:
        raise InputError([Problem(shown, p.what, p.remedy) for p in builder.problems])
    return _moved(item, Place(shown))


def _moved(item: Item, place: Place) -> Item:
    value = item.value
    if isinstance(value, dict):
        value = {key: _moved(child, place) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_moved(child, place) for child in value]
    return Item(value, place, place)


def _without_paths(text: str) -> tuple[str, list[str]]:
    """The text with every path by year replaced by a word of the same length, and the paths in order."""
    paths: list[str] = []
    if _WORD_START in text or _WORD_FILL in text:
        return text, paths

    def word(found: re.Match) -> str:
        paths.append(found[0])
        return f"{_WORD_START}{len(paths) - 1}".ljust(len(found[0]), _WORD_FILL)

    return _PATH.sub(word, text), paths


class _Builder:
    """Turns YAML nodes into Items, gathering mistakes; `words` are the paths taken out of the text."""

    def __init__(self, shown: str, words: list[str]):
        self.shown, self.words = shown, words
        self.problems: list[Problem] = []
        self.values = 0

    def item(self, node, path: tuple = (), key_place: Place | None = None, flow: bool = False) -> Item:
        """The Item of a node; `flow` tells whether it stands inside { } or [ ]."""
        place = self.place(node.start_mark)
        self.values += 1
        if len(path) > MOST_LEVELS or self.values > MOST_VALUES:
            # Also where an anchor holds itself, or anchors of anchors unfold without end.
            limit = f"{MOST_LEVELS} levels" if len(path) > MOST_LEVELS else f"{MOST_VALUES} values"
            raise InputError(Problem(str(place), f"more than {limit}", "write it flatter, without anchors (&, *)"))
        if not isinstance(node, ScalarNode):
            if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
                self.say(place, path, f"tag '{node.tag}' is not supported", "remove the tag")
            inner = bool(node.flow_style)
            if isinstance(node, SequenceNode):
                children = [self.item(child, (*path, i), None, inner) for i, child in enumerate(node.value)]
                return Item(children, place, key_place)
            return Item(self.mapping(node, path, inner), place, key_place)
        if self.words and _WORD_START in node.value:
            whole = _WORD.fullmatch(node.value) if node.style is None else None
            if whole:
                return Item(self.path_by_year(self.words[int(whole[1])], path, place), place, key_place)
            node.value = _WORD.sub(lambda found: self.words[int(found[1])], node.value)
        if node.style is None and not node.value:
            remedy = "write a value, or null to return to the default, or remove the key"
            self.say(
                key_place or place,
                path,
                "no value is given",
                "put text that holds a comma between quotes" if flow else remedy,
            )
            return Item(None, place, key_place)
        return Item(self.scalar(node, path, place, flow), place, key_place)

    def mapping(self, node, path: tuple, flow: bool) -> dict:
        """The entries of a mapping node."""
        value: dict = {}
        for key_node, child in node.value:
            at = self.place(key_node.start_mark)
            if not isinstance(key_node, ScalarNode) or _WORD_START in key_node.value:
                self.say(at, path, "a key must be a single name", "write 'key: value'")
                continue
            key = self.scalar(key_node, path, at, flow, is_key=True)
            self.enter(value, key, self.item(child, (*path, key), at, flow), path)
        return value

    def path_by_year(self, text: str, path: tuple, place: Place) -> dict:
        """The entries of a path whose '{' stands at `place`."""
        value: dict = {}
        for found in _POINT.finditer(text):
            number = float(found[2]) if found[3] else _integer(found[2])
            at, key_at = (Place(place.file, place.line, place.column + found.start(group)) for group in (2, 1))
            self.enter(value, int(found[1]), Item(number, at, key_at), path)
        return value

    def enter(self, value: dict, key: object, item: Item, path: tuple) -> None:
        """Put an entry into its mapping; a key that is there already is a mistake."""
        if key in value:
            first = value[key].key_place.line
            self.say(item.key_place, (*path, key), f"key occurs twice, first at line {first}", "keep one of them")
        else:
            value[key] = item

    def scalar(self, node: ScalarNode, path: tuple, place: Place, flow: bool, is_key: bool = False) -> object:
        """The value of a scalar: YAML 1.2 numbers, true, false, null, everything else text."""
        text, kind = node.value, str(node.tag).removeprefix(_TAG)
        wrong = full_width_in(text, flow, is_key) if node.style is None else ""
        if wrong:
            shown = text if len(text) <= 30 else text[:27] + "..."
            remedy = f"write '{FULL_WIDTH[wrong]}', or put text between \" \" quotes"
            self.say(place, path, f"full-width '{wrong}' in '{shown}'", remedy)
        elif _HALF_CHARACTER.search(text):
            self.say(place, path, "holds half of a character (\\ud800 to \\udfff)", "write the character itself")
            return _HALF_CHARACTER.sub("\ufffd", text)
        elif kind == "merge":
            self.say(place, path, "merge keys (<<) are not supported", "use 'extends'")
        elif kind not in _SCALARS:
            self.say(place, path, f"tag '{node.tag}' is not supported", "remove the tag")
        else:
            return _SCALARS[kind](text)
        return text

    def say(self, place: Place, path: tuple, what: str, remedy: str) -> None:
        """Gather a mistake."""
        where = ".".join(str(step) for step in path)
        self.problems.append(Problem(str(place), f"{where}: {what}" if where else what, remedy))

    def place(self, mark) -> Place:
        """Place of a YAML mark."""
        return Place(self.shown, mark.line + 1, mark.column + 1)


def _integer(text: str) -> object:
    try:
        number = int(text.replace("_", ""), 10 if text.lstrip("+-").isdigit() else 0)
        float(number)
    except (ValueError, OverflowError):
        return text
    return number


def _real(text: str) -> object:
    try:
        return float(text.replace("_", "").casefold().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text


_SCALARS = {
    "str": str,
    "timestamp": str,
    "int": _integer,
    "float": _real,
    "bool": lambda text: text.casefold() == "true",
    "null": lambda text: None,
}


def _syntax_problem(error: MarkedYAMLError, shown: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown
    what = str(error.problem or error.context or "not readable as YAML")
    if "single document" in str(error.context or error.problem):
        return Problem(place, "the file holds more than one document", "remove the '---' lines")
    remedy = "check indentation, colons, brackets and quotes on this line and the one before"
    return Problem(place, f"not readable as YAML: {what}", remedy)
