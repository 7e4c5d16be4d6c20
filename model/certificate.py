"""What is proved about a run (E13): ledgers, each marked independent or true by construction."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass

INDEPENDENT, BY_CONSTRUCTION = "independent", "by construction"
PASS, FAIL, NOT_RUN = "pass", "fail", "not_run"
#: Relative residual below which a ledger passes.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Ledger:
    """One balance that must close.

    residual : relative to the ledger's own scale, >= 0 (None when not run); where : the worst place.
    unit : what the residual is relative to. kind : 'independent' (two separate routes to the same number)
    or 'by construction' (true whatever the numbers, kept as a guard against programming errors).
    """

    name: str
    residual: float | None
    tolerance: float
    unit: str
    where: str
    kind: str
    status: str


def ledger(
    name: str, residual: float | None, unit: str, where: str, *, independent: bool, tolerance: float = TOLERANCE
) -> Ledger:
    """A ledger with its status from residual and tolerance; a residual that is not a number fails."""
    kind = INDEPENDENT if independent else BY_CONSTRUCTION
    if residual is None:
        return Ledger(name, None, tolerance, unit, where, kind, NOT_RUN)
    residual = float(residual)
    status = PASS if math.isfinite(residual) and residual <= tolerance else FAIL
    return Ledger(name, residual, tolerance, unit, where, kind, status)


@dataclass(frozen=True)
class Certificate:
    """The content of certificate.json. `passed` means that no ledger is 'fail'."""

    passed: bool
    tolerance: float
    ledgers: tuple[Ledger, ...]
    objective_gap: float | None
    worst_violation: float | None
    outer_residual: float | None
    outer_contraction: float | None
    outer_error_bound: float | None
    scenario_sha256: str
    base_year_sha256: str
    version: str

    @staticmethod
    def of(
        ledgers,
        *,
        scenario_sha256: str,
        base_year_sha256: str,
        version: str,
        objective_gap: float | None = None,
        worst_violation: float | None = None,
        outer_residual: float | None = None,
        outer_contraction: float | None = None,
        outer_error_bound: float | None = None,
    ) -> Certificate:
        """Gather ledgers; `passed` follows from them."""
        ledgers = tuple(ledgers)
        return Certificate(
            all(entry.status != FAIL for entry in ledgers),
            TOLERANCE,
            ledgers,
            objective_gap,
            worst_violation,
            outer_residual,
            outer_contraction,
            outer_error_bound,
            scenario_sha256,
            base_year_sha256,
            version,
        )

    @property
    def worst(self) -> Ledger | None:
        """The ledger nearest to (or beyond) its tolerance."""
        run = [entry for entry in self.ledgers if entry.residual is not None]
        return max(run, key=lambda entry: entry.residual / entry.tolerance, default=None)

    def to_json(self) -> str:
        """Text of certificate.json; numbers that are not finite appear as null."""

        def clean(value):
            if isinstance(value, float) and not math.isfinite(value):
                return None
            if isinstance(value, dict):
                return {k: clean(v) for k, v in value.items()}
            if isinstance(value, (list, tuple)):
                return [clean(v) for v in value]
            return value

        return json.dumps(clean(asdict(self)), ensure_ascii=False, indent=1) + "\n"
