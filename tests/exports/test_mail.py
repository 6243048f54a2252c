"""A dataset mailed on a schedule, against a real SMTP server."""

import importlib
import os
import threading
from dataclasses import replace
from datetime import UTC, date, datetime

import dagster as dg
import fastexcel
import pytest
from scenario import DAY_X_COUNTRY, order, orders, put

from data_platform import domains
from data_platform.contracts import Contracts, Rule, Threshold
from data_platform.datasets import DefinitionError
from data_platform.datasets.build import build_definitions
from data_platform.exports import declare, mail_export
from data_platform.exports.sent import Sent
from data_platform.operations.catch_up import catch_up
from data_platform.settings import Settings
from data_platform.warehouse.assets import warehouse_assets
from tests.alerts.servers import PASSWORD, mail_server
from tests.lake.scenario import CONTRACTS, LISTINGS, USERS, publish_listings

pytestmark = pytest.mark.usefixtures("published")

TO = ("ana@market.example", "bo@market.example")
BAD = "-1.00"


def export(dataset="ads.listings", *, to=TO, **options):
    return mail_export(dataset, **{"to": to, "schedule": "0 7 * * 1-5", "contracts": CONTRACTS} | options)


def run(asset, *, again=False, instance=None) -> dg.ExecuteInProcessResult:
    (node,) = [asset.node_def.name]
    config = {"ops": {node: {"config": {"again": again}}}}
    return dg.materialize([asset], run_config=config, instance=instance, raise_on_error=False)


def recorded(result: dg.ExecuteInProcessResult) -> dict:
    (event,) = result.get_asset_materialization_events()
    return {name: each.value for name, each in event.materialization.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    (event,) = [each for each in result.all_events if each.is_step_failure or each.is_step_up_for_retry]
    return str(event.event_specific_data.error)


def attached(mail):
    (file,) = mail.iter_attachments()
    return file


def rows_in(mail) -> list[dict]:
    return fastexcel.read_excel(attached(mail).get_payload(decode=True)).load_sheet(0).to_polars().to_dicts()


def test_the_latest_partition_reaches_everybody_as_a_workbook(mailbox):
    result = run(export())
    (mail,) = mailbox.mails
    assert mailbox.recipients == [list(TO)]
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "platform@market.example",
        ", ".join(TO),
        "ads.listings 2026-11-03",
    )
    assert (mail["Reply-To"], mail["Auto-Submitted"]) == ("ana@market.example", "auto-generated")
    assert attached(mail).get_filename() == "listings-2026-11-03.xlsx"
    rows = rows_in(mail)
    assert [(row["listing_id"], row["title"], str(row["day"])[:10]) for row in rows] == [
        (1, "=1+1", "2026-11-03"),
        (2, "A boat, used", "2026-11-03"),
    ]
    text = mail.get_body().get_content()
    assert "Attached: ads.listings, 2026-11-03: 2 rows (listings-2026-11-03.xlsx)." in text
    assert "All listings <by> day." in text and "Questions: ana@market.example." in text
    metadata = recorded(result)
    assert (metadata["outcome"], metadata["recipients"], metadata["dagster/row_count"]) == ("sent", list(TO), 2)


@pytest.mark.parametrize(
    ("form", "mime"),
    [
        ("csv", "text/csv"),
        ("csv.gz", "application/gzip"),
        ("parquet", "application/vnd.apache.parquet"),
        ("json", "application/json"),
    ],
)
def test_other_formats_are_attached_as_what_they_are(mailbox, form, mime):
    run(
        export(format=form, subject="{rows} rows of {dataset}", columns=["listing_id", "price"], where="listing_id = 2")
    )
    (mail,) = mailbox.mails
    assert (attached(mail).get_content_type(), attached(mail).get_filename()) == (mime, f"listings-2026-11-03.{form}")
    assert mail["Subject"] == "1 rows of ads.listings"
    if form == "csv":
        assert attached(mail).get_payload(decode=True) == b"listing_id,price\n2,10.50\n"


def test_nobody_is_sent_the_same_rows_twice(mailbox):
    assert run(export()).success
    again = run(export())
    assert again.success and not again.get_asset_materialization_events()
    assert len(mailbox.mails) == 1


def test_other_partitions_changing_is_no_news(mailbox):
    run(export())
    publish_listings(2, price="99.00")
    run(export())
    assert len(mailbox.mails) == 1
    publish_listings(3, price="99.00")
    run(export())
    publish_listings(4)
    run(export())
    assert [mail["Subject"][-10:] for mail in mailbox.mails] == ["2026-11-03", "2026-11-03", "2026-11-04"]


def test_who_is_added_gets_the_latest_and_nobody_else_does(mailbox):
    run(export())
    run(export(to=[*TO, "cy@market.example"]))
    assert mailbox.recipients == [list(TO), ["cy@market.example"]]


def test_two_mails_of_one_dataset_are_told_apart(mailbox):
    run(export())
    run(export(name="ads.second_mail", format="csv"))
    assert len(mailbox.mails) == 2


def test_a_person_may_send_it_again(mailbox):
    run(export())
    assert recorded(run(export(), again=True))["outcome"] == "sent"
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 2


def test_a_blocked_partition_is_announced_once_and_comes_later(mailbox):
    run(export())
    publish_listings(4, price=BAD)
    assert recorded(run(export()))["outcome"] == "held back"
    run(export())
    publish_listings(4)
    run(export())
    first, notice, second = mailbox.mails
    assert (notice["Subject"], [*notice.iter_attachments()]) == ("ads.listings 2026-11-04: held back", [])
    text = notice.get_content()
    assert "ads.listings, 2026-11-04, is held back" in text and "The last you were sent, 2026-11-03, is still" in text
    assert (first["Subject"], second["Subject"]) == ("ads.listings 2026-11-03", "ads.listings 2026-11-04")


def test_who_never_got_anything_gets_the_last_good_rows_and_is_told(mailbox):
    publish_listings(3, price=BAD)
    run(export())
    (mail,) = mailbox.mails
    assert {row["price"] for row in rows_in(mail)} == {10.5}
    assert "ads.listings, 2026-11-03, is held back" in mail.get_body().get_content()


def test_of_a_dataset_without_partitions_the_last_good_rows_are_the_latest(mailbox, lakehouse):
    rule = Rule("some", "row_count", threshold=Threshold("mustBeGreaterThan", 0))
    contracts = Contracts.of(replace(USERS, rules=(rule,)))
    asset = export("users.users", contracts=contracts)
    run(asset)
    put(lakehouse, contracts["users.users"], [])
    run(asset)
    assert [mail["Subject"] for mail in mailbox.mails] == [
        f"users.users {datetime.now(UTC):%Y-%m-%d}",
        "users.users as it was produced last: held back",
    ]


def test_of_days_cut_further_all_parts_of_the_latest_are_mailed(mailbox, lakehouse):
    contract = orders(DAY_X_COUNTRY, rules=(), owners=("ana@market.example",))
    put(lakehouse, contract, [order(1, day=1), order(2, day=2, country="no"), order(3, day=2, country="se")])
    run(mail_export("shop.orders", to=TO, schedule="0 7 * * *", contracts=Contracts.of(contract), columns=["id"]))
    (mail,) = mailbox.mails
    assert (mail["Subject"], [row["id"] for row in rows_in(mail)]) == ("shop.orders 2026-01-02", [2, 3])


def test_a_day_without_rows_is_mailed_as_such(mailbox, lakehouse):
    contract = replace(LISTINGS, rules=())
    put(lakehouse, contract, [], "2026-11-05")
    run(export(contracts=Contracts.of(contract)))
    (mail,) = mailbox.mails
    assert mail["Subject"] == "ads.listings 2026-11-05" and rows_in(mail) == []


def test_columns_above_the_clearance_do_not_leave(mailbox):
    run(export("users.users"))
    run(export("users.users", name="users.cleared", clearance="confidential", to=["dpo@market.example"]))
    first, second = mailbox.mails
    assert "Left out, above internal: email, national_id." in first.get_body().get_content()
    assert list(rows_in(first)[0]) == ["user_id", "city"]
    assert list(rows_in(second)[0]) == ["user_id", "city", "email"]
    assert first["Subject"] == f"users.users {datetime.now(UTC):%Y-%m-%d}"


def test_a_condition_cannot_look_at_what_does_not_leave(mailbox):
    assert "confidential, above your clearance" in failure(run(export("users.users", where="email like 'a%'")))
    assert mailbox.mails == []


def test_a_file_too_large_to_mail_is_an_error_and_can_be_sent_later(mailbox):
    said = failure(run(export(max_megabytes=0.001)))
    assert "more than `max_megabytes` (0.001); choose fewer `columns`" in said
    run(export())
    assert len(mailbox.mails) == 1


def test_a_server_that_is_away_is_tried_again(mailbox, monkeypatch):
    monkeypatch.setattr(declare, "RETRIES", dg.RetryPolicy(max_retries=1, delay=0))
    there = os.environ["DATA_PLATFORM_ALERTS"]
    monkeypatch.setenv("DATA_PLATFORM_ALERTS", "smtp://127.0.0.1:1")
    result = run(export())
    assert len([event for event in result.all_events if event.is_step_up_for_retry]) == 1
    monkeypatch.setenv("DATA_PLATFORM_ALERTS", there)
    assert recorded(run(export()))["outcome"] == "sent"


def test_a_recipient_refused_is_named_and_the_others_have_it(mailbox):
    mailbox.refuses.add("bo@market.example")
    assert "refuses bo@market.example; the others have it" in failure(run(export()))
    mailbox.refuses.clear()
    run(export())
    assert mailbox.recipients == [["ana@market.example"], ["bo@market.example"]]


def test_the_password_is_given_after_starttls_as_for_alerts(monkeypatch, certificate):
    with mail_server(starttls=certificate, login=True) as there:
        monkeypatch.setenv("DATA_PLATFORM_ALERTS", f"smtp://platform%40market.example@localhost:{there.port}")
        monkeypatch.setenv("DATA_PLATFORM_SMTP_PASSWORD", PASSWORD)
        assert run(export()).success
    assert (there.users, there.over_tls) == (["platform@market.example"], [True])


def test_without_a_mail_server_it_fails_by_hand_and_is_skipped_on_schedule(monkeypatch):
    asset = export()
    assert "no mail server is named; add smtp://user@host:587 to DATA_PLATFORM_ALERTS" in failure(run(asset))
    (schedule,) = asset.schedules
    with dg.DagsterInstance.ephemeral() as instance:
        definitions = dg.Definitions(assets=[asset], schedules=[schedule])
        context = dg.build_schedule_context(instance, repository_def=definitions.get_repository_def())
        assert "no mail server" in schedule.evaluate_tick(context).skip_message
        monkeypatch.setenv("DATA_PLATFORM_ALERTS", "smtp://localhost")
        assert len(schedule.evaluate_tick(context).run_requests) == 1


def test_it_stands_on_the_graph_below_its_dataset_and_is_on_from_the_start():
    asset = export(timezone="Europe/Oslo")
    (spec,) = asset.specs
    assert (spec.key.path, [dep.asset_key.path for dep in spec.deps]) == (
        ["ads", "listings_mail"],
        [["ads", "listings"]],
    )
    assert (spec.group_name, spec.kinds, spec.owners) == ("ads", {"xlsx", "email"}, ["ana@market.example"])
    (schedule,) = asset.schedules
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 7 * * 1-5", "Europe/Oslo")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_catching_up_mails_nothing(mailbox):
    with dg.DagsterInstance.ephemeral() as instance:
        assert catch_up(dg.Definitions(assets=[export()]), instance, [date(2026, 11, 3)]) == {}
    assert mailbox.mails == []


def test_a_domain_needs_one_line():
    asset = importlib.import_module("data_platform.domains.ads.assets").listing_stats_mail
    assert (asset.order.dataset, asset.order.to) == ("ads.listing_stats", ("telesales@market.example",))
    assert asset.schedules[0] in build_definitions(domains, assets=warehouse_assets()).schedules


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"to": []}, "`to` names nobody"),
        ({"to": ["ana@market"]}, "'ana@market' is no e-mail address"),
        ({"to": ["a@x.example, b@x.example"]}, "is no e-mail address"),
        ({"to": ["a@x.example\nBcc: b@x.example"]}, "is no e-mail address"),
        ({"format": "xls"}, "`format` is 'xls': did you mean `xlsx`?"),
        ({"clearance": "secret"}, "`clearance` is 'secret'"),
        ({"subject": "{day}"}, "`subject` refers to {day}; it may to dataset, partition, rows"),
        ({"subject": "a\nBcc: x"}, "`subject` must be one line"),
        ({"dataset": "ads.listing"}, "there is no dataset 'ads.listing'; did you mean `ads.listings`?"),
        (
            {"dataset": "ads.raw_listings", "name": "users.raw_mail"},
            "ads.raw_listings is private to ads, and users would mail it",
        ),
        (
            {"dataset": "users.users", "columns": ["email"]},
            "the column email is confidential, above the mail's `clearance`",
        ),
        ({"dataset": "users.secrets"}, "every column is above the mail's `clearance`, internal"),
        ({"columns": ["prise"]}, "has no column 'prise'; did you mean price?"),
        ({"name": "ads.listings"}, "`name` is 'ads.listings', which is a dataset"),
        ({"max_megabytes": 0}, "`max_megabytes` is 0"),
    ],
)
def test_what_cannot_be_mailed_is_found_when_definitions_load(options, said):
    with pytest.raises(DefinitionError) as error:
        export(**options)
    assert said in str(error.value) and "test_mail.py:" in str(error.value)


def test_of_concurrent_runs_one_sends(mailbox, home):
    ledger, claimed = Sent(home / "exports.db"), []

    def claim():
        claimed.extend(ledger.claim("ads.x", "content", TO))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(TO)


def test_a_claim_of_a_process_that_died_expires(home, monkeypatch):
    ledger = Sent(home / "exports.db")
    assert ledger.claim("ads.x", "content", TO) == TO
    assert ledger.claim("ads.x", "content", TO) == ()
    monkeypatch.setattr("data_platform.exports.sent.time.time", lambda: datetime.now(UTC).timestamp() + 1000)
    assert ledger.claim("ads.x", "content", TO) == TO
    ledger.confirm("ads.x", "content", TO[:1])
    ledger.release("ads.x", "content", TO[1:])
    assert ledger.claim("ads.x", "content", TO) == TO[1:]


def test_settings_know_the_reader(home):
    settings = Settings.at(home, domain="ads, users,ads", clearance="restricted")
    assert (settings.domains, settings.clearance) == (("ads", "users"), "restricted")
    with pytest.raises(ValueError, match="DATA_PLATFORM_CLEARANCE is 'secret'; it must be one of public, internal"):
        Settings.at(home, clearance="secret")
