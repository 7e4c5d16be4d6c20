"""Markdown documents whose head is written by hand and whose rest is generated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

#: Everything after this line is replaced; what stands above it is kept.
MARKER = "<!-- generated below this line; edit only what stands above -->"


def write_below_marker(path: Path, title: str, lines: Iterable[str]) -> None:
    """Write `lines` below the marker of `path`; a new file starts with `title`, an existing head is kept."""
    head = f"# {title}\n\n"
    if path.is_file():
        old = path.read_text(encoding="utf-8")
        if MARKER in old:
            head = old.split(MARKER)[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(head + MARKER + "\n\n" + "\n".join(lines).rstrip() + "\n", encoding="utf-8")
    part.replace(path)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a Markdown table, followed by an empty one; numbers as `number` prints them."""
    cells = [[number(c) if isinstance(c, float | int) else str(c).replace("|", "\\|") for c in row] for row in rows]
    return ["| " + " | ".join(header) + " |", "|" + "---|" * len(header),
            *("| " + " | ".join(row) + " |" for row in cells), ""]


def number(value: float) -> str:
    """Whole numbers from a thousand on, four significant digits below, two in exponents; empty where unknown."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not np.isfinite(value):
        return ""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.4g}"
