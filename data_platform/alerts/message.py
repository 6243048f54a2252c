"""What an alert says, and several of one dataset as one message. Pure: no clock, no files, no network."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from data_platform.contracts import Contract, Policy
from data_platform.contracts.rules import describe
from data_platform.quality.policy import Outcome, Verdict
from data_platform.settings import PROJECT

SHOWN, WIDTH = 10, 80
"""How many alerts a message tells in full, and how many characters of an example."""

HEADINGS = {Policy.BLOCK: "BLOCKED", Policy.WARN: "WARNING"}
"""The actions that alert. A quarantine within its limit does not: it is the policy at work."""

FILE = "file"
"""How the `rule` of an alert about one file begins, rather than one of the contract's rules."""

REPAIRS = {
    Policy.BLOCK: "A blocked partition is not published, and what reads it waits; the last good data stays. "
    "Repair the source or change the contract ({contract}), then materialize the partition again.",
    Policy.WARN: "A warning's rows are published as they are. Repair the source, or change the contract ({contract}).",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule that failed in one partition, with all that its owner needs; `action` is a key of HEADINGS.

    `repair` are sentences, `owners` addresses; `at` is when it was found, as ISO 8601 in UTC.
    """

    dataset: str
    rule: str
    partition: str
    action: Policy
    promise: str
    policy: str
    reason: str
    examples: tuple[str, ...]
    repair: tuple[str, ...]
    owners: tuple[str, ...]
    team: str
    version: str
    run_id: str
    at: str

    @property
    def key(self) -> tuple[str, str]:
        """What is told once within the dataset."""
        return self.rule, self.partition

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Alert:
        fields: dict[str, Any] = json.loads(text)
        for name in ("examples", "repair", "owners"):
            fields[name] = tuple(fields[name])
        fields["action"] = Policy(fields["action"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Message:
    """Alerts of one dataset as people read them. `id` is the same whenever the same alerts are told again."""

    dataset: str
    subject: str
    text: str
    owners: tuple[str, ...]
    blocks: bool
    id: str


def file_rule(path: str, digest: str) -> str:
    """What an alert about a file has in place of a rule: one per content of a name."""
    return f"{FILE} {path} ({digest[:8]})"


def alerts_of(contract: Contract, verdict: Verdict, run_id: str, at: str) -> list[Alert]:
    """The alerts of one partition."""
    return [
        _alert(contract, verdict, outcome, run_id, at) for outcome in verdict.outcomes if outcome.action in HEADINGS
    ]


def _alert(contract: Contract, verdict: Verdict, outcome: Outcome, run_id: str, at: str) -> Alert:
    rule, action = outcome.rule, Policy(outcome.action or Policy.WARN)
    path = Path(contract.file)
    file = str(path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path) if contract.file else rule.name
    repair = [REPAIRS[action].format(contract=file)]
    if verdict.quarantining:
        where = f" --partition {shlex.quote(outcome.partition)}" if outcome.partition else ""
        repair.append(f"Other rules set rows aside: `dp quarantine show {contract.dataset}{where}`.")
    limits = [f"{rule.on_failure.max_percent:g}%"] if rule.on_failure.max_percent is not None else []
    limits += [f"{rule.on_failure.max_rows:,} rows"] if rule.on_failure.max_rows is not None else []
    return Alert(
        contract.dataset,
        rule.name,
        outcome.partition,
        action,
        describe(rule),
        str(rule.on_failure.policy) + (f", at most {' and '.join(limits)} of a partition" if limits else ""),
        outcome.reason,
        tuple(_line(example)[:WIDTH] for example in outcome.examples),
        tuple(repair),
        contract.owners,
        contract.team,
        contract.version,
        run_id,
        at,
    )


def message(alerts: Sequence[Alert]) -> Message:
    """One message of alerts of one dataset; what blocks comes first."""
    alerts = sorted(alerts, key=lambda each: (each.action is not Policy.BLOCK, each.partition, each.rule))
    first, blocking = alerts[0], sum(each.action is Policy.BLOCK for each in alerts)
    if len(alerts) == 1:
        where = f" {first.partition}" if first.partition else ""
        subject = f"{first.dataset}{where} {HEADINGS[first.action].lower()}: {first.rule}"
    else:
        counts = {"blocking": blocking, "warning": len(alerts) - blocking}
        subject = f"{first.dataset}: {', '.join(f'{count} {what}' for what, count in counts.items() if count)}"
    owners = tuple(dict.fromkeys(owner for each in alerts for owner in each.owners))
    more = [f"... and {len(alerts) - SHOWN} more; all are among the dataset's checks."] if len(alerts) > SHOWN else []
    told_once = "You are told once, and again only when the rule has held in between or its action changes."
    paragraphs = [
        *map(_paragraph, alerts[:SHOWN]),
        *more,
        *dict.fromkeys(sentence for each in alerts[:SHOWN] for sentence in each.repair),
        f"Owner: {', '.join(owners) or 'nobody'}{f' (team {first.team})' if first.team else ''}. {told_once}",
    ]
    identity = sha256(json.dumps([(*each.key, each.action, each.at) for each in alerts]).encode()).hexdigest()[:32]
    return Message(first.dataset, _line(subject), "\n\n".join(paragraphs), owners, blocking > 0, identity)


def _paragraph(alert: Alert) -> str:
    lines = {
        "promise": alert.promise,
        "policy": alert.policy,
        "found": alert.reason,
        "examples": ", ".join(alert.examples),
        "contract": f"{alert.dataset} {alert.version}",
        "run": f"{alert.run_id} at {alert.at}",
    }
    where = f", partition {alert.partition}" if alert.partition else ""
    heading = f"{HEADINGS[alert.action]} {alert.dataset}{where}: {alert.rule}"
    return "\n".join([_line(heading), *(f"  {name:9} {_line(value)}" for name, value in lines.items() if value)])


def _line(text: str) -> str:
    """One line: a value from the data opens no new one, in a header or a message."""
    return " ".join(text.split())
