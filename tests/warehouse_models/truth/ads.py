"""What the SQL datasets of the domain ads have to say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from statistics import mean, median

from .customers import customer_history
from .rows import Row, Tables, by_place, days_of, shown


def daily_listing_funnel(tables: Tables) -> list[Row]:
    views, contacts = tables("tracking.listing_views"), tables("tracking.contacts")
    messages, payments = tables("messaging.messages"), tables("messaging.payments")
    found = []
    for listing in shown(tables):

        def of(rows: list[Row], place: tuple = (listing["day"], listing["listing_id"])) -> list[Row]:
            return by_place(rows).get(place, [])

        paid = [row for row in of(payments) if row["status"] == "paid"]
        row = {
            **{name: listing[name] for name in ("day", "listing_id", "seller_id", "category_id", "price")},
            "is_on_offer": listing["status"] == "active",
            "views": len(of(views)),
            "visits": len({view["session_id"] for view in of(views)}),
            "contacts": len(of(contacts)),
            "conversations": len(
                {each["sender_id"] for each in of(messages) if each["recipient_id"] == listing["seller_id"]}
            ),
            "payments_begun": sum(each["created_at"].date() == listing["day"] for each in of(payments)),
            "sales": len(paid),
            "revenue": sum(each["amount"] for each in paid),
        }
        happened = [row["sales"], row["payments_begun"], row["contacts"] + row["conversations"], row["views"]]
        stages = [stage for stage, count in zip(("sold", "payment", "contact", "view"), happened, strict=True) if count]
        if row["is_on_offer"] or stages or of(payments):
            found.append({**row, "stage": stages[0] if stages else "offer"})
    return found


def category_funnel(tables: Tables) -> list[Row]:
    sums = ("views", "contacts", "conversations", "sales", "revenue")
    categories = {row["category_id"]: row for row in tables("ads.categories")}
    funnel = daily_listing_funnel(tables)
    published = set(days_of(funnel))
    found: dict[tuple, Row] = {}

    def rows_of(row: Row) -> Iterable[Row]:
        """That of its category, and that of the group which the category is in."""
        category = categories.get(row["category_id"])
        for each in (category, categories.get(category["parent_id"]) if category else None):
            if each:
                empty = dict.fromkeys(("searches", "fruitless_searches", "on_offer", *sums), 0)
                level = "category" if each["parent_id"] else "group"
                yield found.setdefault(
                    (row["day"], each["category_id"]),
                    {"day": row["day"], "category_id": each["category_id"], "category": each["name"], "level": level}
                    | empty,
                )

    for listing in funnel:
        for row in rows_of(listing):
            row["on_offer"] += listing["is_on_offer"]
            for name in sums:
                row[name] += listing[name]
    for search in tables("tracking.searches"):
        if search["day"] in published:
            for row in rows_of(search):
                row["searches"] += 1
                row["fruitless_searches"] += search["results"] == 0
    for row in found.values():
        row["contacts_per_100_views"] = 100 * row["contacts"] / row["views"] if row["views"] else None
    return list(found.values())


def listing_lifecycles(tables: Tables) -> list[Row]:
    as_of = days_of(shown(tables))[-1]
    lives = defaultdict(list)
    for row in sorted(shown(tables), key=lambda row: row["day"]):
        lives[row["listing_id"]].append(row)
    found = []
    for life in lives.values():
        first, last = life[0], life[-1]
        sold = [row["updated_at"] for row in life if row["status"] == "sold"]
        gone = last["status"] == "active" and last["day"] < as_of
        found.append(
            {
                **{name: last[name] for name in ("listing_id", "seller_id", "category_id", "title")},
                "posted_at": first["created_at"],
                "first_seen_on": first["day"],
                "last_seen_on": last["day"],
                "first_price": first["price"],
                "last_price": last["price"],
                "price_cuts": sum(after["price"] < before["price"] for before, after in pairwise(life)),
                "fate": "withdrawn" if gone else last["status"],
                "sold_at": min(sold) if sold else None,
                "days_to_sell": (min(sold).date() - first["created_at"].date()).days if sold else None,
                "as_of": as_of,
            }
        )
    return found


def selling_times(tables: Tables) -> list[Row]:
    categories = {row["category_id"]: row["name"] for row in tables("ads.categories")}
    history = customer_history(tables)
    begins = min(row["valid_from"] for row in history)
    groups = defaultdict(list)
    for listing in listing_lifecycles(tables):
        on = max(listing["posted_at"].date(), begins)
        known = [
            row["is_verified"]
            for row in history
            if row["customer_id"] == listing["seller_id"]
            and row["valid_from"] <= on
            and (row["valid_to"] is None or on < row["valid_to"])
        ]
        seller = {(True,): "verified", (False,): "unverified", (): "unknown"}[tuple(known)]
        groups[listing["category_id"], seller].append(listing)
    found = []
    for (category_id, seller), listings in groups.items():
        sold = [row["days_to_sell"] for row in listings if row["fate"] == "sold"]
        ever_sold = [row["days_to_sell"] for row in listings if row["days_to_sell"] is not None]
        found.append(
            {
                **{"category_id": category_id, "category": categories[category_id], "seller": seller},
                "ads": len(listings),
                "sold": len(sold),
                "sold_percent": 100 * len(sold) / len(listings),
                "median_days_to_sell": median(ever_sold) if ever_sold else None,
                "mean_price_cuts": mean(row["price_cuts"] for row in listings),
                "mean_discount_percent": 100 * (1 - mean(float(x["last_price"] / x["first_price"]) for x in listings)),
                "as_of": listings[0]["as_of"],
            }
        )
    return found
