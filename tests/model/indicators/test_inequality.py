"""Gini, concentration and Theil indices against closed forms and the double sum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from io_tables.errors import InputError
from model.indicators.inequality import (
    absolute_gini,
    concentration,
    gini,
    lorenz,
    many,
    normalised_gini,
    theil,
    theil_decomposition,
)

incomes = st.lists(st.floats(0.01, 1e3), min_size=2, max_size=12)


def _double_sum(y, w):
    w = np.asarray(w) / np.sum(w)
    return 0.5 * np.sum(w[:, None] * w * np.abs(np.subtract.outer(y, y)))


def test_gini_of_a_pareto_distribution():
    shape, n = 3.0, 200_000
    quantiles = (1.0 - (np.arange(n) + 0.5) / n) ** (-1.0 / shape)
    assert gini(quantiles) == pytest.approx(1.0 / (2.0 * shape - 1.0), abs=1e-4)


def test_theil_of_a_lognormal_is_half_its_variance():
    from scipy.stats import norm

    n, sigma = 200_000, 0.6
    values = np.exp(sigma * norm.ppf((np.arange(n) + 0.5) / n))
    assert theil(values) == pytest.approx(sigma**2 / 2, abs=2e-4)
    assert theil(values, index="L") == pytest.approx(sigma**2 / 2, abs=2e-4)


def test_one_who_has_all():
    assert gini([0, 0, 0, 4.0]) == pytest.approx(0.75)
    assert theil([0, 0, 0, 4.0]) == pytest.approx(np.log(4))


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 5)), min_size=2, max_size=10))
def test_absolute_gini_is_the_double_sum_for_any_sign(pairs):
    y, w = np.array(pairs).T
    assert absolute_gini(y, w) == pytest.approx(_double_sum(y, w), abs=1e-9)


@given(incomes, st.floats(0.1, 50))
def test_scaling_leaves_the_gini_and_adding_leaves_the_absolute_one(y, k):
    y = np.array(y)
    assert gini(k * y) == pytest.approx(gini(y), abs=1e-9)
    assert absolute_gini(y + k) == pytest.approx(absolute_gini(y), abs=1e-9)


@given(st.lists(st.floats(-1e3, 1e3).filter(lambda v: abs(v) > 1e-3), min_size=2, max_size=10))
def test_normalised_gini_stays_within_one_where_the_plain_ratio_does_not(y):
    assert -1e-12 <= normalised_gini(y) <= 1.0 + 1e-12


def test_negative_reductions_break_the_plain_ratio_and_are_refused():
    y = [-10.0, 4.0, 7.0]
    assert absolute_gini(y) / np.mean(y) > 5
    with pytest.raises(InputError, match="normalised_gini"):
        gini(y)
    assert normalised_gini([1.0, 2.0, 5.0]) == pytest.approx(gini([1.0, 2.0, 5.0]))


@given(incomes)
def test_ranked_by_itself_concentration_is_the_gini_and_reversed_its_negative(y):
    y = np.array(y)
    assert concentration(y, y) == pytest.approx(gini(y), abs=1e-9)
    assert concentration(y, -y) == pytest.approx(-gini(y), abs=1e-9)


def test_burdens_that_fall_on_the_rich_concentrate_positively_and_ties_share():
    income = np.array([1.0, 2.0, 2.0, 5.0])
    assert concentration([0, 1, 1, 4.0], income) > 0
    assert concentration([0, 2, 0, 4.0], income) == pytest.approx(concentration([0, 1, 1, 4.0], income))
    assert concentration([-1.0, 0, 0, 1.0], income, absolute=True) > 0
    with pytest.raises(InputError, match="mean is zero"):
        concentration([-1.0, 0, 0, 1.0], income)


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.1, 9), st.sampled_from("abc")), min_size=2, max_size=12),
       st.sampled_from("TL"))
@settings(max_examples=60)
def test_theil_is_within_plus_between(rows, index):
    y, w, g = (list(column) for column in zip(*rows, strict=True))
    found = theil_decomposition(y, g, w, index=index)
    assert found.within + found.between == pytest.approx(found.total, abs=1e-10)
    assert found.total == pytest.approx(theil(y, w, index=index), abs=1e-12)
    means = {k: np.average([v for v, h in zip(y, g, strict=True) if h == k],
                           weights=[v for v, h in zip(w, g, strict=True) if h == k]) for k in set(g)}
    assert found.between == pytest.approx(theil([means[k] for k in g], w, index=index), abs=1e-10)


@given(incomes)
def test_a_transfer_from_rich_to_poor_lowers_every_index(y):
    y = np.sort(np.array(y))
    if y[-1] - y[0] < 1e-3:
        return
    moved = y.copy()
    moved[0] += 0.2 * (y[-1] - y[0])
    moved[-1] -= 0.2 * (y[-1] - y[0])
    assert gini(moved) < gini(y) and theil(moved) < theil(y) and theil(moved, index="L") < theil(y, index="L")


def test_rows_at_once_agree_with_one_by_one_and_the_lorenz_curve():
    rng = np.random.default_rng(2)
    rows, w = rng.lognormal(size=(5, 31)), rng.uniform(1, 100, 31)
    ginis, theils = many(rows, w)
    assert ginis == pytest.approx([_double_sum(r, w) / np.average(r, weights=w) for r in rows])
    assert theils == pytest.approx([theil(r, w) for r in rows])
    people, money = lorenz(rows[0], w)
    area = np.sum((money[1:] + money[:-1]) / 2 * np.diff(people))
    assert 1 - 2 * area == pytest.approx(ginis[0])


@pytest.mark.parametrize("call", [lambda: gini([0.0, 0.0]), lambda: theil([-1.0, 2.0]), lambda: gini([1.0, np.nan]),
                                  lambda: theil([0.0, 1.0], index="L"), lambda: gini([1.0, 2.0], [0.0, 0.0]),
                                  lambda: theil([1.0], index="A"), lambda: many([[1.0, -1.0]])])
def test_undefined_indices_are_refused(call):
    with pytest.raises(InputError):
        call()
