"""The checks of a user's table diagnose what is wrong, name where, and change nothing."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "readers"))
from tables_made import balanced, ceads_rows, save

from io_tables.mrio import Mrio
from io_tables.preflight import FAIL, PASS, SKIPPED, WARNING, preflight


def status(findings, name):
    """Status and message of one check."""
    [found] = [f for f in findings if f.name == name]
    return found.status, found.message


def test_balanced_table_passes_every_check():
    findings = preflight(balanced(4, 5, error=False))
    assert {f.status for f in findings} <= {PASS, WARNING}
    assert [f.name for f in findings if f.status == WARNING] == []


def test_error_column_is_part_of_the_stated_convention():
    findings = preflight(balanced(3, 4, error=True))
    assert status(findings, "balances")[0] == PASS and "error" in status(findings, "balances")[1]


def test_transposed_flows_are_recognised():
    table = balanced(3, 4, error=False)
    turned = replace(table, Z=table.Z.T.copy())
    assert status(preflight(turned), "orientation")[0] == FAIL
    assert "transposed" in status(preflight(turned), "orientation")[1]


def test_imports_counted_inside_z_are_suggested():
    table = balanced(3, 4, error=False)
    double = replace(table, value_added=table.value_added + table.imports * np.array([1, 0, 0, 0])[:, None])
    found, message = status(preflight(double), "balances")
    assert found == FAIL and "competitive" in message


@pytest.mark.parametrize("spread", [1e-4, 1e-1])
def test_imbalance_names_the_worst_industry(spread):
    table = balanced(3, 4, error=False)
    value_added = table.value_added.copy()
    value_added[0, 6] += spread * table.x.max()
    found, message = status(preflight(replace(table, value_added=value_added)), "balances")
    assert found == (WARNING if spread < 1e-3 else FAIL)
    assert f"most in {table.regions[1]} {table.sectors[2]}" in message


@pytest.mark.parametrize("parts", [(0, 1), (0, 1, 2, 3)])
def test_subtotal_among_the_sectors_is_named(parts):
    table = balanced(2, 4, error=False)
    S, R = 5, 2
    old = [r * S + i for r in range(R) for i in range(4)]
    Z, Y, va = np.zeros((10, 10)), np.zeros((10, table.Y.shape[1])), np.zeros((4, 10))
    imports = np.zeros(10)
    Z[np.ix_(old, old)], Y[old], va[:, old], imports[old] = table.Z, table.Y, table.value_added, table.imports
    for r in range(R):
        rows = [r * S + i for i in parts]
        Z[r * S + 4] = Z[rows].sum(axis=0)
        Y[r * S + 4] = Y[rows].sum(axis=0)
    if parts == (0, 1):  # a subtotal stands beside its parts
        order = [k for r in range(R) for k in (r * S, r * S + 1, r * S + 4, r * S + 2, r * S + 3)]
    else:
        order = list(range(10))
    names = tuple((*table.sectors, "all industry")[k] for k in order[:S])
    doubled = Mrio(
        table.regions, names, Z[np.ix_(order, order)], Y[order], va[:, order], imports[order], None, table.final_demand
    )
    found, message = status(preflight(doubled), "subtotals")
    assert found == FAIL and all(f"{region} all industry" in message for region in table.regions)


def test_nation_among_its_regions_is_named():
    table = balanced(3, 4, error=False, chinese=False)
    total = np.vstack([np.eye(12), np.tile(np.eye(4), 3)])
    Z = total @ table.Z @ np.eye(16)[:12].reshape(12, 16)
    whole = Mrio(
        (*table.regions, "China"), table.sectors, Z, total @ table.Y, np.pad(table.value_added, ((0, 0), (0, 4))),
        np.pad(table.imports, (0, 4)), None, table.final_demand,
    )
    assert "region China" in status(preflight(whole), "subtotals")[1]


@pytest.mark.parametrize("power", [-3, -2, -1, 1, 2, 3])
def test_unit_slip_of_a_row_is_named_with_its_size(power):
    table = balanced(3, 5, error=False)
    Z, Y = table.Z.copy(), table.Y.copy()
    Z[7, :] *= 10.0**power
    Y[7, :] *= 10.0**power
    size = f"{10**power} times too large" if power > 0 else f"{10**-power} times too small"
    message = f"row {size}: {table.regions[1]} {table.sectors[2]}"
    assert status(preflight(replace(table, Z=Z, Y=Y)), "unit slips") == (FAIL, message)


def test_unit_slip_of_a_region_in_the_columns_is_named():
    table = balanced(3, 5, error=False)
    Z, va, imports = table.Z.copy(), table.value_added.copy(), table.imports.copy()
    Z[:, 5:10] *= 1e2
    va[:, 5:10] *= 1e2
    imports[5:10] *= 1e2
    found, message = status(preflight(replace(table, Z=Z, value_added=va, imports=imports)), "unit slips")
    assert found == FAIL and message.startswith("column 100 times") and "Tianjin Other mining" in message
    assert "Beijing" not in message and "Hebei" not in message


@pytest.mark.parametrize("power", [-3, -1, 1, 2])
def test_unit_slip_of_a_column_is_not_taken_for_one_of_the_row(power):
    table = balanced(4, 6, error=False)
    Z, va, imports = table.Z.copy(), table.value_added.copy(), table.imports.copy()
    for flows in (Z, va.reshape(-1, table.n), imports.reshape(-1, table.n)):
        flows[:, 9] *= 10.0**power
    size = f"{10**power} times too large" if power > 0 else f"{10**-power} times too small"
    message = f"column {size}: {table.regions[1]} {table.sectors[3]}"
    assert status(preflight(replace(table, Z=Z, value_added=va, imports=imports)), "unit slips") == (FAIL, message)


@pytest.mark.parametrize("name, what", [("value_added", "value added"), ("imports", "imports"), ("Y", "final use")])
@pytest.mark.parametrize("factor, size", [(100.0, "100 times too large"), (0.001, "1000 times too small")])
def test_unit_slip_of_a_whole_block_or_one_entry_of_it_is_named(name, what, factor, size):
    table = balanced(3, 5, error=False)
    whole = replace(table, **{name: getattr(table, name) * factor})
    assert status(preflight(whole), "unit slips") == (FAIL, f"{what} {size}: every industry")
    values = getattr(table, name).copy()
    entry = (7, slice(None)) if name == "Y" else (..., 7)
    values[entry] *= factor
    place = f"{table.regions[1]} {table.sectors[2]}"
    assert status(preflight(replace(table, **{name: values})), "unit slips") == (FAIL, f"{what} {size}: {place}")


def test_an_imbalance_without_a_power_of_ten_is_no_unit_slip():
    table = balanced(3, 5, error=False)
    values = table.value_added.copy()
    values[..., 7] *= 3.0
    assert status(preflight(replace(table, value_added=values)), "unit slips")[0] == PASS


def test_nationwide_table_in_the_wrong_unit_is_suspected():
    table = balanced(31, 2, error=False)
    scale = 1e6 / table.gdp().sum()

    def times(by):
        flows = {name: getattr(table, name) * by for name in ("Z", "Y", "value_added", "imports")}
        return replace(table, **flows)

    assert status(preflight(times(scale)), "unit slips")[0] == PASS
    assert status(preflight(times(1e4 * scale)), "unit slips")[0] == WARNING


def test_national_table_in_the_wrong_unit_is_suspected():
    found = balanced(1, 5, error=False)
    scale = 1e10 / found.gdp().sum()
    flows = {name: getattr(found, name) * scale for name in ("Z", "Y", "value_added", "imports")}
    final = tuple(("China" if region else None, category) for region, category in found.final_demand)
    nation = replace(found, regions=("China",), final_demand=final, **flows)
    assert status(preflight(nation), "unit slips")[0] == WARNING


def test_spectral_radius_equals_the_largest_eigenvalue():
    table = balanced(3, 4, error=False)
    radius = np.abs(np.linalg.eigvals(table.A)).max()
    assert f"{radius:.4f}" in status(preflight(table), "spectral radius")[1]
    greedy = Mrio(("r",), ("a", "b"), [[6.0, 6.0], [6.0, 6.0]], [[-1.0], [-1.0]], [-1.0, -1.0])
    assert status(preflight(greedy), "spectral radius")[0] == FAIL  # A sums to 12/11: not productive


def test_zero_industries_are_told_apart():
    table = balanced(2, 3, error=False)
    Z, Y, va, imports = table.Z.copy(), table.Y.copy(), table.value_added.copy(), table.imports.copy()
    Z[2], Y[2] = 0, 0
    fed = replace(table, Z=Z, Y=Y, value_added=va, imports=imports)
    assert status(preflight(fed), "zero rows")[0] == FAIL and table.sectors[2] in status(preflight(fed), "zero rows")[1]
    Z, va, imports = Z.copy(), va.copy(), imports.copy()
    Z[:, 2], va[:, 2], imports[2] = 0, 0, 0
    empty = replace(table, Z=Z, Y=Y, value_added=va, imports=imports)
    assert status(preflight(empty), "zero rows")[0] == WARNING


def test_negative_output_and_flows_are_named():
    table = balanced(2, 3, error=False)
    Y = table.Y.copy()
    Y[4, -1] -= 2 * table.x[4]
    findings = preflight(replace(table, Y=Y))
    assert status(findings, "negative output") == (FAIL, f"{table.regions[1]} {table.sectors[1]}")
    assert status(findings, "negative flows")[0] == WARNING


def test_file_that_does_not_balance_is_still_diagnosed(tmp_path):
    rows = ceads_rows(balanced(3, 4))
    rows[1][0] = ""
    for k in range(3, len(rows[8])):
        rows[8][k] = rows[8][k] * 1e3 if rows[8][k] != "" else ""
    save(rows, tmp_path / "t.xlsx")
    before = (tmp_path / "t.xlsx").read_bytes()
    findings = preflight(tmp_path / "t.xlsx")
    reading = [f for f in findings if f.name == "reading"]
    assert all(f.status == FAIL for f in reading) and any("unit" in f.message for f in reading)
    assert status(findings, "unit slips")[0] == FAIL and "Metal ore mining" in status(findings, "unit slips")[1]
    assert (tmp_path / "t.xlsx").read_bytes() == before


def test_file_without_a_table_skips_every_check(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(b"nothing")
    findings = preflight(tmp_path / "t.xlsx")
    assert findings[0].status == FAIL and {f.status for f in findings[1:]} == {SKIPPED}


def test_published_national_table_passes(working_data):
    path = working_data / "economy" / "io_national" / "china_2020_42_noncompetitive.csv"
    findings = preflight(path, unit="万元")
    assert {f.name for f in findings if f.status == FAIL} == set()
    assert status(findings, "balances")[0] == PASS and status(findings, "orientation")[0] == PASS
