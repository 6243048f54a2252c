"""Where a join could multiply, lose or misattribute rows: the models alone, on a handful of rows whose answer is plain."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from .conftest import Ask

DAY = "date '2026-11-02'"


def table(columns: str, *rows: str) -> str:
    """Rows as SQL; the first only lends its types."""
    names = ", ".join(each.split(":")[0] for each in columns.split())
    types = ", ".join(f"null::{each.split(':')[1]}" for each in columns.split())
    return f"select * from (values {', '.join([f'({types})', *(f'({row})' for row in rows)])}) as t ({names}) offset 1"


def listings(*rows: str) -> str:
    """day, listing_id, seller_id, status, price, times of creation and of the last change."""
    given = table(
        "day:date listing_id:int seller_id:int status:text price:decimal(12,2) created_at:timestamptz "
        "updated_at:timestamptz",
        *rows,
    )
    return f"select *, 7 as category_id, 'a title' as title from ({given})"


def views(*rows: str) -> str:
    columns = "listing_id:int user_id:int session_id:text received_at:timestamptz referrer:text"
    return f"select *, {DAY} as day, received_at::text as event_id from ({table(columns, *rows)})"


def contacts(*rows: str) -> str:
    columns = "listing_id:int user_id:int session_id:text received_at:timestamptz channel:text"
    return f"select *, {DAY} as day, received_at::text as event_id from ({table(columns, *rows)})"


def messages(*rows: str) -> str:
    columns = "message_id:int listing_id:int sender_id:int recipient_id:int sent_at:timestamptz"
    return f"select *, {DAY} as day from ({table(columns, *rows)})"


def payments(*rows: str) -> str:
    columns = "payment_id:int listing_id:int buyer_id:int status:text amount:decimal(12,2) created_at:timestamptz"
    return f"select *, {DAY} as day, 1 as seller_id from ({table(columns, *rows)})"


def at(hour: int, day: int = 2) -> str:
    return f"timestamptz '2026-11-{day:02} {hour:02}:00+00'"


OFFERED = f"{DAY}, 1, 10, 'active', 50, {at(8, 1)}, {at(8, 1)}"


def funnel(ask: Ask, **tables: str) -> list[dict]:
    return ask(
        "ads.daily_listing_funnel",
        {
            "ads.listings": tables.get("listings", listings(OFFERED)),
            "tracking.listing_views": tables.get("views", views()),
            "tracking.contacts": tables.get("contacts", contacts()),
            "messaging.messages": tables.get("messages", messages()),
            "messaging.payments": tables.get("payments", payments()),
        },
    )


def test_events_of_different_kinds_do_not_multiply_each_other(ask: Ask):
    (row,) = funnel(
        ask,
        views=views(*(f"1, 20, 's{nth % 2}', {at(nth)}, null" for nth in range(9, 14))),
        contacts=contacts(*(f"1, 20, 's0', {at(nth)}, 'phone'" for nth in range(3))),
        messages=messages(f"1, 1, 20, 10, {at(9)}", f"2, 1, 20, 10, {at(10)}", f"3, 1, 21, 10, {at(10)}"),
        payments=payments(f"1, 1, 20, 'failed', 50, {at(11)}", f"2, 1, 20, 'paid', 50, {at(12)}"),
    )
    counts = ("views", "visits", "contacts", "conversations", "payments_begun", "sales", "revenue")
    assert [row[name] for name in counts] == [5, 2, 3, 2, 2, 1, Decimal(50)]
    assert row["stage"] == "sold"


def test_what_a_seller_answers_opens_no_conversation(ask: Ask):
    (row,) = funnel(ask, messages=messages(f"1, 1, 10, 20, {at(9)}"))
    assert (row["conversations"], row["stage"]) == (0, "offer")


def test_a_payment_begun_on_another_day_is_a_sale_but_not_begun(ask: Ask):
    (row,) = funnel(ask, payments=payments(f"1, 1, 20, 'paid', 50, {at(23, day=1)}"))
    assert (row["payments_begun"], row["sales"]) == (0, 1)


@pytest.mark.parametrize(
    ("status", "is_viewed", "is_there"),
    [("draft", True, False), ("active", False, True), ("sold", False, False), ("sold", True, True)],
)
def test_there_is_a_row_for_what_is_on_offer_or_was_noticed(ask: Ask, status: str, is_viewed: bool, is_there: bool):
    seen = [f"1, 20, 's', {at(9)}, null"] if is_viewed else []
    rows = funnel(ask, listings=listings(OFFERED.replace("active", status)), views=views(*seen))
    assert bool(rows) == is_there


LIVES = [  # (day, status, price) ... -> price cuts, fate; day 4 is the latest published
    ([(1, "active", 9), (2, "active", 9), (4, "active", 9)], 0, "active"),
    ([(1, "active", 9), (2, "active", 8), (4, "active", 7)], 2, "active"),
    ([(1, "active", 7), (2, "active", 9), (4, "active", 8)], 1, "active"),
    ([(1, "active", 9), (2, "active", 9)], 0, "withdrawn"),
    ([(1, "draft", 9), (2, "active", 8), (4, "active", 8)], 0, "active"),
    ([(1, "active", 9), (2, "sold", 9)], 0, "sold"),
    ([(1, "active", 9), (2, "removed", 9), (4, "removed", 9)], 0, "removed"),
]


@pytest.mark.parametrize(("life", "cuts", "fate"), LIVES, ids=[fate + str(nth) for nth, (*_, fate) in enumerate(LIVES)])
def test_a_life_follows_from_its_days(ask: Ask, life: Sequence[tuple[int, str, int]], cuts: int, fate: str):
    days = [
        f"date '2026-11-0{day}', 1, 10, '{status}', {price}, {at(8, 1)}, {at(9, day)}" for day, status, price in life
    ]
    latest = f"date '2026-11-04', 2, 10, 'active', 5, {at(8, 1)}, {at(8, 1)}"
    rows = ask("ads.listing_lifecycles", {"ads.listings": listings(*days, latest)})
    (row,) = [row for row in rows if row["listing_id"] == 1]
    assert (row["price_cuts"], row["fate"]) == (cuts, fate)
    assert row["days_to_sell"] == (1 if fate == "sold" else None)


SALES = {  # the buyer's views of the listing -> what the sale is attributed to; he begins to pay at 12
    "the last view counts": ([(9, 1, 20, "google"), (11, 1, 20, "email")], "email"),
    "only before paying": ([(9, 1, 20, "google"), (13, 1, 20, "email")], "google"),
    "only of this listing": ([(9, 1, 20, "google"), (11, 2, 20, "email")], "google"),
    "only the buyer's": ([(9, 1, 20, "google"), (11, 1, 21, "email"), (11, 1, "null", "home")], "google"),
    "nobody looked": ([], "unknown"),
    "the device does not say": ([(9, 1, 20, None)], "unknown"),
}


@pytest.mark.parametrize(("seen", "referrer"), SALES.values(), ids=SALES)
def test_a_sale_belongs_to_the_last_view_before_paying(ask: Ask, seen: Sequence[tuple], referrer: str):
    rows = [
        f"{listing}, {user}, 's{nth}', {at(hour)}, {repr(place) if place else 'null'}"
        for nth, (hour, listing, user, place) in enumerate(seen)
    ]
    tables = {
        "tracking.listing_views": views(*rows),
        "tracking.contacts": contacts(),
        "messaging.payments": payments(f"1, 1, 20, 'paid', 50, {at(12)}", f"2, 1, 20, 'failed', 50, {at(12)}"),
    }
    found = ask("marketing.referrer_performance", tables)
    assert {row["referrer"]: row["sales"] for row in found if row["sales"]} == {referrer: 1}
    assert sum(row["revenue"] for row in found) == 50
    assert sum(row["visits"] for row in found) == len(seen)


def test_a_visit_belongs_to_the_referrer_of_its_first_view(ask: Ask):
    tables = {
        "tracking.listing_views": views(f"1, 20, 's', {at(9)}, 'google'", f"2, 20, 's', {at(10)}, 'search'"),
        "tracking.contacts": contacts(f"2, 20, 's', {at(11)}, 'phone'", f"2, 20, 'unseen', {at(11)}, 'phone'"),
        "messaging.payments": payments(),
    }
    found = {row["referrer"]: row for row in ask("marketing.referrer_performance", tables)}
    assert {name: (row["visits"], row["views"], row["contacts"]) for name, row in found.items()} == {
        "google": (1, 2, 1),
        "unknown": (0, 0, 1),
    }
    assert found["google"]["channel"] == "search_engine"
    assert found["google"]["percent_of_visits"] == 100


def test_replies_and_messages_are_counted_apart_and_aligned(ask: Ask):
    tables = {
        "tracking.contacts": contacts(f"1, 20, 's', {at(9)}, 'phone'", f"1, 20, 's', {at(10)}, 'whatsapp'"),
        "messaging.messages": messages(f"1, 1, 20, 10, {at(8)}", f"2, 1, 10, 20, {at(11)}", f"3, 2, 20, 10, {at(7)}"),
    }
    found = {row["listing_id"]: row for row in ask("crm.ad_replies", tables)}
    counts = ("replies", "by_phone", "by_whatsapp", "by_message", "buyers", "messages")
    assert [found[1][name] for name in counts] == [2, 1, 1, 0, 1, 2]
    assert [found[2][name] for name in counts] == [0, 0, 0, 0, 0, 1]
    assert [found[nth]["last_reply_at"].hour for nth in (1, 2)] == [11, 7]
