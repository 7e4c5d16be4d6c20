"""Cost-push prices and what a carbon price costs whom (Miller and Blair 2009, section 2.6; E12's short form).

p' = p'A + v' with unit value added v = 1 - column sums of A gives p = 1; an added cost c per unit of output gives
p = 1 + L'c: quantities and coefficients stay, every cost is passed on. With a pass-through phi < 1 a sector keeps
that share of its higher costs out of its price and bears the rest:

    dp' = (c' + dp'A + dm'A_m) diag(phi),        dm = carbon cost of imports under a border adjustment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from io_tables.arrays import numbers
from io_tables.errors import InputError, Problem, did_you_mean
from io_tables.mrio import Mrio
from model.input_output.leontief import Leontief
from model.input_output.table_accounts import extension_total, national_multipliers

#: Yuan per tonne times million tonnes, in 10^8 yuan.
YUAN_PER_TONNE = 0.01
#: Categories whose spending is reported as households.
HOUSEHOLDS = ("rural", "urban")
NO_BORDER, IMPORTS, IMPORTS_AND_EXPORTS = None, "imports", "imports and exports"
_BORDERS = (NO_BORDER, IMPORTS, IMPORTS_AND_EXPORTS)


def cost_push(A, added_cost) -> np.ndarray:
    """Prices (n,) when each sector bears an added cost per unit of output; exactly one where nothing is added.

    A (n, n) or a kept :class:`Leontief`; added_cost (n,), or (m, n) for m cases at once, money per money of output.
    Unit value added is 1 - column sums of A. Raises InputError as :class:`Leontief`.
    """
    system = A if isinstance(A, Leontief) else Leontief(A)
    cost = numbers("added_cost", added_cost)
    if cost.ndim not in (1, 2) or cost.shape[-1] != system.n:
        raise InputError(Problem("added_cost", f"shape {cost.shape}", f"expected ({system.n},) or (m, {system.n})"))
    if not np.isfinite(cost).all():
        raise InputError(Problem("added_cost", f"not a finite number at {np.argwhere(~np.isfinite(cost))[0].tolist()}"))
    return 1.0 + system.multipliers(cost)


def price_change(A, added_cost, pass_through=1.0) -> tuple[np.ndarray, np.ndarray]:
    """Change of prices (n,) and the cost each sector absorbs per unit of output (n,), with partial pass-through.

    added_cost (n,) per unit of output, direct; pass_through (n,) or a number in 0..1, share of all higher costs
    (own and of inputs) that goes into the price; 0 is a price that may not move. Raises InputError for numbers
    outside 0..1 and as :class:`Leontief`.
    """
    A, cost = numbers("A", A), numbers("added_cost", added_cost)
    if A.ndim != 2 or cost.shape != A.shape[1:]:
        raise InputError(f"added_cost has shape {cost.shape}, A {A.shape}; expected (n,) and (n, n)")
    phi = numbers("pass_through", pass_through)
    if phi.shape not in ((), cost.shape):
        raise InputError(Problem("pass_through", f"shape {phi.shape}", f"expected one number or {cost.shape}"))
    phi = np.broadcast_to(phi, cost.shape)
    if not ((phi >= 0) & (phi <= 1)).all():
        worst = int(np.flatnonzero(~((phi >= 0) & (phi <= 1)))[0])
        raise InputError(Problem(f"pass_through[{worst}]", f"{phi[worst]:g}", "expected a share in 0..1"))
    change = Leontief(A * phi).multipliers(cost * phi)
    return change, (1.0 - phi) * (cost + A.T @ change)


@dataclass(frozen=True)
class CarbonPrice:
    """What a carbon price does to prices and who pays it; money 10^8 yuan, before any revenue is returned.

    revenue + border_revenue - rebate = paid by final demand at home and abroad + absorbed by sectors (less what
    falls on a table's own error column).
    """

    price_change: np.ndarray  #: (n,) change of each product's price, 0.01 = 1 %
    import_price_change: np.ndarray  #: (S,) of imported commodities; zero without border adjustment
    direct_cost: np.ndarray  #: (n,) paid by each sector on its own emissions
    absorbed: np.ndarray  #: (n,) higher costs a sector does not pass on
    final_demand_direct: np.ndarray  #: (k,) paid on emissions of final demand itself
    burden: pd.DataFrame  #: per column of final demand: region, category, spending, burden, share
    border_revenue: float
    rebate: float  #: returned to exporters at the border

    @property
    def revenue(self) -> float:
        """Paid on emissions in the country."""
        return float(self.direct_cost.sum() + self.final_demand_direct.sum())

    def households(self) -> pd.DataFrame:
        """Burden of rural and urban households by region: spending, burden (10^8 yuan), share of spending."""
        found = self.burden[self.burden["category"].isin(HOUSEHOLDS) & self.burden["region"].notna()]
        return found.set_index(["region", "category"])[["spending", "burden", "share"]]


def carbon_price(
    table: Mrio, price: float, extension: str = "co2", *, border: str | None = NO_BORDER, pass_through=1.0,
    import_factors=None, covered=None, final_demand_emissions=None,
) -> CarbonPrice:
    """A carbon price on a table's emissions, passed along the chains of suppliers.

    price : yuan per tonne; the extension's rows (Mt) are summed. covered (n,) : share of each sector's emissions
    that pays (1). pass_through (n,) or a number : as :func:`price_change`.
    border : None charges domestic emissions only; 'imports' also what imports embody; 'imports and exports'
    besides returns to exporters the rise of their prices, so that buyers abroad pay nothing.
    import_factors (S,) : Mt per 10^8 yuan of an imported commodity; when not given, the nation's own total
    requirements (imports as if made at home). final_demand_emissions (k,) : Mt emitted by final demand itself
    (households' fuel), charged in full.
    Raises InputError for unknown labels or borders, shapes, and a border adjustment on a table without imports by
    commodity.
    """
    if border not in _BORDERS:
        raise InputError(f"unknown border '{border}'; {did_you_mean(border, [b for b in _BORDERS if b])}")
    if not np.isfinite(price):
        raise InputError(f"price {price}: expected yuan per tonne")
    if table.final_demand is None:
        raise InputError("the table has no final_demand labels, so nobody can be told what they pay")
    x, k = table.x, table.Y.shape[1]
    emissions = extension_total(table, extension)
    charged = emissions * _shares(covered, table.n)
    own = np.zeros(k) if final_demand_emissions is None else numbers("final_demand_emissions", final_demand_emissions)
    if own.shape != (k,):
        raise InputError(f"final_demand_emissions has shape {own.shape}; expected ({k},)")
    direct = charged * price * YUAN_PER_TONNE
    inverse_x = np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)
    abroad = np.zeros(len(table.sectors))
    per_unit, border_inputs = direct * inverse_x, np.zeros(table.n)
    if border is not NO_BORDER:
        abroad = _import_factors(table, emissions, import_factors) * price * YUAN_PER_TONNE
        border_inputs = abroad @ table.imports
        per_unit = per_unit + border_inputs * inverse_x
    change, absorbed = price_change(table.A, per_unit, pass_through)
    border_final = np.zeros(k) if table.final_imports is None else abroad @ table.final_imports
    passed_on = change @ table.Y + border_final
    returned = np.array([region is None for region, _ in table.final_demand]) & (border == IMPORTS_AND_EXPORTS)
    rebate = float(passed_on[returned].sum())
    own_cost = own * price * YUAN_PER_TONNE
    burden = np.where(returned, 0.0, passed_on) + own_cost
    spending = table.Y.sum(axis=0) + (0.0 if table.final_imports is None else table.final_imports.sum(axis=0))
    frame = pd.DataFrame({
        "region": [r for r, _ in table.final_demand], "category": [c for _, c in table.final_demand],
        "spending": spending, "burden": burden,
        "share": np.divide(burden, spending, out=np.zeros(k), where=spending != 0),
    })
    return CarbonPrice(change, abroad, direct, absorbed * x, own_cost, frame,
                       float(border_inputs.sum() + border_final.sum()), rebate)


def _shares(covered, n):
    shares = np.ones(n) if covered is None else numbers("covered", covered)
    if shares.shape != (n,) or not ((shares >= 0) & (shares <= 1)).all():
        raise InputError(Problem("covered", f"shape {shares.shape}", f"expected ({n},) shares in 0..1"))
    return shares


def _import_factors(table, emissions, given):
    """(S,) Mt per 10^8 yuan of each imported commodity."""
    S = len(table.sectors)
    if table.imports is None or table.imports.ndim != 2:
        raise InputError("a border adjustment needs the table's imports by commodity")
    if given is not None:
        factors = numbers("given", given)
        if factors.shape != (S,) or not np.isfinite(factors).all():
            raise InputError(Problem("import_factors", f"shape {factors.shape}", f"expected finite ({S},)"))
        return factors
    return national_multipliers(table, emissions[None])[0]
