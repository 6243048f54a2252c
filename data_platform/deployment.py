"""Where datasets run: one table from a contract's T-shirt size to a launcher, read from `deployment.yaml`.

| launcher         | runs the step's work            | needs                                    | may have               |
|------------------|---------------------------------|------------------------------------------|------------------------|
| `process`        | in the step's own process       |                                          | `master`               |
| `spark-submit`   | in another, the master's client | `master`                                 | `command`, `arguments` |
| `emr-serverless` | on EMR Serverless               | E, `application_id`                      | e, `timeout_minutes`   |
| `emr-containers` | on EMR on EKS                   | E, `virtual_cluster_id`, `release_label` | e                      |

All may have Spark's `conf`. E: `execution_role` (an ARN), `entry_point` (where `datasets/launch/entry_point.py` is in S3)
and `bucket` (where context and messages pass); e: `region`, `env` of the driver, `tags` and `log_uri`.

A size without a row runs like the next smaller one; datasets that are not made with Spark always run in the step's
process. The file holds no secrets: a job's role and its cluster have them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from data_platform.contracts.naming import did_you_mean
from data_platform.contracts.yaml_source import Path as Place
from data_platform.contracts.yaml_source import Source, YamlError
from data_platform.settings import Settings

SIZES = ("S", "M", "L", "XL")
PROCESS, SPARK_SUBMIT, EMR_SERVERLESS, EMR_CONTAINERS = "process", "spark-submit", "emr-serverless", "emr-containers"


@dataclass(frozen=True, slots=True)
class Options:
    """What a launcher's row has beside `launcher` and `conf`: texts it needs, and what it may have (option -> type)."""

    needs: tuple[str, ...] = ()
    may: Mapping[str, type] = field(default_factory=dict)


_EMR_NEEDS = ("execution_role", "entry_point", "bucket")
_EMR_MAY = {"region": str, "env": dict, "tags": dict, "log_uri": str}
LAUNCHERS: dict[str, Options] = {
    PROCESS: Options((), {"master": str}),
    SPARK_SUBMIT: Options(("master",), {"command": str, "arguments": list}),
    EMR_SERVERLESS: Options(("application_id", *_EMR_NEEDS), _EMR_MAY | {"timeout_minutes": int}),
    EMR_CONTAINERS: Options(("virtual_cluster_id", "release_label", *_EMR_NEEDS), _EMR_MAY),
}
SECRET = re.compile(r"(?i)secret|passw(or)?d|passphrase|token|access[._]?key|api[._]?key|credentials?$")
NO_SECRET = re.compile(r"(?i)(file|path|provider|enabled|class)$|^spark\.kubernetes\.\w+\.secret(s|KeyRef)\.")
REFERENCE = "EMR.secret@"
"""A value that begins so names a secret of AWS Secrets Manager, which EMR looks up."""


class DeploymentError(Exception):
    """A deployment file that cannot be used; `problems` has one sentence each, with file, line and fix."""

    def __init__(self, problems: list[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Launcher:
    """Where the work of a step runs: `kind` is a key of LAUNCHERS, `master` Spark's ('' for its default), `conf` all
    of Spark's configuration, `options` the launcher's own (see LAUNCHERS)."""

    kind: str = PROCESS
    master: str = ""
    conf: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_remote(self) -> bool:
        """Whether it runs the work in another process than the step's own."""
        return self.kind != PROCESS


@dataclass(frozen=True, slots=True)
class Deployment:
    """The table: `conf` is every session's, `sizes` has the rows there are."""

    conf: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, Launcher] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """The deployment that a file describes; DeploymentError with everything that is wrong with it."""
        try:
            text = path.read_text("utf-8")
            if not any(line.split("#")[0].strip() for line in text.splitlines()):
                return cls()
            source = Source(text)
        except (OSError, UnicodeDecodeError) as error:
            raise DeploymentError(
                [f"{path}: cannot be read ({error}); correct DATA_PLATFORM_DEPLOYMENT or the file"]
            ) from error
        except YamlError as error:
            is_empty = error.code == "C103"
            said = "it is not a mapping" if is_empty else f"{error.message}; {error.fix}"
            raise DeploymentError([f"{path}:{error.line}: {said}" + "; start with `sizes:`" * is_empty]) from error
        reader = _Reader(path, source)
        found = reader.deployment()
        if reader.problems:
            raise DeploymentError(reader.problems)
        return found

    def launcher(self, size: str) -> Launcher:
        """Where a dataset of this size runs: its own row's, else the next smaller one's, else the step's process."""
        smaller = SIZES[: SIZES.index(size) + 1]
        row = next((self.sizes[each] for each in reversed(smaller) if each in self.sizes), Launcher())
        return replace(row, conf={**self.conf, **row.conf})


def current_deployment() -> Deployment:
    """The deployment that the settings name; everything in the step's process where the project has no such file."""
    return _loaded(Settings.from_environment().deployment)


@lru_cache
def _loaded(file: str) -> Deployment:
    return Deployment.load(Path(file)) if file else Deployment()


@dataclass
class _Reader:
    """Reads a document's parts in turn, and notes what is wrong with them."""

    path: Path
    source: Source
    problems: list[str] = field(default_factory=list)

    def deployment(self) -> Deployment:
        self._mapping((), ("spark", "sizes"))
        self._mapping(("spark",), ("conf",))
        rows = self._mapping(("sizes",), SIZES)
        launchers = {size: self._launcher(("sizes", size)) for size in SIZES if size in rows}
        return Deployment(self._texts(("spark", "conf")), launchers)

    def _launcher(self, place: Place) -> Launcher:
        row = self._mapping(place)
        if "launcher" not in row:
            self._add(place, "no `launcher`", f"write one of {', '.join(LAUNCHERS)}")
            return Launcher()
        kind = row["launcher"]
        if not isinstance(kind, str) or kind not in LAUNCHERS:
            self._add((*place, "launcher"), f"unknown launcher {kind!r}", did_you_mean(str(kind), LAUNCHERS))
            return Launcher()
        options = LAUNCHERS[kind]
        known = ("launcher", "conf", *options.needs, *options.may)
        self._mapping(place, known)
        types = dict.fromkeys(options.needs, str) | dict(options.may)
        for name in options.needs:
            if name not in row:
                self._add(place, f"the launcher {kind} needs `{name}`", "write it")
        given = {name: self._option((*place, name), row[name], types[name]) for name in types if name in row}
        conf = self._texts((*place, "conf"))
        if kind == SPARK_SUBMIT and conf.get("spark.submit.deployMode", "client") != "client":
            fix = "remove it: the driver runs beside Dagster, and the executors on the master"
            self._add((*place, "conf", "spark.submit.deployMode"), "spark-submit runs in client mode only", fix)
        if kind == SPARK_SUBMIT and str(given.get("master", "")).startswith("sc://"):
            self._add((*place, "master"), "spark-submit needs no Spark Connect", f"use the launcher {PROCESS}")
        return Launcher(kind, given.pop("master", ""), conf, given)

    def _option(self, place: Place, value: Any, kind: type) -> Any:
        if kind is dict:
            return self._texts(place)
        fits = isinstance(value, kind) and not isinstance(value, bool) and value not in ("", [])
        if not fits or (isinstance(value, list) and not all(isinstance(each, str) for each in value)):
            words = {str: "text", int: "a whole number", list: "a list of texts"}[kind]
            self._add(place, f"{value!r} is not {words}", f"write {words}")
        return value

    def _mapping(self, place: Place, known: tuple[str, ...] = ()) -> dict[str, Any]:
        """What is at a place, empty where there is nothing; its keys are looked at where it is said which are `known`."""
        value = self.source.document
        for step in place:
            value = value.get(step) if isinstance(value, dict) else None
        if not isinstance(value, dict | None):
            self._add(place, f"{value!r} is not a mapping", "write `key: value`")
        found = value if isinstance(value, dict) else {}
        for key in found if known else ():
            if key not in known:
                self._add((*place, key), f"unknown key `{key}`", did_you_mean(key, known))
        return found

    def _texts(self, place: Place) -> dict[str, str]:
        """A mapping to texts, in which numbers and booleans are spelled as Spark does, and nothing is a secret."""
        found = {}
        for key, value in self._mapping(place).items():
            if not isinstance(value, str | int | float):
                self._add((*place, key), f"{value!r} is not text", 'quote it, as in "8"')
                continue
            found[key] = str(value).lower() if isinstance(value, bool) else str(value)
            if is_secret(key, found[key]):
                fix = (
                    "give the job's role access, set it where the cluster keeps secrets, or name it: EMR.secret@<name>"
                )
                self._add((*place, key), f"`{key}` looks like a secret, and this file is no place for one", fix)
        return found

    def _add(self, place: Place, what: str, fix: str) -> None:
        line, _ = self.source.locate(place)
        where = f"{'.'.join(map(str, place))}: " if place else ""
        self.problems.append(f"{self.path}:{line}: {where}{what}; {fix}")


def is_secret(key: str, value: str) -> bool:
    """Whether the name says so, or the value is an address with a password in it."""
    named = SECRET.search(key) is not None and NO_SECRET.search(key) is None
    return (named and not value.startswith(REFERENCE)) or re.search(r"://[^/@\s]*:[^/@\s]+@", value) is not None
