"""Small finished runs that several tests share."""

import pytest


@pytest.fixture(scope="session")
def small_results():
    """Results of the quick scenario at three years."""
    from io_tables.base_year import BaseYear
    from model.run import run
    from scenarios.load import load_scenario

    scenario = load_scenario("quick", ("years=[2020, 2030, 2060]",))
    return run(BaseYear.load(scenario.base_year), scenario)


@pytest.fixture(scope="session")
def small_run(small_results, tmp_path_factory):
    """Folder of that run, with every file. Not to be changed by a test."""
    from model.export.folder import write_folder

    folder = tmp_path_factory.mktemp("small") / small_results.scenario_name
    folder.mkdir()
    write_folder(small_results, folder, ["log"])
    return folder


@pytest.fixture(scope="session")
def provinces():
    """The programme over all provinces at three years and one slice, solved. Not to be changed by a test."""
    from io_tables.base_year import BaseYear
    from model.coupling import solve
    from scenarios.load import load_scenario

    scenario = load_scenario("least_cost", ("years=[2020,2040,2060]", "power.slices=1",
                                            "coupling.resolution=provincial"))
    return solve(BaseYear.load(scenario.base_year), scenario, resolution="provincial")
