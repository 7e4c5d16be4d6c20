"""The complete programme from requirements and places, and what its solution says (E10, E11)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from model.deferred import Complete
from model.pathway.bounds import tighten
from model.pathway.carbon import add_carbon
from model.pathway.choice import Choice
from model.pathway.closing import household_demand
from model.pathway.draft import Draft
from model.pathway.fleet import HOUSEHOLDS, add_fleet
from model.pathway.given_mixes import add_given_mixes
from model.pathway.inertia import add_inertia
from model.pathway.lived import add_history, last_lived
from model.pathway.places import Places
from model.pathway.power import add_power
from model.pathway.requirements_of_year import PLACED, Requirements
from model.pathway.timing import Timing
from model.requirements import Operator
from model.study import Study

#: Requirements smaller than this (yuan per yuan) are rounding and never enter by themselves.
NEGLIGIBLE = 1e-12
#: Coefficients below this are dropped: the solver would drop them too.
SMALLEST = 1e-6


@dataclass(frozen=True)
class Assembled:
    """The complete programme, the draft it was written from, and where rows ended up.

    kept_of (rows,) : position of every row of the draft among the rows K of the complete programme, -1 for products.
    """

    complete: Complete
    draft: Draft
    kept_of: np.ndarray

    def kept(self, rows: np.ndarray) -> np.ndarray:
        """Positions in K of rows of the draft."""
        return self.kept_of[rows]


def draft_of(study: Study, places: Places, timing: Timing, found: list[Requirements], base_co2: float,
             residual_biomass: np.ndarray) -> Draft:
    """Write the programme of all years after the first.

    found : requirements of the years after the first; base_co2 : net CO2 of the base year before sinks, Mt;
    residual_biomass (T,) PJ a year outside the technologies.
    """
    d = Draft(study, places, timing, found)
    d.base_co2, d.residual_biomass = base_co2, residual_biomass
    d.lived = last_lived(d.years, study)
    d.household = {}
    for product in HOUSEHOLDS:
        own = list(study.of_product.get(product, ()))
        if own:
            d.household[product] = np.stack([household_demand(study, product, own, *_people(study, t))
                                             for t in range(len(timing.years))])
    d.add_columns()
    d.add_products()
    add_fleet(d)
    add_power(d)
    add_carbon(d)
    add_history(d)
    add_given_mixes(d)
    add_inertia(d)
    asked = d.programme.upper_bounds()
    tighten(d)
    d.derived = d.programme.upper_bounds() < asked
    return d


def _people(study: Study, t: int) -> tuple[np.ndarray, np.ndarray]:
    base, assumed = study.base, study.assumed
    income = (assumed.gdp[t] / assumed.population[t]) / (base.gdp / base.population)
    return assumed.population[t] / base.population, income


def assembled(draft: Draft, threshold: float) -> Assembled:
    """Split the rows into products and the rest and attach the requirement matrix.

    threshold : requirements above it (yuan per yuan) are written out as `large`.
    """
    c = draft.programme.compiled()
    rows = draft.product_rows.ravel()
    is_product = np.zeros(len(c.row_lower), dtype=bool)
    is_product[rows] = True
    matrix = c.matrix.tocsr()
    matrix.data[np.abs(matrix.data) < SMALLEST] = 0.0
    matrix.eliminate_zeros()
    kept = np.flatnonzero(~is_product)
    kept_of = np.full(len(is_product), -1)
    kept_of[kept] = np.arange(len(kept))
    row_weight, column_weight = _weights(draft, len(c.cost))
    operator = requirement_operator(draft, len(c.cost), threshold, row_weight, column_weight)
    complete = Complete(
        cost=c.cost, B=matrix[rows], M=operator, f=c.row_lower[rows], K=matrix[kept], k_lower=c.row_lower[kept],
        k_upper=c.row_upper[kept], lower=c.lower, upper=c.upper, row_weight=row_weight, column_weight=column_weight,
        equal=True,     # nothing is made, used or emitted beyond what the economy counts
    )
    return Assembled(complete, draft, kept_of)


def _weights(d: Draft, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Value of a unit of every product row and of every column, 10^8 yuan: an entry is judged yuan per yuan."""
    base, catalogue = d.study.base, d.study.catalogue
    price = {p: float(v) for p, v in zip(base.products, base.product_price, strict=True)}
    # a tonne of CO2 counts with 1000 yuan, a PJ of primary energy with a tenth of the price of coal: its rows
    # only carry targets
    price |= {"co2": 10.0}
    placed = np.repeat([price[row] for row in PLACED], d.G)
    rows = np.tile(np.concatenate([placed, np.full(3, 0.1 * catalogue.commodities["coal"].price)]), d.T)
    columns = np.ones(n)
    for k, key in enumerate(d.keys):
        product = d.product[k]
        unit = price.get(product, 1.0)
        if product in ("passenger", "floor_space", "hydrogen", "co2_removal"):
            unit = {"hydrogen": catalogue.commodities["hydrogen"].price, "co2_removal": 3.0}.get(product, 1.0)
        for block in (d.activity, d.generation, d.discharge):
            own = block[:, k].ravel()
            columns[own[own >= 0]] = unit
        new = max(catalogue.value(key, "capex"), 1e-6)
        columns[d.building[:, k].ravel()] = new
        columns[d.refit[:, d.refits.target == k].ravel()] = new
    return rows, columns


def requirement_operator(d: Draft, n: int, threshold: float, row_weight, column_weight) -> Operator:
    """The requirement matrix of all years by its products, with its large entries written out."""
    blocks = [r.matrix.reshape(r.matrix.shape[0], -1) for r in d.requirements]
    where = d.requirement_columns()
    Q, m = blocks[0].shape[0], d.T * blocks[0].shape[0]
    width = blocks[0].shape[1]
    rows, columns, values = [], [], []
    for t, (own, place) in enumerate(where):
        unit = np.zeros(width)
        unit[place] = column_weight[own]
        limit = max(threshold, NEGLIGIBLE) * np.where(unit > 0, unit, np.inf)
        i, j = _large(blocks[t], row_weight[t * Q : (t + 1) * Q], limit)
        order = np.argsort(place, kind="stable")
        first = np.searchsorted(place[order], np.arange(width))
        last = np.searchsorted(place[order], np.arange(width), side="right")
        copies = last[j] - first[j]
        rows.append(np.repeat(i + t * Q, copies))
        offset = np.repeat(first[j], copies) + np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
        columns.append(own[order[offset]])
        values.append(np.repeat(blocks[t][i, j], copies))
    large = sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(m, n))

    def product(z):
        return np.concatenate([b @ np.bincount(place, weights=z[own], minlength=width)
                               for b, (own, place) in zip(blocks, where, strict=True)])

    def adjoint(y):
        result = np.zeros(n)
        for t, (b, (own, place)) in enumerate(zip(blocks, where, strict=True)):
            result[own] += (b.T @ y[t * Q : (t + 1) * Q])[place]
        return result

    def written(wanted):
        chosen = np.zeros(n, dtype=bool)
        chosen[wanted] = True
        found = []
        for t, (b, (own, place)) in enumerate(zip(blocks, where, strict=True)):
            inside = chosen[own]
            own, part = own[inside], b[:, place[inside]]
            i, j = np.nonzero(part)
            found.append((i + t * Q, own[j], part[i, j]))
        return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))

    return Operator((m, n), product, adjoint, large, written)


def _large(block: np.ndarray, weight: np.ndarray, limit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of entries of block (Q, n) with |entry| x weight (Q,) > limit (n,).

    Row by row, so that what is compared stays in the cache.
    """
    columns = []
    for row, w in zip(block, weight, strict=True):
        size = np.abs(row)
        columns.append(np.flatnonzero((size * w > limit) & (size > SMALLEST)))
    return np.repeat(np.arange(len(block)), [len(own) for own in columns]), np.concatenate(columns)


@dataclass(frozen=True)
class Plan:
    """A solution of the programme by name; years after the first.

    activity (G, K, T), chp_heat (G, T), building (G, K, T), capacity (G, K, T), generation (G, K, T, S), flow
    (L, 2, T, S), line_capacity (L, T), net_losses (G, T), net_co2 (G, T), injected, sent, received (G, T), unserved
    (G, T, S), unserved_firm (grid regions, T), missed : statistics not met by name. building counts new plants, refit
    (G, K, T) capacity that becomes the technology's a year, invested both in new plants of the same money, retained
    (G, K, T) all that is paid for and not outlived; moved (N, T) Mt that links carry beyond the base pattern.
    """

    activity: np.ndarray
    chp_heat: np.ndarray
    building: np.ndarray
    capacity: np.ndarray
    generation: np.ndarray
    discharge: np.ndarray
    charge: np.ndarray
    flow: np.ndarray
    line_capacity: np.ndarray
    net_losses: np.ndarray
    net_co2: np.ndarray
    electricity_use: np.ndarray
    injected: np.ndarray
    sent: np.ndarray
    received: np.ndarray
    unserved: np.ndarray
    unserved_firm: np.ndarray
    missed: dict[str, float]
    refit: np.ndarray
    invested: np.ndarray
    retained: np.ndarray
    moved: np.ndarray


def plan_of(d: Draft, z: np.ndarray) -> Plan:
    """Read a solution."""
    def take(columns):
        return np.where(columns >= 0, z[columns], 0.0)

    generation, discharge, charge = take(d.generation), take(d.discharge), take(d.charge)
    flow = z[d.flow]
    losses = (charge - discharge).sum(axis=(1, 3))
    for way in (0, 1):
        if len(flow):
            lost = (flow[:, way] * d.places.line_loss[:, None, None]).sum(axis=2)
            np.add.at(losses, d.places.line_ends[:, 1 - way], lost)
    activity = take(d.activity) + generation.sum(axis=3) + discharge.sum(axis=3)
    capacity = np.where(d.capacity >= 0, z[d.capacity], 0.0)
    built = np.einsum("gkv,kvt->gkt", z[d.building], d.vintage)
    refits, refit = d.refits, z[d.refit]
    retained = d.places.standing[:, :, 1:] + built + refits.shifted(refit, d.K)
    capacity[:, d.annual] = retained[:, d.annual]
    missed = {n: float(np.abs(z[b.index]).sum()) for n, b in d.programme.columns.items() if n.startswith("missed ")}
    return Plan(activity, z[d.chp_heat], z[d.building], capacity, generation, discharge, charge, flow,
                d.places.line_capacity[:, None] + z[d.line_added], losses, z[d.co2], z[d.use], z[d.injected],
                z[d.sent], z[d.received], z[d.unserved], z[d.unserved_firm],
                {n[7:]: v for n, v in missed.items() if v > 1e-6}, refits.capacity(refit, d.K),
                z[d.building] + refits.invested(refit, d.K), retained, z[d.moved[:, 0]] - z[d.moved[:, 1]])


def electricity_shares(d: Draft, plan: Plan) -> np.ndarray:
    """(T, G, G) from where the electricity used in each place comes, transit passed on (network mixing)."""
    made = plan.generation.sum(axis=(1, 3))                                            # (G, T)
    shares = np.zeros((d.T, d.G, d.G))
    for t in range(d.T):
        arriving = np.zeros((d.G, d.G))                                                # [from, to]
        for way in (0, 1):
            sent = plan.flow[:, way, t].sum(axis=1) * (1 - d.places.line_loss)
            np.add.at(arriving, (d.places.line_ends[:, way], d.places.line_ends[:, 1 - way]), sent)
        through = made[:, t] + arriving.sum(axis=0)
        through = np.where(through > 0, through, 1.0)
        # mix[o, s] : part of what passes through s that was made in o
        mix = np.linalg.solve(np.eye(d.G) - (arriving / through[None]).T, np.diag(made[:, t] / through)).T
        total = mix.sum(axis=0)
        shares[t] = np.where(total > 0, mix / np.where(total > 0, total, 1.0), np.eye(d.G))
    return shares


def laid_choice(plan: Plan, before: Choice, shares: np.ndarray | None, products: np.ndarray | None = None) -> Choice:
    """A provincial plan as a choice for the economy; the first year stays.

    shares (T + 1, R, R) origins of electricity, products (T + 1, P, R, R) of goods.
    """
    def joined(first, later):
        return np.concatenate([first[None], np.moveaxis(later, -1, 0)])

    return Choice(joined(before.activity[0], plan.activity), joined(before.chp_heat[0], plan.chp_heat),
                  joined(before.building[0], plan.invested), joined(before.net_losses[0], plan.net_losses), shares,
                  products)
