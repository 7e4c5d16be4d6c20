"""Writes what editors and readers need from the schema: docs/scenario_reference.md and schema.json.

Run ``python -m scenarios.reference`` after a change of the schema; a test holds both files to it.
"""

from __future__ import annotations

import json
import types
import typing
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from scenarios.carbon_section import indicators
from scenarios.keys import FUEL_GROUPS, HOUSEHOLD_PRODUCTS, SECTOR_GROUPS, Key
from scenarios.merge import unwrapped
from scenarios.quantities import FIRST_YEAR, LAST_YEAR, ByYear, Quantity, YearPath, YearType
from scenarios.schema import Scenario

ROOT = Path(__file__).parents[1]
REFERENCE, SCHEMA = ROOT / "docs" / "scenario_reference.md", Path(__file__).with_name("schema.json")

_INTRODUCTION = """\
# Scenario reference

<!-- Generated from the schema by `python -m scenarios.reference`; change the descriptions there. -->

A scenario is one YAML file (UTF-8, ASCII punctuation). It may start from another with `extends`:

```yaml
extends: peak2030_neutral2060
carbon:
  neutral_year: 2055
  provincial_caps:
    Shanxi: {2030: 5.6 亿吨, 2060: 0}
```

- **Merging.** Mappings merge key by key. Lists, single values, paths by year, mixes of technologies and weights replace
  what was there. `null` returns an entry to its default. `name`, `title` and `description` are not inherited.
- **Overrides.** `run_model.py run NAME --set carbon.neutral_year=2055` changes one entry, also one point of a path
  (`--set carbon.national_cap.2030=11000`) or one entry of a list (`--set targets.0.value=-18%`).
- **Quantities.** A plain number is in the unit documented here. Text may carry a unit that converts to it: `120 Mt`,
  `1.2 亿吨`, `36亿千瓦`, `25 %`. A share is a fraction of 1.
- **Paths.** "by year" means one number for all years, or `{2030: 0.3, 2060: 0.1}`: linear between given years, constant
  before the first and after the last.
- **Names.** Provinces, sectors, products, technologies and fuels may be written in any spelling the classification
  knows (`Shanxi`, `山西`, `14`).
- **Checking.** `run_model.py check FILE` reports every mistake with file, line and column, without running anything.
  Editors check while you type with `scenarios/schema.json`; put this line on top of the file:
  `# yaml-language-server: $schema=scenarios/schema.json`

The columns are: entry, what it takes, default, meaning.
"""


def reference() -> str:
    """The text of docs/scenario_reference.md."""
    parts = [_INTRODUCTION, "## Top level\n", *_table(Scenario)]
    parts += _sections(Scenario, "", set())
    parts += ["\n## Indicators of targets\n", "| indicator | 中文 | unit | meaning |", "|---|---|---|---|"]
    parts += [
        f"| `{key}` | {row['name_zh']} | {row['unit']} | {row['description']} |" for key, row in indicators().items()
    ]
    parts += [
        "\n## Names\n",
        f"- Sector groups: {', '.join(f'`{k}` {zh}' for k, zh in SECTOR_GROUPS.items())}. The more specific name wins: "
        "sector, its group, `industry` (mining, manufacturing, utilities), `all` (all producing sectors).",
        f"- Fuel groups: {', '.join(f'`{k}` {zh}' for k, zh in FUEL_GROUPS.items())}.",
        f"- Household products with an income elasticity: {', '.join(f'`{k}`' for k in HOUSEHOLD_PRODUCTS)}.",
    ]
    for kind in ("province", "sector", "fuel", "product", "technology"):
        own = [k for k in Key(kind).allowed() if k not in SECTOR_GROUPS and k not in FUEL_GROUPS]
        parts.append(f"- {kind}: {', '.join(f'`{k}`' for k in own)}.")
    return "\n".join(parts) + "\n"


def json_schema() -> str:
    """The text of schema.json, for editors."""
    schema = Scenario.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Scenario"
    # A file need not name itself, and null returns any entry to its default.
    schema.pop("required", None)
    for part in (schema, *schema["$defs"].values()):
        for name, entry in part.get("properties", {}).items():
            entry.pop("title", None)
            described = {k: entry.pop(k) for k in ("description", "default", "zh") if k in entry}
            part["properties"][name] = {**described, "anyOf": [entry, {"type": "null"}]}
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _sections(model: type[BaseModel], path: str, seen: set) -> list[str]:
    """Headings and tables of all sections below `model`, depth first."""
    parts = []
    for name, field in _shown_fields(model):
        inner, where = _inner_model(field.annotation)
        if inner is None or inner in seen:
            continue
        seen.add(inner)
        place = f"{path}.{name}" if path else name
        text = (inner.__doc__ or "").strip().splitlines()[0]
        parts += [f"\n## {place}{where} · {field.json_schema_extra['zh']}\n", f"{text}\n", *_table(inner)]
        parts += _sections(inner, place + where, seen)
    return parts


def _shown_fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(name, field) for name, field in model.model_fields.items() if name != "lock"]


def _table(model: type[BaseModel]) -> list[str]:
    rows = ["| entry | takes | default | meaning |", "|---|---|---|---|"]
    for name, field in _shown_fields(model):
        taken = _taken(field.annotation, tuple(field.metadata)).replace("|", "\\|")
        meaning = f"{field.json_schema_extra['zh']}. {field.description}".replace("|", "\\|")
        rows.append(f"| `{name}` | {taken} | {_default(field)} | {meaning} |")
    return rows


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, YearPath):
        value = value.plain()
    if value in ({}, (), [], ""):
        return ""
    return f"`{json.dumps(value, ensure_ascii=False)}`" if not isinstance(value, str) else f"`{value}`"


def _taken(annotation: object, metadata: tuple) -> str:
    """What an entry takes, in words."""
    annotation, metadata = unwrapped(annotation, metadata)
    for mark in metadata:
        if isinstance(mark, ByYear):
            return f"by year: {mark.quantity.range_text}"
        if isinstance(mark, Quantity):
            return mark.range_text
        if isinstance(mark, YearType):
            return f"year {FIRST_YEAR} to {LAST_YEAR}"
        if isinstance(mark, Key):
            return mark.kind
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return ", ".join(f"`{a}`" for a in arguments)
    if origin is dict:
        return f"mapping {_taken(arguments[0], ())} → {_taken(arguments[1], ())}"
    if origin is tuple:
        return f"list of {_taken(arguments[0], ())}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_taken(a, ()) for a in arguments if a is not type(None))
    plain = {str: "text", bool: "true, false", float: "number or text with a unit", int: "whole number"}
    return plain.get(annotation, "number")


def _inner_model(annotation: object) -> tuple[type[BaseModel] | None, str]:
    """The section an entry holds, and how it is reached: '' directly, '.NAME' by key, '[]' in a list."""
    annotation, _ = unwrapped(annotation, ())
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is dict:
        inner, where = _inner_model(arguments[1])
        return inner, f".NAME{where}"
    if origin is tuple:
        inner, where = _inner_model(arguments[0])
        return inner, f"[]{where}"
    return None, ""


if __name__ == "__main__":
    REFERENCE.parent.mkdir(exist_ok=True)
    REFERENCE.write_text(reference(), encoding="utf-8")
    SCHEMA.write_text(json_schema(), encoding="utf-8")
