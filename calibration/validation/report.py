"""All scores of the base-year recipes in one document, and whether every floor holds."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calibration.generated_text import number, table, write_below_marker
from calibration.validation import coefficients, electricity, emissions, energy, reality, trade, value_added
from calibration.validation.score import Score


@dataclass(frozen=True)
class Topic:
    """A group of scores: what is held out and compared, why a score is or is not independent, and its function."""

    title: str
    held_out: str
    independence: str
    needs_data: bool
    scores: Callable[[Path], list[Score]]


TOPICS = (
    Topic(
        "Value added by province (E1)",
        "The published sub-industries of 2020, one province at a time: every sub-industry of the province is hidden, "
        "its strata and its structures of 2007 and 2017 are known. Naive: the nation's share of the stratum.",
        "The published values enter the base year itself as margins, so the scores speak for the provinces that "
        "publish nothing. Industry, construction and hotels are pure fitting of older structures; the weights of the "
        "other recipes were chosen once on provinces that are scored here.",
        False, value_added.scores),
    Topic(
        "Input coefficients by province (E2)",
        "The table of 2007 of one province at a time; known are its output and its sum of inputs by sector. Scored are "
        "its 88 largest input flows. Naive: the coefficients of the other 29 provinces together.",
        "No coefficient of the scored province enters. The exponent of the location quotient was read off tables of "
        "another year.",
        True, coefficients.scores),
    Topic(
        "Trade between provinces (E3)",
        "Outflow and inflow of 2007 of one province at a time by 42 sectors, the parameters taken from the other "
        "provinces; 17 provinces that report domestic trade apart and have no large error column. Naive: net trade "
        "only.",
        "No flow of the scored province enters, but its supply, demand and foreign trade do, and they are true, while "
        "those of 2020 are estimates. That two views of cross-hauling are averaged was decided after a first trial on "
        "the same provinces; their weight is even, not fitted. Flows between pairs are published nowhere: the "
        "distance exponent is not tested.",
        True, trade.scores),
    Topic(
        "Electricity between provinces (E3)",
        "The measured exchange of 2019 against consumption less generation, and what balancing to 2020 changes.",
        "The first score compares two separate statistics; the other two describe the balancing.",
        True, electricity.scores),
    Topic(
        "CO2 by province and sector (E5)",
        "The provincial inventories of 2019: the national inventory spread by the recipes with drivers of 2019. Naive: "
        "thermal generation (power), GDP (totals, cells), energy consumption (total with control), value added (iron "
        "and steel, minerals).",
        "No provincial inventory enters the estimate, but the national sector totals are the same inventory's, value "
        "added saw provincial tables of 2017 from the same authors, and the weights of the proxies were set by "
        "judgement with the scores in view. Process CO2 of the inventory follows cement, as ours does.",
        True, emissions.scores),
    Topic(
        "Energy (E4)",
        "Published national totals and headings of 2020, and the energy consumption of provinces.",
        "No national balance of 2020 by sector is in the sources, so closure holds against an estimate; residual and "
        "gap are taken before anything is scaled.",
        True, energy.scores),
)


def validate(data: Path, out: Path, run: Path | None = None, unpinned: Path | None = None) -> tuple[list[str], bool]:
    """Score every topic and write the document `out`; returns lines for the screen and whether all floors hold.

    run, unpinned : folders of a finished optimised run, and of one with free history, whose reality checks are shown;
    without them the document keeps those it has.

    data : folder of the working data. Where it is absent, topics that need it are skipped with a line that says so,
    and an existing document stays as it is, because it holds more.
    """
    present = Path(data).is_dir()
    found = [(topic, topic.scores(Path(data)) if present or not topic.needs_data else None) for topic in TOPICS]
    lines = [line for topic, scores in found for line in _screen(topic, scores, data)]
    beside = kept_section(Path(out), reality.TITLE)
    if run is not None:
        beside, screen = reality.reality(Path(run), Path(data), unpinned)
        lines += screen
    scored = [s for _, scores in found for s in scores or ()]
    failed = [s for s in scored if s.passed is False]
    floors = sum(s.floor is not None for s in scored)
    lines.append(f"{floors - len(failed)} of {floors} floors hold; {sum(scores is None for _, scores in found)} of "
                 f"{len(TOPICS)} topics skipped")
    if present or not Path(out).is_file():
        write_below_marker(Path(out), "Validation of the base year", [*_document(found), *beside])
        lines.append(f"written to {out}")
    else:
        lines.append(f"{out} is left as it is")
    return lines, not failed


def kept_section(document: Path, title: str) -> list[str]:
    """Lines of a document's section of that title, none where it has none."""
    if not document.is_file():
        return []
    lines = document.read_text(encoding="utf-8").split("\n")
    heads = [i for i, line in enumerate(lines) if line.startswith("## ")] + [len(lines)]
    return next((lines[a:b] for a, b in itertools.pairwise(heads) if lines[a] == f"## {title}"), [])


def _screen(topic: Topic, scores: list[Score] | None, data: Path) -> list[str]:
    if scores is None:
        return [f"skipped     {topic.title}: the working data folder ({data}) is absent"]
    return [f"{_verdict(s):11s} {s.topic}: {s.name} {number(s.value)} {s.unit}{_bound(s)}" for s in scores]


def _verdict(score: Score) -> str:
    return {True: "pass", False: "BELOW FLOOR", None: "shown"}[score.passed]


def _bound(score: Score) -> str:
    if score.floor is None:
        return ""
    if isinstance(score.floor, tuple):
        return f" (floor {number(score.floor[0])} to {number(score.floor[1])})"
    return f" (floor {score.sense} {number(score.floor)})"


def _document(found: list[tuple[Topic, list[Score] | None]]) -> list[str]:
    lines: list[str] = []
    for topic, scores in found:
        lines += [f"## {topic.title}", "", topic.held_out, "", f"Independence: {topic.independence}", ""]
        if scores is None:
            lines += ["Skipped: the working data folder is absent.", ""]
            continue
        rows = [
            (s.name, number(s.value), s.unit, _bound(s).removeprefix(" (floor ").removesuffix(")"),
             "" if s.naive is None else number(s.naive), "" if s.trial is None else number(s.trial),
             {True: "yes", False: "**no**", None: "no floor"}[s.passed], "yes" if s.independent else "no", s.note)
            for s in scores
        ]
        lines += table(("score", "value", "unit", "floor", "naive", "first trial", "pass", "independent", "why, notes"),
                       rows)
    return lines
