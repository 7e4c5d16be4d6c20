"""Validation of a merged tree, with every mistake said at its place: file:line:column: path: what; remedy."""

from __future__ import annotations

import copy
import re
import typing

from pydantic import BaseModel, ValidationError

from io_tables.errors import InputError, Problem, did_you_mean
from scenarios.document import Item
from scenarios.merge import dotted, place_of, unwrapped
from scenarios.schema import Scenario
from scenarios.text import FULL_WIDTH

#: Rounds of 'leave the wrong entries out and look again', so that one mistake does not hide another.
_ROUNDS = 6

_KINDS = {
    "dict_type": ("a mapping", "write 'key: value' lines below it"),
    "model_type": ("a mapping", "write 'key: value' lines below it"),
    "model_attributes_type": ("a mapping", "write 'key: value' lines below it"),
    "tuple_type": ("a list", "write [a, b, c] or '- a' lines"),
    "list_type": ("a list", "write [a, b, c] or '- a' lines"),
    "string_type": ("text", "put it between quotes"),
    "bool_type": ("true or false", "write true or false"),
    "bool_parsing": ("true or false", "write true or false"),
}


def validated(tree: Item) -> Scenario:
    """The scenario of a merged tree (canonical keys, no nulls). Raises InputError with all mistakes in file order."""
    data, problems, wrong = tree.plain(), [], []
    for _ in range(_ROUNDS):
        try:
            scenario = Scenario.model_validate(data)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            fresh = [e for e in errors if not _explained(_location(e), wrong)]
            problems += [_problem(e, tree) for e in fresh]
            wrong += [_location(e) for e in fresh]
            if any(place[:1] == ("years",) for place in wrong):
                break
            data = copy.deepcopy(data)
            for e in errors:
                _leave_out(data, _location(e) if e["type"] != "missing" else _location(e)[:-1])
        else:
            if not problems:
                return scenario
            break
    raise InputError([p for _, p in sorted(dict.fromkeys(problems), key=lambda pair: pair[0])])


def _location(error: dict) -> tuple:
    """Path of an error in the file, without pydantic's '[key]' marker."""
    return tuple(step for step in error["loc"] if step != "[key]")


def _explained(place: tuple, wrong: list[tuple]) -> bool:
    """Whether a mistake at `place` follows from one already told at or below it."""
    return any(known[: len(place)] == place for known in wrong)


def _leave_out(data: object, place: tuple) -> None:
    for depth, step in enumerate(place):
        last = depth == len(place) - 1
        if not isinstance(data, dict):
            return
        key = next((k for k in data if str(k) == str(step)), None)
        if key is None:
            return
        # Entries of a list keep their numbers: a list with a mistake is left out as a whole.
        if last or isinstance(data[key], list):
            del data[key]
            return
        data = data[key]


def _problem(error: dict, tree: Item) -> tuple[tuple, Problem]:
    """A sort key (file, line, column) and the Problem of one pydantic error."""
    path, of_key = _location(error), error["loc"][-1:] == ("[key]",)
    kind, value = error["type"], error["input"]
    place = place_of(tree, path, of_key or kind == "extra_forbidden")
    if kind == "mistake":
        what, remedy = error["ctx"]["what"], error["ctx"]["remedy"]
    elif kind in ("extra_forbidden", "invalid_key"):
        what, remedy = "unknown key", did_you_mean(str(path[-1]), _fields(path[:-1]))
    elif kind == "missing":
        what, remedy = "is missing", f"add '{path[-1]}'"
    elif kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        what, remedy = f"'{value}' is not allowed", did_you_mean(str(value), allowed)
        if not remedy.startswith("allowed"):
            remedy += f" (allowed: {', '.join(allowed)})"
    elif kind in _KINDS:
        wanted, remedy = _KINDS[kind]
        what = f"{_shown(value)} is not {wanted}"
    else:
        what, remedy = error["msg"], ""
    sign = next((c for c in value if c in FULL_WIDTH), "") if isinstance(value, str) and kind in _KINDS else ""
    if sign:
        what, remedy = f"full-width '{sign}' in '{value}'", f"write '{FULL_WIDTH[sign]}'"
    return (place.file, place.line, place.column), Problem(str(place), f"{dotted(path)}: {what}", remedy)


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"'{value}'"


def _fields(path: tuple) -> list[str]:
    """Keys allowed below `path`."""
    annotation: object = Scenario
    for step in path:
        annotation, _ = unwrapped(annotation, ())
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            annotation = annotation.model_fields[step].annotation
        elif isinstance(step, int):
            annotation = typing.get_args(annotation)[0]
        else:
            annotation = typing.get_args(annotation)[1]
    annotation, _ = unwrapped(annotation, ())
    return [name for name in annotation.model_fields if name != "lock"]
