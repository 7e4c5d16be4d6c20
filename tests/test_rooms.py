"""Data flows one way through the rooms: the imports are read and any other arrow fails."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "io_tables": {"io_tables"},
    "calibration": {"calibration", "io_tables"},
    "scenarios": {"scenarios", "io_tables"},
    "model": {"model", "io_tables", "scenarios"},
}
ROOMS = {*ALLOWED, "run_model"}


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_imports_follow_the_data_flow():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for room, allowed in ALLOWED.items()
        for path in (ROOT / room).rglob("*.py")
        for name in _imports(path)
        if (top := name.split(".")[0]) in ROOMS and top not in allowed
    ]
    assert not wrong, wrong


def test_exports_read_results_only():
    """Export code takes everything from the frozen Results."""
    exports = [
        f"{path.name} imports {name}"
        for path in (ROOT / "model" / "export").glob("*.py")
        for name in _imports(path)
        if name.startswith("model.")
        and name not in ("model.results", "model.certificate")
        and not name.startswith("model.export")
    ]
    assert not exports, exports


def test_the_verifier_imports_nothing_but_itself():
    """A recount that shared code with what it recounts would share its mistakes."""
    found = [(path, name) for path in (ROOT / "model" / "verify").glob("*.py") for name in _imports(path)]
    assert len({path for path, _ in found}) > 3 and any(name.startswith("model.verify") for _, name in found)
    assert not [path for path, _ in found if "from ." in path.read_text(encoding="utf-8")]
    wrong = [f"{path.name} imports {name}" for path, name in found
             if name.split(".")[0] in ROOMS and not name.startswith("model.verify.")]
    assert not wrong, wrong
