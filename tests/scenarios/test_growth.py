"""Growth of GDP and population: history pinned, SSP growth and own rates."""

import csv
from itertools import pairwise

import pytest

from io_tables import classification
from io_tables.errors import InputError
from scenarios import growth
from scenarios.schema import DEFAULT_YEARS, Scenario

PROVINCES = classification.provinces().keys
WEIGHTS = [growth.table()["gdp", "base", p][2020] for p in PROVINCES]
PEOPLE = [growth.table()["population", "history", p][2020] for p in PROVINCES]


def _scenario(**macro):
    return Scenario.model_validate({"name": "x", "macro": macro})


def _nation(index, weights=WEIGHTS):
    return [sum(w * i for w, i in zip(weights, row)) / sum(weights) for row in index]


@pytest.mark.parametrize("history", ["pinned", "deflated"])
@pytest.mark.parametrize("source", ["SSP1", "SSP3"])
def test_the_nation_meets_its_published_growth_2021_2025(history, source):
    index = growth.gdp_index(_scenario(gdp={"source": source, "history": history}), PROVINCES, range(2020, 2026))
    nation = _nation(index)
    yearly = [b / a - 1 for a, b in pairwise(nation)]
    assert yearly == pytest.approx([0.086, 0.031, 0.054, 0.05, 0.05], abs=1e-12)


def test_published_provincial_growth_needs_hardly_any_scaling():
    """Provinces' published growth, weighted, gives the nation's within half a point in every year."""
    for year, national in {2021: 0.086, 2022: 0.031, 2023: 0.054, 2024: 0.05}.items():
        weighted = sum(
            w * growth.table()["gdp", "pinned", p][year] for w, p in zip(WEIGHTS, PROVINCES)
        ) / sum(WEIGHTS)
        assert weighted == pytest.approx(national, abs=0.006)


def test_ssp_gives_growth_and_never_levels():
    years = (2020, 2025, 2030, 2060)
    pinned = growth.gdp_index(_scenario(gdp={"source": "SSP2"}), PROVINCES, years)
    record = growth.table()
    for p, province in enumerate(PROVINCES):
        ssp = record["gdp", "SSP2", province]
        assert pinned[3][p] / pinned[1][p] == pytest.approx(ssp[2060] / ssp[2025], rel=1e-9)
    ssp_2025 = _nation([[record["gdp", "SSP2", p][2025] for p in PROVINCES]])[0]
    assert ssp_2025 > 1.33 > _nation(pinned)[1] > 1.29, "the SSP is ahead of what has happened"


def test_own_national_rates_hold_with_the_relative_growth_of_an_ssp():
    rates = {"2026-2030": 0.048, "2031-2060": 0.03}
    index = growth.gdp_index(_scenario(gdp={"source": "SSP2", "rates": rates}), PROVINCES, (2025, 2030, 2060))
    nation = _nation(index)
    assert nation[1] / nation[0] == pytest.approx(1.048**5) and nation[2] / nation[1] == pytest.approx(1.03**30)
    free = growth.gdp_index(_scenario(gdp={"source": "SSP2"}), PROVINCES, (2025, 2030))
    ratio = [(index[1][p] / index[0][p]) / (free[1][p] / free[0][p]) for p in range(len(PROVINCES))]
    # Scaled year by year by one factor for all provinces.
    assert max(ratio) / min(ratio) == pytest.approx(1.0, abs=1e-12)


def test_provinces_with_own_rates_keep_them_and_the_nation_still_holds():
    macro = {"gdp": {"source": "rates", "rates": {"2026-2060": 0.04},
                     "provincial_rates": {"Guangdong": {"2026-2030": 0.06}}}}
    index = growth.gdp_index(_scenario(**macro), PROVINCES, (2025, 2030, 2060))
    g = PROVINCES.index("Guangdong")
    assert index[1][g] / index[0][g] == pytest.approx(1.06**5)
    assert _nation(index)[1] / _nation(index)[0] == pytest.approx(1.04**5)
    others = {round(index[2][p] / index[1][p], 9) for p in range(len(PROVINCES))}
    assert others == {round(1.04**30, 9)}


def test_zero_growth_is_exactly_one_without_any_record():
    macro = {v: {"source": "rates", "history": "none", "rates": {"2021-2060": 0}} for v in ("gdp", "population")}
    scenario = _scenario(**macro)
    assert growth.gdp_index(scenario, ["North", "South"], (2020, 2060), [2.0, 3.0]) == [[1.0, 1.0], [1.0, 1.0]]
    assert growth.population(scenario, [5.0, 7.0], (2020, 2060), ["North", "South"]) == [[5.0, 7.0], [5.0, 7.0]]
    with pytest.raises(InputError, match="North"):
        growth.gdp_index(_scenario(), ["North"], (2020, 2060), [1.0])


def test_population_is_pinned_to_2024_and_then_follows_the_ssp():
    people = growth.population(_scenario(population={"source": "SSP2"}), PEOPLE, (2020, 2024, 2025, 2030, 2060))
    assert sum(people[0]) == pytest.approx(1410.13, abs=0.01) and sum(people[1]) == pytest.approx(1406.28, abs=0.01)
    record = growth.table()["population", "SSP2", "Hebei"]
    h = PROVINCES.index("Hebei")
    assert people[4][h] / people[2][h] == pytest.approx(record[2060] / record[2025])
    doubled = growth.population(_scenario(), [2 * p for p in PEOPLE], (2060,))
    assert doubled[0][h] == pytest.approx(2 * people[4][h])


def test_default_years_are_all_reached_and_years_before_the_base_are_refused():
    assert len(growth.gdp_index(_scenario(), PROVINCES, DEFAULT_YEARS)) == 13
    with pytest.raises(InputError, match="2019"):
        growth.gdp_index(_scenario(), PROVINCES, (2019, 2030))


def test_impossible_provincial_rates_are_refused_by_name():
    macro = {"gdp": {"source": "rates", "rates": {"2026-2060": -0.3},
                     "provincial_rates": {p: {"2026-2060": 0.3} for p in PROVINCES[:-1]}}}
    with pytest.raises(InputError, match="2026"):
        growth.gdp_index(_scenario(**macro), PROVINCES, (2020, 2060))


def test_every_row_has_unit_source_and_status_and_every_province_is_there():
    series = {}
    for row in growth.rows():
        assert row["unit"] and row["source"] and row["status"] in {"official", "derived", "estimated", "assumed"}
        assert ("recalled" in row["source"]) == (row["status"] == "assumed")
        series.setdefault((row["variable"], row["series"]), []).append(row["province"])
    for key, provinces in series.items():
        assert key == ("gdp", "history") or tuple(provinces) == PROVINCES, key


def test_sources_name_what_the_growth_stands_on():
    text = str(growth.sources(_scenario(gdp={"source": "SSP1", "rates": {"2026-2030": 0.05}})))
    assert "SSP1" in text and "own rates" in text and "pinned" in text and "SSP3" not in text and "deflated" not in text


def test_records_agree_with_the_working_data(working_data):
    folder = working_data / "economy"
    with open(folder / "scenarios" / "ssp_gdp_population_by_province_2020_2100.csv", encoding="utf-8") as handle:
        levels = {(r["scenario"], r["variable"], r["province"], int(r["year"])): float(r["value"])
                  for r in csv.DictReader(handle)}
    find = classification.provinces().key
    for (source, variable, province, year), level in levels.items():
        if 2020 < year <= 2060:
            own = growth.table()[variable, source, find(province)][year]
            assert own == pytest.approx(level / levels[source, variable, province, 2020], abs=6e-5)
    with open(folder / "provincial" / "gdp_population_vehicles_province_2005_2024.csv", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            if row["variable"] == "population" and 2020 <= int(row["year"]):
                own = growth.table()["population", "history", find(row["province"])][int(row["year"])]
                assert own * 100 == pytest.approx(float(row["value"]), abs=0.01)
