"""Jobs of which none waits for another, side by side: each alone leaves much of a cluster idle as it ends."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from data_platform.engines.spark.driver import collect

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

AT_ONCE = 4
Key = TypeVar("Key", bound=Hashable)


def collected(
    frames: Mapping[Key, DataFrame], told: Callable[[Key], AbstractContextManager[None]]
) -> dict[Key, pa.Table]:
    """The rows of small frames; what a job raises passes through the context that its key has in `told`.

    Frames are made before, by the caller: a thread of its own may have another active session.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = {key: pool.submit(collect, frame) for key, frame in frames.items()}
        found = {}
        try:
            for key, job in jobs.items():
                with told(key):
                    found[key] = job.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return found
