"""Joining a programme to its dense requirements without the dense matrix (E11), with a bound (E13).

    minimise c'z  s.t.  (B - M) z >= f      [prices lambda >= 0; rows that only count are equal, of either sign]
                        G z <= g            [rents  mu >= 0]
                        k_lower <= K z <= k_upper,   lower <= z <= upper

M (everything a technology needs through the whole economy) and G (everything it emits through it)
are dense; K (capacity, growth, ...) is sparse and enters whole. M = M1 + dM and G = G1 + dG: the
large entries M1, G1 stay in the programme, the rest is deferred, in each pass, to costs and
right-hand sides:

    minimise (c + dM'lambda + dG'mu)'z + penalty'(s + t)
    s.t.  (B - M1) z + s >= f + dM z_k,   G1 z - t <= g - dG z_k,   K and bounds as above

A fixed point satisfies the optimality conditions of the complete programme. Leaving out the cost
half (`correction="primal"`, kept for that demonstration) converges as neatly to another point.
Only costs and right-hand sides change between passes, so all but the first are re-solved from the
last basis. When three passes in a row do not cut the gap threefold the iteration cycles; the
entries that moved the right-hand sides most then move into M1, G1.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from io_tables.errors import InputError, ModelError
from model.programme import INFINITY, Compiled, Engine, Programme
from model.requirements import Split
from model.variable_bounds import implied_bounds

FIRST_PENALTY = 1e3     # of the first pass: this many times the dearest cost per unit of the row
PENALTY_FACTOR = 10.0   # afterwards: this many times the row's price, at least the mean price
PENALTY_STEPS = 3       # how often it may rise tenfold when passes stall with rows still bought off
STALLED = 3             # passes without the fall below before entries move into the programme
FALL = 3.0
UNBOUNDED_FACTOR = 1.5  # E13: upper bound of a column without any, times the largest value found
TIE_BREAK = 1e-9        # relative cost perturbation that makes the vertex unique


@dataclass(frozen=True)
class Complete:
    """A complete programme with m product rows, p dense inequality rows and n columns.

    cost (n,); B (m, n) sparse; M (m, n) array, sparse matrix or `Operator`; f (m,); G (p, n) like M
    or None; g (p,); K (k, n) sparse or None with sides k_lower, k_upper (k,); lower, upper (n,),
    upper may be inf. equal (m,): product rows that hold with equality (what counts emissions must
    not count more than there is). row_weight (m,), rent_weight (p,), column_weight (n,): an entry counts as large
    if |entry| x row weight / column weight exceeds the threshold (use values to compare money with
    money; default 1).
    """

    cost: np.ndarray
    B: sparse.sparray | sparse.spmatrix
    M: object
    f: np.ndarray
    G: object = None
    g: np.ndarray | None = None
    K: object = None
    k_lower: np.ndarray | None = None
    k_upper: np.ndarray | None = None
    lower: np.ndarray | float = 0.0
    upper: np.ndarray | float = INFINITY
    row_weight: np.ndarray | float = 1.0
    rent_weight: np.ndarray | float = 1.0
    column_weight: np.ndarray | float = 1.0
    equal: np.ndarray | bool = False

    def __post_init__(self):
        n, m = len(self.cost), len(self.f)

        def put(name, value):
            object.__setattr__(self, name, value)

        for name, size in (("lower", n), ("upper", n), ("column_weight", n), ("row_weight", m)):
            put(name, np.broadcast_to(np.asarray(getattr(self, name), dtype=float), (size,)))
        put("equal", np.broadcast_to(np.asarray(self.equal, dtype=bool), (m,)))
        put("B", sparse.csr_matrix(self.B))
        for matrix, sides in (("G", ("g",)), ("K", ("k_lower", "k_upper"))):
            if getattr(self, matrix) is None:
                put(matrix, sparse.csr_matrix((0, n)))
                for side in sides:
                    put(side, np.zeros(0))
        put("K", sparse.csr_matrix(self.K))
        put("rent_weight", np.broadcast_to(np.asarray(self.rent_weight, dtype=float), np.shape(self.g)))
        k = self.K.shape[0]
        put("k_lower", np.full(k, -INFINITY) if self.k_lower is None else self.k_lower)
        put("k_upper", np.full(k, INFINITY) if self.k_upper is None else self.k_upper)
        shapes = {"B": (m, n), "M": (m, n), "G": (len(self.g), n), "K": (len(self.k_lower), n)}
        wrong = [f"{name} has shape {getattr(self, name).shape}, expected {shape}"
                 for name, shape in shapes.items() if tuple(getattr(self, name).shape) != shape]
        if wrong:
            raise InputError([f"complete programme: {w}" for w in wrong])

    def upper_side(self, side: np.ndarray) -> np.ndarray:
        """(m,) upper sides of the product rows that go with lower ones."""
        return np.where(self.equal, side, INFINITY)

    def signed(self, duals: np.ndarray) -> np.ndarray:
        """(m,) duals of the product rows as prices: of either sign where a row is an equality."""
        return np.where(self.equal, duals, np.maximum(duals, 0.0))

    def missed(self, gross: np.ndarray, needed: np.ndarray) -> np.ndarray:
        """(m,) by how much product rows are missed: shortfalls, and excess where a row is an equality."""
        short = self.f - gross + needed
        return np.where(self.equal, np.abs(short), np.maximum(short, 0.0))


@dataclass(frozen=True)
class Bounds:
    """How close a point is to the optimum of the complete programme (E13)."""

    objective: float    # c'z
    lower_bound: float  # no feasible point costs less
    gap: float          # (c'z + lambda's + mu't - lower bound) / |c'z|
    violation: float    # worst shortfall or excess / (what the row carries)


@dataclass(frozen=True)
class Pass:
    """One pass of the correction."""

    bounds: Bounds
    seconds: float     # CPU of the solver
    iterations: int
    widened: int       # entries moved into the programme before this pass


@dataclass(frozen=True)
class Joined:
    """The point reached, its multipliers and how it was reached."""

    z: np.ndarray            # (n,)
    prices: np.ndarray       # (m,) lambda >= 0
    rents: np.ndarray        # (p,) mu >= 0
    multipliers: np.ndarray  # (k,) of the rows K, d objective / d right-hand side
    bounds: Bounds
    converged: bool
    passes: tuple[Pass, ...]
    kept: int                # entries of M and G inside the programme at the end
    seconds: float           # CPU, everything


def solve_deferred(complete: Complete, *, threshold: float = 3e-2, start=None, tolerance: float = 1e-6,
                   max_passes: int = 30, correction: str = "both", widen: int = 400, stalled: int = STALLED,
                   tie_break: float = TIE_BREAK, method: str = "ipm", threads: int = 1,
                   solver_tolerance: float = 1e-7, resolve_limit: float = INFINITY) -> Joined:
    """Solve the complete programme by deferred correction (E11).

    threshold: entries above it stay in the programme. start: (z, prices, rents) or None for zeros.
    Stops when gap and violation (E13) are <= tolerance; `converged` says whether that happened.
    widen: entries that move into the programme when `stalled` passes did not cut the gap threefold,
    twice as many each time (0: never). tie_break: relative perturbation of the costs the solver
    sees; objective and bound are taken at the true costs, so it is also the floor of the gap (times
    sum |c u| / |c'z|).
    resolve_limit: wall seconds of a warm re-solve before `method` starts afresh.
    Raises ModelError if a pass has no optimum (K and the bounds contradict each other, or the cost
    falls without end).
    """
    if correction not in ("both", "primal"):
        raise InputError(f"deferred correction: unknown correction '{correction}'; allowed: both, primal")
    began = time.process_time()
    m, n, p = len(complete.f), len(complete.cost), len(complete.g)
    M = Split(complete.M, threshold, complete.row_weight, complete.column_weight)
    G = Split(complete.G, threshold, complete.rent_weight, complete.column_weight)
    z, prices, rents = start if start is not None else (np.zeros(n), np.zeros(m), np.zeros(p))
    compiled, penalty = _elastic_programme(complete, M, G)
    engine = Engine(compiled, threads=threads, tolerance=solver_tolerance)
    cost_of_ties = complete.cost * (1.0 + tie_break * np.random.default_rng(0).random(n))
    upper = implied_bounds(complete.K, complete.k_lower, complete.k_upper, complete.lower, complete.upper)
    passes: list[Pass] = []
    best, waited, widened, raised = np.inf, 0, 0, 0
    converged = False
    while len(passes) < max_passes:
        cost = cost_of_ties
        if correction == "both":
            cost = cost + M.rest_adjoint(prices) + G.rest_adjoint(rents)
        engine.set_costs(np.arange(n), cost)
        side = complete.f + M.rest_product(z)
        engine.set_row_bounds(np.arange(m), side, complete.upper_side(side))
        engine.set_row_bounds(np.arange(m, m + p), -INFINITY, complete.g - G.rest_product(z))
        solution = engine.solve(method) if not passes else engine.resolve(time_limit=resolve_limit, fallback=method)
        if not solution.optimal:
            raise ModelError(f"deferred correction, pass {len(passes) + 1}: the programme is {solution.status}")
        before, z = z, solution.value("z")
        prices = complete.signed(solution.dual("product"))
        rents = np.maximum(-solution.dual("inequality"), 0.0)
        bounds = _certify(complete, M, G, z, prices, rents, solution.dual("kept"), upper)
        passes.append(Pass(bounds, solution.seconds, solution.iterations, widened))
        widened = 0
        if len(passes) == 1:
            penalty = _penalties(penalty, prices, rents)
            _set_penalties(engine, n, m, penalty)
        converged = abs(bounds.gap) <= tolerance and bounds.violation <= tolerance
        if converged:
            break
        score = max(abs(bounds.gap), bounds.violation)
        best, waited = (score, 0) if score <= best / FALL else (best, waited + 1)
        if waited < stalled:
            continue
        best, waited = score, 0
        bought = _bought_off(complete, solution, M, z)
        if bought > tolerance and raised < PENALTY_STEPS:
            raised += 1
            _set_penalties(engine, n, m, penalty * 10.0**raised)
        elif widen:
            widened = _widen(engine, complete, M, G, z, z - before, widen)
            widen *= 2
    return Joined(z, prices, rents, solution.dual("kept"), bounds, converged, tuple(passes),
                  M.kept.nnz + G.kept.nnz, time.process_time() - began)


def _elastic_programme(complete: Complete, M: Split, G: Split) -> tuple[Compiled, np.ndarray]:
    """The programme of one pass with s, t; also the first penalties (m + p,)."""
    m, n, p = len(complete.f), len(complete.cost), len(complete.g)
    programme = Programme()
    z = programme.add_columns("z", n, cost=complete.cost, lower=complete.lower, upper=complete.upper)
    product = programme.add_rows("product", m, lower=complete.f, upper=complete.upper_side(complete.f))
    inequality = programme.add_rows("inequality", p, upper=complete.g)
    kept = programme.add_rows("kept", len(complete.k_lower), lower=complete.k_lower, upper=complete.k_upper)
    dearest = np.abs(complete.cost).max(initial=1e-12)
    penalty = np.concatenate([FIRST_PENALTY * dearest / _row_size(part)
                              for part in (sparse.csr_matrix(complete.B - M.kept), G.kept)])
    shortfall = programme.add_columns("shortfall", m, cost=penalty[:m])
    excess = programme.add_columns("excess", p, cost=penalty[m:])
    surplus = programme.add_columns("surplus", m, cost=penalty[:m], upper=np.where(complete.equal, INFINITY, 0.0))
    for rows, matrix, sign in ((product, complete.B, 1.0), (product, M.kept, -1.0),
                               (inequality, G.kept, 1.0), (kept, complete.K, 1.0)):
        entries = sparse.coo_matrix(matrix)
        programme.add(rows[entries.row], z[entries.col], sign * entries.data)
    programme.add(product, shortfall, 1.0)
    programme.add(inequality, excess, -1.0)
    programme.add(product, surplus, -1.0)
    return programme.compiled(), penalty


def _set_penalties(engine: Engine, n: int, m: int, penalty: np.ndarray) -> None:
    """On shortfalls (m) and excesses (p), which follow the columns (n), and on surpluses (m) behind them."""
    engine.set_costs(np.arange(n, n + len(penalty) + m), np.concatenate([penalty, penalty[:m]]))


def _penalties(first: np.ndarray, prices, rents) -> np.ndarray:
    """Penalties above any plausible dual, and not so high that a row bought off for a pass sends its
    penalty, as a price, through the corrections: from the duals of the first pass."""
    found = []
    for ceiling, dual in zip(np.split(first, [len(prices)]), (prices, rents), strict=True):
        paid = dual[(dual > 0.0) & (dual < 0.5 * ceiling)]
        found.append(np.minimum(ceiling, PENALTY_FACTOR * np.maximum(dual, paid.mean())) if paid.size else ceiling)
    return np.concatenate(found)


def _row_size(matrix) -> np.ndarray:
    size = np.asarray(abs(matrix).max(axis=1).todense(), dtype=float).ravel() if matrix.shape[0] else np.zeros(0)
    return np.where(size > 0.0, size, 1.0)


def certify(complete: Complete, z, prices, rents, multipliers, upper: np.ndarray | None = None) -> Bounds:
    """Bound the distance of a point to the optimum of the complete programme (E13).

    Any prices >= 0 (of either sign where rows are equal), rents >= 0 and multipliers give a valid lower bound
    LB = lambda'f - mu'g + sides of K + sum_j min over the column's range of r_j z_j,
    r = c - (B - M)'lambda + G'mu - K'y, with the full M and G. Where a column has no upper bound,
    the one its rows imply is taken (`upper` (n,) where the caller has them, as `implied_bounds` finds them); where
    they imply none, 1.5 times the largest value at z.
    """
    every = Split(complete.M, np.inf, complete.row_weight, complete.column_weight)
    rest = Split(complete.G, np.inf, complete.rent_weight, complete.column_weight)
    if upper is None:
        upper = implied_bounds(complete.K, complete.k_lower, complete.k_upper, complete.lower, complete.upper)
    return _certify(complete, every, rest, z, prices, rents, multipliers, upper)


def _certify(complete, M: Split, G: Split, z, prices, rents, multipliers, upper) -> Bounds:
    gross, needed, emitted = complete.B @ z, M.product(z), G.product(z)
    short = complete.missed(gross, needed)
    over = np.maximum(emitted - complete.g, 0.0)
    objective = float(complete.cost @ z)
    reduced = complete.cost - complete.B.T @ prices + M.adjoint(prices) + G.adjoint(rents)
    y = np.where(np.isfinite(np.where(multipliers > 0, complete.k_lower, complete.k_upper)), multipliers, 0.0)
    reduced = reduced - complete.K.T @ y
    side = np.where(y > 0, complete.k_lower, complete.k_upper)
    upper = np.where(np.isfinite(upper), upper, UNBOUNDED_FACTOR * z.max(initial=0.0))
    lower_bound = float(prices @ complete.f - rents @ complete.g + y[y != 0] @ side[y != 0]
                        + np.where(reduced < 0, reduced * upper, reduced * complete.lower).sum())
    gap = (objective + np.abs(prices) @ short + rents @ over - lower_bound) / max(abs(objective), 1e-300)
    scale = [_scale(complete.f, gross, needed), _scale(complete.g, emitted)]
    worst = max((float((a / s).max(initial=0.0)) for a, s in zip((short, over), scale, strict=True)), default=0.0)
    return Bounds(objective, lower_bound, float(gap), worst)


def _scale(*carried: np.ndarray) -> np.ndarray:
    """What a row carries, for relative residuals; rows that carry nothing count with the table's largest."""
    largest = np.max(np.abs(np.stack(carried)), axis=0)
    return np.where(largest > 1e-9 * largest.max(initial=0.0), largest, max(largest.max(initial=0.0), 1e-300))


def _bought_off(complete: Complete, solution, M: Split, z) -> float:
    """Worst relative shortfall or excess paid for with the penalty in this pass."""
    short = (solution.value("shortfall") + solution.value("surplus")) / _scale(complete.f, complete.B @ z, M.product(z))
    return float(max(short.max(initial=0.0), (solution.value("excess") / _scale(complete.g)).max(initial=0.0)))


def _widen(engine: Engine, complete: Complete, M: Split, G: Split, z, change, count: int) -> int:
    """Move the deferred entries that moved the right-hand sides most into the programme."""
    m = len(complete.f)
    found = [M.loudest(change, _scale(complete.f, complete.B @ z), count), G.loudest(change, _scale(complete.g), count)]
    loudness = np.concatenate([f[3] for f in found])
    if loudness.size == 0:
        return 0
    quietest = np.sort(loudness)[::-1][min(count, loudness.size) - 1]
    moved = 0
    for split, (rows, columns, values, loud), first, whole, sign in (
            (M, found[0], 0, complete.B, -1.0), (G, found[1], m, None, 1.0)):
        take = loud >= quietest
        rows, columns, values = rows[take], columns[take], values[take]
        split.move(rows, columns, values)
        if rows.size:
            now = sign * np.asarray(split.kept[rows, columns]).ravel()
            if whole is not None:
                now = now + np.asarray(whole[rows, columns]).ravel()
            engine.change_coefficients(first + rows, columns, now)
        moved += int(take.sum())
    return moved
