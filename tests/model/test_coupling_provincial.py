"""The programme over all 31 provinces and its fixed point with the economy: what the certificate says, recounted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.pathway.bounds import binding


@pytest.fixture(scope="module")
def coupled(provinces):
    return provinces


def test_provinces_settle_within_the_tolerances(coupled):
    assert coupled.resolution == "provincial" and coupled.converged
    assert coupled.outer.residual <= 1e-6 and abs(coupled.gap) <= 1e-6 and coupled.violation <= 1e-6


def test_no_bound_that_only_serves_the_lower_bound_binds(coupled):
    whole = coupled.outer.iterate.assembled
    assert binding(whole.draft, whole.complete.upper, coupled.z) == []
    dac = coupled.study.keys.index("dac")
    narrow = np.where(whole.draft.activity[:, dac] >= 0, coupled.z[whole.draft.activity[:, dac]], 0.0).max()
    upper = whole.complete.upper.copy()
    upper[whole.draft.activity[:, dac]] = narrow
    assert [name[:9] for name in binding(whole.draft, upper, coupled.z)] == ["activity["]


def test_every_product_row_holds_with_the_complete_requirements(coupled):
    c, d = coupled.outer.iterate.assembled.complete, coupled.outer.iterate.assembled.draft
    asked = np.concatenate([r.rest + r.matrix.reshape(len(r.rest), -1) @ _point(coupled, t, r)
                            for t, r in enumerate(d.requirements)])
    made = c.B @ coupled.z
    carried = np.maximum(np.abs(made), np.abs(asked))
    short = np.where(c.equal, np.abs(asked - made), asked - made)
    assert (short / np.maximum(carried, 1e-9 * carried.max())).max() <= 1e-6


def _point(coupled, t, r):
    """Activity, heat and additions of every place in one row, as the requirement matrix counts them."""
    plan = coupled.plan
    return np.concatenate([plan.activity[:, :, t], plan.chp_heat[:, t, None], plan.invested[:, :, t]], axis=1).ravel()


def test_prices_give_a_lower_bound_close_to_the_cost(coupled):
    c = coupled.outer.iterate.assembled.complete
    y = coupled.multipliers
    reduced = c.cost - c.B.T @ coupled.prices + c.M.adjoint(coupled.prices) - c.K.T @ y
    sides = np.where(y > 0, c.k_lower, c.k_upper)
    held = np.isfinite(sides)
    assert np.abs(y[~held]).max(initial=0.0) < 1e-7
    upper = np.where(np.isfinite(c.upper), c.upper, 10.0 * np.abs(coupled.z).max())
    bound = coupled.prices @ c.f + y[held] @ sides[held] + np.minimum(reduced * c.lower, reduced * upper).sum()
    cost = c.cost @ coupled.z
    assert bound <= cost * (1 + 1e-7)
    assert cost - bound <= 1e-5 * cost


def test_a_cap_that_is_tighter_never_lowers_the_cost_of_the_provinces(coupled):
    policies = coupled.policies.set_index(["policy", "year"])
    assert (policies["shadow_price"] >= -1e-7).all()
    assert (policies["slack"] >= -1e-4).all()
    assert policies.loc[("carbon.neutral_year", 2060), "slack"] == pytest.approx(0.0, abs=1e-3)


def test_the_economy_reproduces_the_choice(coupled):
    own = coupled.study.of_product["steel"]
    made = coupled.plan.activity[:, list(own)].sum(axis=1)                     # (R, T)
    economy = np.stack([y.activity[:, list(own)].sum(axis=1) for y in coupled.years[1:]], axis=1)
    np.testing.assert_allclose(made, economy, atol=2e-6 * economy.sum(axis=0).max())
    assert replace(coupled.outer, iterations=0).converged
