"""Numbers handed in by a caller as an array, or the mistake by name."""

from __future__ import annotations

import numpy as np

from io_tables.errors import InputError, Problem


def numbers(name: str, value) -> np.ndarray:
    """`value` as an array of floats; not copied where it is one.

    Raises InputError naming `name` where rows differ in length or something is no number.
    """
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        told = Problem(name, "is not an array of numbers", "give rows of equal length that hold numbers only")
        raise InputError(told) from None
