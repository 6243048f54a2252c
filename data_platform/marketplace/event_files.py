"""The tracker's files: `<folder>/<kind>/<YYYY-MM-DD>/<HH>.jsonl.gz`, one JSON object per line, by hour of arrival (UTC)."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from .days import Day
from .dirt import BROKEN, BROKEN_SHARE
from .draws import HOUR
from .events import KINDS

# The order of the keys in a line.
SPACED_FIELDS = {
    "listing_view": "event_id listing_id user_id session_id viewed_at received_at device referrer dwell_ms",
    "search": "event_id user_id session_id searched_at received_at query category_id results device",
    "contact": "event_id listing_id user_id session_id contacted_at received_at channel device",
}
FIELDS = {kind: fields.split() for kind, fields in SPACED_FIELDS.items()}


def path_of(folder: Path, kind: str, hour: datetime) -> Path:
    return folder / kind / f"{hour:%Y-%m-%d}" / f"{hour:%H}.jsonl.gz"


def hours(start: datetime, end: datetime) -> Iterator[datetime]:
    """The hours that begin in [start, end), and the one that `start` lies in."""
    hour = start.replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour
        hour += timedelta(hours=1)


def are_complete(folder: Path, day: Day) -> bool:
    """Whether every file of the day is in place."""
    return all(path_of(folder, kind, hour).exists() for kind in KINDS for hour in hours(day.start, day.end))


def write(folder: Path, kind: str, day: Day, events: pl.DataFrame) -> None:
    """Write the day's 24 files of one kind; one that exists is replaced in one step."""
    lines = _break_some(kind, _lines(kind, events), events["once"].to_numpy(), day)
    bounds = np.searchsorted(events["arrival"].to_numpy(), [day.midnight + n * HOUR for n in range(25)])
    for hour, first, last in zip(hours(day.start, day.end), bounds[:-1].tolist(), bounds[1:].tolist()):
        path = path_of(folder, kind, hour)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.unfinished")
        text = "".join(f"{line}\n" for line in lines[first:last])
        unfinished.write_bytes(gzip.compress(text.encode(), compresslevel=1, mtime=0))
        unfinished.replace(path)


def _lines(kind: str, events: pl.DataFrame) -> pl.Series:
    """The events as JSON, nulls spelt out."""
    moment = {KINDS[kind]: pl.col("happened"), "received_at": pl.col("arrival")}
    moment = {
        name: (at // 1000).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S.%3fZ") for name, at in moment.items()
    }
    return events.with_columns(**moment).select(pl.struct(FIELDS[kind]).struct.json_encode().alias("line"))["line"]


def _break_some(kind: str, lines: pl.Series, may_break: np.ndarray, day: Day) -> pl.Series:
    """Break a share of the lines that were delivered once."""
    rng = day.draws(f"broken {kind}")
    candidates = np.flatnonzero(may_break)
    broken = np.sort(rng.permutation(candidates)[: int(BROKEN_SHARE * len(lines) + rng.random())])
    texts = []
    for line in lines.gather(pl.Series(broken, dtype=pl.UInt32)):
        event = json.loads(line)
        BROKEN[kind][rng.integers(len(BROKEN[kind]))](event, rng)
        texts.append(json.dumps(event, ensure_ascii=False, separators=(",", ":")))
    return lines.scatter(broken, texts) if texts else lines
