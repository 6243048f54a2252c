"""`logicalTypeOptions.format` as rules: what a text must look like, and the bounds of a narrow number.

The patterns mean the same in RE2, Rust's regex and Java: no look-around, no shorthand classes (`\\d` is not the same
everywhere), no `.`, and `\\z` for the end, since `$` also stands before a last line feed in Java.
"""

from __future__ import annotations

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_GROUP = "[0-9a-fA-F]{1,4}"
_LAST = rf"(?:{_GROUP}:{_GROUP}|{_IPV4})"  # the last two groups of an IPv6 address
_IPV6 = "|".join(  # by the groups before `::` (RFC 3986's grammar)
    [
        f"(?:{_GROUP}:){{6}}{_LAST}",
        f"::(?:{_GROUP}:){{5}}{_LAST}",
        *(f"(?:(?:{_GROUP}:){{0,{n}}}{_GROUP})?::(?:{_GROUP}:){{{4 - n}}}{_LAST}" for n in range(5)),
        f"(?:(?:{_GROUP}:){{0,5}}{_GROUP})?::{_GROUP}",
        f"(?:(?:{_GROUP}:){{0,6}}{_GROUP})?::",
    ]
)
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = rf"{_LABEL}(?:\.{_LABEL})*"
_URI_CHARACTERS = r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}"

PATTERNS: dict[str, str] = {  # format of a text -> what it must match
    "email": rf"^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_HOSTNAME}\z",  # as a browser's form, by the HTML standard
    "uuid": r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\z",
    "uri": rf"^[A-Za-z][A-Za-z0-9+.-]*:(?:{_URI_CHARACTERS})+\z",  # RFC 3986, with a scheme
    "hostname": rf"^{_HOSTNAME}\z",  # RFC 1123; its 253 characters in all are not counted
    "ipv4": rf"^{_IPV4}\z",
    "ipv6": rf"^(?:{_IPV6})\z",
}
DESCRIPTIONS = frozenset({"password", "byte", "binary"})
"""Formats of a text that say how to treat it, and nothing about which values are right."""

BOUNDS: dict[str, tuple[int, int]] = {  # format of a number -> its least and greatest, where its type holds more
    "i8": (-(2**7), 2**7 - 1),
    "u8": (0, 2**8 - 1),
    "i16": (-(2**15), 2**15 - 1),
    "u16": (0, 2**16 - 1),
    "u32": (0, 2**32 - 1),
    "u64": (0, 2**64 - 1),
}
