with days as (
    select *, lag(price) over (partition by listing_id order by day) as price_before
    from {{ ref('stg_ads__listings') }}
),

lifecycles as (
    select
        listing_id,
        max_by(seller_id, day) as seller_id,
        max_by(category_id, day) as category_id,
        max_by(title, day) as title,
        min_by(posted_at, day) as posted_at,
        min(day) as first_seen_on,
        max(day) as last_seen_on,
        min_by(price, day) as first_price,
        max_by(price, day) as last_price,
        count(*) filter (where price < price_before) as price_cuts,
        max_by(status, day) as last_status,
        min(updated_at) filter (where status = 'sold') as sold_at
    from days
    group by listing_id
),

latest as (
    select max(day) as as_of from {{ ref('stg_ads__listings') }}
)

select
    lifecycles.* exclude (last_status),
    case
        when last_status = 'active' and last_seen_on < as_of then 'withdrawn'
        else last_status
    end as fate,
    date_diff('day', cast(posted_at as date), cast(sold_at as date)) as days_to_sell,
    as_of
from lifecycles
cross join latest
