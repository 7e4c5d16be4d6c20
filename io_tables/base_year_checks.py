"""Whether what was read from a file is a base year: shapes, finite numbers, known labels, identities (E1-E3)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from io_tables.base_year import FINAL_CATEGORIES, USES, VALUE_ADDED, BaseYear
from io_tables.classification import HOUSEHOLDS
from io_tables.errors import InputError, Problem, did_you_mean

#: Largest relative residual of an identity; what `calibrate` accepts.
TOLERANCE = 1e-6
_LABELS = ("regions", "sectors", "industries", "industry_sector", "products", "fuels", "co2_sources", "technologies")
#: Axes of every array: R regions, J industries, S sectors with households, P products, F fuels, T technologies.
_AXES = {
    "output": "RJ",
    "value_added": "VRJ",
    "domestic_coefficients": "RJJ",
    "import_coefficients": "RJJ",
    "final_use": "RJC",
    "final_imports": "RJC",
    "inventories": "RJ",
    "inventory_imports": "RJ",
    "exports": "RJ",
    "error": "RJ",
    "reexports": "J",
    "trade_shares": "JRR",
    "product_price": "P",
    "product_output": "RP",
    "energy_use": "RSFU",
    "energy_output": "RSF",
    "co2": "RSE",
    "technology_energy": "RTF",
    "residual_energy": "RSF",
    "population": "R",
    "urban_population": "R",
}
_STOCK = ("region", "technology", "vintage", "capacity", "unit", "activity")


def checked(values: Mapping[str, object], path: object) -> BaseYear:
    """The base year of the fields in `values`. Raises InputError, naming `path` and every field that is wrong."""
    problems = [
        Problem(str(path), f"'{name}' is no list of labels") for name in _LABELS if not isinstance(values[name], tuple)
    ]
    for name in ("name", "year"):
        if not isinstance(values[name], str if name == "name" else int):
            problems.append(Problem(str(path), f"'{name}' is no {'text' if name == 'name' else 'whole number'}"))
    if not problems:
        problems = [*_array_problems(values, path), *_label_problems(values, path)]
    if problems:
        raise InputError([Problem(p.where, p.what, "run 'calibrate' again") for p in problems])
    base_year = BaseYear(**values)
    if base_year.output.sum() <= 0 or base_year.gdp.min() <= 0:
        raise InputError(Problem(str(path), "a province without output or value added", "run 'calibrate' again"))
    broken = {name: value for name, value in base_year.check().items() if not value <= TOLERANCE}
    if broken:
        shown = ", ".join(f"{name} {value:.1e}" for name, value in broken.items())
        raise InputError(Problem(str(path), f"the table does not balance ({shown})", "run 'calibrate' again"))
    return base_year


def _array_problems(values, path) -> list[Problem]:
    sizes = {
        "R": len(values["regions"]), "J": len(values["industries"]), "S": len(values["sectors"]) + len(HOUSEHOLDS),
        "P": len(values["products"]), "F": len(values["fuels"]), "E": len(values["co2_sources"]),
        "T": len(values["technologies"]), "V": len(VALUE_ADDED), "C": len(FINAL_CATEGORIES), "U": len(USES),
    }
    problems = []
    for name, axes in _AXES.items():
        array, expected = values[name], tuple(sizes[axis] for axis in axes)
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            problems.append(Problem(str(path), f"'{name}' is no array of numbers"))
        elif array.shape != expected:
            problems.append(Problem(str(path), f"'{name}' has shape {array.shape}, its labels say {expected}"))
        elif not np.isfinite(array).all():
            spot = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            problems.append(Problem(str(path), f"'{name}' holds no finite number at {spot}"))
    return problems


def _label_problems(values, path) -> list[Problem]:
    problems = []
    for name in (label for label in _LABELS if label != "industry_sector"):
        if len(set(values[name])) < len(values[name]):
            problems.append(Problem(str(path), f"'{name}' names one label twice"))
    if len(values["industry_sector"]) != len(values["industries"]) or not set(values["industry_sector"]) <= set(
        values["sectors"]
    ):
        problems.append(Problem(str(path), "'industry_sector' does not name a sector for each industry"))
    stock = values["technology_stock"]
    missing = [column for column in _STOCK if column not in stock]
    if missing:
        return [*problems, Problem(str(path), f"'technology_stock' has no column {', '.join(missing)}")]
    for column in ("vintage", "capacity", "activity"):
        if stock[column].dtype.kind not in "if" or not np.isfinite(stock[column].to_numpy(float)).all():
            problems.append(Problem(str(path), f"'technology_stock/{column}' holds what is no finite number"))
    for column, known in (("region", values["regions"]), ("technology", values["technologies"])):
        strange = next((label for label in stock[column] if label not in known), None)
        if strange is not None:
            problems.append(
                Problem(str(path), f"'technology_stock' names {column} '{strange}'; {did_you_mean(strange, known)}")
            )
    return problems
