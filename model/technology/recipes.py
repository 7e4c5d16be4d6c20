"""What technologies buy, as columns of money per unit of their product (alpha_k of E8)."""

from __future__ import annotations

import numpy as np

from io_tables.base_year import BaseYear
from model.technology.catalogue import LABOUR, Catalogue

#: Buyers' prices implied by the base year may leave the catalogue's price by this factor, either way.
PRICE_RANGE = (0.5, 2.0)


def buyer_price_factors(base: BaseYear, catalogue: Catalogue, activity: np.ndarray) -> np.ndarray:
    """(J, P) factor from catalogue prices to what each product's industry pays for each energy commodity (E9).

    Money in the national column over physical use at catalogue prices, within PRICE_RANGE; 1 for other inputs.
    activity (R, K) of the base year.
    """
    factor = np.ones((len(base.industries), len(base.products)))
    totals = activity.sum(axis=0)
    for p, product in enumerate(base.products):
        j = base.industries.index(product)
        inputs = base.domestic_coefficients[:, :, j] + base.import_coefficients[:, :, j]
        paid = base.output[:, j] @ inputs
        expected = np.zeros(len(base.industries))
        for k, key in enumerate(catalogue.keys):
            if catalogue.product(key) != product:
                continue
            for commodity, amount in catalogue.inputs(key, base.year).items():
                c = catalogue.commodities[commodity]
                if commodity in base.fuels and c.industry in base.industries:
                    expected[base.industries.index(c.industry)] += totals[k] * amount * c.price
        ratio = np.divide(paid, expected, out=np.ones_like(paid), where=expected > 0)
        factor[:, p] = np.where(expected > 0, np.clip(ratio, *PRICE_RANGE), 1.0)
    return factor


def recipes(base: BaseYear, catalogue: Catalogue, price_factors: np.ndarray, year: float) -> np.ndarray:
    """(K, J) money inputs per 10^8 yuan of product in a year; zero rows for products without an industry.

    price_factors (J, P) from `buyer_price_factors`. Labour is a primary input and no purchase.
    """
    table = np.zeros((len(catalogue.keys), len(base.industries)))
    for k, key in enumerate(catalogue.keys):
        product = catalogue.product(key)
        if product not in base.products:
            continue
        p = base.products.index(product)
        for industry, money in catalogue.operating_inputs(key, year).items():
            if industry != LABOUR:
                i = base.industries.index(industry)
                table[k, i] += money * price_factors[i, p] / base.product_price[p]
    return table
