"""What is wrong with the files by our own count, and what the refined datasets are in plain Python: the tests' half."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from acceptance.source_files import COLUMNS, Row, rows

BLANK = "\t\n\f\r "
Count = Callable[[list[Row]], int]


def nulls(column: str) -> Count:
    return lambda some: sum(row[column] is None for row in some)


def those(column: str, test: Callable[[Any], bool]) -> Count:
    """Values that are not null and meet a test."""
    return lambda some: sum(test(row[column]) for row in some if row[column] is not None)


def unlike(column: str, pattern: str) -> Count:
    return those(column, lambda value: not re.search(pattern, value))


def surplus(column: str) -> Count:
    return lambda some: len(some) - len({row[column] for row in some})


def earlier(first: str, second: str) -> Count:
    return lambda some: sum(bool(row[first] and row[second]) and row[first] < row[second] for row in some)


def first_payment_missing(some: list[Row]) -> int:
    return len({row["order_id"] for row in some} - {row["order_id"] for row in some if row["payment_sequential"] == 1})


PURCHASED, APPROVED, HANDED_OVER, DELIVERED, PROMISED = list(COLUMNS["orders"])[3:]
TITLE, MESSAGE = "review_comment_title", "review_comment_message"
DIRT: dict[tuple[str, str], Count] = {
    ("customers", "people_who_came_back"): surplus("customer_unique_id"),
    ("sellers", "seller_city_pattern"): unlike("seller_city", r"\A[a-z]{3,}([ '-][a-z]+)*\Z"),
    ("sellers", "city_is_neither_address_nor_number"): those(
        "seller_city", lambda city: bool(re.search("[0-9@]", city))
    ),
    ("products", "product_has_a_category"): nulls("product_category_name"),
    ("products", "weight_is_not_the_placeholder"): those("product_weight_g", lambda weight: weight == 50),
    ("category_translations", "category_is_not_a_second_copy"): those(
        "product_category_name", lambda category: category[-1].isdigit()
    ),
    ("orders", "order_is_approved"): nulls(APPROVED),
    ("orders", "order_is_delivered"): nulls(DELIVERED),
    ("orders", "delivered_orders_have_a_delivery_date"): lambda some: sum(
        row["order_status"] == "delivered" and row[DELIVERED] is None for row in some
    ),
    ("orders", "only_delivered_orders_have_a_delivery_date"): lambda some: sum(
        row["order_status"] != "delivered" and row[DELIVERED] is not None for row in some
    ),
    ("orders", "handed_over_after_approval"): earlier(HANDED_OVER, APPROVED),
    ("orders", "delivered_after_being_handed_over"): earlier(DELIVERED, HANDED_OVER),
    ("orders", "delivered_as_promised"): earlier(PROMISED, DELIVERED),
    ("order_items", "shipping_limit_date_maximum"): those(
        "shipping_limit_date", lambda limit: limit > datetime(2018, 12, 31, 23, 59, 59)
    ),
    ("order_items", "freight_is_paid_by_the_buyer"): those("freight_value", lambda freight: freight == 0),
    ("order_items", "freight_is_below_the_price"): earlier("price", "freight_value"),
    ("order_payments", "payment_type_enum"): those("payment_type", lambda kind: kind == "not_defined"),
    ("order_payments", "something_was_paid"): those("payment_value", lambda value: value == 0),
    ("order_payments", "payments_are_numbered_from_one"): first_payment_missing,
    ("order_reviews", "each_review_once"): surplus("review_id"),
    ("order_reviews", "one_review_per_order"): surplus("order_id"),
    ("order_reviews", "title_has_no_blanks_around_it"): those(TITLE, lambda title: title != title.strip(BLANK)),
    ("order_reviews", "message_fits_the_form"): those(MESSAGE, lambda message: len(message) > 200),
    ("order_reviews", "message_is_one_line"): those(MESSAGE, lambda message: "\r" in message or "\n" in message),
    ("order_reviews", "message_says_something"): those(MESSAGE, lambda message: not message.strip(BLANK)),
    ("order_reviews", "message_has_no_e_mail_address"): those(
        MESSAGE, lambda message: bool(re.search(r"[^@\s]+@[^@\s]+\.[a-z]", message))
    ),
    ("order_reviews", "creation_date_is_a_day"): those("review_creation_date", lambda at: at.time() != time()),
}
SHARES: dict[
    tuple[str, str], tuple[str, bool]
] = {  # check -> whose percentage of nulls it measures, and whether it holds
    ("products", "share_of_products_without_photos"): ("product_photos_qty", False),
    ("orders", "share_of_orders_not_handed_over"): (HANDED_OVER, True),
    ("order_reviews", "share_of_reviews_without_title"): (TITLE, True),
    ("order_reviews", "share_of_reviews_without_message"): (MESSAGE, True),
}
QUARANTINING = {
    ("sellers", "city_is_neither_address_nor_number"),
    ("order_payments", "payment_type_enum"),
    ("order_reviews", "each_review_once"),
}
OF_REFINED: dict[tuple[str, str], Callable[[], int]] = {
    ("order_facts", "order_has_items"): lambda: sum(facts["items"] == 0 for facts in order_facts()),
    ("order_facts", "order_is_reviewed"): lambda: sum(facts["worst_score"] is None for facts in order_facts()),
    ("order_facts", "paid_is_what_was_due"): lambda: sum(
        facts["items"] > 0 and facts["paid"] != facts["value"] for facts in order_facts()
    ),
    ("product_catalogue", "product_has_an_english_category"): lambda: sum(
        product["category_english"] is None for product in product_catalogue()
    ),
    ("product_catalogue", "categories_are_translated"): lambda: sum(
        product["category"] is not None and product["category_english"] is None for product in product_catalogue()
    ),
}


@lru_cache
def order_facts() -> list[Row]:
    customers = {row["customer_id"]: row["customer_state"] for row in rows("customers")}
    due, paid, scores = defaultdict[str, list](list), defaultdict[str, Decimal](Decimal), defaultdict[str, list](list)
    for row in rows("order_items"):
        due[row["order_id"]].append(row["price"] + row["freight_value"])
    for row in rows("order_payments"):
        if row["payment_type"] != "not_defined":
            paid[row["order_id"]] += row["payment_value"]
    for row in reviews_kept():
        scores[row["order_id"]].append(row["review_score"])
    return [
        {
            "order_id": (key := row["order_id"]),
            "customer_state": customers[row["customer_id"]],
            "order_status": row["order_status"],
            "purchased_on": row[PURCHASED].date(),
            "is_late": row[DELIVERED] > row[PROMISED] if row[DELIVERED] else None,
            "items": len(due[key]),
            "value": sum(due[key], Decimal()),
            "paid": paid[key],
            "worst_score": min(scores[key], default=None),
        }
        for row in rows("orders")
    ]


@lru_cache
def reviews_kept() -> list[Row]:
    """Each review once, for the first of its orders."""
    ordered = sorted(rows("order_reviews"), key=lambda row: row["order_id"], reverse=True)
    return list({row["review_id"]: row for row in ordered}.values())


@lru_cache
def product_catalogue() -> list[Row]:
    english = {
        row["product_category_name"]: row["product_category_name_english"] for row in rows("category_translations")
    }
    prices = defaultdict[str, list](list)
    for row in rows("order_items"):
        prices[row["product_id"]].append(row["price"])
    return [
        {
            "product_id": (key := row["product_id"]),
            "category": row["product_category_name"],
            "category_english": english.get(row["product_category_name"]),
            "items_sold": len(prices[key]),
            "revenue": sum(prices[key], Decimal()),
        }
        for row in rows("products")
    ]
