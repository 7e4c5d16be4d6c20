"""The national table with products is the official table, only finer (E9)."""

import csv

import numpy as np
import pytest

from calibration.national_splits import group_table, parts_table, product_prices, read_rows
from calibration.national_table import national_table, official_table
from io_tables.classification import products, sectors
from io_tables.errors import InputError


@pytest.fixture(scope="module")
def table():
    return national_table()


@pytest.fixture(scope="module")
def official():
    return official_table()


def test_value_added_is_the_official_total(table):
    assert table.value_added.sum() == pytest.approx(1_016_422.00125, rel=1e-8)


def test_published_cells_were_changed_by_rounding_only(official):
    assert 0 < official.closed_rounding <= 0.6001e-4


@pytest.mark.parametrize("name", ["Zd", "Zm"])
def test_intermediate_use_adds_up_to_every_official_cell(table, official, name):
    added = table.by_sector(table.by_sector(getattr(table, name)), axis=1)
    expected = getattr(official, name)
    np.testing.assert_allclose(added, expected, rtol=1e-9, atol=1e-12)


def test_final_use_adds_up_to_every_official_cell(table, official):
    for split, whole in ((table.final, official.final), (table.final_imports, official.final_imports)):
        added = table.by_sector(split)
        np.testing.assert_allclose(added[:, :3].sum(1), whole[:, 0], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(added[:, 3], whole[:, 1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["inventories", "inventory_imports", "exports", "reexports", "output"])
def test_other_columns_add_up_to_the_official_ones(table, official, name):
    np.testing.assert_allclose(table.by_sector(getattr(table, name)), getattr(official, name), rtol=1e-9, atol=1e-9)


def test_value_added_components_add_up_with_their_signs(table, official):
    np.testing.assert_allclose(table.by_sector(table.value_added, axis=1), official.value_added, rtol=1e-9, atol=1e-9)
    tax = table.value_added[1]
    negative = [k for k, v in zip(table.industries, tax) if v < 0]
    assert negative == ["Agriculture", "Electronic equipment"]


def test_every_industry_balances_by_row_and_column(table):
    assert all(v < 1e-9 for v in table.check().values())


def test_imports_close_by_commodity_without_reexports(table, official):
    expected = official.Zm.sum(1) + official.final_imports.sum(1) + official.inventory_imports
    np.testing.assert_allclose(table.by_sector(table.imports), expected, rtol=1e-9, atol=1e-9)
    assert table.reexports.sum() > 0


def test_nothing_is_negative_but_inventories_and_net_tax(table):
    for array in (table.Zd, table.Zm, table.final, table.final_imports, table.exports, table.reexports):
        assert array.min() >= 0
    value_added = table.value_added.sum(0)
    assert (value_added > 0).all() and (value_added < table.output).all()


def test_industries_are_the_sectors_then_the_products_with_a_row(table):
    assert table.industries[:42] == sectors().keys
    driven = tuple(p for p in products().keys if products().rows[p]["driver"] == "output")
    assert table.industries[42:] == driven == table.products
    for key, sector in zip(table.industries[42:], table.industry_sector[42:]):
        assert products().rows[key]["sector"] == sector


def test_money_is_price_times_physical_output(table):
    np.testing.assert_allclose(table.price * table.physical_output, table.output[42:], rtol=1e-12)


def test_rural_urban_government_are_the_153_sector_totals(table):
    _, _, _, _, final = group_table()
    np.testing.assert_allclose(
        (table.final + table.final_imports).sum(0), final[:, :4].sum(0), rtol=1e-6)


def test_the_153_sectors_add_up_to_the_42(official):
    groups, sector, use, value_added, final = group_table()
    index = np.array([sectors().keys.index(sector[g]) for g in groups])
    added = np.zeros((42, 42))
    np.add.at(added, (index[:, None], index[None, :]), use)
    # Both tables are rounded to 0.1 x 10^4 yuan per cell; a cell sums up to 225 of the 153-sector table.
    np.testing.assert_allclose(added, official.Zd + official.Zm, atol=1e-3)
    np.testing.assert_allclose(np.bincount(index, final[:, 6]), official.Zm.sum(1) + official.final_imports.sum(1)
                               + official.inventory_imports + official.reexports, atol=1e-3)


def test_industrial_electricity_follows_physical_use(table):
    """Where buyers are not bounded, the row divided by the price reproduces the published TWh within the scaling."""
    use = {r["user"]: float(r["value"]) for r in read_rows("national_electricity_use.csv")}
    row = table.Zd[table.industries.index("electricity")] / table.price[table.products.index("electricity")]
    keys = [k for k in ("steel", "Coal mining", "cement", "Textiles", "Wholesale and retail", "Metal products")]
    ratio = np.array([row[table.industries.index(k)] / use[k] for k in keys])
    assert ratio.max() / ratio.min() < 1.35


def test_products_worth_more_than_their_group_are_refused():
    groups, *_, final = group_table()
    output = dict(zip(groups, final[:, -1]))
    output["non-ferrous metals"] = 1000.0
    with pytest.raises(InputError, match="lower a price"):
        product_prices(output)


def test_parts_of_a_group_add_up_to_the_group():
    groups, _, use, _, final = group_table()
    parts, _ = parts_table()
    index = np.array([groups.index(g) for g in parts.group])
    added = np.zeros_like(use)
    np.add.at(added, (index[:, None], index[None, :]), parts.use)
    np.testing.assert_allclose(added, use, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.bincount(index, parts.imports), final[:, 6], rtol=1e-9, atol=1e-9)


def test_products_lie_in_the_sectors_and_codes_of_the_product_list():
    code_group = {r["code_153"]: r["group"] for r in read_rows("sector_concordance_153.csv")}
    for row in read_rows("national_product_prices.csv"):
        codes = products().rows[row["product"]]["codes_153"].split(";")
        assert {code_group[c] for c in codes} == {row["group"]}, row["product"]


@pytest.mark.working_data
def test_official_cells_are_carried_over_unchanged(working_data, official):
    path = working_data / "economy" / "io_national" / "china_2020_42_noncompetitive.csv"
    with open(path, encoding="utf-8-sig", newline="") as handle:
        rows = {(r["Origin"], r["Code"]): r for r in csv.DictReader(handle)}
    codes = sectors().codes
    tables = (("Domestic", official.Zd, official.exports), ("Imports", official.Zm, official.reexports))
    for origin, Z, exports in tables:
        published = np.array([[float(rows[origin, i][j]) for j in codes] for i in codes])
        np.testing.assert_allclose(Z, published * 1e-4, rtol=1e-12)
        np.testing.assert_allclose(exports, [float(rows[origin, i]["EX"]) * 1e-4 for i in codes], rtol=1e-12)
    tax = [float(rows["TOT", "VA002"][j]) * 1e-4 for j in codes]
    np.testing.assert_allclose(official.value_added[1], tax, rtol=1e-12)
