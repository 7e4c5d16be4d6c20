"""Sheets of near-optimal pathways and of the peak-year curve show what their tables hold."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from model.export import excel, peaks
from model.export.alternatives import SHEET

ROWS = [
    ("optimum", "Cost above Optimum", None, "%", 0.0), ("alternative 1", "Cost above Optimum", None, "%", 2.0),
    ("optimum", "Production|Electricity|Nuclear power", 2060, "TWh", 420.0),
    ("alternative 1", "Production|Electricity|Nuclear power", 2060, "TWh", 2197.0),
    ("least", "Production|Electricity|Nuclear power", 2060, "TWh", 0.0),
    ("most", "Production|Electricity|Nuclear power", 2060, "TWh", 2300.0),
    ("optimum", "Production|Electricity|Gas power", 2060, "TWh", 0.1),
    ("alternative 1", "Production|Electricity|Gas power", 2060, "TWh", 0.0),
]


def test_pathways_stand_side_by_side_in_the_units_of_the_workbook(small_results, tmp_path):
    table = pd.DataFrame(ROWS, columns=["pathway", "variable", "year", "unit", "value"]).astype({"year": "Int64"})
    excel.write(replace(small_results, alternatives=table), tmp_path / "a.xlsx")
    rows = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx")).get_sheet_by_name(SHEET).to_python()
    head = next(i for i, row in enumerate(rows) if str(row[0]).startswith("指标"))
    assert [str(c).split("\n")[0] for c in rows[head][4:8]] == ["最优", "备选1", "下限", "上限"]
    shown = {row[-1]: row for row in rows[head + 1 :]}
    assert shown["Production|Electricity|Nuclear power"][2:8] == ["亿千瓦时", 2060.0, 4200.0, 21970.0, 0.0, 23000.0]
    assert shown["Cost above Optimum"][4:6] == [0.0, 2.0]
    assert "Production|Electricity|Gas power" not in shown, "what no pathway uses is left out"


def test_a_run_without_alternatives_has_no_such_sheet(small_run):
    assert SHEET not in CalamineWorkbook.from_path(str(small_run / f"{small_run.name}.xlsx")).sheet_names


def test_peak_curve_is_written_in_the_units_of_ministries(tmp_path):
    curve = pd.DataFrame([
        {"goals": "all targets", "allowed": 2028, "status": "optimal", "peak_year": 2028.0, "peak": 10900.0,
         "cost": 2.2e6, "difference": 132.0, "per cent": 0.006, "cumulative": 301.0, "price 2060": 1664.0,
         "warm": True, "seconds": 0.2},
        {"goals": "all targets", "allowed": 2025, "status": "infeasible"},
    ])
    peaks.write(curve, tmp_path / "p.xlsx", "参考", "Reference")
    rows = CalamineWorkbook.from_path(str(tmp_path / "p.xlsx")).get_sheet_by_index(0).to_python()
    head = next(i for i, row in enumerate(rows) if str(row[0]).startswith("目标范围"))
    heads = [str(c).split("\n")[0] for c in rows[head]]
    first = dict(zip(heads, rows[head + 1], strict=True))
    assert first["峰值(万吨CO2)"] == pytest.approx(1_090_000.0) and first["2060年碳价(元/吨)"] == 1664.0
    assert first["累计净排放(亿吨CO2)"] == 3010.0
    assert rows[head + 2][heads.index("状态")] == "infeasible"
