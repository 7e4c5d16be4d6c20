"""The built wheel, installed in an empty environment away from the checkout, runs a library scenario by name."""

import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_wheel_runs_a_library_scenario_in_an_empty_environment(tmp_path):
    def run(*arguments, cwd=tmp_path):
        done = subprocess.run(list(map(str, arguments)), cwd=cwd, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    # Build from a copy, so that the checkout stays as it is.
    source = tmp_path / "source"
    tracked = run("git", "ls-files", cwd=ROOT).stdout.split("\n") if (ROOT / ".git").exists() else []
    for name in filter(None, tracked):
        if name.startswith(("tests/", "docs/")) or not (ROOT / name).is_file():
            continue
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    assert (source / "setup.cfg").exists(), "the wheel test needs a git checkout"
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
        "-q",
        "-w",
        tmp_path / "dist",
        source,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "empty")
    python = tmp_path / "empty" / "bin" / "python"
    # Third-party libraries come from the test environment; the project itself only from the wheel.
    packages = next((tmp_path / "empty" / "lib").glob("python*/site-packages"))
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", packages, wheel)
    done = run(python, "-m", "run_model", "run", "quick", "--out", tmp_path / "results", "--set",
               "years=[2020, 2060]")
    assert "certificate     passed" in done.stdout
    assert (tmp_path / "results" / "quick" / "quick.xlsx").exists()
    place = run(python, "-c", "import model; print(model.__file__)").stdout
    assert str(tmp_path / "empty") in place
