"""Mistakes in the tables of a pathway problem."""


import numpy as np
import pandas as pd
import pytest
from pathway_toys import plant

from io_tables.errors import InputError
from model.technology.conventions import Conventions
from model.technology.pathway import solve_pathway


def test_mistakes_in_tables_are_gathered_with_the_nearest_name():
    with pytest.raises(InputError) as caught:
        plant(variable_costs=[dict(technology="drity", value=1.0), dict(technology="clean", value="cheap")],
              limits=[dict(quantity="activty", sense="max", technology="dirty", value=1.0)],
              demand=[dict(commodity="good", year=2031, value=1.0)])
    text = str(caught.value)
    assert "variable_costs row 1: unknown technology 'drity'; did you mean 'dirty'?" in text
    assert "variable_costs row 2: value is not a number" in text
    assert "limits.quantity: 'activty' is not a choice; did you mean 'activity'" in text
    assert "demand row 1: unknown year '2031'" in text


def test_a_misspelt_column_is_refused():
    with pytest.raises(InputError, match="unknown column 'valeu'; did you mean 'value'"):
        plant(variable_costs=[dict(technology="dirty", valeu=1.0)])


def test_the_same_key_twice_and_ambiguous_rows_are_refused():
    with pytest.raises(InputError, match="same keys appear twice"):
        solve_pathway(plant(variable_costs=[dict(technology="dirty", value=1.0), dict(technology="dirty", value=2.0)]))
    with pytest.raises(InputError, match="rows 1 and 2: cover the same case"):
        solve_pathway(plant(variable_costs=[dict(technology="dirty", value=1.0), dict(year=2020, value=2.0)]))


def test_a_specific_row_wins_over_a_general_one():
    pathway = solve_pathway(plant(variable_costs=[dict(value=7.0), dict(technology="dirty", value=1.0),
                                                  dict(technology="dirty", year=2021, value=8.0)]))
    np.testing.assert_allclose(pathway.duals["balance"]["price"], [1.0, 7.0, 1.0])


def test_conventions_that_do_not_exist_are_named():
    with pytest.raises(InputError, match=r"conventions\.salvage: 'linear' is not a choice"):
        Conventions(salvage="linear")


def test_data_frames_records_and_columns_are_the_same_tables():
    records = [dict(technology="dirty", value=1.0), dict(technology="clean", value=3.0)]
    columns = {"technology": ["dirty", "clean"], "value": [1.0, 3.0]}
    for form in (records, columns, pd.DataFrame(records)):
        assert solve_pathway(plant(variable_costs=form)).objective == pytest.approx(30.0)
