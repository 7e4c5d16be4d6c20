"""The sheet of goods made beyond the base pattern of trade."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from python_calamine import CalamineWorkbook

from model.export import excel
from model.results import NATION, block, with_nation

SHEET = "产地移动 Moved"


def test_what_provinces_gain_and_lose_stands_by_good_and_sums_to_zero(small_results, tmp_path):
    r = small_results
    made = np.zeros((len(r.years), len(r.regions)))
    made[-1, r.regions.index("Hebei")], made[-1, r.regions.index("Fujian")] = -2.5, 2.5
    places = (NATION, *r.regions)
    more = [block(f"Production Moved|{good}", "Mt", with_nation(part * made), r.years, places)
            for good, part in (("Crude steel", 1.0), ("Aluminium", 0.1))]
    table = pd.concat([r.table, *more], ignore_index=True)
    excel.write(replace(r, table=table), tmp_path / "a.xlsx")
    rows = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx")).get_sheet_by_name(SHEET).to_python()
    heads = [i for i, row in enumerate(rows) if str(row[1]).startswith("Production Moved|")]
    assert [rows[i][1] for i in heads] == ["Production Moved|Crude steel", "Production Moved|Aluminium"]
    assert rows[heads[0]][2] == "万吨"
    first = {row[1]: row[2 + len(r.years) - 1] for row in rows[heads[0] : heads[1]]}
    assert first["Hebei"] == -250.0 and first["Fujian"] == 250.0 and first[NATION] == 0.0


def test_a_run_without_a_band_has_no_such_sheet(small_run):
    assert SHEET not in CalamineWorkbook.from_path(str(small_run / f"{small_run.name}.xlsx")).sheet_names
