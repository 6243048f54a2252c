"""Each owner is told once: over publications, over concurrent processes, and over a process that dies in between."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_platform.alerts import ledger
from data_platform.settings import PROJECT
from tests.alerts.findings import BLOCK, HOLDS, LISTINGS, QUARANTINE, WARN, verdict

PUBLISH = """
import sys
from pathlib import Path
from data_platform.alerts import notify
from tests.alerts.findings import BLOCK, LISTINGS, verdict
notify(LISTINGS, [verdict(key=BLOCK)], run_id="run", home=Path(sys.argv[1]))
"""


def told(endpoint):
    """(partition, rule, heading) of everything the endpoint was told, in order; and forget it."""
    found = []
    for text in endpoint.texts:
        for line in text.splitlines():
            heading, _, rest = line.partition(" ads.listings, partition ")
            if rest:
                partition, rule = rest.split(": ")
                found.append((partition, rule, heading))
    endpoint.texts.clear()
    return found


def in_other_processes(home, count):
    command = [sys.executable, "-c", PUBLISH, str(home)]
    return [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL) for _ in range(count)]


def test_a_rule_that_goes_on_failing_is_told_once_and_again_after_it_held(publish, endpoint):
    publish(verdict(key=BLOCK))
    publish(verdict(key=BLOCK), run_id="run-2")
    assert told(endpoint) == [("2026-11-02", "key", "BLOCKED")]
    publish(verdict())
    assert told(endpoint) == []
    publish(verdict(key=BLOCK))
    assert told(endpoint) == [("2026-11-02", "key", "BLOCKED")]


def test_partitions_and_rules_are_told_apart(publish, endpoint):
    publish(verdict(key=BLOCK))
    publish(verdict(key=BLOCK, title_required=WARN))
    publish(verdict("2026-11-03", key=BLOCK))
    assert told(endpoint) == [
        ("2026-11-02", "key", "BLOCKED"),
        ("2026-11-02", "title_required", "WARNING"),
        ("2026-11-03", "key", "BLOCKED"),
    ]


def test_a_warning_that_becomes_a_block_is_told_again(publish, endpoint):
    for action in (WARN, WARN, BLOCK, BLOCK, WARN):
        publish(verdict(key=action))
    assert [heading for _, _, heading in told(endpoint)] == ["WARNING", "BLOCKED", "WARNING"]


def test_a_rule_that_is_gone_from_the_contract_and_comes_back_is_told_anew(publish, endpoint):
    publish(verdict(key=BLOCK))
    without = replace(LISTINGS, rules=tuple(rule for rule in LISTINGS.rules if rule.name != "key"))
    publish(verdict(contract=without), contract=without)
    publish(verdict(key=BLOCK))
    assert len(told(endpoint)) == 2


def test_what_could_not_be_told_is_told_by_the_next_publication_of_any_dataset(publish, endpoint):
    endpoint.answer = 503
    publish(verdict(key=BLOCK))
    publish(verdict("2026-11-03", title_required=WARN))
    endpoint.answer = 200
    other = replace(LISTINGS, name="others")
    publish(verdict(contract=other), contract=other)
    assert told(endpoint) == [("2026-11-02", "key", "BLOCKED"), ("2026-11-03", "title_required", "WARNING")]


def test_what_holds_again_before_anyone_could_be_told_is_withdrawn(publish, endpoint):
    endpoint.answer = 503
    publish(verdict(key=BLOCK))
    endpoint.answer = 200
    publish(verdict())
    assert told(endpoint) == []


def test_of_steps_that_find_the_same_at_the_same_time_one_tells_it(home, endpoint):
    assert [process.wait() for process in in_other_processes(home, 4)] == [0] * 4
    assert told(endpoint) == [("2026-11-02", "key", "BLOCKED")]


def test_an_alert_survives_a_process_that_is_killed_while_it_tells_it(home, publish, endpoint, monkeypatch):
    killed = []

    def kill(payload):
        if not killed:
            killed.append(payload)
            os.kill(victim.pid, signal.SIGKILL)

    endpoint.on_post = kill
    (victim,) = in_other_processes(home, 1)
    assert victim.wait() == -signal.SIGKILL
    publish(verdict(key=BLOCK))
    assert len(killed) == 1, "its claim protects what a living process is telling"
    endpoint.texts.clear()
    now = ledger.time.time()
    monkeypatch.setattr(ledger.time, "time", lambda: now + ledger.LEASE + 1)
    publish(verdict(key=BLOCK))
    publish(verdict(key=BLOCK))
    assert told(endpoint) == [("2026-11-02", "key", "BLOCKED")]


def test_a_ledger_that_cannot_be_used_fails_no_step(publish, home, endpoint, caplog):
    (home / "alerts.db").write_text("not a database, and long enough to be taken for none of its headers" * 9)
    publish(verdict(key=BLOCK))
    assert "alerts cannot be recorded" in caplog.text


PARTITIONS = ("2026-11-02", "2026-11-03")
ACTIONS = st.sampled_from([HOLDS, WARN, QUARANTINE, BLOCK])
AUDITED = st.dictionaries(st.sampled_from([rule.name for rule in LISTINGS.rules]), ACTIONS)
PUBLICATIONS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(PARTITIONS), AUDITED, min_size=1), st.booleans()), max_size=8
)


@given(PUBLICATIONS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_sequence_each_alert_is_told_when_it_opens_or_changes(endpoint, publications):
    """Against a model: what is open with which action, and which of it was not told yet."""
    from data_platform.alerts import notify

    is_open, untold = {}, set()
    headings = {BLOCK: "BLOCKED", WARN: "WARNING"}
    with TemporaryDirectory() as home:
        for audited, reachable in publications:
            endpoint.answer = 200 if reachable else 503
            verdicts = [verdict(partition, actions) for partition, actions in audited.items()]
            notify(LISTINGS, verdicts, run_id="run", home=Path(home))
            for partition, actions in audited.items():
                for rule in LISTINGS.rules:
                    key, action = (partition, rule.name), actions.get(rule.name)
                    if action not in headings:
                        is_open.pop(key, None)
                        untold.discard(key)
                    elif is_open.get(key) is not action:
                        is_open[key] = action
                        untold.add(key)
            expected = sorted((*key, headings[is_open[key]]) for key in untold) if reachable else []
            assert sorted(told(endpoint)) == expected
            if reachable:
                untold.clear()


def test_a_rule_that_was_not_evaluated_stays_as_it_was(publish, endpoint):
    """Rules on inputs, and those on a schedule, are evaluated apart from the others."""
    publish(verdict(key=BLOCK))
    whole = verdict()
    publish(replace(whole, outcomes=tuple(each for each in whole.outcomes if each.rule.name != "key")))
    publish(verdict(key=BLOCK))
    assert len(told(endpoint)) == 1
