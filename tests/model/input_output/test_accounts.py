"""The three accounts: the worked case, identities on random tables, and the labelled wrapper."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import random_flows, random_mrio

from io_tables.errors import InputError
from io_tables.mrio import Mrio
from model.input_output.accounts import accounts
from model.input_output.table_accounts import DOMESTIC_TECHNOLOGY, SUPPLIED_FACTOR, table_accounts

Z = np.array([[40, 30, 10, 5], [20, 25, 5, 15], [8, 6, 60, 20], [4, 10, 15, 30]], dtype=float)
Y = np.array([[80, 15], [50, 25], [20, 96], [10, 81]], dtype=float)
F = np.array([90, 20, 200, 30], dtype=float)
REGIONS = np.array([0, 0, 1, 1])


def test_worked_two_region_case():
    found = accounts(Z, Y, F, REGIONS)
    np.testing.assert_allclose(found.production, [[110, 230]])
    np.testing.assert_allclose(found.transfers, [[[76.763579, 33.236421], [49.554611, 180.445389]]], atol=5e-7)
    np.testing.assert_allclose(found.consumption, [[126.318189, 213.681811]], atol=1e-6)
    np.testing.assert_allclose(found.income, [[124.359691, 215.640309]], atol=5e-7)
    np.testing.assert_array_equal(found.exported, [[0, 0]])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**31))
def test_totals_agree_and_net_transfers_vanish(regions, sectors, seed):
    flows, demand, emissions, index = random_flows(regions, sectors, seed)
    found = accounts(flows, demand, emissions, index)
    total = emissions.sum(axis=1)
    np.testing.assert_allclose(found.production.sum(1), total, rtol=1e-12)
    np.testing.assert_allclose(found.income.sum(1), total, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose((found.consumption + found.exported).sum(1), total, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.transfers.sum(2) + found.exported, found.production, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.net_transfers.sum((1, 2)), 0, atol=1e-10)
    np.testing.assert_allclose(found.net_transfers, -found.net_transfers.transpose(0, 2, 1), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 4), st.integers(1, 4), st.integers(0, 2**31))
def test_accounts_equal_the_textbook_matrices(regions, sectors, seed):
    """Against L, G and diagonal matrices written out."""
    flows, demand, emissions, index = random_flows(regions, sectors, seed, sparse=0)
    x = flows.sum(1) + demand.sum(1)
    where = (index[None] == np.arange(regions)[:, None]).astype(float)
    L = np.linalg.inv(np.eye(x.size) - flows @ np.diag(1 / x))
    G = np.linalg.inv(np.eye(x.size) - np.diag(1 / x) @ flows)
    found = accounts(flows, demand, emissions, index)
    for m in range(2):
        transfers = where @ np.diag(emissions[m] / x) @ L @ demand
        np.testing.assert_allclose(found.transfers[m], transfers[:, :regions], rtol=1e-9)
        np.testing.assert_allclose(found.exported[m], transfers[:, regions], rtol=1e-9)
        income = np.diag(x - flows.sum(0)) @ G @ (emissions[m] / x)
        np.testing.assert_allclose(found.income[m], where @ income, rtol=1e-8)


def test_an_idle_sector_adds_nothing():
    wide = np.zeros((5, 5))
    wide[:4, :4] = Z
    found = accounts(wide, np.vstack([Y, [0, 0]]), [*F, 0], np.array([0, 0, 1, 1, 1]))
    np.testing.assert_allclose(found.transfers, accounts(Z, Y, F, REGIONS).transfers)
    with pytest.raises(InputError, match=r"sector 4.*no output"):
        accounts(wide, np.vstack([Y, [0, 0]]), [*F, 7], np.array([0, 0, 1, 1, 1]))


@pytest.mark.parametrize(("change", "said"), [
    ({"Z": Z[:3]}, "square"), ({"Y": Y[:, :1]}, "Y"), ({"Y": Y[:3]}, "Y"), ({"F": F[:3]}, "F"),
    ({"regions": np.array([0, 0, 1])}, "regions"), ({"regions": np.array([0.5, 0, 1, 1])}, "regions"),
    ({"regions": np.array([-1, 0, 1, 1])}, "regions"), ({"Y": np.where(Y == 96, np.nan, Y)}, "(2, 1)"),
    ({"Y": Y - 200}, "negative"), ({"Z": np.where(Z == 60, np.inf, Z)}, "Z"),
])
def test_mistakes_are_named(change, said):
    with pytest.raises(InputError) as caught:
        accounts(**{"Z": Z, "Y": Y, "F": F, "regions": REGIONS, **change})
    assert said in str(caught.value)


def test_accounts_need_little_memory_beyond_the_table():
    """n = 400, R = 10, ten rows: below twice the table (one factor and the right-hand sides)."""
    rng = np.random.default_rng(0)
    n, flows = 400, rng.random((400, 400))
    demand = rng.random((n, 10)) * 40 + 20
    rows, index = rng.random((10, n)), np.repeat(np.arange(10), 40)
    accounts(flows, demand, rows, index)
    tracemalloc.start()
    accounts(flows, demand, rows, index)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * flows.nbytes


def test_table_accounts_close_with_exports_imports_and_an_error_column():
    table = random_mrio(3, 4, seed=7)
    with_error = Mrio(**{**vars_of(table), "error": np.linspace(0, 2, table.n), "Y": table.Y})
    for subject in (table, with_error):
        found = table_accounts(subject)
        assert found.extensions == ("CO2", "energy 0", "energy 1")
        total = found.totals.production.sum(1)
        parts = found.totals.consumption + found.totals.exported + found.unallocated
        np.testing.assert_allclose(parts.sum(1), total, rtol=1e-10)
        income = found.totals.income.sum(1) + found.income_abroad + found.income_unbalanced
        np.testing.assert_allclose(income, total, rtol=1e-10)
        np.testing.assert_allclose(found.by_sector.sum(1), found.totals.consumption, rtol=1e-10)
        np.testing.assert_allclose(found.by_product.sum(1), found.totals.consumption, rtol=1e-10)
        household = [i for i, (r, _) in enumerate(found.final_demand) if r == "region 1"]
        np.testing.assert_allclose(found.by_category[:, household].sum(1), found.totals.consumption[:, 1], rtol=1e-10)
    assert np.abs(found.unallocated).max() > 0 and np.abs(found.income_unbalanced).max() > 0
    np.testing.assert_allclose(table_accounts(table).income_unbalanced, 0, atol=1e-10)


def test_income_counts_domestic_value_added_only():
    """The array function's income is the wrapper's plus what foreign inputs enabled."""
    table = random_mrio(2, 3, seed=1)
    by_region, abroad = table.final_use_by_region()
    plain = accounts(table.Z, np.column_stack([by_region, abroad]), table.extensions["CO2"], table.region_index)
    found = table_accounts(table, ["CO2"])
    np.testing.assert_allclose(found.totals.transfers, plain.transfers)
    assert (found.totals.income < plain.income).all()
    np.testing.assert_allclose(found.totals.income.sum() + found.income_abroad, plain.income.sum())


def test_domestic_technology_equals_total_requirements_for_one_region():
    """One region: domestic + imported emissions = f (I - A_d - A_m)^-1 (y_d + y_m), by algebra."""
    table = random_mrio(1, 5, seed=4)
    found = table_accounts(table, ["CO2"], imports=DOMESTIC_TECHNOLOGY)
    total = (table.Z + table.imports) / table.x
    demand = table.Y[:, :2].sum(1) + table.final_imports[:, :2].sum(1)
    expected = table.extensions["CO2"] / table.x @ np.linalg.solve(np.eye(5) - total, demand)
    np.testing.assert_allclose(found.totals.consumption[0, 0] + found.imported[0, 0], expected)


def test_supplied_factors_price_each_imported_commodity():
    table = random_mrio(2, 3, seed=2)
    unit = table_accounts(table, ["CO2"], imports=SUPPLIED_FACTOR, import_factors=np.ones(3))
    # A factor of one counts the money of all imports, inputs and final goods.
    np.testing.assert_allclose(unit.imported.sum() + unit.imported_for_exports.sum(),
                               table.imports.sum() + table.final_imports.sum())
    frame = unit.frame()
    assert set(frame["account"]) >= {"production", "consumption", "imported (supplied factor)"}
    assert unit.transfers("CO2").loc["region 0", "region 1"] == unit.totals.transfers[0, 0, 1]


def test_own_rows_may_be_accounted_for():
    table = random_mrio(2, 3, seed=5)
    both = table.extensions["energy"]
    total = table_accounts(table, {"all energy": both.sum(axis=0)})
    apart = table_accounts(table, ["energy"])
    np.testing.assert_allclose(total.totals.transfers[0], apart.totals.transfers.sum(axis=0))
    with pytest.raises(InputError, match="shape"):
        table_accounts(table, {"short": np.ones(3)})


def test_wrapper_mistakes_are_named():
    table = random_mrio(2, 3)
    with pytest.raises(InputError, match="CO2"):
        table_accounts(table, ["CO"])
    with pytest.raises(InputError, match="domestic technology"):
        table_accounts(table, imports="domestic technolgy")
    with pytest.raises(InputError, match="import_factors"):
        table_accounts(table, imports=SUPPLIED_FACTOR, import_factors=np.ones(2))
    bare = Mrio(table.regions, table.sectors, table.Z, table.Y, table.value_added,
                final_demand=table.final_demand, extensions=table.extensions)
    with pytest.raises(InputError, match="no imports"):
        table_accounts(bare, imports=DOMESTIC_TECHNOLOGY)


def vars_of(table):
    return {name: getattr(table, name) for name in (
        "regions", "sectors", "Z", "Y", "value_added", "imports", "final_imports", "final_demand", "extensions",
        "value_added_labels")}
