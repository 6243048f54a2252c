-- Every ad ever posted, with all the replies and all the attention it got.
with replies as (
    select
        listing_id,
        sum(replies) as replies,
        sum(by_phone) as by_phone,
        sum(by_whatsapp) as by_whatsapp,
        sum(by_message) as by_message,
        sum(messages) as messages,
        max(last_reply_at) as last_reply_at
    from {{ ref('crm__ad_replies') }}
    group by listing_id
),

attention as (
    select listing_id, sum(views) as views, sum(sales) as sales, sum(revenue) as revenue
    from {{ ref('ads__daily_listing_funnel') }}
    group by listing_id
)

select
    ads.listing_id,
    ads.seller_id as customer_id,
    ads.category_id,
    ads.title,
    ads.last_price as price,
    ads.posted_at,
    ads.fate,
    ads.fate = 'active' as is_on_offer,
    ads.as_of,
    coalesce(replies.replies, 0) as replies,
    coalesce(replies.by_phone, 0) as by_phone,
    coalesce(replies.by_whatsapp, 0) as by_whatsapp,
    coalesce(replies.by_message, 0) as by_message,
    coalesce(replies.messages, 0) as messages,
    replies.last_reply_at,
    coalesce(attention.views, 0) as views,
    coalesce(attention.sales, 0) as sales,
    coalesce(attention.revenue, 0) as revenue
from {{ ref('ads__listing_lifecycles') }} as ads
left join replies using (listing_id)
left join attention using (listing_id)
