"""Messages of a day: members write to sellers about what was on offer when the day began."""

import numpy as np
import psycopg

from . import bulk, dirt, people, words
from .days import Day
from .draws import Ints, moments, pick, popularity
from .market import Market


def write_messages(connection: psycopg.Connection, day: Day, market: Market, members: Ints) -> None:
    """Add the day's messages; some carry a phone number."""
    rng = day.draws("messages")
    written = moments(rng, day.count("messages"), day.midnight)
    count = len(written)
    known = np.flatnonzero(market.created < day.midnight)
    about = known[pick(rng, popularity(market.ids[known], day.seed), count)]
    positions = dirt.phone_positions(count, day, rng).tolist()
    first_id = bulk.next_id(connection, "message_id", "messages")
    columns = {
        "message_id": np.arange(first_id, first_id + count),
        "listing_id": market.ids[about],
        "sender_id": members[pick(rng, popularity(members, day.seed + 1), count)],
        "recipient_id": market.sellers[about],
        "body": words.messages(rng, dict(zip(positions, people.phones(rng, len(positions)))), count),
        "created_at": bulk.timestamps(written),
        "updated_at": bulk.timestamps(written),
    }
    bulk.copy_in(connection, "messages", columns)
