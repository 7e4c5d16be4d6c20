"""The lock file: the merged scenario, versions and SHA-256 of inputs; loading it gives the same scenario again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from scenarios.schema import Scenario

#: Distributions whose versions can change a result.
DISTRIBUTIONS = ("dualcarbon-io", "numpy", "scipy", "pandas", "numba", "highspy", "pydantic", "ruamel.yaml")
_PLAIN_KEY = re.compile(r"[A-Za-z_][\w.]*")


def lock(scenario: Scenario, inputs: Mapping[str, Path | str]) -> str:
    """Text of `scenario.lock.yaml`: deterministic, without times or the folder it was written in.

    inputs : name -> file, or its SHA-256 as text. A file that was read by the run belongs here.
    """
    import platform  # slow to import, and checking a scenario needs no lock

    content = scenario.model_dump(mode="json", exclude={"extends", "lock"}, exclude_none=True)
    content["lock"] = {
        "scenario_sha256": scenario.sha256,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in DISTRIBUTIONS}},
        "inputs": {name: _sha256(source) for name, source in sorted(inputs.items())},
    }
    head = "# The scenario as it was run, everything merged. Run it again with: run_model.py run THIS_FILE\n"
    return head + "\n".join(yaml_lines(content)) + "\n"


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def _sha256(source: Path | str) -> str:
    return source if isinstance(source, str) else hashlib.sha256(Path(source).read_bytes()).hexdigest()


def yaml_lines(value: Mapping, indent: str = "") -> list[str]:
    """Block YAML of a mapping; mappings of numbers by year and lists of scalars stand on one line."""
    lines = []
    for key, child in value.items():
        name = key if not isinstance(key, str) or _PLAIN_KEY.fullmatch(key) or key.isdigit() else _scalar(key)
        nested = child.values() if isinstance(child, Mapping) else child if isinstance(child, list) else ()
        if not any(isinstance(entry, (Mapping, list)) for entry in nested) and (
            not isinstance(child, Mapping) or all(str(k).isdigit() for k in child)
        ):
            lines.append(f"{indent}{name}: {_flow(child)}")
        elif isinstance(child, Mapping):
            lines += [f"{indent}{name}:", *yaml_lines(child, indent + "  ")]
        else:
            lines.append(f"{indent}{name}:")
            lines += [f"{indent}- {_flow(entry)}" for entry in child]
    return lines


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{k if str(k).isdigit() else _scalar(k)}: {_flow(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
