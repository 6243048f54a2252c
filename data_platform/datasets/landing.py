"""What one step takes from a landing zone: the files of its partitions, and what became of them.

A step works on its dataset's landing zone alone, so that the ledger says what is published whatever else runs. It is
told of a publication after it was committed: a step that dies in between is repeated, with the same result.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_platform.alerts import notify
from data_platform.alerts.message import Alert, file_rule
from data_platform.contracts import Contract, Policy
from data_platform.contracts.partitions import WHOLE
from data_platform.files import FileError
from data_platform.files.landing import Landing
from data_platform.files.landing.arrivals import Arrivals, look
from data_platform.files.landing.contents import Landed, State, contents, identities
from data_platform.files.landing.folder import Folder
from data_platform.files.landing.ledger import Ledger
from data_platform.files.landing.refusal import Refusal, refuse
from data_platform.files.landing.rows import Zone, no_rows
from data_platform.files.reading import Reading
from data_platform.lakehouse import Lakehouse, Publication
from data_platform.lakehouse.provenance import FileRead
from data_platform.markdown import table
from data_platform.quality.policy import Verdict

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

SHOWN = 50
"""How many files the UI lists."""
BLAMED = 100
"""Of how many new files a step finds out which of them block: each is a publication that is not committed."""
CHECKED = 200
"""Up to how many new files are read alone, and counted, before all are read together."""


@dataclass(frozen=True, slots=True)
class Only:
    """Some partitions, made of some files."""

    partitions: Sequence[str]
    files: Sequence[Landed]


@dataclass
class Delivery:
    """The landing zone as a step sees it. `there` are the files by partition, `published` what each was last published
    from; both change when files are set aside (`refused`)."""

    landing: Landing
    contract: Contract
    asked: tuple[str, ...]
    run_id: str
    folder: Folder
    ledger: Ledger
    log: Any
    arrivals: Arrivals = field(default_factory=Arrivals)
    there: dict[str, tuple[Landed, ...]] = field(default_factory=dict)
    published: dict[str, frozenset[str]] = field(default_factory=dict)
    refused: list[Landed] = field(default_factory=list)
    untold: list[Landed] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)
    blames: int = 0
    made: list[tuple[Landed, bool]] = field(default_factory=list)
    """The files of what was published, and whether they are new in it."""

    def see(self, base: str) -> None:
        """Look at the folder; where all that could be taken may still be written, wait until it is not."""
        self._look(base)
        if self.arrivals.unsettled and not self.partitions:
            self.log.info(f"Waiting until nobody writes to {', '.join(self.arrivals.unsettled[:3])} any more")
            time.sleep(self.landing.settle)
            self._look(base)

    def _look(self, base: str) -> None:
        self.arrivals = look(self.landing, self.contract, base, self.ledger)
        for file, reason in self.arrivals.rejected:
            self.set_aside(Refusal(file, reason, "file", run_id=self.run_id))
        self._refresh()

    def _refresh(self) -> None:
        files = self.ledger.files()
        self.there = contents(files, self.landing.keep)
        self.replaced = {each.path for each in files if each.present and each.state is State.LANDED}
        self.published = {partition: frozenset(of) for partition, of in self.ledger.published().items()}

    @property
    def zone(self) -> Zone:
        return Zone(self.landing, self.contract, self.folder)

    @property
    def partitions(self) -> tuple[str, ...]:
        """The partitions to publish, of those asked for."""
        return tuple(partition for partition in self.asked if not self.problem(partition))

    def problem(self, partition: str) -> str:
        """Why a partition cannot be published; '' where it can."""
        of = f" for {partition}" if partition else ""
        files = self.there.get(partition, ())
        if gone := [each.path for each in files if not each.present]:
            name = self.contract.dataset
            if self.replaced & {*gone}:
                return f"{gone[0]} has other content by now, without rows{of}; once that is published, do this again"
            return (
                f"{', '.join(gone[:3])}, ingested{of}, is gone from {self.folder.root}; put it back, or, where its rows "
                f"are to go, `dp landing forget {name} {gone[0]}`"
            )
        if files or self.published.get(partition):
            return ""
        aside = [each for each in self.refused if partition in each.partitions or not each.partitions]
        why = f"; set aside: {'; '.join(f'{each.path}: {each.reason}' for each in aside[:3])}" if aside else ""
        return f"no good file has landed{of} in {self.folder.at(self.folder.pattern)}{why}"

    @property
    def undelivered(self) -> str:
        """Why partitions that were asked for are not published, in a few sentences; '' where all are."""
        found = [problem for partition in self.asked if (problem := self.problem(partition))]
        more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
        return f"{self.contract.dataset}: {'; '.join(found[:5])}{more}" if found else ""

    @property
    def files(self) -> tuple[Landed, ...]:
        """The files of the partitions to publish, by name."""
        found = {each.path: each for partition in self.partitions for each in self.there.get(partition, ())}
        return tuple(found[path] for path in sorted(found))

    def is_new(self, file: Landed) -> bool:
        """Whether it is not yet part of what is published of some partition asked for."""
        return any(
            file.identity not in self.published.get(partition, ())
            for partition in file.partitions
            if partition in self.asked
        )

    @property
    def new(self) -> list[Landed]:
        return [each for each in self.files if self.is_new(each)]

    def check(self, most: float = float("inf")) -> bool:
        """Read every new file once, alone (unless there are more than `most`): one that cannot be read is set aside,
        and costs no other. Whether there was any."""
        before, new = len(self.refused), self.new
        for each in new if len(new) <= most else ():
            if each.rows < 0 and each.identity not in self.rows:
                try:
                    with Reading() as reading:
                        rows = self.zone.rows([each], reading)
                        self.rows[each.identity] = rows.aggregate("count(*)").fetchall()[0][0]
                except FileError as error:
                    self.set_aside(Refusal(each, str(error), "file", run_id=self.run_id))
        return len(self.refused) > before

    def frame(self, reading: Reading, only: Only | None = None) -> DuckDBPyRelation:
        """All rows of the partitions to publish, whatever file they come from; or `only` some of some files."""
        if only is not None:
            return self.zone.rows_of(only.partitions, only.files, reading)
        if files := self.files:
            return self.zone.rows_of(self.partitions, files, reading)
        for each in self.ledger.files():  # what is left of a partition when its last file moved on
            if each.present and each.state is not State.REFUSED:
                return self.zone.rows([each], reading).limit(0)
        return no_rows(self.contract)

    def before(self, partition: str, file: Landed) -> list[Landed]:
        """What a partition would be made of if this were its only new file."""
        old = self.published.get(partition, ())
        return [each for each in self.there.get(partition, ()) if each is file or each.identity in old]

    def set_aside(self, refusal: Refusal) -> None:
        done = refuse(self.folder, self.ledger, refusal)
        for each in done:
            where = f"; it is in {self.folder.at(each.aside)}" if each.aside else ""
            self.log.error(f"{each.path} is set aside: {refusal.reason}{where}")
        self.refused += done
        self.untold += done
        self._refresh()

    def set_aside_culprits(self, alone: Callable[[Landed], str], *, certain: bool) -> bool:
        """Set aside the new files that fit nothing even alone; whether there were any, so that the rest may be tried
        again. `alone` says what is wrong with a file by itself, '' where nothing is.

        Where it is not `certain` that files are at fault (the producer's own code failed), they are only if it can do
        with another file.
        """
        found = {each: alone(each) for each in self.new}
        culprits = {each: reason for each, reason in found.items() if reason}
        if not certain and len(culprits) == len(found) and not self._any_fits(alone):
            return False
        for each, reason in culprits.items():
            self.set_aside(Refusal(each, reason, "schema", run_id=self.run_id))
        return bool(culprits)

    def _any_fits(self, alone: Callable[[Landed], str]) -> bool:
        return any(not alone(each) for each in self.files if not self.is_new(each))

    def settle(self, publication: Publication, blocks: Callable[[Landed, str], bool]) -> None:
        """Tell the ledger what was published, and set aside the new files of what was blocked: where there are several,
        those that would be blocked without the other new ones (`blocks`), and where there are none of those, all."""
        made = {partition: self.there.get(partition, ()) for partition in publication.published}
        self.made = [(each, self.is_new(each)) for each in self.files if set(each.partitions) & made.keys()]
        blamed = {
            verdict.partition: self._blamed(verdict, blocks) for verdict in publication.verdicts if verdict.blocked
        }
        self._record(made, str(publication.snapshot_id or ""))
        for verdict in publication.verdicts:
            for each in blamed.get(verdict.partition, ()):
                self.set_aside(Refusal(each, _why(verdict), ", ".join(_rules(verdict)), verdict.partition, self.run_id))

    def _blamed(self, verdict: Verdict, blocks: Callable[[Landed, str], bool]) -> list[Landed]:
        before = self.published.get(verdict.partition, frozenset())
        new = [each for each in self.there.get(verdict.partition, ()) if each.identity not in before]
        if len(new) == 1 or self.blames + len(new) > BLAMED:
            return new
        self.blames += len(new)
        return [each for each in new if blocks(each, verdict.partition)] or new

    def _record(self, made: Mapping[str, Sequence[Landed]], snapshot_id: str) -> None:
        ingested = {each.identity for files in made.values() for each in files}
        files = [
            replace(
                each,
                state=State.INGESTED,
                run_id=each.run_id if each.state is State.INGESTED else self.run_id,
                snapshot_id=each.snapshot_id if each.state is State.INGESTED else snapshot_id,
                rows=self.rows.get(each.identity, each.rows),
            )
            for each in self.ledger.files()
            if each.identity in ingested and each.state in (State.LANDED, State.INGESTED)
        ]
        content = {partition: identities(of) for partition, of in made.items()}
        self.ledger.record(content, files, run_id=self.run_id, snapshot_id=snapshot_id)

    @property
    def trace(self) -> tuple[FileRead, ...]:
        return tuple(FileRead(each.path, each.size, each.hash) for each in self.files)

    def alerts(self) -> list[Alert]:
        """What the owners have to be told of the files set aside, and were not told yet."""
        told, self.untold = self.untold, []
        return [file_alert(self.contract, each, self.folder.at(each.aside)) for each in told]

    def metadata(self) -> dict[str, Any]:
        """The files in what was published, new ones first, as a table for the UI."""
        listed = []
        for each, is_new in sorted(self.made, key=lambda made: (not made[1], made[0].path))[:SHOWN]:
            rows = self.rows.get(each.identity, each.rows)
            listed.append((each.path, f"{rows:,}" if rows >= 0 else "", f"`{each.hash[:12]}`", "new" if is_new else ""))
        shown, left = table(("file", "rows", "sha256", ""), listed, right=(1,)), len(self.made) - SHOWN
        if left > 0:
            shown += f"\n\n... and {left:,} more: `dp landing ls {self.contract.dataset}`"
        return {"files": dg.MetadataValue.md(shown), "file_count": len(self.made)}


@contextmanager
def delivery(
    landing: Landing | None, contract: Contract, lakehouse: Lakehouse, asked: Sequence[str], context: Any
) -> Iterator[Delivery | None]:
    """What a step takes from its landing zone, alone with it; None for a dataset without one."""
    if landing is None:
        yield None
        return
    home, base = lakehouse.settings.home, lakehouse.settings.files
    ledger, folder = Ledger(home, contract.dataset), Folder.of(landing.location, base)
    with ledger.held():
        delivered = Delivery(landing, contract, tuple(asked), context.run_id, folder, ledger, context.log)
        try:
            delivered.see(base)
            delivered.check(CHECKED)
            yield delivered
        finally:
            if delivered.untold:
                notify(contract, (), run_id=context.run_id, home=home, files=delivered.alerts())


def file_alert(contract: Contract, file: Landed, where: str) -> Alert:
    """What the owners are told of a file set aside: once per content."""
    name = contract.dataset
    return Alert(
        name,
        file_rule(file.path, file.hash),
        "",
        Policy.BLOCK,
        "Every file that lands is taken in, or set aside.",
        "set aside",
        file.reason,
        (),
        (
            f"The file is in {where}, its reason beside it; the last good data stays. Deliver it corrected, or mend the "
            f"contract and take it back in: `dp landing retry {name} {shlex.quote(file.path)}`.",
        ),
        contract.owners,
        contract.team,
        contract.version,
        file.run_id,
        file.changed_at[:19] + "+00:00",
    )


def _rules(verdict: Verdict) -> list[str]:
    return [outcome.rule.name for outcome in verdict.outcomes if outcome.action is Policy.BLOCK]


def _why(verdict: Verdict) -> str:
    reasons = [f"{o.rule.name}: {o.reason}" for o in verdict.outcomes if o.action is Policy.BLOCK]
    of = f" of {verdict.partition}" if verdict.partition != WHOLE else ""
    return f"the publication{of} was blocked with it: {'; '.join(reasons)}"
