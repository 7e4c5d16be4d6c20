"""The IAMC table: reading it back gives the long table again, in IAMC units."""

import numpy as np
import pandas as pd
import pytest

from model.export import iamc
from model.results import CODELIST, TOTAL


@pytest.fixture(scope="module")
def path(small_run):
    return small_run / f"{small_run.name}_iamc.csv"


def test_reading_back_reproduces_the_table(path, small_results):
    wide = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"Unit": str})
    wide["Unit"] = wide["Unit"].fillna("")
    years = [str(year) for year in small_results.years]
    assert list(wide.columns) == ["Model", "Scenario", "Region", "Variable", "Unit", *years]
    back = wide.melt(id_vars=iamc.KEYS, value_vars=years, var_name="year").dropna(subset="value")
    table = small_results.table
    expected = table[(table["sector"] == TOTAL) | table["variable"].isin(iamc.BY_SECTOR)]
    assert len(back) == len(expected)
    whole = expected["sector"] == TOTAL
    names = expected["variable"].where(whole, expected["variable"] + "|" + expected["sector"])
    units = expected["unit"].map({own: shown for own, (shown, _) in iamc.UNITS.items()})
    values = expected["value"] * expected["unit"].map({own: factor for own, (_, factor) in iamc.UNITS.items()})
    key = ["Region", "Variable", "Unit", "year"]
    wanted = pd.Series(values.to_numpy(), index=pd.MultiIndex.from_arrays(
        [expected["region"], names, units, expected["year"].astype(str)], names=key))
    found = back.set_index(key)["value"].reindex(wanted.index)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-15)


def test_units_are_those_of_the_iamc(small_results):
    wide = iamc.wide(small_results).set_index(["Variable", "Region"])
    first = str(small_results.years[0])
    gdp, co2, power = (wide.loc[(v, "China")] for v in ("GDP|Real", "Emissions|CO2|Net", "Production|Electricity"))
    assert gdp["Unit"] == "billion CNY_2020/yr" and gdp[first] == pytest.approx(101_642.2, rel=1e-4)
    assert co2["Unit"] == "Mt CO2/yr"
    assert power["Unit"] == "EJ/yr" and power[first] == pytest.approx(
        3.6e-3 * small_results.series("Production|Electricity").iloc[0])


def test_every_unit_of_the_codelist_has_its_iamc_unit():
    assert set(pd.read_csv(CODELIST)["unit"].astype(str)) <= set(iamc.UNITS)


def test_the_scenario_analysis_package_accepts_the_file(path, small_results):
    pyam = pytest.importorskip("pyam", reason="pyam is not installed; the file is not validated with it")
    frame = pyam.IamDataFrame(str(path))
    assert frame.scenario == [small_results.scenario_name] and len(frame.region) == 32
    assert not frame.validate(upper_bound=1e9) and frame.year == list(small_results.years)
