"""Alerts to a Slack-compatible webhook, against a real HTTP endpoint; and the log."""

import logging
import threading
from dataclasses import replace

import pytest

from data_platform.alerts import notifier
from data_platform.contracts import OnFailure
from data_platform.quality.audit import PartitionAudit
from data_platform.quality.policy import decide
from data_platform.settings import Settings
from tests.alerts.findings import BLOCK, PRICE, QUARANTINE, WARN, verdict

LIMITED = replace(PRICE, on_failure=OnFailure(QUARANTINE, max_percent=3))


def test_a_block_and_a_warning_are_posted_and_a_quarantine_within_its_limit_is_not(publish, endpoint):
    publish(verdict(key=BLOCK), verdict("2026-11-03", title_required=WARN, price_minimum=QUARANTINE))
    (text,) = endpoint.texts
    assert "BLOCKED ads.listings, partition 2026-11-02: key" in text
    assert "WARNING ads.listings, partition 2026-11-03: title_required" in text
    assert "dp quarantine show ads.listings --partition 2026-11-03" in text
    assert "price_minimum" not in text


@pytest.mark.parametrize(("broken", "alerts"), [(599, 0), (601, 1)])
def test_a_quarantine_alerts_from_its_limit_on(publish, endpoint, broken, alerts):
    counted = PartitionAudit(20_000, {"price_minimum": broken})
    publish(decide([LIMITED], "2026-11-02", counted))
    assert len(endpoint.texts) == alerts
    assert all("601 of 20,000 rows (3%), more than the 3% allowed" in text for text in endpoint.texts)


def test_nothing_in_the_data_is_a_mention_a_link_or_formatting(publish, endpoint):
    publish(verdict(key=BLOCK, examples=("<!channel>", "```", "a & b")))
    (text,) = endpoint.texts
    assert "&lt;!channel&gt;, ''', a &amp; b" in text
    assert text.count("```") == 2


def test_a_flood_is_cut_short_and_says_so(publish, endpoint):
    publish(*(verdict(f"2026-11-{day:02}", key=BLOCK) for day in range(1, 31)))
    (text,) = endpoint.texts
    assert (text.count("BLOCKED"), "and 20 more" in text, len(text) < 4000) == (10, True, True)


@pytest.mark.parametrize("answer", [302, 307, 404, 429, 500])
def test_an_endpoint_that_does_not_answer_with_success_is_tried_again(publish, endpoint, caplog, answer):
    endpoint.answer = answer
    publish(verdict(key=BLOCK))
    assert endpoint.texts == [] and f"HTTP {answer}" in caplog.text
    endpoint.answer = 200
    publish(verdict("2026-11-03"))
    assert len(endpoint.texts) == 1


def test_an_address_that_nobody_listens_at_fails_no_step_and_is_never_shown(publish, monkeypatch, caplog):
    monkeypatch.setenv("DATA_PLATFORM_ALERTS", "http://127.0.0.1:1/services/very-secret")
    publish(verdict(key=BLOCK))
    assert "http://127.0.0.1" in caplog.text and "ConnectionRefusedError" in caplog.text
    assert "very-secret" not in caplog.text


def test_an_endpoint_that_never_answers_does_not_hold_a_step(publish, endpoint, monkeypatch):
    monkeypatch.setattr(notifier, "TIMEOUT", 0.2)
    asked, release = threading.Event(), threading.Event()

    def hang(payload):
        asked.set()
        release.wait(60)

    endpoint.on_post = hang
    publish(verdict(key=BLOCK))
    try:
        assert asked.wait(30) and endpoint.texts == []
    finally:
        release.set()


def test_a_channel_that_fails_costs_the_others_nothing(publish, endpoint, monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    monkeypatch.setenv("DATA_PLATFORM_ALERTS", f"smtp://127.0.0.1:1, {endpoint.address}, log")
    publish(verdict(key=BLOCK))
    publish(verdict(key=BLOCK))
    assert len(endpoint.texts) == 1
    assert sum("ads.listings 2026-11-02 blocked: key" in record.message for record in caplog.records) == 1


def test_without_a_setting_alerts_are_logged(publish, caplog):
    publish(verdict(key=BLOCK), verdict("2026-11-03", title_required=WARN))
    publish(verdict("2026-11-04", title_required=WARN))
    levels = [(record.levelname, record.message.splitlines()[0]) for record in caplog.records]
    assert levels == [
        ("ERROR", "ads.listings: 1 blocking, 1 warning"),
        ("WARNING", "ads.listings 2026-11-04 warning: title_required"),
    ]


def test_where_everything_holds_nothing_is_written(publish, home):
    publish(verdict())
    assert not list(home.glob("alerts*"))


@pytest.mark.parametrize(
    "alerts",
    [
        "slack",
        "log, https//hooks.slack.example/very-secret",
        "ftp://mail.example/very-secret",
        "smtp://alerts:very-secret@mail.example",
        "smtp://alerts@mail.example/very-secret",
        "https://hooks.example:very-secret/",
        "http://hooks.slack.example/very-secret",
    ],
)
def test_a_channel_that_cannot_be_is_refused_without_repeating_it(home, alerts):
    with pytest.raises(ValueError, match="DATA_PLATFORM_ALERTS, entry") as refused:
        Settings.at(home, alerts=alerts)
    assert "very-secret" not in str(refused.value) and refused.value.__cause__ is refused.value.__context__ is None


def test_settings_show_neither_addresses_nor_the_password(home):
    given = Settings.at(home, alerts="https://hooks.slack.example/very-secret,log", smtp_password="very-secret")
    assert "very-secret" not in repr(given)
