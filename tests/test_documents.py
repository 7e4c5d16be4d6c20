"""The documents speak of what exists: modules, names, fact tables, commands."""

import re
import shlex
from pathlib import Path

import pytest

import run_model

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("README*.md")])
ROOMS = ("io_tables", "calibration", "scenarios", "model")


def _code() -> str:
    files = [ROOT / "run_model.py", *(p for room in ROOMS for p in (ROOT / room).rglob("*") if p.is_file())]
    return "\n".join(p.read_text(encoding="utf-8") for p in files if p.suffix in {".py", ".csv", ".yaml"})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_every_module_and_link_named_in_a_document_exists(document):
    text = document.read_text(encoding="utf-8")
    paths = {p for p in re.findall(r"`((?:[\w.]+/)+[\w.*]*)`", text) if p.split("/")[0] in (*ROOMS, "tests", "docs")}
    missing = [p for p in paths if not list(ROOT.glob(p.rstrip("/")))]
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    missing += [link for link in links if not (document.parent / link).exists()]
    assert not missing, missing


def test_names_in_the_glossary_are_used_in_the_code():
    words = set(re.findall(r"\w+", _code()))
    names = set(re.findall(r"`([A-Za-z_]+)`", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")))
    assert len(names) > 60
    assert not names - words, sorted(names - words)


def test_every_fact_table_is_described_and_every_described_one_exists():
    text = (ROOT / "docs" / "data_sources.md").read_text(encoding="utf-8")
    tables = {p.name for p in (ROOT / "io_tables" / "china_2020").glob("*.csv")}
    named = {Path(name).name for name in re.findall(r"`([\w/]+\.csv)`", text)}
    assert tables <= named
    assert not named - {p.name for room in ROOMS for p in (ROOT / room).rglob("*.csv")}


def test_every_equation_has_a_heading_and_a_place():
    text = (ROOT / "docs" / "equations.md").read_text(encoding="utf-8")
    for number in range(1, 15):
        assert f"\n### E{number} " in text and f"\n| E{number} |" in text


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d.name.startswith("README")], ids=lambda p: p.name)
def test_commands_of_the_readme_are_accepted_by_the_command_line(document):
    text = document.read_text(encoding="utf-8")
    lines = re.findall(r"^\s*(?:python )?run_model\.py (.+?)(?:\s{2,}#.*)?$", text, re.MULTILINE)
    assert lines
    for line in lines:
        run_model.parser().parse_args(shlex.split(line, comments=True))
    assert "make run" in text and "make test" in text
    assert len(text.splitlines()) < 120
