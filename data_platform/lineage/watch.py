"""What a function does while it runs that its result does not tell: which frames its SQL names, and what it fetched.

`duckdb.sql("... from listings")` finds `listings` among the variables of whoever calls it, and forgets which frame it
was. So for as long as a function is watched, DuckDB's `sql` and what fetches rows (see `fetches`) are replaced by
functions that do the same and take a note, and only for the thread (the context) that is watched: not for those that
the function starts.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

from data_platform.engines import frame_name
from data_platform.lineage.fetches import FETCHES, JVM, PRIVATE, SAME_ROWS
from data_platform.lineage.model import Lineage

_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)
_lock = threading.Lock()
_watching = 0
_replaced = ExitStack()

SQL = ("sql", "query", "from_query")
FINAL = ("polars.DataFrame", "pyarrow.Table", "pyspark.DataFrame")
"""Rows that are still what was fetched where a function returns them: nobody changes them in place, as of pandas."""


class Watch:
    """`sources` are the lazy frames that SQL named, by DuckDB's own name for each; `fetched` is the lineage of those whose
    rows the function has read, with what it got (a data frame, if it still lives)."""

    def __init__(self) -> None:
        self.sources: dict[str, Any] = {}
        self.fetched: list[tuple[Lineage, weakref.ref[Any] | None]] = []

    @contextmanager
    def watching(self, lineage_of: Callable[[Any], Lineage]) -> Iterator[None]:
        """`lineage_of` a frame that is fetched is asked at once: the frame itself may hold many rows."""
        self.lineage_of = lineage_of
        _count(1)
        token = _watch.set(self)
        try:
            yield
        finally:
            _watch.reset(token)
            _count(-1)
            del self.lineage_of

    def fetch(self, frame: Any, got: Any) -> None:
        """`frame` may be a list of them, and `got` what each of them held."""
        several = isinstance(frame, list) and isinstance(got, list) and len(frame) == len(got)
        for one, rows in zip(frame, got, strict=True) if several else [(frame, got)]:
            final = frame_name(type(rows)) in FINAL
            self.fetched.append((self.lineage_of(one), weakref.ref(rows) if final else None))

    @property
    def is_blind(self) -> bool:
        """Whether this version of DuckDB reads rows by a way that is not known here."""
        module, kind, name = PRIVATE
        return module in sys.modules and not hasattr(getattr(sys.modules[module], kind, None), name)

    def lineage_of_rows(self, made: Any) -> Lineage | None:
        """That of the lazy frame of which `made` is the rows, where it is just that."""
        return next((lineage for lineage, got in self.fetched if got is not None and got() is made), None)


def _count(change: int) -> None:
    global _watching
    with _lock:
        _watching += change
        if _watching == 1 and change == 1:
            _replace()
        elif _watching == 0:
            _replaced.close()


def _replace() -> None:
    """What is not imported yet cannot have been used for an input."""
    if duckdb := sys.modules.get("duckdb"):
        for name in SQL:
            if name in duckdb.__dict__:
                _put(duckdb, name, _noting_names(duckdb.__dict__[name]))
    for module, kind, names in FETCHES:
        place = sys.modules.get(module)
        place = getattr(place, kind, None) if kind else place
        for name in names if place is not None else ():
            if (original := inspect.getattr_static(place, name, None)) is not None:
                _put(place, name, _noting_fetches(original) if callable(original) else _noting_access(original))
    for module in JVM:
        if (place := getattr(sys.modules.get(module), "DataFrame", None)) is not None:
            _put(place, "_jdf", _noting_the_jvm())


def _put(place: Any, name: str, noting: Any) -> None:
    """In front of what is inherited or an instance's own, if it is not there itself."""
    if name in vars(place):
        _replaced.callback(setattr, place, name, vars(place)[name])
    else:
        _replaced.callback(delattr, place, name)
    setattr(place, name, noting)


def _noting_names(sql: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(sql)
    def noting(*arguments: Any, **named: Any) -> Any:
        # DuckDB looks for variables in the frame that calls it: it is called in one that has those of our caller
        caller = sys._getframe(1)
        call = {"__sql": sql, "__arguments": arguments, "__named": named}
        with _unwatched() as watch:  # what DuckDB itself fetches, to know a type, is not the function's
            made = eval("__sql(*__arguments, **__named)", {**caller.f_globals, **call}, caller.f_locals)  # noqa: S307
        if watch is not None:
            _note(watch, made, caller.f_locals, caller.f_globals)
        return made

    return noting


@contextmanager
def _unwatched() -> Iterator[Watch | None]:
    watch = _watch.get()
    token = _watch.set(None)
    try:
        yield watch
    finally:
        _watch.reset(token)


def _note(watch: Watch, made: Any, *variables: Any) -> None:
    """`_captured` is private: where it is missing, or something else, the names in the SQL are of rows in memory."""
    captured = getattr(made, "_captured", ())
    for name, source in captured if isinstance(captured, (list, tuple)) else ():
        places = (each for each in variables if name in each)
        frame = next(places, {}).get(name)
        if hasattr(frame, "sql_query") or hasattr(frame, "collect_schema"):  # eager frames are not held
            watch.sources[source] = frame


def _noting_fetches(fetch: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fetch)
    def noting(*arguments: Any, **named: Any) -> Any:
        with _unwatched() as watch:
            got = fetch(*arguments, **named)
            if watch is not None:
                kept = got if fetch.__name__ in SAME_ROWS else None
                watch.fetch(next(iter((*arguments, *named.values())), None), kept)
        return got

    return noting


def _noting_access(attribute: Any) -> property:
    """Of a property, cached or not: asking for it is fetching."""
    return property(_noting_fetches(lambda frame: attribute.__get__(frame, type(frame))))


def _noting_the_jvm() -> property:
    """An attribute of each instance as a property of its class: it may be asked for, and who asks is known."""

    def asked(frame: Any) -> Any:
        if "_jdf" not in vars(frame):  # of Spark Connect: it has its own words for that
            raise AttributeError("_jdf")
        if not sys._getframe(1).f_globals.get("__name__", "").startswith("pyspark.sql."):
            with _unwatched() as watch:
                if watch is not None:
                    watch.fetch(frame, None)
        return vars(frame)["_jdf"]

    return property(asked, lambda frame, value: vars(frame).update(_jdf=value))
