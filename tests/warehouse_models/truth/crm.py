"""What the SQL datasets of the domain crm have to say."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from statistics import median
from typing import Any

from .ads import daily_listing_funnel, listing_lifecycles
from .customers import customer_history
from .marketing import email_segments
from .rows import Row, Tables, by_place, days_of

CONTACTED = ("phone", "whatsapp", "message")


def ad_replies(tables: Tables) -> list[Row]:
    contacts, messages = by_place(tables("tracking.contacts")), by_place(tables("messaging.messages"))
    found = []
    for day, listing_id in contacts.keys() | messages.keys():
        by, written = contacts.get((day, listing_id), []), messages.get((day, listing_id), [])
        channels = Counter(row["channel"] for row in by)
        found.append(
            {
                **{"day": day, "listing_id": listing_id, "replies": len(by), "messages": len(written)},
                **{f"by_{channel}": channels[channel] for channel in CONTACTED},
                "buyers": len({row["user_id"] for row in by}),
                "last_reply_at": max([row["received_at"] for row in by] + [row["sent_at"] for row in written]),
            }
        )
    return found


def customer_ads(tables: Tables) -> list[Row]:
    categories = {row["category_id"]: row["name"] for row in tables("ads.categories")}
    current = {row["customer_id"]: row for row in customer_history(tables) if row["is_current"]}
    replies, attention, ads = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in ad_replies(tables):
        replies[row["listing_id"]].append(row)
    for row in daily_listing_funnel(tables):
        attention[row["listing_id"]].append(row)
    for row in listing_lifecycles(tables):
        ads[row["seller_id"]].append(row)

    def total(known: dict[int, list[Row]], of: list[Row], name: str) -> Any:
        return sum(row[name] for ad in of for row in known[ad["listing_id"]])

    found = []
    for customer, posted in ads.items():
        posted.sort(key=lambda ad: (ad["posted_at"], ad["listing_id"]), reverse=True)
        offered, prices = [ad for ad in posted if ad["fate"] == "active"], [ad["last_price"] for ad in posted]
        in_category = Counter(ad["category_id"] for ad in posted)
        main = min(in_category, key=lambda category: (-in_category[category], category))
        answered = [row["last_reply_at"] for ad in posted for row in replies[ad["listing_id"]]]
        unanswered = [ad for ad in offered if not replies[ad["listing_id"]]]
        newest = [
            {"listing_id": ad["listing_id"], "title": ad["title"], "price": ad["last_price"]}
            | {"posted_at": ad["posted_at"], "fate": ad["fate"], "replies": total(replies, [ad], "replies")}
            for ad in posted[:5]
        ]
        who = current.get(customer)
        found.append(
            {
                "customer_id": customer,
                "city": who["city"] if who else None,
                "is_verified": who["is_verified"] if who else None,
                "is_member": who is not None,
                "main_category": categories[main],
                "ads_posted": len(posted),
                "ads_on_offer": len(offered),
                "ads_sold": sum(ad["fate"] == "sold" for ad in posted),
                "ads_without_reply": len(unanswered),
                "first_posted_at": posted[-1]["posted_at"],
                "last_posted_at": posted[0]["posted_at"],
                "days_since_last_ad": (posted[0]["as_of"] - posted[0]["posted_at"].date()).days,
                "lowest_price": min(prices),
                "median_price": round(median(prices), 2),
                "highest_price": max(prices),
                "value_on_offer": sum(ad["last_price"] for ad in offered),
                "views": total(attention, posted, "views"),
                "replies": total(replies, posted, "replies"),
                **{f"replies_by_{way}": total(replies, posted, f"by_{way}") for way in CONTACTED},
                "messages": total(replies, posted, "messages"),
                "last_reply_at": max(answered) if answered else None,
                "sales": total(attention, posted, "sales"),
                "revenue": total(attention, posted, "revenue"),
                "latest_ads": newest,
                "as_of": posted[0]["as_of"],
            }
        )
    return found


def call_list(tables: Tables) -> list[Row]:
    latest = days_of(tables("users.users"))[-1]
    people = {row["user_id"]: row for row in tables("users.users") if row["day"] == latest and row["phone"]}
    mailed: dict[int, date] = {}
    for row in email_segments(tables):
        if row["segment"] == "waiting_seller":
            mailed[row["user_id"]] = max(row["day"], mailed.get(row["user_id"], row["day"]))
    called = []
    for customer in customer_ads(tables):
        if not customer["is_member"] or customer["customer_id"] not in people:
            continue
        if customer["ads_on_offer"] and customer["ads_without_reply"] == customer["ads_on_offer"]:
            reason = "no_replies"
        elif not customer["ads_on_offer"] and customer["ads_sold"]:
            reason = "sold_out"
        elif customer["ads_on_offer"] >= 5:
            reason = "many_ads"
        else:
            continue
        called.append((customer, reason))
    called.sort(key=lambda each: (-each[0]["value_on_offer"], -each[0]["revenue"], each[0]["customer_id"]))
    kept = ("customer_id", "city", "main_category", "ads_posted", "ads_on_offer", "value_on_offer")
    return [
        {
            **{name: customer[name] for name in (*kept, "replies", "last_posted_at", "as_of")},
            **{name: people[customer["customer_id"]][name] for name in ("display_name", "phone")},
            **{"reason": reason, "priority": place, "last_mailed_on": mailed.get(customer["customer_id"])},
        }
        for place, (customer, reason) in enumerate(called, 1)
    ]
