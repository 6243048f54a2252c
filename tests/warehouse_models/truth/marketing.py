"""What the SQL datasets of the domain marketing have to say."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from .ads import daily_listing_funnel
from .rows import Row, Tables, days_of, shown

CHANNELS = {"google": "search_engine", "instagram": "social", "email": "newsletter", "unknown": "unknown"}


def referrer_performance(tables: Tables) -> list[Row]:
    found: dict[tuple, Row] = {}
    members, visits = defaultdict(set), defaultdict(set)

    def row_of(day: date, referrer: str | None) -> Row:
        name = referrer or "unknown"
        empty = dict.fromkeys(("visits", "views", "members", "contacts", "sales", "revenue"), 0)
        start = {"day": day, "referrer": name, "channel": CHANNELS.get(name, "on_site")}
        return found.setdefault((day, name), start | empty)

    views = sorted(tables("tracking.listing_views"), key=lambda view: (view["received_at"], view["event_id"]))
    brought: dict[tuple, str | None] = {}
    for view in views:
        referrer = brought.setdefault((view["day"], view["session_id"]), view["referrer"])
        row = row_of(view["day"], referrer)
        row["views"] += 1
        visits[row["day"], row["referrer"]].add(view["session_id"])
        members[row["day"], row["referrer"]] |= {view["user_id"]} - {None}
    for contact in tables("tracking.contacts"):
        row_of(contact["day"], brought.get((contact["day"], contact["session_id"])))["contacts"] += 1
    for payment in tables("messaging.payments"):
        if payment["status"] == "paid":
            who = payment["day"], payment["listing_id"], payment["buyer_id"]
            before = [
                view
                for view in views
                if (view["day"], view["listing_id"], view["user_id"]) == who
                and view["received_at"] <= payment["created_at"]
            ]
            row = row_of(payment["day"], before[-1]["referrer"] if before else None)
            row["sales"] += 1
            row["revenue"] += payment["amount"]
    for place, row in found.items():
        row |= {"visits": len(visits[place]), "members": len(members[place])}
    for row in found.values():
        all_visits = sum(other["visits"] for other in found.values() if other["day"] == row["day"])
        row["percent_of_visits"] = 100 * row["visits"] / all_visits
    return list(found.values())


def user_interests(tables: Tables) -> list[Row]:
    category = {(row["day"], row["listing_id"]): row["category_id"] for row in shown(tables)}
    signals = []
    for weight, rows in ((1, tables("tracking.listing_views")), (5, tables("tracking.contacts"))):
        signals += [(row["day"], row["user_id"], category.get((row["day"], row["listing_id"])), weight) for row in rows]
    signals += [(row["day"], row["user_id"], row["category_id"], 2) for row in tables("tracking.searches")]
    signals = [signal for signal in signals if signal[1] is not None and signal[2] is not None]
    found = []
    for day in sorted({signal[0] for signal in signals}):
        weights: dict[int, dict[int, list[tuple[int, date]]]] = defaultdict(lambda: defaultdict(list))
        for on, user, category_id, weight in signals:
            if timedelta(0) <= day - on < timedelta(14):
                weights[user][category_id].append((weight, on))
        for user, of_user in weights.items():
            ranked = [
                (-sum(weight for weight, _ in each), -max(on for _, on in each).toordinal(), category_id, len(each))
                for category_id, each in of_user.items()
            ]
            for place, (score, last, category_id, count) in enumerate(sorted(ranked)[:5], 1):
                found.append(
                    {"day": day, "user_id": user, "category_id": category_id, "signals": count, "score": -score}
                    | {"last_signal_on": date.fromordinal(-last), "place": place}
                )
    return found


def email_segments(tables: Tables) -> list[Row]:
    topics = {row["category_id"]: row["name"] for row in tables("ads.categories")}
    users = tables("users.users")
    emails = {(row["day"], row["user_id"]): row["email"] for row in users}
    favourite = {(row["day"], row["user_id"]): row for row in user_interests(tables) if row["place"] == 1}
    funnel, activity = daily_listing_funnel(tables), tables("users.user_activity")
    payments = tables("messaging.payments")
    drawn: list[tuple[date, str, int, int | None, int]] = []

    def within(rows: Iterable[Row], day: date, length: int) -> Iterable[Row]:
        return (row for row in rows if timedelta(0) <= day - row["day"] < timedelta(length))

    for day in days_of(users):
        for row in users:
            age = (day - row["created_at"].date()).days
            if row["day"] == day and age < 7:
                topic = favourite.get((day, row["user_id"]), {}).get("category_id")
                drawn.append((day, "newcomer", row["user_id"], topic, 7 - age))
        bought = {row["buyer_id"] for row in within(payments, day, 14) if row["status"] == "paid"}
        for (on, user), interest in favourite.items():
            if on == day and interest["score"] >= 10 and user not in bought:
                drawn.append((day, "keen_buyer", user, interest["category_id"], interest["score"]))
        week = defaultdict(list)
        for row in within(funnel, day, 7):
            week[row["seller_id"]].append(row)
        for user, rows in week.items():
            quiet = not any(row["contacts"] + row["conversations"] + row["sales"] for row in rows)
            if quiet and any(row["day"] == day and row["is_on_offer"] for row in rows):
                listings = len({row["listing_id"] for row in rows})
                drawn.append((day, "waiting_seller", user, min(row["category_id"] for row in rows), listings))
        last = {}
        for row in within(activity, day, 28):
            last[row["user_id"]] = max(row["day"], last.get(row["user_id"], row["day"]))
        for user, on in last.items():
            if (day - on).days >= 7:
                drawn.append((day, "dormant", user, None, (day - on).days))
    found: dict[tuple, Row] = {}
    for day, segment, user, topic, strength in sorted(drawn, key=lambda each: (-each[4], each[2])):
        if email := emails.get((day, user)):
            key = email.strip().lower()
            found.setdefault(
                (day, segment, key),
                {"day": day, "segment": segment, "user_id": user, "email": email, "topic": topics.get(topic)}
                | {"email_key": hashlib.sha256(key.encode()).hexdigest(), "strength": strength},
            )
    return list(found.values())
