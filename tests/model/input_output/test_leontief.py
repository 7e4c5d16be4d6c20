"""The kept factor: textbook numbers, the inverse, single precision, and tables that have no solution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from io_tables.errors import InputError
from model.input_output import leontief
from model.input_output.leontief import Ghosh, Leontief

#: Miller and Blair (2009) section 2.3: two sectors, x = (1000, 2000).
Z = np.array([[150.0, 500.0], [200.0, 100.0]])
X = np.array([1000.0, 2000.0])


def random_coefficients(n, seed):
    rng = np.random.default_rng(seed)
    A = rng.random((n, n)) ** 6
    return A * rng.uniform(0.2, 0.8, n) / A.sum(axis=0)


def test_miller_blair_two_sector_inverse_and_new_demand():
    system = Leontief.from_flows(Z, X)
    np.testing.assert_allclose(system.A, [[0.15, 0.25], [0.20, 0.05]])
    np.testing.assert_allclose(system.inverse(), [[1.2541, 0.3300], [0.2640, 1.1221]], atol=5e-5)
    np.testing.assert_allclose(system.output([600, 1500]), [1247.52, 1841.58], atol=5e-3)
    np.testing.assert_allclose(system.output([350, 1700]), X)


def test_ghosh_passes_primary_inputs_on():
    """Allocation coefficients of the same table: v'G returns gross output, and G = diag(x)^-1 L diag(x)."""
    supply = Ghosh.from_flows(Z, X)
    np.testing.assert_allclose(supply.output(X - Z.sum(axis=0)), X)
    L = Leontief.from_flows(Z, X).inverse()
    np.testing.assert_allclose(supply.inverse(), L * X / X[:, None], rtol=1e-13)
    np.testing.assert_allclose(Ghosh(Z / X[:, None]).multipliers([1.0, 0.0]), supply.inverse()[:, 0], rtol=1e-13)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**31))
def test_output_multipliers_and_inverse_agree(n, k, seed):
    A = random_coefficients(n, seed)
    rng = np.random.default_rng(seed)
    Y, S = rng.normal(size=(n, k)), rng.random((k, n))
    for system in (Leontief(A), Leontief(np.asfortranarray(A)), Leontief.from_flows(A * 7.0, np.full(n, 7.0))):
        x = system.output(Y)
        np.testing.assert_allclose(x - A @ x, Y, atol=1e-12)
        np.testing.assert_allclose(S @ x, system.multipliers(S) @ Y, atol=1e-11)
        np.testing.assert_allclose(system.inverse() @ Y, x, atol=1e-11)
        np.testing.assert_allclose(system.output(Y[:, 0]), x[:, 0], atol=1e-12)


def test_single_precision_factor_gives_double_precision_results(monkeypatch):
    A = random_coefficients(150, 1)
    rng = np.random.default_rng(2)
    Y, S = rng.random((150, 3)) * [1.0, 1e-30, 1e12], rng.random((2, 150))
    exact = np.linalg.inv(np.eye(150) - A)
    monkeypatch.setattr(leontief, "SINGLE_PRECISION_FROM", 100)
    system = Leontief(A, sides=3)
    assert system._precision is np.float32
    np.testing.assert_allclose(system.output(Y), exact @ Y, rtol=1e-14)
    np.testing.assert_allclose(system.multipliers(S), S @ exact, rtol=1e-14)
    np.testing.assert_allclose(system.inverse(), exact, rtol=1e-11, atol=1e-14)
    assert Leontief(A, sides=30)._precision is np.float64


def test_an_ill_conditioned_table_falls_back_to_the_double_factor(monkeypatch):
    monkeypatch.setattr(leontief, "SINGLE_PRECISION_FROM", 2)
    A = np.array([[0.5, 0.5 - 1e-9], [0.5, 0.5 - 1e-9]]) * (1 - 1e-9)
    monkeypatch.setattr(leontief, "SECTORS_PER_SIDE", 1)
    x = Leontief(A).output([1.0, 2.0])
    np.testing.assert_allclose(x - A @ x, [1, 2], rtol=1e-5)


def test_a_sector_without_output_is_left_out():
    table = np.zeros((3, 3))
    table[:2, :2] = Z
    system = Leontief.from_flows(table, [1000, 2000, 0])
    np.testing.assert_allclose(system.output([350, 1700, 0]), [1000, 2000, 0])
    np.testing.assert_allclose(system.output([0, 0, 5]), [0, 0, 5])


@pytest.mark.parametrize(("A", "said"), [
    ([[0.5, 0.6], [0.6, 0.5]], "not productive"),
    ([[1.0, 0.0], [0.2, 0.1]], "singular"),
    ([[0.5, 0.5], [0.5, 0.5]], "singular"),
    ([[2.0, 0.0], [0.0, 0.5]], "not productive"),
    ([[0.1, np.nan], [0.2, 0.1]], "A[sector 0, sector 1]"),
    ([[0.1, np.inf], [0.2, 0.1]], "not a finite"),
    ([[0.1, 0.2, 0.3], [0.2, 0.1, 0.3]], "square"),
])
def test_tables_without_solution_are_refused(A, said):
    with pytest.raises(InputError) as caught:
        Leontief(A)
    assert said in str(caught.value)


def test_productive_despite_one_sector_spending_more_than_it_earns():
    """A column sum above one (negative value added) is no mistake while the table stays productive."""
    A = np.array([[0.1, 0.7], [0.1, 0.5]])
    np.testing.assert_allclose(Leontief(A).output([1, 1]), np.linalg.solve(np.eye(2) - A, [1, 1]))


def test_bad_flows_are_named():
    with pytest.raises(InputError, match=r"Shanxi coal.*negative"):
        Leontief.from_flows(Z, [-1000, 2000], labels=["Shanxi coal", "Shanxi power"])
    with pytest.raises(InputError, match=r"Shanxi power.*no output"):
        Leontief.from_flows(Z, [1000, 0], labels=["Shanxi coal", "Shanxi power"])
    with pytest.raises(InputError, match="not finite"):
        Leontief.from_flows(Z, X).output([1, np.nan])
    with pytest.raises(InputError, match="shape"):
        Leontief.from_flows(Z, X).output([1, 2, 3])
