"""A setting that has no effect is named in the warnings."""

from model.unused_settings import unused_settings
from scenarios.load import load_scenario


def test_settings_without_effect_are_named_and_others_are_not():
    assert unused_settings(load_scenario("zero_shock")) == []
    told = unused_settings(load_scenario("quick", ("demand.price_response=none",)))[0]
    assert "demand.price_response" in told and "carbon.neutral_year" in told and "efficiency" not in told
    optimised = unused_settings(load_scenario("least_cost", ("demand.price_response=none",)))[0]
    assert "demand.price_response" in optimised and "carbon.neutral_year" not in optimised
