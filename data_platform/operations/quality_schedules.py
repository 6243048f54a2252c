"""Rules with a time of their own: one schedule per cron expression, which executes exactly their checks, alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import dagster as dg

from data_platform.datasets.checks import is_scheduled
from data_platform.datasets.producer import producers_of

_SPELT = {"*": "any", "/": "_every_", "-": "_to_", ",": "_and_", " ": "_"}


def quality_schedules(assets: Sequence[dg.AssetsDefinition]) -> list[dg.ScheduleDefinition]:
    """The schedules (UTC), on from the start: a contract that asks for one needs nobody to switch it on.

    Partitioned datasets are audited on the latest partition that is published; nothing is produced or written.
    """
    keys: dict[str, list[dg.AssetCheckKey]] = defaultdict(list)
    for producer in producers_of(assets):
        for rule in filter(is_scheduled, producer.contract.rules):
            keys[" ".join(rule.when.split())].append(dg.AssetCheckKey(producer.key, rule.name))
    schedules = []
    for cron, checks in sorted(keys.items()):
        name = f"checks_at_{re.sub('[*/, -]', lambda sign: _SPELT[sign[0]], cron)}"
        about = ", ".join(sorted({".".join(key.asset_key.path) for key in checks}))
        job = dg.define_asset_job(
            name,
            dg.AssetSelection.checks(*checks),
            description=f"{len(checks)} check(s) with the schedule {cron} (UTC), on what is published: {about}.",
        )
        schedules.append(
            dg.ScheduleDefinition(
                name=name,
                job=job,
                cron_schedule=cron,
                execution_timezone="UTC",
                default_status=dg.DefaultScheduleStatus.RUNNING,
                description=job.description,
            )
        )
    return schedules
