"""Input coefficients by province (E2)."""

import numpy as np
import pytest

from calibration.provincial_coefficients import location_quotients, provincial_coefficients, supplier_tilt
from io_tables.errors import InputError


def economy(seed=0, R=5, J=4):
    """National flows and provincial output and value added that agree with them."""
    rng = np.random.default_rng(seed)
    domestic, imported = rng.uniform(1, 10, (J, J)), rng.uniform(0, 2, (J, J))
    value_added = rng.uniform(20, 40, J)
    output = domestic.sum(0) + imported.sum(0) + value_added
    shares = rng.dirichlet(np.full(R, 3.0), J).T
    return domestic, imported, shares * output, shares * value_added


def test_rows_meet_the_nation_and_columns_the_province():
    domestic, imported, output, value_added = economy()
    tilt = supplier_tilt(output, exponent=0.5)
    found = provincial_coefficients(domestic, imported, output, value_added, tilt, np.ones_like(tilt))
    used = np.einsum("sij,sj->ij", found.domestic, output)
    abroad = np.einsum("sij,sj->ij", found.imported, output)
    np.testing.assert_allclose(used, domestic, rtol=1e-9)
    np.testing.assert_allclose(abroad, imported, rtol=1e-9)
    inputs = (found.domestic + found.imported).sum(axis=1) * output
    np.testing.assert_allclose(inputs + value_added, output, rtol=1e-9)


def test_provinces_of_the_national_mix_have_the_national_coefficients():
    domestic, imported, output, value_added = economy(R=3)
    shares = np.array([0.2, 0.3, 0.5])[:, None]
    output, value_added = shares * output.sum(0), shares * value_added.sum(0)
    np.testing.assert_allclose(location_quotients(output), 1.0)
    found = provincial_coefficients(domestic, imported, output, value_added, supplier_tilt(output), np.ones((3, 4)))
    np.testing.assert_allclose(found.domestic, np.broadcast_to(domestic / output.sum(0), (3, 4, 4)), rtol=1e-9)


def test_location_quotient_by_hand():
    # Province 0 has 30 of 40 of the first industry and half of all output.
    output = np.array([[30.0, 20.0], [10.0, 40.0]])
    np.testing.assert_allclose(location_quotients(output), [[1.5, 2 / 3], [0.5, 4 / 3]])
    np.testing.assert_allclose(supplier_tilt(output, 0.2, bound=1.2), [[1.2**0.2, 1.2**-0.2], [1.2**-0.2, 1.2**0.2]])


def test_a_province_uses_more_of_what_it_makes_much_of():
    domestic, imported, output, value_added = economy(seed=3)
    tilt = supplier_tilt(output)
    found = provincial_coefficients(domestic, imported, output, value_added, tilt, np.ones_like(tilt))
    quotient = location_quotients(output)
    for i in range(4):
        most, least = quotient[:, i].argmax(), quotient[:, i].argmin()
        share = found.domestic[:, i, :] / found.domestic.sum(axis=1)
        assert (share[most] > share[least]).all()


def test_a_province_without_an_industry_has_the_national_column():
    domestic, imported, output, value_added = economy()
    output[1] += output[0] * [1, 0, 0, 0]
    value_added[1] += value_added[0] * [1, 0, 0, 0]
    output[0, 0] = value_added[0, 0] = 0.0
    found = provincial_coefficients(domestic, imported, output, value_added, np.ones((5, 4)), np.ones((5, 4)))
    np.testing.assert_allclose(found.domestic[0, :, 0], domestic[:, 0] / output[:, 0].sum())


def test_value_added_above_output_is_named():
    domestic, imported, output, value_added = economy()
    value_added[2, 1] = output[2, 1] + 1
    with pytest.raises(InputError, match="province 2, industry 1"):
        provincial_coefficients(domestic, imported, output, value_added, np.ones((5, 4)), np.ones((5, 4)))
