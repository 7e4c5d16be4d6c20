"""CO2: capture, transport and storage, caps, budget, peak and the stated targets (E10)."""

from __future__ import annotations

import numpy as np

from io_tables.units import PJ_PER_MTCE, PJ_PER_TWH
from model.carbon.consumption_based import used_co2
from model.carbon.quota_caps import quota_caps
from model.pathway.budget import budget_weights
from model.pathway.draft import MONEY, Draft
from model.pathway.fleet import _add_intensity
from model.pathway.timing import annuity
from model.primary_energy import COAL_RATE, NON_FOSSIL, gross_generation
from model.programme import INFINITY
from model.target_values import INTENSITY_2020_OVER_2005

#: Mean length of a pipeline between provinces, km. assumed
PIPELINE = 500.0
#: Name of the row by which traded quotas bind: the sum of all provinces'.
TRADED_QUOTAS = "carbon.allocation traded"
#: Position of the primary-energy rows.
COAL, OIL, GAS = 0, 1, 2
CAPACITIES = {
    "wind_solar_capacity": ("wind_onshore", "wind_offshore", "pv_utility", "pv_distributed"),
    "nuclear_capacity": ("nuclear",), "hydro_capacity": ("hydro",), "pumped_hydro_capacity": ("pumped_hydro",),
    "coal_capacity": ("coal_subcritical", "coal_supercritical", "coal_ultrasupercritical", "coal_chp", "coal_ccs"),
}


def add_carbon(d: Draft) -> None:
    """From the stack to the ground, and what policy asks of what is left."""
    _chain(d)
    _caps(d)
    _targets(d)


def _chain(d: Draft) -> None:
    """Captured = used again + stored; stored in one's own province or, at the cost of a pipeline, in another."""
    p, base, scenario = d.programme, d.study.base, d.study.scenario
    facts = base.tables["resource_national"]
    facts = facts[facts["year"].isna()].set_index("item")["value"]
    keep, T, G = scenario.storage, d.T, d.G
    pipe = facts["CO2 pipeline capex"] * PIPELINE * (
        annuity(d.timing.rate, float(facts["CO2 pipeline lifetime"])) + facts["CO2 pipeline fixed O&M"])
    far = keep.max_distance is not None and keep.max_distance < PIPELINE
    most = np.repeat((d.places.storage * keep.injection_share)[:, None], T, axis=1)
    most[:, np.array(d.years) < keep.first_year] = 0.0
    d.injected = p.add_columns("injected", (G, T), facts["storage cost"] * d.weight, upper=most)
    d.sent = p.add_columns("sent", (G, T), pipe * d.weight, upper=0.0 if far or G == 1 else INFINITY)
    d.received = p.add_columns("received", (G, T), 1e-3 * MONEY, upper=0.0 if far or G == 1 else INFINITY)
    d.captured_rows = p.add_rows("captured", (G, T), lower=0.0, upper=0.0)
    _add_intensity(d, d.captured_rows, lambda r, k: r.captured[:, k])
    for k, key in enumerate(d.keys):
        again = d.study.catalogue.inputs(key, base.year).get("captured_co2", 0.0)
        net = (1.0 if d.product[k] == "co2_removal" else 0.0) - again
        if net:
            p.add(d.captured_rows, d.activity[:, k], net)
    p.add(d.captured_rows, d.received, 1.0)
    p.add(d.captured_rows, d.sent, -1.0)
    p.add(d.captured_rows, d.injected, -1.0)
    d.pool_rows = p.add_rows("co2_pool", T, lower=0.0, upper=0.0)
    p.add(d.pool_rows[None], d.sent, 1.0)
    p.add(d.pool_rows[None], d.received, -1.0)
    if keep.injection_max is not None:
        rows = p.add_rows("injection_max", T, upper=np.array([keep.injection_max.at(y) for y in d.years]))
        p.add(rows[None], d.injected, 1.0)


def _row(d: Draft, name: str, year: int, columns, values, upper: float) -> None:
    """One named policy row: sum of values x columns <= upper."""
    label = f"policy {name} {year}"
    row = d.programme.add_rows(label, 1, upper=upper)
    d.names[label] = (name, year)
    columns, values = np.broadcast_arrays(np.asarray(columns), np.asarray(values, dtype=float))
    d.programme.add(np.broadcast_to(row, columns.shape), columns, values)


def _caps(d: Draft) -> None:
    carbon, sinks = d.study.scenario.carbon, d.study.assumed.sinks[1:] @ d.places.member.T      # (T, G)
    nation = sinks.sum(axis=1)
    for t, year in enumerate(d.years):
        if carbon.neutral_year is not None and year >= carbon.neutral_year:
            _row(d, "carbon.neutral_year", year, d.co2[:, t], 1.0, nation[t])
        if carbon.national_cap is not None:
            first = 0 if carbon.national_cap.is_constant else min(carbon.national_cap)
            if year >= first:
                _row(d, "carbon.national_cap", year, d.co2[:, t], 1.0, carbon.national_cap.at(year) + nation[t])
        if carbon.peak_year is not None and t > 0 and year > carbon.peak_year:
            # net emissions do not rise any more
            columns = np.concatenate([d.co2[:, t], d.co2[:, t - 1]])
            _row(d, "carbon.peak_year", year, columns, np.repeat([1.0, -1.0], d.G), nation[t] - nation[t - 1])
        for province, path in carbon.provincial_caps.items():
            if province in d.places.names and not carbon.permit_trade:
                g = d.places.names.index(province)
                first = 0 if path.is_constant else min(path)
                if year >= first:
                    _row(d, f"carbon.provincial_caps.{province}", year, d.co2[g, t], 1.0, path.at(year) + sinks[t, g])
    if carbon.provincial_caps and carbon.permit_trade:
        # traded permits: together the capped provinces keep the sum of their caps
        own = [g for g, name in enumerate(d.places.names) if name in carbon.provincial_caps]
        for t, year in enumerate(d.years):
            paths = [carbon.provincial_caps[d.places.names[g]] for g in own]
            if own and all(path.is_constant or year >= min(path) for path in paths):
                side = sum(path.at(year) for path in paths) + sinks[t, own].sum()
                _row(d, "carbon.provincial_caps", year, d.co2[own, t], 1.0, side)
    if carbon.allocation is not None:
        _quotas(d)
    if carbon.budget is not None:
        length = budget_weights(d.timing, d.study.scenario.economics.budget_rule)
        start = base_co2(d) - d.study.assumed.sinks[0].sum()
        side = carbon.budget - length[0] * start + float(length[1:] @ nation)
        _row(d, "carbon.budget", d.years[-1], d.co2, np.broadcast_to(length[1:], d.co2.shape), side)


def _quotas(d: Draft) -> None:
    """Caps of the scenario's quota rules: one for each province, or with trade (or one place) their sum.

    Quotas count CO2 before land sinks, so no sink stands on the right-hand side.
    """
    base, assumed = d.study.base, d.study.assumed
    emissions = base.co2.sum(axis=(1, 2))
    by_use = d.study.scenario.carbon.allocation.accounting == "consumption"
    quotas = quota_caps(d.study.scenario, assumed.years, base.regions, emissions, assumed.gdp, assumed.population,
                        assumed.sinks, used_co2(base) if by_use else None)[1:]
    for t, year in enumerate(d.years):
        if not np.isfinite(quotas[t]).all():
            continue
        if d.study.scenario.carbon.permit_trade or d.G == 1:
            _row(d, TRADED_QUOTAS, year, d.co2[:, t], 1.0, quotas[t].sum())
            continue
        for g, cap in enumerate(d.places.member @ quotas[t]):
            _row(d, f"carbon.allocation.{d.places.names[g]}", year, d.co2[[g], t], 1.0, cap)


def base_co2(d: Draft) -> float:
    """Mt of the base year that carbon rows count, before sinks."""
    energy_only = d.study.scenario.carbon.scope == "energy"
    return d.base_co2 - (float(d.study.base.co2[:, :, -1].sum()) if energy_only else 0.0)


def _targets(d: Draft) -> None:
    d.not_enforced = []
    for target in d.study.scenario.targets:
        if not target.binding or target.year not in d.years:
            continue
        name = f"targets.{target.indicator}"
        if target.base_year is not None:
            name += f" against {target.base_year}"
        if target.sense == "peak_by":
            if target.indicator != "coal_use":
                d.not_enforced.append(name)
                continue
            for t, year in enumerate(d.years):
                if year > target.year:
                    _row(d, name, year, d.primary[COAL, [t, t - 1]], [1.0, -1.0], 0.0)
            continue
        expression = _expression(d, target)
        if expression is None:
            d.not_enforced.append(f"{name} {target.year}")
            continue
        columns, values, side = expression
        if target.sense in ("at_most", "equal"):
            _row(d, name, target.year, columns, values, side)
        if target.sense in ("at_least", "equal"):
            _row(d, name + (" (least)" if target.sense == "equal" else ""), target.year, columns, -values, -side)


def _expression(d: Draft, target):
    """(columns, values, side) such that the indicator meets the target where values . columns = side."""
    t, value = d.years.index(target.year), target.value
    sinks, gdp = d.study.assumed.sinks.sum(axis=1), d.study.assumed.gdp.sum(axis=1)
    ones = np.ones(d.G)
    if target.indicator in ("net_co2", "gross_co2", "co2_intensity"):
        net = sinks if target.indicator == "net_co2" else np.zeros(len(sinks))
        scale = gdp if target.indicator == "co2_intensity" else np.ones(len(gdp))
        if target.base_year is None:
            return d.co2[:, t], ones, value * scale[t + 1] + net[t + 1]
        if target.base_year in ("peak", d.study.base.year, 2005):
            if target.base_year == "peak":
                earlier = [i for i in range(t)]
                peak = d.study.scenario.carbon.peak_year
                # the peak is read in the model year at or before the peak year
                earlier = [i for i in earlier if peak is None or d.years[i] <= peak]
                if not earlier:
                    return None
                i = earlier[-1]
                return (np.concatenate([d.co2[:, t], d.co2[:, i]]),
                        np.concatenate([ones, -(1 + value) * ones]), net[t + 1] - (1 + value) * net[i + 1])
            then = base_co2(d) - net[0]
            if target.base_year == 2005:
                then = then / INTENSITY_2020_OVER_2005
            return d.co2[:, t], ones, (1 + value) * then / scale[0] * scale[t + 1] + net[t + 1]
        if target.base_year in d.years:
            i = d.years.index(target.base_year)
            ratio = (1 + value) * scale[t + 1] / scale[i + 1]
            return (np.concatenate([d.co2[:, t], d.co2[:, i]]), np.concatenate([ones, -ratio * ones]),
                    net[t + 1] - ratio * net[i + 1])
        return None
    if target.indicator in CAPACITIES and target.base_year is None:
        own = [d.keys.index(k) for k in CAPACITIES[target.indicator] if k in d.keys]
        columns = d.capacity[:, own, t].ravel()
        return columns, np.ones(len(columns)), value
    if target.indicator in ("coal_use", "oil_use", "gas_use") and target.base_year is None:
        g = ("coal_use", "oil_use", "gas_use").index(target.indicator)
        return d.primary[[g], t], np.ones(1), value * PJ_PER_MTCE
    if target.indicator in ("non_fossil_share", "non_fossil_share_calorific", "primary_energy",
                            "energy_intensity") and target.base_year is None:
        return _shares(d, t, target)
    return None


def _shares(d: Draft, t: int, target):
    """Primary energy, or the non-fossil share of it, as a linear row."""
    study = d.study
    calorific = target.indicator.endswith("calorific") or study.scenario.power.accounting == "calorific"
    rate = PJ_PER_TWH if calorific else COAL_RATE * PJ_PER_MTCE * 1e-3
    gross = gross_generation(study)
    own = [k for k in d.plants if d.keys[k] in NON_FOSSIL]
    columns, values = [d.primary[:, t]], [np.ones(3)]
    share = target.indicator.startswith("non_fossil")
    # fossil <= (1 - s) total  <=>  s fossil - (1 - s) clean <= 0; the row below is its negative
    if share:
        values[0] = np.full(3, -target.value)
        clean = 1.0 - target.value
    else:
        clean = 1.0
    for k in own:
        columns.append(d.generation[:, k, t].ravel())
        values.append(np.full(columns[-1].size, clean * gross * rate))
    fuel, r = study.base.fuels.index("biomass"), d.requirements[t]
    for k in range(d.K):
        if np.any(r.intensity[:, k, fuel]):
            running = d.generation[:, k, t] if k in d.plants else d.activity[:, k, t][:, None]
            if (running < 0).any():
                continue
            columns.append(running.ravel())
            values.append(np.broadcast_to(clean * r.intensity[:, k, fuel][:, None], running.shape).ravel())
    rest = clean * d.residual_biomass[t + 1]
    scale = study.assumed.gdp[t + 1].sum() if target.indicator == "energy_intensity" else 1.0
    side = (0.0 if share else target.value * scale * PJ_PER_MTCE) - rest
    return np.concatenate(columns), np.concatenate(values), side
