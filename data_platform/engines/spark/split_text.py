"""Values as text, spelt as DuckDB's CAST AS VARCHAR spells them, of every type that Spark casts with a possible loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression

SPELT = ("VARCHAR", "TINYINT", "SMALLINT", "INTEGER", "BIGINT")
"""Types that Spark spells as DuckDB does."""
DIGITS = 17
"""So many tell any two doubles apart."""
PLAIN = (-4, 15)
"""The powers of ten from which up to which DuckDB spells a floating number without an exponent."""
PRINTED = [f"{code:02X}" for code in range(0x20, 0x7F) if chr(code) not in "\"'\\"]


def as_text(value: Expression, staged: str) -> Expression:
    """The text of a value that was staged as the DuckDB type `staged`; null of a null.

    Raises ValueError where Spark has no way to spell values of the type.
    """
    if staged in SPELT:
        return value.cast("string")
    kind, _, rest = staged.rstrip(")").partition("(")
    match kind:
        case "FLOAT" | "DOUBLE":
            return _floating(value, kind.lower())
        case "DECIMAL":
            return _decimal(value, *map(int, rest.split(",")))
        case "BLOB":
            return _bytes(value)
        case "TIMESTAMP":
            return _instant(value)
    raise ValueError(f"Spark cannot spell values of type {staged} as DuckDB does")


def _floating(value: Expression, kind: str) -> Expression:
    """The fewest digits that are this value and no other (Java below 19 alone prints more now and then). Where several of
    as few are, which happens beyond 15 digits of a double and 6 of a float, DuckDB's last one may be another."""
    tried = F.array(*(F.format_string(f"%.{places}e", value) for places in range(DIGITS)))
    fewest = F.filter(tried, lambda each: each.cast(kind) == value)
    named = F.when(F.isnan(value), "nan").when(value == float("inf"), "inf").when(value == -float("inf"), "-inf")
    return named.when(value.isNotNull(), F.get(F.transform(fewest, _number), F.lit(0)))


def _number(spelt: Expression) -> Expression:
    """A number such as -1.250e+01 as DuckDB lays it out."""
    sign, mantissa, exponent = (F.regexp_extract(spelt, "^(-?)([0-9.]+)e(.+)$", group) for group in (1, 2, 3))
    digits = F.regexp_replace(F.regexp_replace(mantissa, "[.]", ""), "(?<=[0-9])0+$", "")
    parts = F.struct(digits.alias("digits"), F.regexp_replace(exponent, "[+]", "").cast("int").alias("power"))
    laid_out = F.transform(F.array(parts), lambda part: _laid_out(part["digits"], part["power"], exponent))
    return F.concat(sign, F.get(laid_out, F.lit(0)))


def _laid_out(digits: Expression, power: Expression, exponent: Expression) -> Expression:
    one, zeros, point = F.lit(1), F.lit("0" * DIGITS), power + 1  # digits before the decimal point
    above = F.concat(F.substr(F.concat(digits, zeros), one, point), F.lit("."), _after(digits, point))
    below = F.concat(F.lit("0."), F.substr(zeros, one, -point), digits)
    more = F.when(F.length(digits) > 1, F.concat(F.lit("."), _after(digits, one))).otherwise("")
    far = F.concat(F.substr(digits, one, one), more, F.lit("e"), exponent)
    return F.when(~power.between(*PLAIN), far).when(power < 0, below).otherwise(above)


def _after(digits: Expression, point: Expression) -> Expression:
    """The digits after so many, or 0."""
    return F.when(F.length(digits) > point, F.substr(digits, point + 1)).otherwise("0")


def _decimal(value: Expression, precision: int, scale: int) -> Expression:
    spelt = F.regexp_replace(F.format_number(value, scale), ",", "")
    return F.regexp_replace(spelt, "^(-?)0[.]", "$1.") if precision == scale else spelt


def _bytes(value: Expression) -> Expression:
    """Printable ASCII as it is, but for quotes and the backslash; other bytes by their hexadecimal number."""

    def spelt(place: Expression) -> Expression:
        byte = F.substr(value, place, F.lit(1))
        return F.when(F.hex(byte).isin(PRINTED), byte.cast("string")).otherwise(F.concat(F.lit("\\x"), F.hex(byte)))

    spelt_bytes = F.array_join(F.transform(F.sequence(F.lit(1), F.length(value)), spelt), "")
    return F.when(F.length(value) > 0, spelt_bytes).when(value.isNotNull(), "")


def _instant(value: Expression) -> Expression:
    spelt = value.cast("string")
    day, clock = (F.regexp_extract(spelt, "^[+-]?[0-9]+(-[0-9]+-[0-9]+)(.*)$", group) for group in (1, 2))
    ancient = F.concat(F.lpad((1 - F.year(value)).cast("string"), 4, "0"), day, F.lit(" (BC)"), clock)
    return F.when(F.year(value) < 1, ancient).otherwise(F.regexp_replace(spelt, "^[+]", ""))
