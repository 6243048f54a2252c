"""Which TCP port on 127.0.0.1 a folder's server gets."""

import socket
from pathlib import Path

from .installation import fingerprint

FIRST_PORT, PORTS = 20_000, 10_000  # below the range that outgoing connections take theirs from


def free_port(folder: Path) -> int:
    """A port of this folder's own, so that two checkouts rarely want the same one."""
    wish = int(fingerprint(str(folder)), 16) % PORTS
    return next(port for n in range(PORTS) if is_free(port := FIRST_PORT + (wish + n) % PORTS))


def is_free(port: int) -> bool:
    """Whether a server could listen there, asked the way PostgreSQL will ask."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
