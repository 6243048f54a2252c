"""Reads RE2's syntax into the tree of a pattern."""

from __future__ import annotations

import re

from data_platform.contracts.patterns.tree import (
    LAST,
    PERL,
    POSIX,
    Assertion,
    Chars,
    Choice,
    Node,
    PatternError,
    Ranges,
    Repeat,
    Sequence,
    cased,
    outside,
)

MOST_REPEATS = 1000
MOST_NESTED = 100
_ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_ASSERTIONS = {"A": "text starts", "z": "text ends", "b": "boundary", "B": "no boundary"}
_REFUSED: tuple[tuple[str, str], ...] = (  # the start of a group that RE2 lacks -> how to name it
    (r"\?<?[=!]", "look-around"),
    (r"\?\(", "conditions"),
    (r"\?>", "atomic groups"),
    (r"\?#", "comments"),
    (r"\?P[=>]", "references to an earlier group"),
    (r"\?[<']", "groups named `(?<name>...)`, but `(?P<name>...)`"),
    (r"\?\w*-?\w*[:)]", "flags other than i, m, s and U"),
)
_REPEAT = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_CODE = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})|(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_PROPERTY = re.compile(r"\\[pP](?:\{\^?\w+\}|\w)")
_POSIX = re.compile(r"\[:(\^?)(.*?):\]", re.DOTALL)


def parse(pattern: str) -> Node:
    """The tree of a pattern; PatternError where RE2 does not run it or no other engine can say the same."""
    reader = _Reader(pattern)
    tree = reader.choice(frozenset(), 0)
    if reader.at < len(pattern):
        raise PatternError("a `)` closes nothing")
    if not _repeats_fit(tree, MOST_REPEATS):
        raise PatternError(f"RE2 repeats at most {MOST_REPEATS} times, nested repetitions multiplied")
    return tree


def _repeats_fit(tree: Node, left: int) -> bool:
    match tree:
        case Repeat(part, least, most):
            times = least if most is None else most
            return left > 0 and _repeats_fit(part, left // times if times else left)
        case Sequence(parts) | Choice(parts):
            return all(_repeats_fit(part, left) for part in parts)
    return left > 0


def _choice(options: list[list[Node]]) -> Node:
    """One of some sequences; single characters become one set, which saves Java its stack when it is repeated."""
    single = [each for parts in options for each in parts if isinstance(each, Chars) and len(parts) == 1]
    if len(options) == len(single) > 1 and not any(each.negated or each.source for each in single):
        return Chars(tuple(sorted({each for chars in single for each in chars.ranges})))
    sequences = tuple(Sequence(tuple(parts)) for parts in options)
    return sequences[0] if len(sequences) == 1 else Choice(sequences)


class _Reader:
    """Reads a pattern from left to right; `flags` are those of `ims` that are set."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def choice(self, flags: frozenset[str], depth: int) -> Node:
        if depth > MOST_NESTED:
            raise PatternError(f"groups nested more than {MOST_NESTED} deep")
        options: list[list[Node]] = [[]]
        may_repeat = True
        while self.at < len(self.text) and self.text[self.at] != ")":
            parts = options[-1]
            if (repeat := self._repeat()) is not None:
                if not parts:
                    raise PatternError("there is nothing to repeat")
                if not may_repeat:
                    raise PatternError("RE2 has no possessive groups and does not repeat a repetition")
                parts[-1] = Repeat(parts[-1], *repeat)
                may_repeat = False
                continue
            may_repeat = True
            if self._take("|"):
                options.append([])
            elif self._take("("):
                group, flags = self._group(flags, depth)
                parts += group
            else:
                parts += self._atoms(flags)
        return _choice(options)

    def _take(self, expected: str) -> bool:
        found = self.text.startswith(expected, self.at)
        self.at += len(expected) if found else 0
        return found

    def _match(self, pattern: re.Pattern[str] | str) -> re.Match[str] | None:
        if found := re.compile(pattern).match(self.text, self.at):
            self.at = found.end()
        return found

    def _repeat(self) -> tuple[int, int | None] | None:
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(self.text[self.at])
        if simple:
            self.at += 1
            repeat = simple
        elif found := self._match(_REPEAT):
            least = int(found[1])
            most = least if not found[2] else int(found[3]) if found[3] else None
            if max(least, most or 0) > MOST_REPEATS:
                raise PatternError(f"RE2 repeats at most {MOST_REPEATS} times, not {max(least, most or 0)}")
            if most is not None and most < least:
                raise PatternError(f"at least {least} and at most {most} times")
            repeat = (least, most)
        else:
            return None
        self._take("?")
        return repeat

    def _group(self, flags: frozenset[str], depth: int) -> tuple[list[Node], frozenset[str]]:
        """The group after its `(`, and the flags that hold after it; no node where it only sets flags."""
        inner = flags
        if self._take("?P<"):
            if not self._match(r"\w+(?=>)"):
                raise PatternError("a group's name is letters, digits and underscores")
            self.at += 1
        elif found := self._match(r"\?([imsU]*)(?:-([imsU]+))?([:)])"):
            inner = (flags | set(found[1])) - set(found[2] or "")
            if found[3] == ")":
                return [], inner
        elif self.text.startswith("?", self.at):
            named = (name for start, name in _REFUSED if re.match(start, self.text[self.at :]))
            raise PatternError(f"RE2 has no {next(named, 'such group')}")
        tree = self.choice(inner, depth + 1)
        if not self._take(")"):
            raise PatternError("a `(` is not closed")
        return [tree], flags

    def _atoms(self, flags: frozenset[str]) -> list[Node]:
        start, char = self.at, self.text[self.at]
        self.at += 1
        match char:
            case "^" | "$":
                unit = "line" if "m" in flags else "text"
                return [Assertion(f"{unit} {'starts' if char == '^' else 'ends'}")]
            case ".":
                return [Chars(() if "s" in flags else ((10, 10),), True)]
            case "[":
                return [self._class(flags, start)]
            case "\\":
                return self._escape(flags, start)
        return [self._literal(ord(char), flags)]

    def _literal(self, code: int, flags: frozenset[str]) -> Chars:
        if "i" in flags and code > 127:
            return Chars(source=f"(?i)\\x{{{code:X}}}")
        return Chars(cased(((code, code),), flags))

    def _escape(self, flags: frozenset[str], start: int) -> list[Node]:
        char = self.text[self.at : self.at + 1]
        if char in _ASSERTIONS:
            self.at += 1
            return [Assertion(_ASSERTIONS[char])]
        if self._take("Q"):
            end = self.text.find("\\E", self.at)
            quoted = self.text[self.at : end] if end >= 0 else self.text[self.at :]
            self.at += len(quoted) + (2 if end >= 0 else 0)
            return [self._literal(ord(each), flags) for each in quoted]
        if char == "C":
            raise PatternError("`\\C` matches half a character, which no other engine can")
        self.at = start
        if (several := self._several(flags)) is not None:
            return [self._set(several, False, flags, start)]
        return [self._literal(self._code(), flags)]

    def _several(self, flags: frozenset[str]) -> Ranges | bool | None:
        """A set with a name (`\\d`, `\\pL`) at this place: its ranges, True where only RE2 knows them, None for no set."""
        if self._match(_PROPERTY):
            return True
        if found := self._match(r"\\([dswDSW])"):
            ranges = cased(PERL[found[1].lower()], flags)
            return ranges if found[1].islower() else outside(ranges)
        return None

    def _class(self, flags: frozenset[str], start: int) -> Chars:
        """The class after its `[`, which is at `start`."""
        negated = self._take("^")
        items: list[Ranges | bool] = []
        while not (items and self._take("]")):
            if posix := self._match(_POSIX):
                if posix[2] not in POSIX:
                    raise PatternError(f"`{posix[0]}` is no class; known: {', '.join(POSIX)}")
                ranges = cased(POSIX[posix[2]], flags)
                items.append(outside(ranges) if posix[1] else ranges)
            elif (several := self._several(flags)) is not None:
                items.append(several)
            else:
                items.append(self._range(flags))
        ranges = tuple(each for item in items if not isinstance(item, bool) for each in item)
        return self._set(ranges if True not in items else True, negated, flags, start)

    def _range(self, flags: frozenset[str]) -> Ranges | bool:
        low = high = self._code()
        if re.match(r"-[^\]]", self.text[self.at :], re.DOTALL):
            self.at += 1
            high = self._code()
        if high < low:
            raise PatternError(f"a range of characters runs backwards: `{chr(low)}-{chr(high)}`")
        return True if "i" in flags and high > 127 else cased(((low, high),), flags)

    def _set(self, ranges: Ranges | bool, negated: bool, flags: frozenset[str], start: int) -> Chars:
        if isinstance(ranges, bool):
            return Chars(source=("(?i)" if "i" in flags else "") + self.text[start : self.at])
        return Chars(ranges, negated)

    def _code(self) -> int:
        """One character at this place, escaped or not, as its code point."""
        if not self._take("\\"):
            self.at += 1
            if self.at > len(self.text):
                raise PatternError("a `[` is not closed")
            return ord(self.text[self.at - 1])
        if found := self._match(_CODE):
            code = int(found[1] or found[2], 16) if found[3] is None else int(found[3], 8)
            if code <= LAST:
                return code
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char and char.isascii() and not char.isalnum():
            return ord(char)
        if char.isdigit() or char in ("k", "g"):
            raise PatternError("RE2 has no references to an earlier group")
        raise PatternError(f"RE2 has no escape `\\{char}`")
