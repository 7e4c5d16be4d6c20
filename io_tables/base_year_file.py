"""The base-year file: an npz without pickle, labels and schema version inside, same content -> same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from dataclasses import fields
from pathlib import Path

import numpy as np

from io_tables.base_year import BaseYear
from io_tables.base_year_checks import checked
from io_tables.errors import InputError, did_you_mean

SCHEMA_VERSION = 1
_LIBRARY = Path(__file__).parent
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
#: Tables of the base year and their first columns; others follow in the order of their names.
_TABLES = {
    "technology_stock": ("region", "technology", "vintage", "capacity", "unit"),
    "margins": ("item", "place", "published", "modelled", "residual", "unit", "scale factor", "note"),
    "sources": ("item", "year", "value", "unit", "source", "status"),
}
_TEXTS = ("name",)
_SKIPPED = ("sha256",)


def library_path(name: str) -> Path:
    """Where an embedded base year of that name lies."""
    return _LIBRARY / name / "base_year.npz"


def library() -> list[str]:
    """Names of the embedded base years."""
    return sorted(p.parent.name for p in _LIBRARY.glob("*/base_year.npz"))


def write(base_year: BaseYear, path: str | Path) -> str:
    """Write `base_year`; the file appears whole or not at all. Returns its SHA-256."""
    members: dict[str, np.ndarray] = {"schema_version": np.array(SCHEMA_VERSION)}
    for field in fields(BaseYear):
        value = getattr(base_year, field.name)
        if field.name in _SKIPPED:
            continue
        if field.name in _TABLES:
            for column in value.columns:
                members[f"{field.name}/{column}"] = _column(value[column])
        elif field.name == "tables":
            for table, frame in value.items():
                for column in frame.columns:
                    members[f"tables/{table}/{column}"] = _column(frame[column])
        elif isinstance(value, (tuple, str, int)):
            members[field.name] = np.array(value)
        else:
            members[field.name] = np.asarray(value, dtype=float)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(members):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(members[name], order="C"), allow_pickle=False)
            info = zipfile.ZipInfo(name + ".npy", _FIXED_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content.getvalue())
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_bytes(buffer.getvalue())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def _column(series) -> np.ndarray:
    array = series.to_numpy()
    return array if array.dtype.kind in "fiub" else np.array([str(v) for v in array])


def read(name_or_path: str | Path) -> BaseYear:
    """Read a base year by library name or path; see ``BaseYear.load``."""
    import pandas as pd

    path = Path(name_or_path)
    if not path.is_file():
        path = library_path(str(name_or_path))
    if not path.is_file():
        raise InputError(
            f"base year '{name_or_path}' is neither a file nor in the library; "
            f"{did_you_mean(str(name_or_path), library())}"
        )
    content = path.read_bytes()
    try:
        archive = np.load(io.BytesIO(content), allow_pickle=False)
        version = int(archive["schema_version"])
    except (ValueError, TypeError, IndexError, KeyError, OSError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a base-year file; run 'calibrate' to make one") from error
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{path}: base-year schema {version}, this version reads {SCHEMA_VERSION}; run 'calibrate' again"
        )
    values: dict[str, object] = {}
    try:
        for field in fields(BaseYear):
            if field.name in _SKIPPED:
                continue
            if field.name in _TABLES:
                prefix = field.name + "/"
                columns = {n[len(prefix) :]: archive[n] for n in archive.files if n.startswith(prefix)}
                first = [name for name in _TABLES[field.name] if name in columns]
                values[field.name] = pd.DataFrame(columns)[[*first, *(c for c in columns if c not in first)]]
                continue
            if field.name == "tables":
                tables: dict[str, dict[str, np.ndarray]] = {}
                for member in archive.files:
                    if member.startswith("tables/"):
                        _, table, column = member.split("/", 2)
                        tables.setdefault(table, {})[column] = archive[member]
                values["tables"] = {name: pd.DataFrame(columns) for name, columns in tables.items()}
                continue
            array = archive[field.name]
            if array.dtype.kind == "U":
                values[field.name] = str(array) if field.name in _TEXTS else tuple(str(v) for v in array)
            elif array.dtype.kind == "i" and array.ndim == 0:
                values[field.name] = int(array)
            else:
                values[field.name] = array
    except KeyError as error:
        raise InputError(f"{path}: incomplete base-year file, {error.args[0]}; run 'calibrate' again") from error
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: damaged base-year file ({error}); run 'calibrate' again") from error
    return checked({**values, "sha256": hashlib.sha256(content).hexdigest()}, path)
