"""The one place where fact tables are opened; a user's yearbook figures can be laid over them for one calibration."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from io import StringIO
from pathlib import Path
from types import MappingProxyType

import pandas as pd

FOLDER = Path(__file__).parents[1] / "io_tables" / "china_2020"
_NOTHING: Mapping[str, str] = MappingProxyType({})
#: File name -> CSV text that stands in its place while a block of `laid_over` runs.
_LAID_OVER: ContextVar[Mapping[str, str]] = ContextVar("laid_over", default=_NOTHING)


def names() -> tuple[str, ...]:
    """Names of all fact tables, sorted."""
    return tuple(sorted(path.name for path in FOLDER.glob("*.csv")))


def text(name: str) -> str:
    """Text of a fact table as it stands now."""
    laid_over = _LAID_OVER.get()
    return laid_over[name] if name in laid_over else (FOLDER / name).read_text(encoding="utf-8")


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a fact table."""
    return list(csv.DictReader(StringIO(text(name))))


def frame(name: str, **options) -> pd.DataFrame:
    """A fact table as a DataFrame; `options` go to pandas.read_csv."""
    return pd.read_csv(StringIO(text(name)), **options)


@contextmanager
def laid_over(tables: Mapping[str, pd.DataFrame]) -> Iterator[None]:
    """Within the block the given tables (file name -> whole table) are read instead of the embedded ones."""
    token = _LAID_OVER.set({**_LAID_OVER.get(), **{n: t.to_csv(index=False) for n, t in tables.items()}})
    try:
        yield
    finally:
        _LAID_OVER.reset(token)


def remembered(function: Callable) -> Callable:
    """Cache a reader's answers, apart for each set of tables laid over."""
    answers: dict = {}

    @wraps(function)
    def reader(*arguments):
        laid = _LAID_OVER.get()
        key = (() if laid is _NOTHING else tuple(sorted(laid.items())), arguments)
        if key not in answers:
            answers[key] = function(*arguments)
        return answers[key]

    return reader
