"""STIRPAT: certified regression results, ridge against an independent solution, and intervals that cover."""

import numpy as np
import pytest

from io_tables.errors import InputError
from model.indicators.stirpat import ols, ridge, ridge_trace, smallest_penalty, stirpat

#: Longley (1967): employment on deflator, GNP, unemployed, armed forces, population, year.
LONGLEY = np.array([
    [60323, 83.0, 234289, 2356, 1590, 107608, 1947], [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
    [60171, 88.2, 258054, 3682, 1616, 109773, 1949], [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
    [63221, 96.2, 328975, 2099, 3099, 112075, 1951], [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
    [64989, 99.0, 365385, 1870, 3547, 115094, 1953], [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
    [66019, 101.2, 397469, 2904, 3048, 117388, 1955], [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
    [68169, 108.4, 442769, 2936, 2798, 120445, 1957], [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
    [68655, 112.6, 482704, 3813, 2552, 123366, 1959], [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
    [69331, 115.7, 518173, 4806, 2572, 127852, 1961], [70551, 116.9, 554894, 4007, 2827, 130081, 1962]])
Y, X = LONGLEY[:, 0], LONGLEY[:, 1:]


def test_least_squares_reproduces_the_certified_longley_values():
    """NIST Statistical Reference Datasets, Longley."""
    found = ols(Y, X)
    np.testing.assert_allclose(found.intercept, -3482258.63459582, rtol=1e-8)
    np.testing.assert_allclose(found.coefficients, [15.0618722713733, -0.358191792925910e-01, -2.02022980381683,
                                                    -1.03322686717359, -0.511041056535807e-01, 1829.15146461355],
                               rtol=1e-7)
    np.testing.assert_allclose(found.standard_errors, [84.9149257747669, 0.334910077722432e-01, 0.488399681651699,
                                                       0.214274163161675, 0.226073200069370, 455.478499142212],
                               rtol=1e-7)
    assert found.r_squared == pytest.approx(0.995479004577296, rel=1e-9)
    assert np.sqrt(found.residual_variance) == pytest.approx(304.854073561965, rel=1e-9)
    assert found.degrees_of_freedom == pytest.approx(9)


def test_variance_inflation_of_longley_is_that_of_the_auxiliary_regressions():
    found = ols(Y, X)
    np.testing.assert_allclose(found.vif, [135.53244, 1788.51348, 33.61889, 3.58893, 399.15102, 758.98060], rtol=1e-6)
    others = np.delete(X, 1, axis=1)
    assert found.vif[1] == pytest.approx(1 / (1 - ols(X[:, 1], others).r_squared), rel=1e-6)


@pytest.mark.parametrize("penalty", [0.01, 0.5, 20.0])
def test_ridge_is_least_squares_with_the_penalty_as_observations(penalty):
    """Independent route: rows sqrt(k) I below the standardised drivers, zeros below the centred y."""
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    rows = np.vstack([Z, np.sqrt(penalty) * np.eye(6)])
    standardised = np.linalg.lstsq(rows, np.concatenate([Y - Y.mean(), np.zeros(6)]), rcond=None)[0]
    found = ridge(Y, X, penalty)
    np.testing.assert_allclose(found.coefficients, standardised / X.std(axis=0), rtol=1e-8)
    # The intercept is unpenalised: the fit passes through the means whatever the penalty.
    assert found.intercept + X.mean(axis=0) @ found.coefficients == pytest.approx(Y.mean(), rel=1e-12)
    correlation, k = np.corrcoef(X.T), penalty / len(Y)
    inverse = np.linalg.inv(correlation + k * np.eye(6))
    np.testing.assert_allclose(found.vif, np.diagonal(inverse @ correlation @ inverse), rtol=1e-7)
    scaled = ridge(Y, X * [1, 1e3, 1, 1e-2, 1, 1], penalty)
    np.testing.assert_allclose(scaled.coefficients * [1, 1e3, 1, 1e-2, 1, 1], found.coefficients, rtol=1e-8)


def test_the_trace_and_the_smallest_penalty_that_calms_every_driver():
    k = smallest_penalty(Y, X)
    assert ridge(Y, X, k).vif.max() == pytest.approx(10, rel=1e-9)
    assert ridge(Y, X, k).vif.max() < 10 <= ridge(Y, X, k * (1 - 1e-6)).vif.max()
    trace = ridge_trace(Y, X, [0.0, k, 10 * k])
    np.testing.assert_allclose(trace.vif[1], ridge(Y, X, k).vif, rtol=1e-9)
    np.testing.assert_allclose(trace.coefficients[0] / X.std(axis=0), ols(Y, X).coefficients, rtol=1e-8)
    assert (np.diff(trace.vif, axis=0) < 0).all()
    assert (np.diff((trace.coefficients**2).sum(axis=1)) < 0).all()
    independent = np.random.default_rng(0).standard_normal((40, 3))
    assert smallest_penalty(independent[:, 0], independent) == 0.0


def test_elasticities_of_a_power_law_are_recovered():
    rng = np.random.default_rng(5)
    P, A, T = np.exp(rng.standard_normal((3, 60)) * [[0.2], [0.5], [0.3]])
    exact = stirpat(2.5 * P**1.1 * A**0.7 * T**-0.4, {"population": P, "affluence": A, "technology": T})
    np.testing.assert_allclose(exact.coefficients, [1.1, 0.7, -0.4], rtol=1e-10)
    assert np.exp(exact.intercept) == pytest.approx(2.5) and exact.penalty == 0
    # A trend shared by all drivers needs a penalty.
    trend = np.linspace(1, 3, 25)
    drivers = {"population": trend**0.5 * np.exp(rng.normal(0, 0.002, 25)), "affluence": trend,
               "technology": trend**-0.8 * np.exp(rng.normal(0, 0.002, 25))}
    found = stirpat(drivers["affluence"] ** 1.5, drivers)
    assert found.penalty > 0 and found.vif.max() < 10


def test_prediction_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        x = rng.standard_normal((13, 2))
        y = 1 + x @ [2.0, -1.0] + rng.standard_normal(13)
        new = rng.standard_normal((1, 2))
        outcome = 1 + new @ [2.0, -1.0] + rng.standard_normal()
        _, low, high = ols(y[:12], x[:12]).predict(new, confidence=0.9)
        hits += int(low[0] <= outcome[0] <= high[0])
    assert 0.86 <= hits / 400 <= 0.94


@pytest.mark.parametrize(("y", "x", "penalty", "message"), [
    (Y, X[:, [0, 0]], 0.0, "X[:, 0], X[:, 1] are exactly collinear"),
    (Y, np.ones((16, 1)), 1.0, "X[:, 0]: does not vary"),
    (Y[:7], X[:7], 0.0, "7 observations for 6 drivers"),
    (Y, X[:, 0], 0.0, "expected (N,) and (N, p)"),
    (Y, X, -1.0, "penalty: -1.0"),
    (np.full(16, np.nan), X, 0.0, "not finite"),
])
def test_mistakes_are_named(y, x, penalty, message):
    with pytest.raises(InputError) as caught:
        ridge(y, x, penalty)
    assert message in str(caught.value)


def test_a_driver_without_logarithm_is_named_and_collinear_ones_take_a_penalty():
    with pytest.raises(InputError, match="affluence: not positive"):
        stirpat([1.0, 2.0], {"population": [1.0, 2.0], "affluence": [0.0, 1.0]})
    assert smallest_penalty(Y, X[:, [0, 0]]) > 0
