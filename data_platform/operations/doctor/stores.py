"""Can the catalog and the warehouse be used."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path
from urllib.parse import urlsplit

from data_platform.operations.doctor.findings import Finding, ok, problem, warning
from data_platform.settings import Settings

WAIT = 2.0
"""Seconds in which a lock that is only passing is given back."""


def catalog(settings: Settings) -> Finding:
    uri = settings.catalog
    if (file := sqlite_file(uri)) is not None:
        return _sqlite(file)
    from data_platform.lakehouse import Lakehouse

    shown = address_of(uri)
    try:
        count = len(Lakehouse(settings).catalog.list_namespaces())
    except Exception as error:  # every catalog has its own errors; all mean the same here
        why = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}".replace(uri, shown)
        return problem(f"{shown} cannot be used: {without_secret(why, uri)}", _fix(uri))
    return ok(f"{shown}, {count} domain(s)")


def _fix(uri: str) -> str:
    if uri == "glue":
        return "check the AWS credentials and region (`aws sts get-caller-identity`)"
    if uri.startswith("postgresql"):
        return "is the server up, are host, port, user and password in DATA_PLATFORM_CATALOG right?"
    return "check DATA_PLATFORM_CATALOG: sqlite:///file, postgresql+psycopg://..., https://... or glue"


def sqlite_file(uri: str) -> Path | None:
    return Path(uri.removeprefix("sqlite:///").partition("?")[0]) if uri.startswith("sqlite:///") else None


def _sqlite(file: Path) -> Finding:
    if not file.exists():
        return ok(f"{file} (not made yet: the first publication does)")
    try:
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=WAIT)
        try:
            ((state,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master").fetchall()}
            count = 0
            if "iceberg_tables" in tables:
                ((count,),) = connection.execute("SELECT count(*) FROM iceberg_tables").fetchall()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        state, count = str(error), 0
    if state != "ok":
        fix = "put back a copy of it; the tables' own metadata files in the warehouse say what was published"
        return problem(f"{file} is damaged or no catalog: {state}", fix)
    return ok(f"{file}, {count} table(s)")


def locks(settings: Settings) -> Finding:
    """Somebody always may hold the catalog's lock; nobody may keep it."""
    file = sqlite_file(settings.catalog)
    if file is None or not file.exists():
        return ok("no catalog file that could be locked")
    try:
        connection = sqlite3.connect(file, timeout=WAIT, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            fix = f"see who has it open (`fuser {file}`); end that process if it hangs"
            return warning(f"{file} has been locked for {WAIT:g} s by another process", fix)
        return problem(f"{file} cannot be written: {error}", "check who may write it and its folder")
    except sqlite3.DatabaseError:
        return ok("not asked: the catalog is damaged")
    return ok("nothing is locked")


def warehouse(settings: Settings) -> Finding:
    place = settings.warehouse.rstrip("/")
    if "://" not in place and not Path(place).exists():
        return ok(f"{place} (not made yet: the first publication does)")
    from data_platform.lakehouse.storage import filesystem

    name = f"{place}/.doctor-{uuid.uuid4().hex}"
    try:
        files = filesystem(settings.warehouse)
        files.pipe_file(name, b"written by dp doctor")
        try:
            read = files.cat_file(name)
        finally:
            files.rm_file(name)
    except Exception as error:  # as many kinds as there are stores
        why = getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
        fix = "check DATA_PLATFORM_WAREHOUSE and who may write it" + (
            "; credentials and endpoint are in PYICEBERG_CATALOG__PLATFORM__S3__..." if "://" in place else ""
        )
        return problem(f"{place} cannot be written: {why}", fix)
    if read != b"written by dp doctor":
        return problem(f"{place} gave back something else than was written", "do not use this store: it loses data")
    return ok(place)


def address_of(uri: str) -> str:
    """Where a catalog is, without user, password and options."""
    if "://" not in uri:
        return uri
    parts = urlsplit(uri)
    host = (parts.hostname or "") + (f":{parts.port}" if _has_port(uri) else "")
    return f"{parts.scheme}://{host}{parts.path}"


def _has_port(uri: str) -> bool:
    try:
        return urlsplit(uri).port is not None
    except ValueError:
        return False


def without_secret(text: str, uri: str) -> str:
    """A message in which the password of an address is not repeated."""
    try:
        password = urlsplit(uri).password
    except ValueError:
        return "not an address"
    return text.replace(password, "***") if password else text
