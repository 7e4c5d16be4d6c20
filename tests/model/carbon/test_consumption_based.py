"""Emissions by whose final use they serve: they sum to the nation, and households keep their own."""

from dataclasses import replace

import numpy as np
import pytest

from io_tables.base_year import BaseYear
from io_tables.errors import InputError
from model.allocate import allocate
from model.carbon.consumption_based import by_use, on_basis, used_co2
from scenarios.load import load_scenario


@pytest.fixture(scope="module")
def base():
    return BaseYear.load()


def test_what_is_used_in_china_is_what_is_emitted_less_exports(base):
    used, table = used_co2(base), base.mrio
    intensity = np.divide(table.extensions["co2"].sum(axis=0), table.x, out=np.zeros_like(table.x), where=table.x > 0)
    exported = intensity @ np.linalg.solve(np.eye(table.n) - table.A, table.Y[:, -1])
    assert used.sum() == pytest.approx(base.co2.sum() - exported, rel=1e-9)
    by_place = dict(zip(base.regions, used / base.co2.sum(axis=(1, 2)), strict=True))
    assert by_place["Beijing"] > 1.5 > 1.0 > by_place["Inner Mongolia"]


def test_a_nation_where_only_households_burn_has_one_account(base):
    alone = base.co2.copy()
    alone[:, : len(base.sectors)] = 0.0
    table = replace(base, co2=alone)
    np.testing.assert_allclose(used_co2(table), alone.sum(axis=(1, 2)))
    np.testing.assert_allclose(by_use(alone.sum(axis=(1, 2)), used_co2(table)), alone.sum(axis=(1, 2)))


def test_a_path_moved_to_another_account_keeps_the_sum_of_every_year():
    path, there, here = np.array([[4.0, 6.0], [2.0, 1.0]]), np.array([7.0, 3.0]), np.array([4.0, 6.0])
    np.testing.assert_allclose(on_basis(path, there, here), [[7.0, 3.0], [2.9, 0.1]])
    with pytest.raises(InputError, match="accounting"):
        by_use(here, np.zeros(2))


def test_the_desk_of_a_run_divides_by_use_where_its_scenario_says_so(small_run, small_results, tmp_path):
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(small_run, folder)
    lock = folder / "scenario.lock.yaml"
    text = lock.read_text(encoding="utf-8")
    asked = text.replace("\ncarbon:\n", "\ncarbon:\n  allocation:\n    accounting: consumption\n")
    lock.write_text(asked, encoding="utf-8")
    assert load_scenario(lock).carbon.allocation.accounting == "consumption"
    found = allocate(folder, rules=["grandfathering"])
    quota = found.quotas.query("rule == 'grandfathering' and year == 2060").set_index("region")["quota_Mt_CO2"]
    rows = small_results.table.query("variable == 'Emissions|CO2|Consumption-Based' and year == 2020 "
                                     "and region != 'China'").set_index("region")["value"]
    shares = rows.astype(float) / rows.sum()
    np.testing.assert_allclose(quota / quota.sum(), shares.rename(index=str)[quota.index], rtol=1e-9)
    assert "accounting" in set(found.results.tables["desk_facts"]["key"])
