"""Merging scenario trees: canonical keys, `extends`, and single overrides.

Mappings merge key by key; lists, single values, paths by year and mixes replace; null removes an inherited entry
(back to the default). An override may name one point of a path: ``carbon.national_cap.2030=11000``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import replace

from pydantic import BaseModel

from io_tables.errors import Problem
from scenarios.document import Item, Place
from scenarios.keys import Key
from scenarios.quantities import ByYear
from scenarios.schema import Scenario
from scenarios.sections import Whole


def canonical(item: Item, problems: list[Problem]) -> Item:
    """The tree of a scenario with every known spelling of a province, sector, ... replaced by its key, and what the
    schema calls `Whole` (paths by year, mixes) marked so. Two spellings of one key are appended to `problems`."""
    return _canonical(item, Scenario, (), (), problems)


def _canonical(item: Item, annotation: object, metadata: tuple, path: tuple, problems: list[Problem]) -> Item:
    annotation, metadata = unwrapped(annotation, metadata)
    if isinstance(item.value, list):
        inner = next((a for a in typing.get_args(annotation) if a is not Ellipsis), object)
        return replace(
            item, value=[_canonical(child, inner, (), (*path, i), problems) for i, child in enumerate(item.value)]
        )
    if not isinstance(item.value, dict):
        return item
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        return replace(
            item,
            value={
                key: _canonical(child, fields[key].annotation, tuple(fields[key].metadata), (*path, key), problems)
                if key in fields
                else child
                for key, child in item.value.items()
            },
        )
    key, inner = _key_and_inner(annotation, metadata)
    value = {}
    for label, child in item.value.items():
        name = key.find(label) if key else label
        name = label if name is None else name
        if name in value:
            first = value[name].key_place.line
            problems.append(
                Problem(
                    str(child.key_place),
                    f"{dotted((*path, label))}: the same {key.kind} as at line {first}",
                    "keep one of them",
                )
            )
        else:
            value[name] = _canonical(child, inner, (), (*path, name), problems)
    whole = not item.step and any(isinstance(m, (ByYear, Whole)) for m in metadata)
    return replace(item, value=value, whole=whole)


def unwrapped(annotation: object, metadata: tuple) -> tuple[object, tuple]:
    """Strip Annotated and Optional."""
    while True:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            annotation, metadata = arguments[0], (*metadata, *annotation.__metadata__)
        elif origin in (typing.Union, types.UnionType):
            annotation = next(a for a in arguments if a is not type(None))
        else:
            return annotation, metadata


def _key_and_inner(annotation: object, metadata: tuple) -> tuple[Key | None, object]:
    if any(isinstance(m, ByYear) for m in metadata):
        return Key("year"), object
    if typing.get_origin(annotation) is dict:
        key_type, inner = typing.get_args(annotation)
        found = [m for m in unwrapped(key_type, ())[1] if isinstance(m, Key)]
        return (found[0] if found else None), inner
    return None, object


def merged(base: Item, over: Item) -> Item:
    """`over` laid upon `base`. A mapping of positions (0, 1, ...) laid upon a list changes those entries."""
    if isinstance(base.value, list) and isinstance(over.value, dict) and over.value:
        positions = [int(k) if str(k).isdigit() else -1 for k in over.value]
        if all(0 <= p < len(base.value) for p in positions):
            children = list(base.value)
            for position, child in zip(positions, over.value.values()):
                children[position] = merged(children[position], child)
            return Item(children, over.place, over.key_place)
    if over.whole or not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    value = dict(base.value)
    for key, child in over.value.items():
        value[key] = merged(value[key], child) if key in value else child
    return Item(value, over.place, over.key_place or base.key_place)


def without_nulls(item: Item) -> Item:
    """The tree without the entries set to null: they return to their defaults."""
    if isinstance(item.value, dict):
        kept = {key: without_nulls(child) for key, child in item.value.items() if child.value is not None}
        return replace(item, value=kept)
    if isinstance(item.value, list):
        return replace(item, value=[without_nulls(child) for child in item.value])
    return item


def nested(path: tuple[str, ...], value: Item) -> Item:
    """The tree that holds nothing but `value` at `path`."""
    for step in reversed(path):
        value = Item({step: value}, value.place, value.place, step=True)
    return value


def place_of(item: Item, path: tuple, of_key: bool) -> Place:
    """Place of the entry at `path` (its key, or its value), or of the nearest entry above it that exists."""
    current, last_was_found = item, True
    for step in path:
        child = _child(current, step)
        if child is None:
            last_was_found = False
            break
        current = child
    # A mapping is found by its key; its value may begin lines further down.
    if (of_key or not last_was_found or isinstance(current.value, dict)) and current.key_place is not None:
        return current.key_place
    return current.place


def _child(item: Item, step: object) -> Item | None:
    if isinstance(item.value, list):
        return item.value[step] if isinstance(step, int) and step < len(item.value) else None
    if isinstance(item.value, Mapping):
        return next((child for key, child in item.value.items() if str(key) == str(step)), None)
    return None


def dotted(path: tuple) -> str:
    """A path as the user would write it after --set."""
    return ".".join(str(step) for step in path)
