"""Source-sink matching: against another solver, rents by finite differences, strong duality, years and routes."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from io_tables.classification import provinces
from io_tables.errors import Infeasible, InputError
from model.carbon.storage import ESTIMATES, distances, match_sources_to_sinks, storage_capacity
from model.carbon.storage_years import StorageCosts, store_over_years


def _case(sources, sinks, seed, room=1.2):
    rng = np.random.default_rng(seed)
    supply, capacity = rng.uniform(1, 10, sources), rng.uniform(0.2, 1, sinks)
    capacity *= room * supply.sum() / capacity.sum()
    km = rng.uniform(0, 1000, (sources, sinks))
    return supply, capacity, 2 + km / 100 + rng.uniform(0, 3, sinks), km


def _other_solver(supply, capacity, cost, allowed):
    """Volume and cost by two plain programmes in equality-free dense form."""
    S, K = cost.shape
    a = np.vstack([np.kron(np.eye(S), np.ones(K)), np.kron(np.ones(S), np.eye(K))])
    b = np.concatenate([supply, capacity])
    bounds = [(0, None if ok else 0) for ok in allowed.ravel()]
    volume = -linprog(-np.ones(S * K), A_ub=a, b_ub=b, bounds=bounds).fun
    a, b = np.vstack([a, -np.ones(S * K)]), np.append(b, -volume + 1e-9)
    least = linprog(cost.ravel(), A_ub=a, b_ub=b, bounds=bounds)
    return volume, least.fun


@pytest.mark.parametrize("seed,room,limit", [(0, 1.3, None), (1, 0.7, None), (2, 1.3, 400.0), (3, 0.8, 300.0)])
def test_volume_first_then_cost_as_another_solver_finds(seed, room, limit):
    supply, capacity, cost, km = _case(7, 5, seed, room)
    found = match_sources_to_sinks(supply, capacity, cost, distance=km, max_distance=limit)
    volume, least = _other_solver(supply, capacity, cost, km <= (limit or np.inf))
    assert found.volume == pytest.approx(volume, rel=1e-7) and found.cost == pytest.approx(least, rel=1e-6)
    assert (found.flow.sum(axis=0) <= capacity * (1 + 1e-9)).all()
    assert found.flow.sum(axis=1) + found.unmatched == pytest.approx(supply)
    assert limit is None or (found.flow[km > limit] == 0).all()
    assert found.tonne_km == pytest.approx((km * found.flow).sum())


@given(st.integers(0, 500), st.floats(0.5, 1.6), st.sampled_from([None, 300.0, 600.0]))
@settings(max_examples=25, deadline=None)
def test_strong_duality_and_idle_room_earns_nothing(seed, room, limit):
    supply, capacity, cost, km = _case(8, 5, seed, room)
    found = match_sources_to_sinks(supply, capacity, cost, distance=km, max_distance=limit)
    assert found.dual_value(supply, capacity) == pytest.approx(found.cost, rel=1e-8, abs=1e-8)
    assert (found.sink_rent >= 0).all()
    idle = found.flow.sum(axis=0) < capacity * (1 - 1e-6)
    assert (found.sink_rent[idle] <= 1e-9).all()
    # any other rents give a lower bound only
    other = np.abs(found.sink_rent + np.random.default_rng(seed).normal(size=5))
    price = np.where(found.allowed, cost + other, np.inf).min(axis=1)
    if not found.unmatched.any():
        assert supply @ price - other @ capacity <= found.cost + 1e-8


def test_a_rent_is_what_one_more_unit_of_room_saves():
    supply, capacity, cost, _ = _case(9, 5, 11, 1.05)
    found = match_sources_to_sinks(supply, capacity, cost)
    assert (found.sink_rent > 0.1).any()
    for k in range(5):
        more = capacity + 1e-4 * (np.arange(5) == k)
        saved = found.cost - match_sources_to_sinks(supply, more, cost).cost
        assert saved / 1e-4 == pytest.approx(found.sink_rent[k], abs=1e-5)


def test_tighter_distance_limits_store_less():
    supply, capacity, cost, km = _case(10, 6, 4)
    stored = [match_sources_to_sinks(supply, capacity, cost, distance=km, max_distance=d).volume
              for d in (0, 100, 200, 400, 1000)]
    assert stored[0] == 0 and (np.diff(stored) >= -1e-9).all() and stored[-1] == pytest.approx(supply.sum())
    assert stored[1] < stored[3]


def test_by_hand_with_a_forbidden_pair():
    found = match_sources_to_sinks([4, 3], [5, 5], [[1.0, 2.0], [1.0, np.inf]])
    assert found.flow == pytest.approx(np.array([[2, 2], [3, 0]])) and found.cost == pytest.approx(9)
    assert found.sink_rent == pytest.approx([1, 0]) and found.tonne_km is None


def test_storage_too_small_is_explained_by_name():
    with pytest.raises(Infeasible, match=r"5 of 12 Mt find no room.*full: Songliao 7.*no storage at all within 100 km: "
                                         r"Fujian 4"):
        match_sources_to_sinks([8, 4], [7], [[1.0], [1.0]], distance=[[50], [900]], max_distance=100, demand_all=True,
                               source_names=("Jilin", "Fujian"), sink_names=("Songliao",))
    left = match_sources_to_sinks([8, 4], [7], [[1.0], [1.0]], distance=[[50], [900]], max_distance=100).unmatched
    assert left == pytest.approx([1, 4])
    with pytest.raises(InputError, match="without distances"):
        match_sources_to_sinks([1], [1], [[1.0]], max_distance=3)
    with pytest.raises(InputError, match="must not be negative"):
        match_sources_to_sinks([-1], [1], [[1.0]])


def test_nothing_to_store_and_nowhere_to_store_it():
    assert match_sources_to_sinks([0, 0], [1], [[1.0], [2.0]]).volume == 0
    nowhere = match_sources_to_sinks([2], [0], [[1.0]])
    assert nowhere.unmatched == pytest.approx([2]) and nowhere.source_price[0] == np.inf


@pytest.mark.parametrize("sources,limit", [(31, 1.0), (300, 5.0)])
def test_size_within_time(sources, limit):
    case = _case(sources, 60, 5)
    start = time.process_time()
    found = match_sources_to_sinks(*case[:3], distance=case[3], max_distance=700)
    assert time.process_time() - start < limit
    assert found.dual_value(*case[:2]) == pytest.approx(found.cost, rel=1e-8)


def test_estimates_are_a_choice_and_a_misspelt_one_is_named():
    table = pd.DataFrame({"region": ["Hebei", "Hebei", "Jilin", "Hebei"], "item": ["capacity"] * 3 + ["cost"],
                          "estimate": ["proven_land", "supply_curve", "supply_curve", "supply_curve"],
                          "value": [100.0, 20, 5, 7]})
    assert storage_capacity(table, "xing2021", ("Jilin", "Hebei")) == pytest.approx([0, 100])
    assert storage_capacity(table, "low", ("Jilin", "Hebei"), factor=0.5) == pytest.approx([2.5, 10])
    with pytest.raises(InputError, match="did you mean 'proven_land'"):
        storage_capacity(table, "proven_lands", ("Jilin",))


def test_published_estimates_of_storage_differ_by_about_seven():
    from io_tables import china_2020

    file = next(iter(china_2020.__path__)) + "/resource_storage.csv"
    totals = {name: storage_capacity(pd.read_csv(file), name, provinces().keys).sum() for name in ESTIMATES}
    assert totals["low"] < totals["xing2021"] < totals["high"]
    assert 6 < totals["high"] / totals["low"] < 8


def test_distances_between_capitals():
    p = provinces()
    km = distances([float(v) for v in p.attribute("longitude")], [float(v) for v in p.attribute("latitude")])
    assert km[p.index("Beijing"), p.index("Tianjin")] < 200 < 2000 < km[p.index("Beijing"), p.index("Hainan")]
    assert km == pytest.approx(km.T) and np.diag(km) == pytest.approx(np.zeros(31), abs=1e-6)
    assert distances([0, 0], [0, 90])[0, 1] == pytest.approx(6371 * np.pi / 2)


YEARS = (2030, 2040, 2050)
COSTS = StorageCosts(capture=10.0, transport=0.002, storage=[1.0, 1.5], pipeline=0.02)


def test_years_respect_injectivity_and_fill_reservoirs():
    supply = np.array([[2.0, 1], [5, 2], [6, 3]])
    plan = store_over_years(supply, [60, 500], [[100, 600], [200, 300]], COSTS, YEARS, injectivity=[4, 6])
    assert (plan.injected <= [4 + 1e-7, 6 + 1e-7]).all() and (plan.filled[-1] <= [60 + 1e-6, 500]).all()
    assert plan.unmatched == pytest.approx(np.zeros((3, 2)), abs=1e-6)
    assert plan.filled[-1].sum() == pytest.approx(10 * supply.sum())
    assert (plan.flow <= plan.pipeline + 1e-7).all() and (np.diff(plan.pipeline, axis=0) >= 0).all()
    assert sum(plan.cost_parts.values()) == plan.cost and (plan.sink_rent >= 0).all() and plan.sink_rent[0] > 0


def test_one_year_agrees_with_the_matching_at_the_same_unit_costs():
    supply, capacity, _, km = _case(6, 4, 8)
    plan = store_over_years(supply[None, :], capacity, km, StorageCosts(transport=0.01, storage=2.0), (2030,), rate=0.0)
    once = match_sources_to_sinks(supply, capacity, 2.0 + 0.01 * km)
    assert plan.cost == pytest.approx(once.cost, rel=1e-6)


def test_room_is_worth_what_it_saves_over_the_years():
    supply = np.array([[2.0, 1], [5, 2], [6, 3]])
    args = [[100, 600], [200, 300]], COSTS, YEARS
    plan = store_over_years(supply, [60, 500], *args)
    more = store_over_years(supply, [60.01, 500], *args)
    assert (plan.cost - more.cost) / 0.01 == pytest.approx(plan.sink_rent[0], rel=1e-3)


def test_a_fixed_charge_opens_fewer_routes_and_costs_no_less():
    supply = np.array([[2.0, 1, 1], [5, 2, 2]])
    km = np.array([[100.0, 120], [110, 100], [130, 120]])
    free = store_over_years(supply, [60, 500], km, COSTS, (2030, 2040))
    charged = store_over_years(supply, [500, 500], km, StorageCosts(10.0, 0.002, [1.0, 1.5], 0.02, 5.0), (2030, 2040))
    assert charged.kilometres.sum() <= free.kilometres.sum() and charged.sink_rent is None
    assert charged.cost_parts["pipelines"] >= 5.0 * charged.kilometres[0]
    assert charged.flow.sum() == pytest.approx(supply.sum(), rel=1e-6)


def test_a_year_without_enough_injectivity_leaves_some_unmatched():
    plan = store_over_years([[5.0], [5]], [1000], [[10.0]], StorageCosts(), (2030, 2035), injectivity=[[3], [9]])
    assert plan.unmatched == pytest.approx(np.array([[2], [0]]), abs=1e-6)
