"""Comparisons between datasets, read from text: `d2.count(*) == d1.count(*)`, `a.sum(x) <= 2 * b.c.sum(y where z > 0)`.

A name before the last dots is a dataset, of this domain or `domain.name`. Each side is made of aggregates (FUNCTIONS),
numbers, + - * / and abs(); `within 0.5%` or `within 100` tolerates a difference. A bare column, `d2.price >= 0`, is
the column in every row. Here are a tokenizer and one function per rule of the grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from data_platform.contracts.expression_tree import (
    FUNCTIONS,
    OPERATORS,
    Absolute,
    Aggregate,
    ColumnOf,
    Comparison,
    Condition,
    Literal,
    Negative,
    Operand,
    Operation,
)
from data_platform.contracts.naming import did_you_mean

__all__ = [
    "Absolute",
    "Aggregate",
    "ColumnOf",
    "Comparison",
    "Condition",
    "ExpressionError",
    "Literal",
    "Negative",
    "Operand",
    "Operation",
    "parse",
]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>'(?:[^']|'')*')|(?P<sign>==|!=|<>|<=|>=|[=<>+\-*/().%])|(?P<end>$))"
)
_SPELLINGS = {"=": "==", "<>": "!="}
_DEEPEST = 50
"""How deep brackets and signs may nest."""


class ExpressionError(ValueError):
    """An expression that cannot be read; the message says at which character (from 1), what, and what was expected."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str, domain: str = "") -> Comparison:
    """The comparison that `text` says; bare dataset names are of `domain`. ExpressionError where it says none."""
    return _Parser(text, domain).comparison()


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            hint = "; text is written in 'single quotes', and ends with one" if text[at] in "'\"`" else ""
            raise ExpressionError(f"{text[at]!r} at character {at + 1} has no meaning here{hint}")
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return found


class _Parser:
    def __init__(self, text: str, domain: str):
        self._tokens, self._domain = _tokens(text), domain
        self._next, self._depth = 0, 0

    def comparison(self) -> Comparison:
        left = self._sum()
        operator = self._operator()
        right = self._sum()
        tolerance, is_percent = 0, False
        if self._takes("name", "within"):
            tolerance = self._number("how much is tolerated, such as 0.5% or 100")
            is_percent = self._takes("sign", "%")
        if self._peek.kind != "end":
            raise self._expected("the end, for a rule is one comparison" if self._peek.kind == "sign" else "the end")
        return Comparison(operator, left, right, tolerance, is_percent)

    def _operator(self) -> str:
        token = self._peek
        operator = _SPELLINGS.get(token.text, token.text)
        if token.kind != "sign" or operator not in OPERATORS:
            raise self._expected(f"one of {' '.join(OPERATORS)}")
        self._next += 1
        return operator

    def _sum(self) -> Operand:
        left = self._product()
        while self._peek.kind == "sign" and self._peek.text in "+-":
            left = Operation(self._take().text, left, self._product())
        return left

    def _product(self) -> Operand:
        left = self._signed()
        while self._peek.kind == "sign" and self._peek.text in "*/":
            left = Operation(self._take().text, left, self._signed())
        return left

    def _signed(self) -> Operand:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(f"more than {_DEEPEST} brackets or signs within each other")
        operand = self._negative() if self._takes("sign", "-") else self._operand()
        self._depth -= 1
        return operand

    def _negative(self) -> Operand:
        operand = self._signed()
        if isinstance(operand, Literal) and not isinstance(operand.value, str | bool):
            return Literal(-operand.value)
        return Negative(operand)

    def _operand(self) -> Operand:
        if self._takes("sign", "("):
            inner = self._sum()
            self._demand(")")
            return inner
        if self._peek.kind == "number" or self._peek.kind == "text":
            return self._literal()
        names = [self._name("a number, or a dataset such as `orders.count(*)`")]
        if names[0].text.lower() in ("true", "false") and self._peek.text != ".":
            return Literal(names[0].text.lower() == "true")
        while self._takes("sign", "."):
            names.append(self._name("a name"))
        if self._takes("sign", "("):
            return self._called(names)
        *_, column = (name.text for name in names)
        return ColumnOf(self._dataset(names, column), column)

    def _called(self, names: list[_Token]) -> Operand:
        function = names[-1].text.lower()
        if len(names) == 1 and function == "abs":
            inner = self._sum()
            self._demand(")")
            return Absolute(inner)
        if function not in FUNCTIONS:
            raise ExpressionError(
                f"there is no function {function!r} at character {names[-1].at}; {did_you_mean(function, FUNCTIONS)}"
            )
        dataset = self._dataset(names, f"{function}(...)")
        column = ""
        if function != "count" or self._peek.text != "*":
            column = self._name("a column" if function != "count" else "`*` or a column").text
        else:
            self._next += 1
        where = []
        if self._takes("name", "where"):
            where.append(self._condition())
            while self._takes("name", "and"):
                where.append(self._condition())
        self._demand(")")
        return Aggregate(dataset, function, column, tuple(where))

    def _dataset(self, names: list[_Token], what: str) -> str:
        """The dataset that all names but the last are."""
        *parts, _ = (name.text for name in names)
        if not 1 <= len(parts) <= 2:
            says = "say of which dataset" if not parts else "more than domain and dataset"
            raise ExpressionError(
                f"{says} at character {names[0].at}: write `dataset.{what}` or `domain.dataset.{what}`"
            )
        return ".".join(parts if len(parts) == 2 or not self._domain else [self._domain, *parts])

    def _condition(self) -> Condition:
        column = self._name("a column").text
        if self._takes("name", "is"):
            operator = "is not null" if self._takes("name", "not") else "is null"
            if not self._takes("name", "null"):
                raise self._expected("`null`")
            return Condition(column, operator)
        operator = self._operator()
        if self._peek.kind != "name":
            return Condition(column, operator, self._literal())
        word = self._take()
        match word.text.lower():
            case "true" | "false":
                return Condition(column, operator, Literal(word.text.lower() == "true"))
            case "null":
                raise ExpressionError(
                    f"nothing compares with null, at character {word.at}: write `{column} is null` or `is not null`"
                )
        return Condition(column, operator, word.text)

    def _literal(self) -> Literal:
        if self._peek.kind == "text":
            return Literal(self._take().text[1:-1].replace("''", "'"))
        sign = -1 if self._takes("sign", "-") else 1
        return Literal(sign * self._number("a number, 'text', true, false or a column"))

    def _number(self, what: str) -> int | float:
        token = self._peek
        if token.kind != "number":
            raise self._expected(what)
        self._next += 1
        number = int(token.text) if token.text.isdigit() else float(token.text)
        if number == float("inf"):
            raise ExpressionError(f"the number at character {token.at} is too large")
        return number

    def _name(self, what: str) -> _Token:
        if self._peek.kind != "name":
            raise self._expected(what)
        return self._take()

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _takes(self, kind: str, text: str) -> bool:
        """Whether the next token is this one, which is then taken; the case of words does not count."""
        found = self._peek.kind == kind and self._peek.text.lower() == text
        self._next += found
        return found

    def _demand(self, sign: str) -> None:
        if not self._takes("sign", sign):
            raise self._expected(f"`{sign}`")

    def _expected(self, what: str) -> ExpressionError:
        token = self._peek
        found = f"`{token.text}`" if token.text else "the end"
        return ExpressionError(f"expected {what}, not {found} at character {token.at}")
