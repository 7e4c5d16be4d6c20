"""The base-year file: the same content gives the same bytes, and a broken file is an error that says what to do."""

import io
import zipfile
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from io_tables.base_year import BaseYear
from io_tables.base_year_file import library, library_path
from io_tables.errors import InputError


@pytest.fixture(scope="module")
def embedded() -> BaseYear:
    return BaseYear.load()


@pytest.fixture
def members() -> dict[str, bytes]:
    """The arrays inside the embedded file by member name."""
    with zipfile.ZipFile(library_path("china_2020")) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _file(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _array(value) -> bytes:
    content = io.BytesIO()
    np.save(content, value)
    return content.getvalue()


def test_library_holds_the_embedded_year_by_name(embedded):
    assert "china_2020" in library()
    assert BaseYear.load(library_path("china_2020")).sha256 == embedded.sha256


def test_saving_what_was_loaded_gives_the_same_bytes(embedded, tmp_path):
    sha256 = embedded.save(tmp_path / "copy.npz")
    assert (tmp_path / "copy.npz").read_bytes() == library_path("china_2020").read_bytes()
    assert sha256 == embedded.sha256
    assert list(tmp_path.iterdir()) == [tmp_path / "copy.npz"]


def test_everything_survives_the_file(embedded, tmp_path):
    embedded.save(tmp_path / "copy.npz")
    copy = BaseYear.load(tmp_path / "copy.npz")
    for field in fields(BaseYear):
        ours, theirs = getattr(embedded, field.name), getattr(copy, field.name)
        if isinstance(ours, np.ndarray):
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)
        elif isinstance(ours, pd.DataFrame):
            pd.testing.assert_frame_equal(ours, theirs)
        elif isinstance(ours, dict):
            assert ours.keys() == theirs.keys()
        else:
            assert ours == theirs, field.name


def test_another_content_has_another_hash(embedded, tmp_path):
    changed = replace(embedded, population=embedded.population * 1.001)
    assert changed.save(tmp_path / "changed.npz") != embedded.sha256


def test_arrays_come_with_labels_of_their_length(embedded):
    R, J, S = len(embedded.regions), len(embedded.industries), len(embedded.sectors)
    assert embedded.output.shape == (R, J) and embedded.value_added.shape == (4, R, J)
    assert embedded.energy_use.shape == (R, S + 2, len(embedded.fuels), len(embedded.uses))
    assert len(embedded.energy_sectors) == S + 2
    assert embedded.co2.shape == (R, S + 2, len(embedded.co2_sources))
    assert embedded.product_output.shape == (R, len(embedded.products))
    assert embedded.trade_shares.shape == (J, R, R)
    assert {"region", "technology", "vintage", "capacity", "unit"} <= set(embedded.technology_stock.columns)
    assert list(embedded.membership.sum(axis=1)) == [1.0] * J


def test_a_name_that_is_neither_file_nor_library_suggests_the_nearest():
    with pytest.raises(InputError, match="china_2020"):
        BaseYear.load("china_2021")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 torn"], ids=["empty", "text", "torn archive"])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a base-year file") as caught:
        BaseYear.load(path)
    assert str(path) in str(caught.value) and "calibrate" in str(caught.value)


def test_a_half_written_file_is_refused(tmp_path):
    whole = library_path("china_2020").read_bytes()
    path = tmp_path / "half.npz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a base-year file"):
        BaseYear.load(path)


def test_a_damaged_member_is_refused(tmp_path):
    whole = bytearray(library_path("china_2020").read_bytes())
    # Inside the compressed bytes of a large member.
    place = whole.index(b"trade_shares.npy") + 5000
    whole[place : place + 64] = bytes(64)
    path = tmp_path / "damaged.npz"
    path.write_bytes(bytes(whole))
    with pytest.raises(InputError, match="calibrate"):
        BaseYear.load(path)


def test_an_archive_of_other_arrays_is_refused(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, a=np.arange(3))
    with pytest.raises(InputError, match="not a base-year file"):
        BaseYear.load(path)


def test_another_schema_version_is_named(tmp_path, members):
    path = _file(tmp_path / "old.npz", {**members, "schema_version.npy": _array(np.array(0))})
    with pytest.raises(InputError, match="schema 0"):
        BaseYear.load(path)


@pytest.mark.parametrize("missing", ["output", "trade_shares", "population"])
def test_a_missing_array_is_named(tmp_path, members, missing):
    path = _file(tmp_path / "part.npz", {k: v for k, v in members.items() if k != missing + ".npy"})
    with pytest.raises(InputError, match=missing):
        BaseYear.load(path)


def test_objects_that_would_run_code_are_never_loaded(tmp_path, members):
    content = io.BytesIO()
    np.save(content, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    path = _file(tmp_path / "pickle.npz", {**members, "output.npy": content.getvalue()})
    with pytest.raises(InputError, match="calibrate"):
        BaseYear.load(path)


def test_a_failed_write_leaves_the_old_file(embedded, tmp_path, monkeypatch):
    path = tmp_path / "year.npz"
    path.write_bytes(b"old")
    monkeypatch.setattr("pathlib.Path.replace", lambda self, target: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        embedded.save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
