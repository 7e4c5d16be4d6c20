"""Contracts of national rows: which province holds which share of a limit that the nation has as a whole (E14).

Shares rest on the base year, so that no province can move its share by what it does later. All are conventions
(`assumed`) and are named with every result.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from model.pathway.assembled import Assembled
from model.pathway.fleet import SCRAP
from model.pathway.lived import FLEETS
from model.primary_energy import GROUPS

#: Contract -> what it says.
CONTRACTS = {
    "place": "what stands or is asked for in a province is that province's",
    "line": "a line between two provinces, or a product flow within its band, belongs half to each",
    "grid region": "limits of a grid region are shared among its provinces by electricity use of the base year",
    "quota": "limits on national CO2 are divided by the chosen allocation rule",
    "fuel": "limits on a national fuel are shared by use of that fuel in the base year",
    "energy": "limits on primary energy and on its non-fossil share are shared by energy use of the base year",
    "power target": "national targets of power capacity are shared by electricity use of the base year, as the "
                    "consumption duties of renewable power are",
    "growth": "a technology's national growth is shared by output of its product in the base year (by GDP where "
              "nobody made it)",
    "scrap": "scrap is shared by its use in the base year",
    "storage limit": "a national limit on injection is shared by storage capacity",
    "technology limit": "a national limit on a technology is shared by output of its product in the base year",
    "technology use": "national rows on the use of technologies are shared by their output in the base year (by that "
                      "of their product where none ran)",
    "statistic": "what statistics count of the nation is shared by what they count in provinces (by what stood in the "
                 "base year where they do not), less what each has standing",
}
_CO2_TARGETS = ("targets.net_co2", "targets.gross_co2", "targets.co2_intensity")
_FUEL_TARGETS = {"targets.coal_use": 0, "targets.oil_use": 1, "targets.gas_use": 2}
_ENERGY_TARGETS = ("targets.non_fossil_share", "targets.primary_energy")


class Endowments:
    """Shares (..., R) of national rows of one programme over all provinces."""

    def __init__(self, whole: Assembled, quotas: Mapping[int, np.ndarray], budget: np.ndarray | None):
        """quotas : model year -> (R,) shares; budget (R,) shares of a row over all years."""
        self.whole, self.d = whole, whole.draft
        self.base, self.study = self.d.study.base, self.d.study
        self.quotas = {year: np.asarray(q, dtype=float) / np.sum(q) for year, q in quotas.items()}
        self.budget = (np.mean(list(self.quotas.values()), axis=0) if budget is None
                       else np.asarray(budget, dtype=float) / np.sum(budget))
        self.electricity = _shares(self._use(("electricity",)))

    def _use(self, fuels) -> np.ndarray:
        at = [self.base.fuels.index(f) for f in fuels]
        return self.study.accounts.use[:, :, at].sum(axis=(1, 2))

    def fuels(self) -> np.ndarray:
        """(3, R) shares of coal, oil and gas of the nation."""
        return np.stack([_shares(self._use(group)) for group in GROUPS.values()])

    def grid_regions(self) -> np.ndarray:
        """(grid regions, R) each region's provinces by load."""
        region = self.d.places.region
        inside = region[None] == np.arange(int(region.max()) + 1)[:, None]
        load = inside * self.electricity
        return load / load.sum(axis=1, keepdims=True)

    def market(self, k: int) -> np.ndarray:
        """(R,) output of the technology's product in the base year, as shares; GDP where there was none."""
        product = self.d.product[k]
        if product in self.base.products:
            made = self.base.product_output[:, self.base.products.index(product)]
        else:
            made = self.study.activity[:, list(self.study.of_product[product])].sum(axis=1)
        return _shares(made, self.base.gdp)

    def of_rows(self, name: str, at: np.ndarray) -> tuple[str, np.ndarray] | None:
        """The contract of a row block at positions of K and shares that broadcast to (*at.shape, R); None without."""
        d = self.d
        if name == "firm_capacity":
            return "grid region", self.grid_regions()[:, None]
        if name == "growth":
            return "growth", np.stack([self.market(k) for k in range(d.K)])[:, None]
        if name in SCRAP:
            asked = np.array([self.study.catalogue.inputs(k, self.base.year).get(name, 0.0) for k in d.keys])
            return "scrap", _shares(self.study.activity @ asked, self.base.gdp)
        if name == "injection_max":
            return "storage limit", _shares(d.places.storage, self.base.gdp)
        if name.startswith("history "):
            return self._statistic(name)
        if name.startswith("policy "):
            return self._policy(*d.names[name])
        head, *rest = name.split()
        if head in ("limit", "phase-out", "share_min", "share_max") and rest and rest[0] in d.keys:
            return "technology limit", self.market(d.keys.index(rest[0]))
        if all(self.technologies(row).size for row in at.ravel()):
            return "technology use", np.stack([self.stood(row) for row in at.ravel()]).reshape(*at.shape, d.G)
        return None

    @cached_property
    def _technology(self) -> np.ndarray:
        """(n,) position of the technology a column is of, -1 for others."""
        d = self.d
        found = np.full(self.whole.complete.K.shape[1], -1)
        for block in (d.activity, d.generation, d.discharge, d.capacity, d.building):
            for k in range(d.K):
                own = block[:, k].ravel()
                found[own[own >= 0]] = k
        for k in range(d.K):
            own = np.concatenate([d.nation_built[k], d.nation_use[k]])
            found[own[own >= 0]] = k
        for columns in (d.refit, d.nation_refit):
            found[columns] = d.refits.target
        given = np.broadcast_to(d.plants[:, None], d.nation_given.shape)
        found[d.nation_given[d.nation_given >= 0]] = given[d.nation_given >= 0]
        return found

    def technologies(self, row: int) -> np.ndarray:
        """Positions of the technologies whose columns a row of K speaks of."""
        K = self.whole.complete.K
        found = self._technology[K.indices[K.indptr[row] : K.indptr[row + 1]]]
        return np.unique(found[found >= 0])

    def stood(self, row: int) -> np.ndarray:
        """(R,) base-year output of the technologies of a row, as shares; their market where nothing ran."""
        touched = self.technologies(row)
        ran = self.study.activity[:, touched].sum(axis=1)
        return _shares(ran, sum((self.market(k) for k in touched), start=np.zeros(self.d.G)))

    def _statistic(self, name: str) -> tuple[str, np.ndarray] | None:
        """Shares of a national figure; of its upper side, which counts additions only, what is left to each."""
        d = self.d
        item, _, end = name.removeprefix("history ").rpartition(" ")
        if item not in FLEETS:
            return "statistic", self.stood(int(self.whole.kept(d.programme.rows[name].index)[0]))
        own = [d.keys.index(k) for k in FLEETS[item] if k in d.keys]
        counted = _shares(self._counted(item), d.places.standing[:, own, 0].sum(axis=1) + 1e-9 * self.electricity)
        if end == "least":
            return "statistic", counted
        side = float(self.whole.complete.k_upper[self.whole.kept(d.programme.rows[name].index)[0]])
        left = d.places.standing[:, own, d.years.index(d.lived) + 1].sum(axis=1)
        if abs(side) < 1e-9:
            return "statistic", counted
        return "statistic", ((side + left.sum()) * counted - left) / side

    def _counted(self, item: str) -> np.ndarray:
        """(R,) last published figure of the provinces up to the last lived year; zeros where there is none."""
        table = self.base.tables["technology_history"]
        rows = table[(table["item"] == item) & (table["year"] <= self.d.lived)]
        rows = rows[(rows["region"] != "China") & (rows["year"] == rows["year"].max())]
        given = dict(zip(rows["region"], rows["value"].astype(float), strict=True))
        return np.array([given.get(name, 0.0) for name in self.d.places.names])

    def _policy(self, name: str, year: int) -> tuple[str, np.ndarray] | None:
        if name == "carbon.budget":
            return "quota", self.budget
        if name == "carbon.provincial_caps":
            return "quota", self._pooled_caps(year)
        if name.startswith(("carbon.", *_CO2_TARGETS)):
            return "quota", self.quotas[year]
        for start, fuel in _FUEL_TARGETS.items():
            if name.startswith(start):
                return "fuel", self.fuels()[fuel]
        if name.startswith(_ENERGY_TARGETS):
            return "energy", _shares(self.study.accounts.use.sum(axis=(1, 2)))
        if name.startswith("targets."):
            return "power target", self.electricity
        return None

    def _pooled_caps(self, year: int) -> np.ndarray:
        """Caps given by province and pooled by trade: each keeps its own cap and sink."""
        d, caps = self.d, self.study.scenario.carbon.provincial_caps
        sinks = (self.study.assumed.sinks[1:] @ d.places.member.T)[d.years.index(year)]
        own = np.array([caps[n].at(year) + sinks[g] if n in caps else 0.0 for g, n in enumerate(d.places.names)])
        return own / own.sum()


def _shares(values: np.ndarray, fallback: np.ndarray | None = None) -> np.ndarray:
    """Shares of what is positive; those of `fallback` where nothing is."""
    values = np.maximum(np.asarray(values, dtype=float), 0.0)
    if not values.sum() > 0 and fallback is not None:
        values = np.maximum(fallback, 0.0)
    return values / values.sum() if values.sum() > 0 else np.full(len(values), 1.0 / len(values))
