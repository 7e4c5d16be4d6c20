"""Prior of the national table with product rows and columns, before it is balanced (E9).

The 153-sector table of the same year, added up to the 42 sectors and to the groups of codes that contain a
product, gives the structure; a product that is only a part of its group takes the group's row and column in the
shares of ``national_product_structure.csv`` (default: its share of the group's output).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from io import StringIO

import numpy as np

from calibration import fact_tables
from io_tables.base_year import FINAL_CATEGORIES, VALUE_ADDED
from io_tables.classification import products, sectors
from io_tables.errors import InputError, Problem

#: Published tables are in 10^4 yuan.
TO_INTERNAL = 1e-4
#: The largest share of what a buyer pays for power and heat that may be generation; the rest is the network charge.
LARGEST_GENERATION_SHARE = 0.9
_VALUE_ADDED_ROWS = ("labour", "net_production_tax", "depreciation", "surplus")
_FINAL_COLUMNS = ("rural", "urban", "government", "fixed_capital", "inventories", "exports", "imports", "output")


@dataclass(frozen=True)
class Parts:
    """The 153-sector table by part: every group of codes cut into its products and the rest.

    industry (K,) : the industry each part belongs to; group, sector (K,) : its group of codes and its sector.
    use (K, K), final (K, 4), value_added (4, K), inventories, exports, imports, output (K,) : 10^8 yuan, domestic
    and imported uses together (competitive table).
    """

    industry: tuple[str, ...]
    group: tuple[str, ...]
    sector: tuple[str, ...]
    use: np.ndarray
    final: np.ndarray
    value_added: np.ndarray
    inventories: np.ndarray
    exports: np.ndarray
    imports: np.ndarray
    output: np.ndarray


@dataclass(frozen=True)
class Prices:
    """Physical output of each product and the price that joins it to money.

    product (P,) keys; physical_output (P,) in `unit`; value (P,) 10^8 yuan; group (P,).
    """

    product: tuple[str, ...]
    group: tuple[str, ...]
    unit: tuple[str, ...]
    physical_output: np.ndarray
    value: np.ndarray

    @property
    def price(self) -> np.ndarray:
        """10^8 yuan per physical unit, (P,)."""
        return self.value / self.physical_output


def read_rows(name: str) -> list[dict[str, str]]:
    """Rows of one of the compact fact tables."""
    return fact_tables.rows(name)


def read_wide(name: str) -> tuple[list[str], list[str], np.ndarray]:
    """Row labels, column labels and numbers (empty cells zero) of a wide fact table."""
    header, *rows = list(csv.reader(StringIO(fact_tables.text(name))))
    return [r[0] for r in rows], header[1:], np.array([[float(v) if v else 0.0 for v in r[1:]] for r in rows])


def product_prices(group_output: dict[str, float]) -> Prices:
    """Money value of each product: physical output x assumed price, or a stated share of its group of codes.

    group_output : 10^8 yuan by group. Raises InputError if products exceed their group or a unit differs from
    products.csv.
    """
    rows = read_rows("national_product_prices.csv")
    value, problems = [], []
    for row in rows:
        key = products().key(row["product"])
        if row["unit"] != products().rows[key]["unit"]:
            problems.append(Problem("national_product_prices.csv", f"{key}: unit {row['unit']}",
                                    f"expected {products().rows[key]['unit']}"))
        if row["group"] not in group_output:
            problems.append(Problem("national_product_prices.csv", f"{key}: unknown group {row['group']}"))
            continue
        whole = group_output[row["group"]]
        value.append(float(row["physical_output"]) * float(row["price"]) if row["price"]
                     else whole * float(row["share_of_group"]))
    for group, whole in group_output.items():
        taken = sum(v for v, row in zip(value, rows) if row["group"] == group)
        if taken > whole * (1 + 1e-12):
            problems.append(Problem("national_product_prices.csv", f"products of {group} are worth {taken:.0f}",
                                    f"the group's output is {whole:.0f} (10^8 yuan); lower a price"))
    if problems:
        raise InputError(problems)
    return Prices(tuple(r["product"] for r in rows), tuple(r["group"] for r in rows), tuple(r["unit"] for r in rows),
                  np.array([float(r["physical_output"]) for r in rows]), np.array(value))


def group_table() -> tuple[list[str], dict[str, str], np.ndarray, np.ndarray, np.ndarray]:
    """Groups (G,), sector of each, intermediate use (G, G), value added (4, G), final columns (G, 8); 10^8 yuan."""
    labels, columns, table = read_wide("national_153_groups.csv")
    groups = labels[: -len(_VALUE_ADDED_ROWS)]
    sector = {r["group"]: sectors().key(r["sector"]) for r in read_rows("sector_concordance_153.csv")}
    if columns != [*groups, *_FINAL_COLUMNS] or labels[len(groups):] != list(_VALUE_ADDED_ROWS):
        raise InputError(Problem("national_153_groups.csv", "rows and columns are not in the same order"))
    n, table = len(groups), table * TO_INTERNAL
    return groups, sector, table[:n, :n], table[n:, :n], table[:n, n:]


def parts_table() -> tuple[Parts, Prices]:
    """The national table by part, and the products' prices."""
    groups, sector, use, value_added, final = group_table()
    output = dict(zip(groups, final[:, _FINAL_COLUMNS.index("output")]))
    prices = product_prices(output)
    industry, group, default = [], [], []
    for g in groups:
        shares = {p: v / output[g] for p, h, v in zip(prices.product, prices.group, prices.value) if h == g}
        rest = 1 - sum(shares.values())
        if rest > 1e-9:
            shares[sector[g]] = rest
        industry += shares
        group += [g] * len(shares)
        default += shares.values()
    default = np.array(default)
    place = [groups.index(g) for g in group]
    row_share, column_share, component_share = _shares(industry, group, groups, default)
    parts_use = use[np.ix_(place, place)] * row_share[:, place] * column_share[:, place].T
    edge = {c: final[place, k] * row_share[:, len(groups) + k] for k, c in enumerate(_FINAL_COLUMNS)}
    parts = Parts(
        tuple(industry), tuple(group), tuple(sector[g] for g in group), parts_use,
        np.stack([edge[c] for c in _FINAL_COLUMNS[:4]], axis=1),
        value_added[:, place] * component_share, edge["inventories"], edge["exports"], edge["imports"],
        final[place, -1] * default,
    )
    return _split_electricity(parts, prices), prices


def _shares(industry, group, groups, default):
    """Share of each part in its group's row (K, G + final columns), column (K, G) and value added (4, K).

    Overrides by partner, then '*', then the share of output; what the products leave is the rest's.
    """
    row = np.repeat(default[:, None], len(groups) + len(_FINAL_COLUMNS), axis=1)
    column = np.repeat(default[:, None], len(groups), axis=1)
    component = np.repeat(default[None, :], len(VALUE_ADDED), axis=0)
    partners = [*groups, *_FINAL_COLUMNS]
    rows = read_rows("national_product_structure.csv")
    problems = []
    for r in sorted(rows, key=lambda r: r["partner"] != "*"):
        allowed = VALUE_ADDED if r["side"] == "value_added" else partners
        if r["product"] not in industry or (r["partner"] not in allowed and r["partner"] != "*"):
            problems.append(Problem("national_product_structure.csv",
                                    f"{r['product']}: unknown partner {r['partner']}"))
            continue
        k, share = industry.index(r["product"]), float(r["share"])
        if r["side"] == "value_added":
            component[VALUE_ADDED.index(r["partner"]), k] = share
        elif r["side"] == "input":
            column[k, groups.index(r["partner"])] = share
        elif r["partner"] == "*":
            row[k, : len(partners) - 1] = share
        else:
            row[k, partners.index(r["partner"])] = share
    for array in (row, column, component.T):
        for g in dict.fromkeys(group):
            members = [k for k in range(len(group)) if group[k] == g]
            if len(members) > 1:
                array[members[-1]] = 1 - array[members[:-1]].sum(0)
    if (row < -1e-12).any() or (column < -1e-12).any() or (component < -1e-12).any():
        problems.append(Problem("national_product_structure.csv", "products take more than all of a cell"))
    if problems:
        raise InputError(problems)
    return np.maximum(row, 0.0), np.maximum(column, 0.0), np.maximum(component, 0.0)


def _split_electricity(parts: Parts, prices: Prices) -> Parts:
    """Rows of electricity from physical use x generation price; the network row keeps what is left (E9).

    Electricity used by a sector whose parts have no figure of their own is spread by what they pay for power and
    heat. A buyer's generation share is bounded by LARGEST_GENERATION_SHARE.
    """
    use = {r["user"]: float(r["value"]) for r in read_rows("national_electricity_use.csv")}
    price = prices.price[prices.product.index("electricity")]
    rows = {k: parts.industry.index(k) for k in ("electricity", "heat")}
    network = next(k for k, g in enumerate(parts.group)
                   if g == parts.group[rows["electricity"]] and parts.industry[k] == g)
    members = [*rows.values(), network]
    paid = np.concatenate([parts.use[members], parts.final[members]], axis=1)
    total, heat = paid.sum(0), paid[1]
    users = [*parts.industry, *FINAL_CATEGORIES]
    owner = [u if u in use else parts.sector[k] if k < len(parts.industry) else None
             for k, u in enumerate(users)]
    weight = {u: sum(t for t, o in zip(total, owner) if o == u) for u in use}
    physical = np.array([use[o] * t / weight[o] if o in use and weight[o] > 0 else 0.0 for o, t in zip(owner, total)])
    electricity = np.minimum(price * physical, np.maximum(LARGEST_GENERATION_SHARE * total - heat, 0.0))
    paid = np.stack([electricity, heat, total - electricity - heat])
    new_use, new_final = parts.use.copy(), parts.final.copy()
    new_use[members], new_final[members] = paid[:, : len(parts.industry)], paid[:, len(parts.industry):]
    return replace(parts, use=new_use, final=new_final)
