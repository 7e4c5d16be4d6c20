"""What is wrong with a table before it is used: diagnosed, never repaired.

Convention checked: sellers in rows, x = Z1 + Y1 (+ error); column sums Z'1 + imports + value added = x
(Miller and Blair 2009, ch. 2-3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from io_tables.classification import provinces
from io_tables.errors import InputError
from io_tables.mrio import Mrio
from io_tables.unit_slips import find_slip

PASS, WARNING, FAIL, SKIPPED = "PASS", "WARNING", "FAIL", "SKIPPED"
#: Relative column residual up to which a table counts as balanced, and up to which only a warning is due.
BALANCED, ROUGH = 1e-6, 1e-3
#: GDP of China since 1990 in 10^8 yuan lies well within these; a nationwide table outside has another unit.
PLAUSIBLE_GDP = (1e4, 5e6)
_NAMED = 5
_UNCHECKED = 1e30


@dataclass(frozen=True)
class Finding:
    """One check: its name, PASS, WARNING, FAIL or SKIPPED, and what was seen (places and figures)."""

    name: str
    status: str
    message: str


def _industries(table: Mrio, positions: Sequence[int]) -> str:
    S = len(table.sectors)
    names = [f"{table.regions[k // S]} {table.sectors[k % S]}" for k in positions[:_NAMED]]
    return ", ".join(names) + (f" and {len(positions) - _NAMED} more" if len(positions) > _NAMED else "")


def _columns_residual(Z: np.ndarray, table: Mrio) -> float:
    """Largest |inputs - output| over the largest output, with Z read as given."""
    output = Z.sum(axis=1) + table.Y.sum(axis=1) + (0.0 if table.error is None else table.error)
    inputs = Z.sum(axis=0) + table.foreign_inputs + table.primary_inputs
    return float(np.abs(inputs - output).max() / max(np.abs(output).max(), 1e-300))


def orientation(table: Mrio) -> Finding:
    """Sellers in rows? Compares how well the table balances as it stands and turned."""
    given, turned = _columns_residual(table.Z, table), _columns_residual(table.Z.T, table)
    if given <= ROUGH:
        return Finding("orientation", PASS, f"balances with sellers in the rows (residual {given:.1e})")
    both = f"the residual is {given:.1e} as it stands and {turned:.1e} when turned"
    if turned <= ROUGH or turned < 0.01 * given:
        return Finding("orientation", FAIL, f"Z is transposed: {both}")
    return Finding("orientation", SKIPPED, f"cannot be told: {both}")


def balances(table: Mrio) -> Finding:
    """Column identity, and which other convention would hold instead."""
    residual = _columns_residual(table.Z, table)
    stated = "Z'1 + imports + value added = Z1 + Y1" + ("" if table.error is None else " + error")
    if residual <= BALANCED:
        return Finding("balances", PASS, f"{stated} to {residual:.1e} of the largest output")
    gap = table.Z.sum(axis=0) + table.foreign_inputs + table.primary_inputs - table.x
    worst = np.argsort(-np.abs(gap))[:_NAMED]
    hint = ""
    if table.imports is not None and np.abs(gap - table.foreign_inputs).max() <= ROUGH * np.abs(table.x).max():
        hint = "; without the imports row it would: imports seem to stand inside Z (competitive table)"
    elif table.error is not None and np.abs(gap + table.error).max() <= ROUGH * np.abs(table.x).max():
        hint = "; with the error column of the opposite sign it would"
    status = WARNING if residual <= ROUGH else FAIL
    return Finding("balances", status, f"{stated} misses by {residual:.1e}, most in {_industries(table, worst)}{hint}")


def expenditure(table: Mrio) -> Finding:
    """Value added = final use - imports over the whole table."""
    value_added = float(table.primary_inputs.sum())
    spending = float(table.Y.sum()) - float(table.foreign_inputs.sum()) + (
        0.0 if table.error is None else float(table.error.sum())
    )
    off = abs(value_added - spending) / max(abs(value_added), 1e-300)
    status = PASS if off <= BALANCED else WARNING if off <= ROUGH else FAIL
    return Finding("expenditure", status, f"value added {value_added:.6g}, final use less imports {spending:.6g}")


def _sums_of_others(features: np.ndarray) -> list[int]:
    """Positions whose features are the sum of all others, or of a run of neighbours before or after."""
    size = np.abs(features).sum(axis=1)
    total = features.sum(axis=0)
    run = np.vstack([np.zeros(features.shape[1]), np.cumsum(features, axis=0)])
    found = []
    for i in np.flatnonzero(size > 0):
        allowed = BALANCED * size[i]
        after = run[i + 3 :] - run[i + 1]
        before = run[i] - run[: max(i - 1, 0)]
        others = [total - features[i]] if len(features) > 2 else []
        runs = np.vstack([*others, after, before])
        if (np.abs(runs - features[i]).sum(axis=1) <= allowed).any():
            found.append(int(i))
    return found


def subtotals(table: Mrio) -> Finding:
    """Sectors or regions that are sums of others, hence counted twice."""
    R, S = len(table.regions), len(table.sectors)
    weights = np.random.default_rng(0).uniform(0.5, 1.5, (table.n, 2))
    features = np.column_stack([table.Z @ weights, table.Y.sum(axis=1), weights.T[0] @ table.Z, table.primary_inputs])
    # A subtotal repeats the rows of its parts, or their columns; either is enough to double count.
    found: list[str] = []
    for use in (slice(0, 3), slice(3, 5)):
        cube = features[:, use].reshape(R, S, -1)
        for r in range(R):
            found += [f"{table.regions[r]} {table.sectors[i]}" for i in _sums_of_others(cube[r])]
        found += [f"region {table.regions[r]}" for r in _sums_of_others(cube.sum(axis=1))]
    found = list(dict.fromkeys(found))
    if not found:
        return Finding("subtotals", PASS, "no sector or region is the sum of others")
    shown = ", ".join(found[:_NAMED]) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
    return Finding("subtotals", FAIL, f"sums of other sectors or regions, counted twice: {shown}")


def unit_slips(table: Mrio) -> Finding:
    """Rows, columns, value added, imports or final use that would balance if they were 10, 100 or 1000 times other.

    Also a nationwide GDP out of range: a unit that is wrong everywhere leaves every balance intact.
    """
    slip = find_slip(table) if _columns_residual(table.Z, table) > ROUGH else None
    if slip is not None:
        size = f"{slip.times:g} times too large" if slip.times > 1 else f"{1 / slip.times:g} times too small"
        where = "every industry" if slip.everywhere else _industries(table, slip.industries)
        return Finding("unit slips", FAIL, f"{slip.what} {size}: {where}")
    nationwide = len(set(table.regions) & set(provinces().keys)) >= 20 or table.regions == ("China",)
    gdp = float(table.primary_inputs.sum())
    if nationwide and not PLAUSIBLE_GDP[0] <= gdp <= PLAUSIBLE_GDP[1]:
        return Finding("unit slips", WARNING, f"GDP of the nation is {gdp:.4g} x 10^8 yuan: is the unit right?")
    return Finding("unit slips", PASS, "no row, column or block of the table is off by a power of ten")


def spectral_radius(table: Mrio) -> Finding:
    """Is the table productive: largest eigenvalue of A below one."""
    A = np.abs(table.A)
    bound = float(A.sum(axis=0).max(initial=0.0))
    v = np.full(table.n, 1.0 / max(table.n, 1))
    radius = 0.0
    for _ in range(300):
        w = A @ v
        scale = float(w.sum())
        if scale <= 0:
            radius = 0.0
            break
        done, radius = abs(scale - radius) <= 1e-9 * scale, scale
        v = w / scale
        if done:
            break
    # The power method approaches from either side; the column bound is a proof when it is below one.
    status = PASS if bound < 1 or radius < 1 - ROUGH else FAIL if radius > 1 + ROUGH else WARNING
    return Finding("spectral radius", status, f"largest eigenvalue of A {radius:.4f}, largest column sum {bound:.4f}")


def zero_industries(table: Mrio) -> Finding:
    """Industries without output, and those that then still use inputs."""
    size = max(float(np.abs(table.x).max(initial=0.0)), 1e-300)
    idle = np.abs(table.x) <= 1e-12 * size
    inputs = np.abs(table.Z).sum(axis=0) + np.abs(table.foreign_inputs) + np.abs(table.primary_inputs)
    fed = np.flatnonzero(idle & (inputs > 1e-12 * size))
    starved = np.flatnonzero(~idle & (inputs <= 1e-12 * size))
    if len(fed):
        return Finding("zero rows", FAIL, f"inputs but no output: {_industries(table, fed)}")
    if len(starved):
        return Finding("zero rows", FAIL, f"output but no inputs and no value added: {_industries(table, starved)}")
    if idle.any():
        return Finding("zero rows", WARNING, f"no output: {_industries(table, np.flatnonzero(idle))}")
    return Finding("zero rows", PASS, "every industry has output and inputs")


def negatives(table: Mrio) -> list[Finding]:
    """Negative output, flows, value added; inventories, imports columns and net taxes may be negative."""
    negative = np.flatnonzero(table.x < 0)
    out = [
        Finding("negative output", FAIL, f"{_industries(table, negative)}") if len(negative)
        else Finding("negative output", PASS, "no industry has negative output")
    ]
    sellers = np.flatnonzero((table.Z < 0).any(axis=1))
    may = ("inventories", "imports", "domestic inflow", "capital formation", "final use")
    columns = [k for k, (_, c) in enumerate(table.final_demand or ()) if c not in may]
    final = np.flatnonzero((table.Y[:, columns] < 0).any(axis=1)) if columns else np.array([], dtype=int)
    lossy = np.flatnonzero(table.primary_inputs < 0)
    seen = [
        f"{what}: {_industries(table, k)}"
        for what, k in (("intermediate flows", sellers), ("final use", final), ("value added", lossy)) if len(k)
    ]
    message = "negative " + "; negative ".join(seen) if seen else "flows, final use and value added are not negative"
    return [*out, Finding("negative flows", WARNING if seen else PASS, message)]


def destinations(table: Mrio) -> Finding:
    """Does final use say who consumes, so that footprints can be told."""
    if table.final_demand is None:
        return Finding("final demand", WARNING, "final use carries no region: footprints by consumer cannot be told")
    missing = sorted({c for r, c in table.final_demand if r is None and c not in ("exports", "imports")})
    if missing and len(table.regions) > 1:
        return Finding("final demand", WARNING, f"without a region: {', '.join(missing)}")
    return Finding("final demand", PASS, f"{len(table.final_demand)} columns, each with its region or exports")


_NAMES = (
    "orientation", "balances", "expenditure", "subtotals", "unit slips", "spectral radius", "zero rows",
    "negative output", "negative flows", "final demand",
)


def preflight(table: Mrio | str | Path, **options) -> list[Finding]:
    """Every check of a table, or of the file it stands in (options as for `read_mrio`).

    Never raises for a bad table and never repairs one. Of a file that cannot be read as it should be, each mistake
    is a FAIL; the checks then still run on the figures, where there are any, and are SKIPPED where not.
    """
    findings: list[Finding] = []
    if not isinstance(table, Mrio):
        found, findings = _read(Path(table), options)
        if found is None:
            return findings + [Finding(name, SKIPPED, "the table could not be read") for name in _NAMES]
        table = found
    return [
        *findings, orientation(table), balances(table), expenditure(table), subtotals(table), unit_slips(table),
        spectral_radius(table), zero_industries(table), *negatives(table), destinations(table),
    ]


def _read(path: Path, options: dict) -> tuple[Mrio | None, list[Finding]]:
    """The table of a file, if need be without its own checks, and what reading it found."""
    from io_tables.readers import read_mrio

    try:
        table = read_mrio(path, **options)
        size = f"{len(table.regions)} regions x {len(table.sectors)} sectors"
        return table, [Finding("reading", PASS, f"{path.name}: {size}")]
    except InputError as error:
        findings = [Finding("reading", FAIL, str(p)) for p in error.problems]
    # A second reading without the checks: imbalances and a missing unit are reported above, not fatal here.
    for unit in (options.get("unit"), "亿元"):
        try:
            relaxed = {**options, "unit": unit, "tolerance": _UNCHECKED, "all_provinces": False}
            return read_mrio(path, **relaxed), findings
        except InputError:
            continue
    return None, findings
