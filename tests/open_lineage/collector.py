"""Endpoints on this machine: one that takes events as a catalog does, and one that takes connections and says nothing."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Event = dict[str, Any]


@dataclass
class Collector:
    """What was posted and answered with 201; it can be told to answer something else, or to take its time."""

    address: str = ""
    events: list[Event] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    answer: int = 201
    pause: float = 0.0

    def of(self, dataset: str, kind: str = "") -> list[Event]:
        return [each for each in self.events if each["job"]["name"] == dataset and kind in ("", each["eventType"])]


@contextmanager
def collector() -> Iterator[Collector]:
    there = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(there.pause)
            if there.answer < 300:
                there.events.append(event)
                there.paths.append(self.path)
                there.keys.append(self.headers["Authorization"])
            self.send_response(there.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    there.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class BlackHole:
    """It accepts connections and never answers; `callers` counts them."""

    address: str = ""
    callers: int = 0


@contextmanager
def black_hole() -> Iterator[BlackHole]:
    hole, held = BlackHole(), []
    server = socket.create_server(("127.0.0.1", 0))

    def swallow() -> None:
        while True:
            try:
                held.append(server.accept()[0])
            except OSError:
                return
            hole.callers += 1

    threading.Thread(target=swallow, daemon=True).start()
    hole.address = f"http://127.0.0.1:{server.getsockname()[1]}"
    try:
        yield hole
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for each in held:
            each.close()


def nobody() -> str:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"
