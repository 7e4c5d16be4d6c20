"""What is assumed: scenarios, their schema and growth data."""

import os

# Plugins of other installed packages have no say in a scenario, and looking for them costs a tenth of a check.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
