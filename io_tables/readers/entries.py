"""What each row and column of a located matrix is: an industry of a region, value added, final use, a total."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from io_tables.classification import Classification, normalise, provinces, sectors
from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.readers.assemble import INDUSTRY, Entry, Labelled
from io_tables.readers.cells import number, parse_label, squeeze
from io_tables.readers.matrix import Block
from io_tables.readers.names import ORIGINS, Account, account, is_total, keys_of
from io_tables.readers.totals import shown

#: Accounts that also head whole groups of lines ('中间使用' over all industries).
_HEADINGS = ("intermediate use", "intermediate input", "final use", "value added", "consumption", "capital formation")
_NEVER_REGIONAL = ("exports", "domestic outflow", "output")

Lines = Sequence[Sequence[str]]


def _plain(label: str) -> str:
    """A label to compare by: folded, codes without leading zeros."""
    folded = normalise(parse_label(label).text)
    return str(int(folded)) if folded.isdecimal() else folded


def _filled(line: Sequence[str]) -> list[str]:
    """Blanks filled with the label before them."""
    out, last = [], ""
    for text in line:
        last = text or last
        out.append(last)
    return out


def _accounts(axis: str, lines: Lines, size: int, industries: Collection[str]) -> list[Account | None]:
    """The account each position is, None for industries. `industries`: folded labels known to be of industries."""
    found: list[Account | None] = []
    for k in range(size):
        labels = [line[k] for line in lines if line[k] and _plain(line[k]) not in industries]
        hits = [(hit, label) for label in labels if (hit := account(axis, label)) is not None]
        others = [t for line in lines if (t := line[k]) and normalise(t) not in ORIGINS and account(axis, t) is None]
        if axis == "row" and others:
            # '进口' beside a commodity is an origin; alone it is the row of all imports.
            hits = [(hit, label) for hit, label in hits if not (hit.key == "imports" and normalise(label) in ORIGINS)]
        exact = [(hit, label) for hit, label in hits if hit.key not in _HEADINGS]
        coded = [hit for hit, label in hits if label.isupper() or any(c.isdigit() for c in label)]
        if coded:
            found.append(coded[0])
        elif exact:
            found.append(exact[-1][0])
        else:
            found.append(hits[-1][0] if hits and not others else None)
    return found


def _score(labels: Sequence[str], classification: Classification) -> float:
    """Share of the distinct names among labels that a classification knows."""
    names = {t for t in labels if t and not t.isdecimal()}
    return sum(classification.find(parse_label(t).text) is not None for t in names) / max(len(names), 1)


def _region_line(lines: Lines, industries: np.ndarray) -> int | None:
    """The line that names regions: known provinces, or constant over equal blocks of industries; or None."""
    inside = [[t for t, use in zip(_filled(line), industries, strict=True) if use] for line in lines]
    scores = [_score(labels, provinces()) for labels in inside]
    if scores and max(scores) >= 0.5:
        return scores.index(max(scores))
    count = int(industries.sum())
    for k, labels in enumerate(inside):
        distinct = list(dict.fromkeys(labels))
        if not 1 < len(distinct) < count or "" in distinct or count % len(distinct):
            continue
        run = count // len(distinct)
        blocks = all(len(set(labels[b : b + run])) == 1 for b in range(0, count, run))
        if blocks and not any(normalise(t) in ORIGINS for t in distinct):
            return k
    return None


def _sector_line(lines: Lines, industries: np.ndarray, region: int | None) -> int | None:
    """The line that names sectors: known names before other names before codes, and full."""
    best, chosen = (False, False, False, 0), None
    for k, line in enumerate(lines):
        inside = [t for t, use in zip(line, industries, strict=True) if use and t]
        if k == region or len(inside) < 0.95 * industries.sum() or not inside:
            continue
        named = sum(not t.isdecimal() for t in inside) > 0.5 * len(inside)
        score = (len(set(inside)) > 1 or len(inside) == 1, _score(inside, sectors()) >= 0.5, named, len(set(inside)))
        if score > best:
            best, chosen = score, k
    return chosen


def _keys(labels, places, use, classification) -> tuple[dict[str, str], list[Problem]]:
    """Keys of the distinct labels of a line where `use` holds."""
    first: dict[str, str] = {}
    for label, place, wanted in zip(labels, places, use, strict=True):
        if wanted and label:
            first.setdefault(label, place)
    return keys_of(list(first), list(first.values()), classification)


def _row_entries(block: Block, region: str) -> tuple[list[tuple[int, Entry]], dict[str, str], list[Problem]]:
    """Rows of the table, the sector that each label of an industry's row stands for, and what is wrong."""
    lines, places = block.row_labels, [block.row_place(r) for r in block.rows]
    size = len(block.rows)
    known = _accounts("row", lines, size, ())
    industries = np.array([hit is None for hit in known], dtype=bool)
    region_line = _region_line(lines, industries)
    sector_line = _sector_line(lines, industries, region_line)
    if sector_line is None:
        return [], {}, [Problem(block.sheet.place, "no label column names the sectors")]
    names = lines[sector_line]
    places_of = _filled(lines[region_line]) if region_line is not None else [region] * size
    sector_of, problems = _keys(names, places, industries, sectors())
    region_of, wrong = _keys(places_of, places, industries, provinces()) if region_line is not None else ({}, [])
    problems += wrong
    entries, spelled = [], {}
    for k, row in enumerate(block.rows):
        hit = known[k]
        if hit is not None:
            entries.append((row, Entry(hit.key, None, None, hit.role, places[k])))
        elif names[k] and (is_total(names[k]) or is_total(places_of[k])):
            what = f"'{squeeze(' '.join(dict.fromkeys((places_of[k], names[k]))))}': a subtotal among the sectors"
            problems.append(Problem(places[k], what, "delete the row, or name it TII if it is the intermediate input"))
        elif names[k]:
            sector = sector_of.get(names[k], names[k])
            imported = any(ORIGINS.get(normalise(line[k])) == "imports" for line in lines)
            where = None if imported else region_of.get(places_of[k], places_of[k])
            entries.append((row, Entry(INDUSTRY, where, sector, "imported" if imported else INDUSTRY, places[k])))
            for j, line in enumerate(lines):
                if j != region_line and line[k] and normalise(line[k]) not in ORIGINS:
                    spelled[_plain(line[k])] = sector if spelled.get(_plain(line[k]), sector) == sector else ""
    return entries, {label: sector for label, sector in spelled.items() if sector}, problems


def _column_entries(
    block: Block, region: str, regions: Sequence[str], spelled: dict[str, str]
) -> tuple[list[tuple[int, Entry]], list[Problem]]:
    """Columns of the table; `spelled` are the labels of the rows' industries and what they stand for."""
    lines, places = block.column_labels, [block.column_place(c) for c in block.columns]
    size = len(block.columns)
    industry_labels = {*spelled, *(_plain(r) for r in regions)}
    known = _accounts("column", lines, size, industry_labels)
    industries = np.array([hit is None for hit in known], dtype=bool)
    region_line = _region_line(lines, industries)
    places_of = _filled(lines[region_line]) if region_line is not None else [region] * size
    regional = np.array([hit is None or (hit.role == "final" and hit.key not in _NEVER_REGIONAL) for hit in known])
    region_of, problems = _keys(places_of, places, regional, provinces()) if region_line is not None else ({}, [])
    sector_line = _sector_line(lines, industries, region_line)
    unfilled = region_line is not None and not any(
        lines[region_line][k] for k in range(size) if known[k] is not None and regional[k]
    )
    # Regions that buy but do not sell are reported once, when rows and columns are matched.
    bought = {region_of.get(places_of[k], places_of[k]) for k in np.flatnonzero(industries)}
    entries = []
    for k, column in enumerate(block.columns):
        hit, own = known[k], "" if region_line is None else lines[region_line][k]
        where = region_of.get(places_of[k], places_of[k])
        if hit is None:
            labels = [line[k] for j, line in enumerate(lines) if j != region_line and line[k]]
            if any(is_total(t) for t in (*labels, own)):
                what = f"'{squeeze(' '.join(filter(None, (own, *labels))))}': a subtotal among the sectors"
                remedy = "delete the column, or name it TIU if it is the intermediate use"
                problems.append(Problem(places[k], what, remedy))
                continue
            meant = list(dict.fromkeys(spelled[_plain(t)] for t in labels if _plain(t) in spelled))
            if len(meant) > 1:
                what = f"'{squeeze(' '.join(labels))}': name and code disagree ({' or '.join(meant)})"
                problems.append(Problem(places[k], what, "correct one of them"))
            sector = meant[0] if meant else None
            if sector is None:
                sector = lines[sector_line][k] if sector_line is not None else (labels or [""])[-1]
            if sector:
                entries.append((column, Entry(INDUSTRY, where, sector, INDUSTRY, places[k])))
            continue
        if hit.key in _NEVER_REGIONAL or hit.role in ("error", "minus") or (hit.role == "final" and unfilled):
            where = None
        elif hit.role == "total":
            where = region_of.get(own) if region_line is not None and own else None
        elif where not in regions and where not in bought:
            problems.append(Problem(places[k], f"'{where}' is no region of the rows", did_you_mean(where, regions)))
        entries.append((column, Entry(hit.key, where, None, hit.role, places[k])))
    return entries, problems


def _transposed(block: Block) -> Problem | None:
    """A Problem when value added stands in the columns and final use in the rows."""

    def count(axis: str, role: str, lines: Lines, size: int) -> int:
        return sum(hit is not None and hit.role == role for hit in _accounts(axis, lines, size, ()))

    rows, columns = (block.row_labels, len(block.rows)), (block.column_labels, len(block.columns))
    if count("row", "value added", *rows) or not count("row", "value added", *columns):
        return None
    if count("column", "final", *columns) > count("column", "final", *rows):
        return None
    return Problem(
        block.sheet.at(block.top, block.left),
        "the table is transposed: value added stands in the columns",
        "turn it: sellers in the rows, buyers in the columns",
    )


def _not_a_number(cell: object, where: str) -> Problem:
    """What is wrong with text among numbers, with the number probably meant."""
    text = squeeze(cell)
    meant = text.translate(str.maketrans("OoIl，。", "0011,.")).replace(" ", "").rstrip("元吨万亿%")
    value = number(meant)[0]
    return Problem(where, f"'{text}' is not a number", f"did you mean {meant}?" if value is not None else "")


def industry_count(block: Block) -> int:
    """Rows of a block that look like industries and have a column of the same name: how table-like a sheet is."""
    rows, spelled, _problems = _row_entries(block, "")
    columns = {_plain(line[k]) for line in block.column_labels for k in range(len(block.columns)) if line[k]}
    if not {e.role for _, e in rows} & {"value added", "imports", "total"}:
        return 0
    return sum(e.role == INDUSTRY for _, e in rows) if columns & set(spelled) else 0


def label_block(block: Block, region: str) -> Labelled:
    """The rows, columns and numbers of a block; `region` names the only region of a table without regions.

    Raises InputError gathering every label and every cell that is wrong.
    """
    if (problem := _transposed(block)) is not None:
        raise InputError(problem)
    rows, spelled, problems = _row_entries(block, region)
    regions = list(dict.fromkeys(e.region for _, e in rows if e.role == INDUSTRY))
    columns, wrong = _column_entries(block, region, regions, spelled)
    problems += wrong
    at_rows, at_columns = [r for r, _ in rows], [c for c, _ in columns]
    values = block.values[np.ix_(at_rows, at_columns)]
    sheet = block.sheet
    place: Callable[[int, int], str] = lambda i, j: sheet.at(at_rows[i], at_columns[j])  # noqa: E731
    problems += shown([
        _not_a_number(sheet.rows[at_rows[i]][at_columns[j]], place(i, j))
        for i, j in np.argwhere(np.isnan(values))
        if number(sheet.rows[at_rows[i]][at_columns[j]])[1] == "text"
    ])
    if problems:
        raise InputError(problems)
    return Labelled([e for _, e in rows], [e for _, e in columns], values, place)
