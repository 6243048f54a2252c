"""What is proposed for a column, given what was supposed and what all rows say."""

from __future__ import annotations

import re
from dataclasses import replace

from data_platform.contracts import ColumnType
from data_platform.files.formats import Dates, Numbers
from data_platform.scaffold import personal
from data_platform.scaffold.hypotheses import ENUM_UNSEEN, Hypothesis
from data_platform.scaffold.measure import Facts, ShapeFacts
from data_platform.scaffold.model import ColumnProfile, Range, Sure
from data_platform.scaffold.shapes import AMOUNTS, Shape

FEW = 100
"""Below so many values an inference that all of them support is `likely` only."""
ID_WORDS = re.compile(r"(^|_)(id|uuid|guid|key|code|no|nr|number|num|ref|hash|sku|ean|isbn|zip|postcode)($|_)")
QUANTITIES = re.compile(
    r"(^|_)(price|amount|value|cost|total|fee|fare|tax|freight|count|qty|quantity|number|num|size|weight|length|lenght|"
    r"height|width|depth|volume|distance|duration|seconds|minutes|hours|days|age|score|rating|installments|views|clicks|"
    r"visits|sessions|bytes|pages|items|stock|capacity|population|area|preco|valor|sequential|sequence|position|rank|"
    r"grams|g|kg|cm|mm|km|m)($|_)"
)
NEVER_NEGATIVE = re.compile(
    r"(^|_)(balance|delta|change|diff|difference|profit|margin|temperature|offset|lat|lon|lng)($|_)"
)
LATITUDE, LONGITUDE = re.compile(r"(\w+_)?lat(itude)?"), re.compile(r"(\w+_)?(lon|lng|longitude)")
CODES = re.compile(r"(^|_)(zip|postcode|postal|plz|cep|phone|telefon|fax|ean|isbn|upc|cpf|cnpj|ssn|iban|msisdn)($|_)")
"""Names of what is written in digits and no number."""
INT_MOST, LONG_DIGITS = 10**8, 18
"""An `int` leaves room for twenty times as much; numbers of more digits than a `long` has are identifiers."""


def conclude(
    name: str, about: str, guess: Hypothesis | None, facts: Facts, native: ColumnType | None = None
) -> ColumnProfile:
    """The column's profile. `about` is what one row is, in the singular; `native` the type of a column that is no text."""
    sure = Sure.VERIFIED if facts.values >= FEW else Sure.LIKELY if facts.values else Sure.OPEN
    nulls = facts.rows - facts.values
    column = ColumnProfile(name, native or ColumnType("string"), sure, nulls, min(facts.distinct, facts.values),
                           facts.shortest, facts.longest, facts.low, facts.high)  # fmt: skip
    if not facts.values:
        column = replace(column, notes=("no value at all: the type is a guess",))
    elif guess is not None:
        column = _of_text(column, guess, facts)
    column = replace(column, range=_range(column))
    return _personal(column, about, guess)


def _of_text(column: ColumnProfile, guess: Hypothesis, facts: Facts) -> ColumnProfile:
    present = facts.values - (facts.marked if guess.markers else 0)
    column = replace(column, nulls=facts.rows - present)
    held = [(shape, each) for shape, each in zip(guess.shapes, facts.shapes, strict=True) if each.fits == present > 0]
    if len(held) > 1 and held[0][0].spelling:
        readings = " or ".join(shape.name for shape, _ in held)
        return _text(column, replace(guess, ambiguous=f"dates that read as {readings}"), facts)
    if held:
        shape, found = held[0]
        kind, why = _type(column.name, shape, found)
        if kind is not None:
            notes = [why] if why else []
            if guess.markers:
                notes.append(f"{', '.join(guess.markers)} is taken as missing")
            if shape.spelling:
                notes.append(f"spelt as {_spelt(shape)}")
            return replace(
                column, type=kind, spelling=shape.spelling, minimum=found.low, maximum=found.high, notes=tuple(notes)
            )
        return replace(_text(column, guess, facts), notes=(why,))
    column = _text(column, guess, facts)
    if guess.shapes:
        best = max(facts.shapes, key=lambda each: each.fits)
        shape = guess.shapes[facts.shapes.index(best)]
        note = f"{present - best.fits:,} of {present:,} values are no {shape.name}, so it stays text"
        return replace(column, sure=Sure.OPEN, notes=(*column.notes, note))
    return column


def _text(column: ColumnProfile, guess: Hypothesis, facts: Facts) -> ColumnProfile:
    """It stays text, with an enum or a pattern where all rows have it."""
    if guess.ambiguous:
        return replace(column, sure=Sure.OPEN, notes=(f"text, because {guess.ambiguous}",))
    known = facts.known or {}
    if guess.values and sum(known.values()) == facts.values:
        once = sum(1 for count in known.values() if count == 1)
        if once <= ENUM_UNSEEN * facts.values:
            return replace(column, values=tuple(sorted(known)), distinct=len(known))
    if guess.pattern and facts.matching == facts.values:
        return replace(column, pattern=guess.pattern)
    return column


def _type(name: str, shape: Shape, found: ShapeFacts) -> tuple[ColumnType | None, str]:
    """The type of a shape that holds for all values, or why it has to be text."""
    if shape.kind != "number":
        return ColumnType(shape.kind), ""
    if shape.printed or (isinstance(shape.spelling, Numbers) and not found.scale):
        low, high = found.low or 0, found.high or 0
        most = max(abs(int(low)), abs(int(high)))
        if CODES.search(name):
            return None, "digits that are a code and no number: kept as text"
        if most >= 10**LONG_DIGITS:
            return None, f"whole numbers of more than {LONG_DIGITS} digits: an identifier, kept as text"
        return ColumnType("long" if most > INT_MOST or ID_WORDS.search(name) else "int"), ""
    scale = max(found.scale, 2)
    if found.scale <= AMOUNTS and found.whole + scale <= 36:
        return ColumnType("decimal", 18 if found.whole + scale <= 16 else 38, scale), ""
    if found.exact == found.fits and shape.spelling is None:
        return ColumnType("double"), ""
    if found.whole + found.scale <= 38:
        return ColumnType("decimal", 38, found.scale), ""
    return None, "numbers of more than 38 digits: kept as text"


def _spelt(shape: Shape) -> str:
    match shape.spelling:
        case Dates(pattern):
            return pattern
        case Numbers(decimal, group):
            return f"{'1' + group + '234' if group else '1234'}{decimal}5"
    return shape.name


def _range(column: ColumnProfile) -> Range:
    """Bounds that hold for any value of such a name, not just for those of today."""
    low, high = column.minimum, column.maximum
    if not column.type.is_numeric or low is None or high is None or low != low or high != high:
        return Range()
    if LATITUDE.fullmatch(column.name) and low >= -90 and high <= 90:
        return Range(-90, 90)
    if LONGITUDE.fullmatch(column.name) and low >= -180 and high <= 180:
        return Range(-180, 180)
    counted = QUANTITIES.search(column.name) and not NEVER_NEGATIVE.search(column.name)
    return Range(low=0) if counted and low >= 0 else Range()


def _personal(column: ColumnProfile, about: str, guess: Hypothesis | None) -> ColumnProfile:
    by_value = guess.pii if guess and column.type.kind == "string" else ""
    category = by_value or personal.by_name(column.name, about)
    if not category or (column.type.kind == "boolean"):
        return column
    if category == "free_text" and (column.type.kind != "string" or column.values or column.pattern):
        return column
    why = f"looks like {category} by its {'values' if by_value else 'name'}: review"
    return replace(
        column, pii=category, classification=personal.CLASSIFICATION[category], values=(), notes=(*column.notes, why)
    )
