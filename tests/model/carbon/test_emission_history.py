"""Emissions before the base year: the nation's course, shares of provinces, and both accounts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import model.carbon.emission_history as module
from io_tables import classification
from model.carbon.emission_history import emission_history

NAMES = classification.provinces().keys
EMISSIONS = np.linspace(50.0, 900.0, 31)


def test_the_table_holds_normalised_shares_of_every_province_and_year():
    table = pd.read_csv(Path(module.__file__).with_name("emission_history.csv"))
    shares = table[table["unit"] == module.SHARE]
    assert shares["region"].nunique() == 30 and set(shares["year"]) == set(range(1997, 2020))
    sums = shares.groupby("year")["value"].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-3)
    assert (shares["value"] < 1).all() and (table["value"] > 0).all() and set(table["status"]) == {"estimated"}
    assert (np.abs(table["value"] * 1e4 - np.round(table["value"] * 1e4)) < 1e-6).all()      # four digits, no levels


def test_the_nation_has_the_level_of_the_accounts_and_provinces_their_shares():
    years, found = emission_history(NAMES, EMISSIONS, 1997)
    assert years == tuple(range(1997, 2020)) and found.shape == (23, 31) and (found > 0).all()
    assert 0.98 < found[-1].sum() / EMISSIONS.sum() < 1.0
    # whatever the level of a province in the base year, its share of the history is the inventories'
    other = emission_history(NAMES, EMISSIONS[::-1].copy(), 1997)[1]
    inside = [n != "Tibet" for n in NAMES]
    np.testing.assert_allclose(found[:, inside] / found[:, inside].sum(axis=1, keepdims=True),
                               other[:, inside] / other[:, inside].sum(axis=1, keepdims=True), rtol=1e-12)
    later, rest = emission_history(NAMES, EMISSIONS, 2010)
    assert later[0] == 2010
    np.testing.assert_allclose(rest, found[13:])


def test_by_use_every_year_keeps_its_sum_and_moves_with_the_base_year():
    used = EMISSIONS[::-1] * EMISSIONS.sum() / EMISSIONS.sum()
    plain, moved = (emission_history(NAMES, e, 1997, territory=EMISSIONS)[1] for e in (EMISSIONS, used))
    np.testing.assert_allclose(moved.sum(axis=1), plain.sum(axis=1))
    ratio = moved / plain
    np.testing.assert_allclose(ratio / ratio[:, :1], np.tile(used / EMISSIONS * EMISSIONS[0] / used[0], (23, 1)))


def test_unknown_places_and_late_years_have_no_history():
    assert emission_history(("Atlantis",), [1.0], 1997) == ((), None)
    assert emission_history(NAMES, EMISSIONS, 2030) == ((), None)


def test_the_history_is_that_of_the_inventories(working_data):
    path = working_data / "economy" / "co2" / "ceads_province_total_co2_1997_2019_Mt.csv"
    if not path.exists():
        pytest.skip("the provincial inventories are not at hand")
    levels = pd.read_csv(path).set_index("province").T
    levels.columns = classification.provinces().match(list(levels.columns))
    cumulative = levels.sum()
    _, found = emission_history(NAMES, EMISSIONS, 1997)
    ours = pd.Series(found.sum(axis=0), index=NAMES)[cumulative.index]
    # the nation's course differs, shares of each year do not
    assert np.abs(ours / ours.sum() - cumulative / cumulative.sum()).sum() < 0.02
