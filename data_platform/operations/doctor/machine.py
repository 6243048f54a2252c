"""Is this machine fit: memory, disk, folders, clock, ports."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data_platform.operations.doctor.findings import Finding, ok, problem, warning
from data_platform.settings import Settings

GB = 1024**3
LEAST_MEMORY, GOOD_MEMORY = 1 * GB, 2 * GB
"""An audit holds up to 1 GB and spills beyond it."""
LEAST_DISK, GOOD_DISK = 1 * GB, 5 * GB
UI_PORT = 3000
SKEW = 300
"""Seconds that the clock may be wrong: S3 refuses requests from 900 on."""


def memory(settings: Settings) -> Finding:
    free = available_memory()
    if free is None:
        return ok("not known on this system")
    said = f"{free / GB:.1f} GB available"
    if free < LEAST_MEMORY:
        return problem(said, "end what you do not need: an audit takes up to 1 GB")
    return ok(said) if free >= GOOD_MEMORY else warning(said, "two runs at a time may want more; end what you can")


def available_memory() -> int | None:
    """Bytes that a program can still have: what the machine has left, or less where a container allows less."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    known = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
    limits = [known["MemAvailable"]]
    try:
        most = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if most.isdigit():
            limits.append(int(most) - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    except OSError:
        pass
    return min(limits)


def disk(settings: Settings) -> Finding:
    places = {"home": settings.home} | ({} if "://" in settings.warehouse else {"warehouse": Path(settings.warehouse)})
    worst, said = GOOD_DISK, []
    for name, place in places.items():
        free = shutil.disk_usage(existing(place)).free
        worst = min(worst, free)
        said.append(f"{name} {free / GB:.1f} GB free")
    files = os.statvfs(existing(settings.home))
    if files.f_files and files.f_favail < 10_000:
        return problem(
            f"only {files.f_favail:,} more files fit", "remove files: the disk's index is full, not its space"
        )
    fix = "make room, or move DATA_PLATFORM_HOME or DATA_PLATFORM_WAREHOUSE to a larger disk"
    if worst < LEAST_DISK:
        return problem(", ".join(said), fix)
    return ok(", ".join(said)) if worst >= GOOD_DISK else warning(", ".join(said), fix)


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def home(settings: Settings) -> Finding:
    there = existing(settings.home)
    fix = f"give yourself the right to write {there}, or set DATA_PLATFORM_HOME to a folder of yours"
    if not there.is_dir():
        return problem(f"{there} is a file, not a folder", "remove it, or set DATA_PLATFORM_HOME to another place")
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".doctor-") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return problem(f"{there} cannot be written: {error.strerror}", fix)
    return ok(f"{settings.home}" + ("" if there == settings.home else " (not made yet)"))


def clock(settings: Settings) -> Finding:
    try:
        ZoneInfo("Europe/Oslo")
    except ZoneInfoNotFoundError as error:
        return problem(f"time zones are not known: {error}", "install the system's tzdata, or `pip install tzdata`")
    said = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if newest := _newest_file(settings):
        ahead = newest - time.time()
        if ahead > SKEW:
            return problem(
                f"{said}, but the last publication is {ahead / 60:,.0f} minutes in the future",
                "set the clock: newer publications would seem older",
            )
    for address in _addresses(settings):
        wrong = skew(address)
        if wrong is not None and abs(wrong) > SKEW:
            fix = "set the clock (NTP): stores refuse requests from the past or the future"
            return problem(f"{said}, but {address} says it is {wrong:+,.0f} s from there", fix)
    zone = time.strftime("%Z")
    return ok(f"{said}, time zone {zone}; all partitions and schedules are in UTC")


def _newest_file(settings: Settings) -> float:
    """When something was last published into a local warehouse, by the metadata of its tables."""
    if "://" in settings.warehouse:
        return 0
    return max((file.stat().st_mtime for file in Path(settings.warehouse).glob("*/*/metadata/*.json")), default=0)


def _addresses(settings: Settings) -> Iterator[str]:
    """The services over HTTP that this deployment uses, which tell their time."""
    if settings.catalog.startswith(("http://", "https://")):
        yield settings.catalog
    if settings.warehouse.startswith("s3://"):
        from data_platform.lakehouse.storage import s3_properties

        if endpoint := s3_properties().get("s3.endpoint"):
            yield endpoint


def skew(address: str) -> float | None:
    """By how many seconds our clock is ahead of a service's; None where it does not tell."""
    try:
        try:
            with urlopen(Request(address, method="HEAD"), timeout=3) as answer:  # noqa: S310
                told = answer.headers.get("Date")
        except HTTPError as refused:
            told = refused.headers.get("Date")
    except OSError:
        return None
    return time.time() - parsedate_to_datetime(told).timestamp() if told else None


def ports(settings: Settings) -> Finding:
    port = int(os.environ.get("PORT") or UI_PORT)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            pass
        else:
            return ok(f"{port} is free for the UI")
    try:
        with urlopen(f"http://127.0.0.1:{port}/server_info", timeout=3) as answer:
            if b"dagster" in answer.read(10_000):
                return ok(f"the UI answers on {port}")
    except OSError:
        pass
    return warning(f"{port} is taken by another program", f"`make dev PORT={port + 1}` takes another for the UI")
