"""Regular expressions: can every engine run one? The audit runs on RE2, which has neither look-around nor references.

RE2 itself is not imported: the constructs it lacks are looked for by name, and the rest is compiled by `re`.
"""

from __future__ import annotations

import re
import warnings

_REFUSED: tuple[tuple[str, str], ...] = (  # what RE2 lacks -> how to name it
    (r"\(\?<?[=!]", "look-around"),
    (r"\\[1-9]|\\k[<{']|\(\?P=", "references to an earlier group"),
    (r"\(\?\(", "conditions"),
    (r"\(\?>|[*+?}]\+", "possessive or atomic groups"),
    (r"\(\?#", "comments"),
    (r"\(\?<", "groups named `(?<name>...)`, but `(?P<name>...)`"),
    (r"\(\?(?=[a-zA-Z-]+[:)])(?![ims-]*[:)])", "flags other than i, m and s"),
    (r"\\[ZGRXKhHNuce]", "escape `{}`"),
)
_TOKEN = re.compile(r"\\[pPxkg]\{[^}]*\}|\\.|\(\?(?:P?[=!<>]|<[=!]|[(#>]|[a-zA-Z-]*[:)])?|\[\^?\]?|.", re.DOTALL)
_POSIX_CLASS = re.compile(r"\[:\^?[a-z]+:\]")
_FOR_PYTHON = {r"\z": r"\Z", r"\C": ".", r"\p": r"\w", r"\P": r"\w"}
MOST_REPEATS = 1000


def complaint(pattern: str) -> str:
    """Why `pattern` cannot be run, or '' where it can."""
    python: list[str] = []
    in_class = False
    previous = ""
    for part in _TOKEN.findall(_POSIX_CLASS.sub(r"\\w", pattern)):
        if in_class:
            in_class = part != "]" if not part.startswith("[") else True
        elif part.startswith("["):
            in_class = True
        else:
            followed = previous + part if part == "+" and previous and previous[-1] in "*+?}" else part
            for refused, name in _REFUSED:
                if re.match(refused, followed):
                    return f"RE2 has no {name.format(part)}"
        python.append(_as_python(part))
        previous = "" if in_class or len(part) > 1 or (part == "?" and previous in tuple("*+?}")) else part
    return _python_complaint("".join(python)) or _repeats_complaint(pattern)


def _as_python(part: str) -> str:
    """A part as `re` says it; what only RE2 knows becomes something of the same shape."""
    return r"\w" if part.startswith(r"\x{") else _FOR_PYTHON.get(part[:2], part)


def _python_complaint(pattern: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return ""


def _repeats_complaint(pattern: str) -> str:
    most = max((int(n) for pair in re.findall(r"(?<!\\)\{(\d+)(?:,(\d*))?\}", pattern) for n in pair if n), default=0)
    return f"RE2 repeats at most {MOST_REPEATS} times, not {most}" if most > MOST_REPEATS else ""
