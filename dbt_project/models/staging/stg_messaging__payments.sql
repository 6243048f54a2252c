select
    day,
    payment_id,
    listing_id,
    buyer_id,
    seller_id,
    amount,
    status = 'paid' as is_paid,
    cast(created_at as date) = day as is_begun,
    created_at as begun_at
from {{ source('messaging', 'payments') }}
