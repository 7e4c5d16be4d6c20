"""A run on the embedded base year: baseline at zero shock, targets of growth met, certificate passed, same bytes."""

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from model.export.folder import write_folder
from model.physical_year import process_index
from model.run import run, study_of
from scenarios.load import load_scenario


@pytest.fixture(scope="module")
def base():
    return BaseYear.load("china_2020")


@pytest.fixture(scope="module")
def zero_shock(base):
    return run(base, load_scenario("zero_shock"))


@pytest.fixture(scope="module")
def reference(base):
    return run(base, load_scenario("assumed_mixes", ("years=[2020, 2025, 2030, 2060]",)))


def test_zero_shock_is_the_baseline(base, zero_shock):
    for year in zero_shock.years:
        at = zero_shock.years.index(year)
        output, _ = zero_shock.arrays["output"]
        np.testing.assert_allclose(output[at], base.output, rtol=1e-8, atol=1e-8)
        co2, _ = zero_shock.arrays["co2"]
        np.testing.assert_allclose(co2[at], base.co2, rtol=1e-6, atol=1e-6)
        energy, _ = zero_shock.arrays["energy_use"]
        np.testing.assert_allclose(energy[at], base.energy_use.sum(axis=3), rtol=1e-6, atol=1e-5)
    net = zero_shock.series("Emissions|CO2|Net")
    assert net.max() == pytest.approx(net.min(), rel=1e-8)


def test_columns_from_technologies_at_the_base_mix_are_the_table(base, zero_shock):
    domestic, _ = zero_shock.arrays["domestic_coefficients"]
    np.testing.assert_allclose(domestic[0], base.domestic_coefficients, atol=1e-13)


def test_every_ledger_passes_and_only_separate_routes_count_as_independent(reference):
    certificate = reference.certificate
    assert certificate.passed
    kinds = {entry.name: entry.kind for entry in certificate.ledgers}
    assert kinds["provincial GDP: production = expenditure + net outflow"] == "independent"
    assert kinds["output: iteration in factors = dense Leontief system"] == "independent"
    # The base year is made to meet these whatever its figures are.
    assert {kind for name, kind in kinds.items() if name.startswith("base year")} == {"by construction"}


def test_every_input_of_a_run_has_its_status_and_source(reference):
    sources = reference.sources
    assert list(sources.columns) == ["item", "year", "value", "unit", "source", "status"]
    assert set(sources["status"]) == {"official", "derived", "estimated", "assumed"}
    assert (sources["source"].str.len() >= 3).all()
    assert sources["item"].str.startswith("technology: ").any() and sources["item"].str.startswith("scenario: ").any()


def test_electricity_takes_the_published_share_of_final_energy(reference):
    """27 % in 2020 by the electricity council's count; rising in a pathway that electrifies."""
    share = reference.series("Final Energy|Electricity") / reference.series("Final Energy")
    assert share.loc[2020] == pytest.approx(0.27, abs=0.015)
    assert share.is_monotonic_increasing


def test_provincial_gdp_follows_the_scenario(base, reference):
    from scenarios.growth import gdp_index

    scenario = load_scenario("assumed_mixes", ("years=[2020, 2025, 2030, 2060]",))
    index = np.array(gdp_index(scenario, base.regions, reference.years, list(base.gdp)))
    for r, region in enumerate(base.regions):
        np.testing.assert_allclose(reference.series("GDP|Real", region), index[:, r] * base.gdp[r], rtol=1e-8)


def test_provinces_and_sectors_sum_to_the_nation_in_the_table(reference):
    table = reference.table
    for variable in ("GDP|Real", "Emissions|CO2|Gross", "Energy Use|Electricity", "Energy Use"):
        rows = table[(table["variable"] == variable) & (table["sector"] == "Total")]
        nation = rows[rows["region"] == "China"].set_index("year")["value"]
        provinces = rows[rows["region"] != "China"].groupby("year")["value"].sum()
        np.testing.assert_allclose(provinces, nation, rtol=1e-12)
    gross = table[(table["variable"] == "Emissions|CO2|Gross") & (table["region"] == "China")]
    total = gross[gross["sector"] == "Total"].set_index("year")["value"]
    np.testing.assert_allclose(gross[gross["sector"] != "Total"].groupby("year")["value"].sum(), total, rtol=1e-12)


def test_net_is_gross_less_capture_less_sinks(reference):
    net = reference.series("Emissions|CO2|Net")
    expected = (
        reference.series("Emissions|CO2|Gross")
        - reference.series("Emissions|CO2|Captured")
        - reference.series("Carbon Removal|Land")
    )
    np.testing.assert_allclose(net, expected, rtol=1e-12)


def test_years_already_lived_meet_statistics(base, reference):
    from model import history

    for product, growth in history.product_growth(base, 2025).items():
        name = {"steel": "Crude steel", "cement": "Cement"}.get(product)
        if name:
            made = reference.series(f"Production|{name}")
            assert made[2025] / made[2020] == pytest.approx(growth, rel=1e-6)
    use = reference.series("Energy Use|Electricity")
    assert use[2025] / use[2020] == pytest.approx(history.electricity_growth(base, 2025), rel=1e-6)


def test_table_is_sorted_and_has_no_double_keys(reference):
    keys = ["variable", "region", "sector", "year"]
    assert not reference.table.duplicated(keys).any()
    assert reference.table.equals(reference.table.sort_values(keys, ignore_index=True))


def test_same_scenario_gives_the_same_bytes(tmp_path, base, zero_shock):
    again = run(base, load_scenario("zero_shock"))
    for name, results in (("a", zero_shock), ("b", again)):
        (tmp_path / name).mkdir()
        write_folder(results, tmp_path / name, [])
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_process_co2_outside_technologies_never_grows_faster_than_what_it_comes_from(base):
    """Carbon of feedstock: its CO2 follows the feedstock, output times efficiency, not output alone."""
    scenario = load_scenario("quick", ("technology.choice=shares",))
    study = study_of(base, scenario)
    first = study.solve(0, None)
    last = study.solve(len(scenario.years) - 1, first)
    chemicals = base.energy_sectors.index("Chemicals")
    bound = [f for f in base.fuels if f in ("lpg", "other_petroleum", "coke")]
    at = [base.fuels.index(f) for f in bound]
    feedstock = base.energy_use[:, chemicals, :, 1].sum(axis=0)[at]
    before = first.energy.residual[:, chemicals, at].sum(axis=0)
    growth = (last.energy.residual[:, chemicals, at].sum(axis=0) / before) @ feedstock / feedstock.sum()
    _, residual = study.accounts.process
    process = (residual * process_index(study, last))[:, chemicals].sum() / residual[:, chemicals].sum()
    # Provinces weigh differently in fuel and in CO2, and some fuel of the same name is burnt and electrified.
    assert growth < process < 1.25 * growth
    np.testing.assert_allclose(study.process_intensity[0], 1.0, rtol=1e-12)


def test_capacities_that_shares_do_not_decide_are_not_shown(reference):
    shown = {v for v in reference.table["variable"].unique() if v.startswith("Capacity|Electricity|")}
    assert shown and not any("Battery" in v or "Pumped" in v for v in shown)
