"""The nucleolus of a cost game: the division whose most discontented coalition is as content as possible.

    max eps   s.t.  y(S) + eps <= C(S) for all S not yet settled,  y(S) = settled,  y(N) = C(N)

solved level by level (Maschler, Peleg and Shapley 1979): coalitions with a positive dual are tight in every
optimum and are settled; those spanned by the settled ones can no longer change and leave (Reijnierse and
Potters 1998). Coalitions enter as rows only when they are violated.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from io_tables.errors import NotConverged
from model.carbon.cooperative import Value, _distinct, _sign, coalition_values
from model.programme import INFINITY, Programme, minimise

#: Up to this many players the most discontented coalition is found among all of them.
ENUMERATED_PLAYERS = 15
_ROWS_PER_PASS = 10
_STARTS = 40          # local searches per separation above that
_DUAL = 1e-9          # a coalition with a larger dual is tight in every optimum of its level
_RANK = 1e-9          # a coalition further than this from the span is independent


@dataclass(frozen=True)
class Nucleolus:
    """A division and how content the coalitions are with it."""

    division: np.ndarray      # (n,) in the order of the players
    levels: tuple[float, ...]  # excess C(S) - y(S) settled at each level, rising; the first is the least excess
    rows: int                 # coalitions that entered a programme
    exact: bool               # False when discontented coalitions were searched for, not enumerated


def nucleolus(players: Sequence[Hashable], value: Value, *, sense: str = "cost", tolerance: float = 1e-7, seed: int = 0,
              max_passes: int = 5000) -> Nucleolus:
    """Nucleolus by row generation. Exact to 15 players; above, discontent is sought by local search from
    random coalitions (minutes for 31: a batch job), and `exact` is False.

    sense : 'cost' or 'gain' (levels are then y(S) - v(S)). tolerance : relative to |value(all)|.
    Raises NotConverged after max_passes programmes.
    """
    players = _distinct(players)
    sign, n = _sign(sense), len(players)
    worth = _Enumerated(players, value, sign) if n <= ENUMERATED_PLAYERS else _Searched(players, value, sign, seed)
    everyone = np.ones(n, dtype=bool)
    whole = worth.of(everyone)
    slack = tolerance * max(1.0, abs(whole))
    rows: list[np.ndarray] = [row for row in np.eye(n, dtype=bool) if n > 1]
    settled, amounts, levels = [everyone], [whole], []
    passes, found = 0, []
    while len(settled) < n:
        basis = np.linalg.qr(np.array(settled, dtype=float).T)[0]
        open_rows = [row for row in rows if _independent(row[None, :], basis)[0]]
        while True:
            passes += 1
            if passes > max_passes:
                raise NotConverged("nucleolus: coalitions still enter", float(len(found)), 0.0, passes)
            y, eps, duals = _solve(n, settled, amounts, open_rows, [worth.of(row) for row in open_rows])
            found = worth.discontented(y, eps, slack, basis)
            if not found:
                break
            rows.extend(found)
            open_rows.extend(found)
        levels.append(eps)
        before = len(settled)
        for row in np.argsort(-duals):
            if duals[row] <= _DUAL:
                break
            member = open_rows[row]
            basis = np.linalg.qr(np.array(settled, dtype=float).T)[0]
            if _independent(member[None, :], basis)[0]:
                settled.append(member)
                amounts.append(worth.of(member) - eps)
        if len(settled) == before:
            raise NotConverged("nucleolus: no coalition was settled at a level", float(duals.max()), _DUAL, passes)
    division = np.linalg.lstsq(np.array(settled, dtype=float), np.array(amounts), rcond=None)[0]
    return Nucleolus(sign * division, tuple(levels), len(rows), worth.exact)


def _solve(n, settled, amounts, rows, costs):
    programme = Programme()
    y = programme.add_columns("y", n, lower=-INFINITY)
    eps = programme.add_columns("eps", 1, cost=-1.0, lower=-INFINITY)
    fixed = programme.add_rows("settled", len(settled), lower=amounts, upper=amounts)
    programme.add(fixed[:, None], y[None, :], np.array(settled, dtype=float))
    content = programme.add_rows("content", len(rows), upper=costs)
    programme.add(content[:, None], y[None, :], np.array(rows, dtype=float))
    programme.add(content, eps, 1.0)
    solution = minimise(programme, "simplex")
    return solution.value("y"), float(solution.value("eps")[0]), -solution.dual("content")


def _independent(members, basis):
    """Which rows of members (k, n) lie outside the span of the orthonormal basis (n, m)."""
    members = members.astype(float)
    rest = members - (members @ basis) @ basis.T
    return np.linalg.norm(rest, axis=1) > _RANK * np.sqrt(members.shape[1]) * 10


class _Enumerated:
    """All coalitions of the game, as costs."""

    exact = True

    def __init__(self, players, value, sign):
        n = len(players)
        self._worth = sign * coalition_values(players, value)
        self._bits = 1 << np.arange(n)
        self._members = (np.arange(1, (1 << n) - 1)[:, None] >> np.arange(n) & 1).astype(bool)

    def of(self, member):
        return float(self._worth[int(self._bits @ member)])

    def discontented(self, y, eps, slack, basis):
        """The most violated open coalitions."""
        below = eps - (self._worth[1:-1] - self._members @ y)
        order = np.argsort(-below)
        order = order[below[order] > slack]
        return list(self._members[order[_independent(self._members[order], basis)][:_ROWS_PER_PASS]])


class _Searched:
    """Coalitions asked for one by one and remembered."""

    exact = False

    def __init__(self, players, value, sign, seed):
        self._players, self._value, self._sign = players, value, sign
        self._rng = np.random.default_rng(seed)
        self._known: dict[bytes, float] = {}

    def of(self, member):
        key = member.tobytes()
        if key not in self._known:
            coalition = frozenset(p for p, inside in zip(self._players, member, strict=True) if inside)
            self._known[key] = self._sign * float(self._value(coalition))
        return self._known[key]

    def discontented(self, y, eps, slack, basis):
        """Violated open coalitions reached by flipping one member at a time from random starts."""
        n, met = y.size, {}
        for _ in range(_STARTS):
            member = self._rng.random(n) < self._rng.random()
            excess = self._excess(member, y)
            improved = True
            while improved:
                improved = False
                for i in self._rng.permutation(n):
                    member[i] ^= True
                    tried = self._excess(member, y)
                    if tried < eps - slack:
                        met[member.tobytes()] = (eps - tried, member.copy())
                    if tried < excess - slack:
                        excess, improved = tried, True
                    else:
                        member[i] ^= True
        found = sorted(met.values(), key=lambda m: -m[0])
        return [member for _, member in found if _independent(member[None, :], basis)[0]][:_ROWS_PER_PASS]

    def _excess(self, member, y):
        return np.inf if not member.any() or member.all() else self.of(member) - float(y[member].sum())
