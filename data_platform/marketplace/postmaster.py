"""The server process behind a data folder, as its pid file tells: which may be stale, or another program's by now."""

import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import PostgresUnavailable

PORT_LINE, STATUS_LINE = 3, 7  # of postmaster.pid
ENCRYPTION_REQUEST = struct.pack("!II", 8, 80877103)  # the shortest question PostgreSQL's protocol has an answer to


@dataclass(frozen=True)
class Postmaster:
    data: Path

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def pid(self) -> int | None:
        """The process that runs this data folder, or None."""
        lines = self._lines()
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
        return pid if str(self.data.resolve()) in _command_line(pid) else None

    def is_alive(self) -> bool:
        return self.pid() is not None

    def is_ready(self) -> bool:
        """Alive, past its recovery, and answering: which a process that is being killed no longer does."""
        lines = self._lines()
        if len(lines) <= STATUS_LINE or lines[STATUS_LINE].strip() != "ready" or not self.is_alive():
            return False
        try:
            with socket.create_connection(("127.0.0.1", int(lines[PORT_LINE])), timeout=5) as connection:
                connection.sendall(ENCRYPTION_REQUEST)
                return connection.recv(1) in (b"S", b"N")
        except OSError:
            return False

    def settle(self, seconds: float = 60) -> bool:
        """Wait for a server that starts (perhaps replaying its log) or dies; True if it is ready, False if it is gone."""
        self._wait_while(lambda: self.is_alive() and not self.is_ready(), "is not ready", seconds)
        return self.is_ready()

    def stop(self, how: signal.Signals, seconds: float = 60) -> None:
        """Signal it and wait. (Not by pg_ctl, which takes a zombie for a living server and waits in vain.)"""
        pid = self.pid()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            self._wait_while(self.is_alive, "does not stop", seconds)
        self.forget()

    def _wait_while(self, pending: Callable[[], bool], complaint: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while pending():
            if time.monotonic() > deadline:
                raise PostgresUnavailable(
                    f"PostgreSQL in {self.data} (pid {self.pid()}) {complaint} after {seconds:.0f} s: "
                    f"see {self.data.parent / 'postgres.log'}; if it hangs, end that process and start again."
                )
            time.sleep(0.05)

    def forget(self) -> None:
        """Remove a stale pid file: its number may be a zombie's or another program's, which PostgreSQL cannot tell."""
        if not self.is_alive():
            self.pid_file.unlink(missing_ok=True)

    def _lines(self) -> list[str]:
        try:
            return self.pid_file.read_text().splitlines()
        except FileNotFoundError:
            return []


def _command_line(pid: int) -> str:
    """The command line of a process; empty for one that is gone or a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return ""
    question = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(question, check=False, capture_output=True, text=True).stdout
