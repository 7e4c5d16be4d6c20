"""allocate, new --from-workbook, trace, compare, check and calibrate as a user calls them."""

import json
import shutil

import pandas as pd
import pytest

import run_model
from io_tables.base_year import BaseYear
from scenarios.load import load_scenario


def called(capsys, *arguments):
    """(exit code, standard output, standard error)."""
    code = run_model.main([str(argument) for argument in arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_allocate_writes_workbook_and_csv_and_prints_a_table(small_run, tmp_path, capsys):
    out = tmp_path / "quotas.xlsx"
    code, shown, _ = called(capsys, "allocate", small_run, "--rule", "grandfathering", "--weights",
                            "per_capita=0.5,grandfathering=0.5", "--price", "100", "--out", out)
    assert code == 0 and "Equal per head" in shown and str(out) in shown
    table = pd.read_csv(out.with_suffix(".csv"))
    assert set(table["rule"]) == {"grandfathering", "per_capita", "blend"} and (table["price_yuan_per_t"] == 100).all()
    code, _, told = called(capsys, "allocate", small_run, "--out", out)
    assert code == 2 and "--force" in told
    code, shown, told = called(capsys, "new", "mine", "--from-workbook", out, "--folder", tmp_path)
    assert code == 0 and str(tmp_path / "mine.yaml") in shown
    weights = load_scenario(tmp_path / "mine.yaml").carbon.allocation.weights
    assert weights == pytest.approx({"grandfathering": 0.5, "per_capita": 0.5})


@pytest.mark.parametrize("arguments, told", [
    (("--rule", "per_capta"), "did you mean 'per_capita'"),
    (("--weights", "per_capita"), "is not rule=number"),
    (("--baseline", "nowhere"), "no such folder"),
    (("--out", "quotas.csv"), "written as an .xlsx workbook"),
])
def test_what_allocate_cannot_do_is_told_and_nothing_is_written(small_run, tmp_path, capsys, monkeypatch, arguments,
                                                                told):
    monkeypatch.chdir(tmp_path)
    if "--out" not in arguments:
        arguments = (*arguments, "--out", tmp_path / "quotas.xlsx")
    code, _, error = called(capsys, "allocate", small_run, *arguments)
    assert code == 2 and told in error and not list(tmp_path.iterdir())


def test_allocate_names_what_a_run_lacks(small_run, tmp_path, capsys):
    shutil.copytree(small_run, tmp_path / "run")
    (tmp_path / "run" / "certificate.json").unlink()
    code, _, error = called(capsys, "allocate", tmp_path / "run")
    assert code == 2 and "certificate.json: missing" in error and "Traceback" not in error


def test_compare_refuses_a_run_of_which_nothing_is_proved(small_run, tmp_path, capsys):
    shutil.copytree(small_run, tmp_path / "run")
    certificate = json.loads((tmp_path / "run" / "certificate.json").read_text(encoding="utf-8"))
    (tmp_path / "run" / "certificate.json").write_text(json.dumps({**certificate, "ledgers": []}), encoding="utf-8")
    code, _, error = called(capsys, "compare", tmp_path / "run")
    assert code == 2 and "lists no ledgers" in error


def test_trace_takes_chinese_labels(capsys):
    english = called(capsys, "trace", "china_2020", "--from", "Shanxi/Coal mining", "--to", "Guangdong/urban", "--top",
                     "3")
    chinese = called(capsys, "trace", "china_2020", "--from", "山西省/煤炭", "--to", "广东/城镇居民", "--top", "3")
    assert english == chinese and english[0] == 0
    code, _, error = called(capsys, "trace", "china_2020", "--from", "山西/纺织")
    assert code == 2 and "more than one sector" in error


def test_years_that_do_not_start_with_the_base_year_are_found_by_check(tmp_path, capsys):
    path = tmp_path / "late.yaml"
    path.write_text("name: late\nextends: quick\nyears: [2025, 2030, 2060]\n", encoding="utf-8")
    code, _, error = called(capsys, "check", path)
    assert code == 2 and "late.yaml:3" in error and "start years with 2020" in error


def test_very_many_mistakes_are_counted_not_printed(tmp_path, capsys):
    path = tmp_path / "long.yaml"
    path.write_text("name: long\nextends: quick\ncarbon:\n" + "  peak_year: 2030\n" * 200, encoding="utf-8")
    code, _, error = called(capsys, "check", path)
    assert code == 2 and len(error.splitlines()) == run_model.MOST_PRINTED + 2
    assert "and 159 more" in error and "199 errors" in error


def test_a_base_year_that_does_not_close_or_has_no_report_is_not_left(tmp_path, monkeypatch):
    from calibration import calibrate as steps
    from calibration import report

    def refused(*arguments):
        raise PermissionError("report")

    base = BaseYear.load()
    monkeypatch.setattr(report, "write_report", refused)
    monkeypatch.setattr(steps, "run_steps", lambda catalogue, progress=None: None)
    monkeypatch.setattr(steps, "base_year", lambda found: base)
    out = tmp_path / "base.npz"
    with pytest.raises(PermissionError):
        steps.calibrate(None, out=out, report=tmp_path / "report.md")
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(BaseYear, "check", lambda self: {"rows": 1.0})
    outcome = steps.calibrate(None, out=out)
    assert not outcome.passed and "was not written" in outcome.lines[-1] and not list(tmp_path.iterdir())


def test_principles_lists_what_each_rule_costs_without_trade(tmp_path, capsys, monkeypatch):
    from types import SimpleNamespace

    from model import coupling

    def solved(base_year, scenario, **settings):
        assert settings["resolution"] == "provincial" and scenario.technology.choice == "optimise"
        return SimpleNamespace(objective=1000.0 if scenario.carbon.permit_trade else 1010.0)

    monkeypatch.setattr(coupling, "solve", solved)
    code, shown, _ = called(capsys, "principles", "quick", "--rule", "per_capita", "--out", tmp_path / "costs.csv")
    table = pd.read_csv(tmp_path / "costs.csv").set_index("rule")
    assert code == 0 and "+10.0" in shown and table.loc["per_capita", "difference"] == 10.0
    code, _, error = called(capsys, "principles", "quick", "--rule", "per_head")
    assert code == 2 and "is unknown" in error
