"""A linear programme as arrays: named blocks of columns and rows in, named values and duals out (E10).

    minimise c'z   subject to   row_lower <= A z <= row_upper,   lower <= z <= upper

The matrix is collected as coordinate arrays and handed to HiGHS in one call. The first solve is an
interior point with crossover; every later one runs the simplex from the last basis on the same
object, after costs, bounds or single coefficients were changed.

Sign of the duals: `row_duals[i]` is d objective / d right-hand side of row i, hence >= 0 for a
binding lower side and <= 0 for a binding upper side (the multiplier mu >= 0 of a row G z <= g is
minus its dual). Reduced costs are r = c - A'y.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import highspy
import numpy as np
from scipy import sparse

from io_tables.errors import InputError, ModelError

INFINITY = highspy.kHighsInf
METHODS = ("ipm", "ipx", "simplex", "hipo", "pdlp", "choose")
_STATUS = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "unbounded or infeasible",
    highspy.HighsModelStatus.kTimeLimit: "time limit",
    highspy.HighsModelStatus.kIterationLimit: "iteration limit",
    highspy.HighsModelStatus.kModelEmpty: "optimal",
}


@dataclass(frozen=True)
class Block:
    """A named run of columns or rows: positions start ... start + prod(shape) - 1, C order."""

    start: int
    shape: tuple[int, ...]

    @property
    def index(self) -> np.ndarray:
        """Positions as an int32 array of the block's shape."""
        return np.arange(self.start, self.start + self.size, dtype=np.int32).reshape(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def take(self, values: np.ndarray) -> np.ndarray:
        """The block's part of a full-length vector, in the block's shape."""
        return values[self.start : self.start + self.size].reshape(self.shape)


@dataclass
class Programme:
    """Collects columns, rows and coefficients; `compiled()` gives the arrays, `Engine` solves them."""

    columns: dict[str, Block] = field(default_factory=dict)
    rows: dict[str, Block] = field(default_factory=dict)
    _column_parts: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    _row_parts: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    _entries: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    _size: list[int] = field(default_factory=lambda: [0, 0])

    def add_columns(self, name: str, shape, cost=0.0, lower=0.0, upper=INFINITY) -> np.ndarray:
        """Add a block of variables; `cost`, `lower`, `upper` broadcast to `shape`. Returns positions."""
        return self._add(self.columns, self._column_parts, 0, name, shape, (cost, lower, upper))

    def add_rows(self, name: str, shape, lower=-INFINITY, upper=INFINITY) -> np.ndarray:
        """Add a block of constraints lower <= A z <= upper. Returns positions of the given shape."""
        return self._add(self.rows, self._row_parts, 1, name, shape, (lower, upper))

    def _add(self, blocks, parts, axis, name, shape, values):
        if name in blocks:
            raise InputError(f"programme: block '{name}' is already there")
        shape = tuple(int(n) for n in shape) if np.ndim(shape) else (int(shape),)
        block = blocks[name] = Block(self._size[axis], shape)
        parts.append(tuple(_spread(np.asarray(v, dtype=float), shape) for v in values))
        self._size[axis] += block.size
        return block.index

    def add(self, rows, columns, values) -> None:
        """Add coefficients; the three arrays broadcast together, equal positions add up."""
        arrays = np.asarray(rows), np.asarray(columns), np.asarray(values, dtype=float)
        shape = np.broadcast(*arrays).shape
        if math.prod(shape):
            self._entries.append(tuple(_spread(array, shape) for array in arrays))

    def tighten(self, name: str, lower, upper) -> None:
        """Narrow the bounds of a column block to those given (broadcast to its shape)."""
        block, place = self.columns[name], list(self.columns).index(name)
        cost, low, high = self._column_parts[place]
        lower, upper = (np.broadcast_to(np.asarray(v, dtype=float), block.shape).ravel() for v in (lower, upper))
        self._column_parts[place] = (cost, np.maximum(low, lower), np.minimum(high, upper))

    def upper_bounds(self) -> np.ndarray:
        """Upper bounds of all columns as they are now."""
        return _joined(self._column_parts, 3)[2]

    def compiled(self) -> Compiled:
        """The arrays of the whole programme. Raises InputError for a coefficient that is not finite."""
        n, m = self._size
        if self._entries:
            i, j, a = (np.concatenate(part) for part in zip(*self._entries, strict=True))
            keep = a != 0.0
            matrix = sparse.csc_matrix((a[keep], (i[keep], j[keep])), shape=(m, n))
        else:
            matrix = sparse.csc_matrix((m, n))
        cost, lower, upper = _joined(self._column_parts, 3)
        row_lower, row_upper = _joined(self._row_parts, 2)
        if not (np.isfinite(matrix.data).all() and np.isfinite(cost).all()):
            raise InputError("programme: a coefficient or cost is not a finite number")
        return Compiled(cost, lower, upper, row_lower, row_upper, matrix, dict(self.columns), dict(self.rows))


def _spread(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """An array broadcast to a shape and laid out flat (programmes are written in thousands of small blocks)."""
    if array.shape == shape:
        return array.ravel()
    return np.full(math.prod(shape), array) if array.ndim == 0 else np.broadcast_to(array, shape).ravel()


def _joined(parts, count):
    return tuple(np.concatenate(p) for p in zip(*parts, strict=True)) if parts else (np.zeros(0),) * count


@dataclass(frozen=True)
class Compiled:
    """The arrays of a programme: n columns, m rows, A as compressed columns (m, n)."""

    cost: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    matrix: sparse.csc_matrix
    columns: dict[str, Block]
    rows: dict[str, Block]


@dataclass(frozen=True)
class Solution:
    """What a solve returned; arrays are empty unless a point was found."""

    status: str                # optimal, infeasible, unbounded, time limit, ...
    objective: float
    z: np.ndarray              # (n,)
    reduced_costs: np.ndarray  # (n,)
    row_values: np.ndarray     # (m,)
    row_duals: np.ndarray      # (m,) d objective / d right-hand side
    seconds: float             # CPU
    iterations: int            # simplex + interior point + crossover
    columns: dict[str, Block] = field(repr=False)
    rows: dict[str, Block] = field(repr=False)

    @property
    def optimal(self) -> bool:
        return self.status == "optimal"

    def value(self, block: str) -> np.ndarray:
        """Values of a column block, in its shape."""
        return self.columns[block].take(self.z)

    def dual(self, block: str) -> np.ndarray:
        """Duals of a row block, in its shape."""
        return self.rows[block].take(self.row_duals)

    def reduced_cost(self, block: str) -> np.ndarray:
        """Reduced costs of a column block, in its shape."""
        return self.columns[block].take(self.reduced_costs)


class Engine:
    """One HiGHS object around a compiled programme: cold solve, changes, warm re-solves.

    Every option set is checked: a refused one raises ModelError. One thread unless said otherwise.
    """

    def __init__(self, compiled: Compiled, *, threads: int = 1, tolerance: float = 1e-7):
        self._compiled = compiled
        self._highs = highs = highspy.Highs()
        self.set_option("output_flag", False)
        self.set_option("threads", threads)
        self.set_option("primal_feasibility_tolerance", tolerance)
        self.set_option("dual_feasibility_tolerance", tolerance)
        a = compiled.matrix
        m, n = a.shape
        _check(highs.passModel(
            n, m, a.nnz, int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize), 0.0,
            compiled.cost, compiled.lower, compiled.upper, compiled.row_lower, compiled.row_upper,
            a.indptr.astype(np.int32), a.indices.astype(np.int32), a.data, np.zeros(n, dtype=np.int32),
        ), "the programme's arrays", warnings_pass=True)   # it warns of entries below 1e-9, which it leaves out

    def set_option(self, name: str, value) -> None:
        """Set a HiGHS option by name; ModelError if HiGHS does not take it."""
        _check(self._highs.setOptionValue(name, value), f"option {name} = {value!r}")

    def set_costs(self, columns: np.ndarray, costs: np.ndarray) -> None:
        """Replace the costs of some columns."""
        columns = np.asarray(columns, dtype=np.int32).ravel()
        costs = np.ascontiguousarray(np.broadcast_to(costs, columns.shape), dtype=float)
        _check(self._highs.changeColsCost(columns.size, columns, costs), "new costs")

    def set_column_bounds(self, columns: np.ndarray, lower, upper) -> None:
        """Replace the bounds of some columns."""
        self._bounds(self._highs.changeColsBounds, columns, lower, upper, "new column bounds")

    def set_row_bounds(self, rows: np.ndarray, lower, upper) -> None:
        """Replace both sides of some rows."""
        self._bounds(self._highs.changeRowsBounds, rows, lower, upper, "new row bounds")

    @staticmethod
    def _bounds(change, index, lower, upper, what):
        index = np.asarray(index, dtype=np.int32).ravel()
        lower, upper = (np.ascontiguousarray(np.broadcast_to(v, index.shape), dtype=float) for v in (lower, upper))
        _check(change(index.size, index, lower, upper), what, warnings_pass=True)

    def change_coefficients(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        """Replace single coefficients (meant for some hundreds: HiGHS takes them one by one)."""
        for i, j, a in zip(np.asarray(rows).tolist(), np.asarray(columns).tolist(),
                           np.asarray(values).tolist(), strict=True):
            _check(self._highs.changeCoeff(i, j, a), f"coefficient ({i}, {j})")

    def basis(self):
        """The basis of the last solve, to come back to with `start_from`."""
        return self._highs.getBasis()

    def start_from(self, basis) -> None:
        """Let the next re-solve start from an earlier basis of the same programme."""
        _check(self._highs.setBasis(basis), "an earlier basis")

    def solve(self, method: str = "ipm", *, time_limit: float = INFINITY) -> Solution:
        """Solve from scratch: `ipm`, `ipx` or `hipo` (with crossover), `simplex`, `pdlp`, `choose`.

        HiGHS takes `ipm` as HiPO where the package highspy-extras is installed, else as IPX.
        """
        if method not in METHODS:
            raise InputError(f"programme: unknown method '{method}'; allowed: {', '.join(METHODS)}")
        _check(self._highs.clearSolver(), "clearing the last basis")
        self.set_option("solver", method)
        self.set_option("run_crossover", "on")
        self.set_option("presolve", "choose")
        return self._run(time_limit)

    def resolve(self, *, time_limit: float = INFINITY, fallback: str = "ipm") -> Solution:
        """Simplex from the last basis. Past `time_limit` wall seconds: `fallback` from scratch."""
        self.set_option("solver", "simplex")
        solution = self._run(time_limit)
        return self.solve(fallback) if solution.status == "time limit" and fallback else solution

    def _run(self, time_limit: float) -> Solution:
        highs, started = self._highs, time.process_time()
        # the limit counts the wall time of all runs of the object together
        self.set_option("time_limit", highs.getRunTime() + time_limit)
        _check(highs.run(), "the run", warnings_pass=True)
        status, iterations = self._status(), self._iterations()
        if status not in ("optimal", "infeasible", "unbounded", "time limit"):
            # presolve cannot tell unbounded from infeasible; an interior point may end imprecise
            self.set_option("solver", "simplex")
            self.set_option("presolve", "off")
            _check(highs.run(), "the run", warnings_pass=True)
            self.set_option("presolve", "choose")
            status, iterations = self._status(), iterations + self._iterations()
        found, seconds = highs.getSolution(), time.process_time() - started
        vectors = ([np.array(v, dtype=float) for v in
                    (found.col_value, found.col_dual, found.row_value, found.row_dual)]
                   if status in ("optimal", "time limit", "iteration limit") else [np.zeros(0)] * 4)
        return Solution(status, float(highs.getInfo().objective_function_value), *vectors, seconds, iterations,
                        self._compiled.columns, self._compiled.rows)

    def _status(self) -> str:
        status = self._highs.getModelStatus()
        return _STATUS.get(status, self._highs.modelStatusToString(status).lower())

    def _iterations(self) -> int:
        info = self._highs.getInfo()
        return sum(max(0, c) for c in (info.simplex_iteration_count, info.ipm_iteration_count,
                                       info.crossover_iteration_count))


def _check(status, what: str, warnings_pass: bool = False) -> None:
    good = (highspy.HighsStatus.kOk, highspy.HighsStatus.kWarning) if warnings_pass else (highspy.HighsStatus.kOk,)
    if status not in good:
        raise ModelError(f"HiGHS refused {what}: {status}")


def minimise(programme: Programme, method: str = "ipm") -> Solution:
    """Compile and solve a programme once."""
    return Engine(programme.compiled()).solve(method)
