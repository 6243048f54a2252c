"""Would alerts and OpenLineage events arrive: somebody listens where they go. Nothing is sent."""

from __future__ import annotations

import os
import socket
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from data_platform.operations.doctor.findings import Finding, ok, problem, warning
from data_platform.settings import Settings

PORTS = {"smtp": 587, "smtps": 465, "https": 443, "http": 80}
WAIT = 5


def alerts(settings: Settings) -> Finding:
    reached, silent = [], []
    for channel in settings.alerts:
        if channel == "log":
            reached.append("log")
            continue
        address = urlsplit(channel)
        host, port = address.hostname or "", address.port or PORTS[address.scheme]
        # of a webhook's address only the host is told: the rest of it is a secret
        name = f"{'mail server' if address.scheme.startswith('smtp') else 'webhook'} {host}:{port}"
        try:
            said = listen(host, port, greets=address.scheme == "smtp")
        except OSError as error:
            silent.append(f"{name}: {error.strerror or error}")
            continue
        if said is not None and not said.startswith(b"220"):
            silent.append(f"{name} answers, but not as a mail server")
        else:
            reached.append(name)
    if silent:
        return problem("; ".join(silent), "check DATA_PLATFORM_ALERTS, and that this machine may connect there")
    if reached == ["log"]:
        return ok("written to the log only")
    if not reached:
        return warning("none are sent", "set DATA_PLATFORM_ALERTS to log, smtp://... or https://...")
    return ok(", ".join(reached))


def openlineage(settings: Settings) -> Finding:
    target = settings.openlineage
    if not target:
        return ok("off: no events are sent")
    if find_spec("openlineage") is None:
        return problem("the client is not installed: no events are sent", "pip install 'data-platform[openlineage]'")
    if "://" not in target:
        there = next(each for each in (Path(target), *Path(target).parents) if each.exists())
        if there.is_dir() == (there == Path(target)) or not os.access(there, os.W_OK):
            return problem(f"{target} cannot be written", "check DATA_PLATFORM_OPENLINEAGE")
        return ok(f"written to {target}")
    address = urlsplit(target)
    host, port = address.hostname or "", address.port or PORTS[address.scheme]
    try:
        listen(host, port, greets=False)
    except OSError as error:
        return problem(
            f"{host}:{port}: {error.strerror or error}; runs go on, and their events are lost",
            "check DATA_PLATFORM_OPENLINEAGE, and that this machine may connect there",
        )
    return ok(f"sent to {host}:{port}")


def listen(host: str, port: int, *, greets: bool) -> bytes | None:
    """Connect, and take the first words of a server that begins; OSError where nobody is there."""
    with socket.create_connection((host, port), timeout=WAIT) as connection:
        if not greets:
            return None
        said = connection.recv(512)
        connection.sendall(b"QUIT\r\n")
        return said
