"""What ODCS 3.0 wrote otherwise, said as 3.1 does: `rule: duplicateCount` is `metric: duplicateValues`.

3.0 named three rules and left the vocabulary open; those it did not name stay as they are. It had no timestamps but
dates whose `physicalType` is one, and its `exclusiveMaximum: true` made the `maximum` exclusive.
"""

from __future__ import annotations

from typing import Any

from data_platform.contracts.model import OPERATORS

METRICS: dict[str, str] = {  # rule of 3.0 -> metric of 3.1
    "rowCount": "rowCount",
    "duplicateCount": "duplicateValues",
    "validValues": "invalidValues",
}

STAMPS = ("timestamp", "datetime")
EXCLUSIVE = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}


def modern(document: dict[str, Any]) -> dict[str, Any]:
    """The document, if it is one of 3.0, as it would be written since 3.1."""
    return _read(document) if str(document.get("apiVersion")).startswith("v3.0.") else document


def _read(part: Any) -> Any:
    if isinstance(part, list):
        return [_read(item) for item in part]
    if not isinstance(part, dict):
        return part
    read = {key: _read(value) for key, value in part.items() if key != "quality"}
    _column(read)
    if "quality" in part:
        entries = part["quality"]
        read["quality"] = [_entry(entry) for entry in entries] if isinstance(entries, list) else entries
    return read


def _column(read: dict[str, Any]) -> None:
    """A column, or a part of one: its type, and its bounds."""
    options = read.get("logicalTypeOptions")
    physical = read.get("physicalType")
    if read.get("logicalType") == "date" and isinstance(physical, str) and physical.lower().startswith(STAMPS):
        read["logicalType"] = "timestamp"
    if isinstance(options, dict):
        for bound, exclusive in EXCLUSIVE.items():
            if isinstance(is_exclusive := options.get(exclusive), bool):
                del options[exclusive]
                if is_exclusive and bound in options:
                    options[exclusive] = options.pop(bound)


def _entry(entry: Any) -> Any:
    rule = entry.get("rule") if isinstance(entry, dict) else None
    if (
        not isinstance(rule, str)
        or rule not in METRICS
        or entry.get("metric")
        or entry.get("type", "library") != "library"
    ):
        return entry
    read = {key: value for key, value in entry.items() if key not in ("rule", "validValues")}
    read["metric"] = METRICS[rule]
    if "validValues" in entry:
        read["arguments"] = {"validValues": entry["validValues"]}
        if not any(operator in entry for operator in OPERATORS):
            read["mustBe"] = 0
    return read
