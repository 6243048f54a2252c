with ads as (
    select
        *,
        row_number() over (partition by customer_id order by posted_at desc, listing_id desc) as recency
    from {{ ref('int_crm__ads') }}
),

customers as (
    select
        customer_id,
        count(*) as ads_posted,
        count(*) filter (where is_on_offer) as ads_on_offer,
        count(*) filter (where fate = 'sold') as ads_sold,
        count(*) filter (where is_on_offer and replies = 0 and messages = 0) as ads_without_reply,
        min(posted_at) as first_posted_at,
        max(posted_at) as last_posted_at,
        date_diff('day', cast(max(posted_at) as date), max(as_of)) as days_since_last_ad,
        min(price) as lowest_price,
        median(price) as median_price,
        max(price) as highest_price,
        coalesce(sum(price) filter (where is_on_offer), 0) as value_on_offer,
        cast(sum(views) as bigint) as views,
        cast(sum(replies) as bigint) as replies,
        cast(sum(by_phone) as bigint) as replies_by_phone,
        cast(sum(by_whatsapp) as bigint) as replies_by_whatsapp,
        cast(sum(by_message) as bigint) as replies_by_message,
        cast(sum(messages) as bigint) as messages,
        max(last_reply_at) as last_reply_at,
        cast(sum(sales) as bigint) as sales,
        sum(revenue) as revenue,
        list(
            {
                'listing_id': listing_id,
                'title': title,
                'price': price,
                'posted_at': posted_at,
                'fate': fate,
                'replies': cast(replies as bigint)
            }
            order by recency
        ) filter (where recency <= 5) as latest_ads,
        max(as_of) as as_of
    from ads
    group by customer_id
),

favourites as (
    select customer_id, category_id
    from ads
    group by customer_id, category_id
    qualify row_number() over (partition by customer_id order by count(*) desc, category_id) = 1
)

select
    customers.customer_id,
    people.city,
    people.is_verified,
    people.customer_id is not null as is_member,
    categories.category as main_category,
    customers.* exclude (customer_id)
from customers
join favourites using (customer_id)
join {{ ref('stg_ads__categories') }} as categories using (category_id)
left join {{ ref('crm__customer_history') }} as people
    on people.customer_id = customers.customer_id and people.is_current
