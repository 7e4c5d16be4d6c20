"""An independent recount of a run from its files alone: nothing of the model is imported, every balance is done anew.

Reads results.csv.gz, certificate.json, scenario.lock.yaml, the workbook and the IAMC file of a result folder. A file
that is missing or unreadable, or a table with holes, raises `Damaged`; numbers that do not agree are failed checks.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

#: Largest relative residual of a balance between separately computed numbers.
TOLERANCE = 1e-6
#: Largest relative residual of a plain sum: the table carries ten significant digits.
DIGITS = 1e-8
#: Mt CO2 by which the neutral year may miss its balance.
NEUTRAL = 1.0
NATION, TOTAL = "China", "Total"
#: First cell of the row of units beneath the head of every table of the workbook.
UNIT_ROW = "单位 Unit"
COLUMNS = ("variable", "region", "sector", "year", "unit", "value")
KEYS = list(COLUMNS[:4])
#: Without these no run is complete.
REQUIRED = (
    "GDP|Real", "Consumption|Private", "Consumption|Government", "Investment", "Inventories", "Exports", "Imports",
    "Net Outflow", "Value Added", "Population", "Energy Use", "Energy Use|Electricity", "Emissions|CO2|Energy",
    "Emissions|CO2|Industrial Processes", "Emissions|CO2|Gross", "Emissions|CO2|Captured", "Carbon Removal|Land",
    "Emissions|CO2|Net", "Carbon Intensity",
)
#: Variables whose parts do not cover them: combined heat and power delivers heat too, as a by-product.
PARTLY_COVERED = ("Production|Heat",)
NON_FOSSIL = ("Nuclear power", "Hydropower", "Onshore wind", "Offshore wind", "Utility-scale photovoltaics",
              "Distributed photovoltaics")
#: (table unit, unit shown in the workbook or the IAMC file) -> multiplier from the table.
SHOWN = {
    ("10^8 yuan", "亿元"): 1.0, ("PJ", "万吨标准煤"): 100 / 29.3076, ("PJ", "10^4 tce"): 100 / 29.3076,
    ("PJ", "亿千瓦时"): 10 / 3.6, ("PJ", "10^8 kWh"): 10 / 3.6, ("PJ", "TWh"): 1 / 3.6,
    ("Mt CO2", "万吨CO2"): 100.0, ("Mt CO2", "10^4 t CO2"): 100.0, ("Mt", "万吨"): 100.0, ("Mt", "10^4 t"): 100.0,
    ("GW", "万千瓦"): 100.0, ("GW", "10^4 kW"): 100.0, ("TWh", "亿千瓦时"): 10.0, ("TWh", "10^8 kWh"): 10.0,
    ("million persons", "万人"): 100.0, ("million persons", "10^4 persons"): 100.0,
    ("10^8 yuan", "billion CNY_2020/yr"): 0.1, ("PJ", "EJ/yr"): 1e-3, ("TWh", "EJ/yr"): 3.6e-3,
    ("Mt CO2", "Mt CO2/yr"): 1.0, ("Mt", "Mt/yr"): 1.0, ("million vehicles", "million"): 1.0,
    ("million persons", "million"): 1.0,
    ("t CO2/10^4 yuan", "kg CO2/CNY_2020"): 0.1, ("1e9 tkm", "billion tkm/yr"): 1.0, ("1", ""): 1.0,
    ("1e9 tkm", "亿吨公里"): 10.0, ("1e9 tkm", "10^8 tkm"): 10.0, ("1e9 pkm", "亿人公里"): 10.0,
    ("1e9 pkm", "10^8 pkm"): 10.0, ("Mm2", "万平方米"): 100.0, ("Mm2", "10^4 m2"): 100.0,
    ("t CO2/10^4 yuan", "吨CO2/万元"): 1.0,
    ("1e9 pkm", "billion pkm/yr"): 1.0, ("Mm2", "million m2"): 1.0, ("yuan/t CO2", "CNY_2020/t CO2"): 1.0,
}


class Damaged(ValueError):
    """The folder cannot be verified: what is missing or unreadable, one line each."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Check:
    """One recounted balance: residual relative to its own scale (None: does not apply here) and its worst place."""

    name: str
    residual: float | None
    tolerance: float
    where: str

    @property
    def status(self) -> str:
        """'pass', 'fail', or 'not_run' when the run has nothing to check."""
        if self.residual is None:
            return "not_run"
        return "pass" if math.isfinite(self.residual) and self.residual <= self.tolerance else "fail"


def verify(folder: Path) -> list[Check]:
    """Recount every balance of the run in `folder`. Raises Damaged when files are missing, unreadable or incomplete."""
    folder = Path(folder)
    table, certificate, lock = read_folder(folder)
    run = Recount(table)
    checks = [*recount(run), neutral_year(run, lock), *_certificate(certificate, lock, run)]
    name, output = str(lock["name"]), lock.get("output") or {}
    for title, path, wanted, shown in (
        ("workbook: every figure and total = table", folder / f"{name}.xlsx", output.get("workbook", True), _workbook),
        ("IAMC file: every figure = table", folder / f"{name}_iamc.csv", output.get("iamc", True), _iamc),
    ):
        checks.append(_same(title, shown(path, run), run) if wanted else Check(title, None, DIGITS, "not written"))
    return checks


def recount(run: Recount) -> list[Check]:
    """The balances of the long table alone."""
    return [*_accounts(run), *_energy_and_carbon(run), *_technologies(run)]


def neutral_year(run: Recount, lock: dict) -> Check:
    """In the neutral year of an optimised run storage and land sinks take up all CO2 before capture, in Mt.

    Where shares of technologies are given emissions follow from them and nothing holds this: it does not apply.
    """
    name, year = "CO2 before capture <= stored + land sinks in the neutral year, Mt", (lock.get("carbon") or {}).get(
        "neutral_year")
    needed = ("Emissions|CO2|Gross", "Carbon Storage", "Carbon Removal|Land")
    if (lock.get("technology") or {}).get("choice") != "optimise":
        return Check(name, None, NEUTRAL, "technologies were not optimised")
    if year not in run.years:
        return Check(name, None, NEUTRAL, "no neutral year among the years")
    if missing := [v for v in needed if v not in run.variables]:
        return Check(name, math.inf, NEUTRAL, f"not in the table: {', '.join(missing)}")
    gross, stored, land = (float(run.of_nation(v)[run.years.index(year)]) for v in needed)
    return Check(name, max(gross - stored - land, 0.0), NEUTRAL, f"{year}: {gross:.0f} = {stored:.0f} + {land:.0f}")


def read_folder(folder: Path) -> tuple[pd.DataFrame, dict, dict]:
    """(long table, certificate, lock) of a result folder; raises Damaged naming all that is missing or unreadable."""
    folder = Path(folder)
    if not folder.is_dir():
        raise Damaged([f"{folder}: no such folder"])
    problems: list[str] = []

    def read(name: str, reader):
        path = folder / name
        if not path.is_file():
            problems.append(f"{path}: missing")
            return None
        try:
            return reader(path)
        except (OSError, EOFError, ValueError, zlib.error, YAMLError) as error:
            problems.append(f"{path}: cannot be read: {str(error).splitlines()[0]}")
            return None

    table = read("results.csv.gz", _table)
    certificate = read("certificate.json", lambda path: _mapping(json.loads(path.read_text("utf-8"))))
    lock = read("scenario.lock.yaml", lambda path: _mapping(YAML(typ="safe").load(path.read_text("utf-8"))))
    if lock is not None and not isinstance(lock.get("name"), str):
        problems.append(f"{folder / 'scenario.lock.yaml'}: has no name")
    elif lock is not None:
        output = lock.get("output") or {}
        for key, name in (("workbook", f"{lock['name']}.xlsx"), ("iamc", f"{lock['name']}_iamc.csv")):
            if output.get(key, True) and not (folder / name).is_file():
                problems.append(f"{folder / name}: missing")
    if problems:
        raise Damaged(problems)
    return table, certificate, lock


def _mapping(value) -> dict:
    if not isinstance(value, dict):
        raise ValueError("is not a mapping of names to values")
    return value


def _table(path: Path) -> pd.DataFrame:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        table = pd.read_csv(text, keep_default_na=False, low_memory=False,
                            dtype=dict.fromkeys((*KEYS[:3], "unit"), "category"))
    if tuple(table.columns) != COLUMNS:
        raise ValueError(f"columns are {', '.join(map(str, table.columns))}; expected {', '.join(COLUMNS)}")
    value, year = (pd.to_numeric(table[key], errors="coerce").to_numpy(float) for key in ("value", "year"))
    wrong = ~np.isfinite(value) | ~np.isfinite(year) | (year % 1 != 0)
    if wrong.any():
        raise ValueError(f"row {int(np.argmax(wrong)) + 2} has no number: {table.loc[wrong].iloc[0].tolist()}")
    table = table.assign(value=value, year=year.astype(int))
    twice = table.duplicated(KEYS)
    if twice.any():
        raise ValueError(f"a row occurs twice: {table.loc[twice, KEYS].iloc[0].tolist()}")
    missing = [name for name in REQUIRED if name not in table["variable"].cat.categories]
    if missing:
        raise ValueError(f"variables are missing: {', '.join(missing)}")
    units = table.groupby("variable", observed=True)["unit"].nunique()
    if (units > 1).any():
        raise ValueError(f"more than one unit of: {units.index[units > 1][0]}")
    run = Recount(table)
    whole = run.present[:, :, run.sectors.index(TOTAL)] if TOTAL in run.sectors and NATION in run.regions else None
    if whole is None:
        raise ValueError(f"rows of '{NATION}' or '{TOTAL}' are missing")
    gaps = np.argwhere(whole.any(axis=2) & ~whole.all(axis=2))
    if len(gaps):
        raise ValueError(f"years are missing of: {run.variables[gaps[0][0]]}, {run.regions[gaps[0][1]]}")
    needed = [run.variables.index(name) for name in REQUIRED]
    holes = np.argwhere(~whole[needed].any(axis=2))
    if len(holes):
        raise ValueError(f"rows are missing of: {REQUIRED[holes[0][0]]}, {run.regions[holes[0][1]]}")
    return table


class Recount:
    """The long table as one array (variable, region, sector, year); cells that were left out are zero."""

    def __init__(self, table: pd.DataFrame):
        codes, self.labels = [], []
        for key in KEYS:
            code, label = pd.factorize(table[key], sort=True)
            codes.append(code)
            self.labels.append(tuple(label.tolist()))
        self.variables, self.regions, self.sectors, self.years = self.labels
        shape = tuple(len(label) for label in self.labels)
        self.cube, self.present = np.zeros(shape), np.zeros(shape, dtype=bool)
        self.cube[tuple(codes)] = table["value"].to_numpy()
        self.present[tuple(codes)] = True
        first = table.drop_duplicates("variable")
        self.units = dict(zip(first["variable"].astype(str), first["unit"].astype(str), strict=True))

    @cached_property
    def nation(self) -> int:
        """Position of the nation among the regions."""
        return self.regions.index(NATION)

    @cached_property
    def provinces(self) -> np.ndarray:
        """Positions of all other regions."""
        return np.array([i for i, name in enumerate(self.regions) if name != NATION])

    @cached_property
    def total(self) -> int:
        """Position of the total among the sectors."""
        return self.sectors.index(TOTAL)

    @cached_property
    def detail(self) -> np.ndarray:
        """Positions of the single sectors."""
        return np.array([i for i, name in enumerate(self.sectors) if name != TOTAL], dtype=int)

    def extensive(self, variable: str) -> bool:
        """Whether provinces add up to the nation: shares, ratios and prices do not."""
        unit = self.units[variable]
        return unit not in ("%", "1", "") and ("/" not in unit or unit.endswith(("/yr", "/a")))

    def all(self, variable: str) -> np.ndarray:
        """(regions, sectors, years) of a variable."""
        return self.cube[self.variables.index(variable)]

    def by_region(self, variable: str) -> np.ndarray:
        """(regions, years) of a variable's total."""
        return self.all(variable)[:, self.total]

    def of_nation(self, variable: str) -> np.ndarray:
        """(years,) of a variable's national total."""
        return self.by_region(variable)[self.nation]

    def children(self, variable: str) -> list[str]:
        """Variables one level below."""
        start = variable + "|"
        return [v for v in self.variables if v.startswith(start) and "|" not in v[len(start) :]]


def _worst(name: str, miss: np.ndarray, scale, axes, tolerance: float = TOLERANCE) -> Check:
    """Largest |miss| / scale; zero over zero counts as closed, anything over zero as open. axes : labels per axis."""
    miss = np.abs(miss)
    relative = np.divide(miss, scale, out=np.where(miss > 0, np.inf, 0.0), where=np.asarray(scale) > 0)
    if not relative.size:
        return Check(name, None, tolerance, "nothing to check")
    at = np.unravel_index(int(np.argmax(np.nan_to_num(relative, nan=np.inf))), relative.shape)
    return Check(name, float(relative[at]), tolerance, " ".join(str(axis[i]) for axis, i in zip(axes, at, strict=True)))


def _sum(name: str, parts: np.ndarray, whole: np.ndarray, axes, along: int = 0) -> Check:
    """Sum of `parts` along an axis against `whole`, relative to the sum of sizes."""
    size = np.maximum(np.abs(parts).sum(axis=along), np.abs(whole))
    return _worst(name, parts.sum(axis=along) - whole, size, axes, DIGITS)


def _accounts(run: Recount) -> list[Check]:
    variables, regions, sectors, years = run.labels
    summed = [i for i, v in enumerate(variables) if run.extensive(v) and run.present[i, run.nation].any()
              and run.present[i, run.provinces].any()]
    detailed = [i for i in range(len(variables)) if run.present[i][:, run.detail].any()
                and run.present[i][:, run.total].any()]
    value = run.by_region
    production = value("GDP|Real")
    uses = ("Consumption|Private", "Consumption|Government", "Investment", "Inventories", "Exports", "Net Outflow")
    spending = sum(value(v) for v in uses) - value("Imports")
    outflow = value("Net Outflow")[run.provinces]
    added = run.all("Value Added")[:, run.detail].sum(axis=1)
    return [
        _sum("provinces = nation, every variable", run.cube[np.ix_(summed, run.provinces)],
             run.cube[summed, run.nation], ([variables[i] for i in summed], sectors, years), 1),
        _sum("sectors = total, every variable", run.cube[detailed][:, :, run.detail],
             run.cube[detailed][:, :, run.total], ([variables[i] for i in detailed], regions, years), 2),
        _worst("GDP: production = expenditure, by province", spending - production, production, (regions, years)),
        _worst("net outflow of the provinces sums to zero", outflow.sum(axis=0), np.abs(outflow).sum(axis=0), (years,)),
        _worst("value added of the sectors = GDP", added - production, production, (regions, years)),
    ]


def _energy_and_carbon(run: Recount) -> list[Check]:
    axes, value = run.labels[1:], run.by_region
    wide = (axes[0], axes[2])
    checks = [
        _sum(title, np.stack([run.all(v) for v in parts]), run.all(whole), axes)
        for title, parts, whole in (
            ("energy use = sum of fuels, by province and sector", run.children("Energy Use"), "Energy Use"),
            ("energy CO2 = sum of fuels, by province and sector", run.children("Emissions|CO2|Energy"),
             "Emissions|CO2|Energy"),
            ("gross CO2 = energy + processes, by province and sector",
             ["Emissions|CO2|Energy", "Emissions|CO2|Industrial Processes"], "Emissions|CO2|Gross"),
        )
    ]
    removed = sum(value(v) for v in run.variables if v.startswith("Carbon Removal|"))
    gross, net, gdp = (value(v) for v in ("Emissions|CO2|Gross", "Emissions|CO2|Net", "GDP|Real"))
    left = gross - value("Emissions|CO2|Captured") - removed
    checks.append(_worst("net CO2 = gross - captured - removals", left - net, np.abs(gross) + np.abs(removed), wide))
    # 1 Mt per 10^8 yuan is 100 t per 10^4 yuan.
    checks.append(_worst("carbon intensity = net CO2 / GDP", 100 * net - value("Carbon Intensity") * gdp,
                         100 * np.abs(gross), wide))
    checks += _primary(run)
    stored = [v for v in run.variables if v.startswith("Carbon Storage|")]
    if stored or "Carbon Storage" in run.variables:
        total = sum(run.of_nation(v) for v in (["Carbon Storage"] if "Carbon Storage" in run.variables else stored))
        air = sum(run.of_nation(v) for v in run.variables if v.startswith("Carbon Removal|Direct"))
        captured = run.of_nation("Emissions|CO2|Captured") + air
        # The little that is stored early on is known no better than the emissions it is taken from.
        gross = run.of_nation("Emissions|CO2|Gross")
        checks.append(_worst("stored = captured, nation", total - captured, np.abs(gross), (run.years,)))
    return checks


def _primary(run: Recount) -> list[Check]:
    """Non-fossil shares, and the two conventions for electricity against non-fossil generation."""
    checks, needed = [], [f"Primary Energy|{g}" for g in ("Coal", "Oil", "Gas", "Coal Equivalent", "Calorific")]
    if not set(needed) <= set(run.variables):
        return [Check("non-fossil share recounted", None, DIGITS, "no primary energy in the table")]
    fossil = sum(run.of_nation(v) for v in needed[:3])
    for convention in ("Coal Equivalent", "Calorific"):
        miss = 100 * (1 - fossil / run.of_nation(f"Primary Energy|{convention}"))
        miss -= run.of_nation(f"Non-Fossil Share|{convention}")
        checks.append(_worst(f"non-fossil share ({convention.lower()}) recounted", miss, 100.0, (run.years,), DIGITS))
    made = [f"Production|Electricity|{name}" for name in NON_FOSSIL]
    generated = sum(run.by_region(v)[run.nation] for v in made if v in run.variables)
    if np.ndim(generated) and generated[0] > 0:
        difference = run.of_nation("Primary Energy|Coal Equivalent") - run.of_nation("Primary Energy|Calorific")
        expected = generated * (difference[0] / generated[0])
        checks.append(_worst("electricity conventions differ by non-fossil generation", difference - expected,
                             expected, (run.years,)))
    return checks


def _technologies(run: Recount) -> list[Check]:
    checks, misses, axes = [], [], (run.regions, run.years)
    for variable in run.variables:
        if not re.fullmatch(r"(Production|Capacity|New Capacity)\|[^|]+", variable) or not run.children(variable):
            continue
        parts, total = np.stack([run.by_region(v) for v in run.children(variable)]), run.by_region(variable)
        if variable in PARTLY_COVERED:
            over = np.maximum(parts.sum(axis=0) - total, 0.0)
            misses.append(_worst(variable, over, np.maximum(total, 1e-9), axes, DIGITS))
        else:
            misses.append(_sum(variable, parts, total, axes))
    if misses:
        worst = max(misses, key=lambda check: check.residual)
        where = f"{worst.name} {worst.where}"
        checks.append(Check("technologies add up to their product, by province", worst.residual, DIGITS, where))
    name = "electricity: use grows with generation, nation"
    if any(v.startswith("Trade|Electricity") for v in run.variables):
        checks.append(Check(name, None, TOLERANCE, "lines lose a changing share of it"))
    elif "Production|Electricity" in run.variables:
        use, made = run.of_nation("Energy Use|Electricity"), run.of_nation("Production|Electricity")
        checks.append(_worst(name, use / use[0] - made / made[0], made / made[0], (run.years,)))
    built = [v for v in run.variables if v.startswith("New Capacity|") and v.removeprefix("New ") in run.variables]
    if built:
        stock, new = (np.stack([run.by_region(v) for v in names]) for names in
                      ([v.removeprefix("New ") for v in built], built))
        # Yearly additions run linearly between model years (even before the second one); else they are a step's.
        yearly = np.array([run.units[v].endswith(("/yr", "/a")) for v in built])[:, None, None]
        span = np.diff(run.years).astype(float)
        middle = np.concatenate([new[:, :, 1:2], (new[:, :, 1:-1] + new[:, :, 2:]) / 2], axis=2)
        # Of the additions of a step the last year counts fully, so the sum lies half a year's change above the mean.
        middle += np.abs(new[:, :, 1:] - middle) / span
        # Capacity taken out of service may come back, so it is held to the first year's plus all additions since.
        added = np.cumsum(np.where(yearly, middle * span, new[:, :, 1:]), axis=2)
        over = stock[:, :, 1:] - stock[:, :, :1] - added
        checks.append(_worst("capacity grows by new capacity at most", np.maximum(over, 0.0),
                             np.maximum(stock[:, :, 1:], 1e-3), (built, run.regions, run.years[1:])))
    return checks


def _certificate(certificate: dict, lock: dict, run: Recount) -> list[Check]:
    """The certificate against its own numbers and against the lock file."""
    wrong, ledgers = [], certificate.get("ledgers")
    if not isinstance(ledgers, list) or not ledgers or not all(isinstance(entry, dict) for entry in ledgers):
        return [Check("certificate consistent with itself", math.inf, 0.0, "it lists no ledgers")]
    for entry in ledgers:
        residual, tolerance, status = (entry.get(key) for key in ("residual", "tolerance", "status"))
        known = isinstance(residual, (int, float)) and isinstance(tolerance, (int, float))
        # A residual that is not a number is written as null; then only 'fail' and 'not_run' are honest.
        allowed = (("pass",) if residual <= tolerance else ("fail",)) if known else ("fail", "not_run")
        if status not in allowed or entry.get("kind") not in ("independent", "by construction"):
            wrong.append(str(entry.get("name")))
    if certificate.get("passed") is not all(entry.get("status") != "fail" for entry in ledgers):
        wrong.append("passed")
    locked = lock.get("lock") or {}
    if certificate.get("scenario_sha256") != locked.get("scenario_sha256"):
        wrong.append("scenario_sha256 differs from the lock file")
    if certificate.get("base_year_sha256") not in (locked.get("inputs") or {}).values():
        wrong.append("base_year_sha256 differs from the lock file")
    if tuple(lock.get("years") or ()) != run.years:
        wrong.append("years of the lock file differ from the table")
    failed = [str(entry.get("name")) for entry in ledgers if entry.get("status") == "fail"]
    return [
        Check("certificate consistent with itself and the lock file", float(len(wrong)), 0.0, "; ".join(wrong)),
        Check("certificate: no ledger failed", float(len(failed)), 0.0, "; ".join(failed)),
    ]


def _same(name: str, shown: list[tuple], run: Recount) -> Check:
    """Figures (variable, region, sector, year, unit shown, value) of another file against the table."""
    if not shown:
        return Check(name, math.inf, DIGITS, "no figures found")
    at = [{label: i for i, label in enumerate(labels)} for labels in run.labels]
    expected = np.zeros(len(shown))
    for i, (*key, unit, _) in enumerate(shown):
        cell = tuple(axis.get(part) for axis, part in zip(at, key, strict=True))
        own = run.units.get(key[0])
        multiple = 1.0 if own == unit else SHOWN.get((own, unit), math.nan)
        expected[i] = math.nan if None in cell else run.cube[cell] * multiple
    value = np.array([entry[-1] for entry in shown])
    # Sums of rounded figures may differ in the last of ten digits, hence a floor for totals near zero.
    largest: dict[str, float] = {}
    for entry in shown:
        largest[entry[0]] = max(largest.get(entry[0], 0.0), abs(entry[-1]))
    scale = np.fmax(np.abs(expected), [1e-4 * largest[entry[0]] for entry in shown])
    return _worst(name, value - expected, scale, ([" ".join(map(str, entry[:4])) for entry in shown],), DIGITS)


def _iamc(path: Path, run: Recount) -> list[tuple]:
    try:
        found = _melted(pd.read_csv(path, keep_default_na=False, dtype=str), run)
    except (ValueError, KeyError, OSError) as error:
        raise Damaged([f"{path}: cannot be read: {type(error).__name__} {error}"]) from None
    shown, whole = sum(sector == TOTAL for _, _, sector, *_ in found), int(run.present[:, :, run.total].sum())
    if shown != whole:
        raise Damaged([f"{path}: has {shown} figures without sector, the table {whole}"])
    return found


def _melted(wide: pd.DataFrame, run: Recount) -> list[tuple]:
    if absent := {"Region", "Variable", "Unit"} - set(wide.columns):
        raise KeyError(f"no column {', '.join(sorted(absent))}")
    years = [c for c in wide.columns if re.fullmatch(r"\d{4}", c)]
    variables, found = set(run.variables), []
    for row in wide.to_dict("records"):
        variable, sector = row["Variable"], TOTAL
        if variable not in variables:
            variable, _, sector = variable.rpartition("|")
        found += [(variable, row["Region"], sector, int(y), row["Unit"], float(row[y])) for y in years if row[y] != ""]
    return found


def _workbook(path: Path, run: Recount) -> list[tuple]:
    """Every figure of the workbook's tables. A table is known by the row that begins with its unit: the head stands
    above it, and its second cell names the variable (and year, where the columns are provinces or fuels)."""
    try:
        book = CalamineWorkbook.from_path(path)
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (CalamineError, OSError) as error:
        raise Damaged([f"{path}: cannot be read: {error}"]) from None
    found: list[tuple] = []
    for rows in sheets.values():
        for at in range(1, len(rows)):
            if str(rows[at][0]) == UNIT_ROW:
                found += _drawn(rows, at, run)
    return found


def _drawn(rows: list[list], at: int, run: Recount) -> list[tuple]:
    """Figures of the table whose unit row is `at`: rows are provinces, sectors or, with a column that names them,
    variables of the nation; columns are years, or provinces or fuels of the year in the tag 'variable @ year'."""
    head, units, found = [str(cell) for cell in rows[at - 1]], [str(cell) for cell in rows[at]], []
    tag, _, fixed = units[1].partition(" @ ")
    named = next((c for c, text in enumerate(head) if text.startswith(("变量", "Variable"))), None)
    first, last = (3, named) if named else (2, max(c for c, text in enumerate(head) if text) + 1)
    for row in rows[at + 1 :]:
        if str(row[0]) == UNIT_ROW:
            break
        for column in range(first, last):
            label = head[column].split("\n")[-1]
            place, sector, year = NATION, TOTAL, int(fixed) if fixed else int(float(label))
            variable, unit = (str(row[named]), str(row[2])) if named else (tag, units[column])
            if not named and str(row[1]) in run.regions:
                place = str(row[1])
            elif not named and str(row[1]) in run.sectors:
                sector = str(row[1])
            elif not named:
                continue
            if "*" in variable:
                variable = variable.removesuffix("|*") if label == TOTAL else variable.replace("*", label)
            elif fixed:
                place = label
            if variable in run.units and sector in run.sectors and place in run.regions:
                value = row[column] if isinstance(row[column], (int, float)) else math.nan
                found.append((variable, place, sector, year, unit, float(value)))
    return found
