"""Is what the platform is built on installed."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from data_platform.deployment import DeploymentError, current_deployment
from data_platform.engines.spark import masters
from data_platform.engines.spark.java import SparkUnavailable, find_java, spark_version
from data_platform.engines.spark.session import master_of
from data_platform.operations.doctor.findings import Finding, ok, problem, warning
from data_platform.settings import PROJECT, Settings

PACKAGE = "data-platform"


def python(settings: Settings) -> Finding:
    from packaging.specifiers import SpecifierSet

    wanted, here = metadata.metadata(PACKAGE)["Requires-Python"] or ">=3.11", platform.python_version()
    if SpecifierSet(wanted).contains(here, prereleases=True):
        return ok(f"{here} ({wanted})")
    return problem(f"{here} is not {wanted}", "make the environment anew: `make clean setup PYTHON=python3.11`")


def packages(settings: Settings) -> Finding:
    """The base packages must fit; those of extras are told where an extra is there in part; the lock is a wish."""
    missing = [f"{name} {wanted}" for name, wanted in _unmet("")]
    if missing:
        return problem(f"missing or too old: {', '.join(missing)}", "`make setup`, or `pip install -e .`")
    extras = sorted(metadata.metadata(PACKAGE).get_all("Provides-Extra") or ())
    lacking = {extra: [name for name, _ in _unmet(extra)] for extra in extras}
    there = [extra for extra in extras if not lacking[extra]]
    said = f"all there; extras: {', '.join(there) or 'none'}"
    if away := list(_away_from_lock(PROJECT / "requirements.lock")):
        shown = ", ".join(away[:3]) + (f" and {len(away) - 3} more" if len(away) > 3 else "")
        return warning(f"{said}; not as in requirements.lock: {shown}", "`make setup` brings them there")
    return ok(said)


def _unmet(extra: str) -> Iterator[tuple[str, str]]:
    """The requirements of an extra ('': of the base) that the environment does not meet."""
    from packaging.requirements import Requirement

    for line in metadata.requires(PACKAGE) or ():
        needed = Requirement(line)
        if needed.marker is not None and not needed.marker.evaluate({"extra": extra}):
            continue
        if extra and (needed.marker is None or "extra" not in str(needed.marker)):
            continue
        if needed.name == PACKAGE:
            for inner in needed.extras:
                yield from _unmet(inner)
            continue
        try:
            if not needed.specifier.contains(metadata.version(needed.name), prereleases=True):
                yield needed.name, f"{needed.specifier} (there is {metadata.version(needed.name)})"
        except metadata.PackageNotFoundError:
            yield needed.name, str(needed.specifier)


def _away_from_lock(lock: Path) -> Iterator[str]:
    """Packages that are there in another version than the lock pins."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in lock.read_text().splitlines() if lock.exists() else ():
        try:
            pinned = Requirement(line.partition("#")[0])
            here = metadata.version(pinned.name)
        except (InvalidRequirement, metadata.PackageNotFoundError):
            continue
        if (pinned.marker is None or pinned.marker.evaluate()) and not pinned.specifier.contains(
            here, prereleases=True
        ):
            yield f"{pinned.name} {here} instead of {str(pinned.specifier).removeprefix('==')}"


def java(settings: Settings) -> Finding:
    """Spark's Java, and whether its master is there; nothing is started."""
    try:
        spark_version()
    except SparkUnavailable:
        return ok("not needed: Spark is not installed")
    try:
        master = master_of(settings, current_deployment().conf)
        masters.reach(master)
        if masters.is_connect(master):
            return ok(f"not needed: Spark runs at {masters.shown(master)}")
        found = find_java()
    except SparkUnavailable as error:
        return problem(error.said, error.fix)
    except DeploymentError as error:
        return problem(error.problems[0], "correct the deployment file")
    return ok(f"{found.version} ({found.path})")
