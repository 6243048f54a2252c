"""Where state lives and which catalog is used: the one place that reads the environment.

| variable                     | meaning                                                            | default             |
|------------------------------|--------------------------------------------------------------------|---------------------|
| `DATA_PLATFORM_HOME`         | all state: lakehouse, Dagster's instance, source systems, cache    | `.platform`         |
| `DATA_PLATFORM_WAREHOUSE`    | a folder or `s3://bucket/prefix`                                   | `<home>/warehouse`  |
| `DATA_PLATFORM_CATALOG`      | `sqlite:///file`, `postgresql+psycopg://...`, `https://` or `glue` | `<home>/catalog.db` |
| `DATA_PLATFORM_FILES`        | where the relative paths of source files begin                     | this project        |
| `DATA_PLATFORM_CHECKS`       | asset checks per `rule`, `column` or `dataset`                     | `rule`              |
| `DATA_PLATFORM_ALERTS`       | `log`, `smtp(s)://user@host:port`, `https://...`; comma-separated  | `log`               |
| `DATA_PLATFORM_DOMAIN`       | the domains whose private datasets you read; comma-separated       | none                |
| `DATA_PLATFORM_CLEARANCE`    | the most sensitive columns you read (`public` .. `restricted`)     | `internal`          |
| `DATA_PLATFORM_CODE`         | where the project's files are on the web; the UI links there       | opens an editor     |
| `DATA_PLATFORM_OPENLINEAGE`  | `https://...` or a file: where every run's OpenLineage events go   | nowhere             |
| `DATA_PLATFORM_REVISION`     | the version of the code, where it is deployed without git          | git's revision      |
| `DATA_PLATFORM_DEPLOYMENT`   | the file that says where datasets run (see `deployment.py`)        | `deployment.yaml`   |
| `DATA_PLATFORM_SPARK_MASTER` | `local[4]`, `spark://host:7077`, `yarn`, `k8s://...`, `sc://...`   | `local[*]`          |

A mail server that wants a user gets the password from `DATA_PLATFORM_SMTP_PASSWORD`, an OpenLineage endpoint that wants
a key gets it from `DATA_PLATFORM_OPENLINEAGE_KEY`. Further Iceberg properties (credentials, S3 endpoint, ...) come from
pyiceberg's own variables, `PYICEBERG_CATALOG__PLATFORM__<KEY>`, so that no other secret passes through this project.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent.parent
DEPLOYMENT = PROJECT / "deployment.yaml"
GRANULARITIES = ("rule", "column", "dataset")
CLEARANCES = ("public", "internal", "confidential", "restricted")  # contracts.model.SENSITIVITIES
CHANNELS = ("smtp", "smtps", "https", "http")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Settings:
    """`home` is absolute; `warehouse` and `files` are absolute paths or `s3://` URIs; `catalog` is a URI or `glue`.

    `domains` and `clearance` are those of the person who reads (see `lake/`). `code` is a URL without a last `/`, or ''.
    `openlineage` is a URL, an absolute path, or '' for off. `deployment` is a file, or '' where there is none.
    `spark_master` is '' where nothing is said; its parameters may hold a token, so it is not printed.

    `alerts` are the channels that alerts take. A webhook's address is a secret, so neither they nor the password are
    ever printed.
    """

    home: Path
    warehouse: str
    catalog: str
    files: str = str(PROJECT)
    checks: str = "rule"
    alerts: tuple[str, ...] = field(default=("log",), repr=False)
    smtp_password: str = field(default="", repr=False)
    domains: tuple[str, ...] = ()
    clearance: str = "internal"
    code: str = ""
    openlineage: str = ""
    openlineage_key: str = field(default="", repr=False)
    revision: str = ""
    deployment: str = ""
    spark_master: str = field(default="", repr=False)

    @classmethod
    def at(
        cls,
        home: Path,
        *,
        warehouse: str = "",
        catalog: str = "",
        files: str = "",
        checks: str = "rule",
        alerts: str = "log",
        smtp_password: str = "",
        domain: str = "",
        clearance: str = "internal",
        code: str = "",
        openlineage: str = "",
        openlineage_key: str = "",
        revision: str = "",
        deployment: str = "",
        spark_master: str = "",
    ) -> Settings:
        """Settings with all state under `home`; ValueError for an unknown granularity, clearance, channel or endpoint."""
        if checks not in GRANULARITIES:
            raise ValueError(f"DATA_PLATFORM_CHECKS is {checks!r}; it must be one of {', '.join(GRANULARITIES)}")
        if clearance not in CLEARANCES:
            raise ValueError(f"DATA_PLATFORM_CLEARANCE is {clearance!r}; it must be one of {', '.join(CLEARANCES)}")
        home = home.expanduser().resolve()
        if warehouse and "://" not in warehouse:
            warehouse = str(Path(warehouse).expanduser().resolve())
        return cls(
            home,
            warehouse or str(home / "warehouse"),
            catalog or f"sqlite:///{home / 'catalog.db'}",
            files if "://" in files else str(Path(files or PROJECT).expanduser().resolve()),
            checks,
            _channels(alerts, smtp_password),
            smtp_password,
            tuple(dict.fromkeys(each.strip() for each in domain.split(",") if each.strip())),
            clearance,
            code.rstrip("/"),
            _endpoint(openlineage, openlineage_key),
            openlineage_key,
            revision,
            _deployment(deployment),
            spark_master,
        )

    @classmethod
    def from_environment(cls) -> Settings:
        return cls.at(
            Path(os.environ.get("DATA_PLATFORM_HOME") or PROJECT / ".platform"),
            warehouse=os.environ.get("DATA_PLATFORM_WAREHOUSE", ""),
            catalog=os.environ.get("DATA_PLATFORM_CATALOG", ""),
            files=os.environ.get("DATA_PLATFORM_FILES", ""),
            checks=os.environ.get("DATA_PLATFORM_CHECKS") or "rule",
            alerts=os.environ.get("DATA_PLATFORM_ALERTS") or "log",
            smtp_password=os.environ.get("DATA_PLATFORM_SMTP_PASSWORD", ""),
            domain=os.environ.get("DATA_PLATFORM_DOMAIN", ""),
            clearance=os.environ.get("DATA_PLATFORM_CLEARANCE") or "internal",
            code=os.environ.get("DATA_PLATFORM_CODE", ""),
            openlineage=os.environ.get("DATA_PLATFORM_OPENLINEAGE", ""),
            openlineage_key=os.environ.get("DATA_PLATFORM_OPENLINEAGE_KEY", ""),
            revision=os.environ.get("DATA_PLATFORM_REVISION", ""),
            deployment=os.environ.get("DATA_PLATFORM_DEPLOYMENT", ""),
            spark_master=os.environ.get("DATA_PLATFORM_SPARK_MASTER", ""),
        )


def _deployment(file: str) -> str:
    """The file that is named, else the project's own, else ''."""
    if file:
        return str(Path(file).expanduser().resolve())
    return str(DEPLOYMENT) if DEPLOYMENT.exists() else ""


def _endpoint(target: str, key: str) -> str:
    """Where OpenLineage events go, as `Settings.openlineage` has it."""
    if not target:
        return ""
    if "://" not in target:
        return str(Path(target).expanduser().resolve())
    try:
        address = urlsplit(target)
        host, user, password, _ = address.hostname, address.username, address.password, address.port
    except ValueError:
        raise ValueError("DATA_PLATFORM_OPENLINEAGE is not an address") from None
    if user or password:
        raise ValueError("DATA_PLATFORM_OPENLINEAGE holds no user and no password; set DATA_PLATFORM_OPENLINEAGE_KEY")
    if address.scheme not in ("http", "https") or not host:
        raise ValueError(f"DATA_PLATFORM_OPENLINEAGE is {target!r}; it must be http(s)://host or the path of a file")
    if key and address.scheme == "http" and host not in LOOPBACK:
        raise ValueError("DATA_PLATFORM_OPENLINEAGE_KEY is a secret: DATA_PLATFORM_OPENLINEAGE must be https")
    return target


def _channels(alerts: str, smtp_password: str) -> tuple[str, ...]:
    """The channels, each once. A message never repeats what was written: it may be a secret."""
    channels = tuple(dict.fromkeys(each.strip() for each in alerts.split(",") if each.strip()))
    for number, channel in enumerate(channels, 1):
        if problem := "" if channel == "log" else _problem(channel, smtp_password):
            raise ValueError(f"DATA_PLATFORM_ALERTS, entry {number}: {problem}")
    return channels


def _problem(channel: str, smtp_password: str) -> str:
    """What is wrong with the address of a channel, '' where nothing is."""
    try:
        address = urlsplit(channel)
        host, user, password, _ = address.hostname, address.username, address.password, address.port
    except ValueError:
        return "not an address"
    if address.scheme not in CHANNELS or not host:
        return "write log, smtp://user@host:587, smtps://user@host:465 or https://host/path"
    if address.scheme == "http" and host not in LOOPBACK:
        return "a webhook's address is a secret: use https"
    if password:
        return "an address holds no password; set DATA_PLATFORM_SMTP_PASSWORD instead"
    if user and address.scheme.startswith("smtp") and not smtp_password:
        return "it names a user, and DATA_PLATFORM_SMTP_PASSWORD is not set"
    return ""
