"""Payments that sum to zero: permit trade, formulas, smallest transfers, Shapley value and nucleolus."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from io_tables.errors import Infeasible, InputError
from model.carbon import allocation, transfers
from model.carbon.cooperative import coalition_values
from model.carbon.cost_curves import CostCurves

R = 5
positive = st.lists(st.floats(0.1, 1e3), min_size=R, max_size=R).map(np.array)


@given(positive, positive, positive, st.floats(0, 500))
@settings(max_examples=50, deadline=None)
def test_every_transfer_sums_to_zero(e, p, g, price):
    optimum = allocation.equal_marginal_cost(0.8 * e.sum(), e, g).quota
    cost, size = g * e, (g * e).sum()
    for t in (transfers.permit_trade(allocation.per_capita(0.8 * e.sum(), p), optimum, price),
              transfers.embodied_compensation(np.outer(e, p), 3.0, share=0.5),
              transfers.fiscal_formula(p, g, 0.7),
              transfers.smallest_transfers(cost, transfers.equal_burden(cost, p)).transfer):
        assert abs(t.sum()) <= 1e-9 * max(1.0, np.abs(t).sum(), size)


def test_permit_trade_pays_who_has_quota_left():
    assert transfers.permit_trade([450, 270, 180], [400, 300, 200], 2.0) == pytest.approx([100, -60, -40])
    years = transfers.permit_trade([[60, 40], [30, 20]], [[50, 50], [20, 30]], [1.0, 3.0])
    assert years == pytest.approx(np.array([[10, -10], [30, -30]]))
    with pytest.raises(InputError, match="differ by 50"):
        transfers.permit_trade([450, 270, 180], [400, 300, 150], 2.0)
    assert transfers.permit_trade([450, 270], [400, 300], 0.0) == pytest.approx([0, 0])


@given(positive, positive, positive, positive, st.floats(0.3, 0.95))
@settings(max_examples=40, deadline=None)
def test_with_one_market_total_cost_is_the_same_under_every_rule_and_without_trade_never_lower(e, p, g, slopes, part):
    cap = part * e.sum()
    best = allocation.equal_marginal_cost(cap, e, slopes)
    for quota in (allocation.grandfathering(cap, e), allocation.per_capita(cap, p),
                  allocation.ability_to_pay(cap, e, g, p)):
        paid = best.cost - transfers.permit_trade(quota, best.quota, best.price)
        assert paid.sum() == pytest.approx(best.cost.sum(), rel=1e-9)
        alone = 0.5 * slopes * np.maximum(e - quota, 0.0) ** 2
        assert alone.sum() >= best.cost.sum() * (1 - 1e-9)
        # what a province pays with the market is never more than what its quota costs it alone
        assert (paid <= alone + 1e-9 * best.cost.sum() + 1e-9).all()


@given(positive, st.lists(st.floats(0.0, 2.0), min_size=R, max_size=R).map(np.array))
def test_after_the_smallest_transfers_nobody_is_worse_off(cost, factor):
    reference = cost * factor
    if reference.sum() < cost.sum() * (1 + 1e-9):
        if reference.sum() < cost.sum() * (1 - 1e-6) - 1e-6:
            with pytest.raises(Infeasible, match="more"):
                transfers.smallest_transfers(cost, reference)
        return
    found = transfers.smallest_transfers(cost, reference)
    assert (found.cost_after <= reference + 1e-9 * cost.sum()).all()
    assert found.volume == pytest.approx(np.maximum(cost - reference, 0).sum())
    assert np.abs(found.transfer).sum() == pytest.approx(2 * found.volume, abs=1e-9 * cost.sum())


def test_the_shortfall_is_explained_by_name():
    with pytest.raises(Infeasible, match=r"need 3 more .*Hebei 4"):
        transfers.smallest_transfers([10, 2], [6, 3], labels=("Hebei", "Henan"))


def test_equal_burden_and_formula_by_hand():
    assert transfers.equal_burden([5, 1, 0], [10, 10, 10]) == pytest.approx([2, 2, 2])
    assert transfers.fiscal_formula([1, 1, 2], [60, 20, 20], 0.5) == pytest.approx([-17.5, 2.5, 15])
    assert transfers.embodied_compensation([[9, 4], [1, 9]], 10.0) == pytest.approx([30, -30])


def test_annuities_have_the_present_value_they_stand_for():
    years, total = (2020, 2025, 2030, 2060), np.array([100.0, -40, -60])
    paid = transfers.annuity(total, years, rate=0.05)
    assert transfers.present_value(paid, years, rate=0.05) == pytest.approx(total)
    assert transfers.present_value(np.array([[1.0], [1.0]]), (2020, 2022), rate=0.0) == pytest.approx([2.0])


def test_shapley_of_the_airport_game():
    """Littlechild and Owen (1973): everybody shares the runway up to what each needs."""
    needs = {"a": 6.0, "b": 12.0, "c": 42.0}
    found = transfers.shapley(("a", "b", "c"), lambda s: max(needs[p] for p in s))
    assert found == pytest.approx([2, 5, 35])


def test_shapley_of_the_gloves_is_efficient_and_symmetric():
    def gloves(s):
        return float(min(len(s & {1, 2}), len(s & {3})))

    assert transfers.shapley((1, 2, 3), gloves) == pytest.approx([1 / 6, 1 / 6, 4 / 6])


def _random_game(n, seed):
    worth = np.random.default_rng(seed).random(1 << n) * 10
    worth[0] = 0.0
    return lambda s: worth[sum(1 << i for i in s)]


@pytest.mark.parametrize("n", [2, 4, 5])
def test_shapley_is_the_mean_over_all_orders(n):
    game = _random_game(n, n)
    total = np.zeros(n)
    orders = list(itertools.permutations(range(n)))
    for order in orders:
        for k, i in enumerate(order):
            total[i] += game(frozenset(order[:k + 1])) - (game(frozenset(order[:k])) if k else 0.0)
    assert transfers.shapley(range(n), game) == pytest.approx(total / len(orders))


def _curves(n, seed=3):
    rng = np.random.default_rng(seed)
    return CostCurves([0.0, 50, 100, 200], np.cumsum(rng.uniform(0, 10, (n, 4)), axis=1) * [0, 1, 1, 1], backstop=400.0)


def test_sampled_shapley_covers_the_exact_one_within_its_standard_errors_and_sums_exactly():
    curves = _curves(8)
    game = curves.game(np.random.default_rng(0).uniform(2, 12, 8), range(8))
    exact, drawn = transfers.shapley(range(8), game), transfers.sampled_shapley(range(8), game, pairs=150)
    assert drawn.value.sum() == pytest.approx(game(frozenset(range(8))))
    assert (np.abs(drawn.value - exact) <= 4.5 * drawn.standard_error + 1e-9).all()
    assert (drawn.standard_error > 0).all()
    assert drawn.worst_core_violation <= transfers.core_violation(range(8), game, drawn.value)[0] + 1e-9


def test_thirty_one_players_are_sampled_and_the_same_seed_gives_the_same():
    curves = _curves(31)
    game = curves.game(np.random.default_rng(0).uniform(2, 12, 31), range(31))
    first = transfers.sampled_shapley(range(31), game, pairs=5, seed=4)
    again = transfers.sampled_shapley(range(31), game, pairs=5, seed=4)
    assert (first.value == again.value).all() and first.value.sum() == pytest.approx(game(frozenset(range(31))))


def test_cost_curves_cost_what_the_area_says():
    curves = CostCurves([10.0, 20.0], [[4.0, 8.0], [0.0, 4.0]])
    # 4 Mt at price 10, then both rise together to price 15: 2 Mt at a mean of 12.5 each
    assert curves.cost(8.0) == pytest.approx(4 * 10 + 4 * 12.5)
    assert curves.divide(8.0).abatement == pytest.approx([6, 2]) and curves.divide(8.0).price == 15
    assert curves.cost(3.0) == pytest.approx(30) and curves.cost(-1.0) == 0
    with pytest.raises(Infeasible, match="13 Mt must go but only 12"):
        curves.cost(13.0)
    rng = np.random.default_rng(1)
    best = curves.cost(7.0)
    for part in rng.uniform(0, 4, 30):
        assert curves.cost(7.0 - part, [0]) + curves.cost(part, [1]) >= best - 1e-9
    assert curves.efficient(6.0, [10.0, 4.0]).quota == pytest.approx([4, 2])


def test_falling_abatement_is_named_or_mended_openly():
    with pytest.raises(InputError, match=r"CostCurves\.rising"):
        CostCurves([0.0, 10], [[0, -1.0]])
    curves, mended = CostCurves.rising([0.0, 10, 20], [[10.0, 10], [8, 11], [9, 6]])
    assert curves.abatement == pytest.approx(np.array([[0, 2, 2], [0, 0, 4]])) and mended == pytest.approx(1)


def test_nucleolus_of_the_talmud_bankruptcy():
    """Aumann and Maschler (1985): estates 100, 200, 300 with claims 100, 200, 300."""
    claims = np.array([100.0, 200, 300])
    for estate, shares in ((100, (100 / 3,) * 3), (200, (50, 75, 75)), (300, (50, 100, 150))):
        def worth(s, estate=estate):
            return max(0.0, estate - sum(claims[i] for i in range(3) if i not in s))

        found = transfers.nucleolus(range(3), worth, sense="gain")
        assert found.division == pytest.approx(shares) and found.exact


def _sorted_excesses(n, game, division):
    worth = coalition_values(range(n), game)[1:-1]
    members = np.arange(1, (1 << n) - 1)[:, None] >> np.arange(n) & 1
    return np.sort(worth - members @ division)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_other_division_has_a_greater_excess_vector_than_the_nucleolus(seed):
    n, rng = 5, np.random.default_rng(seed)
    game = _random_game(n, seed)
    found = transfers.nucleolus(range(n), game)
    best = _sorted_excesses(n, game, found.division)
    assert best[0] == pytest.approx(found.levels[0])
    for scale in (1.0, 0.1, 0.01):
        for _ in range(100):
            step = rng.normal(size=n) * scale
            other = _sorted_excesses(n, game, found.division + step - step.mean())
            first = np.flatnonzero(np.abs(other - best) > 1e-6)[0]
            assert other[first] < best[first]


def test_searched_nucleolus_agrees_with_the_enumerated_one(monkeypatch):
    from model.carbon import nucleolus as module

    curves = _curves(7)
    game = curves.game(np.random.default_rng(5).uniform(2, 12, 7), range(7))
    exact = transfers.nucleolus(range(7), game)
    monkeypatch.setattr(module, "ENUMERATED_PLAYERS", 3)
    found = transfers.nucleolus(range(7), game)
    assert not found.exact and found.division == pytest.approx(exact.division, abs=1e-4)


def test_core_violation_finds_the_coalition_that_would_leave():
    needs = {"a": 6.0, "b": 12.0, "c": 42.0}

    def runway(s):
        return max(needs[p] for p in s)

    gain, who = transfers.core_violation(("a", "b", "c"), runway, [14, 14, 14])
    assert gain == pytest.approx(16) and who == {"a", "b"}
    assert transfers.core_violation(("a", "b", "c"), runway, [2, 5, 35])[0] <= 1e-9


def test_mistakes_are_named():
    with pytest.raises(InputError, match="a named twice"):
        transfers.shapley(("a", "a"), len)
    with pytest.raises(InputError, match="allowed: 'cost', 'gain'"):
        transfers.nucleolus(("a", "b"), len, sense="profit")
    with pytest.raises(InputError, match="rate"):
        transfers.fiscal_formula([1], [1], 2.0)
