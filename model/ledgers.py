"""The ledgers of a run (E13): every balance recomputed from what the run ended with."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve

from io_tables.units import PJ_PER_MTCE
from model.certificate import TOLERANCE, Certificate, Ledger, ledger
from model.coupled_results import coupled_ledgers
from model.physical_year import process_index
from model.price_results import price_ledgers
from model.primary_energy import primary_energy
from model.tables import imports_by_province, net_outflow

if TYPE_CHECKING:
    from model.coupling import Coupled
    from model.study import Study, Year

#: Share of national GDP that a closure with bounds may leave in another province than the scenario says: the sum of
#: provincial accounts has itself differed from the nation's by -0.7 to +7 %. assumed
SLACK_TOLERANCE = 0.01


def version() -> str:
    """Version of the installed distribution, or of the checkout when it is not installed."""
    try:
        return metadata.version("dualcarbon-io")
    except metadata.PackageNotFoundError:
        return "checkout"


def certificate(study: Study, years: list[Year], coupled: Coupled | None = None) -> Certificate:
    """All ledgers, each at its worst year and place; with those of the pathway programme where one chose."""
    base = study.base
    checks = [
        _worst("money: columns close (inputs + value added = output)", "output", False, study, years, _columns),
        _worst("money: rows close (sales = output)", "output", False, study, years, _rows),
        _worst("provincial GDP: production = expenditure + net outflow", "GDP", True, study, years, _gdp),
        *_path(study, years),
        _worst("trade between provinces sums to zero", "GDP", False, study, years, _trade),
        _worst("energy: technologies + residual = sector accounts", "PJ of the fuel", False, study, years, _energy),
        _worst("electricity: generated = used, growth since base year", "TWh", False, study, years, _electricity),
        _worst("CO2: owners (technologies + residuals) = sectors", "Mt", False, study, years, _tonnes),
        _worst("products: money = price x quantity", "output", False, study, years, _products),
        _dense(study, years),
        _base_account(study, years),
        *_published(study, years),
        _base_coefficients(study, years),
        *_base_ledgers(study),
    ]
    if coupled is not None:
        return Certificate.of(
            [*checks, *coupled_ledgers(coupled)],
            scenario_sha256=study.scenario.sha256,
            base_year_sha256=base.sha256,
            version=version(),
            objective_gap=coupled.gap,
            worst_violation=coupled.violation,
            outer_residual=coupled.outer.residual,
            outer_contraction=coupled.outer.contraction,
            outer_error_bound=coupled.outer.bound,
        )
    priced, scenario = study.prices.response(years), study.scenario
    checks += price_ledgers(years, priced.prices, study.prices.mix, priced.mix, scope=scenario.carbon.scope,
                            tolerance=scenario.coupling.tolerance)
    return Certificate.of(
        checks,
        scenario_sha256=study.scenario.sha256,
        base_year_sha256=base.sha256,
        version=version(),
        outer_residual=max(y.economy.closed.residual for y in years),
    )


def _worst(
    name: str, unit: str, independent: bool, study: Study, years: list[Year], check, tolerance: float = TOLERANCE
) -> Ledger:
    found = [(*check(study, y), y.year) for y in years]
    residual, where, year = max(found, key=lambda item: item[0])
    return ledger(
        name, residual, f"relative to {unit}", f"{year} {where}", independent=independent, tolerance=tolerance
    )


def _largest(study: Study, miss: np.ndarray, scale: np.ndarray | float) -> tuple[float, str]:
    """Largest |miss| / scale over provinces, and which."""
    relative = np.abs(miss) / scale
    worst = int(np.argmax(relative.reshape(len(relative), -1).max(axis=1)))
    return float(relative.max()), study.base.regions[worst]


def _columns(study: Study, y: Year):
    e = y.economy
    money = (e.domestic + e.imported).sum(axis=1) * e.closed.output + e.value_added
    return _largest(study, money - e.closed.output, e.closed.output.max())


def _rows(study: Study, y: Year):
    e = y.economy
    sales = np.einsum("irs,si->ri", e.closed.trade_shares, e.domestic_use) + e.demand.inventories + e.closed.exports
    return _largest(study, sales - e.closed.output, e.closed.output.max())


def _gdp(study: Study, y: Year):
    """Expenditure is counted from purchases and flows; production from value added by industry."""
    e, d = y.economy, y.economy.demand
    chi = e.closed.chi
    spending = (
        d.fixed + d.fixed_imports + chi * (d.consumption + d.consumption_imports) + d.inventories + d.inventory_imports
    ).sum(axis=1)
    expenditure = spending + e.closed.exports.sum(axis=1) + net_outflow(e) - imports_by_province(e)
    production = e.value_added.sum(axis=1)
    return _largest(study, production - expenditure, production)


def _gdp_target(study: Study, y: Year):
    target = y.economy.demand.gdp
    return _largest(study, y.economy.value_added.sum(axis=1) + y.economy.closed.slack - target, target)


def _path(study: Study, years: list[Year]) -> list[Ledger]:
    """Provincial GDP against the scenario; closures with bounds leave slack, which has a line of its own."""
    if study.scenario.macro.structure.closure == "trade":
        return [_worst("provincial GDP = scenario path", "GDP", False, study, years, _gdp_target)]
    return [
        _worst("provincial GDP + slack of the closure = scenario path", "GDP", False, study, years, _gdp_target),
        _worst(
            "slack of the closure: GDP in another province than the path says",
            f"national GDP; not arithmetic, more than {SLACK_TOLERANCE:.0%} means the path is not met",
            False,
            study,
            years,
            _slack,
            SLACK_TOLERANCE,
        ),
    ]


def _slack(study: Study, y: Year):
    """What is missing in some provinces stands in others: half the sum of both; the largest miss of a province."""
    slack, target = y.economy.closed.slack, y.economy.demand.gdp
    miss = -slack / target
    worst = int(np.argmax(np.abs(miss)))
    place = f"{study.base.regions[worst]} {100 * miss[worst]:+.1f} % of its own"
    return float(np.abs(slack).sum()) / 2 / float(target.sum()), place


def _trade(study: Study, y: Year):
    outflow = net_outflow(y.economy)
    return abs(float(outflow.sum())) / float(y.economy.demand.gdp.sum()), "China"


def _energy(study: Study, y: Year):
    """Sector accounts against the sum of what technologies and residuals own, fuel by fuel."""
    owned = y.energy.technology_energy.sum(axis=1) + y.energy.residual.sum(axis=1)
    account = y.energy.use.sum(axis=1)
    scale = np.maximum(account.sum(axis=0), 1.0)
    return _largest(study, owned - account, scale)


def _electricity(study: Study, y: Year):
    """Generation follows use: both relative to the base year, nation."""
    electricity = study.base.fuels.index("electricity")
    use = y.energy.use[:, :, electricity].sum() / study.accounts.use[:, :, electricity].sum()
    made = study.generation(y.activity).sum() / study.generation(study.activity).sum()
    return abs(use / made - 1.0), "China"


def _tonnes(study: Study, y: Year):
    residual = (y.energy.residual * study.accounts.carbon).sum(axis=(1, 2))
    _, sector_process = study.accounts.process
    residual += (sector_process * process_index(study, y)).sum(axis=1)
    owners = residual + y.energy.technology_co2.sum(axis=1)
    sectors = y.energy.co2.sum(axis=(1, 2))
    return _largest(study, owners - sectors, sectors.max())


def _products(study: Study, y: Year):
    money = y.economy.closed.output[:, study.industries]
    quantity = y.production * (study.base.product_price * y.physical_price)
    return _largest(study, money - quantity, money.max())


def _dense(study: Study, years: list[Year]) -> Ledger:
    """Outputs of the last year, found by iteration in factors, against the dense Leontief system of all provinces."""
    year = years[-1]
    e = year.economy
    R, J = e.closed.output.shape
    system = -np.einsum("irs,sij->risj", e.closed.trade_shares, e.domestic, optimize=True).reshape(R * J, R * J)
    system[np.diag_indices(R * J)] += 1.0
    use = e.demand.fixed + e.closed.chi * e.demand.consumption
    final = np.einsum("irs,si->ri", e.closed.trade_shares, use) + e.demand.inventories + e.closed.exports
    dense = solve(system, final.ravel(), overwrite_a=True, check_finite=False).reshape(R, J)
    residual, where = _largest(study, dense - e.closed.output, e.closed.output.max())
    return ledger(
        "output: iteration in factors = dense Leontief system",
        residual,
        "relative to output",
        f"{year.year} {where}",
        independent=True,
    )


def _published(study: Study, years: list[Year]) -> list[Ledger]:
    """Primary energy and non-fossil share of the first year, from uses less outputs, against published figures.

    The base year is scaled to these figures, so they hold whatever the figures are.
    """
    facts = study.base.tables.get("national_energy_facts")
    if facts is None:
        return []
    at = {row.item: float(row.value) for row in facts.itertuples() if str(row.year) == str(study.base.year)}
    found = primary_energy(study, years[0])
    total = found["Primary Energy|Coal Equivalent"].sum()
    fossil = sum(found[f"Primary Energy|{group}"].sum() for group in ("Coal", "Oil", "Gas"))
    checks = (
        ("base year: primary energy = published total", "energy consumption total", total / PJ_PER_MTCE / 100.0),
        (
            "base year: non-fossil share = published share",
            "non-fossil share of energy consumption",
            100.0 * (1.0 - fossil / total),
        ),
    )
    return [
        ledger(
            name,
            abs(value / at[item] - 1.0),
            "relative to the published figure",
            str(study.base.year),
            independent=False,
        )
        for name, item, value in checks
        if item in at
    ]


def _base_account(study: Study, years: list[Year]) -> Ledger:
    """The first year, computed by the model, against the calibrated energy and CO2 accounts."""
    base, first = study.base, years[0].energy
    energy = np.abs(first.use - study.accounts.use).max() / study.accounts.use.max()
    co2 = np.abs(first.co2 - base.co2).max() / base.co2.max()
    return ledger(
        "base year: modelled energy and CO2 = accounts",
        max(energy, co2),
        "relative to the largest cell",
        f"{base.year} {'energy' if energy > co2 else 'CO2'}",
        independent=False,
    )


def _base_coefficients(study: Study, years: list[Year]) -> Ledger:
    """Columns from technologies at the base mix against the base-year table (E8)."""
    base, e = study.base, years[0].economy
    miss = max(
        np.abs(e.domestic - base.domestic_coefficients).max(), np.abs(e.imported - base.import_coefficients).max()
    )
    return ledger(
        "base year: columns from technologies = table (E8)",
        float(miss),
        "input per yuan",
        str(base.year),
        independent=False,
    )


def _base_ledgers(study: Study) -> list[Ledger]:
    """Identities of the base-year file, and its national control."""
    base = study.base
    found = base.check()
    worst = max(found, key=lambda name: found[name])
    rows = [
        ledger("base year: rows, columns, trade shares, GDP close", found[worst], "relative", worst, independent=False)
    ]
    control = base.margins
    if len(control):
        published = control[control["item"] == "national value added"]
        if len(published):
            value = float(published["published"].iloc[0])
            rows.append(
                ledger(
                    "base year: national value added = official table",
                    abs(base.gdp.sum() / value - 1),
                    "relative",
                    str(base.year),
                    independent=False,
                )
            )
    return rows
