"""Is anything stuck, or left over: processes, runs, databases; and do the contracts hold."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from data_platform.operations.doctor.findings import Finding, ok, problem, warning
from data_platform.settings import Settings

OLD = 24 * 3600
"""Seconds after which what a publication spilled is nobody's any more."""
SILENT = 3600
"""Seconds after which a run that says nothing is worth a look."""
ORPHANS = ("multiprocessing.forkserver", "api execute_run", "api execute_step")
"""What is in the command line of a process that lives for a run alone."""


def database(settings: Settings) -> Finding:
    from data_platform.marketplace.home import postgres_folder
    from data_platform.marketplace.ports import is_free
    from data_platform.marketplace.postgres import PostgresServer
    from data_platform.marketplace.postmaster import Postmaster

    server = PostgresServer(postgres_folder(settings.home / "marketplace"))
    if not server.exists():
        return ok("the example has none yet (`dp sources start` makes it)")
    if server.is_running():
        return ok(f"the example's answers, see {server.log}")
    port = (server.folder / "port").read_text().strip() if (server.folder / "port").exists() else ""
    if port.isdigit() and not is_free(int(port)):
        return warning(f"the example's is down, and its port {port} is taken", f"end what listens on {port}")
    if Postmaster(server.data).pid_file.exists():
        return warning("the example's died: its pid file is left", "`dp sources start` clears that and starts it")
    return ok("the example's is down (`dp sources start`)")


def processes(settings: Settings) -> Finding:
    left = [f"{pid} ({line[:60]})" for pid, line in orphans(settings)]
    if left:
        return warning(f"nobody waits for process {', '.join(left)}", "end it by its number: kill NUMBER")
    spill = settings.home / "spill"
    old = [each for each in spill.glob("*") if time.time() - each.stat().st_mtime > OLD]
    if old:
        size = sum(file.stat().st_size for each in old for file in each.rglob("*") if file.is_file())
        fix = "`dp maintenance` removes what is over three days old"
        return warning(f"{len(old)} publication(s) died and left {size:,} bytes in {spill}", fix)
    return ok("nothing is left of any that died")


def orphans(settings: Settings) -> Iterator[tuple[int, str]]:
    """Processes of this home's runs whose parent is gone (on Linux; elsewhere none are found)."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if not any(each in line for each in ORPHANS):
                continue
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended, or is another user's
        if parent == 1 and f"DATA_PLATFORM_HOME={settings.home}".encode() in environment:
            yield int(folder.name), line.strip()


def dagster_instance(settings: Settings) -> Finding:
    home = Path(os.environ.get("DAGSTER_HOME") or settings.home / "dagster")
    if not (home / "dagster.yaml").exists():
        return ok(f"{home} (not made yet: `make setup` or the first `dp run` does)")
    import dagster as dg
    from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

    try:
        before = os.environ.get("DAGSTER_HOME")
        os.environ["DAGSTER_HOME"] = str(home)  # dagster.yaml names its folders by it
        try:
            with dg.DagsterInstance.from_config(str(home)) as instance:
                records = instance.get_run_records(dg.RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES)), limit=200)
                beats = instance.get_daemon_heartbeats()
        finally:
            if before is None:
                del os.environ["DAGSTER_HOME"]
    except Exception as error:  # whatever its storage says
        fix = "if it was made by another version: `dagster instance migrate`; else put back a copy, or remove it"
        return problem(f"{home} cannot be opened: {str(error).partition(chr(10))[0]}", fix)
    now = time.time()
    stuck = [each.dagster_run.run_id[:8] for each in records if now - each.update_timestamp.timestamp() > SILENT]
    if stuck:
        shown = ", ".join(stuck[:3]) + (f" and {len(stuck) - 3} more" if len(stuck) > 3 else "")
        fix = "open them in the UI; if nobody works on them, terminate them there (force), then run again"
        return warning(f"{len(stuck)} run(s) are under way and have said nothing for an hour: {shown}", fix)
    newest = max((each.timestamp for each in beats.values()), default=0)
    daemon = "the daemon runs" if now - newest < 300 else "no daemon runs (`make dev` starts it with the UI)"
    return ok(f"{home}, {len(records)} run(s) under way; {daemon}")


def contracts(domains: Path) -> Finding:
    from data_platform.contracts.catalog import check
    from data_platform.contracts.files import in_domains

    findings = check([domains])
    if findings:
        more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
        return problem(f"{findings[0]}{more}", "`dp contracts check` lists them all, each with its mend")
    return ok(f"{len(list(in_domains([domains])))} hold")
