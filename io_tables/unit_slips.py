"""Which entries of a table that does not balance would balance if they were 10, 100 or 1000 times other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from io_tables.mrio import Mrio

#: How far (in powers of ten) a scale that balances may lie from a whole power to count as one.
NEAR_POWER = 0.01
#: Share of the industries whose scale must be a whole power of ten for the explanation to hold.
_EXPLAINED = 0.9


@dataclass(frozen=True)
class Slip:
    """What seems to be off by a power of ten, and where."""

    what: str  #: row, column, value added, imports or final use
    times: float  #: how many times too large (0.1: ten times too small), of the worst place
    industries: np.ndarray  #: positions
    everywhere: bool  #: all industries that have such an entry are off alike


def find_slip(table: Mrio) -> Slip | None:
    """The power-of-ten slip that explains an imbalance best, or None.

    A whole row (sales and final use) or column (inputs, imports, value added) is found from the scales that solve
    the other identity; value added, imports or final use alone from what they would have to be for each column to
    equal its row. A slip shows as a power of ten among ones.
    """
    found = []
    for what, scales in _explanations(table):
        known = np.isfinite(scales) & (scales > 0)
        power = np.log10(scales, where=known, out=np.full(scales.shape, np.nan))
        whole = np.round(power)
        near = known & (np.abs(power - whole) < NEAR_POWER)
        slipped = np.flatnonzero(near & (whole != 0))
        entries = np.count_nonzero(~np.isnan(scales))
        if slipped.size and near.sum() >= _EXPLAINED * entries:
            worst = slipped[np.argmax(np.abs(whole[slipped]))]
            everywhere = np.count_nonzero(near & (whole == whole[worst])) == entries
            slip = Slip(what, float(10.0 ** -whole[worst]), slipped, everywhere)
            # The explanation that leaves least over, and among equals the one that touches fewest entries.
            unexplained = entries - np.count_nonzero(near)
            found.append((unexplained, round(float(np.abs(power - whole)[near].max()), 6), slipped.size, slip))
    return min(found, key=lambda entry: entry[:3])[-1] if found else None


def _explanations(table: Mrio) -> Iterator[tuple[str, np.ndarray]]:
    """What may be wrong, and the scale (n,) that each industry's entry would need; nan where it has no such entry."""
    x, columns = table.x, table.Z.sum(axis=0)
    primary, foreign = table.primary_inputs, table.foreign_inputs
    final = table.Y.sum(axis=1) + (0.0 if table.error is None else table.error)
    inputs = foreign + primary
    yield "value added", _quotient(x - columns - foreign, primary)
    yield "imports", _quotient(x - columns - primary, foreign)
    yield "final use", _quotient(columns + inputs - table.Z.sum(axis=1), final)
    for what, flows, rest, sums in (("row", table.Z, inputs, x), ("column", table.Z.T, final, columns + inputs)):
        scales = _balancing_scales(flows, sums, rest)
        if scales is not None:
            yield what, scales


def _quotient(needed, given):
    """Scale of what is given, nan where nothing is."""
    size = max(float(np.abs(given).max(initial=0.0)), 1e-300)
    some = np.abs(given) > 1e-9 * size
    return np.divide(needed, given, out=np.full(given.shape, np.nan), where=some)


def _balancing_scales(flows, sums, rest):
    """Scales s (n,) with sum_i s_i flows_ij + rest_j = s_j sums_j: what each row would have to be multiplied by."""
    system = np.diag(sums) - flows.T
    idle = ~system.any(axis=1)
    system[idle, idle] = 1.0
    try:
        return np.linalg.solve(system, np.where(idle, 1.0, rest))
    except np.linalg.LinAlgError:
        return None
