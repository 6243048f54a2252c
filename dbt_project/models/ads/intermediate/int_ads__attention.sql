-- What happened to a listing on a day. Each kind of event is counted apart and then aligned, so that none multiplies another.
with views as (
    select day, listing_id, count(*) as views, count(distinct session_id) as visits
    from {{ ref('stg_tracking__listing_views') }}
    group by day, listing_id
),

contacts as (
    select day, listing_id, count(*) as contacts
    from {{ ref('stg_tracking__contacts') }}
    group by day, listing_id
),

payments as (
    select
        day,
        listing_id,
        count(*) filter (where is_begun) as payments_begun,
        count(*) filter (where is_paid) as sales,
        coalesce(sum(amount) filter (where is_paid), 0) as revenue
    from {{ ref('stg_messaging__payments') }}
    group by day, listing_id
)

select
    day,
    listing_id,
    coalesce(views.views, 0) as views,
    coalesce(views.visits, 0) as visits,
    coalesce(contacts.contacts, 0) as contacts,
    coalesce(payments.payments_begun, 0) as payments_begun,
    coalesce(payments.sales, 0) as sales,
    coalesce(payments.revenue, 0) as revenue
from views
full join contacts using (day, listing_id)
full join payments using (day, listing_id)
