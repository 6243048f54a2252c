"""ODCS `quality` entries as rules: what each says by its type, when it is evaluated, and what happens if it fails."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_platform.contracts import legacy
from data_platform.contracts.custom_entries import expression, history
from data_platform.contracts.expressions import ExpressionError
from data_platform.contracts.library_entries import library
from data_platform.contracts.model import INPUT, PUBLICATION, OnFailure, Policy, Rule, Unchecked
from data_platform.contracts.naming import closest, did_you_mean, slug
from data_platform.contracts.properties import QUALITY, VENDOR, Given, on_failure, own_properties, text
from data_platform.contracts.report import Report
from data_platform.contracts.rules import KINDS
from data_platform.contracts.said import Place, Said
from data_platform.contracts.schedules import cron_complaint
from data_platform.contracts.sql_entries import sql
from data_platform.contracts.yaml_source import Path

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality

SEVERITIES: dict[str, Policy] = {"error": Policy.BLOCK, "warning": Policy.WARN, "info": Policy.WARN}


def quality_rules(
    report: Report, place: Place, entries: Sequence[DataQuality] | None
) -> tuple[list[Rule], list[Unchecked]]:
    """What the `quality` entries in one place say: rules, and promises that nobody here checks."""
    made: list[Rule | Unchecked | None] = []
    for at, entry in enumerate(entries or ()):
        path = (*place.path, "quality", at)
        own = own_properties(report, QUALITY, (path, entry.customProperties))
        made.append(_Entry(report, place, path, entry, own).read())
    return [rule for rule in made if isinstance(rule, Rule)], [each for each in made if isinstance(each, Unchecked)]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One quality entry in its place, and our properties among its own."""

    report: Report
    place: Place
    path: Path
    quality: DataQuality
    own: Mapping[str, Given]

    def read(self) -> Rule | Unchecked | None:
        """The rule it is, or the promise that nobody checks; None where it was reported."""
        quality = self.quality
        match quality.type or "library":
            case "text":
                return self._unchecked("text", quality.description)
            case "custom" if quality.engine != VENDOR:
                engine = quality.engine or ""
                if closest(engine, [VENDOR], cutoff=0.8):
                    self._add("C511", "engine", f"{engine!r} is not an engine of ours", f"did you mean `{VENDOR}`?")
                return self._unchecked("custom", quality.description or _written(quality.implementation), engine)
            case "library" if quality.metric is None and quality.rule:  # ODCS 3.0 left the vocabulary open
                if meant := closest(quality.rule, legacy.METRICS, cutoff=0.75):
                    self._add("C523", "rule", f"{quality.rule!r} is not a rule of ODCS 3.0", f"did you mean `{meant}`?")
                return self._unchecked(quality.rule, quality.description or quality.rule, "library")
        said = self._said()
        return None if said is None else self._rule(said)

    def _said(self) -> Said | None:
        quality, place = self.quality, self.place
        partitions = text(self.own, "partitions", "same")
        if quality.type == "sql":
            return sql(self._add, quality, place, partitions)
        if quality.type != "custom":
            return library(self._add, quality, place)
        if isinstance(quality.implementation, dict):
            return history(self._add_inside, quality.implementation, place)
        try:
            return expression(quality.implementation or "", place, partitions)
        except ExpressionError as error:
            fix = "write a comparison such as `d2.count(*) == d1.count(*)`, or a `sql` rule"
            self._add("C511", "implementation", str(error), fix)
            return None

    def _rule(self, said: Said) -> Rule:
        quality, when = self.quality, self._when(said)
        if "partitions" in self.own and not said.reads:
            message = "`partitions` are those of other datasets, of which this rule reads none"
            self.report.add("C606", self.own["partitions"].path, message, "remove it")
        return Rule(
            name=self._name(said.name or f"{self.place.column}_{said.kind}"),
            kind=said.kind,
            columns=said.columns,
            arguments=said.arguments,
            threshold=said.threshold,
            on_failure=self._policy(said.threshold is None, when),
            dimension=quality.dimension or KINDS[said.kind].dimension,
            description=quality.description or "",
            reads=said.reads,
            when=when,
            path=self.path,
        )

    def _unchecked(self, what: str, told: str | None, engine: str = "") -> Unchecked:
        return Unchecked(self._name(f"{self.place.column}_{what}"), (told or "").strip(), engine)

    def _name(self, usual: str) -> str:
        return slug(self.quality.name or "") or slug(self.quality.id or "") or slug(usual)

    def _add(self, code: str, key: str, message: str, fix: str) -> None:
        self.report.add(code, (*self.path, *filter(None, key.split("."))), message, fix)

    def _add_inside(self, code: str, key: str, message: str, fix: str) -> None:
        self._add(code, f"implementation.{key}", message, fix)

    def _when(self, said: Said) -> str:
        """When it is evaluated, as `scheduler` and `schedule` say."""
        scheduler, schedule = self.quality.scheduler, self.quality.schedule
        if scheduler == INPUT:
            if schedule is not None:
                self._add("C518", "schedule", "an input rule has no schedule", "remove it, or `scheduler: input`")
            if said.about_itself or not said.reads:
                message = "an input rule is evaluated before there are rows of this dataset, and this one is about them"
                self._add("C519", "scheduler", message, "compare only inputs, or remove `scheduler: input`")
            return INPUT
        if scheduler not in (None, "cron"):
            fix = did_you_mean(scheduler or "", ("cron", INPUT))
            self._add("C518", "scheduler", f"unknown scheduler {scheduler!r}", fix)
        elif schedule is None and scheduler == "cron":
            self._add("C518", "scheduler", "cron without a `schedule`", "add one, such as `schedule: 0 6 * * *`")
        elif schedule is not None and (why := cron_complaint(schedule)):
            self._add("C518", "schedule", why, "write it like `0 6 * * *`, every day at 06:00 UTC")
        return PUBLICATION if schedule is None else " ".join(schedule.split())

    def _policy(self, is_row_rule: bool, when: str) -> OnFailure:
        policy, default = on_failure(self.report, self.own.get("onFailure")), self.place.default
        can_quarantine = is_row_rule and when == PUBLICATION
        severity = self.quality.severity
        if severity is not None and severity.lower() not in SEVERITIES:
            self._add("C605", "severity", f"unknown severity {severity!r}", did_you_mean(severity, SEVERITIES))
        if policy is None and severity is not None:
            return OnFailure(SEVERITIES.get(severity.lower(), Policy.BLOCK))
        if policy is None:
            return OnFailure() if default.policy == Policy.QUARANTINE and not can_quarantine else default
        if policy.policy == Policy.QUARANTINE and not can_quarantine:
            about = "the whole dataset" if when == PUBLICATION else "what is there already"
            message = f"only rows about to be published can be quarantined, and this rule is about {about}"
            fix = "use block or warn" + ("" if is_row_rule else ", or `mustBe: 0` of a metric that counts bad rows")
            self.report.add("C604", self.own["onFailure"].path, message, fix)
        return policy


def _written(implementation: Any) -> str:
    return implementation if isinstance(implementation, str) else json.dumps(implementation, ensure_ascii=False)
