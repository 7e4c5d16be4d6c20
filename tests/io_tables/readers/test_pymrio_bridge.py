"""Tables go to pymrio and come back the same; pymrio's own results on them equal ours. Skipped without pymrio."""

import sys

import numpy as np
import pytest
from tables_made import balanced

from io_tables.errors import InputError
from io_tables.readers.pymrio_bridge import from_pymrio, to_pymrio


def test_missing_pymrio_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymrio", None)
    with pytest.raises(InputError, match="pip install pymrio"):
        to_pymrio(balanced(2, 3))


@pytest.mark.parametrize("error", [True, False])
def test_round_trip_keeps_every_part(error):
    pytest.importorskip("pymrio")
    table = balanced(3, 4, error=error)
    table = type(table)(
        table.regions, table.sectors, table.Z, table.Y, table.value_added, table.imports, None, table.final_demand,
        {"co2": np.arange(24.0).reshape(2, 12)}, table.value_added_labels, table.error,
    )
    back = from_pymrio(to_pymrio(table))
    for name in ("Z", "Y", "value_added", "imports", "error"):
        one, other = getattr(table, name), getattr(back, name)
        assert (one is None) == (other is None), name
        assert one is None or np.allclose(one, other, rtol=0, atol=1e-9), name
    assert (back.regions, back.sectors, back.final_demand) == (table.regions, table.sectors, table.final_demand)
    assert back.value_added_labels == table.value_added_labels
    assert np.array_equal(back.extensions["co2"], table.extensions["co2"])
    assert back.check()["columns"] <= 1e-9


def test_coefficients_of_pymrio_equal_ours():
    pymrio = pytest.importorskip("pymrio")
    table = balanced(3, 4, error=False)
    system = to_pymrio(table)
    assert np.allclose(pymrio.calc_A(system.Z, system.x).to_numpy(), table.A)
    assert np.allclose(pymrio.calc_x(system.Z, system.Y).to_numpy()[:, 0], table.x)


def test_test_table_of_pymrio_comes_over_with_its_balances():
    pymrio = pytest.importorskip("pymrio")
    system = pymrio.load_test().calc_all()
    table = from_pymrio(system)
    assert (len(table.regions), len(table.sectors)) == (6, 8)
    assert np.allclose(table.x, system.x.to_numpy()[:, 0])
    assert np.allclose(table.A, system.A.to_numpy())
    assert table.extensions["emissions"].shape[1] == 48
    # Its factor inputs do not complete the columns, so value added is what remains and they stay an extension.
    assert table.check()["columns"] <= 1e-9 and "factor_inputs" in table.extensions


def test_sectors_out_of_order_are_matched_by_name_and_missing_ones_named():
    pytest.importorskip("pymrio")
    table = balanced(2, 3, error=False)
    system = to_pymrio(table)
    system.Y = system.Y.iloc[::-1]
    assert np.allclose(from_pymrio(system).Y, table.Y)
    system.Y = system.Y.iloc[1:]
    with pytest.raises(InputError) as raised:
        from_pymrio(system)
    assert "is missing" in raised.value.problems[0].what and raised.value.problems[0].where == "Y rows"
    with pytest.raises(InputError) as raised:
        from_pymrio(to_pymrio(table), value_added="factor_input")
    assert "'factor_inputs'" in raised.value.problems[0].remedy
