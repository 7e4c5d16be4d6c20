"""The technology catalogue: its rules hold, its rules catch mistakes, and its arithmetic is that of the books."""

import subprocess
import sys
from dataclasses import replace

import pytest

from io_tables.errors import InputError
from io_tables.units import PJ_PER_TWH
from model.technology.catalogue import LABOUR, catalogue
from model.technology.catalogue_checks import CHECKS
from model.technology.catalogue_table import catalogue_markdown

KEYS = """
coal_subcritical coal_supercritical coal_ultrasupercritical coal_chp coal_ccs gas_power gas_ccs nuclear hydro
wind_onshore wind_offshore pv_utility pv_distributed biomass_power biomass_ccs pumped_hydro battery heat_coal_boiler
heat_gas_boiler heat_pump heat_biomass hydrogen_coal hydrogen_coal_ccs hydrogen_gas hydrogen_electrolysis
steel_bf_bof steel_bf_bof_ccs steel_scrap_eaf steel_h2_dri_eaf cement_kiln cement_kiln_ccs cement_alternative
aluminium_primary aluminium_secondary ammonia_coal ammonia_coal_ccs ammonia_gas ammonia_h2 methanol_coal
methanol_coal_ccs methanol_gas methanol_h2 ethylene_naphtha ethylene_coal ethylene_coal_ccs ethylene_electric
glass_fossil glass_electric paper_fossil paper_electric refining coking passenger_ice passenger_hybrid
passenger_phev passenger_bev passenger_fcev freight_ice freight_hybrid freight_phev freight_bev freight_fcev
building_coal building_gas building_electric building_district_heat dac
""".split()

#: Mt CO2 per PJ burnt, rounded; only for the tests.
FACTORS = {"coal": 0.0909, "natural_gas": 0.0555, "coke": 0.1006, "derived_gas": 0.044}


def test_every_technology_of_the_design_is_there():
    assert set(catalogue().keys) == set(KEYS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda f: f.__name__)
def test_catalogue_obeys_each_rule(check):
    assert [str(p) for p in check(catalogue())] == []


def _with(key, **changes):
    c = catalogue()
    path = c.paths[key]
    return replace(c, paths={**c.paths, key: replace(path, **changes)})


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda: _with(("coal_ccs", "capture_rate", "", ""), value=(1.2,), high=(1.3,)), "outside its range"),
        (lambda: _with(("nuclear", "capex", "", ""), unit="1e8 yuan/MW"), "expected '1e8 yuan/GW'"),
        (lambda: _with(("coking", "lifetime", "", ""), value=(50.0,)), "is not in"),
        (lambda: _with(("hydro", "capex", "", ""), source=""), "source or status"),
        (lambda: catalogue().replaced([("gas_power", "input", "natural_gas", None, 3.0)]), "efficiency 1.200"),
        (
            lambda: replace(
                catalogue(), recipes={**catalogue().recipes, ("vehicle", "investment"): {"Construction": 0.9}}
            ),
            "must add to 1",
        ),
        (
            lambda: replace(
                catalogue(), paths={k: v for k, v in catalogue().paths.items() if k[:2] != ("dac", "lifetime")}
            ),
            "dac: no lifetime",
        ),
    ],
)
def test_a_mistake_is_found_and_its_remedy_named(broken, words):
    assert any(words in str(p) for p in broken().check())


def test_cost_path_is_linear_between_given_years_and_flat_outside():
    c = catalogue()
    assert c.value("pv_utility", "capex", year=2010) == c.value("pv_utility", "capex", year=2020) == 36.0
    assert c.value("pv_utility", "capex", year=2027.5) == pytest.approx((30.5 + 25.0) / 2)
    assert c.value("pv_utility", "capex", year=2080) == 18.0
    assert c.value("coal_ccs", "capex", year=2045) == pytest.approx((70 + 62.5) / 2)


def test_heat_rate_of_the_coal_fleet_is_what_the_administration_publishes():
    """305.5 gce per kWh supplied in 2020 (NEA) against the mean of the three steam classes, by capacity."""
    c = catalogue()
    share = {"coal_subcritical": 0.46, "coal_supercritical": 0.28, "coal_ultrasupercritical": 0.26}
    rate = sum(s * c.inputs(k, 2020)["coal"] for k, s in share.items()) / 29.3076 * 1000
    assert rate == pytest.approx(305.5, rel=0.04)


def test_converter_balance_of_combined_heat_and_power():
    """Electricity and heat leave, coal enters: 3.6 + 2.6 PJ from 3.6/0.41 + 2.6/0.85."""
    c = catalogue()
    assert c.efficiency("coal_chp", 2020) == pytest.approx((PJ_PER_TWH + 2.6) / (3.6 / 0.41 + 2.6 / 0.85), rel=1e-5)


def test_carbon_of_feedstock_is_either_released_or_bound_in_the_product():
    """Methanol binds 44/32 t CO2 per t, two t of olefins per t of ethylene 2 x 88/28, ammonia none (stoichiometry)."""
    c = catalogue()
    for key, bound in (("ammonia_coal", 0.0), ("methanol_coal", 44 / 32), ("ethylene_coal", 2 * 88 / 28)):
        carbon = c.inputs(key, 2020, "feedstock")["coal"] * FACTORS["coal"]
        assert c.value(key, "process_co2") + bound == pytest.approx(carbon, rel=1e-3)


def test_ammonia_and_hydrogen_steel_need_no_less_than_stoichiometric_hydrogen():
    c = catalogue()
    assert c.inputs("ammonia_h2", 2020)["hydrogen"] >= 3 * 2.016 / (2 * 17.031)
    # Fe2O3 + 3 H2 -> 2 Fe + 3 H2O: 54 kg of hydrogen per t of iron
    assert c.inputs("steel_h2_dri_eaf", 2020)["hydrogen"] >= 3 * 2.016 / (2 * 55.845)
    assert c.inputs("methanol_h2", 2020)["hydrogen"] >= 3 * 2.016 / 32.04


def test_biomass_with_capture_takes_carbon_out_of_the_air():
    c = catalogue()
    co2 = c.co2("biomass_ccs", FACTORS, 2040)
    assert co2.fossil == 0 and co2.net == pytest.approx(-0.9 * 3.6 / 0.24 * 0.1)


def test_capture_leaves_the_rest_in_the_air():
    co2 = catalogue().co2("coal_ccs", FACTORS, 2040)
    assert co2.net == pytest.approx(0.1 * co2.fossil)


def test_investment_column_spends_the_whole_budget_and_operation_column_all_costs():
    c = catalogue()
    for key in c.keys:
        capex = c.value(key, "capex", year=2030)
        assert sum(c.investment_inputs(key, 2030).values()) == pytest.approx(capex, rel=1e-9)
        om = c.value(key, "variable_om", year=2030) + c.value(key, "fixed_om", year=2030) / (
            c.value(key, "activity_per_capacity") * c.value(key, "availability")
        )
        energy = sum(a * c.commodities[i].price for i, a in c.inputs(key, 2030).items())
        assert sum(c.operating_inputs(key, 2030).values()) == pytest.approx(om + energy, rel=1e-9)


def test_higher_coal_price_raises_only_the_coal_mining_entry():
    c = catalogue()
    base, dear = (
        c.operating_inputs("coal_subcritical", 2020),
        c.operating_inputs("coal_subcritical", 2020, prices={"coal": 0.43}),
    )
    assert dear["Coal mining"] == pytest.approx(2 * base["Coal mining"])
    assert {k: v for k, v in dear.items() if k != "Coal mining"} == {
        k: v for k, v in base.items() if k != "Coal mining"
    }
    assert 0 < base[LABOUR] < base["Coal mining"]


def test_replacement_of_a_value_changes_that_value_alone():
    c = catalogue().replaced([("nuclear", "capex", "", 2060, 120.0), ("gas_power", "input", "natural_gas", None, 6.0)])
    assert c.value("nuclear", "capex", year=2060) == 120.0
    assert c.value("nuclear", "capex", year=2050) == catalogue().value("nuclear", "capex", year=2050)
    assert c.inputs("gas_power", 2055) == {"natural_gas": 6.0}


def test_wrong_replacements_are_gathered_with_the_nearest_names():
    with pytest.raises(InputError) as error:
        catalogue().replaced([("nuclaer", "capex", "", None, 1), ("hydro", "capx", "", None, 1)])
    assert "did you mean 'nuclear'" in str(error.value) and "did you mean 'capex'" in str(error.value)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(InputError, match="wind_onshore"):
        catalogue().value("wind_onshor", "capex")
    with pytest.raises(InputError, match="cement"):
        catalogue().of_product("cemnt")


def test_sampled_catalogue_stays_in_its_ranges_and_repeats_with_its_seed():
    first, again, other = catalogue().sampled(7), catalogue().sampled(7), catalogue().sampled(8)
    for key, path in catalogue().paths.items():
        drawn = first.paths[key].value
        assert all(lo - 1e-12 <= v <= hi + 1e-12 for lo, v, hi in zip(path.low, drawn, path.high, strict=True))
    assert first.paths == again.paths != other.paths


def test_arrays_agree_with_single_values():
    c = catalogue()
    years = (2020, 2037, 2060)
    capex = c.array("capex", years)
    assert capex.shape == (len(c.keys), 3)
    assert capex[c.keys.index("battery"), 1] == c.value("battery", "capex", year=2037)
    fuels = ("coal", "electricity")
    inputs = c.input_array(fuels, years)
    assert inputs[c.keys.index("cement_kiln"), 0, 1] == c.inputs("cement_kiln", 2037)["coal"]


def test_document_lists_every_technology_with_units():
    text = catalogue_markdown()
    assert all(f"| {key} |" in text for key in KEYS)
    assert "capacity in GW" in text and "### Cement (水泥), Mt" in text


def test_loading_the_catalogue_imports_nothing_heavy():
    code = (
        "import sys; from model.technology.catalogue import catalogue; catalogue(); "
        "print(sorted({'pandas', 'scipy', 'numba', 'highspy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_committed_document_is_current():
    from pathlib import Path

    from model.technology.catalogue_table import document

    committed = Path(__file__).parents[2] / "docs" / "technologies.md"
    assert committed.read_text(encoding="utf-8") == document()
