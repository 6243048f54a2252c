"""What time it is, for everything on this platform that asks: one place, so that a test can say it
(`datasets.testing.frozen_clock`)."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
