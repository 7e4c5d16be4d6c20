"""Condensation (E9): requirements through the N industries equal those of the complete system."""

import numpy as np
import pytest

from model import condensed
from model.condensed import condense


@pytest.mark.parametrize("few", [0, condensed.FEW], ids=["one factorisation", "round by round"])
def test_condensed_requirements_equal_the_complete_inverse(few, monkeypatch):
    monkeypatch.setattr(condensed, "FEW", few)
    rng = np.random.default_rng(5)
    R, N, P, K = 3, 4, 2, 3
    J = N + P
    coefficients = rng.random((R, J, J)) * 0.6 / J
    tau = rng.random((J, R, R))
    tau /= tau.sum(axis=1, keepdims=True)
    A = np.einsum("irs,sij->risj", tau, coefficients)
    # complete: N industries only (products' own columns are what technologies replace)
    A_NN = A[:, :N, :, :N].reshape(R * N, R * N)
    A_PN = A[:, N:, :, :N].reshape(R * P, R * N)
    inverse = np.linalg.inv(np.eye(R * N) - A_NN)
    got = condense(coefficients[:, :N, :N], tau[:N], A_PN.reshape(R * P, R, N))
    np.testing.assert_allclose(got.by_place.reshape(R * P, -1), A_PN @ inverse, rtol=1e-12)

    purchases = rng.random((R, K, N))
    bought = np.einsum("irs,ski->risk", tau[:N], purchases).reshape(R * N, R * K)
    expected = (A_PN @ inverse @ bought).reshape(R * P, R, K)
    np.testing.assert_allclose(got.of_purchases(purchases), expected, rtol=1e-12)

    use, supply = rng.random((R, N)), rng.random((R, N))
    final = np.einsum("irs,si->ri", tau[:N], use).ravel() + supply.ravel()
    np.testing.assert_allclose(got.of_use(use) + got.of_supply(supply), A_PN @ inverse @ final, rtol=1e-12)
