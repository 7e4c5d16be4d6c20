"""What a coalition of provinces would pay alone with the same contracts, and the division that keeps them (E14).

Contracts are what moves between provinces in the plan: goods drawn from others' products and power over lines. A
coalition S keeps its deliveries to others and its share of every national endowment, and may draw from others what its
plan draws, in value at the plan's prices; lines and product flows to outsiders carry what they carry. With its own
columns it solves

    C(S) = min c_S'z + (its share of those lines' cost)
    s.t.  its own product rows >= demand + deliveries to outsiders,   lambda_out'M_S z <= lambda_out'M_S z*,
          its own other rows with the lines as in the plan,  national rows <= its shares

The duals of the whole programme are feasible for it, so y_S + (value of contracts it delivers - draws) <= C(S): no
coalition does better alone. The draws count in value, a relaxation of counting every good, which keeps the bound valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from model.carbon.owen_division import Division, trade_contracts
from model.carbon.owners import ROUNDING, Owners
from model.pathway.assembled import Assembled
from model.pathway.requirements_of_year import PLACED
from model.programme import INFINITY, Engine, Programme

#: Multiple of a row's price (at least of the mean price) at which a coalition buys what it cannot make or meet alone.
PENALTY = 10.0
#: What is bought at that price counts as infeasible beyond this part of what the row carries.
SHORT = 1e-5
LINE = "line"


@dataclass(frozen=True)
class Alone:
    """Cost of a coalition on its own, in the money of the programme; short : row -> amount it cannot meet."""

    members: tuple[str, ...]
    cost: float
    short: dict[str, float]


class Contracts:
    """The plan's trade between provinces as contracts, and coalitions on their own."""

    def __init__(self, whole: Assembled, owners: Owners, division: Division, z, prices, multipliers):
        self.whole, self.owners, self.division = whole, owners, division
        self.z, self.prices, self.multipliers = z, prices, multipliers
        self.home = self._home()
        self.lines = np.flatnonzero(owners.column_rule == LINE)

    def _home(self) -> np.ndarray:
        """(k,) province whose columns alone (lines apart) speak in a row, the one that buys where product flows do;
        -1 for several, -2 for lines only."""
        K = self.whole.complete.K
        touched = sparse.csr_matrix((np.ones(K.nnz), K.indices, K.indptr), shape=K.shape)
        placed = np.where((self.owners.column_rule != LINE)[:, None], self.owners.columns, 0.0)
        sums = touched @ placed
        total = sums.sum(axis=1)
        single = sums.max(axis=1) >= total * (1.0 - ROUNDING)
        home = np.where(total <= ROUNDING, -2, np.where(single, sums.argmax(axis=1), -1))
        bought = self.whole.draft.programme.rows.get("bought")
        if bought is not None:
            home[self.whole.kept(bought.index)] = np.arange(bought.shape[1])[None, :, None]
        return home

    def value(self) -> np.ndarray:
        """(R,) value of a province's contracts in the division: deliveries less draws, power and product flows sent
        less received."""
        c, own = self.whole.complete, self.owners.columns
        goods = trade_contracts(c, self.owners, self.z).T @ self.prices
        K = sparse.csc_matrix(c.K)[:, self.lines].tocoo()
        flow = self.multipliers[K.row] * K.data * self.z[self.lines[K.col]]
        home = self.home[K.row]
        placed = home >= 0
        power = own[self.lines[K.col[placed]]].T @ flow[placed]
        power -= np.bincount(home[placed], weights=flow[placed], minlength=own.shape[1])
        B = sparse.csc_matrix(c.B)[:, self.lines].tocoo()
        made = self.prices[B.row] * B.data * self.z[self.lines[B.col]]
        moved = own[self.lines[B.col]].T @ made - self.owners.products[B.row].T @ made
        return goods + power + moved

    def kept(self) -> np.ndarray:
        """(R,) what provinces bear when contracts stay as they are; sums to the lower bound."""
        return self.division.bears + self.value()

    def alone(self, members: Sequence[int]) -> Alone:
        """C(S) of the provinces at these positions."""
        return _Alone(self, np.asarray(sorted(members), dtype=int)).solve()


class _Alone:
    """One coalition's programme."""

    def __init__(self, contracts: Contracts, members: np.ndarray):
        self.contracts, self.members = contracts, members
        d, owners = contracts.whole.draft, contracts.owners
        self.inside = np.zeros(d.G)
        self.inside[members] = 1.0
        self.part = owners.columns @ self.inside
        line, whole = owners.column_rule == LINE, self.part >= 1.0 - ROUNDING
        self.columns = np.flatnonzero(np.where(line, whole, self.part > ROUNDING))
        self.fixed = np.flatnonzero(line & ~whole & (self.part > ROUNDING))

    def solve(self) -> Alone:
        """Least cost, with what cannot be met bought at a price above every dual."""
        d, c, z = self.contracts.whole.draft, self.contracts.whole.complete, self.contracts.z
        own, part = self.columns, self.part[self.columns]
        p = Programme()
        columns = p.add_columns("z", len(own), cost=c.cost[own], lower=c.lower[own] * part,
                                upper=np.where(np.isfinite(c.upper[own]), c.upper[own] * part, INFINITY))
        names = []
        for matrix, low, high, dual, labels in (self._products(), self._others()):
            block = f"rows {len(names)}"
            rows = p.add_rows(block, len(low), lower=low, upper=high)
            entries = sparse.coo_matrix(matrix)
            p.add(rows[entries.row], columns[entries.col], entries.data)
            price = PENALTY * np.maximum(np.abs(dual), np.abs(dual).mean())
            for sign, side in ((1.0, low), (-1.0, high)):
                there = np.flatnonzero(np.isfinite(side))
                p.add(rows[there], p.add_columns(f"{block} {sign}", len(there), cost=price[there]), sign)
                names += [(labels[i], max(1.0, abs(side[i]))) for i in there]
        solution = Engine(p.compiled()).solve("simplex")
        members = tuple(d.places.names[g] for g in self.members)
        if not solution.optimal:
            return Alone(members, np.inf, {solution.status: np.inf})
        short: dict[str, float] = {}
        for (name, scale), amount in zip(names, solution.z[len(own):], strict=True):
            if amount > SHORT * scale:
                short[name] = short.get(name, 0.0) + float(amount)
        fixed = self.fixed
        return Alone(members, solution.objective + float((self.part * c.cost * z)[fixed].sum()), short)

    def _products(self):
        """Own rows with deliveries, fuels of the nation by share, and one row for all that is drawn from others."""
        contracts, d, c = self.contracts, self.contracts.whole.draft, self.contracts.whole.complete
        G, count, position = d.G, len(PLACED), np.full(len(self.part), -1)
        position[self.columns] = np.arange(len(self.columns))
        Q = count * G + 3
        keep = np.concatenate([np.flatnonzero(np.tile(self.inside, count) > 0), count * G + np.arange(3)])
        drawn, needed, sides = np.zeros(len(self.columns)), [], []
        drawn_side, labels = 0.0, []
        needs = c.M.product(contracts.z)
        for t, (own, place) in enumerate(d.requirement_columns()):
            block = d.requirements[t].matrix
            block = block.reshape(len(block), -1)
            at = position[own]
            own, place, at = own[at >= 0], place[at >= 0], at[at >= 0]
            run = np.bincount(place, weights=contracts.z[own], minlength=block.shape[1])
            used = np.flatnonzero(np.bincount(place, minlength=block.shape[1]))
            price = contracts.prices[t * Q : (t + 1) * Q].copy()
            price[keep] = 0.0
            outside = price @ block[:, used]
            each = np.zeros(block.shape[1])
            each[used] = outside
            drawn[at] += each[place]
            drawn_side += float(outside @ run[used])
            mine = block[keep][:, place]
            entries = sparse.coo_matrix(mine)
            needed.append(sparse.csr_matrix((entries.data, (entries.row, at[entries.col])),
                                            shape=(len(keep), len(self.columns))))
            rows = t * Q + keep
            delivered = needs[rows] - block[keep][:, used] @ run[used]
            placed = keep < count * G
            share = contracts.owners.products[rows] @ self.inside
            sides.append(np.where(placed, c.f[rows] + delivered, share * c.f[rows]))
            labels += [f"{PLACED[q // G]} {d.places.names[q % G]} {d.years[t]}" if q < count * G
                       else f"{('coal', 'oil', 'gas')[q - count * G]} {d.years[t]}" for q in keep]
        rows = (np.arange(d.T)[:, None] * Q + keep[None]).ravel()
        made = c.B[rows][:, self.columns]
        carried = c.B[rows][:, self.fixed] @ contracts.z[self.fixed]
        matrix = sparse.vstack([made - sparse.vstack(needed), sparse.csr_matrix(-drawn[None])])
        low = np.concatenate([np.concatenate(sides) - carried, [-drawn_side]])
        dual = np.append(contracts.prices[rows], 1.0)
        return matrix, low, np.full(len(low), INFINITY), dual, [*labels, "goods of others"]

    def _others(self):
        """Rows of the programme that the own columns speak in."""
        contracts, c = self.contracts, self.contracts.whole.complete
        home, K = contracts.home, c.K
        mine = K[:, self.columns]
        at = np.flatnonzero(np.diff(mine.indptr) > 0)
        at = at[(home[at] == -2) | (home[at] == -1) | (self.inside[np.maximum(home[at], 0)] > 0)]
        share = np.where(home[at] == -1, contracts.owners.rows[at] @ self.inside, 1.0)
        held = K[at][:, self.fixed]
        z, part = contracts.z[self.fixed], self.part[self.fixed]
        lines = np.where(home[at] == -1, held @ (z * part), held @ z)

        def side(values):
            return np.where(np.isfinite(values), share * np.where(np.isfinite(values), values, 0.0) - lines, values)

        labels = self._labels()
        return (mine[at], side(c.k_lower[at]), side(c.k_upper[at]), contracts.multipliers[at],
                [labels[i] for i in at])

    def _labels(self) -> np.ndarray:
        whole = self.contracts.whole
        labels = np.full(len(whole.complete.k_lower), "", dtype=object)
        for name, block in whole.draft.programme.rows.items():
            if name != "product":
                labels[whole.kept(block.index.ravel())] = name.removeprefix("policy ")
        return labels
