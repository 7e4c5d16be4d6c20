"""Dividing a common cost (or gain) by what every coalition could do alone: Shapley value, core, nucleolus.

A game is `value(frozenset of players) -> float`; the empty coalition is worth 0 and never asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np

from io_tables.errors import InputError, Problem

#: Up to this many players all coalitions are asked; more are sampled.
EXACT_PLAYERS = 12
SENSES = {"cost": 1.0, "gain": -1.0}
Value = Callable[[frozenset], float]


def shapley(players: Sequence[Hashable], value: Value) -> np.ndarray:
    """Shapley value (n,) in the order of `players`: the mean marginal contribution over all orders of joining.

    Exact to 12 players; above, the mean of `sampled_shapley` with its default draws (take that for standard
    errors). Sums to value(all); equal players get the same in the exact case. Shapley (1953).
    Raises InputError for players named twice.
    """
    players = _distinct(players)
    n = len(players)
    if n > EXACT_PLAYERS:
        return sampled_shapley(players, value).value
    worth = coalition_values(players, value)
    masks = np.arange(1 << n)
    size = np.zeros(masks.size, dtype=int)
    for i in range(n):
        size += masks >> i & 1
    weight = np.array([factorial(s) * factorial(n - 1 - s) / factorial(n) for s in range(n)])
    result = np.empty(n)
    for i in range(n):
        without = masks[(masks >> i & 1) == 0]
        result[i] = weight[size[without]] @ (worth[without | 1 << i] - worth[without])
    return result


def coalition_values(players: Sequence[Hashable], value: Value) -> np.ndarray:
    """Worth (2^n,) of every coalition; bit i of the position stands for player i."""
    n = len(players)
    worth = np.zeros(1 << n)
    for mask in range(1, 1 << n):
        worth[mask] = value(frozenset(players[i] for i in range(n) if mask >> i & 1))
    return worth


@dataclass(frozen=True)
class Sampled:
    """A Shapley value from random orders of joining."""

    value: np.ndarray            # (n,) sums to value(all) exactly
    standard_error: np.ndarray   # (n,) of the mean over antithetic pairs
    pairs: int
    worst_core_violation: float  # most that any coalition met could save by leaving; <= 0 if none
    worst_coalition: frozenset


def sampled_shapley(players: Sequence[Hashable], value: Value, *, pairs: int = 200, seed: int = 0,
                    sense: str = "cost") -> Sampled:
    """Shapley value by random permutations, each with its reverse (antithetic; Castro et al. 2009).

    pairs : permutations drawn, each used in both directions. sense : whether `value` is a 'cost' or a
    'gain', for the core: with costs a coalition objects when its members together pay more than C(S). Every
    prefix met (and every single player) is tested.
    """
    players = _distinct(players)
    sign, n = _sign(sense), len(players)
    if pairs < 2:
        raise InputError(Problem("pairs", f"{pairs}", "at least 2, for a standard error"))
    known: dict[frozenset, float] = {frozenset(): 0.0}
    rng = np.random.default_rng(seed)
    means = np.empty((pairs, n))
    for pair in range(pairs):
        order = rng.permutation(n)
        means[pair] = 0.5 * (_contributions(order, players, value, known)
                             + _contributions(order[::-1], players, value, known))
    result = means.mean(axis=0)
    for player in players:
        _ask(frozenset((player,)), value, known)
    share = dict(zip(players, result.tolist(), strict=True))
    met = [(sign * (sum(share[p] for p in s) - v), len(s), s) for s, v in known.items() if 0 < len(s) < n]
    violation, _, coalition = max(met, key=lambda m: m[:2], default=(0.0, 0, frozenset()))
    return Sampled(result, means.std(axis=0, ddof=1) / np.sqrt(pairs), pairs, violation, coalition)


def _contributions(order, players, value, known):
    result, before, members = np.empty(len(players)), 0.0, set()
    for i in order:
        members.add(players[i])
        now = _ask(frozenset(members), value, known)
        result[i], before = now - before, now
    return result


def _ask(coalition, value, known):
    if coalition not in known:
        known[coalition] = float(value(coalition))
    return known[coalition]


def core_violation(players: Sequence[Hashable], value: Value, division, *, sense: str = "cost", samples: int = 2000,
                   seed: int = 0) -> tuple[float, frozenset]:
    """Most that a coalition could gain by leaving a division (n,), and which; <= 0 when none could.

    All coalitions to 12 players; above, `samples` random ones, all single players and all but one. For costs
    the gain is sum_S y - C(S), for gains v(S) - sum_S y.
    """
    players = _distinct(players)
    sign, n = _sign(sense), len(players)
    division = np.asarray(division, dtype=float)
    if n <= EXACT_PLAYERS:
        members = (np.arange(1, (1 << n) - 1)[:, None] >> np.arange(n) & 1).astype(bool)
    else:
        rng = np.random.default_rng(seed)
        drawn = rng.random((samples, n)) < rng.random((samples, 1))
        members = np.concatenate([np.eye(n, dtype=bool), ~np.eye(n, dtype=bool),
                                  drawn[drawn.any(axis=1) & ~drawn.all(axis=1)]])
    worst = (-np.inf, frozenset())
    for row in members:
        coalition = frozenset(p for p, inside in zip(players, row, strict=True) if inside)
        gain = sign * (division[row].sum() - float(value(coalition)))
        if gain > worst[0]:
            worst = (gain, coalition)
    return worst if members.size else (0.0, frozenset())


def _distinct(players):
    players = list(players)
    twice = sorted({str(p) for p in players if players.count(p) > 1})
    if twice or not players:
        raise InputError(Problem("players", f"{', '.join(twice)} named twice" if twice else "nobody"))
    return players


def _sign(sense):
    if sense not in SENSES:
        raise InputError(Problem("sense", f"'{sense}'", "allowed: 'cost', 'gain'"))
    return SENSES[sense]
