"""What crm.customer_history has to say."""

from __future__ import annotations

from .rows import Row, Tables, days_of


def customer_history(tables: Tables) -> list[Row]:
    days = days_of(tables("users.users"))
    states = {(row["user_id"], row["day"]): row for row in tables("users.users")}
    found = []
    for customer in sorted({customer for customer, _ in states}):
        versions: list[Row] = []
        for day in days:
            state = states.get((customer, day))
            known = state and (state["city"], state["is_verified"], state["phone"] is not None)
            last = versions[-1] if versions else None
            if last and last["valid_to"] is None and known != (last["city"], last["is_verified"], last["has_phone"]):
                last |= {"valid_to": day, "closed_because": "changed" if state else "left"}
            if state and (last is None or last["valid_to"] is not None):
                version = dict(zip(("city", "is_verified", "has_phone"), known or (), strict=True))
                begins = {"customer_id": customer, "version": len(versions) + 1, "valid_from": day}
                versions.append({**version, **begins, "valid_to": None, "closed_because": None})
        found += [{**version, "is_current": version["valid_to"] is None} for version in versions]
    return found
