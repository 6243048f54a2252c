"""What checking costs: our audit against one hand-written DuckDB aggregate, and against other tools, in one run.

5M rows x 8 columns x 10 rules, clean and with 5 % of the rows broken in eight ways, staged beforehand as the Parquet
files that all of them read. Each variant is a process of its own; figures are its CPU seconds as a whole and those of
the work alone (imports and set-up left out), and its peak memory. `audit` counts every rule and shows examples;
`quarantine` also writes the good and the refused rows; `publish` also commits both. `stage to split` is what staging
costs where rules quarantine: refused rows get files of their own. `hopeless` has one rule that every row breaks.

The other tools live in an environment of their own, `.platform/bench-peers`, made from benchmarks/peers/requirements.txt.

    python benchmarks/quality.py [--rows 5000000] [--large 20000000] [--runs 3] [--no-peers]
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent / ".platform" / "bench-peers"
PEERS = ("pandera-polars", "pandera-pandas", "pandera-ibis", "datacontract-cli", "soda", "great-expectations")
CATEGORIES = ", ".join(f"'category-{i:02}'" for i in range(20))
DAYS = 30
BROKEN = {"clean": 0, "bad": 8, "hopeless": 1}
"""How many of the ten rules every tool must find broken."""


def contract(policy: str = "block", data: str = "bad", days: bool = False):
    """The contract, with one policy for its row rules; `hopeless` turns a rule into one that every row breaks."""
    from data_platform.contracts import Contracts, OnFailure, Partitioning, PartitionKey, Policy

    said = Contracts.load(HERE / "domains", cache=ENVIRONMENT.parent / "cache")["bench.listings"]
    failing = OnFailure(Policy(policy))
    rules = [replace(rule, on_failure=failing) if rule.is_row_rule else rule for rule in said.rules]
    if data == "hopeless":
        rules = [replace(rule, arguments={"value": 1e9}) if rule.name == "price_minimum" else rule for rule in rules]
    cut = Partitioning((PartitionKey("day", "day", "2026-01-01"),)) if days else None
    return replace(said, rules=tuple(rules), partitioning=cut)


def generate(folder: Path, rows: int, data: str, days: bool) -> None:
    """Write `rows` below `folder`, and stage them under each policy as a step would."""
    import duckdb

    def either(kind: int, broken: str, good: str) -> str:
        """One row in twenty breaks one of eight rules."""
        return f"CASE WHEN kind = {kind} THEN {broken} ELSE {good} END" if data == "bad" else f"({good})"

    folder.mkdir()
    duckdb.sql(
        f"""COPY (SELECT {either(0, "NULL", either(1, "range - 1", "range"))}::BIGINT AS listing_id,
          DATE '2026-01-01' + (hash(range) % {DAYS})::INTEGER AS day,
          (hash(range, 1) % 500000)::BIGINT AS user_id,
          {either(2, "-1", either(3, "99999", "(hash(range, 2) % 1000000) / 100.0"))}::DOUBLE AS price,
          {either(4, "-5", "hash(range, 3) % 10000")}::BIGINT AS views,
          {either(5, "'other'", f"([{CATEGORIES}])[(1 + hash(range, 4) % 20)::BIGINT]")} AS category,
          {either(6, "'town'", "'city-' || (hash(range, 5) % 1000)")} AS city,
          {either(7, "repeat('long ', 20)", "'listing number ' || range || ' for sale'")} AS title
        FROM (SELECT range, CASE WHEN hash(range + 5) // 31 % 20 = 0 THEN hash(range + 77) // 97 % 8 END AS kind
              FROM range({rows}))) TO '{folder}/source.parquet' (FORMAT parquet)"""
    )
    for policy in ("block", "quarantine"):
        staged = staging(policy)(folder, data, days)()
        (folder / f"{policy}.pickle").write_bytes(pickle.dumps(staged))
        (folder / f"{policy}.txt").write_text(staged.folder)


def staging(policy: str) -> Callable[[Path, str, bool], Callable]:
    """Writing the rows where they would be published; returns what was staged."""

    def variant(folder: Path, data: str, days: bool) -> Callable:
        from data_platform.lakehouse import Lakehouse, stage, staging_folder
        from data_platform.lakehouse.duck import connect
        from data_platform.settings import Settings

        lakehouse, promised = Lakehouse(Settings.at(folder)), contract(policy, data, days)
        relation = connect(lakehouse.settings.warehouse).read_parquet(f"{folder}/source.parquet")
        return lambda: stage(relation, promised, staging_folder(lakehouse, promised))

    return variant


Check = Callable[[], int]
"""Does the work and returns how many rules are broken."""


def hand(folder: Path, data: str, days: bool) -> Check:
    """One aggregate, as somebody would write it who needs nothing but the counts."""
    import duckdb

    counts = [
        "listing_id IS NULL",
        "day IS NULL",
        f"price < {1e9 if data == 'hopeless' else 0}",
        "price > 10000",
        "views < 0",
        f"category NOT IN ({CATEGORIES})",
        "NOT regexp_matches(city, '^city-[0-9]+$')",
        "length(title) > 80",
    ]
    aggregates = ", ".join(f"count(*) FILTER ({count})" for count in counts)
    query = (
        f"SELECT {aggregates}, count(listing_id) - count(DISTINCT listing_id), count(*) = 0 "
        f"FROM read_parquet({list(_staged(folder, 'block').files)}){' GROUP BY day' if days else ''}"
    )

    def check() -> int:
        rows = duckdb.connect().execute(query).fetchall()
        return sum(any(each) for each in zip(*rows, strict=True))

    return check


def prepared(policy: str) -> Callable[[Path, str, bool], Check]:
    """Our audit, and with the policy `quarantine` the split, too."""

    def variant(folder: Path, data: str, days: bool) -> Check:
        import duckdb  # noqa: F401 - the call itself would import it

        from data_platform.lakehouse import Lakehouse
        from data_platform.lakehouse.prepare import prepare
        from data_platform.settings import Settings

        staged, promised, out = _staged(folder, policy), contract(policy, data, days), folder / "refused"
        lakehouse, partitions = Lakehouse(Settings.at(folder)), _partitions(days)
        stamp = {"_run_id": "run", "_contract_version": promised.version}

        def check() -> int:
            found = prepare(
                lakehouse, staged, promised, partitions, (staged.folder, str(out)), str(folder / "spill"), stamp
            )
            return _broken(found.verdicts)

        return check

    return variant


def published(folder: Path, data: str, days: bool) -> Check:
    """The whole of it: audit, split, quarantine and two Iceberg commits."""
    import data_platform.lakehouse.commit  # noqa: F401 - pyiceberg; the call itself would import it
    from data_platform.lakehouse import Lakehouse, publish
    from data_platform.settings import Settings

    staged, promised = _staged(folder, "quarantine"), contract("quarantine", data, days)
    lakehouse = Lakehouse(Settings.at(folder))
    copied = f"{staged.folder}0"  # what is published may not be staged again
    shutil.copytree(staged.folder, copied, copy_function=os.link)
    names = {path: path.replace(staged.folder, copied) for path in staged.files}
    footers = {names[path]: each for path, each in staged.footers.items()}
    staged = replace(staged, folder=copied, files=tuple(names.values()), footers=footers)
    return lambda: _broken(publish(lakehouse, staged, promised, _partitions(days)).verdicts)


def _staged(folder: Path, policy: str):
    return pickle.loads((folder / f"{policy}.pickle").read_bytes())


def _partitions(days: bool) -> list[str]:
    return [f"2026-01-{day:02}" for day in range(1, DAYS + 1)] if days else [""]


def _broken(verdicts) -> int:
    return len({each.rule.name for verdict in verdicts for each in verdict.outcomes if not each.holds})


VARIANTS: dict[str, Callable[[Path, str, bool], Callable]] = {
    "hand-written": hand,
    "stage": staging("block"),
    "stage to split": staging("quarantine"),
    "audit": prepared("block"),
    "quarantine": prepared("quarantine"),
    "publish": published,
}


@dataclass(frozen=True)
class Case:
    variant: str
    data: str = "clean"
    size: str = ""
    days: bool = False

    @property
    def folder(self) -> str:
        return f"{self.data}{self.size}{'-days' if self.days else ''}"

    def __str__(self) -> str:
        shape = f"{self.size} rows" if self.size else f"{DAYS} days" if self.days else ""
        return f"{self.variant}, {self.data}{', ' + shape if shape else ''}"


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the process and of the check alone, and peak MB of the process."""

    whole: float
    inside: float
    peak: float


def command(variant: str, data: str, folder: Path, days: bool) -> list[str]:
    """Everything runs in a process of its own: a child's peak memory begins with what its parent holds."""
    told = [sys.executable, __file__, "--variant", variant, "--data", data, "--folder", str(folder)]
    return [*told, "--days"] if days else told


def measure(case: Case, folder: Path) -> Cost:
    """One run as a process of its own; SystemExit where it fails or finds something else than it must."""
    staged = (folder / "block.txt").read_text()
    if case.variant in PEERS:
        told = [ENVIRONMENT / "bin" / "python", HERE / "peers" / "quality.py", case.variant, staged]
    else:
        told = command(case.variant, case.data, folder, case.days)
    process = subprocess.Popen(told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{case} failed: {out[-3000:]}")
    found = json.loads(out.splitlines()[-1])
    if found["failed"] not in (None, BROKEN[case.data]):
        raise SystemExit(f"{case} found {found['failed']} broken rules, not {BROKEN[case.data]}")
    kept = {(folder / f"{policy}.txt").read_text() for policy in ("block", "quarantine")}
    for written in (*Path(staged).parent.iterdir(), *(Path(each) / "good" for each in kept), folder / "refused"):
        if str(written) not in kept:
            shutil.rmtree(written, ignore_errors=True)
    return Cost(usage.ru_utime + usage.ru_stime, found["cpu"], usage.ru_maxrss / 1024)


def peers() -> str:
    """Make the other tools' environment where it is not there yet; returns their versions."""
    wanted = HERE / "peers" / "requirements.txt"
    pinned, made = wanted.read_text(), ENVIRONMENT / "made"
    if not made.exists() or made.read_text() != pinned:
        uv, given = shutil.which("uv") or "uv", {"check": True, "env": os.environ | {"VIRTUAL_ENV": str(ENVIRONMENT)}}
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", version, ENVIRONMENT], **given)
        subprocess.run([uv, "pip", "install", "--quiet", "--system-certs", "-r", wanted], **given)
        made.write_text(pinned)
    return ", ".join(line.split("#")[0].strip() for line in pinned.splitlines() if not line.startswith("#"))


def report(costs: dict[Case, Cost], large: str) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=110)
    table = Table("variant", "CPU s", "of which the check", "peak MB", title="median per variant")
    for case, cost in costs.items():
        table.add_row(str(case), f"{cost.whole:.2f}", f"{cost.inside:.2f}", f"{cost.peak:.0f}")
    console.print(table)

    def ratio(said: str, above: Case, below: Case, target: str) -> None:
        if above in costs and below in costs:
            a, b = costs[above], costs[below]
            console.print(
                f"{said:58} whole {a.whole / b.whole:6.2f} x  inside {a.inside / b.inside:6.2f} x  ({target})"
            )

    for days in (False, True):
        shape = f", {DAYS} days" if days else ""
        for data in ("clean", "bad"):
            by_hand = Case("hand-written", data, days=days)
            ratio(f"audit / hand-written, {data}{shape}", Case("audit", data, days=days), by_hand, "<= 1.3")
        for variant in ("quarantine", "publish"):
            ratio(f"{variant} / hand-written{shape}", Case(variant, "bad", days=days), by_hand, "<= 2.5")
        both, alone, plain = (Case(name, "bad", days=days) for name in ("with staging", "quarantine", "stage"))
        apart = costs[Case("stage to split", "bad", days=days)]
        costs[both] = Cost(
            *(getattr(costs[alone], of) + getattr(apart, of) - getattr(costs[plain], of) for of in FIGURES)
        )
        ratio(f"... what it adds to staging included{shape}", both, by_hand, "<= 2.5")
        for data in ("clean", "bad"):
            plain = Case("stage", data, days=days)
            ratio(f"stage to split / stage, {data}{shape}", Case("stage to split", data, days=days), plain, "no target")
    for variant in ("audit", "quarantine"):
        said = f"{variant} where a rule fails on every row / on none"
        ratio(said, Case(variant, "hopeless"), Case("audit", "clean"), "<= 2")
    for data in ("clean", "bad"):
        for peer in PEERS:
            ratio(f"{peer} / audit, {data}", Case(peer, data), Case("audit", data), ">= 3")
    for variant, data in (("audit", "clean"), ("quarantine", "bad")):
        small, big = costs[Case(variant, data)].peak, costs[Case(variant, data, large)].peak
        console.print(
            f"peak memory of {variant}, {data}: {small:.0f} MB, and with {large} rows {big:.0f} MB  (<= 1000)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--large", type=int, default=20_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--variant", choices=[*VARIANTS, "generate"], help=argparse.SUPPRESS)
    parser.add_argument("--data", choices=BROKEN, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--days", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.variant == "generate":
        generate(asked.folder, asked.rows, asked.data, asked.days)
        return
    if asked.variant:
        check = VARIANTS[asked.variant](asked.folder, asked.data, asked.days)
        started = time.process_time()
        failed = check()
        spent = time.process_time() - started
        print("\n" + json.dumps({"failed": failed if isinstance(failed, int) else None, "cpu": spent}))
        return
    large = f"{asked.large:,}"
    cases = [Case(variant, data, days=days) for days in (False, True) for variant, data in OURS]
    cases += [Case("audit", "hopeless"), Case("quarantine", "hopeless")]
    cases += [Case("hand-written", "clean", large), Case("audit", "clean", large), Case("quarantine", "bad", large)]
    if not asked.no_peers:
        print(peers())
        cases += [Case(peer, data) for peer in PEERS for data in ("clean", "bad")]
    costs: dict[Case, Cost] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for folder in dict.fromkeys(case.folder for case in cases):
            of_folder = [case for case in cases if case.folder == folder]
            rows = asked.large if of_folder[0].size else asked.rows
            there = Path(temporary) / folder
            subprocess.run(
                [*command("generate", of_folder[0].data, there, of_folder[0].days), "--rows", str(rows)], check=True
            )
            for case in of_folder:
                runs = [measure(case, there) for _ in range(asked.runs)]
                costs[case] = Cost(*(statistics.median(getattr(run, name) for run in runs) for name in FIGURES))
            shutil.rmtree(there)
    report(costs, large)


OURS = [
    (variant, data) for data in ("clean", "bad") for variant in ("hand-written", "stage", "stage to split", "audit")
]
OURS += [("quarantine", "bad"), ("publish", "bad")]
FIGURES = ("whole", "inside", "peak")

if __name__ == "__main__":
    main()
