"""Quotas as caps of the programme: they sum to the cap path, and trade alone makes rules cost the same."""

from types import SimpleNamespace

import numpy as np
import pytest

from io_tables.errors import InputError
from model.carbon.emission_history import emission_history
from model.carbon.principles import principle_costs, with_quotas
from model.carbon.quota_caps import cap_path, quota_caps
from model.pathway.carbon import TRADED_QUOTAS, _quotas
from model.programme import Programme, minimise
from scenarios.load import load_scenario

YEARS = (2020, 2030, 2040, 2050, 2060)
R, T = 4, len(YEARS)
EMISSIONS = np.array([50.0, 30.0, 15.0, 5.0])
PEOPLE = np.tile([20.0, 30.0, 40.0, 10.0], (T, 1))
GDP = np.tile([300.0, 200.0, 300.0, 100.0], (T, 1)) * np.linspace(1, 3, T)[:, None]
SINKS = np.tile([1.0, 2.0, 4.0, 3.0], (T, 1))
NAMES = ("A", "B", "C", "D")
SLOPE = np.array([1.0, 2.0, 4.0, 8.0])
RULES = ("grandfathering", "per_capita", "contraction_and_convergence", "ability_to_pay", "net_of_sink", "intensity")


def scenario(*changes):
    return load_scenario("assumed_mixes", (f"years={list(YEARS)}", "technology.choice=optimise", *changes))


def quotas(case):
    return quota_caps(case, YEARS, NAMES, EMISSIONS, GDP, PEOPLE, SINKS)


def test_the_line_to_neutrality_starts_at_the_peak_or_at_the_last_stated_cap():
    plain = scenario("carbon.peak_year=2030", "carbon.neutral_year=2060")
    np.testing.assert_allclose(cap_path(plain, YEARS, 90.0), [np.nan, np.nan, 60.0, 30.0, 0.0])
    stated = scenario("carbon.national_cap={2030: 100, 2040: 80}", "carbon.neutral_year=2060")
    np.testing.assert_allclose(cap_path(stated, YEARS, 90.0), [np.nan, 100.0, 80.0, 40.0, 0.0])
    capped = scenario("carbon.national_cap={2030: 100}", "carbon.neutral_year=null", "carbon.peak_year=null")
    np.testing.assert_allclose(cap_path(capped, YEARS, 90.0), [np.nan, 100.0, 100.0, 100.0, 100.0])


@pytest.mark.parametrize("rule", RULES)
def test_quotas_sum_to_the_cap_and_the_sinks_in_every_year_that_has_a_cap(rule):
    case = scenario(f"carbon.allocation.weights={{{rule}: 1}}")
    found = quotas(case)
    assert np.isnan(found[:2]).all()
    np.testing.assert_allclose(found[2:].sum(axis=1), [60.0 + 10.0, 30.0 + 10.0, 10.0], rtol=1e-9)


def test_accounting_by_use_moves_quotas_to_who_uses_the_goods_and_keeps_their_sum():
    used = np.array([20.0, 30.0, 20.0, 10.0])      # of the nation's 100 Mt, 20 are emitted for exports
    arrays = (YEARS, NAMES, EMISSIONS, GDP, PEOPLE, SINKS)
    for rule in (*RULES, "responsibility"):
        names = ("Beijing", "Hebei", "Shanxi", "Hainan")      # provinces with a history
        plain, by_use = (quota_caps(scenario(f"carbon.allocation={{weights: {{{rule}: 1}}, accounting: {accounting}}}"),
                                    YEARS, names, *arrays[2:], used) for accounting in ("production", "consumption"))
        np.testing.assert_allclose(by_use[2:].sum(axis=1), plain[2:].sum(axis=1), rtol=1e-9)
        same = np.allclose(by_use[2:], plain[2:])
        assert same == (rule == "per_capita"), rule
    grandfathered = quota_caps(scenario("carbon.allocation={weights: {grandfathering: 1}, accounting: consumption}"),
                               *arrays, used)
    np.testing.assert_allclose(grandfathered[2], 70.0 * used / used.sum())
    with pytest.raises(InputError, match="'consumption' needs the accounts of final use"):
        quotas(scenario("carbon.allocation={weights: {grandfathering: 1}, accounting: consumption}"))


def test_older_emissions_count_less_where_the_history_is_discounted():
    names = ("Beijing", "Hebei", "Shanxi", "Hainan")
    case = "carbon.allocation={{weights: {{responsibility: 1}}, responsibility_discount: {}}}"
    for rate in (0.0, 0.05, 1.0):
        found = quota_caps(scenario(case.format(rate)), YEARS, names, EMISSIONS, GDP, PEOPLE, SINKS)[-1]
        years, history = emission_history(names, EMISSIONS, 1997)
        owed = (1.0 + rate) ** (np.array(years) - 2019.0) @ history / (YEARS[-1] - YEARS[0])
        people = PEOPLE[-1] / PEOPLE[-1].sum()
        np.testing.assert_allclose(found, (10.0 + owed.sum()) * people - owed, rtol=1e-9)


def objective(case) -> float:
    """Least cost of abatement over four provinces with the quotas as rows; the price of one more Mt beside it."""
    p = Programme()
    years = YEARS[1:]
    baseline = np.tile((EMISSIONS * 1.2)[:, None], (1, len(years)))
    co2 = p.add_columns("net_co2", baseline.shape, cost=np.zeros(baseline.shape), lower=-1e3, upper=baseline)
    steps = 4
    cut = p.add_columns("cut", (*baseline.shape, steps), cost=SLOPE[:, None, None] * (1.0 + np.arange(steps)),
                        upper=np.repeat(baseline[:, :, None] / 2, steps, axis=2))
    rows = p.add_rows("balance", baseline.shape, lower=baseline, upper=baseline)
    p.add(rows, co2, 1.0)
    p.add(np.broadcast_to(rows[:, :, None], cut.shape), cut, 1.0)
    base = SimpleNamespace(co2=EMISSIONS[:, None, None], regions=NAMES)
    assumed = SimpleNamespace(years=YEARS, gdp=GDP, population=PEOPLE, sinks=SINKS)
    draft = SimpleNamespace(programme=p, study=SimpleNamespace(base=base, assumed=assumed, scenario=case), names={},
                            years=years, G=R, co2=co2,
                            places=SimpleNamespace(names=NAMES, member=np.eye(R)))
    _quotas(draft)
    assert draft.names
    kinds = {name for name, _ in draft.names.values()}
    assert kinds == ({TRADED_QUOTAS} if case.carbon.permit_trade else {f"carbon.allocation.{n}" for n in NAMES})
    solved = minimise(p, "simplex")
    assert solved.optimal
    return solved.objective


def test_with_trade_every_rule_costs_the_same_and_without_it_never_less():
    case = scenario()
    together = [objective(with_quotas(case, {rule: 1.0}, trade=True)) for rule in RULES]
    np.testing.assert_allclose(together, together[0], rtol=1e-9)
    found = principle_costs(objective, case, RULES).set_index("rule")
    assert (found.loc[list(RULES), "difference"] >= -1e-9).all()
    assert found.loc["per_capita", "difference"] > 1.0
    assert found.loc["trade", "objective"] == pytest.approx(together[0])


def test_the_rule_that_is_the_pathway_cannot_bind_it_without_trade():
    case = with_quotas(scenario(), {"equal_marginal_cost": 1.0}, trade=False)
    with pytest.raises(InputError, match="answer of the pathway"):
        quotas(case)
    with pytest.raises(InputError, match="per_capita"):
        principle_costs(objective, scenario(), ["per_capitaa"])


def test_a_rule_without_data_is_named():
    with pytest.raises(InputError, match=r"responsibility.*history"):
        quotas(scenario("carbon.allocation.weights={responsibility: 1}"))
