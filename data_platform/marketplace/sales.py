"""Payments of a day: begun, settled (which sells the listing), left pending for tomorrow, refunded."""

import numpy as np
import psycopg

from . import bulk
from .days import Day
from .dirt import WRONG_AMOUNT
from .draws import DAY, HOUR, MINUTE, OPEN_HOURS, Ints, moments, pick, pick_distinct, popularity, some_of
from .market import Market

PAID, FAILED = 0.84, 0.09  # the rest is settled the next day
METHODS = np.array(("card", "pix", "transfer"))
OPENING = 4 * HOUR
LAST_PAYMENT = DAY - 30 * MINUTE  # of a day: it must settle before midnight
PENDING = "SELECT payment_id, listing_id FROM payments WHERE status = 'pending' ORDER BY payment_id"
REFUNDABLE = "SELECT payment_id FROM payments WHERE status = 'paid' AND updated_at >= %s ORDER BY payment_id"


def sell(connection: psycopg.Connection, day: Day, market: Market, members: Ints) -> None:
    """Refund and settle what earlier days left, then take the day's payments."""
    _refund(connection, day)
    _settle_pending(connection, day, market)
    _take_payments(connection, day, market, members)


def _refund(connection: psycopg.Connection, day: Day) -> None:
    rng = day.draws("refunds")
    paid = bulk.fetch(connection, REFUNDABLE, (day.at(-7 * 24),))["payment_id"]
    refunded = paid[pick_distinct(rng, np.ones(len(paid)), day.count("refunds"))]
    when = rng.permutation(moments(rng, len(refunded), day.midnight, OPEN_HOURS))
    _set_status(connection, refunded, np.full(len(refunded), "refunded"), when)


def _settle_pending(connection: psycopg.Connection, day: Day, market: Market) -> None:
    """Yesterday's pending payments are paid if their listing is still on offer."""
    rng = day.draws("pending payments")
    pending = bulk.fetch(connection, PENDING)
    listing_ids = pending["listing_id"]
    places = np.searchsorted(market.ids, listing_ids)
    on_offer = np.isin(listing_ids, market.ids[~market.is_draft])
    is_paid = on_offer & (rng.random(len(listing_ids)) < 0.85)
    when = rng.permutation(moments(rng, len(listing_ids), day.midnight, OPEN_HOURS))
    sold = places[is_paid]
    _set_status(connection, pending["payment_id"], np.where(is_paid, "paid", "failed"), when)
    market.updated[sold] = when[is_paid]
    market.write(connection, day, sold, np.full(len(sold), "sold"))


def _take_payments(connection: psycopg.Connection, day: Day, market: Market, members: Ints) -> None:
    rng = day.draws("payments")
    can_sell = ~market.is_draft & (market.prices > 0) & ~market.is_reserved
    can_sell &= market.updated < day.midnight + LAST_PAYMENT
    offered = np.flatnonzero(can_sell)
    bought = offered[pick_distinct(rng, popularity(market.ids[offered], day.seed), day.count("payments"))]
    count = len(bought)
    begun = rng.permutation(moments(rng, count, day.midnight, OPEN_HOURS))
    earliest = np.maximum(market.updated[bought] + 1, day.midnight + OPENING)
    latest = day.midnight + LAST_PAYMENT
    later = (earliest + (latest - earliest) * rng.random(count)).astype(np.int64)
    begun = np.where((begun < earliest) | (begun > latest), later, begun)
    order = np.argsort(begun, kind="stable")
    bought, begun = bought[order], begun[order]
    amounts = market.prices[bought].copy()
    amounts[some_of(rng, count, WRONG_AMOUNT)] += 10
    first_id = bulk.next_id(connection, "payment_id", "payments")
    ids = np.arange(first_id, first_id + count)
    columns = {
        "payment_id": ids,
        "listing_id": market.ids[bought],
        "buyer_id": members[pick(rng, popularity(members, day.seed + 1), count)],
        "seller_id": market.sellers[bought],
        "amount": amounts,
        "currency": ["BRL"] * count,
        "method": METHODS[rng.choice(3, count, p=(0.5, 0.38, 0.12))],
        "status": ["pending"] * count,
        "created_at": bulk.timestamps(begun),
        "updated_at": bulk.timestamps(begun),
    }
    bulk.copy_in(connection, "payments", columns)
    chance, settled = rng.random(count), begun + rng.integers(MINUTE, 20 * MINUTE, count)
    is_paid, is_failed = chance < PAID, (chance >= PAID) & (chance < PAID + FAILED)
    done = is_paid | is_failed
    _set_status(connection, ids[done], np.where(is_paid, "paid", "failed")[done], settled[done])
    sold = bought[is_paid]
    market.updated[sold] = settled[is_paid]
    market.write(connection, day, sold, np.full(len(sold), "sold"))


def _set_status(connection: psycopg.Connection, ids: Ints, status: np.ndarray, when: Ints) -> None:
    columns = {"payment_id": ids, "status": status, "updated_at": bulk.timestamps(when)}
    bulk.update(connection, "payments", "payment_id", columns)
