select
    day,
    listing_id,
    seller_id,
    category_id,
    title,
    price,
    status,
    status = 'active' as is_on_offer,
    created_at as posted_at,
    updated_at
from {{ source('ads', 'listings') }}
where status <> 'draft'  -- nobody but the seller has seen it
