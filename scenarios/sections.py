"""What every section of a scenario shares: closed keys, frozen values, descriptions that become the manual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from scenarios.keys import Key
from scenarios.quantities import ByYear, Quantity, YearPath, YearType


class Section(BaseModel):
    """A mapping of a scenario file: unknown keys are mistakes, values do not change after loading."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, arbitrary_types_allowed=True, defer_build=True
    )


class Whole:
    """Annotation of a mapping that is one thing (a mix, a set of weights): `extends` replaces it, never merges it."""


def setting(default: Any, description: str, zh: str) -> Any:
    """A field with its default, what it means in English and its Chinese name."""
    extra = {"zh": zh}
    if isinstance(default, (dict, list)):
        return Field(default_factory=lambda: type(default)(default), description=description, json_schema_extra=extra)
    return Field(default=default, description=description, json_schema_extra=extra)


def refuse(errors: list[tuple[tuple, PydanticCustomError]]) -> None:
    """Raise all mistakes of a section at once, each at its own place below the section; nothing when empty."""
    if errors:
        details: list[InitErrorDetails] = [{"type": error, "loc": loc, "input": None} for loc, error in errors]
        raise ValidationError.from_exception_data("scenario", details)


Year = Annotated[int, YearType()]
Share = Annotated[float, Quantity("share", 0.0, 1.0)]
Factor = Annotated[float, Quantity("1", 0.0)]
SharePath = Annotated[YearPath, ByYear(Quantity("share", 0.0, 1.0))]
SignedSharePath = Annotated[YearPath, ByYear(Quantity("share", -1.0, 1.0))]
RatePath = Annotated[YearPath, ByYear(Quantity("share/year", -0.3, 0.3))]
FactorPath = Annotated[YearPath, ByYear(Quantity("1", 0.0))]
CO2Path = Annotated[YearPath, ByYear(Quantity("Mt CO2"))]

Province = Annotated[str, Key("province")]
Sector = Annotated[str, Key("sector")]
Consumption = Annotated[str, Key("consumption")]
Fuel = Annotated[str, Key("fuel")]
Product = Annotated[str, Key("product")]
Technology = Annotated[str, Key("technology")]
Period = Annotated[str, Key("period")]


def given_years(path: Mapping | None) -> list[int]:
    """Years a path was given for; empty for a constant or nothing."""
    return [] if path is None or (isinstance(path, YearPath) and path.is_constant) else list(path)
