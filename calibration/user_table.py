"""A user's multi-regional table in place of the estimated one: its 42 sectors cut into industries, kept in factors.

What a full (Isard) table says about who buys from whom is kept by commodity, origin and destination; that different
buyers in one province buy from different origins is averaged, which leaves every row and column total as it is.
Products are cut out of their sectors at the embedded prices and physical outputs, within what the table allows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from io_tables.base_year import FINAL_CATEGORIES, INVENTORIES, BaseYear
from io_tables.classification import provinces, sectors
from io_tables.errors import InputError, NotConverged, Problem
from io_tables.mrio import Mrio

#: Products together take at most this part of their sector's output in any province (or what they take today).
LARGEST_PRODUCT_SHARE = 0.9
TOLERANCE, PASSES = 1e-10, 20000
_TINY = 1e-9
MIXED_SIGNS = 0.2
#: Passes that also draw each industry's supply by province to its output; the pairs of provinces come first after.
SUPPLY_PASSES = 200
#: Weight of the sector's own trade pattern beside the embedded pattern of an industry.
TRACE = 1e-2


@dataclass(frozen=True)
class _Sectoral:
    """The user's table by sector in factor form; R provinces, S sectors, C categories."""

    output: np.ndarray  # (R, S)
    value_added: np.ndarray  # (4, R, S)
    use: np.ndarray  # (R, S, S + C) domestic commodity by using sector and category, by place of use
    imports: np.ndarray  # (R, S, S + C)
    inventories: np.ndarray  # (R, S) by producer
    inventory_imports: np.ndarray  # (R, S)
    exports: np.ndarray  # (R, S)
    error: np.ndarray  # (R, S)
    trade: np.ndarray  # (S, R, R) flows


def with_user_table(base: BaseYear, table: Mrio) -> BaseYear:
    """The base year with `table` (31 provinces x 42 sectors, 10^8 yuan) in place of the estimated one.

    Raises InputError for missing provinces or sectors, unknown final-use categories, negative use or value added
    that a product split cannot carry; NotConverged when the split cannot be balanced.
    """
    sectoral = _sectoral(base, _ordered(table))
    member = base.membership.argmax(axis=1)
    output, prices = _outputs(base, sectoral, member)
    value_added = _value_added(base, sectoral, member, output)
    exports = _by_member(sectoral.exports, base.exports, output, member)
    inventories = _by_member(sectoral.inventories, base.inventories, output, member)
    error = _by_member(sectoral.error, output, output, member)
    supply = output - exports - inventories - error
    use, imports = _uses(base, sectoral, member, output, value_added.sum(axis=0), supply)
    shares, sent = _trade(base, sectoral, member, supply, use.sum(axis=2))
    # What a province's industry makes beyond what the flows take lies in its inventories; sectors stay as given.
    inventories = output - exports - error - sent
    J = len(base.industries)
    inverse = np.divide(1.0, output, out=np.zeros_like(output), where=output > 0)
    return replace(
        base, output=output, value_added=value_added, domestic_coefficients=use[:, :, :J] * inverse[:, None],
        import_coefficients=imports[:, :, :J] * inverse[:, None], final_use=use[:, :, J:],
        final_imports=imports[:, :, J:],
        inventories=inventories,
        inventory_imports=_by_member(sectoral.inventory_imports, base.inventory_imports, output, member),
        exports=exports, error=error, reexports=np.zeros_like(base.reexports), trade_shares=shares,
        product_price=prices, sha256="",
    )


def _ordered(table: Mrio) -> Mrio:
    """The table in our order of provinces and sectors, labels matched through synonyms."""
    region, sector = provinces().order(table.regions, "regions"), sectors().order(table.sectors, "sectors")
    n = (np.array(region)[:, None] * len(table.sectors) + np.array(sector)).ravel()
    if table.final_demand is None:
        raise InputError("the table has no labels of final use (province, category)")
    keys = [(None if r is None else provinces().key(r), c) for r, c in table.final_demand]
    return Mrio(
        provinces().keys, sectors().keys, table.Z[np.ix_(n, n)], table.Y[n], table.value_added[..., n],
        None if table.imports is None else table.imports[..., n] if table.imports.ndim == 1 else
        table.imports[np.ix_(sector, n)],
        None if table.final_imports is None else table.final_imports[sector], tuple(keys),
        value_added_labels=table.value_added_labels, error=None if table.error is None else table.error[n],
    )


def _sectoral(base: BaseYear, table: Mrio) -> _Sectoral:
    R, S, C = len(base.regions), len(base.sectors), len(FINAL_CATEGORIES)
    flows = table.Z.reshape(R, S, R, S)
    trade = flows.sum(axis=3).transpose(1, 0, 2)
    use = np.zeros((R, S, S + C))
    use[:, :, :S] = flows.sum(axis=0).transpose(1, 0, 2)
    imports = np.zeros_like(use)
    imports[:, :, :S] = _imported_inputs(base, table)
    exports, inventories, abroad = np.zeros((R, S)), np.zeros((R, S)), np.zeros((R, S))
    problems = []
    embedded = (base.final_use + base.final_imports).sum(axis=1)
    for column, (region, category) in enumerate(table.final_demand or ()):
        flow = table.Y[:, column].reshape(R, S)
        foreign = np.zeros(S) if table.final_imports is None else table.final_imports[:, column]
        if region is None:
            exports += flow
            continue
        s = base.regions.index(region)
        if category == INVENTORIES:
            inventories += flow
            abroad[s] += foreign
            continue
        parts = {"households": (0, 1), "consumption": (0, 1, 2)}.get(category) or (
            (FINAL_CATEGORIES.index(category),) if category in FINAL_CATEGORIES else ())
        if not parts:
            problems.append(Problem(f"final use of {region}", f"category '{category}' is unknown",
                                    "expected " + ", ".join((*FINAL_CATEGORIES, INVENTORIES, "households"))))
            continue
        weights = embedded[s, list(parts)] / embedded[s, list(parts)].sum()
        for c, weight in zip(parts, weights, strict=True):
            use[s, :, S + c] += weight * flow.sum(axis=0)
            imports[s, :, S + c] += weight * foreign
        trade[:, :, s] += flow.T
    negative = np.argwhere((use < -_TINY) | (imports < -_TINY))
    labels = (*base.sectors, *FINAL_CATEGORIES)
    problems += [
        Problem(f"{base.regions[s]}, {base.sectors[i]} used by {labels[j]}", "negative use",
                "only inventories may be negative") for s, i, j in negative[:10]
    ]
    if problems:
        raise InputError(problems)
    components = table.value_added if table.value_added.ndim == 2 else table.value_added[None]
    if len(components) != 4:
        ours = (base.value_added @ base.membership).reshape(4, -1)
        ratio = ours / ours.sum(axis=0)
        components = ratio * components.sum(axis=0)
    error = np.zeros(R * S) if table.error is None else table.error
    return _Sectoral(
        table.x.reshape(R, S), components.reshape(4, R, S), np.maximum(use, 0.0), np.maximum(imports, 0.0), inventories,
        abroad, exports, error.reshape(R, S), np.maximum(trade, 0.0),
    )


def _imported_inputs(base: BaseYear, table: Mrio) -> np.ndarray:
    """(R, S, S) foreign inputs by commodity; a single row of imports takes the embedded composition of its column."""
    R, S = len(base.regions), len(base.sectors)
    if table.imports is None:
        return np.zeros((R, S, S))
    if table.imports.ndim == 2:
        return table.imports.reshape(S, R, S).transpose(1, 0, 2)
    embedded = base.mrio.imports.reshape(S, R, S).transpose(1, 0, 2)
    total = embedded.sum(axis=1, keepdims=True)
    even = np.full_like(embedded, 1.0 / S)
    return np.divide(embedded, total, out=even, where=total > 0) * table.imports.reshape(R, 1, S)


def _outputs(base: BaseYear, sectoral: _Sectoral, member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(R, J) output of industries and (P,) prices that fit the table; physical outputs stay as they are."""
    output = sectoral.output[:, member].copy()
    price = base.product_price.copy()
    positions = [base.industries.index(p) for p in base.products]
    for sector in range(len(base.sectors)):
        own = [p for p, j in enumerate(positions) if member[j] == sector]
        if not own:
            continue
        money = base.product_output[:, own] * price[own]
        claimed, room = money.sum(axis=1), sectoral.output[:, sector]
        before = base.output[:, member == sector].sum()
        scale = float(room.sum() / before)
        tight = claimed > 0
        embedded = base.output[:, [positions[p] for p in own]].sum(axis=1)
        whole = base.output[:, member == sector].sum(axis=1)
        share = np.divide(embedded, whole, out=np.zeros_like(whole), where=whole > 0)
        limit = np.maximum(share, LARGEST_PRODUCT_SHARE)
        scale = min(scale, float((limit[tight] * room[tight] / claimed[tight]).min()))
        if scale <= 0:
            r = int(np.argmin(np.where(tight, room, np.inf)))
            raise InputError(f"{base.regions[r]}, {base.sectors[sector]}: no output, but it makes "
                             f"{', '.join(base.products[p] for p in own)}")
        price[own] *= scale
        for p in own:
            output[:, positions[p]] = base.product_output[:, p] * price[p]
        remainder = [j for j in np.flatnonzero(member == sector) if j not in positions]
        output[:, remainder] = (room - claimed * scale)[:, None] / len(remainder)
    return output, price


def _by_member(values: np.ndarray, weight: np.ndarray, output: np.ndarray, member: np.ndarray) -> np.ndarray:
    """(R, S) of sectors over their industries by `weight`, else by output, (R, J)."""
    result = np.zeros_like(output)
    for sector in range(values.shape[1]):
        own = np.flatnonzero(member == sector)
        left = values[:, sector, None].copy()
        for basis in (weight[:, own], output[:, own], np.ones((len(values), len(own)))):
            total = basis.sum(axis=1, keepdims=True)
            # Weights of both signs that nearly cancel say nothing about shares.
            clear = np.abs(total) > MIXED_SIGNS * np.abs(basis).sum(axis=1, keepdims=True)
            result[:, own] += np.divide(basis, total, out=np.zeros_like(basis), where=clear) * left
            left[clear] = 0.0
    return result


def _value_added(base: BaseYear, sectoral: _Sectoral, member: np.ndarray, output: np.ndarray) -> np.ndarray:
    """(4, R, J) : the sector's value added, by the embedded ratio of each industry, always below its output."""
    embedded = base.value_added.sum(axis=0)
    ratio = np.divide(embedded, base.output, out=np.full_like(embedded, np.nan), where=base.output > 0)
    national = embedded.sum(axis=0) / base.output.sum(axis=0)
    weight = np.where(np.isnan(ratio), national, ratio) * output
    total = np.zeros_like(sectoral.output)
    np.add.at(total.T, member, weight.T)
    wanted = sectoral.value_added.sum(axis=0)
    bad = np.argwhere((wanted <= 0) & (sectoral.output > 0) | (wanted > sectoral.output))
    if len(bad):
        raise InputError([Problem(f"{base.regions[r]}, {base.sectors[s]}",
                                  f"value added {wanted[r, s]:.4g} of an output of {sectoral.output[r, s]:.4g}",
                                  "expected between nought and output")
                          for r, s in bad[:10]])
    scale = np.divide(wanted, total, out=np.zeros_like(wanted), where=total > 0)[:, member]
    value = weight * scale
    # Where an industry's share would exceed its output, all industries of the sector take the sector's ratio.
    over = np.zeros_like(sectoral.output)
    np.add.at(over.T, member, (value >= output).T * (output > 0).T)
    common = np.divide(wanted, sectoral.output, out=np.zeros_like(wanted), where=sectoral.output > 0)
    value = np.where(over[:, member] > 0, common[:, member] * output, value)
    parts = np.divide(sectoral.value_added, wanted, out=np.zeros_like(sectoral.value_added), where=wanted > 0)
    return parts[:, :, member] * value


def _uses(base, sectoral, member, output, value_added, supply) -> tuple[np.ndarray, np.ndarray]:
    """(R, J, J + C) domestic and imported use by industry: three margins met in turn.

    Blocks of the user's table (sector by sector or category), inputs of every industry (output less value added),
    and national supply of every industry.
    """
    R, J, S = len(base.regions), len(base.industries), len(base.sectors)
    C = len(FINAL_CATEGORIES)
    column = np.concatenate([member, S + np.arange(C)])
    scale = output[:, None]
    use = np.concatenate([base.domestic_coefficients * scale, base.final_use], axis=2)
    imports = np.concatenate([base.import_coefficients * scale, base.final_imports], axis=2)
    width = np.concatenate([output, np.ones((R, C))], axis=1)
    rows = np.eye(S)[:, member]
    columns = np.eye(S + C)[:, column]
    for table, target in ((use, sectoral.use), (imports, sectoral.imports)):
        # A block the embedded table lacks is spread by output of both industries.
        found = np.einsum("Ii,sij,Kj->sIK", rows, table, columns, optimize=True)
        missing = (found <= _TINY) & (target > 0)
        spread = supply.clip(min=_TINY)[:, :, None] * width[:, None]
        table[:] = np.where(missing[:, member][:, :, column], spread, table)
    inputs = output - value_added
    national = supply.sum(axis=0)
    miss = np.inf
    for _ in range(PASSES):
        for table, target in ((use, sectoral.use), (imports, sectoral.imports)):
            found = np.einsum("Ii,sij,Kj->sIK", rows, table, columns, optimize=True)
            factor = np.divide(target, found, out=np.zeros_like(target), where=found > 0)
            table *= factor[:, member][:, :, column]
        made = use.sum(axis=(0, 2))
        row_factor = np.divide(national, made, out=np.ones_like(made), where=made > 0)
        use *= row_factor[None, :, None]
        total = (use + imports)[:, :, :J].sum(axis=1)
        column_factor = np.divide(inputs, total, out=np.ones_like(total), where=total > 0)
        use[:, :, :J] *= column_factor[:, None]
        imports[:, :, :J] *= column_factor[:, None]
        active = np.abs(column_factor - 1)[inputs > _TINY]
        miss = max(float(np.abs(row_factor - 1)[national > _TINY].max()), float(active.max()))
        if miss <= TOLERANCE:
            return use, imports
    raise NotConverged("cutting products out of the user's table", miss, TOLERANCE, PASSES)


def _trade(base, sectoral, member, supply, demand) -> tuple[np.ndarray, np.ndarray]:
    """(J, R, R) trade shares and (R, J) what each industry sends: the user's flows by sector cut into industries.

    The embedded trade pattern of each industry is the prior (heat stays at home, power follows lines); a trace of
    the sector's own pattern keeps it solvable where the user's table asks for more.
    """
    shares, sent = np.zeros((len(member), *sectoral.trade.shape[1:])), np.zeros_like(supply)
    home = np.eye(len(supply))
    for sector, flow in enumerate(sectoral.trade):
        own = np.flatnonzero(member == sector)
        made, used = np.maximum(supply[:, own].T, 0.0), demand[:, own].T
        parts = _cut(flow, made, used, base.trade_shares[own], base.sectors[sector])
        received = parts.sum(axis=1, keepdims=True)
        share = np.divide(parts, received, out=np.zeros_like(parts), where=received > 0)
        shares[own] = np.where(received > _TINY, share, home)
        sent[:, own] = parts.sum(axis=2).T
    return shares, sent


def _cut(flow, made, used, pattern, name: str) -> np.ndarray:
    """(members, R, R) flows with the sector's pair sums and each industry's use, near its supply by origin."""
    if len(made) == 1:
        return flow[None].copy()
    part = np.divide(made, made.sum(axis=0), out=np.full_like(made, 1.0 / len(made)), where=made.sum(axis=0) > 0)
    parts = pattern * used[:, None] + TRACE * part[:, :, None] * flow
    miss = np.inf
    for step in range(PASSES):
        if step < SUPPLY_PASSES:
            sent = parts.sum(axis=2)
            parts *= np.divide(made, sent, out=np.zeros_like(sent), where=sent > 0)[:, :, None]
        received = parts.sum(axis=1)
        parts *= np.divide(used, received, out=np.zeros_like(received), where=received > 0)[:, None]
        pair = parts.sum(axis=0)
        miss = float(np.abs(pair - flow).max() / flow.max())
        if step >= SUPPLY_PASSES and miss <= TOLERANCE:
            return parts
        parts *= np.divide(flow, pair, out=np.zeros_like(flow), where=pair > 0)
    raise NotConverged(f"trade of the industries of {name} in the user's table", miss, TOLERANCE, PASSES)
