"""Folders and files that appear whole or not at all, also when the user or the system stops the program."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
import threading
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from io_tables.errors import InputError

#: Ctrl-C, a polite kill, a closed terminal (which Windows does not know).
STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def _handling(handler):
    """Handle every stop by `handler` within the block; one that the caller's shell ignores stays ignored."""
    before = {}
    try:
        # Python hands signals to the main thread only.
        if threading.current_thread() is threading.main_thread():
            for number in STOPS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    before[number] = signal.signal(number, handler)
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def stops_raise():
    """Within the block every stop raises KeyboardInterrupt, so that whatever is going on is tidied up."""
    asked = []

    def stop(number, frame):
        asked.append(number)
        raise KeyboardInterrupt

    try:
        with _handling(stop):
            yield
    except Exception:
        # Compiled code may wrap the KeyboardInterrupt into an error of its own.
        if asked:
            raise KeyboardInterrupt from None
        raise


@contextmanager
def uninterrupted():
    """Stops that come within the block wait for its end; then KeyboardInterrupt is raised."""
    waiting = []
    with _handling(lambda number, frame: waiting.append(number)):
        yield
    if waiting:
        raise KeyboardInterrupt


def _mark() -> str:
    """What unfinished folders and files of this process carry in their names: machine and process."""
    machine = os.uname().nodename if os.name == "posix" else ""
    return f"{re.sub('[^A-Za-z0-9]', '', machine) or 'here'}-{os.getpid()}"


def _sweep(folder: Path, before: str, after: str) -> None:
    """Remove what processes of this machine left unfinished when they were killed outright.

    Names are `before`, the mark of a process that is gone, and what matches `after`.
    """
    if os.name != "posix":
        return      # elsewhere asking whether a process lives may end it
    machine = _mark().rpartition("-")[0]
    pattern = re.compile(re.escape(f"{before}{machine}-") + "([0-9]+)" + after)
    for path in folder.iterdir():
        found = pattern.fullmatch(path.name)
        if found and not _alive(int(found[1])):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass        # someone else's, or no number of a process: not ours to judge
    return True


@contextmanager
def whole_folder(target: Path, force: bool):
    """Yields a temporary folder that becomes `target` when the block ends well, and vanishes otherwise.

    What a process killed outright left of the same target goes first. Raises InputError when `target` is no folder, or
    exists (before or after the block) and `force` is not given.
    """
    wrong = next((p for p in (target, *target.parents) if p.exists() and not p.is_dir()), None)
    if wrong is not None:
        raise InputError(f"{wrong}: is not a folder; choose another place with --out DIR")
    if target.exists() and not force:
        raise InputError(f"{target}: exists already; add --force to replace it, or --out DIR for another place")
    made, part = [], None
    try:
        with uninterrupted():
            made = [p for p in (target.parent, *target.parent.parents) if not p.exists()]
            target.parent.mkdir(parents=True, exist_ok=True)
            _sweep(target.parent, f".{target.name}.part-", "-.*")
            part = Path(tempfile.mkdtemp(prefix=f".{target.name}.part-{_mark()}-", dir=target.parent))
            os.chmod(part, 0o755)
        yield part
        with uninterrupted():
            _replace(part, target, force)
            made, part = [], None
    finally:
        with uninterrupted():
            if part is not None:
                shutil.rmtree(part, ignore_errors=True)
            for folder in made:
                # One that another run uses by now is not empty and stays.
                with suppress(OSError):
                    folder.rmdir()


def _replace(part: Path, target: Path, force: bool) -> None:
    """Move `part` to `target`; what was there goes when the new is in place, and comes back when that fails."""
    if not os.path.lexists(target):
        part.rename(target)
        return
    if not force:
        raise InputError(f"{target}: was written by another run meanwhile; add --force to replace it")
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old-", dir=target.parent))
    try:
        target.rename(old / target.name)
        try:
            part.rename(target)
        except OSError:
            (old / target.name).rename(target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def whole_file(target: Path, force: bool):
    """Yields an empty file beside `target`, of the same suffix, that becomes `target` when the block ends well.

    Raises InputError when the folder is missing, or `target` is no file, or exists and `force` is not given.
    """
    if target.is_dir():
        raise InputError(f"{target}: is a folder; name a file in it, such as {target / 'name'}.csv")
    if target.exists() and not target.is_file():
        raise InputError(f"{target}: is not a file; choose another name")
    if target.exists() and not force:
        raise InputError(f"{target}: exists already; add --force to replace it")
    if not target.parent.is_dir():
        raise InputError(f"{target}: there is no folder {target.parent}; create it, or choose another place")
    part = None
    try:
        with uninterrupted():
            _sweep(target.parent, ".part-", re.escape(target.suffix))
            part = target.with_name(f".part-{_mark()}{target.suffix}")
            part.touch()
        yield part
        with uninterrupted():
            part.replace(target)
    finally:
        with uninterrupted():
            if part is not None:
                part.unlink(missing_ok=True)


def whole_or_none(out: str | None, force: bool):
    """Context of the file `out` as `whole_file` gives it; None where no file is wanted."""
    return whole_file(Path(out), force) if out else nullcontext()


@contextmanager
def whole_files(targets: list[Path], force: bool):
    """As `whole_file` for several files at once: all of them appear, or none."""
    with ExitStack() as stack:
        yield [stack.enter_context(whole_file(target, force)) for target in targets]
