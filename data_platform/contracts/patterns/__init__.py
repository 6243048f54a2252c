r"""Regular expressions with one meaning on every engine: RE2's, as DuckDB runs it.

Rust's and Java's dialects differ from it in what `\d`, `\w`, `\s`, `\b`, `.` and `$` are, in case folding, in the names of
Unicode classes and in the version of Unicode. So a pattern is read into a tree and written again in what all of them
share: characters by their code points, groups, repetitions; only places (line starts, word boundaries) are spelt apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from data_platform.contracts.patterns.reader import parse
from data_platform.contracts.patterns.tree import (
    Assertion,
    Chars,
    Choice,
    Node,
    PatternError,
    Ranges,
    Repeat,
    Sequence,
    nodes,
    outside,
)

SURROGATES = (0xD800, 0xDFFF)
_WORD = "[0-9A-Za-z_]"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an engine spells the places of `tree.Assertion`."""

    places: dict[str, str]


RUST = Dialect(
    {
        "text starts": r"\A",
        "text ends": r"\z",
        "line starts": "(?m:^)",
        "line ends": "(?m:$)",
        "boundary": r"(?-u:\b)",
        "no boundary": r"(?-u:\B)",
    }
)
JAVA = Dialect(
    {
        "text starts": r"\A",
        "text ends": r"\z",
        "line starts": r"(?:\A|(?<=\x{A}))",
        "line ends": r"(?=\x{A}|\z)",
        "boundary": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
        "no boundary": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
    }
)


def complaint(pattern: str) -> str:
    """Why the engines cannot all run `pattern`, or '' where they can."""
    try:
        for node in nodes(parse(pattern)):
            if isinstance(node, Chars) and node.source:
                code_points(node.source)
    except PatternError as error:
        return str(error)
    return ""


def for_re2(pattern: str) -> str:
    """The pattern for DuckDB: as it is, but that RE2 alone would find `\\B` in the middle of a character, too."""
    if Assertion("no boundary") in nodes(parse(pattern)):
        return f"^(?s:.*?)(?:{pattern})"
    return pattern


def matches_nothing(pattern: str) -> bool:
    """Whether the pattern can match without taking any character."""
    return not _least(parse(pattern))


def _least(tree: Node) -> int:
    """How many characters a match has at least."""
    match tree:
        case Sequence(parts):
            return sum(map(_least, parts))
        case Choice(options):
            return min(map(_least, options))
        case Repeat(part, least):
            return _least(part) * least
    return int(isinstance(tree, Chars))


@lru_cache
def translate(pattern: str, dialect: str) -> str:
    """The pattern for `rust` (Polars) or `java` (Spark); PatternError where it cannot be run."""
    return _write(parse(pattern), {"rust": RUST, "java": JAVA}[dialect])


def _write(tree: Node, dialect: Dialect) -> str:
    match tree:
        case Chars():
            return _characters(tree)
        case Assertion(place):
            return dialect.places[place]
        case Sequence(parts):
            return "".join(
                _group(part, dialect) if isinstance(part, Choice) else _write(part, dialect) for part in parts
            )
        case Choice(options):
            return "|".join(_write(option, dialect) for option in options)
        case Repeat(part, least, most):
            if isinstance(part, Assertion):  # that a place is one does not change by saying it twice
                return _write(part, dialect) if least else ""
            times = f"{{{least}}}" if most == least else f"{{{least},{'' if most is None else most}}}"
            return _group(part, dialect) + times
    raise AssertionError(tree)


def _group(tree: Node, dialect: Dialect) -> str:
    return _write(tree, dialect) if isinstance(tree, Chars) else f"(?:{_write(tree, dialect)})"


def _characters(chars: Chars) -> str:
    ranges = code_points(chars.source) if chars.source else chars.ranges
    ranges = outside((*outside(ranges), SURROGATES))  # no text has any, and Rust has no name for them
    if not ranges:  # neither has a class without characters
        return f"[{'' if chars.negated else '^'}{_spelt(outside((SURROGATES,)))}]"
    if not chars.negated and len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _spelt(ranges)
    return f"[{'^' if chars.negated else ''}{_spelt(ranges)}]"


def _spelt(ranges: Ranges) -> str:
    return "".join(_code(low) if low == high else f"{_code(low)}-{_code(high)}" for low, high in ranges)


def _code(code: int) -> str:
    return chr(code) if code < 128 and chr(code).isalnum() else f"\\x{{{code:X}}}"


@lru_cache
def code_points(source: str) -> Ranges:
    """The characters that a set matches by RE2's own Unicode tables; PatternError where it knows no such set."""
    import duckdb

    query = (
        "SELECT min(code), max(code) FROM (SELECT code, code - row_number() OVER (ORDER BY code) AS island "
        "FROM (SELECT range AS code FROM range(1114112)) WHERE code NOT BETWEEN 55296 AND 57343 "
        "AND regexp_matches(chr(code::INTEGER), ?)) GROUP BY island ORDER BY 1"
    )
    try:
        with duckdb.connect() as connection:
            return tuple(connection.execute(query, [f"^(?:{source})$"]).fetchall())
    except duckdb.Error as error:
        raise PatternError(f"RE2 has no class `{source.removeprefix('(?i)')}`") from error
