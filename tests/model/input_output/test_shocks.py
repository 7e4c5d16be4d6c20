"""The shock workbook: what is written can be read, what is applied closes, and every mistake is named by its cell."""

import hashlib

import numpy as np
import openpyxl
import pytest
from random_tables import random_mrio

from io_tables.errors import InputError
from io_tables.mrio import Mrio
from io_tables.shocks import COEFFICIENTS, EMISSIONS, FINAL_DEMAND, VALUE_ADDED, read_shocks, write_shock_workbook
from model.input_output.leontief import Leontief
from model.input_output.prices import cost_push
from model.input_output.shocks import apply_shocks

TABLE = random_mrio(3, 4, 7)


def workbook(tmp_path, rows, table=TABLE, name="shocks.xlsx"):
    """A written workbook with rows filled in: sheet -> list of rows."""
    path = tmp_path / name
    write_shock_workbook(table, path)
    book = openpyxl.load_workbook(path)
    for sheet, lines in rows.items():
        for r, line in enumerate(lines, 2):
            for c, value in enumerate(line, 1):
                book[sheet].cell(r, c, value)
    book.save(path)
    return path


def test_an_empty_workbook_changes_nothing_and_is_the_same_bytes_each_time(tmp_path):
    after = apply_shocks(TABLE, workbook(tmp_path, {}))
    for name in ("Z", "Y", "value_added", "imports"):
        np.testing.assert_array_equal(getattr(after, name), getattr(TABLE, name))
    for name in ("one.xlsx", "two.xlsx"):
        write_shock_workbook(TABLE, tmp_path / name)
    one, two = (hashlib.sha256((tmp_path / n).read_bytes()).digest() for n in ("one.xlsx", "two.xlsx"))
    assert one == two


def test_every_sheet_offers_the_labels_of_the_table_as_drop_downs(tmp_path):
    write_shock_workbook(TABLE, tmp_path / "s.xlsx")
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    lists = {column[0].value: [c.value for c in column[1:] if c.value] for column in book["Lists"].iter_cols()}
    assert lists["regions"] == ["all", *TABLE.regions] and lists["sectors"] == ["all", *TABLE.sectors]
    assert lists["destinations"][-1] == "abroad" and lists["accounts"] == ["CO2", "energy", "energy 0", "energy 1"]
    assert lists["changes"] == ["percentage", "absolute", "replace"]
    assert book["Lists"].sheet_state == "hidden"
    for sheet, labels in ((FINAL_DEMAND, 5), (COEFFICIENTS, 5), (VALUE_ADDED, 4), (EMISSIONS, 4)):
        rules = book[sheet].data_validations.dataValidation
        assert len(rules) == labels and all(r.type == "list" for r in rules)


def test_final_demand_moves_output_by_the_inverse(tmp_path):
    path = workbook(tmp_path, {FINAL_DEMAND: [
        ["region 0", "sector 1", "region 2", "households", "absolute", 10],
        ["region 1", "all", "all", "investment", "percentage", -50],
        ["region 2", "sector 3", "abroad", "exports", "replace", 0]]})
    after = apply_shocks(TABLE, path)
    Y = TABLE.Y.copy()
    Y[TABLE.position("region 0", "sector 1"), TABLE.final_demand.index(("region 2", "households"))] += 10
    for column, (_, category) in enumerate(TABLE.final_demand):
        if category == "investment":
            Y[4:8, column] *= 0.5
    Y[11, -1] = 0
    np.testing.assert_allclose(after.Y, Y)
    np.testing.assert_allclose(after.x, Leontief(TABLE.A).output(Y.sum(axis=1)), rtol=1e-11)
    np.testing.assert_allclose(after.A, TABLE.A, rtol=1e-10)
    np.testing.assert_allclose(after.extensions["CO2"] * TABLE.x, TABLE.extensions["CO2"] * after.x, rtol=1e-10)
    assert max(after.check().values()) < 1e-10


def test_coefficients_are_paid_by_value_added_so_that_columns_close(tmp_path):
    buyer = TABLE.position("region 1", "sector 0")
    path = workbook(tmp_path, {COEFFICIENTS: [
        ["region 0", "sector 2", "region 1", "sector 0", "absolute", 0.02],
        ["all", "sector 1", "all", "all", "percentage", -10]]})
    after = apply_shocks(TABLE, path)
    A = TABLE.A.copy()
    A[2, buyer] += 0.02
    A[1::4] *= 0.9
    np.testing.assert_allclose(after.A, A, rtol=1e-9, atol=1e-15)
    assert max(after.check().values()) < 1e-10
    shares = after.value_added / after.value_added.sum(axis=0)
    np.testing.assert_allclose(shares, TABLE.value_added / TABLE.value_added.sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(after.Y, TABLE.Y)


def test_a_shock_to_value_added_is_a_cost_that_the_price_model_reads(tmp_path):
    path = workbook(tmp_path, {VALUE_ADDED: [["region 0", "all", "labour", "percentage", 20]]})
    after = apply_shocks(TABLE, path)
    np.testing.assert_allclose(after.Z, TABLE.Z, rtol=1e-10)
    added = (after.primary_inputs - TABLE.primary_inputs) / TABLE.x
    np.testing.assert_allclose(added[:4], 0.2 * TABLE.value_added[0, :4] / TABLE.x[:4], rtol=1e-9)
    assert after.check()["columns"] > 1e-3
    assert (cost_push(after.A, added) > 1).all()


def test_emissions_change_by_account_at_the_output_of_the_table(tmp_path):
    path = workbook(tmp_path, {
        EMISSIONS: [["region 0", "sector 0", "CO2", "absolute", 5], ["all", "all", "energy 1", "replace", 1]],
        FINAL_DEMAND: [["region 0", "sector 0", "region 0", "households", "percentage", 100]]})
    after = apply_shocks(TABLE, path)
    ratio = after.x[0] / TABLE.x[0]
    assert after.extensions["CO2"][0] == pytest.approx((TABLE.extensions["CO2"][0] + 5) * ratio)
    np.testing.assert_allclose(after.extensions["energy"][1], after.x / TABLE.x, rtol=1e-10)
    np.testing.assert_allclose(after.extensions["energy"][0] * TABLE.x, TABLE.extensions["energy"][0] * after.x)


def test_every_mistake_is_reported_with_its_cell(tmp_path):
    path = workbook(tmp_path, {
        FINAL_DEMAND: [["region 9", "sector 1", "region 2", "households", "percentage", 10],
                       ["region 0", "sector 1", None, "households", "percent", "ten"],
                       [],
                       ["region 0", "sector 1", "abroad", "households", "absolute", 1]],
        COEFFICIENTS: [["region 0", "sector 1", "region 2", "sector 1", "replace", -0.1],
                       ["region 0", "sector 1", "region 2", "sector 2", "percentage", -150, "note"],
                       ["region 0", "sector 2", "region 2", "sector 2", "absolute", "=1/8"]],
        VALUE_ADDED: [["region 0", "sector 1", "labor", "absolute", 1], ["region 0", "sector 1", "tax", "absolute", 1],
                      ["region 0", "sector 1", "tax", "percentage", 1]]})
    with pytest.raises(InputError) as caught:
        read_shocks(TABLE, path)
    said = str(caught.value).splitlines()
    expected = [
        ("Final demand!A2", "'region 9' is none of the regions; did you mean"),
        ("Final demand!C3", "is empty; choose one of the destinations"),
        ("Final demand!E3", "'percent' is none of the changes; did you mean 'percentage'"),
        ("Final demand!F3", "'ten' is no number"),
        ("Final demand!C5", "no final demand of abroad for households"),
        ("Coefficients!F2", "-0.1 is negative"),
        ("Coefficients!F3", "-150 % takes away more than there is"),
        ("Coefficients!G3", "is outside the columns"),
        ("Coefficients!F4", "is empty; a formula must have been calculated"),
        ("Value added!C2", "'labor' is none of the components; did you mean 'labour'"),
        ("Value added!A4", "names the same cells as row 3"),
    ]
    assert len(said) == len(expected)
    for line in said:
        assert any(line.startswith(f"shocks.xlsx!{cell}: ") and words in line for cell, words in expected), line


def test_shocks_that_no_economy_can_follow_name_their_cell(tmp_path):
    large = TABLE.primary_inputs[5] / TABLE.x[5] + 0.01
    rows = {COEFFICIENTS: [["region 0", "sector 0", "region 1", "sector 1", "absolute", large]],
            FINAL_DEMAND: [["region 0", "sector 0", "region 0", "households", "absolute", -1e6]]}
    with pytest.raises(InputError) as caught:
        apply_shocks(TABLE, workbook(tmp_path, rows))
    assert "shocks.xlsx!Final demand!F2: leaves -" in str(caught.value)
    assert "shocks.xlsx!Coefficients!F2: inputs of region 1 / sector 1 rise by" in str(caught.value)
    idle = Mrio(("a",), ("one", "two"), [[1, 0], [0, 0]], [[2], [0]], [2, 0], final_demand=[("a", "households")],
                extensions={"CO2": [1, 0]})
    rows = {FINAL_DEMAND: [["a", "two", "a", "households", "replace", 1]]}
    with pytest.raises(InputError, match="a / two: would make 1 but has no inputs to copy"):
        apply_shocks(idle, workbook(tmp_path, rows, idle))


def test_changed_sheets_and_other_files_are_refused(tmp_path):
    path = workbook(tmp_path, {})
    book = openpyxl.load_workbook(path)
    book[EMISSIONS].title = "Emision"
    book[VALUE_ADDED]["C1"] = "Kind"
    book.save(path)
    with pytest.raises(InputError) as caught:
        read_shocks(TABLE, path)
    assert "shocks.xlsx!Emision: unknown sheet; did you mean 'Emissions'?" in str(caught.value)
    assert "shocks.xlsx!Value added!C1: 'Kind'; expected 'Component'" in str(caught.value)
    other = tmp_path / "notes.xlsx"
    other.write_text("no workbook", encoding="utf-8")
    with pytest.raises(InputError, match=r"notes\.xlsx: is not an Excel workbook"):
        read_shocks(TABLE, other)


def test_chinese_names_and_codes_of_the_classification_are_understood(tmp_path):
    table = Mrio(("Shanxi", "Shaanxi"), ("Coal mining", "Construction"), np.diag([1.0, 1, 1, 1]), np.full((4, 2), 2.0),
                 np.full(4, 4.0), final_demand=[("Shanxi", "urban"), ("Shaanxi", "urban")],
                 extensions={"co2": np.ones(4)})
    path = workbook(tmp_path, {EMISSIONS: [["山西", "02", "co2", "Percentage", "-1,0.0"]]}, table)
    with pytest.raises(InputError, match=r"Emissions!E2: '-1,0.0' is no number"):
        read_shocks(table, path)
    path = workbook(tmp_path, {EMISSIONS: [["山西", "02", "co2", "Percentage", -10]]}, table)
    assert apply_shocks(table, path).extensions["co2"] == pytest.approx([0.9, 1, 1, 1])
