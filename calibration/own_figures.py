"""What a base year from a user's figures says of itself: replaced figures, margins beside the table, sources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from calibration.generated_text import table
from calibration.provincial_facts import SUB_INDUSTRIES, sub_industry_sectors
from io_tables.base_year import BaseYear
from io_tables.errors import Problem

if TYPE_CHECKING:
    from calibration.calibrate import Calibration
    from calibration.yearbook_sums import Check

#: A replaced figure counts as changed from here on; printed digits of two editions differ by less.
CHANGED = 5e-4
#: Largest changes shown on the screen, and lines of one kind in the report.
SHOWN, LISTED = 5, 200
CONTROL = "national value added"


@dataclass(frozen=True)
class Replaced:
    """What yearbooks did to the embedded facts.

    figures : item, province, year, unit, old, new, change, source, status, table; checks : published totals beside
    the sums of their parts; left : figures left out and totals that differ; skipped : sheets without a table.
    """

    figures: pd.DataFrame
    checks: tuple[Check, ...]
    left: tuple[Problem, ...]
    skipped: tuple[str, ...]

    @property
    def changed(self) -> pd.DataFrame:
        """Figures that differ from the embedded ones or are new, the largest change first."""
        rows = self.figures
        rows = rows[~(rows["change"].abs() <= CHANGED) & ~(rows["old"] == rows["new"])]
        return rows.sort_values("change", key=lambda c: -c.abs().fillna(np.inf), kind="stable", ignore_index=True)

    def lines(self) -> list[str]:
        """What the screen shows."""
        changed = self.changed
        lines = [f"yearbooks      {len(self.figures)} figures read, {len(changed)} differ from the embedded ones"]
        lines += [f"  {_named(r)}: {r.old:.6g} -> {r.new:.6g} {r.unit} ({r.source})"
                  for r in changed.head(SHOWN).itertuples()]
        if len(changed) > SHOWN:
            lines.append(f"  and {len(changed) - SHOWN} more; the report lists them")
        lines += [f"  note: {problem}" for problem in self.left[:SHOWN]]
        if len(self.left) > SHOWN:
            lines.append(f"  and {len(self.left) - SHOWN} more notes; the report lists them")
        return lines

    def report(self) -> list[str]:
        """Section of the calibration report."""
        changed = self.changed
        lines = ["## Figures replaced by yearbooks", "",
                 f"{len(self.figures)} figures read, {len(changed)} differ from the embedded ones by more than "
                 f"{100 * CHANGED:g} % or are new.", "",
                 *table(("fact table", "figure", "embedded", "yearbook", "unit", "change, %", "cell"),
                        [(r.table.removesuffix(".csv"), _named(r), r.old, r.new, r.unit, 100 * r.change, r.source)
                         for r in changed.head(LISTED).itertuples()])]
        shown = [c for c in self.checks if c.status != "closes"]
        lines += [f"{len(self.checks)} totals and statistical differences recounted, {len(shown)} do not close or are "
                  "reported as printed:", "",
                  *table(("what", "cell", "published", "recounted", "status"),
                         [(c.what, c.where, c.published, c.summed, c.status) for c in shown[:LISTED]])]
        notes = [*map(str, self.left), *(f"{place}: no table found" for place in self.skipped)]
        if notes:
            lines += ["Left out, or to be looked at:", "", *(f"- {note}" for note in notes[:LISTED]), ""]
        return lines


def _named(row) -> str:
    return f"{row.item} {row.province} {row.year}"


def found_in_table(found: Calibration, base: BaseYear) -> Calibration:
    """The calibration with the factors of a base year from a user's table in place of the estimated ones."""
    flows = np.einsum("irs,si->irs", base.trade_shares, base.domestic_use)
    home = np.einsum("irr->ri", flows)
    sent, received = flows.sum(axis=2).T, flows.sum(axis=1).T
    ratio = np.full_like(found.regional.diagnostics.spending_ratio, np.nan)
    diagnostics = replace(
        found.regional.diagnostics, outflow=sent - home, inflow=received - home,
        net_outflow=(sent - received).sum(axis=1), spending_ratio=ratio,
    )
    regional = replace(
        found.regional, diagnostics=diagnostics,
        **{name: getattr(base, name) for name in (
            "output", "value_added", "domestic_coefficients", "import_coefficients", "final_use", "final_imports",
            "inventories", "inventory_imports", "exports", "trade_shares")},
    )
    by_sector = base.value_added.sum(axis=0) @ base.membership
    sub = np.stack([by_sector[:, sub_industry_sectors(name)].sum(axis=1) for name in SUB_INDUSTRIES], axis=1)
    totals = dict(zip(SUB_INDUSTRIES, sub.sum(axis=0), strict=True))
    factors = tuple(
        replace(f, national_table=float(totals[f.item])) if f.item in totals else f
        for f in found.accounts.scale_factors
    )
    accounts = replace(
        found.accounts, value_added=base.value_added, output=base.output, sub_industries=sub, scale_factors=factors
    )
    return replace(found, regional=regional, accounts=accounts)


def margins_of_table(margins: pd.DataFrame) -> pd.DataFrame:
    """Margins of a user's table: the official table is something to compare with, no longer the control."""
    own = margins.copy()
    control = own["item"] == CONTROL
    own.loc[control, "scale factor"] = own.loc[control, "modelled"] / own.loc[control, "published"]
    own.loc[control, "note"] = "official table 2020, to compare with: the level is that of the user's table"
    own.loc[control, "item"] = "GDP, official input-output table"
    return own


def sources_with_table(sources: pd.DataFrame, base: BaseYear, name: str) -> pd.DataFrame:
    """The inputs with the user's table as one of them. `name` : its file."""
    row = {
        "item": "user_table: 31 provinces x 42 sectors, value added; flows, final use and trade are this table's, the "
                "tables of this list only cut its sectors into products",
        "year": str(base.year), "value": float(base.gdp.sum()), "unit": "10^8 yuan", "source": name,
        "status": "estimated",
    }
    return pd.concat([pd.DataFrame([row]), sources], ignore_index=True)[list(sources.columns)]


def table_report(name: str, base: BaseYear) -> list[str]:
    """Section of the calibration report on a user's table."""
    lines = ["## The user's table", "",
             f"{name} stands in place of the estimated multi-regional table: value added {base.gdp.sum():,.1f}, output",
             f"{base.output.sum():,.1f}, error column {np.abs(base.error).sum():,.1f} (10^8 yuan, absolute). Below,",
             "`published` is the official table to compare with, and `modelled` is this table. Energy, CO2, stocks and",
             "population are those of the embedded facts.", ""]
    return lines
