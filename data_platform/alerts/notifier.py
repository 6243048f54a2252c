"""Tell the owners, once: what a publication found is entered in the ledger, then every channel is told what it was not.

An alert never fails a step and never holds it up for long: each channel sends in a thread of its own, and a step
waits no longer than TIMEOUT for all of them together. What was not told by then stays in the ledger.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from data_platform import clock
from data_platform.alerts.channels import TIMEOUT, Channel, NotSent, channels
from data_platform.alerts.ledger import Ledger
from data_platform.alerts.message import FILE, HEADINGS, Alert, alerts_of, file_rule, message
from data_platform.contracts import Contract
from data_platform.quality.policy import Verdict
from data_platform.settings import Settings

log = logging.getLogger(__name__)


def notify(
    contract: Contract, verdicts: Sequence[Verdict], *, run_id: str, home: Path, files: Sequence[Alert] = ()
) -> None:
    """Alert the owners of a dataset to what these verdicts forbid or warn of, on the channels that the environment
    names; `home` is where open alerts are remembered. `files` are alerts about files that were set aside.

    An alert is open per rule and partition, and told when it opens or its action changes; a rule that holds again (or
    is gone from the contract) closes it, told or not. Raises nothing for a channel or ledger that fails: that is logged.
    """
    ledger = Ledger(home / "alerts.db")
    told = channels(Settings.from_environment())
    try:
        _record(ledger, contract, verdicts, files, run_id, [each.name for each in told])
        if not ledger.exists:
            return
        deadline = time.monotonic() + TIMEOUT
        threads = [
            threading.Thread(target=_deliver, args=(each, ledger, contract.dataset, deadline), daemon=True)
            for each in told
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
    except (sqlite3.Error, OSError) as error:
        log.error("%s: alerts cannot be recorded: %s", contract.dataset, error)


def resolve(dataset: str, path: str, digest: str, *, home: Path) -> None:
    """Close the alert about a file that was set aside."""
    ledger = Ledger(home / "alerts.db")
    if ledger.exists:
        ledger.record(dataset, (), [(file_rule(path, digest), "")], ())


def _record(
    ledger: Ledger,
    contract: Contract,
    verdicts: Sequence[Verdict],
    files: Sequence[Alert],
    run_id: str,
    names: Sequence[str],
) -> None:
    at = clock.now().isoformat(timespec="seconds")
    alerts = [alert for verdict in verdicts for alert in alerts_of(contract, verdict, run_id, at)] + [*files]
    known = {rule.name for rule in contract.rules}
    holding = {
        (outcome.rule.name, outcome.partition)
        for verdict in verdicts
        for outcome in verdict.outcomes
        if outcome.action not in HEADINGS
    }
    closing = {
        key
        for key in ledger.open_keys(contract.dataset)
        if key in holding or (key[0] not in known and not key[0].startswith(f"{FILE} "))
    }
    if alerts or closing:
        ledger.record(contract.dataset, alerts, closing, names)


def _deliver(channel: Channel, ledger: Ledger, dataset: str, deadline: float) -> None:
    """Tell a channel all that it was not told, one message per dataset, this one first."""
    try:
        claim, alerts = ledger.claim(channel.name)
        by_dataset: dict[str, list[Alert]] = {dataset: []}
        for alert in alerts:
            by_dataset.setdefault(alert.dataset, []).append(alert)
        failed: list[str] = []
        for each in filter(None, by_dataset.values()):
            if time.monotonic() > deadline:
                break
            try:
                channel.send(message(each))
            except NotSent as reason:
                failed.append(str(reason))
            except Exception as error:  # a client's own errors can repeat an address, which may be a secret
                failed.append(type(error).__name__)
            else:
                ledger.told(channel.name, claim, each)
        ledger.release(channel.name, claim)
        if failed:
            log.warning(
                "%s did not take %d message(s): %s; the next publication tries again",
                channel.name,
                len(failed),
                failed[0],
            )
    except (sqlite3.Error, OSError) as error:
        log.error("alerts to %s cannot be recorded: %s", channel.name, error)
