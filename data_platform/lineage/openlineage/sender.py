"""Events on their way: sent one after another by a thread, while the run goes on.

The run waits only at its end, and in all its processes together for no longer than `TIMEOUT`; an endpoint that cannot
be reached or does not answer is not asked again in the same run. What is not sent is lost to the catalog, not to us:
every publication is recorded in the lakehouse.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from data_platform.lineage.openlineage.patience import Patience
from data_platform.settings import Settings

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient

TIMEOUT = 5.0
"""Seconds that a run may wait for the endpoint, over all of its processes."""
UNCOUNTED = 0.25
"""Seconds that a step may wait for an endpoint that is well, which costs no patience: a run may have many steps."""
TICK = 0.01
ENDPOINT = "api/v1/lineage"
"""Where an endpoint takes events, unless its URL has a path of its own."""


class Sender:
    """Sends the events of one producer's run, in their order. Nothing in here raises; `close` says what went wrong."""

    def __init__(self, settings: Settings, run: str):
        self._target, self._key = settings.openlineage, settings.openlineage_key
        self._patience = Patience(settings.home / "openlineage" / run, TIMEOUT)
        self._waiting: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._problems: list[str] = []
        self._sending = False
        self._gone = False  # nobody waits for the thread any more
        self._thread: threading.Thread | None = None

    def send(self, event: Callable[[], Any]) -> None:
        """Send what this returns; it is called by the thread, too."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._send_all, name="openlineage", daemon=True)
            self._thread.start()
        self._waiting.put(event)

    def close(self) -> list[str]:
        """Wait until all is sent or patience is at its end; the problems there were, in sentences for people."""
        if (thread := self._thread) is None:
            return []
        self._waiting.put(None)
        waited = 0.0  # for the endpoint alone: making events is work like any other
        while thread.is_alive():
            began = time.monotonic()
            thread.join(TICK)
            waited += time.monotonic() - began if self._sending else 0.0
            if waited >= (left := self._patience.left):
                self._gone = True
                if left:
                    self._give_up(f"does not answer within {TIMEOUT:g} seconds")
                break
        if not self._gone and waited > UNCOUNTED:
            self._patience.spend(waited)
        return list(self._problems)

    def _send_all(self) -> None:
        client: OpenLineageClient | None = None
        while (event := self._waiting.get()) is not None and not self._gone and self._patience.left:
            try:
                client = client or _client(self._target, self._key)
                made = event()
                self._sending = True
                client.emit(made)
            except Exception as error:  # a catalog is never a reason for a run to fail
                self._failed(error)
            finally:
                self._sending = False

    def _failed(self, error: Exception) -> None:
        """An event that cannot be made, or that the endpoint refuses, costs nothing but itself; all else ends it."""
        response = getattr(error, "response", None)
        if not self._sending:
            self._problems.append(f"OpenLineage: an event could not be made ({type(error).__name__}: {error})")
        elif response is not None:
            self._problems.append(f"OpenLineage: {_shown(self._target)} refused an event (HTTP {response.status_code})")
        elif not self._gone and self._patience.left:
            can_not = "be reached" if "://" in self._target else "be written"
            self._give_up(f"cannot {can_not} ({type(error).__name__})")

    def _give_up(self, why: str) -> None:
        self._problems.append(f"OpenLineage: {_shown(self._target)} {why}; this run sends no more events")
        self._patience.give_up()


def _shown(target: str) -> str:
    """An address without its path and query, which may hold a secret."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else target


def _client(target: str, key: str) -> OpenLineageClient:
    from openlineage.client.client import OpenLineageClient

    return OpenLineageClient(transport=_http(target, key) if "://" in target else _file(target))


def _http(target: str, key: str) -> Any:
    from openlineage.client.transport.http import HttpConfig, HttpTransport

    parts = urlsplit(target)
    path = parts.path.strip("/") or ENDPOINT
    return HttpTransport(
        HttpConfig.from_dict(
            {
                "url": f"{parts.scheme}://{parts.netloc}",
                "endpoint": f"/{path}" + (f"?{parts.query}" if parts.query else ""),
                "timeout": TIMEOUT,
                "retry": {"total": 0, "read": 0, "connect": 0, "status_forcelist": []},  # by default, five times
                "auth": {"type": "api_key", "apiKey": key} if key else {},
            }
        )
    )


def _file(target: str) -> Any:
    from openlineage.client.transport.file import FileConfig, FileTransport

    Path(target).parent.mkdir(parents=True, exist_ok=True)
    return FileTransport(FileConfig(target, append=True))
