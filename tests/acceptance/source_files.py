"""The Olist files as the tests read them: by Python's csv module and types written down here, with nothing of the
platform, so that what is published can be compared with them.

The one rule about text: an empty field is null.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(
    os.environ.get("OLIST_FOLDER") or Path(__file__).resolve().parents[2].parent / "shared" / "data" / "olist"
)

TEXT, WHOLE, MONEY, MOMENT = str, int, Decimal, datetime.fromisoformat
Columns = Mapping[str, Callable[[str], Any]]

FILES: dict[str, str] = {
    "customers": "olist_customers_dataset.csv",
    "sellers": "olist_sellers_dataset.csv",
    "products": "olist_products_dataset.csv",
    "category_translations": "product_category_name_translation.csv",
    "orders": "olist_orders_dataset.csv",
    "order_items": "olist_order_items_dataset.csv",
    "order_payments": "olist_order_payments_dataset.csv",
    "order_reviews": "olist_order_reviews_dataset.csv",
}
COLUMNS: dict[str, Columns] = {
    "customers": {
        "customer_id": TEXT,
        "customer_unique_id": TEXT,
        "customer_zip_code_prefix": TEXT,
        "customer_city": TEXT,
        "customer_state": TEXT,
    },
    "sellers": {"seller_id": TEXT, "seller_zip_code_prefix": TEXT, "seller_city": TEXT, "seller_state": TEXT},
    "products": {
        "product_id": TEXT,
        "product_category_name": TEXT,
        "product_name_lenght": WHOLE,
        "product_description_lenght": WHOLE,
        "product_photos_qty": WHOLE,
        "product_weight_g": WHOLE,
        "product_length_cm": WHOLE,
        "product_height_cm": WHOLE,
        "product_width_cm": WHOLE,
    },
    "category_translations": {"product_category_name": TEXT, "product_category_name_english": TEXT},
    "orders": {
        "order_id": TEXT,
        "customer_id": TEXT,
        "order_status": TEXT,
        "order_purchase_timestamp": MOMENT,
        "order_approved_at": MOMENT,
        "order_delivered_carrier_date": MOMENT,
        "order_delivered_customer_date": MOMENT,
        "order_estimated_delivery_date": MOMENT,
    },
    "order_items": {
        "order_id": TEXT,
        "order_item_id": WHOLE,
        "product_id": TEXT,
        "seller_id": TEXT,
        "shipping_limit_date": MOMENT,
        "price": MONEY,
        "freight_value": MONEY,
    },
    "order_payments": {
        "order_id": TEXT,
        "payment_sequential": WHOLE,
        "payment_type": TEXT,
        "payment_installments": WHOLE,
        "payment_value": MONEY,
    },
    "order_reviews": {
        "review_id": TEXT,
        "order_id": TEXT,
        "review_score": WHOLE,
        "review_comment_title": TEXT,
        "review_comment_message": TEXT,
        "review_creation_date": MOMENT,
        "review_answer_timestamp": MOMENT,
    },
}
Row = dict[str, Any]


def texts(name: str) -> list[dict[str, str]]:
    """A file's rows as the text that is in it."""
    with (FOLDER / FILES[name]).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@lru_cache
def rows(name: str) -> list[Row]:
    """A file's rows, typed; not to be changed."""
    types = COLUMNS[name]
    return [{column: of(row[column]) if row[column] else None for column, of in types.items()} for row in texts(name)]


def write(name: str, folder: Path, content: Sequence[Mapping[str, str]], **options: Any) -> None:
    """A file of that name; `options` are csv's."""
    with (folder / FILES[name]).open("w", encoding=options.pop("encoding", "utf-8"), newline="") as file:
        writer = csv.DictWriter(file, list(content[0]), **({"lineterminator": "\n"} | options))
        writer.writeheader()
        writer.writerows(content)


def multiset(some: Iterable[Mapping[str, Any]]) -> Counter[tuple]:
    """Rows without order, each with the number of times it occurs."""
    return Counter(tuple(row.values()) for row in some)
