{{ config(meta={'partitions': {'users.user_activity': 28, 'ads.daily_listing_funnel': 7, 'messaging.payments': 14}}) }}

with asked as (
    select unnest([{{ partitions() }}])::date as day
),

people as (
    select day, user_id, email, cast(created_at as date) as signed_up_on
    from {{ source('users', 'users') }}
    where day in ({{ partitions() }})
),

last_active as (
    select asked.day, activity.user_id, max(activity.day) as last_active_on
    from asked
    join {{ source('users', 'user_activity') }} as activity on activity.day between asked.day - 27 and asked.day
    group by asked.day, activity.user_id
),

bought as (
    select asked.day, payments.buyer_id as user_id
    from asked
    join {{ ref('stg_messaging__payments') }} as payments on payments.day between asked.day - 13 and asked.day
    where payments.is_paid
),

segments as (
    select
        people.day,
        people.user_id,
        'newcomer' as segment,
        interests.category_id,
        7 - (people.day - people.signed_up_on) as strength
    from people
    left join {{ ref('marketing__user_interests') }} as interests
        on interests.day = people.day and interests.user_id = people.user_id and interests.place = 1
    where people.day - people.signed_up_on < 7
    union all
    select interests.day, interests.user_id, 'keen_buyer', interests.category_id, interests.score
    from {{ ref('marketing__user_interests') }} as interests
    anti join bought on bought.day = interests.day and bought.user_id = interests.user_id
    where interests.place = 1 and interests.score >= 10
    union all
    select waiting.day, waiting.user_id, 'waiting_seller', waiting.category_id, waiting.listings
    from {{ ref('int_marketing__waiting_sellers') }} as waiting
    union all
    select day, user_id, 'dormant', null, day - last_active_on
    from last_active
    where day - last_active_on >= 7
)

select
    segments.day,
    segments.segment,
    segments.user_id,
    people.email,
    sha256(lower(trim(people.email))) as email_key,
    categories.category as topic,
    segments.strength
from segments
join people using (day, user_id)
left join {{ ref('stg_ads__categories') }} as categories using (category_id)
-- several accounts may share an address: one mail is enough
qualify row_number() over (
    partition by segments.day, segments.segment, lower(trim(people.email))
    order by segments.strength desc, segments.user_id
) = 1
