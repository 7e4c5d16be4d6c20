"""Where the working data lies, for the tests that need it."""

from pathlib import Path

import pytest

WORKING_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def working_data() -> Path:
    """Folder of the working data; skips with a clear line when it is absent."""
    if not WORKING_DATA.is_dir():
        pytest.skip("the working data folder (../shared/data) is absent; this validation needs it")
    return WORKING_DATA
