"""To and from pymrio, and through it OECD ICIO, WIOD, EXIOBASE 3, Eora26 and GLORIA. pymrio is optional.

Tables of other countries stay in the unit their publisher gives them (million USD, million EUR) unless a scale
is given: nothing in an Mrio's algebra depends on it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import EXPORTS, Mrio

#: Names under which pymrio's parsers file primary inputs.
PRIMARY = ("factor_inputs", "VA", "value_added", "primary_inputs")
#: Regions under which columns without a region of the table are handed to pymrio.
ABROAD, ERROR = "abroad", "error"
#: Relative column residual up to which the factor inputs count as complete.
COMPLETE = 1e-3


def _pymrio():
    try:
        import pymrio
    except ImportError as error:
        raise InputError("pymrio is not installed; run: pip install pymrio") from error
    return pymrio


def _labels(system) -> tuple[tuple[str, ...], tuple[str, ...], pd.MultiIndex]:
    """Regions, sectors and the region-major index of a system; raises InputError where an industry is missing."""
    if system.Z is None or system.Y is None:
        raise InputError("the pymrio system has no Z or no Y; calculate them first (calc_system)")
    index = system.Z.index
    regions = tuple(dict.fromkeys(index.get_level_values("region")))
    sectors = tuple(dict.fromkeys(index.get_level_values("sector")))
    whole = pd.MultiIndex.from_product([regions, sectors], names=["region", "sector"])
    problems = []
    for what, held in (("Z rows", index), ("Z columns", system.Z.columns), ("Y rows", system.Y.index)):
        held = pd.MultiIndex.from_arrays([held.get_level_values("region"), held.get_level_values("sector")])
        problems += [Problem(what, f"{r} {s} occurs twice") for r, s in held[held.duplicated()][:5]]
        problems += [
            Problem(what, f"{r} {s} is missing", did_you_mean(str(s), map(str, sectors)))
            for r, s in whole.difference(held)[:5]
        ]
    if problems:
        raise InputError(problems)
    return regions, sectors, whole


def _in_order(frame: pd.DataFrame, whole: pd.MultiIndex, axis: int) -> pd.DataFrame:
    labels = frame.index if axis == 0 else frame.columns
    plain = pd.MultiIndex.from_arrays([labels.get_level_values("region"), labels.get_level_values("sector")])
    return frame.iloc[plain.get_indexer(whole)] if axis == 0 else frame.iloc[:, plain.get_indexer(whole)]


def from_pymrio(system, *, value_added: str | None = None, scale: float = 1.0) -> Mrio:
    """The Mrio of a pymrio IOSystem.

    value_added : name of the extension with the primary inputs (found under its usual names otherwise). Where they
    do not complete the columns (labour by skill counted beside compensation, as in WIOD), value added is what
    remains of output after inputs, and the extension stays an extension.
    scale : multiplier of money (e.g. to 10^8 yuan). A system whose `x` differs from its row sums keeps the
    difference as `error`. Household emissions (F_Y) have no place in an Mrio and are left behind.
    Raises InputError where industries are missing or doubled, or the named extension does not exist.
    """
    regions, sectors, whole = _labels(system)
    n = len(whole)
    Z = _in_order(_in_order(system.Z, whole, 0), whole, 1).to_numpy(dtype=float)
    final = _in_order(system.Y, whole, 0)
    known = {title: getattr(system, title) for title in system.get_extensions()}
    if value_added is not None and value_added not in known:
        raise InputError(Problem("value_added", f"no extension '{value_added}'", did_you_mean(value_added, known)))
    name = value_added or next((p for p in PRIMARY if p in known), None)

    columns = [(str(r), str(c)) for r, c in zip(*(final.columns.get_level_values(k) for k in (0, 1)), strict=True)]
    flows = final.to_numpy(dtype=float)
    labels, keep = [], []
    error = np.zeros(n)
    for k, (region, category) in enumerate(columns):
        if region == ERROR:
            error += flows[:, k]
        elif region == ABROAD:
            labels.append(EXPORTS if category == "exports" else (None, category))
            keep.append(k)
        elif region in regions:
            labels.append((region, category))
            keep.append(k)
        else:
            raise InputError(Problem("Y columns", f"'{region}' is no region", did_you_mean(region, regions)))
    Y = flows[:, keep]
    rows = Z.sum(axis=1) + Y.sum(axis=1)
    if system.x is not None:
        published = _in_order(system.x, whole, 0).to_numpy(dtype=float)[:, 0]
        error = np.where(np.abs(published - rows) > 1e-9 * np.abs(published).max(initial=0.0), published - rows, error)
    x = rows + error
    imports, primary, names, extensions = None, x - Z.sum(axis=0), None, {}
    for title, extension in known.items():
        if getattr(extension, "F", None) is None:
            continue
        F = _in_order(extension.F, whole, 1)
        values = F.to_numpy(dtype=float)
        if title == name:
            off = np.abs(values.sum(axis=0) + Z.sum(axis=0) - x).max() / max(np.abs(x).max(), 1e-300)
            if off <= COMPLETE:
                words = [" ".join(map(str, i)) if isinstance(i, tuple) else str(i) for i in F.index]
                foreign = [k for k, w in enumerate(words) if w == "imports"]
                rest = [k for k in range(len(words)) if k not in foreign]
                imports = scale * values[foreign].sum(axis=0) if foreign else None
                primary, names = values[rest], tuple(words[k] for k in rest)
                continue
        extensions[title] = values
    return Mrio(
        tuple(map(str, regions)), tuple(map(str, sectors)), scale * Z, scale * Y, scale * primary, imports, None,
        tuple(labels), extensions, names, scale * error if error.any() else None,
    )


def to_pymrio(table: Mrio, *, name: str = "table", money: str = "1e8 CNY"):
    """A pymrio IOSystem of a table: Z, Y, x, value added (and imports) as `factor_inputs`, extensions by name.

    Columns without a region (exports) get the region 'abroad', the error column the region 'error'; x is the
    table's. `money` is the unit named in it. Raises InputError where pymrio is not installed.
    """
    pymrio = _pymrio()
    index = pd.MultiIndex.from_product([table.regions, table.sectors], names=["region", "sector"])
    final = table.final_demand or tuple((None, f"final use {k + 1}") for k in range(table.Y.shape[1]))
    pairs, Y = [(r if r is not None else ABROAD, c) for r, c in final], table.Y
    if table.error is not None:
        pairs, Y = [*pairs, (ERROR, "error")], np.column_stack([Y, table.error])
    columns = pd.MultiIndex.from_tuples(pairs, names=["region", "category"])
    va = np.atleast_2d(table.value_added)
    names = list(table.value_added_labels or [f"value added {k + 1}" for k in range(len(va))])
    if table.imports is not None:
        va, names = np.vstack([va, table.foreign_inputs]), [*names, "imports"]

    def extension(title, values, labels, unit):
        rows = pd.Index(labels, name="stressor")
        frame = pd.DataFrame(np.atleast_2d(values), index=rows, columns=index)
        return {"name": title, "F": frame, "unit": pd.DataFrame({"unit": unit}, index=rows)}

    own = {
        title: extension(title, values, [f"{title} {k + 1}" for k in range(len(np.atleast_2d(values)))], "")
        for title, values in table.extensions.items()
    }
    return pymrio.IOSystem(
        Z=pd.DataFrame(table.Z, index=index, columns=index), Y=pd.DataFrame(Y, index=index, columns=columns),
        x=pd.DataFrame({"indout": table.x}, index=index), unit=pd.DataFrame({"unit": money}, index=index), name=name,
        factor_inputs=extension("factor_inputs", va, names, money), **own,
    )
