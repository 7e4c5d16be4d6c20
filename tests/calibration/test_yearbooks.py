"""Yearbook sheets become facts with their cells; unknowns, sums, sub-items and units are handled as printed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from yearbooks_made import GDP, accounts_sheet, all_provinces, balance_sheet, province_table, save, save_xls

import io_tables.china_2020
from calibration.yearbook_facts import items
from calibration.yearbooks import embedded_tables, overridden_folder, override, read_yearbooks, replacements
from io_tables.classification import provinces
from io_tables.errors import InputError
from io_tables.units import factor


def fact(facts, variable, province, year=2020):
    """The single row of a fact."""
    rows = facts[(facts["variable"] == variable) & (facts["province"] == province) & (facts["year"] == year)]
    assert len(rows) == 1, (variable, province, year, len(rows))
    return rows.iloc[0]


def cell(table, item, column):
    """The single cell of an item and a column of a long table."""
    rows = table[(table["item"] == item) & (table["column"] == column)]
    assert len(rows) == 1, (item, column, len(rows))
    return rows.iloc[0]


def test_accounts_with_two_line_headers_merged_cells_and_footnote_marks(tmp_path):
    rows = accounts_sheet()
    rows[3][5] = "第二产业"
    save(tmp_path / "年鉴2021.xlsx", {"3-9": rows}, {"3-9": ["A4:A5", "B4:B5", "C4:C5", "D4:D5", "E4:E5", "F4:G4"]})
    facts = read_yearbooks(tmp_path).facts()
    assert set(facts["province"]) == {"Beijing", "Tianjin", "Hebei", "Inner Mongolia", "Shaanxi"}
    row = fact(facts, "gdp", "Beijing")
    assert (row["value"], row["unit"], row["status"]) == (36102.6, "10^8 yuan", "official")
    assert row["source"] == "年鉴2021.xlsx!3-9!B6"
    assert fact(facts, "industry", "Inner Mongolia")["value"] == GDP["内蒙古"][4]
    assert fact(facts, "construction", "Shaanxi")["value"] == GDP["陕西"][5]
    assert fact(facts, "construction", "Shaanxi")["source"] == "年鉴2021.xlsx!3-9!G10"


def test_old_xls_workbooks_with_merged_cells_are_read(tmp_path):
    rows = accounts_sheet()
    rows[4][6] = "建筑业"
    save_xls(tmp_path / "年鉴.xls", "表3-9", rows, [(3, 4, 0, 0), (3, 3, 5, 6)])
    facts = read_yearbooks(tmp_path).facts()
    assert fact(facts, "industry", "Hebei")["value"] == GDP["河北"][4]
    assert fact(facts, "construction", "Hebei")["source"] == "年鉴.xls!表3-9!G8"


def test_sums_of_accounts_are_checked_with_rounding(tmp_path):
    rows = accounts_sheet()
    read = read_yearbooks(save(tmp_path / "a.xlsx", {"s": rows}, {"s": ["F4:G4"]}))
    checks = read.check_table()
    assert set(checks["status"]) == {"closes"} and len(checks) == 10  # GDP and secondary, five provinces each
    assert (checks["published"] - checks["summed"]).abs().max() > 0.05  # Beijing's strata miss GDP by rounding
    assert not read.problems
    rows[7][2] += 100.0
    read = read_yearbooks(save(tmp_path / "b.xlsx", {"s": rows}, {"s": ["F4:G4"]}))
    [problem] = read.problems
    assert problem.where == "b.xlsx!s!B8" and "36306" in problem.what and "36206.9" in problem.what


@pytest.mark.parametrize("spelling, scale", [
    ("单位：亿元", 1.0), ("单位:万元", 1e4), ("单位：百万元", 100.0), ("计量单位： 亿　元", 1.0),
    ("单位：万元 (10 000 yuan)", 1e4), ("Unit: 100 million yuan", 1.0),
])
def test_units_of_money_lead_to_the_same_facts(tmp_path, spelling, scale):
    rows = accounts_sheet(unit=spelling)
    rows[5:10] = [[r[0], *(v * scale for v in r[1:])] for r in rows[5:10]]
    save(tmp_path / "a.xlsx", {"s": rows}, {"s": ["F4:G4"]})
    assert fact(read_yearbooks(tmp_path).facts(), "gdp", "Tianjin")["value"] == pytest.approx(14083.7)


def test_energy_balance_in_physical_units(tmp_path):
    save(tmp_path / "能源统计年鉴.xlsx", {"6-4": balance_sheet()})
    read = read_yearbooks(tmp_path)
    facts = read.facts()
    # 万吨 is 0.01 Mt, 亿千瓦小时 is 0.1 TWh, 万百万千焦 is 0.01 PJ.
    assert fact(facts, "energy balance|thermal_power|raw_coal", "Hebei")["value"] == pytest.approx(-1.30)
    row = fact(facts, "energy balance|final_consumption|electricity", "Hebei")
    assert (row["value"], row["unit"]) == (pytest.approx(20.5), "TWh")
    row = fact(facts, "energy balance|heat_supply|heat", "Hebei")
    assert (row["value"], row["unit"]) == (pytest.approx(9.0), "PJ")
    assert fact(facts, "energy balance|residential_urban|natural_gas", "Hebei")["unit"] == "1e8 m3"
    assert set(read.check_table()["status"]) == {"closes", "reported"}


def test_statistical_difference_is_reported_beside_its_own_recount(tmp_path):
    save(tmp_path / "e.xlsx", {"6-4": balance_sheet()})
    checks = read_yearbooks(tmp_path).check_table()
    own = checks[checks["what"] == "平衡差额 (天然气)"].iloc[0]
    assert own["status"] == "reported" and own["published"] == 0.5
    assert own["summed"] == pytest.approx(30.0 - 4.0 - 0.5 - 25.0)
    rows = balance_sheet()
    rows[-1][1] = 31.0
    save(tmp_path / "e.xlsx", {"6-4": rows})
    read = read_yearbooks(tmp_path)
    assert any(p.where == "e.xlsx!6-4!B21" and "平衡差额" in p.what for p in read.problems)


def test_sub_items_are_kept_but_never_added(tmp_path):
    save(tmp_path / "e.xlsx", {"6-4": balance_sheet()})
    read = read_yearbooks(tmp_path)
    table = read.table
    raw = cell(table, "用作原料、材料", "煤合计")
    assert raw["of_which"] and raw["value"] == 12.0
    final = read.check_table().query("what == '终端消费量 (煤合计)'").iloc[0]
    assert final["status"] == "closes" and final["summed"] == 99.0  # 9 + 70 + 20, without 12, 5 and 15
    assert fact(read.facts(), "energy balance|industry_nonenergy|raw_coal", "Hebei")["value"] == pytest.approx(0.12)


def test_unknown_marks_are_unknown_unless_a_published_total_closes_without_them(tmp_path):
    save(tmp_path / "e.xlsx", {"6-4": balance_sheet()})
    table = read_yearbooks(tmp_path).table
    # 10 = … + 15 - 5: closes, so the ellipsis is zero; so does the dash of gas: 30 = 5 + 25.
    assert tuple(cell(table, "一次能源生产量", "洗精煤")[["value", "flag"]]) == (0.0, "derived zero")
    assert tuple(cell(table, "本省(区、市)调出量(-)", "天然气")[["value", "flag"]]) == (0.0, "derived zero")
    # Coal washing leaves the total of coal: 0 = -10 + 10 is not published, the blank of the sum stays unknown only
    # where nothing closes: heat has no supply rows at all.
    heat = cell(table, "一次能源生产量", "热力")
    assert heat["flag"] == "blank" and np.isnan(heat["value"])
    use = cell(table, "用作原料、材料", "热力")
    assert use["flag"] == "blank" and np.isnan(use["value"])


def test_blank_that_the_total_needs_stays_unknown(tmp_path):
    rows = balance_sheet()
    rows[5][1] = ""  # indigenous production of coal: 250 = ? + 70 - 20 does not close without it
    save(tmp_path / "e.xlsx", {"6-4": rows})
    read = read_yearbooks(tmp_path)
    assert cell(read.table, "一次能源生产量", "煤合计")["flag"] == "blank"
    assert not len(read.facts().query("variable == 'energy balance|production|coal_total'"))


def test_provincial_blanks_are_zero_where_the_national_total_closes(tmp_path):
    names = all_provinces()
    values = {n: [10.0 + k, 5.0] for k, n in enumerate(names)}
    values["西藏"] = ["", "…"]
    values["北京"] = ["-", 5.0]
    total = [sum(v[0] for v in values.values() if isinstance(v[0], float)), 5.0 * 31]
    rows = province_table("13-5　工业产品产量(2020年)", "单位：万吨", ["水 泥", "粗钢"], {"全 国": total, **values})
    save(tmp_path / "p.xlsx", {"13-5": rows})
    read = read_yearbooks(tmp_path)
    row = fact(read.facts(), "cement", "Tibet")
    assert (row["value"], row["status"]) == (0.0, "derived") and fact(read.facts(), "cement", "Beijing")["value"] == 0.0
    # Steel misses 5 of the nation, so Tibet's ellipsis may be those 5: unknown.
    assert not len(read.facts().query("variable == 'steel' and province == 'Tibet'"))
    assert fact(read.facts(), "cement", "Xinjiang")["value"] == pytest.approx(0.40)


def test_continued_tables_are_joined_below_and_beside(tmp_path):
    names = all_provinces()
    heads = ["年末人口(万人)", "城镇人口"]
    first = {n: [100.0 + k, 60.0] for k, n in enumerate(names[:16])}
    rest = {n: [200.0 + k, 60.0] for k, n in enumerate(names[16:])}
    rows = province_table("2-6　各地区人口(2020年末)", "单位：万人", heads, first)
    rows += [["2-6 续表"], ["地 区", *heads], *([n, *v] for n, v in rest.items())]
    beside = [["2-6　续表 2"], ["单位：万人"], ["地 区", "乡村人口"]]
    beside += [[n, 40.0 + k if k < 16 else 124.0 + k] for k, n in enumerate(names)]
    save(tmp_path / "年鉴.xlsx", {"2-6": rows, "2-6续": beside})
    read = read_yearbooks(tmp_path)
    assert len(read.tables) == 1 and read.tables[0].values.shape == (31, 3)
    facts = read.facts()
    assert len(facts) == 93
    assert fact(facts, "population", "Xinjiang")["value"] == pytest.approx(2.14)
    assert fact(facts, "population", "Xinjiang")["source"] == "年鉴.xlsx!2-6!B36"
    assert fact(facts, "rural population", "Xinjiang")["source"] == "年鉴.xlsx!2-6续!B34"
    closes = read.check_table().query("status == 'closes'")
    assert len(closes) == 31  # urban + rural, joined from two sheets


def test_continued_table_without_headers_takes_those_above(tmp_path):
    names = all_provinces()
    rows = province_table("9-3 电力消费量(2020年)", "单位：亿千瓦时", ["电力消费量"], {n: [100.0] for n in names[:20]})
    rows += [["续表"], *([n, 50.0] for n in names[20:])]
    save(tmp_path / "a.xlsx", {"9-3": rows})
    facts = read_yearbooks(tmp_path).facts()
    assert len(facts) == 31 and fact(facts, "electricity consumption", "Tibet")["value"] == pytest.approx(5.0)


def test_years_in_the_columns_and_the_variable_in_the_title(tmp_path):
    names = all_provinces()
    rows = [["13-9 各地区水泥产量"], ["单位：万吨"], ["地区", 2019.0, "2020年"], *([n, 900.0, 1000.0] for n in names)]
    save(tmp_path / "a.xlsx", {"13-9": rows})
    facts = read_yearbooks(tmp_path).facts()
    assert set(facts["year"]) == {2019, 2020} and len(facts) == 62
    assert fact(facts, "cement", "Hainan", 2020)["value"] == pytest.approx(10.0)


def test_years_in_the_rows_and_the_province_in_the_title(tmp_path):
    rows = [["山西省地区生产总值"], ["单位：亿元"], ["年 份", "地区生产总值", "第一产业", "第二产业", "第三产业"],
            [2018.0, 15958.1, 740.6, 7074.6, 8142.9], [2019.0, 16961.6, 824.7, 7326.5, 8810.4],
            ["2020年", 17835.6, 946.7, 7675.4, 9213.4]]
    save(tmp_path / "a.xlsx", {"2-1": rows})
    facts = read_yearbooks(tmp_path).facts()
    assert fact(facts, "gdp", "Shanxi")["value"] == 17835.6 and fact(facts, "primary", "Shanxi", 2018)["value"] == 740.6


def test_a_unit_column_gives_each_row_its_unit(tmp_path):
    rows = [["主要工业产品产量 河南 2020"], ["产品名称", "计量单位", "产量"], ["原　煤", "万吨", 10490.6],
            ["发电量", "亿千瓦小时", 2905.9], ["#火电", "亿千瓦小时", 2539.0], ["平板玻璃", "万重量箱", 1900.0]]
    save(tmp_path / "a.xlsx", {"s": rows})
    facts = read_yearbooks(tmp_path).facts()
    assert fact(facts, "raw coal", "Henan")["value"] == pytest.approx(104.906)
    assert fact(facts, "thermal generation", "Henan")["value"] == pytest.approx(253.9)
    assert fact(facts, "plate glass", "Henan")["value"] == pytest.approx(0.95)  # 50 kg a weight case


def test_namesakes_are_told_apart_by_their_unit(tmp_path):
    names = all_provinces()[:6]
    heads = ["火电", "水电"]
    power = province_table("发电装机容量(2020年)", "单位：万千瓦", heads, {n: [1000.0, 200.0] for n in names})
    heads = ["火电", "水电"]
    energy = province_table("发电量(2020年)", "单位：亿千瓦时", heads, {n: [400.0, 60.0] for n in names})
    save(tmp_path / "a.xlsx", {"1": power, "2": energy})
    facts = read_yearbooks(tmp_path).facts()
    assert fact(facts, "thermal capacity", "Beijing")["value"] == pytest.approx(10.0)
    assert fact(facts, "thermal generation", "Beijing")["value"] == pytest.approx(40.0)


def test_panels_side_by_side_are_read_one_below_the_other(tmp_path):
    names = all_provinces()
    rows = [["各地区粗钢产量(2020年)"], ["单位：万吨"], ["地 区", "粗钢", "生铁", "地 区", "粗钢", "生铁"]]
    rows += [[names[k], 100.0 + k, 80.0, *([names[k + 16], 116.0 + k, 80.0] if k < 15 else [])] for k in range(16)]
    save(tmp_path / "a.xlsx", {"s": rows})
    facts = read_yearbooks(tmp_path).facts()
    assert len(facts) == 62 and fact(facts, "steel", "Xinjiang")["value"] == pytest.approx(1.30)
    assert fact(facts, "steel", "Xinjiang")["source"] == "a.xlsx!s!E18"


def test_input_output_sheet_is_kept_with_its_cells_and_gives_no_facts(tmp_path):
    goods = ["农业", "金融业", "建筑业"]
    rows = [["全国投入产出表2020"], ["单位：万元"], ["投入", "产出", *goods, "最终使用合计", "总产出"]]
    rows += [["", "代码", "01", "02", "03", "TFU", "GO"]]
    rows += [[g, f"{k + 1:02d}", 1.0, 2.0, 3.0, 4.0, 10.0] for k, g in enumerate(goods)]
    rows += [["增加值合计", "TVA", 7.0, 4.0, 1.0], ["总投入", "TI", 10.0, 10.0, 10.0]]
    save(tmp_path / "a.xlsx", {"s": rows})
    read = read_yearbooks(tmp_path)
    assert set(read.table["kind"]) == {"input-output"} and not len(read.facts())
    assert cell(read.table, "农业", "建筑业")["source"] == "a.xlsx!s!E5"


def test_indices_shares_and_constant_prices_are_no_levels(tmp_path):
    names = all_provinces()[:6]
    heads = ["地区生产总值(亿元)", "比上年增长(%)"]
    sheets = {
        "1": province_table("地区生产总值和指数 2020", "", heads, {n: [1000.0, 3.1] for n in names}),
        "2": province_table("地区生产总值构成 2020", "单位：%", ["第一产业", "工业"], {n: [10.0, 40.0] for n in names}),
        "3": province_table("生产总值 2020(按不变价计算)", "单位：亿元", ["地区生产总值"], {n: [900.0] for n in names}),
    }
    save(tmp_path / "a.xlsx", sheets)
    facts = read_yearbooks(tmp_path).facts()
    assert set(facts["variable"]) == {"gdp"} and set(facts["value"]) == {1000.0}


def test_covers_lists_and_notes_are_skipped_and_named(tmp_path):
    cover = [["中国统计年鉴"], ["2021"]]
    save(tmp_path / "a.xlsx", {"封面": cover, "3-9": accounts_sheet()}, {"3-9": ["F4:G4"]})
    read = read_yearbooks(tmp_path)
    assert read.skipped == ("a.xlsx!封面",) and len(read.tables) == 1


def test_later_edition_holds_where_editions_disagree(tmp_path):
    rows = accounts_sheet()
    save(tmp_path / "年鉴2021.xlsx", {"s": rows}, {"s": ["F4:G4"]})
    rows[5][1] = 35943.3
    save(tmp_path / "年鉴2022.xlsx", {"s": rows}, {"s": ["F4:G4"]})
    read = read_yearbooks(tmp_path)
    assert fact(read.facts(), "gdp", "Beijing")["value"] == 35943.3
    assert any("revised at 年鉴2022.xlsx!s!B6" in p.remedy for p in read.problems)


FACTS = Path(io_tables.china_2020.__file__).parent


def embedded(name):
    """A fact table of the embedded base year."""
    return pd.read_csv(FACTS / name)


def test_override_replaces_adds_and_says_by_how_much(tmp_path):
    facts = pd.DataFrame({
        "province": ["Beijing", "Tianjin"], "item": ["gdp", "gdp"], "value": [36000.0, 14000.0],
        "unit": ["10^8 yuan"] * 2, "year": [2020, 2020], "source": ["bureau"] * 2, "status": ["official"] * 2,
    })
    save(tmp_path / "a.xlsx", {"s": accounts_sheet()}, {"s": ["F4:G4"]})
    yearbook = read_yearbooks(tmp_path).facts()
    report = replacements(facts, yearbook, "provincial_value_added.csv")
    both = pd.concat([facts, facts.assign(province=["Hebei", "Shaanxi"])])
    beijing = report.query("province == 'Beijing'").iloc[0]
    assert beijing["old"] == 36000.0 and beijing["new"] == 36102.6
    assert beijing["change"] == pytest.approx(36102.6 / 36000.0 - 1)
    assert beijing["source"] == "a.xlsx!s!B6"
    out = override(facts, yearbook, "provincial_value_added.csv")
    assert out["value"].tolist() == [36102.6, 14083.7] and list(out.columns) == list(facts.columns)
    assert facts["value"].tolist() == [36000.0, 14000.0]  # the embedded table itself is untouched
    known = pd.concat([both, pd.DataFrame([{**facts.iloc[0], "province": "Inner Mongolia", "year": 2019}])])
    out = override(known, yearbook, "provincial_value_added.csv")
    assert len(out) == len(known) + 1  # Inner Mongolia 2020 is added, nothing else
    assert out.iloc[-1][["province", "year", "value"]].tolist() == ["Inner Mongolia", 2020, 17359.8]


def test_every_variable_leads_to_an_item_of_an_embedded_fact_table():
    for name in embedded_tables():
        table = embedded(name)
        if "quantity" in table:
            table["item"] = table["quantity"] + " " + table["source_of_power"]
        key = next(c for c in ("item", "product") if c in table)
        units = table.drop_duplicates(key).set_index(key)["unit"]
        for item in items():
            for file, wanted in item.embedded:
                if file == name:
                    assert wanted in units.index, (item.variable, name)
                    assert factor(item.unit, units[wanted]) > 0


def test_yearbook_of_the_embedded_figures_changes_nothing(tmp_path):
    table = embedded("provincial_value_added.csv").query("item == 'gdp' and year == 2020").set_index("province")
    values = {provinces().zh(p): [round(float(table.loc[p, "value"]), 2)] for p in provinces().keys}
    rows = province_table("3-9 地区生产总值 2020", "单位：亿元", ["地区生产总值"], values)
    save(tmp_path / "a.xlsx", {"s": rows})
    name = "provincial_value_added.csv"
    report = replacements(embedded(name), read_yearbooks(tmp_path).facts(), name)
    assert len(report) == 31 and report["change"].abs().max() < 1e-6


def test_one_figure_reaches_every_fact_table_that_holds_it(tmp_path):
    folder = tmp_path / "yearbooks"
    folder.mkdir()
    capacity = province_table("发电装机容量(2020年)", "单位：万千瓦", ["火电"], {"山西": [7000.0], "西藏": [40.0]})
    cement = province_table("水泥产量(2020年)", "单位：万吨", ["水泥"], {"山西": [5000.0]})
    save(folder / "a.xlsx", {"1": capacity, "2": cement})
    into = tmp_path / "facts"
    into.mkdir()
    report = overridden_folder(FACTS, read_yearbooks(folder).facts(), into)
    thermal = report[report["item"].str.contains("thermal") & (report["province"] == "Shanxi")]
    assert set(thermal["table"]) == {"technology_capacity.csv", "power_history.csv", "technology_history.csv"}
    assert (thermal["new"] == 70.0).all() and thermal["source"].eq("a.xlsx!1!B4").all()
    assert set(report[report["item"].str.contains("cement")]["table"]) == {
        "provincial_products.csv", "energy_province_drivers.csv", "technology_history.csv",
    }
    assert sorted(p.name for p in into.iterdir()) == sorted(p.name for p in FACTS.glob("*.csv"))
    history = pd.read_csv(into / "power_history.csv")
    row = history.query("region == 'Shanxi' and source_of_power == 'thermal' and quantity == 'capacity'")
    row = row[row["year"] == 2020]
    assert row["value"].tolist() == [70.0] and row["status"].tolist() == ["official"]
    assert (into / "trade_parameters.csv").read_bytes() == (FACTS / "trade_parameters.csv").read_bytes()


@pytest.mark.parametrize("power", [-4, -1, 1, 2, 4])
def test_unit_slip_of_a_whole_sheet_is_refused(tmp_path, power):
    table = embedded("provincial_value_added.csv").query("item == 'gdp' and year == 2020").set_index("province")
    values = {provinces().zh(p): [float(table.loc[p, "value"]) * 10.0**power] for p in provinces().keys}
    save(tmp_path / "a.xlsx", {"s": province_table("地区生产总值 2020", "单位：亿元", ["地区生产总值"], values)})
    with pytest.raises(InputError) as raised:
        override(embedded("provincial_value_added.csv"), read_yearbooks(tmp_path).facts(), "provincial_value_added.csv")
    [problem] = raised.value.problems
    assert problem.where == "a.xlsx!s!B4" and f"{10.0**power:g} times" in problem.what


def test_published_balance_of_2007_is_read_with_its_difference(working_data):
    read = read_yearbooks(working_data / "economy" / "energy" / "china_energy_balance_2007_physical.csv")
    assert not read.problems  # every sum of the published sheet closes
    facts = read.facts()
    power = fact(facts, "energy balance|thermal_power|coal_total", "China", 2007)
    heat = fact(facts, "energy balance|residential_urban|heat", "China", 2007)
    assert power["value"] == pytest.approx(-1305.488, abs=1e-3) and heat["value"] == pytest.approx(576.887, abs=1e-3)
    differences = read.check_table().query("what.str.startswith('平衡差额')", engine="python")
    assert len(differences) == 22 and set(differences["status"]) == {"reported"}
    coal = differences[differences["what"] == "平衡差额 (煤合计)"].iloc[0]
    assert coal["published"] == pytest.approx(-7264.7215, abs=1e-3)


def test_published_balance_in_coal_equivalent_names_the_cell_with_the_wrong_sign(working_data):
    read = read_yearbooks(working_data / "economy" / "energy" / "china_energy_balance_2007_sce.csv")
    # Kerosene exports stand as +659.29 in the published sheet, so the oil exports do not add up.
    assert any(p.where.endswith("!N17") and "油品合计" in p.what for p in read.problems)
    assert fact(read.facts(), "energy balance|final_consumption|electricity", "China", 2007)["unit"] == "PJ"
