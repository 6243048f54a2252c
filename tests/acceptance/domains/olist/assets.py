"""One dataset per file of the Olist sample, as it is, and two refined ones made of them.

The files are read as text, an empty field being null, quoted or not: what each column is, and which rows are not what
they should be, is for the contracts to say.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import duckdb
import polars as pl

from data_platform.datasets import Reads, dataset

REPOSITORY = Path(__file__).resolve().parents[4]


def folder() -> Path:
    """Where the files are: OLIST_FOLDER, or `shared/data/olist` beside the checkout."""
    return Path(os.environ.get("OLIST_FOLDER") or REPOSITORY.parent / "shared" / "data" / "olist")


def text_of(file: str) -> duckdb.DuckDBPyRelation:
    """All rows of a file, every column as text; line breaks and doubled quotes inside quotes belong to the value."""
    path = str(folder() / file)
    return duckdb.read_csv(path, header=True, all_varchar=True, sep=",", quotechar='"', escapechar='"')


@dataset("olist.customers")
def customers() -> duckdb.DuckDBPyRelation:
    return text_of("olist_customers_dataset.csv")


@dataset("olist.sellers")
def sellers() -> duckdb.DuckDBPyRelation:
    return text_of("olist_sellers_dataset.csv")


@dataset("olist.products")
def products() -> duckdb.DuckDBPyRelation:
    return text_of("olist_products_dataset.csv")


@dataset("olist.category_translations")
def category_translations() -> duckdb.DuckDBPyRelation:
    return text_of("product_category_name_translation.csv")


@dataset("olist.orders")
def orders() -> duckdb.DuckDBPyRelation:
    return text_of("olist_orders_dataset.csv")


@dataset("olist.order_items")
def order_items() -> duckdb.DuckDBPyRelation:
    return text_of("olist_order_items_dataset.csv")


@dataset("olist.order_payments")
def order_payments() -> duckdb.DuckDBPyRelation:
    return text_of("olist_order_payments_dataset.csv")


@dataset("olist.order_reviews")
def order_reviews() -> duckdb.DuckDBPyRelation:
    return text_of("olist_order_reviews_dataset.csv")


@dataset("olist.order_facts")
def order_facts(
    orders: Annotated[duckdb.DuckDBPyRelation, Reads("olist.orders")],
    customers: Annotated[duckdb.DuckDBPyRelation, Reads("olist.customers", "customer_id", "customer_state")],
    items: Annotated[duckdb.DuckDBPyRelation, Reads("olist.order_items", "order_id", "price", "freight_value")],
    payments: Annotated[duckdb.DuckDBPyRelation, Reads("olist.order_payments", "order_id", "payment_value")],
    reviews: Annotated[duckdb.DuckDBPyRelation, Reads("olist.order_reviews", "order_id", "review_score")],
) -> duckdb.DuckDBPyRelation:
    return duckdb.sql("""
        WITH due AS (SELECT order_id, count(*) AS items, sum(price + freight_value) AS value FROM items GROUP BY ALL),
        paid AS (SELECT order_id, sum(payment_value) AS paid FROM payments GROUP BY ALL),
        said AS (SELECT order_id, min(review_score) AS worst_score FROM reviews GROUP BY ALL)
        SELECT order_id, customer_state, order_status, CAST(order_purchase_timestamp AS DATE) AS purchased_on,
            order_delivered_customer_date > order_estimated_delivery_date AS is_late,
            coalesce(items, 0) AS items, coalesce(value, 0) AS value, coalesce(paid, 0) AS paid, worst_score
        FROM orders JOIN customers USING (customer_id)
        LEFT JOIN due USING (order_id) LEFT JOIN paid USING (order_id) LEFT JOIN said USING (order_id)
    """)


@dataset("olist.product_catalogue")
def product_catalogue(
    products: Annotated[pl.LazyFrame, Reads("olist.products", "product_id", "product_category_name")],
    translations: Annotated[pl.LazyFrame, Reads("olist.category_translations")],
    items: Annotated[pl.LazyFrame, Reads("olist.order_items", "product_id", "price")],
) -> pl.LazyFrame:
    sold = items.group_by("product_id").agg(items_sold=pl.len(), revenue=pl.col("price").sum())
    named = products.join(translations, on="product_category_name", how="left").join(sold, on="product_id", how="left")
    return named.select(
        "product_id",
        pl.col("product_category_name").alias("category"),
        pl.col("product_category_name_english").alias("category_english"),
        pl.col("items_sold").fill_null(0),
        pl.col("revenue").fill_null(0),
    )
