"""Labelled rows and columns become an Mrio, after every total and balance the table states has been checked.

Whatever the layout a table was read from (national sheet, provincial workbook, long list), it arrives here
as entries with their places and a matrix of numbers. Nothing is repaired: a table that does not close is an
InputError naming the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from io_tables.classification import provinces, sectors
from io_tables.errors import InputError, Problem
from io_tables.mrio import EXPORTS, Mrio
from io_tables.readers.names import accounts, near_slip
from io_tables.readers.totals import Totals, shown, slip_remedy

INDUSTRY = "industry"
_PRODUCT_TAXES = ("product tax", "foreign product tax")


@dataclass(frozen=True)
class Entry:
    """One row or column of a table.

    kind : 'industry', an account key of account_labels.csv, or any name with role 'final' / 'value added'.
    region : None where it has none (exports, totals of the whole table).
    sector : of industries, and of imported commodities.
    role : industry, imported (a commodity bought abroad), final, value added, imports, minus, error, total.
    where : place of its label.
    """

    kind: str
    region: str | None
    sector: str | None
    role: str
    where: str

    @property
    def name(self) -> str:
        """Readable name for messages."""
        return " ".join(p for p in (self.region, self.sector or self.kind) if p)


@dataclass(frozen=True)
class Labelled:
    """A table as read: entries, values (rows, columns) with NaN where the cell is unknown, places of cells."""

    rows: Sequence[Entry]
    columns: Sequence[Entry]
    values: np.ndarray
    place: Callable[[int, int], str]


def _duplicates(entries: Sequence[Entry], what: str) -> list[Problem]:
    seen: dict[tuple, Entry] = {}
    problems = []
    for entry in entries:
        identity = (entry.role, entry.kind, entry.region, entry.sector)
        if (first := seen.setdefault(identity, entry)) is not entry:
            problems.append(Problem(entry.where, f"{entry.name}: {what} occurs twice", f"first at {first.where}"))
    return shown(problems)


def _sheet(entries: Sequence[Entry]) -> str:
    """``file!sheet`` of the entries."""
    return entries[0].where.rsplit("!", 1)[0] if entries else ""


def _order(found: Sequence[str], classification) -> tuple[str, ...]:
    """Our order when the labels are exactly ours, else the order of the table."""
    distinct = tuple(dict.fromkeys(found))
    return classification.keys if set(distinct) == set(classification.keys) else distinct


def _frame(rows: Sequence[Entry], columns: Sequence[Entry]) -> tuple[tuple[str, ...], tuple[str, ...], list[Problem]]:
    """Regions and sectors, and every industry that a row, a column or a region lacks."""
    selling = {(e.region, e.sector): e for e in rows if e.role == INDUSTRY}
    buying = {(e.region, e.sector): e for e in columns if e.role == INDUSTRY}
    problems = []
    for here, there, side, other in ((selling, buying, "row", "columns"), (buying, selling, "column", "rows")):
        gone_regions = {r for r, _ in here} - {r for r, _ in there}
        for region in sorted(gone_regions, key=str):
            place = next(e.where for (r, _), e in here.items() if r == region)
            near = near_slip(str(region), [str(r) for r in {r for r, _ in there} - {r for r, _ in here}])
            remedy = f"did you mean '{near[0]}'?" if near else "add its columns and rows, or delete it"
            problems.append(Problem(place, f"{region}: region is missing among the {other}", remedy))
        absent = [key for key in here if key not in there and key[0] not in gone_regions]
        for key in absent:
            near = near_slip(str(key[1]), [s for r, s in there if r == key[0] and (r, s) not in here])
            remedy = f"did you mean '{near[0]}'?" if near else (
                f"add it to the {other}, or name it as an account (TII, VA001, FU201, ...)"
            )
            what = f"{here[key].name}: {side} without a match among the {other}"
            problems.append(Problem(here[key].where, what, remedy))
    regions = _order([r for r, _ in selling], provinces())
    names = _order([s for _, s in selling], sectors())
    if not problems:
        problems = [
            Problem(next(e.where for e in rows if e.region == r), f"{r}: sector '{s}' is missing")
            for r in regions for s in names if (r, s) not in selling
        ]
    return regions, names, shown(problems)


def _leaves(columns: Sequence[Entry], axis: str, role: str) -> list[int]:
    """Positions of accounts of a role that are not sums of others present for the same region."""
    table, _ = accounts()
    present = {(e.region, e.kind) for e in columns if e.role == role}

    def has_parts(region, key):
        known = table.get((axis, key))
        return known is not None and any((region, p) in present or has_parts(region, p) for p in known.parts)

    return [j for j, e in enumerate(columns) if e.role == role and not has_parts(e.region, e.kind)]


def _parts(entries: Sequence[Entry], axis: str, leaves: list[int], whole: Entry) -> list[int]:
    """The leaves a subtotal is the sum of."""
    table, _ = accounts()

    def under(key):
        known = table.get((axis, key))
        return {key}.union(*(under(p) for p in known.parts)) if known else {key}

    names = under(whole.kind) - {whole.kind}
    return [j for j in leaves if entries[j].region == whole.region and entries[j].kind in names]


def assemble(table: Labelled, *, factor: float = 1.0, tolerance: float = 1e-6) -> Mrio:
    """The Mrio of a labelled table, in the order of the classification where all its labels are ours.

    factor : multiplier of every value (to 10^8 yuan); tolerance : relative, on every total and balance,
    besides the rounding of the printed digits.
    Competitive tables keep their flows and get the column ``(None, "imports")`` with minus imports, so that row
    sums are domestic output. A single row of imports for final use is spread over commodities like the domestic
    final use of its column (the table does not say more); imports for intermediate use stay one row (n,).
    Raises InputError with every duplicate, missing industry, total that does not add up (naming unit slips)
    and column that does not balance.
    """
    rows, columns = table.rows, table.columns
    unknown = np.isnan(table.values)
    values = np.where(unknown, 0.0, table.values)
    problems = _duplicates(rows, "row") + _duplicates(columns, "column")
    if problems:
        raise InputError(problems)
    regions, names, problems = _frame(rows, columns)
    if problems:
        raise InputError(problems)

    def order(entries, role):
        at = {(e.region, e.sector): k for k, e in enumerate(entries) if e.role == role}
        return [at[r, s] for r in regions for s in names]

    selling, buying = order(rows, INDUSTRY), order(columns, INDUSTRY)
    final = _leaves(columns, "column", "final")
    primary = _leaves(rows, "row", "value added")
    minus = [j for j, e in enumerate(columns) if e.role == "minus"]
    errors = [j for j, e in enumerate(columns) if e.role == "error"]
    bought_abroad = [i for i, e in enumerate(rows) if e.role == "imported"]
    import_rows = [i for i, e in enumerate(rows) if e.role == "imports"]
    if not primary:
        problems.append(Problem(_sheet(rows), "no row of value added", "expected VA001-VA004, TVA or 增加值合计"))
    if not final:
        final = [j for j, e in enumerate(columns) if (e.role, e.kind) == ("total", "final use")]
    if not final:
        remedy = "expected FU101-FU202, EX, TFU or 最终使用合计"
        problems.append(Problem(_sheet(columns), "no column of final use", remedy))
    if problems:
        raise InputError(problems)

    Z = values[np.ix_(selling, buying)]
    Y = values[np.ix_(selling, final)]
    subtracted = values[np.ix_(selling, minus)]
    subtracted = np.where(subtracted.sum(axis=0) > 0, -subtracted, subtracted)
    error = values[np.ix_(selling, errors)].sum(axis=1) if errors else None
    x = Z.sum(axis=1) + Y.sum(axis=1) + subtracted.sum(axis=1) + (0.0 if error is None else error)

    totals = Totals(table.values, tolerance)
    _check_row_totals(totals, table, selling, x, buying, final)
    abroad = values[np.ix_(bought_abroad, buying)].sum(axis=1) + values[np.ix_(bought_abroad, final)].sum(axis=1)
    _check_row_totals(totals, table, bought_abroad, abroad, buying, final)
    spent = values[np.ix_(bought_abroad + import_rows, buying)]
    va = values[np.ix_(primary, buying)]
    inputs = Z.sum(axis=0) + spent.sum(axis=0) + va.sum(axis=0)
    _check_column_totals(totals, table, buying, Z, spent, va, inputs, primary)
    if not totals.problems:
        scale = np.maximum(np.abs(x), np.abs(Z).sum(axis=0) + np.abs(va).sum(axis=0))
        terms = 2 * len(selling) + len(final) + len(primary)
        off = np.flatnonzero(np.abs(inputs - x) > totals.allowed(scale, terms))
        blanks = unknown[np.ix_(selling, buying)].sum(axis=0)
        totals.problems += shown([
            Problem(
                columns[buying[j]].where,
                f"{columns[buying[j]].name}: inputs add up to {inputs[j]:.12g}, output (row sum) is {x[j]:.12g}",
                slip_remedy(x[j], inputs[j]) or (f"{blanks[j]} cells of the column are blank" if blanks[j] else ""),
            )
            for j in off
        ])
    if totals.problems:
        raise InputError(totals.problems)

    labels = [EXPORTS if columns[j].kind == "exports" else (columns[j].region, columns[j].kind) for j in final]
    labels += [(None, columns[j].kind) for j in minus]
    imports = final_imports = None
    if bought_abroad:
        imports, final_imports = _by_commodity(rows, values, bought_abroad, names, buying, final, len(minus))
    if import_rows:
        imports = spent.sum(axis=0)
        spread = _spread(values[np.ix_(import_rows, final)].sum(axis=0), Y, len(names), len(minus))
        final_imports = spread if final_imports is None else final_imports + (0.0 if spread is None else spread)
    whole = len(primary) == 1 and rows[primary[0]].kind == "value added"
    return Mrio(
        regions, names, factor * Z, factor * np.hstack([Y, subtracted]), factor * (va[0] if whole else va),
        None if imports is None else factor * imports, None if final_imports is None else factor * final_imports,
        tuple(labels), {}, None if whole else tuple(rows[i].kind for i in primary),
        None if error is None else factor * error,
    )


def _check_row_totals(totals, table, lines, x, buying, final) -> None:
    """Totals published at the end of each row: intermediate use, subtotals of final use, final use, output.

    A total that carries a region covers the columns of that region only.
    """
    columns, values = table.columns, np.nan_to_num(table.values)
    size = np.abs(values[np.ix_(lines, [*buying, *final])]).sum(axis=1)
    for j, entry in enumerate(columns):
        if entry.role == "total" and entry.kind == "output":
            summed, terms = x, len(buying) + len(final)
        elif entry.role == "total":
            within = buying if entry.kind == "intermediate use" else final
            parts = [k for k in within if entry.region in (None, columns[k].region)]
            summed, terms = values[np.ix_(lines, parts)].sum(axis=1), len(parts)
        elif entry.role == "final" and j not in final:
            parts = _parts(columns, "column", final, entry)
            summed, terms = values[np.ix_(lines, parts)].sum(axis=1), len(parts)
        else:
            continue
        totals.compare(
            table.values[lines, j], summed, np.minimum(size, 10 * np.abs(summed)), terms,
            lambda i, j=j: table.place(lines[i], j), lambda i: table.rows[lines[i]].name, entry.kind,
        )


def _check_column_totals(totals, table, buying, Z, spent, va, inputs, primary) -> None:
    """Totals published at the foot of each column: intermediate input, value added, input."""
    for i, entry in enumerate(table.rows):
        published = table.values[i, buying]
        if entry.role == "total" and entry.kind == "intermediate input":
            summed, terms = Z.sum(axis=0), Z.shape[0]
            # Tables differ in whether the total covers imported inputs, and at purchasers' prices product taxes.
            taxes = sum(va[k] for k, i in enumerate(primary) if table.rows[i].kind in _PRODUCT_TAXES)
            with_imports = summed + spent.sum(axis=0)
            readings = (summed, with_imports, with_imports + taxes)
            summed = min(readings, key=lambda total: np.nansum(np.abs(published - total)))
        elif entry.role == "total" and entry.kind == "input":
            summed, terms = inputs, Z.shape[0] + va.shape[0]
        elif entry.role == "value added" and i not in primary:
            parts = _parts(table.rows, "row", primary, entry)
            summed, terms = np.nan_to_num(table.values[np.ix_(parts, buying)]).sum(axis=0), len(parts)
        else:
            continue
        totals.compare(
            published, summed, np.abs(summed), terms,
            lambda j, i=i: table.place(i, buying[j]), lambda j: table.columns[buying[j]].name, entry.kind,
        )


def _by_commodity(rows, values, bought_abroad, names, buying, final, extra):
    """Imported inputs (S, n) and imported final use (S, k) of a table that lists imports by commodity."""
    imports = np.zeros((len(names), len(buying)))
    final_imports = np.zeros((len(names), len(final) + extra))
    for i in bought_abroad:
        s = names.index(rows[i].sector)
        imports[s] += values[i, buying]
        final_imports[s, : len(final)] += values[i, final]
    return imports, final_imports if final_imports.any() else None


def _spread(row, Y, n_sectors, extra):
    """One row of imported final use (k,) over commodities (S, k), like the domestic final use of each column."""
    if not row.any():
        return None
    shares = np.abs(Y).reshape(-1, n_sectors, Y.shape[1]).sum(axis=0)
    shares = shares / np.where(shares.sum(axis=0) > 0, shares.sum(axis=0), 1.0)
    return np.hstack([shares * row, np.zeros((n_sectors, extra))])
