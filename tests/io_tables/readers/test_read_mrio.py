"""Tables laid out as published are read back to the same Mrio, whatever their layout and size."""

import numpy as np
import pandas as pd
import pytest
from tables_made import balanced, ceads_rows, nbs_rows, save

from io_tables.classification import provinces, sectors
from io_tables.readers import read_mrio
from io_tables.readers.ceads import read_ceads
from io_tables.readers.nbs import read_nbs
from io_tables.readers.write_long import write_long_csv


def same(one, other, tolerance=1e-9):
    """Largest relative difference of two tables, labels and order included."""
    assert (one.regions, one.sectors) == (other.regions, other.sectors)
    assert one.final_demand == other.final_demand
    for name in ("Z", "Y", "value_added", "imports", "final_imports", "error"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None), name
        if a is not None:
            assert a.shape == b.shape, name
            assert np.abs(a - b).max(initial=0.0) <= tolerance * max(np.abs(a).max(), 1.0), name


def test_ceads_workbook_reads_back_with_its_error_column_apart(tmp_path):
    table = balanced(4, 6)
    save(ceads_rows(table), tmp_path / "mrio.xlsx")
    read = read_ceads(tmp_path / "mrio.xlsx")
    same(table, read)
    assert read.value_added_labels == ("labour", "net production tax", "depreciation", "surplus")
    assert max(read.check().values()) > 1e-4  # the error column is reported, not balanced away
    assert read.check()["columns"] <= 1e-9
    assert read.error is not None and np.allclose(read.error, table.error)


def test_full_31_by_42_ceads_workbook_satisfies_the_identities(tmp_path):
    table = balanced(31, 42, error=False)
    rows = ceads_rows(table)
    lines = [",".join(str(c) for c in row) for row in rows]
    (tmp_path / "mrio2020.csv").write_text("\n".join(line.replace("，", ";") for line in lines), encoding="utf-8")
    read = read_mrio(tmp_path / "mrio2020.csv")
    assert read.regions == provinces().keys and read.sectors == sectors().keys
    residuals = read.check()
    assert residuals["columns"] <= 1e-9 and residuals["gdp"] <= 1e-9
    assert np.abs(read.gdp() / table.gdp() - 1).max() <= 1e-9


def test_provinces_out_of_order_come_back_in_the_order_of_the_classification(tmp_path):
    table = balanced(31, 2, error=False)
    rows = ceads_rows(table)
    body = rows[5:67]
    rows[5:67] = body[20:] + body[:20]
    save(rows, tmp_path / "turned.xlsx")
    same(table, read_mrio(tmp_path / "turned.xlsx"), 1e-9)


def test_province_names_written_once_or_merged_are_filled(tmp_path):
    table = balanced(3, 4)
    rows = ceads_rows(table)
    for k in range(5, 5 + table.n):
        if (k - 5) % 4:
            rows[k][0] = ""
    for j in range(3, 3 + table.n):
        if (j - 3) % 4:
            rows[2][j] = ""
    save(rows, tmp_path / "once.xlsx")
    same(table, read_mrio(tmp_path / "once.xlsx"))
    save(rows, tmp_path / "merged.xlsx", merges=("A6:A9", "A10:A13", "A14:A17", "D3:G3", "H3:K3", "L3:O3"))
    same(table, read_mrio(tmp_path / "merged.xlsx"))


def test_group_headings_over_the_headers_are_not_accounts(tmp_path):
    table = balanced(3, 4)
    rows = ceads_rows(table)
    width = len(rows[4])
    heading = ["", "", "", *["中间使用"] * (table.n + 1), *["最终使用"] * 16]
    rows.insert(2, heading + [""] * (width - len(heading)))
    groups = ["中间投入" if 6 <= k < 6 + table.n else "增加值" if k > 7 + table.n else "" for k in range(len(rows))]
    rows = [[group, *row] for group, row in zip(groups, rows, strict=True)]
    save(rows, tmp_path / "headed.xlsx")
    same(table, read_mrio(tmp_path / "headed.xlsx"))


def test_table_is_found_behind_a_cover_and_a_list_of_codes(tmp_path):
    table = balanced(3, 4)
    cover = [["说明"], ["本表由各省投入产出表编制"]]
    codes = [["代码", "部门", "门类"], *[[f"{k:02d}", sectors().names_zh[k - 1], float(k)] for k in range(1, 43)]]
    save(ceads_rows(table), tmp_path / "book.xlsx", sheet="MRIO", before=(("封面", cover), ("部门", codes)))
    same(table, read_mrio(tmp_path / "book.xlsx"))


def test_imports_for_final_use_are_kept_in_total(tmp_path):
    table = balanced(3, 4)
    rows = ceads_rows(table)
    row = next(r for r in rows if len(r) > 2 and r[2] == "IM")
    row[3 + table.n + 1 : 3 + table.n + 6] = [5e4] * 5
    save(rows, tmp_path / "im.xlsx")
    read = read_mrio(tmp_path / "im.xlsx")
    assert read.final_imports.shape == (4, 16)
    assert read.final_imports.sum() == pytest.approx(25.0)
    assert read.final_imports[:, 5:].sum() == 0


@pytest.mark.parametrize("unit, scale", [("万元", 1e4), ("亿元", 1.0), ("百万元", 100.0), ("万元（10,000 yuan）", 1e4)])
def test_money_units_lead_to_the_same_table(tmp_path, unit, scale):
    table = balanced(2, 3)
    save(ceads_rows(table, unit=unit, scale=scale), tmp_path / "u.xlsx")
    same(table, read_mrio(tmp_path / "u.xlsx"))


@pytest.mark.parametrize("industries", [5, 42, 153])
def test_national_sheet_with_two_line_headers_of_any_size(tmp_path, industries):
    table = balanced(1, industries, error=False, chinese=industries <= 42)
    names = [f"部门{k + 1}" for k in range(industries)] if industries > 42 else None
    save(nbs_rows(table, zh_names=names), tmp_path / "nbs.xlsx")
    read = read_nbs(tmp_path / "nbs.xlsx")
    assert read.regions == ("China",) and len(read.sectors) == industries
    assert read.sectors == (tuple(names) if names else table.sectors)
    assert read.final_demand[-2:] == ((None, "exports"), (None, "imports"))
    assert np.allclose(read.Z, table.Z) and np.allclose(read.Y[:, -1], -0.2 * table.Y.sum(axis=1))
    assert max(read.check().values()) <= 1e-9


def test_other_countries_keep_their_labels(tmp_path):
    table = balanced(8, 3, chinese=False, error=False)
    save(ceads_rows(table), tmp_path / "eight.xlsx")
    read = read_mrio(tmp_path / "eight.xlsx")
    assert read.regions == table.regions and read.sectors == table.sectors
    same(table, read)


@pytest.mark.parametrize("error", [True, False])
def test_long_csv_round_trip(tmp_path, error):
    table = balanced(3, 4, error=error)
    extensions = {"co2": np.arange(12.0), "energy": np.arange(24.0).reshape(2, 12)}
    final_imports = np.abs(np.sin(np.arange(4 * 16.0))).reshape(4, 16)
    table = type(table)(
        table.regions, table.sectors, table.Z, table.Y, table.value_added, table.imports, final_imports,
        table.final_demand, extensions, table.value_added_labels, table.error,
    )
    write_long_csv(table, tmp_path / "long.csv")
    read = read_mrio(tmp_path / "long.csv")
    same(table, read, 0.0)
    assert read.value_added_labels == table.value_added_labels
    assert all(np.array_equal(read.extensions[k], extensions[k]) for k in extensions)
    assert set(read.extensions) == set(extensions)


def test_long_csv_round_trip_keeps_imports_by_commodity_and_empty_industries(tmp_path):
    table = balanced(2, 3, error=False, chinese=False)
    imports = np.zeros((3, 6))
    imports[1] = table.imports
    Z, Y, va = table.Z.copy(), table.Y.copy(), table.value_added.copy()
    Z[2], Z[:, 2], Y[2], va[:, 2], imports[:, 2] = 0, 0, 0, 0, 0
    x = Z.sum(axis=1) + Y.sum(axis=1)
    whole = x - Z.sum(axis=0) - imports.sum(axis=0)
    empty = type(table)(table.regions, table.sectors, Z, Y, whole, imports, None, table.final_demand)
    write_long_csv(empty, tmp_path / "e.csv")
    read = read_mrio(tmp_path / "e.csv")
    same(empty, read, 1e-12)
    assert read.x[2] == 0.0


def test_long_csv_converts_units_and_reads_chinese_labels_in_gb18030(tmp_path):
    lines = [
        "row_region,row_sector,column_region,column_sector,value,unit",
        "北京市,农林牧渔产品和服务,北京市,农林牧渔产品和服务,40000,万元",
        "北京市,农林牧渔产品和服务,,出口,6000,百万元",
        "增加值,增加值合计,北京市,农林牧渔产品和服务,60,亿元",
    ]
    (tmp_path / "gb.csv").write_bytes("\n".join(lines).encode("gb18030"))
    read = read_mrio(tmp_path / "gb.csv")
    assert (read.regions, read.sectors) == (("Beijing",), ("Agriculture",))
    assert read.Z[0, 0] == pytest.approx(4.0) and read.x[0] == pytest.approx(64.0)
    assert read.final_demand == ((None, "exports"),)


def test_published_national_tables_are_read(working_data):
    folder = working_data / "economy" / "io_national"
    table = read_nbs(folder / "china_2020_42_noncompetitive.csv", unit="万元")
    assert table.sectors == sectors().keys
    assert table.gdp()[0] == pytest.approx(1016422.0, abs=0.01)
    assert table.imports.shape == (42, 42) and table.final_imports.shape == (42, 4)
    assert table.check()["columns"] <= 1e-8
    # Nine domestic inventory cells are negative and stay so.
    assert (table.Y[:, 2] < 0).sum() == 9
    fine = read_nbs(folder / "china_2020_153.csv", unit="万元")
    assert len(fine.sectors) == 153 and fine.gdp()[0] == pytest.approx(1016422.0, abs=0.01)
    assert fine.final_demand[0] == ("China", "rural")
    older = read_nbs(folder / "china_2015_42.csv", unit="万元")
    assert older.error is not None and older.check()["columns"] <= 1e-8
    foreign = read_nbs(folder / "oecd2021ed_china_2018_musd.csv", unit="百万元")
    assert len(foreign.sectors) == 45


def test_english_names_of_the_42_sectors_become_our_keys(tmp_path):
    table = balanced(2, 3, error=False)
    rows = ceads_rows(table)
    english = ["Agriculture, forestry, animal husbandry and fishery", "Mining and washing of coal",
               "Extraction of petroleum and natural gas"]
    for k in range(6):
        rows[5 + k][1] = rows[3][3 + k] = english[k % 3]
        rows[5 + k][0] = rows[2][3 + k] = ["BeiJing", "Tianjin"][k // 3]
    for k in range(10, 20):
        rows[2][k] = ["Beijing", "Tianjin"][(k - 10) // 5]
    save(rows, tmp_path / "e.xlsx")
    same(table, read_mrio(tmp_path / "e.xlsx"))


def test_published_provincial_tables_of_2007_are_read_with_domestic_trade(tmp_path, working_data):
    """30 provinces: outflow and inflow stay apart, the error column is kept, GDP is the published value added."""
    path = working_data / "economy" / "io_provincial" / "china_30_provincial_io_2007_42sectors_1e4yuan.csv"
    frame = pd.read_csv(path)
    heads = {
        "TIU": "中间使用合计", "rural_hh": "农村居民消费", "urban_hh": "城镇居民消费", "hh_total": "居民消费合计",
        "government": "政府消费", "final_consumption": "最终消费合计", "gfcf": "固定资本形成总额",
        "inventory": "存货增加",
        "capital_formation": "资本形成总额", "export": "出口", "outflow_domestic": "国内省外流出",
        "total_final_use": "最终使用合计", "import": "进口", "inflow_domestic": "国内省外流入", "error_other": "其他",
        "gross_output": "总产出",
    }
    for province in ("Beijing", "Henan", "Xinjiang"):
        table = frame[frame["province"] == province]
        columns = [c for c in table.columns if c not in ("province", "row_code", "row_name_zh")]
        names = table["row_name_zh"].tolist()
        rows = [[f"{province} 2007"], ["单位：万元"]]
        rows.append(["", *(names[int(c[1:]) - 1] if c[0] == "s" and c[1:].isdigit() else heads[c] for c in columns)])
        values = table[columns].astype(object).where(table[columns].notna(), "").values.tolist()
        rows += [[name, *line] for name, line in zip(names, values, strict=True)]
        save(rows, tmp_path / f"{province}.xlsx")
        mrio = read_nbs(tmp_path / f"{province}.xlsx", tolerance=1e-3)
        assert mrio.regions == (province,) and len(mrio.sectors) == 42
        published = table.loc[table["row_code"] == 48, columns[:42]].sum(axis=1).iloc[0] * 1e-4
        assert mrio.gdp()[0] == pytest.approx(published, rel=1e-6)
        categories = [c for _, c in mrio.final_demand]
        assert {"rural", "urban", "government", "fixed capital", "inventories", "exports"} <= set(categories)
        assert {"domestic outflow", "domestic inflow"} & set(categories)
        assert (mrio.Y[:, categories.index("domestic inflow")] <= 0).all()
