"""The negotiation desk: formulas that follow edited weights, sums that close, a workbook that becomes a scenario."""

import os
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from io_tables.errors import InputError
from model.allocate import allocate, parse_weights
from model.desk_reader import new_from_workbook, read_desk
from model.export import provinces
from model.export.places import TILES
from scenarios.load import load_scenario

DESK = "谈判台 Desk"


@pytest.fixture(scope="module")
def allocated(small_run):
    """Two rules at a price, so that money moves."""
    return allocate(small_run, rules=["grandfathering", "per_capita"],
                    weights={"grandfathering": 0.25, "per_capita": 0.75}, price=200.0)


@pytest.fixture(scope="module")
def path(allocated, tmp_path_factory):
    """Its workbook, with few rows on the long sheet of sectors."""
    target, tables = tmp_path_factory.mktemp("desk") / "allocation.xlsx", allocated.results.tables
    few = {"plan_sectors": tables["plan_sectors"].head(200), "sinks": tables["sinks"].head(0)}
    provinces.write(replace(allocated.results, tables={**tables, **few}), target)
    return target


@pytest.fixture(scope="module")
def desk_alone(path, tmp_path_factory):
    """The sheets a scenario is read from, which are quickly read; they make a scenario as they stand."""
    book = load_workbook(path)
    read = {sheet for name in book.defined_names.values() for sheet, _ in name.destinations} | {DESK}
    for name in book.sheetnames:
        if name not in read and not name.endswith("Lock file"):
            book.remove(book[name])
    folder = tmp_path_factory.mktemp("alone")
    book.save(folder / "desk.xlsx")
    new_from_workbook("whole", folder / "desk.xlsx", folder)
    return folder / "desk.xlsx"


def _heads(sheet) -> dict[str, int]:
    """Last line of every head of the desk's table -> column; the table begins two rows below its head."""
    row = next(r for r in range(1, 40) if str(sheet.cell(r, 1).value).startswith("省份\n"))
    return row, {str(c.value).split("\n")[-1]: c.column for c in sheet[row] if c.value}


def _column(sheet, name: str) -> np.ndarray:
    row, heads = _heads(sheet)
    return np.array([sheet.cell(row + 2 + r, heads[name]).value for r in range(31)], dtype=float)


def _recalculated(path, folder):
    """The workbook with every formula computed anew by LibreOffice; skips where there is none."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("no LibreOffice here; formulas are not recalculated")
    (folder / "made").mkdir()
    done = subprocess.run(
        [office, f"-env:UserInstallation=file://{folder / 'profile'}", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "made"), str(path)],
        capture_output=True, timeout=180, env={**os.environ, "HOME": str(folder)},
    )
    made = folder / "made" / path.name
    if done.returncode or not made.exists():
        pytest.skip(f"LibreOffice did not convert here: {done.stderr.decode(errors='replace')[:200]}")
    return load_workbook(made, data_only=True)


def test_edited_weights_price_and_year_move_every_formula_of_the_desk(path, allocated, tmp_path):
    book = load_workbook(path)
    sheet = book[DESK]
    found = {str(sheet.cell(r, 1).value)[:4]: r for r in range(1, 20)}
    sheet.cell(found["年份(可"], 3).value = 2060
    sheet.cell(found["自填碳价"], 3).value = 500
    sheet.cell(found["权重(可"], 3).value, sheet.cell(found["权重(可"], 4).value = 3, 1
    book.save(tmp_path / "edited.xlsx")
    again = _recalculated(tmp_path / "edited.xlsx", tmp_path)
    shown, tables = again[DESK], allocated.results.tables
    quota = tables["quotas"].query("year == 2060").pivot(index="region", columns="rule", values="quota")
    quota = quota.loc[list(allocated.results.regions)]
    desk = tables["desk"].query("year == 2060").set_index("region").loc[list(quota.index)]
    blend = 100 * (0.75 * quota["grandfathering"] + 0.25 * quota["per_capita"]).to_numpy()
    gap = blend - 100 * desk["optimum"].to_numpy()
    np.testing.assert_allclose(_column(shown, "Blended quota"), blend, rtol=1e-9)
    np.testing.assert_allclose(_column(shown, "Quota less pathway"), gap, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(_column(shown, "Permit trade receipts"), gap * 500 / 1e4, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(_column(shown, "Net cost / GDP"), -gap * 500 / 1e4 / desk["gdp"], rtol=1e-9, atol=1e-12)
    row, _ = _heads(shown)
    check = [c.value for c in shown[row + 2 + 31 + 2]][2:]
    assert check[0] is not None and all(value in (None, 0) for value in check)
    path_of_all = _recalculated_block(again["配额 Quotas"], "Blend")
    assert path_of_all.sum(axis=0)[-1] == pytest.approx(blend.sum(), rel=1e-9)


def _recalculated_block(sheet, name: str) -> np.ndarray:
    """(31, T) figures beneath the head whose second cell is `name`."""
    row = next(r for r in range(1, sheet.max_row) if sheet.cell(r, 2).value == name)
    return np.array([[c.value for c in sheet[row + 2 + r][2:5]] for r in range(31)], dtype=float)


def test_the_desk_shows_first_what_its_formulas_give(path, allocated):
    shown = load_workbook(path, data_only=True)[DESK]
    quota = allocated.quotas.query("rule == 'blend' and year == 2030").set_index("region")["quota_Mt_CO2"]
    np.testing.assert_allclose(_column(shown, "Blended quota"), 100 * quota.loc[list(allocated.results.regions)],
                               rtol=1e-9)


def test_every_rule_and_the_blend_sum_to_cap_and_sinks(allocated):
    sums = allocated.quotas.groupby(["rule", "year"])["quota_Mt_CO2"].sum().unstack()
    years = allocated.results.tables["desk_years"].set_index("year")
    for rule in sums.index:
        np.testing.assert_allclose(sums.loc[rule], years["net"] + years["sinks"], rtol=1e-9)
    receipts = allocated.quotas.groupby(["rule", "year"])["permit_receipts_1e8_yuan"]
    assert (receipts.sum().abs() <= 1e-9 * receipts.apply(lambda v: v.abs().sum()).clip(lower=1.0)).all()


def test_responsibility_asks_more_of_those_who_emitted_more_per_head(small_run):
    tables = allocate(small_run, rules=["responsibility", "per_capita"]).results.tables
    wide = tables["quotas"].query("year == 2030").pivot(index="region", columns="rule", values="quota")
    less = wide["responsibility"] - wide["per_capita"]
    assert abs(less.sum()) < 1e-6 and less["Inner Mongolia"] < -100 and less["Sichuan"] > 50


def test_unknown_rules_and_weights_are_named(small_run):
    with pytest.raises(InputError, match="did you mean 'per_capita'"):
        allocate(small_run, rules=["per_capta"])
    with pytest.raises(InputError, match="is unknown"):
        parse_weights("per_capita=1,nonsens=2")
    with pytest.raises(InputError, match="all weights are zero"):
        parse_weights("per_capita=0")
    assert parse_weights("人均均等=1，Grandfathering＝0.5") == {"per_capita": 1.0, "grandfathering": 0.5}


def test_entropy_weights_blend_the_rules_on_the_desk(small_run):
    rules = ["grandfathering", "per_capita", "net_of_sink"]
    found = allocate(small_run, rules=rules, weights=parse_weights(" Entropy "))
    shown = found.results.tables["rules"].set_index("rule").loc[rules]
    np.testing.assert_allclose(shown["weight"], shown["entropy_weight"])
    assert shown["weight"].sum() == pytest.approx(1.0) and np.ptp(shown["weight"]) > 0.01
    wide = found.quotas.query("year == 2060").pivot(index="region", columns="rule", values="quota_Mt_CO2")
    np.testing.assert_allclose(wide["blend"], wide[rules] @ shown["weight"], rtol=1e-6, atol=1e-6)


def test_an_edited_workbook_becomes_a_scenario_and_divides_the_same_path(path, allocated, tmp_path):
    book = load_workbook(path)
    cells = book[DESK]
    row = next(r for r in range(1, 20) if str(cells.cell(r, 1).value).startswith("权重"))
    cells.cell(row, 3).value, cells.cell(row, 4).value = 1, 4
    book.save(tmp_path / "edited.xlsx")
    written = new_from_workbook("mine", tmp_path / "edited.xlsx", tmp_path)
    scenario, old = load_scenario(written), load_scenario("quick")
    assert scenario.carbon.allocation.weights == pytest.approx({"grandfathering": 0.2, "per_capita": 0.8})
    net = allocated.results.tables["desk_years"].set_index("year")["net"]
    assert scenario.carbon.national_cap.at(2030) == pytest.approx(net[2030], abs=1e-3)
    assert scenario.years == (2020, 2030, 2060) and scenario.macro == old.macro and scenario.power == old.power
    with pytest.raises(InputError, match="exists already"):
        new_from_workbook("mine", tmp_path / "edited.xlsx", tmp_path)


@pytest.mark.parametrize("change, told", [
    (lambda book: setattr(_weight(book), "value", "half"), "is 'half'"),
    (lambda book: setattr(_weight(book), "value", -1), "is -1"),
    (lambda book: [setattr(_weight(book, k), "value", 0) for k in (0, 1)], "all weights are zero"),
    (lambda book: setattr(book[DESK].cell(_weight(book).row + 3, 3), "value", "per_caput"), "mean 'per_capita'"),
    (lambda book: book.defined_names.pop("desk_weights"), "holds no negotiation desk"),
    (lambda book: book.remove(book["情景文件 Lock file"]), "no sheet that ends in 'Lock file'"),
    (lambda book: book.remove(book[DESK]), "points to no cells"),
])
def test_a_broken_workbook_is_told_and_nothing_is_written(desk_alone, tmp_path, change, told):
    book = load_workbook(desk_alone)
    change(book)
    book.save(tmp_path / "broken.xlsx")
    with pytest.raises(InputError, match=told):
        new_from_workbook("mine", tmp_path / "broken.xlsx", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["broken.xlsx"]


def _weight(book, k: int = 0):
    sheet = book[DESK]
    row = next(r for r in range(1, 20) if str(sheet.cell(r, 1).value).startswith("权重"))
    return sheet.cell(row, 3 + k)


def test_no_workbook_at_all_is_told(tmp_path):
    (tmp_path / "text.xlsx").write_text("not a workbook", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_desk(tmp_path / "text.xlsx")
    with pytest.raises(InputError, match="no such file"):
        read_desk(tmp_path / "none.xlsx")


def test_provinces_without_trade_show_their_own_prices_and_permits_take_the_mean(small_run, small_results, tmp_path):
    from model.carbon.desk_tables import desk_tables
    from model.results import block, long_table

    names, years = small_results.regions, small_results.years
    own = np.outer([0.0, 100.0, 900.0], np.linspace(0.5, 1.5, len(names)))
    table = small_results.table[small_results.table["variable"].astype(str) != "Price|Carbon"]
    priced = long_table([table, block("Price|Carbon", "yuan/t CO2", np.zeros((3, 1)), years, ("China",)),
                         block("Price|Carbon", "yuan/t CO2", own, years, names)])
    tables, _ = desk_tables(priced, load_scenario("quick", ("years=[2020, 2030, 2060]",)), names,
                            small_results.sectors, pd.DataFrame())
    desk = tables["desk"].pivot(index="year", columns="region", values="own_price")[list(names)]
    np.testing.assert_allclose(desk.to_numpy(float), own)
    emitted = tables["desk"].pivot(index="year", columns="region", values="optimum")[list(names)].to_numpy(float)
    mean = (own * np.maximum(emitted, 0.0)).sum(axis=1) / np.maximum(emitted, 0.0).sum(axis=1)
    np.testing.assert_allclose(tables["desk_years"]["price"].to_numpy(float), mean, rtol=1e-6)
    assert "not traded" in tables["desk_facts"].set_index("key").loc["price", "en"]
    path = tmp_path / "own.xlsx"
    few = {"plan_sectors": tables["plan_sectors"].head(20), "sinks": tables["sinks"].head(0)}
    provinces.write(replace(small_results, tables={**tables, **few}), path)
    sheet = load_workbook(path)[DESK]
    row, heads = _heads(sheet)
    column = heads["Own carbon price"]
    assert sheet.cell(row + 2, column).value.startswith("=INDEX(")


def test_the_owen_point_stands_with_its_interval_and_by_year(allocated, tmp_path):
    from model.carbon.deal_tables import OWEN_TRANSFER, deal_blocks

    results, names, years = allocated.results, allocated.results.regions, allocated.results.years[1:]
    borne, rng = np.linspace(100.0, 400.0, len(names)), np.random.default_rng(0)
    owen = pd.DataFrame({"region": names, "division": borne, "own_cost": borne, "transfer": 0.0, "low": borne - 1.0,
                         "high": borne + 2.0, "unit": "10^8 yuan of 2020, present value"})
    paid = rng.normal(size=(len(years), len(names)))
    paid -= paid.mean(axis=1, keepdims=True)
    by_year = pd.DataFrame({"region": np.tile(names, len(years)), "year": np.repeat(years, len(names)),
                            "transfer_a_year": paid.ravel(), "division_a_year": np.tile(borne, len(years))})
    shapley = pd.DataFrame({"region": names, "cost": borne, "standard_error": 0.5, "transfer": 0.0, "unit": "money"})
    principles = pd.DataFrame({"rule": ["per_capita"], "year": [2060], "with_trade": [1.0], "without_trade": [7.0],
                               "difference": [6.0], "short": [""], "unit": ["10^8 yuan of 2020"]})
    tables = {"owen": owen, "owen_years": by_year, "shapley": shapley, "principles": principles}
    rows = deal_blocks(tables, names, results.years)[0]
    assert set(rows["variable"]) == {OWEN_TRANSFER} and (rows.query("year == 2020")["value"] == 0).all()
    shown = rows.query("year == 2060 and region != 'China'").set_index("region")["value"]
    np.testing.assert_allclose(shown[list(names)].to_numpy(float), paid[-1])
    assert abs(rows.query("year == 2060 and region == 'China'")["value"].iloc[0]) < 1e-9
    few = {"plan_sectors": results.tables["plan_sectors"].head(20), "sinks": results.tables["sinks"].head(0)}
    path = tmp_path / "owen.xlsx"
    provinces.write(replace(results, tables={**results.tables, **few, **tables}), path)
    sheet = load_workbook(path)["转移与公平 Transfers"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(i for i, row in enumerate(cells) if row[0] == "省份 Province" and "上限\nHigh" in row)
    low, high = cells[head].index("下限\nLow"), cells[head].index("上限\nHigh")
    assert cells[head + 1][low] == pytest.approx(99.0) and cells[head + 1][high] == pytest.approx(102.0)
    assert any("标准误\nStandard error" in row for row in cells)
    assert ["per_capita", 2060, 1, 7, 6] in [row[:5] for row in cells]
    placed = next(i for i, row in enumerate(cells) if OWEN_TRANSFER in [str(v) for v in row])
    assert cells[placed - 1][2:4] == list(years) and cells[placed + 1][3] == pytest.approx(paid[1][0], rel=1e-6)


def test_the_tile_map_has_one_tile_for_every_province(path, allocated):
    assert set(TILES) == set(allocated.results.regions) and len(set(TILES.values())) == 31
    sheet = load_workbook(path, data_only=True)["方格图 Tile map"]
    names = {str(c.value).split(" ", 1)[-1] for row in sheet.iter_rows(min_row=6) for c in row
             if isinstance(c.value, str)}
    assert set(TILES) <= names


def test_plans_multiply_to_their_target_and_budgets_to_the_nation(small_results):
    tables = small_results.tables
    plans, nation = tables["plans"], tables["plan_nation"].set_index("year")
    assert len(plans) == 8 and (plans["product"] - 1 - plans["change"]).abs().max() < 1e-12
    assert (plans["reached"] - plans["change"]).abs().max() < 1e-9
    total = tables["plan_provinces"].groupby("year")["budget"].sum()
    np.testing.assert_allclose(total, nation["level"], rtol=1e-9)
    by_sector = tables["plan_sectors"].groupby(["region", "year"])["budget"].sum()
    whole = tables["plan_provinces"].set_index(["region", "year"])["budget"].loc[by_sector.index]
    np.testing.assert_allclose(by_sector, whole, rtol=1e-9, atol=1e-9)


def test_captured_co2_is_stored_once_and_never_beyond_what_was_captured(small_results):
    flow = small_results.tables["flows"]
    sent = flow.groupby(["year", "source"])["flow"].sum()
    captured = small_results.table.query("variable == 'Emissions|CO2|Captured' and sector == 'Total'")
    captured = captured.set_index(["year", "region"])["value"]
    assert len(flow) and (sent <= captured.loc[sent.index] * (1 + 1e-9) + 1e-9).all()
    assert (flow["km"].isna() | (flow["km"] >= 0)).all()
    assert pd.unique(flow["unit"]).tolist() == ["Mt CO2"]
