"""An independent recount of a run from its files alone: nothing else of the model is imported, every balance
is done anew.

Reads results.csv.gz, certificate.json, scenario.lock.yaml, the workbook and the IAMC file of a result folder. A file
that is missing or unreadable, or a table with holes, raises `Damaged`; numbers that do not agree are failed checks.
"""

from __future__ import annotations

from pathlib import Path

from model.verify.balances import neutral_year, recount, within_budget
from model.verify.certificate import consistent
from model.verify.checks import DIGITS, Check
from model.verify.folder import Damaged, read_folder
from model.verify.shown import SHOWN, of_iamc, of_workbook, same
from model.verify.table import Recount

__all__ = ["SHOWN", "Check", "Damaged", "Recount", "neutral_year", "read_folder", "recount", "verify", "within_budget"]


def verify(folder: Path) -> list[Check]:
    """Recount every balance of the run in `folder`. Raises Damaged when files are missing, unreadable or incomplete."""
    folder = Path(folder)
    table, certificate, lock = read_folder(folder)
    run = Recount(table)
    checks = [*recount(run), neutral_year(run, lock), within_budget(run, lock), *consistent(certificate, lock, run)]
    name, output = str(lock["name"]), lock.get("output") or {}
    for title, path, wanted, shown in (
        ("workbook: every figure and total = table", folder / f"{name}.xlsx", output.get("workbook", True),
         of_workbook),
        ("IAMC file: every figure = table", folder / f"{name}_iamc.csv", output.get("iamc", True), of_iamc),
    ):
        checks.append(same(title, shown(path, run), run) if wanted else Check(title, None, DIGITS, "not written"))
    return checks
