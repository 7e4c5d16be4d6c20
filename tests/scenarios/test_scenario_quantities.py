"""Numbers with units, and paths by year."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from scenarios.keys import Key, parse_period, period_years
from scenarios.load import load_scenario
from scenarios.quantities import Quantity, YearPath, parse_number


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        (120, "Mt CO2", 120.0),
        ("120", "Mt CO2", 120.0),
        ("120 Mt", "Mt CO2", 120.0),
        ("1.2 亿吨", "Mt CO2", 120.0),
        ("１．２亿吨", "Mt CO2", 120.0),
        ("12,000 万吨", "Mt CO2", 120.0),
        ("0.12 GtCO2", "Mt CO2", 120.0),
        ("1.2 亿吨CO₂", "Mt CO2", 120.0),
        ("3600 GW", "GW", 3600.0),
        ("36亿千瓦", "GW", 3600.0),
        ("360000万千瓦", "GW", 3600.0),
        ("25 %", "share", 0.25),
        ("25％", "share", 0.25),
        ("4.5 %", "share/year", 0.045),
        ("4.5 %/年", "share/year", 0.045),
        ("100 元/吨", "yuan/t", 100.0),
        ("0.01 万元/吨CO2", "yuan/t", 100.0),
        ("-1.5e1 Mt", "Mt CO2", -15.0),
        ("9.5 万吨/年", "Mt/year", 0.095),
        ("5 亿吨标准煤", "Mtce", 500.0),
        ("1 EJ", "TWh", 1000 / 3.6),
    ],
)
def test_text_with_a_unit_converts_to_the_documented_unit(text, unit, value):
    assert parse_number(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "word"),
    [
        ("120 GW", "Mt CO2", "Mt"), ("120 Mtt", "Mt CO2", "Mt"), ("1,2 Mt", "Mt CO2", "number"),
        ("100 元", "yuan/t", "yuan/t"), ("many", "GW", "GW"), ("", "GW", "GW"), (None, "GW", "GW"), (True, "GW", "GW"),
        (float("inf"), "GW", "finite"), ("10 Mt", "Mtce", "Mtce"),
    ],
)
def test_a_wrong_unit_or_number_names_what_is_wanted(text, unit, word):
    with pytest.raises(PydanticCustomError) as caught:
        parse_number(text, unit)
    context = caught.value.context
    assert word in f"{context['what']} {context['remedy']}"


def test_ten_thousand_tonnes_are_a_hundredth_of_a_million():
    assert parse_number("10000 万吨", "Mt CO2") == 100.0


def test_percent_written_as_plain_number_is_caught():
    with pytest.raises(PydanticCustomError) as caught:
        Quantity("share", 0.0, 1.0).parse(25)
    assert "25 %" in caught.value.context["remedy"]


def test_path_is_linear_between_years_and_constant_outside():
    path = YearPath({2030: 10.0, 2050: 30.0})
    assert [path.at(y) for y in (2020, 2030, 2035, 2040, 2050, 2060)] == [10, 10, 15, 20, 30, 30]
    assert path.over([2020, 2025, 2030], (2020, 5.0)) == [5.0, 7.5, 10.0]
    assert YearPath(3.0).over([2020, 2021, 2060], (2020, 5.0)) == [5.0, 3.0, 3.0]
    assert YearPath({2020: 1.0, 2030: 2.0}).over([2020, 2025], (2020, 0.0)) == [0.0, 1.0]


def test_compounded_rates_follow_the_path_year_by_year():
    path = YearPath({2021: 0.10, 2023: 0.20})
    assert path.compounded([2020, 2021, 2023], 2020) == pytest.approx([1.0, 1.1, 1.1 * 1.15 * 1.2])


@given(
    st.dictionaries(st.integers(2020, 2060), st.floats(-1e6, 1e6), min_size=1),
    st.floats(2000, 2080),
)
def test_path_stays_between_its_smallest_and_largest_point(points, year):
    value = YearPath(points).at(year)
    slack = 1e-9 * (1 + max(abs(v) for v in points.values()))
    assert min(points.values()) - slack <= value <= max(points.values()) + slack


@pytest.mark.parametrize("text", ["2026-2030", "2026 – 2030", "2026至2030", "２０２６－２０３０"])
def test_periods_in_any_dash(text):
    assert parse_period(text) == "2026-2030" and list(period_years("2026-2030")) == [2026, 2027, 2028, 2029, 2030]


def test_names_are_found_in_every_spelling_and_a_sector_wins_over_a_group():
    assert Key("province").find("Innermonglia") == Key("province").find("内蒙古") == "Inner Mongolia"
    assert Key("sector").find("工业") == "industry" and Key("sector").find("construction") == "Construction"
    assert Key("fuel").find("天然气") == "natural_gas" and Key("technology").find("电解铝") == "aluminium_primary"


def test_more_specific_entries_win(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text(
        "efficiency:\n  all: {all: 0.01}\n  industry: {fossil: 0.02}\n  manufacturing: {electricity: 0.03}\n"
        "  Chemicals: {coal: 0.04}\n"
        "demand: {elasticities: {services: 1.2, Education: 1.5, passenger: 0.7}}\n"
        "electrification: {households: 0.5, all: 0.4}\n",
        encoding="utf-8",
    )
    s = load_scenario(file)

    def rate(sector, group, fuel, fossil):
        return s.efficiency_rate(sector, group, fuel, fossil).at(2030)

    assert rate("Chemicals", "manufacturing", "coal", True) == 0.04
    assert rate("Chemicals", "manufacturing", "electricity", False) == 0.03
    assert rate("Chemicals", "manufacturing", "coke", True) == 0.02
    assert rate("Coal mining", "mining", "electricity", False) == 0.01
    assert rate("Urban households", "households", "coal", True) == 0.0
    assert s.elasticity("Education", "services") == 1.5 and s.elasticity("Finance", "services") == 1.2
    assert s.elasticity("Agriculture", "primary") == 1.0 and s.elasticity("passenger", "households") == 0.7
    assert s.electrification_path("Rural households", "households").at(2030) == 0.5
    assert s.electrification_path("Chemicals", "manufacturing").at(2030) == 0.4
