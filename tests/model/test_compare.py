"""Runs side by side from their files."""

import shutil
from itertools import pairwise

import pandas as pd
import pytest
from openpyxl import load_workbook

import run_model
from model.compare import compare


@pytest.fixture(scope="module")
def twice(small_run, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "second"
    shutil.copytree(small_run, other)
    return [small_run, other]


def test_headline_figures_are_those_of_the_runs(twice, small_results):
    found = compare(twice)
    assert found.runs == ("quick", "second")
    rows = found.headline.set_index("en")
    year, level = small_results.peak
    assert rows.loc["peak year", "quick"] == str(year)
    assert rows.loc["peak level, net CO2", "second"] == pytest.approx(level, rel=1e-9)
    net = small_results.series("Emissions|CO2|Net")
    assert rows.loc["net CO2 2060", "quick"] == pytest.approx(net[2060], rel=1e-9)
    years = list(small_results.years)
    trapezium = sum((net[a] + net[b]) / 2 * (b - a) for a, b in pairwise(years)) / 1000
    assert rows.loc["cumulative net CO2", "quick"] == pytest.approx(trapezium, rel=1e-9)
    assert pd.isna(rows.loc["net CO2 2035", "quick"])


def test_comparison_on_screen_and_in_files(twice, tmp_path, capsys):
    for name in ("both.xlsx", "both.csv"):
        arguments = ["compare", *map(str, twice), "--out", str(tmp_path / name)]
        assert run_model.main(arguments) == 0
        assert "peak year" in capsys.readouterr().out
        assert run_model.main(arguments) == 2
        assert "--force" in capsys.readouterr().err
    book = load_workbook(tmp_path / "both.xlsx")
    assert len(book.worksheets) == 2 and len(book.worksheets[0]._charts) == 1
    table = pd.read_csv(tmp_path / "both.csv")
    net = table[(table["indicator"] == "Emissions|CO2|Net") & (table["year"] == 2030)]
    assert float(net["quick"].iloc[0]) == float(net["second"].iloc[0])


def test_a_run_that_is_not_there_is_named(twice, tmp_path, capsys):
    assert run_model.main(["compare", str(twice[0]), str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert run_model.main(["compare", str(twice[0]), "--out", str(tmp_path / "x.txt")]) == 2
