"""Coarser and finer tables: nothing is lost, and merging a split gives the table back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import random_mrio

from io_tables.aggregation import aggregate, concordance
from io_tables.errors import InputError, NotConverged
from io_tables.mrio import Mrio
from io_tables.splitting import split, split_electricity

TO_TWO = {"sector 0": "goods", "sector 1": "services", "sector 2": "goods", "sector 3": "services"}


def same(one: Mrio, two: Mrio, rtol=1e-9):
    assert one.regions == two.regions and one.sectors == two.sectors and one.final_demand == two.final_demand
    for name in ("Z", "Y", "value_added", "imports", "final_imports", "error"):
        a, b = getattr(one, name), getattr(two, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-9, err_msg=name)
    for name, value in one.extensions.items():
        np.testing.assert_allclose(value, two.extensions[name], rtol=rtol, err_msg=name)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_aggregation_commutes_with_totals_and_balances(seed):
    table = random_mrio(3, 4, seed=seed)
    coarse = aggregate(table, regions={"region 0": "east", "region 1": "west", "region 2": "east"}, sectors=TO_TWO,
                       categories={"households": "final", "investment": "final", "exports": "exports"},
                       components={"labour": "primary", "tax": "primary", "surplus": "primary"})
    assert coarse.regions == ("east", "west") and coarse.sectors == ("goods", "services")
    assert coarse.final_demand == (("east", "final"), ("west", "final"), (None, "exports"))
    assert coarse.check()["columns"] < 1e-12
    np.testing.assert_allclose(coarse.x, np.kron([[1, 0, 1], [0, 1, 0]], [[1, 0, 1, 0], [0, 1, 0, 1]]) @ table.x)
    for whole, part in ((table.Z, coarse.Z), (table.Y, coarse.Y), (table.imports, coarse.imports),
                        (table.final_imports, coarse.final_imports), (table.value_added, coarse.value_added)):
        np.testing.assert_allclose(part.sum(), whole.sum())
    np.testing.assert_allclose(coarse.extensions["energy"].sum(1), table.extensions["energy"].sum(1))
    # One cell by hand: goods of the east sold to services of the west.
    rows = [0, 2, 8, 10]
    np.testing.assert_allclose(coarse.Z[0, 3], table.Z[np.ix_(rows, [5, 7])].sum())


def test_aggregation_in_two_steps_or_one_is_the_same():
    table = random_mrio(3, 4, seed=1)
    east_west = {"region 0": "east", "region 1": "west", "region 2": "east"}
    same(aggregate(aggregate(table, sectors=TO_TWO), regions=east_west),
         aggregate(table, sectors=TO_TWO, regions=east_west))
    same(aggregate(table), table)


def test_aggregation_names_what_is_missing_and_unknown():
    table = random_mrio(2, 3)
    with pytest.raises(InputError) as caught:
        aggregate(table, sectors={"sector 0": "a", "sector 1": "a", "sector 9": "b"}, regions={"region 0": "x"})
    said = str(caught.value)
    assert "'region 1' has no new label" in said and "'sector 2' has no new label" in said and "'sector 9'" in said
    assert "did you mean" in said


def test_concordance_matrices_must_be_many_to_one():
    assert concordance(["a", "b"], ["x", "y"], [[0, 1], [1, 0]]) == {"a": "y", "b": "x"}
    with pytest.raises(InputError, match="a: goes to 2 labels"):
        concordance(["a", "b"], ["x", "y"], [[0.5, 0.5], [1, 0]])


def test_a_plain_split_makes_equal_technologies():
    """In proportion to output: the parts share all coefficients, so footprints do not move."""
    table = random_mrio(2, 3, seed=5)
    fine = split(table, "sector 1", ("left", "right"), [0.25, 0.75])
    assert fine.sectors == ("sector 0", "left", "right", "sector 2")
    assert fine.check()["columns"] < 1e-12
    np.testing.assert_allclose(fine.value_added[:, 1] / fine.x[1], fine.value_added[:, 2] / fine.x[2])
    np.testing.assert_allclose(fine.x[[1, 2]], table.x[1] * np.array([0.25, 0.75]))
    same(aggregate(fine, sectors={"sector 0": "sector 0", "left": "sector 1", "right": "sector 1",
                                  "sector 2": "sector 2"}), table)


BACK = {name: name for name in ("sector 0", "sector 1", "sector 3")} | dict.fromkeys("abc", "sector 2")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_merging_a_weighted_split_gives_the_table_back(seed):
    rng = np.random.default_rng(seed)
    table = random_mrio(3, 4, seed=seed)
    fine = split(
        table, "sector 2", ("a", "b", "c"), rng.dirichlet([3, 3, 3], 3),
        input_weights={"sector 0": [0.5, 1, 2], "sector 2": [1, 1, 0.5], "labour": [2, 1, 1]},
        sales_weights={"sector 3": [1, 0.3, 1], "investment": [3, 1, 1]},
        own_weights=[[1, 1, 2], [0.2, 1, 1], [1, 1, 1]],
        extension_weights={"CO2": [1, 0, 4]}, import_shares=[0.5, 0.5, 0])
    assert fine.check()["columns"] < 1e-8
    same(aggregate(fine, sectors=BACK), table, rtol=1e-7)


def test_weights_of_zero_stay_zero():
    table = random_mrio(3, 4, seed=2)
    fine = split(table, "sector 2", ("a", "b", "c"), [0.2, 0.4, 0.4], input_weights={"sector 0": [0, 1, 2]},
                 sales_weights={"sector 3": [1, 0, 1]}, extension_weights={"CO2": [1, 0, 4]})
    first, parts = np.arange(3) * 6, np.arange(3)[:, None] * 6 + [2, 3, 4]
    assert (fine.Z[np.ix_(first, parts[:, 0])] == 0).all() and (fine.Z[np.ix_(parts[:, 1], first + 5)] == 0).all()
    assert (fine.extensions["CO2"][parts[:, 1]] == 0).all()
    same(aggregate(fine, sectors=BACK), table, rtol=1e-7)


def with_little_fuel(table):
    """The table with coal, gas, electricity and rest; fuels (rows 0, 1) are a small part of electricity's inputs."""
    Z, Y, va, imports = table.Z.copy(), table.Y.copy(), table.value_added.copy(), table.imports.copy()
    for e in (2, 6):
        for fuel in (0, 1, 4, 5):
            Y[fuel, 0] += 0.9 * Z[fuel, e]
            va[0, e] += 0.9 * Z[fuel, e]
            Z[fuel, e] *= 0.1
        va[0, e] += imports[:2, e].sum() * 0.9
        imports[:2, e] *= 0.1
    return Mrio(table.regions, ("coal", "gas", "electricity", "rest"), Z, Y, va, imports, table.final_imports,
                table.final_demand, table.extensions, table.value_added_labels)


def test_electricity_by_technology_burns_only_its_own_fuel():
    table = with_little_fuel(random_mrio(2, 4, seed=8))
    output = table.x.reshape(2, 4)[:, 2]
    shares = np.array([0.5, 0.2, 0.2])
    fine = split_electricity(
        table, "electricity", ("coal power", "gas power", "wind"), output[:, None] / 10 / 0.4 * shares, [0.4] * 3,
        fuel_weights={"coal": [1, 0, 0], "gas": [0, 1, 0]}, extension_weights={"CO2": [1, 0.5, 0]})
    assert fine.sectors[2:6] == ("coal power", "gas power", "wind", "Transmission and distribution")
    np.testing.assert_allclose(fine.x.reshape(2, 7)[:, 2:6] / output[:, None], [[*shares, 0.1]] * 2)
    Z = fine.Z.reshape(2, 7, 2, 7)
    assert (Z[:, 0, :, 3:6] == 0).all() and (Z[:, 1][:, :, [2, 4, 5]] == 0).all()
    assert Z[:, 0, :, 2].sum() > 0 and Z[:, 1, :, 3].sum() > 0
    assert (fine.extensions["CO2"].reshape(2, 7)[:, 4:6] == 0).all()
    np.testing.assert_allclose(fine.extensions["CO2"].sum(), table.extensions["CO2"].sum())
    assert fine.check()["columns"] < 1e-8
    with pytest.raises(InputError, match="worth"):
        split_electricity(table, "electricity", ("coal power",), output[:, None], [0.4])


def test_fuel_that_only_a_small_part_may_take_is_named_with_its_region():
    table = random_mrio(2, 4, seed=8)
    electricity = table.sectors[2]
    output = table.x.reshape(2, 4)[:, 2]
    tiny = output[:, None] / 10 / 0.4 * np.array([0.9, 1e-4])
    fuel = {table.sectors[0]: [0, 1]}
    named = f"inputs of '{electricity}' in {table.regions[0]}: {table.sectors[0]} .* only go to 'gas power'.*small"
    with pytest.raises(InputError, match=named):
        split_electricity(table, electricity, ("coal power", "gas power"), tiny, [0.4] * 2, fuel_weights=fuel)
    loose = {table.sectors[0]: [1e-3, 1]}
    fine = split_electricity(table, electricity, ("coal power", "gas power"), tiny, [0.4] * 2, fuel_weights=loose,
                             network_extensions={"CO2": 0.5}, extension_weights={"CO2": [1, 1]})
    assert fine.check()["columns"] < 1e-8
    rate = fine.extensions["CO2"].reshape(2, 6)[:, 2:5] / fine.x.reshape(2, 6)[:, 2:5]
    np.testing.assert_allclose(rate / rate[:, :1], [[1, 1, 0.5]] * 2)


def test_splits_that_cannot_be_are_refused():
    table = random_mrio(2, 3)
    for wrong in ({"sector": "sector 7"}, {"into": ("a", "a")}, {"into": ("sector 0", "b")},
                  {"output_shares": [0.5, 0.6]}, {"output_shares": [1.5, -0.5]}, {"import_shares": [1, 1]},
                  {"input_weights": {"sector 8": [1, 1]}}, {"sales_weights": {"exports": [1, -1]}},
                  {"own_weights": [[1, 1]]}):
        with pytest.raises(InputError):
            split(**{"table": table, "sector": "sector 1", "into": ("a", "b"), "output_shares": [0.5, 0.5], **wrong})
    everything = {name: [1, 0] for name in (*table.sectors, *table.value_added_labels)}
    with pytest.raises((NotConverged, InputError)):
        split(table, "sector 1", ("a", "b"), [0.5, 0.5], input_weights=everything)
