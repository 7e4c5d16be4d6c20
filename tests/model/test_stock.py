"""Vintaged stocks against closed forms: steady states, survivors, book values, and the stock identity."""

from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from io_tables.errors import InputError
from model.technology.stock import (
    WEIBULL_SHAPE,
    book_value,
    cohort_survival,
    follow_target,
    retire_early,
    retrofit,
    stranded_value,
    survival,
    surviving,
)


def test_fixed_lifetime_steady_state_is_additions_times_lifetime():
    """Constant additions a and lifetime L: stock a L; to hold it, a = stock / L for ever."""
    path = follow_target(np.full((1, 60), 20.0), [20.0])
    assert path.additions[0, 0] == 20.0 and path.additions[0, 20] == 20.0  # echo of the first year
    held = follow_target(np.minimum(np.arange(1, 81), 20)[None] * 1.0, [20.0])
    np.testing.assert_allclose(held.additions, 1.0)
    np.testing.assert_allclose(held.stock[0, 20:], 20.0)
    np.testing.assert_allclose(held.natural[0, 20:], 1.0)


def test_exponential_lifetime_has_the_geometric_sum_as_steady_state():
    """Weibull with shape 1 is exponential: sum over ages of exp(-a/L) = 1 / (1 - exp(-1/L))."""
    lifetime, years = 10.0, 400
    stock = survival(np.arange(years), lifetime, shape=1.0).sum()
    assert stock == pytest.approx(1 / (1 - exp(-1 / lifetime)), rel=1e-12)
    path = follow_target(np.full((1, years), stock), [lifetime], shape=1.0)
    assert path.additions[0, -1] == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("shape", [1.0, 2.0, WEIBULL_SHAPE])
def test_weibull_mean_is_the_lifetime(shape):
    age = np.linspace(0, 400, 400_001)
    assert np.trapezoid(survival(age, 25.0, shape=shape), age) == pytest.approx(25.0, rel=1e-6)


def test_survivors_add_up_over_a_vintage_bin():
    """Five years of one unit each, fixed life of 30 years: units leave one by one as they reach it."""
    share = cohort_survival([2000], np.arange(1999, 2033), 30.0, width=5)[0]
    np.testing.assert_allclose(share[0], 0.0)
    np.testing.assert_allclose(share[1:27], 1.0)  # 2000 ... 2025: the oldest was built in 1996
    np.testing.assert_allclose(share[27:32], [0.8, 0.6, 0.4, 0.2, 0.0])


def test_stock_of_the_base_year_is_its_own_reference():
    left = surviving([[3.0, 5.0]], [1980, 2020], [2020, 2030, 2060], [30.0], base_year=2020)
    np.testing.assert_allclose(left[0, :, 0], [3.0, 5.0])
    np.testing.assert_allclose(left[0, 0], [3.0, 0.0, 0.0])  # past its life: gone within the first five years
    np.testing.assert_allclose(left[0, 1], [5.0, 5.0, 0.0])
    half = surviving([[3.0]], [1980], [2022.5], [30.0], base_year=2020)
    assert half[0, 0, 0] == pytest.approx(1.5)


def test_surviving_stock_never_rises():
    left = surviving(np.ones((1, 9)), np.arange(1980, 2021, 5), np.arange(2020, 2061), [35.0], base_year=2020,
                     shape=WEIBULL_SHAPE)
    assert np.all(np.diff(left, axis=2) <= 1e-12)
    np.testing.assert_allclose(left[:, :, 0], 1.0)


targets = st.lists(st.floats(0, 100), min_size=3, max_size=40)


@settings(max_examples=60, deadline=None)
@given(targets, st.integers(2, 30), st.one_of(st.none(), st.floats(1.0, 6.0)), st.floats(0, 50))
def test_stock_identity_holds_to_rounding_for_any_target(path, lifetime, shape, first):
    target = np.array([path])
    initial = first * np.append(1.0, survival(np.arange(len(path)), lifetime, shape=shape))[None]
    result = follow_target(target, [float(lifetime)], initial=initial, shape=shape)
    assert result.identity() < 1e-12
    np.testing.assert_allclose(result.stock, target, rtol=1e-12, atol=1e-10)
    assert np.all(result.additions >= 0) and np.all(result.early >= 0) and np.all(result.natural >= -1e-10)
    initial_total = initial[0, 0]
    added = initial_total + result.additions.sum()
    gone = result.natural.sum() + result.early.sum()
    assert added - gone == pytest.approx(target[0, -1], abs=1e-8)
    assert np.all(result.additions * result.early == 0)  # never both in one year


def test_a_falling_target_retires_the_oldest_first():
    result = follow_target([[10.0, 20.0, 4.0]], [50.0])
    np.testing.assert_allclose(result.early_by_cohort[0, :, 2], [0.0, 10.0, 6.0, 0.0])
    np.testing.assert_allclose(result.early, [[0.0, 0.0, 16.0]])


def test_book_value_is_a_straight_line():
    np.testing.assert_allclose(book_value([0, 10, 15, 30, 40], 30.0), [1.0, 2 / 3, 0.5, 0.0, 0.0])


def test_stranded_value_of_evenly_aged_stock_is_half_of_the_investment():
    """Ages 0.5 ... 29.5 of a life of 30: the mean remaining value is exactly one half."""
    vintages = 2030 - (np.arange(30) + 0.5)
    value = stranded_value(np.ones((1, 30, 1)), vintages, [2030], [30.0], np.full((1, 30), 36.0))
    assert value[0, 0] == pytest.approx(0.5 * 36.0 * 30, rel=1e-12)


def test_early_retirement_of_half_the_fleet_takes_the_old_half():
    retired = retire_early([[4.0, 3.0, 3.0]], [5.0])
    np.testing.assert_allclose(retired, [[4.0, 1.0, 0.0]])
    np.testing.assert_allclose(retire_early([[4.0, 3.0]], [9.0]), 0.0)


def test_retrofit_moves_capacity_and_keeps_every_vintage():
    before = np.array([[5.0, 5.0, 5.0], [0.0, 0.0, 1.0]])
    after = retrofit(before, 0, 1, 7.0)
    np.testing.assert_allclose(after, [[5.0, 3.0, 0.0], [0.0, 2.0, 6.0]])
    np.testing.assert_allclose(after.sum(axis=0), before.sum(axis=0))
    with pytest.raises(InputError, match="15 stands"):
        retrofit(before, 0, 1, 16.0)


def test_impossible_stocks_are_refused():
    with pytest.raises(InputError, match="never rise"):
        follow_target([[1.0, 1.0]], [5.0], initial=[[1.0, 2.0, 1.0]])
    with pytest.raises(InputError, match="negative"):
        follow_target([[-1.0]], [5.0])
    with pytest.raises(InputError, match="lifetime"):
        survival(3, 0.0)
