"""The Owen point lies in the core: every coalition of a four-province toy is solved on its own."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from io_tables.errors import Infeasible, InputError
from model.carbon.owen import owen
from model.programme import Programme

NAMES = ("Shanxi", "Hebei", "Jiangsu", "Sichuan")
R = len(NAMES)
DEMAND = np.array([6.0, 9.0, 12.0, 4.0])
COAL, WIND = np.array([2.0, 2.6, 3.1, 2.9]), np.array([4.0, 3.6, 5.2, 6.0])
WIND_LIMIT = np.array([5.0, 6.0, 2.0, 1.0])
CAP = np.array([7.0, 5.0, 6.0, 3.0])
LINE_COST = 0.2
STORE = 3.0
STORE_SHARE = np.array([0.4, 0.1, 0.1, 0.4])   # who holds the national storage


def _toy(cap=CAP):
    """Electricity from coal, captured coal and wind, traded; carbon caps pooled; national storage with shares."""
    p = Programme()
    coal = p.add_columns("coal", R, cost=COAL)
    captured = p.add_columns("captured", R, cost=COAL + 1.5)
    wind = p.add_columns("wind", R, cost=WIND, upper=WIND_LIMIT)
    line = p.add_columns("line", (R, R), cost=LINE_COST, upper=np.where(np.eye(R), 0.0, np.inf))
    permit = p.add_columns("permit", (R, R))
    balance = p.add_rows("balance", R, lower=DEMAND)
    carbon = p.add_rows("carbon", R, upper=cap)
    store = p.add_rows("storage", 1, upper=STORE)
    for made in (coal, captured, wind):
        p.add(balance, made, 1.0)
    p.add(carbon, coal, 1.0)
    p.add(store, captured, 1.0)
    p.add(balance[:, None], line, -1.0)
    p.add(balance[None, :], line, 0.95)
    p.add(carbon[:, None], permit, 1.0)
    p.add(carbon[None, :], permit, -1.0)
    compiled = p.compiled()
    province = np.arange(R)
    row_share = np.zeros((2 * R + 1, R))
    row_share[balance, province] = row_share[carbon, province] = 1.0
    row_share[store[0]] = STORE_SHARE
    column = np.concatenate([np.tile(province, 3), np.repeat(province, R), np.repeat(province, R)])
    return compiled, row_share, column


def _alone(compiled, row_share, column, members):
    """C(S) with the columns and pooled endowments of a coalition, by another solver interface."""
    inside = row_share[:, list(members)].sum(axis=1)
    low, high = compiled.row_lower.copy(), compiled.row_upper.copy()
    low[np.isfinite(low)] *= inside[np.isfinite(low)]
    high[np.isfinite(high)] *= inside[np.isfinite(high)]
    upper = np.where(np.isin(column, members), compiled.upper, 0.0)
    a = compiled.matrix.toarray()
    # goods and permits sent to outsiders never come back: they are worth nothing to the coalition
    found = linprog(compiled.cost, A_ub=np.vstack([a[np.isfinite(high)], -a[np.isfinite(low)]]),
                    b_ub=np.concatenate([high[np.isfinite(high)], -low[np.isfinite(low)]]),
                    bounds=np.column_stack([compiled.lower, upper]))
    return found.fun if found.status == 0 else np.inf


def test_no_coalition_of_four_provinces_does_better_alone():
    compiled, row_share, column = _toy()
    found = owen(compiled, row_share, column, players=NAMES, column_owner=column)
    tight = 0
    for size in range(1, R + 1):
        for members in itertools.combinations(range(R), size):
            alone = _alone(compiled, row_share, column, members)
            assert found.division[list(members)].sum() <= alone + 1e-7
            tight += np.isfinite(alone)
    assert tight > R
    assert found.division.sum() == pytest.approx(_alone(compiled, row_share, column, range(R)), rel=1e-9)
    assert found.division.sum() == pytest.approx(found.objective, rel=1e-9)
    assert abs(found.payment.sum()) <= 1e-7 and found.transfer == pytest.approx(-found.payment)


def test_owners_of_scarce_endowments_are_paid():
    compiled, row_share, column = _toy()
    found = owen(compiled, row_share, column, players=NAMES)
    moved = row_share.copy()
    moved[-1] = [0, 0, 0, 1.0]
    later = owen(compiled, moved, column, players=NAMES)
    assert later.division[3] < found.division[3] - 1e-6 and later.division[1] > found.division[1] + 1e-6


def test_equal_trade_at_shadow_prices():
    """t_r equals what is bought less what is sold at the duals, when a province owns all it uses."""
    compiled, row_share, column = _toy()
    found = owen(compiled, row_share, column, players=NAMES, column_owner=column, interval=False)
    from model.programme import Engine

    solved = Engine(compiled).solve("simplex")
    own = np.array([compiled.matrix[:, column == r] @ solved.z[column == r] for r in range(R)])
    for r in range(R):
        # demand and permits beyond what the own columns make and use, valued at the duals
        sides = np.where(np.isfinite(compiled.row_lower), compiled.row_lower, compiled.row_upper)
        bought = solved.row_duals @ (row_share[:, r] * sides - own[r])
        assert found.payment[r] == pytest.approx(bought, abs=1e-7)


def test_degenerate_duals_give_an_interval():
    """One seller, one buyer, one unit each: any price between cost 1 and the buyer's own cost 3 is in the core."""
    p = Programme()
    cheap = p.add_columns("cheap", 1, cost=1.0, upper=1.0)
    dear = p.add_columns("dear", 1, cost=3.0)
    need = p.add_rows("need", 1, lower=1.0)
    p.add(need, cheap, 1.0)
    p.add(need, dear, 1.0)
    found = owen(p.compiled(), [1], [0, -1], players=("seller", "buyer"), column_owner=[0, 1])
    assert found.low == pytest.approx([-2, 1]) and found.high == pytest.approx([0, 3])
    assert found.division.sum() == pytest.approx(1.0)


def test_a_unique_dual_gives_a_point():
    compiled, row_share, column = _toy(CAP * 0.93)
    found = owen(compiled, row_share, column, players=NAMES)
    assert found.low == pytest.approx(found.high, abs=1e-6)


def test_a_national_row_without_owner_is_refused_by_name():
    compiled, row_share, column = _toy()
    row_share[-1] = 0.0
    with pytest.raises(InputError, match=r"row storage\[0\]: has no owner"):
        owen(compiled, row_share, column, players=NAMES)
    row_share[-1] = 0.3
    with pytest.raises(InputError, match="do not sum to 1"):
        owen(compiled, row_share, column, players=NAMES)


def test_an_impossible_programme_is_infeasible():
    compiled, row_share, column = _toy(CAP * 0.0)
    compiled.upper[:] = np.where(np.isfinite(compiled.upper), compiled.upper * 0.1, compiled.upper)
    with pytest.raises(Infeasible):
        owen(compiled, row_share, column, players=NAMES)
