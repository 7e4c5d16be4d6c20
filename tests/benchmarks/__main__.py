"""Run the races of every module here and print one table; exit 1 when a target is missed.

``python tests/benchmarks [MODULE ...]`` runs some of them; ``python -m tests.benchmarks`` does the same wherever no
other package named ``tests`` is installed (pymrio 0.7 brings one, which would be found instead of this folder).
"""

import importlib
import pkgutil
import sys
import time
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if not __package__:
    # Started by its path: only then can this folder be named before the import system looks for `tests`.
    sys.path[0] = str(ROOT)
    sys.modules["tests"] = types.ModuleType("tests")
    sys.modules["tests"].__path__ = [str(ROOT / "tests")]

import tests.benchmarks  # noqa: E402
from tests.benchmarks.race import Race, report  # noqa: E402

_HARNESS = {"race", "tables", "__main__"}


def main(chosen: list[str]) -> int:
    names = sorted(m.name for m in pkgutil.iter_modules(tests.benchmarks.__path__) if m.name not in _HARNESS)
    unknown = [name for name in chosen if name not in names]
    if unknown:
        print(f"unknown benchmark {', '.join(unknown)}; there are {', '.join(names)}")
        return 2
    races: list[Race] = []
    for name in chosen or names:
        start = time.perf_counter()
        print(f"{name} ...", flush=True)
        found = importlib.import_module(f"tests.benchmarks.{name}").main()
        races += [race for race in found or () if isinstance(race, Race)]
        print(f"  {time.perf_counter() - start:.1f} s")
    report(races)
    return int(any(race.won is False for race in races))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
