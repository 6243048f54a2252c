"""`Reads(...)`: what a producer reads, said once, where it reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Window:
    """The reader's own partition and those before it, `length` in all."""

    length: int


def window(length: int) -> Window:
    """The last `length` partitions up to the reader's own: `window(7)` on a daily dataset is a week."""
    if length < 1:
        raise ValueError(f"window({length}): a window has at least one partition")
    return Window(length)


@dataclass(frozen=True, slots=True, init=False)
class Reads:
    """A typed parameter's annotation: `Annotated[pl.LazyFrame, Reads("ads.listings", "listing_id")]`.

    Without columns all are read. `partitions` is `"same"` (the reader's own partition; a day reads its 24 hours),
    `window(n)` or `"all"`. `at` reads a snapshot id, a tag or a branch instead of the current snapshot.

    `missing` says what a partition without published data does: `"refuse"` (the default for `"same"`) fails the step,
    `"skip"` (the default for a window and for all) reads without it. A window that refuses may begin before the first
    partition ever published: history has a start, but no gaps.
    """

    dataset: str
    columns: tuple[str, ...]
    partitions: Literal["same", "all"] | Window
    at: int | str | None
    missing: Literal["refuse", "skip"]

    def __init__(
        self,
        dataset: str,
        *columns: str,
        partitions: Literal["same", "all"] | Window = "same",
        at: int | str | None = None,
        missing: Literal["refuse", "skip"] | None = None,
    ):
        if partitions not in ("same", "all") and not isinstance(partitions, Window):
            raise ValueError(f'Reads({dataset!r}): partitions must be "same", "all" or window(n), not {partitions!r}')
        if missing not in ("refuse", "skip", None):
            raise ValueError(f'Reads({dataset!r}): missing must be "refuse" or "skip", not {missing!r}')
        given = {"dataset": dataset, "columns": columns, "partitions": partitions, "at": at}
        for name, value in given.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "missing", missing or ("refuse" if partitions == "same" else "skip"))
