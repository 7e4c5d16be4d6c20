"""The command line as a user meets it: exit codes, whole folders, clear errors without a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: The shortest run there is.
TWO_YEARS = ("--set", "years=[2020, 2060]")
HEAVY = ("pandas", "scipy", "numba", "highspy", "openpyxl", "xlsxwriter")


def command(*arguments, cwd=ROOT, code=None):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    program = [sys.executable, *(("-c", code) if code else (str(ROOT / "run_model.py"),)), *map(str, arguments)]
    return subprocess.run(program, cwd=cwd, capture_output=True, text=True, env=environment, timeout=300)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the quick scenario and its parent folder."""
    parent = tmp_path_factory.mktemp("runs")
    done = command("run", "quick", "--out", parent, *TWO_YEARS)
    assert done.returncode == 0, done.stderr
    return parent, done


def test_a_run_leaves_its_files_and_says_where(finished):
    parent, done = finished
    folder = parent / "quick"
    assert {p.name for p in folder.iterdir()} >= {
        "scenario.lock.yaml",
        "quick.xlsx",
        "results.csv.gz",
        "certificate.json",
        "run.log",
    }
    certificate = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    assert certificate["passed"] and len(certificate["ledgers"]) >= 10
    assert {"name", "residual", "tolerance", "unit", "where", "kind", "status"} == set(certificate["ledgers"][0])
    assert str(folder / "quick.xlsx") in done.stdout and "peak" in done.stdout


def test_an_existing_folder_is_kept_unless_forced(finished):
    parent, _ = finished
    before = (parent / "quick" / "certificate.json").read_bytes()
    (parent / "quick" / "mine.txt").write_text("keep me", encoding="utf-8")
    refused = command("run", "quick", "--out", parent)
    assert refused.returncode == 2 and "--force" in refused.stderr and "Traceback" not in refused.stderr
    assert (parent / "quick" / "mine.txt").exists()
    forced = command("run", "quick", "--out", parent, "--force", "--quiet", *TWO_YEARS)
    assert forced.returncode == 0 and forced.stdout == ""
    assert not (parent / "quick" / "mine.txt").exists()
    assert (parent / "quick" / "certificate.json").read_bytes() == before
    assert [p.name for p in parent.iterdir()] == ["quick"]


def test_a_broken_scenario_stops_with_place_and_suggestion_and_writes_nothing(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("name: wrong\nextends: quick\ncarbon:\n  neutral_yr: 2060\n", encoding="utf-8")
    out = tmp_path / "out"
    for arguments in (("run", path, "--out", out), ("check", path)):
        done = command(*arguments)
        assert done.returncode == 2
        assert "wrong.yaml:4:3" in done.stderr and "neutral_year" in done.stderr and "Traceback" not in done.stderr
    assert not out.exists()


def test_unknown_scenario_names_the_nearest():
    done = command("run", "quik")
    assert done.returncode == 2 and "quick" in done.stderr and "Traceback" not in done.stderr


def test_new_list_and_check_work_together(tmp_path):
    made = command("new", "mine", "--like", "quick", "--folder", tmp_path)
    assert made.returncode == 0 and (tmp_path / "mine.yaml").exists()
    assert command("check", tmp_path / "mine.yaml").returncode == 0
    again = command("new", "mine", "--like", "quick", "--folder", tmp_path)
    assert again.returncode == 2 and "Traceback" not in again.stderr
    listed = command("list")
    assert listed.returncode == 0 and "peak2030_neutral2060" in listed.stdout


def test_an_impossible_economy_is_told_by_name(tmp_path):
    done = command(
        "run",
        "quick",
        "--out",
        tmp_path / "out",
        "--set",
        "macro.structure.investment=share",
        "--set",
        "macro.structure.investment_share=0.98",
    )
    assert done.returncode == 1 and "nothing is left for private consumption" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "out").exists()


def test_an_interrupted_run_leaves_nothing(tmp_path):
    code = "\n".join([
        f"import sys; sys.argv = ['run_model.py']; sys.path.insert(0, {str(ROOT)!r})",
        "import model.export.folder as folder",
        "def stop(*a, **k): raise KeyboardInterrupt",
        "folder.write_folder = stop",
        f"import run_model; sys.exit(run_model.main(['run', 'quick', '--out', {str(tmp_path / 'out')!r}, '--quiet', "
        f"*{TWO_YEARS!r}]))",
    ])
    done = command(code=code)
    assert done.returncode == 130 and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("--help",), ("check", "scenarios/peak2030_neutral2060.yaml")])
def test_help_and_check_import_nothing_heavy(arguments):
    code = "\n".join([
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import run_model",
        f"try: run_model.main({list(arguments)!r})",
        "except SystemExit: pass",
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)",
    ])
    done = command(code=code)
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_another_package_of_the_same_name_is_noticed(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "__init__.py").write_text("", encoding="utf-8")
    code = "\n".join([
        "import sys",
        f"sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]",
        "import run_model; sys.exit(run_model.main(['list']))",
    ])
    done = command(code=code)
    assert done.returncode == 2 and "model" in done.stderr and "Traceback" not in done.stderr


def test_trace_follows_a_base_year_and_names_wrong_labels(tmp_path):
    done = command("trace", "china_2020", "--from", "Shanxi/Electricity and heat", "--top", "5",
                   "--out", tmp_path / "paths.csv")
    assert done.returncode == 0 and "Shanxi / Electricity and heat > Shanxi / Construction" in done.stdout
    assert len((tmp_path / "paths.csv").read_text(encoding="utf-8").splitlines()) == 6
    wrong = command("trace", "china_2020", "--from", "Shanxy/x")
    assert wrong.returncode == 2 and "'Shanxi'" in wrong.stderr and "Traceback" not in wrong.stderr


def test_a_shock_workbook_is_written_filled_and_applied(tmp_path):
    import openpyxl

    path = tmp_path / "shock.xlsx"
    assert command("shock", "new", path).returncode == 0
    assert command("shock", "new", path).returncode == 2
    book = openpyxl.load_workbook(path)
    book["Final demand"].append(["All", "Construction", "Guangdong", "fixed capital", "percentage", -10])
    book.save(path)
    done = command("shock", "apply", path)
    assert done.returncode == 0 and "Guangdong -" in done.stdout
    book["Final demand"].append(["All", "Constrction", "Guangdong", "fixed capital", "percentage", -10])
    book.save(path)
    wrong = command("shock", "apply", path)
    assert wrong.returncode == 2 and "B3" in wrong.stderr and "Construction" in wrong.stderr


def test_checking_a_table_says_what_is_wrong_with_it(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("row_region,row_sector,column_region,column_sector,value\nA,x,A,x,ten\n", encoding="utf-8")
    done = command("check", path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "table.csv" in done.stdout + done.stderr
