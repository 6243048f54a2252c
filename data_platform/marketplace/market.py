"""The listings that are drafts or on offer, held in columns while a day is simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import psycopg

from . import bulk
from .days import Day
from .dirt import written_prices
from .draws import DAY, OPEN_HOURS, Floats, Ints, moments, pick_distinct

OPEN_LISTINGS = """
    SELECT listing_id, seller_id, price, (status = 'draft')::int AS is_draft, micros(created_at) AS created,
           (listing_id IN (SELECT listing_id FROM payments WHERE status = 'pending'))::int AS is_reserved,
           micros(updated_at) AS updated
    FROM listings WHERE status IN ('draft', 'active') ORDER BY listing_id"""
EXPIRES_AFTER = 45 * DAY


@dataclass
class Market:
    ids: Ints
    sellers: Ints
    prices: Floats  # the true ones, whatever a bug writes
    is_draft: np.ndarray
    is_reserved: np.ndarray  # somebody's payment is pending: its price stays, and nobody else can buy it
    created: Ints
    updated: Ints

    @classmethod
    def open(cls, connection: psycopg.Connection, day: Day) -> Market:
        """The market as the night's jobs left it."""
        rows = bulk.fetch(connection, OPEN_LISTINGS)
        flags = rows["is_draft"].astype(bool), rows["is_reserved"].astype(bool)
        return cls(
            rows["listing_id"], rows["seller_id"], rows["price"].astype(float), *flags, rows["created"], rows["updated"]
        )

    def add(self, ids: Ints, sellers: Ints, prices: Floats, is_draft: np.ndarray, created: Ints) -> None:
        """The day's new listings."""
        self.ids, self.sellers = np.append(self.ids, ids), np.append(self.sellers, sellers)
        self.prices, self.is_draft = np.append(self.prices, prices), np.append(self.is_draft, is_draft)
        self.is_reserved = np.append(self.is_reserved, np.zeros(len(ids), bool))
        self.created, self.updated = np.append(self.created, created), np.append(self.updated, created)

    def edit(self, connection: psycopg.Connection, day: Day) -> None:
        """Sellers publish drafts and lower prices; old listings expire; moderators remove a few."""
        rng = day.draws("listing edits")
        # Drafts and aged listings are what changes most.
        weights = np.where(self.is_draft, 4.0, np.where(day.midnight - self.created > EXPIRES_AFTER, 2.0, 1.0))
        free = np.flatnonzero(~self.is_reserved)
        edited = free[pick_distinct(rng, weights[free], day.count("listing_edits"))]
        chance = rng.random(len(edited))
        aged = day.midnight - self.created[edited] > EXPIRES_AFTER
        outcome = np.where(aged & (chance < 0.5), "expired", np.where(chance > 0.97, "removed", "active"))
        outcome = np.where(self.is_draft[edited], "active", outcome)
        lower = np.maximum(1.0, np.round(self.prices[edited] * rng.uniform(0.8, 0.95, len(edited))))
        is_reduced = ~self.is_draft[edited] & (outcome == "active") & (self.prices[edited] > 0)
        self.prices[edited] = np.where(is_reduced, lower, self.prices[edited])
        self.is_draft[edited] = False
        self.updated[edited] = rng.permutation(moments(rng, len(edited), day.midnight, OPEN_HOURS))
        self.write(connection, day, edited, outcome)
        self._keep(np.setdiff1d(np.arange(len(self.ids)), edited[outcome != "active"]))

    def write(self, connection: psycopg.Connection, day: Day, positions: Ints, status: np.ndarray) -> None:
        """Update these listings in the monolith, through the bug on the bad day."""
        ids = self.ids[positions]
        columns = {
            "listing_id": ids,
            "status": status,
            "price": written_prices(ids, self.prices[positions], day),
            "updated_at": bulk.timestamps(self.updated[positions]),
        }
        bulk.update(connection, "listings", "listing_id", columns)

    def _keep(self, positions: Ints) -> None:
        self.ids, self.sellers, self.prices = self.ids[positions], self.sellers[positions], self.prices[positions]
        self.is_draft, self.created = self.is_draft[positions], self.created[positions]
        self.is_reserved, self.updated = self.is_reserved[positions], self.updated[positions]
