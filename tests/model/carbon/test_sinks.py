"""Sinks by definition and range, saturation, and a register in which every tonne counts once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from io_tables.classification import provinces
from io_tables.errors import InputError
from model.carbon import sinks
from model.carbon.sinks import Registry

REGIONS = provinces().keys


def test_every_province_has_both_definitions_and_the_nation_its_published_range():
    table = sinks.sink_range(REGIONS).set_index(["region", "definition"])
    assert len(table) == 64 and (table["low"] < table["central"]).all() and (table["central"] < table["high"]).all()
    nep = table.loc[("China", "nep")]
    assert nep["low"] == pytest.approx(770) and nep["high"] == pytest.approx(1870)
    assert table.loc[("China", "inventory"), "central"] == pytest.approx(1300)


def test_every_row_says_where_it_comes_from_and_that_the_split_is_no_measurement():
    for name in ("land_sinks", "land_sink_types"):
        table = sinks.fact_table(name)
        assert table["source"].str.len().min() > 40 and set(table["status"]) <= {"estimated", "assumed"}
    assert sinks.fact_table("land_sinks")["source"].str.contains("overstated").all()


def test_land_types_sum_to_the_province():
    whole = sinks.land_sinks(REGIONS)
    parts = sinks.by_type(whole, REGIONS)
    assert parts.shape == (31, 4) and parts.sum(axis=1) == pytest.approx(whole) and (parts >= 0).all()
    cropland = parts[:, 1] / whole
    assert cropland[REGIONS.index("Shandong")] > 5 * cropland[REGIONS.index("Yunnan")]
    assert parts.sum(axis=0) / whole.sum() == pytest.approx([0.824, 0.043, 0.094, 0.039], abs=1e-3)


def test_unknown_choices_name_the_nearest():
    with pytest.raises(InputError, match="did you mean 'inventory'"):
        sinks.land_sinks(REGIONS, "inventary")
    with pytest.raises(InputError, match="Atlantis has no inventory sink"):
        sinks.land_sinks(["Atlantis"])


@given(st.floats(1, 500), st.floats(5, 200))
def test_saturating_sinks_fall_and_never_store_more_than_was_empty(level, tau):
    years = np.arange(2020, 2420)
    path = sinks.saturation_path([level], years, remaining_years=tau, base_year=2020)[:, 0]
    assert path[0] == pytest.approx(level) and (np.diff(path) < 0).all()
    stored = np.sum((path[1:] + path[:-1]) / 2)
    exact = level * tau * (1 - np.exp(-399 / tau))
    assert stored == pytest.approx(exact, rel=1 / (11 * tau**2) + 1e-9) and exact <= level * tau


def test_without_saturation_the_sink_stays_and_planting_adds():
    path = sinks.saturation_path([10.0, 5], (2020, 2060), remaining_years=np.inf, base_year=2020,
                                 additions=[[0, 0], [1, 2]])
    assert path == pytest.approx(np.array([[10, 5], [11, 7]]))
    with pytest.raises(InputError, match="before the base year"):
        sinks.saturation_path([1.0], (2019,), remaining_years=50, base_year=2020)


def _register():
    return Registry.of([[[10.0, 2], [5, 1]]], ("Fujian", "Jilin"), ("forest", "grassland"), (2030,))


def test_a_tonne_is_not_counted_twice_and_the_message_says_who_has_it():
    register = _register().claim("Fujian", "forest", 2030, "offset", 7, holder="Shanghai")
    with pytest.raises(InputError, match=r"Fujian claims 4 Mt as province, 3 of 10 Mt are free; already counted by "
                                         r"Shanghai 7 Mt \(offset\)"):
        register.claim("Fujian", "forest", 2030, "province", 4)
    register = register.claim("Fujian", "forest", 2030, "province", 3)
    with pytest.raises(InputError, match="a tonne counts once"):
        register.claim("Fujian", "forest", 2030, "national", 0.001)
    assert register.left("Fujian", "forest", 2030) == pytest.approx(0)
    assert register.national_total(2030) == pytest.approx(10)
    assert register.counted(("Fujian", "Jilin"), (2030,)) == pytest.approx(np.array([[3, 0]]))
    assert register.table()["holder"].tolist() == ["Shanghai", "Fujian"]


@given(st.lists(st.tuples(st.sampled_from(["Fujian", "Jilin"]), st.sampled_from(["forest", "grassland"]),
                          st.sampled_from(sinks.USES), st.floats(0.1, 6)), max_size=12))
def test_whatever_is_claimed_the_nation_never_counts_more_than_was_taken_up(wishes):
    register = _register()
    for region, kind, use, amount in wishes:
        try:
            register = register.claim(region, kind, 2030, use, amount)
        except InputError as error:
            assert "free" in str(error)
    assert register.national_total(2030) <= 18 + 1e-6
    for region, kind, _, _ in wishes:
        assert register.left(region, kind, 2030) >= -1e-7


def test_unknown_land_and_uses_are_refused():
    with pytest.raises(InputError, match="did you mean 'forest'"):
        _register().claim("Fujian", "forrest", 2030, "province", 1)
    with pytest.raises(InputError, match="did you mean 'offset'"):
        _register().claim("Fujian", "forest", 2030, "offsets", 1)
    with pytest.raises(InputError, match="positive"):
        _register().claim("Fujian", "forest", 2030, "offset", -1)
