"""Loading scenarios: library names and files, `extends`, overrides; checking, listing and writing new ones."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from io_tables.errors import InputError, Problem, did_you_mean
from scenarios.document import MOST_LEVELS, Item, parse_value, read_document
from scenarios.lock import lock
from scenarios.merge import canonical, merged, nested, without_nulls
from scenarios.messages import validated
from scenarios.schema import Scenario

__all__ = ["check_files", "list_library", "load_scenario", "lock", "new_scenario"]

LIBRARY = Path(__file__).parent
#: Entries that belong to one file and are not inherited through `extends`.
OWN_ENTRIES = ("name", "title", "description", "extends", "lock")


def load_scenario(path_or_name: str | Path, overrides: Iterable[str] = ()) -> Scenario:
    """The scenario of a library name or a YAML file, with what it extends merged in.

    overrides : entries such as ``carbon.neutral_year=2055``, laid upon the file; the value is read as YAML.
    Raises InputError with all mistakes found, each at file:line:column (or at the override).
    """
    path = _find(str(path_or_name), Path.cwd(), "")
    problems: list[Problem] = []
    tree = _merged_file(path, (), problems)
    for override in overrides:
        overlay = _override(override, problems)
        if overlay is not None:
            tree = merged(tree, overlay)
    if problems:
        # The text is readable, so what the schema says can be told in the same go.
        try:
            validated(without_nulls(tree))
        except InputError as error:
            problems += error.problems
        raise InputError(list(dict.fromkeys(problems)))
    return validated(without_nulls(tree))


def _shown(path: Path) -> str:
    """A path as the user would write it: relative to the working folder when it lies below it."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _find(name: str, folder: Path, where: str) -> Path:
    """The file a library name or a path (relative to `folder`) stands for. Raises InputError when there is none."""
    looks_like_path = name.endswith((".yaml", ".yml")) or "/" in name or os.sep in name
    candidates = (
        [folder / name] if looks_like_path else [LIBRARY / f"{name}.yaml", folder / name, folder / f"{name}.yaml"]
    )
    for candidate in candidates:
        try:
            found = candidate.is_file()
        except OSError:  # a name longer than file systems allow
            found = False
        if found:
            return Path(os.path.abspath(candidate))
    if looks_like_path:
        raise InputError(
            Problem(
                where,
                f"{name}: no such file",
                "check the path (relative paths start at the file that names "
                "them, on the command line at the working folder)",
            )
        )
    raise InputError(
        Problem(
            where, f"{name}: no such scenario in the library, and no such file", did_you_mean(name, library_names())
        )
    )


def _merged_file(path: Path, chain: tuple[Path, ...], problems: list[Problem]) -> Item:
    """The canonical tree of a file laid upon the tree of the one it extends."""
    shown = _shown(path)
    tree = canonical(read_document(path, shown), problems)
    entries = dict(tree.value)
    if not chain and ("name" not in entries or entries["name"].value is None):
        stem = path.name.removesuffix(".yaml").removesuffix(".yml")
        entries["name"] = Item(stem, tree.place)
    if not chain and "title" not in entries and not isinstance(entries["name"].value, (dict, list)):
        title = replace(entries["name"], value=str(entries["name"].plain()))
        entries["title"] = Item({"zh": title, "en": title}, tree.place)
    base_year = entries.get("base_year")
    if (
        base_year is not None
        and isinstance(base_year.value, str)
        and ("/" in base_year.value or ".npz" in base_year.value)
    ):
        entries["base_year"] = Item(
            os.path.abspath(path.parent / base_year.value), base_year.place, base_year.key_place
        )
    extends = entries.get("extends")
    own = Item(entries, tree.place)
    if extends is None or extends.value is None:
        return own
    where = str(extends.place)
    if not isinstance(extends.value, str):
        raise InputError(
            Problem(
                where,
                f"extends: '{extends.plain()}' is not a name or a path",
                did_you_mean(str(extends.plain()), library_names()),
            )
        )
    try:
        parent = _find(extends.value, path.parent, where)
    except InputError as error:
        raise InputError([Problem(p.where, f"extends: {p.what}", p.remedy) for p in error.problems]) from None
    if parent in (*chain, path):
        circle = " -> ".join(_shown(p) for p in (*chain, path, parent))
        raise InputError(
            Problem(where, f"extends: circle {circle}", "let one of them extend something else, or nothing")
        )
    base = _merged_file(parent, (*chain, path), problems)
    inherited = {key: child for key, child in base.value.items() if key not in OWN_ENTRIES}
    return merged(Item(inherited, base.place), own)


def _override(text: str, problems: list[Problem]) -> Item | None:
    where = f"--set {text}"
    path, equals, value = text.partition("=")
    steps = tuple(step.strip() for step in path.split("."))
    if not equals or not value.strip() or not all(steps) or len(steps) > MOST_LEVELS:
        problems.append(
            Problem(
                where,
                "is not of the form key=value",
                "write for example carbon.neutral_year=2055, or carbon.neutral_year=null",
            )
        )
        return None
    try:
        item = parse_value(value, where)
    except InputError as error:
        problems += error.problems
        return None
    if steps[0] in ("extends", "lock"):
        problems.append(Problem(where, f"{steps[0]} cannot be overridden", "write it in the file"))
        return None
    return canonical(nested(steps, item), problems)


def check_files(paths: Iterable[str | Path]) -> list[Problem]:
    """Every mistake in the given scenario files (or library names); empty when all are good."""
    problems: list[Problem] = []
    for path in paths:
        try:
            load_scenario(path)
        except InputError as error:
            problems += error.problems
    return list(dict.fromkeys(problems))


def library_names() -> list[str]:
    """Names of the library's scenarios, in order."""
    return sorted(path.stem for path in LIBRARY.glob("*.yaml"))


def list_library() -> list[tuple[str, str, str]]:
    """(name, English title, Chinese title) of every library scenario."""
    rows = []
    for name in library_names():
        path = LIBRARY / f"{name}.yaml"
        title = read_document(path, _shown(path)).plain().get("title", {})
        rows.append((name, title.get("en", name), title.get("zh", name)))
    return rows


def new_scenario(name: str, like: str | Path, folder: Path) -> Path:
    """Write `folder`/`name`.yaml, a commented scenario that extends `like`; returns its path.

    Raises InputError when the name is no file name, `like` has mistakes, the folder is missing or the file exists.
    """
    parent_file = _find(str(like), Path.cwd(), "--like")
    parent = load_scenario(parent_file)
    stem = name.removesuffix(".yaml")
    try:
        scenario = Scenario.model_validate({"name": stem})
    except ValueError as error:
        raise InputError(
            Problem("name", error.errors()[0]["ctx"]["what"], error.errors()[0]["ctx"]["remedy"])
        ) from None
    folder, target = Path(folder), Path(folder) / f"{stem}.yaml"
    if not folder.is_dir():
        raise InputError(Problem(str(folder), "no such folder", "create it, or choose another"))
    if stem in library_names():
        raise InputError(Problem(stem, "is a name of the library", "choose another name"))
    in_library = parent_file.parent == LIBRARY
    extends = parent_file.stem if in_library else os.path.relpath(parent_file, folder).replace(os.sep, "/")
    text = _TEMPLATE.format(
        name=scenario.name,
        extends=extends,
        like=parent.title.en or parent.name,
        peak=parent.carbon.peak_year or 2030,
        neutral=parent.carbon.neutral_year or 2060,
        gdp=parent.macro.gdp.source,
        slices=parent.power.slices,
        rate=parent.economics.discount_rate,
    )
    try:
        with open(target, "x", encoding="utf-8") as handle:
            handle.write(text)
    except FileExistsError:
        raise InputError(Problem(str(target), "exists already", "choose another name, or remove it first")) from None
    return target


_TEMPLATE = """\
# A scenario that differs from "{like}" only in what stands here.
# Every entry with its unit and default: docs/scenario_reference.md. Mappings merge key by key with what is extended,
# lists and single values replace, null returns an entry to its default. Check with: run_model.py check {name}.yaml
name: {name}
title:
  zh: {name}
  en: {name}
extends: {extends}

# Remove the '# ' before what should change:
# macro:
#   gdp: {{source: {gdp}}}            # SSP1 ... SSP5, or rates with rates: {{"2026-2030": 4.8 %, ...}}
# carbon:
#   peak_year: {peak}
#   neutral_year: {neutral}
#   national_cap: {{2030: 110 亿吨, 2060: 0}}   # numbers are Mt CO2; text carries its unit
# technology:
#   limits:
#     nuclear: {{capacity_max: {{2035: 1.5 亿千瓦}}}}
# power: {{slices: {slices}}}
# economics: {{discount_rate: {rate}}}
"""
