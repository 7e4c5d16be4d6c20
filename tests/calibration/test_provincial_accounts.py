"""Provincial value added and output keep every margin they stand on (E1)."""

import numpy as np
import pytest

from calibration.national_table import national_table, official_table
from calibration.product_outputs import product_shares
from calibration.provincial_accounts import (
    LARGEST_RATIO,
    RATIO_RANGE,
    known_shares,
    provincial_accounts,
)
from calibration.provincial_facts import (
    STRATA,
    SUB_INDUSTRIES,
    provincial_facts,
    stratum_of,
    stratum_sectors,
    sub_industry_sectors,
)
from calibration.provincial_shares import fit_strata, priors, ridge, scaled_strata
from calibration.validation.value_added import held_out_shares, scores
from io_tables.classification import provinces, sectors


@pytest.fixture(scope="module")
def national():
    return national_table()


@pytest.fixture(scope="module")
def facts():
    return provincial_facts()


@pytest.fixture(scope="module")
def accounts(national, facts):
    return provincial_accounts(national, facts)


@pytest.fixture(scope="module")
def by_sector(national, accounts):
    return national.by_sector(accounts.value_added.sum(0), axis=1)


def test_gdp_sums_to_the_input_output_total(accounts):
    assert accounts.gdp.sum() == pytest.approx(1_016_422.00125, rel=1e-8)
    assert (accounts.gdp > 0).all()


def test_provinces_sum_to_the_nation_for_every_industry_and_component(accounts, national):
    np.testing.assert_allclose(accounts.value_added.sum(1), national.value_added, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(accounts.output.sum(0), national.output, rtol=1e-10)


def test_value_added_is_positive_and_below_output_wherever_there_is_output(accounts):
    value_added, output = accounts.value_added.sum(0), accounts.output
    active = output > 0
    assert (value_added[active] > 0).all() and (value_added[active] < output[active]).all()
    assert (np.abs(accounts.value_added[:, ~active]) == 0).all()


def test_only_products_without_a_plant_are_empty(accounts):
    empty = {accounts.industries[j] for j in np.flatnonzero((accounts.output == 0).any(0))}
    assert empty <= {"steel", "aluminium", "glass", "coke_product", "refined_fuel", "ethylene"}
    assert accounts.output[provinces().index("Beijing"), accounts.industries.index("steel")] == 0


def test_strata_are_the_published_ones_times_the_published_factor(accounts, facts, by_sector):
    for s, name in enumerate(STRATA):
        factor = next(f.factor for f in accounts.scale_factors if f.item == name)
        np.testing.assert_allclose(by_sector[:, stratum_sectors(s)].sum(1), facts.strata[:, s] * factor, rtol=1e-8)


def test_sub_industries_are_margins_of_the_table(accounts, by_sector):
    for c, name in enumerate(SUB_INDUSTRIES):
        np.testing.assert_allclose(by_sector[:, sub_industry_sectors(name)].sum(1), accounts.sub_industries[:, c],
                                   rtol=1e-8)


def test_published_values_differ_from_the_table_by_scope_and_closing_only(accounts, facts):
    """published x stratum factor x scope factor x closing = table, and closing is near one."""
    factor = {f.item: f.factor for f in accounts.scale_factors}
    doubtful = (provinces().index("Sichuan"), SUB_INDUSTRIES.index("other services"))
    for c, name in enumerate(SUB_INDUSTRIES):
        s = stratum_of(name)
        for r in np.flatnonzero(np.isfinite(facts.published[:, c])):
            if (r, c) == doubtful:
                continue
            expected = facts.published[r, c] * factor[STRATA[s]] * factor[name] * accounts.closing[r, s - 1]
            assert accounts.sub_industries[r, c] == pytest.approx(expected, rel=1e-6), (r, name)
    assert 0.97 < accounts.closing.min() and accounts.closing.max() < 1.03


def test_service_total_that_misses_its_stratum_makes_the_remainder_doubtful(facts, national):
    prior = priors(facts, national.by_sector(national.value_added.sum(0)))
    shares = known_shares(facts, prior)
    r, c = provinces().index("Sichuan"), SUB_INDUSTRIES.index("other services")
    services = [k for k, n in enumerate(SUB_INDUSTRIES) if stratum_of(n) == 2]
    assert facts.published_share[r, services].sum() < 0.9
    assert shares[r, services].sum() == pytest.approx(1.0)
    assert shares[r, c] > facts.published_share[r, c]


def test_neighbouring_years_stand_in_for_missing_ones(facts, national):
    shares = known_shares(facts, priors(facts, national.by_sector(national.value_added.sum(0))))
    finance = SUB_INDUSTRIES.index("finance")
    for name in ("Henan", "Heilongjiang"):
        r = provinces().index(name)
        assert np.isnan(facts.published[r, finance])
        assert shares[r, finance] == pytest.approx(facts.neighbour_share[r, finance] * facts.year_change[finance])
    r, c = provinces().index("Jiangxi"), SUB_INDUSTRIES.index("construction")
    assert shares[r, c] == pytest.approx(0.181, abs=0.001)


def test_xinjiang_strata_hold_the_published_industry(facts):
    r = provinces().index("Xinjiang")
    assert facts.published[r, SUB_INDUSTRIES.index("industry")] < facts.strata[r, 1]
    assert facts.strata[r, 0] / facts.gdp[r] == pytest.approx(0.144, abs=0.002)


def test_products_with_a_series_follow_it(accounts, national, facts, by_sector):
    steel = national.products.index("steel")
    hebei, jiangsu = (accounts.product_output[provinces().index(p), steel] for p in ("Hebei", "Jiangsu"))
    assert hebei / jiangsu == pytest.approx(249.77 / 121.08, rel=1e-3)
    np.testing.assert_allclose(accounts.product_output.sum(0), national.physical_output, rtol=1e-10)
    shares = product_shares(national, by_sector)
    np.testing.assert_allclose(shares.shares.sum(0), 1.0, rtol=1e-12)
    followed = accounts.product_output / national.physical_output
    for k, fixed in enumerate(shares.follows_series):
        if fixed and national.products[k] in ("steel", "cement", "glass", "aluminium", "electricity", "heat"):
            np.testing.assert_allclose(followed[:, k], shares.shares[:, k], rtol=1e-6, atol=1e-9)


def test_electricity_network_follows_consumption(accounts, national, by_sector):
    network = accounts.output[:, national.industries.index("Electricity and heat")]
    np.testing.assert_allclose(network / network.sum(), product_shares(national, by_sector).network, rtol=1e-6)


def test_money_of_products_is_the_national_price_times_physical_output(accounts, national):
    columns = [national.industries.index(p) for p in national.products]
    np.testing.assert_allclose(accounts.product_output * national.price, accounts.output[:, columns], rtol=1e-12)


def test_value_added_ratios_stay_near_the_national_one(accounts, national):
    value_added, nu = accounts.value_added.sum(0), national.value_added.sum(0) / national.output
    ratio = np.divide(value_added, accounts.output, out=np.broadcast_to(nu, accounts.output.shape).copy(),
                      where=accounts.output > 0)
    assert (ratio >= RATIO_RANGE[0] * nu * (1 - 1e-6)).all()
    assert (ratio <= np.minimum(RATIO_RANGE[1] * nu, LARGEST_RATIO) * (1 + 1e-6)).all()


def test_net_production_tax_keeps_its_sign_in_every_province(accounts, national):
    for name in ("Agriculture", "Electronic equipment"):
        assert (accounts.value_added[1, :, national.industries.index(name)] < 0).all()


def test_ras_of_strata_meets_both_margins():
    rng = np.random.default_rng(7)
    table = rng.uniform(1, 5, (31, len(sectors())))
    strata = np.stack([table[:, stratum_sectors(s)].sum(1) for s in range(3)], axis=1)
    fitted = fit_strata(rng.uniform(1, 5, table.shape), strata, table.sum(0))
    np.testing.assert_allclose(fitted.sum(0), table.sum(0), rtol=1e-8)
    for s in range(3):
        np.testing.assert_allclose(fitted[:, stratum_sectors(s)].sum(1), strata[:, s], rtol=1e-8)


def test_ridge_without_penalty_is_least_squares():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(31, 2))
    y = 1.5 + x @ [0.4, -0.2]
    y[20:] = np.nan
    np.testing.assert_allclose(ridge(x, y, penalty=0.0), 1.5 + x @ [0.4, -0.2], rtol=1e-10)
    shrunk = ridge(x, y, penalty=1e9)
    np.testing.assert_allclose(shrunk, np.nanmean(y), rtol=1e-6)


def test_held_out_province_does_not_see_its_own_services(facts):
    prior = priors(facts, official_table().value_added.sum(0))
    before = held_out_shares(facts, prior)
    r = provinces().index("Shanghai")
    changed = facts.published.copy()
    changed[r] *= 1.3
    after = held_out_shares(type(facts)(**{**facts.__dict__, "published": changed}), prior)
    np.testing.assert_array_equal(before[r], after[r])
    assert not np.array_equal(before, after)


def test_held_out_scores_keep_their_floors_and_beat_the_national_share(tmp_path):
    for score in scores(tmp_path):
        assert score.passed, (score.name, score.value)
        assert score.naive is None or score.value < score.naive


def test_scale_factors_of_strata_sum_to_the_published_totals(accounts, facts, national):
    _, factors = scaled_strata(facts, national.by_sector(national.value_added.sum(0)))
    found = {f.item: f for f in accounts.scale_factors}
    assert sum(found[s].national_table for s in STRATA) == pytest.approx(accounts.gdp.sum(), rel=1e-9)
    assert sum(found[s].provinces for s in STRATA) == pytest.approx(1_011_677.38, rel=1e-6)
    np.testing.assert_allclose([found[s].factor for s in STRATA], factors)
