"""LMDI: published cases, no residual, and zeros as limits rather than small numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from io_tables.errors import InputError
from model.indicators.lmdi import cell_effects, chained, lmdi, log_mean, multilevel, shapley, spatial

METHODS = ["LMDI-I", "LMDI-II"]
#: Activity, structure and intensity of two sectors.
Q = ([100.0, 100.0], [130.0, 130.0])
SHARE = ([0.4, 0.6], [0.3, 0.7])
INTENSITY = ([2.0, 0.5], [1.6, 0.45])
WORKED = tuple([Q[t], SHARE[t], INTENSITY[t]] for t in (0, 1))


def test_activity_structure_and_intensity_of_the_worked_case():
    effects = lmdi(*WORKED)
    np.testing.assert_allclose(effects, [27.817825, -14.953439, -19.514386], atol=5e-7)
    assert effects.sum() == pytest.approx(-6.65, abs=1e-12)


#: Four years of two cells and three factors of the R package LMDIR, with the effects of its reference workbook.
LMDIR = np.array([[[1, 10, 2], [4, 5, 3]], [[4, 5, 3], [5, 6, 4]], [[8, 2, 4], [5, 7, 5]], [[10, 1, 5], [6, 8, 6]]])
LMDIR_EFFECTS = [[69.79006598, -9.455125793, 39.66505981], [42.96021467, -34.31902656, 50.3588119],
                 [54.01064234, -9.021284671, 54.01064234]]


def test_a_series_reproduces_the_reference_figures_of_another_package():
    factors = list(np.moveaxis(LMDIR.astype(float), 2, 0))
    np.testing.assert_allclose(chained(factors), LMDIR_EFFECTS, rtol=1e-9)


def test_two_sectors_with_weights_worked_out_by_hand():
    """Output 10 + 40 -> 40 + 40, energy 30 + 20 -> 60 + 16: L(60, 30) = 30 / ln 2, L(16, 20) = -4 / ln 0.8."""
    y0, y1, e0, e1 = np.array([10.0, 40]), np.array([40.0, 40]), np.array([30.0, 20]), np.array([60.0, 16])
    before, after = ([np.full(2, y.sum()), y / y.sum(), e / y] for y, e in ((y0, e0), (y1, e1)))
    weights = np.array([30 / np.log(2), -4 / np.log(0.8)])
    logs = np.log([[1.6, 1.6], [2.5, 0.625], [0.5, 0.8]])
    by_hand = logs @ weights
    np.testing.assert_allclose(lmdi(before, after), by_hand, rtol=1e-13)
    ratios = lmdi(before, after, form="multiplicative")
    np.testing.assert_allclose(ratios, np.exp(by_hand / (26 / np.log(76 / 50))), rtol=1e-13)
    assert ratios.prod() == pytest.approx(76 / 50, rel=1e-13)
    # All sectors grow as activity does: its ratio is that of the totals in the second method whatever the weights.
    assert lmdi(before, after, method="LMDI-II", form="multiplicative")[0] == pytest.approx(1.6, rel=1e-13)


def test_logarithmic_mean_of_equal_and_nearly_equal_numbers():
    assert log_mean(5.0, 5.0) == 5.0
    assert log_mean(0.0, 3.0) == 0.0
    assert log_mean(2.0, 1.0) == pytest.approx(1 / np.log(2), rel=1e-15)
    close = 1 + np.array([1e-9, 1e-12, 1e-15])
    np.testing.assert_allclose(log_mean(close, 1.0), 1 + (close - 1) / 2, rtol=1e-15)
    assert log_mean(-2.0, -1.0) == pytest.approx(-1 / np.log(2))
    with pytest.raises(InputError, match="one sign"):
        log_mean(-1.0, 2.0)


def test_a_cell_that_stays_while_its_factors_offset_keeps_its_effects():
    """Setting L(a, a) to zero would lose both effects."""
    np.testing.assert_allclose(lmdi([[2.0], [8.0]], [[8.0], [2.0]]), [16 * np.log(4), -16 * np.log(4)])


cells = arrays(float, (3, 4), elements=st.one_of(st.just(0.0), st.floats(1e-3, 1e3)))


@settings(max_examples=60, deadline=None)
@given(cells, cells, st.sampled_from(METHODS))
def test_no_residual_including_zeros(x0, x1, method):
    change = x1.prod(axis=0).sum() - x0.prod(axis=0).sum()
    scale = max(x1.prod(axis=0).sum(), x0.prod(axis=0).sum(), 1e-9)
    v0, v1 = x0.prod(axis=0), x1.prod(axis=0)
    if method == "LMDI-II" and v0.any() and v1.any() and not (v0 * v1).any():
        with pytest.raises(InputError, match="no cell exists in both years"):
            lmdi(list(x0), list(x1), method=method)
        return
    effects = lmdi(list(x0), list(x1), method=method)
    assert np.isfinite(effects).all()
    assert effects.sum() == pytest.approx(change, abs=1e-11 * scale)
    if x0.prod(axis=0).sum() > 0 and x1.prod(axis=0).sum() > 0:
        ratios = lmdi(list(x0), list(x1), method=method, form="multiplicative")
        assert ratios.prod() == pytest.approx(x1.prod(axis=0).sum() / x0.prod(axis=0).sum(), rel=1e-9)
    np.testing.assert_allclose(lmdi(list(x1), list(x0), method=method), -effects, atol=1e-10 * scale)
    assert shapley(list(x0), list(x1)).sum() == pytest.approx(change, abs=1e-11 * np.maximum(x0, x1).prod(axis=0).sum())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["additive", "multiplicative"])
def test_zeros_are_the_limits_that_small_numbers_approach(method, form):
    """A small number e in place of zero converges to our value only as 1/ln e: extrapolated in 1/ln e it meets it."""
    before, after = [[3.0, 0.0, 2.0], [1.0, 2.0, 4.0]], [[5.0, 4.0, 2.0], [2.0, 1.0, 0.0]]
    exact = lmdi(before, after, method=method, form=form)
    found = []
    steps = [1e-75, 1e-150, 1e-300]
    for e in steps:
        small = [[np.where(np.array(f) == 0, e, f) for f in year] for year in (before, after)]
        found.append(lmdi(*small, method=method, form=form))
    at = 1 / np.log(np.array(steps))
    others = [[j for j in range(3) if j != k] for k in range(3)]
    weights = [np.prod(-at[o]) / np.prod(at[k] - at[o]) for k, o in enumerate(others)]
    limit = np.tensordot(weights, found, 1)
    np.testing.assert_allclose(limit, exact, rtol=2e-4)
    assert np.abs(found[0] - exact).max() > 1e-3, "a small number itself is not the limit"


def test_a_factor_that_is_zero_everywhere_takes_the_whole_change():
    """A new fuel: nothing of it in the first year, so its share explains all."""
    for method in METHODS:
        np.testing.assert_allclose(lmdi([[5, 5], [0, 0], [2, 3]], [[6, 6], [1, 2], [2, 2]], method=method), [0, 36, 0])
        np.testing.assert_allclose(lmdi([[5, 5], [1, 2], [2, 2]], [[6, 6], [0, 0], [2, 3]], method=method), [0, -30, 0])
    np.testing.assert_allclose(lmdi([[0.0], [0.0], [2.0]], [[3.0], [5.0], [4.0]]), [30, 30, 0])
    np.testing.assert_array_equal(lmdi([[0.0], [1.0]], [[0.0], [2.0]]), [0, 0])
    for method in METHODS:
        with pytest.raises(InputError, match="use the additive form"):
            lmdi([[0.0], [1.0]], [[1.0], [2.0]], method=method, form="multiplicative")


def test_cells_add_up_to_groups_and_series_chain():
    rng = np.random.default_rng(0)
    series = [rng.uniform(1, 2, (4, 5)) for _ in range(3)]
    cells_ = cell_effects([f[0] for f in series], [f[3] for f in series])
    assert cells_.shape == (3, 5)
    np.testing.assert_allclose(cells_.sum(axis=1), lmdi([f[0] for f in series], [f[3] for f in series]))
    part = [f[:, :2] for f in series]
    np.testing.assert_allclose(cells_[:, :2].sum(axis=1), lmdi([f[0] for f in part], [f[3] for f in part]))
    total = np.prod(series, axis=0).sum(axis=1)
    steps = chained(series)
    np.testing.assert_allclose(steps.sum(axis=1), np.diff(total))
    ratios = chained(series, form="multiplicative", method="LMDI-II")
    assert ratios.prod() == pytest.approx(total[3] / total[0])


def test_regions_compare_through_the_mean_without_residual_and_transitively():
    rng = np.random.default_rng(4)
    activity = np.repeat(rng.uniform(50, 200, (5, 1)), 3, axis=1)
    share = rng.dirichlet([2, 2, 2], 5)
    intensity = rng.uniform(0.5, 3, (5, 3))
    factors = [activity, share, intensity]
    emissions = (activity * share * intensity).sum(axis=1)
    effects = spatial(factors)
    np.testing.assert_allclose(effects.sum(axis=1), emissions - emissions.mean())
    # The mean region: mean activity, activity-weighted structure, output-weighted intensity.
    output = activity * share
    reference = [activity.mean(axis=0), output.mean(axis=0) / activity.mean(axis=0),
                 (output * intensity).mean(axis=0) / output.mean(axis=0)]
    np.testing.assert_allclose(effects[2], lmdi(reference, [f[2] for f in factors]))
    np.testing.assert_allclose(spatial(factors, reference=1)[1], 0)
    np.testing.assert_allclose(spatial(factors, reference=1)[3].sum(), emissions[3] - emissions[1])


def two_levels(rng):
    """Two sectors with two and three sub-sectors: activity, share, intensity, then share and intensity below."""
    parent = np.array([0, 0, 1, 1, 1])
    sub_share = rng.uniform(0.2, 1, 5)
    sub_share /= np.bincount(parent, sub_share)[parent]
    sub_intensity = rng.uniform(0.5, 2, 5)
    share = rng.dirichlet([2, 2])
    intensity = np.bincount(parent, sub_share * sub_intensity)
    return [[np.full(2, rng.uniform(50, 100)), share, intensity], [sub_share, sub_intensity]], parent


def test_hierarchical_levels_add_up_and_keep_the_upper_effects():
    rng = np.random.default_rng(8)
    (before, parent), (after, _) = two_levels(rng), two_levels(rng)
    upper, lower = multilevel(before, after, [parent])
    plain = lmdi(before[0], after[0])
    np.testing.assert_allclose(upper, plain[:2])
    assert lower.sum() == pytest.approx(plain[2])
    # By hand for one sector: its intensity effect times the share of the sub-sectors' logarithmic changes.
    V0, V1 = (np.prod(level[0], axis=0) for level in (before, after))
    i0, i1 = (np.prod(level[1], axis=0) for level in (before, after))
    factor = (log_mean(V1, V0) / log_mean(after[0][2], before[0][2]))[parent]
    by_hand = [(factor * log_mean(i1, i0) * np.log(after[1][k] / before[1][k])).sum() for k in range(2)]
    np.testing.assert_allclose(lower, by_hand)
    broken = [before[0], [before[1][0] * 1.1, before[1][1]]]
    with pytest.raises(InputError, match=r"is not the sum 1\.2479489 of its children on level 2"):
        multilevel(broken, after, [parent])


def test_a_sector_without_any_activity_in_one_year_closes_on_both_levels():
    rng = np.random.default_rng(9)
    (before, parent), (after, _) = two_levels(rng), two_levels(rng)
    before[0][1], before[0][2], before[1][1] = np.array([1.0, 0.0]), before[0][2] * [1, 0], before[1][1] * (parent == 0)
    effects = multilevel(before, after, [parent])
    change = np.prod(after[0], axis=0).sum() - np.prod(before[0], axis=0).sum()
    assert sum(part.sum() for part in effects) == pytest.approx(change, rel=1e-12)


def test_signed_data_take_the_shapley_value():
    """Two factors: each gets its own change at the mean of the other (Sun 1998)."""
    np.testing.assert_allclose(shapley([[3.0], [-2.0]], [[4.0], [1.0]]), [1 * (-0.5), 3 * 3.5])
    effects = shapley(*WORKED)
    assert effects.sum() == pytest.approx(-6.65)
    np.testing.assert_allclose(effects, lmdi(*WORKED), rtol=0.02)
    with pytest.raises(InputError, match="factor 1: changes sign between the years; use shapley"):
        lmdi([[3.0], [-2.0]], [[4.0], [1.0]])
    np.testing.assert_allclose(lmdi([[3.0], [-2.0]], [[4.0], [-1.0]]).sum(), 2.0)


@pytest.mark.parametrize(("before", "after", "message"), [
    ([[1.0, 2.0], [1.0]], [[1.0, 2.0], [1.0, 1.0]], "factor 1 of the first year: shape (1,)"),
    ([[1.0]], [[1.0], [2.0]], "1 factors in the first year and 2 in the second"),
    ([[np.nan]], [[1.0]], "not a finite number at (0,)"),
    ([], [], "0 factors"),
])
def test_mistakes_are_named(before, after, message):
    with pytest.raises(InputError) as caught:
        lmdi(before, after)
    assert message in str(caught.value)


def test_unknown_method_and_form_are_named():
    with pytest.raises(InputError, match="did you mean 'LMDI-I' or 'LMDI-II'"):
        lmdi(*WORKED, method="LMDI-2")
    with pytest.raises(InputError, match="unknown form 'ratio'"):
        lmdi(*WORKED, form="ratio")
