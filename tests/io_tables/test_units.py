"""Conversions against definitions: GB/T 2589, SI, and the traps of Chinese statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from io_tables.errors import InputError
from io_tables.units import MINISTRY_UNITS, PJ_PER_MTCE, PJ_PER_TWH, UNITS, convert, factor


@pytest.mark.parametrize("value, source, target, expected", [
    (1.0, "万吨", "Mt", 0.01),  # the classic trap: 10^4 t is a hundredth of a million tonnes
    (49.8, "亿吨标准煤", "PJ", 4980 * 29.3076),
    (1.0, "tce", "GJ", 29.3076),
    (1.0, "万吨标准煤", "TJ", 293.076),
    (1.0, "亿千瓦时", "GWh", 100.0),
    (1.0, "TWh", "PJ", 3.6),
    (1.0, "kWh", "TJ", 3.6e-6),
    (3.6, "PJ", "TWh", 1.0),
    (1.0, "百亿千焦", "TJ", 10.0),  # 10^10 kJ
    (1.0, "万百万千焦", "TJ", 10.0),
    (1.0, "万亿元", "亿元", 1e4),
    (1.0, "10亿元", "亿元", 10.0),
    (1.0, "百万元", "万元", 100.0),
    (1.0, "万千瓦", "MW", 10.0),
    (1.0, "亿千瓦", "GW", 100.0),
    (945.723, "million weight cases", "Mt", 47.28615),  # 50 kg a case
    (1.0, "万重量箱", "t", 500.0),
    (1.0, "bcm", "亿立方米", 10.0),
    (14.1212, "亿人", "万人", 141212.0),
    (1.0, "亿吨公里", "1e9 tkm", 0.1),
    (1.0, "亿平方米", "万平方米", 1e4),
    (25.0, "%", "share", 0.25),
])
def test_conversion_matches_the_definition(value, source, target, expected):
    assert convert(value, source, target) == pytest.approx(expected, rel=1e-12)


def test_constants_are_those_of_the_standard():
    # 7000 kcal per kg at 4.1868 kJ per kcal; one watt hour is 3600 J.
    assert pytest.approx(7000 * 4.1868e-3, rel=1e-12) == PJ_PER_MTCE
    assert pytest.approx(3600e-3, rel=1e-12) == PJ_PER_TWH


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.floats(-1e6, 1e6))
def test_converting_there_and_back_changes_nothing(source, target, value):
    if UNITS[source][0] == UNITS[target][0]:
        assert convert(convert(value, source, target), target, source) == pytest.approx(value, rel=1e-12, abs=1e-300)


def test_arrays_are_converted_as_a_whole():
    np.testing.assert_allclose(convert(np.array([1.0, 2.0]), "Gt", "Mt"), [1000.0, 2000.0])


@pytest.mark.parametrize("source, target", [
    ("Mt", "PJ"), ("GW", "TWh"), ("1e8 yuan", "Mt"), ("million persons", "million"),
])
def test_unlike_dimensions_are_refused(source, target):
    with pytest.raises(InputError, match="dimensions differ"):
        factor(source, target)


def test_unknown_unit_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'Mtce'"):
        factor("Mtcee", "PJ")


def test_every_dimension_a_ministry_reads_has_a_unit_of_that_dimension():
    for dimension, unit in MINISTRY_UNITS.items():
        assert UNITS[unit][0] == dimension
