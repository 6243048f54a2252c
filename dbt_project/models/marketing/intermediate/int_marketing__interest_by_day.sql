-- What somebody looked at, asked about or searched for on a day, by category, weighed by how much it says.
with signals as (
    select views.day, views.visitor_id as user_id, listings.category_id, 1 as weight
    from {{ ref('stg_tracking__listing_views') }} as views
    join {{ ref('stg_ads__listings') }} as listings using (day, listing_id)
    union all
    select contacts.day, contacts.buyer_id as user_id, listings.category_id, 5 as weight
    from {{ ref('stg_tracking__contacts') }} as contacts
    join {{ ref('stg_ads__listings') }} as listings using (day, listing_id)
    union all
    select day, visitor_id as user_id, category_id, 2 as weight
    from {{ ref('stg_tracking__searches') }}
    where category_id is not null
)

select day, user_id, category_id, count(*) as signals, sum(weight) as score
from signals
where user_id is not null
group by day, user_id, category_id
