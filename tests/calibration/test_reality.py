"""Reality checks of a finished run: they read files alone, and a run off the statistics is called off."""

from __future__ import annotations

import pandas as pd
import pytest

from calibration.validation.reality import TITLE, Run, lived_checks, reality
from calibration.validation.report import kept_section

YEARS = (2020, 2025, 2030, 2060)


def write(folder, gross=(10000.0, 10850.0, 10300.0, 3000.0), share=(15.9, 21.3, 26.0, 82.0), stored=2200.0):
    rows = []
    for year, co2, part in zip(YEARS, gross, share, strict=True):
        last = year == YEARS[-1]
        amounts = {
            "Emissions|CO2|Gross": co2, "Emissions|CO2|Net": 0.0 if last else co2 - 1200,
            "Non-Fossil Share|Coal Equivalent": part, "Carbon Storage": stored if last else 0.0,
            "Carbon Removal|Land": 800.0, "Production|co2_removal": 900.0 if last else 0.0,
            "Primary Energy|Coal": 80.0, "Primary Energy|Oil": 20.0, "Primary Energy|Gas": 10.0,
            "Primary Energy|Coal Equivalent": 130.0, "Production|Crude steel": 1000.0,
            "Production|Crude steel|Scrap and electric arc furnace": 90.0,
            "Production|Electricity|Hydropower": 1200.0, "Capacity|Electricity|Onshore wind": 300.0,
            "New Capacity|Electricity|Onshore wind": 50.0,
        }
        rows += [(v, "China", "Total", year, "", value) for v, value in amounts.items()]
        rows.append(("Emissions|CO2|Gross", "Beijing", "Total", year, "", 1e9))
    folder.mkdir()
    frame = pd.DataFrame(rows, columns=["variable", "region", "sector", "year", "unit", "value"])
    frame.to_csv(folder / "results.csv.gz", index=False)
    return folder


def test_growth_and_share_are_those_of_the_nation(tmp_path):
    growth, share = lived_checks(Run.read(write(tmp_path / "run")))
    assert growth.value == pytest.approx(8.5) and growth.holds
    assert share.value == pytest.approx(21.3) and share.holds


@pytest.mark.parametrize("change, which", [({"gross": (10000.0, 11400.0, 10300.0, 3000.0)}, 0),
                                           ({"gross": (10000.0, 10000.0, 10300.0, 3000.0)}, 0),
                                           ({"share": (15.9, 24.0, 26.0, 82.0)}, 1)])
def test_a_run_off_the_statistics_is_called_off(tmp_path, change, which):
    assert not lived_checks(Run.read(write(tmp_path / "run", **change)))[which].holds


@pytest.mark.parametrize("stored, told", [(2200.0, "the balance holds"), (2100.0, "does **not** hold (+100.00 Mt")])
def test_the_neutral_year_shows_what_takes_up_the_rest(tmp_path, stored, told):
    lines, _ = reality(write(tmp_path / "run", stored=stored), tmp_path / "absent")
    assert any(told in line for line in lines)
    assert any("skipped, the working data folder is absent" in line for line in lines)


def test_peak_plateau_and_ratios_follow_from_the_path(tmp_path):
    lines, _ = reality(write(tmp_path / "run"), tmp_path / "absent")
    assert "| peak year | 2025 | 2025 |" in lines
    (ratio,) = [line for line in lines if line.startswith("| 2030 / peak")]
    assert ratio.startswith("| 2030 / peak | 0.9493 |")


def test_the_unpinned_run_stands_beside(tmp_path):
    free = write(tmp_path / "free", gross=(10000.0, 12000.0, 10300.0, 3000.0))
    lines, _ = reality(write(tmp_path / "run"), tmp_path / "absent", free)
    (row,) = [line for line in lines if line.startswith("| CO2 against 2020")]
    assert row.split("|")[2:4] == [" 8.5 ", " 20 "]


def test_published_pathways_are_shown_as_ratios_only(tmp_path, working_data):
    lines, _ = reality(write(tmp_path / "run"), working_data)
    (row,) = [line for line in lines if line.startswith("| GCAM-China, 2C Core")]
    assert all(abs(float(cell)) < 100 for cell in row.split("|")[4:7])


def test_a_document_keeps_its_section_when_no_run_is_given(tmp_path):
    document = tmp_path / "validation.md"
    document.write_text(f"# A\n\n## Other\n\nx\n\n## {TITLE}\n\nkept\n\n## Last\n\ny\n")
    assert kept_section(document, TITLE) == [f"## {TITLE}", "", "kept", ""]
    assert kept_section(document, "Absent") == [] and kept_section(tmp_path / "none.md", TITLE) == []
