"""Three provinces, two products, two years, dense requirements: the Owen division by brute force, rules, curves."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from io_tables.errors import InputError
from model.carbon import allocation
from model.carbon.cooperative import core_violation
from model.carbon.negotiation import Run
from model.carbon.nucleolus import nucleolus
from model.carbon.owen import owen
from model.carbon.owen_division import divide, trade_contracts
from model.carbon.owners import Owners
from model.carbon.parametric import game_of_points
from model.deferred import Complete, certify, solve_deferred
from model.programme import INFINITY, Engine, Programme

NAMES = ("Hebei", "Shanxi", "Zhejiang")
R, P, K, T = 3, 2, 4, 2        # two technologies a product: the first dirty and cheap, the second clean and dear
YEARS = (2030, 2050)
PRODUCT = np.array([0, 0, 1, 1])
EMISSIONS = np.array([1.0, 0.1, 0.8, 0.05])
POPULATION = np.array([75.0, 35.0, 65.0])
GDP = np.array([30.0, 18.0, 65.0])
TODAY = np.array([9.0, 7.0, 5.0])
WEIGHT = np.array([8.0, 5.0])
CAP = (24.0, 18.0)


def toy(cap=CAP, *, quotas=None):
    """(Complete, rows of the cap). quotas (T, R) : a cap for each province instead, without trade."""
    rng = np.random.default_rng(3)
    n = T * R * K * 2
    column = np.arange(n).reshape(T, R, K, 2)                    # activity, building
    cost = np.empty((T, R, K, 2))
    cost[..., 0] = rng.uniform(0.4, 0.7, (T, R, K)) + np.array([0.0, 0.35, 0.0, 0.5])
    cost[..., 1] = rng.uniform(0.3, 0.5, (T, R, K))
    cost *= WEIGHT[:, None, None, None]
    m = T * P * R
    B, M = np.zeros((m, n)), np.zeros((m, n))
    row = np.arange(m).reshape(T, P, R)
    for t, r, k in np.ndindex(T, R, K):
        B[row[t, PRODUCT[k], r], column[t, r, k, 0]] = 1.0
        for p, s in np.ndindex(P, R):
            M[row[t, p, s], column[t, r, k]] = rng.uniform(0.0, 0.08, 2) * (2.5 if r == s else 1.0)
    demand = rng.uniform(2.0, 4.0, (T, P, R)) * np.array([1.0, 1.2])[:, None, None]
    kept = Programme()
    z = kept.add_columns("z", n)
    capacity = kept.add_rows("capacity", (T, R, K), upper=np.where(np.arange(K) % 2 == 0, 2.0, 0.5))
    kept.add(capacity, z[column[..., 0]], 1.0)
    for t in range(T):
        kept.add(capacity[t:], z[column[t, ..., 1]][None], -1.0)
    if quotas is None:
        caps = kept.add_rows("cap", T, upper=np.asarray(cap))
        kept.add(caps[:, None, None], z[column[..., 0]], EMISSIONS)
    else:
        caps = kept.add_rows("cap", (T, R), upper=np.asarray(quotas))
        kept.add(caps[:, :, None], z[column[..., 0]], EMISSIONS)
    c = kept.compiled()
    complete = Complete(cost=cost.ravel(), B=sparse.csr_matrix(B), M=M, f=demand.ravel(), K=c.matrix,
                        k_lower=c.row_lower, k_upper=c.row_upper, lower=0.0, upper=50.0)
    return complete, caps, z[column[..., 0]]


def owners(complete, caps, shares):
    """Rows and columns of a province are its own; the cap of year t is divided by shares (T, R)."""
    k = len(complete.k_upper)
    rows = np.zeros((k, R))
    rows[: T * R * K] = np.repeat(np.tile(np.eye(R), (T, 1)), K, axis=0)
    rows[caps] = shares
    columns = np.repeat(np.tile(np.eye(R), (T, 1)), K * 2, axis=0)
    place = np.full(1, "place", dtype=object)
    return Owners(NAMES, np.tile(np.eye(R), (T * P, 1)), rows, columns, np.repeat(place, len(complete.f)),
                  np.repeat(place, k), np.repeat(place, len(complete.cost)))


def dense(complete, sides=None, keep=None):
    """(solution, compiled) with the requirements written out. sides : (f, k_upper) instead; keep (n,) columns."""
    f, upper = (complete.f, complete.k_upper) if sides is None else sides
    p = Programme()
    bound = complete.upper if keep is None else np.where(keep, complete.upper, 0.0)
    z = p.add_columns("z", len(complete.cost), cost=complete.cost, lower=0.0, upper=bound)
    for name, matrix, low, high in (("product", sparse.coo_matrix(complete.B - complete.M), f, INFINITY),
                                    ("kept", sparse.coo_matrix(complete.K), -INFINITY, upper)):
        rows = p.add_rows(name, matrix.shape[0], lower=low, upper=high)
        p.add(rows[matrix.row], z[matrix.col], matrix.data)
    compiled = p.compiled()
    return Engine(compiled, tolerance=1e-9).solve("simplex"), compiled


def quota_shares(rule):
    """(T, R) quotas of the toy's caps by rule."""
    return np.array([{"grandfathering": allocation.grandfathering(q, TODAY),
                      "per_capita": allocation.per_capita(q, POPULATION),
                      "ability_to_pay": allocation.ability_to_pay(q, TODAY, GDP, POPULATION)}[rule] for q in CAP])


@pytest.fixture(scope="module")
def solved():
    complete, caps, _ = toy()
    joined = solve_deferred(complete, threshold=0.05, tolerance=1e-10, max_passes=80, tie_break=0.0,
                            solver_tolerance=1e-9)
    quotas = quota_shares("grandfathering")
    owned = owners(complete, caps, quotas / quotas.sum(axis=1, keepdims=True))
    return complete, owned, joined, divide(complete, owned, joined.z, joined.prices, joined.multipliers)


def test_the_division_sums_to_the_certified_bound_and_to_the_cost_within_the_gap(solved):
    complete, _, joined, division = solved
    bounds = certify(complete, joined.z, joined.prices, joined.rents, joined.multipliers)
    assert division.lower_bound == pytest.approx(bounds.lower_bound, rel=1e-12)
    assert division.closed.sum() == pytest.approx(bounds.objective, rel=1e-12)
    assert division.own_cost.sum() == pytest.approx(bounds.objective, rel=1e-12)
    assert abs(division.transfer.sum()) <= 1e-9 * bounds.objective
    assert -joined.multipliers[-T:].max() > 0.01       # the cap binds: there is something to divide


def test_any_duals_sum_to_their_own_certified_bound(solved):
    """Far from the optimum too: the sum is what the certificate proves, nothing else."""
    complete, owned, joined, _ = solved
    rng = np.random.default_rng(0)
    prices = joined.prices * rng.uniform(0.5, 1.5, len(joined.prices))
    multipliers = joined.multipliers * rng.uniform(0.5, 1.5, len(joined.multipliers))
    found = divide(complete, owned, joined.z, prices, multipliers)
    bounds = certify(complete, joined.z, prices, joined.rents, multipliers)
    assert found.lower_bound == pytest.approx(bounds.lower_bound, rel=1e-12)
    assert found.gap > 1e-3 * bounds.objective


def test_the_deferred_division_is_that_of_the_programme_written_out(solved):
    """The oracle knows the matrix; its interval over all optimal duals holds the point."""
    complete, owned, _, division = solved
    solution, compiled = dense(complete)
    rows = np.concatenate([owned.products, owned.rows])
    found = owen(compiled, rows, owned.columns, players=NAMES, column_owner=owned.columns, solution=solution)
    assert found.objective == pytest.approx(division.own_cost.sum(), rel=1e-7)
    slack = 1e-5 * found.objective
    assert (found.low - slack <= division.closed).all() and (division.closed <= found.high + slack).all()


@pytest.mark.parametrize("rule", ["grandfathering", "per_capita", "ability_to_pay"])
def test_no_coalition_does_better_alone_with_the_same_contracts(solved, rule):
    """All seven coalitions by brute force: own columns, own rows, deliveries and draws as in the plan, own quota."""
    complete, _, joined, _ = solved
    quotas = quota_shares(rule)
    owned = owners(complete, np.arange(T * R * K, T * R * K + T), quotas / quotas.sum(axis=1, keepdims=True))
    division = divide(complete, owned, joined.z, joined.prices, joined.multipliers)
    contracts = trade_contracts(complete, owned, joined.z)
    assert np.abs(contracts.sum(axis=1)).max() < 1e-12
    kept = division.bears + contracts.T @ joined.prices
    assert kept.sum() == pytest.approx(division.bears.sum(), rel=1e-12)
    feasible = 0
    for size in range(1, R + 1):
        for members in itertools.combinations(range(R), size):
            inside = np.zeros(R)
            inside[list(members)] = 1.0
            f = complete.f * (owned.products @ inside) + contracts @ inside
            upper = complete.k_upper * (owned.rows @ inside)
            solution, _ = dense(complete, (f - 1e-9, upper), owned.columns @ inside > 0)
            if solution.optimal:
                feasible += 1
                assert kept[list(members)].sum() <= solution.objective * (1 + 1e-7)
    assert feasible >= 4
    if size == R:
        assert kept.sum() == pytest.approx(solution.objective, rel=1e-6)


def test_quotas_move_money_and_not_the_cost(solved):
    """One market, frozen demand: whoever owns the cap, the optimum is the same and only who bears it changes."""
    complete, _, joined, _ = solved
    borne = []
    for rule in ("grandfathering", "per_capita", "ability_to_pay"):
        quotas = quota_shares(rule)
        owned = owners(complete, np.arange(T * R * K, T * R * K + T), quotas / quotas.sum(axis=1, keepdims=True))
        division = divide(complete, owned, joined.z, joined.prices, joined.multipliers)
        assert division.closed.sum() == pytest.approx(joined.bounds.objective, rel=1e-12)
        # the difference between two rules is the permits at the carbon price
        borne.append((quotas, division.bears))
    price = -joined.multipliers[-T:]
    for quotas, bears in borne[1:]:
        np.testing.assert_allclose(bears - borne[0][1], -price @ (quotas - borne[0][0]), atol=1e-9)


def test_without_trade_no_rule_is_cheaper_and_the_efficient_one_costs_the_same(solved):
    complete, _, joined, _ = solved
    _, _, active = toy()
    emitted = (joined.z[active] * EMISSIONS).sum(axis=2)
    assert emitted.sum(axis=1) == pytest.approx(CAP, rel=1e-7)
    cost = {}
    for rule in ("grandfathering", "per_capita", "ability_to_pay"):
        alone, _, _ = toy(quotas=quota_shares(rule))
        cost[rule] = dense(alone)[0]
    for solution in cost.values():
        assert not solution.optimal or solution.objective >= joined.bounds.objective * (1 - 1e-9)
    assert max(s.objective for s in cost.values() if s.optimal) > joined.bounds.objective * (1 + 1e-6)
    efficient, _, _ = toy(quotas=emitted + 1e-7)
    assert dense(efficient)[0].objective == pytest.approx(joined.bounds.objective, rel=1e-6)


def solve_points(caps):
    prices, emissions = [], []
    for cap in caps:
        complete, rows, active = toy(cap)
        solution, _ = dense(complete)
        assert solution.optimal
        prices.append(-solution.dual("kept")[rows] / WEIGHT)
        emissions.append((solution.z[active] * EMISSIONS).sum(axis=2))
    return np.array(prices), np.array(emissions)


@pytest.fixture(scope="module")
def game():
    prices, emissions = solve_points([(99.0, 99.0), (26.0, 22.0), (22.0, 15.0), (17.0, 12.0)])
    return game_of_points(YEARS, NAMES, prices, emissions), prices, emissions


def test_curves_from_parametric_solves_pass_through_their_points(game):
    found, prices, emissions = game
    for t, curves in enumerate(found.curves):
        for k in range(1, len(prices)):
            at = np.flatnonzero(np.isclose(curves.prices, prices[k, t]))
            mended = R * found.mended[t] + 1e-9       # a curve that fell with the price was held up
            assert at.size and curves.abatement[:, at[0]].sum() == pytest.approx(
                (emissions[0, t] - emissions[k, t]).sum(), abs=mended)
    assert found.table()["abatement"].min() >= 0 and len(found.table()) == R * sum(len(c.prices) for c in found.curves)


def test_the_shapley_value_of_the_curves_is_efficient_and_comes_with_its_errors(game):
    found, _, _ = game
    needed = found.baseline - quota_shares("per_capita")
    shapley = found.shapley(needed, WEIGHT, pairs=20)
    whole = found.cost(needed, WEIGHT, range(R))
    assert shapley.value.sum() == pytest.approx(whole, rel=1e-9)
    assert (shapley.standard_error >= 0).all() and np.isfinite(shapley.worst_core_violation)
    # together is never dearer than each for itself
    assert whole <= sum(found.cost(needed, WEIGHT, [r]) for r in range(R)) * (1 + 1e-9)


def test_the_nucleolus_of_the_curves_is_in_the_core(game):
    found, _, _ = game
    value = found.game(found.baseline - quota_shares("per_capita"), WEIGHT)
    division = nucleolus(NAMES, value).division
    assert division.sum() == pytest.approx(value(frozenset(NAMES)), rel=1e-7)
    assert core_violation(NAMES, value, division)[0] <= 1e-6 * division.sum()


def test_a_reference_with_a_price_is_refused():
    with pytest.raises(InputError, match="reference has a carbon price"):
        game_of_points(YEARS, NAMES, np.ones((2, T)), np.ones((2, T, R)))


def test_a_game_of_other_years_does_not_fit_a_run(game):
    found, _, _ = game
    ones = np.ones((T, R))
    run = Run(YEARS, NAMES, 2020, TODAY, ones, ones, ones, ones, np.ones(T), ones, weights=WEIGHT)
    assert found.laid_on(run).curves == found.curves
    with pytest.raises(InputError, match="years"):
        found.laid_on(replace(run, years=(2035, 2050)))
