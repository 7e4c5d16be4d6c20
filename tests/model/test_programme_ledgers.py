"""The recount of a coupled run's own arrays: each balance closes, and a broken figure makes it fail."""

from __future__ import annotations

from types import SimpleNamespace as Bag

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from model.certificate import TOLERANCE
from model.pathway.timing import Timing
from model.programme_ledgers import aged, dispatch, emissions, energy, fleets, generation, stored
from model.technology.catalogue import catalogue

YEARS = (2020, 2025, 2030, 2060)


@pytest.fixture
def two_places():
    """Two places, a plant and a store, a line that loses a tenth; place A makes all, B receives."""
    hours, load = np.array([4380.0, 4380.0]), np.array([[1.0, 1.0], [0.8, 1.2]])
    use = np.array([[100.0], [50.0]])
    part = use[:, :, None] * (load * hours / hours.sum())[:, None]                      # (G, T, S)
    sent = part[1] / 0.9
    made = np.zeros((2, 2, 1, 2))
    made[0, 0] = part[0] + sent
    flow = np.zeros((1, 2, 1, 2))
    flow[0, 0] = sent
    nothing = np.zeros_like(made)
    plan = Bag(generation=made, discharge=nothing, charge=nothing.copy(), unserved=np.zeros((2, 1, 2)), flow=flow,
               electricity_use=use)
    places = Bag(names=("A", "B"), line_ends=np.array([[0, 1]]), line_loss=np.array([0.1]), load=load, hours=hours)
    return Bag(plan=plan, places=places, years=[Bag(year=2020), Bag(year=2030)])


def test_dispatch_closes_in_every_place_and_slice(two_places):
    assert dispatch(two_places)[0] <= 1e-12


@pytest.mark.parametrize("what", ["generation", "flow", "charge"])
def test_a_terawatt_hour_too_much_breaks_the_dispatch_of_its_slice(two_places, what):
    getattr(two_places.plan, what)[0, 0, 0, 1] += 1.0
    residual, where = dispatch(two_places)
    assert residual > 1e-2 and where.endswith("2030 1")


@pytest.fixture
def meeting():
    """One place of two provinces where programme and accounts agree: one plant, one furnace with capture."""
    fuels = ("coal", "electricity")
    use = np.zeros((2, 1, 2))
    use[:, 0] = [[10.0, 36.0], [20.0, 72.0]]
    base_use = use / 2.0
    residual = use.copy()
    residual[:, :, 0] -= [[4.0], [5.0]]
    year = Bag(year=2030, energy=Bag(use=use, residual=residual, co2=np.full((2, 1, 1), 8.0),
                                     captured=np.full((2, 1), 1.5)))
    study = Bag(keys=("plant", "furnace"), base=Bag(fuels=fuels), accounts=Bag(use=base_use),
                of_product={"electricity": (0,)}, activity=np.array([[10.0, 1.0], [5.0, 1.0]]))
    generation = np.zeros((1, 2, 1, 1))
    generation[0, 0] = 30.0
    plan = Bag(activity=np.array([[[30.0], [3.0]]]), generation=generation, net_co2=np.array([[13.0]]),
               injected=np.array([[3.0]]))
    found = Bag(intensity=np.array([[[0.0, 0.0], [3.0, 0.0]]]))
    return Bag(study=study, plan=plan, years=[Bag(year=2020), year],
               places=Bag(names=("China",), member=np.ones((1, 2))), outer=Bag(iterate=Bag(requirements=[found])))


BALANCES = (energy, emissions, stored, generation)


@pytest.mark.parametrize("balance", BALANCES)
def test_programme_and_accounts_meet(meeting, balance):
    assert balance(meeting)[0] <= 1e-12


@pytest.mark.parametrize("balance, break_it", [
    (energy, lambda c: c.years[1].energy.use.__setitem__((0, 0, 0), 10.3)),
    (energy, lambda c: c.outer.iterate.requirements[0].intensity.__setitem__((0, 1, 0), 3.1)),
    (emissions, lambda c: c.years[1].energy.co2.__setitem__((1, 0, 0), 8.1)),
    (stored, lambda c: c.plan.injected.__setitem__((0, 0), 3.1)),
    (generation, lambda c: c.plan.generation.__setitem__((0, 0, 0, 0), 30.1)),
])
def test_a_figure_changed_on_one_side_is_found(meeting, balance, break_it):
    break_it(meeting)
    assert balance(meeting)[0] > 1e-3


@pytest.mark.parametrize("used, missed, found", [
    (0.0, 0.9e-9, False),        # out of use: a part of a billionth of all energy may be left over
    (0.0, 1.1e-9, True),         # and no more
    (5e-4, 1.1e-9, True),        # barely used: no stricter than out of use, no looser either
    (1e-2, 0.9e-8, False),       # in use: a millionth of its own use
    (1e-2, 1.1e-8, True),
])
def test_a_fuel_is_judged_by_its_own_use_or_a_thousandth_of_all_energy(meeting, used, missed, found):
    """All amounts are parts of all energy of the year."""
    energy_of = meeting.years[1].energy
    whole = energy_of.use.sum()
    for account in (energy_of.use, energy_of.residual):
        account[..., 0] = 0.0
        account[..., 1] *= whole * (1.0 - used) / account[..., 1].sum()
        account[0, 0, 0] = whole * used
    meeting.outer.iterate.requirements[0].intensity[:] = 0.0
    assert energy(meeting)[0] <= 1e-12
    energy_of.residual[0, 0, 0] += whole * missed
    assert (energy(meeting)[0] > TOLERANCE) == found


@pytest.fixture(scope="module")
def stock():
    """The real stock and catalogue with random additions."""
    base, shipped = BaseYear.load(), catalogue()
    keys = shipped.keys
    study = Bag(keys=keys, base=base, catalogue=shipped, scenario=Bag(economics=Bag(period_weights="trapezium")),
                of_product={key: (k,) for k, key in enumerate(keys)})
    building = np.random.default_rng(0).uniform(0.0, 5.0, (len(keys), len(YEARS) - 1))
    return study, building


def test_fleets_aged_year_by_year_equal_the_programmes_own_weights(stock):
    """Two routes to what stands: the programme's weights of vintages by step, and cohorts aged by calendar year."""
    study, building = stock
    timing = Timing.of(YEARS, rate=0.05)
    from model.pathway.places import VINTAGE_WIDTH
    from model.technology.stock import WEIBULL_SHAPE, surviving

    rows, standing = study.base.technology_stock, []
    for key in study.keys:
        own = rows[rows["technology"] == key].groupby("vintage")["capacity"].sum()
        left = surviving(own.to_numpy()[None], own.index.to_numpy(), YEARS, np.array([study.catalogue.lifetime(key)]),
                         base_year=2020, width=VINTAGE_WIDTH, shape=WEIBULL_SHAPE)[0].sum(axis=0) if len(own) else 0.0
        weights = timing.standing(study.catalogue.lifetime(key))[1:, 1:]
        standing.append((left[1:] if len(own) else 0.0) + building[study.keys.index(key)] @ weights)
    np.testing.assert_allclose(aged(study, YEARS, building), np.array(standing), rtol=1e-9, atol=1e-9)


def test_capacity_that_no_vintage_explains_is_found(stock):
    study, building = stock
    capacity = aged(study, YEARS, building)
    plan = Bag(building=building[None], refit=np.zeros_like(building)[None], capacity=capacity[None].copy())
    coupled = Bag(study=study, plan=plan, years=[Bag(year=y) for y in YEARS])
    assert fleets(coupled)[0] <= 1e-12
    plant, kiln = study.keys.index("nuclear"), study.keys.index("cement_kiln")
    plan.capacity[0, plant, 1] -= 1.0                  # a plant may be taken out of service
    assert fleets(coupled)[0] <= 1e-12
    plan.capacity[0, kiln, 1] -= 50.0                  # what is said to stand of other fleets must be there
    residual, where = fleets(coupled)
    assert residual > 1e-3 and where == "cement_kiln 2030"


def test_step_periods_age_additions_of_the_whole_step_alike(stock):
    study, building = stock
    economics = Bag(period_weights="step")
    stepped = Bag(**{**vars(study), "scenario": Bag(economics=economics)})
    timing = Timing.of(YEARS, rate=0.05, weights="step")
    nothing = aged(stepped, YEARS, np.zeros_like(building))
    k = study.keys.index("battery")
    weights = timing.standing(study.catalogue.lifetime("battery"))[1:, 1:]
    expected = nothing[k] + building[k] @ weights
    np.testing.assert_allclose(aged(stepped, YEARS, building)[k], expected, rtol=1e-9)
    assert not np.allclose(aged(study, YEARS, building)[k], expected)
