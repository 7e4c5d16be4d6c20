"""Technology mixes that the scenario gives single provinces, kept by the programme over all provinces (E8, E10)."""

from __future__ import annotations

import numpy as np

from model.pathway.choice import STORAGE
from model.pathway.draft import Draft
from model.pathway.fleet import _running


def add_given_mixes(d: Draft) -> None:
    """activity_k = share_k x activity of the product, one named row for every province, technology and year ahead.

    The technology with the largest share takes what is left: its row follows from the others.
    """
    given = d.study.assumed.provincial_shares
    if d.G == 1 or given is None:
        return
    for g, t, own, shares in _mixes(d, given[1:]):
        parts = [_running(d, k, t).reshape(d.G, -1)[g] for k in own]
        for i in np.delete(np.arange(len(own)), np.argmax(shares)):
            name, year = f"technology.provincial_shares.{d.places.names[g]}.{d.keys[own[i]]}", d.years[t]
            label = f"policy {name} {year}"
            row = d.programme.add_rows(label, 1, lower=0.0, upper=0.0)
            d.names[label] = (name, year)
            for j, columns in enumerate(parts):
                d.programme.add(row, columns, float(i == j) - shares[i])


def _mixes(d: Draft, given: np.ndarray):
    """(place, year, technologies, shares) of every mix given (T, R, K) for a year not yet lived."""
    for own in d.study.of_product.values():
        own = [k for k in own if d.keys[k] not in STORAGE]
        for t, year in enumerate(d.years):
            for g in np.flatnonzero(~np.isnan(given[t][:, own]).any(axis=1)):
                if year > d.lived:
                    yield g, t, own, given[t, g, own]
