{{ config(meta={'partitions': {
    'tracking.listing_views': 14, 'tracking.contacts': 14, 'tracking.searches': 14, 'ads.listings': 14
}}) }}

with asked as (
    select unnest([{{ partitions() }}])::date as day
)

select
    asked.day,
    interest.user_id,
    interest.category_id,
    cast(sum(interest.signals) as bigint) as signals,
    cast(sum(interest.score) as bigint) as score,
    max(interest.day) as last_signal_on,
    row_number() over (
        partition by asked.day, interest.user_id
        order by sum(interest.score) desc, max(interest.day) desc, interest.category_id
    ) as place
from asked
join {{ ref('int_marketing__interest_by_day') }} as interest
    on interest.day between asked.day - 13 and asked.day
group by asked.day, interest.user_id, interest.category_id
qualify place <= 5
