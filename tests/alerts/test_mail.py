"""Alerts by e-mail, against a real SMTP server."""

import pytest

from tests.alerts.findings import BLOCK, LISTINGS, WARN, verdict
from tests.alerts.servers import PASSWORD, mail_server

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture
def alerts_to(monkeypatch):
    def to(address, password=PASSWORD):
        monkeypatch.setenv("DATA_PLATFORM_ALERTS", address)
        monkeypatch.setenv("DATA_PLATFORM_SMTP_PASSWORD", password)

    return to


def test_a_blocked_partition_reaches_every_owner_named_in_the_contract(publish, alerts_to):
    with mail_server() as mailbox:
        alerts_to(f"smtp://127.0.0.1:{mailbox.port}?from=platform@market.example")
        publish(verdict(price_minimum=BLOCK, examples=("-3.0", "-1.0")), run_id="run-7")
    (mail,) = mailbox.mails
    assert mailbox.recipients == [["ana@market.example", "bo@market.example"]]
    assert (mail["From"], mail["Subject"]) == (
        "platform@market.example",
        "ads.listings 2026-11-02 blocked: price_minimum",
    )
    text = mail.get_content()
    for said in (
        "BLOCKED ads.listings, partition 2026-11-02: price_minimum",
        "price: ≥ 0",
        "quarantine, at most 3% and 500 rows of a partition",
        "1,203 of 20,000 rows (6.02%)",
        "-3.0, -1.0",
        "run-7",
        "change the contract (/elsewhere/listings.yaml)",
        "Owner: ana@market.example, bo@market.example (team ads)",
    ):
        assert said in text


def test_one_publication_is_one_mail_that_tells_what_blocks_first(publish, alerts_to):
    with mail_server() as mailbox:
        alerts_to(f"smtp://127.0.0.1:{mailbox.port}")
        publish(verdict("2026-11-02", title_required=WARN), verdict("2026-11-03", key=BLOCK, title_required=WARN))
    (mail,) = mailbox.mails
    assert mail["Subject"] == "ads.listings: 1 blocking, 2 warning"
    text = mail.get_content()
    assert [line for line in text.splitlines() if line.startswith(("BLOCKED", "WARNING"))] == [
        "BLOCKED ads.listings, partition 2026-11-03: key",
        "WARNING ads.listings, partition 2026-11-02: title_required",
        "WARNING ads.listings, partition 2026-11-03: title_required",
    ]


def test_the_password_is_given_after_starttls(publish, alerts_to, certificate):
    with mail_server(starttls=certificate, login=True) as mailbox:
        alerts_to(f"smtp://alerts%40market.example@localhost:{mailbox.port}")
        publish(verdict(key=BLOCK))
    assert (mailbox.users, mailbox.over_tls) == (["alerts@market.example"], [True])
    assert mailbox.mails[0]["From"] == "alerts@market.example"


def test_the_password_is_given_over_tls_from_the_start(publish, alerts_to, certificate):
    with mail_server(tls=certificate, login=True) as mailbox:
        alerts_to(f"smtps://alerts@localhost:{mailbox.port}")
        publish(verdict(key=BLOCK))
    assert (mailbox.users, len(mailbox.mails)) == (["alerts"], 1)


def test_the_password_is_never_sent_in_clear(publish, alerts_to, caplog):
    with mail_server(login=True) as mailbox:
        alerts_to(f"smtp://alerts@127.0.0.1:{mailbox.port}")
        publish(verdict(key=BLOCK))
    assert (mailbox.users, mailbox.mails) == ([], [])
    assert "a password is not sent without" in caplog.text


def test_a_server_whose_certificate_is_not_trusted_gets_neither_password_nor_mail(
    publish, alerts_to, certificate, monkeypatch, caplog
):
    monkeypatch.delenv("SSL_CERT_FILE")
    with mail_server(starttls=certificate, login=True) as mailbox:
        alerts_to(f"smtp://alerts@localhost:{mailbox.port}")
        publish(verdict(key=BLOCK))
    assert (mailbox.users, mailbox.mails) == ([], [])
    assert "SSLCertVerificationError" in caplog.text


def test_a_refused_password_is_logged_without_it_and_the_alert_told_once_it_is_right(
    publish, alerts_to, certificate, caplog
):
    with mail_server(starttls=certificate, login=True) as mailbox:
        address = f"smtp://alerts@localhost:{mailbox.port}"
        alerts_to(address, password="not the password")
        publish(verdict(key=BLOCK))
        assert "SMTPAuthenticationError 535" in caplog.text and "not the password" not in caplog.text
        alerts_to(address)
        publish(verdict(key=BLOCK))
    assert len(mailbox.mails) == 1


def test_an_owner_whom_the_server_refuses_costs_the_others_nothing(publish, alerts_to, caplog):
    with mail_server() as mailbox:
        alerts_to(f"smtp://127.0.0.1:{mailbox.port}")
        mailbox.refuses.add("ana@market.example")
        publish(verdict(key=BLOCK))
    assert mailbox.recipients == [["bo@market.example"]]
    assert "refused ana@market.example" in caplog.text


def test_a_value_from_the_data_opens_no_line_of_its_own(publish, alerts_to):
    with mail_server() as mailbox:
        alerts_to(f"smtp://127.0.0.1:{mailbox.port}")
        publish(verdict("no\r\nBcc: eve@evil.example", key=BLOCK, examples=("1\nOwner: eve", "x" * 1000)))
    (mail,) = mailbox.mails
    assert mail["Bcc"] is None and mailbox.recipients == [list(LISTINGS.owners)]
    assert mail["Subject"] == "ads.listings no Bcc: eve@evil.example blocked: key"
    assert "\nOwner: eve" not in mail.get_content() and "x" * 81 not in mail.get_content()


def test_the_same_alerts_told_again_have_the_same_message_id(publish, alerts_to, monkeypatch):
    """So that a mail sent twice, because nobody knew that it had arrived, is shown once."""
    from data_platform.alerts.ledger import Ledger

    with mail_server() as mailbox:
        alerts_to(f"smtp://127.0.0.1:{mailbox.port}")
        monkeypatch.setattr(Ledger, "told", lambda *_: None)
        publish(verdict(key=BLOCK))
        publish()
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
