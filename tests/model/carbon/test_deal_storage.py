"""Where captured CO2 of all 31 provinces goes, and what its pipelines give back to the programme."""


from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from io_tables.errors import InputError
from model.carbon.captured import captured_and_stored, pipeline_lengths, province_distances, sent_kilometres
from model.carbon.pipelines import with_pipelines
from model.carbon.settled_pipelines import settled
from model.pathway.carbon import PIPELINE


def test_captured_co2_finds_storage_and_gives_its_pipelines_back(coupled):
    d, plan = coupled.outer.iterate.assembled.draft, coupled.plan
    found = captured_and_stored(d, plan)
    stored = found.plan
    assert found.captured.sum() > 1.0
    np.testing.assert_allclose(stored.injected.sum(axis=1) + stored.unmatched.sum(axis=1), found.captured.sum(axis=1),
                               rtol=1e-6)
    assert (stored.injected <= found.injectivity * (1 + 1e-9) + 1e-6).all()
    lengths = sent_kilometres(d, plan)
    np.testing.assert_array_equal(lengths, pipeline_lengths(found))
    assert lengths.shape == (31,) and (lengths > 0).all() and (lengths < 4000).all()
    near = captured_and_stored(d, plan, max_distance=300.0)
    assert near.plan.injected.sum() < stored.injected.sum() and near.plan.unmatched.sum() > 0
    assert (near.distance[near.plan.flow.sum(axis=0) > 0] <= 300.0).all()


def test_a_province_that_sends_nothing_takes_the_nearest_storage(coupled):
    d, plan = coupled.outer.iterate.assembled.draft, coupled.plan
    nothing = replace(plan, injected=0 * plan.injected, sent=0 * plan.sent, received=0 * plan.received)
    lengths = sent_kilometres(d, nothing)
    distance = province_distances(d.places.names)
    others = np.where((distance > 0) & (d.places.storage > 0), distance, np.inf).min(axis=1)
    np.testing.assert_allclose(lengths, np.where(np.isfinite(others), others, PIPELINE))


def test_lengths_of_pipelines_go_back_into_the_programme(coupled):
    whole = coupled.outer.iterate.assembled
    d, sent = whole.draft, whole.draft.sent
    same = with_pipelines(whole, np.full(d.G, PIPELINE))
    np.testing.assert_allclose(same.complete.cost, whole.complete.cost)
    double = with_pipelines(whole, np.full(d.G, 2 * PIPELINE))
    np.testing.assert_allclose(double.complete.cost[sent], 2 * whole.complete.cost[sent])
    assert (np.delete(double.complete.cost - whole.complete.cost, sent.ravel()) == 0).all()
    with pytest.raises(InputError, match="kilometres"):
        with_pipelines(whole, np.full(d.G, -1.0))
    found = settled(coupled, rounds=1, passes=2)
    assert found.kilometres.shape == (3, d.G) and np.isfinite(found.change) and len(found.objectives) == 1
    cost = found.coupled.outer.iterate.assembled.complete.cost
    np.testing.assert_allclose(cost[sent], whole.complete.cost[sent] * found.kilometres[1][:, None] / PIPELINE)
