"""Which columns tell rows apart, and which lead into another file's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from scaffold.scenario import found_in, table_of

Columns = Mapping[str, Sequence[object]]
N = 1_000
IDS = [f"{at:032x}" for at in range(1, N + 1)]


def cycled(*values: object, n: int = N) -> list[object]:
    return [values[at % len(values)] for at in range(n)]


KEYS: dict[str, tuple[str, Columns, tuple[str, ...]]] = {
    "an id": ("orders", {"order_id": IDS, "n": cycled(1, 2)}, ("order_id",)),
    "the id of its own before another one": ("orders", {"customer_id": IDS, "order_id": IDS}, ("order_id",)),
    "a plain id": ("orders", {"id": range(N), "other_id": IDS}, ("id",)),
    "an id in the last column": ("orders", {"n": cycled(1, 2), "order_id": IDS}, ("order_id",)),
    "a name in the first column": ("colours", {"colour": IDS, "rgb": IDS}, ("colour",)),
    "a measure that never repeats is none": ("orders", {"kind": cycled("a", "b"), "price": range(N)}, ()),
    "an id with a null is none": ("orders", {"order_id": [*IDS[:-1], None], "n": cycled(1, 2)}, ()),
    "an id that repeats once is none": ("orders", {"order_id": [*IDS[:-1], IDS[0]], "n": cycled(1, 2, 3)}, ()),
    "an order and its line": (
        "order_lines",
        {"order_id": [IDS[at // 4] for at in range(N)], "line": cycled(1, 2, 3, 4), "price": cycled(9.5, 8.5, 7)},
        ("order_id", "line"),
    ),
    "a day, a shop and a product": (
        "stock",
        {
            "day": [f"2026-01-{1 + at // 100:02}" for at in range(N)],
            "shop_id": [1 + at // 10 % 10 for at in range(N)],
            "product_id": [1 + at % 10 for at in range(N)],
            "pieces": cycled(5, 6, 7),
        },
        ("day", "shop_id", "product_id"),
    ),
    "no more columns than needed": (
        "links",
        {"a_id": [at // 50 for at in range(N)], "b_id": [at % 50 for at in range(N)], "c_id": cycled(1, 2, 3)},
        ("a_id", "b_id"),
    ),
    "nothing tells rows apart": ("words", {"word_id": cycled("a", "b"), "n": cycled(1, 2, 3)}, ()),
}


@pytest.mark.parametrize("case", KEYS)
def test_the_key_is_the_smallest_likely_set_that_is_unique_and_never_null(case: str, tmp_path: Path) -> None:
    name, columns, expected = KEYS[case]
    assert table_of(tmp_path, columns, name).key == expected


def test_a_key_is_verified_on_rows_beyond_the_sample(tmp_path: Path) -> None:
    ids = [f"{at:032x}" for at in range(40_000)]
    assert table_of(tmp_path, {"order_id": [*ids, ids[17]], "n": [1] * 40_001}, "orders").key == ()


PRODUCTS = {"product_id": IDS, "price": cycled(1, 2, 3, 4, 5)}
RELATIONS: dict[str, tuple[dict[str, Columns], set[tuple[str, str, str]]]] = {
    "the same name": (
        {"products": PRODUCTS, "sales": {"sale_id": range(N), "product_id": cycled(*IDS[:100])}},
        {("sales", "product_id", "products")},
    ),
    "a role before the name": (
        {"products": PRODUCTS, "sales": {"sale_id": range(N), "gift_product_id": cycled(*IDS[:100])}},
        {("sales", "gift_product_id", "products")},
    ),
    "a parent whose key is called id": (
        {"products": {"id": range(N), "n": cycled(1, 2)}, "sales": {"id": range(N), "product_id": cycled(3, 4, 5)}},
        {("sales", "product_id", "products")},
    ),
    "nulls have no parent": (
        {"products": PRODUCTS, "sales": {"sale_id": range(N), "product_id": cycled(IDS[0], None)}},
        {("sales", "product_id", "products")},
    ),
    "small numbers in a key of numbers": (
        {
            "products": {"product_id": range(1, N + 1), "n": cycled(1, 2)},
            "reviews": {"review_id": range(1, N + 1), "stars": cycled(1, 2, 3, 4, 5), "category_id": cycled(1, 2, 3)},
        },
        set(),
    ),
    "two keys called id": (
        {"products": {"id": range(N), "n": cycled(1, 2)}, "shops": {"id": range(500), "n": cycled(1, 2, n=500)}},
        set(),
    ),
    "long identifiers under another name": (
        {"products": PRODUCTS, "sales": {"sale_id": range(N), "bought": cycled(*IDS[:100])}},
        {("sales", "bought", "products")},
    ),
    "one value that has no parent": (
        {"products": PRODUCTS, "sales": {"sale_id": range(N), "product_id": [*cycled(*IDS[:9])[1:], "f" * 32]}},
        set(),
    ),
    "one row for each of another": (
        {
            "orders": {"order_id": IDS, "n": cycled(1, 2)},
            "order_notes": {"order_id": IDS[:900], "m": cycled(1, 2, n=900)},
        },
        {("order_notes", "order_id", "orders")},
    ),
    "numbers with a marker": (
        {
            "products": {"product_id": range(1, N + 1), "n": cycled(1, 2)},
            "sales": {"sale_id": range(N), "product_id": cycled(1, 2, "NA")},
        },
        {("sales", "product_id", "products")},
    ),
    "a tree": (
        {"categories": {"category_id": range(1, N + 1), "parent_category_id": [None, *range(1, N)]}},
        {("categories", "parent_category_id", "categories")},
    ),
    "numbers and text": (
        {"products": PRODUCTS, "sales": {"sale_id": range(N), "product_id": cycled(1, 2, 3)}},
        set(),
    ),
}


@pytest.mark.parametrize("case", RELATIONS)
def test_a_foreign_key_has_all_its_values_in_the_other_key_and_a_reason(case: str, tmp_path: Path) -> None:
    files, expected = RELATIONS[case]
    found = found_in(tmp_path, **files)
    assert {(each.child, each.columns[0], each.parent) for each in found.rules} == expected


def test_a_relation_that_nearly_holds_is_told_with_the_rows_that_are_missing(tmp_path: Path) -> None:
    files, _ = RELATIONS["one value that has no parent"]
    [near] = found_in(tmp_path, **files).foreign_keys
    assert (near.missing, near.holds) == (1, False)


def test_two_files_that_lead_into_each_other_give_one_foreign_key(tmp_path: Path) -> None:
    """Datasets that wait for each other would never be produced."""
    files = {
        "shops": {"shop_id": IDS, "owner_id": IDS[::-1]},
        "owners": {"owner_id": IDS, "shop_id": IDS[::-1]},
    }
    assert len(found_in(tmp_path, **files).rules) == 1
