"""Spark's write-audit-publish against Spark alone, and against Polars: the marketplace's sessionization.

`tracking.visits` as it is, with its function and its whole contract (two keys, required columns, an enum, ranges, a pattern,
rules in SQL, and robots to set aside), over events in any order, some of them late and some delivered twice. The peer runs
the same function in the same session, warmed up, in turns: `spark.read.parquet` of the same files, `write.parquet`, and no
table, no checks. Executors have JVMs of their own (`local-cluster`), so that the driver's memory is the driver's: of its
JVM the heap after a collection, at every step of a publication, and of Python the peak of resident memory. Polars runs the
twin that the tests compare with, under the same contract, in a process of its own.

Targets: at most 25 % more time than the peer; driver memory that does not grow with the rows; time linear in rows.

    python benchmarks/spark.py [--quick] [--sizes 2 5 10 20] [--runs 2] [--master "local-cluster[1,2,4096]"]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_platform.lakehouse import Lakehouse, ReadPlan

sys.path.insert(0, str(Path(__file__).parents[1]))  # the Polars twin is among the tests

FIRST, DAYS = date(2026, 10, 1), 10
READ = [str(FIRST + timedelta(days=n)) for n in range(DAYS)]
MADE = READ[2:]
"""The first two days settle no visit."""
KINDS = {
    "views": ("view", "viewed_at", "0 AND 15"),
    "searches": ("search", "searched_at", "16 AND 18"),
    "contacts": ("contact", "contacted_at", "19 AND 19"),
}
"""By parameter: the kind of event, when it happened, and the share of all (in twentieths)."""
PHASES = ("plan", "stage", "audit", "split", "commit")
SECOND, DAY = 1_000_000, 86_400_000_000
EVENTS = f"""
    WITH steps AS (
      SELECT range AS n, range // 8 AS visit, 2 * (range % 8) AS minutes, false AS is_robot FROM range({{events}})
      UNION ALL  -- who never rests: an event in 15 minutes, for 30 hours
      SELECT range, {{events}} + range // 120, 15 * (range % 120), true FROM range({{robots}} * 120)
    ), happened AS (
      SELECT *, hash(n, is_robot) AS dice,
        if(is_robot, visit, hash(visit) % {{visitors}})::BIGINT AS visitor,
        epoch_us(TIMESTAMP '{FIRST}') + 60 * {SECOND} * minutes + (dice % {100 * SECOND})::BIGINT
          + (hash(visit, 1) % {(DAYS - 1) * DAY})::BIGINT AS happened
      FROM steps
    ), sent AS (  -- three in a hundred within thirty hours, all others within a minute
      SELECT *, happened + {SECOND} * if(dice % 100 < 3, hash(n, 2) % 108_000, hash(n, 2) % 60)::BIGINT AS sent FROM happened
    ), received AS (
      SELECT *, sent AS received FROM sent
      UNION ALL  -- one in two hundred a second time
      SELECT *, sent + {DAY} FROM sent WHERE dice % 200 = 0
    )
    SELECT make_timestamp(received)::DATE AS day, hex(dice) AS event_id, 's' || visit AS session_id,
      if(visitor % 5 < 3, visitor, NULL) AS user_id, ['web', 'ios', 'android'][1 + visitor % 3] AS device,
      make_timestamptz(received) AS received_at, make_timestamptz(happened) AS {{happened}},
      (hash(n, 3) % 100_000)::BIGINT AS listing_id
    FROM received
    WHERE day < DATE '{FIRST}' + {DAYS}
      AND CASE WHEN is_robot THEN 0 ELSE dice % 20 END BETWEEN {{share}}"""


@dataclass
class Run:
    """One publication: seconds, by phase too, and what it published; MB of the driver, if they were measured."""

    seconds: float
    phases: dict[str, float]
    published: int
    quarantined: int
    heap: float = 0
    python: float = 0


def tracking() -> Any:
    from data_platform.domains.tracking import assets

    return assets


def lakehouse_of(home: str) -> Lakehouse:
    from data_platform.lakehouse import Lakehouse
    from data_platform.settings import Settings

    return Lakehouse(Settings.at(Path(home)))


def generate(home: str, events: int) -> None:
    """Published as the inputs of the sessionization, with the columns that it reads and no rules."""
    import duckdb

    from data_platform.engines import Engine
    from data_platform.lakehouse import publish

    lakehouse, engine = lakehouse_of(home), Engine("duckdb.DuckDBPyRelation")
    duckdb.sql("SET TimeZone = 'UTC'")
    for parameter, (_, happened, share) in KINDS.items():
        read = next(each for each in tracking().visits.producer.signature.inputs if each.name == parameter)
        columns = tuple(read.contract.column(name) for name in read.reads.columns)
        contract = replace(read.contract, columns=columns, rules=())
        sizes = {"events": events, "robots": events // 20_000, "visitors": max(1, events // 60)}
        rows = duckdb.sql(EVENTS.format(happened=happened, share=share, **sizes)).select(*contract.column_names)
        publish(lakehouse, engine.stage(rows, contract, lakehouse), contract, READ)


def plans(lakehouse: Lakehouse) -> dict[str, ReadPlan]:
    from data_platform.lakehouse import plan_read

    inputs = tracking().visits.producer.signature.inputs
    return {each.name: plan_read(lakehouse, each.contract, each.reads.columns, READ) for each in inputs}


def platform(home: str, frame: str, make: Callable[..., Any], measure: Callable[[], tuple[float, float]]) -> Run:
    """From the plan of what is read to the commit. `measure` is asked at each step, and its time does not count."""
    from data_platform.engines import Engine
    from data_platform.lakehouse import Provenance, publish
    from data_platform.lineage import facet
    from data_platform.lineage.capture import Capture
    from data_platform.lineage.given import Given

    lakehouse, engine, contract = lakehouse_of(home), Engine(frame), tracking().visits.contract
    spent, measured, last = dict.fromkeys(PHASES, 0.0), [measure()], time.monotonic()

    def lap(phase: str) -> None:
        nonlocal last
        spent[phase] += time.monotonic() - last
        measured.append(measure())
        last = time.monotonic()

    def on_step(step: str) -> None:
        lap({"staged": "plan", "audited": "audit", "split": "split"}.get(step, "commit"))

    planned = plans(lakehouse)
    frames = {name: engine.read(plan, lakehouse) for name, plan in planned.items()}
    given = (Given(plan.dataset, tuple(plan.names), frames[name], plan.files) for name, plan in planned.items())
    with Capture(given) as seen:
        made = make(**frames)
    lineage = facet.to_json(seen.lineage_of(made, contract.column_names))
    lap("plan")
    staged = engine.stage(made, contract, lakehouse)
    lap("stage")
    provenance = Provenance("bench", engine=engine.name, lineage=lineage)
    publication = publish(lakehouse, staged, contract, MADE, provenance, on_step=on_step)
    lap("commit")
    assert not publication.blocked and sum(publication.quarantined.values()), publication.verdicts
    heap, python = (max(each) for each in zip(*measured, strict=True))
    rows, refused = sum(publication.rows.values()), sum(publication.quarantined.values())
    return Run(sum(spent.values()), spent, rows, refused, heap, python)


def spark_part(homes: Mapping[int, str], runs: int, master: str) -> None:
    """All sizes in one session, the smallest first; prints a line of JSON for each figure."""
    from data_platform.deployment import current_deployment
    from data_platform.engines.spark.session import session

    workers = {"spark.executor.memory": f"{master.split(',')[-1].rstrip(']')}m"} if "cluster" in master else {}
    conf = {**current_deployment().conf, "spark.driver.memory": "1g", "spark.log.level": "ERROR", **workers}
    spark = session(conf, master)
    context, function = SimpleNamespace(partition_keys=MADE), tracking().visits.producer.function
    beans = spark._jvm.java.lang.management.ManagementFactory

    def measure() -> tuple[float, float]:
        spark._jvm.java.lang.System.gc()
        heap = beans.getMemoryMXBean().getHeapMemoryUsage().getUsed()
        return heap / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3

    def ours(size: int) -> Run:
        return platform(homes[size], "pyspark.DataFrame", lambda **frames: function(context, **frames), measure)

    def plain(size: int) -> float:
        out = f"{homes[size]}/plain"
        files = {name: plan.files for name, plan in plans(lakehouse_of(homes[size])).items()}
        started = time.monotonic()
        frames = {name: spark.read.parquet(*each) for name, each in files.items()}
        function(context, **frames).write.parquet(out)
        seconds = time.monotonic() - started
        shutil.rmtree(out)
        return seconds

    smallest, largest = min(homes), max(homes)
    for _ in range(2):
        plain(smallest), ours(smallest)
    say(warmed=True)
    for size in homes:
        for _ in range(runs if size == largest else 1):
            say(size=size, plain=plain(size))
            say(size=size, spark=vars(ours(size)))
    spark.stop()


def polars_part(homes: Mapping[int, str]) -> None:
    """As `spark_part`; the peak of memory is that of the largest size so far."""
    import polars as pl

    from tests.domains.visits import polars_visits

    def make(**frames: pl.LazyFrame) -> pl.LazyFrame:
        named = {KINDS[name][0]: frame for name, frame in frames.items()}
        return polars_visits([date.fromisoformat(day) for day in MADE], named)

    def peak() -> tuple[float, float]:
        return 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3

    for warm, size in enumerate([min(homes), *homes]):
        run = platform(homes[size], "polars.LazyFrame", make, peak)
        if warm:
            say(size=size, polars=vars(run))


def say(**figures: Any) -> None:
    print(json.dumps(figures), flush=True)


@dataclass
class Figures:
    """Of one size."""

    plain: list[float] = field(default_factory=list)
    spark: list[Run] = field(default_factory=list)
    polars: list[Run] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return statistics.median(each.seconds for each in self.spark)

    @property
    def overhead(self) -> float:
        return self.seconds / statistics.median(self.plain) - 1


def part(name: str, homes: Mapping[int, str], *options: str) -> Iterator[dict[str, Any]]:
    """What a process of its own says; SystemExit with its last traceback where it fails."""
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, __file__, "--part", name, "--homes", json.dumps(homes), *options]
        environment = os.environ | {"DATA_PLATFORM_HOME": str(Path(next(iter(homes.values()))).parent)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("{"):
                    yield json.loads(line)
        if process.returncode:
            log.seek(0)
            found = re.findall(r"^Traceback .*\n(?:  .*\n)+.*", log.read(), re.MULTILINE)
            raise SystemExit(f"{name} failed with exit code {process.returncode}: {''.join(found[-1:])}")


def measured(homes: Mapping[int, str], runs: int, master: str, progress: Callable[[str], None]) -> dict[int, Figures]:
    found = {size: Figures() for size in homes}
    progress("starting Spark, warming it up")
    for said in part("spark", homes, "--runs", str(runs), "--master", master):
        if "plain" in said:
            found[said["size"]].plain.append(said["plain"])
            progress(f"{said['size']:,} events, Spark alone: {said['plain']:.1f} s")
        elif "spark" in said:
            found[said["size"]].spark.append(Run(**said["spark"]))
            progress(f"{said['size']:,} events, published by Spark: {said['spark']['seconds']:.1f} s")
    for said in part("polars", homes):
        found[said["size"]].polars.append(Run(**said["polars"]))
        progress(f"{said['size']:,} events, published by Polars: {said['polars']['seconds']:.1f} s")
    for size in homes:
        if {each.published for each in found[size].spark} != {each.published for each in found[size].polars}:
            raise SystemExit(f"{size} events: Spark and Polars do not publish the same visits")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", default=[2, 5, 10, 20], help="millions of events")
    parser.add_argument("--runs", type=int, default=2, help="of the largest size")
    parser.add_argument("--master", default="local-cluster[1,2,4096]")
    parser.add_argument("--quick", action="store_true", help="200,000 and 1,000,000 events")
    parser.add_argument("--part", choices=("spark", "polars"), help=argparse.SUPPRESS)
    parser.add_argument("--homes", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part:
        homes = {int(size): home for size, home in json.loads(asked.homes).items()}
        spark_part(homes, asked.runs, asked.master) if asked.part == "spark" else polars_part(homes)
        return
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"{time.monotonic() - started:5.0f} s  {text}", flush=True)

    sizes = sorted(int(1e6 * size) for size in ([0.2, 1] if asked.quick else asked.sizes))
    with tempfile.TemporaryDirectory() as folder:
        homes = {size: f"{folder}/{size}" for size in sizes}
        for size, home in homes.items():
            progress(f"{size:,} events are made and published as inputs")
            generate(home, size)
        report(measured(homes, asked.runs, asked.master, progress), asked.runs, asked.master)


def report(found: Mapping[int, Figures], runs: int, master: str) -> None:
    from rich.console import Console
    from rich.table import Table

    smallest, largest = found[min(found)], found[max(found)]
    title = f"{DAYS} days of events, Spark on {master}, medians of {runs} for the most events and of 1 else"
    columns = (
        "events",
        "Spark alone s",
        "published s",
        "more",
        *PHASES,
        "heap MB",
        "Python MB",
        "Polars s",
        "Polars GB",
    )
    table = Table(*columns, title=title)
    for size, each in found.items():
        run = sorted(each.spark, key=lambda run: run.seconds)[len(each.spark) // 2]
        twin = each.polars[0]
        figures = (statistics.median(each.plain), run.seconds, 100 * each.overhead)
        table.add_row(
            f"{size:,}",
            *(f"{figures[0]:.1f}", f"{figures[1]:.1f}", f"{figures[2]:+.0f} %"),
            *(f"{run.phases[phase]:.1f}" for phase in PHASES),
            *(f"{max(run.heap for run in each.spark):.0f}", f"{max(run.python for run in each.spark):.0f}"),
            *(f"{twin.seconds:.1f}", f"{twin.python / 1e3:.1f}"),
        )
    console = Console(width=140)
    console.print(table)
    visits, robots = largest.spark[0].published, largest.spark[0].quarantined
    console.print(f"{visits:,} visits published and {robots:,} set aside, of the most events")
    console.print(f"publishing takes       {100 * largest.overhead:+.0f} % more than Spark alone  (<= 25 %)")
    times, per_event = max(found) / min(found), [each.seconds / size for size, each in found.items()]
    for name, used in {"driver's heap": "heap", "driver's Python": "python"}.items():
        less, more = (max(getattr(run, used) for run in each.spark) for each in (smallest, largest))
        console.print(f"{name:22} {more / less:.2f} x with {times:.0f} x the events  (about 1)")
    console.print(
        f"an event takes         {per_event[-1] / per_event[0]:.2f} x the time with {times:.0f} x the events  (<= 1)"
    )
    faster = [f"{size:,}" for size, each in found.items() if each.seconds < each.polars[0].seconds]
    console.print(f"faster than Polars with {', '.join(faster) or 'none of these numbers of'} events")


if __name__ == "__main__":
    main()
