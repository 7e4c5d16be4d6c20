"""What a command prints while it works."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager

#: Seconds between two lines about how far a run has come, where the screen is no terminal.
BETWEEN = 10.0


class Screen:
    """Progress on a terminal, plain lines elsewhere, nothing when quiet."""

    def __init__(self, quiet: bool):
        self.quiet = quiet
        self.log: list[str] = []

    def line(self, text: str = "") -> None:
        """Print a line (and keep it for run.log)."""
        self.log.append(text)
        if not self.quiet:
            print(text, flush=True)

    @contextmanager
    def progress(self, title: str, total: int):
        """Yields a function to call after each of `total` steps."""
        if self.quiet or not sys.stdout.isatty():
            self.line(title)
            yield lambda *_: None
            return
        from rich.progress import Progress

        with Progress(transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda *_: bar.advance(task)
        self.line(title)

    @contextmanager
    def passes(self, title: str):
        """Yields a function that tells of a pass of the coupled model: (step, number, residual, ...)."""
        self.line(title)
        if self.quiet:
            yield None
            return
        if not sys.stdout.isatty():
            last = time.monotonic()

            def tell(step, number, residual, *_):
                nonlocal last
                if time.monotonic() - last > BETWEEN:
                    last = time.monotonic()
                    self.line(f"  {step} pass {number}: residual {residual:.0e}")

            yield tell
            return
        from rich.console import Console

        with Console().status("first economy") as status:
            yield lambda step, number, residual, *_: status.update(f"{step} pass {number}: residual {residual:.0e}")
