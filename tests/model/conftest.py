"""One small finished run that the tests of exports and of verification share."""

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
