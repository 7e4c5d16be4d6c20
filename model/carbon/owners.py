"""Who owns what in the pathway programme of all provinces: right-hand sides, bounds and columns (E14).

A column placed in a province is that province's, with its bounds; a line belongs half to each end. A row that speaks
only of columns with the same owners is theirs. Everything else is national and becomes the endowment of named
provinces by a contract (`CONTRACTS`); a row with a right-hand side and without a contract is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from io_tables.errors import InputError, Problem
from model.carbon.endowments import CONTRACTS, Endowments
from model.pathway.assembled import Assembled
from model.pathway.requirements_of_year import PLACED

#: Deviation from 1 of shares, and of the spread of owners within a row, that counts as rounding.
ROUNDING = 1e-9
#: Columns that do not stand in a province by their first axis.
LINES, REGIONS, NATIONAL, STATISTICS = ("flow", "line_added"), ("unserved_firm",), ("primary_energy",), "missed "
TRADE = "moved_trade"


@dataclass(frozen=True)
class Owners:
    """Shares of every right-hand side and bound; m product rows, k other rows, n columns, R provinces.

    products (m, R), rows (k, R), columns (n, R) : shares that sum to 1 (0 where nothing can be owned).
    row_rule (k,), product_rule (m,), column_rule (n,) : the contract by name.
    """

    provinces: tuple[str, ...]
    products: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    product_rule: np.ndarray
    row_rule: np.ndarray
    column_rule: np.ndarray


def owners_of(whole: Assembled, quotas: Mapping[int, np.ndarray], *, budget: np.ndarray | None = None) -> Owners:
    """Owners of an assembled programme over all provinces.

    quotas : model year -> (R,) shares of the rows on that year's CO2, by the allocation rule; budget (R,) shares of
    a row on the CO2 of all years (default: the mean of the years).
    Raises InputError for the programme of the nation as one place, and naming rows and columns without an owner.
    """
    d = whole.draft
    G = d.G
    if G != len(d.study.base.regions) or G < 2:
        raise InputError(Problem("resolution", "the programme has one place for the nation",
                                 "provinces own its rows only with resolution 'provincial'"))
    endowments = Endowments(whole, quotas, budget)
    columns, column_rule = _column_owners(whole, endowments)
    rows, row_rule = _row_owners(whole, columns, endowments)
    columns, column_rule = _national_columns(whole, columns, column_rule, rows, endowments)
    placed = np.tile(np.eye(G), (len(PLACED), 1))
    products = np.tile(np.concatenate([placed, endowments.fuels()]), (d.T, 1))
    product_rule = np.tile(np.array(["place"] * len(placed) + ["fuel"] * 3, dtype=object), d.T)
    return Owners(d.places.names, products, rows, columns, product_rule, row_rule, column_rule)


def _column_owners(whole: Assembled, endowments: Endowments) -> tuple[np.ndarray, np.ndarray]:
    d = whole.draft
    G, n = d.G, len(whole.complete.cost)
    shares, rule = np.zeros((n, G)), np.full(n, "", dtype=object)
    for name, block in d.programme.columns.items():
        at = block.index
        if name in (*LINES, TRADE):
            ends = np.stack([d.links.origin, d.links.destination], axis=1) if name == TRADE else d.places.line_ends
            each = np.zeros((len(ends), G))
            for end in (0, 1):
                each[np.arange(len(ends)), ends[:, end]] += 0.5
            contract = "line"
        elif name in REGIONS:
            each, contract = endowments.grid_regions(), "grid region"
        elif name in NATIONAL:
            each, contract = endowments.fuels(), "fuel"
        elif block.shape[0] == G and not name.startswith(STATISTICS):
            each, contract = np.eye(G), "place"
        else:
            continue                                     # national: owned like the rows it speaks in
        shares[at.reshape(len(each), -1)] = each[:, None, :]
        rule[at.ravel()] = contract
    return shares, rule


def _row_owners(whole: Assembled, columns: np.ndarray, endowments: Endowments) -> tuple[np.ndarray, np.ndarray]:
    c, d = whole.complete, whole.draft
    touched = sparse.csr_matrix((np.ones(c.K.nnz), c.K.indices, c.K.indptr), shape=c.K.shape)
    owned = columns.sum(axis=1) > ROUNDING
    count = touched @ owned
    mean = np.divide(touched @ columns, count[:, None], out=np.zeros((len(count), d.G)), where=count[:, None] > 0)
    square = np.divide(touched @ (columns**2).sum(axis=1), count, out=np.zeros(len(count)), where=count > 0)
    # all columns of a row have the same owners when the shares do not vary around their mean
    alike = (count > 0) & (square - (mean**2).sum(axis=1) <= ROUNDING)
    sides = np.stack([c.k_lower, c.k_upper])
    needed = (np.isfinite(sides) & (sides != 0)).any(axis=0)
    rows, rule = np.zeros_like(mean), np.full(len(mean), "", dtype=object)
    rows[alike], rule[alike] = mean[alike], "place"
    split = alike & ((mean > ROUNDING).sum(axis=1) > 1)
    rule[split] = "line"
    missing = []
    for name, block in d.programme.rows.items():
        if name == "product":
            continue
        at = whole.kept(block.index)
        left = needed[at.ravel()] & ~alike[at.ravel()]
        if not left.any():
            continue
        found = endowments.of_rows(name, at)
        if found is None:
            missing.append(Problem(f"row '{name}'", "has a right-hand side and no owner",
                                   "a national limit needs a contract: see model.carbon.endowments"))
            continue
        contract, shares = found
        own = at.ravel()[left]
        rows[own] = np.broadcast_to(shares, (*at.shape, d.G)).reshape(-1, d.G)[left]
        rule[own] = contract
    wrong = np.flatnonzero(needed & (np.abs(rows.sum(axis=1) - 1.0) > 1e-6))
    if wrong.size and not missing:
        missing.append(Problem(f"{wrong.size} rows", "have shares that do not sum to one"))
    if missing:
        raise InputError(missing)
    return rows, rule


def _national_columns(whole: Assembled, columns: np.ndarray, rule: np.ndarray, rows: np.ndarray,
                      endowments: Endowments) -> tuple[np.ndarray, np.ndarray]:
    """What is bought off of a national row belongs to the owners of the row."""
    K, missing = sparse.csc_matrix(whole.complete.K), []
    for name, block in whole.draft.programme.columns.items():
        at = block.index.ravel()
        if (rule[at] != "").all():
            continue
        for column in at:
            touched = K.indices[K.indptr[column] : K.indptr[column + 1]]
            owned = [rows[i] if rows[i].any() else endowments.stood(i) for i in touched]
            if not owned:
                missing.append(Problem(f"columns '{name}'", "speak in no row that has an owner",
                                       "place them by their first axis, or name them in model.carbon.owners"))
                break
            columns[column] = np.mean(owned, axis=0)
            rule[column] = "statistic" if name.startswith(STATISTICS) else "technology limit"
    if missing:
        raise InputError(missing)
    return columns, rule


def contract_table(owners: Owners, product_value: np.ndarray, row_value: np.ndarray, column_value: np.ndarray,
                   ) -> pd.DataFrame:
    """Contracts with the number of rows and bounds each covers and what they are worth.

    *_value : dual x side of every product row, other row and column bound, money.
    Columns: contract, text, rows, bounds, value (what its owners bear, negative where they hold a rent), status.
    """
    found = []
    for name, text in CONTRACTS.items():
        product, row, column = (r == name for r in (owners.product_rule, owners.row_rule, owners.column_rule))
        value = product_value[product].sum() + row_value[row].sum() + column_value[column].sum()
        found.append((name, text, int(product.sum() + row.sum()), int(column.sum()), float(value),
                      "derived" if name == "place" else "assumed"))
    return pd.DataFrame(found, columns=["contract", "text", "rows", "bounds", "value", "status"])
