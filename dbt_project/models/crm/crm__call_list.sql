with reachable as (
    select user_id as customer_id, display_name, phone
    from {{ source('users', 'users') }}
    where day = (select max(day) from {{ source('users', 'users') }}) and phone is not null
),

mailed as (
    select user_id as customer_id, max(day) as last_mailed_on
    from {{ ref('marketing__email_segments') }}
    where segment = 'waiting_seller'
    group by user_id
),

reasons as (
    select
        *,
        case
            when ads_on_offer > 0 and ads_without_reply = ads_on_offer then 'no_replies'
            when ads_on_offer = 0 and ads_sold > 0 then 'sold_out'
            when ads_on_offer >= 5 then 'many_ads'
        end as reason
    from {{ ref('crm__customer_ads') }}
    where is_member
)

select
    reasons.customer_id,
    reachable.display_name,
    reachable.phone,
    reasons.city,
    reasons.reason,
    row_number() over (
        order by reasons.value_on_offer desc, reasons.revenue desc, reasons.customer_id
    ) as priority,
    reasons.main_category,
    reasons.ads_posted,
    reasons.ads_on_offer,
    reasons.value_on_offer,
    reasons.replies,
    reasons.last_posted_at,
    mailed.last_mailed_on,
    reasons.as_of
from reasons
join reachable using (customer_id)
left join mailed using (customer_id)
where reasons.reason is not null
