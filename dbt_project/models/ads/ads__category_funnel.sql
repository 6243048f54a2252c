with funnel as (
    select
        funnel.day,
        members.within_id as category_id,
        count(*) filter (where funnel.is_on_offer) as on_offer,
        sum(funnel.views) as views,
        sum(funnel.contacts) as contacts,
        sum(funnel.conversations) as conversations,
        sum(funnel.sales) as sales,
        sum(funnel.revenue) as revenue
    from {{ ref('ads__daily_listing_funnel') }} as funnel
    join {{ ref('int_ads__category_members') }} as members using (category_id)
    group by funnel.day, members.within_id
),

searches as (
    select
        searches.day,
        members.within_id as category_id,
        count(*) as searches,
        count(*) filter (where searches.is_fruitless) as fruitless_searches
    from {{ ref('stg_tracking__searches') }} as searches
    join {{ ref('int_ads__category_members') }} as members using (category_id)
    group by searches.day, members.within_id
)

select
    day,
    category_id,
    categories.category,
    case when categories.group_id is null then 'group' else 'category' end as level,
    coalesce(searches.searches, 0) as searches,
    coalesce(searches.fruitless_searches, 0) as fruitless_searches,
    coalesce(funnel.on_offer, 0) as on_offer,
    cast(coalesce(funnel.views, 0) as bigint) as views,
    cast(coalesce(funnel.contacts, 0) as bigint) as contacts,
    cast(coalesce(funnel.conversations, 0) as bigint) as conversations,
    cast(coalesce(funnel.sales, 0) as bigint) as sales,
    cast(coalesce(funnel.revenue, 0) as decimal(18, 2)) as revenue,
    100.0 * funnel.contacts / nullif(funnel.views, 0) as contacts_per_100_views
from funnel
full join searches using (day, category_id)
join {{ ref('stg_ads__categories') }} as categories using (category_id)
