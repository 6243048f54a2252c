"""What we add to ODCS, as `customProperties`: which properties, where, and what they may be.

A property of another vendor, and one that looks like none of ours, is theirs and is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from data_platform.contracts.model import SENSITIVITIES, OnFailure, Policy
from data_platform.contracts.naming import closest, did_you_mean
from data_platform.contracts.report import Report
from data_platform.contracts.yaml_source import Path

VENDOR = "data-platform"
DATASET, COLUMN, QUALITY, RELATIONSHIP = "the dataset", "a column", "a quality rule", "a relationship"


@dataclass(frozen=True, slots=True)
class OwnProperty:
    """One property of ours: the levels it is for and, where they are few, its values."""

    levels: tuple[str, ...]
    values: tuple[str, ...] = ()


OWN: dict[str, OwnProperty] = {
    "visibility": OwnProperty((DATASET,), ("public", "private")),
    "clearance": OwnProperty((DATASET,), SENSITIVITIES),
    "size": OwnProperty((DATASET,), ("S", "M", "L", "XL")),
    "producer": OwnProperty((DATASET,), ("external",)),
    "unknownColumns": OwnProperty((DATASET,), ("refuse", "ignore")),
    "keepFirst": OwnProperty((DATASET,)),
    "onFailure": OwnProperty((DATASET, COLUMN, QUALITY, RELATIONSHIP)),
    "partitions": OwnProperty((QUALITY, RELATIONSHIP), ("same", "all")),
    "partitionBy": OwnProperty((COLUMN,)),
    "piiCategory": OwnProperty((COLUMN,)),
}


@dataclass(frozen=True, slots=True)
class Given:
    """A property as given: its value and where that stands."""

    value: Any
    path: Path


class CustomProperty(Protocol):
    """The official package's custom property, by shape, so that importing this module does not import pydantic."""

    property: str | None
    value: Any
    vendor: str | None


def own_properties(
    report: Report, level: str, *places: tuple[Path, Sequence[CustomProperty] | None]
) -> dict[str, Given]:
    """Our properties among those of one level, which may be given in several places (root and schema)."""
    own: dict[str, Given] = {}
    for path, properties in places:
        for position, entry in enumerate(properties or ()):
            at = (*path, "customProperties", position)
            name = entry.property or ""
            if name in OWN and entry.vendor in (None, VENDOR):
                if _fits(report, level, name, entry.value, at) and name in own:
                    report.add("C607", at, f"`{name}` is given twice", "remove one of them")
                own.setdefault(name, Given(entry.value, (*at, "value")))
            elif entry.vendor == VENDOR or (entry.vendor is None and closest(name, _for(level), cutoff=0.75)):
                fix = did_you_mean(name, OWN) + (" If not, name its `vendor`." if entry.vendor is None else "")
                report.add("C601", (*at, "property"), f"`{name}` is not a property of ours", fix)
    return own


def _for(level: str) -> list[str]:
    return [name for name, known in OWN.items() if level in known.levels]


def _fits(report: Report, level: str, name: str, value: Any, at: Path) -> bool:
    known = OWN[name]
    if level not in known.levels:
        report.add("C606", at, f"`{name}` has no meaning for {level}", f"it is for {' or '.join(known.levels)}")
        return False
    if known.values and value not in known.values:
        fix = did_you_mean(str(value), known.values)
        report.add("C602", (*at, "value"), f"`{name}` cannot be {value!r}", fix)
    elif not known.values and name in ("keepFirst", "piiCategory") and (not isinstance(value, str) or not value):
        report.add("C602", (*at, "value"), f"`{name}` must be text, not {value!r}", "write it as text")
    return True


def text(own: Mapping[str, Given], name: str, default: str = "") -> str:
    """A property's text, or `default` where it is absent or was refused."""
    given = own.get(name)
    values = OWN[name].values
    usable = given is not None and isinstance(given.value, str) and (not values or given.value in values)
    return given.value if given is not None and usable else default


LIMITS: dict[str, tuple[Any, float, str]] = {  # limit of a quarantine -> its types, the most it can be, in words
    "maxPercent": (int | float, 100, "0 to 100 percent"),
    "maxRows": (int, math.inf, "a whole number of rows"),
}


def on_failure(report: Report, given: Given | None) -> OnFailure | None:
    """The policy written under `onFailure`: its name, or `{action, maxPercent, maxRows}`; None where there is none."""
    if given is None:
        return None
    value = given.value if isinstance(given.value, dict) else {"action": given.value}
    known = ("action", *LIMITS)
    for key in value:
        if key not in known:
            report.add("C603", (*given.path, key), f"`onFailure` does not know `{key}`", did_you_mean(str(key), known))
    action = value.get("action")
    if action not in tuple(Policy):
        at = (*given.path, "action") if isinstance(given.value, dict) else given.path
        report.add("C603", at, f"unknown policy {action!r}", did_you_mean(str(action), tuple(Policy)))
        return None
    policy = Policy(action)
    return OnFailure(policy, *(_limit(report, given.path, value, name, policy) for name in LIMITS))


def _limit(report: Report, path: Path, value: Mapping[str, Any], name: str, policy: Policy) -> Any:
    """How much may be quarantined; None where nothing is said, or it was reported."""
    limit, (kinds, most, words) = value.get(name), LIMITS[name]
    if limit is None:
        return None
    if policy != Policy.QUARANTINE:
        report.add("C603", (*path, name), f"`{name}` has no meaning for {policy}", "remove it")
    elif isinstance(limit, bool) or not isinstance(limit, kinds) or not 0 <= limit <= most:
        report.add("C603", (*path, name), f"`{name}` is {words}, not {limit!r}", f"give {words}")
    else:
        return limit
    return None
