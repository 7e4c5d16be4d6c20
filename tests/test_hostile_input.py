"""What a hostile or careless user does ends in a message that names it: no traceback, nothing half-written, no NaN."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import run_model
from io_tables.base_year import BaseYear
from io_tables.base_year_file import library_path
from io_tables.errors import InputError, ModelError
from io_tables.mrio import Mrio
from model.export.whole import stops_raise, uninterrupted, whole_file, whole_folder
from scenarios.load import load_scenario

ROOT = Path(__file__).parents[1]
LIKE = "name: a\nextends: quick\n"

SCENARIOS = {
    "a list holding itself": ("a: &a [*a]\n", "levels"),
    "a mapping holding itself": ("name: a\ncarbon: &a {national_cap: *a}\n", "levels"),
    "anchors that unfold to billions": (
        "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)), "values"),
    "brackets without end": (LIKE + "carbon: " + "[" * 900 + "]" * 900, "deep"),
    "braces without end": (LIKE + "carbon: " + "{a: " * 900 + "1" + "}" * 900, "deep"),
    "digits without end": (LIKE + f"carbon: {{national_cap: {{2030: {'9' * 5000}}}}}\n", "finite"),
    "an integer beyond floats": (LIKE + f"carbon: {{national_cap: {{2030: {'9' * 400}}}}}\n", "finite"),
    "a number beyond floats with a unit": (LIKE + "carbon: {national_cap: {2030: 1e9999 亿吨}}\n", "finite"),
    "a number beyond floats by its unit": (LIKE + "carbon: {national_cap: {2030: 1e307 亿吨}}\n", "finite"),
    "a year of five thousand digits": (LIKE + f"carbon: {{peak_year: '{'9' * 5000}'}}\n", "year"),
    "infinity": (LIKE + "carbon: {national_cap: {2030: .inf}}\n", "finite"),
    "not a number": (LIKE + "economics: {discount_rate: .nan}\n", "finite"),
    "merge keys": (LIKE + "x: &x {peak_year: 2030}\ncarbon: {<<: *x}\n", "merge keys"),
    "code in a tag": (LIKE + "carbon: !!python/object/apply:os.system [true]\n", "tag"),
    "two documents": ("name: a\n---\nname: b\n", "more than one document"),
    "a list for a mapping": (LIKE + "carbon: [1, 2]\n", "mapping"),
    "a number for a key": (LIKE + "1: 2\n", "unknown key"),
    "nothing for a key": (LIKE + ": 2\n", "unknown key"),
    "half a character": (LIKE + 'title: {en: "\\ud800"}\n', "half of a character"),
    "a name that climbs": ("name: ..\nextends: quick\n", "not a name"),
    "a name with a slash": ("name: a/b\nextends: quick\n", "not a name"),
    "a name that ends in a dot": ("name: a.\nextends: quick\n", "not a name"),
    "a name longer than files": (f"name: {'情' * 100}\nextends: quick\n", "too long"),
    "extends a folder": ("name: a\nextends: /\n", "no such file"),
    "extends an address": ("name: a\nextends: https://example.com/a.yaml\n", "no such file"),
    "extends a name longer than files": (f"name: a\nextends: {'a' * 5000}\n", "no such scenario"),
    "extends itself": ("name: a\nextends: hostile.yaml\n", "circle"),
    "control characters": ("name: a\ntitle: \x07\n", "YAML"),
    "nothing": ("", "empty"),
}


@pytest.mark.parametrize("what", SCENARIOS)
def test_a_hostile_scenario_is_told_with_its_place(what, tmp_path):
    text, expected = SCENARIOS[what]
    path = tmp_path / "hostile.yaml"
    path.write_text(text, encoding="utf-8")
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    assert expected in str(caught.value) and "hostile.yaml" in str(caught.value)
    assert max(len(p.what) for p in caught.value.problems) < 6000
    assert time.process_time() - start < 10


def test_ten_thousand_lines_are_told_line_by_line(tmp_path):
    path = tmp_path / "long.yaml"
    path.write_text(LIKE + "carbon:\n" + "  peak_year: 2030\n" * 10_000, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    assert len(caught.value.problems) == 9999 and caught.value.problems[-1].where.endswith(":10003:3")


def test_a_number_as_name_is_also_the_title(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("name: 5\nextends: quick\n", encoding="utf-8")
    scenario = load_scenario(path)
    assert (scenario.name, scenario.title.zh) == ("5", "5")


@pytest.mark.parametrize(
    "override",
    ["abc", "=", "a=", "=5", ".=1", "carbon..peak_year=3", "carbon.peakyear=2030", "years.99=2050", "years.-1=2050",
     "targets.0=5", "name=..", "extends=quick", "lock.x=1", "carbon.peak_year={", "carbon.peak_year=" + "[" * 900,
     "carbon.peak_year=&a [*a]", ".".join("a" * 3000) + "=1", "carbon.national_cap." + "9" * 5000 + "=1",
     "carbon.national_cap.2030=1e999", "title=\udcff"],
    ids=lambda text: ascii(text[:25]),
)
def test_a_hostile_override_is_told(override):
    with pytest.raises(InputError, match="--set"):
        load_scenario("quick", (override,))


# ---- base-year files ----

@pytest.fixture(scope="module")
def members():
    with np.load(library_path("china_2020")) as archive:
        return {name: archive[name] for name in archive.files}


def _with(array, value, at=0):
    changed = array.copy()
    changed.flat[at] = value
    return changed


BASE_YEARS = {
    "a number is missing": (lambda m: {"output": _with(m["output"], np.nan)}, "'output' holds no finite number at"),
    "rows are missing": (lambda m: {"output": m["output"][:5]}, r"'output' has shape \(5, 55\)"),
    "labels are missing": (lambda m: {"regions": m["regions"][:5]}, "its labels say"),
    "labels are numbers": (lambda m: {"regions": np.arange(31)}, "'regions' is no list of labels"),
    "a label comes twice": (lambda m: {"sectors": _with(m["sectors"], m["sectors"][1])}, "names one label twice"),
    "numbers are text": (lambda m: {"output": m["output"].astype(str)}, "'output' is no array of numbers"),
    "one number for all": (lambda m: {"output": np.array(1.0)}, "shape"),
    "nothing is made": (lambda m: {"output": m["output"] * 0}, "without output"),
    "the table does not balance": (lambda m: {"exports": m["exports"] * 1.5}, "does not balance"),
    "an unknown technology": (
        lambda m: {"technology_stock/technology": _with(m["technology_stock/technology"], "x")}, "technology 'x'"),
    "capacity is no number": (
        lambda m: {"technology_stock/capacity": _with(m["technology_stock/capacity"], np.inf)}, "capacity"),
    "columns of unlike length": (lambda m: {"sources/unit": m["sources/unit"][:3]}, "damaged"),
    "code in a pickle": (lambda m: {"name": np.array([print], dtype=object)}, "damaged"),
    "two versions": (lambda m: {"schema_version": np.array([1, 2])}, "not a base-year file"),
    "no version number": (lambda m: {"schema_version": np.array(np.nan)}, "not a base-year file"),
}


@pytest.mark.parametrize("what", BASE_YEARS)
def test_a_wrong_base_year_is_told(what, members, tmp_path):
    change, expected = BASE_YEARS[what]
    np.savez(tmp_path / "wrong.npz", **{**members, **change(members)})
    with pytest.raises(InputError, match=expected) as caught:
        BaseYear.load(tmp_path / "wrong.npz")
    assert "wrong.npz" in str(caught.value)


def test_other_files_are_no_base_year(tmp_path):
    embedded = library_path("china_2020").read_bytes()
    np.save(tmp_path / "plain.npy", np.zeros(3))
    for name, content in (("text", b"hello"), ("empty", b""), ("half", embedded[: len(embedded) // 2]),
                          ("array", (tmp_path / "plain.npy").read_bytes())):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="not a base-year file"):
            BaseYear.load(tmp_path / name)


# ---- whole or not at all ----

def test_a_folder_written_by_another_run_meanwhile_is_kept(tmp_path):
    target = tmp_path / "run"
    with pytest.raises(InputError, match="another run"), whole_folder(target, force=False) as part:
        (part / "mine").write_text("mine")
        target.mkdir()
        (target / "theirs").write_text("theirs")
    assert [p.name for p in tmp_path.iterdir()] == ["run"] and (target / "theirs").read_text() == "theirs"


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(tmp_path):
    target = tmp_path / "run"
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(OSError), whole_folder(target, force=True) as part:
        part.rmdir()
    assert [p.name for p in tmp_path.iterdir()] == ["run"] and (target / "old").read_text() == "old"


def test_replacing_a_folder_does_not_follow_its_links(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "figures").write_text("mine")
    target = tmp_path / "runs" / "run"
    target.mkdir(parents=True)
    (target / "link").symlink_to(kept)
    with whole_folder(target, force=True) as part:
        (part / "new").write_text("new")
    assert [p.name for p in target.iterdir()] == ["new"] and (kept / "figures").read_text() == "mine"


@pytest.mark.parametrize("place", ["file/run", "file/deep/run", "deep/" + "x" * 300 + "/run"])
def test_no_folder_is_left_where_none_can_be(place, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises((OSError, InputError)), whole_folder(tmp_path / place, force=False):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def interruptible():
    """SIGINT raises, also where the tests run in a background job, which inherits it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_leaves_neither_folder_nor_file(stop, tmp_path, interruptible):
    for context in (whole_folder(tmp_path / "deep" / "run", False), whole_file(tmp_path / "a.csv", False)):
        with pytest.raises(KeyboardInterrupt), stops_raise(), context:
            os.kill(os.getpid(), stop)
            time.sleep(1)
    assert not list(tmp_path.iterdir())


def test_a_stop_waits_for_the_end_of_what_must_not_be_interrupted():
    reached = []
    with pytest.raises(KeyboardInterrupt), stops_raise(), uninterrupted():
        os.kill(os.getpid(), signal.SIGTERM)
        reached.append(True)
    assert reached


def test_a_stop_wrapped_by_compiled_code_is_still_a_stop():
    with pytest.raises(KeyboardInterrupt), stops_raise():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        except KeyboardInterrupt:
            raise ValueError("Error calling function: KeyboardInterrupt") from None


@pytest.mark.parametrize("later", [0.0, 1.5])
def test_a_killed_run_keeps_the_old_result_and_leaves_nothing_else(later, tmp_path):
    old = tmp_path / "quick"
    old.mkdir()
    (old / "old").write_text("old")
    program = [sys.executable, ROOT / "run_model.py", "run", "quick", "--force", "--quiet", "--out", tmp_path]
    run = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(later)
    run.send_signal(signal.SIGTERM)
    _, told = run.communicate(timeout=120)
    assert run.returncode == 130 and "Traceback" not in told, told
    assert [p.name for p in tmp_path.iterdir()] == ["quick"] and (old / "old").read_text() == "old"


@pytest.mark.skipif(os.name != "posix", reason="processes are not asked after here")
def test_what_a_run_killed_outright_left_is_removed_by_the_next(tmp_path):
    body = "\n".join([
        f"import sys, time; sys.path.insert(0, {str(ROOT)!r})",
        "from pathlib import Path; from model.export.whole import whole_file, whole_folder",
        f"here = Path({str(tmp_path)!r})",
        "with whole_folder(here / 'run', True) as part, whole_file(here / 'a.csv', True) as file:",
        "    (part / 'half').write_text('half'); print('in', flush=True); time.sleep(60)",
    ])
    run = subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE, text=True)
    assert run.stdout.readline() == "in\n"
    left = {p.name for p in tmp_path.iterdir()}
    assert len(left) == 2
    with whole_folder(tmp_path / "run", False), whole_file(tmp_path / "a.csv", False):
        assert left < {p.name for p in tmp_path.iterdir()}, "a run that is still going is left alone"
    run.kill()
    run.communicate()
    with whole_folder(tmp_path / "other", False), whole_file(tmp_path / "b.xlsx", False):
        assert left < {p.name for p in tmp_path.iterdir()}, "what belongs to other results stays"
    with whole_folder(tmp_path / "run", True), whole_file(tmp_path / "a.csv", True):
        assert not left & {p.name for p in tmp_path.iterdir()}
    assert {p.name for p in tmp_path.iterdir()} == {"run", "a.csv", "other", "b.xlsx"}


@pytest.mark.parametrize("place", ["missing/s.xlsx", "folder.xlsx", "afile/s.xlsx"])
def test_a_workbook_goes_only_where_it_can(place, tmp_path, capsys):
    (tmp_path / "folder.xlsx").mkdir()
    (tmp_path / "afile").touch()
    assert run_model.main(["shock", "new", str(tmp_path / place), "--force"]) == 2
    assert place.split("/")[0] in capsys.readouterr().err
    assert {p.name for p in tmp_path.iterdir()} == {"folder.xlsx", "afile"}


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left on device"), BrokenPipeError(),
                                   RuntimeError(OSError(28, "No space left on device"))], ids=repr)
def test_what_the_system_refuses_is_told_without_a_traceback(error, monkeypatch, capfd):
    def fail(arguments):
        raise error

    monkeypatch.setattr(run_model, "_list", fail)
    with open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stdout", nowhere)
        assert run_model.main(["list"]) in (1, 2)
    assert "Traceback" not in capfd.readouterr().err


# ---- analysis functions ----

def _cases():
    from io_tables.balancing import gras, ras
    from model.carbon import allocation, allocation_paths, transfers, water_filling
    from model.indicators import inequality, lmdi, stirpat
    from model.input_output import accounts, extraction, linkages, mixed, paths, prices
    from model.input_output.leontief import Ghosh, Leontief
    from model.technology import stock
    from model.technology.choice import choose_technologies

    draw, n = np.random.default_rng(1).random, 6
    regions = np.array([0, 0, 0, 1, 1, 1])
    Z, Y, F, s = draw((n, n)), draw((n, 2)) + 1, draw((2, n)), draw(n)
    x = Z.sum(axis=1) + Y.sum(axis=1)
    A, B, y, va = Z / x, Z / x[:, None], Y.sum(axis=1), x - Z.sum(axis=0)
    L = np.linalg.inv(np.eye(n) - A)
    e, p, g, cap = draw(5) * 20 + 5, draw(5) + 1, draw(5) * 9 + 1, 50.0
    make, use = np.array([[1, 0], [1, 0], [0, 1.0]]), np.array([[0.1, 0.2, 0.1], [0.1, 0.1, 0.2]])
    years = [2020, 2030, 2040]
    return {
        "Mrio": (lambda *a: Mrio(["a", "b"], ["1", "2", "3"], *a), Z, Y, va),
        "ras": (ras, Z, Z.sum(axis=1) * 1.1, Z.sum(axis=0) * 1.1),
        "gras": (gras, Z - 0.2, (Z - 0.2).sum(axis=1) * 1.1, (Z - 0.2).sum(axis=0) * 1.1),
        "Leontief": (lambda A, y: Leontief(A).output(y), A, y),
        "Leontief.from_flows": (lambda Z, x: Leontief.from_flows(Z, x).inverse(), Z, x),
        "Ghosh": (lambda B: Ghosh(B), B),
        "accounts": (lambda Z, Y, F: accounts.accounts(Z, Y, F, regions), Z, Y, F),
        "extract_all": (extraction.extract_all, A, y, s),
        "linkages": (linkages.linkages, Z, x),
        "field_of_influence": (linkages.field_of_influence, L),
        "change_of_inverse": (lambda L: linkages.change_of_inverse(L, 0, 1, 0.01), L),
        "mixed_model": (lambda A, y, o: mixed.mixed_model(A, y, [0, 1], o), A, y, x[:2]),
        "structural_paths": (lambda A, s, y: paths.structural_paths(A, s, y, top=5), A, s, y),
        "downstream_paths": (lambda B, v, f: paths.downstream_paths(B, v, f, threshold=0.1), B, va, s),
        "price_change": (prices.price_change, A, s, np.full(n, 0.5)),
        "lmdi": (lambda a, b: lmdi.lmdi([a, a], [b, b]), s, s * 1.2),
        "log_mean": (lmdi.log_mean, s, s * 2),
        "gini": (inequality.gini, e, p),
        "theil": (inequality.theil, e, p),
        "ols": (stirpat.ols, draw(20), draw((20, 2))),
        "grandfathering": (lambda e: allocation.grandfathering(cap, e), e),
        "contraction_and_convergence": (lambda e, p: allocation.contraction_and_convergence(cap, e, p, 0.5), e, p),
        "ability_to_pay": (lambda e, g, p: allocation.ability_to_pay(cap, e, g, p), e, g, p),
        "responsibility": (lambda h, p: allocation.responsibility(cap, h, p), e * 0.1, p),
        "entropy_weights": (allocation.entropy_weights, draw((5, 3))),
        "equal_marginal_cost": (lambda b, m: allocation.equal_marginal_cost(cap, b, m), e, p),
        "convergence_path": (
            lambda c, e, p: allocation_paths.convergence_path(c, e, p, years, start=2020, convergence_year=2040),
            np.array([50.0, 40, 30]), e, np.tile(p, (3, 1))),
        "permit_trade": (transfers.permit_trade, e, e[::-1].copy(), np.array(5.0)),
        "equal_burden": (transfers.equal_burden, e, g),
        "present_value": (lambda f: transfers.present_value(f, years, rate=0.05), draw((3, 5))),
        "water_fill": (lambda s: water_filling.water_fill(s, cap), e),
        "choose_technologies": (choose_technologies, make, use, np.ones(2), np.array([[1.0, 2, 1]]), np.ones(1)),
        "survival": (lambda a: stock.survival(a, 20.0), np.arange(10.0)),
        "follow_target": (lambda t: stock.follow_target(t, 20), draw(10) * 3 + 1),
        "book_value": (lambda a: stock.book_value(a, 20.0), np.arange(10.0)),
        "retire_early": (stock.retire_early, draw((3, 4)), np.full(3, 0.5)),
    }


CASES = _cases()


def _hostile(array):
    """Versions of an argument that a careless caller passes."""
    def with_first(value):
        changed = np.array(array, dtype=float)
        changed.flat[0] = value
        return changed

    yield from (with_first(np.nan), with_first(np.inf), with_first(-1.0), np.zeros(array.shape), -array)
    yield from (np.full(array.shape, np.nan), np.zeros((2, 2, 2)), np.float64(3.0), None)
    yield from ([[1.0, 2.0], [3.0]], ["a", "b"])
    if array.ndim:
        zero_first = array.copy()
        zero_first[0] = 0
        yield from (array[:-1], array[:0], array[..., :-1], zero_first)


def _finite(value) -> bool:
    if dataclasses.is_dataclass(value):
        return all(_finite(getattr(value, f.name)) for f in dataclasses.fields(value))
    if isinstance(value, (tuple, list)):
        return all(_finite(v) for v in value)
    if isinstance(value, (float, np.ndarray, np.floating)) and np.asarray(value).dtype.kind == "f":
        return bool(np.isfinite(value).all())
    return True


@pytest.mark.parametrize("name", CASES)
def test_wrong_numbers_and_shapes_are_told_or_answered_with_finite_numbers(name):
    function, *good = CASES[name]
    assert _finite(function(*good))
    for position, argument in enumerate(good):
        for bad in _hostile(argument):
            given = [*good[:position], bad, *good[position + 1:]]
            try:
                found = function(*given)
            except ModelError:
                continue
            assert _finite(found), (position, bad)


def test_without_demand_there_is_no_path():
    from model.input_output.paths import structural_paths

    found = structural_paths(np.full((3, 3), 0.1), np.ones(3), np.zeros(3), top=5)
    assert found.values.size == 0 and found.total == 0.0
