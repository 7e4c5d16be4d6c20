"""Product trade within a band (E10): bounds of the base pattern, exact at the fixed point, no dearer when wider."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from model.carbon.deal import divided
from model.carbon.stand_alone import Contracts
from model.coupled_results import coupled_blocks
from model.coupling import solve
from model.macro.closure import shifted_trade_shares
from model.pathway.assembled import assembled, draft_of
from model.pathway.joining import Joining
from model.pathway.product_trade import LEAST, asked_for, flows_of, goods_of, haul, links_of, pattern_with
from model.programme_ledgers import programme_ledgers
from scenarios.load import load_scenario

BAND = {2040: 0.2, 2060: 0.3}


def _toy(pattern, kappa):
    """A study and a year of two goods in three provinces whose base trade pattern is `pattern` (2, R, R)."""
    rng = np.random.default_rng(3)
    tau = rng.uniform(0.1, 1.0, (2, 3, 3)) + 2 * np.eye(3)
    tau[0, 2] = 0.0                                   # the third province makes no steel
    tau /= tau.sum(axis=1, keepdims=True)
    base = SimpleNamespace(products=("steel", "cement"), industries=("steel", "cement"), trade_shares=tau,
                           product_price=np.array([60.0, 4.0]), regions=("Beijing", "Tianjin", "Hebei"))
    study = SimpleNamespace(base=base, traded=np.array([True, True]))
    closed = SimpleNamespace(kappa=kappa, trade_shares=shifted_trade_shares(tau if pattern is None else pattern, kappa,
                                                                            study.traded))
    used = np.array([[300.0, 40.0], [500.0, 80.0], [900.0, 60.0]])
    return study, SimpleNamespace(economy=SimpleNamespace(closed=closed, domestic_use=used))


def test_a_pattern_that_carries_what_was_moved_gives_it_back_and_leaves_the_bounds_as_they_were():
    kappa = np.array([0.8, 1.1, 1.1])
    study, year = _toy(None, kappa)
    reference, none = flows_of(study, year)
    assert np.abs(none).max() < 1e-15
    moved = np.zeros_like(reference)
    moved[:, 0] = 0.1 * reference[:, 0]
    moved[:, 1] = -moved[:, 0]
    pattern = pattern_with(study, year, moved)
    np.testing.assert_allclose(pattern.sum(axis=1), 1.0)
    after, carried = flows_of(*_toy(pattern, kappa))
    np.testing.assert_allclose(carried, moved, atol=1e-13)
    np.testing.assert_allclose(after, reference, rtol=1e-13)
    np.testing.assert_allclose(pattern_with(*_toy(pattern, kappa), moved), pattern, rtol=1e-12)
    assert (pattern[0, 2] == 0).all()


def test_links_are_those_of_the_base_pattern_and_pay_their_way():
    base = BaseYear.load()
    links, km = links_of(base), haul(base)
    goods = goods_of(base)
    assert "freight" not in goods and "steel" in goods
    shares = base.trade_shares[[base.industries.index(g) for g in goods]]
    assert (shares[links.good, links.origin, links.destination] >= LEAST).all()
    a, b = base.regions.index("Beijing"), base.regions.index("Guangdong")
    assert 1800 < km[a, b] < 2100 and 0 < km[a, a] < 100
    freight = base.product_price[base.products.index("freight")]         # 10^8 yuan per 10^9 tkm
    np.testing.assert_allclose(links.haulage, freight * km[links.origin, links.destination] / 1000.0)


@pytest.fixture(scope="module")
def coupled():
    path = "{" + ", ".join(f"{y}: {b}" for y, b in BAND.items()) + "}"
    scenario = load_scenario("least_cost", ("years=[2020,2040,2060]", "power.slices=1",
                                            "coupling.resolution=provincial", f"technology.trade_band={path}"))
    return solve(BaseYear.load(scenario.base_year), scenario)


def test_the_fixed_point_converges_and_its_economy_carries_what_the_programme_moves(coupled):
    assert coupled.converged
    by_name = {entry.name: entry for entry in programme_ledgers(coupled)}
    trade = [entry for name, entry in by_name.items() if name.startswith("product trade")]
    assert len(trade) == 1 and trade[0].kind == "independent"
    assert all(entry.status == "pass" for entry in by_name.values())


def test_flows_stay_within_the_band_and_every_province_buys_what_it_bought(coupled):
    draft, base = coupled.outer.iterate.assembled.draft, coupled.study.base
    some = 0.0
    for t, year in enumerate(coupled.years[1:]):
        reference, carried = flows_of(coupled.study, year)
        moved = draft.links.table(coupled.plan.moved[:, t], *reference.shape[:2])
        assert (np.abs(moved) <= BAND[year.year] * reference + 1e-6).all()
        assert np.abs(moved.sum(axis=1)).max() < 1e-6
        np.testing.assert_allclose(carried, moved, atol=1e-5)
        made = year.production[:, base.products.index("aluminium")]
        some = max(some, np.maximum(moved[1].sum(axis=1), 0.0).sum() / made.sum())
    assert 1e-3 < some < 0.3


def test_what_is_moved_is_reported_by_province_and_sums_to_zero(coupled):
    rows = [b for b in coupled_blocks(coupled) if str(b["variable"].iloc[0]).startswith("Production Moved|")]
    assert len(rows) == len(goods_of(coupled.study.base))
    for block in rows:
        nation = block[block["region"] == "China"]["value"]
        assert np.abs(nation).max() < 1e-6
    assert max(np.abs(block["value"]).max() for block in rows) > 1.0


def _cost(joining: Joining, most, goal=1e-7) -> float:
    joining.shift(joining.complete.f, most)
    return joining.passes(goal, 12).bounds.objective


def test_a_wider_band_never_raises_the_cost_and_none_is_the_fixed_pattern(coupled):
    whole = coupled.outer.iterate.assembled
    draft, complete = whole.draft, whole.complete
    joining = coupled.joining
    most = draft.most_moved(draft.requirements)
    costs = [_cost(joining, part * most) for part in (1.0, 0.5, 0.0)]
    assert costs[0] == pytest.approx(complete.cost @ coupled.z, rel=1e-6)
    joining.shift(complete.f, most)
    assert costs[0] < costs[1] < costs[2] and costs[2] - costs[0] > 1e-6 * costs[0]
    fixed = [replace(found, flows=None) for found in draft.requirements]
    plain = draft_of(coupled.study, coupled.places, draft.timing, fixed, draft.base_co2, draft.residual_biomass)
    assert plain.links is None and "moved_trade" not in plain.programme.columns
    c = assembled(plain, coupled.study.scenario.coupling.keep).complete
    others = np.setdiff1d(np.arange(len(coupled.z)), draft.moved.ravel())
    c = replace(c, lower=complete.lower[others], upper=complete.upper[others])
    reached = Joining(c, coupled.z[others], coupled.prices).passes(1e-7, 12)
    assert reached.bounds.objective == pytest.approx(costs[2], rel=1e-6)


def test_no_coalition_that_keeps_its_flows_as_contracts_does_better_alone(coupled):
    _, division, owners = divided(coupled, {"grandfathering": 1.0})
    contracts = Contracts(coupled.outer.iterate.assembled, owners, division, coupled.z, coupled.prices,
                          coupled.multipliers)
    kept = contracts.kept()
    assert kept.sum() == pytest.approx(division.lower_bound, rel=1e-12)
    assert np.abs(contracts.value()).max() > 1.0
    for members in ([5, 6, 7], [28, 29]):
        assert kept[members].sum() <= contracts.alone(members).cost * (1 + 1e-9)


def test_without_a_band_nothing_moves():
    study = SimpleNamespace(scenario=load_scenario("least_cost"))
    assert not asked_for(study)
    assert asked_for(SimpleNamespace(scenario=load_scenario("least_cost", ("technology.trade_band={2060: 0.1}",))))
