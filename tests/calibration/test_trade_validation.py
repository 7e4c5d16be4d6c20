"""Recipes for coefficients, trade and electricity keep their floors on real tables."""

import numpy as np
import pytest

from calibration.validation import coefficients, electricity, trade
from calibration.validation.tables_2007 import read_tables_2007


@pytest.mark.parametrize("topic", [coefficients, trade, electricity], ids=lambda m: m.__name__.rsplit(".", 1)[-1])
def test_scores_keep_their_floors(working_data, topic):
    found = topic.scores(working_data)
    failed = [f"{s.name}: {s.value:.3f} {s.unit}, floor {s.floor}" for s in found if s.passed is False]
    assert not failed, failed
    assert len({s.name for s in found}) == len(found)


def test_a_held_out_province_has_no_say_in_its_own_estimate(working_data):
    tables = read_tables_2007(working_data)
    before = trade.held_out_self_use(tables)
    r = int(np.flatnonzero(tables.clean)[3])
    # Turn the trade of one province upside down: its own estimate must not notice.
    tables.outflow[r] *= 0.1
    after = trade.held_out_self_use(tables)
    np.testing.assert_array_equal(before[r], after[r])
    assert not np.allclose(before, after)

    flows = coefficients.held_out_flows(tables)
    columns = tables.use[r].sum(axis=0)
    tables.use[r] = np.roll(tables.use[r], 1, axis=0)
    np.testing.assert_allclose(tables.use[r].sum(axis=0), columns)
    np.testing.assert_allclose(coefficients.held_out_flows(tables)[r], flows[r])


def test_tables_of_2007_hold_their_own_balance(working_data):
    tables = read_tables_2007(working_data)
    assert len(tables.provinces) == 30 and "Tibet" not in tables.provinces
    assert tables.splits_foreign.sum() == 19 and tables.clean.sum() == 17
    columns = tables.use.sum(axis=1) + tables.value_added
    np.testing.assert_allclose(columns, tables.output, rtol=1e-4, atol=0.01)
