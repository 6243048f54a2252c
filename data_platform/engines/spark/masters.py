"""Whom Spark's driver talks to: what a master's address looks like, and whether anybody is there."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

from data_platform.engines.spark.java import SparkUnavailable

HERE = "local[*]"
FORMS = re.compile(r"local(\[(\*|\d+)(,\s*\d+)?\]|-cluster\[.+\])?|yarn|k8s://.+|(spark|sc)://.+")
PORTS = {"spark": 7077, "sc": 15002}
PATIENCE = 5
"""Seconds that a master may take to take a call; Spark itself would try for a minute, and say little."""
FIX = "correct DATA_PLATFORM_SPARK_MASTER (or `master` in the deployment file), or start it"


def is_local(master: str) -> bool:
    return master.startswith("local")


def is_connect(master: str) -> bool:
    """Whether it is the address of a Spark Connect server: no JVM is needed here then."""
    return master.startswith("sc://")


def shown(master: str) -> str:
    """A master as it can be told: the parameters of Spark Connect may hold a token."""
    return master.partition("/;")[0].partition(";")[0] or "by spark-submit"


def reach(master: str) -> None:
    """Raises SparkUnavailable for what is no master, and where nobody answers at its addresses."""
    if master and not FORMS.fullmatch(master):
        forms = "local[*], spark://host:7077, yarn, k8s://https://host:443 or sc://host:15002"
        raise SparkUnavailable(
            f"{shown(master)!r} is no master of Spark", f"write {forms} as DATA_PLATFORM_SPARK_MASTER"
        )
    scheme, _, addresses = master.partition("://")
    if scheme not in PORTS:
        return
    wrong = []
    for each in shown(addresses).split(",") if scheme == "spark" else [shown(addresses)]:
        try:
            address = urlsplit(f"//{each.split('@')[-1]}")
            socket.create_connection((address.hostname or "", address.port or PORTS[scheme]), PATIENCE).close()
            return
        except (OSError, ValueError) as error:
            wrong.append(f"{each}: {getattr(error, 'strerror', None) or error}")
    raise SparkUnavailable(f"no Spark answers at {shown(master)} ({'; '.join(wrong)})", FIX)
