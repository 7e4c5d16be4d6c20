"""Outputs that are given or limited: the mixed model, capacity limits, and supply shocks.

With L = (I - A)^-1 and x0 = Ly, fixing x_K takes final demand d_K = L_KK^-1 (x0_K - x_K) away from the sectors
of K, and x = L (y - d) (Miller and Blair 2009, section 13.2, in terms of the kept factor).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from io_tables.arrays import numbers
from io_tables.errors import InputError, NotConverged, Problem
from model.input_output.leontief import Ghosh, Leontief

#: A limit counts as binding when output without it would exceed it by this share.
BINDING = 1e-12


@dataclass(frozen=True)
class Mixed:
    """Output and final demand that fit together, in the unit of y."""

    output: np.ndarray  #: (n,)
    final_demand: np.ndarray  #: (n,) as given, except in `constrained` sectors
    constrained: np.ndarray  #: (k,) positions whose output was set
    lost: np.ndarray  #: (n,) final demand given minus delivered; negative where more is left over

    @property
    def short(self) -> np.ndarray:
        """Positions with negative final demand: even without any, other sectors need more than is made."""
        return np.flatnonzero(self.final_demand < -1e-9 * max(float(np.abs(self.output).max(initial=0.0)), 1e-300))


def mixed_model(A, y, constrained, output) -> Mixed:
    """Final demand y (n,) given for all sectors, except `constrained` (k,) ones, whose gross output (k,) is given.

    A (n, n), or a :class:`Leontief` system whose factor is used. The entries of y at constrained sectors are what is
    wanted there; what can be delivered comes back. Raises InputError for bad positions, shapes or negative output.
    """
    system, y = _system(A, y)
    K, wanted = np.asarray(constrained, dtype=int), numbers("output", output)
    problems = []
    if K.ndim != 1 or np.unique(K).size != K.size or (K.size and (K.min() < 0 or K.max() >= system.n)):
        problems.append(Problem("constrained", f"{K.tolist()}", f"expected different positions in 0..{system.n - 1}"))
    if wanted.shape != K.shape or not (np.isfinite(wanted) & (wanted >= 0)).all():
        problems.append(Problem("output", f"{wanted}", f"expected {K.size} non-negative numbers"))
    if problems:
        raise InputError(problems)
    x, lost = _fix(system, system.output(y), K, wanted)
    return Mixed(x, y - lost, K, lost)


def capacity_limited(A, y, capacity, *, max_iterations: int = 200) -> Mixed:
    """The largest output with x <= capacity and deliveries to final use <= y: x = min(capacity, A x + y).

    Producers are served before final users (the mixed model's rule), so a limit cuts the final deliveries of the
    limited sector and, through its smaller purchases, the output of its suppliers. capacity (n,), infinite where
    there is no limit. For a non-negative, productive A the solution is unique and policy iteration finds it in a few
    rounds; :attr:`Mixed.short` names sectors that cannot even serve producers.
    Raises InputError for negative capacities, a signed A or y, NotConverged after `max_iterations`.
    """
    system, y = _system(A, y)
    capacity = numbers("capacity", capacity)
    if capacity.shape != (system.n,) or np.isnan(capacity).any() or (capacity < 0).any():
        raise InputError(Problem("capacity", f"shape {capacity.shape}", f"expected ({system.n},) non-negative numbers"))
    if (y < 0).any() or system.A.min() < 0:
        raise InputError("capacity limits need a table and final demand without negative numbers")
    free = system.output(y)
    K = np.flatnonzero(free > capacity * (1 + BINDING))
    for _ in range(max_iterations):
        x, lost = _fix(system, free, K, capacity[K])
        need = system.apply(x) + y
        binding = np.flatnonzero(need > capacity * (1 + BINDING))
        if np.array_equal(binding, K):
            return Mixed(x, y - lost, K, lost)
        K = binding
    raise NotConverged("output under capacity limits", float(np.abs(x - np.minimum(need, capacity)).max()), 0.0,
                       max_iterations)


def supply_shock(Z, x, primary_change) -> np.ndarray:
    """Change of output (n,) that a change of primary inputs (n,) accounts for downstream, v' (I - B)^-1 (Ghosh).

    An attribution along sales at fixed allocation shares, not a forecast: Ghosh quantities let buyers produce more
    of everything from more of one input (Oosterhaven 1988). For physical bottlenecks use `capacity_limited`.
    """
    return Ghosh.from_flows(Z, x).output(primary_change)


def _fix(system, free, K, wanted):
    """Output and lost final demand when sectors K make `wanted` instead of what `free` output says."""
    if not K.size:
        return free, np.zeros(system.n)
    unit = np.zeros((system.n, K.size))
    unit[K, np.arange(K.size)] = 1.0
    columns = system.output(unit)
    lost = np.zeros(system.n)
    lost[K] = np.linalg.solve(columns[K], free[K] - wanted)
    x = free - columns @ lost[K]
    x[K] = wanted
    return x, lost


def _system(A, y):
    system, y = A if isinstance(A, Leontief) else Leontief(A), numbers("y", y)
    if y.shape != (system.n,) or not np.isfinite(y).all():
        raise InputError(f"y has shape {y.shape}; expected finite ({system.n},)")
    return system, y
