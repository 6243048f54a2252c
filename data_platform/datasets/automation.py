"""When a dataset is produced without anybody asking; derived from what it reads and how it is cut."""

from __future__ import annotations

import dagster as dg

from data_platform.contracts import Contract

CRON = {"hour": "5 * * * *", "day": "15 0 * * *"}
"""Datasets that read no other dataset follow the clock, a little after their partition is complete (UTC)."""


def automation_condition(contract: Contract, *, has_inputs: bool) -> dg.AutomationCondition:
    """Follow the inputs, or the clock where there are none; never past a blocking check that failed upstream.

    `eager()` alone still runs downstream of a failed blocking check, hence the second half.
    """
    gate = dg.AutomationCondition.all_deps_blocking_checks_passed()
    if has_inputs:
        return dg.AutomationCondition.eager() & gate
    time = contract.partitioning.time if contract.partitioning else None
    return dg.AutomationCondition.on_cron(CRON[time.granularity if time else "day"]) & gate
