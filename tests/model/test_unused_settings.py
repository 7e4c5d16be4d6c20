"""A setting that has no effect is named in the warnings."""

from model.unused_settings import unused_settings
from scenarios.load import load_scenario


def test_settings_without_effect_are_named_and_others_are_not():
    assert unused_settings(load_scenario("zero_shock")) == []
    told = unused_settings(load_scenario("quick", ("demand.price_response=marginal", "power.line_losses=0.04")))[0]
    assert "carbon.neutral_year" in told and "efficiency" not in told
    assert "power.line_losses" in told and "price_response: marginal" in told
    assert "technology.trade_band" in unused_settings(load_scenario("quick", ("technology.trade_band=0.1",)))[0]
    assert "price_response" not in unused_settings(load_scenario("quick", ("demand.price_response=none",)))[0]


def test_what_the_programme_reads_depends_on_its_places():
    provincial_cap, band = "carbon.provincial_caps={Shanxi: {2060: 0}}", "technology.trade_band=0.1"
    national = unused_settings(load_scenario("least_cost", ("power.line_losses=0.04", provincial_cap, band)))[0]
    assert "power.line_losses" in national and "carbon.provincial_caps" in national
    assert "technology.trade_band" in national
    assert "carbon.neutral_year" not in national
    mix = "technology.provincial_shares={Hebei: {steel: {steel_bf_bof: 1}}}"
    assert "technology.provincial_shares" in unused_settings(load_scenario("least_cost", (mix,)))[0]
    assert unused_settings(load_scenario("quick", (mix,))) == unused_settings(load_scenario("quick"))
    assert unused_settings(load_scenario("least_cost", ("coupling.resolution=provincial", mix))) == []
    everywhere = ("coupling.resolution=provincial", "power.line_losses=0.04", provincial_cap, band)
    assert unused_settings(load_scenario("least_cost", everywhere)) == []
