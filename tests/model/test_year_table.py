"""The table of a solved year satisfies every identity and carries the year's totals."""

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from io_tables.errors import InputError
from model.study import Study
from model.technology.catalogue import catalogue
from model.year_table import table_of_year, year_of
from scenarios.load import load_scenario


@pytest.fixture(scope="module")
def solved():
    scenario = load_scenario("quick", ("years=[2020, 2060]", "technology.choice=shares"))
    study = Study(BaseYear.load(), scenario, catalogue())
    first = study.solve(0, None)
    return study, [first, study.solve(1, first)]


def test_tables_of_solved_years_balance(solved):
    study, years = solved
    for year in years:
        table = table_of_year(study, year)
        assert max(table.check().values()) < 1e-9
        assert max(v for k, v in table.mrio.check().items() if k in ("columns", "gdp")) < 1e-9
        np.testing.assert_allclose(table.gdp, year.economy.demand.gdp, rtol=1e-8)
        np.testing.assert_allclose(table.mrio.extensions["co2"].sum(), year.energy.co2[:, :42].sum(), rtol=1e-12)


def test_the_first_year_is_the_base_year(solved):
    study, years = solved
    np.testing.assert_allclose(table_of_year(study, years[0]).mrio.Y, study.base.mrio.Y, rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("closure", ["demand", "exports"])
def test_tables_balance_whatever_closes_the_economy(closure):
    overrides = ("years=[2020, 2060]", "technology.choice=shares", f"macro.structure.closure={closure}")
    study = Study(BaseYear.load(), load_scenario("quick", overrides), catalogue())
    year = study.solve(1, study.solve(0, None))
    assert max(table_of_year(study, year).check().values()) < 1e-9


def test_an_unknown_year_names_the_model_years(solved):
    with pytest.raises(InputError, match="2060"):
        year_of(solved[1], 2061)
