-- Who has offered something for a week (of the published days) that nobody contacted him about.
with asked as (
    select unnest([{{ partitions() }}])::date as day
)

select
    asked.day,
    funnel.seller_id as user_id,
    min(funnel.category_id) as category_id,
    count(distinct funnel.listing_id) as listings
from asked
join {{ ref('ads__daily_listing_funnel') }} as funnel on funnel.day between asked.day - 6 and asked.day
group by asked.day, funnel.seller_id
having
    sum(funnel.contacts + funnel.conversations + funnel.sales) = 0
    and count(*) filter (where funnel.day = asked.day and funnel.is_on_offer) > 0
