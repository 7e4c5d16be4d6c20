"""Quota rules: the worked case, sums, bounds, monotone drivers, gaps in the record."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from io_tables.errors import Infeasible, InputError
from model.carbon import allocation as rules
from model.carbon.allocation_paths import by_year, convergence_path, convergence_weights, peak_calendar, with_peaks
from model.carbon.water_filling import water_fill

E, P = (500.0, 300.0, 200.0), (30.0, 50.0, 20.0)
R = 6
positive = st.lists(st.floats(0.1, 1e3), min_size=R, max_size=R).map(np.array)
sparse = st.lists(st.one_of(st.just(0.0), st.floats(0.1, 1e3)), min_size=R, max_size=R).map(np.array).filter(np.any)
caps = st.floats(0.0, 5e3)


def test_worked_case_of_three_provinces():
    assert rules.grandfathering(900, E) == pytest.approx([450, 270, 180])
    assert rules.per_capita(900, P) == pytest.approx([270, 450, 180])
    assert rules.contraction_and_convergence(900, E, P, 0.5) == pytest.approx([360, 360, 180])


def test_ability_to_pay_by_hand():
    """Incomes 1, 8, 27 of equal populations: burdens in proportion to baseline x (1, 2, 3)."""
    quota = rules.ability_to_pay(420, (100, 200, 300), (1, 8, 27), (1, 1, 1))
    assert quota == pytest.approx(np.array([100, 200, 300]) - 180 * np.array([100, 400, 900]) / 1400)


def test_equal_marginal_cost_by_hand_and_against_any_other_division():
    found = rules.equal_marginal_cost(930, E, (1.0, 2.0, 4.0))
    assert found.price == pytest.approx(40) and found.abatement == pytest.approx([40, 20, 10])
    assert found.cost == pytest.approx([800, 400, 200]) and found.quota == pytest.approx([460, 280, 190])
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = rng.dirichlet([1, 1, 1]) * 70
        assert 0.5 * np.array([1, 2, 4]) @ other**2 >= found.cost.sum() - 1e-9


def test_abatement_limits_are_kept_and_a_cap_below_the_possible_is_explained_by_name():
    found = rules.equal_marginal_cost(930, E, (1.0, 2.0, 4.0), limit=(10, 100, 100))
    assert found.abatement == pytest.approx([10, 40, 20]) and found.price == pytest.approx(80)
    with pytest.raises(Infeasible, match=r"technically possible.*Hebei 50") as caught:
        rules.equal_marginal_cost(800, E, (1, 2, 4), limit=(50, 40, 30), labels=("Hebei", "Henan", "Hunan"))
    assert "abatement limits" in caught.value.clashing


def _every_rule(cap, e, p, g, h, w):
    return {
        "grandfathering": rules.grandfathering(cap, e), "per capita": rules.per_capita(cap, p),
        "convergence": rules.contraction_and_convergence(cap, e, p, w),
        "ability": rules.ability_to_pay(cap, e, g, p), "burden": rules.historical_burden(cap, e, h, p),
        "responsibility": rules.responsibility(cap, h, p), "sinks": rules.net_of_sink(cap, e, h / 9),
        "intensity": rules.intensity_based(cap, e, g / g.mean(), 0.18),
        "efficiency": rules.equal_marginal_cost(cap, e, g).quota,
        "blend": rules.blend([rules.grandfathering(cap, e), rules.responsibility(cap, h, p)], (w, 1.0)),
    }


@given(caps, sparse, positive, positive, sparse, st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_every_rule_sums_to_the_cap(cap, e, p, g, h, w):
    for name, quota in _every_rule(cap, e, p, g, h, w).items():
        assert abs(quota.sum() - cap) <= 1e-9 * max(1.0, np.abs(quota).sum()), name


@given(st.floats(1.0, 5e3), sparse, positive, positive, sparse, st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_bounds_are_respected_and_the_sum_stays(cap, e, p, g, h, w):
    low, high = np.full(R, 0.4 * cap / R), np.full(R, 1.7 * cap / R)
    bounds = {"lower": low, "upper": high}
    for quota in (rules.grandfathering(cap, e, **bounds), rules.per_capita(cap, p, **bounds),
                  rules.contraction_and_convergence(cap, e, p, w, **bounds),
                  rules.ability_to_pay(cap, e, g, p, **bounds), rules.historical_burden(cap, e, h, p, **bounds),
                  rules.responsibility(cap, h, p, **bounds), rules.net_of_sink(cap, e, h, **bounds),
                  rules.intensity_based(cap, e, g, **bounds)):
        assert abs(quota.sum() - cap) <= 1e-9 * max(1.0, cap)
        assert (quota >= low - 1e-9 * cap).all() and (quota <= high + 1e-9 * cap).all()


@given(st.floats(1.0, 3e3), positive, positive, positive, positive, st.integers(0, R - 1), st.floats(1.01, 4))
@settings(max_examples=80, deadline=None)
def test_every_rule_is_monotone_in_its_driver(cap, e, p, g, h, r, factor):
    def more(v):
        raised = v.copy()
        raised[r] *= factor
        return raised

    slack = 1e-9 * (cap + e.sum() * factor + h.sum() * factor)
    s = h / h.sum() * cap
    up = [(rules.grandfathering(cap, e), rules.grandfathering(cap, more(e))),
          (rules.per_capita(cap, p), rules.per_capita(cap, more(p))),
          (rules.contraction_and_convergence(cap, e, p, 0.4), rules.contraction_and_convergence(cap, e, more(p), 0.4)),
          (rules.responsibility(cap, h, p), rules.responsibility(cap, h, more(p))),
          (rules.net_of_sink(cap, e, s), rules.net_of_sink(cap, e, more(s))),
          (rules.intensity_based(cap, e, g), rules.intensity_based(cap, e, more(g))),
          (rules.equal_marginal_cost(cap, e, g).quota, rules.equal_marginal_cost(cap, e, more(g)).quota)]
    down = [(rules.ability_to_pay(cap, e, g, p), rules.ability_to_pay(cap, e, more(g), p)),
            (rules.historical_burden(cap, e, h, p), rules.historical_burden(cap, e, more(h), p)),
            (rules.responsibility(cap, h, p), rules.responsibility(cap, more(h), p))]
    for before, after in up:
        assert after[r] >= before[r] - slack
    for before, after in down:
        assert after[r] <= before[r] + slack


def test_negative_quotas_are_shown():
    quota = rules.responsibility(300, (9000, 500, 500), (1, 1, 1))
    assert quota == pytest.approx([10300 / 3 - 9000, 10300 / 3 - 500, 10300 / 3 - 500]) and quota[0] < 0
    assert (rules.ability_to_pay(100, (100, 100, 100), (1000, 1, 1), (1, 1, 1)) < 0).any()
    assert rules.grandfathering(-50, E) == pytest.approx([-25, -15, -10])


def test_water_filling_keeps_proportions_among_the_unbounded():
    quota = rules.grandfathering(900, E, upper=(400, np.inf, np.inf))
    assert quota == pytest.approx([400, 300, 200])
    assert water_fill([0, 0, 5.0], 10, upper=[8, 8, 6]) == pytest.approx([2, 2, 6])
    with pytest.raises(Infeasible, match="below the sum of the lower bounds 1000"):
        rules.grandfathering(900, E, lower=E)
    with pytest.raises(Infeasible, match="above the sum of the upper bounds"):
        rules.per_capita(2000, P, upper=E)


def test_zeros_and_a_missing_record():
    assert rules.grandfathering(90, (0, 1, 2)) == pytest.approx([0, 30, 60])
    assert rules.grandfathering(0, (0, 0, 0)) == pytest.approx([0, 0, 0])
    with pytest.raises(InputError, match="all values are zero"):
        rules.grandfathering(1, (0, 0, 0))
    with pytest.raises(InputError, match="missing"):
        rules.per_capita(1, (1, np.nan))
    with pytest.raises(InputError, match="no people"):
        rules.ability_to_pay(1, (1, 2), (1, 1), (1, 0))


def test_history_with_gaps_takes_the_own_mean_and_without_any_record_that_of_the_others():
    history = np.array([[10.0, np.nan, np.nan], [30.0, 8.0, np.nan]])
    heads = np.array([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]])
    found, filled = rules.cumulative(history, (2000, 2001), heads)
    # per head: 20, 4, and (40 + 8) / (1 + 1 + 2) = 12 for the third
    assert found == pytest.approx([40, 16, 96]) and filled == (1, 2)
    recent, _ = rules.cumulative(history[:, :1], (2000, 2001), discount=0.5)
    assert recent == pytest.approx([10 / 1.5 + 30])
    with pytest.raises(InputError, match="no province reports"):
        rules.cumulative(np.full((2, 2), np.nan), (2000, 2001))


def test_entropy_weights_follow_unevenness():
    even, uneven = np.ones(4), np.array([1.0, 0, 0, 0])
    assert rules.entropy_weights([even, uneven]) == pytest.approx([0, 1])
    assert rules.entropy_weights([even, even]) == pytest.approx([0.5, 0.5])
    p = np.array([0.5, 0.25, 0.125, 0.125])
    both = rules.entropy_weights([p, uneven])
    assert both[0] / both[1] == pytest.approx(1 - 1.75 / 2)


def test_blends_of_different_caps_are_refused():
    with pytest.raises(InputError, match="same cap"):
        rules.blend([[1, 2], [1, 3]], [1, 1])


def test_convergence_path_starts_at_emissions_and_ends_equal_per_head():
    years = (2025, 2030, 2040, 2050, 2060)
    assert convergence_weights(years, 2025, 2050) == pytest.approx([0, 0.2, 0.6, 1, 1])
    path = convergence_path([1000, 900, 500, 200, 100], E, P, years, start=2025, convergence_year=2050)
    assert path[0] == pytest.approx(E) and path[-1] == pytest.approx(P)
    assert path.sum(axis=1) == pytest.approx([1000, 900, 500, 200, 100], abs=1e-9)


def test_a_rule_over_years_names_the_year_that_fails():
    paths = by_year(rules.ability_to_pay, [900, 500], np.array([E, E]), np.array(P), np.array(P))
    assert paths.sum(axis=1) == pytest.approx([900, 500])
    with pytest.raises(Infeasible, match=r"year no\. 1"):
        by_year(rules.grandfathering, [900, 500], np.array(E), lower=np.array([(0, 0, 0), E]))


YEARS = (2025, 2026, 2028, 2030, 2035)
PATHS = np.array([[10.0, 20], [11, 21], [13, 21], [12, 23], [8, 12]])


def test_peak_calendar_reads_province_and_nation():
    table = peak_calendar(PATHS, YEARS, ("Hebei", "Henan")).set_index("region")
    assert table["peak_year"].to_dict() == {"Hebei": 2028, "Henan": 2030, "China": 2030}
    assert table.loc["Hebei", "after_nation"] == -2 and table.loc["China", "peak_level"] == 35


def test_asked_peaks_are_met_with_the_nation_unchanged_in_every_year():
    moved = with_peaks(PATHS, YEARS, (2026, 2030), ("Hebei", "Henan"))
    assert moved.sum(axis=1) == pytest.approx(PATHS.sum(axis=1), abs=1e-9)
    assert (np.diff(moved[1:, 0]) <= 1e-7).all() and (np.diff(moved[:4, 1]) >= -1e-7).all()
    assert with_peaks(PATHS, YEARS, (2028, 2030), ("Hebei", "Henan")) == pytest.approx(PATHS)
    with pytest.raises(Infeasible, match="2028-2030: the nation rises"):
        with_peaks(PATHS, YEARS, (2026, 2028), ("Hebei", "Henan"))
    with pytest.raises(InputError, match="2029 is not a model year"):
        with_peaks(PATHS, YEARS, (2029, 2030), ("Hebei", "Henan"))
