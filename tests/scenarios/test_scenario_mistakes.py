"""Every broken scenario is refused at its place, by its key, with a suggestion, and nothing is written.

The first line of each file in broken/ says what must be told: ``# expect LINE:COLUMN | word | word ...``, with a file
name before the line where the mistake stands in another file.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from io_tables.errors import InputError
from scenarios.load import check_files, load_scenario, new_scenario

ROOT = Path(__file__).parents[2]
BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))


def test_at_least_thirty_broken_scenarios_are_kept():
    assert len(BROKEN) >= 30


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.stem)
def test_mistake_is_told_at_its_place_with_key_and_suggestion(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    head = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect ")
    place, *words = head.split(" | ")
    place = place if place.count(":") == 2 else f"{path.name}:{place}"
    problems = check_files([path.name])
    assert [p.where for p in problems] == [place]
    missing = [word for word in words if word not in str(problems[0])]
    assert not missing, (missing, str(problems[0]))
    assert problems[0].remedy


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.stem)
def test_broken_scenario_raises_input_error_and_writes_nothing(path, tmp_path):
    before = sorted(path.parent.iterdir())
    with pytest.raises(InputError):
        load_scenario(path)
    with pytest.raises(InputError):
        new_scenario("child", path, tmp_path)
    assert sorted(path.parent.iterdir()) == before and not list(tmp_path.iterdir())


def test_all_mistakes_of_a_file_are_told_in_order(tmp_path):
    file = tmp_path / "many.yaml"
    file.write_text(
        "years: [2020, 2030, 2050]\n"
        "carbon:\n"
        "  neutral_yr: 2050\n"
        "  peak_year: 2060\n"
        "  provincial_caps: {Shanxy: 5, Hebei: 3 GW}\n"
        "technology:\n"
        "  shares: {steel: {steel_bf_bfo: 1.0}, cement: {cement_kiln: 0.5}}\n"
        "targets:\n"
        "  - {indicator: coal_us, year: 2030, value: 1, sense: up}\n",
        encoding="utf-8",
    )
    lines = [int(p.where.rsplit(":", 2)[1]) for p in check_files([file])]
    # Line 4 (peak after the last year) is a mistake between sections, told although line 3 is wrong too.
    assert lines == [3, 4, 5, 5, 7, 7, 9, 9]


def test_a_consequence_of_a_mistake_is_not_told_again(tmp_path):
    """A misspelt technology also leaves the mix short of 1: only the spelling is told."""
    file = tmp_path / "mix.yaml"
    file.write_text("technology: {shares: {steel: {steel_bf_bfo: 0.9, steel_scrap_eaf: 0.1}}}\n", encoding="utf-8")
    problems = check_files([file])
    assert len(problems) == 1 and "steel_bf_bof" in problems[0].remedy


@pytest.mark.parametrize(
    ("content", "place", "word"),
    [
        ("title: {zh: 达峰}\n".encode("gbk"), ":1:13", "GBK"),
        (b"carbon: {peak_year: 2030} # \xff\xff", ":1:29", "UTF-8"),
        ("carbon: {peak_year: 2030}\n".encode("utf-16"), ":1:1", "UTF-16"),
        (b"", "", "empty"),
        (b" \n\n", "", "empty"),
        (b"# nothing but a comment\n", "", "comments"),
    ],
    ids=["gbk", "invalid bytes", "utf-16", "empty", "blank", "only comments"],
)
def test_unreadable_text_has_its_own_message(tmp_path, content, place, word):
    file = tmp_path / "text.yaml"
    file.write_bytes(content)
    (problem,) = check_files([file])
    assert problem.where == f"{file}{place}"
    assert word in str(problem)


def test_utf8_byte_order_mark_is_accepted(tmp_path):
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + "title: {zh: 达峰, en: Peak}\n".encode())
    assert load_scenario(file).title.zh == "达峰"


def test_windows_line_ends_keep_places(tmp_path):
    file = tmp_path / "crlf.yaml"
    file.write_bytes(b"carbon:\r\n  peak_year: 2030\r\n  neutral_yr: 2060\r\n")
    (problem,) = check_files([file])
    assert problem.where == f"{file}:3:3"


def test_full_width_punctuation_inside_text_is_no_mistake(tmp_path):
    file = tmp_path / "text.yaml"
    file.write_text('title: {zh: "达峰，中和：方案“一”", en: x}\ndescription: 说明：先达峰，后中和\n', encoding="utf-8")
    scenario = load_scenario(file)
    assert scenario.title.zh == "达峰，中和：方案“一”" and scenario.description.startswith("说明：")


def test_missing_file_and_unknown_name_are_told_with_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (missing,) = check_files(["nowhere.yaml"])
    assert "nowhere.yaml" in str(missing)
    (unknown,) = check_files(["peak2030_neutral2006"])
    assert "peak2030_neutral2060" in unknown.remedy
    (folder,) = check_files([str(tmp_path)])
    assert str(tmp_path) in str(folder)


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ("carbon.neutral_yr=2055", "neutral_year"),
        ("carbon.neutral_year=late", "year"),
        ("carbon.provincial_caps.Shanxy=5", "Shaanxi"),
        ("carbon.peak_year", "key=value"),
        ("=2055", "key=value"),
        ("power.slices=", "key=value"),
        ("targets.99.value=1", "targets"),
        ("years=[2020, 2020]", "increase"),
        ("extends=quick", "extends"),
        ("carbon.price=100", "neutral_year"),
    ],
)
def test_mistake_in_an_override_is_told_at_the_override(override, word):
    with pytest.raises(InputError) as caught:
        load_scenario("assumed_mixes", ("economics.discount_rate=0.04", override))
    (problem,) = caught.value.problems
    assert problem.where == f"--set {override}"
    assert word in str(problem)


def test_command_line_reports_mistakes_without_traceback(tmp_path):
    run = subprocess.run(
        [sys.executable, ROOT / "run_model.py", "check", BROKEN[0], BROKEN[1]],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )
    assert run.returncode == 2
    assert BROKEN[0].name in run.stderr and "Traceback" not in run.stderr
    assert not list(tmp_path.iterdir())
