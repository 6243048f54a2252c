"""A moment that a test says, in place of now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

from dagster._core.test_utils import freeze_time  # what Dagster's own tests use; pinned by tests/datasets/test_clock.py


@contextmanager
def frozen_clock(moment: str | datetime) -> Iterator[datetime]:
    """It is `moment` (ISO 8601, UTC where it names no zone) for the platform and for Dagster in this process: for
    freshness, history and retention, partitions that exist, schedules and recorded events.

    Code of a domain follows where it asks `data_platform.clock.now()`. ValueError where the text is no moment.
    """
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    with freeze_time(at), patch("data_platform.clock.now", return_value=at):
        yield at
