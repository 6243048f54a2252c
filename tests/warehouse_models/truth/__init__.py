"""What the SQL datasets have to say, computed row by row in plain Python from the published tables: slow, and obvious."""

from __future__ import annotations

from collections.abc import Callable

from .ads import category_funnel, daily_listing_funnel, listing_lifecycles, selling_times
from .crm import ad_replies, call_list, customer_ads
from .customers import customer_history
from .marketing import email_segments, referrer_performance, user_interests
from .rows import Row, Tables

TRUTH: dict[str, Callable[[Tables], list[Row]]] = {
    "ads.daily_listing_funnel": daily_listing_funnel,
    "ads.category_funnel": category_funnel,
    "ads.listing_lifecycles": listing_lifecycles,
    "ads.selling_times": selling_times,
    "crm.ad_replies": ad_replies,
    "crm.customer_history": customer_history,
    "crm.customer_ads": customer_ads,
    "crm.call_list": call_list,
    "marketing.referrer_performance": referrer_performance,
    "marketing.user_interests": user_interests,
    "marketing.email_segments": email_segments,
}
