"""All checks, side by side, and how they are run: at the same time, none for longer than it may take."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from data_platform.operations.doctor import machine, notices, software, stores, work
from data_platform.operations.doctor.findings import Finding, problem
from data_platform.settings import Settings


@dataclass(frozen=True, slots=True)
class Check:
    """One question, and the function that answers it within `seconds`."""

    name: str
    asks: str
    function: Callable[[Settings], Finding]
    seconds: float = 5


IMPORTED = (
    "dagster",
    "data_platform.contracts.catalog",
    "data_platform.lakehouse.storage",
    "data_platform.marketplace.postgres",
)
"""What several checks import: packages that import each other do not come in from two threads at once."""

CHECKS: tuple[Check, ...] = (
    Check("python", "is this Python one that the platform is made for", software.python),
    Check("packages", "are the packages there, as new as needed", software.packages, 10),
    Check("java", "is there a Java for Spark, where Spark is installed, and its master", software.java, 15),
    Check("memory", "is there memory for an audit", machine.memory),
    Check("disk", "is there room for what is published", machine.disk),
    Check("home", "can the folder of all state be written", machine.home),
    Check("clock", "does the clock go right, is UTC known", machine.clock, 10),
    Check("ports", "is the UI's port free, or is it the UI that has it", machine.ports),
    Check("catalog", "can the Iceberg catalog be used", stores.catalog, 20),
    Check("warehouse", "can the warehouse be written and read", stores.warehouse, 20),
    Check("locks", "does anything keep the catalog locked", stores.locks, 10),
    Check("database", "does the example's PostgreSQL run, or is it rightly down", work.database),
    Check("processes", "is anything left of processes that died", work.processes),
    Check("dagster", "is Dagster's instance usable, is any run stuck", work.dagster_instance, 30),
    Check("alerts", "do the alerts' channels exist and answer", notices.alerts, 15),
    Check("openlineage", "do events about runs go where they should", notices.openlineage, 10),
)


def diagnose(
    settings: Settings, domains: Path | None = None, checks: Sequence[Check] = CHECKS
) -> list[tuple[Check, Finding]]:
    """What every check says, in their order; `domains` is where contracts are (None: they are not checked)."""
    asked = [*checks]
    if domains is not None:
        asked.append(Check("contracts", "do all contracts hold", lambda _: work.contracts(domains), 30))
    answers: dict[str, Finding] = {}

    def ask(check: Check) -> None:
        try:
            answers[check.name] = check.function(settings)
        except Exception as error:  # what no check foresaw is a finding too, and must not hide those of the others
            answers[check.name] = problem(
                f"{type(error).__name__}: {str(error).partition(chr(10))[0]}",
                "look at what it names; `dp --debug doctor`",
            )

    for name in IMPORTED:
        with suppress(ImportError):  # the checks say so
            importlib.import_module(name)
    started = time.monotonic()
    threads = [threading.Thread(target=ask, args=(check,), daemon=True) for check in asked]
    for thread in threads:
        thread.start()
    for check, thread in zip(asked, threads, strict=True):
        thread.join(max(0.0, check.seconds - (time.monotonic() - started)))
    late = "no answer within {:g} s"
    return [
        (check, answers.get(check.name) or problem(late.format(check.seconds), "is what it asks reachable from here?"))
        for check in asked
    ]
