"""Tests of every kind of frame there is: `@frames`, and an argument `frame` for its name in FRAMES."""

from __future__ import annotations

import pytest
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.engines import FRAMES, Engine

IN_PROCESS = [frame for frame in FRAMES if Engine(frame).name != "spark"]
frames = pytest.mark.parametrize(
    "frame",
    [pytest.param(each, marks=() if each in IN_PROCESS else pytest.mark.slow) for each in FRAMES],
    indirect=True,
)
"""All of them; those of Spark, which need a JVM, with the slow tests."""


@pytest.fixture
def frame(request: pytest.FixtureRequest) -> str:
    """The frame's name; where it is Spark's, there is a session, too."""
    if request.param not in IN_PROCESS:
        request.getfixturevalue("spark")
    return request.param
