"""Values of JSON as values of a contract's nested type: exactly, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

from data_platform.contracts import ColumnType
from data_platform.files.json_objects import written

BITS = {"int": 31, "long": 63}
TIMES: dict[str, Callable[[str], Any]] = {
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamptz": datetime.fromisoformat,
}
FINER = re.compile(r"[.,]\d{7}")
"""Less than a microsecond, which Python would cut off."""


class Misfit(ValueError):
    """A value that is not of its type; `path` is where it stands within the column, e.g. `[0].price`."""

    def __init__(self, value: Any, kind: ColumnType, path: str = "") -> None:
        self.value, self.kind, self.path = value, kind, path
        super().__init__(f"{(written(value) or 'null')[:60]} is no {kind}")


def typed(value: Any, kind: ColumnType, path: str = "") -> Any:
    """The value as what Arrow makes a value of the type of; Misfit where it is none."""
    if value is None:
        return None
    match kind:
        case ColumnType(kind="list", element=ColumnType() as element) if isinstance(value, list):
            return [typed(each, element, f"{path}[{number}]") for number, each in enumerate(value)]
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as element) if isinstance(
            value, dict
        ):
            return [(typed(name, key, path), typed(each, element, f"{path}.{name}")) for name, each in value.items()]
        case ColumnType(kind="struct") if isinstance(value, dict):
            known = dict(kind.fields)
            for name in value.keys() - known.keys():
                raise Misfit(value[name], kind, f"{path}.{name}")
            return {name: typed(value.get(name), of, f"{path}.{name}") for name, of in kind.fields}
    if kind.is_nested or isinstance(value, list | dict):
        raise Misfit(value, kind, path)
    try:
        return _plain(value, kind)
    except (ValueError, InvalidOperation) as error:
        raise Misfit(value, kind, path) from error


def _plain(value: Any, kind: ColumnType) -> Any:
    if isinstance(value, bool) != (kind.kind == "boolean") and kind.kind != "string":
        raise ValueError(value)
    text = written(value) or ""
    match kind.kind:
        case "string":
            return text
        case "boolean":
            return value
        case "binary":
            return text.encode()
        case "int" | "long":
            number = int(text)
            if not -(1 << BITS[kind.kind]) <= number < 1 << BITS[kind.kind]:
                raise ValueError(text)
            return number
        case "float" | "double":
            return float(text)
        case "decimal":
            return _decimal(text, kind)
    if FINER.search(text):
        raise ValueError(text)
    found = TIMES[kind.kind](text)
    if kind.kind != "date" and (found.tzinfo is not None) != (kind.kind == "timestamptz"):
        raise ValueError(text)
    return found


def _decimal(text: str, kind: ColumnType) -> Decimal:
    with localcontext(prec=100):
        number = Decimal(text)
        if not number.is_finite() or round(number, kind.scale) != number:
            raise ValueError(text)
        if abs(number) >= Decimal(10) ** (kind.precision - kind.scale):
            raise ValueError(text)
        return round(number, kind.scale)
