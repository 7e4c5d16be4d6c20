"""Outer intervals of the Owen point with deferred requirements hold the exact ones and shrink towards them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from test_deal_toy import NAMES, dense, owners, quota_shares, toy

from io_tables.errors import InputError
from model.carbon.owen import owen
from model.carbon.owen_division import divide
from model.carbon.owen_interval import outer_interval
from model.carbon.owners import Owners
from model.deferred import Complete, certify, solve_deferred
from model.pathway.joining import Joining
from model.requirements import Operator


def joined(complete, threshold):
    """The programme on a solver object, requirements above the threshold written out; the point it starts from."""
    M = np.asarray(complete.M)
    large = sparse.csr_matrix(np.where(np.abs(M) > threshold, M, 0.0))
    start = solve_deferred(complete, threshold=threshold, tolerance=1e-9, max_passes=80, tie_break=0.0,
                           solver_tolerance=1e-9)
    deferred = replace(complete, M=Operator(M.shape, lambda x: M @ x, lambda y: M.T @ y, large))
    return Joining(deferred, start.z, start.prices, method="simplex", ties=0.0), start


def exact(complete, owned, names):
    """The interval over the face of optimal duals, with the matrix written out."""
    solution, compiled = dense(complete)
    rows = np.concatenate([owned.products, owned.rows])
    return owen(compiled, rows, owned.columns, players=names, solution=solution)


@pytest.mark.parametrize("threshold", [0.05, 1.0])
def test_the_interval_holds_the_exact_one_and_closes_where_duals_are_unique(threshold):
    complete, caps, _ = toy()
    quotas = quota_shares("grandfathering")
    owned = owners(complete, caps, quotas / quotas.sum(axis=1, keepdims=True))
    joining, start = joined(complete, threshold)
    sharp = exact(complete, owned, NAMES)
    assert sharp.high - sharp.low == pytest.approx(0.0, abs=1e-6)
    widths = []
    for step in (1e-1, 1e-3):
        found = outer_interval(joining, owned, start.z, start.prices, step=step, close=1e-7)
        assert (found.low <= sharp.low + 1e-9).all() and (found.high >= sharp.high - 1e-9).all()
        assert (found.low <= found.point).all() and (found.point <= found.high).all()
        widths.append(found.high - found.low)
    assert widths[1].sum() < 0.1 * widths[0].sum()
    # where nothing is written out prices and quantities take longer to settle
    assert (widths[1] < 2.2 * found.open_gap + (1e-6 if threshold < 1.0 else 1e-3) * sharp.division).all()
    assert found.open_gap < 1e-5 * sharp.division.min()
    # the programme on the solver object is the one it was
    bounds = joining.passes(1e-8, 20).bounds
    assert bounds.objective == pytest.approx(start.bounds.objective, rel=1e-7)


def seller_and_buyer():
    """One unit made cheaply by the first and dearly by the second, who needs it; each unit asks a little of the other
    product, made at home. Any price between both costs is in the core."""
    #          cheap 0, dear 1, side product of 0, of 1
    cost = np.array([1.0, 3.0, 0.1, 0.1])
    B = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    M = np.array([[0.0, 0.0, 0.02, 0.01], [0.04, 0.01, 0.0, 0.0], [0.01, 0.03, 0.0, 0.0]])
    room = np.array([[1.0, 0.0, 0.0, 0.0]])
    f = np.array([1.0, 0.0, 0.0])
    # the room of the cheap one is exactly what is needed, so that the last unit may cost either
    made = np.linalg.solve((B - M)[:, [0, 2, 3]], f)
    complete = Complete(cost=cost, B=sparse.csr_matrix(B), M=M, f=f, K=sparse.csr_matrix(room),
                        k_lower=np.array([-np.inf]), k_upper=made[:1], lower=0.0, upper=50.0)
    names = np.full(4, "place", dtype=object)
    owned = Owners(("seller", "buyer"), np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0]]),
                   np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]), names[:3], names[:1], names)
    return complete, owned


@pytest.mark.parametrize("threshold", [0.025, 1.0])
def test_degenerate_duals_keep_the_interval_open_however_small_the_step(threshold):
    complete, owned = seller_and_buyer()
    joining, start = joined(complete, threshold)
    sharp = exact(complete, owned, owned.provinces)
    assert (sharp.high - sharp.low > 1.5).all()
    for step in (1e-2, 1e-4):
        found = outer_interval(joining, owned, start.z, start.prices, step=step, close=1e-8)
        assert (found.low <= sharp.low + 1e-8).all() and (found.high >= sharp.high - 1e-8).all()
        # beyond the exact interval lies what the gap leaves open, and nothing else
        beyond = np.concatenate([sharp.low - found.low, found.high - sharp.high])
        assert (beyond <= 1.01 * found.open_gap + 1e-6).all() and found.open_gap < 0.01


def test_every_optimal_dual_divides_within_the_interval():
    complete, owned = seller_and_buyer()
    joining, start = joined(complete, 0.025)
    found = outer_interval(joining, owned, start.z, start.prices, step=1e-3)
    B, M = complete.B.toarray(), np.asarray(complete.M)
    for own in (np.array([1.0, 0.1, 0.1]), np.array([3.0, 0.1, 0.1])):      # the cheap or the dear one sets the price
        used = [0, 2, 3] if own[0] == 1.0 else [1, 2, 3]
        prices = np.linalg.solve((B - M)[:, used].T, own)
        rent = min(0.0, float(complete.cost[0] - (B - M)[:, 0] @ prices))
        division = divide(complete, owned, start.z, prices, np.array([rent]))
        assert certify(complete, start.z, prices, np.zeros(0), np.array([rent])).gap < 1e-7
        assert (found.low <= division.bears + 1e-7).all() and (division.bears <= found.high + 1e-7).all()


def test_a_point_far_from_the_optimum_makes_the_interval_wider_not_wrong(monkeypatch):
    import model.carbon.owen_interval as module

    complete, caps, _ = toy()
    quotas = quota_shares("per_capita")
    owned = owners(complete, caps, quotas / quotas.sum(axis=1, keepdims=True))
    joining, start = joined(complete, 1.0)
    sharp = exact(complete, owned, NAMES)
    for name in ("PASSES", "RE_SOLVES", "FIRST_PASSES"):
        monkeypatch.setattr(module, name, 1)
    found = outer_interval(joining, owned, start.z, start.prices, step=1e-2)
    assert (found.low <= sharp.low).all() and (found.high >= sharp.high).all()
    assert (found.high - found.low > 1e-3 * sharp.division).any()


def test_a_step_beyond_everything_is_refused():
    complete, owned = seller_and_buyer()
    joining, start = joined(complete, 0.025)
    with pytest.raises(InputError, match=r"step: 1\.5"):
        outer_interval(joining, owned, start.z, start.prices, step=1.5)
