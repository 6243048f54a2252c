"""What no catching up starts. Assets that are no datasets: something is done with published rows when a schedule says
so, and at no other time. And datasets that are made of files as they land."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

ONLY_ON_SCHEDULE = {"data_platform/runs": "only_on_schedule"}
"""The tag by which such assets are known: catching up leaves them out, and so does the picture of the graph."""


class Scheduled(dg.AssetsDefinition):
    """An asset that brings its own schedules along; `build_definitions` takes them with it."""

    schedules: tuple[dg.ScheduleDefinition, ...]


AS_FILES_LAND = {"data_platform/runs": "as_files_land"}
"""The tag of datasets that a sensor produces when files land: no clock, and no catching up, knows for which days."""


def as_files_land(tags: Mapping[str, str]) -> bool:
    """Whether the dataset with these tags is made of files as they land."""
    return AS_FILES_LAND.items() <= tags.items()


def only_on_schedule(tags: Mapping[str, str]) -> bool:
    """Whether the asset with these tags is one of those."""
    return ONLY_ON_SCHEDULE.items() <= tags.items()
