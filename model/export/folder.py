"""Everything a run leaves in its folder (see README: what a run leaves)."""

from __future__ import annotations

from pathlib import Path

from model.export import excel
from model.results import Results


def write_folder(results: Results, folder: Path, log: list[str]) -> None:
    """Write lock file, workbook, long table, certificate and log into `folder` (which exists and is empty)."""
    (folder / "scenario.lock.yaml").write_text(results.lock, encoding="utf-8")
    excel.write(results, folder / f"{results.scenario_name}.xlsx")
    results.write_csv(folder / "results.csv.gz")
    (folder / "certificate.json").write_text(results.certificate.to_json(), encoding="utf-8")
    (folder / "run.log").write_text("\n".join(log) + "\n", encoding="utf-8")
