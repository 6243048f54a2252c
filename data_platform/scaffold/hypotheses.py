"""What a sample of a column suggests. All of it is verified on all rows before anything is proposed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from data_platform.files.formats import Numbers
from data_platform.files.spelling import MISSING
from data_platform.scaffold import personal, shapes
from data_platform.scaffold.shapes import Shape

MARKERS = frozenset(MISSING)
"""Texts that often stand for a missing value; each column tells for itself, for `NA` is Namibia, too."""
DATE_WORDS = re.compile(r"(^|_)(date|day|dt|data|datum|fecha|dia|tag|jour|on|at|ymd)($|_)")
NEARLY, NEARLY_OF = 0.95, 2_000
"""Where such a share of so many values are numbers or dates, somebody should look at the others."""
ENUM_MOST = 40
"""So many different values can be an enum."""
ENUM_UNSEEN = 0.0005
"""Good-Turing: the share of the values that occur once estimates how likely the next value is a new one."""
LETTER = str.maketrans("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "9" * 10 + "a" * 26 + "A" * 26)
HEXADECIMAL = {16, 24, 32, 40, 56, 64, 96, 128}
"""Lengths of identifiers and digests in hexadecimal."""
UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a text column may be: any of `shapes` (none: text), with `markers` for missing values; as text, an enum of
    `values`, text of a `pattern`, or personal data of a category `pii`. `ambiguous` says why no shape was taken."""

    shapes: tuple[Shape, ...] = ()
    markers: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    pattern: str = ""
    pii: str = ""
    ambiguous: str = ""


def suppose(name: str, sample: Counter[str]) -> Hypothesis:
    """What the values of a sample (each with how often it occurs, null aside) suggest."""
    values = [value for value in sample if value.strip() or not value]
    bare = [value for value in values if value not in MARKERS]
    for kept in (values, bare):
        possible, why = _shapes(name, [value.strip() for value in kept]) if kept else ((), "")
        if possible or why:
            markers = tuple(sorted(set(values) & MARKERS)) if kept is bare else ()
            return Hypothesis(possible, markers) if possible else replace(as_text(sample), ambiguous=why)
    return replace(as_text(sample), ambiguous=_nearly(values[:NEARLY_OF]))


def _nearly(values: Sequence[str]) -> str:
    """What almost all of some values are, in words; '' where there is no such thing."""
    for shape in (shapes.WHOLE, shapes.FIXED, *shapes.ISO):
        test = re.compile(shape.regex)
        odd = sum(1 for value in values if not test.fullmatch(value.strip()))
        if 0 < odd <= (1 - NEARLY) * len(values):
            return f"{odd} of {len(values):,} different values are no {shape.name}"
    return ""


def _shapes(name: str, values: Sequence[str]) -> tuple[tuple[Shape, ...], str]:
    """The shapes that all values have, or why there is none though it looks as if there were."""
    if found := list(shapes.booleans(values[:1000])):
        return (tuple(found), "") if _all(found[0], values) else ((), "")
    if _all(shapes.WHOLE, values):
        compact = [each for each in shapes.dates() if each.name == shapes.COMPACT]
        if DATE_WORDS.search(name) and _all(compact[0], values):
            return (compact[0],), ""
        return (shapes.WHOLE,), ""
    for shape in shapes.ISO:
        if _all(shape, values):
            return (shape,), ""
    if _all(shapes.FIXED, values):
        if _groups_of_three(values, "."):
            return (), "1.234 can be one and a bit, or more than a thousand"
        return (shapes.FIXED,), ""
    if _all(shapes.FLOATING, values):
        return (shapes.FLOATING,), ""
    if numbers := _numbers(values):
        return numbers if numbers[1] else (numbers[0], "")
    found = [each for each in shapes.dates() if each.name != shapes.COMPACT and _all(each, values)]
    if len({each.spelling for each in found}) > 1 and not any("%b" in each.name or "%B" in each.name for each in found):
        return _read_by_evidence(found, values)
    if found:
        return (found[0],), ""
    if values and all(re.fullmatch(shapes.SHORT_YEAR, value) for value in values):
        return (), "a year of two digits: nobody can tell day, month and year apart for certain"
    return (), ""


def _all(shape: Shape, values: Iterable[str]) -> bool:
    test = re.compile(shape.regex)
    return all(test.fullmatch(value) for value in values)


def _groups_of_three(values: Sequence[str], mark: str) -> bool:
    """Whether what follows the mark may be digits of a thousand: always three, and none begins with 0."""
    grouped = [value.lstrip("+-") for value in values if mark in value]
    return (
        bool(grouped)
        and all(re.fullmatch(rf"[1-9][0-9]{{0,2}}[{mark}][0-9]{{3}}", each) for each in grouped)
        and all(len(value.lstrip("+-")) <= 3 for value in values if mark not in value)
    )


def _numbers(values: Sequence[str]) -> tuple[tuple[Shape, ...], str] | None:
    """The one reading of numbers with commas or groups; None where they are no such numbers."""
    present = {mark for mark in (*shapes.GROUPS, ",") if any(mark in value for value in values)}
    found: dict[frozenset[tuple[str, str]], Shape] = {}
    for shape in shapes.numbers():
        spelling = shape.spelling
        if not isinstance(spelling, Numbers) or (spelling.group and spelling.group not in present):
            continue
        roles = ((spelling.decimal, "decimal"), (spelling.group, "group"))
        meaning = frozenset((mark, role) for mark, role in roles if mark in present)
        if meaning and meaning not in found and _all(shape, values):
            found[meaning] = shape
    if len(found) > 1:
        return (), "1,234 can be one and a bit, or more than a thousand"
    return (tuple(found.values()), "") if found else None


def _read_by_evidence(found: Sequence[Shape], values: Sequence[str]) -> tuple[tuple[Shape, ...], str]:
    """Day or month first: a number above 12 tells. All readings are left to the pass over all rows where none does."""
    firsts = {int(re.split("[./-]", value)[0]) for value in values}
    seconds = {int(re.split("[./-]", value)[1]) for value in values}
    if max(firsts) > 12:
        return tuple(each for each in found if each.name.startswith("%d")), ""
    if max(seconds) > 12:
        return tuple(each for each in found if each.name.startswith("%m")), ""
    return tuple(found), ""


def as_text(sample: Counter[str]) -> Hypothesis:
    """What the column is like if it is text."""
    values, count = list(sample), sum(sample.values())
    if not values:
        return Hypothesis()
    if pii := personal.by_values(values):
        return Hypothesis(pii=pii)
    once = sum(1 for value in values if sample[value] == 1)
    plausible = all(0 < len(value) <= 40 and value == value.strip() for value in values)
    coded = all(value.isdigit() for value in values)
    if (
        plausible
        and not coded
        and len(values) <= ENUM_MOST
        and count >= 20 * len(values)
        and once <= ENUM_UNSEEN * count
    ):
        return Hypothesis(values=tuple(sorted(values)))
    return Hypothesis(pattern=pattern_of(values))


def pattern_of(values: Sequence[str]) -> str:
    """A regular expression that all values match and little else, or '': only for codes, of which there are many."""
    if len(values) < 20 or any(not value.isascii() or len(value) > 128 for value in values[:50]):
        return ""
    lengths = {len(value) for value in values}
    if len(lengths) == 1 and lengths <= HEXADECIMAL and all(re.fullmatch("[0-9a-f]+", value) for value in values):
        return f"^[0-9a-f]{{{lengths.pop()}}}$"
    if lengths == {36} and all(re.fullmatch(UUID, value) for value in values):
        return UUID
    masks = {re.sub("9+", "9", re.sub("A+", "A", value.translate(LETTER))) for value in values}
    if len(masks) != 1 or "a" in (mask := masks.pop()) or not re.fullmatch("[9A._:/#-]+", mask):
        return ""
    pieces = [re.findall("[0-9]+|[A-Z]+|[^0-9A-Z]+", value) for value in values]
    parts = []
    for position, kind in enumerate(re.findall("9|A|[^9A]+", mask)):
        column = [each[position] for each in pieces]
        parts.append(_part(kind, column))
    return f"^{''.join(parts)}$" if len(parts) > 1 or _is_fixed(parts) else ""


def _is_fixed(parts: Sequence[str]) -> bool:
    return all(part.endswith("}") for part in parts)


def _part(kind: str, pieces: Sequence[str]) -> str:
    """One run of digits, of capitals or of other characters. Digits have a fixed width only where zeros fill them up."""
    widths = {len(piece) for piece in pieces}
    if kind not in ("9", "A"):
        return re.escape(kind)
    if len(set(pieces)) == 1 and kind == "A":
        return re.escape(pieces[0])
    if kind == "A":
        return f"[A-Z]{{{min(widths)}}}" if len(widths) == 1 else "[A-Z]+"
    padded = len(widths) == 1 and any(piece.startswith("0") for piece in pieces)
    return f"[0-9]{{{min(widths)}}}" if padded else "[0-9]+"
