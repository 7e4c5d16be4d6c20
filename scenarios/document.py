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
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from io_tables.errors import InputError, Problem
from scenarios.text import FULL_WIDTH, full_width_in, full_width_problems, indentation_problems, read_text

_TAG = "tag:yaml.org,2002:"

#: A path by year on one line, '{2025: 0.1, 2030: 0.2}'. Scenario files hold hundreds of them and the YAML reader takes
#: longest over them, so it sees one word of the same length (private-use characters) and they are taken apart here.
_PATH = re.compile(r"\{ *[12]\d{3}: +-?\d+(?:\.\d*)? *(?:, *[12]\d{3}: +-?\d+(?:\.\d*)? *)*\}")
_POINT = re.compile(r"(\d{4}): +(-?\d+(\.\d*)?)")
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
    problems = indentation_problems(text, shown)
    short, paths = _without_paths(text)
    try:
        node = YAML(typ="safe", pure=True).compose(short)
    except MarkedYAMLError as error:
        problems += full_width_problems(text, shown) or [] if not problems else []
        raise InputError(problems or [_syntax_problem(error, shown)]) from None
    except (YAMLError, ValueError) as error:
        raise InputError(problems or [Problem(shown, f"not readable as YAML: {error}")]) from None
    if node is None:
        raise InputError(
            Problem(shown, "the file holds only comments", "write at least 'extends: peak2030_neutral2060'")
        )
    item = _build(node, shown, problems, None, paths)
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
    except (YAMLError, ValueError):
        return Item(text, Place(shown), Place(shown))
    if node is None:
        return Item(None, Place(shown), Place(shown))
    problems: list[Problem] = []
    item = _build(node, shown, problems, None, [])
    if problems:
        raise InputError([Problem(shown, p.what, p.remedy) for p in problems])
    return _moved(item, Place(shown))


def _moved(item: Item, place: Place) -> Item:
    value = item.value
    if isinstance(value, dict):
        value = {key: _moved(child, place) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_moved(child, place) for child in value]
    return Item(value, place, place)


def _place(mark, shown: str) -> Place:
    return Place(shown, mark.line + 1, mark.column + 1)


def _without_paths(text: str) -> tuple[str, list[str]]:
    """The text with every path by year replaced by a word of the same length, and the paths in order."""
    paths: list[str] = []
    if _WORD_START in text or _WORD_FILL in text:
        return text, paths

    def word(found: re.Match) -> str:
        paths.append(found[0])
        return f"{_WORD_START}{len(paths) - 1}".ljust(len(found[0]), _WORD_FILL)

    return _PATH.sub(word, text), paths


def _build(
    node, shown: str, problems: list[Problem], key_place: Place | None, paths: list[str], flow: bool = False
) -> Item:
    place = _place(node.start_mark, shown)
    if isinstance(node, MappingNode):
        value: dict = {}
        for key_node, child in node.value:
            at = _place(key_node.start_mark, shown)
            if not isinstance(key_node, ScalarNode) or (paths and _WORD.search(key_node.value)):
                problems.append(Problem(str(at), "a key must be a single name", "write 'key: value'"))
                continue
            key = _scalar(key_node, at, problems, flow, is_key=True)
            item = _build(child, shown, problems, at, paths, bool(node.flow_style))
            _enter(value, key, item, problems)
        return Item(value, place, key_place)
    if isinstance(node, SequenceNode):
        children = [_build(child, shown, problems, None, paths, bool(node.flow_style)) for child in node.value]
        return Item(children, place, key_place)
    if paths and _WORD_START in node.value:
        whole = _WORD.fullmatch(node.value) if node.style is None else None
        if whole:
            return Item(_path(paths[int(whole[1])], place, problems), place, key_place)
        node.value = _WORD.sub(lambda found: paths[int(found[1])], node.value)
    return Item(_scalar(node, place, problems, flow), place, key_place)


def _enter(value: dict, key: object, item: Item, problems: list[Problem]) -> None:
    """Put an entry into its mapping; a key that is there already is a mistake."""
    if key in value:
        first = value[key].key_place.line
        problems.append(
            Problem(str(item.key_place), f"{key}: key occurs twice, first at line {first}", "keep one of them")
        )
    else:
        value[key] = item


def _path(text: str, place: Place, problems: list[Problem]) -> dict:
    """The entries of a path by year whose '{' stands at `place`."""
    value: dict = {}
    for found in _POINT.finditer(text):
        number = float(found[2]) if found[3] else int(found[2])
        at, key_at = (Place(place.file, place.line, place.column + found.start(group)) for group in (2, 1))
        _enter(value, int(found[1]), Item(number, at, key_at), problems)
    return value


def _scalar(node: ScalarNode, place: Place, problems: list[Problem], flow: bool, is_key: bool = False) -> object:
    text, kind = node.value, str(node.tag).removeprefix(_TAG)
    if node.style is None and isinstance(text, str):
        wrong = full_width_in(text, flow, is_key)
        if wrong:
            problems.append(
                Problem(
                    str(place),
                    f"full-width '{wrong}' in '{_short(text)}'",
                    f"write '{FULL_WIDTH[wrong]}', or put text between \" \" quotes",
                )
            )
            return text
    if kind == "merge":
        problems.append(Problem(str(place), "merge keys (<<) are not supported", "use 'extends'"))
        return text
    if kind == "null" and not text and not is_key:
        problems.append(
            Problem(
                str(place),
                "no value is given",
                "text with a comma needs quotes"
                if flow
                else "write a value, or null to return to the default, or remove the key",
            )
        )
        return None
    if kind not in ("str", "int", "float", "bool", "null", "timestamp"):
        problems.append(Problem(str(place), f"tag '{node.tag}' is not supported", "remove the tag"))
        return text
    return _typed(text, kind)


def _typed(text: str, kind: str) -> object:
    try:
        if kind == "int":
            return int(text.replace("_", ""), 0) if not text.lstrip("+-").isdigit() else int(text)
        if kind == "float":
            return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan"))
    except ValueError:
        return text
    if kind == "bool":
        return text.casefold() == "true"
    return None if kind == "null" else text


def _syntax_problem(error: MarkedYAMLError, shown: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = str(_place(mark, shown)) if mark else shown
    what = str(error.problem or error.context or "not readable as YAML")
    if "single document" in str(error.context or error.problem):
        return Problem(place, "the file holds more than one document", "remove the '---' lines")
    remedy = "check indentation, colons and quotes on this line and the one before"
    return Problem(place, f"not readable as YAML: {what}", remedy)


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:27] + "..."
