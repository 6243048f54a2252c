"""Service levels: how long data is kept, and how old it may be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from data_platform.contracts.naming import closest
from data_platform.contracts.report import Report
from data_platform.contracts.values import duration

if TYPE_CHECKING:
    from open_data_contract_standard.model import ServiceLevelAgreementProperty

OURS = {"retention": "retention", "freshness": "freshness", "latency": "freshness"}
THEIRS = frozenset({"frequency", "availability", "throughput", "errorRate", "generalAvailability", "endOfSupport"})
"""Levels of the standard that we do not read; not mistaken for ours."""


def service_levels(
    report: Report, properties: Sequence[ServiceLevelAgreementProperty]
) -> tuple[timedelta | None, timedelta | None]:
    """Retention and freshness, None where nothing is promised."""
    found: dict[str, timedelta] = {}
    for position, level in enumerate(properties):
        path = ("slaProperties", position)
        name = level.property or ""
        if name not in OURS:
            if name not in THEIRS and (guess := closest(name, OURS, cutoff=0.75)):
                report.add("C802", (*path, "property"), f"`{name}` is not a service level", f"did you mean `{guess}`?")
            continue
        promised = OURS[name]
        length = duration(level.value, level.unit, m_is_month=promised == "retention")
        if length is None:
            what = f"{level.value!r} {level.unit or ''}".strip()
            fix = (
                "write P90D, or a value with `unit: d`"
                if promised == "retention"
                else "write PT6H, or a value with `unit: h`"
            )
            report.add("C801", (*path, "value"), f"{what} is not a duration for {name}", fix)
        elif promised in found:
            report.add("C801", path, f"{promised} is promised twice", "remove one of them")
        else:
            found[promised] = length
    return found.get("retention"), found.get("freshness")
