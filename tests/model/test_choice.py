"""The rectangular choice of technology against its worked case, duality and closed forms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from io_tables.errors import Infeasible, InputError
from model.technology.choice import choose_technologies

MAKE = np.array([[81, 0, 0], [27, 74, 18], [5, 0, 109]], dtype=float)
USE = np.array([[12, 10, 65], [38, 7, 9], [0, 59, 0]], dtype=float)
DEMAND = np.array([26.0, 20, 68])
FACTORS = np.array([[10, 17, 7], [4, 0, 21], [15, 11, 0], [2, 15, 12]], dtype=float)
PRICES = np.array([1.2, 3.6, 2.7, 2.1])


def with_alternative(factor_use=(30, 0, 11, 5)):
    """The worked case with a copy of industry 2 that needs other factors."""
    return (
        np.vstack([MAKE, MAKE[1]]),
        np.hstack([USE, USE[:, [1]]]),
        DEMAND,
        np.hstack([FACTORS, np.array(factor_use, dtype=float)[:, None]]),
        PRICES,
    )


def test_worked_case_gives_unit_activity_cost_and_published_prices():
    choice = choose_technologies(MAKE, USE, DEMAND, FACTORS, PRICES)
    np.testing.assert_allclose(choice.activity, 1.0, atol=1e-9)
    assert choice.cost == pytest.approx(261.9, abs=1e-9)
    np.testing.assert_allclose(choice.commodity_prices, [2.198446, 2.120862, 2.387105], atol=5e-7)
    np.testing.assert_array_equal(choice.factor_rents, 0.0)


def test_cheaper_copy_of_an_industry_lowers_cost_and_idles_the_old_one():
    choice = choose_technologies(*with_alternative())
    assert choice.cost == pytest.approx(256.5, abs=1e-9)
    np.testing.assert_allclose(choice.activity, [1, 0, 1, 1], atol=1e-9)


def test_a_scarce_factor_earns_a_rent_and_both_techniques_run():
    """Half of the factor that only the cheap copy needs beyond the old one: the mix is a half each."""
    limits = np.array([10 + 7 + 0.5 * 17 + 0.5 * 30, np.inf, np.inf, np.inf])
    choice = choose_technologies(*with_alternative(), factor_limits=limits)
    np.testing.assert_allclose(choice.activity, [1, 0.5, 1, 0.5], atol=1e-9)
    assert choice.cost == pytest.approx(0.5 * (261.9 + 256.5), abs=1e-9)
    # 13 units more of factor 1 save 5.4 of cost
    assert choice.factor_rents == pytest.approx([5.4 / 13, 0, 0, 0], abs=1e-9)


def test_value_of_demand_equals_cost_plus_rents():
    limits = np.array([40.0, np.inf, np.inf, np.inf])
    choice = choose_technologies(*with_alternative(), factor_limits=limits)
    earned = choice.cost + choice.factor_rents[0] * limits[0]
    assert DEMAND @ choice.commodity_prices == pytest.approx(earned, rel=1e-12)
    assert (choice.factor_rents >= 0).all()


def test_running_industries_break_even_and_no_idle_one_would_profit():
    limits = np.array([40.0, np.inf, np.inf, np.inf])
    make, use, demand, factors, prices = with_alternative()
    choice = choose_technologies(make, use, demand, factors, prices, limits)
    profit = (make - use.T) @ choice.commodity_prices - (prices + choice.factor_rents) @ factors
    np.testing.assert_allclose(profit[choice.activity > 1e-9], 0.0, atol=1e-9)
    assert (profit <= 1e-9).all()


def test_infeasible_names_the_factors_that_run_out():
    factors = pd.DataFrame(FACTORS, index=["labour", "land", "water", "capital"])
    with pytest.raises(Infeasible, match="factor 'water'") as caught:
        choose_technologies(MAKE, USE, DEMAND, factors, PRICES, [1e3, 1e3, 20.0, 1e3])
    assert caught.value.clashing == ("factor 'water'",)


def test_infeasible_names_the_commodity_nobody_makes():
    make = MAKE.copy()
    make[:, 1] = 0.0
    with pytest.raises(Infeasible, match="commodity 2"):
        choose_technologies(make, USE, DEMAND, FACTORS, PRICES)


def test_wrong_shapes_are_gathered_in_one_error():
    with pytest.raises(InputError) as caught:
        choose_technologies(MAKE[:, :2], USE, DEMAND[:2], FACTORS, PRICES)
    assert len(caught.value.problems) == 2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_an_added_technique_never_raises_cost_and_doubled_money_changes_no_activity(seed):
    rng = np.random.default_rng(seed)
    n, f = 4, 3
    use = rng.uniform(0, 0.2, (n, n))
    factors, prices, demand = rng.uniform(0.1, 1, (f, n)), rng.uniform(0.5, 2, f), rng.uniform(0, 5, n)
    base = choose_technologies(np.eye(n), use, demand, factors, prices)
    copy = np.vstack([np.eye(n), np.eye(n)[1]]), np.hstack([use, use[:, [1]]])
    more = choose_technologies(*copy, demand, np.hstack([factors, rng.uniform(0.1, 1, (f, 1))]), prices)
    assert more.cost <= base.cost * (1 + 1e-9)
    doubled = choose_technologies(np.eye(n), use, demand, factors, 2 * prices)
    np.testing.assert_allclose(doubled.activity, base.activity, atol=1e-9)
    assert doubled.cost == pytest.approx(2 * base.cost, rel=1e-12)
    # one technique per commodity: the closed form is the Leontief inverse
    np.testing.assert_allclose(base.activity, np.linalg.solve(np.eye(n) - use, demand), atol=1e-8)
