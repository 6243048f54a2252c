"""How long a run may wait for the endpoint in all: shared by its step processes through a small file."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

KEPT = 24 * 3600
"""Seconds after which the file of a run is removed by that of another."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`seconds` of waiting, for one run. `file` holds what was waited, a number a line; it exists only where there was
    reason to write. Where it cannot be written, each process has its own patience."""

    file: Path
    seconds: float

    @property
    def left(self) -> float:
        try:
            return max(0.0, self.seconds - sum(map(float, self.file.read_text().split())))
        except (OSError, ValueError):  # there is none, or half a line of it
            return self.seconds

    def spend(self, seconds: float) -> None:
        with contextlib.suppress(OSError):
            if not self.file.exists():
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self._tidy()
            with self.file.open("a") as file:
                file.write(f"{seconds:.3f}\n")

    def give_up(self) -> None:
        """Nobody in this run waits any more, or sends."""
        self.spend(self.seconds)

    def _tidy(self) -> None:
        for other in self.file.parent.iterdir():
            if other.stat().st_mtime < time.time() - KEPT:
                other.unlink(missing_ok=True)
