"""Whatever type is inferred, casting loses nothing: what is published is, in value, the text of the file."""

from __future__ import annotations

import string
import tempfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data_platform.contracts import Contract
from data_platform.datasets.testing import publish_frame, read_dataset, temporary_lakehouse
from data_platform.files.read import read
from data_platform.files.reading import Reading
from data_platform.scaffold.infer import infer
from data_platform.scaffold.propose import propose
from data_platform.scaffold.sources import sources
from scaffold.scenario import write_csv

NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.integers(0, 10**6).map(lambda n: f"{n:07}"),
    st.decimals(-(10**6), 10**6, places=3).map(str),
    st.decimals(-(10**12), 10**12, places=9).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
TEMPORAL = st.one_of(
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
    st.times().map(str),
    st.dates().map(lambda day: f"{day:%d.%m.}{day.year:04}"),
)
WORDS = st.one_of(
    st.sampled_from(
        ["true", "false", "TRUE", "yes", "no", "NA", "-", "null", "nan", "1e5", "+1", "-0", "0x10", "1_000"]
    ),
    st.text(string.printable.replace("\r", "").replace("\n", "").replace("\x0b", "").replace("\x0c", ""), min_size=1),
)
KINDS = (NUMBERS, TEMPORAL, WORDS, st.one_of(NUMBERS, TEMPORAL, WORDS))
COLUMNS = st.one_of(*(st.lists(kind | st.none(), min_size=1, max_size=30) for kind in KINDS))


def means(text: str, value: Any, markers: tuple[str, ...]) -> bool:
    """Whether a published value is what the text in the file says."""
    bare = text.strip()
    match value:
        case None:
            return text in markers
        case str():
            return value == text
        case bool():
            return bare.lower() == str(value).lower() or (
                bare.lower() in ("yes", "no") and value == (bare.lower() == "yes")
            )
        case int() | Decimal():
            return Decimal(bare) == value
        case float():
            return float(bare) == value or (bare.lower() == "nan" and value != value)
        case datetime() if value.tzinfo:
            return datetime.fromisoformat(bare).astimezone(UTC) == value
        case datetime():
            return datetime.fromisoformat(bare) == value
        case date():
            return text == f"{value:%d.%m.}{value.year:04}" if "." in text else date.fromisoformat(bare) == value
        case time():
            return time.fromisoformat(bare) == value
    return False


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(COLUMNS)
@example([None, "-100000000000000", "0E-9"])  # whole numbers would lose something: what contradicts them is not null
def test_what_is_published_is_what_the_file_says(values: list[str | None]) -> None:
    with tempfile.TemporaryDirectory() as folder, temporary_lakehouse(), Reading() as reading:
        place = write_csv(Path(folder) / "things.csv", {"row": range(len(values)), "something": values})
        findings = infer(sources([str(place)], "shop", folder))
        [proposal] = propose(findings, "shop", "ana@example.com")
        contract: Contract = proposal.contract
        publish_frame(read([str(place)], findings.tables[0].source.format, {}, reading=reading), contract)
        published = {row["row"]: row["something"] for row in read_dataset(contract).to_pylist()}
    column = contract.column("something")
    markers = dict(getattr(findings.tables[0].source.format, "missing", {})).get("something", ())
    assert len(published) == len(values)
    for at, text in enumerate(values):
        found = published[at]
        assert (found is None) if text in (None, "") else means(str(text), found, markers), (column.type, text, found)
