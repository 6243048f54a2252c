-- Each sale belongs to where its buyer came from when he last looked at the listing that day, before he began to pay.
select payments.day, payments.payment_id, payments.amount, views.referrer
from {{ ref('stg_messaging__payments') }} as payments
left join {{ ref('stg_tracking__listing_views') }} as views
    on views.day = payments.day
    and views.listing_id = payments.listing_id
    and views.visitor_id = payments.buyer_id
    and views.viewed_at <= payments.begun_at
where payments.is_paid
qualify row_number() over (
    partition by payments.day, payments.payment_id order by views.viewed_at desc nulls last, views.event_id
) = 1
