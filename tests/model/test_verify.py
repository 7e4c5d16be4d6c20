"""The recount from files: a fresh run passes, and a change of one number anywhere is found."""

import gzip
import json
import shutil
import zipfile

import pandas as pd
import pytest

import run_model
from model.verify import SHOWN, Damaged, Recount, neutral_year, read_folder, recount, verify, within_budget

BUDGET = "cumulative net CO2 <= budget"
NEUTRAL_BALANCE = "CO2 before capture <= stored + land sinks in the neutral year, Mt"


@pytest.fixture(scope="module")
def rows(small_run):
    """Lines of the long table."""
    return gzip.decompress((small_run / "results.csv.gz").read_bytes()).decode().splitlines()


@pytest.fixture(scope="module")
def table(small_run):
    return read_folder(small_run)[0]


@pytest.fixture
def folder(small_run, tmp_path):
    """A copy whose lock file says that neither workbook nor IAMC file were asked for."""
    lock = (small_run / "scenario.lock.yaml").read_text("utf-8")
    lock = lock.replace("  workbook: true", "  workbook: false").replace("  iamc: true", "  iamc: false")
    (tmp_path / "scenario.lock.yaml").write_text(lock, encoding="utf-8")
    for name in ("certificate.json", "results.csv.gz"):
        shutil.copy(small_run / name, tmp_path / name)
    return tmp_path


def write(folder, rows):
    (folder / "results.csv.gz").write_bytes(gzip.compress("\n".join([*rows, ""]).encode(), compresslevel=1))


def failed(folder):
    return {check.name for check in verify(folder) if check.status == "fail"}


def at(rows, start):
    """Position of the only row that begins so."""
    (found,) = [i for i, row in enumerate(rows) if row.startswith(start)]
    return found


def scaled(row, factor):
    head, _, value = row.rpartition(",")
    return f"{head},{float(value) * factor:.10g}"


def test_a_fresh_run_passes_every_check_and_exits_zero(small_run, capsys):
    checks = verify(small_run)
    # Shares of technologies are given in this run: nothing holds its neutral year and no budget applies.
    passed = [check for check in checks if check.name not in (NEUTRAL_BALANCE, BUDGET)]
    assert len(passed) >= 18 and all(check.status == "pass" for check in passed)
    assert [(check.status, check.where) for check in checks if check.name in (NEUTRAL_BALANCE, BUDGET)] == [
        ("not_run", "technologies were not optimised"), ("not_run", "no budget on an optimised run")]
    assert run_model.main(["verify", str(small_run)]) == 0
    assert "close" in capsys.readouterr().out


@pytest.mark.parametrize(("start", "caught_by"), [
    ("GDP|Real,Hebei,Total,2030", {"provinces = nation, every variable", "GDP: production = expenditure, by province",
                                   "value added of the sectors = GDP"}),
    ("Net Outflow,Hebei,Total,2030", {"net outflow of the provinces sums to zero"}),
    ("Value Added,Jiangsu,Finance,2060", {"sectors = total, every variable", "value added of the sectors = GDP"}),
    ("Energy Use|Coal,Shanxi,Chemicals,2030", {"energy use = sum of fuels, by province and sector"}),
    ("Emissions|CO2|Industrial Processes,Anhui,Non-metallic minerals,2030",
     {"gross CO2 = energy + processes, by province and sector"}),
    ("Emissions|CO2|Energy|Coal,Anhui,Chemicals,2030", {"energy CO2 = sum of fuels, by province and sector"}),
    ("Emissions|CO2|Net,China,Total,2060", {"net CO2 = gross - captured - removals"}),
    ("Carbon Intensity,Tibet,Total,2030", {"carbon intensity = net CO2 / GDP"}),
    ("Non-Fossil Share|Calorific,China,Total,2030", {"non-fossil share (calorific) recounted"}),
    ("Primary Energy|Coal Equivalent,China,Total,2060", {"electricity conventions differ by non-fossil generation"}),
    ("Production|Crude steel|Scrap and electric arc furnace,Hebei,Total,2060",
     {"technologies add up to their product, by province"}),
])
def test_one_changed_number_is_found(table, start, caught_by):
    """One part in ten thousand is enough."""
    variable, region, sector, year = start.split(",")
    chosen = (table["variable"] == variable) & (table["region"] == region) & (table["sector"] == sector)
    chosen &= table["year"] == int(year)
    assert chosen.sum() == 1
    changed = table.assign(value=table["value"].where(~chosen, table["value"] * 1.0001))
    assert caught_by <= {check.name for check in recount(Recount(changed)) if check.status == "fail"}


def test_a_changed_number_in_the_file_is_found(folder, rows):
    place = at(rows, "GDP|Real,Hebei,Total,2030")
    write(folder, [*rows[:place], scaled(rows[place], 1.0001), *rows[place + 1 :]])
    assert {"provinces = nation, every variable", "value added of the sectors = GDP"} <= failed(folder)


def test_electricity_that_nobody_generates_is_found(table):
    """All of a year's electricity use raised alike: sums still close, generation does not follow."""
    chosen = (table["variable"] == "Energy Use|Electricity") & (table["year"] == 2060)
    changed = table.assign(value=table["value"].where(~chosen, table["value"] * 1.001))
    found = {check.name for check in recount(Recount(changed)) if check.status == "fail"}
    assert "electricity: use grows with generation, nation" in found
    assert not any(name.startswith(("provinces", "sectors")) for name in found)


@pytest.mark.parametrize("gross, status", [(3248.0, "pass"), (3248.9, "pass"), (3250.0, "fail"), (3000.0, "pass")])
def test_what_is_let_out_in_the_neutral_year_must_be_stored_or_taken_up(gross, status):
    amounts = {"Emissions|CO2|Gross": gross, "Carbon Storage": 2448.0, "Carbon Removal|Land": 800.0}
    rows = [(v, "China", "Total", 2060, "Mt CO2", amount) for v, amount in amounts.items()]
    run = Recount(pd.DataFrame(rows, columns=["variable", "region", "sector", "year", "unit", "value"]))
    optimised = {"carbon": {"neutral_year": 2060}, "technology": {"choice": "optimise"}}
    assert neutral_year(run, optimised).status == status
    assert neutral_year(run, {**optimised, "carbon": {"neutral_year": 2055}}).status == "not_run"
    assert neutral_year(run, {**optimised, "technology": {"choice": "shares"}}).status == "not_run"
    assert neutral_year(run, {}).status == "not_run"


@pytest.mark.parametrize("rule, most", [("trapezium", 10.0 * 5 + 8.0 * 10), ("sum", 10.0 + 10.0 * 5 + 6.0 * 10),
                                        ("mean", (10.0 * 5 + 8.0 * 10) / 15)])
def test_net_co2_is_added_up_as_the_rule_of_the_budget_says(rule, most):
    rows = [("Emissions|CO2|Net", "China", "Total", year, "Mt CO2", value)
            for year, value in ((2020, 10.0), (2025, 10.0), (2035, 6.0))]
    run = Recount(pd.DataFrame(rows, columns=["variable", "region", "sector", "year", "unit", "value"]))
    lock = {"economics": {"budget_rule": rule}, "technology": {"choice": "optimise"}}
    for budget, status in ((most, "pass"), (most * (1 - 1e-4), "fail"), (None, "not_run")):
        assert within_budget(run, {**lock, "carbon": {"budget": budget}}).status == status
    assert within_budget(run, {"carbon": {"budget": 0.1}}).status == "not_run"


def test_a_budget_on_energy_counts_what_is_in_its_scope():
    rows = [(v, "China", "Total", y, "Mt CO2", amount) for v, amount in
            (("Emissions|CO2|Net", 9.0), ("Emissions|CO2|In Scope", 8.0), ("Carbon Removal|Land", 1.0))
            for y in (2020, 2030)]
    run = Recount(pd.DataFrame(rows, columns=["variable", "region", "sector", "year", "unit", "value"]))
    lock = {"carbon": {"budget": 70.0, "scope": "energy"}, "technology": {"choice": "optimise"}}
    assert within_budget(run, lock).status == "pass"
    assert within_budget(run, {**lock, "carbon": {"budget": 70.0}}).status == "fail"


@pytest.mark.parametrize("left_out", ["Emissions|CO2|Gross", "Carbon Storage", "Carbon Removal|Land"])
def test_an_optimised_run_without_the_rows_of_the_neutral_balance_fails(left_out):
    variables = {"Emissions|CO2|Gross", "Carbon Storage", "Carbon Removal|Land"} - {left_out}
    rows = [(v, "China", "Total", 2060, "Mt CO2", 0.0) for v in sorted(variables)]
    run = Recount(pd.DataFrame(rows, columns=["variable", "region", "sector", "year", "unit", "value"]))
    found = neutral_year(run, {"carbon": {"neutral_year": 2060}, "technology": {"choice": "optimise"}})
    assert found.status == "fail" and left_out in found.where


def test_a_removed_province_or_nation_row_is_found(folder, rows):
    gone = at(rows, "Value Added,Jiangsu,Finance,2060")
    write(folder, rows[:gone] + rows[gone + 1 :])
    assert "sectors = total, every variable" in failed(folder)


def test_capacity_that_appears_without_being_built_is_found(folder, rows):
    stock = [row for row in rows if row.startswith("Capacity|Electricity|Onshore wind,")]
    before, built = 0.0, []
    for row in stock:
        variable, region, sector, year, unit, value = row.split(",")
        growth = max(0.0, float(value) - before) if year != "2020" else 0.0
        before = float(value)
        built.append(f"New {variable},{region},{sector},{year},{unit},{growth:.10g}")
    write(folder, rows + built)
    assert not failed(folder)
    place = at(rows, "Capacity|Electricity|Onshore wind,Gansu,Total,2060")
    changed = list(rows)
    changed[place] = scaled(rows[place], 1.01)
    write(folder, changed + built)
    assert "capacity grows by new capacity at most" in failed(folder)


@pytest.mark.parametrize("change", [
    lambda c: c.update(passed=False),
    lambda c: c["ledgers"][0].update(residual=1.0),
    lambda c: c["ledgers"][0].update(status="fail"),
    lambda c: c.update(scenario_sha256="0" * 64),
    lambda c: c.update(base_year_sha256="0" * 64),
    lambda c: c.update(ledgers=[]),
])
def test_a_certificate_that_contradicts_itself_or_the_lock_is_found(folder, change):
    path = folder / "certificate.json"
    certificate = json.loads(path.read_text("utf-8"))
    change(certificate)
    path.write_text(json.dumps(certificate), encoding="utf-8")
    assert any(name.startswith("certificate") for name in failed(folder))


def test_a_failed_ledger_is_not_passed_over(folder):
    path = folder / "certificate.json"
    certificate = json.loads(path.read_text("utf-8"))
    certificate["ledgers"][0].update(residual=1.0, status="fail")
    certificate["passed"] = False
    path.write_text(json.dumps(certificate), encoding="utf-8")
    assert failed(folder) == {"certificate: no ledger failed"}


def test_changed_figures_in_workbook_and_iamc_file_are_found(small_run, tmp_path, capsys):
    copy = tmp_path / small_run.name
    shutil.copytree(small_run, copy)
    book = copy / f"{small_run.name}.xlsx"
    with zipfile.ZipFile(book) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    changed = 0
    for name, content in parts.items():
        # The cached value of one live total, as after a hand edit.
        if changed == 0 and name.startswith("xl/worksheets/") and b"<f>SUM(" in content:
            head, formula, rest = content.partition(b"<f>SUM(")
            before, value, after = rest.partition(b"<v>")
            parts[name] = head + formula + before + value + b"9" + after
            changed += 1
    with zipfile.ZipFile(book, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    iamc = copy / f"{small_run.name}_iamc.csv"
    lines = iamc.read_text("utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if ",Hebei,GDP|Real," in line)
    lines[place] = scaled(lines[place], 1.001)
    iamc.write_text("\n".join(lines), encoding="utf-8")
    assert failed(copy) == {"workbook: every figure and total = table", "IAMC file: every figure = table"}
    assert run_model.main(["verify", str(copy), "--quiet"]) == 1
    assert "failed: workbook" in capsys.readouterr().err


def test_missing_files_are_all_named(small_run, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(small_run, copy)
    for name in ("results.csv.gz", "certificate.json", f"{small_run.name}.xlsx"):
        (copy / name).unlink()
    assert run_model.main(["verify", str(copy)]) == 2
    told = capsys.readouterr().err
    assert all(f"{name}: missing" in told for name in ("results.csv.gz", "certificate.json", f"{small_run.name}.xlsx"))
    assert run_model.main(["verify", str(tmp_path / "nowhere")]) == 2


@pytest.mark.parametrize(("name", "content", "told"), [
    ("results.csv.gz", b"not gzip", "cannot be read"),
    ("certificate.json", b"[1, 2]", "not a mapping"),
    ("certificate.json", b"{", "cannot be read"),
    ("scenario.lock.yaml", b"a: [1", "cannot be read"),
    ("scenario.lock.yaml", b"years: [2020]", "has no name"),
])
def test_damaged_files_are_named(folder, name, content, told):
    (folder / name).write_bytes(content)
    with pytest.raises(Damaged, match=told) as caught:
        verify(folder)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["quick.xlsx", "quick_iamc.csv"])
def test_a_damaged_workbook_or_iamc_file_is_named(small_run, tmp_path, name):
    copy = tmp_path / "copy"
    shutil.copytree(small_run, copy)
    (copy / name).write_bytes(b"PK nothing of the kind")
    with pytest.raises(Damaged, match=name):
        verify(copy)


@pytest.mark.parametrize(("change", "told"), [
    (lambda rows: [rows[0].replace("value", "level"), *rows[1:]], "columns are"),
    (lambda rows: [*rows, rows[-1]], "occurs twice"),
    (lambda rows: [*rows[:-1], rows[-1].rpartition(",")[0] + ",much"], "no number"),
    (lambda rows: [r for r in rows if not r.startswith("Inventories,")], "missing: Inventories"),
    (lambda rows: [r for r in rows if not r.startswith("Competitiveness,Anhui,Total,2030")], "years are missing"),
    (lambda rows: [r for r in rows if not r.startswith("Population,Anhui,")], "rows are missing of: Population, Anhui"),
    (lambda rows: rows[: len(rows) // 3], "missing"),
])
def test_a_table_with_holes_is_damaged(folder, rows, change, told):
    write(folder, change(rows))
    with pytest.raises(Damaged, match=told):
        verify(folder)


def test_units_of_the_recount_agree_with_the_one_table_of_units():
    """The verifier has its own multipliers; here they meet those of the model."""
    from io_tables.units import UNITS, factor

    met = [(own, shown) for own, shown in SHOWN if own in UNITS and shown in UNITS and shown != "million"]
    assert len(met) >= 10
    for own, shown in met:
        assert SHOWN[own, shown] == pytest.approx(factor(own, shown), rel=1e-12)
