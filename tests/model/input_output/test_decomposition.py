"""Structural decomposition: every order by brute force, no residual, and the change of L told by block."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import random_mrio

from io_tables.errors import InputError
from model.input_output.decomposition import coefficient_blocks, decompose, structural_decomposition
from model.input_output.leontief import Leontief
from model.input_output.table_decomposition import table_decomposition

METHODS = ["exact", "polar"]


def random_year(seed, n=6):
    rng = np.random.default_rng(seed)
    A = rng.random((n, n)) * (rng.random((n, n)) > 0.4)
    A *= rng.uniform(0.1, 0.8, n) / np.maximum(A.sum(axis=0), 1e-9)
    return rng.random(n) * (rng.random(n) > 0.3), A, rng.random(n) * 100 * (rng.random(n) > 0.2)


def all_orders(first, second):
    """Effects of f, L, y in each of the 3! orders, straight from the definition."""
    n = len(first[0])
    for order in itertools.permutations(range(3)):
        now, effects = list(first), [0.0] * 3
        for k in order:
            before = now[0] @ np.linalg.solve(np.eye(n) - now[1], now[2])
            now[k] = second[k]
            effects[k] = now[0] @ np.linalg.solve(np.eye(n) - now[1], now[2]) - before
        yield order, effects


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_the_exact_method_is_the_average_of_all_orders_and_polar_that_of_two(seed):
    first, second = random_year(seed), random_year(seed + 1)
    orders = dict(all_orders(first, second))
    every = np.array(list(orders.values()))
    exact = structural_decomposition(*first, *second)
    np.testing.assert_allclose(list(exact.effects.values()), every.mean(axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(list(exact.spread.values()), np.ptp(every, axis=0), rtol=1e-8, atol=1e-9)
    polar = structural_decomposition(*first, *second, method="polar")
    two = np.array([orders[0, 1, 2], orders[2, 1, 0]])
    np.testing.assert_allclose(list(polar.effects.values()), two.mean(axis=0), rtol=1e-9, atol=1e-9)
    change = sum(sign * f @ np.linalg.solve(np.eye(6) - A, y) for sign, (f, A, y) in ((1, second), (-1, first)))
    for found in (exact, polar):
        assert list(found.effects) == ["f", "L", "y"]
        assert sum(found.effects.values()) == pytest.approx(change, rel=1e-10, abs=1e-10)
        for name, by_sector in found.by_sector.items():
            assert by_sector.sum() == pytest.approx(found.effects[name], rel=1e-9, abs=1e-9)


def test_a_closed_form_of_one_sector():
    """f 2 -> 1, a 0.5 -> 0.6 (L 2 -> 2.5), y 10 -> 20: 40 -> 50; effects by the known weights 1/3 and 1/6."""
    found = structural_decomposition([2], [[0.5]], [10], [1], [[0.6]], [20])
    f = -1 * (2 * 10 / 3 + 2 * 20 / 6 + 2.5 * 10 / 6 + 2.5 * 20 / 3)
    L = 0.5 * (2 * 10 / 3 + 2 * 20 / 6 + 1 * 10 / 6 + 1 * 20 / 3)
    y = 10 * (2 * 2 / 3 + 2 * 2.5 / 6 + 1 * 2 / 6 + 1 * 2.5 / 3)
    assert found.effects == pytest.approx({"f": f, "L": L, "y": y})
    assert found.lowest["f"] == pytest.approx(-50) and found.highest["f"] == pytest.approx(-20)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_changes_and_one_factor_alone(method):
    first, second = random_year(3), random_year(4)
    same = structural_decomposition(*first, *first, method=method)
    assert list(same.effects.values()) == [0, 0, 0] and list(same.spread.values()) == [0, 0, 0]
    alone = structural_decomposition(*first, first[0], second[1], first[2], method=method)
    assert alone.effects["f"] == alone.effects["y"] == 0 == alone.spread["L"]


@pytest.mark.parametrize("method", METHODS)
def test_the_effect_of_coefficients_splits_into_own_other_and_imports(method):
    rng = np.random.default_rng(6)
    R, S = 2, 3
    regions = np.repeat(np.arange(R), S)
    (f0, A0, y0), (f1, A1, y1) = random_year(6), random_year(8)
    imports = [rng.random((S, R * S)) * 0.05 for _ in range(2)]
    # A commodity that moves from imports alone to home alone, one never bought, one only abroad.
    A0[[0, 3], 0], imports[1][0, 0], imports[0][0, 0] = 0, 0, 0.1
    A0[[1, 4], 2] = A1[[1, 4], 2] = imports[0][1, 2] = imports[1][1, 2] = 0
    A0[[2, 5], 3] = A1[[2, 5], 3] = 0
    blocks = coefficient_blocks(A0, A1, regions, imports0=imports[0], imports1=imports[1])
    assert list(blocks) == ["own", "other", "imports"]
    np.testing.assert_allclose(sum(blocks.values()), A1 - A0, atol=1e-15)
    assert not blocks["own"][:S, S:].any() and not blocks["other"][:S, :S].any()
    found = structural_decomposition(f0, A0, y0, f1, A1, y1, method=method, blocks=blocks)
    assert sum(found.blocks.values()) == pytest.approx(found.effects["L"], rel=1e-9)
    np.testing.assert_allclose(sum(found.blocks_by_sector.values()), found.by_sector["L"], rtol=1e-8, atol=1e-10)
    plain = coefficient_blocks(A0, A1, regions)
    np.testing.assert_allclose(plain["own"] + plain["other"], A1 - A0)
    # Where the domestic share does not move, nothing is ascribed to imports.
    total = [A.reshape(R, S, -1).sum(axis=0) * 0.25 for A in (A0, A1)]
    steady = coefficient_blocks(A0, A1, regions, imports0=total[0], imports1=total[1])
    np.testing.assert_allclose(steady["imports"], 0, atol=1e-15)
    with pytest.raises(InputError, match="blocks miss A1 - A0"):
        structural_decomposition(f0, A0, y0, f1, A1, y1, blocks={"own": blocks["own"]})


def test_two_tables_decompose_by_region_without_a_residual():
    before, after = random_mrio(3, 4, 1), random_mrio(3, 4, 2)
    found = table_decomposition(before, after, "CO2")
    assert list(found) == ["intensity", "own", "other", "imports", "mix", "level", "change"]
    change = (after.extensions["CO2"] - before.extensions["CO2"]).reshape(3, 4).sum(axis=1)
    np.testing.assert_allclose(found["change"], change, rtol=1e-9)
    # Prices of everything doubled: the level doubles, intensity halves, inputs and mix stay.
    double = replace(before, Z=2 * before.Z, Y=2 * before.Y, value_added=2 * before.value_added,
                     imports=2 * before.imports)
    scaled = table_decomposition(before, double, "energy", row=1)
    np.testing.assert_allclose(scaled[["own", "other", "imports", "mix"]], 0, atol=1e-10)
    emitted = before.extensions["energy"][1].reshape(3, 4).sum(axis=1)
    np.testing.assert_allclose(scaled["level"], 0.75 * emitted)
    other = replace(after, regions=("region 0", "region 1", "region 9"), final_demand=None)
    with pytest.raises(InputError, match="regions: differ: region 2, region 9"):
        table_decomposition(before, other, "CO2")


def test_the_effect_of_inputs_between_tables_is_the_average_of_all_orders():
    before, after = random_mrio(2, 3, 3), random_mrio(2, 3, 5)
    found = table_decomposition(before, after, "CO2")

    def state(f, L, mix, level):
        tables = (before, after)
        y = tables[mix].Y.sum(axis=1) / tables[mix].Y.sum() * tables[level].Y.sum()
        return (tables[f].extensions["CO2"] / tables[f].x) @ np.linalg.solve(np.eye(6) - tables[L].A, y)

    effects = []
    for order in itertools.permutations(range(4)):
        years = [0] * 4
        for k in order:
            start = state(*years)
            years[k] = 1
            if k == 1:
                effects.append(state(*years) - start)
    assert found[["own", "other", "imports"]].to_numpy().sum() == pytest.approx(np.mean(effects))


def test_any_number_of_factors_equals_the_average_of_all_orders():
    rng = np.random.default_rng(2)
    names = "abcd"
    first, second = ({k: rng.random(3) for k in names} for _ in range(2))

    def combine(a, b, c, d):
        return a * b / (1 + c) + d * a

    every = []
    for order in itertools.permutations(names):
        now, effects = dict(first), {}
        for name in order:
            before = combine(**now)
            now[name] = second[name]
            effects[name] = combine(**now) - before
        every.append([effects[name] for name in names])
    every = np.array(every)
    found = decompose(combine, first, second)
    np.testing.assert_allclose([found.effects[k] for k in names], every.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose([found.highest[k] for k in names], every.max(axis=0), rtol=1e-12)
    np.testing.assert_allclose([found.spread[k] for k in names], np.ptp(every, axis=0), rtol=1e-9, atol=1e-15)
    polar = decompose(combine, first, second, method="polar")
    np.testing.assert_allclose(polar.effects["b"], (every[0] + every[-1])[1] / 2, rtol=1e-12)
    np.testing.assert_allclose(sum(polar.effects.values()), combine(**second) - combine(**first), rtol=1e-12)


def test_a_kept_factor_may_be_a_factor_of_the_decomposition():
    (f0, A0, y0), (f1, A1, y1) = random_year(10), random_year(11)
    mix0, mix1 = y0 / y0.sum(), y1 / y1.sum()
    found = decompose(lambda f, L, mix, level: f @ L.output(mix * level),
                      {"f": f0, "L": Leontief(A0), "mix": mix0, "level": y0.sum()},
                      {"f": f1, "L": Leontief(A1), "mix": mix1, "level": y1.sum()})
    exact = structural_decomposition(f0, A0, y0, f1, A1, y1)
    assert sum(found.effects.values()) == pytest.approx(sum(exact.effects.values()))


@pytest.mark.parametrize(("change", "message"), [
    ({"f1": [1.0, 2.0]}, "f1: shape (2,); expected (6,)"),
    ({"y0": [np.nan] * 6}, "y0: holds a number that is not finite"),
    ({"A1": np.full((6, 6), 0.5)}, "not productive"),
    ({"A1": np.eye(3) * 0.1}, "A1: 3 sectors; A0 has 6"),
])
def test_mistakes_are_named(change, message):
    (f0, A0, y0), (f1, A1, y1) = random_year(0), random_year(1)
    values = {"f0": f0, "A0": A0, "y0": y0, "f1": f1, "A1": A1, "y1": y1, **change}
    with pytest.raises(InputError) as caught:
        structural_decomposition(*values.values())
    assert message in str(caught.value)


def test_unknown_methods_and_factors_that_differ_are_named():
    with pytest.raises(InputError, match="did you mean 'exact'"):
        decompose(lambda a: a, {"a": 1}, {"a": 2}, method="exakt")
    with pytest.raises(InputError, match="factors differ: a and b"):
        decompose(lambda a: a, {"a": 1}, {"b": 2})
    with pytest.raises(InputError, match="not finite with a of second year"):
        decompose(lambda a: np.inf if a == 2 else a, {"a": 1}, {"a": 2})
