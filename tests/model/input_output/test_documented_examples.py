"""The examples of the documentation run, and print what the page says.

``python tests/model/input_output/test_documented_examples.py`` writes the outputs anew.
"""

import contextlib
import io
import re
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "input_output.md"
_EXAMPLE = re.compile(r"```python\n(.*?)```\n```text\n(.*?)```", re.DOTALL)
_DRAWN_ON = re.compile(r"base year `([0-9a-f]{12})`")


def run_examples():
    """(documented, printed) of every example, in one namespace from top to bottom."""
    names, found = {}, []
    for code, documented in _EXAMPLE.findall(PAGE.read_text(encoding="utf-8")):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(PAGE), "exec"), names)
        found.append((documented, printed.getvalue()))
    return names["base"].sha256[:12], found


def test_every_example_runs_and_prints_what_the_page_says():
    text = PAGE.read_text(encoding="utf-8")
    base_year, found = run_examples()
    assert len(found) == text.count("```python\n") > 10
    assert all(printed.strip() for _, printed in found)
    if _DRAWN_ON.search(text).group(1) != base_year:
        pytest.skip(f"the page shows figures of another base year; refresh them: python {Path(__file__).name}")
    for documented, printed in found:
        assert documented == printed


def refresh():
    """Write the outputs and the base year they stand on into the page."""
    base_year, found = run_examples()
    outputs = iter(found)
    text = PAGE.read_text(encoding="utf-8")
    text = _EXAMPLE.sub(lambda m: f"```python\n{m.group(1)}```\n```text\n{next(outputs)[1]}```", text)
    PAGE.write_text(_DRAWN_ON.sub(f"base year `{base_year}`", text), encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(PAGE.parents[1]))
    refresh()
