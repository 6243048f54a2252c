"""What a comparison between datasets says (`expressions.py` reads one from text), as a tree with a canonical text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from data_platform.contracts.model import Reference, Threshold

FUNCTIONS = ("count", "count_distinct", "sum", "min", "max", "avg")
"""What can be said of a dataset. Only `count` takes `*`. Nulls do not count; a time counts as its seconds since 1970
(a time of day: since midnight)."""
OPERATORS = ("==", "!=", "<", "<=", ">", ">=")
OPPOSITES = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""Operator -> the one that says the same with the sides exchanged."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number; in a condition and beside a column also text, true or false."""

    value: int | float | str | bool

    def __str__(self) -> str:
        match self.value:
            case bool():
                return "true" if self.value else "false"
            case str():
                return "'" + self.value.replace("'", "''") + "'"
        return repr(self.value)


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """A column of a dataset, in each row."""

    dataset: str
    column: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.column}"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row must meet to be aggregated: its column compared with a literal or (`right` being its name) another
    column; or `is null` and `is not null`, with nothing on the right. It is not met where either side is null."""

    column: str
    operator: str
    right: Literal | str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column, self.right) if isinstance(self.right, str) else (self.column,)

    def __str__(self) -> str:
        return f"{self.column} {self.operator}" + ("" if self.right is None else f" {self.right}")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One of FUNCTIONS over a column of a dataset (`column` is '' for `count(*)`), of rows that meet all of `where`."""

    dataset: str
    function: str
    column: str = ""
    where: tuple[Condition, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads, each once."""
        found = [self.column] if self.column else []
        return tuple(dict.fromkeys([*found, *(column for each in self.where for column in each.columns)]))

    def __str__(self) -> str:
        where = f" where {' and '.join(map(str, self.where))}" if self.where else ""
        return f"{self.dataset}.{self.function}({self.column or '*'}{where})"


@dataclass(frozen=True, slots=True)
class Negative:
    operand: Operand

    def __str__(self) -> str:
        return f"-{_within(self.operand, 4)}"


@dataclass(frozen=True, slots=True)
class Absolute:
    operand: Operand

    def __str__(self) -> str:
        return f"abs({self.operand})"


@dataclass(frozen=True, slots=True)
class Operation:
    """`operator` is + - * or /."""

    operator: str
    left: Operand
    right: Operand

    def __str__(self) -> str:
        level = _level(self)
        return f"{_within(self.left, level)} {self.operator} {_within(self.right, level + 1)}"


Operand = Literal | ColumnOf | Aggregate | Negative | Absolute | Operation


@dataclass(frozen=True, slots=True)
class Comparison:
    """A whole rule. `tolerance` is in the unit of the difference, or (`is_percent`) in % of the right side."""

    operator: str
    left: Operand
    right: Operand
    tolerance: int | float = 0
    is_percent: bool = False

    def __str__(self) -> str:
        tolerated = f" within {self.tolerance!r}{'%' if self.is_percent else ''}" if self.has_tolerance else ""
        return f"{self.left} {self.operator} {self.right}{tolerated}"

    @property
    def has_tolerance(self) -> bool:
        return self.is_percent or bool(self.tolerance)

    @property
    def threshold(self) -> Threshold:
        """What left - right (or, in percent, 100 * (left - right) / right) must be."""
        most, unit = self.tolerance, "percent" if self.is_percent else "rows"
        match self.operator:
            case "==" | "!=" if most:
                return Threshold("mustBeBetween" if self.operator == "==" else "mustNotBeBetween", (-most, most), unit)
            case "==" | "!=":
                return Threshold("mustBe" if self.operator == "==" else "mustNotBe", 0, unit)
            case "<" | "<=":
                return Threshold("mustBeLessThan" if self.operator == "<" else "mustBeLessOrEqualTo", most, unit)
        least = -most if most else 0
        return Threshold("mustBeGreaterThan" if self.operator == ">" else "mustBeGreaterOrEqualTo", least, unit)

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        return tuple(part for part in self.parts if isinstance(part, Aggregate))

    @property
    def parts(self) -> Iterator[Operand]:
        """Every operand, outermost and leftmost first."""
        waiting: list[Operand] = [self.right, self.left]
        while waiting:
            match part := waiting.pop():
                case Operation():
                    waiting += [part.right, part.left]
                case Negative() | Absolute():
                    waiting.append(part.operand)
            yield part

    def reads(self, own: str, partitions: str = "same") -> tuple[Reference, ...]:
        """The datasets it names besides `own`, in order, each with the columns it needs of it."""
        columns: dict[str, dict[str, None]] = {}
        for each in self.aggregates:
            if each.dataset != own:
                columns.setdefault(each.dataset, {}).update(dict.fromkeys(each.columns))
        return tuple(Reference(dataset, tuple(names), partitions) for dataset, names in columns.items())


def _level(operand: Operand) -> int:
    """How tightly an operand holds together: sums 1, products 2, signs 3, all else 4."""
    match operand:
        case Operation(operator="+" | "-"):
            return 1
        case Operation():
            return 2
        case Negative() | Literal() if str(operand).startswith("-"):
            return 3
    return 4


def _within(operand: Operand, level: int) -> str:
    """The text of an operand, in brackets where it holds together less tightly than its place asks for."""
    return f"({operand})" if _level(operand) < level else str(operand)
