with posted as (
    select
        *,
        -- who posted before the history begins is taken as first known
        greatest(cast(posted_at as date), (select min(valid_from) from {{ ref('crm__customer_history') }})) as known_on
    from {{ ref('ads__listing_lifecycles') }}
),

as_posted as (
    select
        posted.*,
        case
            when sellers.is_verified then 'verified'
            when not sellers.is_verified then 'unverified'
            else 'unknown'
        end as seller
    from posted
    left join {{ ref('crm__customer_history') }} as sellers
        on sellers.customer_id = posted.seller_id
        and posted.known_on >= sellers.valid_from
        and (posted.known_on < sellers.valid_to or sellers.valid_to is null)
)

select
    category_id,
    categories.category,
    as_posted.seller,
    count(*) as ads,
    count(*) filter (where as_posted.fate = 'sold') as sold,
    100.0 * count(*) filter (where as_posted.fate = 'sold') / count(*) as sold_percent,
    median(as_posted.days_to_sell) as median_days_to_sell,
    avg(as_posted.price_cuts) as mean_price_cuts,
    100.0 * (1 - avg(as_posted.last_price / as_posted.first_price)) as mean_discount_percent,
    max(as_posted.as_of) as as_of
from as_posted
join {{ ref('stg_ads__categories') }} as categories using (category_id)
group by category_id, categories.category, as_posted.seller
