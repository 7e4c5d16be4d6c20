"""What a reader is told about the macro closure of a run (E7): which one, levers out of range, GDP missed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.macro.closure import KAPPA_RANGE, Closed

#: Slack relative to a province's GDP from which on it is named.
SLACK_SHOWN = 5e-4
#: What moves so that provinces meet their GDP (E7), by the scenario's closure.
CLOSURE_NOTES = {
    "trade": (
        "Trade between provinces moves so that every province meets its GDP (closure E7); investment follows the "
        "capital stock; the volume of consumption closes the national account.",
        "省际贸易调整使各省生产总值达到设定值(E7闭合);投资随资本存量变化,居民消费总量由国民核算恒等式决定。",
    ),
    "demand": (
        "Private consumption of each province moves, within 0.5 to 2 times the nation's, so that provinces meet their "
        "GDP (closure E7, demand side); what the bounds leave is shown as GDP slack.",
        "各省居民消费在全国水平0.5-2倍内调整使各省生产总值达到设定值(E7需求侧闭合),受限部分列为生产总值松弛量。",
    ),
    "exports": (
        "Exports abroad of each province move, never below nought, so that provinces meet their GDP (closure E7, "
        "exports); what the bound leaves is shown as GDP slack.",
        "各省出口(非负)调整使各省生产总值达到设定值(E7出口闭合),受限部分列为生产总值松弛量。",
    ),
}


def closure_warnings(year: int, regions: Sequence[str], closed: Closed, gdp: np.ndarray) -> list[str]:
    """Provinces whose GDP misses its path gdp (R,), 10^8 yuan, or whose lever stands at or outside KAPPA_RANGE."""
    found = []
    missed = -closed.slack / gdp
    named = [f"{regions[i]} by {100 * missed[i]:+.1f} %" for i in np.flatnonzero(np.abs(missed) >= SLACK_SHOWN)]
    if named:
        found.append(f"{year}: GDP misses its path: {', '.join(named)}")
    low, high = KAPPA_RANGE
    for name, factor in (
        ("competitiveness", closed.kappa),
        ("consumption relative to the nation's scale", closed.consumption_scale),
        ("exports relative to the nation's scale", closed.export_scale),
    ):
        outside = [f"{regions[i]} {factor[i]:.2f}" for i in np.flatnonzero((factor <= low) | (factor >= high))]
        if outside:
            found.append(f"{year}: {name} at or outside [{low}, {high}]: {', '.join(outside)}")
    return found
