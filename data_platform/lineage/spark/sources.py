"""Which of the frames given is read by an operator of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from data_platform.lineage.model import ANY, Kind, Lineage, Origin, Origins


class Sources:
    """The lineages of the frames that a plan may read, by alias, table or path; and `others`, the datasets that rows made
    outside of Spark may be of besides."""

    def __init__(self, lineages: Mapping[str, Lineage], others: Iterable[str] = ()) -> None:
        self._aliases = {key.lower().replace(".", "__"): each for key, each in lineages.items() if "/" not in key}
        paths = {_path(key): each for key, each in lineages.items() if "/" in key}
        self._paths = dict(sorted(paths.items(), key=lambda item: -len(item[0])))  # the nearest folder first
        read = {name for each in lineages.values() for name in _datasets(each)}
        self.datasets = tuple(sorted(read.union(others)))

    @property
    def have_paths(self) -> bool:
        return bool(self._paths)

    def named(self, name: str, schema: str = "") -> Lineage | None:
        """The frame with this alias, or of this table."""
        full = f"{schema}__{name}" if schema else name
        return self._aliases.get(full.lower())

    def below(self, paths: list[str]) -> Lineage | None:
        """The frame of these files; None where they are of several, or of none."""
        found = [self._below(_path(each)) for each in paths]
        return found[0] if found and all(each is found[0] for each in found) else None

    def unknown(self, reason: str, lineage: Lineage | None = None) -> Origins:
        """Of what may come from any column, of one frame or of all."""
        datasets = self.datasets if lineage is None else sorted(_datasets(lineage))
        return frozenset(Origin(each, ANY, Kind.OPAQUE, reason=reason) for each in datasets)

    def _below(self, path: str) -> Lineage | None:
        return next((each for folder, each in self._paths.items() if f"{path}/".startswith(f"{folder}/")), None)


def _datasets(lineage: Lineage) -> set[str]:
    return {origin.dataset for _, origin in lineage.edges()}


def _path(written: str) -> str:
    """A path as everybody writes it: `file:///a`, `file:/a` and `/a`; `s3a://b` and `s3://b`."""
    scheme, found, rest = written.partition(":/")
    if not found or scheme in ("file",):
        return "/" + (rest if found else written).strip("/")
    return f"{scheme.replace('s3a', 's3').replace('s3n', 's3')}:/{rest}".rstrip("/")
