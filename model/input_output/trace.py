"""Tracing an extension of a labelled table: who ultimately uses it, along which paths, grouped and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import Mrio
from model.input_output.leontief import Leontief
from model.input_output.paths import Paths, downstream_paths, structural_paths
from model.input_output.table_accounts import extension_total

#: Number of paths shown when no limit is given.
SHOWN = 20
#: The end of every path in a flow diagram.
FINAL_DEMAND = "final demand"


def trace(
    table: Mrio, extension: str, source: tuple[str | None, str | None] | None = None,
    destination: tuple[str | None, str | None] | None = None, *, row: int | None = None,
    threshold: float | None = None, top: int | None = None, max_depth: int | None = None, downstream: bool = False,
) -> pd.DataFrame:
    """The largest paths from emitting sectors to final products, one row each, in falling order.

    source : (region, sector) that emits; either may be None for all, and None means everything.
    destination : (region, category) of final demand; either may be None for all, (None, 'exports') are exports
    abroad. row : one row of the extension (0 is the first); all rows are summed when not given.
    threshold (extension unit), top, max_depth : as :func:`structural_paths`; the 20 largest when none is given.
    downstream : paths from primary inputs (`source`) along the buyers to the emitting sectors instead (Ghosh: whose
    incomes the emissions enable); it takes no destination.
    Columns: value (extension unit), share of the traced total, links, first and last region and sector, path.
    ``.attrs`` hold total, covered and tail. Raises InputError for unknown labels and as :func:`structural_paths`.
    """
    found = table_paths(table, extension, source, destination, row=row, threshold=threshold, top=top,
                        max_depth=max_depth, downstream=downstream)
    S = len(table.sectors)
    first, last = found.nodes[found.offsets[:-1]], found.nodes[found.offsets[1:] - 1]
    regions, sectors = np.array(table.regions, dtype=object), np.array(table.sectors, dtype=object)
    labels = sector_labels(table)
    frame = pd.DataFrame({
        "value": found.values,
        "share": found.values / found.total if found.total else np.zeros(found.values.size),
        "links": found.links,
        "from_region": regions[first // S], "from_sector": sectors[first % S],
        "to_region": regions[last // S], "to_sector": sectors[last % S],
        "path": [" > ".join(labels[i] for i in path) for path in found.paths],
    })
    frame.attrs.update(total=found.total, covered=found.covered, tail=found.tail)
    return frame


def table_paths(
    table: Mrio, extension: str, source=None, destination=None, *, row=None, threshold=None, top=None,
    max_depth=None, downstream=False,
) -> Paths:
    """As :func:`trace`, as positions and numbers."""
    if threshold is None and top is None and max_depth is None:
        top = SHOWN
    limits = {"threshold": threshold, "top": top, "max_depth": max_depth}
    intensity = intensity_of(table, extension, row)
    chosen = _sectors_chosen(table, source)
    if downstream:
        if destination is not None:
            raise InputError("downstream paths end where it is emitted, so they take no destination")
        inverse_x = _inverse(table.x)
        inputs = np.where(chosen, table.primary_inputs, 0.0)
        return downstream_paths(inverse_x[:, None] * table.Z, inputs, intensity, **limits)
    return structural_paths(table.A, np.where(chosen, intensity, 0.0), _demand(table, destination), **limits)


def final_users(table: Mrio, extension: str, source=None, *, row: int | None = None) -> pd.DataFrame:
    """Who ultimately uses what the source emits: final demand by region (rows) and category (columns).

    Every path is counted, however long. Exports abroad are the row 'abroad'; units of the extension. Arguments and
    errors as :func:`trace`.
    """
    s = np.where(_sectors_chosen(table, source), intensity_of(table, extension, row), 0.0)
    if table.final_demand is None:
        raise InputError("the table has no final_demand labels, so its final use has no destination")
    embodied = Leontief.from_flows(table.Z, table.x, labels=sector_labels(table)).multipliers(s) @ table.Y
    frame = pd.DataFrame({
        "region": ["abroad" if r is None else r for r, _ in table.final_demand],
        "category": [c for _, c in table.final_demand], "value": embodied,
    })
    categories = list(dict.fromkeys(frame["category"]))
    regions = [*(r for r in table.regions if r in set(frame["region"])),
               *(["abroad"] if (frame["region"] == "abroad").any() else [])]
    return frame.pivot_table(index="region", columns="category", values="value", aggfunc="sum",
                             fill_value=0.0).reindex(index=regions, columns=categories)


def grouped(found: Paths, labels: Sequence[str], *, merge: bool = True) -> pd.DataFrame:
    """Paths added up by the labels they pass, e.g. by province: path (tuple of labels), value, paths (how many).

    labels (n,) : group of each sector. merge : neighbours with the same label count as one stop.
    """
    names = np.asarray(labels, dtype=object)
    sums: dict[tuple, list] = {}
    for path, value in zip(found.paths, found.values.tolist(), strict=True):
        stops = names[list(path)].tolist()
        if merge:
            stops = [stop for k, stop in enumerate(stops) if not k or stop != stops[k - 1]]
        entry = sums.setdefault(tuple(stops), [0.0, 0])
        entry[0] += value
        entry[1] += 1
    frame = pd.DataFrame([(path, *entry) for path, entry in sums.items()], columns=["path", "value", "paths"])
    return frame.sort_values("value", ascending=False, kind="stable", ignore_index=True)


@dataclass(frozen=True)
class Sankey:
    """A flow diagram of paths: stage 0 makes the final product, stage k is k links upstream of it."""

    nodes: pd.DataFrame  #: stage, label, own (emitted there), through (own plus what arrives)
    links: pd.DataFrame  #: from_stage, from_label, to_stage, to_label, value; stage -1 is final demand


def sankey(found: Paths, labels: Sequence[str]) -> Sankey:
    """Nodes and links of a flow diagram; labels (n,) names each sector or the group it is drawn as.

    Flows between stages add up: what leaves a node is what arrives there plus what it emits itself.
    """
    names, codes = np.unique(np.asarray(labels, dtype=object), return_inverse=True)
    lengths = np.diff(found.offsets)
    stage = np.repeat(found.offsets[1:] - 1, lengths) - np.arange(found.nodes.size)
    group, value = codes[found.nodes], np.repeat(found.values, lengths)
    begins = np.zeros(found.nodes.size, dtype=bool)
    begins[found.offsets[:-1]] = True
    # Each node hands its flow on to the next of its path; the last one to final demand.
    target = np.append(group[1:], 0)
    links = pd.DataFrame({
        "from_stage": stage, "from_label": names[group], "to_stage": stage - 1,
        "to_label": np.where(stage > 0, names[target], FINAL_DEMAND), "value": value,
    })
    nodes = pd.DataFrame({"stage": stage, "label": names[group], "own": value * begins, "through": value})
    return Sankey(
        nodes.groupby(["stage", "label"], as_index=False)[["own", "through"]].sum(),
        links.groupby(["from_stage", "from_label", "to_stage", "to_label"], as_index=False)["value"].sum(),
    )


def sector_labels(table: Mrio) -> list[str]:
    """'Region / Sector' of each of the n rows."""
    return [f"{r} / {s}" for r in table.regions for s in table.sectors]


def _inverse(x):
    return np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)


def intensity_of(table: Mrio, extension: str, row: int | None = None) -> np.ndarray:
    """(n,) an extension per unit of output, one row of it or all rows summed; errors as :func:`trace`."""
    total, x = extension_total(table, extension), table.x
    if row is not None:
        F = np.atleast_2d(np.asarray(table.extensions[extension], dtype=float))
        if not 0 <= row < len(F):
            raise InputError(Problem("row", f"{row}", f"extension '{extension}' has rows 0..{len(F) - 1}"))
        total = F[row]
    labels = sector_labels(table)
    idle = [Problem(labels[j], f"has '{extension}' but no output") for j in np.flatnonzero((x == 0) & (total != 0))]
    if idle:
        raise InputError(idle)
    return total * _inverse(x)


def _sectors_chosen(table, source):
    """(n,) whether each sector belongs to the source."""
    region, sector = (None, None) if source is None else source
    problems = [Problem(what, f"'{label}' is unknown", did_you_mean(label, allowed))
                for what, label, allowed in (("source region", region, table.regions),
                                             ("source sector", sector, table.sectors))
                if label is not None and label not in allowed]
    if problems:
        raise InputError(problems)
    chosen = np.ones((len(table.regions), len(table.sectors)), dtype=bool)
    if region is not None:
        chosen &= (np.array(table.regions) == region)[:, None]
    if sector is not None:
        chosen &= np.array(table.sectors) == sector
    return chosen.ravel()


def _demand(table, destination):
    """(n,) final demand of the destination; the table's own error column belongs to none."""
    if destination is None:
        return table.Y.sum(axis=1)
    if table.final_demand is None:
        raise InputError("the table has no final_demand labels, so its final use has no destination")
    region, category = destination
    categories = dict.fromkeys(c for _, c in table.final_demand)
    problems = [Problem(what, f"'{label}' is unknown", did_you_mean(label, allowed))
                for what, label, allowed in (("destination region", region, table.regions),
                                             ("destination category", category, categories))
                if label is not None and label not in allowed]
    columns = [k for k, (r, c) in enumerate(table.final_demand)
               if (region is None or r == region) and (category is None or c == category)]
    if not problems and not columns:
        problems.append(Problem("destination", f"the table has no final demand of {region} for {category}"))
    if problems:
        raise InputError(problems)
    return table.Y[:, columns].sum(axis=1)
