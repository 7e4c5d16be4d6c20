"""A new scenario from a finished run's lock file and a few changes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from io_tables.errors import InputError, Problem
from scenarios.load import OWN_ENTRIES, library_names, load_scenario
from scenarios.lock import yaml_lines
from scenarios.schema import Scenario


def scenario_from_lock(name: str, lock: str, changes: Mapping, folder: Path, *, beside: Path | None = None,
                       head: str = "") -> Path:
    """Write `folder`/`name`.yaml: the scenario of a run with changes laid upon it; returns its path.

    lock : text of the run's lock file. The new file extends the library's scenario where that is what was run, else the
    lock file in the folder `beside` where it is the same, else it carries the whole scenario. changes : nested mapping,
    null removes. head : comment lines. The file is checked before it gets its name, and appears whole or not at all.
    Raises InputError for names, locks and changes that make no scenario.
    """
    stem = name.removesuffix(".yaml")
    folder, target = Path(folder), Path(folder) / f"{stem}.yaml"
    content = _content(lock)
    _refuse(stem, folder, target)
    title = content.get("title") or {}
    entries = {"name": stem, "title": {key: f"{title.get(key) or content['name']} ({stem})" for key in ("zh", "en")}}
    extends = _extends(content, lock, folder, beside)
    if extends is None:
        entries |= _laid({key: value for key, value in content.items() if key not in OWN_ENTRIES}, changes)
    else:
        entries |= {"extends": extends, **_needed(changes, content)}
    text = head + "\n".join(yaml_lines(entries)) + "\n"
    part = folder / f".{stem}.part-{os.getpid()}.yaml"
    try:
        part.write_text(text, encoding="utf-8")
        try:
            load_scenario(part)
        except InputError as error:
            raise InputError([Problem(p.where.replace(part.name, target.name), p.what, p.remedy)
                              for p in error.problems]) from None
        # A link fails where the name is taken meanwhile; a rename would replace.
        os.link(part, target)
    except FileExistsError:
        raise InputError(Problem(str(target), "exists already", "choose another name, or remove it first")) from None
    finally:
        part.unlink(missing_ok=True)
    return target


def _content(lock: str) -> dict:
    try:
        content = YAML(typ="safe").load(lock)
    except YAMLError as error:
        raise InputError(Problem("lock file", f"cannot be read: {str(error).splitlines()[0]}",
                                 "take the workbook of the run again")) from None
    if not isinstance(content, dict) or not isinstance(content.get("name"), str) or "lock" not in content:
        raise InputError(Problem("lock file", "is not the lock file of a run", "take the workbook of the run again"))
    return content


def _refuse(stem: str, folder: Path, target: Path) -> None:
    try:
        Scenario.model_validate({"name": stem})
    except ValueError as error:
        told = error.errors()[0]["ctx"]
        raise InputError(Problem("name", told["what"], told["remedy"])) from None
    if not folder.is_dir():
        raise InputError(Problem(str(folder), "no such folder", "create it, or choose another"))
    if stem in library_names():
        raise InputError(Problem(stem, "is a name of the library", "choose another name"))
    if target.exists():
        raise InputError(Problem(str(target), "exists already", "choose another name, or remove it first"))


def _extends(content: dict, lock: str, folder: Path, beside: Path | None) -> str | None:
    """What holds the scenario of the lock: a library name, a path from `folder`, or None."""
    wanted = (content.get("lock") or {}).get("scenario_sha256")
    if content["name"] in library_names():
        try:
            if load_scenario(content["name"]).sha256 == wanted:
                return content["name"]
        except InputError:
            pass
    near = None if beside is None else Path(beside) / "scenario.lock.yaml"
    if near is not None and near.is_file() and near.read_text(encoding="utf-8").rstrip() == lock.rstrip():
        return os.path.relpath(near, folder).replace(os.sep, "/")
    return None


def _needed(changes: Mapping, content: Mapping) -> dict:
    """Changes without the nulls of what the scenario does not have."""
    found = {}
    for key, value in changes.items():
        if isinstance(value, Mapping):
            found[key] = _needed(value, content.get(key) or {})
        elif value is not None or content.get(key):
            found[key] = value
    return found


def _laid(below: dict, above: Mapping) -> dict:
    """`above` laid upon `below`, key by key; null removes."""
    found = dict(below)
    for key, value in above.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(found.get(key), dict) and key != "weights":
            found[key] = _laid(found[key], value)
        else:
            found[key] = value
    return found
