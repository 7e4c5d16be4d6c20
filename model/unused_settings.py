"""Scenario settings that a run accepts but does not use yet: said aloud, so that nobody believes in their effect."""

from __future__ import annotations

from scenarios.schema import Scenario

#: No run reads these.
NEVER = (
    ("technology", "provincial_shares"), ("technology", "foresight"), ("technology", "trade_band"),
    ("demand", "price_response"), ("economics", "import_prices"), ("economics", "budget_rule"),
    ("power", "line_losses"), ("power", "accounting"),
)
#: Read only where the pathway programme chooses technologies.
ONLY_OPTIMISING = (
    ("carbon", "peak_year"), ("carbon", "neutral_year"), ("carbon", "budget"), ("carbon", "national_cap"),
    ("carbon", "provincial_caps"), ("carbon", "allocation"), ("carbon", "price"), ("technology", "limits"),
    ("power", "reserve_margin"),
)


def unused_settings(scenario: Scenario) -> list[str]:
    """One warning naming what the scenario changes from the defaults without effect; empty when there is nothing."""
    chosen = NEVER if scenario.technology.choice == "optimise" else (*NEVER, *ONLY_OPTIMISING)
    names = [f"{section}.{name}" for section, name in chosen if _changed(scenario, section, name)]
    return [f"without effect in this run: {', '.join(names)}"] if names else []


def _changed(scenario: Scenario, section: str, name: str) -> bool:
    given = getattr(scenario, section)
    return getattr(given, name) != getattr(type(given)(), name)
