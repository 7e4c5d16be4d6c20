"""Coarser tables by concordance: every flow of a fine table goes to exactly one cell of the coarse one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import Mrio


def aggregate(
    table: Mrio,
    *,
    regions: Mapping[str, str] | None = None,
    sectors: Mapping[str, str] | None = None,
    categories: Mapping[str, str] | None = None,
    components: Mapping[str, str] | None = None,
) -> Mrio:
    """The table with labels merged: old label -> new label, for each kind given (Miller and Blair 2009, section 4.9).

    Flows, final demand, value added, imports, extensions and the error column are summed; money and physical totals
    stay. categories : of final demand; components : of value added (needs `value_added_labels`). New labels keep the
    order in which they first appear. Every old label must be mapped; raises InputError naming all that are missing
    or unknown, with the nearest valid one.
    """
    problems: list[Problem] = []
    to_regions = _mapped(table.regions, regions, "regions", problems)
    to_sectors = _mapped(table.sectors, sectors, "sectors", problems)
    labels = table.final_demand
    if categories is not None and labels is None:
        problems.append(Problem("categories", "the table has no final_demand labels"))
    names = tuple(dict.fromkeys(c for _, c in labels or ()))
    to_categories = dict(zip(names, _mapped(names, categories, "categories", problems)))
    if components is not None and table.value_added_labels is None:
        problems.append(Problem("components", "the table has no value_added_labels"))
    to_components = _mapped(table.value_added_labels or (), components, "components", problems)
    if problems:
        raise InputError(problems)

    new_regions, region_sum = _summing(to_regions)
    new_sectors, sector_sum = _summing(to_sectors)
    rows = np.kron(region_sum, sector_sum)
    new_labels, column_sum = None, np.eye(table.Y.shape[1])
    if labels is not None:
        region_of = dict(zip(table.regions, to_regions))
        new_labels, column_sum = _summing([(None if r is None else region_of[r], to_categories[c]) for r, c in labels])
    value_added = table.value_added @ rows.T
    new_components = table.value_added_labels
    if components is not None:
        new_components, component_sum = _summing(to_components)
        value_added = component_sum @ np.atleast_2d(value_added)
    imports = table.imports
    if imports is not None:
        imports = (imports if imports.ndim == 1 else sector_sum @ imports) @ rows.T
    return Mrio(
        new_regions, new_sectors, rows @ table.Z @ rows.T, rows @ table.Y @ column_sum.T, value_added, imports,
        None if table.final_imports is None else sector_sum @ table.final_imports @ column_sum.T,
        new_labels,
        {name: np.asarray(value, dtype=float) @ rows.T for name, value in table.extensions.items()},
        new_components,
        None if table.error is None else rows @ table.error,
    )


def concordance(old: Sequence[str], new: Sequence[str], weights) -> dict[str, str]:
    """The mapping that a 0/1 concordance matrix (len(old), len(new)) stands for.

    Raises InputError for a row that is not a single one: a label with several targets has to be split first.
    """
    matrix = np.asarray(weights, dtype=float)
    if matrix.shape != (len(old), len(new)):
        raise InputError(f"concordance has shape {matrix.shape}; expected ({len(old)}, {len(new)})")
    wrong = np.flatnonzero(((matrix != 0).sum(axis=1) != 1) | (matrix.sum(axis=1) != 1))
    if wrong.size:
        raise InputError([Problem(str(old[i]), f"goes to {int((matrix[i] != 0).sum())} labels with weights that sum to "
                                  f"{matrix[i].sum():g}", "expected a single one; split the sector first")
                          for i in wrong])
    return {label: new[int(np.argmax(row))] for label, row in zip(old, matrix)}


def _mapped(labels, mapping, kind, problems):
    """New label of each old one; without a mapping each stays itself."""
    if mapping is None:
        return list(labels)
    problems += [Problem(kind, f"'{old}' has no new label") for old in labels if old not in mapping]
    problems += [Problem(kind, f"'{old}' is not in the table", did_you_mean(old, labels))
                 for old in mapping if old not in labels]
    return [mapping.get(old, old) for old in labels]


def _summing(new_of_old):
    """Distinct new labels in order of first appearance, and the (new, old) matrix of ones that sums into them."""
    new = tuple(dict.fromkeys(new_of_old))
    place = {label: i for i, label in enumerate(new)}
    matrix = np.zeros((len(new), len(new_of_old)))
    matrix[[place[label] for label in new_of_old], np.arange(len(new_of_old))] = 1.0
    return new, matrix
