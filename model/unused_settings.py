"""Scenario settings that a run accepts but does not use: said aloud, so that nobody believes in their effect."""

from __future__ import annotations

from scenarios.schema import Scenario

#: Read only where the pathway programme chooses technologies.
ONLY_OPTIMISING = (
    ("carbon", "peak_year"), ("carbon", "neutral_year"), ("carbon", "budget"), ("carbon", "national_cap"),
    ("carbon", "provincial_caps"), ("carbon", "allocation"), ("technology", "limits"), ("power", "reserve_margin"),
    ("economics", "budget_rule"), ("technology", "foresight"),
)
#: Read where technology shares are given, and by the programme where it sees every province.
SHARES_OR_PROVINCES = (("technology", "provincial_shares"),)
#: Read only where the programme sees every province.
ONLY_PROVINCIAL = (
    ("power", "line_losses"), ("power", "lines"), ("power", "line_growth_max"), ("carbon", "provincial_caps"),
    ("technology", "trade_band"),
)


def unused_settings(scenario: Scenario) -> list[str]:
    """One warning naming what the scenario changes from the defaults without effect; empty when there is nothing."""
    optimising = scenario.technology.choice == "optimise"
    chosen = [] if optimising else list(ONLY_OPTIMISING)
    if not optimising or scenario.coupling.resolution == "national":
        chosen += [setting for setting in ONLY_PROVINCIAL if setting not in chosen]
    if optimising and scenario.coupling.resolution == "national":
        chosen += SHARES_OR_PROVINCES
    names = [f"{section}.{name}" for section, name in chosen if _changed(scenario, section, name)]
    if not optimising and scenario.demand.price_response == "marginal":
        names.append("demand.price_response: marginal (shares have average prices only)")
    return [f"without effect in this run: {', '.join(names)}"] if names else []


def _changed(scenario: Scenario, section: str, name: str) -> bool:
    given = getattr(scenario, section)
    return getattr(given, name) != getattr(type(given)(), name)
