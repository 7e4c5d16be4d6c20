"""Which policies cannot hold together, and how far each would have to give (E10)."""

from __future__ import annotations

import numpy as np

from io_tables.errors import Infeasible
from model.programme import INFINITY, Engine, Programme, Solution
from model.technology.assembly import Assembly

SHOWN_ROWS = 6          # table rows named when no policy is to blame
TOLERANCE = 1e-6        # a relaxation below this is none, relative to the limit


class Clash(Infeasible):
    """An infeasible problem; `relaxations`: least relaxation of each clashing policy on its own, in
    the policy's unit (inf: the others clash without it)."""

    def __init__(self, message: str, clashing=(), relaxations=None):
        super().__init__(message, clashing)
        self.relaxations = dict(relaxations or {})


def explain(assembly: Assembly, engine: Engine | None = None, row_lower=None, row_upper=None, where: str = "") -> Clash:
    """A minimal set of clashing policies (deletion filter; Chinneck and Dravnieks 1991) as an error.

    For each of them: the least relaxation with which the rest of the set can hold. If the tables
    clash without any policy, names the rows an elastic programme has to break.
    """
    c = assembly.compiled
    engine = engine or Engine(c)
    lower = c.row_lower if row_lower is None else row_lower
    upper = c.row_upper if row_upper is None else row_upper
    rows = {label: group["row"].to_numpy(dtype=np.int32) for label, group in assembly.policies.groupby(
        "label", sort=False)} if len(assembly.policies) else {}
    rows = {label: r[(np.isfinite(lower[r]) | np.isfinite(upper[r]))] for label, r in rows.items()}
    rows = {label: r for label, r in rows.items() if len(r)}
    engine.set_costs(np.arange(len(c.cost)), 0.0)

    def feasible(active, solve=engine.resolve) -> bool:
        for label, r in rows.items():
            on = label in active
            engine.set_row_bounds(r, lower[r] if on else -INFINITY, upper[r] if on else INFINITY)
        return solve().status != "infeasible"

    if not rows or not feasible((), engine.solve):
        return _structural(assembly, lower, upper, rows, where)
    clash = _candidates(assembly, lower, upper, rows)
    if feasible(clash):
        clash = list(rows)
    for label in list(clash):
        rest = [other for other in clash if other != label]
        if not feasible(rest):
            clash = rest
    relaxations = {label: _relaxation(assembly, lower, upper, rows, clash, label) for label in clash}
    lines = [f"'{label}'" + (f" (would hold if relaxed by {amount:.6g})" if np.isfinite(amount) else "")
             for label, amount in relaxations.items()]
    alone = "cannot be met" if len(clash) == 1 else "cannot hold together"
    return Clash(f"these policies {alone}{where}: " + ", ".join(lines), clash, relaxations)


def _elastic(assembly: Assembly, lower, upper, soft, keep_out=()) -> tuple[Solution, np.ndarray]:
    """Least total relative breach of the rows in `soft`; rows in `keep_out` do not count at all.

    Returns the solution and the breach of every soft row, in its own unit.
    """
    c = assembly.compiled
    lower, upper = lower.copy(), upper.copy()
    keep_out = np.asarray(list(keep_out), dtype=int)
    lower[keep_out], upper[keep_out] = -INFINITY, INFINITY
    programme = Programme()
    z = programme.add_columns("z", len(c.cost), lower=c.lower, upper=c.upper)
    row = programme.add_rows("row", len(lower), lower=lower, upper=upper)
    entries = c.matrix.tocoo()
    programme.add(row[entries.row], z[entries.col], entries.data)
    side = np.where(np.isfinite(lower[soft]), lower[soft], upper[soft])
    scale = np.maximum(np.abs(np.where(np.isfinite(side), side, 1.0)), 1.0)
    up = programme.add_columns("more", len(soft), cost=1.0 / scale, upper=np.where(np.isfinite(lower[soft]), np.inf, 0))
    down = programme.add_columns("less", len(soft), cost=1.0 / scale,
                                 upper=np.where(np.isfinite(upper[soft]), np.inf, 0))
    programme.add(row[soft], up, 1.0)
    programme.add(row[soft], down, -1.0)
    solution = Engine(programme.compiled()).solve("ipm")
    if not solution.optimal:
        return solution, np.zeros(len(soft))
    return solution, solution.value("more") + solution.value("less")


def _candidates(assembly, lower, upper, rows) -> list[str]:
    """Elastic filter: policies broken in turn until none needs to be; they contain a clash."""
    left, found = dict(rows), []
    while left:
        soft = np.concatenate(list(left.values()))
        solution, breach = _elastic(assembly, lower, upper, soft)
        if not solution.optimal:
            break
        side = np.where(np.isfinite(lower[soft]), lower[soft], upper[soft])
        broken = set(soft[breach > TOLERANCE * np.maximum(np.abs(side), 1.0)].tolist())
        if not broken:
            break
        now = [label for label, r in left.items() if broken & set(r.tolist())]
        found += now
        left = {label: r for label, r in left.items() if label not in now}
    return found


def _relaxation(assembly, lower, upper, rows, clash, label) -> float:
    """Least breach of one policy with the others of the clash, and no other policy, in force."""
    off = [r for other, group in rows.items() if other not in clash for r in group]
    solution, breach = _elastic(assembly, lower, upper, rows[label], off)
    return float(breach.sum()) if solution.optimal else np.inf


def _structural(assembly: Assembly, lower, upper, rows, where: str) -> Clash:
    """Name the rows of the tables that have to be broken when no policy is in force."""
    c, d = assembly.compiled, assembly.draft
    policy = np.concatenate(list(rows.values())) if rows else np.zeros(0, dtype=int)
    blocks = [name for name in c.rows if not name.startswith("policy") and name not in ("store", "emission", "volume")]
    soft = np.concatenate([c.rows[name].index.ravel() for name in blocks])
    soft = soft[np.isfinite(lower[soft]) | np.isfinite(upper[soft])]
    _, breach = _elastic(assembly, lower, upper, soft, policy)
    worst = np.argsort(-breach, kind="stable")[:SHOWN_ROWS]
    broken = [(soft[i], breach[i]) for i in worst if breach[i] > TOLERANCE]
    names = [f"{row_name(d, c, row)} (by {amount:.6g})" for row, amount in broken]
    return Clash(f"the tables cannot be met even without policies{where}: " + ", ".join(names),
                 [row_name(d, c, row) for row, _ in broken])


def row_name(d, c, row: int) -> str:
    """A row of the programme in words."""
    name = next(n for n, block in c.rows.items() if block.start <= row < block.start + block.size)
    place = np.unravel_index(row - c.rows[name].start, c.rows[name].shape)
    traded = ("region", "commodity")
    pairs = {"balance": (d.fine_pair, traded), "annual_balance": (d.year_pair, traded),
             "standing": (d.pair[d.standing_place >= 0], ("region", "technology"))}
    words = []
    if name in pairs:
        table, keys = pairs[name]
        words = [d.sets[k][code] for k, code in zip(keys, table[place[0]], strict=True)]
        words += [str(d.sets["year"][place[1]])] + [d.sets["slice"][s] for s in place[2:]]
    else:
        codes = {**d.growth_names, **d.limit_names}.get(name) or (d.reserve_names if name == "reserve" else {})
        words = [str(d.sets[k][v[place[0]]]) for k, v in codes.items()]
    return " ".join([name.replace("_", " "), *map(str, words)])
