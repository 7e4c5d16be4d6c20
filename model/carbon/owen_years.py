"""The Owen division by model year: what a province's rights and duties of each year are worth, and who pays whom then.

A row stands in the latest year its columns speak of, a column's bound in the column's year; a budget over all years is
spread as the nation uses it up. With the duals y of the rows, province r bears of year t

    y_rt = sum over rows of t of y_i b_ir  +  sum over columns of t of d_j u_jr,        sum_t y_rt = y_r (E14)

and receives in it what its columns deliver to the rows of the year beyond what it owes them, at shadow prices,

    t_rt = sum over rows of t of y_i (A_i z_r - b_ir),      sum_r t_rt = 0,      sum_t t_rt = cost_r(z*) - y_r.

Plants are paid in the years they are used, not when they are built, so that payments of a year are those of that year's
goods, power and permits. Both hold to within the gap, which is shared as in the division.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.carbon.owen_division import Division, zero_sum
from model.carbon.owners import STATISTICS, Owners
from model.pathway.assembled import Assembled
from model.pathway.draft import Draft
from model.pathway.requirements_of_year import PLACED

#: Axis of the model year in a block of columns: the second of (place, year, slice), else the last of up to three. A
#: block with fewer years has the last ones.
_YEAR_AXIS = {"unserved": 1}
#: Blocks whose last axis counts refits, each made in its own year.
_REFITS = ("refit", "nation_refit")
_BUDGET = "carbon.budget"


@dataclass(frozen=True)
class Yearly:
    """Present values (T, R), money of the programme. bears sums over years to `Division.closed`, receives to
    `Division.transfer`, and over provinces to zero in every year."""

    bears: np.ndarray
    receives: np.ndarray


def column_years(d: Draft, count: int) -> np.ndarray:
    """(count,) position of the model year of every column; what was bought off of statistics counts in the last lived
    year."""
    year = np.zeros(count, dtype=int)
    for name, block in d.programme.columns.items():
        at = block.index
        if name.startswith(STATISTICS):
            year[at] = d.years.index(d.lived) if d.lived in d.years else 0
            continue
        if name in _REFITS:
            year[at] = d.refits.year
            continue
        axis = _YEAR_AXIS.get(name, {2: 1, 3: 2, 4: 2}[at.ndim])
        steps = np.arange(d.T)[-at.shape[axis]:].reshape([-1 if a == axis else 1 for a in range(at.ndim)])
        year[at] = np.broadcast_to(steps, at.shape)
    return year


def row_years(whole: Assembled, columns: np.ndarray) -> np.ndarray:
    """(k,) position of the latest year among the columns (n,) of every row of K."""
    K = whole.complete.K
    found = np.zeros(K.shape[0], dtype=int)
    np.maximum.at(found, np.repeat(np.arange(K.shape[0]), np.diff(K.indptr)), columns[K.indices])
    return found


def by_year(whole: Assembled, owners: Owners, division: Division, z: np.ndarray, prices: np.ndarray,
            multipliers: np.ndarray) -> Yearly:
    """Divide every year of a programme that was divided as a whole; arguments as `owen_division.divide`."""
    c, d = whole.complete, whole.draft
    T, R = d.T, len(owners.provinces)
    columns = column_years(d, len(z))
    rows, products = row_years(whole, columns), np.repeat(np.arange(T), len(PLACED) * d.G + 3)
    dual = np.where(np.isfinite(np.where(multipliers > 0, c.k_lower, c.k_upper)), multipliers, 0.0)
    bears, receives, own_cost = (np.zeros((T, R)) for _ in range(3))
    np.add.at(bears, products, owners.products * division.product_value[:, None])
    np.add.at(bears, columns, owners.columns * division.column_value[:, None])
    np.add.at(own_cost, columns, np.abs(owners.columns * (c.cost * z)[:, None]))
    values = owners.rows * division.row_value[:, None]
    spread = _budgets(whole, columns, z)
    for row, used in spread.items():
        bears += used[:, None] * values[row]
        values[row] = 0.0
    np.add.at(bears, rows, values)
    for r in range(R):
        own = z * owners.columns[:, r]
        delivered = prices * (c.B @ own - c.M.product(own)) - owners.products[:, r] * division.product_value
        receives[:, r] += np.bincount(products, weights=delivered, minlength=T)
        made = dual * (c.K @ own) - owners.rows[:, r] * division.row_value
        for row, used in spread.items():
            part = c.K[[row]].multiply(own).toarray()[0]
            receives[:, r] += dual[row] * np.bincount(columns, weights=part, minlength=T) - used * (
                owners.rows[row, r] * division.row_value[row])
            made[row] = 0.0
        receives[:, r] += np.bincount(rows, weights=made, minlength=T)
    share = own_cost / own_cost.sum(axis=0)
    bears += share * (division.closed - bears.sum(axis=0))
    return Yearly(bears, _closed(receives, division.transfer, share))


def _budgets(whole: Assembled, columns: np.ndarray, z: np.ndarray) -> dict[int, np.ndarray]:
    """Row of K -> (T,) shares of the years in what the nation uses of a budget over all years."""
    found, d, K = {}, whole.draft, whole.complete.K
    for label, (name, _) in d.names.items():
        if name == _BUDGET:
            row = int(whole.kept(d.programme.rows[label].index)[0])
            at = slice(K.indptr[row], K.indptr[row + 1])
            used = np.bincount(columns[K.indices[at]], weights=K.data[at] * z[K.indices[at]], minlength=d.T)
            found[row] = used / used.sum() if used.sum() else np.full(d.T, 1.0 / d.T)
    return found


def _closed(received: np.ndarray, total: np.ndarray, share: np.ndarray) -> np.ndarray:
    """What the gap leaves open put where costs are: columns sum to `total` (R,), rows to zero."""
    open_r, open_t = total - received.sum(axis=0), received.sum(axis=1)
    years = share.mean(axis=1)
    size = np.abs(total) / np.abs(total).sum() if np.abs(total).sum() > 0 else np.full(len(total), 1 / len(total))
    found = received + years[:, None] * open_r - (open_t + years * open_r.sum())[:, None] * size
    return np.stack([zero_sum(row) for row in found])
