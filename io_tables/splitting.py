"""Finer tables: one sector split into parts by output shares, input and sales weights, everything still balancing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from io_tables.balancing import gras
from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import Mrio

#: Relative tolerance of the small balancing problems inside a split.
TOLERANCE = 1e-10
#: 10^8 yuan per TWh at one yuan per kWh.
MONEY_PER_TWH = 10.0


def split(
    table: Mrio,
    sector: str,
    into: Sequence[str],
    output_shares,
    *,
    input_weights: Mapping[str, Sequence[float]] | None = None,
    sales_weights: Mapping[str, Sequence[float]] | None = None,
    own_weights=None,
    extension_weights: Mapping[str, Sequence[float]] | None = None,
    import_shares=None,
) -> Mrio:
    """Replace one sector in every region by T parts (Lindner, Legault and Guan 2012 survey what may be unknown).

    output_shares (T,) or (R, T) : of the sector's output, summing to one.
    input_weights : supplying sector or value-added component -> (T,) relative input per unit of output of each part;
    sales_weights : buying sector or final category -> (T,) relative share of each part in what the buyer takes;
    own_weights (T, T) : the same between the parts, seller in the row. What is not named is in proportion to output.
    extension_weights : extension -> (T,) relative intensity. import_shares (T,) : of imports of the sector's product.
    Weights of zero are structural. Rows and columns are balanced by GRAS, so that merging the parts again gives the
    table back. Raises InputError for bad labels or shapes, and when weights of zero leave parts with more than they
    are worth (NotConverged where no such parts can be named).
    """
    into, T, R = tuple(into), len(into), len(table.regions)
    shares = np.asarray(output_shares, dtype=float)
    shares = np.broadcast_to(shares, (R, T)) if shares.shape == (T,) else shares
    components = table.value_added_labels or ()
    categories = tuple(dict.fromkeys(c for _, c in table.final_demand or ()))
    problems = []
    if sector not in table.sectors:
        problems.append(Problem("sector", f"'{sector}' is unknown", did_you_mean(sector, table.sectors)))
    taken = sorted(set(into) & set(table.sectors) - {sector})
    if taken or len(set(into)) < T or T == 0:
        problems.append(Problem("into", f"{into}", "expected different labels that no other sector has"))
    if shares.shape != (R, T) or (shares < 0).any() or not np.allclose(shares.sum(axis=-1), 1.0, atol=1e-9):
        problems.append(Problem("output_shares", f"shape {shares.shape}",
                                f"expected ({T},) or ({R}, {T}), not negative, summing to one"))
    inputs = _weights(input_weights, (*table.sectors, *components), T, "input_weights", problems)
    sales = _weights(sales_weights, (*table.sectors, *categories), T, "sales_weights", problems)
    physical = _weights(extension_weights, tuple(table.extensions), T, "extension_weights", problems)
    own = np.ones((T, T)) if own_weights is None else np.asarray(own_weights, dtype=float)
    if own.shape != (T, T) or (own < 0).any():
        problems.append(Problem("own_weights", f"shape {own.shape}", f"expected ({T}, {T}), not negative"))
    if problems:
        raise InputError(problems)
    imported = shares.mean(axis=0) if import_shares is None else np.asarray(import_shares, dtype=float)
    if imported.shape != (T,) or (imported < 0).any() or not np.isclose(imported.sum(), 1.0, atol=1e-9):
        raise InputError(Problem("import_shares", f"{imported}", f"expected ({T},), not negative, summing to one"))

    layout = _Layout(table, sector, into)
    sold = [_sold_parts(table, layout, r, shares[r], sales) for r in range(R)]
    bought = [_bought_parts(table, layout, r, shares[r], inputs) for r in range(R)]
    return layout.assemble(sold, bought, own, shares, imported, physical)


def split_electricity(
    table: Mrio,
    sector: str,
    technologies: Sequence[str],
    generation,
    price,
    *,
    fuel_weights: Mapping[str, Sequence[float]] | None = None,
    network: str = "Transmission and distribution",
    network_inputs: Mapping[str, float] | None = None,
    extension_weights: Mapping[str, Sequence[float]] | None = None,
    network_extensions: Mapping[str, float] | None = None,
) -> Mrio:
    """The electricity sector by generation technology, with the grid (and heat, where it belongs) as its own part.

    generation (R, T) TWh ; price (T,) or (R, T) yuan per kWh at the plant: their product is each technology's output,
    the rest of the sector's output is the network's. fuel_weights : supplying sector -> (T,) fuel per unit of output
    (zero for what a technology does not burn), network_inputs the network's (default 0 for every fuel named).
    extension_weights : extension -> (T,) per unit of output, network_extensions the network's (default 0 for every
    extension named). Buyers take the average mix.
    Raises InputError when generation is worth more than the sector's output, and as `split`: a province that buys
    more gas than its gas plants are worth leaves no solution with zeros elsewhere; a small weight does.
    """
    generation, price = np.asarray(generation, dtype=float), np.asarray(price, dtype=float)
    R, T = len(table.regions), len(technologies)
    if generation.shape != (R, T) or price.shape not in ((T,), (R, T)) or (generation < 0).any() or (price < 0).any():
        raise InputError(f"generation {generation.shape} TWh and price {price.shape} yuan/kWh; expected non-negative "
                         f"({R}, {T}) and ({T},) or ({R}, {T})")
    if sector not in table.sectors:
        raise InputError(f"unknown sector '{sector}'; {did_you_mean(sector, table.sectors)}")
    output = table.x.reshape(R, -1)[:, table.sectors.index(sector)]
    value = generation * price * MONEY_PER_TWH
    over = np.flatnonzero(value.sum(axis=1) > output * (1 + 1e-9))
    if over.size:
        raise InputError([
            Problem(table.regions[r], f"generation is worth {value[r].sum():.6g}, more than the output of '{sector}', "
                    f"{output[r]:.6g} (10^8 yuan)", "lower the price or check the units") for r in over])
    shares = np.divide(value, output[:, None], out=np.zeros_like(value), where=output[:, None] > 0)
    network_share = np.maximum(1.0 - shares.sum(axis=1, keepdims=True), 0.0)
    shares = np.hstack([shares, network_share])
    shares /= shares.sum(axis=1, keepdims=True)
    grid, emitted = network_inputs or {}, network_extensions or {}
    return split(
        table, sector, (*technologies, network), shares,
        input_weights={name: [*w, grid.get(name, 0.0)] for name, w in (fuel_weights or {}).items()},
        extension_weights={name: [*w, emitted.get(name, 0.0)] for name, w in (extension_weights or {}).items()},
    )


class _Layout:
    """Where old rows and the parts lie in the new table."""

    def __init__(self, table, sector, into):
        self.table, self.into, self.T = table, into, len(into)
        R, S = len(table.regions), len(table.sectors)
        e = table.sectors.index(sector)
        self.e, self.sectors = e, (*table.sectors[:e], *into, *table.sectors[e + 1 :])
        wide = S - 1 + self.T
        #: (S - 1,) old and new positions of the sectors that stay, within a region.
        self.old_stay = np.delete(np.arange(S), e)
        self.new_stay = np.delete(np.arange(wide), np.s_[e : e + self.T])
        region = np.arange(R)[:, None]
        self.old = (region * S + self.old_stay).ravel()
        self.new = (region * wide + self.new_stay).ravel()
        #: (R,) old row of the sector, (R, T) new rows of its parts.
        self.whole = np.arange(R) * S + e
        self.parts = region * wide + e + np.arange(self.T)
        self.n = R * wide

    def assemble(self, sold, bought, own, shares, imported, physical):
        table = self.table
        Z = np.zeros((self.n, self.n))
        Y = np.zeros((self.n, table.Y.shape[1]))
        va = np.atleast_2d(table.value_added)
        value_added = np.zeros((len(va), self.n))
        foreign = None if table.imports is None else np.atleast_2d(table.imports)
        inputs = None if foreign is None else np.zeros((len(foreign), self.n))
        Z[np.ix_(self.new, self.new)] = table.Z[np.ix_(self.old, self.old)]
        Y[self.new] = table.Y[self.old]
        value_added[:, self.new] = va[:, self.old]
        if inputs is not None:
            inputs[:, self.new] = foreign[:, self.old]
        for r, parts in enumerate(self.parts):
            Z[np.ix_(parts, self.new)] = sold[r][:, self.old]
            Y[parts] = sold[r][:, table.n :]
            Z[np.ix_(self.new, parts)] = bought[r][self.old]
            value_added[:, parts] = bought[r][table.n : table.n + len(va)]
            if inputs is not None:
                inputs[:, parts] = bought[r][table.n + len(va) :]
            for s, others in enumerate(self.parts):
                Z[np.ix_(parts, others)] = _own_block(
                    table.Z[self.whole[r], self.whole[s]], sold[r][:, self.whole[s]], bought[s][self.whole[r]], own,
                    f"flows inside '{table.sectors[self.e]}' from {table.regions[r]} to {table.regions[s]}")
        final_imports = table.final_imports
        if inputs is not None and table.imports.ndim == 2:
            inputs = self._commodities(inputs, imported)
        if final_imports is not None:
            final_imports = self._commodities(final_imports, imported)
        return Mrio(
            table.regions, self.sectors, Z, Y, value_added if table.value_added.ndim == 2 else value_added[0],
            None if inputs is None else (inputs if table.imports.ndim == 2 else inputs[0]), final_imports,
            table.final_demand,
            {name: self._columns(value, shares, physical[name]) for name, value in table.extensions.items()},
            table.value_added_labels,
            None if table.error is None else self._columns(table.error, shares, np.ones(self.T)),
        )

    def _commodities(self, rows, imported):
        """Rows by commodity (S, k) -> (S - 1 + T, k), the sector's own row by import shares."""
        new = np.zeros((len(self.sectors), rows.shape[1]))
        new[self.new_stay] = rows[self.old_stay]
        new[self.e : self.e + self.T] = imported[:, None] * rows[self.e]
        return new

    def _columns(self, value, shares, weights):
        """Values by producing column, the sector's own by output share x relative intensity."""
        value = np.asarray(value, dtype=float)
        new = np.zeros((*value.shape[:-1], self.n))
        new[..., self.new] = value[..., self.old]
        key = shares * weights
        total = key.sum(axis=1, keepdims=True)
        # A region whose parts all have weight zero keeps its total in proportion to output.
        key = np.where(total > 0, key / np.where(total > 0, total, 1.0), shares)
        new[..., self.parts] = value[..., self.whole][..., None] * key
        return new


def _sold_parts(table, layout, r, shares, sales):
    """(T, n + k) what each part sells to the old columns and final demand; sums to the old row."""
    row = np.concatenate([table.Z[layout.whole[r]], table.Y[layout.whole[r]]])
    buyers = [*table.sectors] * len(table.regions)
    final = [c for _, c in table.final_demand] if table.final_demand is not None else [None] * table.Y.shape[1]
    weights = np.array([sales.get(b, np.ones(layout.T)) for b in [*buyers, *final]]).T
    names = [*buyers, *("final use" if c is None else c for c in final)]
    return _parts(row, shares, weights, f"sales of '{table.sectors[layout.e]}' in {table.regions[r]}", layout, names)


def _bought_parts(table, layout, r, shares, inputs):
    """(n + c + m, T) what each part buys from old rows, value added and imports; sums to the old column."""
    j = layout.whole[r]
    va = np.atleast_2d(table.value_added)[:, j]
    foreign = np.empty(0) if table.imports is None else np.atleast_2d(table.imports)[:, j]
    column = np.concatenate([table.Z[:, j], va, foreign])
    components = table.value_added_labels or [None] * va.size
    commodities = table.sectors if foreign.size > 1 else [None] * foreign.size
    suppliers = [*[*table.sectors] * len(table.regions), *components, *commodities]
    weights = np.array([inputs.get(name, np.ones(layout.T)) for name in suppliers]).T
    names = [str(name) for name in suppliers]
    return _parts(column, shares, weights, f"inputs of '{table.sectors[layout.e]}' in {table.regions[r]}", layout,
                  names).T


def _parts(total, shares, weights, what, layout, names):
    """(T, k) split of totals (k,) with row sums in the output shares, from weights (T, k); GRAS where needed."""
    prior = shares[:, None] * weights
    sums = prior.sum(axis=0)
    # Nobody has a weight for it: in proportion to output.
    prior = np.where(sums > 0, prior, shares[:, None]) / np.where(sums > 0, sums, shares.sum())
    prior = prior * total
    rows = shares * total.sum()
    if np.allclose(prior.sum(axis=1), rows, rtol=1e-14, atol=0):
        return prior
    balanced = gras(prior, rows, total, tolerance=TOLERANCE)
    if not balanced.converged:
        _name_overfull(prior, rows, total, what, layout.into, names)
    return balanced.require(what, TOLERANCE)


def _name_overfull(prior, rows, total, what, into, names):
    """Raise InputError where cells that only some parts may take are worth more than these parts (Hall's condition)."""
    taken = (prior > 0) & (total > 0)
    for pattern in np.unique(taken[:, taken.any(axis=0)], axis=1).T:
        inside = (total > 0) & ~taken[~pattern].any(axis=0)
        if total[inside].sum() > rows[pattern].sum() * (1 + 1e-9):
            cells = ", ".join(dict.fromkeys(names[k] for k in np.flatnonzero(inside)))
            parts = ", ".join(f"'{name}'" for name, some in zip(into, pattern) if some)
            worth, room = total[inside].sum(), rows[pattern].sum()
            raise InputError(Problem(
                what, f"{cells} ({worth:.6g}) can only go to {parts}, which has {room:.6g} (10^8 yuan)",
                "give other parts a small weight instead of zero"))


def _own_block(total, row_sums, column_sums, own, what):
    """(T, T) flows between the parts of two regions; both margins sum to the old cell."""
    if total == 0:
        return np.zeros(own.shape)
    row_sums, column_sums = row_sums * (total / row_sums.sum()), column_sums * (total / column_sums.sum())
    prior = np.outer(row_sums, column_sums) / total
    if (own == own[0, 0]).all() and own[0, 0] > 0:
        return prior
    return gras(prior * own, row_sums, column_sums, tolerance=TOLERANCE).require(what, TOLERANCE)


def _weights(given, allowed, T, what, problems):
    found = {}
    for name, values in (given or {}).items():
        array = np.asarray(values, dtype=float)
        if name not in allowed:
            problems.append(Problem(what, f"'{name}' is unknown", did_you_mean(name, allowed)))
        elif array.shape != (T,) or not (np.isfinite(array) & (array >= 0)).all():
            problems.append(Problem(f"{what}['{name}']", f"{array}", f"expected {T} non-negative numbers"))
        found[name] = array
    return {name: found.get(name, np.ones(T)) for name in allowed} if what == "extension_weights" else found
