"""Where the database's files lie, and how they come to be.

`<folder>/cluster` is an ordinary folder, or (as root, below a folder the server's account cannot enter) a link into a
public folder. Deleting the folder deletes the database: what is left at the link's other end is removed, not revived.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from .errors import PostgresUnavailable
from .installation import Account, fingerprint, public_folder
from .postmaster import Postmaster

NAME = "marketplace"  # of the database and of its owner


def place(cluster: Path, account: Account | None) -> None:
    """Decide once where the data lives, and check on later starts that it can still be reached there."""
    owner = account.uid if account else os.geteuid()
    if not cluster.exists():
        target, folder = cluster, cluster.parent.resolve()
        cluster.unlink(missing_ok=True)  # a link whose other end is gone
        if account and not account.reaches(folder):
            target = public_folder(account) / f"marketplace-postgres-{fingerprint(str(folder))}"
            _clear_leftover(target)
            cluster.symlink_to(target)
        target.mkdir(mode=0o700)
        os.chown(target, owner, account.gid if account else -1)
    if cluster.stat().st_uid != owner:
        raise PostgresUnavailable(
            f"{cluster.resolve()} belongs to uid {cluster.stat().st_uid}, but PostgreSQL would run as uid {owner}: "
            f"run as the user who created it, or delete {cluster.parent} to start afresh."
        )
    if account and not account.reaches(cluster.resolve()):
        raise PostgresUnavailable(
            f"{cluster} is no longer reachable for the account that runs PostgreSQL (uid {owner}): "
            f"restore the permissions (`chmod a+x`) of the folders above it, or delete {cluster.parent}."
        )


def _clear_leftover(target: Path) -> None:
    Postmaster(target / "data").stop(signal.SIGQUIT)  # at once: nothing of it is wanted any more
    if target.exists() or target.is_symlink():
        shutil.rmtree(target)


def create(cluster: Path, account: Account | None, bin: Path, password: str) -> None:
    """`initdb` beside the final place, then rename, so that a crash leaves no half database."""
    cluster = cluster.resolve()
    unfinished = cluster / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=cluster) as secret:  # mode 0600, gone right after
        secret.write(password)
        secret.flush()
        if account:
            os.chown(secret.name, account.uid, account.gid)
        words = f"-U {NAME} -A scram-sha-256 -E UTF8 --locale-provider=builtin --locale=C.UTF-8 --no-sync".split()
        run(account, bin / "initdb", "-D", unfinished, f"--pwfile={secret.name}", *words)
    unfinished.rename(cluster / "data")


def run(account: Account | None, *command: str | Path) -> None:
    """Run one of PostgreSQL's programs as `account`, with an environment of its own."""
    identity = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    try:
        done = subprocess.run(
            [str(word) for word in command],
            **identity,
            check=False,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresUnavailable(f"Could not run {command[0]}: {error}. {_way_out(str(error))}") from error
    if done.returncode:
        raise PostgresUnavailable(f"{Path(command[0]).name} failed: {done.stdout.strip()}\n{_way_out(done.stdout)}")


def _way_out(output: str) -> str:
    if "No space left" in output:
        return "The disk is full: free some space, or move the state folder (DATA_PLATFORM_HOME) to another disk."
    if "incompatible" in output:
        return "The data was written by another PostgreSQL release: delete its folder to start afresh."
    return "If this PostgreSQL cannot run here, set MARKETPLACE_DSN to one you already have."
