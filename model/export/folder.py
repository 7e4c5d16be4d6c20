"""Everything a run leaves in its folder (docs/results.md)."""

from __future__ import annotations

from pathlib import Path

from model.export import excel, iamc
from model.results import Results


def write_folder(
    results: Results,
    folder: Path,
    log: list[str],
    *,
    workbook: bool = True,
    iamc_file: bool = True,
    units: str = "ministry",
    language: str = "both",
) -> None:
    """Write lock file, workbook, IAMC file, long table, certificate and log into `folder` (which exists and is empty).

    workbook, iamc_file, units, language : as the scenario's `output` says.
    """
    (folder / "scenario.lock.yaml").write_text(results.lock, encoding="utf-8")
    if workbook:
        excel.write(results, folder / f"{results.scenario_name}.xlsx", units=units, language=language)
    if iamc_file:
        iamc.write(results, folder / f"{results.scenario_name}_iamc.csv")
    results.write_csv(folder / "results.csv.gz")
    (folder / "certificate.json").write_text(results.certificate.to_json(), encoding="utf-8")
    (folder / "run.log").write_text("\n".join(log) + "\n", encoding="utf-8")
