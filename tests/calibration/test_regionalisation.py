"""The provinces joined: every identity of E2 and E3 on the 2020 table with provincial accounts made up at random."""

from types import SimpleNamespace

import numpy as np
import pytest

from calibration.electricity_trade import read_facts
from calibration.national_table import national_table
from calibration.provincial_accounts import provincial_accounts
from calibration.regional_margins import regional_margins
from calibration.regionalisation import regionalise
from io_tables.classification import provinces
from io_tables.errors import InputError


@pytest.fixture(scope="module")
def national():
    return national_table()


@pytest.fixture(scope="module")
def accounts(national):
    rng = np.random.default_rng(2020)
    size = rng.lognormal(0, 0.8, 31)
    output = size[:, None] * rng.lognormal(0, 0.5, (31, len(national.industries)))
    power = read_facts()
    output[:, national.industries.index("electricity")] = power.generation
    output[:, national.industries.index("Electricity and heat")] = power.consumption
    output *= national.output / output.sum(axis=0)
    ratio = national.value_added / national.output
    tilt = rng.uniform(0.9, 1.1, output.shape)
    added = ratio[:, None, :] * output * tilt
    added *= (national.value_added / added.sum(axis=1))[:, None, :]
    return SimpleNamespace(output=output, value_added=added)


@pytest.fixture(scope="module")
def regional(national, accounts):
    return regionalise(national, accounts)


def close(found, expected, tolerance=1e-9):
    scale = np.maximum(np.abs(expected), 1e-6 * np.abs(expected).max())
    assert (np.abs(found - expected) / scale).max() < tolerance


def test_rows_balance_in_every_province(regional):
    delivered = np.einsum("irs,si->ri", regional.trade_shares, regional.demand)
    close(delivered + regional.inventories + regional.exports, regional.output)


def test_columns_balance_in_every_province(regional):
    inputs = (regional.domestic_coefficients + regional.import_coefficients).sum(axis=1) * regional.output
    close(inputs + regional.value_added.sum(axis=0), regional.output)


def test_provinces_sum_to_the_national_table(national, regional):
    x = regional.output
    close(np.einsum("sij,sj->ij", regional.domestic_coefficients, x), national.Zd)
    close(np.einsum("sij,sj->ij", regional.import_coefficients, x), national.Zm)
    close(regional.final_use.sum(axis=0), national.final)
    close(regional.final_imports.sum(axis=0), national.final_imports)
    close(regional.imports.sum(axis=0), national.imports)
    close(regional.exports.sum(axis=0), national.exports)
    close(regional.inventories.sum(axis=0), national.inventories)


def test_spending_and_net_outflow_make_provincial_gdp(regional):
    spending = (regional.final_use + regional.final_imports).sum(axis=(1, 2))
    spending += (regional.inventories + regional.inventory_imports).sum(axis=1)
    outflow = regional.diagnostics.outflow.sum(axis=1) - regional.diagnostics.inflow.sum(axis=1)
    gdp = spending + regional.exports.sum(axis=1) + outflow - regional.imports.sum(axis=1)
    close(gdp, regional.value_added.sum(axis=(0, 2)))
    close(regional.diagnostics.net_outflow, outflow)
    assert abs(outflow.sum()) < 1e-9 * regional.output.sum()


def test_nothing_is_negative_and_trade_shares_sum_to_one(regional):
    signed = {"inventories", "inventory_imports", "value_added", "diagnostics"}
    for name in set(vars(regional)) - signed:
        assert getattr(regional, name).min() >= 0, name
    assert regional.supply.min() >= 0 and regional.demand.min() >= 0
    assert np.abs(regional.trade_shares.sum(axis=1) - 1).max() < 1e-12


def test_local_goods_stay_and_others_cross(national, regional):
    goods = regional.diagnostics.local_goods
    assert {"Construction", "Education", "heat"} <= set(goods)
    for name in goods:
        np.testing.assert_allclose(regional.trade_shares[national.industries.index(name)], np.eye(31), atol=1e-9)
    i = national.industries.index("Electronic equipment")
    assert np.diag(regional.trade_shares[i]).max() < 0.9


def test_electricity_is_used_where_the_balance_says(national, regional):
    i = national.industries.index("electricity")
    use = regional.demand[:, i] / regional.demand[:, i].sum()
    consumption = read_facts().consumption
    np.testing.assert_allclose(use, consumption / consumption.sum(), rtol=0.1, atol=1e-4)
    assert regional.diagnostics.electricity_money_change < 0.3


def test_tibet_buys_in_the_pattern_of_qinghai(national, regional):
    tibet, qinghai = (provinces().index(p) for p in ("Tibet", "Qinghai"))
    i, k = (national.industries.index(name) for name in ("Chemicals", "Transport equipment"))
    for j in range(0, len(national.industries), 7):
        pattern = regional.domestic_coefficients[:, i, j] / regional.domestic_coefficients[:, k, j]
        assert pattern[tibet] == pytest.approx(pattern[qinghai], rel=1e-8)


def test_the_estimated_accounts_of_2020_close_with_plausible_trade(national):
    regional = regionalise(national, provincial_accounts(national))
    report = regional_margins(national, regional)
    scale = report.groupby("margin")["published"].transform(lambda v: v.abs().max())
    assert (report["residual"].abs() / scale).max() < 1e-9
    crossing = np.minimum(regional.diagnostics.outflow, regional.diagnostics.inflow).sum()
    both = (regional.diagnostics.outflow + regional.diagnostics.inflow).sum()
    # Half of what provinces trade is cross-hauled in the tables of 2007.
    assert 0.35 < 2 * crossing / both < 0.6
    # Customs: the southern and eastern coast sends far more abroad than the west.
    share = regional.exports.sum(axis=1) / regional.value_added.sum(axis=(0, 2))
    coast, west = ([provinces().index(p) for p in names] for names in (
        ("Guangdong", "Zhejiang", "Jiangsu", "Shanghai"), ("Gansu", "Qinghai", "Tibet", "Guizhou")))
    assert share[coast].min() > 3 * share[west].max()


def test_accounts_that_miss_the_nation_are_named(national, accounts):
    wrong = SimpleNamespace(output=accounts.output * 1.001, value_added=accounts.value_added)
    with pytest.raises(InputError, match="provincial output: Agriculture"):
        regionalise(national, wrong)


def test_every_margin_of_the_report_closes(national, regional):
    report = regional_margins(national, regional)
    assert report["published"].sum() > 1e6 and not report.isna().any().any()
    scale = report.groupby("margin")["published"].transform(lambda v: v.abs().max())
    assert (report["residual"].abs() / scale).max() < 1e-9
    assert (report.groupby("margin").size() >= 4).all()
