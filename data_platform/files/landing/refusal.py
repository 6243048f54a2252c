"""Files set aside: moved under `_refused/` with the reason beside them, and taken back in when a person says so."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace

from data_platform.files.landing.contents import Landed, State
from data_platform.files.landing.folder import Folder
from data_platform.files.landing.ledger import Ledger, now


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file is set aside: in a sentence, by which rule or `FileError`, `SchemaError`, ..., in which partition
    ('' where it is about none), and in which run ('' for a sensor's look)."""

    file: Landed
    reason: str
    rule: str = ""
    partition: str = ""
    run_id: str = ""


def refuse(folder: Folder, ledger: Ledger, refusal: Refusal) -> list[Landed]:
    """Set a file aside, and every other one that holds the same. Returns them as they are now.

    The ledger is told before and after, so that a process that dies in between is finished by the next look. A file that
    has other bytes by now is left where it is: those are another delivery.
    """
    at, done = now(), []
    same = [each for each in ledger.files() if each.present and each.identity == refusal.file.identity]
    for each in same:
        refused = replace(each, state=State.REFUSED, reason=refusal.reason, run_id=refusal.run_id, changed_at=at)
        ledger.put([refused])
        there, aside = folder.listing(each.path), ""
        if there is not None and there.stamp == each.stamp:
            with suppress(FileNotFoundError):  # somebody else took it away meanwhile
                aside = folder.set_aside(each.path, json.dumps(_said(ledger.dataset, refused, refusal), indent=2))
        done.append(replace(refused, present=False, aside=aside))
        ledger.put(done[-1:])
    return done


def _said(dataset: str, file: Landed, refusal: Refusal) -> dict[str, object]:
    return {
        "dataset": dataset,
        "file": file.path,
        "reason": refusal.reason,
        "rule": refusal.rule,
        "partition": refusal.partition,
        "run": refusal.run_id,
        "at": file.changed_at,
        "sha256": file.hash,
        "size": file.size,
        "retry": f"dp landing retry {dataset} {file.path}",
    }


def take_back(folder: Folder, ledger: Ledger, file: Landed) -> Landed:
    """Undo a refusal: the file lies where it landed, and counts as landed. Raises ValueError, saying what to do, where
    that cannot be."""
    if file.aside:
        try:
            folder.put_back(file.aside, file.path)
        except FileExistsError:
            raise ValueError(
                f"{file.path}: another file of that name has landed; rename that one, or {folder.at(file.aside)}"
            ) from None
        except FileNotFoundError:
            raise ValueError(f"{file.path}: {folder.at(file.aside)} is gone; deliver the file again") from None
    there = folder.listing(file.path)
    if there is None:
        raise ValueError(f"{file.path} is gone; deliver the file again")
    back = replace(file, aside="", changed_at=now())
    if (
        folder.hash_of(file.path) == file.hash
    ):  # else it was mended meanwhile: another content, which the next look finds
        size, modified, etag = there.stamp
        back = replace(back, state=State.LANDED, present=True, reason="", size=size, modified=modified, etag=etag)
    ledger.put([back])
    return back


def forget(ledger: Ledger, file: Landed) -> Landed:
    """The file counts no more: what was published from it is published again without it."""
    gone = replace(file, state=State.FORGOTTEN, changed_at=now())
    ledger.put([gone])
    return gone


def chosen(files: list[Landed], name: str) -> Landed:
    """The latest content of the file called `name` (its path below the folder, its name alone, its place under
    `_refused`, or the beginning of its hash). Raises ValueError, saying which there are, for none or several."""
    exact = [each for each in files if name in (each.path, each.aside)]
    found = exact or [
        each for each in files if each.path.rpartition("/")[2] == name or (len(name) > 5 and each.hash.startswith(name))
    ]
    paths = sorted({each.path for each in found})
    if len(paths) > 1:
        raise ValueError(f"{name!r} is the name of several files: {', '.join(paths[:5])}; give the path")
    if not found:
        from difflib import get_close_matches

        near = get_close_matches(name, [each.path for each in files], n=3)
        raise ValueError(f"no file {name!r} is known" + (f"; did you mean {', '.join(near)}?" if near else ""))
    return max(found, key=lambda each: each.changed_at)
