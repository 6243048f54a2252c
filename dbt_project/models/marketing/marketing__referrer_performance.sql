with views as (
    select
        *,
        first_value(referrer) over (partition by day, session_id order by viewed_at, event_id) as brought_by
    from {{ ref('stg_tracking__listing_views') }}
),

visits as (
    select
        day,
        coalesce(brought_by, 'unknown') as referrer,
        count(*) as views,
        count(distinct session_id) as visits,
        count(distinct visitor_id) as members
    from views
    group by all
),

contacts as (
    select contacts.day, coalesce(sessions.brought_by, 'unknown') as referrer, count(*) as contacts
    from {{ ref('stg_tracking__contacts') }} as contacts
    left join (select distinct day, session_id, brought_by from views) as sessions using (day, session_id)
    group by all
),

sales as (
    select day, coalesce(referrer, 'unknown') as referrer, count(*) as sales, sum(amount) as revenue
    from {{ ref('int_marketing__attributed_sales') }}
    group by all
)

select
    day,
    referrer,
    case when referrer = 'unknown' then 'unknown' else coalesce(known.channel, 'other') end as channel,
    coalesce(visits.visits, 0) as visits,
    coalesce(visits.views, 0) as views,
    coalesce(visits.members, 0) as members,
    coalesce(contacts.contacts, 0) as contacts,
    coalesce(sales.sales, 0) as sales,
    coalesce(sales.revenue, 0) as revenue,
    100.0 * coalesce(visits.visits, 0) / nullif(sum(visits.visits) over (partition by day), 0) as percent_of_visits
from visits
full join contacts using (day, referrer)
full join sales using (day, referrer)
left join {{ ref('int_marketing__referrers') }} as known using (referrer)
