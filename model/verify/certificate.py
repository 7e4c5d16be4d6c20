"""The certificate against its own numbers and against the lock file."""

from __future__ import annotations

import math

from model.verify.checks import Check
from model.verify.table import Recount


def consistent(certificate: dict, lock: dict, run: Recount) -> list[Check]:
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
