"""The frozen table: order, identities and refusals (Miller and Blair 2009, chapters 2 and 3)."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import random_mrio

from io_tables.errors import InputError
from io_tables.mrio import EXPORTS, Mrio


def textbook() -> Mrio:
    """Two sectors of one region with outputs 1000 and 2000 (Miller and Blair 2009, table 2.3)."""
    return Mrio(("nation",), ("1", "2"), [[150, 500], [200, 100]], [350, 1700], [650, 1400])


def test_outputs_and_coefficients_are_the_textbooks():
    table = textbook()
    np.testing.assert_allclose(table.x, [1000, 2000])
    np.testing.assert_allclose(table.A, [[0.15, 0.25], [0.20, 0.05]])
    assert table.check() == {"columns": 0.0, "gdp": 0.0, "negative_flows": 0.0, "negative_output": 0.0}


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 10_000))
def test_a_balanced_table_passes_every_identity(regions, sectors, seed):
    table = random_mrio(regions, sectors, seed)
    assert max(table.check().values()) <= 1e-10
    by_region, abroad = table.final_use_by_region()
    np.testing.assert_allclose(by_region.sum(axis=1) + abroad + table.Z.sum(axis=1), table.x)
    assert table.gdp().sum() == pytest.approx(table.value_added.sum())


def test_rows_run_by_region_then_sector():
    table = random_mrio(3, 4, 1)
    assert table.position("region 1", "sector 2") == 1 * 4 + 2
    np.testing.assert_array_equal(table.region_index, [0] * 4 + [1] * 4 + [2] * 4)


def test_exports_have_no_destination():
    table = random_mrio(2, 3, 2)
    column = table.final_demand.index(EXPORTS)
    _, abroad = table.final_use_by_region()
    np.testing.assert_array_equal(abroad, table.Y[:, column])


def test_a_sector_without_output_has_zero_coefficients():
    table = Mrio(("r",), ("a", "b"), [[1.0, 0.0], [0.0, 0.0]], [1.0, 0.0], [1.0, 0.0])
    np.testing.assert_array_equal(table.A, [[0.5, 0.0], [0.0, 0.0]])


@pytest.mark.parametrize("identity, change", [
    ("columns", {"value_added": [650, 1500]}), ("gdp", {"value_added": [650, 1500]}),
    ("negative_flows", {"Z": [[150, 500], [-200, 100]]}), ("negative_output", {"Y": [350, -1700]}),
])
def test_check_finds_what_does_not_balance_and_never_raises(identity, change):
    assert replace(textbook(), **change).check()[identity] > 0.01


def test_error_column_counts_in_output_and_stays_apart():
    table = replace(textbook(), error=[10.0, 0.0], value_added=[660, 1400])
    np.testing.assert_allclose(table.x, [1010, 2000])
    assert table.check()["rows"] == pytest.approx(10 / 2000)
    assert table.check()["columns"] == 0.0


def test_imported_inputs_belong_to_the_column_balance():
    table = replace(textbook(), value_added=[600, 1300], imports=[[30, 40], [20, 60]])
    assert table.check()["columns"] == 0.0
    np.testing.assert_allclose(table.foreign_inputs, [50, 100])


@pytest.mark.parametrize("change, place", [
    ({"Z": np.zeros((3, 3))}, "Mrio.Z"), ({"Y": np.zeros((3, 1))}, "Mrio.Y"),
    ({"value_added": np.zeros(3)}, "Mrio.value_added"), ({"imports": np.zeros((3, 2))}, "Mrio.imports"),
    ({"final_imports": np.zeros((1, 1))}, "Mrio.final_imports"), ({"error": np.zeros(1)}, "Mrio.error"),
    ({"Z": [[1.0, np.nan], [0.0, 1.0]]}, "Mrio.Z"), ({"Y": [np.inf, 0.0]}, "Mrio.Y"),
    ({"final_demand": (("nation", "a"), ("nation", "b"))}, "Mrio.final_demand"),
    ({"final_demand": (("elsewhere", "a"),)}, "Mrio.final_demand"), ({"sectors": ("1", "1")}, "Mrio.sectors"),
    ({"extensions": {"co2": np.zeros(5)}}, "Mrio.extensions['co2']"),
])
def test_tables_that_cannot_be_are_refused_naming_the_part(change, place):
    with pytest.raises(InputError) as caught:
        replace(textbook(), **change)
    assert [problem.where for problem in caught.value.problems] == [place]


def test_all_mistakes_are_reported_together():
    with pytest.raises(InputError) as caught:
        replace(textbook(), Y=np.zeros((3, 1)), value_added=np.zeros(3))
    assert len(caught.value.problems) == 2


def test_unknown_labels_are_named_with_the_nearest():
    with pytest.raises(InputError) as caught:
        random_mrio(2, 2, 0).position("region 7", "sektor 1")
    assert "region 1" in str(caught.value) and "sector 1" in str(caught.value)


def test_a_table_without_labels_of_final_demand_has_no_destinations():
    with pytest.raises(InputError, match="no final_demand labels"):
        textbook().final_use_by_region()


def test_table_cannot_be_changed_by_assignment():
    with pytest.raises(FrozenInstanceError):
        textbook().Z = np.zeros((2, 2))
