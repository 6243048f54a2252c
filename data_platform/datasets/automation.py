"""When a dataset is produced without anybody asking; derived from what it reads and how it is cut."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.reads import Reads

CRON = {"hour": "5 * * * *", "day": "15 0 * * *"}
"""Datasets that read no other dataset follow the clock, a little after their partition is complete (UTC)."""


def automation_condition(contract: Contract, reads: Sequence[Reads]) -> dg.AutomationCondition:
    """Follow the inputs, or the clock where there are none; never past a blocking check that failed upstream.

    `eager()` alone still runs downstream of a failed blocking check, hence the gate. It also waits until no input
    partition is missing, for ever where a window begins before history or spans a blocked day: such readers do not.
    """
    gate = dg.AutomationCondition.all_deps_blocking_checks_passed()
    if reads:
        follow = dg.AutomationCondition.eager()
        if any(each.partitions != "same" for each in reads):
            follow = follow.without(~dg.AutomationCondition.any_deps_missing())
        return follow & gate
    time = contract.partitioning.time if contract.partitioning else None
    return dg.AutomationCondition.on_cron(CRON[time.granularity if time else "day"]) & gate
