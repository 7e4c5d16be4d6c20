"""Quotas of a finished run from its files: the national cap path divided among provinces by rules side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from io_tables import classification
from io_tables.errors import InputError, Problem, did_you_mean
from model.carbon.desk_run import LAND, NET, PER_TONNE, grid
from model.carbon.desk_tables import ADDED, BLEND, ENTROPY, desk_tables, rule_name
from model.carbon.negotiation import RULES
from model.certificate import Certificate, Ledger
from model.results import NATION, TOTAL, Results, long_table
from model.verify import Damaged, read_folder
from scenarios.load import load_scenario
from scenarios.schema import Scenario

#: Years of which the screen shows the blend, besides the last.
SHOWN = (2030, 2035)


@dataclass(frozen=True)
class Allocated:
    """A run with its quotas: results as the workbook takes them, the tidy table of quotas."""

    results: Results
    quotas: pd.DataFrame

    def lines(self, top: int = 8) -> list[str]:
        """A short table for the screen: the provinces with the largest quotas under every rule, in a few years."""
        tables, years = self.results.tables, self.results.years
        rules = [*tables["rules"].loc[tables["rules"]["left_out"] == "", "rule"], BLEND[0]]
        lines = []
        for year in dict.fromkeys([*(y for y in SHOWN if y in years), years[-1]]):
            rows = tables["quotas"][tables["quotas"]["year"] == year]
            wide = rows.pivot(index="region", columns="rule", values="quota")[rules]
            wide["pathway"] = tables["desk"].loc[tables["desk"]["year"] == year].set_index("region")["optimum"]
            order = wide["pathway"].sort_values(ascending=False).index[:top]
            heads = [*(rule_name(rule) for rule in rules), "Pathway"]
            facts = tables["desk_years"].set_index("year").loc[year]
            lines.append(f"{year}: net CO2 {facts['net']:,.0f} + land sinks {facts['sinks']:,.0f} = "
                         f"{facts['divided']:,.0f} Mt CO2 divided; price {facts['price']:,.0f} yuan/t")
            lines.append(f"{'Mt CO2':16}" + "".join(f"{head.split(' and ')[0][:14]:>15}" for head in heads))
            shown = pd.concat([wide.loc[order], wide.drop(order).sum().rename("others").to_frame().T,
                               wide.sum().rename("sum").to_frame().T])
            lines += [f"{name:16}" + "".join(f"{value:15,.1f}" for value in row) for name, row in
                      zip(shown.index, shown.to_numpy(dtype=float), strict=True)]
        for row in tables["rules"].itertuples():
            if row.left_out:
                lines.append(f"left out: {row.en}: {row.left_out}")
        return lines

    def write_csv(self, path: Path) -> None:
        """Quotas and permit trade as rule, region, year, quota, optimum, price, receipts, with their units."""
        self.quotas.to_csv(path, index=False, float_format="%.10g", lineterminator="\n", encoding="utf-8-sig")


def allocate(folder: Path, *, rules: Sequence[str] | None = None, weights: Mapping[str, float] | str | None = None,
             baseline: Path | None = None, price: float | None = None) -> Allocated:
    """Divide the cap path of the run in `folder`.

    rules : those laid side by side (default: all the run has data for); weights of the blend by rule, or 'entropy'
    (default: the scenario's, else equal); baseline : folder of a run without the cap; price : yuan per tonne in every
    year instead of the run's. Raises InputError for unknown rules and runs that do not fit, verify.Damaged for
    incomplete folders.
    """
    given = () if weights is None or weights == ENTROPY else tuple(weights)
    known_rules([*(rules or ()), *given])
    table, results, scenario = read_results(folder)
    if given and rules:
        rules = list(dict.fromkeys([*rules, *given]))
    reference = None if baseline is None else _baseline(baseline, results)
    tables, added = desk_tables(
        table, scenario, results.regions, _sectors(table), pd.DataFrame(), weights=weights, rules=rules,
        baseline=reference, price=None if price is None else np.full(len(results.years), PER_TONNE * price),
    )
    whole = long_table([results.table, *added])
    return Allocated(replace(results, table=whole, tables=tables), _tidy(tables))


def known_rules(names: Sequence[str]) -> None:
    """Raise InputError naming every rule that does not exist, with the nearest."""
    wrong = [Problem(f"rule '{name}'", "is unknown", did_you_mean(name, RULES)) for name in dict.fromkeys(names)
             if name not in RULES]
    if wrong:
        raise InputError(wrong)


def parse_weights(text: str) -> dict[str, float] | str:
    """Weights from 'rule=0.5,other=0.5', or 'entropy'; a rule by key, English or Chinese name.

    Raises InputError for all mistakes.
    """
    if text.strip().casefold() in (ENTROPY, "熵权"):
        return ENTROPY
    found, problems = {}, []
    names = {rule.en.casefold(): key for key, rule in RULES.items()} | {rule.zh: key for key, rule in RULES.items()}
    for part in text.replace("\uff0c", ",").replace("\uff1d", "=").split(","):
        key, separator, value = (piece.strip() for piece in part.partition("="))
        key = names.get(key.casefold(), key)
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not separator or not key or not np.isfinite(number) or number < 0:
            problems.append(Problem("--weights", f"'{part.strip()}' is not rule=number", "write a=0.5,b=0.5"))
        elif key not in RULES:
            problems.append(Problem("--weights", f"rule '{key}' is unknown", did_you_mean(key, RULES)))
        elif key in found:
            problems.append(Problem("--weights", f"rule '{key}' is given twice"))
        else:
            found[key] = number
    if not problems and not sum(found.values()) > 0:
        problems.append(Problem("--weights", "all weights are zero", "give one rule a weight above zero"))
    if problems:
        raise InputError(problems)
    return found


def read_results(folder: Path) -> tuple[pd.DataFrame, Results, Scenario]:
    """(long table, results without the provincial tables, scenario) of a finished run's folder."""
    folder = Path(folder)
    table, certificate, _ = read_folder(folder)
    table = table.astype(dict.fromkeys(("variable", "region", "sector", "unit"), str))
    table = table[~table["variable"].str.startswith(ADDED)]
    scenario = load_scenario(folder / "scenario.lock.yaml")
    provinces, sectors = classification.provinces(), classification.sectors()
    here = set(table["region"].unique()) - {NATION}
    regions = tuple(name for name in provinces.keys if name in here)
    if not regions or set(regions) != here:
        raise InputError(Problem(str(folder), "its regions are not the provinces of this model"))
    years = tuple(sorted(int(y) for y in table["year"].unique()))
    if years != tuple(scenario.years):
        raise Damaged([f"{folder}: years of the table are not those of the lock file"])
    listed = set(table["sector"].unique())
    own = tuple(name for name in sectors.keys if name in listed)
    empty = pd.DataFrame()
    results = Results(
        scenario.name, scenario.title.en or scenario.name, scenario.title.zh or scenario.name, scenario.description,
        years, regions, tuple(provinces.zh(name) for name in regions), own, tuple(sectors.zh(name) for name in own),
        table, _certificate(folder, certificate), empty, empty, empty,
        (folder / "scenario.lock.yaml").read_text(encoding="utf-8"),
    )
    return table, results, scenario


def _certificate(folder: Path, stored: dict) -> Certificate:
    try:
        ledgers = tuple(Ledger(**entry) for entry in stored["ledgers"])
        return Certificate(**{**stored, "ledgers": ledgers})
    except (KeyError, TypeError) as error:
        raise Damaged([f"{folder / 'certificate.json'}: is not the certificate of a run: {error}"]) from None


def _sectors(table: pd.DataFrame) -> tuple[str, ...]:
    known = (*classification.sectors().keys, *classification.HOUSEHOLDS)
    listed = set(table["sector"].unique()) - {TOTAL}
    return tuple(name for name in known if name in listed)


def _baseline(folder: Path, results: Results) -> tuple[str, np.ndarray]:
    """Name and emissions (T, R) before sinks of another run with the same years."""
    table, other, _ = read_results(folder)
    missing = [year for year in results.years if year not in other.years]
    if missing:
        raise InputError(Problem(str(folder), f"has no year {missing[0]}", "take a baseline with the same model years"))
    return other.scenario_name, sum(grid(table, v, results.regions, results.years) for v in (NET, LAND))


def _tidy(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """rule, zh, region, year, quota, optimum, price, receipts; units in the names of the columns."""
    names = {row.rule: row.zh for row in tables["rules"].itertuples()} | {BLEND[0]: BLEND[2]}
    rows = tables["quotas"].merge(tables["desk"][["region", "year", "optimum"]], on=["region", "year"])
    rows = rows.merge(tables["desk_years"][["year", "price"]], on="year")
    return pd.DataFrame({
        "rule": rows["rule"], "rule_zh": rows["rule"].map(names), "region": rows["region"], "year": rows["year"],
        "quota_Mt_CO2": rows["quota"], "pathway_Mt_CO2": rows["optimum"], "price_yuan_per_t": rows["price"],
        "permit_receipts_1e8_yuan": (rows["quota"] - rows["optimum"]) * rows["price"] * PER_TONNE,
    })
